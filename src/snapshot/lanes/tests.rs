//! Columns side by side: what arrives is what was sent, whoever stops.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema};

use super::*;
use crate::snapshot::ReadAs;
use crate::snapshot::layout::ColumnLayout;
use crate::snapshot::ledger::TextSeen;
use crate::snapshot::order::RowOrder;

/// A table of nothing but the hidden columns.
fn table() -> Table {
    let fields = vec![Field::new("file", DataType::Utf8View, false), Field::new("row", DataType::Int64, false)];
    let schema = Arc::new(Schema::new(fields));
    Table { plans: Vec::new(), places: vec![Vec::new()], schema, explained: Vec::new(), drift: Vec::new() }
}

fn seen() -> TextSeen {
    let read = ReadAs { file: "f".into(), encoding: Some("utf-8".into()), guessed: false, dialect: None };
    TextSeen { read, seen: FileSeen::default(), undecodable: false, rejected: 0, rejects: 0 }
}

fn laid(order: Option<RowOrder>) -> Laid {
    Laid { layouts: vec![ColumnLayout::default(); 2], order }
}

fn batch(line: u64) -> Cells {
    Cells { lines: vec![line], ..Cells::default() }
}

const BATCHES: u64 = 200;

#[test]
fn nothing_piles_up_when_nobody_takes_what_is_made() {
    let (table, seen, laid) = (table(), seen(), laid(None));
    let texts = [Text::Kept { text: &seen, before: 0 }];
    let lanes = Lanes::new(&table, &texts, &laid, Trust::Proof, 1).expect("two lanes");
    let pushed = AtomicU64::new(0);
    let (made, out) = lanes.out();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (made, lanes) = (made.clone(), &lanes);
            scope.spawn(move || lanes.work(&made).expect("encodes"));
        }
        drop(made);
        scope.spawn(|| {
            let _pushing = lanes.pushing();
            for line in 1..=BATCHES {
                let ends = if line == BATCHES { Ends::Part } else { Ends::Nothing };
                assert!(lanes.push(batch(line), ends), "nobody abandoned them");
                pushed.fetch_add(1, Ordering::Relaxed);
            }
        });
        std::thread::sleep(Duration::from_millis(100));
        let waiting = pushed.load(Ordering::Relaxed);
        // Those in the window, as many behind it, and the one that is about to go there.
        assert!(waiting <= 2 * lanes.window as u64 + 1, "{waiting} batches are held");
        let (mut lines, mut chunks) = (Vec::new(), Vec::new());
        for made in out {
            match made {
                Made::Batch(batch) => lines.extend(batch.cells.lines.iter().copied()),
                Made::Chunk { group, column, .. } => chunks.push((group, column)),
            }
        }
        chunks.sort_unstable();
        assert_eq!((lines, chunks), ((1..=BATCHES).collect(), vec![(0, 0), (0, 1)]));
    });
}

#[test]
fn all_end_when_what_is_made_has_no_taker() {
    let (table, seen, laid) = (table(), seen(), laid(None));
    let texts = [Text::Kept { text: &seen, before: 0 }];
    let lanes = Lanes::new(&table, &texts, &laid, Trust::Proof, 2).expect("two lanes");
    let (made, out) = lanes.out();
    drop(out);
    let pushed = std::thread::scope(|scope| {
        for _ in 0..2 {
            let (made, lanes) = (made.clone(), &lanes);
            scope.spawn(move || lanes.work(&made).expect("ends without an error of its own"));
        }
        let _pushing = lanes.pushing();
        (1..=BATCHES).take_while(|line| lanes.push(batch(*line), Ends::Nothing)).count() as u64
    });
    assert!(pushed < BATCHES, "the reader is told to stop");
}
