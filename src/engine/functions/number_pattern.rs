//! `to_char` of numbers, for patterns of `9`, `0`, `,`, `.` and `FM` (PostgreSQL 15, table 9.28). Other patterns are refused where the
//! statement is read.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;

use super::native::{Arguments, Native, outward};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// What the dialect makes of `to_char(x, pattern)` where the pattern is a number's.
pub(super) fn functions() -> Vec<Native> {
    vec![Native::pure("number_to_char", &[2], DataType::Utf8, number_to_char)]
}

fn number_to_char(a: &Arguments) -> Result<ArrayRef> {
    let given = a.array(0).data_type();
    if !given.is_numeric() && !given.is_null() {
        let error =
            Error::new(Kind::UndefinedFunction, format!("to_char of {} takes no pattern of digits", PgType::of(given).sql_name));
        return Err(outward(error.with_hint("Cast the value to a number, as in to_char(x::numeric, '999').")));
    }
    let patterns = a.texts(1)?;
    let floats = a.array(0).data_type().is_floating().then(|| cast(a.array(0), &DataType::Float64)).transpose()?;
    let texts = a.texts(0)?;
    let rows = (0..a.rows).map(|row| {
        if texts.is_null(row) || patterns.is_null(row) {
            return None;
        }
        let pattern = Pattern::of(patterns.value(row));
        match &floats {
            Some(floats) => {
                let value = floats.as_primitive::<Float64Type>().value(row);
                if !value.is_finite() {
                    return Some(pattern.overflowing());
                }
                Some(pattern.show(&format!("{value:.*}", pattern.fraction.len())))
            }
            None => Some(pattern.show(texts.value(row))),
        }
    });
    Ok(Arc::new(rows.collect::<StringArray>()))
}

/// A pattern taken apart.
struct Pattern {
    /// No padding.
    fill: bool,
    whole: Vec<char>,
    has_point: bool,
    fraction: Vec<char>,
}

impl Pattern {
    fn of(text: &str) -> Self {
        let (fill, digits) = match text.strip_prefix("FM") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        Self { fill, whole: whole.chars().collect(), has_point: digits.contains('.'), fraction: fraction.chars().collect() }
    }

    /// What stands for a number that has no digits, or more than there is room for.
    fn overflowing(&self) -> String {
        let hashes = |digits: &[char]| digits.iter().map(|c| if *c == ',' { ',' } else { '#' }).collect::<String>();
        let sign = if self.fill { "" } else { " " };
        let point = if self.has_point { "." } else { "" };
        format!("{sign}{}{point}{}", hashes(&self.whole), hashes(&self.fraction))
    }

    /// A number's plain decimal text in this pattern.
    fn show(&self, number: &str) -> String {
        let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
        let (whole, fraction) = rounded(number, self.fraction.len());
        let negative = negative && whole.bytes().chain(fraction.bytes()).any(|d| d != b'0');
        let places = self.whole.iter().filter(|c| **c != ',').count();
        let significant = whole.trim_start_matches('0');
        let mut shown = if significant.len() > places {
            self.whole.iter().map(|c| if *c == ',' { ',' } else { '#' }).collect()
        } else {
            // A zero is shown as one where nothing else would be.
            let is_zero = significant.is_empty() && fraction.bytes().all(|d| d == b'0');
            self.whole_part(significant, places, !self.has_point || self.fill && is_zero)
        };
        let first = shown.iter().position(|c| *c != ' ').unwrap_or(shown.len());
        let sign = if negative { '-' } else { ' ' };
        shown.insert(first, sign);
        if self.has_point {
            shown.push('.');
            if significant.len() > places {
                shown.extend(self.fraction.iter().map(|_| '#'));
            } else {
                shown.extend(fraction.chars());
                self.trim(&mut shown);
            }
        }
        let text: String = shown.into_iter().collect();
        if self.fill { text.replace(' ', "") } else { text }
    }

    /// The digits before the point: blanks where there is none, zeros from the pattern's first `0` on.
    fn whole_part(&self, significant: &str, places: usize, last_shown: bool) -> Vec<char> {
        let mut digits = std::iter::repeat_n(None, places - significant.len()).chain(significant.chars().map(Some));
        let mut place = 0;
        let (mut began, mut zeros) = (false, false);
        let pattern = self.whole.iter().map(|c| match c {
            ',' if began => ',',
            ',' => ' ',
            c => {
                place += 1;
                zeros |= *c == '0';
                let last = place == places && last_shown;
                let digit = digits.next().flatten().or((zeros || last).then_some('0'));
                began |= digit.is_some();
                digit.unwrap_or(' ')
            }
        });
        pattern.collect()
    }

    /// Without padding, zeros at the end that a `9` asks for are left out.
    fn trim(&self, shown: &mut Vec<char>) {
        if self.fill {
            let kept = self.fraction.iter().rposition(|c| *c == '0').map_or(0, |last| last + 1);
            let optional = self.fraction.len() - kept;
            let zeros = shown.iter().rev().take(optional).take_while(|c| **c == '0').count();
            shown.truncate(shown.len() - zeros);
        }
    }
}

/// The digits before and behind the point, the latter `places` of them, rounded half away from zero.
fn rounded(number: &str, places: usize) -> (String, String) {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let up = fraction.as_bytes().get(places).is_some_and(|next| *next >= b'5');
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(places)).collect();
    if up {
        let nines = digits.iter().rev().take_while(|d| **d == b'9').count();
        let at = digits.len() - nines;
        digits[at..].fill(b'0');
        match at.checked_sub(1) {
            Some(place) => digits[place] += 1,
            None => digits.insert(0, b'1'),
        }
    }
    let text: String = digits.into_iter().map(char::from).collect();
    let (whole, fraction) = text.split_at(text.len() - places);
    (whole.to_owned(), fraction.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn numbers_look_as_in_postgresql() {
        // Each as PostgreSQL 15 prints it.
        for (number, pattern, want) in [
            ("1234567.891", "999,999,999.00", "   1,234,567.89"),
            ("1234.5", "999,999.00", "   1,234.50"),
            ("-1234.5", "999,999.00", "  -1,234.50"),
            ("-12", "FM999", "-12"),
            ("0", "999", "   0"),
            ("0.5", "999.99", "    .50"),
            ("0.5", "990.99", "   0.50"),
            ("0.1", "FM9.99", ".1"),
            ("0.1", "FM9.90", ".10"),
            ("1", "FM999.99", "1."),
            ("7", "000", " 007"),
            ("12345", "999", " ###"),
            ("12345.6", "999.99", " ###.##"),
            ("0.995", "9.99", " 1.00"),
            ("-0.001", "9.99", "  .00"),
            ("999.5", "9999", " 1000"),
            ("0", "999.99", "    .00"),
            ("0", "FM9.99", "0."),
            ("5", "0,999", " 0,005"),
            ("1234567", "9,999", " #,###"),
        ] {
            assert_eq!(Pattern::of(pattern).show(number), want, "{number} as {pattern}");
        }
    }
}
