//! Raw files beside a snapshot: the bytes as they were received, kept when asked for, and found again when a source is gone. What they
//! hold is not looked at.

use std::fs::{self, File};
use std::path::Path;

use super::fetch::Raw;
use super::manifest::Record;
use crate::error::Result;
use crate::name::clip;

/// Their folder within a snapshot's.
const FOLDER: &str = "raw";

/// The longest part of a published file's name that its kept file has, in bytes.
const NAME_BYTES: usize = 150;

/// Keeps each of `raws` in the snapshot's folder: what was fetched to `scratch` is moved, all else copied and checked not to
/// have changed meanwhile. Where each is, within the folder.
pub(super) fn keep(raws: &[Raw], scratch: &Path, snapshot: &Path) -> Result<Vec<String>> {
    fs::create_dir_all(snapshot.join(FOLDER))?;
    let mut kept = Vec::with_capacity(raws.len());
    for (i, raw) in raws.iter().enumerate() {
        let name = raw.file_name().replace(|c: char| c.is_control() || "/\\:".contains(c), "_");
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
    File::open(snapshot.join(FOLDER))?.sync_all()?;
    Ok(kept)
}

/// The files that a record's snapshot in `folder` was made of, when each was kept and has the size it had.
pub(super) fn kept(folder: &Path, record: &Record) -> Option<Vec<Raw>> {
    let raw = |source: &super::manifest::Source| {
        let path = folder.join(source.raw.as_ref()?);
        let intact = fs::metadata(&path).is_ok_and(|m| m.len() == source.size);
        intact.then(|| Raw::kept(source.url.clone(), path, source.sha256.clone(), source.size))
    };
    if record.sources.is_empty() { None } else { record.sources.iter().map(raw).collect() }
}
