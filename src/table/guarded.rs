//! Scans of files whose decoders panic: they are others' work, and bytes that make no sense may take them where they never meant to
//! be. Such a panic is an error of the file, and neither of the query's threads nor of the server.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::parquet::errors::ParquetError;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{Stream, StreamExt};

use crate::error::{Error, Kind};
use crate::snapshot::{Layout, Snapshot, foreign};

/// How many of a scan's files an error names.
const NAMED_FILES: usize = 3;

/// The plan with each scan of files guarded. To be the last step of planning: what a scan may take over from the nodes above it, it has
/// by then. `snapshots` are those that it reads; they know what the files are called.
pub fn guarded<'a>(
    plan: Arc<dyn ExecutionPlan>,
    snapshots: impl Iterator<Item = &'a Snapshot>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let objects = snapshots.flat_map(|snapshot| match &snapshot.layout {
        Layout::Stored(objects) | Layout::Parquet(objects) | Layout::Arrow(objects) => objects.as_slice(),
        Layout::Written(_) => &[],
    });
    let urls: HashMap<&str, &str> = objects.map(|o| (o.meta.location.as_ref(), o.url.as_str())).collect();
    let guard = |node: Arc<dyn ExecutionPlan>| {
        let scan = node.downcast_ref::<DataSourceExec>().and_then(|scan| scan.data_source().downcast_ref::<FileScanConfig>());
        let Some(config) = scan else { return Ok(Transformed::no(node)) };
        let files = config.file_groups.iter().flat_map(|group| group.iter()).map(|file| {
            let location = file.object_meta.location.as_ref();
            urls.get(location).map_or_else(|| format!("/{location}"), |url| (*url).to_owned())
        });
        let mut files: BTreeSet<String> = files.collect();
        let more = files.len() > NAMED_FILES;
        let mut names: Vec<String> = std::iter::from_fn(|| files.pop_first()).take(NAMED_FILES).collect();
        names.extend(more.then(|| "...".to_owned()));
        Ok(Transformed::yes(Arc::new(Guarded { scan: node, files: names.join(", ").into() }) as Arc<dyn ExecutionPlan>))
    };
    Ok(plan.transform_up(guard)?.data)
}

/// Runs `step`, which reads `files`; its panic is their error.
pub(super) fn caught<T>(files: &str, step: impl FnOnce() -> T) -> Result<T> {
    foreign::step(step).map_err(|panic| senseless(files, panic.as_ref()))
}

/// The error of a decoder that panicked.
pub(super) fn senseless(files: &str, panic: &(dyn Any + Send)) -> DataFusionError {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let said = said.and_then(|said| said.lines().next()).unwrap_or("it said nothing");
    let e = Error::new(Kind::SourceInvalid, format!("{files} can't be read: its content makes no sense"))
        .with_detail(format!("What decodes it stopped: {said}."))
        .with_hint("Compare the file with its publisher's.");
    DataFusionError::External(Box::new(e))
}

/// The error of reading `files`, with their names where a decoder does not know them. What a store said, and what went wrong on the way of
/// the query, stays as it is.
pub(super) fn named(files: &str, e: DataFusionError) -> DataFusionError {
    let said = match &e {
        DataFusionError::ParquetError(inner) => match inner.as_ref() {
            ParquetError::External(_) => None,
            other => Some(other.to_string()),
        },
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ParquetError(said) | ArrowError::IpcError(said) => Some(said.clone()),
            _ => None,
        },
        _ => None,
    };
    match said {
        Some(said) => {
            let said = said.lines().next().unwrap_or_default();
            DataFusionError::External(Box::new(Error::new(Kind::SourceInvalid, format!("{files} can't be read: {said}"))))
        }
        None => e,
    }
}

/// A scan, shown and measured as itself.
#[derive(Debug)]
struct Guarded {
    scan: Arc<dyn ExecutionPlan>,
    files: Arc<str>,
}

impl DisplayAs for Guarded {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scan.fmt_as(kind, f)
    }
}

impl ExecutionPlan for Guarded {
    fn name(&self) -> &str {
        self.scan.name()
    }

    fn downcast_delegate(&self) -> Option<&dyn ExecutionPlan> {
        Some(self.scan.as_ref())
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.scan.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.scan.apply_expressions(f)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let scan = Arc::clone(&self.scan).reset_state()?;
        Ok(Arc::new(Self { scan, files: Arc::clone(&self.files) }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = caught(&self.files, || self.scan.execute(partition, context))?.map_err(|e| named(&self.files, e))?;
        Ok(Box::pin(Rows { schema: rows.schema(), rows: Some(rows), files: Arc::clone(&self.files) }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        self.scan.metrics()
    }

    fn fetch(&self) -> Option<usize> {
        self.scan.fetch()
    }
}

/// The rows of a scan, up to where it panicked.
struct Rows {
    schema: SchemaRef,
    /// `None` behind the error: what panicked is not asked again.
    rows: Option<SendableRecordBatchStream>,
    files: Arc<str>,
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(rows) = &mut this.rows else { return Poll::Ready(None) };
        match caught(&this.files, || rows.poll_next_unpin(context)) {
            Ok(polled) => polled.map(|next| next.map(|batch| batch.map_err(|e| named(&this.files, e)))),
            Err(e) => {
                let broken = this.rows.take();
                // What is half-made may not even go without a panic; the error is told already.
                let _ = foreign::step(|| drop(broken));
                Poll::Ready(Some(Err(e)))
            }
        }
    }
}

impl RecordBatchStream for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Schema;
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_rows_with_an_error_of_the_file() {
        let schema = Arc::new(Schema::empty());
        let batch = RecordBatch::new_empty(Arc::clone(&schema));
        let broken = futures::stream::iter(0..4).map(move |n| {
            assert!(n < 2, "no page has {n} bytes");
            Ok(batch.clone())
        });
        let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), broken));
        let told: Vec<_> = Rows { schema, rows: Some(rows), files: "a.parquet".into() }.collect().await;
        assert_eq!(told.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
        let Some(Err(DataFusionError::External(e))) = told.into_iter().next_back() else { panic!("the error is last") };
        let e = e.downcast::<Error>().expect("it is ours");
        assert_eq!((e.kind(), e.message()), (Kind::SourceInvalid, "a.parquet can't be read: its content makes no sense"));
        assert_eq!(e.detail(), Some("What decodes it stopped: no page has 2 bytes."));
    }
}
