//! tokio-postgres and sqlx against the server that PGHOST, PGPORT, PGUSER and PGDATABASE name: prints each feature's answer, in the form
//! that `tests/clients/run` compares. No test by itself.

use std::env::var;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, pin_mut};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Column, Connection, Executor, Row as _, SqlSafeStr, Statement, TypeInfo, ValueRef};
use tokio_postgres::binary_copy::BinaryCopyOutStream;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    println!("## tokio-postgres 0.7, sqlx 0.9");
    let mut client = connect(&config()?).await?;
    feature("connect", connecting()).await;
    feature("types-text", simple(&client)).await;
    feature("types-binary", binary(&client)).await;
    feature("parameters", parameters(&client)).await;
    feature("prepared", prepared(&client)).await;
    feature("pipeline", pipelined(&client)).await;
    feature("cursor", portals(&mut client)).await;
    feature("stream", streamed(&client)).await;
    feature("copy", copied(&client)).await;
    feature("transactions", transactions(&mut client)).await;
    feature("errors", errors(&client)).await;
    feature("cancel", cancelled(&client)).await;
    feature("queries", with_sqlx()).await;
    Ok(())
}

async fn feature(name: &str, work: impl Future<Output = Result<(), Failure>>) {
    println!("# {name}");
    if let Err(e) = work.await {
        failed(&e);
    }
}

fn failed(e: &Failure) {
    if let Some(db) = e.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::as_db_error) {
        let at = db.position().map(|at| format!(" at {at:?}")).unwrap_or_default();
        return println!("! {} {}{at}", db.code().code(), db.message());
    }
    if let Some(sqlx::Error::Database(db)) = e.downcast_ref::<sqlx::Error>() {
        return println!("! {} {}", db.code().unwrap_or_default(), db.message());
    }
    println!("! {e}");
}

fn told<T>(done: Result<T, impl Into<Failure>>) -> Option<T> {
    done.map_err(|e| failed(&e.into())).ok()
}

fn config() -> Result<Config, Failure> {
    let mut config = Config::new();
    config.host(var("PGHOST")?).port(var("PGPORT")?.parse()?).user(var("PGUSER")?).dbname(var("PGDATABASE")?);
    Ok(config)
}

async fn connect(config: &Config) -> Result<Client, Failure> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn connecting() -> Result<(), Failure> {
    let mut config = config()?;
    config.application_name("rust").options("-c search_path=kinds -c statement_timeout=3s");
    let client = connect(&config).await?;
    show(
        &client
            .query(
                "select current_setting('application_name'), current_schema()::text, current_setting('statement_timeout')",
                &[],
            )
            .await?,
    );
    config.dbname("nowhere");
    connect(&config).await.map(drop)
}

/// Any value: its type's name, and its bytes as they came.
struct Raw(String);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(raw.iter().map(|b| format!("{b:02x}")).collect()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn show(rows: &[Row]) {
    if let Some(first) = rows.first() {
        let heads: Vec<String> = first.columns().iter().map(|c| format!("{}:{}", c.name(), c.type_())).collect();
        println!("= {}", heads.join(" "));
    }
    for row in rows {
        let value = |i: usize| match row.columns()[i].type_() {
            &Type::TEXT | &Type::VARCHAR | &Type::NAME | &Type::BPCHAR => text(row.get::<_, Option<String>>(i)),
            &Type::INT4 => text(row.get::<_, Option<i32>>(i)),
            &Type::INT8 => text(row.get::<_, Option<i64>>(i)),
            &Type::FLOAT8 => text(row.get::<_, Option<f64>>(i)),
            &Type::DATE if row.len() < 9 => text(row.get::<_, Option<chrono::NaiveDate>>(i)),
            &Type::JSON | &Type::JSONB => text(row.get::<_, Option<serde_json::Value>>(i)),
            _ => text(row.get::<_, Option<Raw>>(i).map(|raw| raw.0)),
        };
        println!("{}", (0..row.len()).map(value).collect::<Vec<_>>().join("|"));
    }
    println!("({})", rows.len());
}

fn text(value: Option<impl Display>) -> String {
    value.map_or("NULL".to_owned(), |v| v.to_string().replace('\n', "\\n").replace('\r', "\\r"))
}

const TABLES: [&str; 5] = ["kinds.scalars", "kinds.edges", "kinds.nested", "names.odd", "city.metro_stations"];

async fn simple(client: &Client) -> Result<(), Failure> {
    for table in TABLES {
        for message in client.simple_query(&format!("select * from {table} order by 1; show search_path")).await? {
            match message {
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|i| text(row.get(i)));
                    println!("{}", values.collect::<Vec<_>>().join("|"));
                }
                SimpleQueryMessage::CommandComplete(rows) => println!("({rows})"),
                _ => println!("columns"),
            }
        }
    }
    Ok(())
}

async fn binary(client: &Client) -> Result<(), Failure> {
    for table in TABLES {
        if let Some(rows) = told(client.query(&format!("select * from {table} order by 1"), &[]).await) {
            show(&rows);
        }
    }
    let sql = "select day, at, at_zone, clock, flag, small, single, bytes from kinds.scalars where id = 1";
    let row = client.query_one(sql, &[]).await?;
    let (day, at): (chrono::NaiveDate, chrono::NaiveDateTime) = (row.get(0), row.get(1));
    let (at_zone, clock): (chrono::DateTime<chrono::Utc>, chrono::NaiveTime) = (row.get(2), row.get(3));
    let (flag, small, single, bytes): (bool, i16, f32, Vec<u8>) = (row.get(4), row.get(5), row.get(6), row.get(7));
    println!("{day} {at} {at_zone} {clock} {flag} {small} {single} {bytes:?}");
    let row = client.query_one("select ints, words, doubles, days from kinds.nested where id = 4", &[]).await?;
    let (ints, words): (Vec<Option<i32>>, Vec<Option<String>>) = (row.get(0), row.get(1));
    let (doubles, days): (Vec<Option<f64>>, Vec<Option<chrono::NaiveDate>>) = (row.get(2), row.get(3));
    println!("{ints:?} {words:?} {doubles:?} {days:?}");
    Ok(())
}

async fn parameters(client: &Client) -> Result<(), Failure> {
    let day = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).ok_or("a day")?;
    let at = day.and_hms_opt(0, 0, 0).ok_or("midnight")?;
    let (ids, words) = (vec![1, 3, 99], vec!["plain", ""]);
    let asked: [(&str, &[&(dyn ToSql + Sync)]); 14] = [
        ("select id from kinds.scalars where id = $1", &[&1]),
        ("select id from kinds.scalars where small = $1 and large < $2", &[&2_i16, &100_i64]),
        ("select id from kinds.scalars where double < $1 and single > $2 order by id", &[&0.5, &-1_f32]),
        ("select id from kinds.scalars where words = $1 or flag = $2 order by id", &[&"NULL", &true]),
        ("select id from kinds.scalars where day >= $1 and at >= $2 and at_zone >= $3 order by id", &[&day, &at, &at.and_utc()]),
        ("select id from kinds.scalars where bytes = $1", &[&b"plain".as_slice()]),
        ("select id from kinds.scalars where id = any($1) order by id", &[&ids]),
        ("select id from kinds.scalars where words = any($1) order by id", &[&words]),
        ("select id from kinds.scalars where words is not distinct from $1", &[&None::<String>]),
        ("select id from kinds.scalars order by id limit $1 offset $2", &[&2_i64, &1_i64]),
        ("select $1::text || '!', $2::int4 + 1, $3::bool, $4::jsonb", &[&"é", &4, &false, &serde_json::json!({"a": [1, null]})]),
        ("select $1 || 'x', $2 + 1", &[&"a", &1]),
        ("select upper($1), $2::date + 1", &[&"abc", &day]),
        ("select count(*) from city.metro_trips where ticket = $1 and entered_at > $2", &[&"child", &at]),
    ];
    for (sql, values) in asked {
        if let Some(rows) = told(client.query(sql, values).await) {
            show(&rows);
        }
    }
    let rows = client.query_typed("select $1 + 1, $2", &[(&41, Type::INT4), (&"x", Type::TEXT)]).await?;
    show(&rows);
    Ok(())
}

async fn prepared(client: &Client) -> Result<(), Failure> {
    for sql in [
        "select words, exact from kinds.scalars where id = $1 and at > $2",
        "select $1, $2::int[], $3::text, $4::numeric(8,2)",
        "select count(*), sum(minutes), avg(fare), max(entered_at) from city.metro_trips",
        "select nope",
    ] {
        let Some(statement) = told(client.prepare(sql).await) else { continue };
        let columns = statement
            .columns()
            .iter()
            .map(|c| format!("{}:{}:{}:{:?}", c.name(), c.type_(), c.table_oid().is_some(), c.column_id()));
        println!("{:?} -> {}", statement.params(), columns.collect::<Vec<_>>().join(" "));
    }
    let statement = client.prepare_typed("select words from kinds.scalars where id = $1", &[Type::INT4]).await?;
    for id in 1..4 {
        show(&client.query(&statement, &[&id]).await?);
    }
    Ok(())
}

async fn pipelined(client: &Client) -> Result<(), Failure> {
    let sql = "select count(*) from city.metro_trips where minutes = $1";
    let counts = futures::future::join_all((0..50_i64).map(|n| async move { client.query_one(sql, &[&n]).await })).await;
    let counts: Vec<i64> = counts.into_iter().filter_map(|row| told(row).map(|row| row.get(0))).collect();
    println!("{counts:?}");
    let (a, b, c) =
        tokio::join!(client.query("select 1", &[]), client.query("select 1 / 0", &[]), client.query("select 'last'", &[]));
    for rows in [a, b, c] {
        if let Some(rows) = told(rows) {
            show(&rows);
        }
    }
    Ok(())
}

async fn portals(client: &mut Client) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    let portal = transaction.bind("select trip_id, fare from city.metro_trips order by trip_id", &[]).await?;
    for limit in [3, 1000, 0] {
        let rows = transaction.query_portal(&portal, limit).await?;
        println!("{} {:?}", rows.len(), rows.last().map(|row| row.get::<_, i64>(0)));
    }
    let statement = transaction.prepare("select id from kinds.scalars where id > $1 order by id").await?;
    let (one, other) = (transaction.bind(&statement, &[&1]).await?, transaction.bind(&statement, &[&5]).await?);
    for portal in [&one, &other, &one] {
        show(&transaction.query_portal(portal, 2).await?);
    }
    Ok(transaction.commit().await?)
}

async fn streamed(client: &Client) -> Result<(), Failure> {
    let rows = client.query_raw("select trip_id from city.metro_trips", Vec::<i32>::new()).await?;
    let sum = rows.try_fold((0, 0), |(n, sum), row| async move { Ok((n + 1, sum + row.get::<_, i64>(0))) }).await?;
    println!("{sum:?}");
    Ok(())
}

async fn copied(client: &Client) -> Result<(), Failure> {
    for sql in [
        "copy city.metro_stations to stdout",
        "copy (select id, words, bytes from kinds.scalars where id < 5 order by id) to stdout csv header",
    ] {
        let parts: Vec<bytes::Bytes> = client.copy_out(sql).await?.try_collect().await?;
        println!("{}", String::from_utf8_lossy(&parts.concat()));
    }
    let out = client.copy_out("copy (select id, words, at from kinds.scalars where id < 5 order by id) to stdout binary").await?;
    let rows = BinaryCopyOutStream::new(out, &[Type::INT4, Type::TEXT, Type::TIMESTAMP]);
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await? {
        println!("{} {:?} {:?}", row.get::<i32>(0), row.get::<Option<String>>(1), row.get::<Option<chrono::NaiveDateTime>>(2));
    }
    client.copy_out("copy nowhere to stdout").await.map(drop)?;
    Ok(())
}

async fn transactions(client: &mut Client) -> Result<(), Failure> {
    use tokio_postgres::IsolationLevel;
    let builder = client.build_transaction().isolation_level(IsolationLevel::Serializable).read_only(true).deferrable(true);
    let mut transaction = builder.start().await?;
    show(&transaction.query("show transaction_isolation", &[]).await?);
    let inner = transaction.savepoint("a point").await?;
    told(inner.query("select 1 / 0", &[]).await);
    told(inner.query("select 1", &[]).await);
    inner.rollback().await?;
    show(&transaction.query("select 'after'", &[]).await?);
    transaction.commit().await?;
    let transaction = client.transaction().await?;
    told(transaction.query("select nope", &[]).await);
    drop(transaction);
    show(&client.query("select 'dropped'", &[]).await?);
    Ok(())
}

async fn errors(client: &Client) -> Result<(), Failure> {
    for sql in [
        "selec 1",
        "select nope from city.metro_trips",
        "select * from nothing",
        "select 1 / 0",
        "select nofunc(1)",
        "delete from city.metro_trips",
        "select 1; select 2",
        "select 'é', nope",
    ] {
        told(client.query(sql, &[]).await);
    }
    told(client.query("select $1::int", &[&"text"]).await);
    told(client.query("select $1::int", &[]).await);
    told(client.batch_execute("select 1; select nope; select 2").await);
    Ok(())
}

async fn cancelled(client: &Client) -> Result<(), Failure> {
    let token = client.cancel_token();
    let cancel = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        told(token.cancel_query(NoTls).await);
    };
    let slow = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b";
    let (answer, ()) = tokio::join!(client.query(slow, &[]), cancel);
    told(answer);
    show(&client.query("select 'after'", &[]).await?);
    Ok(())
}

fn sqlx_row(row: &PgRow) -> String {
    let value = |i: usize| {
        let raw = row.try_get_raw(i).expect("a column");
        if raw.is_null() {
            return "NULL".to_owned();
        }
        match raw.type_info().name() {
            "INT4" => row.get::<i32, _>(i).to_string(),
            "INT8" => row.get::<i64, _>(i).to_string(),
            "FLOAT8" => row.get::<f64, _>(i).to_string(),
            "BOOL" => row.get::<bool, _>(i).to_string(),
            "TEXT" | "VARCHAR" | "NAME" => row.get::<String, _>(i),
            "INT4[]" => format!("{:?}", row.get::<Vec<Option<i32>>, _>(i)),
            "TEXT[]" => format!("{:?}", row.get::<Vec<Option<String>>, _>(i)),
            other => format!("<{other}>"),
        }
    };
    (0..row.len()).map(value).collect::<Vec<_>>().join("|")
}

async fn with_sqlx() -> Result<(), Failure> {
    let options = PgConnectOptions::new().application_name("sqlx").options([("search_path", "city,kinds")]);
    let pool = PgPoolOptions::new().max_connections(3).connect_with(options.clone()).await?;
    let show = |rows: Vec<PgRow>| rows.iter().for_each(|row| println!("{}", sqlx_row(row)));
    show(sqlx::query("select current_setting('application_name'), current_setting('search_path')").fetch_all(&pool).await?);
    for table in TABLES {
        let described = pool.prepare(AssertSqlSafe(format!("select * from {table}")).into_sql_str()).await?;
        let columns = described.columns().iter().map(|c| format!("{}:{}", c.name(), c.type_info()));
        println!("{}", columns.collect::<Vec<_>>().join(" "));
    }
    show(
        sqlx::query("select id, words, flag, double from kinds.scalars where id = $1 or words = $2 order by id")
            .bind(1_i32)
            .bind("NULL")
            .fetch_all(&pool)
            .await?,
    );
    show(
        sqlx::query("select ints, words from kinds.nested where id = any($1) order by id")
            .bind(vec![1_i32, 4])
            .fetch_all(&pool)
            .await?,
    );
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select trip_id, ticket from metro_trips order by trip_id limit $1").bind(2_i64).fetch_all(&pool).await?;
    println!("{rows:?}");
    let mut stream = sqlx::query("select trip_id from metro_trips").fetch(&pool);
    let mut n = 0;
    while let Some(row) = stream.next().await {
        row?;
        n += 1;
    }
    drop(stream);
    println!("{n}");
    let mut transaction = pool.begin().await?;
    told(sqlx::query("select 1 / $1").bind(0_i32).execute(&mut *transaction).await);
    transaction.rollback().await?;
    let mut one = sqlx::PgConnection::connect_with(&options).await?;
    told(one.execute("select 1; select nope").await);
    one.ping().await?;
    println!("{}", one.cached_statements_size());
    one.close().await?;
    told(sqlx::query("select id from kinds.scalars where id = $1").bind("x").fetch_all(&pool).await);
    let all = futures::future::join_all(
        (0..6).map(|_| sqlx::query_scalar::<_, i64>("select count(*) from metro_trips").fetch_one(&pool)),
    )
    .await;
    println!("{:?}", all.into_iter().filter_map(told).collect::<Vec<_>>());
    pool.close().await;
    Ok(())
}
