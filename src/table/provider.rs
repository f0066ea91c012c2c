//! A table over a snapshot: Parquet of ours under the state folder, or published Parquet and Arrow files where they stand.
//! Projection, filters, limits and statistics reach the files; nothing is read to plan but footers, which are cached.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, Fields, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{ScalarValue, Statistics, stats::Precision};
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path;

use super::guarded::{named, senseless};
use super::modifier;
use super::of_day;
use super::parquet;
use super::partitions::Partitions;
use super::pg_value::declared;
use super::registered::{register, versioned_meta};
use crate::catalog::TableEntry;
use crate::snapshot::{Layout, Snapshot, WrittenFile, field_key, foreign};

/// A table as SQL sees it, bound to one snapshot: whoever holds it reads that version to the end.
#[derive(Debug)]
pub struct SnapshotTable {
    entry: Arc<TableEntry>,
    snapshot: Arc<Snapshot>,
    /// Its columns as the files have them.
    stored: SchemaRef,
    schema: SchemaRef,
}

impl SnapshotTable {
    /// The table `entry` as of `snapshot`.
    pub fn new(entry: Arc<TableEntry>, snapshot: Arc<Snapshot>) -> Self {
        Self::offering(entry, snapshot, &BTreeSet::new())
    }

    /// The same with those of its hidden columns that are named.
    pub fn offering(entry: Arc<TableEntry>, snapshot: Arc<Snapshot>, hidden: &BTreeSet<String>) -> Self {
        let is_hidden = |f: &FieldRef| f.metadata().contains_key(field_key::HIDDEN) && !hidden.contains(f.name());
        // Clients are told the precision and scale of a table's decimals, not of those that are calculated.
        let is_exact = |f: &FieldRef| modifier::of(f.data_type()) != modifier::NONE;
        let told = |f: &FieldRef| if is_exact(f) { Arc::new(declared(f.as_ref().clone())) } else { Arc::clone(f) };
        let stored = if snapshot.schema.fields().iter().any(|f| is_hidden(f) || is_exact(f)) {
            let fields: Fields = snapshot.schema.fields().iter().filter(|f| !is_hidden(f)).map(told).collect();
            Arc::new(Schema::new_with_metadata(fields, snapshot.schema.metadata().clone()))
        } else {
            Arc::clone(&snapshot.schema)
        };
        let schema = of_day::told(&stored);
        Self { entry, snapshot, stored, schema }
    }

    /// The catalog's entry.
    pub fn entry(&self) -> &Arc<TableEntry> {
        &self.entry
    }

    /// The version that is read.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    fn nothing(&self, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        Ok(Arc::new(EmptyExec::new(schema)))
    }
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
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
        let partitions = Partitions::of(&self.snapshot, &self.stored).that_fit(state, filters)?;
        if partitions.keep_none() {
            return self.nothing(projection);
        }
        let scan = match &self.snapshot.layout {
            // Of no rows and no file, perhaps.
            Layout::Written(files) if files.is_empty() => return self.nothing(projection),
            Layout::Parquet(objects) | Layout::Arrow(objects) if objects.is_empty() => return self.nothing(projection),
            Layout::Written(files) => {
                let url = ObjectStoreUrl::local_filesystem();
                let objects = files.iter().map(written_meta).collect::<Result<Vec<_>>>()?;
                let format = parquet::format(state);
                let config = scan_files(state, &partitions, &format, url, objects, projection, filters, limit).await?;
                format.create_physical_plan(state, config).await?
            }
            Layout::Stored(objects) | Layout::Parquet(objects) => {
                let url = register(state, &self.snapshot, objects)?;
                let metas = objects.iter().map(versioned_meta).collect();
                let format = parquet::format(state);
                let config = scan_files(state, &partitions, &format, url, metas, projection, filters, limit).await?;
                parquet::plan(state, &format, config)?
            }
            Layout::Arrow(objects) => {
                let url = register(state, &self.snapshot, objects)?;
                let metas = objects.iter().map(versioned_meta).collect();
                let config = scan_files(state, &partitions, &ArrowFormat, url, metas, projection, filters, limit).await?;
                ArrowFormat.create_physical_plan(state, config).await?
            }
        };
        of_day::read(scan)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let partitions = Partitions::of(&self.snapshot, &self.stored);
        let support = |filter: &&Expr| match &self.snapshot.layout {
            Layout::Written(_) | Layout::Stored(_) | Layout::Parquet(_) => TableProviderFilterPushDown::Inexact,
            Layout::Arrow(_) if partitions.decide(filter) => TableProviderFilterPushDown::Inexact,
            Layout::Arrow(_) => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Exact(usize::try_from(self.snapshot.rows).ok()?);
        Some(statistics)
    }
}

/// The scan of a set of files of one format, each with its own statistics. Files whose folders tell that none of their rows fits are not
/// opened.
#[allow(clippy::too_many_arguments, reason = "the arguments of TableProvider::scan and what is scanned")]
async fn scan_files(
    state: &dyn Session,
    partitions: &Partitions<'_>,
    format: &dyn FileFormat,
    url: ObjectStoreUrl,
    objects: Vec<ObjectMeta>,
    projection: Option<&Vec<usize>>,
    filters: &[Expr],
    limit: Option<usize>,
) -> Result<FileScanConfig> {
    let store = state.runtime_env().object_store(&url)?;
    let files: Vec<PartitionedFile> =
        futures::stream::iter(objects.into_iter().enumerate().filter(|(file, _)| partitions.keep(*file)))
            .map(|(file, meta)| {
                let store = Arc::clone(&store);
                async move {
                    let told = format.infer_stats(state, &store, Arc::clone(&partitions.file_schema), &meta);
                    let told = foreign::steps(told).await;
                    let told = told.map_err(|panic| senseless(meta.location.as_ref(), panic.as_ref()))?;
                    let statistics = with_sound_bounds(told.map_err(|e| named(meta.location.as_ref(), e))?);
                    partitions.file(file, meta, statistics)
                }
            })
            .boxed()
            .buffered(partitions.footers_at_once)
            .try_collect()
            .await?;
    let schema = partitions.table_schema();
    let told = files.iter().filter_map(|f| f.statistics.as_deref());
    let total = Statistics::try_merge_iter(told, schema.table_schema().as_ref())?;
    // A small table is not worth a second thread, and on one its rows come as they are stored, however many files it has: as published but
    // where they were sorted (decision 034).
    let bytes: usize =
        files.iter().map(|f| usize::try_from(f.object_meta.size).unwrap_or(usize::MAX)).fold(0, usize::saturating_add);
    let is_small = bytes < state.config_options().optimizer.repartition_file_min_size;
    let groups = FileGroup::new(files).split_files(if is_small { 1 } else { state.config().target_partitions() });
    // A filter may remove rows after the scan, so a limit may only stop the scan where there is none.
    let limit = if filters.is_empty() { limit } else { None };
    let config = FileScanConfigBuilder::new(url, format.file_source(schema))
        .with_file_groups(groups)
        .with_statistics(total)
        .with_projection_indices(projection.cloned())?
        .with_limit(limit)
        .build();
    Ok(config)
}

/// Statistics without bounds that are none. Those of floating-point columns prune, and answer no `min` or `max`: Parquet's writers leave NaN
/// out of them and note a smallest value of zero as -0, whichever it was; and a bound that is NaN says nothing (parquet.thrift, on
/// `ColumnOrder`). A bound that is NULL stands for one that could not be read, as where a file's type is narrower than the table's.
fn with_sound_bounds(mut statistics: Statistics) -> Statistics {
    let sound = |bound: Precision<ScalarValue>| {
        let says_nothing = match bound.get_value() {
            Some(value) if value.is_null() => true,
            Some(ScalarValue::Float64(Some(v))) => v.is_nan(),
            Some(ScalarValue::Float32(Some(v))) => v.is_nan(),
            Some(ScalarValue::Float16(Some(v))) => v.is_nan(),
            Some(_) | None => return bound,
        };
        if says_nothing { Precision::Absent } else { bound.to_inexact() }
    };
    for column in &mut statistics.column_statistics {
        column.min_value = sound(std::mem::take(&mut column.min_value));
        column.max_value = sound(std::mem::take(&mut column.max_value));
    }
    statistics
}

/// A file of ours as `object_store` sees it. It never changes, so its modification time is of no matter.
fn written_meta(file: &WrittenFile) -> Result<ObjectMeta> {
    let location = Path::from_absolute_path(&file.path)
        .map_err(|e| DataFusionError::External(format!("{}: {e}", file.path.display()).into()))?;
    Ok(ObjectMeta { location, last_modified: Default::default(), size: file.bytes, e_tag: None, version: None })
}
