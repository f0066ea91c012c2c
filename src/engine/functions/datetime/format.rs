//! `to_char` of dates, intervals and numbers, `to_date` and `to_timestamp`. What the templates mean stands in
//! [`pg_time::format`](crate::table::pg_time::format).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::Times;
use super::function::{Columns, Function, Overload, T, no_function};
use super::make::from_epoch;
use crate::engine::functions::native::outward;
use crate::error::{Error, Kind};
use crate::table::pg_time::calendar::{date, is_finite, moment};
use crate::table::pg_time::format::number::Template;
use crate::table::pg_time::format::{Node, Read, Shown, parse, read};
use crate::table::pg_time::{DAY, Interval, SECOND};

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

/// `to_char`.
#[derive(Clone)]
struct ToChar {
    times: Arc<Times>,
    signature: Signature,
}

impl std::fmt::Debug for ToChar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ToChar")
    }
}

impl PartialEq for ToChar {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ToChar {}

impl std::hash::Hash for ToChar {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl ToChar {
    /// What is shown in one row; `false` for null.
    fn show(
        &self,
        values: &ArrayRef,
        row: usize,
        template: &str,
        dates: &mut Last<Vec<Node>>,
        numbers: &mut Last<Template>,
        out: &mut String,
    ) -> Result<bool, Error> {
        match values.data_type() {
            DataType::Timestamp(_, zone) => {
                let at = values.as_primitive::<TimestampMicrosecondType>().value(row);
                if !is_finite(at) || template.is_empty() {
                    return Ok(false);
                }
                let shown = if zone.is_some() {
                    let zone = self.times.zone();
                    Shown::moment(zone.local(at), Some((zone, at)))
                } else {
                    Shown::moment(at, None)
                };
                shown.write(dates.of(template, |t| Ok(parse(t)))?, out)?;
            }
            DataType::Interval(_) => {
                if template.is_empty() {
                    return Ok(false);
                }
                let span = values.as_primitive::<IntervalMonthDayNanoType>().value(row);
                Shown::interval(span.into()).write(dates.of(template, |t| Ok(parse(t)))?, out)?;
            }
            DataType::Time64(_) => {
                if template.is_empty() {
                    return Ok(false);
                }
                let micros = values.as_primitive::<Time64MicrosecondType>().value(row);
                let span = Interval { months: 0, days: 0, micros };
                Shown::interval(span).write(dates.of(template, |t| Ok(parse(t)))?, out)?;
            }
            DataType::Float64 => {
                float(values.as_primitive::<Float64Type>().value(row), numbers.of(template, Template::parse)?, out)
            }
            DataType::Int64 => {
                let value = values.as_primitive::<Int64Type>().value(row);
                exact(&value.to_string(), value as f64, numbers.of(template, Template::parse)?, out);
            }
            _ => {
                let text = values.as_string::<i32>().value(row);
                exact(text, text.parse().unwrap_or(f64::NAN), numbers.of(template, Template::parse)?, out);
            }
        }
        Ok(true)
    }
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
    template.write(&unsigned_zero(format!("{shifted:.places$}")), out);
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

impl ScalarUDFImpl for ToChar {
    fn name(&self) -> &str {
        "to_char"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let undefined = || outward(no_function("to_char", types));
        let [value, template] = types else { return Err(undefined()) };
        if !template.is_string() && !template.is_null() {
            return Err(undefined());
        }
        let shown = match T::of(value) {
            // PostgreSQL prefers moments to local times.
            Some(T::Date) => T::Timestamptz.arrow(),
            // Arrow casts no time to an interval; its digits are the same.
            Some(T::Time) => T::Time.arrow(),
            Some(t @ (T::Timestamp | T::Timestamptz | T::Interval | T::Int)) if *value != DataType::UInt64 => t.arrow(),
            Some(T::Float | T::Int) if value.is_floating() => DataType::Float64,
            Some(T::Float | T::Int) => value.clone(),
            _ if value.is_null() => T::Timestamptz.arrow(),
            Some(_) | None => return Err(undefined()),
        };
        Ok(vec![shown, DataType::Utf8])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let [value, template] = args.args.as_slice() else { return Err(DataFusionError::Internal("to_char of two".to_owned())) };
        let mut values = value.to_array(rows)?;
        if values.data_type().is_decimal() || *values.data_type() == DataType::UInt64 {
            // A decimal's text has all of its digits.
            values = cast(&values, &DataType::Utf8)?;
        }
        let templates = cast(&template.to_array(rows)?, &DataType::Utf8)?;
        let templates = templates.as_string::<i32>();
        let mut texts = StringBuilder::with_capacity(rows, rows * 16);
        let (mut dates, mut numbers) = (Last(None), Last(None));
        let mut out = String::new();
        for row in 0..rows {
            out.clear();
            let known = values.is_valid(row) && templates.is_valid(row);
            let shown =
                known && self.show(&values, row, templates.value(row), &mut dates, &mut numbers, &mut out).map_err(outward)?;
            if shown { texts.append_value(&out) } else { texts.append_null() }
        }
        let answer: ArrayRef = Arc::new(texts.finish());
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?));
        }
        Ok(ColumnarValue::Array(answer))
    }
}

/// Reads each text by its template.
fn each<O: arrow::array::ArrowPrimitiveType>(
    a: &Columns,
    value: impl Fn(&str, Read) -> Result<O::Native, Error>,
) -> Result<ArrayRef> {
    let (texts, templates) = (a.text(0), a.text(1));
    let mut last = Last(None);
    a.rows::<O>(|row| {
        let (Some(text), Some(template)) = (texts.get(row), templates.get(row)) else { return Ok(None) };
        let found = read(text, last.of(template, |t| Ok(parse(t)))?)?;
        value(text, found).map(Some)
    })
}

static TO_DATE: &[Overload] = &[Overload {
    takes: &[T::Text, T::Text],
    gives: T::Date,
    body: |_, a| {
        each::<Date32Type>(a, |text, found| {
            date(found.days).ok_or_else(|| Error::new(Kind::DatetimeOverflow, format!("date out of range: \"{text}\"")))
        })
    },
}];

static TO_TIMESTAMP: &[Overload] = &[
    Overload { takes: &[T::Float], gives: T::Timestamptz, body: from_epoch },
    Overload {
        takes: &[T::Text, T::Text],
        gives: T::Timestamptz,
        body: |times, a| {
            let zone = times.zone();
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

pub fn functions(times: &Arc<Times>) -> Vec<Arc<ScalarUDF>> {
    let to_char = ToChar { times: Arc::clone(times), signature: Signature::user_defined(Volatility::Immutable) };
    vec![
        Arc::new(ScalarUDF::from(to_char)),
        Function::new("to_date", Volatility::Immutable, TO_DATE, times).udf(),
        Function::new("to_timestamp", Volatility::Immutable, TO_TIMESTAMP, times).udf(),
    ]
}
