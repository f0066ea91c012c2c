//! The state folder: where snapshots lie, what was written down of each, and how one becomes visible at once or not at all. How
//! they are made is not known here.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::lease::Leases;
use crate::error::{Error, Kind, Result};

/// The version of what is written here; a folder of a newer one is not touched.
const VERSION: u32 = 1;

const MANIFEST: &str = "manifest.json";

/// `<state>/snapshots`: a folder for each table, and one for what is being written.
pub(super) struct State {
    root: PathBuf,
    /// Held shared as long as this process uses the folder, so that no other takes its unfinished writes for left ones.
    _alive: File,
    leases: Arc<Leases>,
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
    /// Why the last one is not of the source as it is now; `None` while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Failed>,
}

/// A reading of a source that failed, and left the snapshot before it to be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failed {
    /// Since when every one failed; RFC 3339.
    pub(super) since: String,
    /// Why the last one did.
    pub(super) message: String,
    /// By what it was judged; as of a [`Record`].
    pub(super) fingerprint: String,
    /// The version of each file when its content is at fault, which reading it again would not mend; else none.
    pub(super) sources: Vec<Identity>,
}

/// Which version of which object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) url: String,
    pub(super) identity: String,
}

/// Where a snapshot's rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Layout {
    /// In its folder.
    #[default]
    Written,
    /// In the published Parquet files.
    Parquet,
    /// In the published Arrow files.
    Arrow,
}

/// One snapshot, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    /// Of the part of the descriptor that it was read by.
    pub(super) fingerprint: String,
    #[serde(default)]
    pub(super) layout: Layout,
    /// Whether all sources are files of this machine.
    #[serde(default)]
    pub(super) local: bool,
    pub(super) sources: Vec<Source>,
    pub(super) parts: Vec<Part>,
    pub(super) rows: u64,
    /// Records of the source: `rows` and `rejected_rows` together.
    pub(super) rows_read: u64,
    /// Records that are missing in the table; `None` in what was written before this was counted.
    #[serde(default)]
    pub(super) rejected_rows: Option<u64>,
    /// Cells and rows.
    pub(super) rejects: u64,
    /// RFC 3339.
    pub(super) created: String,
    pub(super) warnings: Vec<String>,
}

/// One published file, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) url: String,
    pub(super) identity: String,
    pub(super) size: u64,
    /// Of the raw bytes, in hex; empty for a file that is scanned where it stands, since hashing would mean to read all of it.
    pub(super) sha256: String,
    /// The bytes as received, within the snapshot's folder, where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) raw: Option<String>,
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
        let leases = Arc::new(Leases::open(&root)?);
        Ok(Self { root, _alive: alive, leases, next: AtomicU64::new(0) })
    }

    /// The folder of a table.
    pub(super) fn table(&self, catalog: &str, schema: &str, name: &str) -> PathBuf {
        self.root.join(part(catalog)).join(part(schema)).join(part(name))
    }

    /// The tables that have snapshots, each as the names of its folders: catalog, schema and table.
    pub(super) fn tables(&self) -> Result<Vec<([String; 3], PathBuf)>> {
        let mut found = vec![(Vec::new(), self.root.clone())];
        for _ in 0..3 {
            let mut deeper = Vec::new();
            for (names, folder) in found {
                for entry in fs::read_dir(&folder)? {
                    let entry = entry?;
                    let name = entry.file_name().to_string_lossy().into_owned();
                    // No name starts with a dot: see `part`.
                    if entry.file_type()?.is_dir() && !name.starts_with('.') {
                        deeper.push(([names.as_slice(), &[unpart(&name)]].concat(), entry.path()));
                    }
                }
            }
            found = deeper;
        }
        found.sort();
        let tables = found.into_iter().filter(|(_, folder)| folder.join(MANIFEST).exists());
        Ok(tables.filter_map(|(names, folder)| Some((<[String; 3]>::try_from(names).ok()?, folder))).collect())
    }

    /// Who reads what.
    pub(super) fn leases(&self) -> &Arc<Leases> {
        &self.leases
    }

    /// The name of a snapshot's folder among the leases.
    pub(super) fn name_of(&self, snapshot: &Path) -> String {
        snapshot.strip_prefix(&self.root).unwrap_or(snapshot).to_string_lossy().replace('\n', "%0A")
    }

    /// Moves a snapshot's folder out of its table at once; it is deleted when the result is dropped.
    pub(super) fn move_away(&self, snapshot: &Path) -> Result<Staging> {
        let aside = self.stage()?;
        fs::rename(snapshot, aside.path.join("old"))?;
        Ok(aside)
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
        let written = add(table, record);
        if written.is_err() {
            // Without a record nothing would ever remove it.
            let _ = fs::remove_dir_all(&target);
        }
        written
    }
}

impl Record {
    /// When it was made; `None` when that can't be read.
    pub(super) fn created_at(&self) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(&self.created).ok().map(|at| at.to_utc())
    }

    /// Which versions it was made of.
    pub(super) fn identities(&self) -> Vec<Identity> {
        self.sources.iter().map(|s| Identity { url: s.url.clone(), identity: s.identity.clone() }).collect()
    }

    /// Whether what was read is what is there and what was rejected, in the table and in its files.
    pub(super) fn adds_up(&self) -> bool {
        let in_parts: u64 = self.parts.iter().map(|p| p.rows).sum();
        (self.layout != Layout::Written || in_parts == self.rows)
            && self.rejected_rows.is_none_or(|rejected| self.rows_read == self.rows + rejected)
    }
}

/// Adds a record to a table's manifest, which makes its snapshot the last one, and one of the source as it is. To be called under the
/// table's [`lock`].
pub(super) fn add(table: &Path, record: Record) -> Result<()> {
    let mut manifest = read(table)?.unwrap_or_default();
    manifest.snapshots.push(record);
    manifest.failed = None;
    write(table, &manifest)
}

/// Writes down that the source could not be read, or with `None` that it can, unless that is known; not while another process makes a
/// snapshot of it.
pub(super) fn note(table: &Path, failed: Option<Failed>) -> Result<()> {
    let file = lock_file(table)?;
    if file.try_lock().is_err() {
        return Ok(());
    }
    let Some(mut manifest) = read(table)? else { return Ok(()) };
    if manifest.failed == failed {
        return Ok(());
    }
    manifest.failed = failed;
    write(table, &manifest)
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), "an unfinished snapshot was not removed: {e}");
        }
    }
}

/// Waits until no other process writes snapshots of this table; held until the file is dropped.
pub(super) fn lock(table: &Path) -> Result<File> {
    let file = lock_file(table)?;
    file.lock()?;
    Ok(file)
}

fn lock_file(table: &Path) -> Result<File> {
    fs::create_dir_all(table)?;
    Ok(File::options().create(true).truncate(false).read(true).write(true).open(table.join(".lock"))?)
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
pub(super) fn write(table: &Path, manifest: &Manifest) -> Result<()> {
    let manifest = Manifest { version: VERSION, ..manifest.clone() };
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

/// The name that [`part`] made a part of; a long one stays cut.
fn unpart(part: &str) -> String {
    super::fetch::unescaped(if part == "%00" { "" } else { part })
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
            assert_eq!((part(name).as_str(), unpart(want).as_str()), (want, name));
        }
        let long = part(&"x".repeat(400));
        assert!(long.len() < 200 && long != part(&"x".repeat(401)));
    }

    fn record(id: &str) -> Record {
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
            created: String::new(),
            warnings: Vec::new(),
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
    fn a_failure_is_noted_until_a_snapshot_is_added() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let state = State::open(dir.path()).expect("opens");
        let table = state.table("c", "s", "t");
        let failed = |message: &str| Failed {
            since: "2026-11-01T00:00:00Z".into(),
            message: message.into(),
            fingerprint: "f".into(),
            sources: vec![Identity { url: "u".into(), identity: "i".into() }],
        };
        let noted = || read(&table).expect("reads").and_then(|m| m.failed).map(|f| f.message);
        note(&table, Some(failed("nothing to serve"))).expect("is no error");
        assert_eq!(noted(), None);
        add(&table, record("one")).expect("adds");
        note(&table, Some(failed("gone"))).expect("notes");
        assert_eq!(noted().as_deref(), Some("gone"));
        {
            let _making = lock(&table).expect("locks");
            note(&table, None).expect("waits for nobody");
            assert_eq!(noted().as_deref(), Some("gone"));
            add(&table, record("two")).expect("adds");
        }
        assert_eq!(noted(), None);
        let names: Vec<[String; 3]> = state.tables().expect("lists").into_iter().map(|(names, _)| names).collect();
        assert_eq!(names, [["c".to_owned(), "s".into(), "t".into()]]);
    }

    #[test]
    fn a_manifest_of_before_is_read() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let text = r#"{"version": 1, "snapshots": [{"id": "a", "fingerprint": "f", "sources": [{"url": "u", "identity": "i", "size": 4,
            "sha256": "00"}], "parts": [{"file": "part-0.parquet", "bytes": 9, "rows": 2}], "rows": 2, "rows_read": 3, "rejects": 1,
            "created": "2026-11-01T00:00:00Z", "warnings": []}]}"#;
        fs::write(dir.path().join(MANIFEST), text).expect("writes");
        let manifest = read(dir.path()).expect("reads").expect("is there");
        let record = &manifest.snapshots[0];
        assert_eq!((record.layout, record.sources[0].raw.as_deref(), manifest.failed.is_none()), (Layout::Written, None, true));
        assert!(record.adds_up());
        for broken in [Record { rows: 1, ..record.clone() }, Record { rejected_rows: Some(2), ..record.clone() }] {
            assert!(!broken.adds_up());
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
