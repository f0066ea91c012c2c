//! Widths: rows that have more fields than the file has columns, counted while it is read. They are rejects when they are few, since a
//! delimiter that is not quoted shifts what stands behind it; when they are many or all that follow, the file has become wider.

use std::collections::BTreeMap;

use super::look::Look;
use super::record::Record;
use super::sniff::width_of_most;

/// Widths that are told apart, at most.
const KEPT: usize = 64;

/// Rows of one width whose cells are looked at, at most.
const LOOKED: u64 = 200;

/// Rows of one width that make the file wider, at least.
const ENOUGH: u64 = 10;

/// The rows of one file by their width, as far as they are wider than its columns and hold something there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::snapshot) struct Widths {
    /// Rows that the columns hold.
    pub(super) rows: u64,
    wide: BTreeMap<usize, Wide>,
    /// Rows of further widths.
    others: u64,
    /// The 1-based line of the first of all.
    first: u64,
    /// The rows that stand together at the end so far: how wide, how many, and how many rows the columns hold before them.
    run: (usize, u64, u64),
}

/// Rows of one width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wide {
    rows: u64,
    /// The 1-based line of the first one.
    first: u64,
    tally: Tally,
}

/// What the cells of rows say of whether they stand in the columns that they are values of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    rows: u64,
    /// Cells that look like the values of their column, and those that do not.
    alike: u64,
    unlike: u64,
    /// Rows whose first field too many begins with a blank, as the words behind a comma do.
    blank_led: u64,
}

/// What a file is found to be once it was read: wider than its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Wider {
    /// Fields that the rows have.
    pub(super) width: usize,
    /// Of how many rows, and the 1-based line of the first one.
    pub(super) rows: u64,
    pub(super) first: u64,
}

impl Widths {
    /// Counts a row of `width` on `line`, where the columns held `before` rows so far. `cells` are the fields of the columns and the one behind
    /// them, and `looks` what the columns' values look like.
    pub(super) fn add<'a>(
        &mut self,
        (width, line): (usize, u64),
        before: u64,
        looks: &[Option<Look>],
        cells: impl FnOnce() -> Vec<std::borrow::Cow<'a, str>>,
    ) {
        if self.first == 0 {
            self.first = line;
        }
        self.run = match self.run {
            (of, rows, since) if of == width && since == before => (of, rows + 1, since),
            _ => (width, 1, before),
        };
        if self.wide.len() >= KEPT && !self.wide.contains_key(&width) {
            self.others += 1;
            return;
        }
        let wide = self.wide.entry(width).or_insert_with(|| Wide { first: line, ..Wide::default() });
        wide.rows += 1;
        if wide.tally.rows < LOOKED {
            wide.tally.add(&cells(), looks);
        }
    }

    /// Adds the rows that the columns hold.
    pub(super) fn hold(&mut self, rows: usize) {
        self.rows += rows as u64;
    }

    /// The width that the file turned out to have: the greatest that all rows from some row on have, or one row in a hundred, and ten rows in
    /// either case. Rows whose cells stand in other columns than they look like are none of it.
    pub(in crate::snapshot) fn wider(&self) -> Option<Wider> {
        let all = self.rows + self.count();
        let (of_run, in_run, since) = self.run;
        let is_width = |width: usize, wide: &Wide| {
            let to_the_end = of_run == width && since == self.rows && in_run >= ENOUGH;
            (to_the_end || wide.rows >= ENOUGH && wide.rows * 100 >= all) && wide.tally.stands()
        };
        let found = self.wide.iter().rev().find(|(width, wide)| is_width(**width, wide));
        found.map(|(width, wide)| Wider { width: *width, rows: wide.rows, first: wide.first })
    }

    fn count(&self) -> u64 {
        self.wide.values().map(|w| w.rows).sum::<u64>() + self.others
    }

    /// What the user should know of the rows that are rejects for having too many fields.
    pub(in crate::snapshot) fn warning(&self, url: &str, columns: usize) -> Option<String> {
        let (count, first) = (self.count(), self.first);
        let rows = if count == 1 { "1 row has".to_owned() } else { format!("{count} rows have") };
        (count > 0).then(|| {
            format!(
                "{url}: {rows} more fields than the {columns} columns, the first in line {first}, and can't be told to stand in the right \
                 ones: see catalog.rejects"
            )
        })
    }
}

impl Tally {
    fn add<S: AsRef<str>>(&mut self, cells: &[S], looks: &[Option<Look>]) {
        self.rows += 1;
        for (cell, expected) in cells.iter().zip(looks) {
            let look = Look::of(cell.as_ref());
            let (Some(expected), true) = (expected, look != Look::Empty) else { continue };
            *(if look == *expected { &mut self.alike } else { &mut self.unlike }) += 1;
        }
        self.blank_led += u64::from(cells.last().is_some_and(|c| c.as_ref().starts_with(' ')));
    }

    /// Whether the rows' cells are values of the columns that they stand in, as far as that shows.
    fn stands(self) -> bool {
        self.alike >= self.unlike * 9 && self.blank_led * 2 <= self.rows
    }
}

/// The width that most of a text's last records have, when that is more than `columns`.
pub(super) fn of_tail(records: &[Record], columns: usize) -> Option<usize> {
    let width = width_of_most(records);
    let most = records.iter().filter(|r| r.fields.len() == width).count();
    (width > columns && most as u64 >= ENOUGH && most * 2 > records.len()).then_some(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` is a row that the columns hold, a digit one of so many fields.
    fn seen(rows: &str, cells: &[&str]) -> Widths {
        let mut widths = Widths::default();
        for (line, row) in rows.chars().enumerate() {
            match row.to_digit(10) {
                Some(width) => {
                    let before = widths.rows;
                    let cells = || cells.iter().map(|c| (*c).into()).collect();
                    widths.add((width as usize, line as u64 + 2), before, &[None, Some(Look::Number)], cells);
                }
                None => widths.hold(1),
            }
        }
        widths
    }

    #[test]
    fn a_file_becomes_wider() {
        let (good, shifted, prose) = (&["x", "1", "2"][..], &["x", " y", "1"][..], &["x", "", " y"][..]);
        let (n, w) = ("n".repeat(2000), "3".repeat(10));
        for (rows, cells, want) in [
            (format!("{n}{w}"), good, Some((3, 10, 2002))),
            (format!("{n}3n{w}"), good, Some((3, 11, 2002))),
            (format!("{n}{w}4"), good, None),
            (format!("{n}{w}n"), good, None),
            (format!("{w}{}", &n[..900]), good, Some((3, 10, 2))),
            (format!("{w}{}", &n[..1000]), good, None),
            (n[..1000].replace("nnnnnnnnnn", "nnnnnnnn34"), good, Some((4, 100, 11))),
            (format!("nnn{}", &w[1..]), good, None),
            (format!("{n}{w}"), shifted, None),
            (format!("{n}{w}"), prose, None),
            (String::new(), good, None),
        ] {
            let found = seen(&rows, cells).wider().map(|w| (w.width, w.rows, w.first));
            assert_eq!(found, want, "{} rows, {cells:?}", rows.len());
        }
    }

    #[test]
    fn what_is_left_is_told_once() {
        let many: String = (0..5).map(|_| "n3n4").collect();
        for (rows, want) in [
            ("nnn", None),
            ("nn3n", Some("f: 1 row has more fields than the 2 columns, the first in line 4, and")),
            (many.as_str(), Some("f: 10 rows have more fields than the 2 columns, the first in line 3, and")),
        ] {
            let said = seen(rows, &["x", "1", "2"]).warning("f", 2);
            assert_eq!(said.is_some(), want.is_some(), "{rows}");
            assert!(said.unwrap_or_default().starts_with(want.unwrap_or_default()), "{rows}");
        }
    }
}
