//! What was seen of a column: the types that every cell so far could have, and what choosing one needs to know. Parts of a file that
//! were seen apart are merged; what was seen of a file can be stored. Which type it is, is decided elsewhere.

mod broke;
mod dates;
mod numbers;
mod plain;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(super) use self::broke::Broke;
pub(super) use self::dates::Dates;
pub(super) use self::numbers::{Facts, Numbers};
pub(super) use self::plain::PlainNumbers;
use super::Missing;
use super::calendar::{Order, Orders};
use super::clock;
use super::declared;
use super::duration::duration;
use super::marks::{Style, Unit};
use super::token::Tokens;
use crate::descriptor::{Column, ColumnKind};
use crate::snapshot::cells::{Cell, CellKind};

/// Types, as bits.
pub(super) type Kinds = u16;

/// One bit for each pair of [`PAIRS`].
pub(super) const BOOL: Kinds = 0b1111;
pub(super) const NUMBER: Kinds = 1 << 4;
pub(super) const DATE: Kinds = 1 << 5;
pub(super) const TIME: Kinds = 1 << 6;
pub(super) const DURATION: Kinds = 1 << 7;
const ALL: Kinds = BOOL | NUMBER | DATE | TIME | DURATION;

/// Words for yes and no, in any case. 0 and 1 are numbers unless a boolean is declared.
pub(super) const PAIRS: [[&str; 2]; 4] = [["true", "false"], ["yes", "no"], ["t", "f"], ["y", "n"]];

/// What is looked for in a column, as its declaration says.
#[derive(Clone, Debug, Default)]
struct Look {
    missing: Missing,
    /// Types that stay for counting, because they are declared.
    kept: Kinds,
    declared: bool,
    /// What parts the dates that each cell is a list of.
    between_dates: Option<Box<str>>,
}

/// What was seen of one column. Counts say how many cells; all else is "some cell has it".
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::snapshot) struct Seen {
    /// Not stored: what was read back is merged and decided on, and sees no more cells.
    #[serde(skip)]
    look: Arc<Look>,
    /// The types that every value so far could have; none left means text.
    pub(super) alive: Kinds,
    /// Cells that are neither missing nor a token.
    pub(super) values: u64,
    pub(super) numbers: Numbers,
    pub(super) dates: Dates,
    /// For each pair of [`PAIRS`] two bits: its first word, its second word.
    pub(super) words: u8,
    /// Durations with months, and with what is shorter.
    pub(super) months: bool,
    pub(super) shorter: bool,
    pub(super) timed: bool,
    /// A JSON object or array.
    pub(super) nested: bool,
    /// Words for "no value" where none are declared.
    pub(super) tokens: Tokens,
    /// Some cell has a fault in place of a value.
    #[serde(default)]
    pub(in crate::snapshot) faulty: bool,
    /// The value that left no type, where none is declared.
    #[serde(default)]
    pub(super) broke: Option<Broke>,
}

impl Seen {
    /// Nothing seen yet. What is declared of the column says which types there is no need to look for.
    pub(in crate::snapshot) fn new(column: Option<&Column>, missing: Missing) -> Self {
        let kind = column.map_or(ColumnKind::Any, |c| c.kind);
        let has_format = column.is_some_and(declared::has_format);
        let between_dates = column.and_then(declared::between_dates);
        let kept = match kind {
            ColumnKind::Number => NUMBER,
            ColumnKind::Date | ColumnKind::Datetime if !has_format => DATE,
            ColumnKind::Duration => DURATION,
            ColumnKind::List if between_dates.is_some() => DATE,
            ColumnKind::Any
            | ColumnKind::Date
            | ColumnKind::Datetime
            | ColumnKind::String
            | ColumnKind::Integer
            | ColumnKind::Boolean
            | ColumnKind::Time
            | ColumnKind::Year
            | ColumnKind::YearMonth
            | ColumnKind::Object
            | ColumnKind::Array
            | ColumnKind::List
            | ColumnKind::GeoPoint
            | ColumnKind::GeoJson => 0,
        };
        let declared = kind != ColumnKind::Any;
        let counts = (kept == DATE).then(|| Box::new([0; Order::COUNT]));
        Self {
            look: Arc::new(Look { missing, kept, declared, between_dates: between_dates.map(Into::into) }),
            alive: if declared { kept } else { ALL },
            values: 0,
            numbers: Numbers::default(),
            dates: Dates { orders: Orders::MAX, counts, ends: [0; 2], buddhist: 0, alone: 0, zoned: 0, naive: 0 },
            words: 0,
            months: false,
            shorter: false,
            timed: false,
            nested: false,
            tokens: Tokens::default(),
            faulty: false,
            broke: None,
        }
    }

    /// Takes the cells of one batch in. `typed` formats say of each cell what it is, and are always seen to the end.
    pub(in crate::snapshot) fn absorb<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>, typed: bool) {
        let look = Arc::clone(&self.look);
        for cell in cells {
            if self.alive == 0 && !typed {
                return;
            }
            self.see(&look, cell);
        }
    }

    /// Notes that commas do not part the fields of the file, so that those in its cells are marks of numbers.
    pub(in crate::snapshot) fn commas_are_free(&mut self) {
        self.numbers.commas_free = true;
    }

    /// Adds what was seen of other cells of the same column; the order does not matter.
    pub(in crate::snapshot) fn merge(&mut self, other: &Self) {
        self.broke = match (self.broke.take(), other.broke.clone()) {
            (Some(own), Some(others)) => Some(own.greater(others)),
            (Some(own), None) => Some(own.after(other.alive, other.values)),
            (None, Some(others)) => Some(others.after(self.alive, self.values)),
            (None, None) => None,
        };
        self.alive &= other.alive;
        self.values += other.values;
        self.numbers.merge(&other.numbers);
        self.dates.merge(&other.dates);
        self.words |= other.words;
        self.months |= other.months;
        self.shorter |= other.shorter;
        self.timed |= other.timed;
        self.nested |= other.nested;
        self.faulty |= other.faulty;
        self.tokens.add(other.tokens);
        // What each part could be by itself, they may not be together.
        if self.dates.counts.is_none() && (self.dates.orders == 0 || self.dates.kinds() > 1) {
            self.alive &= !DATE;
        }
        if self.numbers.styles == 0 {
            self.alive &= !NUMBER;
        }
    }

    fn see(&mut self, look: &Look, cell: Cell<'_>) {
        let possible = match cell.kind {
            CellKind::Absent => {
                self.faulty |= !cell.text.is_empty();
                return;
            }
            CellKind::Undecodable => return,
            CellKind::Nested => {
                self.nested = true;
                return;
            }
            CellKind::Plain => ALL,
            CellKind::String => DATE | TIME | DURATION,
            CellKind::Scalar => BOOL | NUMBER,
        };
        let text = cell.text.trim_ascii();
        if text.is_empty() || look.missing.has(cell.text) || (text.len() < cell.text.len() && look.missing.has(text)) {
            return;
        }
        if let Some(between) = &look.between_dates {
            for item in text.split(&**between).map(str::trim_ascii).filter(|item| !item.is_empty()) {
                self.values += 1;
                self.fits(item, DATE, true, false);
            }
            return;
        }
        if !look.declared
            && !look.missing.is_declared()
            && let Some(token) = Tokens::of(text)
        {
            self.tokens.add(token);
            return;
        }
        self.values += 1;
        let fits = self.fits(text, self.alive & possible, look.declared, cell.kind == CellKind::Scalar);
        if self.alive & fits == 0 && self.alive != 0 && !look.declared {
            self.broke = Some(Broke::new(self.alive, self.values - 1, text));
        }
        self.alive = (self.alive & fits) | look.kept;
    }

    /// Which of the `possible` types the text has.
    fn fits(&mut self, text: &str, possible: Kinds, declared: bool, json: bool) -> Kinds {
        let bytes = text.as_bytes();
        let mut fits = 0;
        if possible & NUMBER != 0 && self.numbers.see(text, declared, json) {
            fits |= NUMBER;
        }
        if possible & DATE != 0 && self.dates.see(bytes) {
            fits |= DATE;
        }
        if possible & TIME != 0 && clock::clock(bytes).is_some_and(|c| c.offset.is_none()) {
            fits |= TIME;
        }
        if possible & DURATION != 0
            && let Some(found) = duration(bytes)
        {
            fits |= DURATION;
            self.months |= found.months != 0;
            self.shorter |= found.micros != 0;
            self.timed |= found.timed;
        }
        if possible & BOOL != 0 {
            for (i, pair) in PAIRS.iter().enumerate() {
                if let Some(word) = pair.iter().position(|word| word.eq_ignore_ascii_case(text)) {
                    self.words |= 1 << (2 * i + word);
                    fits |= 1 << i;
                }
            }
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(texts: &[&str]) -> Seen {
        let mut seen = Seen::new(None, Missing::default());
        seen.absorb(texts.iter().map(|text| Cell { kind: CellKind::Plain, text }), false);
        seen
    }

    #[test]
    fn parts_that_are_merged_are_as_the_whole() {
        for texts in [
            &["1", "2.5", "NA", ""][..],
            &["1,234.50", "7", "£5"],
            &["2020-01-01", "2020-01-02T10:00", "x"],
            &["1/2/2020", "13/2/2020", "-"],
            &["Y", "N", "y"],
            &["P1D", "PT5M"],
            &["23.824", "-INF", "1e5"],
            &["1e3", "7", "2.5"],
            &["1e3", "7", "12E4"],
            &["0.12345678901234567890123456", "0.5"],
            &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "n/k"],
        ] {
            let whole = seen(texts).infer();
            for cut in 0..=texts.len() {
                let (mut first, second) = (seen(&texts[..cut]), seen(&texts[cut..]));
                let stored = serde_json::to_vec(&second).expect("is stored");
                first.merge(&serde_json::from_slice(&stored).expect("is read back"));
                let merged = first.infer();
                let shown =
                    |i: &super::super::infer::Inferred| format!("{:?} {:?} {:?} {:?}", i.parse, i.tokens, i.unit, i.warning);
                assert_eq!(shown(&merged), shown(&whole), "{texts:?} at {cut}");
            }
        }
    }
}
