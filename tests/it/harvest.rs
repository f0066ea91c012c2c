//! Catalogs of other platforms: harvested by the program, served, refreshed while they are asked, and asked after they are gone.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{program, psql, shared_data};
use crate::process::{Launch, Process};
use crate::server::{Quirk, Server};

/// What `stoa catalog ...` prints, and whether it succeeds.
pub async fn stoa(state: &Path, words: &[&str]) -> (bool, String) {
    let mut command = program(env!("CARGO_BIN_EXE_stoa"));
    command.arg("catalog").args(words).args(["--pause", "0"]).arg("--state").arg(state);
    let ran = tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("it ends");
    let Output { status, stdout, stderr } = ran;
    (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

/// What psql prints of a harvested catalog.
pub async fn asked(server: &Process, database: &str, sql: &str) -> String {
    let mut psql = psql(server.port(), database);
    psql.args(["-At", "-c", sql]);
    let out = tokio::task::spawn_blocking(move || psql.output().expect("psql is installed by tests/run")).await.expect("it ends");
    // Notices tell of tables that are read for the first time.
    let said = if out.status.success() { &[] } else { out.stderr.as_slice() };
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(said))
}

/// A portal's `data.json` over real files, one of which is also published as a page.
fn portal(web: &Server, with_airports: bool) -> Value {
    let file = |url: String, format: &str| json!({"downloadURL": url, "mediaType": format});
    let airlines = json!({
        "identifier": "air-1", "title": "Airlines", "description": "Carriers and their codes", "accessLevel": "public",
        "theme": ["Transport"], "publisher": {"name": "Bureau of Flights"}, "accrualPeriodicity": "R/P1Y",
        "license": "https://creativecommons.org/publicdomain/zero/1.0/", "bureauCode": ["015:11"],
        "distribution": [
            file(web.url("transport/nycflights13/airlines.csv"), "text/csv"),
            {"accessURL": web.url("about.html"), "format": "HTML"},
        ],
    });
    let airports = json!({
        "identifier": "air-2", "title": "Airports", "description": "Where they land", "accessLevel": "public",
        "theme": ["http://publications.europa.eu/resource/authority/data-theme/TRAN"],
        "distribution": [file(web.url("transport/nycflights13/airports.csv"), "text/csv")],
    });
    let hidden = json!({"identifier": "staff-1", "title": "Staff", "description": "Who", "accessLevel": "non-public"});
    let datasets = if with_airports { vec![airlines, airports, hidden] } else { vec![airlines, hidden] };
    json!({"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": datasets})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_is_harvested_served_and_refreshed() {
    let web = Server::start(shared_data()).await;
    let (state, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let state = state.path();
    web.put("data.json", portal(&web, true).to_string());
    let url = web.url("data.json");
    let (ok, told) = stoa(state, &["add", "portal", &url]).await;
    assert!(ok && told.starts_with("portal: 3 datasets, 2 tables (3 added, 0 changed, 0 unchanged, 0 vanished)\n"), "{told}");
    let got = |method: &str| web.hits("data.json").iter().filter(|hit| hit.method == method).count();
    let before = got("GET");
    let (ok, told) = stoa(state, &["refresh"]).await;
    assert!(ok && told.starts_with("portal: 3 datasets, 2 tables (0 added, 0 changed, 3 unchanged, 0 vanished)\n"), "{told}");
    assert_eq!(got("GET"), before, "its ETag was enough");
    assert!(web.hits("transport/nycflights13/airlines.csv").is_empty(), "no table's source was touched");

    let server = Launch::new(folder.path(), state).start();
    let sql = "select l.name, count(*) from transport.airlines l, transport.airports p where l.carrier = 'AA' and p.tzone like '%New_York' group by 1";
    assert_eq!(asked(&server, "portal", sql).await, "American Airlines Inc.|519\n");
    let sql = "select identifier, theme, publisher, license_spdx, frequency, access_rights, tables, unmapped, source_media_type, vanished is null
               from catalog.datasets order by 1";
    let want = "air-1|transport|Bureau of Flights|CC0-1.0|ANNUAL|PUBLIC|1|{bureauCode}|application/json|t\n\
                air-2|transport||||PUBLIC|1|{}|application/json|t\n\
                staff-1|public||||NON_PUBLIC|0|{}|application/json|t\n";
    assert_eq!(asked(&server, "portal", sql).await, want);
    let record = asked(&server, "portal", "select source_record from catalog.datasets where identifier = 'air-1'").await;
    assert_eq!(record.trim_end(), portal(&web, true)["dataset"][0].to_string(), "to the letter");
    let sql =
        "select dataset, table_name, format, declared_format, access_url is not null from catalog.distributions order by 1, 2";
    let want = "air-1|airlines|csv|csv|f\nair-1|||HTML|t\nair-2|airports|csv|csv|f\n";
    assert_eq!(asked(&server, "portal", sql).await, want);

    let sql = "select identifier, tables from catalog.search('land airport')";
    assert_eq!(asked(&server, "portal", sql).await, "air-2|{transport.airports}\n");
    let sql = "select facet, value, datasets from catalog.facets('air') where facet in ('theme', 'format')";
    assert_eq!(asked(&server, "portal", sql).await, "theme|transport|2\nformat|csv|2\n");

    // What is not published any more stays, marked, and answers from what was read; who is connected sees the next version.
    web.put("data.json", portal(&web, false).to_string());
    web.quirk("transport/nycflights13/airports.csv", Quirk::Fail { times: 1_000, status: 404, retry_after: None });
    let (ok, told) = stoa(state, &["refresh", "portal"]).await;
    assert!(ok && told.starts_with("portal: 3 datasets, 2 tables (0 added, 0 changed, 2 unchanged, 1 vanished)\n"), "{told}");
    let sql = "select identifier from catalog.datasets where vanished is not null";
    assert_eq!(asked(&server, "portal", sql).await, "air-2\n");
    assert!(asked(&server, "portal", "select count(*) from transport.airports").await.starts_with("1458\n"));

    let found = program(env!("CARGO_BIN_EXE_stoa"))
        .args(["search", "carriers", "-d", "portal", "--format", "csv", "--state"])
        .arg(state)
        .current_dir(folder.path())
        .output()
        .expect("the program starts");
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.ends_with("\nair-1,Airlines,Bureau of Flights,CC0-1.0,,transport.airlines\n"), "{found}");

    // A catalog that is added while the server runs is a database of its.
    let (ok, told) = stoa(state, &["add", "later", &url]).await;
    assert!(ok && told.starts_with("later: 2 datasets, 1 tables"), "{told}");
    assert_eq!(
        asked(&server, "later", "select datname, count(*) from pg_database, catalog.datasets where datname = 'later' group by 1")
            .await,
        "later|2\n"
    );
    assert!(stoa(state, &["remove", "later"]).await.0);

    let (ok, told) = stoa(state, &["list"]).await;
    assert!(ok && told.starts_with("portal: 3 datasets, 0 problems, harvested 20") && told.contains(&url), "{told}");
    let (ok, told) = stoa(state, &["remove", "portal"]).await;
    assert!(ok && told == "portal: removed\n", "{told}");
    assert_eq!(stoa(state, &["list"]).await, (true, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_harvested_says_why() {
    let web = Server::start(shared_data()).await;
    let state = tempfile::tempdir().expect("a folder");
    web.put("page.html", "<!doctype html><title>Welcome</title>");
    web.put("empty.json", r#"{"dataset": []}"#);
    let page = web.url("page.html");
    for (words, want) in [
        (vec!["add", "x", "/absent/data.json"], "error: /absent/data.json can't be read"),
        (vec!["add", "x", &web.url("absent.json")], "404 Not Found"),
        (vec!["add", "x", &page], "is no catalog of a kind that is known"),
        (vec!["add", "x", &web.url("empty.json")], "holds no dataset"),
        (vec!["add", "x", &page, "--kind", "atom"], "--kind does not take \"atom\""),
        (vec!["add", "The X", &page], "\"The X\" can't name a catalog"),
        (vec!["refresh", "y"], "there is no harvested catalog \"y\""),
        (vec!["remove", "y"], "there is no harvested catalog \"y\""),
    ] {
        let (ok, told) = stoa(state.path(), &words).await;
        assert!(!ok && told.contains(want) && told.contains("hint: "), "{words:?}: {told}");
    }
    assert_eq!(stoa(state.path(), &["list"]).await, (true, String::new()), "what failed at first is not kept");
}

/// Every catalogue of the shared data, as its README counts them.
#[tokio::test(flavor = "multi_thread")]
async fn real_catalogues_are_harvested() {
    let state = tempfile::tempdir().expect("a folder");
    for (folder, want) in [
        ("data.json", "2000 datasets, 2873 tables (2000 added"),
        ("owid-datasets", "220 datasets, 220 tables (220 added"),
        ("pydatajson/catalogo-justicia.json", "18 datasets, 70 tables (18 added"),
        ("udata/results.json", "15 datasets, 77 tables (15 added"),
    ] {
        let place = shared_data().join("catalog").join(folder);
        let name = folder.split('/').next().unwrap_or_default().replace(['.', '-'], "_");
        let (ok, told) = stoa(state.path(), &["add", &name, place.to_str().expect("UTF-8")]).await;
        assert!(ok && told.starts_with(&format!("{name}: {want}")), "{told}");
        let (ok, told) = stoa(state.path(), &["refresh", &name]).await;
        assert!(ok && told.contains("(0 added, 0 changed, ") && told.contains(" 0 vanished)"), "{told}");
    }
}
