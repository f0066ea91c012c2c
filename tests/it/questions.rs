//! The nine questions over real published files of three domains: their right answers stand beside the data, made by another
//! engine. The SQL is ours; the answers may not differ.

use std::fs;

use crate::harness::{Server, Setup, fixtures, root, shared_data};

/// The questions by the names of their files.
fn questions() -> Vec<(String, String, Vec<Vec<String>>)> {
    let mut all = Vec::new();
    for n in 1..=9 {
        let sql = fs::read_to_string(root().join(format!("tests/questions/q{n}.sql"))).expect("a question");
        let answer = fs::read_dir(shared_data().join("answers"))
            .expect("answers")
            .map(|f| f.expect("a file").path())
            .find(|p| {
                let name = p.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                name.starts_with(&format!("q{n}_")) && name.ends_with(".csv")
            })
            .unwrap_or_else(|| panic!("no answer to question {n}"));
        let answer = fs::read_to_string(answer).expect("an answer");
        all.push((format!("q{n}"), sql, csv_rows(&answer)));
    }
    all
}

/// Rows of plain CSV; the answers need no quotes.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    assert!(!text.contains('"'), "this reader takes no quotes");
    text.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

/// Equal as values: numbers by value (`40` is `40.0`), dates that carry a midnight as dates, all else to the letter.
fn same(got: &str, want: &str) -> bool {
    match (got.parse::<f64>(), want.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        _ => got.trim_end_matches(" 00:00:00") == want,
    }
}

fn compare(name: &str, got: &[Vec<String>], want: &[Vec<String>]) {
    assert_eq!(got.len(), want.len(), "{name}: rows\ngot {got:#?}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let equal = got.len() == want.len() && got.iter().zip(want).all(|(g, w)| same(g, w));
        assert!(equal, "{name}, row {i}:\n got {got:?}\nwant {want:?}");
    }
}

fn through_psql(server: &Server, database: &str) {
    for (name, sql, want) in questions() {
        let (out, err) = server.psql(database, &["--csv", "-v", "ON_ERROR_STOP=1", "-c", &sql]);
        assert!(!err.contains("ERROR"), "{name}: {err}");
        compare(&name, &csv_rows(&out), &want);
    }
}

#[test]
fn psql_answers_all_nine() {
    through_psql(Server::shared(), "open");
}

#[tokio::test]
async fn tokio_postgres_answers_all_nine() {
    let client = Server::shared().client("open").await;
    for (name, sql, want) in questions() {
        // Extended protocol, binary results; then the same rows as text through the simple protocol.
        let statement = client.prepare(&sql).await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let header: Vec<String> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        let rows = client.query(&statement, &[]).await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let mut got = vec![header];
        got.extend(rows.iter().map(|row| (0..row.len()).map(|i| shown(row, i)).collect()));
        compare(&name, &got, &want);
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
        Type::TEXT | Type::VARCHAR => row.get::<_, Option<String>>(i),
        Type::DATE => row.get::<_, Option<chrono::NaiveDate>>(i).map(|v| v.to_string()),
        other => panic!("no reader for a column of type {other}; cast it in the question"),
    };
    text.unwrap_or_default()
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
