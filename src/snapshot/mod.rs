//! Snapshots: bytes as published become typed columns, once. Text formats are read whole, typed, and written as Parquet under
//! the state folder; Parquet and Arrow files are used where they stand. SQL is unknown here.

mod archive;
mod build;
mod cells;
mod columnar;
mod columns;
mod csv;
mod decode;
mod describe;
mod drift;
mod fetch;
mod geo;
mod inplace;
mod json;
mod lanes;
mod layout;
mod ledger;
mod make;
mod manifest;
mod names;
mod nontext;
mod parts;
mod pass;
mod prepare;
mod profile;
mod records;
mod rename;
mod sheet;
mod spool;
mod stop;
mod tags;
mod touch;
mod types;
mod write;

pub use describe::columns;
pub use manifest::ReadAs;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

pub use drift::{Drift, DriftKind};

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
    /// The codes that mean "no value", each with its reason when one is given: Data Package's `missingValues`, as JSON.
    pub const MISSING: &str = "stoa.missing";
    /// What the text holds, where the Arrow type does not tell: `json`, `wkt`.
    pub const LOGICAL: &str = "stoa.logical";
    /// On columns that only statements see which name them: `_source_file`, `_source_row`, or `reason`.
    pub const HIDDEN: &str = "stoa.hidden";
    /// On a hidden column of reasons: the column whose NULLs it explains.
    pub const EXPLAINS: &str = "stoa.explains";
    /// Of a column of geometries: their coordinate reference system in well-known text, as published.
    pub const CRS: &str = "stoa.crs";
}

/// Where and how snapshots are made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state folder.
    pub state: PathBuf,
    /// How long an answer about a remote source's identity is believed.
    pub revalidate: std::time::Duration,
    /// How long one first touch or refresh may take, from its first byte to its snapshot; zero is no limit.
    pub touch_timeout: std::time::Duration,
    /// The largest size of one file or member of an archive, as published and unpacked, in bytes.
    pub max_file_bytes: u64,
    /// The most that one published file may unpack to, in bytes: all its members and packings together.
    pub max_archive_bytes: u64,
    /// How many times its own size a published file may unpack to, when that is more than 64 MB.
    pub max_ratio: u64,
    /// The most members of an archive.
    pub max_members: usize,
    /// The most packings around a file: a CSV in gzip in a zip archive is in two.
    pub max_nesting: usize,
    /// The most columns of a table.
    pub max_columns: usize,
    /// The longest field, in bytes.
    pub max_field_bytes: usize,
    /// Whether new snapshots are measured in the background (see [`Profile`]); they are when somebody asks in any case.
    pub profile: bool,
}

impl Options {
    /// The defaults over a state folder: a file that unpacks without end, a line without end, and a table that no plan takes are refused
    /// before they fill the disk or the memory. Published text packs 3 to 30 times smaller, and sparse grids 200 times; deflate reaches
    /// 1032 times on a single repeated byte.
    pub fn new(state: PathBuf) -> Self {
        Self {
            state,
            revalidate: std::time::Duration::from_secs(60),
            touch_timeout: std::time::Duration::from_secs(6 * 3600),
            max_file_bytes: 1 << 40,
            max_archive_bytes: 1 << 40,
            max_ratio: 500,
            max_members: 100_000,
            max_nesting: 4,
            max_columns: 10_000,
            max_field_bytes: 16 << 20,
            profile: true,
        }
    }
}

pub use columnar::is_believable;
pub use inplace::check_pages;
pub use profile::{ColumnProfile, KeyProfile, Profile, ReferenceProfile, TopValue};

/// The names of the files in a local archive, by its directory or headers alone, with `/` between their parts. `None` for what is no
/// archive, for one that would have to be unpacked to be listed (`.tar.gz`), and for office documents. The errors are those of the
/// first touch: an archive that can't be read, or that holds more than `options` allow.
pub fn members(path: &std::path::Path, options: &Options) -> Result<Option<Vec<String>>> {
    archive::list(path, options)
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
    /// The columns of the files; hidden ones ([`field_key::HIDDEN`]) stand last.
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
    /// How the files that it was made of differ.
    pub drift: Vec<Drift>,
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

/// A declared foreign key, and the snapshot of the table that it refers to.
pub struct ProfiledReference {
    pub columns: Vec<String>,
    pub target: Arc<TableEntry>,
    pub target_columns: Vec<String>,
    pub snapshot: Arc<Snapshot>,
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

    /// The profile that is kept of a snapshot; `None` when there is none yet.
    pub fn profile(&self, table: &TableEntry, snapshot: &Snapshot) -> Result<Option<Profile>> {
        self.touches.maker().profile(table, snapshot)
    }

    /// The profile of a snapshot with these foreign keys in it, measured now when it is not yet. It takes passes over all rows; published files
    /// that are not of this machine are fetched for it. To be called within a tokio runtime.
    pub async fn measured(
        &self,
        table: &TableEntry,
        snapshot: &Arc<Snapshot>,
        references: Vec<ProfiledReference>,
    ) -> Result<Profile> {
        self.touches.maker().measured(table, snapshot, references).await
    }

    /// The rejects of a snapshot, in the order of the source. They are read from its file one by one, so the iterator blocks.
    pub fn rejects(&self, snapshot: &Snapshot) -> Result<impl Iterator<Item = Result<Reject>> + Send + use<>> {
        let read = snapshot.rejects_file.as_deref().map(write::Rejects::read).transpose()?;
        Ok(read.into_iter().flatten())
    }
}

/// The sheets of a workbook on this machine that are tables, in its order: those that are visible and hold something. `None` when the
/// file is no workbook. What `options` bound is bounded here too; it blocks.
pub fn sheets(path: &std::path::Path, options: &Options) -> Result<Option<Vec<String>>> {
    let Some(office) = sheet::office(path)? else { return Ok(None) };
    let url = path.to_string_lossy();
    let stop = stop::Stop::default();
    sheet::sheets(sheet::Source { path, url: &url, options, stop: &stop }, office).map(Some)
}

#[cfg(test)]
mod tests;
