//! What was seen of a column: the types that every cell so far could have, and what choosing one needs to know. Parts of a file that
//! were seen apart are merged; what was seen of a file can be stored. Which type it is, is decided elsewhere.

mod plain;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(super) use self::plain::PlainNumbers;
use super::Missing;
use super::calendar::{self, Order, Orders};
use super::clock;
use super::duration::duration;
use super::marks::{self, Style, Styles, Unit};
use super::number::{self, Shape};
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
}

/// What was seen of the numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Numbers {
    /// The styles that read every one.
    pub(super) styles: Styles,
    /// Of numbers without a mark between digits, which are the same in every style.
    pub(super) unmarked: Facts,
    /// Of the others, as they read with decimals behind a point.
    pub(super) point: Facts,
    /// Of the others, as they read with decimals behind a comma.
    pub(super) comma: Facts,
    pub(super) unit: Option<Unit>,
    /// Not all have the same unit.
    pub(super) mixed: bool,
    /// Some are not in plain writing.
    pub(super) dressed: bool,
    /// Some are in parentheses, some are not.
    pub(super) enclosed: bool,
    pub(super) open: bool,
    /// Some bear a `+`, some are negative.
    pub(super) plus: bool,
    pub(super) minus: bool,
    /// A point or a comma stands between digits.
    pub(super) parted: bool,
    /// Infinity, or a declared `NaN`.
    pub(super) special: bool,
    /// How many have marks between digits that plain writing has not.
    pub(super) marked: u64,
    /// How much speaks for those marks, with decimals behind a point and behind a comma (see [`marks::Written::proof`]).
    pub(super) point_proof: u64,
    pub(super) comma_proof: u64,
    /// Commas do not part the fields of the file.
    pub(super) commas_free: bool,
}

/// What a type for numbers must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) fraction: bool,
    pub(super) too_large: bool,
    pub(super) inexact: bool,
    pub(super) exponent: bool,
    /// Some value is beyond what a double can come near.
    pub(super) far: bool,
    /// The most digits before the point.
    pub(super) whole: usize,
    /// The most digits behind it.
    pub(super) scale: usize,
}

/// What was seen of the dates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Dates {
    /// The orders that every one can be read in.
    pub(super) orders: Orders,
    /// For each order of [`Order::ALL`], how many can be read in it; only where a date is declared.
    pub(super) counts: Option<Box<[u64; Order::ALL.len()]>>,
    /// Without a time of day.
    pub(super) alone: u64,
    /// With a time and an offset.
    pub(super) zoned: u64,
    /// With a time and no offset.
    pub(super) naive: u64,
}

impl Seen {
    /// Nothing seen yet. What is declared of the column says which types there is no need to look for.
    pub(in crate::snapshot) fn new(declared: Option<&Column>, missing: Missing) -> Self {
        let kind = declared.map_or(ColumnKind::Any, |c| c.kind);
        let has_format = declared.is_some_and(|c| c.format.is_some());
        let kept = match kind {
            ColumnKind::Number => NUMBER,
            ColumnKind::Date | ColumnKind::Datetime if !has_format => DATE,
            ColumnKind::Duration => DURATION,
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
        let counts = (kept == DATE).then(|| Box::new([0; Order::ALL.len()]));
        Self {
            look: Arc::new(Look { missing, kept, declared }),
            alive: if declared { kept } else { ALL },
            values: 0,
            numbers: Numbers::default(),
            dates: Dates { orders: Orders::MAX, counts, alone: 0, zoned: 0, naive: 0 },
            words: 0,
            months: false,
            shorter: false,
            timed: false,
            nested: false,
            tokens: Tokens::default(),
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
        self.alive &= other.alive;
        self.values += other.values;
        self.numbers.merge(&other.numbers);
        self.dates.merge(&other.dates);
        self.words |= other.words;
        self.months |= other.months;
        self.shorter |= other.shorter;
        self.timed |= other.timed;
        self.nested |= other.nested;
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
            CellKind::Absent | CellKind::Undecodable => return,
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
        if !look.declared
            && !look.missing.is_declared()
            && let Some(token) = Tokens::of(text)
        {
            self.tokens.add(token);
            return;
        }
        self.values += 1;
        let fits = self.fits(text, self.alive & possible, look.declared, cell.kind == CellKind::Scalar);
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

impl Default for Numbers {
    fn default() -> Self {
        Self {
            styles: Styles::MAX,
            unmarked: Facts::default(),
            point: Facts::default(),
            comma: Facts::default(),
            unit: None,
            mixed: false,
            dressed: false,
            enclosed: false,
            open: false,
            plus: false,
            minus: false,
            parted: false,
            special: false,
            marked: 0,
            point_proof: 0,
            comma_proof: 0,
            commas_free: false,
        }
    }
}

impl Numbers {
    /// Whether the text is a number that can be read as all before it. A declared number has one writing, so has one of JSON.
    fn see(&mut self, text: &str, declared: bool, json: bool) -> bool {
        if let Some(shape) = number::shape(text.as_bytes(), json) {
            self.bears(Unit::Bare);
            self.open = true;
            self.minus |= text.starts_with('-');
            if shape.integer {
                self.unmarked.see(text, shape);
                return true;
            }
            self.parted |= !json;
            self.point.see(text, shape);
            let thousands = shape.scale == 3 && (1..=3).contains(&shape.whole) && !(shape.exponent || json || declared);
            let fits = if thousands {
                self.comma.whole = self.comma.whole.max(shape.whole + 3);
                self.comma_proof += 1;
                Style::POINTS | Style::PointComma.bit()
            } else if shape.exponent {
                Style::Plain.bit()
            } else {
                Style::POINTS
            };
            self.styles &= fits;
            return self.styles != 0;
        }
        if json {
            return false;
        }
        if let Some(value) = number::double(text, true).filter(|v| !v.is_finite()) {
            self.special |= declared || value.is_infinite();
            self.styles &= Style::Plain.bit();
            return self.special && self.styles != 0;
        }
        !declared && self.see_marked(text)
    }

    /// A number that is not in plain writing.
    fn see_marked(&mut self, text: &str) -> bool {
        let Some(written) = marks::written(text) else { return false };
        let styles = written.styles() & self.styles;
        let mut fits = 0;
        let readings =
            [(Style::POINTS, &mut self.point, &mut self.point_proof), (Style::COMMAS, &mut self.comma, &mut self.comma_proof)];
        for (decimal, facts, proof) in readings {
            let Some(style) = Style::first(styles & decimal) else { continue };
            let plain = written.plain(style);
            if let Some(shape) = number::shape(plain.text().as_bytes(), false) {
                facts.see(plain.text(), shape);
                *proof += written.proof(style);
                fits |= styles & decimal;
            }
        }
        self.styles &= fits;
        self.bears(written.unit);
        self.dressed = true;
        self.enclosed |= written.enclosed;
        self.open |= !written.enclosed;
        self.plus |= written.plus;
        self.minus |= written.negative;
        self.parted |= written.is_parted();
        self.marked += u64::from(written.styles() & Style::Plain.bit() == 0);
        fits != 0
    }

    fn bears(&mut self, unit: Unit) {
        match self.unit {
            None => self.unit = Some(unit),
            Some(before) => self.mixed |= before != unit,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.styles &= other.styles;
        self.unmarked.merge(other.unmarked);
        self.point.merge(other.point);
        self.comma.merge(other.comma);
        self.mixed |= other.mixed;
        if let Some(unit) = other.unit {
            self.bears(unit);
        }
        self.dressed |= other.dressed;
        self.enclosed |= other.enclosed;
        self.open |= other.open;
        self.plus |= other.plus;
        self.minus |= other.minus;
        self.parted |= other.parted;
        self.special |= other.special;
        self.marked += other.marked;
        self.point_proof += other.point_proof;
        self.comma_proof += other.comma_proof;
        self.commas_free |= other.commas_free;
    }
}

impl Facts {
    fn see(&mut self, text: &str, shape: Shape) {
        self.fraction |= !shape.integer;
        self.exponent |= shape.exponent;
        self.whole = self.whole.max(shape.whole);
        self.scale = self.scale.max(shape.scale);
        if shape.integer && shape.whole > 18 {
            self.too_large |= number::integer(text.as_bytes()).is_none();
        }
        if shape.significant > 15 || shape.exponent {
            self.inexact |= !number::fits_double(text, shape);
            self.far |= !number::near_double(text, shape);
        }
    }

    /// Of both.
    pub(super) fn merge(&mut self, other: Self) {
        self.fraction |= other.fraction;
        self.too_large |= other.too_large;
        self.inexact |= other.inexact;
        self.exponent |= other.exponent;
        self.far |= other.far;
        self.whole = self.whole.max(other.whole);
        self.scale = self.scale.max(other.scale);
    }
}

impl Dates {
    /// Notes the orders, and whether a time and a zone follow; false when the text is no date at all, or not of one kind and order
    /// with those before it.
    fn see(&mut self, text: &[u8]) -> bool {
        let Some(date) = calendar::dateish(text) else { return false };
        let clock = match date.rest() {
            [] => None,
            rest => match clock::clock_after_date(rest) {
                Some(clock) => Some(clock),
                None => return false,
            },
        };
        let orders = date.orders();
        if let Some(counts) = &mut self.counts {
            Order::of(orders).for_each(|order| counts[order as usize] += 1);
            if orders == 0 {
                return false;
            }
        }
        match clock.map(|c| c.offset) {
            None => self.alone += 1,
            Some(None) => self.naive += 1,
            Some(Some(_)) => self.zoned += 1,
        }
        self.orders &= orders;
        self.orders != 0 && self.kinds() == 1
    }

    /// How many kinds there are of dates: alone, with a time, with a time and an offset.
    pub(super) fn kinds(&self) -> u8 {
        u8::from(self.alone > 0) + u8::from(self.naive > 0) + u8::from(self.zoned > 0)
    }

    fn merge(&mut self, other: &Self) {
        self.orders &= other.orders;
        if let (Some(counts), Some(others)) = (&mut self.counts, &other.counts) {
            counts.iter_mut().zip(others.iter()).for_each(|(count, more)| *count += more);
        }
        self.alone += other.alone;
        self.zoned += other.zoned;
        self.naive += other.naive;
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
