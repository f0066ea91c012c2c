//! The scan of a virtual table: a leaf of a plan that also takes what joins find out while they run. Rows are made when it runs, so that a
//! cached plan never shows old ones, and only those that its filters leave, as far as [`Pins`] tell them.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Statistics, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_expr_common::physical_expr::snapshot_physical_expr;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::limit::LimitStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::provider::Source;
use super::{Pins, Rows, SystemEnv};
use crate::error;

/// Rows of a batch.
const BATCH: usize = 8192;

/// One scan of a system relation.
#[derive(Clone)]
pub(super) struct SystemScan {
    pub(super) name: &'static str,
    pub(super) source: Source,
    pub(super) env: Arc<SystemEnv>,
    /// What the statement's own filters leave.
    pub(super) pins: Pins,
    /// About how many rows there will be.
    pub(super) estimate: usize,
    pub(super) limit: Option<usize>,
    /// Filters of the joins above, which know their values once they have read their other side.
    pub(super) learnt: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) properties: Arc<PlanProperties>,
}

impl SystemScan {
    /// A scan that gives columns of this schema.
    pub(super) fn new(name: &'static str, source: Source, env: Arc<SystemEnv>, pins: Pins, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let properties = Arc::new(properties);
        Self { name, source, env, pins, estimate: 0, limit: None, learnt: Vec::new(), properties }
    }

    /// The pins of the statement and of what the joins above have found out by now.
    fn all_pins(&self) -> Result<Pins> {
        let mut pins = self.pins.clone();
        for filter in &self.learnt {
            pins.learn(&snapshot_physical_expr(Arc::clone(filter))?);
        }
        Ok(pins)
    }

    /// The rows, looked for once they are asked for: by then the joins above have read their other side.
    fn stream(self, schema: SchemaRef) -> BoxStream<'static, Result<RecordBatch>> {
        let begun = stream::once(async move {
            let rows = rows(self.source, Arc::clone(&self.env), Arc::new(self.all_pins()?)).map_err(outward);
            Ok::<_, DataFusionError>(rows.map_ok(move |rows| batches(rows, Arc::clone(&schema))).try_flatten())
        });
        begun.try_flatten().boxed()
    }
}

impl fmt::Debug for SystemScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemScan").field("name", &self.name).field("pins", &self.pins).finish_non_exhaustive()
    }
}

impl DisplayAs for SystemScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "SystemScan: {}", self.name)?;
        self.limit.map_or(Ok(()), |limit| write!(f, ", fetch={limit}"))
    }
}

impl ExecutionPlan for SystemScan {
    fn name(&self) -> &'static str {
        "SystemScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        for filter in &self.learnt {
            recursion = recursion.visit_sibling(|| f(filter))?;
        }
        Ok(recursion)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan of a system relation reads no plan") }
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let stream = self.clone().stream(Arc::clone(&schema));
        let stream: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, stream));
        Ok(match self.limit {
            None => stream,
            Some(fetch) => {
                let metrics = BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), partition);
                Box::pin(LimitStream::new(stream, 0, Some(fetch), metrics))
            }
        })
    }

    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let unknown = Statistics::new_unknown(&self.schema());
        Ok(Arc::new(unknown.with_num_rows(Precision::Inexact(self.estimate))))
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self { limit, ..self.clone() }))
    }

    fn handle_child_pushdown_result(
        &self,
        phase: FilterPushdownPhase,
        told: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        // Each filter is applied above all the same.
        let answers = FilterPushdownPropagation::with_parent_pushdown_result(vec![PushedDown::No; told.parent_filters.len()]);
        if phase == FilterPushdownPhase::Pre || told.parent_filters.is_empty() {
            return Ok(answers);
        }
        let learnt = told.parent_filters.into_iter().map(|told| told.filter);
        let learnt = self.learnt.iter().cloned().chain(learnt).collect();
        Ok(answers.with_updated_node(Arc::new(Self { learnt, ..self.clone() })))
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
        let columns = columns.map_err(outward)?;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?)
    })
}

fn outward(e: error::Error) -> DataFusionError {
    DataFusionError::External(Box::new(e))
}
