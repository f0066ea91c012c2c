//! Published Parquet with bytes changed or claims blown up: every table is an error or has its rows, and the server is up after each.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::{City, asked, assert_unharmed};
use crate::harness::Server;

/// Rows enough for several pages.
const ROWS: i64 = 2000;

/// A file with small pages and a page index.
fn whole(packed: Compression, dictionary: bool) -> Vec<u8> {
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS).map(|n| n * 7 % 1000)));
    let d: ArrayRef = Arc::new(Float64Array::from_iter((0..ROWS).map(|n| (n % 5 > 0).then_some(n as f64 / 8.0))));
    let t: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| format!("text {}", n % 29))));
    let batch =
        RecordBatch::try_from_iter_with_nullable([("n", n, true), ("d", d, true), ("t", t, true)]).expect("of one length");
    let properties = WriterProperties::builder()
        .set_compression(packed)
        .set_dictionary_enabled(dictionary)
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(100)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("opens");
    writer.write(&batch).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

/// A file of these columns.
fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("of one length");
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("opens");
    writer.write(&batch).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

#[test]
fn parquet_of_different_years_is_one_table() {
    let city = City::new();
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let gone: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    city.file("y/2023.parquet", file(vec![("n", narrow), ("gone", gone)]));
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![3, 1 << 40]));
    let come: ArrayRef = Arc::new(Float64Array::from(vec![0.5, -0.5]));
    city.file("y/2024.parquet", file(vec![("come", come), ("n", wide)]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["z"]));
    city.file("z/2025.parquet", file(vec![("n", text)]));
    let described = |name: &str, paths: &str| {
        let package = format!(r#"{{"name": "{name}", "theme": "t", "resources": [{{"name": "{name}", "path": [{paths}]}}]}}"#);
        city.file(&format!("{name}.datapackage.json"), package);
    };
    described("years", r#""y/2023.parquet", "y/2024.parquet""#);
    described("mixed", r#""y/2023.parquet", "z/2025.parquet""#);
    let server = Server::start(city.setup());
    for (sql, want) in [
        ("select n, gone, come from t.years order by n", "1|x|\n2|y|\n3||0.5\n1099511627776||-0.5\n"),
        ("select min(n), max(n), count(gone), count(come), count(*) from t.years", "1|1099511627776|2|2|4\n"),
        ("select min(n), max(gone), min(come) from t.years where n < 3", "1|y|\n"),
        ("select n from t.years where n > 2 order by 1", "3\n1099511627776\n"),
        ("select n from t.years where gone is null and come < 0", "1099511627776\n"),
        ("select n from t.years where gone = 'y'", "2\n"),
    ] {
        assert_eq!(asked(&server, sql), want, "{sql}");
    }
    let mixed = asked(&server, "select n from t.mixed");
    assert!(mixed.contains("2023.parquet and") && mixed.contains("column n is Int32 and Utf8"), "{mixed}");
    assert_unharmed(&server);
}

#[test]
fn changed_parquet_is_an_error_or_has_its_rows() {
    let city = City::new();
    let mut tables = 0;
    for (packed, dictionary) in [(Compression::UNCOMPRESSED, false), (Compression::SNAPPY, true), (Compression::LZ4_RAW, false)] {
        let whole = whole(packed, dictionary);
        for place in (4..whole.len()).step_by(whole.len() / 50) {
            for byte in [0x00, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[place] = byte;
                city.file(&format!("c{tables}.parquet"), changed);
                city.describe(&format!("c{tables}"), &format!("c{tables}.parquet"), "");
                tables += 1;
            }
        }
    }
    let server = Server::start(city.setup());
    let mut answered = 0;
    for table in 0..tables {
        let sql = format!(
            "select count(*), count(n), count(t) from (select n, d, t from t.c{table} where n >= -9223372036854775808) x"
        );
        let shown = asked(&server, &sql);
        assert!(!shown.contains("XX000") && !shown.contains("server closed"), "c{table}: {shown}");
        if !shown.contains("ERROR") {
            answered += 1;
            let counts: Vec<i64> = shown.trim().split('|').map(|n| n.parse().expect("a number")).collect();
            // Levels say which values are NULL, and no checksum is over them here.
            assert!(counts.iter().all(|n| *n <= ROWS), "c{table}: {shown}");
        }
    }
    assert!(answered > 0 && answered < tables, "{answered} of {tables} answered");
    assert_unharmed(&server);
}
