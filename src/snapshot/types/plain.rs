//! Seeing and converting in one go: what a batch's column needs when each of its cells is written the way most published numbers and
//! dates are. Anything else is left to `infer` and `convert`, which say the same of these cells and take longer.

use std::sync::Arc;

use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};

use super::calendar::{self, Order};
use super::seen::{PlainNumbers, Seen};
use super::{ColumnPlan, DateFormat, Parse, Writing};
use crate::snapshot::cells::{CellKind, Cells};

/// The most digits of a number that a double and a 64-bit integer both hold exactly.
const DIGITS: usize = 15;

/// Powers of ten that a double holds exactly; a quotient of two exact numbers is rounded once, as reading the text would.
const POWERS: [f64; DIGITS + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

impl ColumnPlan {
    /// The array of a batch's column, and its cells taken into `seen`; `None`, with nothing taken, unless each cell is empty or written
    /// plainly and of the plan's type. Not for formats that say of each value what it is.
    pub(in crate::snapshot) fn take(&self, seen: &mut Seen, cells: &Cells, index: usize) -> Option<ArrayRef> {
        if self.missing.is_declared() || index >= cells.width {
            return None;
        }
        let array = self.take_values(seen, cells, index)?;
        self.checks.count(&array);
        Some(array)
    }

    fn take_values(&self, seen: &mut Seen, cells: &Cells, index: usize) -> Option<ArrayRef> {
        match &self.parse {
            Parse::Integer(Writing::Plain) => {
                let mut plain = PlainNumbers::default();
                let (array, values) = self.plain::<Int64Type>(cells, index, |text| {
                    let number = number(text).filter(|n| !n.point && !n.zero_below_zero())?;
                    number.note(&mut plain);
                    Some(number.signed())
                })?;
                plain.values = values;
                seen.saw_numbers(&plain).then_some(array)
            }
            Parse::Double(Writing::Plain) => {
                let mut plain = PlainNumbers::default();
                let (array, values) = self.plain::<Float64Type>(cells, index, |text| {
                    let number = number(text).filter(|n| !n.zero_below_zero())?;
                    number.note(&mut plain);
                    Some(number.signed() as f64 / POWERS[number.scale])
                })?;
                plain.values = values;
                seen.saw_numbers(&plain).then_some(array)
            }
            Parse::Date(format) if is_iso(format, "%Y-%m-%d") => {
                let mut days = Days::default();
                let (array, values) =
                    self.plain::<Date32Type>(cells, index, |text| if text.len() == 10 { days.of(text) } else { None })?;
                seen.saw_iso(values, false).then_some(array)
            }
            Parse::Timestamp { format, zoned: false, bare: false } if is_iso(format, "%Y-%m-%d %H:%M:%S") => {
                let by_pattern = matches!(format, DateFormat::Pattern(_));
                let mut days = Days::default();
                let (array, values) = self.plain::<TimestampMicrosecondType>(cells, index, |text| {
                    if by_pattern && text.get(10) != Some(&b' ') { None } else { instant(text, &mut days) }
                })?;
                seen.saw_iso(values, true).then_some(array)
            }
            Parse::Text
            | Parse::Json(_)
            | Parse::YearMonth
            | Parse::Bool(_)
            | Parse::Integer(_)
            | Parse::Double(_)
            | Parse::Decimal { .. }
            | Parse::Date(_)
            | Parse::Timestamp { .. }
            | Parse::Time(_)
            | Parse::Duration { .. }
            | Parse::List { .. }
            | Parse::Point(_) => None,
        }
    }

    /// The array when `value` reads every cell that is not empty, and how many those are.
    fn plain<T: ArrowPrimitiveType>(
        &self,
        cells: &Cells,
        index: usize,
        mut value: impl FnMut(&[u8]) -> Option<T::Native>,
    ) -> Option<(ArrayRef, u64)> {
        let mut values = Vec::with_capacity(cells.rows());
        let mut absent = Vec::new();
        for (kind, text) in cells.bytes(index) {
            match kind {
                CellKind::Plain if !text.is_empty() => values.push(value(text)?),
                CellKind::Plain | CellKind::Absent => {
                    absent.push(values.len());
                    values.push(T::Native::default());
                }
                CellKind::String | CellKind::Scalar | CellKind::Nested | CellKind::Undecodable => return None,
            }
        }
        let count = (values.len() - absent.len()) as u64;
        let nulls = (!absent.is_empty()).then(|| {
            let mut valid = vec![true; values.len()];
            absent.into_iter().for_each(|row| valid[row] = false);
            NullBuffer::from(valid)
        });
        let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls).with_data_type(self.field.data_type().clone());
        Some((Arc::new(array), count))
    }
}

/// Whether dates are written as ISO 8601 has them, by the order that was found or by the declared `pattern`.
fn is_iso(format: &DateFormat, pattern: &str) -> bool {
    match format {
        DateFormat::Order(order) => *order == Order::YmdDash,
        DateFormat::Pattern(declared) => declared.text() == pattern,
        DateFormat::PerFile(_) => false,
    }
}

/// A number in plain writing.
struct Number {
    negative: bool,
    /// All its digits, the point left out.
    digits: i64,
    /// Digits before the point without leading zeros.
    whole: usize,
    /// Digits after the point.
    scale: usize,
    point: bool,
}

impl Number {
    fn signed(&self) -> i64 {
        if self.negative { -self.digits } else { self.digits }
    }

    fn note(&self, plain: &mut PlainNumbers) {
        plain.minus |= self.negative;
        if !self.point {
            plain.integers += 1;
            plain.whole = plain.whole.max(self.whole);
            return;
        }
        plain.before = plain.before.max(self.whole);
        plain.behind = plain.behind.max(self.scale);
        if self.scale == 3 && (1..=3).contains(&self.whole) {
            plain.thousands += 1;
            plain.thousands_whole = plain.thousands_whole.max(self.whole);
        } else {
            plain.certain = true;
        }
    }

    /// `-0` and the like are no integers, and keep their sign as doubles.
    fn zero_below_zero(&self) -> bool {
        self.negative && self.digits == 0
    }
}

/// Reads `-`, digits without a leading zero, and a point between digits; at most [`DIGITS`] of them in all.
fn number(text: &[u8]) -> Option<Number> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > DIGITS + 1 {
        return None;
    }
    let mut value = 0_i64;
    let mut point = None;
    for (i, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + i64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(i);
        } else {
            return None;
        }
    }
    let whole = point.unwrap_or(digits.len());
    let scale = point.map_or(0, |at| digits.len() - at - 1);
    let leads_with_zero = digits[0] == b'0';
    let odd = whole == 0 || whole + scale > DIGITS || (point.is_some() && scale == 0) || (whole > 1 && leads_with_zero);
    (!odd).then_some(Number {
        negative,
        digits: value,
        whole: if leads_with_zero { 0 } else { whole },
        scale,
        point: point.is_some(),
    })
}

/// The day of the last date, since many rows in a row have the same.
struct Days {
    text: [u8; 10],
    day: i32,
}

impl Default for Days {
    fn default() -> Self {
        Self { text: *b"1970-01-01", day: 0 }
    }
}

impl Days {
    /// The day of `YYYY-MM-DD` at the start of `text`.
    fn of(&mut self, text: &[u8]) -> Option<i32> {
        let text: &[u8; 10] = text.first_chunk()?;
        if *text == self.text {
            return Some(self.day);
        }
        let number = |from: usize, to: usize| {
            text[from..to].iter().try_fold(0_u32, |v, b| b.is_ascii_digit().then(|| v * 10 + u32::from(b - b'0')))
        };
        if text[4] != b'-' || text[7] != b'-' {
            return None;
        }
        self.day = calendar::days(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
        self.text = *text;
        Some(self.day)
    }
}

/// `YYYY-MM-DD HH:MM:SS`, or with a `T`, in microseconds since 1970-01-01T00:00:00.
fn instant(text: &[u8], days: &mut Days) -> Option<i64> {
    let text: &[u8; 19] = text.try_into().ok()?;
    if !matches!(text[10], b' ' | b'T') || text[13] != b':' || text[16] != b':' {
        return None;
    }
    let two = |at: usize| {
        let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then_some(i64::from(tens * 10 + ones))
    };
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((i64::from(days.of(text)?) * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::Missing;
    use super::*;
    use crate::snapshot::cells::Span;

    /// A column of one-cell rows.
    fn cells(values: &[&str]) -> Cells {
        let mut cells = Cells { width: 1, ..Cells::default() };
        for (row, value) in values.iter().enumerate() {
            cells.spans.push(Span::new(cells.text.len(), value.len(), false, CellKind::Plain));
            cells.text.push_str(value);
            cells.lines.push(row as u64 + 1);
        }
        cells
    }

    /// What the two slow steps say of the cells.
    fn slow(cells: &Cells) -> (ColumnPlan, Seen, ArrayRef) {
        let mut seen = Seen::new(None, Missing::default());
        seen.absorb(cells.column(0), false);
        let plan = plan(&seen);
        let array = plan.convert(cells, Some(0), &mut Vec::new());
        (plan, seen, array)
    }

    fn plan(seen: &Seen) -> ColumnPlan {
        ColumnPlan::decide("x", None, None, Missing::default(), seen, &[], &mut Vec::new()).expect("nothing is declared")
    }

    #[test]
    fn the_quick_way_says_what_the_slow_one_says() {
        // What comes after may be what decides, so it is taken in behind either.
        let after = [
            &[][..],
            &["x"],
            &["1.234,5"],
            &["1,234.5", "2,345.5"],
            &["5%"],
            &["2024/01/01"],
            &["200.000.000"],
            &["1.234.567", "x"],
            &["2024-01-01 10:00"],
            &["1e300"],
            &["1e3"],
            &["1e3", "0.25"],
            &["NA"],
        ];
        for values in [
            &["1", "", "-20", "300", "0"][..],
            &["123456789012345", "-999999999999999"],
            &["0.5", "12.25", "-3.75", "0", "1200", "0.12345678901234"],
            &["0.1", "0.2", "0.30", "123456.789"],
            &["1.234", "12.345", "123.456"],
            &["1.234", "7", "0.5"],
            &["2024-02-29", "", "2024-02-29", "1969-12-31"],
            &["2024-01-01 00:00:00", "1969-12-31T23:59:59", ""],
        ] {
            let cells = cells(values);
            let (plan, want, array) = slow(&cells);
            if matches!(plan.parse, Parse::Text) {
                continue;
            }
            let mut seen = Seen::new(None, Missing::default());
            let quick = plan.take(&mut seen, &cells, 0).unwrap_or_else(|| panic!("{values:?} are plain"));
            assert_eq!(quick.to_data(), array.to_data(), "{values:?}");
            for after in after {
                let later = self::cells(after);
                let (mut one, mut other) = (seen.clone(), want.clone());
                one.absorb(later.column(0), false);
                other.absorb(later.column(0), false);
                assert!(self::plan(&one) == self::plan(&other), "{values:?}, then {after:?}");
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_alone() {
        let plan_of = |value: &str| slow(&cells(&[value])).0;
        for (like, odd) in [
            ("1", &["007", "-0", "+1", " 1", "1.0", "1e3", "1234567890123456", "x", "-", "NA", "１", "1,000", "5%"][..]),
            ("1.5", &["-0.0", "1.", ".5", "00.5", "1.5e3", "1.2.3", "0.1234567890123456", "1,5", "NaN", "1.5%"]),
            (
                "2024-01-01",
                &["2024-1-1", "2023-02-29", "2024-01-01 00:00:00", "2024/01/01", "0000-01-01", "\0\0\0\0\0\0\0\0\0\0"],
            ),
            ("2024-01-01 10:00:00", &["2024-01-01 24:00:00", "2024-01-01 10:00", "2024-01-01 10:00:00Z", "2024-01-01"]),
        ] {
            let plan = plan_of(like);
            for odd in odd {
                let mut seen = Seen::new(None, Missing::default());
                let before = format!("{seen:?}");
                assert!(plan.take(&mut seen, &cells(&[like, odd]), 0).is_none(), "{odd} like {like}");
                assert_eq!(format!("{seen:?}"), before, "{odd} like {like}");
            }
        }
    }
}
