//! What every format must do, and how each one looks.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use expect_test::{Expect, expect};

use super::*;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int32, false),
        Field::new("名前", DataType::Utf8, true),
        Field::new("share", DataType::Float64, true),
    ]))
}

fn batch(from: i32, to: i32) -> RecordBatch {
    let names = (from..to).map(|i| match i % 3 {
        0 => Some(format!("Überlingen, \"{i}\"")),
        1 => Some("東京".to_owned()),
        _ => None,
    });
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(from..to)),
        Arc::new(names.collect::<StringArray>()),
        Arc::new((from..to).map(|i| (i % 2 == 0).then_some(f64::from(i) / 4.0)).collect::<Float64Array>()),
    ];
    RecordBatch::try_new(schema(), columns).expect("the columns are the schema's")
}

fn written(style: Style, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut sink = style.sink(pg_value::Style::default(), &mut out);
    sink.begin(&schema())?;
    for batch in batches {
        sink.batch(batch)?;
    }
    sink.finish()?;
    Ok(out)
}

/// The ids in a written result, read back by other means than the sink's.
fn ids(format: Format, bytes: Vec<u8>) -> Vec<i32> {
    let text = || String::from_utf8(bytes.clone()).expect("the text formats are UTF-8");
    let first = |line: &str, end: char| line.split(end).next().map(str::trim).and_then(|id| id.parse().ok());
    let column = |batch: RecordBatch| batch.column(0).as_any().downcast_ref::<Int32Array>().map(|a| a.values().to_vec());
    match format {
        Format::Table => text().lines().skip(2).filter_map(|line| first(line, '|')).collect(),
        Format::Csv => text().lines().skip(1).filter_map(|line| first(line, ',')).collect(),
        Format::Json => {
            let rows: Vec<serde_json::Value> = serde_json::from_slice(&bytes).expect("it is one JSON array");
            rows.iter().filter_map(|row| row["id"].as_i64()).map(|id| id as i32).collect()
        }
        Format::NdJson => {
            let row = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON");
            text().lines().filter_map(|line| row(line)["id"].as_i64()).map(|id| id as i32).collect()
        }
        Format::Parquet => {
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes));
            let batches = reader.and_then(|r| r.build()).expect("it is a Parquet file");
            batches.flat_map(|b| column(b.expect("each batch reads")).expect("ids are int4")).collect()
        }
        Format::Arrow => {
            let batches =
                arrow::ipc::reader::FileReader::try_new(std::io::Cursor::new(bytes), None).expect("it is an Arrow file");
            batches.flat_map(|b| column(b.expect("each batch reads")).expect("ids are int4")).collect()
        }
    }
}

#[test]
fn every_format_keeps_every_row_in_order() {
    for format in ALL {
        for (batches, rows) in [
            (vec![], 0),
            (vec![batch(0, 0)], 0),
            (vec![batch(0, 3)], 3),
            (vec![batch(0, 5), batch(5, 5), batch(5, 12_000)], 12_000),
        ] {
            let bytes = written(Style::new(format), &batches).unwrap_or_else(|e| panic!("{}: {e}", format.name()));
            assert_eq!(ids(format, bytes), (0..rows).collect::<Vec<_>>(), "{} of {rows} rows", format.name());
        }
    }
}

#[test]
fn every_format_tells_of_a_full_disk() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    for format in ALL {
        let mut out = Full;
        let mut sink = Style::new(format).sink(pg_value::Style::default(), &mut out);
        let ran = sink.begin(&schema()).and_then(|()| sink.batch(&batch(0, 3))).and_then(|()| sink.finish());
        assert_eq!(ran.map_err(|e| e.kind()), Err(Kind::DiskFull), "{}", format.name());
    }
}

#[test]
fn every_format_is_found_by_its_name() {
    for format in ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
        assert!(Format::NAMES.contains(format.name()));
    }
    assert_eq!(Format::from_name("xml"), None);
}

fn check(style: Style, want: Expect) {
    let bytes = written(style, &[batch(0, 3)]).expect("a Vec takes all");
    want.assert_eq(&String::from_utf8(bytes).expect("the text formats are UTF-8"));
}

#[test]
fn text_formats_look_as_their_readers_expect() {
    check(
        Style::new(Format::Table),
        expect![[r#"
             id |      名前       | share 
            ----+-----------------+-------
              0 | Überlingen, "0" |     0
              1 | 東京            |      
              2 |                 |   0.5
            (3 rows)

        "#]],
    );
    check(
        Style { format: Format::Table, expanded: true },
        expect![[r#"
            -[ RECORD 1 ]
            id    | 0
            名前  | Überlingen, "0"
            share | 0
            -[ RECORD 2 ]
            id    | 1
            名前  | 東京
            share |
            -[ RECORD 3 ]
            id    | 2
            名前  |
            share | 0.5

        "#]],
    );
    check(
        Style::new(Format::Csv),
        expect![[r#"
            id,名前,share
            0,"Überlingen, ""0""",0
            1,東京,
            2,,0.5
        "#]],
    );
    check(
        Style::new(Format::NdJson),
        expect![[r#"
            {"id":0,"名前":"Überlingen, \"0\"","share":0.0}
            {"id":1,"名前":"東京","share":null}
            {"id":2,"名前":null,"share":0.5}
        "#]],
    );
}

#[test]
fn a_cell_of_several_lines_is_marked() {
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8, true), Field::new("b", DataType::Utf8, true)]));
    let column = |texts: [&str; 2]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
    let batch =
        RecordBatch::try_new(Arc::clone(&schema), vec![column(["one\ntwo", "x"]), column(["1", "2\n3"])]).expect("two columns");
    let mut out = Vec::new();
    let mut sink = Style::new(Format::Table).sink(pg_value::Style::default(), &mut out);
    sink.begin(&schema).and_then(|()| sink.batch(&batch)).and_then(|()| sink.finish()).expect("a Vec takes all");
    expect![[r#"
          a  | b 
        -----+---
         one+| 1
         two | 
         x   | 2+
             | 3
        (2 rows)

    "#]]
    .assert_eq(&String::from_utf8(out).expect("it is UTF-8"));
}
