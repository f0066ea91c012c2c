//! Inference: the types that every cell of a column so far could have. What a descriptor declares only says here what to count.

use super::number::{self, Shape};
use super::temporal::{self, Order};
use super::{DateFormat, Missing, Parse, token};
use serde::{Deserialize, Serialize};
use crate::descriptor::{Column, ColumnKind};
use crate::snapshot::cells::{Cell, CellKind};

const BOOL: u8 = 1;
const NUMBER: u8 = 2;
const DATE: u8 = 4;
const TIME: u8 = 8;
const ALL: u8 = BOOL | NUMBER | DATE | TIME;

/// The most decimals of an amount or an identifier; numbers with more are measurements.
const MOST_DECIMALS: usize = 9;

/// What was seen of one column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::snapshot) struct Seen {
    /// Not stored: what was read back is merged, and sees no more cells.
    #[serde(skip)]
    pub(super) missing: Missing,
    /// The types that every value so far could have, as bits; none left means text.
    alive: u8,
    /// Types that stay for counting, because they are declared.
    kept: u8,
    /// Cells that are neither missing nor a token.
    values: u64,
    numbers: Numbers,
    dates: Dates,
    strings: bool,
    scalars: bool,
    nested: bool,
    #[serde(serialize_with = "store_token", deserialize_with = "stored_token")]
    token: Option<Token>,
    /// More than one token: none of them is the column's missing code.
    tokens: bool,
    declared: bool,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Numbers {
    fraction: bool,
    too_large: bool,
    inexact: bool,
    exponent: bool,
    /// Some value is beyond what a double can come near.
    far: bool,
    /// `NaN` or an infinity.
    special: bool,
    whole: usize,
    scale: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Dates {
    orders: u16,
    /// For each order of [`Order::ALL`], how many values can be read in it.
    counts: [u64; Order::ALL.len()],
    alone: u64,
    zoned: u64,
    naive: u64,
}

/// One of [`super::TOKENS`]. (By this name, serde does not take it for text borrowed from its input.)
type Token = &'static str;

fn store_token<S: serde::Serializer>(token: &Option<Token>, to: S) -> Result<S::Ok, S::Error> {
    token.serialize(to)
}

fn stored_token<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Token>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.as_deref().and_then(token))
}

/// The type that the cells prove.
pub(super) struct Inferred {
    pub(super) parse: Parse,
    pub(super) token: Option<&'static str>,
    pub(super) warning: Option<String>,
}

impl Seen {
    /// Nothing seen yet. What is declared of the column says which types there is no need to look for.
    pub(in crate::snapshot) fn new(declared: Option<&Column>, missing: Missing) -> Self {
        let kind = declared.map_or(ColumnKind::Any, |c| c.kind);
        let has_format = declared.is_some_and(|c| c.format.is_some());
        let kept = match kind {
            ColumnKind::Any => 0,
            ColumnKind::Number => NUMBER,
            ColumnKind::Date | ColumnKind::Datetime if !has_format => DATE,
            ColumnKind::Date
            | ColumnKind::Datetime
            | ColumnKind::String
            | ColumnKind::Integer
            | ColumnKind::Boolean
            | ColumnKind::Time
            | ColumnKind::Year
            | ColumnKind::YearMonth
            | ColumnKind::Duration
            | ColumnKind::Object
            | ColumnKind::Array
            | ColumnKind::List
            | ColumnKind::GeoPoint
            | ColumnKind::GeoJson => 0,
        };
        let declared = kind != ColumnKind::Any;
        Self {
            missing,
            alive: if declared { kept } else { ALL },
            kept,
            values: 0,
            numbers: Numbers::default(),
            dates: Dates { orders: u16::MAX, counts: [0; Order::ALL.len()], alone: 0, zoned: 0, naive: 0 },
            strings: false,
            scalars: false,
            nested: false,
            token: None,
            tokens: false,
            declared,
        }
    }

    /// Takes the cells of one batch in. `typed` formats say of each cell what it is, and are always seen to the end.
    pub(in crate::snapshot) fn absorb<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>, typed: bool) {
        for cell in cells {
            if self.alive == 0 && !typed {
                return;
            }
            self.see(cell);
        }
    }

    /// Takes in numbers without exponent, of at most 15 digits each and `whole` before and `scale` after a point, which some have when
    /// `fraction` says so. False, with nothing taken in, when the column can't have numbers any more.
    pub(super) fn saw_numbers(&mut self, values: u64, fraction: bool, whole: usize, scale: usize) -> bool {
        if self.looks_for_nothing() {
            return true;
        }
        if !self.saw_only(NUMBER, values) {
            return false;
        }
        self.numbers.fraction |= fraction;
        self.numbers.whole = self.numbers.whole.max(whole);
        self.numbers.scale = self.numbers.scale.max(scale);
        true
    }

    /// Takes in dates as `YYYY-MM-DD`. False, with nothing taken in, when the column can't have any more.
    pub(super) fn saw_iso_days(&mut self, values: u64) -> bool {
        if self.looks_for_nothing() {
            return true;
        }
        if self.dates.orders & Order::YmdDash.bit() == 0 || !self.saw_only(DATE, values) {
            return false;
        }
        self.dates.alone += values;
        self.dates.only_iso(values);
        true
    }

    /// Takes in dates with a time of day as `YYYY-MM-DD HH:MM:SS`. False, with nothing taken in, when the column can't have any more.
    pub(super) fn saw_iso_instants(&mut self, values: u64) -> bool {
        if self.looks_for_nothing() {
            return true;
        }
        if self.dates.orders & Order::YmdDash.bit() == 0 || !self.saw_only(DATE, values) {
            return false;
        }
        self.dates.naive += values;
        self.dates.only_iso(values);
        true
    }

    /// Whether the declared type says all, so that no cell is looked at.
    fn looks_for_nothing(&self) -> bool {
        self.declared && self.alive == 0
    }

    /// Takes in values that can only be of one type.
    fn saw_only(&mut self, kind: u8, values: u64) -> bool {
        // Dates of a declared column are counted by their orders, one by one.
        if self.alive & kind == 0 || (self.declared && kind == DATE) {
            return false;
        }
        if values > 0 {
            self.alive = kind;
            self.values += values;
        }
        true
    }

    /// Takes in what was seen of another part of the same column, as if its cells had come after those seen here.
    pub(in crate::snapshot) fn merge(&mut self, after: &Self) {
        self.alive &= after.alive;
        self.values += after.values;
        self.numbers.merge(&after.numbers);
        self.dates.merge(&after.dates);
        self.strings |= after.strings;
        self.scalars |= after.scalars;
        self.nested |= after.nested;
        self.tokens |= after.tokens || self.token.zip(after.token).is_some_and(|(a, b)| a != b);
        self.token = after.token.or(self.token);
    }

    fn see(&mut self, cell: Cell<'_>) {
        let possible = match cell.kind {
            CellKind::Absent | CellKind::Undecodable => return,
            CellKind::Nested => {
                self.nested = true;
                return;
            }
            CellKind::Plain => ALL,
            CellKind::String => DATE | TIME,
            CellKind::Scalar => BOOL | NUMBER,
        };
        if self.missing.has(cell.text) {
            return;
        }
        let text = cell.text.trim_ascii();
        if text.is_empty() {
            self.strings |= cell.kind == CellKind::String;
            return;
        }
        if !self.declared
            && let Some(found) = (self.missing.declared.is_none()).then(|| token(text)).flatten()
        {
            self.tokens |= self.token.is_some_and(|t| t != found);
            self.token = Some(found);
            return;
        }
        self.strings |= cell.kind == CellKind::String;
        self.scalars |= cell.kind == CellKind::Scalar;
        self.values += 1;
        let fits = self.fits(text, self.alive & possible, cell.kind == CellKind::Scalar);
        self.alive = (self.alive & fits) | self.kept;
    }

    /// Which of the `possible` types the text has.
    fn fits(&mut self, text: &str, possible: u8, json: bool) -> u8 {
        let bytes = text.as_bytes();
        let mut fits = 0;
        if possible & NUMBER != 0 {
            if let Some(shape) = number::shape(bytes, json) {
                self.numbers.see(text, shape);
                fits |= NUMBER;
            } else if self.declared && number::double(text, true).is_some_and(|v| !v.is_finite()) {
                self.numbers.special = true;
            }
        }
        if possible & DATE != 0 && self.dates.see(bytes, self.declared) {
            fits |= DATE;
        }
        if possible & TIME != 0 && temporal::clock(bytes).is_some_and(|c| c.offset.is_none()) {
            fits |= TIME;
        }
        if possible & BOOL != 0 && (text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")) {
            fits |= BOOL;
        }
        fits
    }

    /// The type that every cell has; text when there is none.
    pub(super) fn infer(&self) -> Inferred {
        if self.nested {
            return Inferred { parse: Parse::Json, token: None, warning: None };
        }
        let text = |warning| Inferred { parse: Parse::Text, token: None, warning };
        if self.values == 0 || self.alive == 0 || self.tokens {
            return text(None);
        }
        let parse = if self.alive & BOOL != 0 {
            let any_case = Vec::new;
            Parse::Bool { truths: any_case(), falsehoods: any_case() }
        } else if self.alive & NUMBER != 0 {
            match self.numbers.parse() {
                Some(parse) => parse,
                None => return text(None),
            }
        } else if self.alive & DATE != 0 {
            match self.dates.parse() {
                Ok(parse) => parse,
                Err(warning) => return text(warning),
            }
        } else {
            Parse::Time(None)
        };
        let warning = self.token.map(|t| format!("\"{t}\" is taken as missing, since every other value is {}", parse.arrow()));
        Inferred { parse, token: self.token, warning }
    }

    /// A declared number: a double unless its decimals would be lost in one and a decimal keeps them.
    pub(super) fn declared_number(&self) -> Parse {
        let n = &self.numbers;
        if n.inexact && !n.is_measured() && !n.exponent && !n.special && n.whole + n.scale <= 38 {
            Parse::Decimal { scale: n.scale }
        } else {
            Parse::Double(super::Marks::default())
        }
    }

    /// The order that most dates can be read in; ISO 8601 where others are no better.
    pub(super) fn likely_order(&self) -> Order {
        let best = |best: Order, o: &Order| {
            if self.dates.counts[*o as usize] > self.dates.counts[best as usize] { *o } else { best }
        };
        let best = Order::ALL.iter().fold(Order::YmdDash, best);
        match best.twin() {
            Some(twin) if self.dates.counts[twin as usize] == self.dates.counts[best as usize] => Order::YmdDash,
            Some(_) | None => best,
        }
    }

    /// A declared timestamp without a pattern: order and zone as most values have them.
    pub(super) fn declared_timestamp(&self) -> Parse {
        let d = &self.dates;
        Parse::Timestamp {
            format: DateFormat::Order(self.likely_order()),
            zoned: d.zoned > d.naive,
            bare: d.alone > 0 && d.zoned + d.naive == 0,
        }
    }
}

impl Numbers {
    fn merge(&mut self, after: &Self) {
        self.fraction |= after.fraction;
        self.too_large |= after.too_large;
        self.inexact |= after.inexact;
        self.exponent |= after.exponent;
        self.far |= after.far;
        self.special |= after.special;
        self.whole = self.whole.max(after.whole);
        self.scale = self.scale.max(after.scale);
    }

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

    /// Whether the values are measurements, such as coordinates that a program printed with all the digits it had: more decimals than
    /// money and identifiers have, and a double keeps their whole digits and the first 15 digits of each. They become doubles as
    /// every other tool reads them; what is lost is noise beyond the 15th digit.
    fn is_measured(&self) -> bool {
        self.scale > MOST_DECIMALS && self.whole <= 15 && !self.far
    }

    /// `None` when no type keeps every digit, or the first 15 of measurements.
    fn parse(&self) -> Option<Parse> {
        let plain = super::Marks::default();
        if !self.fraction {
            return (!self.too_large).then_some(Parse::Integer(plain));
        }
        if !self.inexact || self.is_measured() {
            return Some(Parse::Double(plain));
        }
        (!self.exponent && self.whole + self.scale <= 38).then_some(Parse::Decimal { scale: self.scale })
    }
}

impl Dates {
    fn only_iso(&mut self, values: u64) {
        if values > 0 {
            self.orders = Order::YmdDash.bit();
        }
    }

    fn merge(&mut self, after: &Self) {
        self.orders &= after.orders;
        self.counts.iter_mut().zip(after.counts).for_each(|(count, more)| *count += more);
        self.alone += after.alone;
        self.zoned += after.zoned;
        self.naive += after.naive;
    }

    /// Notes the orders, and whether a time and a zone follow; false when the text is no date at all.
    fn see(&mut self, text: &[u8], counting: bool) -> bool {
        let Some(date) = temporal::dateish(text) else { return false };
        let clock = match date.rest() {
            [] => None,
            rest => match temporal::clock_after_date(rest) {
                Some(clock) => Some(clock),
                None => return false,
            },
        };
        let orders = if self.orders.count_ones() == 1 && !counting {
            let only = Order::ALL[self.orders.trailing_zeros() as usize];
            if date.day(only).is_some() { self.orders } else { 0 }
        } else {
            date.orders()
        };
        if orders == 0 {
            self.orders = if counting { self.orders } else { 0 };
            return false;
        }
        if counting {
            for order in Order::ALL {
                self.counts[order as usize] += u64::from(orders & order.bit() != 0);
            }
        }
        match clock.map(|c| c.offset) {
            None => self.alone += 1,
            Some(None) => self.naive += 1,
            Some(Some(_)) => self.zoned += 1,
        }
        self.orders &= orders;
        self.orders != 0 && u8::from(self.alone > 0) + u8::from(self.naive > 0) + u8::from(self.zoned > 0) == 1
    }

    /// The one order left; an error with what to tell the user when there is none, or when day and month can't be told apart.
    fn parse(&self) -> Result<Parse, Option<String>> {
        let mut left = Order::ALL.into_iter().filter(|o| self.orders & o.bit() != 0);
        let order = match (left.next(), left.next()) {
            (Some(order), None) => order,
            (Some(a), Some(b)) => {
                return Err(Some(format!(
                    "stays text, since the dates can be read as {} and as {}; declare a format to settle it",
                    a.name(),
                    b.name()
                )));
            }
            (None, _) => return Err(None),
        };
        let kinds = u8::from(self.alone > 0) + u8::from(self.naive > 0) + u8::from(self.zoned > 0);
        if kinds != 1 {
            return Err(None);
        }
        let format = DateFormat::Order(order);
        Ok(if self.alone > 0 { Parse::Date(format) } else { Parse::Timestamp { format, zoned: self.zoned > 0, bare: false } })
    }
}
