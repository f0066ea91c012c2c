//! Running a subquery for each row: planned with the row's values in place, so that filters on them reach the scans, and not again for
//! values that were met before.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, DataFusionError, ScalarValue, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, execute_stream,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::{StreamExt, TryStreamExt, stream};

use super::super::run;
use super::bind::bound;
use super::node::{Apply, Gives};

/// Values that are kept of rows that were met; what comes beyond is worked out anew.
const KEPT_VALUES: usize = 100_000;

/// DataFusion's planner, and the apply's beside it.
#[derive(Debug)]
pub struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn datafusion::catalog::Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)]).create_physical_plan(plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for Planner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn datafusion::catalog::Session,
        _: &datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(apply), [input]) = (node.as_any().downcast_ref::<Apply>(), inputs) else { return Ok(None) };
        let state = session.as_any().downcast_ref::<SessionState>();
        let state = state.ok_or_else(|| internal_datafusion_err!("a session of another kind"))?.clone();
        let schema: SchemaRef = Arc::clone(UserDefinedLogicalNode::schema(apply).inner());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        let run = Run {
            state,
            subquery: apply.subquery().clone(),
            outer: apply.outer()?,
            gives: apply.gives().clone(),
            columns: input.schema().fields().len(),
            schema,
        };
        Ok(Some(Arc::new(ApplyExec { input: Arc::clone(input), run: Arc::new(run), properties: Arc::new(properties) })))
    }
}

/// What is run for each row.
struct Run {
    state: SessionState,
    subquery: LogicalPlan,
    outer: Vec<(Column, usize)>,
    gives: Gives,
    /// Of the input.
    columns: usize,
    schema: SchemaRef,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Run({})", self.subquery.display())
    }
}

impl Run {
    /// The values of a row that the subquery refers to.
    fn key(&self, batch: &RecordBatch, row: usize) -> Result<Vec<ScalarValue>> {
        self.outer.iter().map(|(_, place)| ScalarValue::try_from_array(batch.column(*place), row)).collect()
    }

    /// The subquery's rows for these values.
    async fn rows(&self, key: &[ScalarValue], context: &Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let values: Vec<_> = self.outer.iter().map(|(column, _)| column.clone()).zip(key.iter().cloned()).collect();
        let plan = super::optimize(&self.state, &bound(self.subquery.clone(), &values)?)?;
        // Boxed: an apply within plans as this one does.
        let planned = Box::pin(run::planned(&self.state, &plan)).await?;
        execute_stream(planned, Arc::clone(context))
    }

    /// The value of the subquery's only row.
    async fn value(&self, key: &[ScalarValue], context: &Arc<TaskContext>) -> Result<ScalarValue> {
        let mut rows = self.rows(key, context).await?;
        let mut found: Option<ScalarValue> = None;
        while let Some(batch) = rows.try_next().await? {
            if batch.num_rows() == 0 {
                continue;
            }
            if found.is_some() || batch.num_rows() > 1 {
                return Err(super::single::several());
            }
            let told = self.schema.field(self.columns).data_type();
            found = Some(ScalarValue::try_from_array(&conform(batch.column(0), told)?, 0)?);
        }
        found.map_or_else(|| ScalarValue::try_from(self.schema.field(self.columns).data_type()), Ok)
    }

    /// A row of the input beside rows of the subquery.
    fn beside(&self, batch: &RecordBatch, row: usize, rows: &RecordBatch) -> Result<RecordBatch> {
        let same = arrow::array::UInt64Array::from_value(row as u64, rows.num_rows());
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for column in batch.columns() {
            columns.push(take(column, &same, None)?);
        }
        for (column, field) in rows.columns().iter().zip(&self.schema.fields()[self.columns..]) {
            columns.push(conform(column, field.data_type())?);
        }
        self.batch(columns, rows.num_rows())
    }

    /// A row of the input beside nulls.
    fn alone(&self, batch: &RecordBatch, row: usize) -> Result<RecordBatch> {
        let nulls = self.schema.fields()[self.columns..].iter().map(|f| new_null_array(f.data_type(), 1));
        let columns = batch.columns().iter().map(|c| c.slice(row, 1)).chain(nulls).collect();
        self.batch(columns, 1)
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// The column as the plan told of it: types settle when values are in place.
fn conform(column: &ArrayRef, told: &DataType) -> Result<ArrayRef> {
    if column.data_type() == told {
        return Ok(Arc::clone(column));
    }
    Ok(cast_with_options(column, told, &CastOptions { safe: false, ..CastOptions::default() })?)
}

/// The operator.
#[derive(Debug)]
struct ApplyExec {
    input: Arc<dyn ExecutionPlan>,
    run: Arc<Run>,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for ApplyExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outer: Vec<String> = self.run.outer.iter().map(|(column, _)| column.to_string()).collect();
        write!(f, "ApplyExec: for each [{}]", outer.join(", "))
    }
}

impl ExecutionPlan for ApplyExec {
    fn name(&self) -> &str {
        "ApplyExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(input) = children.pop() else { return Ok(self) };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&self.run.schema)),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Arc::new(Self { input, run: Arc::clone(&self.run), properties: Arc::new(properties) }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let run = Arc::clone(&self.run);
        let schema = Arc::clone(&run.schema);
        Ok(match &self.run.gives {
            Gives::Value { .. } => {
                let known = HashMap::new();
                let batches = stream::try_unfold((input, known), move |(mut input, mut known)| {
                    let (run, context) = (Arc::clone(&run), Arc::clone(&context));
                    async move {
                        let Some(batch) = input.try_next().await? else { return Ok(None) };
                        let batch = with_values(&run, &batch, &mut known, &context).await?;
                        Ok(Some((batch, (input, known))))
                    }
                });
                Box::pin(RecordBatchStreamAdapter::new(schema, batches))
            }
            Gives::Rows { or_nulls } => {
                let or_nulls = *or_nulls;
                let rows = input.flat_map(move |batch| {
                    let (run, context) = (Arc::clone(&run), Arc::clone(&context));
                    stream::once(async move { Ok::<_, DataFusionError>(with_rows(run, batch?, context, or_nulls)) })
                        .try_flatten()
                        .boxed()
                });
                Box::pin(RecordBatchStreamAdapter::new(schema, rows))
            }
        })
    }
}

/// The batch with the column of the subquery's values.
async fn with_values(
    run: &Run,
    batch: &RecordBatch,
    known: &mut HashMap<Vec<ScalarValue>, ScalarValue>,
    context: &Arc<TaskContext>,
) -> Result<RecordBatch> {
    let mut values = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let key = run.key(batch, row)?;
        let value = match known.get(&key) {
            Some(value) => value.clone(),
            None => {
                let value = run.value(&key, context).await?;
                if known.len() < KEPT_VALUES {
                    known.insert(key, value.clone());
                }
                value
            }
        };
        values.push(value);
    }
    let told = run.schema.field(run.columns).data_type();
    let column = if values.is_empty() { new_null_array(told, 0) } else { ScalarValue::iter_to_array(values)? };
    run.batch(batch.columns().iter().cloned().chain([column]).collect(), batch.num_rows())
}

/// Each row of the batch beside the subquery's rows for it.
fn with_rows(
    run: Arc<Run>,
    batch: RecordBatch,
    context: Arc<TaskContext>,
    or_nulls: bool,
) -> impl futures::Stream<Item = Result<RecordBatch>> {
    let start = (run, batch, context, 0, None::<SendableRecordBatchStream>, false);
    stream::try_unfold(start, move |(run, batch, context, mut row, mut rows, mut any)| async move {
        while row < batch.num_rows() {
            let mut from = match rows.take() {
                Some(rows) => rows,
                None => {
                    any = false;
                    run.rows(&run.key(&batch, row)?, &context).await?
                }
            };
            while let Some(next) = from.try_next().await? {
                if next.num_rows() > 0 {
                    let beside = run.beside(&batch, row, &next)?;
                    return Ok(Some((beside, (run, batch, context, row, Some(from), true))));
                }
            }
            row += 1;
            if or_nulls && !any {
                let alone = run.alone(&batch, row - 1)?;
                return Ok(Some((alone, (run, batch, context, row, None, false))));
            }
        }
        Ok(None)
    })
}
