//! A snapshot's life through clients and commands: tables as they were, what is said of stale ones, when a publisher is asked, what
//! `stoa refresh` and `stoa prune` do beside a running server.

use std::process::Command;
use std::time::Duration;

use expect_test::{Expect, expect};
use futures::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;

use crate::failures::{City, asked};
use crate::harness::{Server, Setup, rows};
use crate::server::{self, Quirk};

/// `stoa` with these arguments over the city: its exit code, and what it prints on both streams.
fn stoa(city: &City, arguments: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_stoa"))
        .args(arguments)
        .arg("--catalog")
        .arg(format!("city={}", city.path("").display()))
        .arg("--state")
        .arg(city.state())
        .args(["--http-retries", "0"])
        .output()
        .expect("the process starts");
    let code = out.status.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
    format!("{code}\n{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Snapshots' ids and times by names that do not change from run to run: `<id>`, `<time>`.
fn timeless(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words = line.split(' ').map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let digits = |n: usize| bare.len() > n && bare.bytes().take(n).all(|b| b.is_ascii_digit());
            if digits(8) && bare.contains('T') && bare.contains("Z-") {
                word.replace(bare, "<id>")
            } else if digits(4) && bare.as_bytes()[4] == b'-' && bare.contains('T') {
                word.replace(bare, "<time>")
            } else {
                word.to_owned()
            }
        });
        out += &format!("{}\n", words.collect::<Vec<_>>().join(" "));
    }
    out
}

async fn one(client: &tokio_postgres::Client, sql: &str) -> String {
    let all = rows(client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    all.iter().map(|row| row.join("|")).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_read_as_it_was() {
    let city = City::new();
    city.file("trips.csv", "id,minutes,old\n1,10,x\n2,20,y\n");
    city.describe("trips", "trips.csv", "");
    let server = Server::start(city.setup());
    let client = server.client("city").await;
    assert_eq!(one(&client, "select count(*) from t.trips").await, "2");
    let id = one(&client, "select snapshot from catalog.snapshots where table_name = 'trips'").await;
    let between = one(&client, "select now()::text").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    city.file("trips.csv", "id,minutes,new\n1,ten,5\n2,20,6\n3,30,7\n");
    assert_eq!(one(&client, "select count(*) from t.trips").await, "3");

    for (sql, want) in [
        ("select sum(minutes), min(old) from t.trips for system_time as of '{between}'", "30|x"),
        ("select sum(trips.minutes) from trips for system_time as of '{id}'", "30"),
        ("select sum(t.trips.minutes) from t.trips for system_time as of '{id}'", "30"),
        ("select sum(b.minutes) from t.trips for system_time as of timestamptz '{between}' as b", "30"),
        ("select max(new), max(minutes) from t.trips for system_time as of now()", "7|ten"),
        ("select max(new) from t.trips for system_time as of '2199-01-01'", "7"),
        (
            "select n.id, o.minutes, n.minutes from t.trips n left join t.trips for system_time as of '{id}' o using (id) order by 1",
            "1|10|ten 2|20|20 3||30",
        ),
        ("select count(*) from (select id from trips except select id from trips for system_time as of '{id}') d", "1"),
        ("with o as (select * from t.trips for system_time as of '{id}') select count(*) from o, o p", "4"),
        ("select count(*) from t.good at, t.good before", "4"),
    ] {
        let sql = sql.replace("{between}", &between).replace("{id}", &id);
        assert_eq!(one(&client, &sql).await, want, "{sql}");
    }

    // The extended protocol: the columns are those of then, also when the statement runs again.
    let old =
        client.prepare(&format!("select * from t.trips for system_time as of '{id}' where id = $1")).await.expect("prepares");
    assert_eq!(old.columns().iter().map(|c| c.name()).collect::<Vec<_>>(), ["id", "minutes", "old"]);
    for wait in [0, 1_100] {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let row = client.query_one(&old, &[&2_i64]).await.expect("answers");
        assert_eq!((row.get::<_, i64>(1), row.get::<_, &str>(2)), (20, "y"));
    }
    // In the zone of the session: noon here is another moment there.
    let noon = "to_char((select created from catalog.snapshots where snapshot = '{id}') at time zone 'Asia/Tokyo' + interval '1 minute', 'YYYY-MM-DD HH24:MI:SS')"
        .replace("{id}", &id);
    let noon = one(&client, &format!("select {noon}")).await;
    let count = format!("select count(*) from t.trips for system_time as of '{noon}'");
    client.batch_execute("set timezone = 'Asia/Tokyo'").await.expect("sets");
    let tokyo = one(&client, &count).await;
    client.batch_execute("set timezone = 'America/New_York'").await.expect("sets");
    assert_eq!((tokyo.as_str(), one(&client, &count).await.as_str()), ("3", "3"));
    client.batch_execute("set timezone = 'Pacific/Kiritimati'").await.expect("sets");
    assert!(rows(&client, &count).await.is_err(), "there it is a time before the first snapshot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_columns_are_those_of_then() {
    let city = City::new();
    city.file("trips.csv", "id,minutes,old\n1,10,x\n2,,y\n3,30,\n");
    city.describe("trips", "trips.csv", "");
    let server = Server::start(city.setup());
    let client = server.client("city").await;
    assert_eq!(one(&client, "select count(*) from t.trips").await, "3");
    let counted = "select snapshot, files_read, files_kept from catalog.snapshots where table_name = 'trips'";
    let counted = one(&client, counted).await;
    let (id, counted) = counted.split_once('|').expect("three columns");
    assert_eq!(counted, "1|0");
    city.file("trips.csv", "minutes,id\n7,9\n1,3\n20,2\n");
    let then = format!("t.trips for system_time as of '{id}'");
    for (sql, want) in [
        ("select * from t.trips order by id", "20|2 1|3 7|9"),
        ("select * from {then} order by id", "1|10|x 2||y 3|30|"),
        ("select id, _source_row, right(_source_file, 9) from t.trips order by id", "2|4|trips.csv 3|3|trips.csv 9|2|trips.csv"),
        ("select id, _source_row, right(_source_file, 9) from {then} order by id", "1|2|trips.csv 2|3|trips.csv 3|4|trips.csv"),
        ("select id from {then} where _source_row > 2 order by id", "2 3"),
        ("select id, missing_reason(minutes), missing_reason(old) from {then} order by id", "1|| 2|empty| 3||empty"),
        ("select o.id from {then} as o where missing_reason(o.minutes) = 'empty'", "2"),
        (
            "select id, o._source_row, n._source_row, missing_reason(o.minutes), missing_reason(n.minutes) \
             from t.trips n join {then} o using (id) order by id",
            "2|3|4|empty| 3|4|3||",
        ),
    ] {
        let sql = sql.replace("{then}", &then);
        assert_eq!(one(&client, &sql).await, want, "{sql}");
    }
}

#[test]
fn a_version_that_is_not_there_is_an_error_that_says_what_is() {
    let city = City::new();
    city.file("trips.csv", "a\n1\n");
    city.describe("trips", "trips.csv", "");
    let server = Server::start(city.setup());
    asked(&server, "select count(*) from t.good");
    let mut shown = String::new();
    for sql in [
        "select * from t.good for system_time as of '2020-01-01'",
        "select * from t.good for system_time as of 'yesterday'",
        "select * from t.trips for system_time as of '2020-01-01'",
        "select * from t.goods for system_time as of '2020-01-01'",
        "select * from catalog.themes for system_time as of '2020-01-01'",
        "select * from t.good for system_time as of 7",
        "select * from t.good for system_time as of",
        "with x as (select 1) select * from x for system_time as of '2020-01-01'",
    ] {
        shown += &format!("{sql}\n{}", asked(&server, sql));
    }
    let shown: Vec<&str> = shown.lines().filter(|l| !l.starts_with("LOCATION") && !l.trim().is_empty()).collect();
    expect![[r#"
        select * from t.good for system_time as of '2020-01-01'
        ERROR:  42704: there is no snapshot of t.good from <time> or before
        DETAIL:  The oldest that stands is <id>, made at <time>.
        HINT:  catalog.snapshots lists them; --keep-snapshots and --keep-for say how many stay.
        select * from t.good for system_time as of 'yesterday'
        ERROR:  42704: there is no snapshot of t.good with the id "yesterday", which is no time either
        DETAIL:  The oldest that stands is <id>, made at <time>.
        HINT:  catalog.snapshots lists them; --keep-snapshots and --keep-for say how many stay.
        select * from t.trips for system_time as of '2020-01-01'
        ERROR:  42704: there is no snapshot of t.trips: it was never read
        HINT:  Read it without FOR SYSTEM_TIME AS OF.
        select * from t.goods for system_time as of '2020-01-01'
        ERROR:  42P01: relation "t.goods" does not exist
        LINE 1: select * from t.goods for system_time as of '2020-01-01'
                              ^
        HINT:  Perhaps you meant t.good.
        select * from catalog.themes for system_time as of '2020-01-01'
        ERROR:  0A000: catalog.themes has no versions
        HINT:  FOR SYSTEM_TIME AS OF reads a published table as it was.
        select * from t.good for system_time as of 7
        ERROR:  0A000: FOR SYSTEM_TIME AS OF takes a time or a snapshot's id, not 7
        LINE 1: select * from t.good for system_time as of 7
                                                           ^
        HINT:  Write a time such as '2026-11-01' or TIMESTAMP '2026-11-01 08:00', or a snapshot's id.
        select * from t.good for system_time as of
        ERROR:  42601: syntax error at end of input
        LINE 1: select * from t.good for system_time as of
                                                          ^
        with x as (select 1) select * from x for system_time as of '2020-01-01'
        ERROR:  0A000: "x" is a WITH query, which has no versions
        LINE 1: with x as (select 1) select * from x for system_time as of '...
                                                   ^
        HINT:  Write FOR SYSTEM_TIME AS OF behind the tables within it.
    "#]]
    .assert_eq(&timeless(&shown.join("\n")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_table_says_so_once_in_a_session() {
    let files = server::Server::start(tempfile::tempdir().expect("a temporary folder").path()).await;
    files.put("trips.csv", "a,b\n1,2\n");
    let city = City::new();
    city.describe("trips", &files.url("trips.csv"), "");
    let server = Server::start(Setup { revalidate: Some(Duration::from_millis(300)), ..city.setup() });
    let count = "select count(*) from t.trips";
    assert_eq!(asked(&server, count), "1\n");
    tokio::time::sleep(Duration::from_millis(300)).await;
    files.quirk("trips.csv", Quirk::Fail { times: usize::MAX, status: 404, retry_after: None });
    let twice = [count, count].join("; ");
    let warnings = |shown: &str| shown.lines().filter(|l| l.starts_with("WARNING:") && l.contains("(stale since 20")).count();
    // Each session hears it, also while the publisher is not asked again.
    for _ in 0..2 {
        let shown = asked(&server, &twice);
        assert!(shown.starts_with("1\n1\n") && warnings(&shown) == 1, "{shown}");
    }
    let state = "select state, message, since is not null from catalog.snapshots where table_name = 'trips'";
    let shown = asked(&server, state);
    assert_eq!(shown, format!("stale|HEAD {}: 404 Not Found|t\n", files.url("trips.csv")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_is_asked_as_its_dataset_says() {
    let files = server::Server::start(tempfile::tempdir().expect("a temporary folder").path()).await;
    let city = City::new();
    let tables = [
        ("plain", "", ""),
        ("daily", r#", "accrualPeriodicity": "R/P1D""#, ""),
        ("always", r#", "accrualPeriodicity": "R/P1D", "stoa:refresh": "always""#, ""),
        ("often", r#", "stoa:refresh": "never""#, r#", "stoa:refresh": "0s""#),
    ];
    for (name, of_dataset, of_resource) in tables {
        files.put(&format!("{name}.csv"), "a\n1\n");
        let resource = format!(r#"{{"name": "{name}", "path": "{}"{of_resource}}}"#, files.url(&format!("{name}.csv")));
        let package = format!(r#"{{"name": "{name}", "theme": "t"{of_dataset}, "resources": [{resource}]}}"#);
        city.file(&format!("{name}.datapackage.json"), package);
    }
    // Without a word of the dataset a publisher is asked each time here.
    for (revalidate, want) in [(Duration::ZERO, [2, 1, 2, 2]), (Duration::from_secs(60), [1, 1, 2, 2])] {
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let server =
            Server::start(Setup { revalidate: Some(revalidate), state: Some(elsewhere.path().to_owned()), ..city.setup() });
        let client = server.client("city").await;
        let mut got = Vec::new();
        for (name, ..) in tables {
            files.put(&format!("{name}.csv"), "a\n1\n");
            let count = format!("select count(*) from t.{name}");
            assert_eq!(one(&client, &count).await, "1");
            files.put(&format!("{name}.csv"), "a\n1\n2\n");
            got.push(one(&client, &count).await);
        }
        assert_eq!(got, want.map(|n| n.to_string()), "believed for {revalidate:?}");
    }
}

#[test]
fn a_strict_table_with_a_reject_is_refused_or_stays_as_it_was() {
    let city = City::new();
    city.file("trips.csv", "a,b\n1,2\nx,3\n");
    city.describe(
        "trips",
        "trips.csv",
        r#", "stoa:strict": true, "schema": {"fields": [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer"}]}"#,
    );
    let server = Server::start(city.setup());
    let first = asked(&server, "select * from t.trips");
    city.file("trips.csv", "a,b\n1,2\n");
    let good = asked(&server, "select * from t.trips");
    city.file("trips.csv", "a,b\n1,2\n3,4\n5,y\n");
    let stale = asked(&server, "select * from t.trips");
    let state = asked(&server, "select state, rows, rejects from catalog.snapshots where table_name = 'trips'");
    let shown = city.normal(&format!("{first}{good}{stale}{state}"), None);
    expect![[r#"
        ERROR:  22000: t.trips is strict, and 1 value or row does not fit: CITY/trips.csv, line 3, column a: "x" is not an integer
        DETAIL:  It is the source of t.trips.
        HINT:  Correct the descriptor, tell the publisher, or take what fits without "stoa:strict".
        1|2
        1|2
        WARNING:  01000: t.trips: the snapshot of <time> is served, since t.trips is strict, and 1 value or row does not fit: CITY/trips.csv, line 4, column b: "y" is not an integer (stale since <time>)
        stale|1|0
    "#]].assert_eq(&timeless(&shown));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_refreshed_ahead_of_time() {
    let files = server::Server::start(tempfile::tempdir().expect("a temporary folder").path()).await;
    let city = City::new();
    files.put("trips.csv", "a\n1\n");
    city.describe("trips", &files.url("trips.csv"), "");
    city.describe("gone", "gone.csv", "");
    let sorted = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let refreshed = |arguments: &[&str], want: Expect| {
        let said = stoa(&city, &[&["refresh"], arguments].concat());
        want.assert_eq(&timeless(&sorted(&city.normal(&said, Some(files.url("").trim_end_matches('/'))))));
    };
    refreshed(
        &["t.good", "t.trips"],
        expect![[r#"
        0
        t.good: new, rows: 2
        t.trips: new, rows: 1
    "#]],
    );
    files.put("trips.csv", "a\n1\n2\n");
    refreshed(
        &["t"],
        expect![[r#"
        1
        error: 1 of 3 tables could not be refreshed
        t.gone: failed: no file CITY/gone.csv
        t.good: unchanged since <time>
        t.trips: new, rows: 2
    "#]],
    );
    files.quirk("trips.csv", Quirk::Fail { times: usize::MAX, status: 503, retry_after: None });
    refreshed(
        &["--all"],
        expect![[r#"
        1
        error: 2 of 3 tables could not be refreshed
        t.gone: failed: no file CITY/gone.csv
        t.good: unchanged since <time>
        t.trips: failed, the snapshot of <time> stays: HEAD http://host/trips.csv: 503 Service Unavailable (attempt 1 of 1)
    "#]],
    );
    refreshed(
        &["T.Good"],
        expect![[r#"
        0
        t.good: unchanged since <time>
    "#]],
    );
    refreshed(
        &["t.god"],
        expect![[r#"
        1
        error: there is no table or theme "t.god" in city
        hint: Perhaps you meant t.good.
    "#]],
    );
    assert!(stoa(&city, &["refresh"]).starts_with("2\n"), "a name is missing, or --all");
    // What was read is there for a server at once, and what failed is known to it.
    let server = Server::start(city.setup());
    let state = "select table_name, state, rows from catalog.snapshots order by 1, 3 desc";
    assert_eq!(asked(&server, state), "good|current|2\ntrips|stale|2\ntrips|superseded|1\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_reads_is_not_pruned_by_another_process() {
    let city = City::new();
    city.describe("trips", "trips.csv", "");
    let version = |n: usize| city.file("trips.csv", "a,b\n".to_owned() + &"1,2\n".repeat(n));
    version(100_000);
    let server = Server::start(city.setup());
    let mut client = server.client("city").await;
    // A portal that stands over the first version.
    let transaction = client.transaction().await.expect("begins");
    let all = transaction.prepare("select a, b from t.trips").await.expect("prepares");
    let portal = transaction.bind(&all, &[]).await.expect("binds");
    assert_eq!(transaction.query_portal(&portal, 10).await.expect("answers").len(), 10);
    for n in [1, 2, 3] {
        version(n);
        assert_eq!(asked(&server, "select count(*) from t.trips"), format!("{n}\n"));
    }
    let mut shown = Vec::new();
    let mut prune = |arguments: &[&str]| {
        let said = stoa(&city, &[&["prune"], arguments].concat());
        // How many bytes Parquet takes is of no matter here.
        let said = timeless(&said).replace(|c: char| c.is_ascii_digit() || c == '.', "").replace("KiB", "B");
        shown.push(format!("{arguments:?}\n{said}"));
    };
    prune(&["--older-than", "1h"]);
    prune(&["--keep", "2", "--dry-run"]);
    prune(&["t.trips", "--keep", "2"]);
    assert_eq!(transaction.query_portal(&portal, 0).await.expect("answers").len(), 99_990);
    transaction.commit().await.expect("commits");
    drop((portal, all, client));
    for _ in 0..100 {
        if asked(&server, "select count(*) from catalog.snapshots where table_name = 'trips'") == "2\n" {
            break;
        }
        stoa(&city, &["prune", "--keep", "2"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    prune(&[]);
    expect![[r#"
        ["--older-than", "1h"]

         snapshots removed,  B freed

        ["--keep", "2", "--dry-run"]

        cityttrips: <id> of <time>: stays, it is being read
        cityttrips: <id> of <time>: would go,  B
         snapshot would go and free  B;  being read

        ["t.trips", "--keep", "2"]

        cityttrips: <id> of <time>: stays, it is being read
        cityttrips: <id> of <time>:  B
         snapshot removed,  B freed;  being read

        []

         snapshots removed,  B freed
    "#]]
    .assert_eq(&shown.join("\n"));
    assert_eq!(
        asked(&server, "select rows, state from catalog.snapshots where table_name = 'trips'"),
        "3|current\n2|superseded\n"
    );
    assert_eq!(asked(&server, "select count(*) from t.trips"), "3\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_of_then_is_not_pruned_while_it_is_read() {
    const ROWS: usize = 1_000_000;
    let city = City::new();
    city.describe("trips", "trips.csv", "");
    city.file("trips.csv", "a,b\n".to_owned() + &"1,2\n".repeat(ROWS));
    let server = Server::start(city.setup());
    let id = "select snapshot from catalog.snapshots where table_name = 'trips' and rows > 1";
    assert_eq!(asked(&server, "select count(*) from t.trips"), format!("{ROWS}\n"));
    let id = asked(&server, id);
    city.file("trips.csv", "a,b\n1,2\n");
    assert_eq!(asked(&server, "select count(*) from t.trips"), "1\n");
    let client = server.client("city").await;
    let sql = format!("select a, b from t.trips for system_time as of '{}'", id.trim());
    let mut messages = Box::pin(client.simple_query_raw(&sql).await.expect("begins"));
    let is_row = |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(_));
    let mut rows = 0;
    while rows < 10 {
        rows += usize::from(is_row(&messages.try_next().await.expect("is read").expect("there are more")));
    }
    let said = stoa(&city, &["prune", "t.trips", "--keep", "1"]);
    assert!(said.contains("stays, it is being read"), "{said}");
    while let Some(message) = messages.try_next().await.expect("is read to the end") {
        rows += usize::from(is_row(&message));
    }
    assert_eq!(rows, ROWS);
}

#[test]
fn a_file_that_joins_a_bare_folder_is_read_alone() {
    let (folder, state) = (tempfile::tempdir().expect("a temporary folder"), tempfile::tempdir().expect("a temporary folder"));
    let sales = folder.path().join("sales");
    std::fs::create_dir(&sales).expect("a folder can be made");
    let month = |n: usize| {
        let text = format!("day,sold\n2024-0{n}-01,{n}\n");
        std::fs::write(sales.join(format!("2024-0{n}.csv")), text).expect("a file can be written");
    };
    (1..=5).for_each(month);
    let counted = "select files_read, files_kept, rows from catalog.snapshots where table_name = 'sales' and state = 'current'";
    for (joins, sold, want) in [(None, "15\n", "5|0|5\n"), (Some(6), "21\n", "1|5|6\n"), (Some(7), "28\n", "1|6|7\n")] {
        joins.into_iter().for_each(month);
        let server = Server::start(Setup {
            catalogs: vec![("city", folder.path().to_owned())],
            state: Some(state.path().to_owned()),
            ..Setup::default()
        });
        assert_eq!(asked(&server, "select sum(sold) from sales.sales"), sold);
        assert_eq!(asked(&server, counted), want);
    }
}

#[test]
fn what_was_received_is_kept_when_asked_for() {
    let city = City::new();
    assert!(stoa(&city, &["refresh", "t.good", "--keep-raw"]).starts_with("0\n"));
    let server = Server::start(city.setup());
    let shown = asked(
        &server,
        "select raw_bytes, sources::json -> 0 ->> 'sha256', sources::json -> 0 ->> 'raw', rows_read = rows + rejected_rows
         from catalog.snapshots where table_name = 'good'",
    );
    let fields: Vec<&str> = shown.trim().split('|').collect();
    assert_eq!((fields[0], fields[2], fields[3], fields[1].len()), ("12", "raw/0-good.csv", "t", 64), "{shown}");
}
