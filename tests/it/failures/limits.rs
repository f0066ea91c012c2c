//! A statement's deadline and memory share, and statements that would end a server that let them.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

use super::{City, asked, assert_unharmed};
use crate::harness::{Server, Setup};
use crate::server::{self, Quirk};

const TIMEOUT: &str = "57014";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_ends_first_touches() {
    let files = server::Server::start(tempfile::tempdir().expect("a temporary folder").path()).await;
    files.put("trips.csv", "id\n1\n2\n");
    // However fast the machine is, its publisher is not.
    files.quirk("trips.csv", Quirk::Slow(Duration::from_secs(2)));
    let city = City::new();
    city.describe("trips", &files.url("trips.csv"), "");
    let server = Server::start(city.setup());
    let first = asked(&server, "set statement_timeout = 200; select count(*) from t.trips");
    assert!(first.contains(TIMEOUT), "{first}");
    assert_eq!(asked(&server, "select count(*) from t.trips"), "2\n", "the touch went on");
}

#[test]
fn a_deadline_ends_scans_sorts_and_joins() {
    let city = City::new();
    city.describe("trips", "trips.csv", "");
    city.file("trips.csv", "id,name\n".to_owned() + &(0..200_000).map(|i| format!("{i},name {i}\n")).collect::<String>());
    let server = Server::start(city.setup());
    assert_eq!(asked(&server, "select count(*) from t.trips"), "200000\n");
    for sql in [
        "select count(*) from t.trips a, t.trips b, t.trips c where a.name < b.name",
        "select a.name from t.trips a, t.trips b order by a.name || b.name limit 1",
        "select count(*) from t.trips a join t.trips b on a.name < b.name and b.name < a.name || 'x'",
        "select count(*) from generate_series(1, 9223372036854775807)",
        "with recursive r as (select 1 n union all select n + 1 from r) select count(*) from r",
    ] {
        let started = Instant::now();
        let shown = asked(&server, &format!("set statement_timeout = '700ms'; {sql}"));
        assert!(shown.contains(TIMEOUT), "{sql}: {shown}");
        assert!(started.elapsed() < Duration::from_secs(10), "{sql} took {:?}", started.elapsed());
        assert_unharmed(&server);
    }
    let shown =
        asked(&server, "set statement_timeout = 700; show statement_timeout; reset statement_timeout; show statement_timeout");
    assert_eq!(shown, "SET\n700ms\nRESET\n2min\n");
}

#[test]
fn more_than_the_memory_share_is_spilled_or_refused() {
    let city = City::new();
    let server = Server::start(Setup { memory: Some(32 << 20), ..city.setup() });
    let md5 = "(select n id, md5(n::text) m from generate_series(1, 300000) n)";
    for (sql, want) in [
        (format!("select m from {md5} x order by m limit 1 offset 299999"), "fff"),
        (format!("select count(*), count(distinct x.m) from {md5} x join {md5} y on x.m = y.m"), "300000|300000"),
        (format!("select count(*) from (select m, count(*) from {md5} x group by m) g"), "300000"),
    ] {
        let shown = asked(&server, &sql);
        assert!(shown.starts_with(want) || shown.contains("53200"), "{sql}: {shown}");
        assert_unharmed(&server);
    }
}

fn repeated(head: &str, part: &str, times: usize, tail: &str) -> String {
    format!("{head}{}{tail}", part.repeat(times))
}

/// Each is refused, answered, or ended by its deadline; another connection is answered meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_overflow_or_hang_leave_the_server_up() {
    let city = City::new();
    let server = Server::start(city.setup());
    let doubled: String = (1..=40).map(|i| format!(", c{i} as (select a.x from c{} a, c{} b)", i - 1, i - 1)).collect();
    let united: String =
        (1..=40).map(|i| format!(", c{i} as (select x from c{0} union all select x from c{0})", i - 1)).collect();
    let columns: String = (0..10_000).map(|i| format!("{i} c{i},")).collect();
    let cases = [
        ("1,900 sums", repeated("select ", "1+", 1_900, "1"), None),
        ("10,000 sums", repeated("select ", "1+", 10_000, "1"), Some("54001")),
        ("50,000 ORs", repeated("select 1 where ", "true or ", 50_000, "true"), Some("54001")),
        ("900 ORs", repeated("select count(*) from t.good where ", "a = 7 or ", 900, "a = 1"), None),
        ("20,000 casts", repeated("select 1", "::int", 20_000, ""), Some("54001")),
        ("1,900 casts", repeated("select 1", "::int", 1_900, ""), None),
        ("3,000 UNIONs", repeated("select 1 ", "union all select 1 ", 3_000, ""), Some("54001")),
        ("190 UNIONs", repeated("select 1 ", "union all select 1 ", 190, ""), None),
        ("60 cross joins", repeated("select count(*) from t.good", " cross join t.good", 60, ""), None),
        ("a WITH doubled 40 times by joins", format!("with c0 as (select 1 x){doubled} select count(*) from c40"), Some("54001")),
        ("a WITH doubled 40 times by unions", format!("with c0 as (select 1 x){united} select count(*) from c40"), Some("54001")),
        ("10,000 columns", format!("select {columns} 1 last"), None),
        ("40 nested calls", repeated("select ", "abs(", 40, &format!("1{}", ")".repeat(40))), None),
        ("2,000 parentheses", repeated("select ", "(", 2_000, ""), Some("54001")),
        ("repeat", "select repeat('x', 2000000000)".to_owned(), Some("54001")),
        ("repeat for each row", "select repeat('x', 1000000000 * a) from t.good".to_owned(), Some("54001")),
        ("lpad", "select lpad('x', 2000000000)".to_owned(), Some("54001")),
        ("rpad", "select rpad('x', 2000000000, 'ab')".to_owned(), Some("54001")),
        ("replace", "select replace(repeat('x', 1000000), 'x', repeat('y', 10000))".to_owned(), Some("54001")),
        ("range", "select range(0, 10000000000)".to_owned(), Some("54001")),
        ("an array of a series", "select generate_series(1, 9223372036854775807)".to_owned(), Some("54001")),
        ("array_repeat", "select array_repeat(1, 10000000000)".to_owned(), Some("54001")),
        ("array_resize", "select array_resize(make_array(1), 10000000000)".to_owned(), Some("54001")),
        ("the end of a series", "select * from generate_series(9223372036854775806, 9223372036854775807)".to_owned(), None),
        ("a series without steps", "select * from generate_series(1, 10, 0)".to_owned(), None),
        (
            "a series through all",
            "select * from generate_series(-9223372036854775807, 9223372036854775807, 9223372036854775807)".to_owned(),
            None,
        ),
        ("lead", "select lead(a, 9223372036854775807) over (order by a) from t.good".to_owned(), None),
        ("lag", "select lag(a, -9223372036854775807) over (order by a) from t.good".to_owned(), None),
        ("a division", "select (-9223372036854775807 - 1) / -1".to_owned(), None),
    ];
    let witness = server.client("city").await;
    for (what, sql, state) in &cases {
        let client = server.client("city").await;
        client.batch_execute("set statement_timeout = '5s'").await.expect("sets");
        let running = client.simple_query(sql);
        let seen = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            tokio::time::timeout(Duration::from_secs(5), witness.query_one("select 1", &[])).await
        };
        let (ran, seen) = tokio::join!(tokio::time::timeout(Duration::from_secs(30), running), seen);
        seen.unwrap_or_else(|_| panic!("{what}: no answer to another connection")).unwrap_or_else(|e| panic!("{what}: {e}"));
        let ran = ran.unwrap_or_else(|_| panic!("{what} went on beyond its deadline"));
        let code = ran.as_ref().err().map(|e| e.code().unwrap_or_else(|| panic!("{what}: the connection ended: {e}")).code());
        match state {
            Some(state) => assert_eq!(code, Some(*state), "{what}: {ran:?}"),
            None => assert_ne!(code, Some("XX000"), "{what}: {ran:?}"),
        }
    }
    assert_unharmed(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_series_without_end_is_cancelled() {
    let city = City::new();
    let server = Server::start(city.setup());
    let client = server.client("city").await;
    let token = client.cancel_token();
    let asking =
        tokio::spawn(async move { client.query_one("select count(*) from generate_series(1, 9223372036854775807)", &[]).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    token.cancel_query(tokio_postgres::NoTls).await.expect("the request is sent");
    let ended = tokio::time::timeout(Duration::from_secs(10), asking).await.expect("it ends").expect("runs");
    assert_eq!(ended.expect_err("it was cancelled").code(), Some(&SqlState::QUERY_CANCELED));
    assert_unharmed(&server);
}
