//! Raw files beside a snapshot: the bytes as they were received, kept when asked for, and found again when a source is gone. What they
//! hold is not looked at.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::before::Before;
use super::build::Given;
use super::fetch::{Raw, file_name, hex};
use super::state::{Files, Record, Source};
use crate::error::Result;
use crate::name::clip;

/// Their folder within a snapshot's.
const FOLDER: &str = "raw";

/// The longest part of a published file's name that its kept file has, in bytes.
const NAME_BYTES: usize = 150;

/// Keeps each of `given` in the snapshot's folder: what was fetched to `scratch` is moved, what is the same as `before` is copied from there,
/// all else copied and checked not to have changed meanwhile. Where each is, within the folder; `None` when one that is the same is not
/// what was received any more.
pub(super) fn keep(given: &[Given], before: Option<&Before>, scratch: &Path, snapshot: &Path) -> Result<Option<Vec<String>>> {
    fs::create_dir_all(snapshot.join(FOLDER))?;
    let mut kept = Vec::with_capacity(given.len());
    for (i, given) in given.iter().enumerate() {
        let name = match given {
            Given::Raw(raw) => raw.file_name(),
            Given::Same { index } => before.and_then(|b| b.source(*index)).map_or_else(String::new, |s| file_name(&s.url)),
        };
        // Names that every file system and bucket takes.
        let name = name.replace(|c: char| c.is_control() || "/\\:%<>\"|?*#".contains(c), "_");
        let at = format!("{FOLDER}/{i}-{}", clip(&name, NAME_BYTES));
        let target = snapshot.join(&at);
        match given {
            Given::Raw(raw) if raw.path.starts_with(scratch) => fs::rename(&raw.path, &target)?,
            Given::Raw(raw) => {
                fs::copy(&raw.path, &target)?;
                raw.check_unchanged()?;
            }
            Given::Same { index } => {
                let Some(before) = before else { return Ok(None) };
                let Some(source) = before.source(*index) else { return Ok(None) };
                if !copied(before.files(), source, &target)? {
                    return Ok(None);
                }
            }
        }
        File::open(&target)?.sync_all()?;
        kept.push(at);
    }
    Ok(Some(kept))
}

/// The files that a record's snapshot was made of, copied to `scratch` from the files beside it; `None` when one was not kept or is not
/// what was received.
pub(super) fn kept(files: &dyn Files, record: &Record, scratch: &Path) -> Result<Option<Vec<Raw>>> {
    let mut raws = Vec::with_capacity(record.sources.len());
    for (i, source) in record.sources.iter().enumerate() {
        let path = scratch.join(format!("raw-{i}"));
        if !copied(files, source, &path)? {
            return Ok(None);
        }
        raws.push(Raw::kept(source.url.clone(), path, source.sha256.clone(), source.size));
    }
    Ok(Some(raws).filter(|raws| !raws.is_empty()))
}

/// Copies a file that was kept of a source; false when it was not kept or is not what was received.
fn copied(files: &dyn Files, source: &Source, to: &Path) -> Result<bool> {
    let Some(mut bytes) = source.raw.as_ref().map(|name| files.read(name)).transpose()?.flatten() else { return Ok(false) };
    let mut copy = Hashed { to: File::create(to)?, hash: Sha256::new() };
    let size = io::copy(&mut bytes, &mut copy)?;
    let hash = hex(&copy.hash.finalize());
    let is_whole = size == source.size && hash == source.sha256;
    if !is_whole {
        tracing::warn!(url = source.url, "a raw file that was kept is not what was received: {size} bytes, {hash}");
    }
    Ok(is_whole)
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
