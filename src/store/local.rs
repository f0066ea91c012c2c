//! Which local files a path means: itself, the files below a folder, or those a glob matches. Blocking; reading them is
//! `object_store`'s.

use std::io;
use std::path::{Path, PathBuf};

use object_store::path::Path as StorePath;
use unicode_normalization::UnicodeNormalization;
use walkdir::WalkDir;

use super::failure::source_error;
use super::location::Local;
use crate::descriptor::pattern::{Pattern, is_glob, is_hidden};
use crate::error::{Error, Kind, Result};
use crate::name;

/// The files found, and how they hang together with what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The path is a file.
    One(PathBuf),
    /// The files below `base` by their names under it, in order. `globs` is how many segments of the path were a glob.
    Many { base: PathBuf, names: Vec<String>, globs: usize },
}

/// Looks up what `local` means; `published` is for the message. A name that exists is meant to the letter, glob characters or
/// not, and whether its accents are composed or not.
pub(super) fn find(published: &str, local: &Local) -> Result<Found> {
    for path in &local.paths {
        let Some(path) = existing(published, path)? else { continue };
        let is = path.metadata().map_err(|e| unreadable(published, &e))?;
        if is.is_file() {
            return Ok(Found::One(path));
        }
        if !is.is_dir() {
            return Err(Error::new(Kind::SourceInvalid, format!("{published} is neither a file nor a folder")));
        }
        if local.many {
            let names = below(published, &path, usize::MAX, |_| true)?;
            return some(published, Found::Many { base: path, names, globs: 0 });
        }
        return Err(Error::new(Kind::SourceMissing, format!("{published} is a folder where a file is expected")));
    }
    let path = &local.paths[0];
    if local.many && is_glob(&path.to_string_lossy()) {
        return glob(published, path);
    }
    Err(missing(published, path))
}

/// Where a file stands in `object_store`'s [`LocalFileSystem`](object_store::local::LocalFileSystem) over the whole file system.
/// [`Kind::SourceInvalid`] for the few names that it can't hold.
pub(super) fn location(published: &str, path: &Path) -> Result<StorePath> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // It takes these for its own unfinished writes.
    let reserved = name.split_once('#').is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()));
    if reserved {
        return Err(Error::new(Kind::SourceInvalid, format!("{published}: a name that ends in # and digits can't be read"))
            .with_hint("Rename the file, or give it an extension."));
    }
    StorePath::from_absolute_path(path).map_err(|e| source_error(published, e.into()))
}

/// The files that the glob `path` matches. Leading segments that exist are taken to the letter, so that a folder `a [1]` can be
/// globbed in.
fn glob(published: &str, path: &Path) -> Result<Found> {
    let mut base = PathBuf::new();
    let mut rest = path.components();
    let pattern = loop {
        let before = rest.as_path().to_string_lossy().into_owned();
        let Some(part) = rest.next() else { return Err(missing(published, path)) };
        let next = base.join(part);
        if !next.is_dir() {
            break before;
        }
        base = next;
    };
    let first = pattern.split('/').next().unwrap_or_default();
    if !is_glob(first) {
        return Err(missing(published, &base.join(first)));
    }
    let globs = pattern.split('/').count();
    let depth = if pattern.contains("**") { usize::MAX } else { globs };
    let matcher = Pattern::parse(&pattern)?;
    let names = below(published, &base, depth, |name| matcher.matches(name))?;
    some(published, Found::Many { base, names, globs })
}

/// The names under `folder` of the files at most `depth` segments below it, in order, hidden ones left out.
fn below(published: &str, folder: &Path, depth: usize, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let walk = WalkDir::new(folder).min_depth(1).max_depth(depth).follow_links(true).into_iter();
    for entry in walk.filter_entry(|e| e.depth() == 0 || !is_hidden(&e.file_name().to_string_lossy())) {
        let entry = entry.map_err(|e| {
            let at = e.path().unwrap_or(folder).display().to_string();
            Error::new(Kind::SourceUnreachable, format!("{published}: {at} can't be listed: {e}"))
        })?;
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.path().strip_prefix(folder).expect("a walk stays below its root");
        let Some(name) = name.to_str() else {
            let name = name.display();
            return Err(Error::new(Kind::SourceInvalid, format!("{published}: the name of {name} is not Unicode")));
        };
        if wanted(name) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn some(published: &str, found: Found) -> Result<Found> {
    match &found {
        Found::Many { names, .. } if names.is_empty() => {
            Err(Error::new(Kind::SourceMissing, format!("no file matches {published}")))
        }
        Found::Many { .. } | Found::One(_) => Ok(found),
    }
}

/// `path` when it exists; else the one that differs from it in Unicode composition alone, as names that went through macOS do.
fn existing(published: &str, path: &Path) -> Result<Option<PathBuf>> {
    match path.symlink_metadata() {
        Ok(_) => return Ok(Some(path.to_owned())),
        Err(e) if absent(&e) => {}
        Err(e) => return Err(unreadable(published, &e)),
    }
    if path.to_str().is_none_or(str::is_ascii) {
        return Ok(None);
    }
    let mut found = PathBuf::new();
    for part in path.components() {
        let next = found.join(part);
        if next.symlink_metadata().is_ok() {
            found = next;
            continue;
        }
        let wanted: String = part.as_os_str().to_string_lossy().nfc().collect();
        let same = siblings(&found).into_iter().find(|name| name.nfc().eq(wanted.chars()));
        let Some(same) = same else { return Ok(None) };
        found.push(same);
    }
    Ok(Some(found))
}

/// The error for a path that is not there, with the nearest name that is.
fn missing(published: &str, path: &Path) -> Error {
    let error = Error::new(Kind::SourceMissing, format!("no file {published}"));
    // The first part that is missing is the one to mend.
    let place = path.ancestors().find(|p| p.parent().is_some_and(Path::is_dir));
    let Some((folder, wrong)) = place.and_then(|p| Some((p.parent()?, p.file_name()?))) else { return error };
    let (wrong, names) = (wrong.to_string_lossy(), siblings(folder));
    match name::nearest(&wrong, names.iter().map(String::as_str)) {
        // A file that has the very name, where a folder is asked for.
        Some(near) if near == wrong => error.with_detail(format!("{near:?} is a file.")),
        Some(near) => error.with_hint(format!("Did you mean {near:?}?")),
        None => error,
    }
}

/// The Unicode names in a folder; none when it can't be read.
fn siblings(folder: &Path) -> Vec<String> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// Whether the path names nothing; a part that is no folder, or a name that is too long to exist, is no different.
fn absent(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename)
}

fn unreadable(published: &str, e: &io::Error) -> Error {
    let kind = if absent(e) { Kind::SourceMissing } else { Kind::SourceUnreachable };
    Error::new(kind, format!("{published} can't be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], cases: &[(&str, &str)]) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("a folder can be made");
            std::fs::write(path, file).expect("a file can be written");
        }
        for (asked, expected) in cases {
            let local = Local { paths: vec![folder.path().join(asked)], many: true };
            let shown = match find(asked, &local) {
                Ok(Found::One(path)) => path.strip_prefix(folder.path()).expect("found below").display().to_string(),
                Ok(Found::Many { base, names, globs }) => {
                    let base = base.strip_prefix(folder.path()).expect("found below").display().to_string();
                    format!("{base}|{}|{globs}", names.join(" "))
                }
                Err(e) => format!("{:?} {e}{}", e.kind(), e.hint().map_or(String::new(), |h| format!(" {h}"))),
            };
            assert_eq!(shown, *expected, "{asked}");
        }
    }

    #[test]
    fn paths_mean_files() {
        check(
            &["a/x.csv", "a/y.csv", "a/.hidden", "a/_SUCCESS", "a/b/z.csv", "a [1]/x.csv", "a [1]/*.csv", "e/data.csv"],
            &[
                ("a/x.csv", "a/x.csv"),
                ("a/", "a|b/z.csv x.csv y.csv|0"),
                ("a/*.csv", "a|x.csv y.csv|1"),
                ("a/**/*.csv", "a|b/z.csv x.csv y.csv|2"),
                ("a/[xz].csv", "a|x.csv|1"),
                ("*/x.csv", "|a [1]/x.csv a/x.csv|2"),
                ("a [1]/x.csv", "a [1]/x.csv"),
                ("a [1]/?.csv", "a [1]|*.csv x.csv|1"),
                ("a [1]/*.csv", "a [1]/*.csv"),
                ("a/*.json", "SourceMissing no file matches a/*.json"),
                ("e/date.csv", "SourceMissing no file e/date.csv Did you mean \"data.csv\"?"),
                ("a/x.csv/y", "SourceMissing no file a/x.csv/y"),
                ("none/*.csv", "SourceMissing no file none/*.csv"),
            ],
        );
    }

    #[test]
    fn composed_and_decomposed_names_are_one() {
        check(
            &["Cafe\u{301}/a.csv", "プール.csv"],
            &[("Caf\u{e9}/a.csv", "Cafe\u{301}/a.csv"), ("フ\u{309a}ール.csv", "プール.csv")],
        );
    }
}
