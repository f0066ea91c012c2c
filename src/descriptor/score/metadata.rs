//! Criteria that published metadata alone decide.

use super::{Criterion, Score};
use crate::descriptor::{AccessRights, Dataset, Distribution, Format, terms};

/// What is said when a dataset has nothing that could be looked at.
const NO_DISTRIBUTIONS: &str = "it has no distributions";

/// What is said where the model does not keep whether something was published.
const TAKEN_FOR_PUBLIC: &str = "PUBLIC, as published or for want of anything else";

/// Formats by the words that they are declared with, of those that become no tables: no vendor's, and data to programs.
const OPEN_DATA: &[&str] = &[
    "xml",
    "rdf",
    "rdf+xml",
    "rdf_xml",
    "turtle",
    "ttl",
    "rdf_turtle",
    "json-ld",
    "jsonld",
    "json_ld",
    "n3",
    "rdf_n_triples",
    "gml",
    "netcdf",
];
const OPEN: &[&str] = &["html", "htm", "txt", "ods", "odt", "png", "svg"];
const LINKED: &[&str] =
    &["rdf", "rdf+xml", "rdf_xml", "turtle", "ttl", "rdf_turtle", "json-ld", "jsonld", "json_ld", "n3", "rdf_n_triples"];

pub(super) fn score(criterion: Criterion, dataset: &Dataset) -> Score {
    let Dataset { distributions, .. } = dataset;
    let is_some = |text: &Option<String>| Score::yes(text.is_some(), text.clone());
    let listed = |texts: &[String]| Score::yes(!texts.is_empty(), Some(texts.join(", ")).filter(|t| !t.is_empty()));
    let part = |of: &dyn Fn(&Distribution) -> bool| {
        Score::part(distributions.iter().filter(|d| of(d)).count(), distributions.len(), NO_DISTRIBUTIONS)
    };
    let any = |of: &dyn Fn(&Distribution) -> bool| match distributions.is_empty() {
        true => Score::unknown(NO_DISTRIBUTIONS),
        false => Score::yes(distributions.iter().any(of), formats(distributions)),
    };
    match criterion {
        Criterion::Keywords => listed(&dataset.keywords),
        Criterion::Themes => listed(&dataset.themes),
        Criterion::Spatial => listed(&dataset.spatial),
        Criterion::Temporal => {
            let end = |text: &Option<String>| text.clone().unwrap_or_default();
            let period = dataset.temporal.first().map(|p| format!("{}/{}", end(&p.start), end(&p.end)));
            is_some(&period)
        }
        Criterion::DownloadUrl => part(&|d| !d.paths.is_empty()),
        Criterion::Format => part(&|d| word(d).is_some()),
        Criterion::MediaType => part(&|d| d.media_type.is_some()),
        Criterion::FormatVocabulary => {
            let told = distributions.iter().flat_map(|d| {
                let format = word(d).map(|w| d.format.is_some() || terms::media_type(&w).is_some());
                let media = d.media_type.as_deref().map(|m| terms::media_type(m).is_some());
                format.into_iter().chain(media)
            });
            let told: Vec<bool> = told.collect();
            Score::part(told.iter().filter(|known| **known).count(), told.len(), "neither formats nor media types are published")
        }
        Criterion::NonProprietary => any(&is_open),
        Criterion::MachineReadable => any(&is_data),
        Criterion::Licence => part(&|d| !d.licenses.is_empty() || !dataset.licenses.is_empty()),
        Criterion::LicenceVocabulary => part(&|d| is_licensed(dataset, d)),
        Criterion::AccessRights => match rights(dataset) {
            Some(words) => Score::yes(true, Some(words)),
            None => Score::unknown(TAKEN_FOR_PUBLIC),
        },
        Criterion::AccessRightsVocabulary => match rights(dataset) {
            Some(words) => Score::yes(AccessRights::of_words(&words).is_some(), Some(words)),
            None => Score::unknown(TAKEN_FOR_PUBLIC),
        },
        Criterion::Contact => is_some(&dataset.contact.as_ref().map(|c| c.email.clone().unwrap_or_else(|| c.name.clone()))),
        Criterion::Publisher => is_some(&dataset.publisher.as_ref().map(|p| p.name.clone())),
        Criterion::Rights => {
            let has = |d: &Distribution| d.extra.contains_key("rights") || !d.licenses.is_empty();
            Score::yes(
                dataset.extra.contains_key("rights") || !dataset.licenses.is_empty() || distributions.iter().any(has),
                None,
            )
        }
        Criterion::ByteSize => part(&|d| d.bytes.is_some()),
        Criterion::Issued => is_some(&dataset.issued),
        Criterion::Modified => is_some(&dataset.modified),
        Criterion::DcatAp => Score::unknown("records are not validated against the shapes of DCAT-AP here"),
        Criterion::AccessUrlStatus
        | Criterion::DownloadUrlStatus
        | Criterion::Stars
        | Criterion::Freshness
        | Criterion::Completeness
        | Criterion::Rejects
        | Criterion::ColumnDocumentation
        | Criterion::SchemaStability => Score::unknown("metadata alone does not tell"),
    }
}

/// The access rights as they are published; `None` where they are the code `PUBLIC`, or nothing is said.
fn rights(dataset: &Dataset) -> Option<String> {
    let is_default = dataset.access_rights == AccessRights::default();
    dataset.published_rights.clone().or_else(|| (!is_default).then(|| dataset.access_rights.name().to_owned()))
}

/// The format of a distribution in lower case: as declared, else as its files show.
fn word(distribution: &Distribution) -> Option<String> {
    let declared =
        distribution.declared_format.as_deref().map(|w| w.rsplit(['/', '#']).next().unwrap_or(w).trim().to_lowercase());
    declared.or_else(|| distribution.format.map(|f| f.name().to_owned()))
}

fn formats(distributions: &[Distribution]) -> Option<String> {
    let mut words: Vec<String> = distributions.iter().filter_map(word).collect();
    words.sort_unstable();
    words.dedup();
    (!words.is_empty()).then(|| words.join(", "))
}

fn is_of(word: &str, list: &[&str]) -> bool {
    list.contains(&word)
}

/// Whether the format belongs to no vendor.
pub(super) fn is_open(distribution: &Distribution) -> bool {
    match distribution.format {
        Some(
            Format::Csv
            | Format::Json
            | Format::NdJson
            | Format::GeoJson
            | Format::Parquet
            | Format::Arrow
            | Format::Avro
            | Format::Orc
            | Format::Kml,
        ) => true,
        Some(Format::Workbook) => {
            word(distribution).is_some_and(|w| w == "ods") || distribution.paths.iter().any(|p| p.ends_with(".ods"))
        }
        Some(Format::Shapefile) => false,
        None => word(distribution).is_some_and(|w| is_of(&w, OPEN_DATA) || is_of(&w, OPEN)),
    }
}

/// Whether programs read the format as data.
pub(super) fn is_data(distribution: &Distribution) -> bool {
    distribution.format.is_some() || word(distribution).is_some_and(|w| is_of(&w, OPEN_DATA))
}

/// Whether things have addresses in the format.
pub(super) fn is_linked(distribution: &Distribution) -> bool {
    word(distribution).is_some_and(|w| is_of(&w, LINKED))
}

/// Whether the licence of a distribution is one that is known.
pub(super) fn is_licensed(dataset: &Dataset, distribution: &Distribution) -> bool {
    let own = if distribution.licenses.is_empty() { &dataset.licenses } else { &distribution.licenses };
    own.iter().any(|licence| terms::licence(licence).is_some())
}
