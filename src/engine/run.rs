//! Running a planned statement: batches from the query threads to the client through a channel of two, under the statement's limit.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::ScalarValue;
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Rows;
use super::failure::{UNNAMED_SOURCE, from_datafusion};
use super::plan::QueryPlan;
use super::resolve::Pinned;
use super::runtime::{AbortOnDrop, Limit, panicked};
use super::session::Running;
use super::shared::Shared;
use crate::error::{Error, Kind, Result};
use crate::snapshot::Layout;

/// Batches that may wait for a slow client.
const BATCHES_AHEAD: usize = 2;

/// The plan that runs, with its parameters in place.
pub async fn physical(plan: &QueryPlan, parameters: &[ArrayRef], sql: &str) -> Result<Arc<dyn ExecutionPlan>> {
    let failed = |e| from_datafusion(e, sql);
    if plan.optimized {
        return plan.state.query_planner().create_physical_plan(&plan.logical, &plan.state).await.map_err(failed);
    }
    let values = bind(parameters, &plan.parameters)?;
    let bound = plan.logical.clone().with_param_values(values).map_err(failed)?;
    let mut state = plan.state.clone();
    state.mark_start_execution();
    state.create_physical_plan(&bound).await.map_err(failed)
}

/// The parameters as values of the types that were planned.
fn bind(parameters: &[ArrayRef], types: &[DataType]) -> Result<Vec<ScalarValue>> {
    if parameters.len() != types.len() {
        let (given, wanted) = (parameters.len(), types.len());
        return Err(Error::new(
            Kind::Protocol,
            format!("bind message supplies {given} parameters, but the prepared statement requires {wanted}"),
        ));
    }
    let value = |(array, data_type): (&ArrayRef, &DataType)| {
        let array = cast(array, data_type).map_err(|e| from_datafusion(e.into(), ""))?;
        ScalarValue::try_from_array(&array, 0).map_err(|e| from_datafusion(e, ""))
    };
    parameters.iter().zip(types).map(value).collect()
}

/// Starts a plan and hands out its batches as columns of `columns`' types. Dropping the stream stops the query.
pub fn start(
    shared: Arc<Shared>,
    plan: Arc<dyn ExecutionPlan>,
    query: &QueryPlan,
    limit: Limit,
    running: Running,
    sql: Arc<str>,
) -> Rows {
    let context = query.state.task_ctx();
    let columns = Arc::clone(&query.columns);
    let published = published(query);
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let task = shared.cpu.handle().spawn(async move {
        let mut batches = match execute_stream(plan, context) {
            Ok(batches) => batches,
            Err(e) => {
                // A receiver that is gone does not want to know.
                let _ = sender.send(Err(from_datafusion(e, &sql))).await;
                return;
            }
        };
        loop {
            let next = tokio::select! {
                () = sender.closed() => return,
                next = batches.next() => next,
            };
            let Some(next) = next else { return };
            let next = next.map_err(|e| named(from_datafusion(e, &sql), &published)).and_then(|batch| conform(batch, &columns));
            let last = next.is_err();
            if sender.send(next).await.is_err() || last {
                return;
            }
        }
    });
    let delivery =
        Delivery { receiver, _abort: AbortOnDrop(task.abort_handle()), task, limit, _running: running, _shared: shared };
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

/// The files that the query reads by their URLs.
fn published(query: &QueryPlan) -> String {
    let in_place = |(_, snapshot): &Pinned| match &snapshot.layout {
        Layout::Stored(objects) | Layout::Parquet(objects) | Layout::Arrow(objects) => {
            objects.iter().map(|o| o.url.clone()).collect()
        }
        Layout::Written(_) => Vec::new(),
    };
    query.pinned.iter().flat_map(in_place).collect::<Vec<String>>().join(", ")
}

/// The error with the names of the files in place of what a scan knows of them.
fn named(e: Error, published: &str) -> Error {
    match e.message().strip_prefix(UNNAMED_SOURCE) {
        Some(rest) if !published.is_empty() => Error::new(e.kind(), format!("{published}{rest}")).caused_by(e),
        _ => e,
    }
}

/// The client's end of a running query.
struct Delivery {
    receiver: mpsc::Receiver<Result<RecordBatch>>,
    task: JoinHandle<()>,
    _abort: AbortOnDrop,
    limit: Limit,
    _running: Running,
    /// The threads live as long as a query runs on them.
    _shared: Arc<Shared>,
}

impl Delivery {
    async fn next(&mut self) -> Option<Result<RecordBatch>> {
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
fn conform(batch: RecordBatch, columns: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let told = |(array, field): (&ArrayRef, &Arc<Field>)| {
        if array.data_type() == field.data_type() { Ok(Arc::clone(array)) } else { cast(array, field.data_type()) }
    };
    let arrays = batch.columns().iter().zip(columns.fields()).map(told).collect::<Result<Vec<_>, _>>();
    arrays
        .and_then(|arrays| RecordBatch::try_new_with_options(Arc::clone(columns), arrays, &options))
        .map_err(|e| from_datafusion(e.into(), ""))
}

/// The one column that EXPLAIN gives.
pub fn explain_columns() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("QUERY PLAN", DataType::Utf8, false)]))
}

/// A plan as EXPLAIN shows it: an operator a line, what it contains indented below it.
pub fn explained(plan: &dyn ExecutionPlan, analyze: bool, verbose: bool) -> Result<RecordBatch> {
    let text = if analyze {
        datafusion::physical_plan::display::DisplayableExecutionPlan::with_metrics(plan).indent(verbose).to_string()
    } else {
        displayable(plan).indent(verbose).to_string()
    };
    text_batch(&explain_columns(), &[text.lines().map(str::to_owned).collect()])
}

/// A batch of text columns.
pub fn text_batch(schema: &SchemaRef, columns: &[Vec<String>]) -> Result<RecordBatch> {
    let arrays = columns.iter().map(|c| Arc::new(StringArray::from_iter_values(c)) as ArrayRef).collect();
    RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|e| from_datafusion(e.into(), ""))
}
