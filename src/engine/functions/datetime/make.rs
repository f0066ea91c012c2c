//! Dates, times and intervals made of numbers, `to_timestamp(double)`, and `AT TIME ZONE`.

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringViewArray};
use arrow::datatypes::{Date32Type, Float64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType};
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Column, Function, Gives, Overload, Type as T};
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

/// The columns that local times are made of.
struct Parts {
    /// Years, months, days, hours and minutes.
    whole: [Column<Int64Array>; 5],
    seconds: Column<Float64Array>,
}

impl Parts {
    fn of(a: &Call) -> Result<Self> {
        Ok(Self { whole: [a.ints(0)?, a.ints(1)?, a.ints(2)?, a.ints(3)?, a.ints(4)?], seconds: a.floats(5)? })
    }

    /// A row's local time.
    fn local(&self, row: usize) -> Result<Option<i64>, Error> {
        let [Some(year), Some(month), Some(day), Some(hour), Some(minute)] = self.whole.each_ref().map(|c| c.get(row)) else {
            return Ok(None);
        };
        let Some(second) = self.seconds.get(row) else { return Ok(None) };
        let micros = i128::from(days(year, month, day)?) * i128::from(DAY) + i128::from(time(hour, minute, second)?);
        moment(micros).map(Some).ok_or_else(|| out_of_range("timestamp"))
    }
}

static MAKE_DATE: &[Overload] = &[Overload {
    takes: &[T::Int, T::Int, T::Int],
    gives: Gives::Temporal(T::Date),
    body: |a| {
        let (years, months, numbers) = (a.ints(0)?, a.ints(1)?, a.ints(2)?);
        a.each::<Date32Type>(|row| {
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
    gives: Gives::Temporal(T::Time),
    body: |a| {
        let (hours, minutes, seconds) = (a.ints(0)?, a.ints(1)?, a.floats(2)?);
        a.each::<Time64MicrosecondType>(|row| {
            let (Some(h), Some(m), Some(s)) = (hours.get(row), minutes.get(row), seconds.get(row)) else { return Ok(None) };
            time(h, m, s).map(Some)
        })
    },
}];

static MAKE_TIMESTAMP: &[Overload] = &[Overload {
    takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Float],
    gives: Gives::Temporal(T::Timestamp),
    body: |a| {
        let parts = Parts::of(a)?;
        a.each::<Moment>(|row| parts.local(row))
    },
}];

static MAKE_TIMESTAMPTZ: &[Overload] = &[
    Overload {
        takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Float],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let (zone, parts) = (a.zone(), Parts::of(a)?);
            a.each::<Moment>(|row| Ok(parts.local(row)?.map(|t| zone.moment(t))))
        },
    },
    Overload {
        takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Float, T::Text],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let (mut zones, parts) = (Zones::new(a, 6)?, Parts::of(a)?);
            a.each::<Moment>(|row| {
                let Some(zone) = zones.get(row)? else { return Ok(None) };
                Ok(parts.local(row)?.map(|t| zone.moment(t)))
            })
        },
    },
];

static MAKE_INTERVAL: &[Overload] = &[
    Overload { takes: &[], gives: Gives::Temporal(T::Interval), body: made_interval },
    Overload { takes: &[T::Int], gives: Gives::Temporal(T::Interval), body: made_interval },
    Overload { takes: &[T::Int, T::Int], gives: Gives::Temporal(T::Interval), body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int], gives: Gives::Temporal(T::Interval), body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int, T::Int], gives: Gives::Temporal(T::Interval), body: made_interval },
    Overload { takes: &[T::Int, T::Int, T::Int, T::Int, T::Int], gives: Gives::Temporal(T::Interval), body: made_interval },
    Overload {
        takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Int],
        gives: Gives::Temporal(T::Interval),
        body: made_interval,
    },
    Overload {
        takes: &[T::Int, T::Int, T::Int, T::Int, T::Int, T::Int, T::Float],
        gives: Gives::Temporal(T::Interval),
        body: made_interval,
    },
];

/// Years, months, weeks, days, hours, minutes and seconds; what is left out is zero.
fn made_interval(a: &Call) -> Result<ArrayRef> {
    let whole = (0..a.len().min(6)).map(|i| a.ints(i)).collect::<Result<Vec<_>>>()?;
    let seconds = if a.len() > 6 { Some(a.floats(6)?) } else { None };
    a.intervals(|row| {
        let mut numbers = [0; 6];
        for (number, column) in numbers.iter_mut().zip(&whole) {
            let Some(given) = column.get(row) else { return Ok(None) };
            *number = given;
        }
        let Some(second) = seconds.as_ref().map_or(Some(0.0), |s| s.get(row)) else { return Ok(None) };
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
pub fn from_epoch(a: &Call) -> Result<ArrayRef> {
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
pub struct Zones {
    texts: Column<StringViewArray>,
    last: Option<(String, Zone)>,
}

impl Zones {
    pub fn new(a: &Call, i: usize) -> Result<Self> {
        Ok(Self { texts: a.texts(i)?, last: None })
    }

    pub fn get(&mut self, row: usize) -> Result<Option<Zone>, Error> {
        let Some(text) = self.texts.get(row) else { return Ok(None) };
        if let Some((known, zone)) = &self.last
            && known == text
        {
            return Ok(Some(*zone));
        }
        let zone = Zone::at(text).ok_or_else(|| unknown_zone(text))?;
        self.last = Some((text.to_owned(), zone));
        Ok(Some(zone))
    }
}

fn shifted(a: &Call, shift: impl Fn(Zone, i64) -> i64) -> Result<ArrayRef> {
    let (mut zones, moments) = (Zones::new(a, 0)?, a.of::<Moment>(1)?);
    a.each::<Moment>(|row| {
        let zone = zones.get(row)?;
        Ok(moments.get(row).zip(zone).map(|(t, zone)| if is_finite(t) { shift(zone, t) } else { t }))
    })
}

/// A zone given as an interval east of Greenwich.
fn by_interval(a: &Call, sign: i64) -> Result<ArrayRef> {
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
    Overload { takes: &[T::Text, T::Timestamptz], gives: Gives::Temporal(T::Timestamp), body: |a| shifted(a, Zone::local) },
    Overload { takes: &[T::Text, T::Timestamp], gives: Gives::Temporal(T::Timestamptz), body: |a| shifted(a, Zone::moment) },
    Overload { takes: &[T::Interval, T::Timestamptz], gives: Gives::Temporal(T::Timestamp), body: |a| by_interval(a, 1) },
    Overload { takes: &[T::Interval, T::Timestamp], gives: Gives::Temporal(T::Timestamptz), body: |a| by_interval(a, -1) },
];

pub fn functions() -> Vec<Function> {
    let all: [(_, &'static [Overload]); 6] = [
        ("make_date", MAKE_DATE),
        ("make_time", MAKE_TIME),
        ("make_timestamp", MAKE_TIMESTAMP),
        ("make_timestamptz", MAKE_TIMESTAMPTZ),
        ("make_interval", MAKE_INTERVAL),
        ("timezone", TIMEZONE),
    ];
    all.map(|(name, overloads)| Function::overloaded(name, overloads)).into()
}
