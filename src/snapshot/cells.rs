//! Cells: one batch of records as flat text and spans into it, before it has types. Which format the text came from, and what a
//! cell means, is not known here.

use std::ops::Range;
use std::sync::Arc;

use super::decode::Bad;

/// The longest text a span can name, in bytes (28 bits).
pub(super) const MAX_SPAN: usize = (1 << 28) - 1;

/// Cells of a batch, about: a batch of a wide table has fewer rows, so that its spans take no more than 32 MB.
pub(super) const MAX_CELLS: usize = 1 << 22;

/// Text of a batch that is made of records one by one, about, in bytes.
pub(super) const BATCH_BYTES: usize = 1 << 20;

/// Records of such a batch, at most.
pub(super) const BATCH_ROWS: usize = 1 << 16;

/// How much of a record that can't be read is kept in its reject, in bytes.
pub(super) const RAW_LIMIT: usize = 2000;

/// What the format says of a cell, before anyone looks at its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellKind {
    /// No cell: a short row, a JSON `null`, a key that the record lacks. It has a text where a fault tells what is wrong: the fault's reason.
    Absent,
    /// Text of a format without types: any type may be in it.
    Plain,
    /// A JSON string: text that the publisher kept apart from numbers.
    String,
    /// A JSON number or boolean, as written.
    Scalar,
    /// A JSON object or array, as written.
    Nested,
    /// Text with bytes that its encoding does not have.
    Undecodable,
}

/// Where a cell's text is: the start, and length, place and kind in one word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: u32,
    /// Length in the upper 28 bits, then one bit for "in `made`", then three for the kind.
    packed: u32,
}

impl CellKind {
    /// A number of at most three bits, 0 for [`Self::Absent`].
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Plain => 1,
            Self::String => 2,
            Self::Scalar => 3,
            Self::Nested => 4,
            Self::Undecodable => 5,
        }
    }

    /// The kind of a [`Self::code`]; `None` when it is of none.
    pub(super) const fn of_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Absent,
            1 => Self::Plain,
            2 => Self::String,
            3 => Self::Scalar,
            4 => Self::Nested,
            5 => Self::Undecodable,
            _ => return None,
        })
    }
}

impl Span {
    /// No cell.
    pub(super) const ABSENT: Self = Self { start: 0, packed: 0 };

    /// A span of `len` bytes from `start`; in the made text when `made`. `len` is at most [`MAX_SPAN`].
    pub(super) fn new(start: usize, len: usize, made: bool, kind: CellKind) -> Self {
        debug_assert!(len <= MAX_SPAN && u32::try_from(start).is_ok(), "batches are far smaller than 4 GB");
        Self { start: start as u32, packed: (len as u32) << 4 | u32::from(made) << 3 | u32::from(kind.code()) }
    }

    fn kind(self) -> CellKind {
        // A span is made of a kind only; a panic would cost in the loop over all cells.
        CellKind::of_code((self.packed & 7) as u8).unwrap_or(CellKind::Undecodable)
    }

    /// Its text, in the batch's or in what was made.
    pub(super) fn bytes<'a>(self, text: &'a [u8], made: &'a [u8]) -> &'a [u8] {
        &(if self.is_made() { made } else { text })[self.range()]
    }

    fn is_made(self) -> bool {
        self.packed & 8 != 0
    }

    fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + (self.packed >> 4) as usize
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    pub(super) kind: CellKind,
    pub(super) text: &'a str,
}

/// A record that did not have the table's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: u64,
    /// Where the row is kept, the column of the file that is at fault, of a short row the first that it lacks; `None` when the row is left
    /// out.
    pub(super) column: Option<usize>,
    pub(super) raw: String,
    pub(super) expected: String,
    pub(super) reason: String,
}

/// A batch of records of one file: row-major spans, so that reading writes them in order; a column is read with a stride.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// Whole records as they stand in the file.
    pub(super) text: String,
    /// Cells that had to be made: unescaped quotes, JSON strings with escapes, geometries.
    pub(super) made: String,
    pub(super) spans: Vec<Span>,
    /// Spans a row.
    pub(super) width: usize,
    /// The 1-based line on which each row starts.
    pub(super) lines: Vec<u64>,
    /// Rows that were not of this shape, those left out and those filled up.
    pub(super) faults: Vec<Fault>,
    /// Which file of the table, counted from 0.
    pub(super) file: usize,
    /// The file's columns known so far, at least `width`.
    pub(super) names: Arc<Vec<String>>,
    /// The fields are parted by something else than a comma, so that a comma in a cell is most likely a decimal mark.
    pub(super) commas_free: bool,
    /// The file's bytes read so far, this batch included.
    pub(super) bytes_read: u64,
    /// What in `text` could not be decoded, ascending, each `at` an offset in it; and the encoding that it is not.
    pub(super) bad: Vec<Bad>,
    pub(super) encoding: &'static str,
}

impl Cells {
    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Rows that are in no batch because they could not be read as one.
    pub(super) fn rejected(&self) -> u64 {
        self.faults.iter().filter(|f| f.column.is_none()).count() as u64
    }

    /// The cells of a column of the file, top to bottom; absent ones when the batch has fewer columns.
    pub(super) fn column(&self, index: usize) -> impl Iterator<Item = Cell<'_>> {
        let spans = if index < self.width { self.spans.get(index..).unwrap_or_default() } else { &[] };
        let width = self.width.max(1);
        let absent = if index < self.width { 0 } else { self.rows() };
        let missing = std::iter::repeat_n(Cell { kind: CellKind::Absent, text: "" }, absent);
        spans.iter().step_by(width).map(|s| self.cell(*s)).chain(missing)
    }

    /// The kinds and bytes of a column of the file that every row has, top to bottom: [`Self::column`] for those who look at bytes
    /// only. `index` is less than `width`.
    pub(super) fn bytes(&self, index: usize) -> impl Iterator<Item = (CellKind, &[u8])> {
        let (text, made) = (self.text.as_bytes(), self.made.as_bytes());
        let spans = self.spans.get(index..).unwrap_or_default().iter().step_by(self.width.max(1));
        spans.map(move |s| (s.kind(), s.bytes(text, made)))
    }

    fn cell(&self, span: Span) -> Cell<'_> {
        let from = if span.is_made() { &self.made } else { &self.text };
        Cell { kind: span.kind(), text: &from[span.range()] }
    }

    /// Marks the cells that `bad` (places in `text`, ascending) falls into, so that no stand-in character becomes a value. A cell that was
    /// made is looked for within its row, where `rows` tells the rows' places in `text`, else between its neighbours, which then stand in
    /// the text in their order.
    pub(super) fn mark_undecodable(&mut self, bad: Vec<Bad>, encoding: &'static str, rows: Option<&[Range<usize>]>) {
        if bad.is_empty() {
            return;
        }
        let falls_into = |range: &Range<usize>| {
            let first = bad.partition_point(|b| b.at < range.start as u64);
            bad.get(first).is_some_and(|b| range.contains(&(b.at as usize)))
        };
        for place in 0..self.spans.len() {
            let span = self.spans[place];
            let range = span.range();
            let hit = if span.kind() == CellKind::Absent {
                false
            } else if span.is_made() {
                // The character itself may be published.
                self.made[range.clone()].contains(STAND_INS)
                    && rows.map_or_else(
                        || falls_into(&self.between(place)),
                        |rows| rows.get(place / self.width).is_none_or(&falls_into),
                    )
            } else {
                falls_into(&range)
            };
            if hit {
                self.spans[place] = Span::new(range.start, range.len(), span.is_made(), CellKind::Undecodable);
            }
        }
        (self.bad, self.encoding) = (bad, encoding);
    }

    /// Where in the text a made cell stands: between its neighbours.
    fn between(&self, place: usize) -> Range<usize> {
        let end = |s: &Span| (!s.is_made() && s.kind() != CellKind::Absent).then(|| s.range().end);
        let start = |s: &Span| (!s.is_made() && s.kind() != CellKind::Absent).then(|| s.range().start);
        let from = self.spans[..place].iter().rev().find_map(end).unwrap_or(0);
        from..self.spans[place + 1..].iter().find_map(start).unwrap_or(self.text.len())
    }

    /// An undecodable cell's text, with its bytes written out, and what is wrong with it.
    pub(super) fn undecodable(&self, row: usize, column: usize) -> (String, String) {
        let place = row * self.width + column;
        let span = self.spans[place];
        let Range { start, end } = if span.is_made() { self.between(place) } else { span.range() };
        let first = self.bad.partition_point(|b| b.at < start as u64);
        let mut left = self.bad[first..].iter().take_while(|b| b.at < end as u64);
        let reason = left
            .clone()
            .next()
            .map_or_else(|| "holds bytes that its encoding does not have".to_owned(), |b| b.reason(self.encoding));
        (Bad::written_out(self.cell(span).text, &mut left), reason)
    }
}

/// What stands in a decoded text for what is none.
const STAND_INS: [char; 2] = ['\u{FFFD}', '\0'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_keeps_its_parts() {
        for kind in
            [CellKind::Absent, CellKind::Plain, CellKind::String, CellKind::Scalar, CellKind::Nested, CellKind::Undecodable]
        {
            for (start, len, made) in [(0, 0, false), (7, MAX_SPAN, true), (1 << 31, 3, false)] {
                let span = Span::new(start, len, made, kind);
                assert_eq!((span.range(), span.is_made(), span.kind()), (start..start + len, made, kind));
            }
        }
    }

    #[test]
    fn a_published_stand_in_is_a_value() {
        // The second record has a character that can't be decoded, the first one that is published so.
        let text = "x,\"\u{FFFD}\"\"\",z\nx,\"\u{FFFD}\"\"\",z\n";
        let made = "\u{FFFD}\"\u{FFFD}\"";
        let record = text.len() / 2;
        let bad = |at: usize| Bad::default().moved(0, at as u64);
        for rows in [None, Some(&[0..record, record..2 * record][..])] {
            let spans = (0..2).flat_map(|row| {
                [
                    Span::new(row * record, 1, false, CellKind::Plain),
                    Span::new(row * 4, 4, true, CellKind::Plain),
                    Span::new((row + 1) * record - 2, 1, false, CellKind::Plain),
                ]
            });
            let mut cells = Cells {
                text: text.to_owned(),
                made: made.to_owned(),
                spans: spans.collect(),
                width: 3,
                lines: vec![1, 2],
                ..Cells::default()
            };
            cells.mark_undecodable(vec![bad(record + 3)], "UTF-8", rows);
            let kinds: Vec<CellKind> = cells.column(1).map(|c| c.kind).collect();
            assert_eq!(kinds, [CellKind::Plain, CellKind::Undecodable], "{rows:?}");
        }
    }

    #[test]
    fn columns_are_read_with_a_stride() {
        let plain = |s, l| Span::new(s, l, false, CellKind::Plain);
        let cells = Cells {
            text: "a,bc\nd,ef\n".into(),
            spans: vec![plain(0, 1), plain(2, 2), plain(5, 1), plain(7, 2)],
            width: 2,
            lines: vec![1, 2],
            ..Cells::default()
        };
        let column = |i| cells.column(i).map(|c| c.text).collect::<Vec<_>>();
        assert_eq!((column(0), column(1), column(2)), (vec!["a", "d"], vec!["bc", "ef"], vec!["", ""]));
    }
}
