//! Tables whose rows come in no order are sorted within their row groups; others are not.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use parquet::file::metadata::SortingColumn;

use super::*;

/// Days and places in no order, and numbers. Every ten thousandth row has a field too many.
fn published(rows: u64, number: impl Fn(u64) -> u64) -> String {
    let mut text = "day,place,number\n".to_owned();
    for row in 0..rows {
        let drawn = drawn(row);
        let (year, month, day) = (2000 + drawn % 20, drawn / 20 % 12 + 1, drawn / 240 % 28 + 1);
        let broken = if row % 10_000 == 9_999 { ",x" } else { "" };
        text.push_str(&format!("{year}-{month:02}-{day:02},P{},{}{broken}\n", drawn / 7000 % 90, number(row)));
    }
    text
}

fn drawn(row: u64) -> u64 {
    let x = (row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 33
}

#[tokio::test]
async fn rows_in_no_order_are_sorted_within_their_groups() {
    let mixed = |row: u64| drawn(row + 7) % 1_000_000_007;
    let (few, many) = (60_000, 120_000);
    let by_number: fn(u64) -> u64 = |row| row;
    for (what, rows_read, text, sorted) in [
        ("no order", many, published(many, mixed), true),
        ("few rows", few, published(few, mixed), false),
        ("by number", many, published(many, by_number), false),
    ] {
        let bench = Bench::new();
        bench.put("t.csv", text.as_bytes()).await;
        let snapshot = bench.touch(&csv("mem://t.csv")).await.expect(what);
        let rejected = rows_read / 10_000;
        let counts = (snapshot.rows_read, snapshot.rejects, snapshot.rows);
        assert_eq!(counts, (rows_read, rejected, rows_read - rejected), "{what}");
        let rejects = bench.snapshots.rejects(&snapshot);
        let lines: Vec<u64> = rejects.expect(what).map(|r| r.expect(what).line).collect();
        assert_eq!(lines, (1..=rejected).map(|n| n * 10_000 + 1).collect::<Vec<_>>(), "{what}");

        let lines: Vec<&str> = text.lines().collect();
        let (mut days, mut found) = (Vec::new(), Vec::new());
        for batch in rows(&snapshot) {
            let shown = |name: &str, row| array_value_to_string(batch.column_by_name(name).expect(name), row).expect("shows");
            let source = batch.column_by_name("_source_row").expect("is there").as_primitive::<Int64Type>();
            assert_eq!(batch.column(0).data_type(), &DataType::Date32);
            for row in 0..batch.num_rows() {
                let line = source.value(row) as usize;
                let cells = format!("{},{},{}", shown("day", row), shown("place", row), shown("number", row));
                assert_eq!(cells, lines[line - 1], "{what}: line {line}");
                found.push(line);
                days.push(shown("day", row));
            }
        }
        assert_eq!((days.is_sorted(), found.is_sorted()), (sorted, !sorted), "{what}");
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len() as u64, snapshot.rows, "{what}");

        let Layout::Written(parts) = &snapshot.layout else { panic!("{what} is not written") };
        let file = std::fs::File::open(&parts[0].path).expect("stands");
        let read = ParquetRecordBatchReaderBuilder::try_new(file).expect("is Parquet");
        let by_day = vec![SortingColumn { column_idx: 0, descending: false, nulls_first: true }];
        assert_eq!(read.metadata().row_group(0).sorting_columns(), sorted.then_some(&by_day), "{what}");
    }
}
