//! Row groups: where one ends, by its rows and by the bytes that are in memory until it does.

use crate::snapshot::cells::Cells;
use crate::snapshot::lanes::Ends;
use crate::snapshot::layout::{GROUP_ROWS, GROUP_TEXT};
use crate::snapshot::order::HELD_BYTES;

/// How large the row group is so far.
pub(super) struct Group {
    /// It is held until it is whole, in so many columns.
    held: Option<usize>,
    rows: usize,
    /// Of text, or of all that is held.
    bytes: u64,
}

impl Group {
    /// One without rows, that is held in so many columns if it is.
    pub(super) fn new(held: Option<usize>) -> Self {
        Self { held, rows: 0, bytes: 0 }
    }

    /// Adds a batch; whether the group ends with it.
    pub(super) fn add(&mut self, cells: &Cells) -> Ends {
        self.rows += cells.rows();
        let (bytes, most) = match self.held {
            Some(columns) => (held_bytes(cells, columns), HELD_BYTES),
            None => (cells.text.len() as u64, GROUP_TEXT),
        };
        self.bytes += bytes;
        if self.rows < GROUP_ROWS && self.bytes < most {
            return Ends::Nothing;
        }
        self.end();
        Ends::Group
    }

    /// The next one begins.
    pub(super) fn end(&mut self) {
        (self.rows, self.bytes) = (0, 0);
    }
}

/// What a batch takes, about, as so many columns that are held: hardly a value takes more than a view and its text.
pub(in crate::snapshot) fn held_bytes(cells: &Cells, columns: usize) -> u64 {
    (cells.rows() * columns * size_of::<u128>() + cells.text.len() + cells.made.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_end_by_rows_and_by_what_they_hold() {
        let batch = |rows: usize, text: usize| Cells { lines: vec![1; rows], text: "x".repeat(text), ..Cells::default() };
        for (what, held, rows, text, groups_of) in [
            ("few columns", None, 1 << 16, 1 << 20, 16),
            ("long text", None, 100, 1 << 24, 16),
            ("held, few columns", Some(4), 1 << 16, 1 << 20, 16),
            ("held, more columns", Some(9), 1 << 16, 1 << 20, 13),
            ("held, wide", Some(400), 1 << 10, 1 << 20, 18),
            ("held, long text", Some(4), 100, 1 << 24, 8),
        ] {
            let mut group = Group::new(held);
            let batch = batch(rows, text);
            for round in 0..2 {
                let nth = (1..).find(|_| group.add(&batch) == Ends::Group);
                assert_eq!(nth, Some(groups_of), "{what}, {round}");
            }
            if let Some(columns) = held {
                assert!((groups_of - 1) as u64 * held_bytes(&batch, columns) < HELD_BYTES, "{what}");
            }
        }
    }
}
