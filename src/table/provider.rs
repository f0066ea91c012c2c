//! A table over a snapshot: Parquet of ours under the state folder, or published Parquet and Arrow files where they stand.
//! Projection, filters, limits and statistics reach the files; nothing is read to plan but footers, which are cached.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::{Constraints, ScalarValue, Statistics, stats::Precision};
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::catalog::TableEntry;
use crate::error::{Error, Kind};
use crate::snapshot::{Layout, Snapshot, WrittenFile};
use crate::store::{Object, pinned};

/// How many footers are fetched at a time.
const FOOTERS_AT_ONCE: usize = 8;

/// A table as SQL sees it, bound to one snapshot: whoever holds it reads that version to the end.
#[derive(Debug)]
pub struct SnapshotTable {
    entry: Arc<TableEntry>,
    snapshot: Arc<Snapshot>,
    schema: SchemaRef,
    constraints: Constraints,
}

impl SnapshotTable {
    /// The table `entry` as of `snapshot`.
    pub fn new(entry: Arc<TableEntry>, snapshot: Arc<Snapshot>) -> Self {
        let schema = Arc::clone(&snapshot.schema);
        Self { entry, snapshot, schema, constraints: Constraints::default() }
    }

    /// The catalog's entry.
    pub fn entry(&self) -> &Arc<TableEntry> {
        &self.entry
    }

    /// The version that is read.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match &self.snapshot.layout {
            Layout::Written(files) => {
                let url = ObjectStoreUrl::local_filesystem();
                let objects = files.iter().map(written_meta).collect::<Result<Vec<_>>>()?;
                scan_files(state, &self.schema, &parquet(state), url, objects, projection, filters, limit).await
            }
            Layout::Stored(objects) | Layout::Parquet(objects) => {
                let url = register(state, objects)?;
                let metas = objects.iter().map(versioned_meta).collect();
                scan_files(state, &self.schema, &parquet(state), url, metas, projection, filters, limit).await
            }
            Layout::Arrow(objects) => {
                let url = register(state, objects)?;
                let metas = objects.iter().map(versioned_meta).collect();
                scan_files(state, &self.schema, &ArrowFormat, url, metas, projection, filters, limit).await
            }
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = match &self.snapshot.layout {
            Layout::Written(_) | Layout::Stored(_) | Layout::Parquet(_) => TableProviderFilterPushDown::Inexact,
            Layout::Arrow(_) => TableProviderFilterPushDown::Unsupported,
        };
        Ok(vec![support; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Exact(usize::try_from(self.snapshot.rows).ok()?);
        Some(statistics)
    }
}

/// The scan of a set of files of one format, each with its own statistics.
#[allow(clippy::too_many_arguments, reason = "the arguments of TableProvider::scan and what is scanned")]
async fn scan_files(
    state: &dyn Session,
    schema: &SchemaRef,
    format: &dyn FileFormat,
    url: ObjectStoreUrl,
    objects: Vec<ObjectMeta>,
    projection: Option<&Vec<usize>>,
    filters: &[Expr],
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    if objects.is_empty() {
        let schema = match projection {
            Some(columns) => Arc::new(schema.project(columns)?),
            None => Arc::clone(schema),
        };
        return Ok(Arc::new(EmptyExec::new(schema)));
    }
    let store = state.runtime_env().object_store(&url)?;
    let files: Vec<PartitionedFile> = futures::stream::iter(objects)
        .map(|meta| {
            let store = Arc::clone(&store);
            async move {
                let statistics = format.infer_stats(state, &store, Arc::clone(schema), &meta).await?;
                let statistics = without_negative_zero(statistics);
                Ok::<_, DataFusionError>(PartitionedFile::from(meta).with_statistics(Arc::new(statistics)))
            }
        })
        .boxed()
        .buffered(FOOTERS_AT_ONCE)
        .try_collect()
        .await?;
    let total = Statistics::try_merge_iter(files.iter().filter_map(|f| f.statistics.as_deref()), schema.as_ref())?;
    let groups = FileGroup::new(files).split_files(state.config().target_partitions());
    // A filter may remove rows after the scan, so a limit may only stop the scan where there is none.
    let limit = if filters.is_empty() { limit } else { None };
    let config = FileScanConfigBuilder::new(url, format.file_source(Arc::clone(schema).into()))
        .with_file_groups(groups)
        .with_statistics(total)
        .with_projection_indices(projection.cloned())?
        .with_limit(limit)
        .build();
    format.create_physical_plan(state, config).await
}

/// Parquet's writers note a smallest value of zero as -0, whichever it was, so that bounds hold for both; as an answer to `min` it
/// would be a sign that nobody published (parquet.thrift, on `ColumnOrder`).
fn without_negative_zero(mut statistics: Statistics) -> Statistics {
    for column in &mut statistics.column_statistics {
        let negative_zero = match column.min_value.get_value() {
            Some(ScalarValue::Float64(Some(v))) => *v == 0.0 && v.is_sign_negative(),
            Some(ScalarValue::Float32(Some(v))) => *v == 0.0 && v.is_sign_negative(),
            Some(_) | None => false,
        };
        if negative_zero {
            column.min_value = std::mem::take(&mut column.min_value).to_inexact();
        }
    }
    statistics
}

/// Parquet as the session's settings read it.
fn parquet(state: &dyn Session) -> ParquetFormat {
    let global = state.config_options().execution.parquet.clone();
    ParquetFormat::default().with_options(TableParquetOptions { global, ..TableParquetOptions::default() })
}

/// A file of ours as `object_store` sees it. It never changes, so its modification time is of no matter.
fn written_meta(file: &WrittenFile) -> Result<ObjectMeta> {
    let location = Path::from_absolute_path(&file.path)
        .map_err(|e| DataFusionError::External(format!("{}: {e}", file.path.display()).into()))?;
    Ok(ObjectMeta { location, last_modified: Default::default(), size: file.bytes, e_tag: None, version: None })
}

/// Makes the store behind published objects known under a URL of its own, with reads pinned to the listed versions.
fn register(state: &dyn Session, objects: &[Object]) -> Result<ObjectStoreUrl> {
    let url = ObjectStoreUrl::parse(format!("stoa-pinned-{:016x}://objects", fingerprint(objects)))?;
    if state.runtime_env().object_store(&url).is_err() {
        let store = pinned(objects).ok_or_else(|| {
            let urls: Vec<&str> = objects.iter().map(|o| o.url.as_str()).collect();
            let e = Error::new(Kind::Unsupported, format!("one table's files stand in several stores: {}", urls.join(", ")));
            DataFusionError::External(Box::new(e.with_hint("Publish them as distributions of their own.")))
        })?;
        state.runtime_env().register_object_store(url.as_ref(), store);
    }
    Ok(url)
}

/// The object's meta with a time of its version: DataFusion keeps footers by location, size and time, and neither an ETag nor the
/// store is among them.
fn versioned_meta(object: &Object) -> ObjectMeta {
    let seconds = i64::try_from(fingerprint(std::slice::from_ref(object)) >> 32).expect("32 bits fit");
    ObjectMeta { last_modified: DateTime::from_timestamp(seconds, 0).unwrap_or_default(), ..object.meta.clone() }
}

/// Different for other stores and other versions.
fn fingerprint(objects: &[Object]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for object in objects {
        (&object.store_url, object.meta.location.as_ref(), object.identity()).hash(&mut hasher);
    }
    hasher.finish()
}
