//! Retention: which snapshots of a table are old enough to go, and taking them away when nobody reads them. The current one never goes.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::Retention;
use super::manifest::{self, Record, Staging, State};
use crate::error::Result;

/// How long a folder that no manifest names is left alone: it may be one that is being published.
const UNNAMED: Duration = Duration::from_secs(600);

/// What pruning a table came to.
#[derive(Default)]
pub(super) struct Pruning {
    /// The snapshots that go, and the bytes that each frees.
    pub(super) gone: Vec<(Record, u64)>,
    /// Those that would go and are being read.
    pub(super) in_use: Vec<Record>,
    /// Bytes of folders that no manifest names: a process was killed between the two.
    pub(super) unnamed: u64,
    /// What was moved away; it is deleted when this is dropped.
    away: Vec<Staging>,
}

impl Retention {
    /// Of the snapshots, oldest first, those that may go now: beyond the newest `keep` (one at least) and replaced longer than
    /// `older_than` ago. One whose next has no readable time stays.
    fn old<'a>(&self, snapshots: &'a [Record], now: DateTime<Utc>) -> impl Iterator<Item = &'a Record> {
        let before = chrono::TimeDelta::from_std(self.older_than).ok().and_then(|age| now.checked_sub_signed(age));
        let beyond = snapshots.len().saturating_sub(self.keep.max(1));
        let replaced = snapshots.iter().zip(snapshots.iter().skip(1)).take(beyond);
        replaced
            .filter(move |(_, next)| next.created_at().zip(before).is_some_and(|(at, before)| at <= before))
            .map(|(record, _)| record)
    }
}

impl State {
    /// Takes away the snapshots of a table that are old by `retention` and that no process reads, and folders of it that no
    /// manifest names. To be called under the table's [`manifest::lock`]. With `dry_run` nothing changes but what is said.
    pub(super) fn prune(&self, table: &Path, retention: &Retention, dry_run: bool) -> Result<Pruning> {
        let Some(mut manifest) = manifest::read(table)? else { return Ok(Pruning::default()) };
        let mut pruning = Pruning::default();
        // No reader takes a lease until what goes is away.
        let closed = self.leases().close()?;
        for record in retention.old(&manifest.snapshots, Utc::now()) {
            let folder = table.join(&record.id);
            if closed.in_use(&self.name_of(&folder)) {
                pruning.in_use.push(record.clone());
            } else {
                pruning.gone.push((record.clone(), size(&folder)));
            }
        }
        if !pruning.gone.is_empty() {
            manifest.snapshots.retain(|r| !pruning.gone.iter().any(|(gone, _)| gone.id == r.id));
            if !dry_run {
                manifest::write(table, &manifest)?;
            }
        }
        for entry in fs::read_dir(table)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() || manifest.snapshots.iter().any(|r| entry.file_name() == r.id.as_str()) {
                continue;
            }
            let (folder, name) = (entry.path(), self.name_of(&entry.path()));
            let named = pruning.gone.iter().any(|(gone, _)| entry.file_name() == gone.id.as_str());
            let aged = || SystemTime::now().duration_since(entry.metadata()?.modified()?).map_or(Ok(false), |age| Ok::<_, std::io::Error>(age > UNNAMED));
            if !named {
                if closed.in_use(&name) || !aged()? {
                    continue;
                }
                pruning.unnamed += size(&folder);
            }
            if !dry_run {
                pruning.away.push(self.move_away(&folder)?);
            }
        }
        Ok(pruning)
    }
}

/// The bytes of a folder's files; what can't be looked at counts nothing.
fn size(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
    files.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::snapshot::manifest::{Layout, lock, read};

    fn record(id: &str, minutes_ago: i64) -> Record {
        Record {
            id: id.to_owned(),
            fingerprint: String::new(),
            layout: Layout::Written,
            local: false,
            sources: Vec::new(),
            parts: Vec::new(),
            rows: 0,
            rows_read: 0,
            rejected_rows: Some(0),
            rejects: 0,
            created: (Utc::now() - chrono::TimeDelta::minutes(minutes_ago)).to_rfc3339(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn old_snapshots_go_by_count_and_age() {
        let made = [("a", 90), ("b", 60), ("c", 30), ("d", 5)].map(|(id, minutes)| record(id, minutes));
        for (keep, minutes, want) in [
            (0, 0, "abc"),
            (1, 0, "abc"),
            (2, 0, "ab"),
            (10, 0, ""),
            (1, 10, "ab"),
            (1, 45, "a"),
            (3, 10, "a"),
            (1, 70, ""),
        ] {
            let retention = Retention { keep, older_than: Duration::from_secs(minutes * 60) };
            let old: String = retention.old(&made, Utc::now()).map(|r| r.id.as_str()).collect();
            assert_eq!(old, want, "keep {keep}, older than {minutes} minutes");
        }
        let unreadable = [record("a", 90), Record { created: "?".into(), ..record("b", 60) }, record("c", 30)];
        let retention = Retention { keep: 1, older_than: Duration::ZERO };
        assert_eq!(retention.old(&unreadable, Utc::now()).map(|r| r.id.as_str()).collect::<String>(), "b");
    }

    #[test]
    fn what_nobody_reads_is_taken_away_and_counted() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (state, other) = (State::open(dir.path()).expect("opens"), State::open(dir.path()).expect("opens beside"));
        let table = state.table("c", "s", "t");
        let _lock = lock(&table).expect("locks");
        for (id, minutes) in [("a", 90), ("b", 60), ("c", 30)] {
            let staging = state.stage().expect("stages");
            fs::write(staging.snapshot().join("part-0.parquet"), [0; 100]).expect("writes");
            staging.publish(&table, record(id, minutes)).expect("publishes");
        }
        for (folder, age) in [("unnamed", 5_400), ("new and unnamed", 5)] {
            fs::create_dir_all(table.join(folder)).expect("makes");
            fs::write(table.join(folder).join("x"), [0; 7]).expect("writes");
            let touched = File::open(table.join(folder)).and_then(|f| f.set_modified(SystemTime::now() - Duration::from_secs(age)));
            touched.expect("sets the time");
        }
        let held = other.leases().take(other.name_of(&table.join("a")));
        let retention = Retention { keep: 1, older_than: Duration::ZERO };
        let folders = || {
            let entries = fs::read_dir(&table).expect("lists").map(|e| e.expect("an entry"));
            let mut names: Vec<String> =
                entries.filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names.join(", ")
        };
        let mut shown = Vec::new();
        let mut prune = |dry_run: bool| {
            let pruning = state.prune(&table, &retention, dry_run).expect("prunes");
            let ids = |records: Vec<&Record>| records.iter().map(|r| r.id.clone()).collect::<String>();
            let gone = ids(pruning.gone.iter().map(|(r, _)| r).collect());
            let freed: u64 = pruning.gone.iter().map(|(_, bytes)| bytes).sum();
            let in_use = ids(pruning.in_use.iter().collect());
            shown.push(format!("{gone} {freed} | {in_use} | {}", pruning.unnamed));
            drop(pruning);
            shown.push(folders());
        };
        prune(true);
        prune(false);
        drop(held);
        prune(false);
        assert_eq!(
            shown,
            [
                "b 100 | a | 7",
                "a, b, c, new and unnamed, unnamed",
                "b 100 | a | 7",
                "a, c, new and unnamed",
                "a 100 |  | 0",
                "c, new and unnamed",
            ]
        );
        let named = read(&table).expect("reads").expect("is there").snapshots;
        assert_eq!(named.iter().map(|r| r.id.as_str()).collect::<String>(), "c");
        assert_eq!(fs::read_dir(dir.path().join("snapshots/.staging")).expect("lists").count(), 0);
    }
}
