//! Files in folders named `key=value`, asked through a client: the keys are columns, of text, of what is scanned in place and of what is
//! read in one pass alike, and a filter on one passes over the files of other folders.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use tokio_postgres::Client;

use crate::harness::{Server, Setup, check, rows};

/// The folders of each table.
const FOLDERS: [&str; 4] = [
    "year=2023/month=07/at=2023-07-01",
    "year=2024/month=11/at=2024-11-30",
    "year=__HIVE_DEFAULT_PARTITION__/month=02/at=2024-02-29",
    "year=2025",
];

/// The rows of all tables, in the order of their files.
const ROWS: &str = "1|2023|7|2023-07-01\n2|2023|7|2023-07-01\n1|2024|11|2024-11-30\n2|2024|11|2024-11-30\n\
    1|2025||\n2|2025||\n1||2|2024-02-29\n2||2|2024-02-29";

fn batch() -> RecordBatch {
    RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1, 2])) as _)]).expect("a column")
}

fn parquet() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch().schema(), None).expect("opens");
    writer.write(&batch()).expect("writes to memory");
    writer.close().expect("writes to memory");
    bytes
}

fn arrow() -> Vec<u8> {
    let mut writer = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch().schema()).expect("opens");
    writer.write(&batch()).and_then(|()| writer.into_inner()).expect("writes to memory")
}

fn arrow_stream() -> Vec<u8> {
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), &batch().schema()).expect("opens");
    writer.write(&batch()).and_then(|()| writer.into_inner()).expect("writes to memory")
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::create_dir_all(folder).expect("a folder can be made");
    std::fs::write(folder.join(name), bytes).expect("a file can be written");
}

async fn plan(client: &Client, sql: &str) -> String {
    let found = rows(client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    found.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn folders_are_columns_of_every_format() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let formats: [(&str, &str, Vec<u8>); 5] = [
        ("texts", "part.csv", b"n\n1\n2\n".to_vec()),
        ("lines", "part.ndjson", b"{\"n\":1}\n{\"n\":2}\n".to_vec()),
        ("inplace", "part.parquet", parquet()),
        ("arrows", "part.arrow", arrow()),
        ("streams", "part.arrows", arrow_stream()),
    ];
    for (table, name, bytes) in &formats {
        for partition in FOLDERS {
            write(&folder.path().join(table).join(partition), name, bytes);
        }
    }
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    for (table, ..) in &formats {
        check(&client, &format!("SELECT * FROM {table}.{table}"), ROWS).await;
        let columns = format!(
            "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) \
             FROM information_schema.columns WHERE table_name = '{table}'"
        );
        check(&client, &columns, "n bigint, year bigint, month bigint, at date").await;
        for (filter, want) in [
            ("year = 2024", "2"),
            ("year IS NULL", "2"),
            ("year < 2025 AND n = 1", "2"),
            ("month IN (2, 7) OR n = 2", "6"),
            ("at >= DATE '2024-02-29'", "4"),
            ("year = 1900", "0"),
        ] {
            check(&client, &format!("SELECT count(*) FROM {table}.{table} WHERE {filter}"), want).await;
        }
        check(&client, &format!("SELECT max(at), min(month), count(year) FROM {table}.{table}"), "2024-11-30|2|6").await;
        let drift = "SELECT column_name, kind FROM catalog.drift WHERE kind = 'dropped' AND table_name";
        check(&client, &format!("{drift} = '{table}' ORDER BY 1"), "at|dropped\nmonth|dropped").await;
    }
    for table in ["inplace", "arrows"] {
        let plan = plan(&client, &format!("EXPLAIN SELECT n FROM {table}.{table} WHERE year = 2024")).await;
        assert!(plan.contains("year=2024") && !plan.contains("year=2023") && !plan.contains("year=2025"), "{plan}");
    }
    let asked = client.query_one("SELECT count(*) FROM inplace.inplace WHERE year = $1", &[&2024_i64]).await.expect("answers");
    assert_eq!(asked.get::<_, i64>(0), 2);
    // The row group without a year is kept: its bounds are not known.
    let plan = plan(&client, "EXPLAIN ANALYZE SELECT n FROM texts.texts WHERE year = 2024").await;
    assert!(plan.contains("row_groups_pruned_statistics=4 total → 2 matched"), "{plan}");
}

#[tokio::test]
async fn declared_files_have_them_and_their_own_columns_stand() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("kind=a%2Fb/zip=01234"), "x.csv", b"kind,n\nown,1\n");
    write(&folder.path().join("kind=c/zip=20095"), "x.csv", b"n\n2\n");
    let package = r#"{"name": "sets", "theme": "test", "resources": [{"name": "all", "path": "kind=*/**/*.csv", "format": "csv",
        "schema": {"fieldsMatch": "partial", "fields": [{"name": "zip", "type": "string", "title": "Postcode"}]}}]}"#;
    write(folder.path(), "datapackage.json", package.as_bytes());
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    check(&client, "SELECT * FROM test.sets", "own|1|01234\nc|2|20095").await;
}
