//! Graphs of the shared data in each syntax, and what is odd in them.

use serde_json::json;

use crate::descriptor::published::{Gathered, Page, Standard, read, shared};
use crate::descriptor::{AccessRights, Agent, Dataset, Format, Period};

const FILE: &str = "https://data.example.org/catalog/all";

fn read_at(file: &str, text: &str) -> (Gathered, Page) {
    let mut sink = Gathered::default();
    let page = read(Standard::Dcat, &mut text.as_bytes(), file, &mut sink).unwrap();
    (sink, page)
}

fn only(text: &str) -> Dataset {
    let (found, _) = read_at(FILE, text);
    assert_eq!((found.datasets.len(), found.problems.as_slice()), (1, [].as_slice()), "{text}");
    found.datasets.into_iter().next().unwrap()
}

#[test]
fn every_published_file_gives_its_datasets() {
    // Datasets, distributions, those of which a table is made, and problems, counted by hand where a file is small.
    let files = [
        ("ckanext-dcat/dcat/catalog.rdf", 2, 5, 1, 0),
        ("ckanext-dcat/dcat/catalog_datasets_list.rdf", 2, 5, 1, 0),
        ("ckanext-dcat/dcat/catalog_pod.jsonld", 1, 4, 3, 0),
        ("ckanext-dcat/dcat/catalog_with_at_graph.jsonld", 1, 1, 1, 0),
        ("ckanext-dcat/dcat/dataset.rdf", 1, 1, 0, 0),
        // A datatype is published with a bracket too many, which spoils the rest of its statement.
        ("ckanext-dcat/dcat/dataset.ttl", 2, 1, 1, 2),
        ("ckanext-dcat/dcat/dataset_afs.ttl", 1, 2, 1, 0),
        ("ckanext-dcat/dcat/dataset_deri.ttl", 1, 1, 1, 0),
        ("ckanext-dcat/dcat/dataset_gob_es.ttl", 1, 1, 1, 0),
        ("ckanext-dcat/dcat/dataset_gov_de.rdf", 1, 9, 4, 0),
        ("ckanext-dcat/dcat/dataset_health.ttl", 1, 1, 1, 0),
        ("ckanext-dcat/dcat/dataset_health_multilingual.ttl", 1, 1, 1, 0),
        ("ckanext-dcat/dcat/dataset_health_no_blank.ttl", 1, 0, 0, 0),
        ("ckanext-dcat/dcat/dataset_multilingual.ttl", 1, 1, 1, 0),
        ("ckanext-dcat/dcat/dataset_sweden.rdf", 1, 1, 0, 0),
        ("udata-harvest/bnodes.jsonld", 3, 5, 5, 0),
        ("udata-harvest/bnodes.xml", 3, 7, 5, 0),
        ("udata-harvest/catalog.xml", 4, 8, 5, 1),
        ("udata-harvest/datara--5a26b0f6-0ccf-46ad-ac58-734054b91977.rdf.xml", 1, 1, 0, 0),
        ("udata-harvest/datara--f40c3860-7236-4b30-a141-23b8ae33f7b2.rdf.xml", 1, 0, 0, 0),
        ("udata-harvest/evian.json", 8, 34, 26, 0),
        ("udata-harvest/flat.jsonld", 3, 5, 5, 0),
        ("udata-harvest/geonetwork.xml", 1, 4, 0, 1),
        ("udata-harvest/nested.jsonld", 1, 1, 1, 0),
        ("udata-harvest/paged-collection-1.jsonld", 3, 3, 3, 0),
        ("udata-harvest/paged-collection-2.jsonld", 1, 1, 1, 0),
        ("udata-harvest/partial-collection-1.jsonld", 3, 3, 3, 0),
        ("udata-harvest/partial-collection-2.jsonld", 1, 1, 1, 0),
        ("udata-harvest/series.xml", 1, 2, 0, 0),
        ("udata-harvest/sig.oreme.rdf", 1, 1, 0, 0),
        ("udata-harvest/udata.xml", 2, 8, 6, 0),
    ];
    for (file, datasets, distributions, tables, problems) in files {
        let (found, page) = shared(Standard::Dcat, file);
        let all: Vec<_> = found.datasets.iter().flat_map(|d| &d.distributions).collect();
        let tabular = all.iter().filter(|d| d.is_table()).count();
        let counted = (found.datasets.len(), all.len(), tabular, found.problems.len());
        assert_eq!(counted, (datasets, distributions, tables, problems), "{file}: {:?}", found.problems);
        let next = file.contains("-collection-1").then(|| "http://data.test.org/catalog.jsonld?page=2".to_owned());
        let total = if file.contains("-collection-") { Some(4) } else { file.ends_with("udata.xml").then_some(2) };
        assert_eq!(page, Page { next, also: Vec::new(), total }, "{file}");
        // The same document gives the same records, whatever its parser calls its blank nodes.
        let (again, _) = shared(Standard::Dcat, file);
        assert!(found.records.iter().map(|r| &r.text).eq(again.records.iter().map(|r| &r.text)), "{file}");
        // A record says what its dataset was made of.
        for (dataset, record) in found.datasets.iter().zip(&found.records) {
            let (from_record, _) = read_at(FILE, &record.text);
            let same = from_record
                .datasets
                .iter()
                .any(|other| other.title == dataset.title && other.distributions.len() == dataset.distributions.len());
            assert!(same, "{file}: {}", record.text);
        }
    }
}

/// The same dataset in each syntax.
#[test]
fn every_syntax_says_the_same() {
    let turtle = r#"
        <urn:d1> a dcat:Dataset ; dct:title "Trips"@fr, "Trips in English"@en ; dct:identifier "d1" ; dcat:keyword "bus"@en, "bus"@fr ;
            dct:publisher [ a foaf:Agent ; foaf:name "City" ] ;
            dct:accessRights <http://publications.europa.eu/resource/authority/access-right/RESTRICTED> ;
            dcat:distribution [ a dcat:Distribution ; dcat:downloadURL <a.csv> ; dct:format "CSV" ] ."#;
    let triples = r#"<urn:d1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .
        <urn:d1> <http://purl.org/dc/terms/title> "Trips"@fr .
        <urn:d1> <http://purl.org/dc/terms/title> "Trips in English"@en .
        <urn:d1> <http://purl.org/dc/terms/identifier> "d1" .
        <urn:d1> <http://www.w3.org/ns/dcat#keyword> "bus" .
        <urn:d1> <http://purl.org/dc/terms/publisher> _:p .
        _:p <http://xmlns.com/foaf/0.1/name> "City" .
        <urn:d1> <http://purl.org/dc/terms/accessRights> <http://publications.europa.eu/resource/authority/access-right/RESTRICTED> .
        <urn:d1> <http://www.w3.org/ns/dcat#distribution> _:d .
        _:d <http://www.w3.org/ns/dcat#downloadURL> <https://data.example.org/catalog/a.csv> .
        _:d <http://purl.org/dc/terms/format> "CSV" ."#;
    let xml = r#"<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/"
          xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:foaf="http://xmlns.com/foaf/0.1/">
        <dcat:Dataset rdf:about="urn:d1"><dct:title xml:lang="fr">Trips</dct:title><dct:title xml:lang="en">Trips in English</dct:title>
        <dct:identifier>d1</dct:identifier><dcat:keyword>bus</dcat:keyword>
        <dct:publisher><foaf:Agent><foaf:name>City</foaf:name></foaf:Agent></dct:publisher>
        <dct:accessRights rdf:resource="http://publications.europa.eu/resource/authority/access-right/RESTRICTED"/>
        <dcat:distribution><dcat:Distribution><dcat:downloadURL rdf:resource="a.csv"/><dct:format>CSV</dct:format></dcat:Distribution>
        </dcat:distribution></dcat:Dataset></rdf:RDF>"#;
    let own = r#"{"@context": {"dcat": "http://www.w3.org/ns/dcat#", "t": "http://purl.org/dc/terms/", "n": "http://xmlns.com/foaf/0.1/name"},
        "@id": "urn:d1", "@type": "dcat:Dataset", "t:title": [{"@value": "Trips", "@language": "fr"}, {"@value": "Trips in English", "@language": "en"}],
        "t:identifier": "d1", "dcat:keyword": "bus", "t:publisher": {"n": "City"},
        "t:accessRights": {"@id": "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"},
        "dcat:distribution": {"dcat:downloadURL": {"@id": "a.csv"}, "t:format": "CSV"}}"#;
    let fetched = own
        .replace(
            r#"{"dcat": "http://www.w3.org/ns/dcat#", "t": "http://purl.org/dc/terms/", "n": "http://xmlns.com/foaf/0.1/name"}"#,
            r#""https://x.org/dcat-ap.jsonld""#,
        )
        .replace("t:", "dct:")
        .replace("dcadct:", "dcat:")
        .replace("\"n\"", "\"name\"");
    let none = r#"{"@id": "urn:d1", "@type": "Dataset", "title": [{"@value": "Trips", "@language": "fr"}, {"@value": "Trips in English", "@language": "en"}],
        "identifier": "d1", "keyword": ["bus"], "publisher": {"name": "City"},
        "accessRights": "http://publications.europa.eu/resource/authority/access-right/RESTRICTED",
        "distribution": [{"downloadURL": "a.csv", "format": "CSV"}]}"#;
    for text in [turtle, triples, xml, own, &fetched, none] {
        let dataset = only(text);
        assert_eq!(dataset.identifier, "d1", "{text}");
        assert_eq!((dataset.name.as_str(), dataset.title.as_deref()), ("trips_in_english", Some("Trips in English")), "{text}");
        assert_eq!(dataset.keywords, ["bus"], "{text}");
        assert_eq!(dataset.publisher, Some(Agent { name: "City".into(), ..Agent::default() }), "{text}");
        assert_eq!(dataset.access_rights, AccessRights::Restricted, "{text}");
        let [distribution] = dataset.distributions.as_slice() else { panic!("{text}") };
        assert_eq!(distribution.paths, ["https://data.example.org/catalog/a.csv"], "{text}");
        assert_eq!((distribution.format, distribution.name.as_str()), (Some(Format::Csv), "a"), "{text}");
        assert_eq!(dataset.extra["published:dct:title"], json!({"@value": "Trips", "@language": "fr"}), "{text}");
    }
}

#[test]
fn what_a_dataset_leads_to_is_followed() {
    let dataset = only(
        r#"<#d> a dcat:Dataset ; dct:title "D" ; dct:accrualPeriodicity [ rdf:value [ time:months 3 ] ] ;
            dct:temporal [ dcat:startDate "2020-01-01" ; schema:endDate "2020-12-31" ], [ time:hasBeginning [ time:inXSDDate "1999-01-01" ] ], "2001/2002" ;
            dct:spatial <http://x.org/place>, [ locn:geometry "<gml:Point/>", "POINT(1 2)", "{}" ] ; dcat:theme <http://x.org/t>, "T2" ;
            dct:license [ rdfs:label "Free" ; foaf:homepage <http://x.org/free> ] ; dct:hasPart <#e> ;
            dcat:contactPoint [ vcard:fn "Ann" ; vcard:hasEmail [ vcard:hasValue <mailto:ann@x.org> ] ; vcard:hasURL <http://ann.org> ] ;
            dcat:distribution [ dct:title "T" ; dcat:accessURL <http://x.org/q> ; dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ;
                dcat:packageFormat <http://www.iana.org/assignments/media-types/application/zip> ; dcat:byteSize "43008.0" ;
                spdx:checksum [ spdx:algorithm spdx:checksumAlgorithm_sha1 ; spdx:checksumValue "ab" ] ] .
        <http://x.org/place> skos:prefLabel "Ort"@de, "Place"@en . <http://x.org/t> skos:prefLabel "Transport"@en .
        [] a dcat:DataService ; dct:title "API" ; dcat:endpointURL <http://x.org/api> ; dcat:servesDataset <#d> ."#,
    );
    assert_eq!(dataset.identifier, "https://data.example.org/catalog/all#d");
    assert_eq!(dataset.accrual_periodicity.as_deref(), Some("R/P3M"));
    let period = |start: &str, end: Option<&str>| Period { start: Some(start.into()), end: end.map(Into::into) };
    let temporal = [period("2020-01-01", Some("2020-12-31")), period("1999-01-01", None), period("2001", Some("2002"))];
    assert_eq!(dataset.temporal, temporal);
    assert_eq!(dataset.spatial, ["Place", "POINT(1 2)"]);
    assert_eq!(dataset.themes, ["Transport", "T2"]);
    assert_eq!(
        (dataset.licenses[0].title.as_deref(), dataset.licenses[0].path.as_deref()),
        (Some("Free"), Some("http://x.org/free"))
    );
    let ann = Agent { name: "Ann".into(), homepage: Some("http://ann.org".into()), email: Some("ann@x.org".into()) };
    assert_eq!(dataset.contact, Some(ann));
    let [file, api] = dataset.distributions.as_slice() else { panic!("{:?}", dataset.distributions) };
    assert_eq!((file.format, file.compression), (Some(Format::Csv), Some(crate::descriptor::Compression::Zip)));
    assert_eq!(
        (file.paths.as_slice(), file.bytes, file.hash.as_deref()),
        (["http://x.org/q".to_owned()].as_slice(), Some(43008), Some("sha1:ab"))
    );
    assert_eq!((api.name.as_str(), api.access_url.as_deref(), api.is_table()), ("API", Some("http://x.org/api"), false));
}

#[test]
fn series_catalogs_and_references_are_told_apart() {
    let (found, page) = read_at(
        FILE,
        r#"<#c> a dcat:Catalog ; dcat:dataset <#a>, <#b>, <http://elsewhere.org/x> ; dcat:catalog <http://elsewhere.org/c> .
        <#s> a dcat:DatasetSeries ; dct:title "S" ; dct:identifier "series" ; dcat:seriesMember <#b> .
        <#a> dct:title "A" ; dct:isPartOf <#c> ; dcat:inSeries <#s> . <#b> a dcat:Dataset ; dct:title "B" ; dct:identifier "series" .
        <#idle> a dcat:DataService ."#,
    );
    let told: Vec<_> =
        found.datasets.iter().map(|d| (d.title.as_deref().unwrap(), d.identifier.as_str(), d.part_of.as_deref())).collect();
    let a = ("A", "https://data.example.org/catalog/all#a", Some("https://data.example.org/catalog/all#s"));
    // What says of itself what another one said first is known by its IRI.
    let wanted = [a, ("B", "series", a.2), ("S", "https://data.example.org/catalog/all#s", None)];
    assert_eq!(told, wanted);
    assert_eq!(page.also, ["http://elsewhere.org/c"]);
    assert_eq!(found.problems.len(), 1);
    // A catalog of references alone is to be followed.
    let (found, page) = read_at(FILE, "<#c> a dcat:Catalog ; dcat:dataset <x>, <http://elsewhere.org/y> .");
    assert_eq!((found.datasets.len(), found.problems.len()), (0, 0));
    assert_eq!(page.also, ["https://data.example.org/catalog/x", "http://elsewhere.org/y"]);
}

#[test]
fn a_document_on_disk_names_the_files_beside_it() {
    let text = "[] a dcat:Dataset ; dct:title 'T' ; dcat:distribution [ dcat:downloadURL <d%20e/x.csv> ], [ dcat:downloadURL <file:///etc/x.csv> ] .";
    let (found, _) = read_at("/srv/open/cat.ttl", text);
    let paths: Vec<_> = found.datasets[0].distributions.iter().map(|d| d.paths.as_slice()).collect();
    assert_eq!(paths, [["/srv/open/d e/x.csv".to_owned()].as_slice(), &[]]);
}

#[test]
fn what_is_broken_is_told() {
    let depth = 100_000;
    let entities = "<!ENTITY a \"&b;&b;\">";
    let texts = [
        String::new(),
        "no RDF at all".to_owned(),
        "{\"@id\": ".to_owned(),
        "[".repeat(depth),
        format!("{}1", "{\"@graph\": [".repeat(depth)),
        "<html><body>404</body></html>".to_owned(),
        format!("<?xml version=\"1.0\"?><!DOCTYPE r [{entities}]><r/>"),
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">".to_owned(),
        "\u{feff}@prefix a: <b> .".to_owned(),
        "{\"@context\": {\"a\": {\"@id\": 3}}, \"@type\": \"a\"}".to_owned(),
    ];
    for text in texts {
        let (found, _) = read_at(FILE, &text);
        let shown: String = text.chars().take(60).collect();
        assert!(found.datasets.is_empty() && !found.problems.is_empty(), "{shown}: {:?}", found.problems);
    }
    // The statements around a broken one are read.
    let (found, _) = read_at(FILE, "<#a> a dcat:Dataset ; dct:title 'A' .\n<#b> oops .\n<#c> a dcat:Dataset ; dct:title 'C' .");
    assert_eq!((found.datasets.len(), found.problems.len()), (2, 1), "{:?}", found.problems);
    assert_eq!(found.problems[0].message.split(':').next(), Some("line 2 is not Turtle"));
}
