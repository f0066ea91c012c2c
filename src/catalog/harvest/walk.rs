//! Which documents a catalog consists of, one leading to the others, and how each is read.

use std::collections::{HashSet, VecDeque};
use std::io::{Cursor, Read};
use std::path::Path;

use walkdir::WalkDir;

use super::build::Build;
use super::{Documents, Fetched, Registered, Step, pipeline};
use crate::descriptor::published::{self, Page, Standard};
use crate::error::{Error, Kind, Result};

/// How much of a document its standard is told by, in bytes.
const HEAD: u64 = 64 << 10;

/// Documents that one catalog may consist of: one that leads on and on must end somewhere.
const MOST: usize = 1_000_000;

/// Endings of files in a folder that may be documents of a catalog.
const ENDINGS: &[&str] = &["json", "jsonld", "jsonl", "ndjson", "ttl", "nt", "rdf", "xml", "owl"];

/// What a document's standard is.
#[derive(Clone, Copy)]
enum Is {
    Given(Standard),
    /// To be told by its beginning.
    Open,
    /// The same, and anything but this is not read.
    Perhaps(Standard),
}

impl Is {
    fn of(given: Option<Standard>) -> Self {
        given.map_or(Self::Open, Self::Given)
    }

    /// The standard to read it by.
    fn told(self, head: &[u8], document: &str) -> Option<Standard> {
        match self {
            Self::Given(standard) => Some(standard),
            Self::Open => published::detect(head, document),
            Self::Perhaps(standard) => published::detect(head, document).filter(|found| *found == standard),
        }
    }

    /// Whether it may be this.
    fn may_be(self, standard: Standard) -> bool {
        match self {
            Self::Given(only) | Self::Perhaps(only) => only == standard,
            Self::Open => true,
        }
    }
}

/// Where a walk is.
struct Walk {
    queue: VecDeque<(String, Option<Standard>)>,
    met: HashSet<String>,
    documents: u64,
    total: Option<u64>,
}

impl Walk {
    /// To be read, unless it was met before.
    fn add(&mut self, document: String, standard: Option<Standard>) {
        if self.met.len() < MOST && self.met.insert(document.clone()) {
            self.queue.push_back((document, standard));
        }
    }

    /// What a document leads to: the next page before all else, so that pages are read in order.
    fn follow(&mut self, page: Page, standard: Option<Standard>) {
        self.total = self.total.or(page.total);
        if let Some(next) = page.next
            && self.met.len() < MOST
            && self.met.insert(next.clone())
        {
            self.queue.push_front((next, standard));
        }
        for document in page.also {
            self.add(document, standard);
        }
    }
}

/// Reads a catalog's documents, each that has changed, into `build`.
pub(super) fn walk(
    build: &mut Build,
    catalog: &Registered,
    documents: &dyn Documents,
    told: &dyn Fn(Step<'_>) -> Result<()>,
) -> Result<()> {
    let mut walk = Walk { queue: VecDeque::new(), met: HashSet::new(), documents: 0, total: None };
    let is_folder = Path::new(&catalog.location).is_dir();
    if is_folder {
        for file in files(Path::new(&catalog.location))? {
            walk.add(file, catalog.standard);
        }
    } else {
        let (page, standard) = first(build, catalog, documents, &walk, told)?;
        walk.follow(page, Some(standard));
        walk.documents = 1;
    }
    while let Some((document, standard)) = walk.queue.pop_front() {
        match read(build, &document, Is::of(standard), documents, &walk, told) {
            Ok(Some((page, found))) => walk.follow(page, if is_folder { standard } else { Some(found) }),
            // A file of another kind beside those of the catalog.
            Ok(None) if is_folder => {}
            Ok(None) => build.failed(&document, &unknown(&document))?,
            Err(e) if is_ours(&e) => return Err(e),
            Err(e) => build.failed(&document, &e)?,
        }
        walk.documents += 1;
    }
    if build.is_empty()? {
        let message = format!("{} holds no dataset", catalog.location);
        return Err(Error::new(Kind::Descriptor, message).with_hint("Is it of another kind? --kind says which."));
    }
    Ok(())
}

/// Reads the document that a catalog begins with: the one at its location, or where only a portal's root is given, where portals have their
/// catalogs.
fn first(
    build: &mut Build,
    catalog: &Registered,
    documents: &dyn Documents,
    walk: &Walk,
    told: &dyn Fn(Step<'_>) -> Result<()>,
) -> Result<(Page, Standard)> {
    let location = &catalog.location;
    let portal = |standard: Standard| if is_root(location) { standard.first(location) } else { None };
    if let Some(standard) = catalog.standard {
        // Who says what a portal is may mean one below a path.
        let below = if is_page(location) { standard.first(location) } else { None };
        let document = below.unwrap_or_else(|| location.clone());
        let found = read(build, &document, Is::Given(standard), documents, walk, told)?;
        return found.ok_or_else(|| unknown(location));
    }
    // A portal's home page may tell of datasets, too, but seldom of all.
    for standard in Standard::ALL {
        let Some(document) = portal(standard) else { continue };
        match read(build, &document, Is::Perhaps(standard), documents, walk, told) {
            Ok(Some(found)) => return Ok(found),
            Err(e) if is_ours(&e) => return Err(e),
            Ok(None) | Err(_) => {}
        }
    }
    read(build, location, Is::Open, documents, walk, told)?.ok_or_else(|| unknown(location))
}

/// Whether a URL is of a whole portal, and of no document.
fn is_root(location: &str) -> bool {
    let path = location.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    location.contains("://") && path.is_empty()
}

/// Whether a URL may be of a portal: it asks for nothing, and names no file.
fn is_page(location: &str) -> bool {
    let path = location.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    location.contains("://") && !path.contains(['?', '.']) && !path.split('/').any(|part| part == "api")
}

fn unknown(location: &str) -> Error {
    let kinds = Standard::ALL.map(Standard::name).join(", ");
    Error::new(Kind::Descriptor, format!("{location} is no catalog of a kind that is known"))
        .with_hint(format!("Say which it is with --kind: {kinds}."))
}

/// Whether an error says nothing of the document, and so ends the harvest.
fn is_ours(e: &Error) -> bool {
    matches!(e.kind(), Kind::DiskFull | Kind::Cancelled | Kind::Internal)
}

/// Reads one document; gives what it leads to, and its standard. `None` where that can't be told.
fn read(
    build: &mut Build,
    document: &str,
    is: Is,
    documents: &dyn Documents,
    walk: &Walk,
    told: &dyn Fn(Step<'_>) -> Result<()>,
) -> Result<Option<(Page, Standard)>> {
    let step = |datasets| told(Step { document, documents: walk.documents, datasets, total: walk.total });
    step(build.found())?;
    let known = build.known(document)?.filter(|known| is.may_be(known.standard));
    if let Some(known) = known.as_ref().filter(|known| known.is_done) {
        build.was_read(document)?;
        return Ok(Some((known.page.clone(), known.standard)));
    }
    let (mut input, identity) = match documents.fetch(document, known.as_ref().map(|known| known.identity.as_str()))? {
        Fetched::Changed { input, identity } => (input, identity),
        Fetched::Unchanged => {
            let known = known.ok_or_else(|| Error::new(Kind::Internal, format!("{document} is unchanged and not known")))?;
            build.unchanged(document)?;
            return Ok(Some((known.page, known.standard)));
        }
    };
    let mut head = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut head)?;
    let Some(standard) = is.told(&head, document) else { return Ok(None) };
    let input = Cursor::new(head).chain(input);
    let mut reading = build.reading(document)?;
    let known = reading.known();
    let page = pipeline::read(standard, input, document, &known, &mut |found| {
        reading.take(found)?;
        step(reading.found())
    })?;
    reading.done(&identity, &page, standard)?;
    Ok(Some((page, standard)))
}

/// The files of a folder that may be documents: its Data Packages where there are some, which describe the files beside them.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|e| Error::new(Kind::Io, format!("{} can't be listed: {e}", folder.display())))?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if entry.file_type().is_file() && !is_hidden {
            let path = entry.path().to_str().ok_or_else(|| {
                let message = format!("the name of {} is not UTF-8", entry.path().display());
                Error::new(Kind::Config, message).with_hint("Rename it.")
            })?;
            found.push(path.to_owned());
        }
    }
    let is_package = |path: &String| path.ends_with("datapackage.json");
    if found.iter().any(is_package) {
        found.retain(is_package);
    } else {
        found.retain(|path| path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending.to_lowercase().as_str())));
    }
    Ok(found)
}
