//! A table of a catalog (RFC 4180): a row for each distribution, in which its dataset's properties stand too; one for a dataset without any.

use serde_json::Value;

use super::about::About;
use super::words::{self, uri};
use super::{ALSO, Layout, Standard};
use crate::descriptor::{Dataset, Distribution};

pub(super) struct Rows;

/// The columns, under names that lists of URLs are read by.
const COLUMNS: [&str; 28] = [
    "identifier",
    "name",
    "title",
    "description",
    "publisher",
    "contact",
    "contact_email",
    "theme",
    "keywords",
    "license",
    "license_url",
    "issued",
    "modified",
    "frequency",
    "access_rights",
    "language",
    "spatial",
    "temporal",
    "version",
    "landing_page",
    "distribution",
    "download_url",
    "format",
    "media_type",
    "bytes",
    "hash",
    "encoding",
    ALSO,
];

/// Those that tell of a dataset, and stand in the first of its rows.
const OF_DATASET: usize = 20;

impl Layout for Rows {
    fn standard(&self) -> Standard {
        Standard::UrlList
    }

    fn head(&self, _: &About) -> String {
        format!("{}\r\n", COLUMNS.join(","))
    }

    fn record(&self, dataset: &Dataset, also: Option<&Value>, about: &About) -> String {
        let own = of_dataset(dataset, about);
        let nothing = Distribution::default();
        let parts = if dataset.distributions.is_empty() { std::slice::from_ref(&nothing) } else { &dataset.distributions };
        let mut rows = String::new();
        for (i, part) in parts.iter().enumerate() {
            let also = also.filter(|_| i == 0).map(Value::to_string);
            let cells = own.iter().cloned().chain(of_distribution(part)).chain([also]);
            let cells: Vec<String> = cells.map(|cell| quoted(&cell.unwrap_or_default())).collect();
            rows += &cells.join(",");
            rows += "\r\n";
        }
        rows
    }

    fn between(&self) -> &'static str {
        ""
    }

    fn tail(&self, _: u64) -> String {
        String::new()
    }
}

fn of_dataset(dataset: &Dataset, about: &About) -> [Option<String>; OF_DATASET] {
    let text = |text: &str| Some(text.to_owned());
    let licence = dataset.licenses.first();
    let contact = dataset.contact.as_ref();
    [
        text(&dataset.identifier),
        text(&dataset.name),
        text(words::title(dataset)),
        dataset.description.clone(),
        text(&words::publisher(dataset, about).name),
        contact.map(|contact| contact.name.clone()),
        contact.and_then(|contact| contact.email.clone()),
        text(&dataset.themes.join("; ")),
        text(&dataset.keywords.join(", ")),
        licence.and_then(|licence| licence.name.clone().or_else(|| licence.title.clone())),
        licence.and_then(words::licence),
        dataset.issued.clone(),
        dataset.modified.clone(),
        dataset.accrual_periodicity.clone(),
        text(dataset.access_rights.name()),
        text(&dataset.languages.join("; ")),
        dataset.spatial.first().cloned(),
        dataset.temporal.first().map(words::interval),
        dataset.version.clone(),
        dataset.homepage.as_deref().and_then(uri),
    ]
}

fn of_distribution(of: &Distribution) -> [Option<String>; COLUMNS.len() - OF_DATASET - 1] {
    [
        words::name_of(of).map(str::to_owned),
        of.paths.first().and_then(|path| uri(path)).or_else(|| words::access(of)),
        words::format(of),
        words::media_type(of).map(str::to_owned),
        of.bytes.map(|bytes| bytes.to_string()),
        of.hash.as_deref().map(|hash| hash.strip_prefix("sha256:").unwrap_or(hash).to_owned()),
        of.encoding.clone(),
    ]
}

/// A cell, in quotes where it has to be.
fn quoted(cell: &str) -> String {
    let is_plain = !cell.contains([',', '"', '\n', '\r']) && cell.trim() == cell;
    if is_plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}
