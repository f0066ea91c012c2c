//! Published Parquet as a scan reads it: footers and pages are held to what they can know, so that a small file can't ask for much
//! memory and statistics that say nothing prune nothing. Which files there are is not known here.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::catalog::Session;
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::basic::{LogicalType, Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use crate::snapshot::check_pages;

/// Parquet as the session's settings read it. Times of 96 bits are read to the microsecond, as the schema of a snapshot has them.
pub(super) fn format(state: &dyn Session) -> ParquetFormat {
    let mut global = state.config_options().execution.parquet.clone();
    global.coerce_int96 = Some("us".to_owned());
    ParquetFormat::default().with_options(TableParquetOptions { global, ..TableParquetOptions::default() })
}

/// The scan of published files: as the format plans it, with readers that check what they read.
pub(super) fn plan(state: &dyn Session, format: &ParquetFormat, config: FileScanConfig) -> Result<Arc<dyn ExecutionPlan>> {
    let source = config.file_source().downcast_ref::<ParquetSource>().cloned();
    let source = source.ok_or_else(|| DataFusionError::Internal("a Parquet scan has no Parquet source".to_owned()))?;
    let store = state.runtime_env().object_store(config.object_store_url.clone())?;
    let cached = CachedParquetFileReaderFactory::new(store, state.runtime_env().cache_manager.get_file_metadata_cache());
    let source =
        source.with_table_parquet_options(format.options().clone()).with_parquet_file_reader_factory(Arc::new(Checked(cached)));
    Ok(DataSourceExec::from_data_source(FileScanConfigBuilder::from(config).with_source(Arc::new(source)).build()))
}

/// Makes readers that check what they read.
#[derive(Debug)]
struct Checked(CachedParquetFileReaderFactory);

impl ParquetFileReaderFactory for Checked {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let name = file.object_meta.location.filename().unwrap_or_default().to_owned();
        let inner = self.0.create_reader(partition, file, metadata_size_hint, metrics)?;
        Ok(Box::new(Reader { inner, name, metadata: None, pages: None }))
    }
}

/// Reads one file.
struct Reader {
    inner: Box<dyn AsyncFileReader + Send>,
    name: String,
    metadata: Option<Arc<ParquetMetaData>>,
    /// Made of the metadata when first needed.
    pages: Option<Pages>,
}

/// Where pages are known to begin, and how many values the column chunk of each has.
type Pages = HashMap<u64, u64>;

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.inner.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move {
            let all = self.inner.get_byte_ranges(ranges.clone()).await?;
            let metadata = self.metadata.as_deref();
            let pages = self.pages.get_or_insert_with(|| metadata.map(known_pages).unwrap_or_default());
            for (range, bytes) in ranges.iter().zip(&all) {
                if let Some(values) = pages.get(&range.start) {
                    check_pages(bytes, *values).map_err(|what| ParquetError::General(format!("{}: {what}", self.name)))?;
                }
            }
            Ok(all)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            // The opener asks without the page index, and would then read it past the checks made here.
            let options = options.cloned().unwrap_or_default().with_page_index_policy(PageIndexPolicy::Optional);
            let metadata = without_nan(self.inner.get_metadata(Some(&options)).await?)?;
            self.metadata = Some(Arc::clone(&metadata));
            self.pages = None;
            Ok(metadata)
        }
        .boxed()
    }
}

/// The beginnings of all column chunks and of the pages that the offset index names. Where a damaged file has two begin at one place,
/// the smaller number of values holds.
fn known_pages(metadata: &ParquetMetaData) -> Pages {
    let mut pages = Pages::new();
    for (g, group) in metadata.row_groups().iter().enumerate() {
        for (c, column) in group.columns().iter().enumerate() {
            let Ok(values) = u64::try_from(column.num_values()) else { continue };
            let index = metadata.offset_index().and_then(|index| index.get(g)?.get(c));
            let inner = index.into_iter().flat_map(|index| index.page_locations()).filter_map(|p| u64::try_from(p.offset).ok());
            for offset in std::iter::once(column.byte_range().0).chain(inner) {
                pages.entry(offset).and_modify(|known| *known = values.min(*known)).or_insert(values);
            }
        }
    }
    pages
}

/// The same without bounds that are NaN. Nothing compares to NaN, so such bounds would prune rows that match (parquet.thrift, on
/// `ColumnOrder`: "if the min or max is NaN, it must not be used").
fn without_nan(metadata: Arc<ParquetMetaData>) -> ParquetResult<Arc<ParquetMetaData>> {
    let schema = metadata.file_metadata().schema_descr();
    let floats: Vec<usize> = (0..schema.num_columns())
        .filter(|c| {
            let column = schema.column(*c);
            matches!(column.physical_type(), Type::FLOAT | Type::DOUBLE)
                || column.logical_type_ref().is_some_and(|l| *l == LogicalType::Float16)
        })
        .collect();
    let in_groups = metadata.row_groups().iter().any(|g| floats.iter().any(|c| g.column(*c).statistics().is_some_and(has_nan)));
    let index = metadata.column_index();
    let in_index = index.is_some_and(|i| i.iter().any(|g| floats.iter().any(|c| g.get(*c).is_some_and(index_has_nan))));
    if !in_groups && !in_index {
        return Ok(metadata);
    }
    let mut index = index.cloned();
    for group in index.iter_mut().flatten() {
        for column in &floats {
            if let Some(column) = group.get_mut(*column).filter(|c| index_has_nan(c)) {
                *column = ColumnIndexMetaData::NONE;
            }
        }
    }
    let mut builder = metadata.as_ref().clone().into_builder();
    let mut groups = Vec::with_capacity(metadata.num_row_groups());
    for group in builder.take_row_groups() {
        let columns = group.columns().iter().map(|column| {
            if column.statistics().is_some_and(has_nan) {
                column.clone().into_builder().clear_statistics().build()
            } else {
                Ok(column.clone())
            }
        });
        let columns = columns.collect::<ParquetResult<Vec<_>>>()?;
        groups.push(group.into_builder().set_column_metadata(columns).build()?);
    }
    Ok(Arc::new(builder.set_row_groups(groups).set_column_index(index).build()))
}

fn has_nan(statistics: &Statistics) -> bool {
    match statistics {
        Statistics::Float(s) => [s.min_opt(), s.max_opt()].into_iter().flatten().any(|v| v.is_nan()),
        Statistics::Double(s) => [s.min_opt(), s.max_opt()].into_iter().flatten().any(|v| v.is_nan()),
        Statistics::FixedLenByteArray(s) => [s.min_opt(), s.max_opt()].into_iter().flatten().any(|v| is_half_nan(v.as_ref())),
        Statistics::Boolean(_)
        | Statistics::Int32(_)
        | Statistics::Int64(_)
        | Statistics::Int96(_)
        | Statistics::ByteArray(_) => false,
    }
}

fn index_has_nan(index: &ColumnIndexMetaData) -> bool {
    match index {
        ColumnIndexMetaData::FLOAT(i) => i.min_values().iter().chain(i.max_values()).any(|v| v.is_nan()),
        ColumnIndexMetaData::DOUBLE(i) => i.min_values().iter().chain(i.max_values()).any(|v| v.is_nan()),
        ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(i) => i.min_values_iter().chain(i.max_values_iter()).flatten().any(is_half_nan),
        ColumnIndexMetaData::NONE
        | ColumnIndexMetaData::BOOLEAN(_)
        | ColumnIndexMetaData::INT32(_)
        | ColumnIndexMetaData::INT64(_)
        | ColumnIndexMetaData::INT96(_)
        | ColumnIndexMetaData::BYTE_ARRAY(_) => false,
    }
}

/// Whether two bytes, least significant first, are a NaN of 16 bits (IEEE 754 binary16).
fn is_half_nan(bytes: &[u8]) -> bool {
    let [low, high] = bytes else { return false };
    high & 0x7c == 0x7c && (high & 0x03 != 0 || *low != 0)
}
