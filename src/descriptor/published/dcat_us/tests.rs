//! Agencies' `data.json`, sound and broken, and what is odd in it.

use serde_json::json;

use crate::descriptor::published::{Gathered, Record, Standard, read, shared};
use crate::descriptor::{AccessRights, Agent, Column, ColumnKind, Dataset, Format, License, Period};

fn read_text(text: &str) -> Gathered {
    let mut sink = Gathered::default();
    read(Standard::DcatUs, &mut text.as_bytes(), "https://data.example.org/data.json", &mut sink).unwrap();
    sink
}

#[test]
fn every_published_file_gives_its_datasets() {
    // Datasets, distributions, those of which a table is made, and problems. As the data's README counts records in lists: those of
    // `data.json` and `pydatajson`; 30 of `ckanext-datajson`, two of which are empty; 440 of `dcat-us-harvester`, where 8 more stand in
    // catalogs within catalogs, in series (which count themselves), and in a service.
    let files = [
        ("data.json/cms.json", 139, 4040, 2233, 0),
        ("data.json/dhs.json", 1093, 193, 1, 0),
        ("data.json/fda.json", 86, 85, 33, 1),
        ("data.json/gsa.json", 339, 458, 297, 8),
        ("data.json/open-gsa-gov.json", 343, 467, 309, 8),
        ("dcat-us-harvester/dcatus.json", 7, 7, 0, 0),
        ("dcat-us-harvester/dcatus3_0.json", 4, 0, 0, 0),
        ("dcat-us-harvester/dcatus3_0_invalid.json", 2, 0, 0, 0),
        ("dcat-us-harvester/dcatus3_0_nested_catalog.json", 3, 0, 0, 0),
        ("dcat-us-harvester/dcatus3_0_no_identifier.json", 1, 0, 0, 1),
        ("dcat-us-harvester/dcatus3_0_record_no_id.json", 1, 0, 0, 1),
        ("dcat-us-harvester/dcatus3_0_series_member_also_top_level.json", 3, 0, 0, 0),
        ("dcat-us-harvester/dcatus3_0_series_with_members.json", 3, 0, 0, 0),
        ("dcat-us-harvester/dcatus3_0_service_no_identifier.json", 1, 0, 0, 1),
        ("dcat-us-harvester/dcatus3_0_service_serves_dataset.json", 1, 1, 0, 0),
        ("dcat-us-harvester/dcatus3_0_warning.json", 3, 1, 1, 0),
        ("dcat-us-harvester/dcatus3_0_with_records.json", 1, 0, 0, 1),
        ("dcat-us-harvester/dcatus3_0_with_services.json", 1, 0, 0, 2),
        ("dcat-us-harvester/dcatus_2.json", 3, 3, 0, 0),
        ("dcat-us-harvester/dcatus_bad_license_uri.json", 1, 1, 0, 0),
        ("dcat-us-harvester/dcatus_long_description.json", 1, 2, 0, 0),
        ("dcat-us-harvester/dcatus_multiple_invalid.json", 1, 1, 0, 0),
        ("dcat-us-harvester/dcatus_no_identifier.json", 1, 1, 0, 1),
        ("dcat-us-harvester/dcatus_same_title.json", 2, 2, 0, 0),
        ("dcat-us-harvester/dcatus_same_title_step_2.json", 2, 2, 0, 0),
        ("dcat-us-harvester/dcatus_single_record.json", 1, 1, 0, 0),
        ("dcat-us-harvester/dcatus_single_record_non-federal.json", 1, 1, 0, 0),
        ("dcat-us-harvester/dcatus_spatial_no_translate.json", 1, 1, 0, 0),
        ("dcat-us-harvester/dcatus_with_none.json", 402, 2841, 1561, 0),
        ("dcat-us-harvester/missing_title.json", 1, 1, 1, 1),
        ("ckanext-datajson/arm.data.json", 3, 3, 0, 0),
        ("ckanext-datajson/collection-1-parent-2-children.data.json", 3, 4, 0, 0),
        ("ckanext-datajson/collection-2-parent-4-children.data.json", 6, 8, 0, 0),
        ("ckanext-datajson/geospatial.data.json", 2, 4, 1, 0),
        ("ckanext-datajson/large-spatial.data.json", 1, 1, 1, 0),
        ("ckanext-datajson/many-resources.data.json", 1, 11, 0, 0),
        ("ckanext-datajson/missing-catalog.data.json", 1, 0, 0, 1),
        ("ckanext-datajson/missing-dataset-fields.data.json", 1, 0, 0, 1),
        ("ckanext-datajson/missing-identifier-title.data.json", 3, 3, 3, 2),
        ("ckanext-datajson/null-spatial.data.json", 1, 1, 1, 0),
        ("ckanext-datajson/numerical-title.data.json", 1, 1, 1, 0),
        ("ckanext-datajson/ny.data.json", 1, 4, 2, 0),
        ("ckanext-datajson/reserved-title.data.json", 1, 1, 1, 0),
        ("ckanext-datajson/usda.gov.data.json", 3, 6, 3, 0),
        ("pydatajson/catalogo-justicia.json", 18, 71, 70, 0),
        ("udata-harvest/evian.json", 8, 34, 26, 0),
        ("ckanext-dcat/dcat/catalog_pod.jsonld", 1, 4, 3, 0),
        // Written by the same names, though they are no data.json.
        ("ckanext-dcat/ckan/catalog.json", 2, 5, 1, 0),
        ("ckanext-dcat/ckan/catalog_datasets_list.json", 2, 5, 1, 0),
        ("ckanext-dcat/ckan/dataset.json", 1, 1, 0, 0),
    ];
    for (file, datasets, distributions, tables, problems) in files {
        let (found, page) = shared(Standard::DcatUs, file);
        let all: Vec<_> = found.datasets.iter().flat_map(|d| &d.distributions).collect();
        let tabular = all.iter().filter(|d| d.is_table()).count();
        let counted = (found.datasets.len(), all.len(), tabular, found.problems.len());
        assert_eq!(counted, (datasets, distributions, tables, problems), "{file}: {:?}", found.problems);
        assert_eq!((page.next, page.also.len()), (None, 0), "{file}");
    }
}

#[test]
fn a_record_is_kept_to_the_letter() {
    let (found, _) = shared(Standard::DcatUs, "ckanext-datajson/ny.data.json");
    let path = format!("{}/../shared/data/catalog/ckanext-datajson/ny.data.json", env!("CARGO_MANIFEST_DIR"));
    let whole = std::fs::read_to_string(path).unwrap();
    let [Record { text, media_type: "application/json" }] = found.records.as_slice() else { panic!("{:?}", found.records) };
    assert!(text.starts_with('{') && text.ends_with('}') && whole.contains(text.as_ref()));
}

#[test]
fn a_dataset_has_what_is_published_of_it() {
    let (found, _) = shared(Standard::DcatUs, "pydatajson/catalogo-justicia.json");
    let dataset = &found.datasets[0];
    assert_eq!(dataset.name, "base_de_datos_legislativos_infoleg");
    assert_eq!(dataset.themes, ["informacion-juridica", "JUST"]);
    assert_eq!(dataset.contact.as_ref().and_then(|c| c.email.as_deref()), Some("datosabiertos@saij.gob.ar"));
    assert_eq!(dataset.licenses[0].title.as_deref(), Some("Open Data Commons Open Database License (ODbL)"));
    assert_eq!(dataset.accrual_periodicity.as_deref(), Some("R/P1M"));
    let base = &dataset.distributions[0];
    assert_eq!((base.name.as_str(), base.format), ("Base Infoleg de Normativa Nacional", Some(Format::Csv)));
    assert!(base.access_url.as_deref().is_some_and(|url| url.contains("/archivo/")));
    let [id, kind, ..] = base.schema.columns.as_slice() else { panic!("{:?}", base.schema) };
    // What is said to be a whole number may be none: the file decides.
    assert_eq!((id.name.as_str(), id.kind, &id.extra["published:type"]), ("id_norma", ColumnKind::Any, &json!("integer")));
    assert_eq!((kind.name.as_str(), kind.kind, kind.extra.len()), ("tipo_norma", ColumnKind::String, 0));

    let (found, _) = shared(Standard::DcatUs, "ckanext-datajson/collection-1-parent-2-children.data.json");
    let parts: Vec<_> = found.datasets.iter().map(|d| d.part_of.as_deref()).collect();
    assert_eq!(parts, [Some("OPM-ERround-0001"), None, Some("OPM-ERround-0001")]);
}

#[test]
fn any_form_of_a_property_is_read() {
    let found = read_text(
        r#"{"dataset": [{
            "@type": "Dataset", "title": "Trips", "identifier": {"@id": "https://x.org/trips", "@type": "Identifier"},
            "publisher": {"name": "City", "subOrganizationOf": {"name": "State"}}, "mbox": "mailto:a@x.org",
            "keyword": "bus, tram", "theme": [{"prefLabel": "Transport"}, "Cities"], "language": "en",
            "temporal": [{"startDate": "2020-01-01"}, "2021/2022"], "spatial": {"bbox": "POLYGON((0 0))"},
            "license": ["https://creativecommons.org/licenses/by/4.0/", "MIT"], "accessLevel": "restricted public",
            "references": "https://x.org/doc", "inSeries": [{"@id": "https://x.org/s"}], "bureauCode": ["009:38"], "source": null,
            "distribution": {"compressFormat": "application/gzip", "downloadURL": ["a/1.csv", "https://x.org/2.csv"], "byteSize": "12.0",
                "checksum": {"algorithm": "http://spdx.org/rdf/terms#checksumAlgorithm_sha256", "checksumValue": "ab"}}
        }]}"#,
    );
    assert_eq!(found.problems, []);
    let dataset = &found.datasets[0];
    let distribution = &dataset.distributions[0];
    assert_eq!(distribution.paths, ["https://data.example.org/a/1.csv", "https://x.org/2.csv"]);
    assert_eq!((distribution.compression, distribution.extra.len()), (Some(crate::descriptor::Compression::Gzip), 0));
    assert_eq!((distribution.bytes, distribution.hash.as_deref()), (Some(12), Some("sha256:ab")));
    let licence =
        |name: Option<&str>, path: Option<&str>| License { name: name.map(Into::into), title: None, path: path.map(Into::into) };
    let wanted = Dataset {
        identifier: "https://x.org/trips".into(),
        name: "trips".into(),
        title: Some("Trips".into()),
        publisher: Some(Agent { name: "City".into(), ..Agent::default() }),
        contact: Some(Agent { name: "a@x.org".into(), homepage: None, email: Some("a@x.org".into()) }),
        keywords: vec!["bus".into(), "tram".into()],
        themes: vec!["Transport".into(), "Cities".into()],
        languages: vec!["en".into()],
        temporal: vec![
            Period { start: Some("2020-01-01".into()), end: None },
            Period { start: Some("2021".into()), end: Some("2022".into()) },
        ],
        spatial: vec!["POLYGON((0 0))".into()],
        licenses: vec![licence(None, Some("https://creativecommons.org/licenses/by/4.0/")), licence(Some("MIT"), None)],
        access_rights: AccessRights::Restricted,
        published_rights: Some("restricted public".into()),
        part_of: Some("https://x.org/s".into()),
        documentation: dataset.documentation.clone(),
        distributions: dataset.distributions.clone(),
        extra: dataset.extra.clone(),
        ..Dataset::default()
    };
    assert_eq!(*dataset, wanted);
    let extra: Vec<_> = dataset.extra.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let publisher = r#"published:publisher={"name":"City","subOrganizationOf":{"name":"State"}}"#;
    assert_eq!(extra, [r#"bureauCode=["009:38"]"#, publisher, r#"published:theme=[{"prefLabel":"Transport"},"Cities"]"#]);
}

#[test]
fn what_is_broken_is_told_and_the_rest_goes_in() {
    let found = read_text(
        r#"{"dataset": [
            {"identifier": "a", "title": "A", "accessLevel": "secret", "distribution": [7, {"title": "nowhere"}, {"accessURL": "https://x.org"}]},
            7, {"identifier": "a", "title": "twice"}, {"description": "nothing"}, {"title": true, "identifier": "b"}],
            "catalog": [{"dataset": [{"identifier": "c", "title": "C"}]}], "datasetSeries": "none"}"#,
    );
    let told: Vec<_> = found.datasets.iter().map(|d| (d.identifier.as_str(), d.name.as_str(), d.distributions.len())).collect();
    assert_eq!(told, [("a", "a", 1), ("b", "b", 0), ("c", "c", 0)]);
    assert_eq!(found.datasets[0].access_rights, AccessRights::NonPublic);
    let problems: Vec<_> = found.problems.iter().map(|p| p.pointer.as_str()).collect();
    let wanted = [
        "/dataset/0/accessLevel",
        "/dataset/0/distribution/0",
        "/dataset/0/distribution/1/downloadURL",
        "/dataset/1",
        "/dataset/2/identifier",
        "/dataset/3/identifier",
        "/dataset/4/title",
        "/dataset/4/title",
        "/datasetSeries",
    ];
    let mut sorted = problems.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted);
}

#[test]
fn what_leads_nowhere_is_no_distribution() {
    let found = read_text(
        r#"{"dataset": [{"identifier": "a", "title": "A", "accessURL": " ", "format": "csv"}],
        "service": [{"title": "S", "servesDataset": [{"identifier": "b", "title": "B"}]}]}"#,
    );
    assert!(found.datasets.len() == 2 && found.datasets.iter().all(|dataset| dataset.distributions.is_empty()));
    assert_eq!(found.problems.iter().map(|p| p.pointer.as_str()).collect::<Vec<_>>(), ["/service/0/endpointURL"]);
}

#[test]
fn catalogs_within_catalogs_end() {
    let depth = 100;
    let text = format!("{}{}{}", r#"{"catalog": [{"dataset": []},"#.repeat(depth), r#"{"dataset": []}"#, "]}".repeat(depth));
    assert_eq!(read_text(&text).datasets, []);
    assert_eq!(read_text(&format!("{}{}", r#"{"catalog": ["#.repeat(100_000), "1")).datasets, []);
}

#[test]
fn a_column_told_as_text_is_one() {
    let column = |kind: &str| super::super::json::column("a".into(), Some(kind.into()), std::collections::BTreeMap::new());
    assert_eq!(column("xsd:String"), Column { name: "a".into(), kind: ColumnKind::String, ..Column::default() });
    assert_eq!(column("date").kind, ColumnKind::Any);
}
