//! Moments and intervals written in a template's form (`to_char`).

use std::fmt::Write;

use super::super::calendar::{self, civil, day_of_year, iso_week, iso_year_start, weekday};
use super::super::interval::Interval;
use super::super::words::{MONTHS, WEEKDAYS};
use super::super::zone::Zone;
use super::super::{DAY, SECOND};
use super::template::{Field, Letters, Node, ordinal};
use crate::error::{Error, Kind, Result};

/// The months in Roman numerals.
pub const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// What is shown.
pub struct Shown {
    /// The day since 1970; an interval has none.
    day: Option<i64>,
    year: i64,
    month: i64,
    day_of_month: i64,
    day_of_year: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    /// The zone's abbreviation, and its offset in seconds east.
    zone: Option<(String, i32)>,
}

impl Shown {
    /// A local time, with the zone when it is a moment. [`Kind::DatetimeOverflow`] never: infinities are left out before.
    pub fn moment(local: i64, zone: Option<(Zone, i64)>) -> Self {
        let (days, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        Self {
            day: Some(days),
            year,
            month: i64::from(month),
            day_of_month: i64::from(day),
            day_of_year: day_of_year(days),
            zone: zone.map(|(zone, at)| (zone.abbreviation(at), zone.offset(at))),
            ..Self::of_time(time)
        }
    }

    pub fn interval(span: Interval) -> Self {
        let (year, month) = (i64::from(span.months / 12), i64::from(span.months % 12));
        let day = i64::from(span.days);
        Self { year, month, day_of_month: day, day_of_year: i64::from(span.months) * 30 + day, ..Self::of_time(span.micros) }
    }

    fn of_time(micros: i64) -> Self {
        let seconds = micros / SECOND;
        Self {
            day: None,
            year: 0,
            month: 0,
            day_of_month: 0,
            day_of_year: 0,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            micros: micros % SECOND,
            zone: None,
        }
    }

    /// Appends it in the form of a template.
    pub fn write(&self, nodes: &[Node], out: &mut String) -> Result<()> {
        for node in nodes {
            match node {
                Node::Separator(c) | Node::Char(c) => out.push(*c),
                Node::Field { field, letters, fill, localized, ordinal: ending, .. } => {
                    let start = out.len();
                    self.field(*field, *letters, *fill, *localized, out)?;
                    if let Some(letters) = ending
                        && has_ordinal(*field)
                    {
                        let digits = ordinal(&out[start..], *letters);
                        out.push_str(digits);
                    }
                }
            }
        }
        Ok(())
    }

    /// The day of a date; an interval has none.
    fn date(&self) -> Result<i64> {
        self.day.ok_or_else(|| {
            Error::new(Kind::InvalidDatetime, "invalid format specification for an interval value")
                .with_hint("Intervals are not tied to specific calendar dates.")
        })
    }

    /// The year without a sign: 1 BC is 1.
    fn counted(&self, year: i64) -> i64 {
        if self.day.is_some() && year <= 0 { 1 - year } else { year }
    }

    fn iso_year(&self) -> i64 {
        self.day.map_or(self.year, |day| iso_week(day).0)
    }

    fn field(&self, field: Field, letters: Letters, fill: bool, localized: bool, out: &mut String) -> Result<()> {
        let digits = |n: i64, width: usize, out: &mut String| {
            let width = if fill { 0 } else { width + usize::from(n < 0) };
            // Writing to memory does not fail.
            let _ = write!(out, "{n:0width$}");
        };
        let padded = |word: &str, width: usize, out: &mut String| {
            let word = match letters {
                Letters::Upper => word.to_ascii_uppercase(),
                Letters::Lower => word.to_ascii_lowercase(),
                Letters::Capital => {
                    let mut chars = word.chars();
                    chars.next().map(|c| c.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
                }
            };
            let width = if fill || localized { 0 } else { width };
            let _ = write!(out, "{word:<width$}");
        };
        match field {
            Field::Noon(points) => {
                let after = self.hour % 24 >= 12;
                let word = match (after, points) {
                    (false, false) => "am",
                    (true, false) => "pm",
                    (false, true) => "a.m.",
                    (true, true) => "p.m.",
                };
                padded(word, 0, out);
            }
            Field::Era(points) => {
                self.date()?;
                let word = match (self.year <= 0, points) {
                    (false, false) => "ad",
                    (true, false) => "bc",
                    (false, true) => "a.d.",
                    (true, true) => "b.c.",
                };
                padded(word, 0, out);
            }
            Field::Century => {
                let century = match self.day {
                    None => self.year / 100,
                    Some(_) if self.year > 0 => (self.year - 1) / 100 + 1,
                    Some(_) => self.year / 100 - 1,
                };
                digits(century, 2, out);
            }
            Field::DayName => padded(WEEKDAYS.get(weekday(self.date()?) as usize).copied().unwrap_or_default(), 9, out),
            Field::DayShort => {
                let name = WEEKDAYS.get(weekday(self.date()?) as usize).and_then(|n| n.get(..3));
                padded(name.unwrap_or_default(), 0, out);
            }
            Field::DayOfYear => digits(self.day_of_year, 3, out),
            Field::IsoDayOfYear => {
                let day = self.day.map_or(0, |day| day - iso_year_start(iso_week(day).0) + 1);
                digits(day, 3, out);
            }
            Field::Day => digits(self.day_of_month, 2, out),
            Field::Weekday => digits(weekday(self.date()?) + 1, 0, out),
            Field::IsoWeekday => digits((weekday(self.date()?) + 6) % 7 + 1, 0, out),
            Field::Week => digits((self.day_of_year - 1) / 7 + 1, 2, out),
            Field::IsoWeek => digits(self.day.map_or(0, |day| iso_week(day).1), 2, out),
            Field::WeekOfMonth => digits((self.day_of_month - 1) / 7 + 1, 0, out),
            Field::Fraction(n) => {
                let width = usize::from(n);
                let _ = write!(out, "{:0width$}", self.micros / 10i64.pow(6 - u32::from(n)));
            }
            Field::Millis => {
                let _ = write!(out, "{:03}", self.micros / 1000);
            }
            Field::Micros => {
                let _ = write!(out, "{:06}", self.micros);
            }
            Field::Fixed => {}
            Field::Hour24 => digits(self.hour, 2, out),
            Field::Hour12 => digits(if self.hour % 12 == 0 { 12 } else { self.hour % 12 }, 2, out),
            Field::Minute => digits(self.minute, 2, out),
            Field::Second => digits(self.second, 2, out),
            Field::SecondOfDay => {
                let _ = write!(out, "{}", self.hour * 3600 + self.minute * 60 + self.second);
            }
            Field::Julian => {
                let day = self.day.unwrap_or_else(|| calendar::day_of(self.year, 1, self.day_of_year));
                let _ = write!(out, "{}", day + calendar::JULIAN_EPOCH);
            }
            Field::Month => digits(self.month, 2, out),
            Field::MonthName | Field::MonthShort => {
                self.date()?;
                let name = usize::try_from(self.month - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or_default();
                if field == Field::MonthName { padded(name, 9, out) } else { padded(name.get(..3).unwrap_or(name), 0, out) }
            }
            Field::Roman => {
                // An interval's months count around the year.
                let month = if self.month == 0 { 12 } else { self.month.rem_euclid(13).max(1) };
                let month = if self.month < 0 { 12 + self.month.max(-11) } else { month };
                if self.day.is_some() || self.month != 0 || self.year != 0 {
                    let name = usize::try_from(month - 1).ok().and_then(|m| ROMAN.get(m)).copied().unwrap_or_default();
                    padded(name, 4, out);
                }
            }
            Field::Quarter => {
                if self.month != 0 {
                    digits((self.month - 1) / 3 + 1, 0, out);
                }
            }
            Field::Year(n) => self.last_digits(self.year, n, fill, out),
            Field::IsoYear(n) => self.last_digits(self.iso_year(), n, fill, out),
            Field::YearComma => {
                let year = self.counted(self.year);
                let _ = write!(out, "{},{:03}", year / 1000, (year % 1000).abs());
            }
            Field::Zone => {
                self.date()?;
                if let Some((name, _)) = &self.zone {
                    padded(name, 0, out);
                }
            }
            Field::ZoneHour | Field::ZoneMinute | Field::Offset => {
                self.date()?;
                let offset = self.zone.as_ref().map_or(0, |(_, offset)| *offset);
                let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.abs());
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                let _ = match field {
                    Field::ZoneHour => write!(out, "{sign}{hours:02}"),
                    Field::ZoneMinute => write!(out, "{minutes:02}"),
                    _ if minutes == 0 => write!(out, "{sign}{hours:0width$}", width = if fill { 0 } else { 2 }),
                    _ => write!(out, "{sign}{hours:0width$}:{minutes:02}", width = if fill { 0 } else { 2 }),
                };
            }
        }
        Ok(())
    }

    fn last_digits(&self, year: i64, n: u8, fill: bool, out: &mut String) {
        let year = self.counted(year);
        let shown = if n >= 4 { year } else { year % 10i64.pow(u32::from(n)) };
        let width = if fill { 0 } else { usize::from(n) + usize::from(shown < 0) };
        let _ = write!(out, "{shown:0width$}");
    }
}

/// Whether `TH` behind the field means something.
fn has_ordinal(field: Field) -> bool {
    !matches!(
        field,
        Field::Noon(_)
            | Field::Era(_)
            | Field::DayName
            | Field::DayShort
            | Field::MonthName
            | Field::MonthShort
            | Field::Roman
            | Field::Zone
            | Field::ZoneHour
            | Field::ZoneMinute
            | Field::Offset
            | Field::Fixed
    )
}
