//! The nine questions over real published files of three domains, answered through a real psql and through tokio-postgres: from local files, and from
//! the same files over HTTP.

use crate::harness::{Server, Setup, fixtures, shared_data};
use crate::questions::{COUNT, assert_same, sql, table};

fn through_psql(server: &Server, database: &str) {
    for n in 1..=COUNT {
        let (out, err) = server.psql(database, &["--csv", "-v", "ON_ERROR_STOP=1", "-c", &sql(n)]);
        assert!(!err.contains("ERROR"), "question {n}: {err}");
        assert_same(n, &table(&out));
    }
}

#[test]
fn psql_answers_all_nine() {
    through_psql(Server::shared(), "open");
}

#[tokio::test]
async fn tokio_postgres_answers_all_nine() {
    let client = Server::shared().client("open").await;
    for n in 1..=COUNT {
        // The extended protocol with binary results; psql asks in the simple one with text.
        let statement = client.prepare(&sql(n)).await.unwrap_or_else(|e| panic!("question {n}: {e:?}"));
        let header: Vec<String> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        let rows = client.query(&statement, &[]).await.unwrap_or_else(|e| panic!("question {n}: {e:?}"));
        let mut got = vec![header];
        got.extend(rows.iter().map(|row| (0..row.len()).map(|i| shown(row, i)).collect()));
        assert_same(n, &got);
    }
}

/// A binary value as text.
fn shown(row: &tokio_postgres::Row, i: usize) -> String {
    use tokio_postgres::types::Type;
    let t = row.columns()[i].type_().clone();
    let text = match t {
        Type::INT2 => row.get::<_, Option<i16>>(i).map(|v| v.to_string()),
        Type::INT4 => row.get::<_, Option<i32>>(i).map(|v| v.to_string()),
        Type::INT8 => row.get::<_, Option<i64>>(i).map(|v| v.to_string()),
        Type::FLOAT8 => row.get::<_, Option<f64>>(i).map(|v| v.to_string()),
        Type::NUMERIC => row.get::<_, Option<Numeric>>(i).map(|v| v.0),
        Type::TEXT | Type::VARCHAR => row.get::<_, Option<String>>(i),
        Type::DATE => row.get::<_, Option<chrono::NaiveDate>>(i).map(|v| v.to_string()),
        other => panic!("no reader for a column of type {other}; cast it in the question"),
    };
    text.unwrap_or_default()
}

/// A numeric's binary form as `digits`e`exponent`.
struct Numeric(String);

impl<'a> tokio_postgres::types::FromSql<'a> for Numeric {
    fn from_sql(_: &tokio_postgres::types::Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let words: Vec<i16> = raw.chunks_exact(2).map(|w| i16::from_be_bytes([w[0], w[1]])).collect();
        let [count, weight, sign, _scale, digits @ ..] = words.as_slice() else { return Err("too short".into()) };
        let digits: String = digits.iter().map(|d| format!("{d:04}")).collect();
        let sign = if *sign == 0x4000 { "-" } else { "" };
        Ok(Self(format!("{sign}0{digits}e{}", 4 * (i32::from(*weight) - i32::from(*count) + 1))))
    }

    fn accepts(t: &tokio_postgres::types::Type) -> bool {
        *t == tokio_postgres::types::Type::NUMERIC
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_files_over_http_give_the_same_answers() {
    let files = crate::server::Server::start(&shared_data()).await;
    let mirror = (format!("{}/", shared_data().display()), format!("{}/", files.url("")));
    tokio::task::spawn_blocking(move || {
        let server = Server::start(Setup { catalogs: vec![("open", fixtures())], mirrors: vec![mirror], ..Setup::default() });
        through_psql(&server, "open");
    })
    .await
    .expect("the questions are answered");
    assert!(!files.hits("transport/nyc/MTA_Daily_Ridership.csv").is_empty(), "the answers came over HTTP");
}
