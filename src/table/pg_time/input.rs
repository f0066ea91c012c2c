//! Reading of dates, times and moments, as PostgreSQL's input functions do: in the session's order of day and month, in its zone and at its
//! time.

use super::calendar::{self, FIRST_DAY, day_of, days_in_month};
use super::decode::{self, DATE, Fault, Named, Parts, Special, TIME, Wanted};
use super::zone::Zone;
use super::{DATE_FUTURE, DATE_PAST, DAY, FUTURE, Order, PAST, SECOND};
use crate::error::{Error, Kind, Result};

/// What reading depends on beside the text.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub zone: Zone,
    pub order: Order,
    /// When the transaction began, in microseconds since 1970.
    pub now: i64,
}

/// A time of day with its zone: microseconds, and seconds east of Greenwich.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zoned {
    pub micros: i64,
    pub offset: i32,
}

impl Reader {
    /// A `date`, in days since 1970-01-01.
    pub fn date(&self, text: &str) -> Result<i32> {
        if let Some((days, "")) = iso_date(text) {
            return Ok(days);
        }
        let parts = self.decode(text, Wanted::DateTime, "date")?;
        match parts.special {
            Some(Special::Epoch) => return Ok(0),
            Some(Special::Future) => return Ok(DATE_FUTURE),
            Some(Special::Past) => return Ok(DATE_PAST),
            None => {}
        }
        if parts.seen & DATE != DATE {
            return Err(invalid("date", text));
        }
        calendar::date(parts.days()).ok_or_else(|| out_of_range("date", text))
    }

    /// A `timestamp`, in microseconds; a zone is read over.
    pub fn timestamp(&self, text: &str) -> Result<i64> {
        let name = "timestamp";
        if let Some(local) = iso_timestamp(text) {
            return Ok(local);
        }
        let parts = self.decode(text, Wanted::DateTime, name)?;
        self.moment(&parts, text, name, 0)
    }

    /// A `timestamptz`, in microseconds of UTC.
    pub fn timestamptz(&self, text: &str) -> Result<i64> {
        let name = "timestamp with time zone";
        if let Some(local) = iso_timestamp(text) {
            return Ok(self.zone.moment(local));
        }
        let parts = self.decode(text, Wanted::DateTime, name)?;
        let offset = if parts.seen & DATE == DATE { self.offset(&parts) } else { 0 };
        self.moment(&parts, text, name, offset)
    }

    /// A `time`, in microseconds since midnight.
    pub fn time(&self, text: &str) -> Result<i64> {
        let name = "time";
        let parts = self.decode(text, Wanted::Time, name)?;
        if parts.seen & TIME == 0 {
            return Err(invalid(name, text));
        }
        Ok(parts.time_of_day())
    }

    /// A `timetz`. A zone without an offset of its own is as on the text's date, else as today.
    pub fn timetz(&self, text: &str) -> Result<Zoned> {
        let name = "time with time zone";
        let mut parts = self.decode(text, Wanted::Time, name)?;
        if parts.seen & TIME == 0 {
            return Err(invalid(name, text));
        }
        if parts.seen & DATE != DATE {
            let (year, month, day) = calendar::civil(self.zone.local(self.now).div_euclid(DAY));
            (parts.year, parts.month, parts.day) = (year, i64::from(month), i64::from(day));
        }
        Ok(Zoned { micros: parts.time_of_day(), offset: self.offset(&parts) })
    }

    fn decode(&self, text: &str, wanted: Wanted, name: &str) -> Result<Parts> {
        decode::decode(text, wanted, self.order, self.now, self.zone).map_err(|fault| match fault {
            Fault::Format => invalid(name, text),
            Fault::Field => field_out_of_range(text),
            Fault::MonthOrDay => field_out_of_range(text).with_hint("Perhaps you need a different \"datestyle\" setting."),
            Fault::Displacement => Error::new(Kind::ZoneDisplacement, format!("time zone displacement out of range: \"{text}\"")),
            Fault::Zone(zone) => unknown_zone(&zone),
        })
    }

    /// Seconds east of Greenwich of the zone that the text names, else of the session's.
    fn offset(&self, parts: &Parts) -> i32 {
        let local = parts.days().saturating_mul(DAY).saturating_add(parts.time_of_day());
        match parts.zone {
            Some(Named::Offset(offset)) => offset,
            Some(Named::Zone(zone)) => zone.offset_of_local(local),
            None => self.zone.offset_of_local(local),
        }
    }

    fn moment(&self, parts: &Parts, text: &str, name: &str, offset: i32) -> Result<i64> {
        match parts.special {
            Some(Special::Epoch) => return Ok(0),
            Some(Special::Future) => return Ok(FUTURE),
            Some(Special::Past) => return Ok(PAST),
            None => {}
        }
        if parts.seen & DATE != DATE {
            return Err(invalid(name, text));
        }
        let days = Some(parts.days()).filter(|days| *days >= FIRST_DAY - 1);
        let local = days.map(|days| i128::from(days) * i128::from(DAY) + i128::from(parts.time_of_day()));
        let moment = local.and_then(|local| calendar::moment(local - i128::from(offset) * i128::from(SECOND)));
        moment.ok_or_else(|| out_of_range("timestamp", text))
    }
}

/// PostgreSQL's error of a text that is none of a type.
pub fn invalid(name: &str, text: &str) -> Error {
    Error::new(Kind::InvalidDatetime, format!("invalid input syntax for type {name}: \"{text}\""))
}

/// PostgreSQL's error of a zone that it does not know.
pub fn unknown_zone(zone: &str) -> Error {
    Error::new(Kind::InvalidParameter, format!("time zone \"{zone}\" not recognized"))
}

fn field_out_of_range(text: &str) -> Error {
    Error::new(Kind::DatetimeOverflow, format!("date/time field value out of range: \"{text}\""))
}

fn out_of_range(name: &str, text: &str) -> Error {
    Error::new(Kind::DatetimeOverflow, format!("{name} out of range: \"{text}\""))
}

/// `YYYY-MM-DD` at the start, and what follows; the way that most texts are written is read without further ado.
fn iso_date(text: &str) -> Option<(i32, &str)> {
    let bytes = text.as_bytes().first_chunk::<10>()?;
    let two = |at: usize| -> Option<i64> {
        let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
    let valid = year > 0 && (1..=12).contains(&month) && day > 0 && day <= i64::from(days_in_month(year, month as u32));
    // Four digits of years are within 32 bits of days.
    valid.then(|| (day_of(year, month as u32, day) as i32, &text[10..]))
}

/// `YYYY-MM-DD`, or with ` HH:MM:SS` behind it.
fn iso_timestamp(text: &str) -> Option<i64> {
    let (days, rest) = iso_date(text)?;
    let midnight = i64::from(days) * DAY;
    if rest.is_empty() {
        return Some(midnight);
    }
    let bytes: &[u8; 9] = rest.as_bytes().try_into().ok()?;
    let two = |at: usize, limit: u8| -> Option<i64> {
        let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
        (tens < 10 && ones < 10 && tens * 10 + ones < limit).then(|| i64::from(tens * 10 + ones))
    };
    let formed = bytes[0] == b' ' && bytes[3] == b':' && bytes[6] == b':';
    formed.then_some(())?;
    Some(midnight + ((two(1, 24)? * 60 + two(4, 60)?) * 60 + two(7, 60)?) * SECOND)
}
