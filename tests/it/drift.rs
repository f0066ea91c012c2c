//! What text loses and gains on its way to a table, asked through a client: drift between files, hidden columns, reasons of NULLs.

use std::path::Path;

use crate::harness::{Server, Setup, check, rows};

/// Three years of one dataset: renamed by case and punctuation, by an alias, widened, reordered, dates written otherwise; one missing code
/// with a label.
const FILES: [(&str, &str); 3] = [
    ("2019.csv", "Site ID,Last Update,no2,Höhe\n7,31/01/2019,18,5\n8,28/02/2019,-99,-1\n"),
    ("2020.csv", "site_id,last_update,NO2 level,note\n7,2020-01-31,18.5,\n8,2020-02-29,n/a,x\n"),
    ("2021.csv", "site_id,note,last_update,NO2 level\n7,,2021-01-31,\n"),
];

const DESCRIPTOR: &str = r#"{"name": "air", "theme": "test", "resources": [
    {"name": "air", "path": ["2019.csv", "2020.csv", "2021.csv"], "schema": {"fieldsMatch": "partial", "fields": [
        {"name": "NO2 level", "type": "number", "unit": "µg/m³", "stoa:aliases": ["no2"],
         "missingValues": ["", {"value": "-99", "label": "instrument down"}], "constraints": {"maximum": 18}}]}},
    {"name": "sites", "path": "sites.csv"}]}"#;

fn catalog(folder: &Path) {
    for (name, text) in FILES {
        std::fs::write(folder.join(name), text).expect("writes");
    }
    std::fs::write(folder.join("sites.csv"), "site_id,name\n7,Quay\n8,Mill\n").expect("writes");
    std::fs::write(folder.join("datapackage.json"), DESCRIPTOR).expect("writes");
}

#[tokio::test]
async fn files_that_differ_are_one_table_and_say_how() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    catalog(folder.path());
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    check(
        &client,
        "SELECT * FROM test.air_air",
        "7|2019-01-31|18|5|\n8|2019-02-28||-1|\n7|2020-01-31|18.5||\n8|2020-02-29|||x\n7|2021-01-31|||",
    )
    .await;
    check(
        &client,
        "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_name = 'air_air' ORDER BY ordinal_position",
        "Site ID bigint\nLast Update date\nNO2 level double precision\nHöhe bigint\nnote text",
    )
    .await;
    check(
        &client,
        "SELECT right(file, 8), column_name, kind, detail FROM catalog.drift WHERE table_name = 'air_air'",
        "2020.csv|Site ID|renamed|\"site_id\", before \"Site ID\"\n\
         2020.csv|Last Update|renamed|\"last_update\", before \"Last Update\"\n\
         2020.csv|Last Update|format|YYYY-MM-DD, before DD/MM/YYYY\n\
         2020.csv|NO2 level|renamed|\"NO2 level\", before \"no2\"\n\
         2020.csv|NO2 level|type|number, before integer\n\
         2020.csv|Höhe|dropped|last in 2019.csv\n\
         2020.csv|note|added|not in 2019.csv\n\
         2021.csv|note|reordered|in place 2, in 2020.csv in place 4",
    )
    .await;
}

#[tokio::test]
async fn hidden_columns_are_there_for_those_who_name_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    catalog(folder.path());
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    for (sql, want) in [
        ("SELECT _source_file, _source_row, note FROM test.air_air WHERE note = 'x'", "2020.csv|3|x"),
        ("SELECT *, _source_row FROM test.air_sites ORDER BY _source_row DESC", "8|Mill|3\n7|Quay|2"),
        ("SELECT * FROM test.air_sites WHERE _source_row = 3", "8|Mill"),
        ("SELECT s.*, _source_file FROM test.air_sites s LIMIT 1", "7|Quay|air_sites.csv"),
        ("SELECT * FROM (SELECT *, _source_row FROM test.air_sites) x WHERE _source_row = 2", "7|Quay|2"),
        (
            "SELECT a.*, s._source_row FROM test.air_sites s JOIN test.air_sites a ON a.site_id = s.site_id WHERE s._source_row = 3",
            "8|Mill|3",
        ),
        (
            "SELECT * FROM test.air_sites s JOIN test.air_sites a ON a.site_id = s.site_id WHERE s._source_row = 3",
            "8|Mill|8|Mill",
        ),
        ("WITH w AS (SELECT _source_row AS line, * FROM test.air_sites) SELECT * FROM w WHERE line = 2", "2|7|Quay"),
        ("SELECT count(*), max(_source_row) FROM test.air_air", "5|3"),
    ] {
        check(&client, sql, &want.replace("air_sites.csv", "sites.csv")).await;
    }
}

#[tokio::test]
async fn a_null_tells_its_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    catalog(folder.path());
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    for (sql, want) in [
        (
            "SELECT \"Last Update\", \"NO2 level\", missing_reason(\"NO2 level\") FROM test.air_air",
            "2019-01-31|18|\n2019-02-28||instrument down\n2020-01-31|18.5|\n2020-02-29||rejected: \"n/a\" is not a number\n2021-01-31||empty",
        ),
        (
            "SELECT missing_reason(a.\"Höhe\"), count(*) FROM test.air_air a WHERE a.\"Höhe\" IS NULL GROUP BY missing_reason(a.\"Höhe\")",
            "not in the file|3",
        ),
        (
            "SELECT *, missing_reason(note) AS why FROM test.air_air WHERE missing_reason(note) = 'empty' ORDER BY 2",
            "7|2020-01-31|18.5|||empty\n7|2021-01-31||||empty",
        ),
        ("SELECT missing_reason(name) FROM test.air_sites", "\n"),
        ("SELECT count(*) FROM catalog.rejects WHERE table_name = 'air_air'", "1"),
    ] {
        check(&client, sql, want).await;
    }
    for (sql, code) in [
        ("SELECT missing_reason(\"NO2 level\" + 1) FROM test.air_air", "42804"),
        ("SELECT missing_reason(x) FROM (SELECT note AS x FROM test.air_air) y", "42804"),
        ("SELECT missing_reason(nothing) FROM test.air_air", "42703"),
        ("SELECT missing_reason() FROM test.air_air", "42883"),
    ] {
        let e = rows(&client, sql).await.expect_err(sql);
        assert_eq!(e.as_db_error().map(|e| e.code().code()), Some(code), "{sql}: {e:?}");
    }
}

#[tokio::test]
async fn daily_reports_of_a_year_are_one_table() {
    let server = Server::shared();
    let client = server.client("open").await;
    check(
        &client,
        "SELECT count(*), count(\"Last Update\"), min(\"Last Update\"), count(\"Lat\"), count(DISTINCT _source_file) FROM health.jhu_daily",
        "54843|54843|2020-01-22 17:00:00|51305|74",
    )
    .await;
    check(
        &client,
        "SELECT kind, count(*) FROM catalog.drift WHERE table_name = 'jhu_daily' GROUP BY kind ORDER BY kind",
        "added|8\nformat|5\nrenamed|5\nreordered|2",
    )
    .await;
}

/// A declared name that is blank is of the column at its place whose header is.
#[tokio::test]
async fn a_blank_name_is_declared_of_a_blank_header() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let table = |name: &str, text: &str, fields: &str| {
        std::fs::write(folder.path().join(format!("{name}.csv")), text).expect("writes");
        format!(r#"{{"name": "{name}", "path": "{name}.csv", "schema": {{"fields": [{fields}]}}}}"#)
    };
    let [id, blank] = [r#"{"name": "id"}"#, r#"{"type": "integer", "title": "The rest", "name": "#];
    let tables = [
        table("empty", "id,\n1,007\n2,\n", &format!("{id}, {blank} \"\"}}")),
        // As it is published: the header ends otherwise than the rows.
        table("ended", "id,\r\n1,007\n2,\n", &format!("{id}, {blank} \"\\r\"}}")),
        table("bare", "id,\n1,\n2,\n", &format!("{id}, {blank} \"\\r\"}}")),
        table("two", ",id, \n7,1,x\n,2,y\n", &format!("{blank} \" \"}}, {id}, {{\"name\": \"\"}}")),
        table("named", "id,x\n1,2\n", &format!("{id}, {blank} \"\"}}")),
    ];
    let package = format!(r#"{{"name": "t", "theme": "test", "resources": [{}]}}"#, tables.join(", "));
    std::fs::write(folder.path().join("datapackage.json"), package).expect("writes");
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    let titled =
        "SELECT string_agg(name || coalesce(' ' || title, ''), ', ' ORDER BY position) FROM catalog.columns WHERE table_name = ";
    for (sql, want) in [
        ("SELECT id, column_2 + 1 FROM test.t_empty", "1|8\n2|"),
        ("SELECT id, column_2 + 1 FROM test.t_ended", "1|8\n2|"),
        ("SELECT id, column_2 + 1 FROM test.t_bare", "1|\n2|"),
        ("SELECT id, column_1 + 1, column_3 FROM test.t_two", "1|8|x\n2||y"),
        (&format!("{titled} 't_empty'"), "id, column_2 The rest"),
        (&format!("{titled} 't_two'"), "column_1 The rest, id, column_3"),
    ] {
        check(&client, sql, want).await;
    }
    let e = rows(&client, "SELECT * FROM test.t_named").await.expect_err("its second header is not blank");
    assert!(e.as_db_error().is_some_and(|e| e.message().contains("the declared column column_2 is not in")), "{e:?}");
}

/// Every type of Table Schema that has a type of its own in SQL, and how its values come out.
#[tokio::test]
async fn declared_types_are_types_of_sql() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "stay;age;tags;place;month;detail;share\nP1DT2H;P1Y2M;1,2;90.5, 45.5;2020-02;{};95%\nx;P1M;x;;2020-2;[];7%\n";
    std::fs::write(folder.path().join("t.csv"), text).expect("writes");
    let descriptor = r#"{"name": "t", "theme": "test", "resources": [{"name": "t", "path": "t.csv", "dialect": {"delimiter": ";"},
        "schema": {"fieldsMatch": "subset", "fields": [{"name": "stay", "type": "duration"}, {"name": "age", "type": "duration"},
        {"name": "tags", "type": "list", "itemType": "integer"}, {"name": "place", "type": "geopoint"},
        {"name": "month", "type": "yearmonth"}, {"name": "detail", "type": "object"}]}}]}"#;
    std::fs::write(folder.path().join("datapackage.json"), descriptor).expect("writes");
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    for (sql, want) in [
        ("SELECT * FROM test.t", "1 day 02:00:00|1 year 2 mons|{1,2}|{90.5,45.5}|2020-02|{}|95\n|1 mon|||||7"),
        (
            "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM information_schema.columns \
             WHERE table_schema = 'test'",
            "stay interval, age interval, tags ARRAY, place ARRAY, month text, detail json, share bigint",
        ),
        (
            "SELECT string_agg(line || ' ' || column_name || ' ' || raw, ', ') FROM catalog.rejects",
            "3 stay x, 3 tags x, 3 month 2020-2, 3 detail []",
        ),
        ("SELECT tags[1] + 1, place[2], stay > interval '25 hours' FROM test.t LIMIT 1", "2|45.5|t"),
    ] {
        check(&client, sql, want).await;
    }
}
