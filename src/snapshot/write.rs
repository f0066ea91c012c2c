//! Writing: record batches as Parquet files laid out for scans, and rejects as lines of JSON, both streaming. What the rows mean
//! is not known here.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use super::columns::SOURCE_ROW;
use super::field_key::HIDDEN;
use super::layout::{GROUP_ROWS, file_properties};
use super::{Reject, WrittenFile};
use crate::error::{Error, Kind, Result};

/// Encoded bytes of a row group, about.
const GROUP_BYTES: usize = 128 << 20;

/// Bytes of a file, about; then the next part begins.
const PART_BYTES: usize = 1 << 30;

/// Writes the parts of one snapshot.
pub(super) struct Sink {
    folder: PathBuf,
    schema: SchemaRef,
    properties: WriterProperties,
    open: Option<ArrowWriter<File>>,
    parts: Vec<WrittenFile>,
}

impl Sink {
    /// A sink for `part-0.parquet` and on in `folder`.
    pub(super) fn new(folder: &Path, schema: SchemaRef) -> Result<Self> {
        // Lines grow by one or two from row to row, so their differences take next to nothing.
        let lines = schema.fields().iter().find(|f| f.metadata().get(HIDDEN).is_some_and(|what| what == SOURCE_ROW));
        let mut properties = file_properties();
        if let Some(lines) = lines.map(|field| ColumnPath::new(vec![field.name().clone()])) {
            properties = properties
                .set_column_dictionary_enabled(lines.clone(), false)
                .set_column_encoding(lines, Encoding::DELTA_BINARY_PACKED);
        }
        let properties = properties.set_max_row_group_row_count(Some(GROUP_ROWS)).build();
        let mut sink = Self { folder: folder.to_owned(), schema, properties, open: None, parts: Vec::new() };
        sink.start_part()?;
        Ok(sink)
    }

    fn start_part(&mut self) -> Result<()> {
        let path = self.folder.join(format!("part-{}.parquet", self.parts.len()));
        let file = File::create(&path)?;
        let writer = ArrowWriter::try_new(file, SchemaRef::clone(&self.schema), Some(self.properties.clone()));
        self.open = Some(writer.map_err(parquet_error)?);
        self.parts.push(WrittenFile { path, bytes: 0, rows: 0 });
        Ok(())
    }

    fn end_part(&mut self) -> Result<()> {
        let Some(mut writer) = self.open.take() else { return Ok(()) };
        let footer = writer.finish().map_err(parquet_error)?;
        let file = writer.inner();
        file.sync_all()?;
        let part = self.parts.last_mut().expect("a part is open");
        part.rows = u64::try_from(footer.file_metadata().num_rows()).unwrap_or(0);
        part.bytes = file.metadata()?.len();
        Ok(())
    }

    /// Adds rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(writer) = &mut self.open else { return Err(Error::new(Kind::Internal, "a batch after the last one")) };
        writer.write(batch).map_err(parquet_error)?;
        if writer.in_progress_size() >= GROUP_BYTES {
            writer.flush().map_err(parquet_error)?;
        }
        if writer.bytes_written() >= PART_BYTES && writer.in_progress_rows() == 0 {
            self.end_part()?;
            self.start_part()?;
        }
        Ok(())
    }

    /// Closes and syncs the last part; all parts, with the rows that their footers tell. A table without rows has one part.
    pub(super) fn finish(mut self) -> Result<Vec<WrittenFile>> {
        self.end_part()?;
        Ok(self.parts)
    }
}

/// A Parquet error in our kinds: a full disk stays one.
pub(super) fn parquet_error(e: ParquetError) -> Error {
    let full = match &e {
        ParquetError::External(inner) => {
            inner.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull)
        }
        _ => e.to_string().contains("No space left on device"),
    };
    Error::new(if full { Kind::DiskFull } else { Kind::Io }, e.to_string()).caused_by(e)
}

/// A reject as it is stored.
#[derive(Serialize, Deserialize)]
struct Line {
    file: String,
    line: u64,
    column: Option<String>,
    raw: String,
    expected: String,
    reason: String,
}

/// Writes rejects as they come; no file is made when there are none.
pub(super) struct Rejects {
    path: PathBuf,
    out: Option<BufWriter<File>>,
    count: u64,
}

impl Rejects {
    /// The file's name within a snapshot's folder.
    pub(super) const FILE: &str = "rejects.ndjson";

    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join(Self::FILE), out: None, count: 0 }
    }

    pub(super) fn push(&mut self, reject: Reject) -> Result<()> {
        let out = match &mut self.out {
            Some(out) => out,
            None => self.out.insert(BufWriter::new(File::create(&self.path)?)),
        };
        let Reject { file, line, column, raw, expected, reason } = reject;
        serde_json::to_writer(&mut *out, &Line { file, line, column, raw, expected, reason }).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        self.count += 1;
        Ok(())
    }

    /// How many there were.
    pub(super) fn finish(mut self) -> Result<u64> {
        if let Some(out) = &mut self.out {
            out.flush()?;
            out.get_ref().sync_all()?;
        }
        Ok(self.count)
    }

    /// The rejects in the file of the snapshot `id`, in order, each read when it is asked for.
    pub(super) fn read(file: Box<dyn Read + Send>, id: &str) -> impl Iterator<Item = Result<Reject>> + Send + use<> {
        let id = id.to_owned();
        BufReader::new(file).lines().map(move |line| {
            let line = line.and_then(|l| serde_json::from_str(&l).map_err(std::io::Error::from));
            let Line { file, line, column, raw, expected, reason } =
                line.map_err(|e| Error::from(e).within(format!("{} of snapshot {id}", Self::FILE)))?;
            Ok(Reject { file, line, column, raw, expected, reason })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        for (error, kind) in [
            (ParquetError::External(Box::new(full())), Kind::DiskFull),
            (ParquetError::General("No space left on device (os error 28)".to_owned()), Kind::DiskFull),
            (ParquetError::General("x".to_owned()), Kind::Io),
        ] {
            assert_eq!(parquet_error(error).kind(), kind);
        }
        assert_eq!(Error::from(full()).kind(), Kind::DiskFull);
    }

    #[test]
    fn rejects_come_back_as_they_went() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let reject = |column: Option<&str>| Reject {
            file: "f".into(),
            line: 7,
            column: column.map(str::to_owned),
            raw: "\"x\n".into(),
            expected: "integer".into(),
            reason: "is not".into(),
        };
        let mut out = Rejects::new(folder.path());
        let all = [reject(None), reject(Some("a"))];
        all.iter().cloned().for_each(|r| out.push(r).expect("is written"));
        assert_eq!(out.finish().expect("is synced"), 2);
        let file = File::open(folder.path().join(Rejects::FILE)).expect("is there");
        let read = Rejects::read(Box::new(file), "s");
        assert_eq!(read.collect::<Result<Vec<_>>>().expect("is read"), all);
    }
}
