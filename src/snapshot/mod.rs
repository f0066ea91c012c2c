//! Snapshots: bytes as published become typed columns, once. Text formats are read whole, typed, and written as Parquet under
//! the state folder; Parquet and Arrow files are used where they stand. SQL is unknown here.

mod build;
mod cells;
mod columns;
mod csv;
mod decode;
mod describe;
mod fetch;
mod inplace;
mod json;
mod make;
mod manifest;
mod names;
mod prepare;
mod records;
mod stop;
mod touch;
mod types;
mod unpack;
mod write;

pub use describe::columns;
pub use manifest::ReadAs;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::catalog::TableEntry;
use crate::error::Result;
use crate::store::{Object, Stores};

/// Metadata keys on the fields of a snapshot's schema.
pub mod field_key {
    /// The column's description, title and unit as one comment.
    pub const COMMENT: &str = "stoa.comment";
    /// The name in the file, where it differs from the column's.
    pub const ORIGINAL_NAME: &str = "stoa.original_name";
    /// The unit as published.
    pub const UNIT: &str = "stoa.unit";
    /// What the text holds, where the Arrow type does not tell: `json`, `wkt`.
    pub const LOGICAL: &str = "stoa.logical";
}

/// Where and how snapshots are made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state folder.
    pub state: PathBuf,
    /// How long an answer about a remote source's identity is believed.
    pub revalidate: std::time::Duration,
    /// The largest decompressed size of one file, in bytes.
    pub max_file_bytes: u64,
    /// The most columns of a table.
    pub max_columns: usize,
    /// The longest field, in bytes.
    pub max_field_bytes: usize,
}

impl Options {
    /// The defaults over a state folder: a file that unpacks without end, a line without end, and a table that no plan takes are refused
    /// before they fill the disk or the memory.
    pub fn new(state: PathBuf) -> Self {
        Self {
            state,
            revalidate: std::time::Duration::from_secs(60),
            max_file_bytes: 1 << 40,
            max_columns: 10_000,
            max_field_bytes: 16 << 20,
        }
    }
}

/// Hears how a first touch goes; called from the reading thread, must not block.
pub type Progress = Arc<dyn Fn(ProgressEvent) + Send + Sync>;

/// One step of a first touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgressEvent {
    /// Reading began: the table, its files and bytes.
    Started { table: String, files: usize, bytes: u64 },
    /// Bytes of the source read so far.
    Read { table: String, bytes: u64 },
    /// The snapshot stands.
    Finished { table: String, rows: u64, rejects: u64 },
    /// Something the user should know: a stale snapshot is served, a code was taken as missing.
    Warning { table: String, message: String },
}

/// The snapshots of one state folder.
pub struct Snapshots {
    touches: touch::Touches,
}

/// One immutable version of a table.
#[derive(Debug)]
pub struct Snapshot {
    /// Unique for a table's content and layout.
    pub id: String,
    pub schema: SchemaRef,
    pub layout: Layout,
    /// Rows in the table.
    pub rows: u64,
    /// Records read from the source: `rows` plus those rejected whole.
    pub rows_read: u64,
    /// Cells and rows that did not fit, each with its reason.
    pub rejects: u64,
    /// Where the rejects are, when there are any.
    pub rejects_file: Option<PathBuf>,
    /// RFC 3339.
    pub created: String,
    /// How its files were read; none when they are scanned in place.
    pub read: Vec<ReadAs>,
}

/// Where a snapshot's rows are.
#[derive(Debug)]
pub enum Layout {
    /// Parquet files of ours under the state folder, in row order.
    Written(Vec<WrittenFile>),
    /// Published Parquet files, scanned in place.
    Parquet(Vec<Object>),
    /// Published Arrow IPC files, scanned in place.
    Arrow(Vec<Object>),
}

/// A Parquet file of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub rows: u64,
}

/// A source row or cell that did not fit, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub file: String,
    /// 1-based line of the (decoded) file where the record starts.
    pub line: u64,
    /// `None` when the whole row is rejected.
    pub column: Option<String>,
    pub raw: String,
    pub expected: String,
    pub reason: String,
}

impl Snapshots {
    /// Opens the state folder, made when absent; what a killed write left is removed.
    pub fn open(stores: Arc<Stores>, options: Options) -> Result<Self> {
        Ok(Self { touches: touch::Touches::new(make::Maker::open(stores, options)?) })
    }

    /// The snapshot of the source as it is now: the last one while the source's identity is the same, else a new one. Touches at the
    /// same time share one read; a caller that goes away does not stop it, the end of this `Snapshots` does ([`crate::error::Kind::Shutdown`]). When the source can't be read and there is a snapshot of
    /// it, that one is served with a [`ProgressEvent::Warning`]. To be called within a tokio runtime.
    pub async fn current(&self, table: &TableEntry, progress: Option<Progress>) -> Result<Arc<Snapshot>> {
        self.touches.current(table, progress).await
    }

    /// The last good snapshot without asking the source; `None` before the first touch.
    pub fn last(&self, table: &TableEntry) -> Result<Option<Arc<Snapshot>>> {
        self.touches.last(table)
    }

    /// The rejects of a snapshot, in the order of the source. They are read from its file one by one, so the iterator blocks.
    pub fn rejects(&self, snapshot: &Snapshot) -> Result<impl Iterator<Item = Result<Reject>> + Send + use<>> {
        let read = snapshot.rejects_file.as_deref().map(write::Rejects::read).transpose()?;
        Ok(read.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests;
