//! What stands at a catalog's location: its descriptors, and the files that none of them covers. Only names, sizes and times are
//! read here; a descriptor's bytes are read when it is new or changed.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::Fetch;
use crate::descriptor::unread::{self, Unread};
use crate::descriptor::{Problem, bare};
use crate::error::{Error, Kind, Result};

/// The name of a package's descriptor, and the ending of those that share a folder.
const DESCRIPTOR: &str = "datapackage.json";

/// What was found at a location.
pub(super) struct Scan {
    /// The location as an absolute path or a URL: with the catalog's name the key of its content.
    pub(super) location: String,
    pub(super) found: Vec<Found>,
    /// What can't be read now; nothing of it is kept.
    pub(super) problems: Vec<Problem>,
}

/// A descriptor, or all files that none covers.
pub(super) struct Found {
    /// Absolute path or URL.
    pub(super) file: String,
    /// Equal as long as reading it again would give the same.
    pub(super) fingerprint: String,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// A local descriptor, not read yet.
    Descriptor,
    /// A remote descriptor's bytes.
    Fetched(Vec<u8>),
    /// A remote descriptor that did not answer: what is known of it stays.
    Unreachable,
    /// Files below `root` that no descriptor covers, by relative path.
    Bare { root: PathBuf, files: Vec<String> },
}

/// Looks at a location: a folder, a descriptor, or a descriptor's URL. [`Kind::Config`] when nothing stands at a local one; what else can't be
/// read is a problem.
pub(super) fn scan(location: &str, fetch: &Fetch<'_>) -> Result<Scan> {
    if is_url(location) {
        return Ok(scan_url(location, fetch));
    }
    let path = local_path(location);
    let mut scan = Scan { location: path.display().to_string(), found: Vec::new(), problems: Vec::new() };
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => scan_folder(&path, &mut scan),
        Ok(metadata) => scan.descriptor(&path, &metadata),
        Err(e) => {
            return Err(Error::new(Kind::Config, format!("the catalog {} can't be read: {e}", path.display()))
                .with_hint("Name a folder, a descriptor or its URL with --catalog.")
                .caused_by(e));
        }
    }
    Ok(scan)
}

/// What a catalog at this location is called when nobody names it: its folder or file, or the folder of a plain `datapackage.json`.
pub(super) fn title(location: &str) -> String {
    let place = if is_url(location) {
        location.split(['?', '#']).next().unwrap_or(location).to_owned()
    } else {
        local_path(location).display().to_string()
    };
    let place = place.trim_end_matches('/');
    let place = place.strip_suffix(DESCRIPTOR).unwrap_or(place).trim_end_matches(['/', '.']);
    place.rsplit('/').next().unwrap_or_default().trim_end_matches(".json").to_owned()
}

fn is_url(location: &str) -> bool {
    location.starts_with("http://") || location.starts_with("https://")
}

/// Absolute and, where it exists, without `..` and links, so that a catalog is the same one whatever way leads to it.
fn local_path(location: &str) -> PathBuf {
    let path = Path::new(location);
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn scan_url(url: &str, fetch: &Fetch<'_>) -> Scan {
    let (content, fingerprint, problems) = match fetch(url) {
        Ok(bytes) => {
            let fingerprint = hex(&Sha256::digest(&bytes));
            (Content::Fetched(bytes), fingerprint, Vec::new())
        }
        Err(e) => {
            let message = format!("the descriptor can't be fetched: {e}; what is known of it from an earlier start is served");
            let problem = Problem { file: url.to_owned(), pointer: String::new(), message };
            (Content::Unreachable, String::new(), vec![problem])
        }
    };
    Scan { location: url.to_owned(), found: vec![Found { file: url.to_owned(), fingerprint, content }], problems }
}

fn scan_folder(root: &Path, scan: &mut Scan) {
    let (mut descriptors, mut others, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    let mut covered: HashSet<PathBuf> = HashSet::new();
    let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                scan.problem(e.path().unwrap_or(root), format!("it can't be listed: {e}"));
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        match entry.path().to_str() {
            None => scan.problem(entry.path(), "its name is not UTF-8; rename it".to_owned()),
            Some(path) if is_descriptor(path) => {
                covered.extend(entry.path().parent().map(Path::to_owned));
                descriptors.push(entry.into_path());
            }
            Some(path) if bare::is_served(path) => others.push(entry.into_path()),
            Some(_) => unread.push(entry.into_path()),
        }
    }
    for path in descriptors {
        match path.metadata() {
            Ok(metadata) => scan.descriptor(&path, &metadata),
            Err(e) => scan.problem(&path, format!("it can't be read: {e}")),
        }
    }
    let is_bare =
        |path: &PathBuf| path.ancestors().skip(1).take_while(|folder| folder.starts_with(root)).all(|f| !covered.contains(f));
    others.retain(is_bare);
    unread.retain(is_bare);
    scan.bare(root, &others);
    // What is read stands among them, as the parts of a Shapefile are known by it.
    let all: Vec<&str> = unread.iter().chain(&others).filter_map(|path| path.to_str()).collect();
    for Unread { path, message } in unread::unread(&all) {
        scan.problem(Path::new(path), message);
    }
}

fn is_descriptor(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(DESCRIPTOR).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

impl Scan {
    fn problem(&mut self, path: &Path, message: String) {
        self.problems.push(Problem { file: path.display().to_string(), pointer: String::new(), message });
    }

    fn descriptor(&mut self, path: &Path, metadata: &Metadata) {
        let (file, fingerprint) = (path.display().to_string(), stamp(metadata));
        self.found.push(Found { file, fingerprint, content: Content::Descriptor });
    }

    /// The files that no descriptor covers, as one: their grouping depends on all of them.
    fn bare(&mut self, root: &Path, paths: &[PathBuf]) {
        let mut hash = Sha256::new();
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let relative =
                path.strip_prefix(root).ok().and_then(Path::to_str).expect("the walk gives UTF-8 paths below its root");
            match path.metadata() {
                Ok(metadata) => {
                    hash.update(format!("{relative}\0{}\0", stamp(&metadata)));
                    files.push(relative.to_owned());
                }
                Err(e) => self.problem(path, format!("it can't be read: {e}")),
            }
        }
        if !files.is_empty() {
            let content = Content::Bare { root: root.to_owned(), files };
            let fingerprint = hex(&hash.finalize());
            self.found.push(Found { file: root.display().to_string(), fingerprint, content });
        }
    }
}

/// Size and time of the last change, to the nanosecond.
pub(super) fn stamp(metadata: &Metadata) -> String {
    let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{}-{}", metadata.len(), changed.as_nanos())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a text does not fail");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_names_its_catalog() {
        for (location, want) in [
            ("/srv/absent/Open Data/", "Open Data"),
            ("/srv/absent/city/datapackage.json", "city"),
            ("/srv/absent/city/air.datapackage.json", "air"),
            ("/srv/absent/x.json", "x"),
            ("https://example.org/d/gdp/datapackage.json?v=2", "gdp"),
        ] {
            assert_eq!(title(location), want, "{location}");
        }
    }
}
