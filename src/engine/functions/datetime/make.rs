//! Dates, times and intervals made of numbers, `to_timestamp(double)`, and `AT TIME ZONE`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{
    Date32Type, Float64Type, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::Times;
use super::function::{Columns, Function, Overload, T};
use crate::error::{Error, Kind};
use crate::table::pg_time::calendar::{self, day_of, days_in_month, is_finite, moment};
use crate::table::pg_time::{DAY, Interval, SECOND, Zone, out_of_range, unknown_zone};

type Moment = TimestampMicrosecondType;
type Span = IntervalMonthDayNanoType;

fn overflow(message: String) -> Error {
    Error::new(Kind::DatetimeOverflow, message)
}

/// The day of year, month and day; negative years are BC.
fn days(year: i64, month: i64, day: i64) -> Result<i64, Error> {
    let invalid = || overflow(format!("date field value out of range: {year}-{month:02}-{day:02}"));
    let counted = if year < 0 { year.checked_add(1).ok_or_else(invalid)? } else { year };
    let in_year = year != 0 && year.abs() < 10_000_000 && (1..=12).contains(&month) && day >= 1;
    if !in_year || day > i64::from(days_in_month(counted, month as u32)) {
        return Err(invalid());
    }
    Ok(day_of(counted, month as u32, day))
}

/// Microseconds since midnight; 24:00:00 is its end.
fn time(hour: i64, minute: i64, second: f64) -> Result<i64, Error> {
    let micros = (second * 1e6).round_ties_even();
    let fits = (0..=24).contains(&hour) && (0..=59).contains(&minute) && (0.0..=60.0 * 1e6).contains(&micros);
    let total = (hour.wrapping_mul(60).wrapping_add(minute)).wrapping_mul(60 * SECOND).wrapping_add(micros as i64);
    if !fits || total > DAY {
        return Err(overflow(format!("time field value out of range: {hour}:{minute:02}:{}", shortest(second))));
    }
    Ok(total)
}

/// As C's `%02g`.
fn shortest(second: f64) -> String {
    let text = format!("{second}");
    if text.len() < 2 { format!("0{text}") } else { text }
}

fn local(a: &Columns, row: usize) -> Result<Option<i64>, Error> {
    let whole = |i: usize| a.of::<Int64Type>(i).get(row);
    let parts = (whole(0), whole(1), whole(2), whole(3), whole(4), a.of::<Float64Type>(5).get(row));
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)) = parts else { return Ok(None) };
    let micros = i128::from(days(year, month, day)?) * i128::from(DAY) + i128::from(time(hour, minute, second)?);
    moment(micros).map(Some).ok_or_else(|| out_of_range("timestamp"))
}

static MAKE_DATE: &[Overload] = &[Overload {
    takes: &[T::Int, T::Int, T::Int],
    gives: T::Date,
    body: |_, a| {
        let [years, months, numbers] = [0, 1, 2].map(|i| a.of::<Int64Type>(i));
        a.rows::<Date32Type>(|row| {
            let (Some(year), Some(month), Some(day)) = (years.get(row), months.get(row), numbers.get(row)) else {
                return Ok(None);
            };
            let made = calendar::date(days(year, month, day)?);
            made.map(Some).ok_or_else(|| overflow(format!("date out of range: {year}-{month:02}-{day:02}")))
        })
    },
}];

static MAKE_TIME: &[Overload] = &[Overload {
    takes: &[T::Int, T::Int, T::Float],
    gives: T::Time,
    body: |_, a| {
        let (hours, minutes, seconds) = (a.of::<Int64Type>(0), a.of::<Int64Type>(1), a.of::<Float64Type>(2));
        a.rows::<Time64MicrosecondType>(|row| {
            let (Some(h), Some(m), Some(s)) = (hours.get(row), minutes.get(row), seconds.get(row)) else { return Ok(None) };
            time(h, m, s).map(Some)
        })
    },
}];

static MAKE_TIMESTAMP: &[Overload] = &[Overload {
    takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Float],
    gives: T::Timestamp,
    body: |_, a| a.rows::<Moment>(|row| local(a, row)),
}];

static MAKE_TIMESTAMPTZ: &[Overload] = &[
    Overload {
        takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Float],
        gives: T::Timestamptz,
        body: |times, a| {
            let zone = times.zone();
            a.rows::<Moment>(|row| Ok(local(a, row)?.map(|t| zone.moment(t))))
        },
    },
    Overload {
        takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Float, T::Text],
        gives: T::Timestamptz,
        body: |_, a| {
            let mut zones = Zones::new(a, 6);
            a.rows::<Moment>(|row| {
                let Some(zone) = zones.get(row)? else { return Ok(None) };
                Ok(local(a, row)?.map(|t| zone.moment(t)))
            })
        },
    },
];

static MAKE_INTERVAL: &[Overload] = &[
    Overload { takes: &[], gives: T::Interval, body: made_interval },
    Overload { takes: &[T::Int], gives: T::Interval, body: made_interval },
    Overload { takes: &[T::Int, T::Int], gives: T::Interval, body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int], gives: T::Interval, body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int, T::Int], gives: T::Interval, body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int, T::Int, T::Int], gives: T::Interval, body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Int], gives: T::Interval, body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Int, T::Float], gives: T::Interval, body: made_interval },
];

/// Years, months, weeks, days, hours, minutes and seconds; what is left out is zero.
fn made_interval(_: &Times, a: &Columns) -> Result<ArrayRef> {
    a.intervals(|row| {
        let mut numbers = [0; 6];
        for (i, number) in numbers.iter_mut().enumerate().take(a.len()) {
            let Some(given) = a.of::<Int64Type>(i).get(row) else { return Ok(None) };
            *number = given;
        }
        let second = if a.len() > 6 { a.of::<Float64Type>(6).get(row) } else { Some(0.0) };
        let Some(second) = second else { return Ok(None) };
        let [years, months, weeks, days, hours, minutes] = numbers.map(i128::from);
        let invalid = || out_of_range("interval");
        if !second.is_finite() || second.abs() > 9e12 {
            return Err(invalid());
        }
        let micros = (hours * 60 + minutes) * 60 * i128::from(SECOND) + (second * 1e6).round_ties_even() as i128;
        Ok(Some(Interval {
            months: i32::try_from(years * 12 + months).map_err(|_| invalid())?,
            days: i32::try_from(weeks * 7 + days).map_err(|_| invalid())?,
            micros: i64::try_from(micros).map_err(|_| invalid())?,
        }))
    })
}

/// `to_timestamp(seconds)`, counted from 1970.
pub fn from_epoch(_: &Times, a: &Columns) -> Result<ArrayRef> {
    a.map::<Float64Type, Moment>(|seconds| {
        if seconds.is_infinite() {
            return Ok(if seconds > 0.0 { i64::MAX } else { i64::MIN });
        }
        if seconds.is_nan() {
            return Err(overflow("timestamp cannot be NaN".to_owned()));
        }
        let micros = (seconds * 1e6).round_ties_even();
        let in_range = micros.abs() < 9.3e18;
        let at = in_range.then_some(micros as i128).and_then(moment);
        at.ok_or_else(|| overflow(format!("timestamp out of range: \"{seconds}\"")))
    })
}

/// The zones of a column of texts, each looked up once as long as it stays the same.
pub struct Zones<'a> {
    texts: super::function::Column<'a, arrow::array::StringArray>,
    last: Option<(&'a str, Zone)>,
}

impl<'a> Zones<'a> {
    pub fn new(a: &'a Columns, i: usize) -> Self {
        Self { texts: a.text(i), last: None }
    }

    pub fn get(&mut self, row: usize) -> Result<Option<Zone>, Error> {
        let Some(text) = self.texts.get(row) else { return Ok(None) };
        if let Some((known, zone)) = self.last
            && known == text
        {
            return Ok(Some(zone));
        }
        let zone = Zone::at(text).ok_or_else(|| unknown_zone(text))?;
        self.last = Some((text, zone));
        Ok(Some(zone))
    }
}

fn shifted(a: &Columns, shift: impl Fn(Zone, i64) -> i64) -> Result<ArrayRef> {
    let (mut zones, moments) = (Zones::new(a, 0), a.of::<Moment>(1));
    a.rows::<Moment>(|row| {
        let zone = zones.get(row)?;
        Ok(moments.get(row).zip(zone).map(|(t, zone)| if is_finite(t) { shift(zone, t) } else { t }))
    })
}

/// A zone given as an interval east of Greenwich.
fn by_interval(a: &Columns, sign: i64) -> Result<ArrayRef> {
    a.map2::<Span, Moment, Moment>(|span, t| {
        let span = Interval::from(span);
        if span.months != 0 || span.days != 0 {
            let message = "interval time zone must not include months or days";
            return Err(Error::new(Kind::InvalidParameter, message));
        }
        Ok(if is_finite(t) { t.saturating_add(sign * (span.micros / SECOND) * SECOND) } else { t })
    })
}

static TIMEZONE: &[Overload] = &[
    Overload { takes: &[T::Text, T::Timestamptz], gives: T::Timestamp, body: |_, a| shifted(a, Zone::local) },
    Overload { takes: &[T::Text, T::Timestamp], gives: T::Timestamptz, body: |_, a| shifted(a, Zone::moment) },
    Overload { takes: &[T::Interval, T::Timestamptz], gives: T::Timestamp, body: |_, a| by_interval(a, 1) },
    Overload { takes: &[T::Interval, T::Timestamp], gives: T::Timestamptz, body: |_, a| by_interval(a, -1) },
];

pub fn functions(times: &Arc<Times>) -> Vec<Arc<ScalarUDF>> {
    let of = |name, overloads| Function::new(name, Volatility::Immutable, overloads, times).udf();
    vec![
        of("make_date", MAKE_DATE),
        of("make_time", MAKE_TIME),
        of("make_timestamp", MAKE_TIMESTAMP),
        of("make_timestamptz", MAKE_TIMESTAMPTZ),
        of("make_interval", MAKE_INTERVAL),
        of("timezone", TIMEZONE),
    ]
}
