//! Casts: texts to dates, times and intervals and back, dates to moments, moments between local time and UTC in the session's zone; and the
//! digits of seconds that a type asks for.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, Int64Array};
use arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::error::Result;

use super::arithmetic::start_of;
use crate::engine::functions::function::{Call, Column, Function, Gives, Overload, Type as T, outward, whole};
use crate::error::Error;
use crate::table::modifier;
use crate::table::pg_time::calendar::{date_at, is_finite, moment};
use crate::table::pg_time::{DAY, Interval, Range, Reader, out_of_range, read_interval, rounded};
use crate::table::pg_type::PgType;
use crate::table::pg_value::{EPOCH_MICROS, Format, Values, encode};

type Moment = TimestampMicrosecondType;
type Span = IntervalMonthDayNanoType;
type Clock = Time64MicrosecondType;

/// Reads each text.
fn read<O: ArrowPrimitiveType>(a: &Call, parse: impl Fn(&Reader, &str) -> Result<O::Native, Error>) -> Result<ArrayRef> {
    let (reader, texts) = (a.reader()?, a.texts(0)?);
    a.each::<O>(|row| texts.get(row).map(|text| parse(&reader, text)).transpose())
}

/// As it is.
fn same(a: &Call) -> Result<ArrayRef> {
    a.array(0)
}

const DATE: &[Overload] = &[
    Overload { takes: &[T::Date], gives: Gives::Temporal(T::Date), body: same },
    Overload { takes: &[T::Text], gives: Gives::Temporal(T::Date), body: |a| read::<Date32Type>(a, Reader::date) },
    Overload {
        takes: &[T::Timestamp],
        gives: Gives::Temporal(T::Date),
        body: |a| a.map::<Moment, Date32Type>(|t| Ok(date_at(t))),
    },
    Overload {
        takes: &[T::Timestamptz],
        gives: Gives::Temporal(T::Date),
        body: |a| {
            let zone = a.zone();
            a.map::<Moment, Date32Type>(|t| Ok(date_at(if is_finite(t) { zone.local(t) } else { t })))
        },
    },
];

const TIMESTAMP: &[Overload] = &[
    Overload { takes: &[T::Timestamp], gives: Gives::Temporal(T::Timestamp), body: same },
    Overload { takes: &[T::Text], gives: Gives::Temporal(T::Timestamp), body: |a| read::<Moment>(a, Reader::timestamp) },
    Overload { takes: &[T::Date], gives: Gives::Temporal(T::Timestamp), body: |a| a.map::<Date32Type, Moment>(start_of) },
    Overload {
        takes: &[T::Timestamptz],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| {
            let zone = a.zone();
            a.map::<Moment, Moment>(|t| Ok(if is_finite(t) { zone.local(t) } else { t }))
        },
    },
    Overload {
        takes: &[T::Timestamp, T::Int],
        gives: Gives::OfConstants(|_, c| Ok(scaled(T::Timestamp, c))),
        body: scaled_moments,
    },
];

const TIMESTAMPTZ: &[Overload] = &[
    Overload { takes: &[T::Timestamptz], gives: Gives::Temporal(T::Timestamptz), body: same },
    Overload { takes: &[T::Text], gives: Gives::Temporal(T::Timestamptz), body: |a| read::<Moment>(a, Reader::timestamptz) },
    Overload {
        takes: &[T::Date],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zone = a.zone();
            a.map::<Date32Type, Moment>(|d| {
                let start = start_of(d)?;
                Ok(if is_finite(start) { zone.moment(start) } else { start })
            })
        },
    },
    Overload {
        takes: &[T::Timestamp],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zone = a.zone();
            a.map::<Moment, Moment>(|t| Ok(if is_finite(t) { zone.moment(t) } else { t }))
        },
    },
    Overload {
        takes: &[T::Timestamptz, T::Int],
        gives: Gives::OfConstants(|_, c| Ok(scaled(T::Timestamptz, c))),
        body: scaled_moments,
    },
];

/// Rounded to so many digits of a second.
fn scaled_moments(a: &Call) -> Result<ArrayRef> {
    a.map2::<Moment, Int64Type, Moment>(|t, digits| {
        if !is_finite(t) {
            return Ok(t);
        }
        let since = rounded(t.saturating_sub(EPOCH_MICROS), precision(digits));
        let scaled = since.and_then(|s| moment(i128::from(s) + i128::from(EPOCH_MICROS)));
        scaled.ok_or_else(|| out_of_range("timestamp"))
    })
}

/// The field of a time or moment with so many digits of seconds.
fn scaled(t: T, constants: &[Option<&ScalarValue>]) -> FieldRef {
    let field = Field::new("", t.of_temporal().unwrap_or(DataType::Null), true);
    Arc::new(match constants.get(1).copied().flatten().and_then(whole) {
        Some(digits) => modifier::cast(field, i32::from(precision(digits))),
        None => field,
    })
}

/// More than six digits are six.
fn precision(digits: i64) -> u8 {
    u8::try_from(digits).unwrap_or(6).min(6)
}

const TIME: &[Overload] = &[
    Overload { takes: &[T::Time], gives: Gives::Temporal(T::Time), body: same },
    Overload { takes: &[T::Text], gives: Gives::Temporal(T::Time), body: |a| read::<Clock>(a, Reader::time) },
    Overload { takes: &[T::Timestamp], gives: Gives::Temporal(T::Time), body: |a| times_of(a, |t| t) },
    Overload {
        takes: &[T::Timestamptz],
        gives: Gives::Temporal(T::Time),
        body: |a| {
            let zone = a.zone();
            times_of(a, |t| zone.local(t))
        },
    },
    Overload {
        takes: &[T::Interval],
        gives: Gives::Temporal(T::Time),
        body: |a| a.map::<Span, Clock>(|i| Ok(Interval::from(i).micros.rem_euclid(DAY))),
    },
    Overload {
        takes: &[T::Time, T::Int],
        gives: Gives::OfConstants(|_, c| Ok(scaled(T::Time, c))),
        body: |a| {
            a.map2::<Clock, Int64Type, Clock>(|t, digits| rounded(t, precision(digits)).ok_or_else(|| out_of_range("time")))
        },
    },
];

/// The time of day; an infinity has none.
fn times_of(a: &Call, local: impl Fn(i64) -> i64) -> Result<ArrayRef> {
    let moments = a.of::<Moment>(0)?;
    a.each::<Clock>(|row| Ok(moments.get(row).filter(|t| is_finite(*t)).map(|t| local(t).rem_euclid(DAY))))
}

const INTERVAL: &[Overload] = &[
    Overload { takes: &[T::Interval], gives: Gives::Temporal(T::Interval), body: same },
    Overload {
        takes: &[T::Text],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let (texts, sql) = (a.texts(0)?, a.style().reads_sql_intervals());
            a.intervals(|row| texts.get(row).map(|text| read_interval(text, Range::FULL, sql)).transpose())
        },
    },
    Overload {
        takes: &[T::Time],
        gives: Gives::Temporal(T::Interval),
        body: |a| a.map::<Clock, Span>(|t| Interval { months: 0, days: 0, micros: t }.to_arrow()),
    },
    // The fields that it is restricted to, and the digits of seconds; -1 for no such restriction.
    Overload {
        takes: &[T::Text, T::Int, T::Int],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let (texts, sql) = (a.texts(0)?, a.style().reads_sql_intervals());
            let (fields, digits) = (a.ints(1)?, a.ints(2)?);
            a.intervals(|row| texts.get(row).map(|text| read_interval(text, range(&fields, &digits, row), sql)).transpose())
        },
    },
    Overload {
        takes: &[T::Interval, T::Int, T::Int],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let (spans, fields, digits) = (a.of::<Span>(0)?, a.ints(1)?, a.ints(2)?);
            a.intervals(|row| spans.get(row).map(|span| range(&fields, &digits, row).apply(span.into())).transpose())
        },
    },
];

fn range(fields: &Column<Int64Array>, digits: &Column<Int64Array>, row: usize) -> Range {
    let argument = |of: &Column<Int64Array>| of.get(row).and_then(|n| u8::try_from(n).ok());
    Range { fields: argument(fields).unwrap_or(Range::FULL.fields), precision: argument(digits) }
}

/// A column's values as the session shows them.
const TEXT: &[Overload] = &[
    Overload { takes: &[T::Date], gives: Gives::Text, body: shown },
    Overload { takes: &[T::Time], gives: Gives::Text, body: shown },
    Overload { takes: &[T::Timestamp], gives: Gives::Text, body: shown },
    Overload { takes: &[T::Timestamptz], gives: Gives::Text, body: shown },
    Overload { takes: &[T::Interval], gives: Gives::Text, body: shown },
];

fn shown(a: &Call) -> Result<ArrayRef> {
    let array = &a.array(0)?;
    let field = Field::new("", array.data_type().clone(), true);
    let mut values = Values::default();
    encode(array, &field, PgType::of(array.data_type()), Format::Text, &a.style(), &mut values).map_err(outward)?;
    a.write_texts(|row, text| {
        // What is encoded here is ASCII.
        let shown = values.get(row).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.push_str(shown.unwrap_or_default());
        Ok(shown.is_some())
    })
}

/// The function that casts to a type; `None` where DataFusion's own cast is PostgreSQL's.
pub fn function(from: T, to: &DataType) -> Option<&'static str> {
    let target = T::of(to)?;
    if from == target || !(from.of_temporal().is_some() || target.of_temporal().is_some()) || to.is_nested() {
        return None;
    }
    let (name, overloads) = FUNCTIONS.iter().find(|(_, overloads)| overloads.iter().any(|o| o.gives.is(target)))?;
    overloads.iter().any(|o| o.takes == [from]).then_some(name)
}

/// The casts by their names.
const FUNCTIONS: [(&str, &[Overload]); 6] = [
    ("date", DATE),
    ("timestamp", TIMESTAMP),
    ("timestamptz", TIMESTAMPTZ),
    ("time", TIME),
    ("interval", INTERVAL),
    ("datetime_text", TEXT),
];

pub fn functions() -> Vec<Function> {
    let named = FUNCTIONS.map(|(name, overloads)| Function::overloaded(name, overloads));
    named.map(|f| if matches!(f.name(), "date") { f.with_preimage(super::preimage::of) } else { f }).into()
}
