//! Packages of the shared data and of a portal in our own words, in each of the forms that CKAN answers with.

use super::super::{Gathered, Standard, read, shared};
use super::*;
use crate::descriptor::{AccessRights, Compression, Dataset, Format};

fn of_text(text: &str, file: &str) -> (Gathered, Page) {
    let mut sink = Gathered::default();
    let page = read(Standard::Ckan, &mut text.as_bytes(), file, &mut sink).expect("a text can be read");
    (sink, page)
}

const SEARCH: &str = include_str!("../../../../tests/fixtures/catalogs/ckan/package_search.json");
const AT: &str = "https://data.example.org/api/3/action/package_search?rows=3&start=0";

#[test]
fn the_packages_of_the_shared_data_are_read() {
    // One package to a file (README), in the forms of CKAN's DCAT extension; the second number counts resources.
    // The problems are access rights in a sentence, and a resource without a URL.
    for (file, datasets, distributions, problems) in [
        ("ckan_dataset.json", 1, 1, 0),
        ("ckan_dataset_multilingual.json", 1, 1, 0),
        ("ckan_dcat_ap_dataset_series.json", 1, 0, 0),
        ("ckan_full_dataset_croissant.json", 1, 1, 0),
        ("ckan_full_dataset_dcat_ap.json", 1, 1, 1),
        ("ckan_full_dataset_dcat_ap_legacy.json", 1, 1, 1),
        ("ckan_full_dataset_dcat_ap_vocabularies.json", 1, 1, 0),
        ("ckan_full_dataset_dcat_us_vocabularies.json", 1, 1, 0),
        ("full_ckan_dataset_legacy.json", 1, 1, 0),
        ("health_dcat_ap.json", 1, 0, 1),
    ] {
        let (found, page) = shared(Standard::Ckan, &format!("ckanext-dcat/ckan/{file}"));
        let resources: usize = found.datasets.iter().map(|dataset| dataset.distributions.len()).sum();
        assert_eq!(
            (found.datasets.len(), resources, found.problems.len()),
            (datasets, distributions, problems),
            "{file}: {:?}",
            found.problems
        );
        assert_eq!((page.next, page.also.len()), (None, 0), "{file}");
    }
}

#[test]
fn an_answer_of_the_first_interface_is_read() {
    // A list of 390 portals, the export of a search: packages without files.
    let (found, page) = shared(Standard::Ckan, "dataportals/ckan-export.json");
    assert_eq!((found.datasets.len(), found.problems.len(), page.total), (390, 0, Some(390)));
    assert_eq!(
        (found.datasets[0].name.as_str(), found.datasets[0].keywords.as_slice()),
        ("a2gov_org", ["ctic".to_owned()].as_slice())
    );
}

#[test]
fn a_page_of_a_search_is_read_and_leads_to_the_next() {
    let (found, page) = of_text(SEARCH, AT);
    assert_eq!(page.next.as_deref(), Some("https://data.example.org/api/3/action/package_search?rows=3&start=3"));
    assert_eq!(page.total, Some(5));
    let problems: Vec<&str> = found.problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(problems, ["/result/results/0/resources/4/url", "/result/results/2/state"], "{:?}", found.problems);
    let [tram, staff] = found.datasets.as_slice() else { panic!("{} datasets", found.datasets.len()) };
    assert!(found.records[0].text.starts_with("{\n        \"id\": \"5f0e3c1a") && found.records[0].text.ends_with('}'));
    assert_eq!((staff.access_rights, tram.access_rights), (AccessRights::NonPublic, AccessRights::Public));
    told(tram);
}

fn told(tram: &Dataset) {
    assert_eq!((tram.name.as_str(), tram.title.as_deref()), ("tram-stops", Some("Tram stops")));
    assert_eq!(tram.extra["title_translated"]["fr"], "Arrêts de tram");
    assert_eq!(tram.themes, ["Mobility", "http://publications.europa.eu/resource/authority/data-theme/TRAN"]);
    assert_eq!(
        (tram.keywords.as_slice(), tram.languages.as_slice()),
        (["tram", "stop"].map(str::to_owned).as_slice(), ["de", "fr"].map(str::to_owned).as_slice())
    );
    assert_eq!(tram.accrual_periodicity.as_deref(), Some("http://publications.europa.eu/resource/authority/frequency/WEEKLY"));
    assert_eq!(
        (tram.publisher.as_ref().map(|p| p.name.as_str()), tram.contact.as_ref().and_then(|c| c.email.as_deref())),
        (Some("City tramways"), Some("opendata@example.org"))
    );
    assert_eq!(tram.temporal[0].start.as_deref(), Some("2020-01-01"));
    assert_eq!(tram.spatial, ["{\"type\": \"Point\", \"coordinates\": [7.44, 46.95]}"]);
    assert_eq!(tram.extra["extras"]["harvest_source_title"], "tramways");
    let [stops, dump, service, ftp] = tram.distributions.as_slice() else { panic!("{} distributions", tram.distributions.len()) };
    assert_eq!(
        (stops.name.as_str(), stops.format, stops.declared_format.as_deref(), stops.bytes),
        ("Stops", Some(Format::Csv), Some("CSV"), Some(20480))
    );
    assert_eq!((dump.name.as_str(), dump.format, dump.compression), ("stops", Some(Format::Json), Some(Compression::Gzip)));
    assert!(stops.is_table() && dump.is_table() && !service.is_table() && !ftp.is_table());
    assert_eq!((ftp.paths.len(), ftp.access_url.as_deref()), (0, Some("ftp://ftp.example.org/stops.csv")));
}

#[test]
fn other_answers_are_read() {
    let show = r#"{"success": true, "result": {"id": "1", "name": "a", "resources": [{"url": "a.csv"}]}}"#;
    let (found, _) = of_text(show, "/srv/dump/a.json");
    assert_eq!(found.records[0].text, r#"{"id": "1", "name": "a", "resources": [{"url": "a.csv"}]}"#);
    assert_eq!(found.datasets[0].distributions[0].paths, ["/srv/dump/a.csv"]);

    let (found, _) = of_text("{\"id\": \"1\", \"name\": \"a\"}\n{\"id\": \"2\", \"title\": \"B C\"}\n{}\n", "dump.jsonl");
    assert_eq!((found.datasets.len(), found.datasets[1].name.as_str(), found.problems.len()), (2, "b_c", 1));

    let list = r#"{"success": true, "result": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]}"#;
    let (found, page) = of_text(list, "https://x.org/api/3/action/current_package_list_with_resources?limit=2");
    assert_eq!(
        (found.datasets.len(), page.next.as_deref()),
        (2, Some("https://x.org/api/3/action/current_package_list_with_resources?limit=2&offset=2"))
    );

    let (found, page) =
        of_text(r#"{"help": "", "success": true, "result": ["a", "b"]}"#, "https://x.org/api/3/action/package_list");
    assert_eq!(
        (found.problems.len(), page.also),
        (0, vec!["https://x.org/api/3/action/package_search?sort=id+asc&rows=1000&start=0".to_owned()])
    );

    let (found, page) = of_text(r#"{"success": false, "error": {"message": "Not found"}}"#, AT);
    assert_eq!(found.problems[0].message, "the portal refuses the request: Not found");
    assert_eq!(page, Page::default());

    let last = SEARCH.replace("\"count\": 5", "\"count\": 3");
    assert_eq!(of_text(&last, AT).1.next, None);
}

#[test]
fn columns_are_told_by_schemas_and_the_data_store() {
    let text = r#"{"id": "1", "name": "a", "resources": [
        {"url": "https://x.org/a.csv", "schema": {"fields": [{"name": "n", "type": "integer"}], "missingValues": ["-"], "note": "x"}},
        {"url": "https://x.org/b.csv", "schema": "{\"fields\": [{\"name\": \"d\", \"type\": \"date\"}]}"},
        {"url": "https://x.org/c.csv", "schema": "https://x.org/schema.json"},
        {"url": "https://x.org/d.csv", "datastore_fields": [{"id": "_id", "type": "int"}, {"id": "t", "type": "text", "info": {"label": "T", "notes": "why", "unit": "m"}}]},
        {"url": "https://x.org/e.csv", "schema": "{"}]}"#;
    let (found, _) = of_text(text, AT);
    let [a, b, c, d, e] = found.datasets[0].distributions.as_slice() else { panic!("{:?}", found.datasets) };
    let told = |of: &crate::descriptor::Distribution| {
        of.schema.columns.iter().map(|one| (one.name.clone(), one.kind.name())).collect::<Vec<_>>()
    };
    assert_eq!((told(a), told(b)), (vec![("n".to_owned(), "integer")], vec![("d".to_owned(), "date")]));
    assert_eq!((c.described_by.as_deref(), told(d)), (Some("https://x.org/schema.json"), vec![("t".to_owned(), "string")]));
    assert_eq!((d.schema.columns[0].title.as_deref(), d.schema.columns[0].description.as_deref()), (Some("T"), Some("why")));
    assert!(e.schema.columns.is_empty());
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
}
