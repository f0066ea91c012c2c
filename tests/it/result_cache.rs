//! The result cache: what is given again, to whom, and what is not. Whether it gave an answer stands in `system.queries`.

use crate::failures::City;
use crate::harness::{Server, Setup, rows};

/// A query's rows, and whether the result cache gave them.
async fn asked(client: &tokio_postgres::Client, sql: &str) -> (String, bool) {
    let all = rows(client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let answer = all.iter().map(|row| row.join("|")).collect::<Vec<_>>().join(" ");
    let last =
        "select result_cache, query from system.queries where state = 'finished' order by ended desc, started desc limit 1";
    let last = rows(client, last).await.expect("the system's tables can be read");
    assert_eq!(last[0][1], sql);
    (answer, last[0][0] == "t")
}

fn city() -> City {
    let city = City::new();
    city.file("trips.csv", "id,minutes,day\n1,10,2024-05-01\n2,20,2024-05-02\n");
    city.describe("trips", "trips.csv", "");
    city.file("stops.csv", "id,name\n1,Harbour\n");
    city.describe("stops", "stops.csv", "");
    city
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_given_again_until_a_table_changes() {
    let city = city();
    let server = Server::start(city.setup());
    let (a, b) = (server.client("city").await, server.client("city").await);
    let sum = "select sum(minutes) from t.trips";
    let stops = "select name from t.stops order by id";
    assert_eq!(asked(&a, sum).await, ("30".into(), false));
    assert_eq!(asked(&a, stops).await, ("Harbour".into(), false));
    assert_eq!(asked(&a, sum).await, ("30".into(), true));
    // For another session too, whatever blanks and comments there are.
    assert_eq!(asked(&b, "select  sum( minutes ) /* again */ from t.trips").await, ("30".into(), true));
    let plan =
        rows(&b, "explain (analyze, costs off, timing off, summary off) select sum(minutes) from t.trips").await.expect("a plan");
    assert!(plan.iter().any(|line| line[0].starts_with("Result Cache: Hit (rows=1 bytes=")), "{plan:?}");
    // By the extended protocol, for each parameter.
    let of_id = a.prepare("select minutes from t.trips where id = $1").await.expect("it is planned");
    for (id, minutes, hits) in [(1_i64, 10_i64, 0), (2, 20, 0), (1, 10, 1)] {
        let row = a.query_one(&of_id, &[&id]).await.expect("a row");
        assert_eq!(row.get::<_, i64>(0), minutes);
        let count = "select count(*) from system.queries where query like '%id = $1%' and result_cache";
        assert_eq!(rows(&b, count).await.expect("a count")[0][0], hits.to_string(), "{id}");
    }

    city.file("trips.csv", "id,minutes,day\n1,11,2024-05-01\n2,20,2024-05-02\n3,30,2024-05-03\n");
    assert_eq!(asked(&b, sum).await, ("61".into(), false));
    assert_eq!(asked(&a, sum).await, ("61".into(), true));
    assert_eq!(asked(&a, stops).await, ("Harbour".into(), true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_change_by_itself_is_asked_again() {
    let city = city();
    let server = Server::start(city.setup());
    let client = server.client("city").await;
    for sql in [
        "select count(*) from t.trips where day < now()",
        "select count(*) from t.trips where day < 'today'",
        "select count(*) from t.trips where random() < 2",
        "select count(*) from t.trips where current_setting('application_name') <> 'x'",
        "select count(*) from t.trips, system.settings where setting = 'UTC' having count(*) > 0",
    ] {
        for _ in 0..2 {
            assert!(!asked(&client, sql).await.1, "{sql}");
        }
    }
    // Settings that change how values are written are a part of what was asked.
    let sql = "select day::text from t.trips where id = 1";
    assert_eq!(asked(&client, sql).await, ("2024-05-01".into(), false));
    client.batch_execute("set datestyle = 'German'").await.expect("it is set");
    assert_eq!(asked(&client, sql).await, ("01.05.2024".into(), false));
    client.batch_execute("set application_name = 'other'; reset datestyle").await.expect("they are set");
    assert_eq!(asked(&client, sql).await, ("2024-05-01".into(), true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_or_is_too_large_is_not_kept() {
    let city = city();
    let server = Server::start(Setup { result_cache: Some(64 << 10), ..city.setup() });
    let client = server.client("city").await;
    let large = "select t.id, s from t.trips t, generate_series(1, 5000) s";
    for _ in 0..2 {
        assert!(!asked(&client, large).await.1);
    }
    let fails = "select 1 / (minutes - 20) from t.trips order by id";
    for _ in 0..2 {
        client.simple_query(fails).await.expect_err("a division by zero");
    }
    let ended = "select state || ': ' || error from system.queries where query like 'select 1 /%'";
    let ended = rows(&client, ended).await.expect("the system's tables can be read");
    assert_eq!(ended, [["failed: division by zero"], ["failed: division by zero"]]);
}
