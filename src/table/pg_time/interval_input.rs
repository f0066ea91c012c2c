//! Reading of intervals: units in words, PostgreSQL's own and SQL's forms, and ISO 8601's.

use super::fields::{Field, Kind, split};
use super::interval::Interval;
use super::words::{Unit, Word, unit, word};
use super::{DAY, HOUR, MINUTE, SECOND};
use crate::error::{Error, Kind as ErrorKind, Result};

/// The fields that an interval is restricted to (`interval year to month`), and the digits of its seconds' fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub fields: u8,
    pub precision: Option<u8>,
}

impl Range {
    pub const YEAR: u8 = 1;
    pub const MONTH: u8 = 2;
    pub const DAY: u8 = 4;
    pub const HOUR: u8 = 8;
    pub const MINUTE: u8 = 16;
    pub const SECOND: u8 = 32;
    /// No restriction.
    pub const FULL: Self = Self { fields: 63, precision: None };

    /// What a number without a unit counts when it stands last.
    fn last_unit(self) -> Unit {
        [(Self::SECOND, Unit::Second), (Self::MINUTE, Unit::Minute), (Self::HOUR, Unit::Hour), (Self::DAY, Unit::Day)]
            .into_iter()
            .chain([(Self::MONTH, Unit::Month), (Self::YEAR, Unit::Year)])
            .find(|(bit, _)| self.fields & bit != 0)
            .map_or(Unit::Second, |(_, unit)| unit)
    }

    /// The interval without what the restriction leaves out.
    pub fn apply(self, mut value: Interval) -> Result<Interval> {
        if self.fields != Self::FULL.fields {
            let low = self.last_unit();
            match low {
                Unit::Year => value = Interval { months: value.months / 12 * 12, days: 0, micros: 0 },
                Unit::Month => value = Interval { days: 0, micros: 0, ..value },
                Unit::Day => value.micros = 0,
                Unit::Hour => value.micros -= value.micros % HOUR,
                Unit::Minute => value.micros -= value.micros % MINUTE,
                // No other unit restricts an interval.
                Unit::Microsecond
                | Unit::Millisecond
                | Unit::Second
                | Unit::Week
                | Unit::Quarter
                | Unit::Decade
                | Unit::Century
                | Unit::Millennium
                | Unit::Timezone
                | Unit::TimezoneHour
                | Unit::TimezoneMinute => {}
            }
        }
        if let Some(digits) = self.precision.filter(|digits| *digits < 6) {
            value.micros = rounded(value.micros, digits).ok_or_else(|| super::out_of_range("interval"))?;
        }
        Ok(value)
    }
}

/// Microseconds rounded to so many digits of a second, halves away from zero.
pub fn rounded(micros: i64, digits: u8) -> Option<i64> {
    let scale = 10i64.pow(6u32.saturating_sub(u32::from(digits)));
    let half = if micros < 0 { -(scale / 2) } else { scale / 2 };
    micros.checked_add(half).map(|m| m / scale * scale)
}

enum Fault {
    Format,
    Field,
}

type Read<T> = std::result::Result<T, Fault>;

/// Reads an interval. `sql_standard` is the session's `IntervalStyle`, where a sign in front is that of all parts.
pub fn read_interval(text: &str, range: Range, sql_standard: bool) -> Result<Interval> {
    let read = split(text).ok_or(Fault::Format).and_then(|fields| decode(&fields, range, sql_standard));
    let read = match read {
        Err(Fault::Format) => iso_8601(text),
        other => other,
    };
    match read {
        Ok(value) => range.apply(value),
        Err(Fault::Format) => Err(super::input::invalid("interval", text)),
        Err(Fault::Field) => {
            Err(Error::new(ErrorKind::IntervalOverflow, format!("interval field value out of range: \"{text}\"")))
        }
    }
}

/// The sum of what was read.
#[derive(Default)]
struct Sum {
    months: i64,
    days: i64,
    micros: i64,
}

impl Sum {
    fn interval(self) -> Read<Interval> {
        let narrow = |value: i64| i32::try_from(value).map_err(|_| Fault::Field);
        Ok(Interval { months: narrow(self.months)?, days: narrow(self.days)?, micros: self.micros })
    }

    fn add_micros(&mut self, whole: i64, fraction: f64, unit: i64) -> Read<()> {
        let part = (fraction * unit as f64).round_ties_even() as i64;
        let more = whole.checked_mul(unit).and_then(|m| m.checked_add(part));
        self.micros = more.and_then(|more| self.micros.checked_add(more)).ok_or(Fault::Field)?;
        Ok(())
    }

    fn add_days(&mut self, whole: i64, fraction: f64, unit: i64) -> Read<()> {
        let part = fraction * unit as f64;
        let more = whole.checked_mul(unit).and_then(|d| d.checked_add(part.trunc() as i64));
        self.days = more.and_then(|more| self.days.checked_add(more)).ok_or(Fault::Field)?;
        self.add_micros(0, part - part.trunc(), DAY)
    }

    fn add_months(&mut self, whole: i64, fraction: f64, unit: i64) -> Read<()> {
        // Fractions of years are whole months; those of months become days.
        let (more, days) = if unit == 1 { (0, fraction) } else { ((fraction * unit as f64).round_ties_even() as i64, 0.0) };
        let more = whole.checked_mul(unit).and_then(|m| m.checked_add(more));
        self.months = more.and_then(|more| self.months.checked_add(more)).ok_or(Fault::Field)?;
        if days == 0.0 { Ok(()) } else { self.add_days(0, days, 30) }
    }

    /// Adds a number of a unit, and tells which parts that sets.
    fn add(&mut self, whole: i64, fraction: f64, unit: Unit) -> Read<u32> {
        match unit {
            Unit::Microsecond => self.add_micros(whole, fraction, 1)?,
            Unit::Millisecond => self.add_micros(whole, fraction, 1000)?,
            Unit::Second => self.add_micros(whole, fraction, SECOND)?,
            Unit::Minute => self.add_micros(whole, fraction, MINUTE)?,
            Unit::Hour => self.add_micros(whole, fraction, HOUR)?,
            Unit::Day => self.add_days(whole, fraction, 1)?,
            Unit::Week => self.add_days(whole, fraction, 7)?,
            Unit::Month => self.add_months(whole, fraction, 1)?,
            Unit::Year => self.add_months(whole, fraction, 12)?,
            Unit::Decade => self.add_months(whole, fraction, 120)?,
            Unit::Century => self.add_months(whole, fraction, 1200)?,
            Unit::Millennium => self.add_months(whole, fraction, 12_000)?,
            Unit::Quarter | Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute => return Err(Fault::Format),
        }
        let seconds = bit(Unit::Second) | bit(Unit::Millisecond) | bit(Unit::Microsecond);
        Ok(if unit == Unit::Second && fraction != 0.0 { seconds } else { bit(unit) })
    }
}

fn bit(unit: Unit) -> u32 {
    1 << unit as u32
}

/// Reads the fields from the last to the first, so that a unit is known before its number.
fn decode(fields: &[Field], range: Range, sql_standard: bool) -> Read<Interval> {
    let (mut sum, mut seen) = (Sum::default(), 0);
    let mut next: Option<Unit> = None;
    let mut ago = false;
    let is_signed = |f: &Field| matches!(f.kind, Kind::Signed | Kind::SignedWord);
    let first_is_negative = fields.first().is_some_and(|f| f.text.starts_with('-'));
    let all_negative = sql_standard && first_is_negative && !fields.iter().skip(1).any(is_signed);
    let time_bits = bit(Unit::Hour) | bit(Unit::Minute) | bit(Unit::Second);
    for field in fields.iter().rev() {
        let signed = field.text.strip_prefix(['+', '-']);
        let negative = field.text.starts_with('-') || all_negative;
        let clock = match field.kind {
            Kind::Time => Some(clock(&field.text, range)?),
            Kind::Signed => signed.filter(|t| t.contains(':')).and_then(|t| self::clock(t, range).ok()),
            Kind::Date | Kind::Number | Kind::Word | Kind::SignedWord => None,
        };
        let bits = match (field.kind, clock) {
            (_, Some(micros)) => {
                // In place of what a fraction of the days behind it gave: so it is in PostgreSQL.
                sum.micros = if negative { -micros } else { micros };
                next = Some(Unit::Day);
                time_bits
            }
            (Kind::Word | Kind::SignedWord, None) => {
                if field.text == "ago" {
                    ago = true;
                } else if let Some(unit) = unit(&field.text) {
                    next = Some(unit);
                } else if word(&field.text) != Some(Word::Ignored) || field.text != "at" && field.text != "on" {
                    return Err(Fault::Format);
                }
                0
            }
            (Kind::Date | Kind::Number | Kind::Signed | Kind::Time, None) => {
                let unit = next.unwrap_or_else(|| range.last_unit());
                let (whole, fraction, unit) = number(&field.text, unit)?;
                let forced = all_negative && !field.text.starts_with('-');
                let (whole, fraction) = if forced { (-whole, -fraction) } else { (whole, fraction) };
                next = Some(if unit == Unit::Hour { Unit::Day } else { unit });
                sum.add(whole, fraction, unit)?
            }
        };
        if bits & seen != 0 {
            return Err(Fault::Format);
        }
        seen |= bits;
    }
    if seen == 0 {
        return Err(Fault::Format);
    }
    let value = sum.interval()?;
    if ago { value.negated().map_err(|_| Fault::Field) } else { Ok(value) }
}

/// A number, perhaps with a fraction, or `years-months`; with the unit that it counts.
fn number(text: &str, unit: Unit) -> Read<(i64, f64, Unit)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let end = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
    let (digits, rest) = unsigned.split_at(end);
    let whole: i64 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| Fault::Field)? };
    if let Some(months) = rest.strip_prefix('-') {
        let months: i64 = Some(months)
            .filter(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|m| m.parse().ok())
            .ok_or(Fault::Format)?;
        if months >= 12 {
            return Err(Fault::Field);
        }
        let all = whole.checked_mul(12).and_then(|m| m.checked_add(months)).ok_or(Fault::Field)?;
        return Ok((sign * all, 0.0, Unit::Month));
    }
    Ok((sign * whole, sign as f64 * fraction(rest)?, unit))
}

/// `.5`, or nothing.
fn fraction(text: &str) -> Read<f64> {
    if text.is_empty() || text == "." {
        return Ok(0.0);
    }
    let digits = text.strip_prefix('.').filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or(Fault::Format)?;
    format!("0.{digits}").parse().map_err(|_| Fault::Format)
}

/// `hours:minutes`, `hours:minutes:seconds`, in microseconds; minutes and seconds where the restriction or a fraction says so.
fn clock(text: &str, range: Range) -> Read<i64> {
    let whole = |text: &str| -> Read<i64> {
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Fault::Format);
        }
        if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| Fault::Field) }
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [minutes, seconds] if seconds.contains('.') || range.fields == Range::MINUTE | Range::SECOND => ("0", *minutes, *seconds),
        [hours, minutes] => (*hours, *minutes, "0"),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return Err(Fault::Format),
    };
    let point = seconds.find('.').unwrap_or(seconds.len());
    let (hours, minutes, second) = (whole(hours)?, whole(minutes)?, whole(&seconds[..point])?);
    let micros = (fraction(&seconds[point..])? * 1e6).round_ties_even() as i64;
    if minutes > 59 || second > 60 {
        return Err(Fault::Field);
    }
    let total = hours.checked_mul(HOUR).and_then(|h| h.checked_add(minutes * MINUTE + second * SECOND + micros));
    total.ok_or(Fault::Field)
}

/// `P1Y2M3DT4H5M6.7S`, `P0001-02-03T04:05:06`, `P00010203T040506`.
fn iso_8601(text: &str) -> Read<Interval> {
    let rest = text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or(Fault::Format)?;
    let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
    let mut sum = Sum::default();
    let date_units = [('Y', Unit::Year), ('M', Unit::Month), ('W', Unit::Week), ('D', Unit::Day)];
    let time_units = [('H', Unit::Hour), ('M', Unit::Minute), ('S', Unit::Second)];
    designated(date, &date_units, &[Unit::Year, Unit::Month, Unit::Day], '-', &mut sum)?;
    designated(time.unwrap_or_default(), &time_units, &[Unit::Hour, Unit::Minute, Unit::Second], ':', &mut sum)?;
    sum.interval()
}

/// Numbers with letters behind them, or the three numbers of the alternative form.
fn designated(text: &str, units: &[(char, Unit)], plain: &[Unit; 3], between: char, sum: &mut Sum) -> Read<()> {
    if !text.is_empty() && !text.contains(|c: char| c.is_ascii_alphabetic()) {
        let basic =
            (between == '-' && text.len() == 8 || between == ':' && text.len() == 6) && text.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = if basic {
            let (first, rest) = text.split_at(text.len() - 4);
            let (second, third) = rest.split_at(2);
            vec![first, second, third]
        } else {
            text.split(between).collect()
        };
        if parts.len() > 3 {
            return Err(Fault::Format);
        }
        for (part, unit) in parts.iter().zip(plain) {
            let (whole, fraction, _) = plain_number(part)?;
            sum.add(whole, fraction, *unit)?;
        }
        return Ok(());
    }
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or(Fault::Format)?;
        let (whole, fraction, _) = plain_number(&rest[..end])?;
        let letter = rest[end..].chars().next();
        let unit = units.iter().find(|(l, _)| Some(*l) == letter).ok_or(Fault::Format)?.1;
        sum.add(whole, fraction, unit)?;
        rest = &rest[end + 1..];
    }
    Ok(())
}

/// A number that is no `years-months`.
fn plain_number(text: &str) -> Read<(i64, f64, Unit)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(Fault::Format);
    }
    number(text, Unit::Second)
}
