//! State in a folder of this machine (or one that several machines mount with working locks): renames make snapshots visible, and locks
//! keep processes apart.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::record::{MANIFEST, Manifest, Part, Record, TablePath};
use super::staging::{Staging, Stagings};
use super::uses::{Gate, Uses};
use super::{Change, Choose, Files, Opened, Removal, State, Turn};
use crate::error::{Error, Kind, Result};
use crate::snapshot::{Layout, WrittenFile};

/// `<state>/snapshots`: a folder for each table, one for what is being written, and one for what is in use.
#[derive(Debug)]
pub(in crate::snapshot) struct Local {
    root: PathBuf,
    stagings: Stagings,
    uses: Arc<Uses>,
    grace: Duration,
}

impl Local {
    /// Opens the folder `state`, made when absent. What a killed write left is removed, unless another process is using the folder;
    /// what no manifest names is removed when it is older than `grace`.
    pub(in crate::snapshot) fn open(state: &Path, grace: Duration) -> Result<Self> {
        let root = state.join("snapshots");
        let opened = (|| {
            fs::create_dir_all(&root)?;
            let stagings = Stagings::open(root.join(".staging"), &root.join(".lock"))?;
            Ok((stagings, Arc::new(Uses::open(root.join(".readers"))?)))
        })();
        let (stagings, uses) = opened.map_err(|e| failed(&root, e).with_hint("Choose another with --state."))?;
        Ok(Self { root, stagings, uses, grace })
    }

    fn folder(&self, table: &TablePath) -> PathBuf {
        self.root.join(table.as_str())
    }

    fn failed(&self, e: io::Error) -> Error {
        failed(&self.root, e)
    }

    fn lock_file(&self, table: &TablePath) -> io::Result<File> {
        let folder = self.folder(table);
        fs::create_dir_all(&folder)?;
        File::options().create(true).truncate(false).read(true).write(true).open(folder.join(".lock"))
    }

    /// Keeps snapshots from coming into use while some are removed.
    fn close(&self) -> Result<Gate> {
        self.uses.close().map_err(|e| self.failed(e))
    }

    /// Which of these snapshots of a table are read by any process.
    fn used_of(&self, table: &TablePath, ids: &[String], closed: &Gate) -> io::Result<Vec<String>> {
        let places: Vec<String> = ids.iter().map(|id| place(table, id)).collect();
        let used = self.uses.used(places.iter().map(String::as_str), closed)?;
        let ids = ids.iter().zip(&places).filter(|(_, place)| used.contains(&place.as_str()));
        Ok(ids.map(|(id, _)| id.clone()).collect())
    }

    /// Whether the manifest names a snapshot.
    fn names(&self, table: &TablePath, id: &str) -> Result<bool> {
        Ok(self.manifest(table)?.is_some_and(|manifest| manifest.snapshots.iter().any(|r| r.id == id)))
    }

    fn part(&self, table: &TablePath, record: &Record, part: &Part) -> PathBuf {
        self.folder(table).join(record.folder_of(part)).join(&part.file)
    }

    /// Whether a part of a snapshot is there, as long as it was written.
    fn stands(&self, table: &TablePath, record: &Record, part: &Part) -> bool {
        fs::metadata(self.part(table, record, part)).is_ok_and(|m| m.len() == part.bytes)
    }

    /// The parts of a snapshot; `None` when one is not as long as it was written.
    fn parts(&self, table: &TablePath, record: &Record) -> io::Result<Option<Vec<WrittenFile>>> {
        let mut parts = Vec::with_capacity(record.parts.len());
        for part in &record.parts {
            if !self.stands(table, record, part) {
                return Ok(None);
            }
            parts.push(WrittenFile { path: self.part(table, record, part), bytes: part.bytes, rows: part.rows });
        }
        Ok(Some(parts))
    }

    /// Moves the folders of a table that its manifest does not need away, to be deleted when they are dropped. One that was never named
    /// goes when it is older than the grace.
    fn sweep(&self, table: &TablePath, manifest: &Manifest, gone: Vec<Record>, closed: &Gate) -> io::Result<Vec<Removal>> {
        let needed = manifest.folders();
        let mut removals = Vec::new();
        for entry in fs::read_dir(self.folder(table))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if needed.contains(name.as_str()) || !entry.file_type()?.is_dir() {
                continue;
            }
            let place = place(table, &name);
            let record = gone.iter().find(|r| r.id == name).cloned();
            let old = SystemTime::now().duration_since(entry.metadata()?.modified()?).is_ok_and(|age| age > self.grace);
            if (record.is_some() || old) && self.uses.used([place.as_str()], closed)?.is_empty() {
                let aside = self.stagings.stage()?;
                fs::rename(entry.path(), aside.scratch().join("old"))?;
                removals.push(Removal { record, freed: size(aside.scratch()), _aside: Some(aside) });
            }
        }
        // Those whose folders stay, since a newer one shares their parts, and those that had none.
        let moved = |r: &Record| removals.iter().any(|m| m.record.as_ref().is_some_and(|other| other.id == r.id));
        let others: Vec<Record> = gone.into_iter().filter(|r| !moved(r)).collect();
        removals.extend(others.into_iter().map(|r| Removal { record: Some(r), freed: 0, _aside: None }));
        Ok(removals)
    }
}

impl State for Local {
    fn believed(&self) -> Option<Duration> {
        None
    }

    fn stage(&self) -> Result<Staging> {
        self.stagings.stage().map_err(|e| self.failed(e))
    }

    fn try_turn(&self, table: &TablePath) -> Result<Option<Turn>> {
        let lock = self.lock_file(table).map_err(|e| self.failed(e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Turn { table: table.clone(), _lock: Some(lock) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(self.failed(e)),
        }
    }

    fn tables(&self) -> Result<Vec<TablePath>> {
        let mut tables = Vec::new();
        for entry in walkdir::WalkDir::new(&self.root).min_depth(4).max_depth(4).sort_by_file_name() {
            let entry = match entry.map_err(io::Error::from) {
                Ok(entry) => entry,
                // A folder that goes away meanwhile has none.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(self.failed(e)),
            };
            if entry.file_name() != MANIFEST {
                continue;
            }
            let table = entry.path().parent().and_then(|table| table.strip_prefix(&self.root).ok()).and_then(Path::to_str);
            tables.extend(table.and_then(TablePath::parse));
        }
        Ok(tables)
    }

    fn manifest(&self, table: &TablePath) -> Result<Option<Manifest>> {
        let path = self.folder(table).join(MANIFEST);
        match fs::read(&path) {
            Ok(bytes) => Manifest::parse(&bytes, &path.display().to_string()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::from(e).within(path.display())),
        }
    }

    fn publish(&self, turn: &Turn, staging: Staging, record: Record) -> Result<Record> {
        let folder = self.folder(&turn.table);
        let mut manifest = self.manifest(&turn.table)?.unwrap_or_default();
        let theirs = manifest.newest(&record.fingerprint).filter(|r| r.is_of_the_same(&record));
        // One that is damaged is what ours was made to stand in for.
        if let Some(theirs) = theirs
            && self.open(&turn.table, theirs)?.is_some()
        {
            return Ok(theirs.clone());
        }
        let standing = manifest.folders();
        if let Some(gone) = record.folders().skip(1).find(|f| !standing.contains(f)) {
            return Err(shared_parts_gone(&turn.table, gone));
        }
        // Named, but taken away by other hands.
        let is_gone = |part: &&Part| part.of.is_some() && !self.stands(&turn.table, &record, part);
        if let Some(gone) = record.parts.iter().find(is_gone) {
            return Err(shared_parts_gone(&turn.table, record.folder_of(gone)));
        }
        let target = folder.join(&record.id);
        let moved = sync_tree(&staging.snapshot())
            .and_then(|()| fs::rename(staging.snapshot(), &target))
            .and_then(|()| sync_folder(&folder));
        moved.map_err(|e| self.failed(e))?;
        manifest.add(record.clone());
        let Err(e) = write(&folder, &manifest) else { return Ok(record) };
        match self.names(&turn.table, &record.id) {
            // It was replaced, and only what would keep that through a loss of power failed.
            Ok(true) => {
                tracing::warn!(path = %target.display(), "a snapshot is there, but may not outlive a loss of power: {e}");
                return Ok(record);
            }
            // Without a record it would stand there for a grace, and does when it can't be removed.
            Ok(false) => drop(fs::remove_dir_all(&target)),
            // What may be named must stay.
            Err(_) => {}
        }
        Err(e)
    }

    fn change(&self, turn: &Turn, change: Change<'_>) -> Result<()> {
        let mut manifest = self.manifest(&turn.table)?.unwrap_or_default();
        if change(&mut manifest) { write(&self.folder(&turn.table), &manifest) } else { Ok(()) }
    }

    fn open(&self, table: &TablePath, record: &Record) -> Result<Option<Opened>> {
        let own = place(table, &record.id);
        let held = self.uses.hold(&own, || self.parts(table, record)).map_err(|e| self.failed(e))?;
        let Some((parts, held)) = held else { return Ok(None) };
        let Some(first) = parts.first() else { return Ok(None) };
        let file = File::open(&first.path).map_err(|e| Error::from(e).within(first.path.display()))?;
        let footer = match ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()) {
            Ok(footer) => footer,
            Err(e) => {
                tracing::warn!(path = %first.path.display(), "a snapshot can't be read and is made anew: {e}");
                return Ok(None);
            }
        };
        let files: Arc<dyn Files> = Arc::new(Folder(self.folder(table).join(&record.id)));
        Ok(Some(Opened { schema: Arc::clone(footer.schema()), layout: Layout::Written(parts), files, held: Some(held) }))
    }

    fn remove(&self, turn: &Turn, choose: Choose<'_>) -> Result<Vec<Removal>> {
        let Some(mut manifest) = self.manifest(&turn.table)? else { return Ok(Vec::new()) };
        let closed = self.close()?;
        let mut chosen = choose(&manifest.snapshots);
        let used = self.used_of(&turn.table, &chosen, &closed).map_err(|e| self.failed(e))?;
        chosen.retain(|id| !used.contains(id));
        let gone = manifest.take(&chosen);
        if !gone.is_empty() {
            write(&self.folder(&turn.table), &manifest)?;
        }
        self.sweep(&turn.table, &manifest, gone, &closed).map_err(|e| self.failed(e))
    }

    fn used(&self, turn: &Turn, ids: &[String]) -> Result<Vec<String>> {
        let closed = self.close()?;
        self.used_of(&turn.table, ids, &closed).map_err(|e| self.failed(e))
    }
}

/// The error of a state that can't be written or read.
fn failed(root: &Path, e: io::Error) -> Error {
    Error::from(e).within(format!("the state folder {} can't be used", root.display()))
}

/// The files beside a snapshot's parts.
#[derive(Debug)]
struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, name: &str) -> Result<Option<Box<dyn Read + Send>>> {
        let path = self.0.join(name);
        match File::open(&path) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::from(e).within(path.display())),
        }
    }
}

/// The bytes of the files below a folder; what can't be looked at counts nothing.
fn size(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
    files.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}

/// A snapshot's place below the root, which its marks are of.
fn place(table: &TablePath, id: &str) -> String {
    format!("{}/{id}", table.as_str())
}

/// The error of a snapshot whose older parts were removed while it was made.
pub(super) fn shared_parts_gone(table: &TablePath, id: &str) -> Error {
    let table = table.as_str();
    Error::new(Kind::SourceChanged, format!("the snapshot {id} of {table}, whose parts a newer one was to share, was removed"))
        .with_hint("Ask again: all of its files are read then.")
}

/// Writes the manifest so that readers see the old one or the new one. Whoever does has the turn, so that one name is enough for what is
/// being written: the next writes over what a killed one left.
fn write(table: &Path, manifest: &Manifest) -> Result<()> {
    let bytes = manifest.print()?;
    let temporary = table.join(format!(".{MANIFEST}.new"));
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, table.join(MANIFEST))?;
        sync_folder(table)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(|e| Error::from(e).within(table.join(MANIFEST).display()))
}

/// Makes the entries of a folder and of those in it durable; whoever wrote the files synced them.
fn sync_tree(path: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(path) {
        let entry = entry.map_err(io::Error::from)?;
        if entry.file_type().is_dir() {
            sync_folder(entry.path())?;
        }
    }
    Ok(())
}

/// Makes a folder's entries durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
