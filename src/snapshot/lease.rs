//! Leases: which snapshots the processes that share a state folder are reading, so that none is removed under a reader. Which snapshots
//! are old is not known here.
//!
//! Each process writes what it takes and gives back into a file of its own, which it holds locked for as long as it lives: a file that
//! can be locked is a dead process's, and void. Whoever removes snapshots closes the gate, a lock that takers hold
//! shared for a moment, and looks at all files: a lease was written before, and is respected, or its taker finds the snapshot gone.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::error::Result;

/// Lines of a process's file beyond those it needs, before it is written anew.
const SPARE_LINES: usize = 1_000;

/// The leases of one state folder, as one of its processes sees them.
pub(super) struct Leases {
    /// Where each process's file is.
    folder: PathBuf,
    gate: PathBuf,
    own: Mutex<Own>,
}

/// What this process holds.
#[derive(Default)]
struct Own {
    /// Made at the first lease, and held locked.
    file: Option<(PathBuf, File)>,
    /// How often each snapshot is held.
    held: HashMap<String, usize>,
    lines: usize,
}

/// One reader of one snapshot: it is not removed before this is dropped.
pub(super) struct Lease {
    leases: Arc<Leases>,
    name: String,
}

/// Nobody takes a lease while this stands.
pub(super) struct Closed {
    in_use: HashSet<String>,
    _gate: File,
}

impl Leases {
    /// The leases of the state folder `root`, which is there.
    pub(super) fn open(root: &Path) -> Result<Self> {
        let folder = root.join(".leases");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, gate: root.join(".gate"), own: Mutex::default() })
    }

    /// Takes a lease of the snapshot of this name, unique in the state folder and of one line. Whether the snapshot is there is to be
    /// seen afterwards: from then on it stays.
    pub(super) fn take(self: &Arc<Self>, name: String) -> Lease {
        let mut own = self.own();
        let first = !own.held.contains_key(&name);
        *own.held.entry(name.clone()).or_default() += 1;
        if first && let Err(e) = self.write(&mut own, '+', &name) {
            // A full disk is no reason to serve nothing; the newest snapshots are kept in any case.
            tracing::warn!(snapshot = name, "other processes can't be told that it is in use: {e}");
        }
        Lease { leases: Arc::clone(self), name }
    }

    /// Closes the gate and looks who holds what. What dead processes left is removed.
    pub(super) fn close(&self) -> Result<Closed> {
        // In this order everywhere; whoever has the gate closed waits for nobody's file.
        let own = self.own();
        let gate = self.gate()?;
        gate.lock()?;
        let mut in_use: HashSet<String> = own.held.keys().cloned().collect();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if own.file.as_ref().is_some_and(|(ours, _)| *ours == path) {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            if file.try_lock().is_ok() {
                fs::remove_file(&path)?;
            } else {
                read(&fs::read_to_string(&path)?, &mut in_use);
            }
        }
        Ok(Closed { in_use, _gate: gate })
    }

    fn give_back(&self, name: &str) {
        let mut own = self.own();
        let Some(count) = own.held.get_mut(name) else { return };
        *count -= 1;
        if *count == 0 {
            own.held.remove(name);
            if let Err(e) = self.write(&mut own, '-', name) {
                // It stays in use for others until this process ends.
                tracing::warn!(snapshot = name, "other processes can't be told that it is not in use any more: {e}");
            }
        }
    }

    /// Adds a line to this process's file, in one piece for those that close the gate.
    fn write(&self, own: &mut Own, sign: char, name: &str) -> Result<()> {
        let gate = self.gate()?;
        gate.lock_shared()?;
        if own.file.is_none() {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
            let path = self.folder.join(format!("{}-{n}-{now:x}", std::process::id()));
            let file = File::create_new(&path)?;
            file.lock()?;
            own.file = Some((path, file));
        }
        let Some((_, file)) = &mut own.file else { return Ok(()) };
        if own.lines > own.held.len() * 2 + SPARE_LINES {
            let all: String = own.held.keys().map(|name| format!("+{name}\n")).collect();
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(all.as_bytes())?;
            own.lines = own.held.len();
        } else {
            file.write_all(format!("{sign}{name}\n").as_bytes())?;
            own.lines += 1;
        }
        Ok(())
    }

    fn gate(&self) -> Result<File> {
        Ok(File::options().create(true).truncate(false).read(true).write(true).open(&self.gate)?)
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        // A panic leaves a count that is too high at worst, which keeps a snapshot.
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that ends well takes its file with it.
impl Drop for Leases {
    fn drop(&mut self) {
        if let Some((path, _)) = &self.own().file {
            // Whoever closes the gate next would remove it too.
            let _ = fs::remove_file(path);
        }
    }
}

/// Adds what the lines of a process's file come to.
fn read(lines: &str, in_use: &mut HashSet<String>) {
    let mut held = HashSet::new();
    for line in lines.lines() {
        match (line.strip_prefix('+'), line.strip_prefix('-')) {
            (Some(name), _) => {
                held.insert(name);
            }
            (None, Some(name)) => {
                held.remove(name);
            }
            (None, None) => {}
        }
    }
    in_use.extend(held.into_iter().map(str::to_owned));
}

impl Closed {
    /// Whether any process reads the snapshot of this name.
    pub(super) fn in_use(&self, name: &str) -> bool {
        self.in_use.contains(name)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.give_back(&self.name);
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lease").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path) -> Arc<Leases> {
        Arc::new(Leases::open(root).expect("opens"))
    }

    /// Which of `a`, `b` and `c` are in use, as one of the processes sees it.
    fn seen(leases: &Leases) -> String {
        let closed = leases.close().expect("closes");
        ["a", "b", "c"].into_iter().filter(|name| closed.in_use(name)).collect()
    }

    #[test]
    fn what_any_process_holds_is_in_use() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (one, other) = (open(root.path()), open(root.path()));
        assert_eq!(seen(&one), "");
        let a = one.take("a".into());
        let again = one.take("a".into());
        let b = other.take("b".into());
        assert_eq!((seen(&one), seen(&other)), ("ab".to_owned(), "ab".to_owned()));
        drop(a);
        assert_eq!(seen(&other), "ab");
        drop(again);
        assert_eq!((seen(&one), seen(&other)), ("b".to_owned(), "b".to_owned()));
        drop(b);
        assert_eq!((seen(&one), seen(&other)), (String::new(), String::new()));
    }

    #[test]
    fn a_dead_process_holds_nothing_and_its_file_goes() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let leases = open(root.path());
        let left = root.path().join(".leases/77-0-1");
        fs::write(&left, "+a\n+b\n-b\n").expect("writes");
        assert_eq!(seen(&leases), "");
        assert!(!left.exists());
        let alive = File::create(&left).expect("makes");
        alive.lock().expect("locks");
        fs::write(&left, "+a\n+b\n-b\n+c\n-c\n+c\n").expect("writes");
        assert_eq!(seen(&leases), "ac");
        drop(alive);
        assert_eq!(seen(&leases), "");
    }

    #[test]
    fn a_file_does_not_grow_for_ever() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (leases, other) = (open(root.path()), open(root.path()));
        let _held = leases.take("a".into());
        for _ in 0..2 * SPARE_LINES {
            drop(leases.take("b".into()));
        }
        let path = leases.own().file.as_ref().map(|(path, _)| path.clone()).expect("was made");
        let lines = fs::read_to_string(path).expect("reads").lines().count();
        assert!(lines < SPARE_LINES * 2, "{lines} lines");
        assert_eq!(seen(&other), "a");
    }
}
