//! Raw files beside a snapshot: the bytes as they were received, kept when asked for, and found again when a source is gone. What they
//! hold is not looked at.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::fetch::{Raw, hex};
use super::state::{Files, Record};
use crate::error::Result;
use crate::name::clip;

/// Their folder within a snapshot's.
const FOLDER: &str = "raw";

/// The longest part of a published file's name that its kept file has, in bytes.
const NAME_BYTES: usize = 150;

/// Keeps each of `raws` in the snapshot's folder: what was fetched to `scratch` is moved, all else copied and checked not to
/// have changed meanwhile. Where each is, within the folder.
pub(super) fn keep(raws: &[&Raw], scratch: &Path, snapshot: &Path) -> Result<Vec<String>> {
    fs::create_dir_all(snapshot.join(FOLDER))?;
    let mut kept = Vec::with_capacity(raws.len());
    for (i, raw) in raws.iter().enumerate() {
        // Names that every file system and bucket takes.
        let name = raw.file_name().replace(|c: char| c.is_control() || "/\\:%<>\"|?*#".contains(c), "_");
        let at = format!("{FOLDER}/{i}-{}", clip(&name, NAME_BYTES));
        let target = snapshot.join(&at);
        if raw.path.starts_with(scratch) {
            fs::rename(&raw.path, &target)?;
        } else {
            fs::copy(&raw.path, &target)?;
            raw.check_unchanged()?;
        }
        File::open(&target)?.sync_all()?;
        kept.push(at);
    }
    Ok(kept)
}

/// The files that a record's snapshot was made of, copied to `scratch` from the files beside it; `None` when one was not kept or is not
/// what was received.
pub(super) fn kept(files: &dyn Files, record: &Record, scratch: &Path) -> Result<Option<Vec<Raw>>> {
    let mut raws = Vec::with_capacity(record.sources.len());
    for (i, source) in record.sources.iter().enumerate() {
        let Some(mut bytes) = source.raw.as_ref().map(|name| files.read(name)).transpose()?.flatten() else { return Ok(None) };
        let path = scratch.join(format!("raw-{i}"));
        let mut copy = Hashed { to: File::create(&path)?, hash: Sha256::new() };
        let size = io::copy(&mut bytes, &mut copy)?;
        let hash = hex(&copy.hash.finalize());
        if size != source.size || hash != source.sha256 {
            tracing::warn!(
                url = source.url,
                id = record.id,
                "a raw file that was kept is not what was received: {size} bytes, {hash}"
            );
            return Ok(None);
        }
        raws.push(Raw::kept(source.url.clone(), path, source.sha256.clone(), source.size));
    }
    Ok(Some(raws).filter(|raws| !raws.is_empty()))
}

/// A file that is hashed while it is written.
struct Hashed {
    to: File,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
