//! The real datasets that ship, read at their published URLs: from the copies in `../shared/data` through mirrors, and without a
//! network, where each says so.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stoa::catalog::TableEntry;
use stoa::name::quoted;

use crate::harness::{Server, Setup, closed_port, root, rows, shared_data};
use crate::{mirror, server};

/// Cells that do not fit what is declared, by table: how many, and why.
const REJECTS: [(&str, u64, &str); 1] = [("health.china_cases", 1, "one day is cut to its year, 2020年")];

/// Datasets that are read live from their portals, so that no copy stands for them.
const LIVE: [&str; 5] = ["airports_now", "earthquakes_week", "co2_mauna_loa", "nyc_yellow_taxi", "nyc_collisions"];

fn start(mirrors: Vec<(String, String)>) -> Server {
    Server::start(Setup { catalogs: vec![("real", root().join("datasets/real"))], mirrors, ..Setup::default() })
}

/// The table's name as SQL has it.
fn name(table: &TableEntry) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

#[tokio::test]
async fn every_copied_dataset_loads_whole_from_its_published_url() {
    let manifest = mirror::manifest();
    let counted = mirror::counted(&manifest);
    let pairs = mirror::pairs(&manifest, &format!("file://{}", shared_data().display()));
    let server = start(pairs);
    let client = server.client("real").await;
    let here = mirror::pairs(&manifest, "");
    let mut wrong = Vec::new();
    let (mut loaded, mut compared) = (0, 0);
    for table in server.engine.catalogs().tables("real", None).expect("they can be listed") {
        if LIVE.contains(&table.dataset.name.as_str()) {
            continue;
        }
        loaded += 1;
        let got = match rows(&client, &format!("select count(*) from {}", name(&table))).await {
            Ok(rows) => rows[0][0].clone(),
            Err(e) => {
                wrong.push(format!("{}: {e:?}", name(&table)));
                continue;
            }
        };
        let rows_of = |url: &String| counted.get(&mirror::decoded(mirror::place(&here, url)?.trim_start_matches('/'))).copied();
        let Some(want) = table.distribution().paths.iter().map(rows_of).sum::<Option<u64>>() else { continue };
        compared += 1;
        if got != want.to_string() {
            wrong.push(format!("{} has {got} rows, not {want}", name(&table)));
        }
    }
    let expected: BTreeMap<String, String> = REJECTS.iter().map(|(t, n, _)| ((*t).to_owned(), n.to_string())).collect();
    let sql = "select schema_name || '.' || table_name, rejects from catalog.snapshots where rejects > 0";
    let rejects = rows(&client, sql).await.expect("they can be listed");
    let rejects: BTreeMap<String, String> = rejects.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    if rejects != expected {
        let sql = "select schema_name, table_name, file, line, column_name, raw, expected, reason from catalog.rejects limit 40";
        for row in rows(&client, sql).await.expect("they can be listed") {
            wrong.push(format!("reject: {}", row.join("|")));
        }
        wrong.push(format!("rejects {rejects:?}"));
    }
    assert!(wrong.is_empty(), "of {loaded} tables, {compared} compared:\n{}", wrong.join("\n"));
    assert!(loaded >= 60 && compared >= 40, "{loaded} tables, {compared} compared");
}

#[tokio::test]
async fn some_load_over_http_too() {
    let files = server::Server::start(shared_data()).await;
    let server = start(mirror::pairs(&mirror::manifest(), files.url("").trim_end_matches('/')));
    let client = server.client("real").await;
    for (table, want) in [("transport.yaizu_accidents", "3084"), ("reference.us_states", "52")] {
        let count = rows(&client, &format!("select count(*) from {table}")).await.unwrap_or_else(|e| panic!("{table}: {e:?}"));
        assert_eq!(count, [[want]], "{table}");
    }
}

#[tokio::test]
async fn without_a_network_each_says_so_quickly_and_the_server_stays() {
    // A port that nobody listens on stands for the network that is not there.
    let (_taken, closed) = closed_port();
    let server = start(vec![("https://".to_owned(), format!("http://{closed}/"))]);
    let client = server.client("real").await;
    for table in server.engine.catalogs().tables("real", None).expect("they can be listed") {
        let started = Instant::now();
        let error = rows(&client, &format!("select count(*) from {}", name(&table))).await.expect_err("there is no network");
        let error = error.as_db_error().unwrap_or_else(|| panic!("{}: the connection broke", name(&table))).clone();
        let said = format!("{} {}", error.message(), error.hint().unwrap_or_default());
        let published = &table.distribution().paths;
        assert!(published.iter().any(|url| said.contains(url.as_str())), "{}: {said}", name(&table));
        assert!(said.contains("--mirror"), "{}: no remedy in {said}", name(&table));
        assert_eq!(error.code().code(), "58030", "{}: {said}", name(&table));
        assert!(started.elapsed() < Duration::from_secs(10), "{}: {:?}", name(&table), started.elapsed());
    }
    assert_eq!(rows(&client, "select 1").await.expect("the server is up"), [["1"]]);
}
