//! Where snapshots are written before anybody sees them: folders of this machine that go with whoever writes there, and when that one
//! was killed, with the next to come.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The folders being written in of one parent.
#[derive(Debug)]
pub(super) struct Stagings {
    parent: PathBuf,
    /// Held shared as long as this process writes here, so that no other takes its unfinished writes for left ones.
    _alive: File,
}

/// A folder that is being written; removed when it is dropped.
#[derive(Debug)]
pub(in crate::snapshot) struct Staging {
    path: PathBuf,
}

impl Stagings {
    /// Opens `parent`, made when absent. What a killed write left is removed, unless another process is writing here.
    pub(super) fn open(parent: PathBuf, lock: &Path) -> io::Result<Self> {
        fs::create_dir_all(&parent)?;
        let alive = File::options().create(true).truncate(false).read(true).write(true).open(lock)?;
        if alive.try_lock().is_ok() {
            for left in fs::read_dir(&parent)? {
                fs::remove_dir_all(left?.path())?;
            }
            alive.unlock()?;
        }
        alive.lock_shared()?;
        Ok(Self { parent, _alive: alive })
    }

    /// A new folder to write in. Its name is of no process: those of two containers on one state may have the same number.
    pub(super) fn stage(&self) -> io::Result<Staging> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let path = self.parent.join(crate::snapshot::fetch::hex(&random));
        fs::create_dir(&path)?;
        // From here on it goes when this goes.
        let staging = Staging { path };
        fs::create_dir(staging.snapshot())?;
        Ok(staging)
    }
}

impl Staging {
    /// Where the snapshot's own files go: its parts, and beside them its rejects and what else is kept.
    pub(in crate::snapshot) fn snapshot(&self) -> PathBuf {
        self.path.join("snapshot")
    }

    /// Where everything else goes that is gone afterwards.
    pub(in crate::snapshot) fn scratch(&self) -> &Path {
        &self.path
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), "an unfinished snapshot was not removed: {e}");
        }
    }
}
