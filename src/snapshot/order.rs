//! Order: whether the rows of a table in which no column follows them are sorted within each row group, and by which column; why is told
//! in `docs/decisions/034-order-of-rows.md`. How rows are held until their group is whole is not known here.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, rank};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;

use super::cells::Cells;
use super::columns::Table;
use super::layout::TELLING;
use crate::error::{Error, Kind, Result};

/// Bytes of a row group that is held to be sorted, about: a view, a number or a NULL of each column and row, and the text.
pub(super) const HELD_BYTES: u64 = 128 << 20;

/// The fewest rows that are sorted: twenty pages. Where there are fewer, a filter has little to pass over.
const SORTED_ROWS: usize = 100_000;

/// Rows of the sample that are looked at.
const LOOKED: usize = 4096;

/// The fewest pairs of rows with two values: a column with fewer hardly varies.
const VARIED_PAIRS: usize = 64;

/// The fewest values of a column that is sorted by, so that one of them is found without reading nine tenths of the group.
const VARIED: usize = 10;

/// How the rows of a table that come in no order are sorted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RowOrder {
    /// The column, among the table's, by which rows are sorted.
    pub(super) key: usize,
    /// Columns that stay the same throughout the sample: rows may be published by one of them, which then parts what is sorted.
    still: Vec<usize>,
}

/// What a sample of rows that follow each other shows of one column.
struct Shown {
    /// Rows beside each other are more alike than rows far apart.
    follows: bool,
    /// As far as the sample goes, the value does not change, or once.
    is_still: bool,
    /// How many different ones there are, NULL among them.
    values: usize,
}

impl RowOrder {
    /// The order for a table whose columns have these values in a sample of rows that follow each other, of `row_bytes` each when they are
    /// held; `None` when the rows are to stay as they were published: where they have an order of their own, or few rows can be held.
    pub(super) fn of(sample: &[Option<ArrayRef>], row_bytes: u64) -> Option<Self> {
        if row_bytes.saturating_mul(SORTED_ROWS as u64) > HELD_BYTES {
            return None;
        }
        let mut still = Vec::new();
        let mut keys = Keys::default();
        for (column, values) in sample.iter().enumerate() {
            let Some(shown) = values.as_ref().and_then(Shown::of) else { continue };
            if shown.follows {
                return None;
            }
            if shown.is_still {
                still.push(column);
            }
            if let Some(values) = values {
                keys.offer(column, values, &shown);
            }
        }
        Some(Self { key: keys.best()?, still })
    }
}

impl Shown {
    /// `None` where the rows are few or their values have no order.
    fn of(values: &ArrayRef) -> Option<Self> {
        let values = values.slice(0, values.len().min(LOOKED));
        if values.len() < TELLING {
            return None;
        }
        let ranks = match values.data_type() {
            DataType::Utf8View => cast(&values, &DataType::Utf8).and_then(|texts| rank(&texts, None)),
            _ => rank(&values, None),
        };
        let ranks = ranks.ok()?;
        let half = ranks.len() / 2;
        // How many pairs of rows so far apart have two values, and how far apart those are together.
        let apart = |distance: usize| {
            let pairs = ranks.iter().zip(&ranks[distance..]).take(half).map(|(a, b)| u64::from(a.abs_diff(*b)));
            pairs.fold((0, 0), |(pairs, sum), apart| (pairs + usize::from(apart > 0), sum + apart))
        };
        let ((_, near), (pairs, far)) = (apart(1), apart(half));
        let changes = ranks.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let values = ranks.iter().collect::<HashSet<_>>().len();
        Some(Self { follows: pairs >= VARIED_PAIRS && near * 2 < far, is_still: changes <= 1, values })
    }
}

/// Columns to sort by. Time comes first, the first column of it: most questions are for a range. Then the text of most values among those
/// that repeat theirs: places and kinds, which are what else is asked for, and the more there are, the less is read for one. Then the first
/// of the keys. Numbers that repeat are amounts more often than codes.
#[derive(Default)]
struct Keys {
    time: Option<usize>,
    /// With how many values it has.
    code: Option<(usize, usize)>,
    key: Option<usize>,
}

impl Keys {
    fn offer(&mut self, column: usize, values: &ArrayRef, shown: &Shown) {
        if shown.values < VARIED || values.null_count() * 2 > values.len() {
            return;
        }
        let repeats = shown.values * 2 <= values.len().min(LOOKED);
        match values.data_type() {
            DataType::Timestamp(..) | DataType::Date32 => {
                self.time.get_or_insert(column);
            }
            DataType::Utf8View if repeats && self.code.is_none_or(|(_, most)| most < shown.values) => {
                self.code = Some((column, shown.values));
            }
            DataType::Utf8View | DataType::Int64 if !repeats => {
                self.key.get_or_insert(column);
            }
            _ => {}
        }
    }

    fn best(self) -> Option<usize> {
        self.time.or(self.code.map(|(column, _)| column)).or(self.key)
    }
}

/// The rows of a row group in another order.
#[derive(Debug)]
pub(super) struct Arranged {
    /// For each place, the row that comes there.
    pub(super) rows: UInt32Array,
    /// The column by which all of them ascend, NULL first; `None` when they do so in stretches.
    pub(super) by: Option<usize>,
}

/// The stretches of a row group: rows of one file that have the same values in the columns that are still. Each is sorted for itself, so
/// that the order of the files, or of places published one after the other, stays.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    /// Their rows.
    rows: Vec<usize>,
    /// File and values of the batch before.
    last: Option<(usize, Vec<String>)>,
    /// Groups of this part were sorted, so that a smaller one at its end is too.
    sorted: bool,
}

impl Stretches {
    /// Adds a batch that has rows. A stretch begins with a batch, although a value may change within the one before.
    pub(super) fn add(&mut self, order: &RowOrder, table: &Table, cells: &Cells) {
        let places = &table.places[cells.file];
        let first = |plan: &usize| places[*plan].and_then(|place| cells.column(place).next()).map_or("", |cell| cell.text);
        let same = self.last.as_ref().is_some_and(|(file, values)| {
            *file == cells.file && order.still.iter().zip(values).all(|(plan, value)| first(plan) == value)
        });
        match self.rows.last_mut().filter(|_| same) {
            Some(rows) => *rows += cells.rows(),
            None => self.rows.push(cells.rows()),
        }
        if !same {
            self.last = Some((cells.file, order.still.iter().map(|plan| first(plan).to_owned()).collect()));
        }
    }

    /// The order for the group that ends, whose key is given unless all its rows were rejected, and with it its part when it is the `last`;
    /// `None` where its rows stay.
    pub(super) fn end(&mut self, order: &RowOrder, key: Option<&dyn Array>, last: bool) -> Result<Option<Arranged>> {
        let stretches = std::mem::take(&mut self.rows);
        let least = if self.sorted { 1 } else { SORTED_ROWS };
        self.sorted &= !last;
        let Some(key) = key.filter(|_| stretches.iter().any(|rows| *rows >= least)) else { return Ok(None) };
        self.sorted = !last;
        let mut rows = Vec::with_capacity(key.len());
        for len in &stretches {
            let from = u32::try_from(rows.len()).map_err(|_| Error::new(Kind::Internal, "a row group of more than 2^32 rows"))?;
            let stretch = if *len < least { (0..*len as u32).collect() } else { sorted(&key.slice(from as usize, *len))? };
            rows.extend(stretch.into_iter().map(|row| row + from));
        }
        Ok(Some(Arranged { rows: rows.into(), by: (stretches.len() == 1).then_some(order.key) }))
    }
}

/// The rows by their values, NULL first; those that are equal keep their order.
fn sorted(values: &ArrayRef) -> Result<Vec<u32>> {
    let rows = match values.data_type() {
        DataType::Utf8View => by_value(values.as_string_view().iter()),
        _ => by_value(cast(values, &DataType::Int64).map_err(unarranged)?.as_primitive::<Int64Type>().iter()),
    };
    Ok(rows)
}

fn by_value<V: Ord>(values: impl Iterator<Item = V>) -> Vec<u32> {
    let mut rows: Vec<(V, u32)> = values.zip(0..).collect();
    rows.sort_unstable();
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What Arrow could not arrange.
pub(super) fn unarranged(e: ArrowError) -> Error {
    Error::new(Kind::Internal, format!("arranging rows failed: {e}")).caused_by(e)
}

#[cfg(test)]
mod tests;
