//! Catalogs as other platforms publish them: a document in one of the standards comes in, its datasets go out one by one, each with the
//! record it was made of. Fetching is the caller's; what else has to be fetched is said in the [`Page`].

mod ckan;
mod csvw;
mod dcat;
mod dcat_us;
mod detect;
mod json;
mod kept;
mod opendatasoft;
mod paged;
mod schema_org;
mod shanghai;
mod socrata;
mod stac;
mod stream;
mod udata;
mod url_list;

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use super::{Dataset, Distribution, Place, Problem, also, datapackage, format};

pub(super) use dcat::{node_of, prefixes, write_text};
pub use detect::detect;

/// The standards and interfaces that catalogs are published in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// Data Package v1 and v2: a descriptor.
    DataPackage,
    /// DCAT 2 and 3 and DCAT-AP: JSON-LD, Turtle, N-Triples or RDF/XML.
    Dcat,
    /// DCAT-US 1.1 and 3: `data.json`.
    DcatUs,
    /// CKAN: `package_search`, `package_show`, and dumps of packages.
    Ckan,
    /// Socrata: its catalog's interface (`/api/catalog/v1`).
    Socrata,
    /// udata: `/api/1/datasets` and `/api/2/datasets`.
    Udata,
    /// Opendatasoft: `/api/explore/v2.1/catalog/datasets`.
    Opendatasoft,
    /// SpatioTemporal Asset Catalog: catalogs and collections.
    Stac,
    /// CSV on the Web: metadata of a table or of a group of tables.
    Csvw,
    /// schema.org's `Dataset` and `DataCatalog`, Croissant among them, as JSON-LD.
    SchemaOrg,
    /// A table of URLs, one to a line.
    UrlList,
    /// The record form of Shanghai's portal.
    Shanghai,
}

impl Standard {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::DataPackage,
        Self::Dcat,
        Self::DcatUs,
        Self::Ckan,
        Self::Socrata,
        Self::Udata,
        Self::Opendatasoft,
        Self::Stac,
        Self::Csvw,
        Self::SchemaOrg,
        Self::UrlList,
        Self::Shanghai,
    ];

    /// The word that `--kind` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataPackage => "datapackage",
            Self::Dcat => "dcat",
            Self::DcatUs => "dcat-us",
            Self::Ckan => "ckan",
            Self::Socrata => "socrata",
            Self::Udata => "udata",
            Self::Opendatasoft => "opendatasoft",
            Self::Stac => "stac",
            Self::Csvw => "csvw",
            Self::SchemaOrg => "schema-org",
            Self::UrlList => "url-list",
            Self::Shanghai => "shanghai",
        }
    }

    /// The standard of such a word.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standard| standard.name() == name)
    }
}

/// Takes what a reading finds, as it finds it.
pub trait Sink {
    /// A dataset, and the record it was made of. An error ends the reading, which passes it on.
    fn dataset(&mut self, dataset: Dataset, record: Record<'_>) -> io::Result<()>;

    /// Something wrong. A record of which no dataset can be made is left out with one.
    fn problem(&mut self, problem: Problem);
}

/// A dataset's record as published, to the letter; in RDF, where a record has no text of its own, the triples that tell of it.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub text: Cow<'a, str>,
    /// Such as `application/json` or `application/n-triples`.
    pub media_type: &'static str,
}

/// What is to be read after a document, by absolute path or URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The next page of the same list.
    pub next: Option<String>,
    /// Other documents that the catalog consists of, such as a STAC catalog's children.
    pub also: Vec<String>,
    /// How many datasets the whole list says it has.
    pub total: Option<u64>,
}

/// Reads one document of a catalog. `file` is its absolute path or URL: relative links start there, and problems name it.
///
/// The error is that of reading `input`, or the sink's; what is wrong with what is read is a problem.
pub fn read(standard: Standard, input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let sink = &mut Restored { sink, file };
    match standard {
        Standard::DataPackage => package(input, file, sink),
        Standard::Ckan => ckan::read(input, file, sink),
        Standard::Udata => udata::read(input, file, sink),
        Standard::Socrata => socrata::read(input, file, sink),
        Standard::Dcat => dcat::read(input, file, sink),
        Standard::Opendatasoft => opendatasoft::read(input, file, sink),
        Standard::DcatUs => dcat_us::read(input, file, sink),
        Standard::Csvw => csvw::read(input, file, sink),
        Standard::Shanghai => shanghai::read(input, file, sink),
        Standard::Stac => stac::read(input, file, sink),
        Standard::UrlList => url_list::read(input, file, sink),
        Standard::SchemaOrg => schema_org::read(input, file, sink),
    }
}

/// Hands datasets on with what their records carry beside.
struct Restored<'s> {
    sink: &'s mut dyn Sink,
    file: &'s str,
}

impl Sink for Restored<'_> {
    fn dataset(&mut self, dataset: Dataset, record: Record<'_>) -> io::Result<()> {
        if !also::is_beside(&dataset) {
            return self.sink.dataset(dataset, record);
        }
        let restored = also::restored(dataset, self.file, &mut |problem| self.sink.problem(problem));
        self.sink.dataset(restored, record)
    }

    fn problem(&mut self, problem: Problem) {
        self.sink.problem(problem);
    }
}

/// The longest document that is held as a whole.
const LONGEST: u64 = 1 << 30;

/// A document that is read as a whole; `None`, which is reported, when it is too long.
fn whole(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        let message = format!("the document is longer than {LONGEST} bytes; it is left out");
        sink.problem(Problem { file: file.to_owned(), pointer: String::new(), message });
        return Ok(None);
    }
    Ok(Some(bytes))
}

fn package(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let Some(bytes) = whole(input, file, sink)? else { return Ok(Page::default()) };
    let (datasets, problems) = datapackage::parse(&bytes, file);
    for dataset in datasets {
        let record = Record { text: String::from_utf8_lossy(&bytes), media_type: "application/json" };
        sink.dataset(dataset, record)?;
    }
    problems.into_iter().for_each(|problem| sink.problem(problem));
    Ok(Page::default())
}

/// Adds a link to the data: to [`Distribution::paths`] when it names a place that is read; else it is kept as the URL that leads there.
fn link(distribution: &mut Distribution, place: &Place, link: &str) {
    let link = link.trim();
    match resolved(place, link) {
        Some(path) if !distribution.paths.contains(&path) => distribution.paths.push(path),
        Some(_) => {}
        None if distribution.access_url.is_none() && !link.is_empty() => distribution.access_url = Some(link.to_owned()),
        None => {}
    }
}

/// The absolute path or URL that a published link names from `place`. `None` when it names none that is read, such as one of `ftp`, or
/// a file of this machine outside of the document's folder.
fn resolved(place: &Place, link: &str) -> Option<String> {
    let scheme = link.split(['/', '?', '#', '.']).next().is_some_and(|first| first.contains(':'));
    if link.is_empty() || link.contains(['\n', '\r']) || scheme && !link.contains("://") {
        return None;
    }
    if matches!(place, Place::Url(_)) && link.starts_with('?') {
        return place.beside(link);
    }
    let named = place.resolve(link).ok();
    // A document that was fetched can name what stands above it or at its host's root; that stays on the network.
    named.or_else(|| if matches!(place, Place::Url(_)) && !scheme { place.beside(link) } else { None })
}

/// Decides what the files are by what is said of them. Call it when all else of the distribution is filled in, with `declared_format`
/// and `media_type` as published.
///
/// A URL that leads to the data is taken for the file when none is published and a format that is read is said of it.
fn settle(distribution: &mut Distribution) {
    let Distribution { paths, access_url, declared_format, media_type, format, compression, dialect, .. } = distribution;
    let told = |paths: &[String]| format::told(declared_format.as_deref(), media_type.as_deref(), paths).unwrap_or_default();
    let mut shape = told(paths);
    if let Some(url) = access_url.take_if(|url| paths.is_empty() && is_url(url)) {
        let there = [url];
        let said = told(&there);
        let [url] = there;
        if said.is_served() || said.compression.is_some() {
            shape = said;
            paths.push(url);
        } else {
            *access_url = Some(url);
        }
    }
    (*format, *compression) = (shape.format, shape.compression);
    if shape.tabs && dialect.delimiter.is_none() {
        dialect.delimiter = Some('\t');
    }
    if format.is_some_and(|format| declared_format.as_deref() == Some(format.name())) {
        *declared_format = None;
    }
}

/// Whether it is a SQL endpoint's address: what is asked there are tables that were made of the distributions, and none of these (106).
fn is_sql(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Whether it is a URL that data can be fetched from.
fn is_url(text: &str) -> bool {
    text.contains("://") && resolved(&Place::Folder(String::new()), text).as_deref() == Some(text)
}

/// Holds what a reading finds.
#[cfg(test)]
#[derive(Default)]
struct Gathered {
    datasets: Vec<Dataset>,
    records: Vec<Record<'static>>,
    problems: Vec<Problem>,
}

#[cfg(test)]
impl Sink for Gathered {
    fn dataset(&mut self, dataset: Dataset, record: Record<'_>) -> io::Result<()> {
        // What is made can be printed and read again.
        let printed = datapackage::to_datapackage(&dataset).to_string();
        let (again, problems) = datapackage::parse(printed.as_bytes(), "/elsewhere/datapackage.json");
        assert_eq!(again.first(), Some(&dataset), "{printed}\n{problems:?}");
        self.datasets.push(dataset);
        self.records.push(Record { text: Cow::Owned(record.text.into_owned()), media_type: record.media_type });
        Ok(())
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// Reads a file of the shared data.
#[cfg(test)]
fn shared(standard: Standard, file: &str) -> (Gathered, Page) {
    let path = format!("{}/../shared/data/catalog/{file}", env!("CARGO_MANIFEST_DIR"));
    // Paths beside it are made of its own, and are read again only without dots.
    let path = std::fs::canonicalize(&path).unwrap_or_else(|e| panic!("{path}: {e}")).to_string_lossy().into_owned();
    let mut sink = Gathered::default();
    let mut input = io::BufReader::new(std::fs::File::open(&path).unwrap_or_else(|e| panic!("{path}: {e}")));
    let page = read(standard, &mut input, &path, &mut sink).expect("it can be read");
    (sink, page)
}

#[cfg(test)]
mod tests;
