//! Sums and differences of dates, times and intervals, `age`, `justify_*`, `overlaps`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Decimal128Array};
use arrow::datatypes::{
    Date32Type, Float64Type, Int32Type, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Function, Gives, Overload, Type as T};
use crate::error::Error;
use crate::table::pg_time::calendar::{self, is_finite, is_finite_date, midnight};
use crate::table::pg_time::{DAY, Interval, out_of_range};

type Moment = TimestampMicrosecondType;
type Span = IntervalMonthDayNanoType;
type Clock = Time64MicrosecondType;

/// A date plus days; infinities stay.
fn date_plus(date: i32, days: i64) -> Result<i32, Error> {
    if !is_finite_date(date) {
        return Ok(date);
    }
    i64::from(date).checked_add(days).and_then(calendar::date).ok_or_else(|| out_of_range("date"))
}

/// The time of day plus an interval's, around the clock.
fn time_plus(time: i64, span: Interval, sign: i64) -> i64 {
    (time + sign * (span.micros % DAY)).rem_euclid(DAY)
}

/// A date's midnight.
pub fn start_of(date: i32) -> Result<i64, Error> {
    midnight(date).ok_or_else(|| Error::new(crate::error::Kind::DatetimeOverflow, "date out of range for timestamp"))
}

pub static PLUS: &[Overload] = &[
    Overload {
        takes: &[T::Date, T::Int],
        gives: Gives::Temporal(T::Date),
        body: |a| a.map2::<Date32Type, Int64Type, Date32Type>(date_plus),
    },
    Overload {
        takes: &[T::Int, T::Date],
        gives: Gives::Temporal(T::Date),
        body: |a| a.map2::<Int64Type, Date32Type, Date32Type>(|days, date| date_plus(date, days)),
    },
    Overload {
        takes: &[T::Date, T::Time],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Date32Type, Clock, Moment>(at),
    },
    Overload {
        takes: &[T::Time, T::Date],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Clock, Date32Type, Moment>(|t, d| at(d, t)),
    },
    Overload {
        takes: &[T::Date, T::Interval],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Date32Type, Span, Moment>(|d, i| Interval::from(i).after(start_of(d)?)),
    },
    Overload {
        takes: &[T::Interval, T::Date],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Span, Date32Type, Moment>(|i, d| Interval::from(i).after(start_of(d)?)),
    },
    Overload {
        takes: &[T::Timestamp, T::Interval],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Moment, Span, Moment>(|t, i| Interval::from(i).after(t)),
    },
    Overload {
        takes: &[T::Interval, T::Timestamp],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Span, Moment, Moment>(|i, t| Interval::from(i).after(t)),
    },
    Overload {
        takes: &[T::Timestamptz, T::Interval],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zone = a.zone();
            a.map2::<Moment, Span, Moment>(|t, i| Interval::from(i).after_in(t, zone))
        },
    },
    Overload {
        takes: &[T::Interval, T::Timestamptz],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zone = a.zone();
            a.map2::<Span, Moment, Moment>(|i, t| Interval::from(i).after_in(t, zone))
        },
    },
    Overload {
        takes: &[T::Interval, T::Interval],
        gives: Gives::Temporal(T::Interval),
        body: |a| a.map2::<Span, Span, Span>(|x, y| Interval::from(x).plus(y.into())?.to_arrow()),
    },
    Overload {
        takes: &[T::Time, T::Interval],
        gives: Gives::Temporal(T::Time),
        body: |a| a.map2::<Clock, Span, Clock>(|t, i| Ok(time_plus(t, i.into(), 1))),
    },
    Overload {
        takes: &[T::Interval, T::Time],
        gives: Gives::Temporal(T::Time),
        body: |a| a.map2::<Span, Clock, Clock>(|i, t| Ok(time_plus(t, i.into(), 1))),
    },
];

/// A date's moment at a time of day.
fn at(date: i32, time: i64) -> Result<i64, Error> {
    let start = start_of(date)?;
    if !is_finite(start) {
        return Ok(start);
    }
    calendar::moment(i128::from(start) + i128::from(time)).ok_or_else(|| out_of_range("timestamp"))
}

pub static MINUS: &[Overload] = &[
    Overload {
        takes: &[T::Date, T::Date],
        gives: Gives::Int4,
        body: |a| {
            a.map2::<Date32Type, Date32Type, Int32Type>(|x, y| {
                if !is_finite_date(x) || !is_finite_date(y) {
                    return Err(Error::new(crate::error::Kind::DatetimeOverflow, "cannot subtract infinite dates"));
                }
                Ok(x.wrapping_sub(y))
            })
        },
    },
    Overload {
        takes: &[T::Date, T::Int],
        gives: Gives::Temporal(T::Date),
        body: |a| {
            a.map2::<Date32Type, Int64Type, Date32Type>(|d, n| date_plus(d, n.checked_neg().ok_or_else(|| out_of_range("date"))?))
        },
    },
    Overload {
        takes: &[T::Date, T::Interval],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Date32Type, Span, Moment>(|d, i| Interval::from(i).negated()?.after(start_of(d)?)),
    },
    Overload { takes: &[T::Timestamp, T::Timestamp], gives: Gives::Temporal(T::Interval), body: difference },
    Overload { takes: &[T::Timestamptz, T::Timestamptz], gives: Gives::Temporal(T::Interval), body: difference },
    Overload {
        takes: &[T::Timestamp, T::Interval],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| a.map2::<Moment, Span, Moment>(|t, i| Interval::from(i).negated()?.after(t)),
    },
    Overload {
        takes: &[T::Timestamptz, T::Interval],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zone = a.zone();
            a.map2::<Moment, Span, Moment>(|t, i| Interval::from(i).negated()?.after_in(t, zone))
        },
    },
    Overload {
        takes: &[T::Interval, T::Interval],
        gives: Gives::Temporal(T::Interval),
        body: |a| a.map2::<Span, Span, Span>(|x, y| Interval::from(x).minus(y.into())?.to_arrow()),
    },
    Overload {
        takes: &[T::Time, T::Time],
        gives: Gives::Temporal(T::Interval),
        body: |a| a.map2::<Clock, Clock, Span>(|x, y| Interval { months: 0, days: 0, micros: x - y }.to_arrow()),
    },
    Overload {
        takes: &[T::Time, T::Interval],
        gives: Gives::Temporal(T::Time),
        body: |a| a.map2::<Clock, Span, Clock>(|t, i| Ok(time_plus(t, i.into(), -1))),
    },
];

fn difference(a: &Call) -> Result<ArrayRef> {
    a.map2::<Moment, Moment, Span>(|x, y| Interval::difference(x, y)?.to_arrow())
}

pub static TIMES: &[Overload] = &[
    Overload {
        takes: &[T::Interval, T::Float],
        gives: Gives::Temporal(T::Interval),
        body: |a| a.map2::<Span, Float64Type, Span>(|i, f| Interval::from(i).times(f)?.to_arrow()),
    },
    Overload {
        takes: &[T::Float, T::Interval],
        gives: Gives::Temporal(T::Interval),
        body: |a| a.map2::<Float64Type, Span, Span>(|f, i| Interval::from(i).times(f)?.to_arrow()),
    },
];

pub static DIVIDE: &[Overload] = &[Overload {
    takes: &[T::Interval, T::Float],
    gives: Gives::Temporal(T::Interval),
    body: |a| a.map2::<Span, Float64Type, Span>(|i, f| Interval::from(i).divided(f)?.to_arrow()),
}];

static AGE: &[Overload] = &[
    Overload {
        takes: &[T::Timestamp, T::Timestamp],
        gives: Gives::Temporal(T::Interval),
        body: |a| a.map2::<Moment, Moment, Span>(|x, y| Interval::between(x, y)?.to_arrow()),
    },
    Overload {
        takes: &[T::Timestamptz, T::Timestamptz],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let zone = a.zone();
            a.map2::<Moment, Moment, Span>(|x, y| Interval::between(local(zone, x), local(zone, y))?.to_arrow())
        },
    },
    Overload {
        takes: &[T::Timestamp],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let today = a.zone().local(a.now()?).div_euclid(DAY) * DAY;
            a.map::<Moment, Span>(|t| Interval::between(today, t)?.to_arrow())
        },
    },
    Overload {
        takes: &[T::Timestamptz],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let zone = a.zone();
            let today = zone.local(a.now()?).div_euclid(DAY) * DAY;
            a.map::<Moment, Span>(|t| Interval::between(today, local(zone, t))?.to_arrow())
        },
    },
];

/// A zone's local time of a moment, infinities kept.
fn local(zone: crate::table::pg_time::Zone, moment: i64) -> i64 {
    if is_finite(moment) { zone.local(moment) } else { moment }
}

macro_rules! justify {
    ($method:ident) => {
        &[Overload {
            takes: &[T::Interval],
            gives: Gives::Temporal(T::Interval),
            body: |a| a.map::<Span, Span>(|i| Interval::from(i).$method()?.to_arrow()),
        }]
    };
}

static ISFINITE: &[Overload] = &[
    Overload {
        takes: &[T::Date],
        gives: Gives::Bool,
        body: |a| {
            let at = a.of::<Date32Type>(0)?;
            a.flags(|row| at.get(row).map(is_finite_date))
        },
    },
    Overload { takes: &[T::Timestamp], gives: Gives::Bool, body: moments_finite },
    Overload { takes: &[T::Timestamptz], gives: Gives::Bool, body: moments_finite },
    Overload {
        takes: &[T::Interval],
        gives: Gives::Bool,
        body: |a| {
            let at = a.of::<Span>(0)?;
            a.flags(|row| at.get(row).map(|_| true))
        },
    },
];

fn moments_finite(a: &Call) -> Result<ArrayRef> {
    let at = a.of::<Moment>(0)?;
    a.flags(|row| at.get(row).map(is_finite))
}

static OVERLAPS: &[Overload] = &[
    Overload {
        takes: &[T::Timestamp, T::Timestamp, T::Timestamp, T::Timestamp],
        gives: Gives::Bool,
        body: |a| moments_overlap(a),
    },
    Overload {
        takes: &[T::Timestamptz, T::Timestamptz, T::Timestamptz, T::Timestamptz],
        gives: Gives::Bool,
        body: |a| moments_overlap(a),
    },
    Overload {
        takes: &[T::Time, T::Time, T::Time, T::Time],
        gives: Gives::Bool,
        body: |a| {
            let at = [a.of::<Clock>(0)?, a.of::<Clock>(1)?, a.of::<Clock>(2)?, a.of::<Clock>(3)?];
            a.flags(|row| overlap(at.each_ref().map(|c| c.get(row))))
        },
    },
    Overload {
        takes: &[T::Timestamp, T::Interval, T::Timestamp, T::Interval],
        gives: Gives::Bool,
        body: |a| spans_overlap(a, None, true),
    },
    Overload {
        takes: &[T::Timestamp, T::Interval, T::Timestamp, T::Timestamp],
        gives: Gives::Bool,
        body: |a| swapped_overlap(a, None),
    },
    Overload {
        takes: &[T::Timestamptz, T::Interval, T::Timestamptz, T::Timestamptz],
        gives: Gives::Bool,
        body: |a| swapped_overlap(a, Some(a.zone())),
    },
    Overload {
        takes: &[T::Timestamptz, T::Interval, T::Timestamptz, T::Interval],
        gives: Gives::Bool,
        body: |a| spans_overlap(a, Some(a.zone()), true),
    },
    Overload {
        takes: &[T::Timestamp, T::Timestamp, T::Timestamp, T::Interval],
        gives: Gives::Bool,
        body: |a| spans_overlap(a, None, false),
    },
    Overload {
        takes: &[T::Timestamptz, T::Timestamptz, T::Timestamptz, T::Interval],
        gives: Gives::Bool,
        body: |a| spans_overlap(a, Some(a.zone()), false),
    },
];

fn moments_overlap(a: &Call) -> Result<ArrayRef> {
    let at = [a.of::<Moment>(0)?, a.of::<Moment>(1)?, a.of::<Moment>(2)?, a.of::<Moment>(3)?];
    a.flags(|row| overlap(at.each_ref().map(|c| c.get(row))))
}

/// The second range, and with `both` the first one too, is a start and how long it is.
fn spans_overlap(a: &Call, zone: Option<crate::table::pg_time::Zone>, both: bool) -> Result<ArrayRef> {
    let end = |start: Option<i64>, span: Option<arrow::datatypes::IntervalMonthDayNano>| {
        let (start, span) = start.zip(span)?;
        let span = Interval::from(span);
        zone.map_or_else(|| span.after(start), |zone| span.after_in(start, zone)).ok()
    };
    let (first, second) = (a.of::<Moment>(0)?, a.of::<Moment>(2)?);
    let lasts = a.of::<Span>(3)?;
    let (spans, ends) = if both { (Some(a.of::<Span>(1)?), None) } else { (None, Some(a.of::<Moment>(1)?)) };
    let flags = (0..a.rows).map(|row| {
        let first_end = match &spans {
            Some(spans) => end(first.get(row), spans.get(row)),
            None => ends.as_ref().and_then(|ends| ends.get(row)),
        };
        overlap([first.get(row), first_end, second.get(row), end(second.get(row), lasts.get(row))])
    });
    Ok(Arc::new(flags.collect::<BooleanArray>()))
}

/// The first range alone is a start and how long it is.
fn swapped_overlap(a: &Call, zone: Option<crate::table::pg_time::Zone>) -> Result<ArrayRef> {
    let (first, lasts, second, end) = (a.of::<Moment>(0)?, a.of::<Span>(1)?, a.of::<Moment>(2)?, a.of::<Moment>(3)?);
    a.flags(|row| {
        let span = lasts.get(row).map(Interval::from);
        let first_end =
            first.get(row).zip(span).and_then(|(at, span)| zone.map_or_else(|| span.after(at), |z| span.after_in(at, z)).ok());
        overlap([first.get(row), first_end, second.get(row), end.get(row)])
    })
}

/// SQL's `OVERLAPS`: an end may be null, and ends may come before starts. A range is without its end, unless that is its start.
fn overlap([start1, end1, start2, end2]: [Option<i64>; 4]) -> Option<bool> {
    let ordered = |start: Option<i64>, end: Option<i64>| match (start, end) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some((one, None)),
        (Some(a), Some(b)) => Some((a.min(b), Some(a.max(b)))),
    };
    let ((start1, end1), (start2, end2)) = (ordered(start1, end1)?, ordered(start2, end2)?);
    if start1 == start2 {
        return end1.and(end2).map(|_| true);
    }
    // Whether the later one starts before the other ends.
    let (end, later_start, later_end) = if start1 > start2 { (end2, start1, end1) } else { (end1, start2, end2) };
    if later_start < end? { Some(true) } else { later_end.map(|_| false) }
}

/// [`Interval::span`] of a column.
pub fn spans(array: &arrow::array::PrimitiveArray<Span>) -> Decimal128Array {
    array.iter().map(|i| i.map(|i| Interval::from(i).span())).collect::<Decimal128Array>()
}

pub fn functions() -> Vec<Function> {
    vec![
        Function::overloaded("datetime_plus", PLUS),
        Function::overloaded("datetime_minus", MINUS),
        Function::overloaded("interval_times", TIMES),
        Function::overloaded("interval_divide", DIVIDE),
        Function::overloaded("justify_hours", justify!(justified_hours)),
        Function::overloaded("justify_days", justify!(justified_days)),
        Function::overloaded("justify_interval", justify!(justified)),
        Function::overloaded("isfinite", ISFINITE),
        Function::overloaded("overlaps", OVERLAPS),
        Function::overloaded("age", AGE).stable(),
    ]
}
