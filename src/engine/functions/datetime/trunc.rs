//! `date_trunc` and `date_bin`.

use arrow::array::ArrayRef;
use arrow::datatypes::{IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType};
use datafusion::error::Result;

use super::fields::{Field, unsupported};
use super::make::Zones;
use crate::engine::functions::function::{Call, Function, Gives, Overload, Type as T, outward};
use crate::error::{Error, Kind};
use crate::table::pg_time::calendar::{civil, day_of, is_finite, moment, weekday};
use crate::table::pg_time::{DAY, HOUR, Interval, MINUTE, SECOND, Unit, Zone, out_of_range};

type Moment = TimestampMicrosecondType;
type Span = IntervalMonthDayNanoType;

/// A local time cut off below a unit; `None` for a unit that nothing is cut off below.
pub fn truncated(unit: Unit, local: i64) -> Option<i64> {
    let (days, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    let below = |size: i64| days * DAY + time - time % size;
    let (year, month, _) = civil(days);
    let start = |year: i64, month: u32| day_of(year, month, 1).saturating_mul(DAY);
    // Centuries begin with their year 1.
    let group = |size: i64| {
        if year > 0 { (year + size - 1) / size * size - size + 1 } else { -((size - 1 - (year - 1)) / size) * size + 1 }
    };
    Some(match unit {
        Unit::Microsecond => local,
        Unit::Millisecond => below(1000),
        Unit::Second => below(SECOND),
        Unit::Minute => below(MINUTE),
        Unit::Hour => below(HOUR),
        Unit::Day => days * DAY,
        Unit::Week => (days - (weekday(days) + 6) % 7) * DAY,
        Unit::Month => start(year, month),
        Unit::Quarter => start(year, (month - 1) / 3 * 3 + 1),
        Unit::Year => start(year, 1),
        Unit::Decade => start(if year > 0 { year / 10 * 10 } else { -((8 - (year - 1)) / 10) * 10 }, 1),
        Unit::Century => start(group(100), 1),
        Unit::Millennium => start(group(1000), 1),
        Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute => return None,
    })
}

/// A moment cut off below a unit of a zone's clocks. Within an hour the offset stays what it was.
pub fn truncated_in(unit: Unit, at: i64, zone: Zone) -> Option<i64> {
    let offset = i64::from(zone.offset(at)) * SECOND;
    let local = truncated(unit, at.saturating_add(offset))?;
    let fine = matches!(unit, Unit::Microsecond | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour);
    Some(if fine { local - offset } else { zone.moment(local) })
}

fn interval_truncated(unit: Unit, span: Interval) -> Option<Interval> {
    let months = |unit: i32| Interval { months: span.months / unit * unit, days: 0, micros: 0 };
    let below = |size: i64| Interval { micros: span.micros - span.micros % size, ..span };
    Some(match unit {
        Unit::Millennium => months(12_000),
        Unit::Century => months(1200),
        Unit::Decade => months(120),
        Unit::Year => months(12),
        Unit::Quarter => months(3),
        Unit::Month => months(1),
        Unit::Day => below(i64::MAX),
        Unit::Hour => below(HOUR),
        Unit::Minute => below(MINUTE),
        Unit::Second => below(SECOND),
        Unit::Millisecond => below(1000),
        Unit::Microsecond => span,
        Unit::Week | Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute => return None,
    })
}

/// The unit of a name that moments can be cut off below.
fn unit_of(name: &str, type_name: &str) -> Result<Unit, Error> {
    match Field::named(name) {
        Some(Field::Of(unit)) if !matches!(unit, Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute) => Ok(unit),
        Some(Field::Of(_)) => Err(unsupported(name, type_name)),
        // Fields that are no units are none that it knows.
        Some(_) | None => {
            let message = format!("unit \"{}\" not recognized for type {type_name}", name.to_ascii_lowercase());
            Err(Error::new(Kind::InvalidParameter, message))
        }
    }
}

/// Cuts each row's moment off; the unit is looked up once where it is the same for all.
fn each(a: &Call, type_name: &str, cut: impl Fn(Unit, i64, usize) -> Result<Option<i64>, Error>) -> Result<ArrayRef> {
    let (names, moments) = (a.texts(0)?, a.of::<Moment>(1)?);
    let fixed = names.constant().map(|name| unit_of(name, type_name)).transpose().map_err(outward)?;
    a.each::<Moment>(|row| {
        let (Some(name), Some(at)) = (names.get(row), moments.get(row)) else { return Ok(None) };
        let unit = fixed.map_or_else(|| unit_of(name, type_name), Ok)?;
        if !is_finite(at) {
            return Ok(Some(at));
        }
        match cut(unit, at, row)? {
            Some(cut) => moment(i128::from(cut)).map(Some).ok_or_else(|| out_of_range("timestamp")),
            None => Ok(None),
        }
    })
}

static DATE_TRUNC: &[Overload] = &[
    Overload {
        takes: &[T::Text, T::Timestamp],
        gives: Gives::Temporal(T::Timestamp),
        body: |a| each(a, "timestamp without time zone", |unit, at, _| Ok(truncated(unit, at))),
    },
    Overload {
        takes: &[T::Text, T::Timestamptz],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zone = a.zone();
            each(a, "timestamp with time zone", |unit, at, _| Ok(truncated_in(unit, at, zone)))
        },
    },
    Overload {
        takes: &[T::Text, T::Timestamptz, T::Text],
        gives: Gives::Temporal(T::Timestamptz),
        body: |a| {
            let zones = std::cell::RefCell::new(Zones::new(a, 2)?);
            each(a, "timestamp with time zone", |unit, at, row| {
                Ok(zones.borrow_mut().get(row)?.and_then(|zone| truncated_in(unit, at, zone)))
            })
        },
    },
    Overload {
        takes: &[T::Text, T::Interval],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let spans = a.of::<Span>(1)?;
            intervals(a, |row| spans.get(row).map(Into::into))
        },
    },
    Overload {
        takes: &[T::Text, T::Time],
        gives: Gives::Temporal(T::Interval),
        body: |a| {
            let times = a.of::<Time64MicrosecondType>(1)?;
            intervals(a, |row| times.get(row).map(|micros| Interval { months: 0, days: 0, micros }))
        },
    },
];

fn intervals(a: &Call, span: impl Fn(usize) -> Option<Interval>) -> Result<ArrayRef> {
    let names = a.texts(0)?;
    a.intervals(|row| {
        let (Some(name), Some(span)) = (names.get(row), span(row)) else { return Ok(None) };
        let unit = unit_of(name, "interval")?;
        let cut = interval_truncated(unit, span).ok_or_else(|| {
            let e = unsupported(name, "interval");
            if unit == Unit::Week { e.with_detail("Months usually have fractional weeks.") } else { e }
        });
        cut.map(Some)
    })
}

/// The last of the moments that lie strides from the origin.
fn binned(span: Interval, at: i64, origin: i64) -> Result<i64, Error> {
    if !is_finite(at) {
        return Ok(at);
    }
    let overflow = |message: &str| Error::new(Kind::DatetimeOverflow, message);
    if !is_finite(origin) {
        return Err(overflow("origin out of range"));
    }
    if span.months != 0 {
        let message = "timestamps cannot be binned into intervals containing months or years";
        return Err(Error::new(Kind::Unsupported, message));
    }
    let stride = span.span();
    if stride <= 0 {
        return Err(overflow("stride must be greater than zero"));
    }
    let since = (i128::from(at) - i128::from(origin)).div_euclid(stride) * stride;
    moment(i128::from(origin) + since).ok_or_else(|| out_of_range("timestamp"))
}

fn bins(a: &Call) -> Result<ArrayRef> {
    let (spans, moments, origins) = (a.of::<Span>(0)?, a.of::<Moment>(1)?, a.of::<Moment>(2)?);
    a.each::<Moment>(|row| {
        let (Some(span), Some(at), Some(origin)) = (spans.get(row), moments.get(row), origins.get(row)) else { return Ok(None) };
        binned(span.into(), at, origin).map(Some)
    })
}

static DATE_BIN: &[Overload] = &[
    Overload { takes: &[T::Interval, T::Timestamp, T::Timestamp], gives: Gives::Temporal(T::Timestamp), body: bins },
    Overload { takes: &[T::Interval, T::Timestamptz, T::Timestamptz], gives: Gives::Temporal(T::Timestamptz), body: bins },
];

pub fn functions() -> Vec<Function> {
    vec![
        Function::overloaded("date_trunc", DATE_TRUNC).with_preimage(super::preimage::of),
        Function::overloaded("date_bin", DATE_BIN),
    ]
}
