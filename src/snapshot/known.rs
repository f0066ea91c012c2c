//! What is known of a table's snapshots without making one: the last good one, an older one, all that stand, and those that may go. What
//! a source holds now is not asked here.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use super::fetch::hex;
use super::make::Maker;
use super::stand_in::read_otherwise;
use super::state::{Failed, Identity, Manifest, Record, Rows, TablePath, Turn};
use super::{AsOf, Fate, Pruned, ReadAs, Retention, Snapshot, Stale};
use crate::catalog::TableEntry;
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};
use crate::store::Object;

/// Part of every fingerprint: raised when files are read otherwise than before, so that snapshots are made anew.
const READER: u32 = 5;

/// What parts the words of a fingerprint: how files are read, which paths they are of, and which of the tables in them is meant.
const WORDS: char = '-';

/// A snapshot, and what it was made of.
pub(super) struct Known {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) fingerprint: String,
    pub(super) identities: Vec<Identity>,
    /// When the source was last asked; `None` for one that has only been loaded.
    pub(super) checked: Option<Instant>,
    /// The source is on this machine: asking costs nothing.
    pub(super) local: bool,
    /// When the manifest that names it was read; `None` for one that is scanned in place.
    pub(super) seen: Option<Instant>,
    /// Why it is not of the source as it is now.
    pub(super) failed: Option<Failure>,
}

/// A source that could not be read, and left the snapshot before it to be served.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) stale: Stale,
    /// Of [`judged_by`].
    pub(super) judged_by: String,
    /// The version of each file when its content is at fault, which reading it again would not mend.
    pub(super) of: Option<Vec<Identity>>,
    pub(super) error: Arc<Error>,
}

/// What was written down of a table.
pub(super) struct Standing {
    pub(super) manifest: Manifest,
    /// The id of the snapshot that is read.
    pub(super) current: Option<String>,
    pub(super) stale: Option<Stale>,
}

/// What of a descriptor decides what a snapshot is: how its files are read, which they are, and which table of several in them it is.
pub(super) fn fingerprint(distribution: &Distribution) -> String {
    let Distribution { paths, format, compression, member, encoding, dialect, schema, .. } = distribution;
    let read_by = format!("{READER} {format:?} {compression:?} {member:?} {encoding:?} {dialect:?} {schema:?}");
    let meant = format!("{member:?} {:?} {:?}", dialect.sheet, dialect.property);
    let hash = |of: String| hex(&Sha256::digest(of.as_bytes())[..16]);
    [read_by, format!("{paths:?}"), meant].map(hash).join(&WORDS.to_string())
}

/// The word of a fingerprint of this number; `None` in an older one, which has fewer.
fn word(fingerprint: &str, nth: usize) -> Option<&str> {
    fingerprint.split(WORDS).nth(nth)
}

/// Whether snapshots of these fingerprints had their files read alike, whichever they were: what one has of a file, the other would have.
/// What a path's name tells is in its distribution's format, or is told of each file by its own.
pub(super) fn read_alike(a: &str, b: &str) -> bool {
    word(a, 0) == word(b, 0)
}

/// Whether a snapshot of the fingerprint `then` was made of the same paths as one of `now`, as far as that is told.
pub(super) fn of_same_paths(then: &str, now: &str) -> bool {
    word(then, 1).is_none_or(|paths| word(now, 1) == Some(paths))
}

/// Whether it was also made of the same member, sheet or property of them.
pub(super) fn of_same_table(then: &str, now: &str) -> bool {
    of_same_paths(then, now) && word(then, 2).is_none_or(|meant| word(now, 2) == Some(meant))
}

/// By what a failure is judged: what decides how files are read, and whether a reject fails their reading.
pub(super) fn judged_by(table: &TableEntry) -> String {
    let strict = if is_strict(table) { " strict" } else { "" };
    fingerprint(table.distribution()) + strict
}

/// Whether a reject fails the reading of a table's files.
pub(super) fn is_strict(table: &TableEntry) -> bool {
    table.dataset.is_strict(table.distribution)
}

/// A table as people know it.
pub(super) fn label(table: &TableEntry) -> String {
    format!("{}.{}", table.schema, table.name)
}

/// The versions of `objects`, in their order.
pub(super) fn identities(objects: &[Object]) -> Vec<Identity> {
    objects.iter().map(|o| Identity { url: o.url.clone(), identity: o.identity() }).collect()
}

impl Known {
    /// Whether it is a good snapshot of the table as it is described: read by the same rules, and without rejects where those are not
    /// taken.
    pub(super) fn suits(&self, table: &TableEntry) -> bool {
        self.fingerprint == fingerprint(table.distribution()) && !(is_strict(table) && self.snapshot.rejects > 0)
    }

    /// The failure that counts for the table as it is described.
    pub(super) fn failure(&self, table: &TableEntry) -> Option<&Failure> {
        self.failed.as_ref().filter(|f| f.judged_by == judged_by(table))
    }
}

/// The same rule as [`Known::suits`], for what was written down.
fn is_good(record: &Record, table: &TableEntry, fingerprint: &str) -> bool {
    record.fingerprint == fingerprint && !(is_strict(table) && record.rejects > 0)
}

/// The failure that was written down, where it counts for the table as it is described.
pub(super) fn noted(manifest: &Manifest, table: &TableEntry) -> Option<Failure> {
    let failed = manifest.failed.as_ref().filter(|f| f.judged_by == judged_by(table))?;
    let since = DateTime::parse_from_rfc3339(&failed.since).ok()?.to_utc();
    let stale = Stale { since, message: failed.message.clone() };
    let error = Arc::new(Error::new(Kind::SourceInvalid, failed.message.clone()));
    let of = Some(failed.sources.clone()).filter(|sources| !sources.is_empty());
    Some(Failure { stale, judged_by: failed.judged_by.clone(), of, error })
}

impl Maker {
    /// The last good snapshot that was written for this table.
    pub(super) fn last(&self, table: &TableEntry) -> Result<Option<Known>> {
        let (path, fingerprint) = (TablePath::of(table), fingerprint(table.distribution()));
        let mut looked_at = None;
        loop {
            let seen = Instant::now();
            let Some(manifest) = self.state.manifest(&path)? else { return Ok(None) };
            let written = |r: &&Record| r.layout == Rows::Written && is_good(r, table, &fingerprint);
            let Some(record) = manifest.snapshots.iter().rfind(written) else { return Ok(None) };
            if let Some(known) = self.load(&path, record, seen)? {
                return Ok(Some(Known { failed: noted(&manifest, table), ..known }));
            }
            // Another process may have removed it since it was read of; then there is another one now.
            if looked_at.as_ref() == Some(&record.id) {
                return Ok(None);
            }
            looked_at = Some(record.id.clone());
        }
    }

    /// Whether the snapshot may be used without a look at the manifest.
    pub(super) fn believes(&self, known: &Known) -> bool {
        let believed = self.state.believed().zip(known.seen);
        believed.is_none_or(|(time, seen)| seen.elapsed() < time)
    }

    /// The snapshot of a record; `None` when its files are not as written.
    pub(super) fn load(&self, table: &TablePath, record: &Record, seen: Instant) -> Result<Option<Known>> {
        if !record.adds_up() {
            tracing::warn!(table = table.as_str(), id = record.id, "a snapshot's counts do not add up and it is made anew");
            return Ok(None);
        }
        let Some(opened) = self.state.open(table, record)? else { return Ok(None) };
        let snapshot = Snapshot {
            id: record.id.clone(),
            schema: opened.schema,
            layout: opened.layout,
            rows: record.rows,
            rows_read: record.rows_read,
            rejects: record.rejects,
            created: record.created.clone(),
            drift: record.drift.clone(),
            read: record.read.clone(),
            required: record.required.clone(),
            partitions: None,
            footer_bytes: 0,
            files: Some(opened.files),
            _held: opened.held,
        };
        Ok(Some(Known {
            snapshot: Arc::new(snapshot),
            fingerprint: record.fingerprint.clone(),
            identities: record.identities(),
            checked: None,
            local: record.local,
            seen: Some(seen),
            failed: None,
        }))
    }

    /// The record of an older snapshot, and the snapshot when it is written and whole; `None` when there is none at all.
    /// [`Kind::UndefinedObject`] when it is none of those there are.
    pub(super) fn stood(&self, table: &TableEntry, asked: &AsOf) -> Result<Option<(Record, Option<Known>)>> {
        let mut looked_at = None;
        loop {
            let seen = Instant::now();
            let Some(record) = self.find(table, asked)? else { return Ok(None) };
            let known = match record.layout {
                Rows::Written => self.load(&TablePath::of(table), &record, seen)?,
                Rows::Parquet | Rows::Arrow => return Ok(Some((record, None))),
            };
            // Another process may have removed it since it was read of; then what is asked for is another one, or none.
            if known.is_some() || looked_at.as_ref() == Some(&record.id) {
                return Ok(Some((record, known)));
            }
            looked_at = Some(record.id);
        }
    }

    /// The record of an older snapshot; `None` when there is none at all. [`Kind::UndefinedObject`] when it is none of those there are.
    fn find(&self, table: &TableEntry, asked: &AsOf) -> Result<Option<Record>> {
        let records = self.state.manifest(&TablePath::of(table))?.unwrap_or_default().snapshots;
        let found = match asked {
            AsOf::Time(at) => records.iter().rfind(|r| r.created_at().is_some_and(|created| created <= *at)),
            AsOf::Snapshot(id) => records.iter().rfind(|r| r.id == *id),
        };
        match (found, records.first()) {
            (Some(found), _) => Ok(Some(found.clone())),
            (None, None) => Ok(None),
            (None, Some(oldest)) => {
                let what = match asked {
                    AsOf::Time(at) => format!("from {} or before", at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
                    AsOf::Snapshot(id) => format!("with the id \"{id}\", which is no time either"),
                };
                Err(Error::new(Kind::UndefinedObject, format!("there is no snapshot of {} {what}", label(table)))
                    .with_detail(format!("The oldest that stands is {}, made at {}.", oldest.id, oldest.created))
                    .with_hint("catalog.snapshots lists them; --keep-snapshots and --keep-for say how many stay."))
            }
        }
    }

    /// What was written down of a table; `None` when nothing was.
    pub(super) fn standing(&self, table: &TableEntry) -> Result<Option<Standing>> {
        let Some(manifest) = self.state.manifest(&TablePath::of(table))? else { return Ok(None) };
        let fingerprint = fingerprint(table.distribution());
        let stale = noted(&manifest, table).map(|f| f.stale);
        let good = manifest.snapshots.iter().rfind(|r| is_good(r, table, &fingerprint));
        let current = good.or_else(|| stale.as_ref().and_then(|_| read_otherwise(&manifest, table))).map(|r| r.id.clone());
        Ok(Some(Standing { manifest, current, stale }))
    }

    /// How the first text of the last good snapshot was read, as was written down; none of its files is opened.
    pub(super) fn read_as(&self, table: &TableEntry) -> Result<Option<ReadAs>> {
        let Some(manifest) = self.state.manifest(&TablePath::of(table))? else { return Ok(None) };
        let fingerprint = fingerprint(table.distribution());
        let record = manifest.snapshots.iter().rfind(|r| is_good(r, table, &fingerprint));
        Ok(record.and_then(|r| r.read.first().cloned()))
    }

    /// Writes down that a table's source could not be read, or with `None` that it can; not while another process makes a snapshot of
    /// it, which then says so itself.
    pub(super) fn note(&self, table: &TableEntry, failure: Option<&Failure>) {
        let failed = failure.map(|f| Failed {
            since: f.stale.since.to_rfc3339_opts(SecondsFormat::Micros, true),
            message: f.stale.message.clone(),
            judged_by: f.judged_by.clone(),
            sources: f.of.clone().unwrap_or_default(),
        });
        let change = |manifest: &mut Manifest| {
            let differs = !manifest.snapshots.is_empty() && manifest.failed != failed;
            if differs {
                manifest.failed.clone_from(&failed);
            }
            differs
        };
        let noted = self.state.try_turn(&TablePath::of(table)).and_then(|turn| match turn {
            Some(turn) => self.state.change(&turn, &change),
            None => Ok(()),
        });
        if let Err(e) = noted {
            // What is served and said by this process does not depend on it.
            tracing::warn!(table = label(table), "that its source can't be read was not written down: {e}");
        }
    }

    /// Removes a table's old snapshots. What can't be removed now is left to the next time.
    pub(super) fn retain(&self, turn: Turn, table: &TablePath) {
        let retention = self.options.retention;
        let removed = self.state.remove(&turn, &|records| retention.old(records, Utc::now()));
        drop(turn);
        match removed {
            // Deleting takes its time, and no other process waits for it: their turn may come.
            Ok(removed) => {
                let ids: Vec<&str> = removed.iter().filter_map(|r| r.record.as_ref()).map(|r| r.id.as_str()).collect();
                tracing::debug!(table = table.as_str(), ?ids, "old snapshots were removed");
            }
            Err(e) => tracing::warn!(table = table.as_str(), "old snapshots were not removed: {e}"),
        }
    }

    /// See [`super::Snapshots::prune`].
    pub(super) fn prune(&self, retention: &Retention, of: &dyn Fn(&[String; 3]) -> bool, dry_run: bool) -> Result<Vec<Pruned>> {
        let mut all = Vec::new();
        for path in self.state.tables()? {
            let table = path.names();
            if !of(&table) {
                continue;
            }
            let turn = self.wait_for_turn(&path, &self.stop)?;
            let records = self.state.manifest(&path)?.unwrap_or_default().snapshots;
            let now = Utc::now();
            let old = retention.old(&records, now);
            let used = self.state.used(&turn, &old)?;
            let removed = if dry_run {
                Vec::new()
            } else {
                let goes = |records: &[Record]| retention.old(records, now);
                self.state.remove(&turn, &goes)?
            };
            drop(turn);
            for record in records.iter().filter(|r| old.contains(&r.id)) {
                let gone = removed.iter().find(|gone| gone.record.as_ref().is_some_and(|r| r.id == record.id));
                let fate = match gone {
                    Some(gone) => Fate::Removed { bytes: gone.freed },
                    None if dry_run && !used.contains(&record.id) => Fate::Removed { bytes: record.bytes() },
                    None => Fate::InUse,
                };
                let (snapshot, created) = (record.id.clone(), record.created_at());
                all.push(Pruned { table: table.clone(), snapshot, created, fate });
            }
            let left: u64 = removed.iter().filter(|r| r.record.is_none()).map(|r| r.freed).sum();
            if left > 0 {
                all.push(Pruned { table, snapshot: String::new(), created: None, fate: Fate::Leftover { bytes: left } });
            }
        }
        Ok(all)
    }
}
