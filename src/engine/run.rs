//! Running a planned statement: batches from the query threads to the client through a channel of two, under the statement's limit.

use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::metadata::{FieldMetadata, ScalarAndMetadata};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::datasource::source_as_provider;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Rows;
use super::apply;
use super::blame;
use super::failure::{UNNAMED_SOURCE, from_datafusion};
use super::plan::QueryPlan;
use super::remembered::Gathering;
use super::runtime::{AbortOnDrop, Limit, panicked};
use super::session::Running;
use super::shared::Shared;
use crate::error::{Error, Kind, Result};
use crate::snapshot::{Layout, Snapshot};
use crate::table::{Ending, SnapshotTable, guarded};

/// Batches that may wait for a slow client.
const BATCHES_AHEAD: usize = 2;

/// What does not fit another type is an error, never a NULL.
const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: arrow::util::display::FormatOptions::new() };

/// How many of a query's files an error names.
const NAMED_FILES: usize = 3;

/// The plan that runs, with its parameters in place.
pub async fn physical(plan: &QueryPlan, parameters: &[ArrayRef], sql: &str) -> Result<Arc<dyn ExecutionPlan>> {
    let failed = |e| blame::placed(from_datafusion(e, sql), sql);
    if plan.optimized {
        return planned(&plan.state, &plan.logical).await.map_err(failed);
    }
    let values = bind(parameters, &plan.parameters).map_err(|e| blame::placed(e, sql))?;
    let bound = plan.logical.clone().with_param_values(values).map_err(failed)?;
    let mut state = plan.state.clone();
    state.mark_start_execution();
    let optimized = apply::optimize(&state, &bound).map_err(failed)?;
    planned(&state, &optimized).await.map_err(failed)
}

/// The plan of an optimised one that runs.
pub async fn planned(state: &SessionState, plan: &LogicalPlan) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let physical = state.query_planner().create_physical_plan(plan, state).await?;
    guarded(physical, snapshots(plan).iter().map(Arc::as_ref))
}

/// The snapshots that a plan reads, those of another time too.
fn snapshots(plan: &LogicalPlan) -> Vec<Arc<Snapshot>> {
    let mut all = Vec::new();
    // Nothing fails on the way.
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
            && let Some(table) = provider.downcast_ref::<SnapshotTable>()
        {
            all.push(Arc::clone(table.snapshot()));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    all
}

/// The parameters as values of the types that were planned.
fn bind(parameters: &[ArrayRef], fields: &[FieldRef]) -> Result<ParamValues> {
    let (given, wanted) = (parameters.len(), fields.len());
    if given > wanted {
        let message = format!("bind message supplies {given} parameters, but the prepared statement requires {wanted}");
        return Err(Error::new(Kind::Protocol, message));
    }
    if given < wanted {
        // A statement of the simple protocol: what is bound was counted.
        return Err(Error::new(Kind::UndefinedParameter, format!("there is no parameter ${}", given + 1)));
    }
    let value = |(array, field): (&ArrayRef, &FieldRef)| {
        let to = field.data_type();
        // A numeric has its own scale.
        let array = if are_numbers(array.data_type(), to) {
            Arc::clone(array)
        } else {
            cast_with_options(array, to, &STRICT).map_err(|e| from_datafusion(e.into(), ""))?
        };
        let value = ScalarValue::try_from_array(&array, 0).map_err(|e| from_datafusion(e, ""))?;
        let metadata = (!field.metadata().is_empty()).then(|| FieldMetadata::from(field.as_ref()));
        Ok(ScalarAndMetadata::new(value, metadata))
    };
    parameters.iter().zip(fields).map(value).collect::<Result<Vec<_>>>().map(ParamValues::List)
}

/// Whether both are decimals, or arrays of them, whatever their scales.
fn are_numbers(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::List(a), DataType::List(b)) => are_numbers(a.data_type(), b.data_type()),
        _ => a.is_decimal() && b.is_decimal(),
    }
}

/// Starts a plan and hands out its batches as columns of `columns`' types. Dropping the stream stops the query. What is gathered is kept as
/// its answer when it ran to its end.
pub fn start(
    shared: Arc<Shared>,
    plan: Arc<dyn ExecutionPlan>,
    query: &QueryPlan,
    limit: Limit,
    running: Running,
    sql: Arc<str>,
    mut gathering: Option<Gathering>,
) -> Rows {
    let context = query.state.task_ctx();
    let columns = Arc::clone(&query.columns);
    // Holds the snapshots that are read, those of another time too: none is removed, or its store let go of, before the last row.
    let logical = query.logical.clone();
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let (answers, text) = (Arc::downgrade(&shared), Arc::clone(&sql));
    let task = shared.cpu.handle().spawn(async move {
        let mut batches = match execute_stream(plan, context) {
            Ok(batches) => batches,
            Err(e) => {
                // A receiver that is gone does not want to know.
                let _ = sender.send(Err(blame::placed(from_datafusion(e, &sql), &sql))).await;
                return;
            }
        };
        loop {
            let next = tokio::select! {
                () = sender.closed() => return,
                next = batches.next() => next,
            };
            let Some(next) = next else {
                if let (Some(gathered), Some(shared)) = (gathering, answers.upgrade()) {
                    shared.remembered.answers.keep(gathered);
                }
                return;
            };
            let failed = |e| blame::placed(named(from_datafusion(e, &sql), &logical), &sql);
            let next = next.map_err(failed).and_then(|batch| conform(batch, &columns));
            let last = next.is_err();
            if let Ok(batch) = &next {
                gathering = gathering.take_if(|gathering| gathering.add(batch));
            }
            if sender.send(next).await.is_err() || last {
                return;
            }
        }
    });
    let abort = AbortOnDrop(task.abort_handle());
    let (started, rows, how) = (SystemTime::now(), 0, Ending::Closed);
    let delivery = Delivery { receiver, _abort: abort, task, limit, running, shared, sql: text, started, rows, how };
    stream::unfold(Some(delivery), |delivery| async {
        let mut delivery = delivery?;
        match delivery.next().await {
            Some(Ok(batch)) => Some((Ok(batch), Some(delivery))),
            Some(Err(e)) => Some((Err(e), None)),
            None => None,
        }
    })
    .boxed()
}

/// The error with the names of the files that are read where they stand, in place of what a scan knows of them.
fn named(e: Error, plan: &LogicalPlan) -> Error {
    let in_place = |snapshot: &Arc<Snapshot>| match &snapshot.layout {
        Layout::Stored(objects) | Layout::Parquet(objects) | Layout::Arrow(objects) => {
            objects.iter().take(NAMED_FILES + 1).map(|o| o.url.clone()).collect()
        }
        Layout::Written(_) => Vec::new(),
    };
    let Some(rest) = e.message().strip_prefix(UNNAMED_SOURCE) else { return e };
    let mut files: Vec<String> = snapshots(plan).iter().flat_map(in_place).collect();
    if files.is_empty() {
        return e;
    }
    if files.len() > NAMED_FILES {
        files.truncate(NAMED_FILES);
        files.push("...".to_owned());
    }
    let mut named = Error::new(e.kind(), format!("{}{rest}", files.join(", ")));
    if let Some(detail) = e.detail() {
        named = named.with_detail(detail);
    }
    if let Some(hint) = e.hint() {
        named = named.with_hint(hint);
    }
    named.caused_by(e)
}

/// The client's end of a running query.
struct Delivery {
    receiver: mpsc::Receiver<Result<RecordBatch>>,
    task: JoinHandle<()>,
    _abort: AbortOnDrop,
    limit: Limit,
    running: Running,
    /// The threads live as long as a query runs on them.
    shared: Arc<Shared>,
    sql: Arc<str>,
    started: SystemTime,
    /// Rows that were handed on.
    rows: u64,
    how: Ending,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let how = std::mem::take(&mut self.how);
        self.shared.history.add(self.running.inner.ended(&self.sql, self.started, self.rows, how, false));
    }
}

impl Delivery {
    async fn next(&mut self) -> Option<Result<RecordBatch>> {
        let next = self.received().await;
        match &next {
            Some(Ok(batch)) => self.rows += batch.num_rows() as u64,
            Some(Err(e)) => self.how = Ending::Failed(e.message().to_owned()),
            None => self.how = Ending::Finished,
        }
        next
    }

    async fn received(&mut self) -> Option<Result<RecordBatch>> {
        let next = tokio::select! {
            biased;
            reason = self.limit.reached() => return Some(Err(reason)),
            next = self.receiver.recv() => next,
        };
        match next {
            Some(next) => Some(next),
            // The channel also closes when the task panicked: that is no end of the rows.
            None => (&mut self.task).await.err().map(|e| Err(panicked(e))),
        }
    }
}

/// The batch with the names and types that the client was told; types differ where DataFusion settled one only after parameters
/// were bound.
pub fn conform(batch: RecordBatch, columns: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let mut own = None;
    let mut arrays = Vec::with_capacity(batch.num_columns());
    for (at, (array, field)) in batch.columns().iter().zip(columns.fields()).enumerate() {
        let (found, told) = (array.data_type(), field.data_type());
        if found == told {
            arrays.push(Arc::clone(array));
        } else if are_numbers(found, told) {
            // Of the scale that its parameters have: clients are told of none.
            let shown = batch.schema_ref().field(at).clone().with_name(field.name());
            own.get_or_insert_with(|| columns.fields().to_vec())[at] = Arc::new(shown);
            arrays.push(Arc::clone(array));
        } else {
            arrays.push(cast_with_options(array, told, &STRICT).map_err(|e| from_datafusion(e.into(), ""))?);
        }
    }
    let schema = own.map_or_else(|| Arc::clone(columns), |fields| Arc::new(Schema::new(fields)));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|e| from_datafusion(e.into(), ""))
}

/// A batch of text columns.
pub fn text_batch(schema: &SchemaRef, columns: &[Vec<String>]) -> Result<RecordBatch> {
    let arrays = columns.iter().map(|c| Arc::new(StringArray::from_iter_values(c)) as ArrayRef).collect();
    RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|e| from_datafusion(e.into(), ""))
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn a_parameter_that_does_not_fit_is_no_null() {
        let values: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![300]))];
        let field = |data_type| FieldRef::new(Field::new("", data_type, true));
        let ParamValues::List(bound) = bind(&values, &[field(DataType::Int16)]).expect("it fits") else { panic!("a list") };
        assert_eq!(bound[0].value(), &ScalarValue::Int16(Some(300)));
        assert!(bind(&values, &[field(DataType::Int8)]).is_err());
        assert_eq!(bind(&values, &[]).expect_err("one too many").kind(), Kind::Protocol);
    }

    #[test]
    fn rows_are_of_the_types_that_the_client_was_told() {
        let told = |data_type| Arc::new(Schema::new(vec![Field::new("n", data_type, true)]));
        let batch = || RecordBatch::try_from_iter([("x", Arc::new(Int64Array::from(vec![300])) as ArrayRef)]).expect("a column");
        let narrow = conform(batch(), &told(DataType::Int16)).expect("it fits");
        assert_eq!((narrow.schema().field(0).name().as_str(), narrow.column(0).null_count()), ("n", 0));
        assert!(conform(batch(), &told(DataType::Int8)).is_err());
    }
}
