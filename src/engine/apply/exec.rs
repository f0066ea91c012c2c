//! Running a subquery for each row. It is optimised once, and planned with the row's values in place, so that filters on them reach the scans;
//! not again for values that were met before.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use arrow::row::{RowConverter, Rows, SortField};
use async_trait::async_trait;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, ScalarValue, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, execute_stream,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::{StreamExt, TryStreamExt, stream};

use super::super::{run, same};
use super::bind::filled;
use super::node::{Apply, Gives};

/// Bytes that an apply keeps of values of rows that were met, when the pool has them; what comes beyond is worked out anew.
const KEPT_BYTES: usize = 64 << 20;

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
            outer: apply.placeholders()?,
            only_if: apply.only_if()?,
            is_volatile: is_volatile(apply.subquery())?,
            gives: apply.gives().clone(),
            columns: input.schema().fields().len(),
            schema,
            known: Mutex::default(),
        };
        Ok(Some(Arc::new(ApplyExec { input: Arc::clone(input), run: Arc::new(run), properties: Arc::new(properties) })))
    }
}

/// Whether a subquery may give another answer when it is asked again.
fn is_volatile(plan: &LogicalPlan) -> Result<bool> {
    let ours = [super::ONLY, same::OR_NONE];
    super::holds(plan, &|expr| {
        expr.is_volatile_node() && !matches!(expr, Expr::ScalarFunction(call) if ours.contains(&call.func.name()))
    })
}

/// What is run for each row.
struct Run {
    state: SessionState,
    /// Optimised, with placeholders for what it refers to.
    subquery: LogicalPlan,
    /// The placeholders, and where in the input their values are.
    outer: Vec<(String, usize)>,
    /// The column of the input that says of which rows it is run: of all, without.
    only_if: Option<usize>,
    is_volatile: bool,
    gives: Gives,
    /// Of the input.
    columns: usize,
    schema: SchemaRef,
    /// Of all partitions, and of all runs of a recursive query's step.
    known: Mutex<Known>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Run({})", self.subquery.display())
    }
}

impl Run {
    /// The subquery's rows for a row of the input.
    async fn rows(&self, batch: &RecordBatch, row: usize, context: &Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut values = HashMap::with_capacity(self.outer.len());
        for (name, place) in &self.outer {
            values.insert(name.as_str(), ScalarValue::try_from_array(batch.column(*place), row)?);
        }
        let plan = filled(self.subquery.clone(), &values)?;
        // Boxed: an apply within plans as this one does.
        let planned = Box::pin(run::planned(&self.state, &plan)).await?;
        execute_stream(planned, Arc::clone(context))
    }

    /// The value of the subquery's only row.
    async fn value(&self, batch: &RecordBatch, row: usize, context: &Arc<TaskContext>) -> Result<ScalarValue> {
        let mut rows = self.rows(batch, row, context).await?;
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

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
        let input = self.run.schema.fields();
        let outer: Vec<&str> = self.run.outer.iter().map(|(_, place)| input[*place].name().as_str()).collect();
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

    /// Each row has one value.
    fn supports_limit_pushdown(&self) -> bool {
        matches!(self.run.gives, Gives::Value { .. })
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let run = Arc::clone(&self.run);
        let schema = Arc::clone(&run.schema);
        Ok(match &self.run.gives {
            Gives::Value { .. } => {
                let keys = Keys::of(&run)?;
                let batches = stream::try_unfold((input, keys), move |(mut input, mut keys)| {
                    let (run, context) = (Arc::clone(&run), Arc::clone(&context));
                    async move {
                        let Some(batch) = input.try_next().await? else { return Ok(None) };
                        let batch = with_values(&run, &batch, &mut keys, &context).await?;
                        Ok(Some((batch, (input, keys))))
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
async fn with_values(run: &Run, batch: &RecordBatch, keys: &mut Keys, context: &Arc<TaskContext>) -> Result<RecordBatch> {
    let told = run.schema.field(run.columns).data_type();
    let asked = run.only_if.map(|place| batch.column(place).as_boolean());
    let keys = keys.of_rows(run, batch)?;
    let mut values = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        if asked.is_some_and(|asked| asked.is_null(row) || !asked.value(row)) {
            values.push(ScalarValue::try_from(told)?);
            continue;
        }
        let key = keys.as_ref().map(|keys| keys.row(row));
        let met = key.and_then(|key| run.known().values.get(key.as_ref()).cloned());
        let value = match met {
            Some(value) => value,
            None => {
                let value = run.value(batch, row, context).await?;
                if let Some(key) = key {
                    run.known().keep(key.as_ref(), &value, context);
                }
                value
            }
        };
        values.push(value);
    }
    let column = if values.is_empty() { new_null_array(told, 0) } else { ScalarValue::iter_to_array(values)? };
    run.batch(batch.columns().iter().cloned().chain([column]).collect(), batch.num_rows())
}

/// The values of the rows that were met, by what the subquery refers to of them.
#[derive(Default)]
struct Known {
    values: HashMap<Box<[u8]>, ScalarValue>,
    reserved: Option<MemoryReservation>,
}

impl Known {
    fn keep(&mut self, key: &[u8], value: &ScalarValue, context: &TaskContext) {
        let reserve = || MemoryConsumer::new("values of a subquery").register(context.memory_pool());
        let reserved = self.reserved.get_or_insert_with(reserve);
        let bytes = key.len() + value.size() + size_of::<Box<[u8]>>();
        if reserved.size() + bytes <= KEPT_BYTES && reserved.try_grow(bytes).is_ok() {
            self.values.insert(key.into(), value.clone());
        }
    }
}

/// What tells rows apart: nothing, when they can't be by their bytes, or each has a value of its own.
struct Keys(Option<RowConverter>);

impl Keys {
    fn of(run: &Run) -> Result<Self> {
        let input = run.schema.fields();
        let mut types: Vec<SortField> =
            run.outer.iter().map(|(_, place)| SortField::new(input[*place].data_type().clone())).collect();
        if types.is_empty() {
            types.push(SortField::new(DataType::Null));
        }
        let are_told_apart = !run.is_volatile && RowConverter::supports_fields(&types);
        Ok(Self(if are_told_apart { Some(RowConverter::new(types)?) } else { None }))
    }

    fn of_rows(&mut self, run: &Run, batch: &RecordBatch) -> Result<Option<Rows>> {
        let Some(converter) = &mut self.0 else { return Ok(None) };
        let mut columns: Vec<ArrayRef> = run.outer.iter().map(|(_, place)| Arc::clone(batch.column(*place))).collect();
        if columns.is_empty() {
            // All rows are alike to it.
            columns.push(new_null_array(&DataType::Null, batch.num_rows()));
        }
        Ok(Some(converter.convert_columns(&columns)?))
    }
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
                    run.rows(&batch, row, &context).await?
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
