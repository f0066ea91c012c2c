//! What drivers do, through tokio-postgres: parameters without types, prepared statements, portals, pipelines, cancel, errors,
//! slow readers and many clients. Single messages are in `protocol.rs`.

use std::time::{Duration, Instant};

use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::harness::{Server, Setup, fixtures};

/// A value's binary form, whatever its type.
struct Bytes(Vec<u8>);

impl<'a> FromSql<'a> for Bytes {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[tokio::test]
async fn parameters_without_types_get_those_of_their_place() {
    let client = Server::shared().client("open").await;
    let airports = "from transport.ourairports_airports where";
    type Case<'a> = (String, &'a [Type], &'a [&'a (dyn ToSql + Sync)], i64);
    let cases: &[Case] = &[
        (format!("select count(*) {airports} ident = $1"), &[Type::TEXT], &[&"KJFK"], 1),
        (format!("select count(*) {airports} $1 = ident"), &[Type::TEXT], &[&"KJFK"], 1),
        (format!("select count(*) {airports} elevation_ft > $1 and id = $2"), &[Type::INT8; 2], &[&0i64, &3622i64], 1),
        (
            format!("select count(*) {airports} scheduled_service = $1 and ident = $2"),
            &[Type::BOOL, Type::TEXT],
            &[&true, &"KJFK"],
            1,
        ),
        (format!("select count(*) {airports} ident in ($1, $2)"), &[Type::TEXT; 2], &[&"KJFK", &"EDDF"], 2),
        (format!("select count(*) {airports} ident = any($1)"), &[Type::TEXT_ARRAY], &[&vec!["KJFK", "EDDF", "none"]], 2),
        (format!("select count(*) {airports} id = any($1)"), &[Type::INT8_ARRAY], &[&vec![3622i64, -1]], 1),
        (format!("select count(*) {airports} id between $1 and $2"), &[Type::INT8; 2], &[&3622i64, &3622i64], 1),
        (format!("select count(*) {airports} ident like $1 and id = 3622"), &[Type::TEXT], &[&"K_F%"], 1),
        (format!("select count(*) from (select 1 {airports} true limit $1) x"), &[Type::INT8], &[&7i64], 7),
        (format!("select count(*) from (select 1 {airports} true limit 9 offset $1) x"), &[Type::INT8], &[&7i64], 9),
        ("select $1::int + $2::int8".to_owned(), &[Type::INT4, Type::INT8], &[&1i32, &2i64], 3),
        (
            "select count(*) from (values (date '2024-01-02')) t(d) where d = $1".to_owned(),
            &[Type::DATE],
            &[&chrono::NaiveDate::from_ymd_opt(2024, 1, 2)],
            1,
        ),
    ];
    for (sql, types, values, want) in cases {
        let statement = client.prepare(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        assert_eq!(statement.params(), *types, "{sql}");
        let row = client.query_one(&statement, values).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        assert_eq!(row.get::<_, i64>(0), *want, "{sql}");
    }
}

#[tokio::test]
async fn a_prepared_statement_is_used_again() {
    let client = Server::shared().client("open").await;
    let statement =
        client.prepare("select name from transport.ourairports_airports where ident = $1").await.expect("it is planned");
    for (ident, name) in [("EDDF", Some("Frankfurt Airport")), ("none", None), ("EDDF", Some("Frankfurt Airport"))] {
        let row = client.query_opt(&statement, &[&ident]).await.expect("it runs");
        assert_eq!(row.map(|r| r.get::<_, String>(0)).as_deref(), name);
    }
    assert!(client.query(&statement, &[&None::<String>]).await.expect("null is a value").is_empty());
    client.batch_execute("deallocate all").await.expect("psycopg sends it");
    let gone = client.query(&statement, &[&"EDDF"]).await.expect_err("it was given up");
    assert_eq!(gone.code().map(|c| c.code()), Some("26000"));
    let missing = client.batch_execute("deallocate nothing").await.expect_err("there is none");
    assert_eq!(missing.code().map(|c| c.code()), Some("26000"));
}

#[tokio::test]
async fn each_execution_of_a_prepared_statement_has_its_time_for_itself() {
    let client = Server::shared().client("open").await;
    client.batch_execute("set statement_timeout = '800ms'").await.expect("it is set");
    let statement = client.prepare("select 1::int4").await.expect("it is planned");
    let start = Instant::now();
    // Longer than the timeout, and not yet so long that the statement is looked at again.
    while start.elapsed() < Duration::from_millis(960) {
        client.query_one(&statement, &[]).await.expect("it takes no time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn portals_stop_at_their_limits_and_interleave() {
    let mut client = Server::shared().client("open").await;
    let transaction = client.transaction().await.expect("BEGIN");
    let numbers = transaction.prepare("select generate_series($1::int8, 100)").await.expect("it is planned");
    let (up, down) = (
        transaction.bind(&numbers, &[&1i64]).await.expect("it is bound"),
        transaction.bind(&numbers, &[&98i64]).await.expect("it is bound"),
    );
    for (portal, limit, want) in [
        (&up, 3, vec![1, 2, 3]),
        (&down, 2, vec![98, 99]),
        (&up, 1, vec![4]),
        (&down, 2, vec![100]),
        (&down, 2, vec![]),
        (&up, 0, (5..=100).collect()),
        (&up, 5, vec![]),
    ] {
        let rows = transaction.query_portal(portal, limit).await.expect("it goes on");
        assert_eq!(rows.iter().map(|r| r.get::<_, i64>(0)).collect::<Vec<_>>(), want);
    }
    transaction.commit().await.expect("COMMIT");
}

#[tokio::test]
async fn a_pipeline_is_answered_in_order_and_survives_a_failure() {
    let client = Server::shared().client("open").await;
    // All four are on their way before the first is answered.
    let (a, b, c, d) = tokio::join!(
        client.query_one("select 1::int4", &[]),
        client.query_one("select 1 / 0", &[]),
        client.query_one("select nope", &[]),
        client.query_one("select 4::int4", &[]),
    );
    assert_eq!((a.expect("first").get::<_, i32>(0), d.expect("last").get::<_, i32>(0)), (1, 4));
    let code =
        |r: Result<tokio_postgres::Row, tokio_postgres::Error>| r.err().and_then(|e| e.code().map(|c| c.code().to_owned()));
    assert_eq!((code(b).as_deref(), code(c).as_deref()), (Some("22012"), Some("42703")));
}

#[tokio::test]
async fn errors_have_their_sqlstate_place_and_hint() {
    let client = Server::shared().client("open").await;
    type Case = (&'static str, &'static str, Option<u32>, &'static str);
    let cases: &[Case] = &[
        ("select * from transport.ourairports_airport", "42P01", Some(15), "transport.ourairports_airports"),
        ("select\n * from nothing_here", "42P01", Some(16), ""),
        ("select idnt from transport.ourairports_airports", "42703", Some(8), "ident"),
        ("selec 1", "42601", Some(1), ""),
        ("select nothing(1)", "42883", Some(8), ""),
        ("select 1 / 0", "22012", None, ""),
        ("select 'x'::int", "22P02", None, ""),
        ("select '2024-13-01'::date", "22008", None, ""),
        ("select '\\x0'::bytea", "22023", None, ""),
        (
            "select a.ident from transport.ourairports_airports a, transport.ourairports_airports b where ident = 'x'",
            "42702",
            None,
            "",
        ),
        ("select name, count(*) from transport.ourairports_airports", "42803", None, ""),
        ("select 1 order by 2", "42P10", None, ""),
        ("insert into transport.ourairports_airports values (1)", "25006", None, ""),
        ("create table t (a int)", "25006", None, ""),
        ("set nothing_here = 1", "42704", None, ""),
        ("set timezone = 'Moon'", "22023", None, ""),
        ("declare c cursor for select 1", "25P01", None, ""),
        ("fetch c", "34000", None, ""),
        ("execute p", "26000", None, ""),
        ("copy (select 1) to 'file'", "42501", None, "stdout"),
        ("copy (select 1) to stdout (format xml)", "22023", None, ""),
    ];
    for (sql, code, at, hint) in cases {
        let e = client.simple_query(sql).await.expect_err(sql);
        let e = e.as_db_error().unwrap_or_else(|| panic!("{sql}: the connection broke"));
        assert_eq!(e.code().code(), *code, "{sql}: {}", e.message());
        if at.is_some() {
            let place = e.position().map(|p| match p {
                tokio_postgres::error::ErrorPosition::Original(at) => *at,
                tokio_postgres::error::ErrorPosition::Internal { position, .. } => *position,
            });
            assert_eq!(place, *at, "{sql}: {}", e.message());
        }
        assert!(e.hint().unwrap_or_default().contains(hint), "{sql}: {:?}", e.hint());
    }
    let other = format!("host=127.0.0.1 port={} user=tester dbname=opn", Server::shared().address.port());
    let e = tokio_postgres::connect(&other, NoTls).await.err().expect("there is no such catalog");
    assert_eq!(e.code().map(|c| c.code()), Some("3D000"));
}

#[tokio::test]
async fn object_ids_are_four_bytes_and_chars_are_chars() {
    let client = Server::shared().client("open").await;
    let sql = "select oid, relname, relkind, reltuples, relnatts, relnamespace from pg_class where relname = 'pg_class'";
    let row = client.query_one(sql, &[]).await.expect("pg_class is there");
    let types: Vec<&str> = row.columns().iter().map(|c| c.type_().name()).collect();
    assert_eq!(types, ["oid", "name", "char", "float4", "int2", "oid"]);
    assert_eq!(row.get::<_, u32>(0), 1259);
    assert_eq!(row.get::<_, i8>(2), i8::try_from(b'r').expect("ASCII"));
    assert_eq!([0, 2, 5].map(|i| row.get::<_, Bytes>(i).0.len()), [4, 1, 4]);
}

#[tokio::test]
async fn a_first_touch_is_cancelled_long_before_it_ends() {
    let files = crate::server::Server::start(&crate::harness::shared_data()).await;
    let path = "transport/ourairports/airports.csv.gz";
    files.quirk(path, crate::server::Quirk::Slow(Duration::from_secs(20)));
    let mirror = (format!("{}/", crate::harness::shared_data().display()), files.url(""));
    let server = Server::start(Setup { catalogs: vec![("open", fixtures())], mirrors: vec![mirror], ..Setup::default() });
    let client = server.client("open").await;
    let token = client.cancel_token();
    let cancel = async {
        let start = Instant::now();
        while files.hits(path).is_empty() {
            assert!(start.elapsed() < Duration::from_secs(10), "the source is not read");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        token.cancel_query(NoTls).await.expect("the request is taken");
        Instant::now()
    };
    let (answer, asked) = tokio::join!(client.query("select count(*) from transport.ourairports_airports", &[]), cancel);
    assert_eq!(answer.expect_err("it is cancelled").code().map(|c| c.code()), Some("57014"));
    assert!(asked.elapsed() < Duration::from_secs(5), "after {:?}", asked.elapsed());
    drop(client);
    // It waits for its thread, which this runtime must not.
    tokio::task::spawn_blocking(move || drop(server)).await.expect("it stops");
}

#[tokio::test]
async fn two_hundred_clients_at_once_and_no_more() {
    let server = tokio::task::spawn_blocking(|| {
        Server::start(Setup { catalogs: vec![("open", fixtures())], max_connections: Some(200), ..Setup::default() })
    })
    .await
    .expect("it starts");
    let clients = futures::future::join_all((0..200).map(|_| server.client("open"))).await;
    let answers = futures::future::join_all(clients.iter().zip(0i64..).map(|(client, i)| async move {
        client.query_one("select $1::int8 * 2", &[&i]).await.expect("an answer").get::<_, i64>(0)
    }))
    .await;
    assert_eq!(answers, (0..400).step_by(2).collect::<Vec<i64>>());
    let config = format!("host=127.0.0.1 port={} user=tester dbname=open", server.address.port());
    let refused = tokio_postgres::connect(&config, NoTls).await.err().expect("one too many");
    assert_eq!(refused.code().map(|c| c.code()), Some("53300"));
    drop(clients);
    let start = Instant::now();
    while tokio_postgres::connect(&config, NoTls).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(5), "no room after all have left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::task::spawn_blocking(move || drop(server)).await.expect("it stops");
}

#[tokio::test]
async fn simple_queries_give_text() {
    let client = Server::shared().client("open").await;
    let messages =
        client.simple_query("select true, array[1, null], interval '1 day', '\\x00ff'::bytea, 1.50::numeric(5, 2)").await;
    let row = messages.expect("an answer").into_iter().find_map(|m| match m {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|i| row.get(i).unwrap_or("NULL").to_owned()).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(row.expect("a row"), ["t", "{1,NULL}", "1 day", "\\x00ff", "1.50"]);
}

#[tokio::test]
async fn columns_tell_the_table_they_are_of() {
    let client = Server::shared().client("open").await;
    let oid = "select oid from pg_class where relname = 'ourairports_airports'";
    let airports: u32 = client.query_one(oid, &[]).await.expect("a table").get(0);
    let sql = "select a.ident, upper(a.ident), s.other, count(*) from transport.ourairports_airports a
        join (select id as other from transport.ourairports_airports where id > 0 order by 1) s on s.other = a.id group by 1, 2, 3";
    let statement = client.prepare(sql).await.expect("it is planned");
    let origins: Vec<_> = statement.columns().iter().map(|c| (c.table_oid(), c.column_id())).collect();
    assert_eq!(origins, [(Some(airports), Some(2)), (None, None), (Some(airports), Some(1)), (None, None)]);
    let union = "select id from transport.ourairports_airports union all select 1";
    let statement = client.prepare(union).await.expect("it is planned");
    assert_eq!(statement.columns()[0].table_oid(), None);
}
