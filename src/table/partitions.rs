//! Partitions: the columns that the folders of published files tell, as a scan of these files is given them. What the folders tell is read
//! in `snapshot`.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr_rewriter::unnormalize_col;
use object_store::ObjectMeta;

use crate::snapshot::{Snapshot, footers_at_once};

/// A table's columns, those of its files apart from those of their folders.
pub(super) struct Partitions<'a> {
    /// The columns in the files.
    pub(super) file_schema: SchemaRef,
    /// A row for each file; `None` when the folders tell nothing.
    values: Option<&'a RecordBatch>,
    /// Which files may hold rows that are asked for; `None` for all of them.
    kept: Option<BooleanArray>,
    /// How many of its files' footers are decoded at the same time.
    pub(super) footers_at_once: usize,
}

impl<'a> Partitions<'a> {
    /// Those of a table with the columns `schema`.
    pub(super) fn of(snapshot: &'a Snapshot, schema: &SchemaRef) -> Self {
        let values = snapshot.partitions.as_ref();
        let file_schema = match values {
            Some(values) => {
                let own = schema.fields().len().saturating_sub(values.num_columns());
                let fields: Vec<_> = schema.fields().iter().take(own).cloned().collect();
                Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
            }
            None => Arc::clone(schema),
        };
        Self { file_schema, values, kept: None, footers_at_once: footers_at_once(snapshot.footer_bytes) }
    }

    /// All columns, as a scan knows them.
    pub(super) fn table_schema(&self) -> TableSchema {
        let told = self.values.map(|values| values.schema_ref().fields().clone()).unwrap_or_default();
        TableSchema::builder(Arc::clone(&self.file_schema)).with_table_partition_cols(told).build()
    }

    /// Whether what the folders tell decides a filter.
    pub(super) fn decide(&self, filter: &Expr) -> bool {
        let Some(values) = self.values else { return false };
        let columns = filter.column_refs();
        let is_told = |name: &str| values.schema_ref().column_with_name(name).is_some();
        !columns.is_empty() && columns.iter().all(|c| is_told(&c.name)) && !filter.is_volatile()
    }

    /// The same without the files whose folders tell that none of their rows fits all `filters`.
    pub(super) fn that_fit(self, state: &dyn Session, filters: &[Expr]) -> Result<Self> {
        let Some(values) = self.values else { return Ok(self) };
        let schema = DFSchema::try_from(values.schema())?;
        let fits = |filter: &Expr| -> Result<BooleanArray> {
            let filter = state.create_physical_expr(unnormalize_col(filter.clone()), &schema)?;
            let fits = filter.evaluate(values)?.into_array(values.num_rows())?;
            // NULL is not true.
            Ok(fits.as_boolean().iter().map(|fits| Some(fits == Some(true))).collect())
        };
        // A filter that fails here is left to the scan, where another may have removed the rows that it fails for.
        let decided = filters.iter().filter(|filter| self.decide(filter)).filter_map(|filter| fits(filter).ok());
        let kept = decided.reduce(|a, b| BooleanArray::new(a.values() & b.values(), None));
        Ok(Self { kept, ..self })
    }

    /// Whether the file of this number is kept.
    pub(super) fn keep(&self, file: usize) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept.value(file))
    }

    /// Whether no file is kept.
    pub(super) fn keep_none(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.true_count() == 0)
    }

    /// A file with what its folders tell.
    pub(super) fn file(&self, number: usize, meta: ObjectMeta, mut statistics: Statistics) -> Result<PartitionedFile> {
        let mut file = PartitionedFile::from(meta);
        if let Some(values) = self.values {
            let told = values.columns().iter().map(|column| ScalarValue::try_from_array(column, number));
            file.partition_values = told.collect::<Result<_>>()?;
            statistics.column_statistics.extend(file.partition_values.iter().map(|value| of_one(value, &statistics.num_rows)));
        }
        // Not `with_statistics`: it takes it that no folder stands for NULL.
        file.statistics = Some(Arc::new(statistics));
        Ok(file)
    }
}

/// The statistics of a column that has one value in all rows, of which there may be none.
fn of_one(value: &ScalarValue, rows: &Precision<usize>) -> ColumnStatistics {
    let unknown = ColumnStatistics::new_unknown();
    if value.is_null() || *rows == Precision::Exact(0) {
        return ColumnStatistics { null_count: *rows, ..unknown };
    }
    let bound = Precision::Exact(value.clone());
    ColumnStatistics {
        null_count: Precision::Exact(0),
        min_value: bound.clone(),
        max_value: bound,
        distinct_count: Precision::Exact(1),
        ..unknown
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};
    use datafusion::logical_expr::{col, lit};
    use datafusion::prelude::SessionContext;

    use super::*;

    #[test]
    fn a_filter_that_fails_leaves_files_to_the_others() {
        let years: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), Some(2024), None]));
        let values = RecordBatch::try_from_iter_with_nullable([("year", years, true)]).expect("a column");
        let state = SessionContext::new().state();
        let kept = |filters: &[Expr]| {
            let all =
                Partitions { file_schema: Arc::new(Schema::empty()), values: Some(&values), kept: None, footers_at_once: 1 };
            let that_fit = all.that_fit(&state, filters).expect("is decided");
            (0..3).map(|file| that_fit.keep(file)).collect::<Vec<_>>()
        };
        let (is_a_year, divides) = (col("year").not_eq(lit(0_i64)), (lit(100_i64) / col("year")).lt(lit(5_i64)));
        assert_eq!(kept(&[is_a_year.clone(), divides.clone()]), [false, true, false]);
        assert_eq!(kept(&[divides]), [true, true, true]);
        assert_eq!(kept(&[is_a_year, col("year").lt(lit(2000_i64))]), [false, false, false]);
        assert_eq!(kept(&[col("other").eq(lit(1_i64))]), [true, true, true]);
    }

    #[test]
    fn a_file_without_rows_has_no_bounds() {
        let of = |rows| of_one(&ScalarValue::from(2024_i64), &Precision::Exact(rows)).max_value;
        assert_eq!((of(0), of(1)), (Precision::Absent, Precision::Exact(ScalarValue::from(2024_i64))));
    }
}
