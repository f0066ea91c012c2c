//! The state folder: where snapshots lie, what was written down of each, and how one becomes visible at once or not at all. How
//! they are made is not known here.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::drift::Drift;
use crate::error::{Error, Kind, Result};

/// The version of what is written here; a folder of a newer one is not touched.
const VERSION: u32 = 1;

const MANIFEST: &str = "manifest.json";

/// Snapshots of a table that stay whatever their age: the current one, and the one that was current when the last queries began.
const KEPT: usize = 2;

/// How long an older one stays after another took its place: as long as a query of another process may still be reading it.
const GRACE: Duration = Duration::from_secs(600);

/// `<state>/snapshots`: a folder for each table, and one for what is being written.
pub(super) struct State {
    root: PathBuf,
    /// Held shared as long as this process uses the folder, so that no other takes its unfinished writes for left ones.
    _alive: File,
    next: AtomicU64,
}

/// A folder that is being written; removed unless it is published.
pub(super) struct Staging {
    path: PathBuf,
}

/// What is known of the snapshots of one table, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    pub(super) snapshots: Vec<Record>,
}

/// One snapshot, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    /// Of the part of the descriptor that it was read by.
    pub(super) fingerprint: String,
    pub(super) sources: Vec<Source>,
    pub(super) parts: Vec<Part>,
    pub(super) rows: u64,
    pub(super) rows_read: u64,
    pub(super) rejects: u64,
    /// RFC 3339.
    pub(super) created: String,
    pub(super) warnings: Vec<String>,
    /// How the files differ.
    #[serde(default)]
    pub(super) drift: Vec<Drift>,
    /// How each file was read, in their order; empty ones are left out.
    #[serde(default)]
    pub(super) read: Vec<ReadAs>,
}

/// How one file was read: what was declared, and what was found out where nothing was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadAs {
    /// Its URL or path.
    pub file: String,
    /// As a descriptor would declare it.
    pub encoding: String,
    /// The encoding is a guess.
    pub guessed: bool,
    /// Of delimited text, the Data Package dialect that reads it the same way.
    pub dialect: Option<serde_json::Value>,
}

/// One published file, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) url: String,
    pub(super) identity: String,
    pub(super) size: u64,
    /// Of the raw bytes, in hex.
    pub(super) sha256: String,
    /// It had not changed since the snapshot before, and was not read for this one.
    #[serde(default)]
    pub(super) kept: bool,
}

/// A Parquet file in the snapshot's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

impl State {
    /// Opens `state`, made when absent. What a killed write left is removed, unless another process is using the folder.
    pub(super) fn open(state: &Path) -> Result<Self> {
        let root = state.join("snapshots");
        let staging = root.join(".staging");
        let opened = (|| {
            fs::create_dir_all(&staging)?;
            let alive = File::options().create(true).truncate(false).read(true).write(true).open(root.join(".lock"))?;
            if alive.try_lock().is_ok() {
                for left in fs::read_dir(&staging)? {
                    fs::remove_dir_all(left?.path())?;
                }
                alive.unlock()?;
            }
            alive.lock_shared()?;
            Ok(alive)
        })();
        let alive = opened.map_err(|e: std::io::Error| {
            let path = root.display().to_string();
            Error::from(e).within(format!("the state folder {path} can't be used")).with_hint("Choose another with --state.")
        })?;
        Ok(Self { root, _alive: alive, next: AtomicU64::new(0) })
    }

    /// The folder of a table.
    pub(super) fn table(&self, catalog: &str, schema: &str, name: &str) -> PathBuf {
        self.root.join(part(catalog)).join(part(schema)).join(part(name))
    }

    /// Removes the snapshots of a table that nobody needs any more; to be called under the table's [`lock`]. The newest [`KEPT`] stay.
    /// An older one goes when it was replaced more than [`GRACE`] ago, which leaves time to the queries of other processes, and
    /// when `in_use` denies that this process uses it, however long ago that was. A folder that the manifest does not name (a
    /// process was killed between the two) goes by the same rule, with its own age. What goes is moved away at once and deleted when
    /// the result is dropped.
    pub(super) fn prune(&self, table: &Path, in_use: &dyn Fn(&Path) -> bool) -> Result<Vec<Staging>> {
        let Some(mut manifest) = read(table)? else { return Ok(Vec::new()) };
        let old = replaced_before(&manifest.snapshots, chrono::Utc::now() - GRACE);
        let gone: Vec<String> = old.iter().filter(|id| !in_use(&table.join(id))).map(|id| (*id).to_owned()).collect();
        if !gone.is_empty() {
            manifest.snapshots.retain(|r| !gone.contains(&r.id));
            write(table, &manifest)?;
        }
        let mut away = Vec::new();
        for entry in fs::read_dir(table)? {
            let entry = entry?;
            let named = manifest.snapshots.iter().any(|r| entry.file_name() == r.id.as_str());
            if named || !entry.file_type()?.is_dir() || in_use(&entry.path()) {
                continue;
            }
            if SystemTime::now().duration_since(entry.metadata()?.modified()?).is_ok_and(|age| age > GRACE) {
                let aside = self.stage()?;
                fs::rename(entry.path(), aside.path.join("old"))?;
                away.push(aside);
            }
        }
        Ok(away)
    }

    /// A new folder to write in.
    pub(super) fn stage(&self) -> Result<Staging> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(".staging").join(format!("{}-{n}", std::process::id()));
        // A process of the same number may have left it while others kept the folder in use.
        match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir_all(path.join("snapshot"))?;
        Ok(Staging { path })
    }
}

impl Staging {
    /// Where the snapshot's own files go.
    pub(super) fn snapshot(&self) -> PathBuf {
        self.path.join("snapshot")
    }

    /// Where everything else goes that is gone afterwards.
    pub(super) fn scratch(&self) -> &Path {
        &self.path
    }

    /// Moves the snapshot into the table's folder and adds its record to the manifest, which makes it visible.
    pub(super) fn publish(self, table: &Path, record: Record) -> Result<()> {
        let target = table.join(&record.id);
        sync_folder(&self.snapshot())?;
        fs::rename(self.snapshot(), &target)?;
        sync_folder(table)?;
        let mut manifest = read(table)?.unwrap_or_default();
        manifest.snapshots.push(record);
        let written = write(table, &manifest);
        if written.is_err() {
            // Without a record nothing would ever remove it.
            let _ = fs::remove_dir_all(&target);
        }
        written
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), "an unfinished snapshot was not removed: {e}");
        }
    }
}

/// Of the snapshots, oldest first, those that are not among the newest [`KEPT`] and whose next one was made before `before`. One
/// whose next one has no readable time stays.
fn replaced_before(snapshots: &[Record], before: chrono::DateTime<chrono::Utc>) -> Vec<&str> {
    let older = snapshots.len().saturating_sub(KEPT);
    let made = |r: &Record| chrono::DateTime::parse_from_rfc3339(&r.created).ok();
    let pairs = snapshots.iter().zip(snapshots.iter().skip(1)).take(older);
    pairs.filter(|(_, next)| made(next).is_some_and(|at| at < before)).map(|(r, _)| r.id.as_str()).collect()
}

/// Waits until no other process writes snapshots of this table; held until the file is dropped.
pub(super) fn lock(table: &Path) -> Result<File> {
    fs::create_dir_all(table)?;
    let file = File::options().create(true).truncate(false).read(true).write(true).open(table.join(".lock"))?;
    file.lock()?;
    Ok(file)
}

/// The table's manifest; `None` before its first snapshot, or when it can't be read any more.
pub(super) fn read(table: &Path) -> Result<Option<Manifest>> {
    let path = table.join(MANIFEST);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::from(e).within(path.display())),
    };
    match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(manifest) if manifest.version > VERSION => {
            Err(Error::new(Kind::Config, format!("{} was written by a newer Stoa", path.display()))
                .with_hint("Use that version, or another state folder."))
        }
        Ok(manifest) => Ok(Some(manifest)),
        Err(e) => {
            tracing::warn!(path = %path.display(), "a manifest can't be read and is made anew: {e}");
            Ok(None)
        }
    }
}

/// Writes the manifest so that readers see the old one or the new one.
fn write(table: &Path, manifest: &Manifest) -> Result<()> {
    let manifest = Manifest { version: VERSION, snapshots: manifest.snapshots.clone() };
    let temporary = table.join(format!(".{MANIFEST}.{}", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
        file.sync_all()?;
        fs::rename(&temporary, table.join(MANIFEST))?;
        sync_folder(table)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    Ok(written?)
}

/// Makes a folder's entries durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

/// A name as a part of a path: separators, control characters, `%` and a leading dot become `%XX`. Long names are cut and told
/// apart by a hash.
fn part(name: &str) -> String {
    use sha2::{Digest, Sha256};
    let mut out = String::with_capacity(name.len());
    for (i, c) in name.chars().enumerate() {
        if c.is_control() || "/\\:%<>\"|?*".contains(c) || (c == '.' && i == 0) {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|b| out.push_str(&format!("%{b:02X}")));
        } else {
            out.push(c);
        }
    }
    if out.is_empty() {
        out.push_str("%00");
    }
    if out.len() > 180 {
        let hash = super::fetch::hex(&Sha256::digest(name.as_bytes())[..8]);
        out = format!("{}%{hash}", crate::name::clip(&out, 150));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_distinct_as_parts() {
        for (name, want) in [
            ("transport", "transport"),
            ("交通事故", "交通事故"),
            ("..", "%2E."),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("", "%00"),
            (".staging", "%2Estaging"),
        ] {
            assert_eq!(part(name), want);
        }
        let long = part(&"x".repeat(400));
        assert!(long.len() < 200 && long != part(&"x".repeat(401)));
    }

    fn record(id: &str) -> Record {
        Record {
            id: id.to_owned(),
            fingerprint: String::new(),
            sources: Vec::new(),
            parts: Vec::new(),
            rows: 0,
            rows_read: 0,
            rejects: 0,
            created: String::new(),
            warnings: Vec::new(),
            drift: Vec::new(),
            read: Vec::new(),
        }
    }

    #[test]
    fn what_is_staged_is_seen_when_published_and_gone_when_not() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let state = State::open(dir.path()).expect("opens");
        let table = state.table("c", "s", "t");
        drop(lock(&table).expect("locks"));
        let staging = state.stage().expect("stages");
        fs::write(staging.snapshot().join("part-0.parquet"), "x").expect("writes");
        assert!(read(&table).expect("reads").is_none());
        staging.publish(&table, record("one")).expect("publishes");
        drop(state.stage().expect("stages"));
        let ids: Vec<String> = read(&table).expect("reads").expect("is there").snapshots.into_iter().map(|r| r.id).collect();
        assert_eq!(ids, ["one"]);
        assert!(table.join("one/part-0.parquet").exists());
        let staged = fs::read_dir(dir.path().join("snapshots/.staging")).expect("lists").count();
        assert_eq!(staged, 0);
    }

    #[test]
    fn old_snapshots_go_when_nobody_uses_them() {
        let at = |minutes: i64| (chrono::Utc::now() - chrono::TimeDelta::minutes(minutes)).to_rfc3339();
        for (made, used, want) in [
            (&[("a", 90)][..], &[][..], "a"),
            (&[("a", 90), ("b", 60)], &[], "a b"),
            (&[("a", 90), ("b", 60), ("c", 30)], &[], "b c"),
            (&[("a", 90), ("b", 60), ("c", 30)], &["a"], "a b c"),
            (&[("a", 90), ("b", 5), ("c", 1)], &[], "a b c"),
            (&[("a", 90), ("b", 60), ("c", 5), ("d", 1)], &[], "b c d"),
        ] {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let state = State::open(dir.path()).expect("opens");
            let table = state.table("c", "s", "t");
            let _lock = lock(&table).expect("locks");
            for (id, minutes) in made {
                let record = Record { created: at(*minutes), ..record(id) };
                state.stage().expect("stages").publish(&table, record).expect("publishes");
            }
            for folder in ["orphan", "new orphan"].into_iter().chain(made.iter().map(|(id, _)| *id)) {
                fs::create_dir_all(table.join(folder)).expect("makes");
                let age = Duration::from_secs(if folder == "new orphan" { 5 } else { 5400 });
                let touched = File::open(table.join(folder)).and_then(|f| f.set_modified(SystemTime::now() - age));
                touched.expect("sets the time");
            }
            state.prune(&table, &|folder| used.iter().any(|u| folder.ends_with(u))).map(drop).expect("prunes");
            let named: Vec<String> =
                read(&table).expect("reads").expect("is there").snapshots.into_iter().map(|r| r.id).collect();
            assert_eq!(named.join(" "), want, "{made:?} {used:?}");
            let entries = fs::read_dir(&table).expect("lists").map(|e| e.expect("an entry"));
            let folders = entries.filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned());
            let mut folders: Vec<String> = folders.collect();
            folders.sort();
            assert_eq!(folders.join(" "), format!("{want} new orphan"), "{made:?} {used:?}");
            assert_eq!(fs::read_dir(dir.path().join("snapshots/.staging")).expect("lists").count(), 0);
        }
    }

    #[test]
    fn what_a_killed_write_left_is_removed_unless_another_process_lives() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let left = dir.path().join("snapshots/.staging/123-0");
        fs::create_dir_all(left.join("snapshot")).expect("makes");
        let first = State::open(dir.path()).expect("opens");
        assert!(!left.exists());
        let staging = first.stage().expect("stages");
        let second = State::open(dir.path()).expect("opens beside");
        assert!(staging.snapshot().exists());
        drop((first, second));
    }
}
