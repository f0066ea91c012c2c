//! A snapshot's rows as a profile reads them: some columns at a time, file after file, on the thread that asks.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use crate::error::{Error, Kind, Result};
use crate::snapshot::columnar::{self, Form};
use crate::snapshot::fetch::Raw;
use crate::snapshot::foreign;
use crate::snapshot::inplace;
use crate::snapshot::partitions::repeated;
use crate::snapshot::stop::Stop;
use crate::snapshot::write::parquet_error;

/// Rows that are read at a time, when they are not long.
const BATCH: usize = 8192;

/// Bytes that rows read at a time have, about.
const BATCH_BYTES: usize = 32 << 20;

/// The files of one snapshot, on this machine.
pub(in crate::snapshot) struct Files {
    pub(in crate::snapshot) paths: Vec<PathBuf>,
    pub(in crate::snapshot) kind: FileKind,
    pub(in crate::snapshot) schema: SchemaRef,
    /// See [`crate::snapshot::Snapshot::partitions`].
    pub(in crate::snapshot) partitions: Option<RecordBatch>,
    /// Published files among them, which must not change while they are read.
    pub(in crate::snapshot) raws: Vec<Raw>,
}

/// What the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::snapshot) enum FileKind {
    Parquet,
    Arrow,
}

impl Files {
    /// The types of these columns. [`Kind::Descriptor`] when there is none of a name.
    pub(super) fn fields(&self, names: &[String]) -> Result<Vec<Arc<Field>>> {
        let field = |name: &String| {
            let found = self.schema.fields().iter().find(|f| f.name() == name).map(Arc::clone);
            found.ok_or_else(|| {
                Error::new(Kind::Descriptor, format!("a key is declared over column \"{name}\", which is not in the table"))
            })
        };
        names.iter().map(field).collect()
    }

    /// [`Kind::SourceChanged`] when a published file is not what it was when it was found.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        self.raws.iter().try_for_each(Raw::check_unchanged)
    }

    /// Hands these columns to `take`, batch by batch in the order of the rows, until it answers false. A column that a file lacks is NULL there.
    pub(super) fn each(
        &self,
        columns: &[Arc<Field>],
        stop: &Stop,
        mut take: impl FnMut(&[ArrayRef]) -> Result<bool>,
    ) -> Result<()> {
        for (file, path) in self.paths.iter().enumerate() {
            let of_file = |batch: &RecordBatch, take: &mut dyn FnMut(&[ArrayRef]) -> Result<bool>| {
                stop.check()?;
                let arrays = columns.iter().map(|c| self.column(file, batch, c)).collect::<Result<Vec<_>>>()?;
                take(&arrays)
            };
            match self.kind {
                FileKind::Parquet => {
                    let file = File::open(path).map_err(|e| Error::from(e).within(path.display()))?;
                    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(parquet_error)?;
                    let metadata = match inplace::micros(&metadata) {
                        Some(schema) => {
                            let options = ArrowReaderOptions::new().with_schema(schema);
                            ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(parquet_error)?
                        }
                        None => metadata,
                    };
                    let roots = wanted(metadata.schema(), columns);
                    let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
                    let at_once = rows_at_once(widest(metadata.metadata(), &mask));
                    let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                        .with_projection(mask)
                        .with_batch_size(at_once)
                        .build()
                        .map_err(parquet_error)?;
                    while let Some(batch) = guarded(path, || Ok(reader.next()))? {
                        let batch = batch.map_err(|e| Error::new(Kind::SourceInvalid, e.to_string()))?;
                        if !of_file(&batch, &mut take)? {
                            return Ok(());
                        }
                    }
                }
                FileKind::Arrow => {
                    let mut rows = columnar::Rows::open(Form::Arrow, path)?;
                    while let Some(batch) = guarded(path, || rows.next())? {
                        let at_once = rows_at_once(batch.get_array_memory_size() / batch.num_rows().max(1));
                        for start in (0..batch.num_rows()).step_by(at_once) {
                            let slice = batch.slice(start, at_once.min(batch.num_rows() - start));
                            if !of_file(&slice, &mut take)? {
                                return Ok(());
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A batch's column in the table's type.
    fn column(&self, file: usize, batch: &RecordBatch, field: &Field) -> Result<ArrayRef> {
        if let Some(array) = batch.column_by_name(field.name()) {
            return columnar::widened(array, field.data_type());
        }
        let told = self.partitions.as_ref().and_then(|values| Some((values, values.schema_ref().index_of(field.name()).ok()?)));
        match told {
            Some((values, column)) => repeated(values, column, file, batch.num_rows()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        }
    }
}

/// Runs a step of a decoder, which may panic on bytes that make no sense.
fn guarded<T>(path: &Path, step: impl FnOnce() -> Result<T>) -> Result<T> {
    let senseless = |_| Error::new(Kind::SourceInvalid, format!("{} can't be read: its content makes no sense", path.display()));
    foreign::step(step).map_err(senseless)?
}

/// How many rows of so many bytes are read at a time.
fn rows_at_once(bytes: usize) -> usize {
    (BATCH_BYTES / bytes.max(1)).clamp(1, BATCH)
}

/// The bytes of a row of the row group whose rows are the longest, as its footer tells: with texts that a dictionary keeps once as long as
/// they are in each row.
fn widest(metadata: &ParquetMetaData, mask: &ProjectionMask) -> usize {
    let bytes =
        |column: &ColumnChunkMetaData| column.uncompressed_size().max(column.unencoded_byte_array_data_bytes().unwrap_or(0));
    let of_row = |group: &RowGroupMetaData| {
        let read = group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf));
        read.map(|(_, column)| bytes(column)).fold(0, i64::saturating_add) / group.num_rows().max(1)
    };
    let widest = metadata.row_groups().iter().map(of_row).max().unwrap_or(0);
    usize::try_from(widest).unwrap_or(0)
}

/// The places of these columns among those of a file.
fn wanted<'a>(schema: &'a Schema, columns: &'a [Arc<Field>]) -> impl Iterator<Item = usize> + 'a {
    let place = |c: &Arc<Field>| schema.fields().iter().position(|f| f.name() == c.name());
    columns.iter().filter_map(place)
}

/// Whether values of the type have an order and a text of their own.
pub(super) fn is_measured(data_type: &DataType) -> bool {
    !data_type.is_nested() && *data_type != DataType::Null
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use parquet::arrow::ArrowWriter;

    use super::*;

    #[test]
    fn long_texts_are_read_a_few_at_a_time() {
        let text = "x".repeat(64 << 10);
        let texts = Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(&text, 2_000))) as ArrayRef;
        let numbers = Arc::new(Int64Array::from_iter_values(0..2_000)) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("number", numbers), ("text", texts)]).expect("two columns");
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        let mut writer = ArrowWriter::try_new(file.as_file_mut(), batch.schema(), None).expect("opens");
        writer.write(&batch).and_then(|()| writer.close()).expect("writes");
        let (kind, schema) = (FileKind::Parquet, batch.schema());
        let schema_of = Arc::clone(&schema);
        let files = Files { paths: vec![file.path().to_owned()], kind, schema: schema_of, partitions: None, raws: Vec::new() };
        for (columns, most) in [(&schema.fields()[..1], 2_000), (&schema.fields()[..], BATCH_BYTES / text.len())] {
            let mut lengths = Vec::new();
            files
                .each(columns, &Stop::default(), |arrays| {
                    lengths.push(arrays[0].len());
                    Ok(true)
                })
                .expect("is read");
            assert_eq!(lengths.iter().sum::<usize>(), 2_000);
            assert!(lengths[0] <= most && lengths[0] * 2 > most, "{lengths:?}");
        }
    }
}
