//! Parts: the Parquet files of a snapshot, put together of columns that were encoded elsewhere. What the rows mean, and how they are laid
//! out, is not known here.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::file::metadata::SortingColumn;
use parquet::file::writer::SerializedFileWriter;

use super::WrittenFile;
use super::layout::file_properties;
use super::write::parquet_error;
use crate::error::Result;

/// Bytes of a file, about; then the next part begins.
const PART_BYTES: usize = 1 << 30;

/// Writes parts of one snapshot.
pub(super) struct Parts {
    folder: PathBuf,
    schema: SchemaRef,
    open: Option<SerializedFileWriter<File>>,
    /// The column by which the rows of each row group of the part ascend.
    sorted_by: Option<usize>,
    /// Parts begun so far.
    begun: usize,
    /// Those since the last [`Self::end`].
    done: Vec<WrittenFile>,
}

impl Parts {
    /// Writes `part-0.parquet` and on in `folder`.
    pub(super) fn new(folder: &Path, schema: SchemaRef) -> Self {
        Self { folder: folder.to_owned(), schema, open: None, sorted_by: None, begun: 0, done: Vec::new() }
    }

    fn start_part(&mut self) -> Result<&mut SerializedFileWriter<File>> {
        let path = self.folder.join(format!("part-{}.parquet", self.begun));
        let file = File::create(&path)?;
        let sorting = self.sorted_by.and_then(|column| i32::try_from(column).ok());
        let sorting = sorting.map(|column_idx| vec![SortingColumn { column_idx, descending: false, nulls_first: true }]);
        let properties = file_properties().set_sorting_columns(sorting).build();
        let writer = ArrowWriter::try_new(file, SchemaRef::clone(&self.schema), Some(properties));
        let (writer, _) = writer.and_then(ArrowWriter::into_serialized_writer).map_err(parquet_error)?;
        self.begun += 1;
        self.done.push(WrittenFile { path, bytes: 0, rows: 0 });
        Ok(self.open.insert(writer))
    }

    /// Closes and syncs the part that is open.
    fn end_part(&mut self) -> Result<()> {
        let Some(mut writer) = self.open.take() else { return Ok(()) };
        let footer = writer.finish().map_err(parquet_error)?;
        let file = writer.inner();
        file.sync_all()?;
        let part = self.done.last_mut().expect("a part is open");
        part.rows = u64::try_from(footer.file_metadata().num_rows()).expect("a writer counts rows from 0");
        part.bytes = file.metadata()?.len();
        Ok(())
    }

    /// Adds a row group, given as its columns in the schema's order, and the column that it is sorted by. What it is sorted by is told once
    /// for a file, so that one that is sorted otherwise begins a part.
    pub(super) fn append(&mut self, columns: Vec<ArrowColumnChunk>, sorted_by: Option<usize>) -> Result<()> {
        if self.sorted_by != sorted_by {
            self.end_part()?;
            self.sorted_by = sorted_by;
        }
        let writer = match &mut self.open {
            Some(writer) => writer,
            None => self.start_part()?,
        };
        let mut group = writer.next_row_group().map_err(parquet_error)?;
        for column in columns {
            column.append_to_row_group(&mut group).map_err(parquet_error)?;
        }
        group.close().map_err(parquet_error)?;
        if writer.bytes_written() >= PART_BYTES { self.end_part() } else { Ok(()) }
    }

    /// Ends the part that is open; the parts since the last call, whole and synced, with the rows that their footers tell.
    pub(super) fn end(&mut self) -> Result<Vec<WrittenFile>> {
        self.end_part()?;
        Ok(std::mem::take(&mut self.done))
    }

    /// A part without rows, which is what a table without rows has.
    pub(super) fn empty(&mut self) -> Result<Vec<WrittenFile>> {
        self.start_part()?;
        self.end()
    }
}
