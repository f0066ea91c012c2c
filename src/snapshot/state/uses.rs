//! Who reads which snapshot of a state folder, across processes: each process has a folder of marks, one empty file for each snapshot
//! that it holds, and a lock that tells whether it lives. Which snapshots go is not decided here.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// Held locked by the process that a folder of marks belongs to.
const LOCK: &str = ".lock";

/// The marks of all processes, and this one's own.
#[derive(Debug)]
pub(super) struct Uses {
    all: PathBuf,
    own: PathBuf,
    _alive: File,
    /// How often this process holds a snapshot, by its mark.
    held: Mutex<HashMap<String, usize>>,
}

/// A snapshot that this process reads; no longer when dropped.
#[derive(Debug)]
pub(in crate::snapshot) struct Use {
    uses: Arc<Uses>,
    mark: String,
}

/// A time in which no snapshot comes into use and none is removed by another process; until it is dropped.
#[derive(Debug)]
pub(super) struct Gate {
    _file: File,
}

impl Uses {
    /// Opens the folder of all marks, made when absent, and makes one for this process.
    pub(super) fn open(all: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&all)?;
        let _gate = shared(&all)?;
        for n in 0.. {
            let own = all.join(format!("{}-{n}", std::process::id()));
            match fs::create_dir(&own) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(e),
            }
            let alive = File::create(own.join(LOCK))?;
            alive.lock()?;
            return Ok(Self { all, own, _alive: alive, held: Mutex::default() });
        }
        unreachable!("a number is free")
    }

    /// Marks a snapshot by its place below the state's root, and then looks whether it still stands: `None` when `stands` denies it.
    /// A snapshot that is marked is not removed.
    pub(super) fn hold<T>(
        self: &Arc<Self>,
        place: &str,
        stands: impl FnOnce() -> io::Result<Option<T>>,
    ) -> io::Result<Option<(T, Use)>> {
        let _gate = shared(&self.all)?;
        let mark = mark(place);
        {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let count = held.entry(mark.clone()).or_default();
            if *count == 0
                && let Err(e) = File::create(self.own.join(&mark))
            {
                // On a full disk tables are still read; what is not marked may go, which a reader then meets as an error.
                tracing::warn!(place, "a snapshot in use can't be marked: {e}");
            }
            *count += 1;
        }
        // From here on the mark goes when this goes.
        let held = Use { uses: Arc::clone(self), mark };
        Ok(stands()?.map(|it| (it, held)))
    }

    /// Keeps snapshots from coming into use while some are removed.
    pub(super) fn close(&self) -> io::Result<Gate> {
        let file = gate(&self.all)?;
        file.lock()?;
        Ok(Gate { _file: file })
    }

    /// Which of these places are in use, by any process that lives; what dead ones left is removed.
    pub(super) fn used<'a>(&self, places: impl IntoIterator<Item = &'a str>, _closed: &Gate) -> io::Result<Vec<&'a str>> {
        let mut living = Vec::new();
        for entry in fs::read_dir(&self.all)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            if entry.path() == self.own || lives(&entry.path())? {
                living.push(entry.path());
                continue;
            }
            match fs::remove_dir_all(entry.path()) {
                // A process that ends meanwhile removes its own.
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                Ok(()) | Err(_) => {}
            }
        }
        let mut used = Vec::new();
        for place in places {
            let mark = mark(place);
            // What can't be looked at is an error: a snapshot that is taken for unused goes.
            for process in &living {
                if process.join(&mark).try_exists()? {
                    used.push(place);
                    break;
                }
            }
        }
        Ok(used)
    }
}

impl Drop for Uses {
    fn drop(&mut self) {
        // What stays is removed by the next one to look.
        let _ = fs::remove_dir_all(&self.own);
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut held = self.uses.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = held.get_mut(&self.mark) else { return };
        *count -= 1;
        if *count == 0 {
            held.remove(&self.mark);
            // A mark that stays keeps its snapshot as long as this process lives, no longer.
            let _ = fs::remove_file(self.uses.own.join(&self.mark));
        }
    }
}

/// Whether the process that a folder of marks belongs to still has its lock. Only a lock that is not there, or that can be had, tells of
/// the end of one: one that can't be opened (too many open files) tells nothing, and its marks must stay.
fn lives(marks: &Path) -> io::Result<bool> {
    match File::open(marks.join(LOCK)) {
        Ok(lock) => Ok(lock.try_lock().is_err()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

fn gate(all: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).open(all.join(".gate"))
}

fn shared(all: &Path) -> io::Result<File> {
    let file = gate(all)?;
    file.lock_shared()?;
    Ok(file)
}

/// A place as a file's name: paths are longer than those may be.
fn mark(place: &str) -> String {
    crate::snapshot::fetch::hex(&Sha256::digest(place.as_bytes())[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_seen_by_others_until_their_process_ends() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let open = || Arc::new(Uses::open(dir.path().join("readers")).expect("opens"));
        let (one, other) = (open(), open());
        let used = |uses: &Uses| {
            let closed = uses.close().expect("closes");
            uses.used(["a", "b"], &closed).expect("looks").join(" ")
        };
        let hold = |uses: &Arc<Uses>, place| uses.hold(place, || Ok(Some(()))).expect("marks").expect("stands").1;
        let (first, second) = (hold(&one, "a"), hold(&one, "a"));
        assert_eq!((used(&one), used(&other)), ("a".to_owned(), "a".to_owned()));
        drop(first);
        assert_eq!(used(&other), "a", "it is still held once");
        drop(second);
        assert_eq!(used(&other), "");
        assert!(one.hold("b", || Ok(None::<()>)).expect("looks").is_none());
        assert_eq!(used(&other), "", "what does not stand is not in use");

        // As a killed process leaves it.
        let killed = dir.path().join("readers/1-0");
        fs::create_dir(&killed).expect("a folder");
        fs::write(killed.join(LOCK), "").and_then(|()| fs::write(killed.join(mark("b")), "")).expect("files");
        assert_eq!(used(&other), "");
        assert!(!killed.exists());

        // A lock that can't be opened, here since it leads to itself, is no word of its process's end.
        let unknown = dir.path().join("readers/1-1");
        fs::create_dir(&unknown).expect("a folder");
        std::os::unix::fs::symlink(unknown.join(LOCK), unknown.join(LOCK)).expect("a link");
        fs::write(unknown.join(mark("b")), "").expect("a file");
        let closed = other.close().expect("closes");
        assert!(other.used(["b"], &closed).is_err() && unknown.join(mark("b")).exists());
    }
}
