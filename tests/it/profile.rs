//! `catalog.profile` through a client: measured when one table is asked for, listed when it was, and keys and references counted.

use crate::failures::City;
use crate::harness::{Server, lines};

/// Two tables of one dataset, one of which refers to the other.
fn city() -> City {
    let city = City::new();
    city.file("stops.csv", "stop,name\n1,North\n2,South\n2,Again\n");
    city.file("trips.csv", "trip,at,minutes\n10,1,5\n11,3,7\n12,2,oops\n13,,9\n");
    let package = r#"{"name": "lines", "theme": "t", "resources": [
        {"name": "stops", "path": "stops.csv", "schema": {"primaryKey": ["stop"], "fieldsMatch": "subset", "fields": [{"name": "stop", "type": "integer"}]}},
        {"name": "trips", "path": "trips.csv", "schema": {"fieldsMatch": "subset",
            "fields": [{"name": "at", "type": "integer"}, {"name": "minutes", "type": "integer"}],
            "foreignKeys": [{"fields": ["at"], "reference": {"resource": "stops", "fields": ["stop"]}}]}}
    ]}"#;
    city.file("lines.datapackage.json", package);
    city
}

#[tokio::test]
async fn tables_are_measured_when_they_are_asked_for() {
    let city = city();
    let server = Server::start(city.setup());
    let client = server.client("city").await;
    let ask = async |sql: &str| lines(&client, sql).await;
    let table = ask("SELECT table_name FROM catalog.distributions WHERE schema_name = 't' ORDER BY 1").await;
    assert_eq!(table, "good\nlines_stops\nlines_trips");
    let of = |table: &str, columns: &str| {
        format!("SELECT {columns} FROM catalog.profile WHERE schema_name = 't' AND table_name = '{table}' ORDER BY position")
    };
    assert_eq!(ask(&of("lines_trips", "column_name")).await, "", "what was never read is not read for its profile");
    ask("SELECT count(*) FROM t.lines_trips").await;
    ask("SELECT count(*) FROM t.lines_stops").await;
    assert_eq!(
        ask(&of("lines_trips", "column_name, rows, count, nulls, distinct_values, min, max, mean, p50, violations, is_unique"))
            .await,
        "trip|4|4|0|4|10|13|11.5|11|0|t\nat|4|3|1|3|1|3|2|2|0|t\nminutes|4|3|1|3|5|9|7|7|1|t"
    );
    assert_eq!(
        ask(&of("lines_trips", "column_name, references_table, unresolved")).await,
        "trip||\nat|t.lines_stops|1\nminutes||"
    );
    assert_eq!(
        ask(&of("lines_stops", "column_name, key_duplicates, is_unique, top_values")).await,
        "stop|1|f|[{\"value\":\"2\",\"count\":2},{\"value\":\"1\",\"count\":1}]\n\
         name||t|[{\"value\":\"Again\",\"count\":1},{\"value\":\"North\",\"count\":1},{\"value\":\"South\",\"count\":1}]"
    );
    assert_eq!(ask("SELECT DISTINCT table_name FROM catalog.profile ORDER BY 1").await, "lines_stops\nlines_trips");
    let snapshots = "SELECT count(*) FROM catalog.profile p JOIN catalog.snapshots s ON p.snapshot = s.snapshot";
    assert_eq!(ask(snapshots).await, "5");
}
