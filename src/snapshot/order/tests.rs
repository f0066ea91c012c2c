//! Which tables are sorted, by what, and in which stretches.

use std::sync::Arc;

use arrow::array::{Date32Array, Float64Array, Int64Array, StringViewArray};
use arrow::datatypes::Schema;

use super::super::cells::{CellKind, Span};
use super::*;

const ROWS: u64 = 3000;

/// A number that follows no order.
fn drawn(row: u64, seed: u64) -> u64 {
    let mut x = row.wrapping_add(seed << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 33
}

fn ints(of: impl Fn(u64) -> u64) -> Option<ArrayRef> {
    Some(Arc::new((0..ROWS).map(|row| of(row) as i64).collect::<Int64Array>()))
}

fn days(of: impl Fn(u64) -> u64) -> Option<ArrayRef> {
    Some(Arc::new((0..ROWS).map(|row| of(row) as i32).map(Some).collect::<Date32Array>()))
}

fn texts(of: impl Fn(u64) -> u64) -> Option<ArrayRef> {
    Some(Arc::new(StringViewArray::from_iter_values((0..ROWS).map(|row| format!("S{:09}", of(row))))))
}

#[test]
fn rows_in_no_order_have_a_key() {
    let amounts = || ints(|row| drawn(row, 1) % 900);
    let order = |key, still: &[usize]| Some(RowOrder { key, still: still.to_vec() });
    for (what, sample, want) in [
        ("time comes first", vec![amounts(), texts(|r| drawn(r, 2) % 80), days(|r| drawn(r, 3) % 900)], order(2, &[])),
        ("then the most values", vec![texts(|r| drawn(r, 2) % 20), texts(|r| drawn(r, 3) % 80), amounts()], order(1, &[])),
        ("then a key", vec![amounts(), texts(|r| drawn(r, 2)), ints(|r| drawn(r, 3))], order(1, &[])),
        ("amounts are no key", vec![amounts(), amounts()], None),
        ("one of two kinds is none", vec![texts(|r| drawn(r, 2) % 2)], None),
        ("a constant is none, and may part the rows", vec![days(|_| 7), texts(|r| drawn(r, 2) % 80)], order(1, &[0])),
        ("they ascend by number", vec![days(|r| drawn(r, 3) % 900), ints(|r| r)], None),
        ("they descend", vec![days(|r| drawn(r, 3) % 900), ints(|r| ROWS - r)], None),
        ("nearly by number", vec![days(|r| drawn(r, 3) % 900), ints(|r| r * 10 + drawn(r, 4) % 500)], None),
        ("by place, the places in no order", vec![days(|r| drawn(r, 3) % 900), texts(|r| drawn(r / 50, 2))], None),
        ("years as amounts", vec![days(|r| drawn(r, 3) % 900), ints(|r| 2000 + r / 1000)], None),
        ("a rare mark says nothing", vec![days(|r| drawn(r, 3) % 900), ints(|r| u64::from(r % 1500 < 2))], order(0, &[])),
        (
            "numbers of no order, with fractions",
            vec![
                Some(Arc::new((0..ROWS).map(|r| drawn(r, 1) as f64 / 7.0).collect::<Float64Array>()) as ArrayRef),
                texts(|r| drawn(r, 2) % 80),
            ],
            order(1, &[]),
        ),
        ("a column that no file has", vec![None, days(|r| drawn(r, 3) % 900)], order(1, &[])),
    ] {
        assert_eq!(RowOrder::of(&sample, 100), want, "{what}");
    }
}

#[test]
fn few_rows_and_wide_ones_stay() {
    let sample = [days(|r| drawn(r, 3) % 900)];
    let most = HELD_BYTES / SORTED_ROWS as u64;
    assert_eq!([most, most + 1].map(|bytes| RowOrder::of(&sample, bytes).is_some()), [true, false]);
    let few = sample.map(|values| values.map(|v| v.slice(0, TELLING - 1)));
    assert_eq!(RowOrder::of(&few, 100), None);
}

/// So many rows of a file, which has one column of the same text.
fn batch(file: usize, rows: usize, text: &str) -> Cells {
    let spans = vec![Span::new(0, text.len(), false, CellKind::Plain); rows];
    Cells { text: text.to_owned(), spans, width: 1, lines: vec![1; rows], file, ..Cells::default() }
}

#[test]
fn stretches_are_sorted_each_for_itself() {
    let table = Table {
        plans: Vec::new(),
        places: vec![vec![Some(0)]; 2],
        schema: Arc::new(Schema::empty()),
        explained: Vec::new(),
        drift: Vec::new(),
    };
    let order = RowOrder { key: 1, still: vec![0] };
    let half = SORTED_ROWS / 2;
    for (what, batches, sorted, whole) in [
        ("one", &[(0, half, "a"), (0, half, "a")][..], vec![(0, 2 * half)], true),
        ("few rows stay", &[(0, half, "a"), (0, half - 1, "a")], vec![], false),
        ("of two files", &[(0, half, "a"), (1, half, "a")], vec![], false),
        ("of two places", &[(0, half, "a"), (0, 2 * half, "b")], vec![(half, 3 * half)], false),
        ("of two files, both large", &[(0, 2 * half, "a"), (1, 2 * half, "a")], vec![(0, 2 * half), (2 * half, 4 * half)], false),
    ] {
        let mut stretches = Stretches::default();
        batches.iter().for_each(|(file, rows, text)| stretches.add(&order, &table, &batch(*file, *rows, text)));
        let rows: usize = batches.iter().map(|(_, rows, _)| rows).sum();
        let key: Int64Array = (0..rows as u64).map(|row| (row % 7 > 0).then(|| (drawn(row, 1) % 90) as i64)).collect();
        let arranged = stretches.end(&order, Some(&key), false).expect("is sorted");
        let mut want: Vec<u32> = (0..rows as u32).collect();
        for (from, to) in &sorted {
            let value = |row: &u32| key.is_valid(*row as usize).then(|| key.value(*row as usize));
            want[*from..*to].sort_by_key(value);
        }
        let by = whole.then_some(1);
        let got = arranged.map(|a| (a.rows.values().to_vec(), a.by));
        assert_eq!(got, (!sorted.is_empty()).then_some((want, by)), "{what}");
    }
}

#[test]
fn the_small_end_of_a_sorted_part_is_sorted() {
    let order = RowOrder { key: 0, still: Vec::new() };
    let table = Table {
        plans: Vec::new(),
        places: vec![Vec::new()],
        schema: Arc::new(Schema::empty()),
        explained: Vec::new(),
        drift: Vec::new(),
    };
    let mut stretches = Stretches::default();
    for (rows, last, sorted) in [(SORTED_ROWS, false, true), (2, true, true), (2, false, false)] {
        stretches.add(&order, &table, &batch(0, rows, "a"));
        let key: Int64Array = (0..rows as i64).rev().collect();
        let arranged = stretches.end(&order, Some(&key), last).expect("is sorted");
        assert_eq!(arranged.is_some(), sorted, "{rows}");
    }
    // A part may end with rejected rows only.
    for (rows, last, sorted) in [(SORTED_ROWS, false, true), (0, true, false), (2, false, false)] {
        if rows > 0 {
            stretches.add(&order, &table, &batch(0, rows, "a"));
        }
        let key: Int64Array = (0..rows as i64).rev().collect();
        let key: Option<&dyn Array> = if rows > 0 { Some(&key) } else { None };
        assert_eq!(stretches.end(&order, key, last).expect("is sorted").is_some(), sorted, "{rows}");
    }
}
