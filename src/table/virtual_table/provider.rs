//! The `TableProvider` of virtual tables: a scan asks its source for rows when it runs, and gives them batch by batch.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::{Pins, Relation, Rows, SystemEnv};
use crate::error;

/// Rows of a batch.
const BATCH: usize = 8192;

/// Where a virtual table's rows come from.
#[derive(Clone, Copy)]
pub enum Source {
    /// Nowhere: PostgreSQL has the table, Stoa has nothing to put into it.
    Empty,
    /// The index and the session, at once.
    Listed(fn(&SystemEnv, &Pins) -> error::Result<Rows>),
    /// The same, and perhaps a first touch of a table.
    Described(for<'a> fn(&'a SystemEnv, &'a Pins) -> BoxFuture<'a, error::Result<Rows>>),
    /// Files of any length: rows are read as they are asked for, and not beyond a scan that ends early.
    Streamed(fn(Arc<SystemEnv>, &Pins) -> BoxStream<'static, error::Result<Rows>>),
}

/// A system relation as one session sees it.
pub struct VirtualTable {
    relation: &'static Relation,
    source: Source,
    env: Arc<SystemEnv>,
}

impl VirtualTable {
    /// The table of a relation whose rows come from `source`.
    pub fn new(relation: &'static Relation, source: Source, env: Arc<SystemEnv>) -> Self {
        Self { relation, source, env }
    }
}

impl std::fmt::Debug for VirtualTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("VirtualTable").field(&self.relation.name).finish()
    }
}

#[async_trait]
impl TableProvider for VirtualTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.relation.arrow)
    }

    fn table_type(&self) -> TableType {
        if self.relation.kind == 'v' { TableType::View } else { TableType::Base }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.relation.arrow.project(columns)?),
            None => Arc::clone(&self.relation.arrow),
        };
        let scan = Scan {
            name: self.relation.name,
            schema: Arc::clone(&schema),
            source: self.source,
            env: Arc::clone(&self.env),
            pins: Arc::new(Pins::of(filters)),
        };
        let plan = StreamingTableExec::try_new(schema, vec![Arc::new(scan)], None, None, false, limit)?;
        Ok(Arc::new(plan))
    }
}

/// One scan: asked for its rows each time it runs, so that a cached plan never shows old ones.
struct Scan {
    name: &'static str,
    schema: SchemaRef,
    source: Source,
    env: Arc<SystemEnv>,
    pins: Arc<Pins>,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("name", &self.name).field("pins", &self.pins).finish_non_exhaustive()
    }
}

impl PartitionStream for Scan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (source, env, pins) = (self.source, Arc::clone(&self.env), Arc::clone(&self.pins));
        let schema = Arc::clone(&self.schema);
        let rows = rows(source, env, pins).map_err(|e| DataFusionError::External(Box::new(e)));
        let batches = rows.map_ok(move |rows| batches(rows, Arc::clone(&schema))).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

fn rows(source: Source, env: Arc<SystemEnv>, pins: Arc<Pins>) -> BoxStream<'static, error::Result<Rows>> {
    match source {
        Source::Empty => stream::empty().boxed(),
        Source::Listed(rows) => stream::once(async move { rows(&env, &pins) }).boxed(),
        Source::Described(rows) => stream::once(async move { rows(&env, &pins).await }).boxed(),
        Source::Streamed(rows) => rows(env, &pins),
    }
}

fn batches(rows: Rows, schema: SchemaRef) -> impl stream::Stream<Item = Result<RecordBatch>> {
    let len = rows.len();
    stream::iter((0..len).step_by(BATCH)).map(move |start| {
        let range = start..len.min(start + BATCH);
        let options = RecordBatchOptions::new().with_row_count(Some(range.len()));
        let columns = schema.fields().iter().map(|field| rows.column(field, range.clone())).collect::<error::Result<Vec<_>>>();
        let columns = columns.map_err(|e| DataFusionError::External(Box::new(e)))?;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?)
    })
}
