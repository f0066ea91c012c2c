//! Catalogs as other platforms publish them: a document in one of the standards comes in, its datasets go out one by one, each with the
//! record it was made of. Fetching is the caller's; what else has to be fetched is said in the [`Page`].

mod stream;

use std::borrow::Cow;
use std::io;

use super::{Dataset, Problem};

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
