//! Parquet that can't be scanned where it stands, as in an archive: its rows as record batches, row group by row group. Its footer and
//! pages are held to what they can know as those of a published file are.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use std::sync::Arc;

use super::{BATCH, arrow_fault, fault};
use crate::error::Result;
use crate::name::quoted;
use crate::snapshot::inplace::{ParquetFooter, check_pages};

/// The largest column chunk that is taken, in bytes: it is held to be looked at.
const MAX_CHUNK: u64 = 256 << 20;

/// The rows of one file.
pub(in crate::snapshot) struct Rows {
    file: File,
    metadata: ArrowReaderMetadata,
    schema: SchemaRef,
    claimed: u64,
    /// The row group that is read, and the ones before it.
    group: Option<ParquetRecordBatchReader>,
    next: usize,
    bytes: u64,
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let at = ParquetFooter::place(size, |start, length| bytes(&mut file, start, length))?;
        let footer = bytes(&mut file, at.start, at.end - at.start)?;
        let footer = ParquetFooter::believed(size, &footer)?;
        let told = footer.told();
        let ParquetFooter { metadata, rows, schema } = footer;
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(fault)?;
        Ok(Self { file, metadata, schema: told, claimed: rows, group: None, next: 0, bytes: 0 })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(group) = &mut self.group
                && let Some(batch) = group.next()
            {
                return batch.map(Some).map_err(arrow_fault);
            }
            let all = Arc::clone(self.metadata.metadata());
            let Some(group) = all.row_groups().get(self.next) else { return Ok(None) };
            self.check(group).map_err(|e| e.within(format!("row group {}", self.next)))?;
            let file = self.file.try_clone()?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![self.next])
                .with_batch_size(BATCH);
            self.group = Some(reader.build().map_err(fault)?);
            self.next += 1;
            self.bytes += u64::try_from(group.compressed_size()).unwrap_or(0);
        }
    }

    /// Looks at the pages of a row group before the decoder does.
    fn check(&mut self, group: &RowGroupMetaData) -> Result<()> {
        for column in group.columns() {
            let name = |column: &ColumnChunkMetaData| quoted(&column.column_path().string());
            let (start, length) = column.byte_range();
            if length > MAX_CHUNK {
                let what = format!("column {} has {length} bytes, and more than {MAX_CHUNK} are not taken at once", name(column));
                return Err(fault(what).with_hint("Publish the file unpacked, or with smaller row groups."));
            }
            let chunk = bytes(&mut self.file, start, length)?;
            let values = u64::try_from(column.num_values()).unwrap_or(0);
            check_pages(&chunk, values).map_err(|what| fault(format!("column {}: {what}", name(column))))?;
        }
        Ok(())
    }

    pub(super) fn claimed(&self) -> u64 {
        self.claimed
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Bytes that were seen to lie within the file.
fn bytes(file: &mut File, start: u64, length: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| fault("it is too large"))?];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
