//! The shared data's catalogs, collections and items.

use crate::descriptor::published::{Gathered, Page, Standard, read, shared};
use crate::descriptor::{Format, License};

fn read_text(text: &str) -> (Gathered, Page) {
    let mut sink = Gathered::default();
    let page = read(Standard::Stac, &mut text.as_bytes(), "https://data.example.org/stac/collections", &mut sink)
        .expect("nothing fails");
    (sink, page)
}

#[test]
fn every_published_file_is_read() {
    // Datasets, distributions, tables, problems, other documents. What the README counts are files: 34 of them are JSON.
    let files = [
        ("catalogs/planet-example-v1.0.0-beta.2/collection.json", 1, 0, 0, 0, 1),
        ("catalogs/planet-example-v1.0.0-beta.2/hurricane-harvey/catalog.json", 0, 0, 0, 0, 1),
        ("catalogs/planet-example-v1.0.0-beta.2/hurricane-harvey/hurricane-harvey-0831/catalog.json", 0, 0, 0, 0, 5),
        ("catalogs/test-case-1/catalog.json", 0, 0, 0, 0, 2),
        ("catalogs/test-case-1/country-1/catalog.json", 0, 0, 0, 0, 2),
        ("catalogs/test-case-1/country-1/area-1-1/collection.json", 1, 0, 0, 0, 2),
        ("catalogs/test-case-1/country-1/area-1-1/area-1-1-imagery/area-1-1-imagery.json", 0, 0, 0, 0, 0),
        ("catalogs/test-case-1/country-1/area-1-1/area-1-1-labels/area-1-1-labels.json", 1, 1, 1, 0, 0),
        ("examples/1.0.0/catalog.json", 0, 0, 0, 0, 4),
        ("examples/1.0.0/collection.json", 1, 0, 0, 0, 3),
        ("examples/1.0.0/collection-only/collection.json", 1, 1, 0, 0, 0),
        ("examples/1.0.0/collection-only/collection-with-schemas.json", 1, 0, 0, 0, 0),
        ("examples/1.0.0/extensions-collection/collection.json", 1, 0, 0, 0, 1),
        ("examples/1.0.0/collectionless-item.json", 1, 5, 1, 0, 0),
        ("examples/1.0.0/core-item.json", 0, 0, 0, 0, 0),
        ("examples/1.0.0/example-sentinel2.json", 1, 19, 0, 0, 0),
    ];
    for (file, datasets, distributions, tables, problems, also) in files {
        let (sink, page) = shared(Standard::Stac, &format!("stac/{file}"));
        let all = || sink.datasets.iter().flat_map(|dataset| &dataset.distributions);
        let got =
            (sink.datasets.len(), all().count(), all().filter(|d| d.is_table()).count(), sink.problems.len(), page.also.len());
        assert_eq!(got, (datasets, distributions, tables, problems, also), "{file}: {:?}", sink.problems);
        assert!(page.also.iter().all(|path| std::path::Path::new(path).is_file()), "{file}: {:?}", page.also);
    }
}

#[test]
fn a_catalog_is_read_by_its_links() {
    // From each root to the last item.
    for (root, documents, identifiers) in [
        (
            "stac/catalogs/test-case-1/catalog.json",
            15,
            &["area-1-1", "area-1-1/area-1-1-labels", "area-1-2", "area-1-2/area-1-2-labels"][..],
        ),
        ("stac/catalogs/planet-example-v1.0.0-beta.2/collection.json", 8, &["planet-disaster-data"]),
        ("stac/examples/1.0.0/catalog.json", 6, &["CS3-20160503_132131_08", "extensions-collection", "sentinel-2"]),
    ] {
        let mut open = vec![root.to_owned()];
        let (mut read, mut found) = (0, Vec::new());
        while let Some(file) = open.pop() {
            let (sink, page) = shared(Standard::Stac, &file);
            assert_eq!(sink.problems, []);
            read += 1;
            found.extend(sink.datasets.into_iter().map(|dataset| dataset.identifier));
            let catalogs =
                std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/catalog")).expect("it is there");
            let below = |path: String| {
                path.strip_prefix(catalogs.to_str().expect("it is text")).map(|path| path.trim_start_matches('/').to_owned())
            };
            open.extend(page.also.into_iter().filter_map(below));
        }
        found.sort();
        assert_eq!(read, documents, "{root}");
        for identifier in identifiers {
            assert!(found.iter().any(|own| own == identifier), "{root}: {identifier} is not in {found:?}");
        }
    }
}

#[test]
fn a_collection_tells_of_itself() {
    let (sink, _) = shared(Standard::Stac, "stac/examples/1.0.0/collection-only/collection.json");
    let dataset = &sink.datasets[0];
    assert_eq!(
        (dataset.identifier.as_str(), dataset.title.as_deref()),
        ("sentinel-2", Some("Sentinel-2 MSI: MultiSpectral Instrument, Level-1C"))
    );
    assert_eq!(dataset.publisher.as_ref().map(|agent| agent.name.as_str()), Some("European Union/ESA/Copernicus"));
    let licence = License { name: Some("proprietary".to_owned()), ..dataset.licenses[0].clone() };
    assert_eq!(dataset.licenses, [licence]);
    assert!(dataset.licenses[0].path.as_deref().is_some_and(|path| path.ends_with("Sentinel_Data_Terms_and_Conditions.pdf")));
    assert_eq!((dataset.spatial.as_slice(), dataset.temporal.len()), (&["[-180,-56,180,83]".to_owned()][..], 1));
    assert_eq!((dataset.temporal[0].start.as_deref(), dataset.temporal[0].end.as_deref()), (Some("2015-06-23T00:00:00Z"), None));
    assert!(dataset.extra.contains_key("summaries") && dataset.extra.contains_key("providers"));
    let (sink, _) = shared(Standard::Stac, "stac/catalogs/test-case-1/country-1/area-1-1/area-1-1-labels/area-1-1-labels.json");
    let labels = &sink.datasets[0];
    assert_eq!((labels.part_of.as_deref(), labels.distributions[0].format), (Some("area-1-1"), Some(Format::GeoJson)));
    assert_eq!(sink.records[0].media_type, "application/geo+json");
}

#[test]
fn an_interface_lists_its_collections() {
    let (sink, page) = read_text(
        r#"{"collections": [
              {"type": "Collection", "stac_version": "1.0.0", "id": "taxi", "description": "Trips", "license": "various",
               "extent": {"spatial": {"bbox": [[-74.3, 40.5, -73.7, 40.9]]}, "temporal": {"interval": [["2009-01-01T00:00:00Z", null]]}},
               "table:columns": [{"name": "fare", "description": "What was paid", "type": "double"}, {"name": "zone", "type": "string"}],
               "links": [{"rel": "items", "href": "https://data.example.org/stac/collections/taxi/items", "type": "application/geo+json"},
                         {"rel": "license", "href": "https://example.org/terms", "title": "Terms"}, {"rel": "cite-as", "href": "https://doi.org/1"}],
               "assets": {"data": {"href": "s3://trips/taxi.parquet", "type": "application/x-parquet", "roles": ["data"], "file:size": 123,
                                   "file:checksum": "1220aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
                          "preview": {"href": "../preview.json", "type": "application/json", "roles": ["thumbnail"]},
                          "lost": {"title": "nowhere"}}},
              {"type": "Collection", "description": "no id"}, 7],
            "links": [{"rel": "next", "href": "?page=2"}, {"rel": "self", "href": "x"}], "numberMatched": 40}"#,
    );
    let found: Vec<&str> = sink.problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(found, ["/collections/0/assets/lost/href", "/collections/1/id", "/collections/2"]);
    assert_eq!((page.next.as_deref(), page.total), (Some("https://data.example.org/stac/collections?page=2"), Some(40)));
    let [taxi] = sink.datasets.as_slice() else { panic!("one has an id") };
    let [data, preview, items] = taxi.distributions.as_slice() else { panic!("two assets and the items") };
    assert_eq!((data.format, data.bytes, data.is_table()), (Some(Format::Parquet), Some(123), true));
    assert!(data.hash.as_deref().is_some_and(|hash| hash.starts_with("sha256:aaaa")));
    let columns: Vec<&str> = data.schema.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((columns, data.schema.columns[0].description.as_deref()), (vec!["fare", "zone"], Some("What was paid")));
    assert_eq!((preview.access_url.as_deref(), preview.is_table()), (Some("https://data.example.org/preview.json"), false));
    assert_eq!((items.name.as_str(), items.is_table()), ("items", false));
    let licence = &taxi.licenses[0];
    assert_eq!(
        (licence.name.as_deref(), licence.title.as_deref(), licence.path.as_deref()),
        (Some("various"), Some("Terms"), Some("https://example.org/terms"))
    );
    assert!(taxi.extra.get("links").is_some_and(|links| links.as_array().is_some_and(|links| links.len() == 1)));
}

#[test]
fn an_interfaces_landing_page_leads_to_its_lists() {
    let (sink, page) = read_text(
        r#"{"type": "Catalog", "stac_version": "1.0.0", "id": "x", "links": [{"rel": "data", "href": "/stac/collections"},
            {"rel": "child", "href": "/stac/collections/a"}, {"rel": "search", "href": "/stac/search", "method": "POST"}]}"#,
    );
    assert_eq!((sink.datasets.len(), sink.problems.len()), (0, 0));
    assert_eq!(page.also, ["https://data.example.org/stac/collections"]);
    let (sink, page) =
        read_text(r#"{"type": "Catalog", "id": "x", "links": [{"rel": "child", "href": "ftp://x.org/a"}, {"rel": "item"}, 3]}"#);
    assert_eq!((sink.problems[0].pointer.as_str(), page.also.len()), ("/links/0/href", 0));
}
