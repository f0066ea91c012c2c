//! Stand-ins: what is served where a source can't be read and no snapshot was read by the rules of now, after a descriptor changed or
//! files are read by a newer reader. That the source failed, and why, is said elsewhere.

use std::sync::Arc;
use std::time::Instant;

use super::known::{Known, fingerprint, is_strict, noted, of_same_table};
use super::make::{Heard, Maker, blocking};
use super::state::{Manifest, Record, Rows, TablePath};
use crate::catalog::TableEntry;
use crate::error::{Kind, Result};

impl Maker {
    /// A snapshot of the raw files that were kept, where the source is gone; else the newest that was read by other rules.
    pub(super) async fn stand_in(self: &Arc<Self>, table: &TableEntry, why: Kind, heard: &Heard) -> Option<Known> {
        if matches!(why, Kind::SourceMissing | Kind::SourceUnreachable) {
            match self.remake(table, heard).await {
                Ok(Some(remade)) => return Some(remade),
                Ok(None) => {}
                Err(e) => {
                    tracing::warn!(table = table.name, "no snapshot could be made of the raw files that were kept: {e}");
                }
            }
        }
        let (this, of) = (Arc::clone(self), table.clone());
        blocking(move || this.read_otherwise(&of)).await.unwrap_or_else(|e| {
            tracing::warn!(table = table.name, "no snapshot that was read by other rules can be opened: {e}");
            None
        })
    }

    /// No version of the source is known to be its own, so that it is made anew as soon as that can be read.
    fn read_otherwise(&self, table: &TableEntry) -> Result<Option<Known>> {
        let (path, seen) = (TablePath::of(table), Instant::now());
        let Some(manifest) = self.state.manifest(&path)? else { return Ok(None) };
        let Some(record) = read_otherwise(&manifest, table) else { return Ok(None) };
        let known = self.load(&path, record, seen)?;
        let fingerprint = fingerprint(table.distribution());
        Ok(known.map(|known| Known { fingerprint, identities: Vec::new(), failed: noted(&manifest, table), ..known }))
    }
}

/// The newest snapshot that was made of the same table in the same paths, by whichever rules; without rejects where those are not taken.
pub(super) fn read_otherwise<'a>(manifest: &'a Manifest, table: &TableEntry) -> Option<&'a Record> {
    let fingerprint = fingerprint(table.distribution());
    let is_good = |r: &&Record| {
        let is_of_the_table = r.layout == Rows::Written && of_same_table(&r.fingerprint, &fingerprint);
        is_of_the_table && !(is_strict(table) && r.rejects > 0)
    };
    manifest.snapshots.iter().rfind(is_good)
}
