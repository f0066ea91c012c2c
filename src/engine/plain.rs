//! DataFusion as it comes, to compare with: no session, no rule and no setting of Stoa's, over Parquet files as any program would register
//! them. Its plans are told as Stoa's are.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::{CatalogProvider, MemorySchemaProvider};
use datafusion::common::TableReference;
use datafusion::physical_plan::collect;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};

use super::explain;
use super::failure::from_datafusion;
use super::runtime::{Cpu, panicked};
use crate::error::{Error, Kind, Result};

/// A table of Parquet files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainTable {
    pub schema: String,
    pub name: String,
    pub files: Vec<PathBuf>,
}

/// What a query gave: names and types of its columns, and its rows as text; NULL is `None`.
#[derive(Clone, Debug, Default)]
pub struct PlainRows {
    pub columns: Vec<(String, String)>,
    pub rows: Vec<Vec<Option<String>>>,
}

/// A context of plain DataFusion.
pub struct Plain {
    context: SessionContext,
    cpu: Cpu,
}

impl Plain {
    /// A fresh context with these tables, which has read nothing but their footers.
    pub async fn open(tables: &[PlainTable], threads: usize) -> Result<Self> {
        let config = SessionConfig::new().with_target_partitions(threads).set_str("datafusion.sql_parser.dialect", "PostgreSQL");
        let opened = Self { context: SessionContext::new_with_config(config), cpu: Cpu::new(threads)? };
        let (context, tables) = (opened.context.clone(), tables.to_vec());
        opened.run(async move { register(&context, &tables).await }).await?;
        Ok(opened)
    }

    /// The rows of a query, and how long they took to the last.
    pub async fn rows(&self, sql: &str) -> Result<(PlainRows, Duration)> {
        let (context, sql) = (self.context.clone(), sql.to_owned());
        self.run(async move {
            let began = Instant::now();
            let failed = |e| from_datafusion(e, &sql);
            let frame = context.sql(&sql).await.map_err(failed)?;
            let schema = Arc::clone(frame.schema().inner());
            let batches = frame.collect().await.map_err(failed)?;
            let took = began.elapsed();
            let columns = schema.fields().iter().map(|f| (f.name().clone(), type_name(f.data_type()))).collect();
            let mut told = PlainRows { columns, rows: Vec::new() };
            for batch in &batches {
                let format = FormatOptions::new();
                let cells = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &format));
                let cells: Vec<ArrayFormatter<'_>> = cells.collect::<Result<_, _>>().map_err(|e| failed(e.into()))?;
                for row in 0..batch.num_rows() {
                    let text = |(cell, column): (&ArrayFormatter<'_>, &Arc<dyn Array>)| {
                        column.is_valid(row).then(|| cell.value(row).to_string())
                    };
                    told.rows.push(cells.iter().zip(batch.columns()).map(text).collect());
                }
            }
            Ok((told, took))
        })
        .await
    }

    /// The plan of a query as `EXPLAIN (VERBOSE, FORMAT JSON)` tells it, with `analyze` after a run.
    pub async fn explain(&self, analyze: bool, sql: &str) -> Result<String> {
        let (context, sql) = (self.context.clone(), sql.to_owned());
        self.run(async move {
            let failed = |e| from_datafusion(e, &sql);
            let began = Instant::now();
            let plan = context.sql(&sql).await.map_err(failed)?.create_physical_plan().await.map_err(failed)?;
            let planning = began.elapsed();
            let began = Instant::now();
            if analyze {
                collect(Arc::clone(&plan), context.task_ctx()).await.map_err(failed)?;
            }
            explain::json(&plan, analyze, explain::Took { planning, running: began.elapsed(), kept: None })
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.cpu.handle().spawn(work).await.map_err(panicked)?
    }
}

async fn register(context: &SessionContext, tables: &[PlainTable]) -> Result<()> {
    let failed = |e| from_datafusion(e, "");
    let catalog: Arc<dyn CatalogProvider> = context
        .catalog("datafusion")
        .ok_or_else(|| Error::new(Kind::Internal, "internal error: DataFusion has no catalog of its own"))?;
    for table in tables {
        if catalog.schema(&table.schema).is_none() {
            catalog.register_schema(&table.schema, Arc::new(MemorySchemaProvider::new())).map_err(failed)?;
        }
        let files: Vec<String> = table.files.iter().map(|file| file.display().to_string()).collect();
        let frame = context.read_parquet(files, ParquetReadOptions::default()).await.map_err(failed)?;
        let name = TableReference::partial(table.schema.as_str(), table.name.as_str());
        context.register_table(name, frame.into_view()).map_err(failed)?;
    }
    Ok(())
}

/// PostgreSQL's name of the type that is most like it.
fn type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Boolean => "bool",
        other if other.is_integer() || other.is_decimal() => "numeric",
        other if other.is_floating() => "float8",
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => "timestamp",
        _ => "text",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, RecordBatch, StringArray};
    use datafusion::parquet::arrow::ArrowWriter;

    use super::*;

    #[tokio::test]
    async fn files_are_asked_and_plans_are_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("t.parquet");
        let n = Arc::new(Int64Array::from(vec![Some(1), None]));
        let batch = RecordBatch::try_from_iter([("n", n as _), ("s", Arc::new(StringArray::from(vec!["a", "b"])) as _)]);
        let batch = batch.expect("columns of one length");
        let out = std::fs::File::create(&file).expect("the folder is writable");
        let mut writer = ArrowWriter::try_new(out, batch.schema(), None).expect("it is Parquet's");
        writer.write(&batch).expect("there is room");
        writer.close().expect("there is room");
        let table = PlainTable { schema: "x".into(), name: "t".into(), files: vec![file] };
        let plain = Plain::open(&[table], 2).await.expect("it opens");
        let (told, _) = plain.rows("select n, s from x.t order by s").await.expect("it runs");
        assert_eq!(told.rows, [[Some("1".to_owned()), Some("a".to_owned())], [None, Some("b".to_owned())]]);
        assert_eq!(told.columns[0], ("n".to_owned(), "numeric".to_owned()));
        let plan = plain.explain(true, "select s from x.t where n = 1").await.expect("it runs");
        assert!(plan.contains("\"Relation Name\": \"t.parquet\"") && plan.contains("Bytes Read"), "{plan}");
        assert_eq!(plain.rows("select nothing").await.expect_err("there is no column").kind(), Kind::UndefinedColumn);
    }
}
