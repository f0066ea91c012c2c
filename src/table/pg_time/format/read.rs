//! Texts read by a template (`to_date`, `to_timestamp`): what its fields say, and which moment that is.

mod source;

use self::source::{Source, invalid};
use super::super::calendar::{JULIAN_EPOCH, civil, day_of, days_in_month, is_leap, iso_year_start};
use super::super::words::{MONTHS, WEEKDAYS};
use super::super::{DAY, SECOND};
use super::template::{Field, Node, is_separator};
use super::write::ROMAN;
use crate::error::{Error, Kind, Result};

/// What a text says, by its template.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    pub days: i64,
    /// Microseconds since midnight.
    pub time: i64,
    /// Seconds east of Greenwich, where the template has a zone.
    pub offset: Option<i32>,
}

/// How the year's days are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Calendar {
    Gregorian,
    Iso,
}

/// The fields as they were read; zero is not read.
#[derive(Default)]
struct Fields {
    calendar: Option<Calendar>,
    hour: i64,
    pm: Option<bool>,
    minute: i64,
    second: i64,
    second_of_day: i64,
    millis: i64,
    micros: i64,
    weekday: i64,
    day: i64,
    day_of_year: i64,
    month: i64,
    year: i64,
    year_digits: u8,
    century: i64,
    is_bc: bool,
    julian: i64,
    week: i64,
    week_of_month: i64,
    twelve_hours: bool,
    zone_sign: i64,
    zone_hour: i64,
    zone_minute: i64,
}

/// Sets what a field may say once, or again the same.
fn set(place: &mut i64, value: i64, name: &str) -> Result<()> {
    if *place != 0 && *place != value {
        return Err(invalid(
            format!("conflicting values for \"{name}\" field in formatting string"),
            "This value contradicts a previous setting for the same field type.",
        ));
    }
    *place = value;
    Ok(())
}

/// Reads a text by a template.
pub fn read(text: &str, nodes: &[Node]) -> Result<Read> {
    let mut fields = Fields::default();
    let mut source = Source::of(text);
    let mut fixed = false;
    for (i, node) in nodes.iter().enumerate() {
        if source.rest.is_empty() {
            break;
        }
        let is_field = matches!(node, Node::Field { .. });
        if !fixed && (is_field || i == 0) && !matches!(node, Node::Field { field: Field::Fixed, .. }) {
            source.skip_blanks();
        }
        match node {
            Node::Separator(_) if fixed => source.skip_char(),
            Node::Separator(_) => {
                source.skipped -= 1;
                if source.rest.starts_with(|c: char| c.is_ascii_whitespace() || is_separator(c)) {
                    source.skip_char();
                    source.skipped += 1;
                }
            }
            Node::Char(_) if !fixed && source.skipped > 0 => source.skipped -= 1,
            Node::Char(_) => source.skip_char(),
            Node::Field { field: Field::Fixed, .. } => fixed = true,
            Node::Field { field, name, fill, ordinal, .. } => {
                let open = *fill || ordinal.is_some() || is_open(nodes.get(i + 1));
                fields.read(*field, name, open, &mut source)?;
                if ordinal.is_some() && source.rest.len() >= 2 && source.rest.is_char_boundary(2) {
                    source.rest = &source.rest[2..];
                }
                if !fixed {
                    source.skipped = 0;
                    source.skip_blanks();
                }
            }
        }
    }
    fields.finish(text)
}

/// Whether what follows ends a number.
fn is_open(next: Option<&Node>) -> bool {
    match next {
        None => true,
        Some(Node::Field { field, .. }) => matches!(
            field,
            Field::Noon(_)
                | Field::Era(_)
                | Field::DayName
                | Field::DayShort
                | Field::MonthName
                | Field::MonthShort
                | Field::Roman
                | Field::Zone
                | Field::Offset
                | Field::Fixed
                | Field::ZoneHour
        ),
        Some(Node::Separator(_)) => true,
        Some(Node::Char(c)) => !c.is_ascii_digit(),
    }
}

impl Fields {
    fn read(&mut self, field: Field, name: &str, open: bool, source: &mut Source<'_>) -> Result<()> {
        let calendar = match field {
            Field::IsoDayOfYear | Field::IsoWeekday | Field::IsoWeek | Field::IsoYear(_) => Some(Calendar::Iso),
            Field::DayOfYear | Field::Day | Field::Month | Field::MonthName | Field::MonthShort | Field::Roman => {
                Some(Calendar::Gregorian)
            }
            Field::Weekday | Field::Week | Field::WeekOfMonth | Field::Year(_) | Field::YearComma => Some(Calendar::Gregorian),
            _ => None,
        };
        if let Some(calendar) = calendar {
            if self.calendar.is_some_and(|known| known != calendar) {
                return Err(Error::new(Kind::InvalidDatetime, "invalid combination of date conventions")
                    .with_hint("Do not mix Gregorian and ISO week date conventions in a formatting template."));
            }
            self.calendar = Some(calendar);
        }
        let mut number = |width: usize| source.number(name, width, open);
        match field {
            Field::Hour12 => {
                set(&mut self.hour, number(2)?.0, name)?;
                self.twelve_hours = true;
            }
            Field::Hour24 => set(&mut self.hour, number(2)?.0, name)?,
            Field::Minute => set(&mut self.minute, number(2)?.0, name)?,
            Field::Second => set(&mut self.second, number(2)?.0, name)?,
            Field::SecondOfDay => set(&mut self.second_of_day, number(name.len())?.0, name)?,
            Field::Millis => {
                let (value, used) = number(3)?;
                let scale = match used {
                    1 => 100,
                    2 => 10,
                    _ => 1,
                };
                set(&mut self.millis, value * scale, name)?;
            }
            Field::Micros | Field::Fraction(_) => {
                let width = if let Field::Fraction(n) = field { n } else { 6 };
                let (value, used) = number(usize::from(width))?;
                set(&mut self.micros, value * 10i64.pow(6u32.saturating_sub(used as u32)), name)?;
            }
            Field::Day => set(&mut self.day, number(2)?.0, name)?,
            Field::Month => set(&mut self.month, number(2)?.0, name)?,
            Field::DayOfYear | Field::IsoDayOfYear => set(&mut self.day_of_year, number(name.len())?.0, name)?,
            Field::Weekday => set(&mut self.weekday, number(1)?.0, name)?,
            Field::IsoWeekday => set(&mut self.weekday, number(1)?.0 % 7 + 1, name)?,
            Field::Week | Field::IsoWeek => set(&mut self.week, number(2)?.0, name)?,
            Field::WeekOfMonth => set(&mut self.week_of_month, number(1)?.0, name)?,
            Field::Quarter => drop(number(1)?),
            Field::Century => set(&mut self.century, number(2)?.0, name)?,
            Field::Julian => set(&mut self.julian, number(1)?.0, name)?,
            Field::Year(n) | Field::IsoYear(n) => {
                let (value, used) = number(usize::from(n))?;
                let value = if n < 4 && used < 4 { nearest_2020(value) } else { value };
                set(&mut self.year, value, name)?;
                self.year_digits = n;
            }
            Field::ZoneMinute => {
                set(&mut self.zone_minute, number(2)?.0, name)?;
                self.zone_sign = if self.zone_sign == 0 { 1 } else { self.zone_sign };
            }
            Field::ZoneHour => {
                let sign = source.rest.chars().next().filter(|c| matches!(c, '+' | '-' | ' '));
                if sign.is_some() {
                    source.skip_char();
                }
                // The minus may have been taken for a separator.
                let lost = sign.is_none() && source.skipped > 0 && source.before() == Some('-');
                self.zone_sign = if sign == Some('-') || lost { -1 } else { 1 };
                set(&mut self.zone_hour, source.number(name, 2, open)?.0, name)?;
            }
            Field::YearComma => self.year_comma(source)?,
            Field::Noon(points) => {
                let words = if points { ["a.m.", "p.m."] } else { ["am", "pm"] };
                self.pm = Some(source.word(name, words.into_iter())? == 1);
                self.twelve_hours = true;
            }
            Field::Era(points) => {
                let words = if points { ["a.d.", "b.c."] } else { ["ad", "bc"] };
                self.is_bc = source.word(name, words.into_iter())? == 1;
            }
            Field::MonthName => set(&mut self.month, source.word(name, MONTHS.into_iter())? as i64 + 1, name)?,
            Field::MonthShort => {
                let month = source.word(name, MONTHS.iter().filter_map(|m| m.get(..3)))?;
                set(&mut self.month, month as i64 + 1, name)?;
            }
            Field::DayName => set(&mut self.weekday, source.word(name, WEEKDAYS.into_iter())? as i64 + 1, name)?,
            Field::DayShort => {
                let day = source.word(name, WEEKDAYS.iter().filter_map(|d| d.get(..3)))?;
                set(&mut self.weekday, day as i64 + 1, name)?;
            }
            Field::Roman => {
                // The longer before their beginnings.
                let mut by_length: Vec<usize> = (0..ROMAN.len()).collect();
                by_length.sort_by_key(|i| std::cmp::Reverse(ROMAN.get(*i).map_or(0, |r| r.len())));
                let found = source.word(name, by_length.iter().filter_map(|i| ROMAN.get(*i).copied()))?;
                set(&mut self.month, by_length.get(found).map_or(0, |i| *i as i64 + 1), name)?;
            }
            Field::Zone | Field::Offset => {
                let message = format!("formatting field \"{}\" is only supported in to_char", name.to_uppercase());
                return Err(Error::new(Kind::Unsupported, message));
            }
            Field::Fixed => {}
        }
        Ok(())
    }

    /// `2,024`.
    fn year_comma(&mut self, source: &mut Source<'_>) -> Result<()> {
        let wrong = || Error::new(Kind::InvalidDatetime, "invalid input string for \"Y,YYY\"");
        let (thousands, rest) = source.rest.split_once(',').ok_or_else(wrong)?;
        let digits = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
        let thousands: i32 = thousands.trim().parse().map_err(|_| wrong())?;
        let years: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        set(&mut self.year, i64::from(thousands) * 1000 + years, "Y,YYY")?;
        self.year_digits = 4;
        source.rest = &rest[digits..];
        Ok(())
    }

    fn finish(&self, text: &str) -> Result<Read> {
        let out_of_range = || Error::new(Kind::DatetimeOverflow, format!("date/time field value out of range: \"{text}\""));
        let time = self.time(&out_of_range)?;
        let days = self.date(&out_of_range)?;
        if self.zone_hour > 15 || self.zone_minute > 59 {
            return Err(Error::new(Kind::ZoneDisplacement, format!("time zone displacement out of range: \"{text}\"")));
        }
        let offset = (self.zone_sign * (self.zone_hour * 3600 + self.zone_minute * 60)) as i32;
        Ok(Read { days, time, offset: (self.zone_sign != 0).then_some(offset) })
    }

    fn time(&self, out_of_range: &impl Fn() -> Error) -> Result<i64> {
        let (mut hour, mut minute, mut second) = (0, 0, 0);
        if self.second_of_day != 0 {
            let all = self.second_of_day;
            (hour, minute, second) = (all / 3600, all / 60 % 60, all % 60);
        }
        second = if self.second == 0 { second } else { self.second };
        minute = if self.minute == 0 { minute } else { self.minute };
        hour = if self.hour == 0 { hour } else { self.hour };
        if self.twelve_hours {
            if !(1..=12).contains(&hour) {
                return Err(Error::new(Kind::InvalidDatetime, format!("hour \"{hour}\" is invalid for the 12-hour clock"))
                    .with_hint("Use the 24-hour clock, or give an hour between 1 and 12."));
            }
            hour = hour % 12 + if self.pm == Some(true) { 12 } else { 0 };
        }
        let micros = self.millis * 1000 + self.micros;
        let fits = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        if !fits || !(0..SECOND).contains(&micros) {
            return Err(out_of_range());
        }
        let time = ((hour * 60 + minute) * 60 + second) * SECOND + micros;
        if time < DAY { Ok(time) } else { Err(out_of_range()) }
    }

    /// The year, where there is one; 0 is 1 BC.
    fn year(&self) -> Option<i64> {
        let century = if self.is_bc { -self.century } else { self.century };
        if self.year != 0 {
            if self.century != 0 && self.year_digits <= 2 {
                let year = self.year % 100;
                return Some(match (year, century >= 0) {
                    (0, true) => century * 100,
                    (0, false) => century * 100 + 1,
                    (year, true) => year + (century - 1) * 100,
                    (year, false) => (century + 1) * 100 - year + 1,
                });
            }
            let year = if self.is_bc { -self.year } else { self.year };
            return Some(if year < 0 { year + 1 } else { year });
        }
        (self.century != 0).then_some(if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 })
    }

    fn date(&self, out_of_range: &impl Fn() -> Error) -> Result<i64> {
        let (mut year, mut month, mut day) = (self.year().unwrap_or(0), 1, 1);
        let mut day_of_year = self.day_of_year;
        if self.julian != 0 {
            let (y, m, d) = civil(self.julian - JULIAN_EPOCH);
            (year, month, day) = (y, i64::from(m), i64::from(d));
        }
        if self.week != 0 {
            if self.calendar == Some(Calendar::Iso) {
                // Sunday is the first day of a week here, and the last of an ISO one.
                let within = match self.weekday {
                    0 => 0,
                    1 => 6,
                    weekday => weekday - 2,
                };
                let (y, m, d) = civil(iso_year_start(year) + (self.week - 1) * 7 + within);
                (year, month, day) = (y, i64::from(m), i64::from(d));
            } else {
                day_of_year = (self.week - 1) * 7 + 1;
            }
        }
        if self.week_of_month != 0 {
            day = (self.week_of_month - 1) * 7 + 1;
        }
        day = if self.day == 0 { day } else { self.day };
        month = if self.month == 0 { month } else { self.month };
        if day_of_year != 0 && (month <= 1 || day <= 1) {
            if year == 0 && !self.is_bc {
                return Err(Error::new(Kind::InvalidDatetime, "cannot calculate day of year without year information"));
            }
            if !(1..=365 + i64::from(is_leap(year)) + 6).contains(&day_of_year) {
                return Err(out_of_range());
            }
            let first = if self.calendar == Some(Calendar::Iso) { iso_year_start(year) } else { day_of(year, 1, 1) };
            return Ok(first + day_of_year - 1);
        }
        let fits = (1..=12).contains(&month) && day >= 1;
        if !fits || day > i64::from(days_in_month(year, month as u32)) {
            return Err(out_of_range());
        }
        Ok(day_of(year, month as u32, day))
    }
}

/// A year of fewer than four digits, nearest to 2020.
fn nearest_2020(year: i64) -> i64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}
