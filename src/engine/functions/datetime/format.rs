//! `to_char` of dates, intervals and numbers, `to_date` and `to_timestamp`. What the templates mean stands in
//! [`pg_time::format`](crate::table::pg_time::format).

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::error::Result;

use super::make::from_epoch;
use crate::engine::functions::function::{Call, Function, Gives, Overload, Type as T, outward};
use crate::error::{Error, Kind};
use crate::table::pg_time::calendar::{date, is_finite, moment};
use crate::table::pg_time::format::number::Template;
use crate::table::pg_time::format::{Node, Read, Shown, parse, read};
use crate::table::pg_time::{DAY, Interval, SECOND, Zone};

/// A word with its first letter in capitals.
pub fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The template of the row before, which most often is the next one's too.
struct Last<P>(Option<(String, P)>);

impl<P> Last<P> {
    fn of(&mut self, text: &str, parse: impl Fn(&str) -> Result<P, Error>) -> Result<&P, Error> {
        if self.0.as_ref().is_none_or(|(known, _)| known != text) {
            self.0 = Some((text.to_owned(), parse(text)?));
        }
        self.0.as_ref().map(|(_, parsed)| parsed).ok_or_else(|| Error::new(Kind::Internal, "a template that was parsed"))
    }
}

/// What `to_char` shows of, and the templates of the row before.
struct ToChar {
    values: ArrayRef,
    zone: Zone,
    dates: Last<Vec<Node>>,
    numbers: Last<Template>,
}

impl ToChar {
    fn of(call: &Call) -> Result<Self> {
        let values = call.array(0)?;
        let values = match values.data_type() {
            // A decimal's text has all of its digits.
            t if t.is_decimal() || *t == DataType::UInt64 => cast(&values, &DataType::Utf8)?,
            t if t.is_integer() => cast(&values, &DataType::Int64)?,
            t if t.is_floating() => cast(&values, &DataType::Float64)?,
            _ => values,
        };
        Ok(Self { values, zone: call.zone(), dates: Last(None), numbers: Last(None) })
    }

    /// What is shown in one row; `false` for null.
    fn show(&mut self, row: usize, template: &str, out: &mut String) -> Result<bool, Error> {
        let values = &self.values;
        let shown = match values.data_type() {
            DataType::Timestamp(_, zone) => {
                let at = values.as_primitive::<TimestampMicrosecondType>().value(row);
                if !is_finite(at) {
                    return Ok(false);
                }
                match zone {
                    Some(_) => Shown::moment(self.zone.local(at), Some((self.zone, at))),
                    None => Shown::moment(at, None),
                }
            }
            DataType::Interval(_) => Shown::interval(values.as_primitive::<IntervalMonthDayNanoType>().value(row).into()),
            DataType::Time64(_) => {
                let micros = values.as_primitive::<Time64MicrosecondType>().value(row);
                Shown::interval(Interval { months: 0, days: 0, micros })
            }
            DataType::Float64 => {
                float(values.as_primitive::<Float64Type>().value(row), self.numbers.of(template, Template::parse)?, out);
                return Ok(true);
            }
            DataType::Int64 => {
                let value = values.as_primitive::<Int64Type>().value(row);
                exact(&value.to_string(), value as f64, self.numbers.of(template, Template::parse)?, out);
                return Ok(true);
            }
            _ => {
                let text = values.as_string::<i32>().value(row);
                exact(text, text.parse().unwrap_or(f64::NAN), self.numbers.of(template, Template::parse)?, out);
                return Ok(true);
            }
        };
        if template.is_empty() {
            return Ok(false);
        }
        shown.write(self.dates.of(template, |t| Ok(parse(t)))?, out)?;
        Ok(true)
    }
}

fn to_char(call: &Call) -> Result<ArrayRef> {
    let (mut shown, templates) = (ToChar::of(call)?, call.texts(1)?);
    call.write_texts(|row, out| shown.show(row, templates.value(row), out).map_err(outward))
}

/// A number with a Roman form.
fn roman(value: f64) -> Option<u16> {
    let rounded = value.round_ties_even();
    (1.0..4000.0).contains(&rounded).then_some(rounded as u16)
}

/// As C's `%.*e`, with room for a sign.
fn exponent(value: f64, template: &Template, out: &mut String) {
    if !value.is_finite() {
        return template.write_no_exponent(out);
    }
    let text = format!("{value:.*e}", template.places());
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    if !digits.starts_with('-') {
        out.push(' ');
    }
    out.push_str(&format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs()));
}

/// Digits that a double has.
const DOUBLE_DIGITS: usize = 15;

fn float(value: f64, template: &Template, out: &mut String) {
    if template.is_roman() {
        return template.write_roman(roman(value), out);
    }
    if template.is_exponent() {
        return exponent(value, template, out);
    }
    if value.is_infinite() {
        return template.write(if value > 0.0 { "Infinity" } else { "-Infinity" }, out);
    }
    let shifted = value * 10f64.powi(i32::try_from(template.shift()).unwrap_or(i32::MAX));
    let whole = format!("{:.0}", shifted.abs()).len();
    let places = template.places().min(DOUBLE_DIGITS.saturating_sub(whole));
    // A float keeps its sign when it is rounded to zero.
    template.write(&format!("{shifted:.places$}"), out);
}

/// A number given by its decimal text.
fn exact(text: &str, value: f64, template: &Template, out: &mut String) {
    if template.is_roman() {
        return template.write_roman(roman(value), out);
    }
    if template.is_exponent() {
        return exponent(value, template, out);
    }
    template.write(&unsigned_zero(rounded(text, template.shift(), template.places())), out);
}

/// A zero has no sign.
fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|d| d == b'0' || d == b'.') => digits.to_owned(),
        Some(_) | None => text,
    }
}

/// A decimal text with its point moved to the right and so many digits behind it, rounded half away from zero.
fn rounded(text: &str, shift: usize, places: usize) -> String {
    let (sign, number) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let keep = whole.len() + shift + places;
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(shift + places)).collect();
    if fraction.as_bytes().get(shift + places).is_some_and(|next| *next >= b'5') {
        let nines = digits.iter().rev().take_while(|d| **d == b'9').count();
        let at = digits.len() - nines;
        digits[at..].fill(b'0');
        match at.checked_sub(1) {
            Some(place) => digits[place] += 1,
            None => digits.insert(0, b'1'),
        }
    }
    let point = keep.max(digits.len()) - places;
    let (whole, fraction) = digits.split_at(point.min(digits.len()));
    let shown = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let whole = shown(whole);
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", shown(fraction)) }
}

/// Reads each text by its template.
fn each<O: arrow::array::ArrowPrimitiveType>(
    a: &Call,
    value: impl Fn(&str, Read) -> Result<O::Native, Error>,
) -> Result<ArrayRef> {
    let (texts, templates) = (a.texts(0)?, a.texts(1)?);
    let mut last = Last(None);
    a.each::<O>(|row| {
        let (Some(text), Some(template)) = (texts.get(row), templates.get(row)) else { return Ok(None) };
        let found = read(text, last.of(template, |t| Ok(parse(t)))?)?;
        value(text, found).map(Some)
    })
}

static TO_DATE: &[Overload] = &[Overload {
    takes: &[T::Text, T::Text],
    gives: Gives::Temporal(T::Date),
    body: |a| {
        each::<Date32Type>(a, |text, found| {
            date(found.days).ok_or_else(|| Error::new(Kind::DatetimeOverflow, format!("date out of range: \"{text}\"")))
        })
    },
}];

static TO_TIMESTAMP: &[Overload] = &[
    Overload { takes: &[T::Float], gives: Gives::Temporal(T::Timestamptz), body: from_epoch },
    Overload {
        takes: &[T::Text, T::Text],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zone = a.zone();
            each::<TimestampMicrosecondType>(a, |text, found| {
                let local = i128::from(found.days) * i128::from(DAY) + i128::from(found.time);
                let at = match found.offset {
                    Some(offset) => moment(local - i128::from(offset) * i128::from(SECOND)),
                    None => moment(local).map(|local| zone.moment(local)),
                };
                at.ok_or_else(|| Error::new(Kind::DatetimeOverflow, format!("timestamp out of range: \"{text}\"")))
            })
        },
    },
];

pub fn functions() -> Vec<Function> {
    const FORMS: &[&[T]] = &[
        &[T::Timestamptz, T::Text],
        &[T::Timestamp, T::Text],
        &[T::Interval, T::Text],
        &[T::Time, T::Text],
        &[T::Number, T::Text],
    ];
    vec![
        Function::new("to_char", FORMS, Gives::Text, to_char),
        Function::overloaded("to_date", TO_DATE),
        Function::overloaded("to_timestamp", TO_TIMESTAMP),
    ]
}
