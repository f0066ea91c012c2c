//! What is written is read again as it was, in every standard, and leads nowhere that a descriptor may not.

use std::path::Path;

use super::*;
use crate::descriptor::{Agent, Place};

/// Holds all that is read.
#[derive(Default)]
struct All {
    datasets: Vec<Dataset>,
    problems: Vec<Problem>,
}

impl Sink for All {
    fn dataset(&mut self, dataset: Dataset, _: Record<'_>) -> io::Result<()> {
        self.datasets.push(dataset);
        Ok(())
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

fn about() -> About {
    About {
        title: "The city".to_owned(),
        description: "What the city publishes".to_owned(),
        publisher: Agent { name: "City Hall".to_owned(), ..Agent::default() },
        endpoint: Some(Endpoint { url: "postgres://data.example.org:5432/city".to_owned() }),
        ..About::default()
    }
}

/// The documents of a format, of which only Data Package has more than one.
fn written(format: Format, datasets: &[Dataset]) -> Vec<Vec<u8>> {
    let about = about();
    let each = |datasets: &[Dataset]| {
        let mut out = Vec::new();
        let mut writer = Writer::begin(format, &about, &mut out).expect("memory takes it");
        for dataset in datasets {
            writer.dataset(dataset).expect("it can be written");
        }
        assert_eq!(writer.end().expect("memory takes it").datasets, datasets.len() as u64);
        out
    };
    match format {
        Format::DataPackage => datasets.chunks(1).map(each).collect(),
        Format::DcatAp(_) | Format::DcatUs | Format::Ckan | Format::SchemaOrg | Format::Csv => vec![each(datasets)],
    }
}

/// What a document's reader makes of it, and its problems.
fn read(format: Format, documents: &[Vec<u8>], file: &str) -> All {
    let mut sink = All::default();
    for document in documents {
        published::read(format.layout().standard(), &mut document.as_slice(), file, &mut sink).expect("memory is read");
    }
    sink.datasets = in_order(sink.datasets);
    sink
}

/// As catalogs have them: in RDF, one that is referred to is met before it is told of.
fn in_order(mut datasets: Vec<Dataset>) -> Vec<Dataset> {
    datasets.sort_by(|a, b| a.identifier.cmp(&b.identifier));
    datasets
}

/// Exports, reads the export, exports what was read: nothing is to be lost on the way.
fn round(format: Format, datasets: &[Dataset], what: &str) {
    let documents = written(format, datasets);
    let again = read(format, &documents, "/elsewhere/export");
    for (dataset, back) in datasets.iter().zip(&again.datasets) {
        assert_eq!(back, dataset, "{what} as {format:?}: {}", dataset.identifier);
    }
    let first = again.problems.first();
    assert_eq!(again.datasets.len(), datasets.len(), "{what} as {format:?}: {first:?}");
    assert!(written(format, &again.datasets) == documents, "{what} as {format:?}: other bytes");
}

/// The datasets of a file, each identifier once as in a catalog.
fn datasets(path: &Path) -> Vec<Dataset> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = path.to_string_lossy();
    let head = &bytes[..bytes.len().min(64 << 10)];
    let Some(standard) = published::detect(head, &file) else { return Vec::new() };
    let mut sink = All::default();
    published::read(standard, &mut bytes.as_slice(), &file, &mut sink).expect("memory is read");
    let mut known = std::collections::HashSet::new();
    sink.datasets.retain(|dataset| known.insert(dataset.identifier.clone()));
    in_order(sink.datasets)
}

/// Every dataset of the shared data, by its file.
fn shared() -> Vec<(String, Vec<Dataset>)> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/catalog"));
    let root = root.canonicalize().expect("the shared data is there");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().map(|entry| entry.expect("it can be listed"));
    let files = files.filter(|entry| entry.file_type().is_file());
    let files = files
        .filter(|entry| !entry.path().to_string_lossy().contains("/owid-datasets/") || entry.file_name() == "datapackage.json");
    files.map(|entry| (entry.path().to_string_lossy().into_owned(), datasets(entry.path()))).collect()
}

fn every(format: Format) {
    let mut count = 0;
    for (file, datasets) in shared() {
        count += datasets.len();
        round(format, &datasets, &file);
    }
    assert!(count > 3000, "only {count} datasets");
}

#[test]
fn nothing_is_lost_in_turtle() {
    every(Format::DcatAp(Syntax::Turtle));
}

#[test]
fn nothing_is_lost_in_json_ld() {
    every(Format::DcatAp(Syntax::JsonLd));
}

#[test]
fn nothing_is_lost_in_dcat_us() {
    every(Format::DcatUs);
}

#[test]
fn nothing_is_lost_in_data_packages() {
    every(Format::DataPackage);
}

#[test]
fn nothing_is_lost_in_ckan() {
    every(Format::Ckan);
}

#[test]
fn nothing_is_lost_in_schema_org() {
    every(Format::SchemaOrg);
}

#[test]
fn nothing_is_lost_in_csv() {
    every(Format::Csv);
}

#[test]
fn what_stands_beside_leads_no_further_than_a_descriptor() {
    let local = Dataset {
        identifier: "a".to_owned(),
        name: "a".to_owned(),
        distributions: vec![crate::descriptor::Distribution {
            name: "b".to_owned(),
            paths: vec!["/srv/secret/b.csv".to_owned()],
            format: Some(crate::descriptor::Format::Csv),
            ..Default::default()
        }],
        ..Dataset::default()
    };
    for format in Format::ALL {
        let documents = written(format, std::slice::from_ref(&local));
        let here = read(format, &documents, "/elsewhere/export");
        assert_eq!(here.datasets, std::slice::from_ref(&local), "{format:?}: a document of this machine may name its files");
        let afar = read(format, &documents, "https://example.org/export");
        let paths: Vec<_> = afar.datasets.iter().flat_map(|d| &d.distributions).flat_map(|d| &d.paths).collect();
        assert!(paths.iter().all(|path| matches!(Place::of_file(path), Place::Url(_))), "{format:?}: {paths:?}");
    }
}
