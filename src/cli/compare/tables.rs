//! The Parquet files of a folder by the table they make: those of a state's newest snapshots, or `SCHEMA/TABLE.parquet` and
//! `SCHEMA/TABLE/*.parquet`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::PlainTable;
use crate::error::{Error, Kind, Result};
use crate::snapshot;

/// The tables below a folder, by name. [`Kind::Config`] when there are none.
pub(super) fn parquet(folder: &Path) -> Result<Vec<PlainTable>> {
    let of_state = snapshot::written(folder)?;
    let mut tables: Vec<PlainTable> =
        of_state.into_iter().map(|t| PlainTable { schema: t.schema, name: t.name, files: t.files }).collect();
    if tables.is_empty() {
        let cant = |e: std::io::Error| Error::new(Kind::Config, format!("can't list {}: {e}", folder.display())).caused_by(e);
        tables = plain(folder).map_err(cant)?;
    }
    if tables.is_empty() {
        return Err(Error::new(Kind::Config, format!("{} holds no table of Parquet files", folder.display())).with_hint(
            "Name a state's folder after `stoa refresh`, or one with SCHEMA/TABLE.parquet or SCHEMA/TABLE/*.parquet.",
        ));
    }
    Ok(tables)
}

fn plain(folder: &Path) -> std::io::Result<Vec<PlainTable>> {
    let mut tables = Vec::new();
    for schema in entries(folder)?.into_iter().filter(|schema| schema.is_dir()) {
        for table in entries(&schema)? {
            let files = if table.is_dir() { entries(&table)? } else { vec![table.clone()] };
            let is_parquet = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet") && path.is_file();
            let files: Vec<PathBuf> = files.into_iter().filter(is_parquet).collect();
            if !files.is_empty() {
                let name = if table.is_dir() { table.file_name() } else { table.file_stem() };
                tables.push(PlainTable { schema: shown(schema.file_name()), name: shown(name), files });
            }
        }
    }
    Ok(tables)
}

fn shown(name: Option<&std::ffi::OsStr>) -> String {
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What a folder holds, by name, without what is hidden.
fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| !shown(path.file_name()).starts_with('.'));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_files_or_folders_of_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("it is writable");
            fs::write(path, text).expect("it is writable");
        };
        let names = || {
            let tables = parquet(folder.path()).expect("there are tables");
            tables.into_iter().map(|t| format!("{}.{} {}", t.schema, t.name, t.files.len())).collect::<Vec<_>>()
        };
        assert_eq!(parquet(folder.path()).expect_err("there are none").kind(), Kind::Config);
        write("s/a.parquet", "");
        write("s/b/1.parquet", "");
        write("s/b/2.parquet", "");
        write("s/notes.txt", "");
        assert_eq!(names(), ["s.a 1", "s.b 2"]);
    }
}
