//! The state: where snapshots lie, and how one becomes visible at once or not at all, also when several processes write. There are two
//! kinds, a folder ([`local`]) and a bucket ([`bucket`]), and this file says what both keep to. How snapshots are made, and which
//! of them are old, is not known here.
//!
//! Below `<state>/snapshots/<catalog>/<schema>/<table>/` there are a folder for each snapshot, whose files never change, and the manifest,
//! which names those that are to be found. The rules:
//!
//! - *Visible at once*: a snapshot is written in a folder aside, then moved (or uploaded) whole under its own name, then the manifest is
//!   replaced in one step. A process that is killed anywhere on this way leaves the old manifest and a folder that nobody names.
//! - *Two writers*: in a folder, the table is locked for the whole making, so that the second finds what the first made. In a bucket both
//!   make theirs, and the manifest is replaced on condition that it is still the one that was read (`If-Match`, `If-None-Match`): who comes
//!   second reads it again, takes a snapshot of the same files and drops his own, or adds his to it.
//! - *In use*: a snapshot that any process reads is not removed. In a folder each process marks what it reads ([`uses`]). In a bucket
//!   nobody can be asked, so that time takes the place of marks: a snapshot's record goes first and its files a grace later; a process
//!   looks at a table's manifest anew when it has known it for a quarter of that time ([`State::believed`]); and so a statement that runs shorter
//!   than half of the grace always finds its files. A longer one may end in an error, never in other rows.
//! - *What nobody names* (a process was killed before the manifest named it) is removed with the old ones, a grace after it was written.

mod bucket;
mod local;
mod record;
mod staging;
mod uses;
mod written;

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;

pub(super) use self::bucket::Bucket;
pub(super) use self::local::Local;
pub use self::record::ReadAs;
pub(super) use self::record::{Failed, Identity, Manifest, Part, Record, Rows, Source, TablePath};
pub(super) use self::staging::Staging;
pub(super) use self::uses::Use;
pub use self::written::{WrittenTable, written};
use super::Layout;
use crate::error::Result;

/// Chooses by their ids, of a table's records, oldest first, those that are to go.
pub(super) type Choose<'a> = &'a (dyn Fn(&[Record]) -> Vec<String> + Sync);

/// Changes a manifest; `false` when nothing is to be changed.
pub(super) type Change<'a> = &'a (dyn Fn(&mut Manifest) -> bool + Sync);

/// Where the snapshots of all tables are. Every call blocks: it reads and writes files, or waits for a bucket.
pub(super) trait State: Send + Sync + fmt::Debug {
    /// How long a manifest that was read may be believed before it must be read again; `None` for ever, since what is in use stays.
    fn believed(&self) -> Option<Duration>;

    /// A new folder of this machine to write a snapshot in.
    fn stage(&self) -> Result<Staging>;

    /// The right to change a table's manifest; `None` where, in a folder, another process has it. It does not wait: who does is to ask
    /// again, and to end when it is stopped.
    fn try_turn(&self, table: &TablePath) -> Result<Option<Turn>>;

    /// The tables that have snapshots, by their paths.
    fn tables(&self) -> Result<Vec<TablePath>>;

    /// The table's manifest; `None` before its first snapshot, or when it can't be read any more.
    fn manifest(&self, table: &TablePath) -> Result<Option<Manifest>>;

    /// Moves what was staged to its place and adds `record` to the manifest, which makes it visible. The record that stands then: this
    /// one, or that of another process that made a snapshot of the same files meanwhile. [`crate::error::Kind::SourceChanged`] when
    /// an older snapshot that it shares parts with is gone, or these parts are. On an error nothing is visible, and what was moved is removed, now or later.
    fn publish(&self, turn: &Turn, staging: Staging, record: Record) -> Result<Record>;

    /// Replaces the manifest by what `change` makes of it; `change` is asked again when another process changed it meanwhile.
    fn change(&self, turn: &Turn, change: Change<'_>) -> Result<()>;

    /// The snapshot of a record, in use until [`Opened::held`] is dropped; `None` when its files are not as they were written.
    fn open(&self, table: &TablePath, record: &Record) -> Result<Option<Opened>>;

    /// Takes the snapshots that `choose` names out of the manifest, except the newest and what is in use, and removes the files that no
    /// snapshot needs any more; `choose` is asked again when another process changed the manifest meanwhile.
    fn remove(&self, turn: &Turn, choose: Choose<'_>) -> Result<Vec<Removal>>;

    /// Which of these snapshots of a table are in use, and would stay: none where time keeps what is.
    fn used(&self, turn: &Turn, ids: &[String]) -> Result<Vec<String>>;
}

/// The right to change one table's manifest.
#[derive(Debug)]
pub(super) struct Turn {
    table: TablePath,
    /// Where the kind of state has locks.
    _lock: Option<std::fs::File>,
}

/// A snapshot that was found by its record.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) schema: SchemaRef,
    pub(super) layout: Layout,
    pub(super) files: Arc<dyn Files>,
    /// In use as long as it lives; `None` where time keeps it.
    pub(super) held: Option<Use>,
}

/// A snapshot that [`State::remove`] took away. Deleting takes its time, and in a folder it is done when this is dropped: after the turn,
/// if the caller likes.
#[derive(Debug)]
pub(super) struct Removal {
    /// Its record; `None` for a folder that no manifest named.
    pub(super) record: Option<Record>,
    /// Bytes that go with it, in a bucket a grace later.
    pub(super) freed: u64,
    _aside: Option<Staging>,
}

/// The files beside a snapshot's parts, such as its rejects and its profile.
pub(super) trait Files: Send + Sync + fmt::Debug {
    /// The file of this name, to be read from the start, blocking; `None` when there is none.
    fn read(&self, name: &str) -> Result<Option<Box<dyn Read + Send>>>;
}

#[cfg(test)]
pub(super) mod tests;
