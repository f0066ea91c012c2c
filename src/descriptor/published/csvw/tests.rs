//! Metadata of the shared data's tables, and what is odd in it.

use crate::descriptor::published::{Gathered, Page, Standard, read, shared};
use crate::descriptor::{ColumnKind, Dataset, FieldsMatch, Format};

use super::datatype::strptime;

fn read_text(text: &str) -> Gathered {
    let mut sink = Gathered::default();
    read(Standard::Csvw, &mut text.as_bytes(), "https://data.example.org/tables/metadata.json", &mut sink)
        .expect("nothing fails");
    sink
}

fn only(text: &str) -> Dataset {
    let sink = read_text(text);
    assert_eq!(sink.problems, [], "{text}");
    sink.datasets.into_iter().next().expect("a dataset")
}

#[test]
fn every_published_file_gives_its_tables() {
    // Datasets, distributions, columns, problems. Four files hold the schemas that others name; the README counts 31 files' rows together.
    for (file, datasets, distributions, columns, problems) in [
        ("csvw/cambornedata.csv-metadata.json", 1, 2, 13, 0),
        ("csvw/events-listing.csv-metadata.json", 1, 1, 5, 0),
        ("csvw/tree-ops-ext.csv-metadata.json", 1, 1, 9, 0),
        ("csvw/tree-ops.csv-metadata.json", 1, 1, 5, 0),
        ("csvw/tree-ops-virtual.json", 1, 1, 5, 0),
        ("csvw/countries.json", 1, 2, 7, 0),
        ("csvw/junior-roles.json", 0, 0, 0, 1),
        ("csvw/senior-roles.json", 0, 0, 0, 1),
        ("csvw/gov.uk/schema/junior-roles.json", 0, 0, 0, 1),
        ("csvw/gov.uk/schema/organizations.json", 0, 0, 0, 1),
        ("csvw/gov.uk/schema/professions.json", 0, 0, 0, 1),
        ("csvw/gov.uk/schema/senior-roles.json", 0, 0, 0, 1),
    ] {
        let (sink, page) = shared(Standard::Csvw, file);
        let all = || sink.datasets.iter().flat_map(|dataset| &dataset.distributions);
        let of_columns: usize = all().map(|distribution| distribution.schema.columns.len()).sum();
        let got = (sink.datasets.len(), all().count(), of_columns, sink.problems.len());
        assert_eq!(got, (datasets, distributions, columns, problems), "{file}: {:?}", sink.problems);
        assert_eq!(page, Page::default());
    }
}

#[test]
fn a_table_has_its_columns_as_they_stand_in_the_file() {
    let (sink, _) = shared(Standard::Csvw, "csvw/tree-ops-ext.csv-metadata.json");
    let dataset = &sink.datasets[0];
    assert_eq!((dataset.identifier.as_str(), dataset.name.as_str()), ("http://example.org/tree-ops-ext", "tree-ops-ext"));
    assert_eq!(dataset.title.as_deref(), Some("Tree Operations"));
    assert_eq!(dataset.keywords, ["tree", "street", "maintenance"]);
    assert_eq!(
        dataset.publisher.as_ref().map(|p| (p.name.as_str(), p.homepage.as_deref())),
        Some(("Example Municipality", Some("http://example.org")))
    );
    assert_eq!(dataset.licenses[0].path.as_deref(), Some("http://opendefinition.org/licenses/cc-by/"));
    assert_eq!(dataset.modified.as_deref(), Some("2010-12-31"));
    assert!(dataset.extra.contains_key("notes"));
    let table = &dataset.distributions[0];
    assert!(table.paths[0].ends_with("/csvw/tree-ops-ext.csv") && table.is_table());
    assert_eq!((table.format, table.schema.fields_match), (Some(Format::Csv), FieldsMatch::Partial));
    let header = std::fs::read_to_string(&table.paths[0]).expect("the table stands beside its metadata");
    let header: Vec<&str> = header.lines().next().expect("it has a header").split(',').collect();
    let names: Vec<&str> = table.schema.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, header);
    assert_eq!(table.schema.primary_key, ["GID"]);
    let column = |name: &str| table.schema.columns.iter().find(|column| column.name == name).expect("it is there");
    let date = column("Inventory Date");
    assert_eq!((date.kind, date.format.as_deref()), (ColumnKind::Date, Some("%m/%d/%Y")));
    assert_eq!(date.description.as_deref(), Some("The date of the operation that was performed."));
    assert_eq!(date.extra.get("published:name").and_then(|name| name.as_str()), Some("inventory_date"));
    assert_eq!(column("Comments").kind, ColumnKind::List);
    assert_eq!(column("Comments").extra.get("delimiter").and_then(|mark| mark.as_str()), Some(";"));
    let protected = column("Protected");
    assert_eq!((&protected.true_values[..], &protected.false_values[..]), (&["YES".to_owned()][..], &["NO".to_owned()][..]));
    assert_eq!(column("GID").constraints.get("required"), Some(&true.into()));
}

#[test]
fn a_group_links_its_tables() {
    let (sink, _) = shared(Standard::Csvw, "csvw/countries.json");
    let [countries, slice] = sink.datasets[0].distributions.as_slice() else { panic!("two tables") };
    assert_eq!(sink.datasets[0].name, "countries");
    assert_eq!(
        (countries.name.as_str(), &countries.paths[..]),
        ("countries", &["http://example.org/countries.csv".to_owned()][..])
    );
    assert_eq!(countries.schema.primary_key, ["countryCode"]);
    let key = &slice.schema.foreign_keys[0];
    assert_eq!(
        (key.resource.as_str(), &key.fields[..], &key.reference_fields[..]),
        ("countries", &["countryRef".to_owned()][..], &["countryCode".to_owned()][..])
    );
    assert_eq!(slice.schema.columns[1].kind, ColumnKind::Year);
}

#[test]
fn other_forms_of_a_table_are_distributions() {
    let (sink, _) = shared(Standard::Csvw, "csvw/cambornedata.csv-metadata.json");
    let [table, text] = sink.datasets[0].distributions.as_slice() else { panic!("a table and a text") };
    assert_eq!(table.title.as_deref(), Some("Camborne data (CSV format)"));
    assert!(text.paths[0].ends_with("cambornedata.txt"));
    assert_eq!(
        text.licenses[0].path.as_deref(),
        Some("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/2/")
    );
}

#[test]
fn dialects_and_what_is_inherited() {
    let dataset = only(
        r#"{"@context": ["http://www.w3.org/ns/csvw", {"@language": "de", "@base": "../files/"}], "null": "-",
            "dialect": {"delimiter": ";", "encoding": "iso-8859-1", "skipRows": 2, "headerRowCount": 2, "quoteChar": "'", "trim": "start",
                        "commentPrefix": "%", "doubleQuote": false, "skipBlankRows": true},
            "tables": [{"url": "a.dat", "dc:title": {"de": "Eins", "en": "One"},
                        "tableSchema": {"datatype": "decimal", "columns": [
                            {"name": "x", "titles": {"en": ["X value"], "de": ["X-Wert", "x"]},
                             "datatype": {"base": "decimal", "format": {"decimalChar": ",", "groupChar": ".", "pattern": "0%"}, "minimum": 0}},
                            {"titles": "y"}, {"null": ["n/a", ""], "datatype": {"base": "string", "format": "[a-z]+", "length": 3}}]}},
                       {"url": "https://other.example.org/b.tsv", "dialect": {"header": false, "skipRows": 1},
                        "tableSchema": {"columns": [{"name": "a", "titles": "A"}, {"name": "b"}]}}]}"#,
    );
    let [a, b] = dataset.distributions.as_slice() else { panic!("two tables") };
    assert_eq!((dataset.name.as_str(), dataset.identifier.as_str()), ("tables", "https://data.example.org/tables/metadata.json"));
    assert_eq!(a.paths, ["https://data.example.org/files/a.dat"]);
    assert_eq!((a.title.as_deref(), a.encoding.as_deref()), (Some("Eins"), Some("iso-8859-1")));
    let dialect = &a.dialect;
    assert_eq!((dialect.delimiter, dialect.quote, dialect.escape), (Some(';'), Some('\''), Some('\\')));
    assert_eq!(
        (&dialect.header_rows[..], &dialect.comment_rows[..], dialect.comment_char.as_deref()),
        (&[3][..], &[4][..], Some("%"))
    );
    assert_eq!(dialect.skip_initial_space, Some(true));
    assert_eq!(a.extra.get("dialect"), Some(&serde_json::json!({"skipBlankRows": true, "trim": "start"})));
    let [x, y, third] = a.schema.columns.as_slice() else { panic!("three columns") };
    assert_eq!(
        (x.name.as_str(), x.kind, x.decimal_char.as_deref(), x.group_char.as_deref()),
        ("X-Wert", ColumnKind::Number, Some(","), Some("."))
    );
    assert!(x.bare_number && x.constraints.get("minimum") == Some(&0.into()));
    assert_eq!((y.name.as_str(), y.kind), ("y", ColumnKind::Number));
    assert_eq!(y.missing_values.as_ref().map(|values| values[0].value.as_str()), Some("-"));
    assert_eq!((third.name.as_str(), third.missing_values.as_ref().map(Vec::len)), ("column_3", Some(2)));
    assert_eq!(third.constraints.get("pattern"), Some(&"[a-z]+".into()));
    assert_eq!((b.dialect.delimiter, b.dialect.header, &b.dialect.comment_rows[..]), (Some('\t'), Some(false), &[1][..]));
    assert_eq!((b.schema.fields_match, b.schema.columns[0].name.as_str()), (FieldsMatch::Exact, "a"));
    assert_eq!(b.schema.columns[0].title.as_deref(), Some("A"));
}

#[test]
fn date_formats_are_those_of_strptime() {
    for (format, want) in [
        ("yyyy-MM-dd", Some("%Y-%m-%d")),
        ("d.M.yyyy", Some("%d.%m.%Y")),
        ("yyyyMMdd", Some("%Y%m%d")),
        ("HHmm", Some("%H%M")),
        ("yyyy-MM-ddTHH:mm:ss.SSSXXX", Some("%Y-%m-%dT%H:%M:%S%.f%#z")),
        ("M/d/yyyy HH:mm", Some("%m/%d/%Y %H:%M")),
        ("dd MMM yy", Some("%d %b %y")),
        ("yyyy'年'", Some("%Y'年'")),
        ("QQQ", None),
        ("", None),
    ] {
        assert_eq!(strptime(format).as_deref(), want, "{format}");
    }
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_read() {
    for (text, datasets, pointers) in [
        ("", 0, &[""][..]),
        ("[]", 0, &[""]),
        (r#"{"@context": "http://www.w3.org/ns/csvw"}"#, 0, &["/url"]),
        (r#"{"tables": [{"dc:title": "x"}, 5, {"url": "a.csv"}]}"#, 1, &["/tables/1", "/tables/0/url"]),
        (r#"{"url": "a.csv", "tableSchema": "a-schema.json"}"#, 1, &["/tableSchema"]),
        (r#"{"url": "a.csv", "tableSchema": {"columns": [{"name": "a"}], "primaryKey": "b"}}"#, 1, &["/tableSchema/primaryKey"]),
        (r#"{"url": "a.csv", "dialect": {"skipRows": 99999999999}}"#, 1, &["/dialect/skipRows"]),
        (r#"{"url": "a.csv", "tableSchema": {"foreignKeys": [{"columnReference": "z", "reference": 1}]}}"#, 1, &[]),
    ] {
        let sink = read_text(text);
        let found: Vec<&str> = sink.problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!((sink.datasets.len(), &found[..]), (datasets, pointers), "{text}");
    }
}
