//! The rejects of every snapshot of a table that stands, each snapshot opened when its rejects are asked for. How they are written, and
//! which snapshots stay, is not decided here.

use std::sync::Arc;
use std::time::Instant;

use super::Reject;
use super::make::Maker;
use super::state::{Record, TablePath};
use crate::catalog::TableEntry;
use crate::error::Result;

/// A snapshot that stands and has rejects, which were not opened yet.
pub struct Rejected {
    maker: Arc<Maker>,
    table: TablePath,
    record: Record,
}

impl Rejected {
    /// The snapshot's id.
    pub fn snapshot(&self) -> &str {
        &self.record.id
    }

    /// Its rejects, in the order of the source, read from their file one by one, so that the iterator blocks; the snapshot is in use as
    /// long as it lives. `None` when the snapshot is not whole any more or was removed since it was listed: it can't be read either.
    /// [`crate::error::Kind::Io`] when it stands without the rejects that were counted.
    pub fn open(&self) -> Result<Option<impl Iterator<Item = Result<Reject>> + Send + use<>>> {
        let Some(known) = self.maker.load(&self.table, &self.record, Instant::now())? else {
            tracing::warn!(table = self.table.as_str(), id = self.record.id, "a snapshot is gone, and its rejects with it");
            return Ok(None);
        };
        let (snapshot, rejects) = (Arc::clone(&known.snapshot), known.snapshot.rejects()?);
        Ok(Some(rejects.inspect(move |_| {
            let _in_use = &snapshot;
        })))
    }
}

/// The snapshots of a table that stand and have rejects, newest first. Only the manifest is read.
pub(super) fn of(maker: &Arc<Maker>, table: &TableEntry) -> Result<Vec<Rejected>> {
    let path = TablePath::of(table);
    let records = maker.state.manifest(&path)?.unwrap_or_default().snapshots;
    let rejected = |record| Rejected { maker: Arc::clone(maker), table: path.clone(), record };
    Ok(records.into_iter().rev().filter(|r| r.rejects > 0).map(rejected).collect())
}
