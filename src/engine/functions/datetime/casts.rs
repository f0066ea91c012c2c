//! Casts: texts to dates, times and intervals and back, dates to moments, moments between local time and UTC in the session's zone; and the
//! digits of seconds that a type asks for.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow::datatypes::{
    DataType, Date32Type, Field, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::Times;
use super::arithmetic::start_of;
use super::function::{Columns, Function, Overload, T};
use crate::engine::functions::native::outward;
use crate::error::Error;
use crate::table::pg_time::calendar::{date_at, is_finite, moment};
use crate::table::pg_time::{DAY, Interval, Range, Reader, out_of_range, read_interval, rounded};
use crate::table::pg_type::PgType;
use crate::table::pg_value::{EPOCH_MICROS, Format, Values, encode};

type Moment = TimestampMicrosecondType;
type Span = IntervalMonthDayNanoType;
type Clock = Time64MicrosecondType;

/// Reads each text.
fn read<O: ArrowPrimitiveType>(
    times: &Times,
    a: &Columns,
    parse: impl Fn(&Reader, &str) -> Result<O::Native, Error>,
) -> Result<ArrayRef> {
    let (reader, texts) = (times.reader(), a.text(0));
    a.rows::<O>(|row| texts.get(row).map(|text| parse(&reader, text)).transpose())
}

/// As it is.
fn same(_: &Times, a: &Columns) -> Result<ArrayRef> {
    Ok(Arc::clone(a.array(0)))
}

pub static DATE: &[Overload] = &[
    Overload { takes: &[T::Date], gives: T::Date, body: same },
    Overload { takes: &[T::Text], gives: T::Date, body: |times, a| read::<Date32Type>(times, a, Reader::date) },
    Overload { takes: &[T::Timestamp], gives: T::Date, body: |_, a| a.map::<Moment, Date32Type>(|t| Ok(date_at(t))) },
    Overload {
        takes: &[T::Timestamptz],
        gives: T::Date,
        body: |times, a| {
            let zone = times.zone();
            a.map::<Moment, Date32Type>(|t| Ok(date_at(if is_finite(t) { zone.local(t) } else { t })))
        },
    },
];

pub static TIMESTAMP: &[Overload] = &[
    Overload { takes: &[T::Timestamp], gives: T::Timestamp, body: same },
    Overload { takes: &[T::Text], gives: T::Timestamp, body: |times, a| read::<Moment>(times, a, Reader::timestamp) },
    Overload { takes: &[T::Date], gives: T::Timestamp, body: |_, a| a.map::<Date32Type, Moment>(start_of) },
    Overload {
        takes: &[T::Timestamptz],
        gives: T::Timestamp,
        body: |times, a| {
            let zone = times.zone();
            a.map::<Moment, Moment>(|t| Ok(if is_finite(t) { zone.local(t) } else { t }))
        },
    },
    Overload { takes: &[T::Timestamp, T::Int], gives: T::Timestamp, body: scaled_moments },
];

pub static TIMESTAMPTZ: &[Overload] = &[
    Overload { takes: &[T::Timestamptz], gives: T::Timestamptz, body: same },
    Overload { takes: &[T::Text], gives: T::Timestamptz, body: |times, a| read::<Moment>(times, a, Reader::timestamptz) },
    Overload {
        takes: &[T::Date],
        gives: T::Timestamptz,
        body: |times, a| {
            let zone = times.zone();
            a.map::<Date32Type, Moment>(|d| {
                let start = start_of(d)?;
                Ok(if is_finite(start) { zone.moment(start) } else { start })
            })
        },
    },
    Overload {
        takes: &[T::Timestamp],
        gives: T::Timestamptz,
        body: |times, a| {
            let zone = times.zone();
            a.map::<Moment, Moment>(|t| Ok(if is_finite(t) { zone.moment(t) } else { t }))
        },
    },
    Overload { takes: &[T::Timestamptz, T::Int], gives: T::Timestamptz, body: scaled_moments },
];

/// Rounded to so many digits of a second.
fn scaled_moments(_: &Times, a: &Columns) -> Result<ArrayRef> {
    a.map2::<Moment, Int64Type, Moment>(|t, digits| {
        if !is_finite(t) {
            return Ok(t);
        }
        let since = rounded(t.saturating_sub(EPOCH_MICROS), precision(digits));
        let scaled = since.and_then(|s| moment(i128::from(s) + i128::from(EPOCH_MICROS)));
        scaled.ok_or_else(|| out_of_range("timestamp"))
    })
}

/// More than six digits are six.
fn precision(digits: i64) -> u8 {
    u8::try_from(digits).unwrap_or(6).min(6)
}

pub static TIME: &[Overload] = &[
    Overload { takes: &[T::Time], gives: T::Time, body: same },
    Overload { takes: &[T::Text], gives: T::Time, body: |times, a| read::<Clock>(times, a, Reader::time) },
    Overload { takes: &[T::Timestamp], gives: T::Time, body: |_, a| times_of(a, |t| t) },
    Overload {
        takes: &[T::Timestamptz],
        gives: T::Time,
        body: |times, a| {
            let zone = times.zone();
            times_of(a, |t| zone.local(t))
        },
    },
    Overload {
        takes: &[T::Interval],
        gives: T::Time,
        body: |_, a| a.map::<Span, Clock>(|i| Ok(Interval::from(i).micros.rem_euclid(DAY))),
    },
    Overload {
        takes: &[T::Time, T::Int],
        gives: T::Time,
        body: |_, a| {
            a.map2::<Clock, Int64Type, Clock>(|t, digits| rounded(t, precision(digits)).ok_or_else(|| out_of_range("time")))
        },
    },
];

/// The time of day; an infinity has none.
fn times_of(a: &Columns, local: impl Fn(i64) -> i64) -> Result<ArrayRef> {
    let moments = a.of::<Moment>(0);
    a.rows::<Clock>(|row| Ok(moments.get(row).filter(|t| is_finite(*t)).map(|t| local(t).rem_euclid(DAY))))
}

pub static INTERVAL: &[Overload] = &[
    Overload { takes: &[T::Interval], gives: T::Interval, body: same },
    Overload {
        takes: &[T::Text],
        gives: T::Interval,
        body: |times, a| {
            let (texts, sql) = (a.text(0), times.style.reads_sql_intervals());
            a.intervals(|row| texts.get(row).map(|text| read_interval(text, Range::FULL, sql)).transpose())
        },
    },
    Overload {
        takes: &[T::Time],
        gives: T::Interval,
        body: |_, a| a.map::<Clock, Span>(|t| Interval { months: 0, days: 0, micros: t }.to_arrow()),
    },
    // The fields that it is restricted to, and the digits of seconds; -1 for no such restriction.
    Overload {
        takes: &[T::Text, T::Int, T::Int],
        gives: T::Interval,
        body: |times, a| {
            let (texts, sql) = (a.text(0), times.style.reads_sql_intervals());
            a.intervals(|row| texts.get(row).map(|text| read_interval(text, range(a, row), sql)).transpose())
        },
    },
    Overload {
        takes: &[T::Interval, T::Int, T::Int],
        gives: T::Interval,
        body: |_, a| {
            let spans = a.of::<Span>(0);
            a.intervals(|row| spans.get(row).map(|span| range(a, row).apply(span.into())).transpose())
        },
    },
];

fn range(a: &Columns, row: usize) -> Range {
    let argument = |i: usize| a.of::<Int64Type>(i).get(row).and_then(|n| u8::try_from(n).ok());
    Range { fields: argument(1).unwrap_or(Range::FULL.fields), precision: argument(2) }
}

/// A column's values as the session shows them.
pub static TEXT: &[Overload] = &[
    Overload { takes: &[T::Date], gives: T::Text, body: shown },
    Overload { takes: &[T::Time], gives: T::Text, body: shown },
    Overload { takes: &[T::Timestamp], gives: T::Text, body: shown },
    Overload { takes: &[T::Timestamptz], gives: T::Text, body: shown },
    Overload { takes: &[T::Interval], gives: T::Text, body: shown },
];

fn shown(times: &Times, a: &Columns) -> Result<ArrayRef> {
    let array = a.array(0);
    let field = Field::new("", array.data_type().clone(), true);
    let mut values = Values::default();
    encode(array, &field, PgType::of(array.data_type()), Format::Text, &times.style, &mut values).map_err(outward)?;
    a.texts(|row, text| {
        let row = if array.len() == 1 { 0 } else { row };
        // What is encoded here is ASCII.
        let shown = values.get(row).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.push_str(shown.unwrap_or_default());
        Ok(shown.is_some())
    })
}

/// The function that casts to a type; `None` where DataFusion's own cast is PostgreSQL's.
pub fn function(from: T, to: &DataType) -> Option<(&'static str, &'static [Overload])> {
    let target = T::of(to)?;
    if from == target || !(from.is_temporal() || target.is_temporal()) || to.is_nested() {
        return None;
    }
    let (name, overloads) = match target {
        T::Date => ("date", DATE),
        T::Timestamp => ("timestamp", TIMESTAMP),
        T::Timestamptz => ("timestamptz", TIMESTAMPTZ),
        T::Time => ("time", TIME),
        T::Interval => ("interval", INTERVAL),
        T::Text => ("datetime_text", TEXT),
        T::Bool | T::Int4 | T::Int | T::Float => return None,
    };
    overloads.iter().any(|o| o.takes == [from]).then_some((name, overloads))
}

pub fn functions(times: &Arc<Times>) -> Vec<Arc<ScalarUDF>> {
    let families = [
        ("date", DATE),
        ("timestamp", TIMESTAMP),
        ("timestamptz", TIMESTAMPTZ),
        ("time", TIME),
        ("interval", INTERVAL),
        ("datetime_text", TEXT),
    ];
    families.map(|(name, overloads)| Function::new(name, Volatility::Immutable, overloads, times).udf()).into()
}
