//! Sources that are not there, can't be reached, or are not what their descriptor says.

use expect_test::{Expect, expect};

use super::{City, asked, assert_unharmed};
use crate::harness::{Server, closed_port};
use crate::server::{self, Quirk};

/// Asks each table for its count and shows what comes, beside the good table, which stays.
fn check(city: &City, server: &Server, url: Option<&str>, tables: &[&str], expected: &Expect) {
    let mut shown = String::new();
    for table in tables {
        shown += &format!("{table}: {}", asked(server, &format!("select count(*) from t.{table}")));
        assert_unharmed(server);
    }
    expected.assert_eq(&city.normal(&shown, url));
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let city = City::new();
    city.describe("missing", "nowhere.csv", "");
    city.file("empty.csv", "");
    city.describe("empty", "empty.csv", "");
    city.file("header.csv", "a,b\n");
    city.describe("header", "header.csv", "");
    city.file("ab.csv", "a,b\n1,2\n");
    city.describe(
        "absent",
        "ab.csv",
        r#", "schema": {"fields": [{"name": "a", "type": "integer"}, {"name": "speed", "type": "number"}]}"#,
    );
    city.describe("encoding", "ab.csv", r#", "encoding": "utf-99""#);
    let server = Server::start(city.setup());
    let tables = ["missing", "empty", "header", "absent", "encoding"];
    check(
        &city,
        &server,
        None,
        &tables,
        &expect![[r#"
            missing: ERROR:  58P01: no file CITY/nowhere.csv
            DETAIL:  It is the source of t.missing.
            HINT:  Correct the path in its descriptor, or ask the publisher where it went.
            empty: ERROR:  22000: CITY/empty.csv is empty
            DETAIL:  It is the source of t.empty.
            HINT:  Correct the descriptor, or tell the publisher.
            header: 0
            absent: ERROR:  F0000: the declared column speed is not in CITY/ab.csv
            DETAIL:  The file has the columns a, b.
            HINT:  Correct the descriptor's schema, or set its fieldsMatch to "partial".
            encoding: ERROR:  F0000: CITY/ab.csv: "utf-99" is not a known encoding
            HINT:  Use a label such as utf-8, gb18030, big5, shift_jis, euc-kr, windows-1252 or iso-8859-7.
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remote_files_that_can_not_be_had() {
    let files = server::Server::start(tempfile::tempdir().expect("a temporary folder").path()).await;
    files.put("broken.csv", "a,b\n1,2\n");
    files.quirk("broken.csv", Quirk::Fail { times: usize::MAX, status: 500, retry_after: None });
    let (_taken, closed) = closed_port();
    let city = City::new();
    city.describe("gone", &files.url("gone.csv"), "");
    city.describe("broken", &files.url("broken.csv"), "");
    city.describe("unreachable", &format!("http://{closed}/x.csv"), "");
    let server = Server::start(city.setup());
    let url = files.url("").trim_end_matches('/').to_owned();
    check(
        &city,
        &server,
        Some(&url),
        &["gone", "broken"],
        &expect![[r#"
            gone: ERROR:  58P01: HEAD http://host/gone.csv: 404 Not Found
            DETAIL:  It is the source of t.gone.
            HINT:  Correct the path in its descriptor, or ask the publisher where it went.
            broken: ERROR:  58030: HEAD http://host/broken.csv: 500 Internal Server Error (attempt 4 of 4)
            DETAIL:  It is the source of t.broken.
            HINT:  Check that this machine reaches the publisher, or read a copy with --mirror PREFIX=URL.
        "#]],
    );
    let unreachable = asked(&server, "select count(*) from t.unreachable").replace(&closed.port().to_string(), "PORT");
    expect![[r#"
        ERROR:  58030: HEAD http://127.0.0.1:PORT/x.csv: Connection refused (os error 111) (attempt 4 of 4)
        DETAIL:  It is the source of t.unreachable.
        HINT:  Check that this machine reaches the publisher, or read a copy with --mirror PREFIX=URL.
    "#]]
    .assert_eq(&unreachable);
    assert_unharmed(&server);
}

#[test]
fn cells_that_do_not_fit_are_null_and_kept_with_their_reason() {
    let city = City::new();
    city.file("speeds.csv", "road,speed,day\nA1,50,2024-01-01\nA2,fast,2024-01-02\nA3,70,2024-02-30\n");
    let fields =
        r#", "schema": {"fields": [{"name": "road"}, {"name": "speed", "type": "integer"}, {"name": "day", "type": "date"}]}"#;
    city.describe("speeds", "speeds.csv", fields);
    let server = Server::start(city.setup());
    let shown = [
        asked(&server, "select road, speed, day from t.speeds order by road"),
        asked(&server, "select line, column_name, raw, expected, reason, file from catalog.rejects order by line"),
        asked(&server, "select table_name, rows, rows_read, rejects from catalog.snapshots where rejects > 0"),
    ];
    expect![[r#"
        A1|50|2024-01-01
        A2||2024-01-02
        A3|70|
        3|speed|fast|integer|is not an integer|CITY/speeds.csv
        4|day|2024-02-30|date as YYYY-MM-DD|is not a date as YYYY-MM-DD|CITY/speeds.csv
        speeds|3|3|2
    "#]]
    .assert_eq(&city.normal(&shown.concat(), None));
}

#[test]
fn bytes_that_are_not_of_the_declared_encoding() {
    let city = City::new();
    city.file("bytes.csv", b"name,n\nabc,1\nd\xffe,2\n");
    city.describe("bytes", "bytes.csv", r#", "encoding": "utf-8""#);
    let server = Server::start(city.setup());
    let shown = [
        asked(&server, "select n, octet_length(name) from t.bytes order by n"),
        asked(&server, "select line, column_name, raw, reason from catalog.rejects"),
    ];
    expect![[r#"
        1|3
        2|
        WARNING:  01000: t.bytes: CITY/bytes.csv has one place that can't be decoded, where cells are rejected: byte 14 of the file (\xFF) is not UTF-8
        3|name|d\xFFe|byte 14 of the file (\xFF) is not UTF-8
    "#]]
    .assert_eq(&city.normal(&shown.concat(), None));
    assert_unharmed(&server);
}

#[test]
fn descriptors_with_faults_are_told_of_and_the_rest_is_served() {
    let city = City::new();
    for folder in ["one", "two", "typed"] {
        city.file(&format!("{folder}/ab.csv"), "a,b\n1,2\n");
    }
    city.file("one/datapackage.json", r#"{"name": "twin", "theme": "t", "resources": [{"name": "x", "path": "ab.csv"}]}"#);
    city.file("two/datapackage.json", r#"{"name": "twin", "theme": "t", "resources": [{"name": "x", "path": "ab.csv"}]}"#);
    city.file("broken/datapackage.json", r#"{"name": "broken", "resources": ["#);
    city.file("typed/datapackage.json", r#"{"name": "typed", "theme": "t", "title": 5, "resources": [{"name": "x", "path": "ab.csv", "dialect": {"delimiter": 7}}]}"#);
    city.file("bare/datapackage.json", r#"{"name": "bare"}"#);
    let server = Server::start(city.setup());
    let shown = [
        asked(&server, "select table_name from catalog.distributions where schema_name = 't' order by 1"),
        asked(&server, "select file, pointer, message from catalog.problems order by 1, 2"),
        asked(&server, "select count(*) from t.typed"),
    ];
    expect![[r#"
        good
        twin
        twin_2
        typed
        CITY/bare/datapackage.json|/resources|the package has no "resources"; list at least one with a "path"
        CITY/broken/datapackage.json||the descriptor is not JSON: EOF while parsing a list at line 1 column 33
        CITY/two/datapackage.json|/name|the dataset name "twin" is also that of CITY/one/datapackage.json; in a schema of both this one's tables are numbered
        CITY/typed/datapackage.json|/resources/0/dialect/delimiter|expected a text, found 7; ignored
        CITY/typed/datapackage.json|/title|expected a text, found 5; ignored
        1
    "#]].assert_eq(&city.normal(&shown.concat(), None));
    assert_unharmed(&server);
}
