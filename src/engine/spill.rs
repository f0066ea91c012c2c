//! The folder that queries spill to: one of its own for each process, so that what a killed one left is known and removed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Held locked by the process that spills there.
const LOCK: &str = ".lock";

/// This process's folder, removed when dropped.
#[derive(Debug)]
pub struct Spill {
    path: PathBuf,
    _lock: File,
}

impl Spill {
    /// Makes a folder under `state` and removes those whose process is gone.
    pub fn open(state: &Path) -> Result<Self> {
        let all = state.join("spill");
        let place = |e: std::io::Error| Error::from(e).within(format!("state folder {}", all.display()));
        fs::create_dir_all(&all).map_err(place)?;
        for left in fs::read_dir(&all).map_err(place)?.flatten() {
            // A folder without a lock is just being made, or is not ours. The lock is held while the folder goes: two servers that
            // start at a time do not both remove it, and one that was about to take it sees that it is gone.
            let lock = File::open(left.path().join(LOCK));
            if lock.as_ref().is_ok_and(|lock| lock.try_lock().is_ok()) {
                fs::remove_dir_all(left.path()).map_err(place)?;
            }
        }
        for n in 0.. {
            let path = all.join(format!("{}-{n}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(place(e)),
            }
            let lock = File::create(path.join(LOCK)).map_err(place)?;
            lock.lock().map_err(place)?;
            // Between the two another process may have taken it for one that a killed process left.
            if path.join(LOCK).exists() {
                return Ok(Self { path, _lock: lock });
            }
        }
        unreachable!("a number is free")
    }

    /// Where to spill.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        // What stays is removed by the next one to open.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_a_living_one_is_let_be() {
        let state = tempfile::tempdir().expect("a temporary folder");
        let living = Spill::open(state.path()).expect("opens");
        let killed = state.path().join("spill/1-0");
        fs::create_dir(&killed).expect("a folder");
        fs::write(killed.join(LOCK), "").expect("a file");
        fs::write(killed.join("sorted"), "rows").expect("a file");

        let other = Spill::open(state.path()).expect("opens");
        assert!(!killed.exists() && living.path().exists() && living.path() != other.path());
        let gone = other.path().to_owned();
        drop(other);
        assert!(!gone.exists());
    }
}
