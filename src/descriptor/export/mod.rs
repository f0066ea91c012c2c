//! Catalogs as other platforms read them: a dataset goes in, its record in one of the standards comes out. Nothing of a catalog is collected;
//! where the bytes go is the caller's.
//!
//! What a record does not tell, or tells in other words, it carries beside ([`ALSO`]), and that is found out by reading it: so
//! reading an export gives the datasets that were exported, whatever the standard.

mod about;
mod ckan;
mod csv;
mod datapackage;
mod dcat_ap;
mod dcat_us;
mod schema_org;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value};

use super::also;
use super::published::{self, Record, Sink, Standard};
use super::{Dataset, Extra, Problem};

pub use about::{About, Endpoint};
pub use also::ALSO;

/// The standards that a catalog is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// DCAT-AP 3, as Turtle or as JSON-LD.
    DcatAp(Syntax),
    /// DCAT-US 1.1: `data.json`.
    DcatUs,
    /// Data Package: a descriptor for each dataset.
    DataPackage,
    /// CKAN: as an answer of `package_search`.
    Ckan,
    /// schema.org's `DataCatalog` as JSON-LD.
    SchemaOrg,
    /// A row for each distribution.
    Csv,
}

/// How RDF is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    Turtle,
    JsonLd,
}

impl Syntax {
    pub const ALL: [Self; 2] = [Self::Turtle, Self::JsonLd];

    /// The word that `--syntax` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Turtle => "turtle",
            Self::JsonLd => "json-ld",
        }
    }

    /// The syntax of such a word.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|syntax| syntax.name() == name)
    }
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::DcatAp(Syntax::Turtle),
        Self::DcatAp(Syntax::JsonLd),
        Self::DcatUs,
        Self::DataPackage,
        Self::Ckan,
        Self::SchemaOrg,
        Self::Csv,
    ];

    /// The word that `--format` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DcatAp(_) => "dcat-ap",
            Self::DcatUs => "dcat-us",
            Self::DataPackage => "datapackage",
            Self::Ckan => "ckan",
            Self::SchemaOrg => "schema-org",
            Self::Csv => "csv",
        }
    }

    /// The words that `--format` takes.
    pub const NAMES: &str = "dcat-ap, dcat-us, datapackage, ckan, schema-org, csv";

    /// The format of such a word; DCAT-AP as Turtle.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    fn layout(self) -> &'static dyn Layout {
        match self {
            Self::DcatAp(Syntax::Turtle) => &dcat_ap::Turtle,
            Self::DcatAp(Syntax::JsonLd) => &dcat_ap::JsonLd,
            Self::DcatUs => &dcat_us::DataJson,
            Self::DataPackage => &datapackage::Package,
            Self::Ckan => &ckan::Answer,
            Self::SchemaOrg => &schema_org::Catalog,
            Self::Csv => &csv::Rows,
        }
    }
}

/// How a document of a standard is laid out: a head, the records with something between them, a tail.
trait Layout: Sync {
    /// Whose reader reads it.
    fn standard(&self) -> Standard;

    fn head(&self, about: &About) -> String;

    /// One dataset, with what its record is to carry beside.
    fn record(&self, dataset: &Dataset, also: Option<&Value>, about: &About) -> String;

    /// What stands between two records: unless told, as in a list of JSON.
    fn between(&self) -> &'static str {
        ",\n"
    }

    /// The end after so many records: unless told, that of a list in an object.
    fn tail(&self, _count: u64) -> String {
        "\n]}\n".to_owned()
    }

    /// What the standard demands of a dataset and nobody tells: of most, whatever stands for it is written.
    fn lacking(&self, _dataset: &Dataset) -> Option<&'static str> {
        None
    }
}

/// Writes one document: the records one by one.
pub struct Writer<'w> {
    layout: &'static dyn Layout,
    about: &'w About,
    out: &'w mut dyn Write,
    count: u64,
    lacking: BTreeMap<&'static str, u64>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub datasets: u64,
    /// What the standard demands, by name, with how many datasets do not have it: the document is not valid for these.
    pub lacking: BTreeMap<&'static str, u64>,
}

impl<'w> Writer<'w> {
    /// Begins a document.
    pub fn begin(format: Format, about: &'w About, out: &'w mut dyn Write) -> io::Result<Self> {
        let layout = format.layout();
        out.write_all(layout.head(about).as_bytes())?;
        Ok(Self { layout, about, out, count: 0, lacking: BTreeMap::new() })
    }

    /// Writes a dataset's record. The error is that of the output, or of a dataset ([`io::ErrorKind::InvalidData`]) whose record can't be read
    /// again.
    pub fn dataset(&mut self, dataset: &Dataset) -> io::Result<()> {
        if self.count > 0 {
            self.out.write_all(self.layout.between().as_bytes())?;
        }
        self.out.write_all(record(self.layout, dataset, self.about)?.as_bytes())?;
        self.count += 1;
        if let Some(name) = self.layout.lacking(dataset) {
            *self.lacking.entry(name).or_default() += 1;
        }
        Ok(())
    }

    /// Ends the document.
    pub fn end(self) -> io::Result<Written> {
        self.out.write_all(self.layout.tail(self.count).as_bytes())?;
        self.out.flush()?;
        Ok(Written { datasets: self.count, lacking: self.lacking })
    }
}

/// What the folder of a dataset's package is called: a name of plain letters, which others may have too.
pub fn folder_name(dataset: &Dataset) -> String {
    words::slug(&dataset.name)
}

/// A dataset's record, which carries what it does not tell.
fn record(layout: &dyn Layout, dataset: &Dataset, about: &About) -> io::Result<String> {
    let plain = layout.record(dataset, None, about);
    let document = [layout.head(about), plain.clone(), layout.tail(1)].concat();
    let mut sink = One::default();
    // No link in it is relative, so that it may stand anywhere.
    published::read(layout.standard(), &mut document.as_bytes(), "https://export.invalid/catalog", &mut sink)?;
    let Some(read) = sink.dataset else {
        let why = sink.problem.map(|problem| format!(": {}", problem.message)).unwrap_or_default();
        let message = format!("the dataset \"{}\" can't be written such that it is read again{why}", dataset.identifier);
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    };
    Ok(match also::beside(dataset, &read) {
        None => plain,
        Some(also) => layout.record(dataset, Some(&also), about),
    })
}

/// The beginning of a JSON document: an object that is still open, and what follows its members.
fn opened(head: &Value, behind: &str) -> String {
    let text = head.to_string();
    let members = text.strip_suffix('}').unwrap_or(&text);
    let comma = if members.ends_with('{') { "" } else { "," };
    format!("{members}{comma}{behind}")
}

/// An object's members as they are told: what nobody said is left out.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
    }

    /// Each once; a list of none is left out.
    fn put_list(&mut self, key: &str, items: impl IntoIterator<Item = impl Into<Value>>) {
        let mut kept: Vec<Value> = Vec::new();
        for item in items.into_iter().map(Into::into) {
            if !kept.contains(&item) {
                kept.push(item);
            }
        }
        self.put(key, Some(kept).filter(|kept| !kept.is_empty()));
    }
}

/// Puts properties that the model has no words for back under their own names, where these are among the standard's.
fn put_back(out: &mut Map<String, Value>, extra: &Extra, names: &[&str]) {
    for name in names {
        if let Some(value) = extra.get(*name).filter(|_| !out.contains_key(*name)) {
            out.insert((*name).to_owned(), value.clone());
        }
    }
}

/// Holds the first dataset that is read.
#[derive(Default)]
struct One {
    dataset: Option<Dataset>,
    problem: Option<Problem>,
}

impl Sink for One {
    fn dataset(&mut self, dataset: Dataset, _: Record<'_>) -> io::Result<()> {
        self.dataset.get_or_insert(dataset);
        Ok(())
    }

    fn problem(&mut self, problem: Problem) {
        self.problem.get_or_insert(problem);
    }
}

#[cfg(test)]
mod tests;
