//! Snapshots: bytes as published become typed columns, once. Text formats are read whole, typed, and written as Parquet under
//! the state folder; Parquet and Arrow files are used where they stand. SQL is unknown here.

mod archive;
mod before;
mod build;
mod cells;
mod columnar;
mod columns;
mod csv;
mod decode;
mod describe;
mod drift;
mod fetch;
pub mod foreign;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod geo;
mod inplace;
mod inside;
mod json;
mod known;
mod lanes;
mod layout;
mod ledger;
mod listing;
mod look;
mod make;
mod names;
mod nontext;
mod order;
mod partitions;
mod parts;
mod pass;
mod prepare;
mod profile;
mod raw;
mod records;
mod rejected;
mod rename;
mod retain;
mod sheet;
mod spool;
mod stand_in;
mod state;
mod stop;
mod tags;
mod touch;
mod types;
mod work;
mod write;

pub use columnar::is_believable;
pub use describe::columns;
pub use drift::{Drift, DriftKind};
pub use inplace::{check_pages, footers_at_once};
pub use inside::{at_hand, members, members_unpacked, sheets};
pub use listing::{Listed, Stale, Standing};
pub use profile::{ColumnProfile, Hears, KeyProfile, Profile, ReferenceProfile, TopValue};
pub use rejected::Rejected;
pub use state::{ReadAs, WrittenTable, written};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};

use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::store::{Object, Place, Stores};

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
    /// On a boolean that the file writes in other words than `true` and `false`: the one for yes and the one for no, in any case,
    /// with a space between them.
    pub const WORDS: &str = "stoa.words";
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
    /// Where snapshots are kept.
    pub state: Place,
    /// A folder of this machine for what is being written, where the state is none itself.
    pub cache: PathBuf,
    /// How long the files of a snapshot outlive it where nobody can be asked who reads them (`state` has the rules), and how
    /// long what a killed process left is let be.
    pub grace: Duration,
    /// How long an answer about a remote source's identity is believed.
    pub revalidate: Duration,
    /// How long one first touch or refresh may take, from its first byte (or its wait for another process that reads the same table) to
    /// its snapshot; zero is no limit.
    pub touch_timeout: Duration,
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
    /// Which old snapshots of a table go when a new one is made.
    pub retention: Retention,
    /// Whether the bytes as received are kept beside what was made of them.
    pub keep_raw: bool,
    /// Whether new snapshots are measured in the background (see [`Profile`]); they are when somebody asks in any case.
    pub profile: bool,
}

/// Which old snapshots of a table go: those that are neither among the newest nor were replaced lately. The current one, and what any
/// process reads, stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How many of the newest stay; one at least does.
    pub keep: usize,
    /// How long one stays after another took its place.
    pub older_than: Duration,
}

impl Default for Retention {
    /// The ten newest: enough to compare with yesterday, and a bound on the disk whatever a source does.
    fn default() -> Self {
        Self { keep: 10, older_than: Duration::ZERO }
    }
}

impl Options {
    /// The defaults over a state folder: a file that unpacks without end, a line without end, and a table that no plan takes are refused
    /// before they fill the disk or the memory. Published text packs 3 to 30 times smaller, and sparse grids 200 times; deflate reaches
    /// 1032 times on a single repeated byte.
    pub fn new(state: PathBuf) -> Self {
        Self {
            state: Place::Folder(state.clone()),
            cache: state,
            grace: Duration::from_secs(3600),
            revalidate: Duration::from_secs(60),
            touch_timeout: Duration::from_secs(6 * 3600),
            max_file_bytes: 1 << 40,
            max_archive_bytes: 1 << 40,
            max_ratio: 500,
            max_members: 100_000,
            max_nesting: 4,
            max_columns: 10_000,
            max_field_bytes: 16 << 20,
            retention: Retention::default(),
            keep_raw: false,
            profile: true,
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
    /// Something the user should know: an encoding was guessed, a stale snapshot is served.
    Warning { table: String, message: String },
}

/// The snapshots of one state.
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
    /// RFC 3339.
    pub created: String,
    /// How the files that it was made of differ.
    pub drift: Vec<Drift>,
    /// How its files were read; none when they are scanned in place.
    pub read: Vec<ReadAs>,
    /// The columns that the descriptor requires, and in which no value is missing.
    pub required: Vec<String>,
    /// Of files that are scanned in place, what their folders tell: a row for each file, of the columns behind the files' own.
    pub partitions: Option<RecordBatch>,
    /// Of published Parquet that is scanned in place, how long the longest footer is; 0 for others, whose footers are ours or none.
    pub footer_bytes: u64,
    /// What stands beside the parts of one that is written.
    files: Option<Arc<dyn state::Files>>,
    /// Keeps it from being removed.
    _held: Option<state::Use>,
}

impl Snapshot {
    /// See [`Snapshots::rejects`].
    fn rejects(&self) -> Result<impl Iterator<Item = Result<Reject>> + Send + use<>> {
        let file = match &self.files {
            Some(files) if self.rejects > 0 => {
                let gone = || {
                    let message =
                        format!("{} of snapshot {} is gone, with its {} rejects", write::Rejects::FILE, self.id, self.rejects);
                    Error::new(Kind::Io, message)
                        .with_hint("Remove the snapshot's folder from the state; its files are read again then.")
                };
                Some(files.read(write::Rejects::FILE)?.ok_or_else(gone)?)
            }
            Some(_) | None => None,
        };
        Ok(file.map(|file| write::Rejects::read(file, &self.id)).into_iter().flatten())
    }
}

/// Which snapshot of a table is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The one that was current then: the newest that was made at or before it.
    Time(DateTime<Utc>),
    /// The one of this id.
    Snapshot(String),
}

/// What a refresh came to.
#[derive(Clone, Debug)]
pub struct Refreshed {
    pub snapshot: Arc<Snapshot>,
    pub outcome: Outcome,
}

/// Whether a refresh made a new snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The source is what it was.
    Unchanged,
    New,
    /// The source could not be read, and the last good snapshot is served.
    Failed(Stale),
}

/// A snapshot that was removed, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Catalog, schema and table.
    pub table: [String; 3],
    pub snapshot: String,
    pub created: Option<DateTime<Utc>>,
    pub fate: Fate,
}

/// What pruning did with a snapshot that is old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It went, and freed so many bytes.
    Removed { bytes: u64 },
    /// A process reads it.
    InUse,
    /// It was no whole snapshot: a write that was killed left it.
    Leftover { bytes: u64 },
}

/// Where a snapshot's rows are.
#[derive(Debug)]
pub enum Layout {
    /// Parquet files of ours in the state folder, in row order.
    Written(Vec<WrittenFile>),
    /// Parquet files of ours in the state's bucket, in row order.
    Stored(Vec<Object>),
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
    /// Opens the state, a folder being made when absent; what a killed write left is removed. Waits for the answers of a bucket.
    pub fn open(stores: Arc<Stores>, options: Options) -> Result<Self> {
        let state: Arc<dyn state::State> = match &options.state {
            Place::Folder(folder) => Arc::new(state::Local::open(folder, options.grace)?),
            Place::Bucket(url) => Arc::new(state::Bucket::open(url, stores.writable(url)?, &options.cache, options.grace)?),
        };
        Ok(Self { touches: touch::Touches::new(make::Maker::new(stores, state, options)) })
    }

    /// The snapshot of the source as it is now: the last one while the source's identity is the same, else a new one. Touches at the
    /// same time share one read; a caller that goes away does not stop it, the end of this `Snapshots` does
    /// ([`Kind::Shutdown`]). When the source can't be read and there is a snapshot of it, that one is served, and
    /// [`Self::stale`] says why. To be called within a tokio runtime.
    pub async fn current(&self, table: &TableEntry, progress: Option<Progress>) -> Result<Arc<Snapshot>> {
        Ok(Arc::clone(&self.touches.touch(table, progress, touch::Asking::WhenDue).await?.snapshot))
    }

    /// The same, but the source is asked however lately it was, and a version of it that could not be read is tried again.
    pub async fn refresh(&self, table: &TableEntry, progress: Option<Progress>) -> Result<Refreshed> {
        Ok(self.touches.touch(table, progress, touch::Asking::Now).await?.as_ref().clone())
    }

    /// Why the current snapshot, as it was last touched, is not of the source as it is now; `None` when it is. Does no I/O.
    pub fn stale(&self, table: &TableEntry) -> Option<Stale> {
        self.touches.stale(table)
    }

    /// An older snapshot of a table, without asking the source, whatever its descriptor said then. [`Kind::UndefinedObject`], naming the
    /// oldest there is, when it is none of those that stand; [`Kind::SourceChanged`] when its rows are in published files that
    /// have changed since. A table that was never read is read when the time asked for is not past. To be called within a tokio runtime.
    pub async fn as_of(&self, table: &TableEntry, asked: &AsOf) -> Result<Arc<Snapshot>> {
        self.touches.as_of(table, asked).await
    }

    /// Every snapshot of a table that stands, newest first.
    pub fn list(&self, table: &TableEntry) -> Result<Vec<Listed>> {
        self.touches.list(table)
    }

    /// Removes the snapshots of all tables that `of` takes (by catalog, schema and name) which `retention` does not keep and nobody reads,
    /// and what killed writes left. With `dry_run` nothing is removed but what it would be is said. Waits for tables that are being
    /// read at the moment; blocks.
    pub fn prune(&self, retention: &Retention, of: &dyn Fn(&[String; 3]) -> bool, dry_run: bool) -> Result<Vec<Pruned>> {
        self.touches.prune(retention, of, dry_run)
    }

    /// The last good snapshot without asking the source; `None` before the first touch, and after a restart for files that are scanned in
    /// place.
    pub fn last(&self, table: &TableEntry) -> Result<Option<Arc<Snapshot>>> {
        self.touches.last(table)
    }

    /// How the first text of the last good snapshot was read; `None` before the first touch, and of files that are scanned in place. Only
    /// the manifest is read.
    pub fn read_as(&self, table: &TableEntry) -> Result<Option<ReadAs>> {
        self.touches.maker().read_as(table)
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

    /// Has each profile that is made, or asked for by [`Self::measured`], told to `hears`.
    pub fn tell_profiles(&self, hears: Arc<Hears>) {
        self.touches.maker().profiler.tell(hears);
    }

    /// The snapshots of a table that stand and have rejects, newest first, none of them opened. Blocks.
    pub fn rejected(&self, table: &TableEntry) -> Result<Vec<Rejected>> {
        rejected::of(self.touches.maker(), table)
    }

    /// The rejects of a snapshot, in the order of the source. They are read from its file one by one, so the iterator blocks.
    pub fn rejects(&self, snapshot: &Snapshot) -> Result<impl Iterator<Item = Result<Reject>> + Send + use<>> {
        snapshot.rejects()
    }
}

#[cfg(test)]
mod tests;
