//! Datasets, catalogs and Croissants of the shared data and of web pages.

use crate::descriptor::published::{Gathered, Page, Standard, read, shared};
use crate::descriptor::{Agent, ColumnKind, Compression, Format, Period};

fn fixture(name: &str) -> (Gathered, Page) {
    let path = format!("{}/tests/fixtures/catalogs/schema-org/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    read_text(&text)
}

fn read_text(text: &str) -> (Gathered, Page) {
    let mut sink = Gathered::default();
    let page = read(Standard::SchemaOrg, &mut text.as_bytes(), "https://data.example.org/d/all.json", &mut sink).unwrap();
    (sink, page)
}

#[test]
fn a_croissant_gives_its_files_with_their_columns() {
    let (found, page) = fixture("croissant.json");
    assert_eq!((found.datasets.len(), found.problems.as_slice(), page), (1, [].as_slice(), Page::default()));
    let dataset = &found.datasets[0];
    assert_eq!((dataset.identifier.as_str(), dataset.name.as_str()), ("https://data.example.org/trips", "city_trips"));
    assert_eq!(dataset.keywords, ["bicycles", "mobility"]);
    let city = Agent { name: "City of Example".into(), homepage: Some("https://example.org".into()), email: None };
    assert_eq!(dataset.publisher, Some(city));
    assert_eq!(dataset.temporal, [Period { start: Some("2023-01-01".into()), end: Some("2023-12-31".into()) }]);
    assert_eq!(dataset.spatial, ["Example", r#"{"@type":"GeoShape","box":"1 2 3 4"}"#]);
    assert_eq!(dataset.conforms_to, ["http://mlcommons.org/croissant/1.0"]);
    let names: Vec<_> = dataset.distributions.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["trips.zip", "trips", "stations.csv", "repo", "converted"]);
    let [archive, trips, stations, _, converted] = dataset.distributions.as_slice() else { panic!("{names:?}") };
    assert_eq!(
        (archive.bytes, archive.hash.as_deref(), archive.compression),
        (Some(20480), Some("sha256:5f0c"), Some(Compression::Zip))
    );
    assert_eq!(trips.paths, ["https://data.example.org/trips.zip"]);
    assert_eq!(
        (trips.member.as_deref(), trips.format, trips.compression),
        (Some("trips/*.csv"), Some(Format::Csv), Some(Compression::Zip))
    );
    assert_eq!(stations.paths, ["https://data.example.org/d/stations.csv"]);
    // A repository's address leads to its files for people only.
    assert!(!converted.is_table() && converted.access_url.as_deref() == Some("https://git.example.org/trips"));
    let columns: Vec<_> = stations.schema.columns.iter().map(|c| (c.name.as_str(), c.kind)).collect();
    assert_eq!(columns, [("station_id", ColumnKind::String), ("docks", ColumnKind::Any)]);
    assert_eq!(stations.schema.primary_key, ["station_id"]);
    let [key] = trips.schema.foreign_keys.as_slice() else { panic!("{:?}", trips.schema) };
    assert_eq!((key.fields.as_slice(), key.resource.as_str()), (["start_station".to_owned()].as_slice(), "stations.csv"));
    // What is no table of a file is kept.
    assert_eq!(dataset.extra["recordSet"][0]["@id"], "splits");
}

#[test]
fn a_web_page_tells_of_its_dataset() {
    let (found, _) = fixture("page.html");
    assert_eq!((found.datasets.len(), found.problems.as_slice()), (1, [].as_slice()));
    let dataset = &found.datasets[0];
    assert_eq!(dataset.identifier, "10.1234/air");
    let city = Agent { name: "City of Example".into(), homepage: None, email: Some("data@example.org".into()) };
    assert_eq!(
        (dataset.publisher.as_ref().map(|p| &p.name), dataset.publisher.as_ref().map(|p| &p.email)),
        (Some(&city.name), Some(&city.email))
    );
    assert_eq!(
        (dataset.keywords.as_slice(), dataset.languages.as_slice()),
        (["air".to_owned(), "PM10".to_owned()].as_slice(), ["English".to_owned()].as_slice())
    );
    assert_eq!(dataset.distributions[0].paths, ["https://data.example.org/files/air.csv"]);
    assert!(found.records[0].text.starts_with('{') && found.records[0].text.contains("10.1234/air"));
}

#[test]
fn a_catalog_lists_datasets_or_refers_to_them() {
    let (found, page) = fixture("catalog.json");
    let told: Vec<_> =
        found.datasets.iter().map(|d| (d.identifier.as_str(), d.title.as_deref(), d.distributions.len())).collect();
    assert_eq!(told, [("https://data.example.org/a", Some("A"), 1)]);
    assert_eq!(page.also, ["https://data.example.org/b"]);
    let at: Vec<_> = found.problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(at, ["/schema:dataset/0/distribution/1/contentUrl", "/schema:dataset/1", "/schema:dataset/2/identifier"]);
}

#[test]
fn what_is_none_is_one_problem() {
    // As published, a comma stands before a brace (line 78).
    let (found, _) = shared(Standard::SchemaOrg, "ckanext-dcat/croissant/full_croissant_dataset.jsonld");
    assert_eq!((found.datasets.len(), found.problems.len()), (0, 1), "{:?}", found.problems);
    assert!(found.problems[0].message.contains("line 78"), "{:?}", found.problems);
    let path =
        format!("{}/../shared/data/catalog/ckanext-dcat/croissant/full_croissant_dataset.jsonld", env!("CARGO_MANIFEST_DIR"));
    // Without the two commas it is read.
    let comma = regex::Regex::new(r",(\s*\})").unwrap();
    let (found, _) = read_text(&comma.replace_all(&std::fs::read_to_string(path).unwrap(), "$1"));
    assert_eq!((found.datasets.len(), found.problems.as_slice()), (1, [].as_slice()));
    let dataset = &found.datasets[0];
    assert_eq!((dataset.identifier.as_str(), dataset.distributions.len()), ("my-custom-id", 3));
    let columns: Vec<_> = dataset.distributions.iter().map(|d| d.schema.columns.len()).collect();
    assert_eq!(columns, [0, 0, 4]);
    assert_eq!(dataset.distributions[2].schema.primary_key, ["name"]);
    for text in [
        "",
        "7",
        "{}",
        "[]",
        "<html></html>",
        "{\"@type\": \"Person\", \"name\": \"Ann\"}",
        "<script type=application/ld+json>{</script>",
    ] {
        let (found, _) = read_text(text);
        assert_eq!((found.datasets.len(), found.problems.len()), (0, 1), "{text}: {:?}", found.problems);
    }
}
