//! What is read of a descriptor, what is reported, and that printing loses nothing.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::{btree_map, vec};
use proptest::option::of as maybe;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::descriptor::{
    Column, ColumnKind, Compression, Dialect, Distribution, Extra, FieldsMatch, ForeignKey, Format, ItemType, MissingValue,
    Schema, SheetChoice,
};

const FILE: &str = "/srv/open/d/datapackage.json";

fn read(descriptor: &Value) -> (Vec<Dataset>, Vec<String>) {
    let (datasets, problems) = parse(descriptor.to_string().as_bytes(), FILE);
    assert!(problems.iter().all(|problem| problem.file == FILE));
    (datasets, problems.into_iter().map(|problem| format!("{}: {}", problem.pointer, problem.message)).collect())
}

fn text(words: &str) -> Option<String> {
    Some(words.to_owned())
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

const WHOLE: &str = r##"{
  "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
  "id": "urn:x:1", "name": "trips", "title": "Trips", "description": " ",
  "dcat:theme": ["Transport", "Mobility"], "dct:publisher": {"foaf:name": "City", "email": "a@b.c"},
  "contactPoint": {"name": "Desk", "email": "d@b.c"}, "documentation": [{"path": "https://x.org/help"}], "language": ["de", "en"],
  "spatial": "Berlin", "temporalCoverage": [{"startDate": "2019"}, {"startDate": "2018", "endDate": "2018-06"}],
  "conformsTo": "https://x.org/standard", "version": 2, "isPartOf": "urn:x:0",
  "contributors": [{"title": "Someone", "roles": ["publisher"]}],
  "licenses": [{"name": "CC-BY-4.0"}], "sources": [{"title": "Meter", "path": "https://x.org"}],
  "accrualPeriodicity": "R/P1Y", "stoa:refresh": "90min", "stoa:strict": true, "created": "2020-01-01", "modified": "2024-05-06", "keywords": ["a"],
  "dct:accessRights": "http://publications.europa.eu/resource/authority/access-right/RESTRICTED",
  "resources": [{
    "name": "all", "path": ["2019/気 (1), a.tsv.gz", "https://x.org/2020.tsv.gz?k=v"], "format": "tsv", "encoding": "gb18030",
    "accessURL": "https://x.org/all", "licenses": [{"name": "ODbL-1.0"}], "issued": "2021", "modified": "2022", "conformsTo": ["s"],
    "describedBy": "https://x.org/columns", "bytes": 12, "hash": "sha256:00", "x-note": 1, "stoa:refresh": "never", "stoa:strict": false,
    "dialect": {"$schema": "x", "header": false, "headerRows": [1, 2], "commentChar": "#", "nullSequence": "\\N"},
    "schema": {
      "fields": [
        {"name": "Day", "type": "date", "format": "%d.%m.%Y", "constraints": {"required": true}},
        {"name": "n", "type": "number", "format": "default", "bareNumber": false, "decimalChar": ",", "groupChar": ".",
         "unit": "µg/m³", "missingValues": [{"value": "-9", "label": "broken"}], "rdfType": "y"},
        {"name": "ok", "type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]}
      ],
      "fieldsMatch": ["subset"], "missingValues": ["", "-"], "primaryKey": "Day",
      "foreignKeys": [{"fields": "Day", "reference": {"package": "../days/datapackage.json", "resource": "days", "fields": ["Day"]}}], "note": 1
    }
  }]
}"##;

#[test]
fn a_whole_package_is_read() {
    let (datasets, problems) = read(&serde_json::from_str(WHOLE).expect("the example is JSON"));
    assert_eq!(problems, [""; 0]);
    let missing = |value: &str, label: Option<&str>| MissingValue { value: value.into(), label: label.map(Into::into) };
    let column = |name: &str, kind| Column { name: name.into(), kind, ..Column::default() };
    let extra = |value: Value| value.as_object().expect("an object").clone().into_iter().collect::<Extra>();
    let columns = vec![
        Column { format: text("%d.%m.%Y"), constraints: extra(json!({"required": true})), ..column("Day", ColumnKind::Date) },
        Column {
            bare_number: true,
            decimal_char: text(","),
            group_char: text("."),
            unit: text("µg/m³"),
            missing_values: Some(vec![missing("-9", Some("broken"))]),
            extra: extra(json!({"rdfType": "y"})),
            ..column("n", ColumnKind::Number)
        },
        Column { true_values: texts(&["ja"]), false_values: texts(&["nein"]), ..column("ok", ColumnKind::Boolean) },
    ];
    let want = Dataset {
        identifier: "urn:x:1".into(),
        name: "trips".into(),
        title: text("Trips"),
        description: None,
        themes: texts(&["Transport", "Mobility"]),
        keywords: texts(&["a"]),
        publisher: Some(Agent { name: "City".into(), homepage: None, email: text("a@b.c") }),
        licenses: vec![License { name: text("CC-BY-4.0"), ..License::default() }],
        sources: vec![Link { title: text("Meter"), path: text("https://x.org") }],
        homepage: None,
        accrual_periodicity: text("R/P1Y"),
        refresh: Some(Refresh::After(std::time::Duration::from_secs(5_400))),
        strict: Some(true),
        issued: text("2020-01-01"),
        modified: text("2024-05-06"),
        access_rights: AccessRights::Restricted,
        published_rights: text("http://publications.europa.eu/resource/authority/access-right/RESTRICTED"),
        contact: Some(Agent { name: "Desk".into(), homepage: None, email: text("d@b.c") }),
        documentation: vec![Link { title: None, path: text("https://x.org/help") }],
        languages: texts(&["de", "en"]),
        spatial: texts(&["Berlin"]),
        temporal: vec![Period { start: text("2019"), end: None }, Period { start: text("2018"), end: text("2018-06") }],
        conforms_to: texts(&["https://x.org/standard"]),
        version: text("2"),
        part_of: text("urn:x:0"),
        distributions: vec![Distribution {
            name: "all".into(),
            paths: texts(&["/srv/open/d/2019/気 (1), a.tsv.gz", "https://x.org/2020.tsv.gz?k=v"]),
            access_url: text("https://x.org/all"),
            format: Some(Format::Csv),
            declared_format: text("tsv"),
            licenses: vec![License { name: text("ODbL-1.0"), ..License::default() }],
            issued: text("2021"),
            modified: text("2022"),
            conforms_to: texts(&["s"]),
            described_by: text("https://x.org/columns"),
            compression: Some(Compression::Gzip),
            encoding: text("gb18030"),
            dialect: Dialect {
                delimiter: Some('\t'),
                header: Some(false),
                header_rows: vec![1, 2],
                comment_char: text("#"),
                null_sequence: text("\\N"),
                ..Dialect::default()
            },
            schema: Schema {
                columns,
                fields_match: FieldsMatch::Subset,
                missing_values: Some(vec![missing("", None), missing("-", None)]),
                primary_key: texts(&["Day"]),
                foreign_keys: vec![ForeignKey {
                    fields: texts(&["Day"]),
                    package: text("../days/datapackage.json"),
                    resource: "days".into(),
                    reference_fields: texts(&["Day"]),
                }],
            },
            bytes: Some(12),
            hash: text("sha256:00"),
            refresh: Some(Refresh::Never),
            strict: Some(false),
            extra: extra(json!({"x-note": 1, "dialect": {"$schema": "x"}, "schema": {"note": 1}})),
            ..Distribution::default()
        }],
        extra: extra(json!({
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "contributors": [{"title": "Someone", "roles": ["publisher"]}],
        })),
    };
    assert_eq!(datasets, [want]);
}

#[test]
fn older_and_looser_ways_are_read_without_a_word() {
    let (datasets, problems) = read(&json!({
        "id": 2683, "name": "Neonatal Mortality – via X (2015)", "license": {"type": "odc-by", "url": "https://x.org/l"},
        "contributors": [{"title": "Board", "role": "publisher", "path": "https://b.org"}], "accessLevel": "restricted public",
        "resources": [
            {"url": "https://x.org/a.csv", "profile": "tabular-data-resource",
             "dialect": {"csv": {"delimiter": "\\t"}, "json": {"keyed": true}},
             "schema": {"fields": [{"name": "a", "type": "any", "description": null}], "missingValues": "-99", "primaryKey": ["a"],
                        "foreignKeys": [{"fields": "a", "reference": {"resource": "", "fields": "a"}}]}},
            {"path": "zones.geo.json", "schema": {"fields": [], "missingValues": [-1]}},
            {"path": "y.json", "format": "text", "mediatype": "application/vnd.geo+json"},
            {"path": "x", "compression": "no"},
        ],
    }));
    assert_eq!(problems, [""; 0]);
    let dataset = &datasets[0];
    assert_eq!((dataset.identifier.as_str(), dataset.access_rights), ("2683", AccessRights::Restricted));
    assert_eq!(dataset.publisher, Some(Agent { name: "Board".into(), homepage: text("https://b.org"), email: None }));
    assert_eq!(dataset.licenses, [License { name: text("odc-by"), title: None, path: text("https://x.org/l") }]);
    let shapes: Vec<_> = dataset.distributions.iter().map(|d| (d.name.as_str(), d.format)).collect();
    let geo = Some(Format::GeoJson);
    assert_eq!(shapes, [("a", Some(Format::Csv)), ("zones", geo), ("y", geo), ("x", None)]);
    let first = &dataset.distributions[0];
    assert_eq!(first.extra.get("dialect"), Some(&json!({"json": {"keyed": true}})));
    assert_eq!((first.dialect.delimiter, first.schema.foreign_keys[0].resource.as_str()), (Some('\t'), ""));
    assert_eq!(first.schema.missing_values.as_ref().map(|m| m[0].value.as_str()), Some("-99"));
    assert_eq!(dataset.distributions[1].schema.missing_values.as_ref().map(|m| m[0].value.as_str()), Some("-1"));
}

/// A package with one good resource and these properties; the problems it gives, and whether the good resource is served.
#[test]
fn what_is_wrong_is_reported_with_its_place_and_the_rest_is_served() {
    let field = |field: Value| json!({"resources": [{"path": "a.csv", "schema": {"fields": [{"name": "a"}, field]}}]});
    let resource = |resource: Value| json!({"resources": [{"path": "a.csv"}, resource]});
    for (package, want) in [
        (json!({"title": 5, "keywords": "k", "resources": [{"path": "a.csv"}]}), "/title: expected a text, found 5; ignored"),
        (json!({"theme": 5, "dcat:theme": "t", "resources": [{"path": "a.csv"}]}), "/theme: expected a text or a list of texts"),
        (json!({"licenses": [{}], "resources": [{"path": "a.csv"}]}), "/licenses/0/name: a licence has"),
        (json!({"publisher": {"email": "x"}, "resources": [{"path": "a.csv"}]}), "/publisher: the publisher has no \"name\""),
        (json!({"accessRights": "perhaps", "resources": [{"path": "a.csv"}]}), "/accessRights: \"perhaps\" is none of"),
        (json!({"accessRights": ["NON_PUBLIC"], "resources": [{"path": "a.csv"}]}), "/accessRights: expected one of PUBLIC"),
        (json!({"sources": [{"email": "x"}], "resources": [{"path": "a.csv"}]}), "/sources/0/title: a link has"),
        (json!({"stoa:base": "file:///etc", "resources": [{"path": "a.csv"}]}), "/stoa:base: the scheme of"),
        (resource(json!(7)), "/resources/1: expected an object, found 7"),
        (resource(json!({"name": "b"})), "/resources/1/path: the resource has no \"path\"; left out"),
        (resource(json!({"name": "b", "data": [1]})), "/resources/1/data: data inside of a descriptor"),
        (resource(json!({"path": []})), "/resources/1/path: the list of paths is empty"),
        (resource(json!({"path": ["b.csv", "/etc/passwd"]})), "/resources/1/path/1: the path \"/etc/passwd\" is absolute"),
        (resource(json!({"path": "../b.csv"})), "/resources/1/path: the path \"../b.csv\" leaves"),
        (resource(json!({"path": "x.json", "format": "topojson"})), "/resources/1/format: the format \"topojson\" is not served"),
        (resource(json!({"path": "x.csv.bz2", "compression": "rar"})), "/resources/1/compression: the compression \"rar\""),
        (resource(json!({"name": "a", "path": "x.csv"})), "/resources/1/name: an earlier resource is named \"a\" too"),
        (resource(json!({"path": "b.csv", "bytes": -1})), "/resources/1/bytes: expected a whole number"),
        (resource(json!({"path": "b.csv", "schema": "s.json"})), "/resources/1/schema: the schema stands in a file of its own"),
        (resource(json!({"path": "b.csv", "dialect": {"delimiter": "ab"}})), "/resources/1/dialect/delimiter: expected a single"),
        (resource(json!({"path": "b.csv", "dialect": {"headerRows": [0]}})), "/resources/1/dialect/headerRows: expected a list"),
        (
            resource(json!({"path": "b.xlsx", "dialect": {"sheetNumber": 0}})),
            "/resources/1/dialect/sheetNumber: expected the number",
        ),
        (
            resource(json!({"path": "b.xlsx", "dialect": {"sheet": 1.5}})),
            "/resources/1/dialect/sheet: expected the name of a sheet",
        ),
        (
            resource(json!({"path": "b.csv", "schema": {"fields": [{"name": "a"}], "foreignKeys": [{"fields": "a"}]}})),
            "/resources/1/schema/foreignKeys/0/reference: the foreign key has no \"reference\"",
        ),
        (field(json!({"type": "date"})), "/resources/0/schema/fields/1/name: the field has no \"name\""),
        (
            field(json!({"name": "b", "type": "varchar"})),
            "/resources/0/schema/fields/1/type: \"varchar\" is not a Table Schema type",
        ),
        (field(json!({"name": "b", "missingValues": [null]})), "/resources/0/schema/fields/1/missingValues/0: expected a text"),
        (
            json!({"resources": [{"path": "a.csv", "schema": {"fields": [{"name": "a"}], "primaryKey": ["b"]}}]}),
            "/resources/0/schema/primaryKey: the schema has no field \"b\"",
        ),
    ] {
        let (datasets, problems) = read(&package);
        assert!(problems.len() == 1 && problems[0].starts_with(want), "{want}\n{problems:?}");
        assert_eq!(datasets[0].distributions[0].paths, ["/srv/open/d/a.csv"], "{want}");
    }
    for (bytes, want) in [
        ("{\"name\":", ": the descriptor is not JSON: EOF"),
        ("[]", ": the descriptor is no JSON object"),
        ("\u{feff}{}", "/resources: the package has no \"resources\""),
    ] {
        let (datasets, problems) = parse(bytes.as_bytes(), FILE);
        let shown: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect();
        assert!(datasets.is_empty() && shown.len() == 1 && shown[0].starts_with(want), "{shown:?}");
    }
}

#[test]
fn a_package_without_a_name_goes_by_its_file() {
    for (file, name) in [
        ("/srv/air quality/datapackage.json", "air quality"),
        ("/srv/city/air.datapackage.json", "air"),
        ("/srv/city/air.json", "air"),
        ("https://x.org/gdp/datapackage.json", "gdp"),
    ] {
        let (datasets, _) = parse(br#"{"resources": [{"path": "a.csv"}]}"#, file);
        assert_eq!((datasets[0].name.as_str(), datasets[0].identifier.as_str()), (name, file));
    }
}

/// Every descriptor of the real data: read, counted, printed and read again.
#[test]
fn real_descriptors_are_read() {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").canonicalize().expect("the shared data stands beside");
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .into_iter()
        .filter_map(|entry| entry.ok().map(walkdir::DirEntry::into_path))
        .filter(|path| path.ends_with("datapackage.json"))
        .collect();
    files.sort();
    let mut found = Vec::new();
    let (mut distributions, mut tables) = (0, 0);
    for file in &files {
        let bytes = fs::read(file).expect("a listed file is there");
        let (datasets, problems) = parse(&bytes, &file.to_string_lossy());
        assert_eq!(datasets.len(), 1, "{}", file.display());
        distributions += datasets[0].distributions.len();
        tables += datasets[0].distributions.iter().filter(|d| d.is_table()).count();
        found.extend(problems.iter().map(|problem| format!("{} {}", problem.pointer, problem.message)));
        for path in datasets[0].distributions.iter().flat_map(|d| &d.paths).filter(|path| !path.contains("://")) {
            assert!(path.starts_with('/'), "{path}");
        }
        // What is not served is told again.
        assert_eq!(again(&datasets[0]).0, datasets, "{}", file.display());
    }
    // The three pictures and four TopoJSON files of vega's package are no tables.
    assert_eq!((files.len(), distributions, tables), (237, 327, 320));
    assert_eq!(found.iter().filter(|problem| problem.contains("is not served")).count(), 7);
    assert_eq!(found.len(), 7, "{found:#?}");
}

/// What is read of a printed dataset, from elsewhere.
fn again(dataset: &Dataset) -> (Vec<Dataset>, Vec<Problem>) {
    parse(to_datapackage(dataset).to_string().as_bytes(), "/else/where.json")
}

fn words() -> impl Strategy<Value = String> {
    "[a-zA-Z気é][ -~気é]{0,8}"
}

fn extra() -> impl Strategy<Value = Extra> {
    btree_map("x-[a-z~/]{1,4}", words().prop_map(Value::from), 0..2)
}

prop_compose! {
    fn missing_value()(value in ".{0,3}", label in maybe(words())) -> MissingValue {
        MissingValue { value, label }
    }
}

prop_compose! {
    fn a_column()(
        name in words(), title in maybe(words()), unit in maybe(words()), number in any::<bool>(), bare_number in any::<bool>(),
        format in maybe("%[a-z]"), missing_values in maybe(vec(missing_value(), 0..3)), decimal_char in maybe("[,.]"),
        true_values in vec(words(), 0..2), constraints in extra(), extra in extra(),
    ) -> Column {
        let kind = if number { ColumnKind::Number } else { ColumnKind::GeoPoint };
        let column = Column { name, title, unit, kind, format, missing_values, bare_number, ..Column::default() };
        Column { decimal_char, true_values, constraints, extra, ..column }
    }
}

fn a_sheet() -> impl Strategy<Value = SheetChoice> {
    prop_oneof![words().prop_map(SheetChoice::Name), (1usize..9).prop_map(SheetChoice::Number)]
}

prop_compose! {
    fn a_dialect()(
        delimiter in maybe(any::<char>()), quote in maybe(any::<char>()), header in maybe(any::<bool>()),
        header_rows in vec(1usize..9, 0..3), header_join in maybe(".{0,2}"), comment_char in maybe("[#%]{1,2}"),
        line_terminator in maybe("\r?\n"), null_sequence in maybe(".{0,2}"), property in maybe(words()),
        item_keys in vec(words(), 0..2), flatten in any::<bool>(), sheet in maybe(a_sheet()),
    ) -> Dialect {
        let dialect = Dialect { delimiter, quote, header, header_rows, header_join, comment_char, ..Dialect::default() };
        let dialect = Dialect { item_type: flatten.then_some(ItemType::Array), item_keys, flatten, sheet, ..dialect };
        Dialect { line_terminator, null_sequence, property, ..dialect }
    }
}

prop_compose! {
    fn a_distribution()(
        name in words(), title in maybe(words()), paths in vec("(/[a-z]/[a-z 気*]{1,3}|s3://b)/[a-z (),%]{1,6}\\.x", 1..3),
        dialect in a_dialect(), columns in vec(a_column(), 0..3), missing_values in maybe(vec(missing_value(), 0..3)),
        compression in maybe(Just(Compression::Zstd)), parquet in any::<bool>(), bytes in maybe(0u64..1000), extra in extra(),
        package in maybe(words()),
    ) -> Distribution {
        let primary_key: Vec<String> = columns.iter().take(1).map(|column| column.name.clone()).collect();
        let keys = primary_key.iter().map(|key| ForeignKey {
            fields: vec![key.clone()], package: package.clone(), resource: name.clone(), reference_fields: vec![key.clone()],
        });
        let foreign_keys = keys.collect();
        let schema = Schema { columns, fields_match: FieldsMatch::Partial, missing_values, primary_key, foreign_keys };
        let format = parquet.then_some(Format::Parquet);
        let distribution = Distribution { name, title, paths, format, compression, dialect, schema, ..Distribution::default() };
        Distribution { bytes, extra, ..distribution }
    }
}

prop_compose! {
    fn a_dataset()(
        identifier in words(), name in words(), title in maybe(words()), themes in vec(words(), 0..3),
        publisher in maybe((words(), maybe(words()))), license in maybe(words()), modified in maybe(words()),
        restricted in any::<bool>(), keywords in vec(words(), 0..3), mut distributions in vec(a_distribution(), 0..3), extra in extra(),
    ) -> Dataset {
        for (i, distribution) in distributions.iter_mut().enumerate() {
            distribution.name.push_str(&i.to_string());
        }
        let publisher = publisher.map(|(name, email)| Agent { name, email, homepage: None });
        let licenses = license.into_iter().map(|path| License { path: Some(path), ..License::default() }).collect();
        let access_rights = if restricted { AccessRights::NonPublic } else { AccessRights::Public };
        let dataset = Dataset { identifier, name, title, themes, keywords, publisher, licenses, modified, ..Dataset::default() };
        Dataset { access_rights, distributions, extra, ..dataset }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_printed_dataset_reads_the_same(dataset in a_dataset()) {
        prop_assert_eq!(again(&dataset), (vec![dataset], Vec::new()));
    }
}
