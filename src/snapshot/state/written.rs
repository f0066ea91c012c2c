//! The Parquet files of a state's folder by table, for those who read them without Stoa. A look from outside: it takes no lock and holds nothing.

use std::path::{Path, PathBuf};

use super::record::{MANIFEST, Manifest, TablePath};
use crate::error::{Error, Result};

/// The newest snapshot of one table, as Parquet files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenTable {
    pub catalog: String,
    pub schema: String,
    pub name: String,
    /// At least one; in the order of their rows.
    pub files: Vec<PathBuf>,
}

/// The tables of the state in a folder, by catalog, schema and name; those that are scanned where they were published have no files here
/// and are not among them. None in a folder that is no state.
pub fn written(state: &Path) -> Result<Vec<WrittenTable>> {
    let root = state.join("snapshots");
    let mut tables = Vec::new();
    let walk = walkdir::WalkDir::new(&root).min_depth(3).max_depth(3).sort_by_file_name();
    for entry in walk.into_iter().filter_map(Result::ok).filter(|_| root.is_dir()) {
        let below = entry.path().strip_prefix(&root).ok().map(|path| path.to_string_lossy().replace('\\', "/"));
        let Some(path) = below.as_deref().and_then(TablePath::parse) else { continue };
        let place = entry.path().join(MANIFEST);
        let bytes = match std::fs::read(&place) {
            Ok(bytes) => bytes,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => continue,
            Err(e) => return Err(Error::from(e).within(place.display())),
        };
        let manifest = Manifest::parse(&bytes, &place.display().to_string())?;
        let Some(newest) = manifest.as_ref().and_then(|manifest| manifest.snapshots.last()) else { continue };
        let file = |part| -> PathBuf { entry.path().join(newest.folder_of(part)).join(&part.file) };
        let files: Vec<PathBuf> = newest.parts.iter().map(file).collect();
        if !files.is_empty() {
            let [catalog, schema, name] = path.names();
            tables.push(WrittenTable { catalog, schema, name, files });
        }
    }
    Ok(tables)
}
