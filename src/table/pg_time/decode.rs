//! From fields to the parts of a date and time, by PostgreSQL's rules for what a number means (its manual, B.1).

use super::abbreviations;
use super::calendar::{JULIAN_EPOCH, civil, day_of, days_in_month};
use super::fields::{Field, Kind, split};
use super::words::{Word, word};
use super::zone::Zone;
use super::{DAY, Order, SECOND};

/// Why a text is no date or time.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has not the form of one.
    Format,
    /// A part is out of its range.
    Field,
    /// A month or day is, which may be for the order of them.
    MonthOrDay,
    /// An offset is.
    Displacement,
    /// A zone's name is unknown.
    Zone(String),
}

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    DateTime,
    /// A time of day, before whose zone a date may stand.
    Time,
}

/// Words that are moments by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    Epoch,
    Future,
    Past,
}

/// The zone that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Seconds east of Greenwich.
    Offset(i32),
    Zone(Zone),
}

// What was seen.
pub const YEAR: u32 = 1;
pub const MONTH: u32 = 2;
pub const DAY_PART: u32 = 4;
const DAY_OF_YEAR: u32 = 8;
pub const TIME: u32 = 16;
pub const ZONE: u32 = 32;
const DAYLIGHT: u32 = 64;
const MODIFIER: u32 = 128;
const NOON: u32 = 256;
const ERA: u32 = 512;
const WEEKDAY: u32 = 1024;
const SPECIAL: u32 = 2048;
pub const DATE: u32 = YEAR | MONTH | DAY_PART;

/// The parts of a date and time.
#[derive(Debug, Default)]
pub struct Parts {
    pub seen: u32,
    pub year: i64,
    pub month: i64,
    pub day: i64,
    day_of_year: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub micros: i64,
    pub zone: Option<Named>,
    pub special: Option<Special>,
    two_digits: bool,
    text_month: bool,
    is_julian: bool,
    is_bc: bool,
    afternoon: Option<bool>,
}

/// What the next field is said to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Julian,
    Time,
    Misplaced,
}

type Decoded = Result<u32, Fault>;

/// Reads a text. `now` is the moment in microseconds since 1970, and `zone` the session's.
pub fn decode(text: &str, wanted: Wanted, order: Order, now: i64, zone: Zone) -> Result<Parts, Fault> {
    let fields = split(text).ok_or(Fault::Format)?;
    let mut parts = Parts::default();
    let mut label = None;
    for (i, field) in fields.iter().enumerate() {
        let seen = match field.kind {
            Kind::Date => parts.date_field(&field.text, label.take(), order, wanted, i, &fields)?,
            Kind::Time => {
                if label.take().is_some_and(|l| l != Label::Time) {
                    return Err(Fault::Format);
                }
                parts.time(&field.text)?;
                TIME
            }
            Kind::Signed => {
                parts.zone = Some(Named::Offset(displacement(&field.text)?));
                ZONE
            }
            Kind::Number => parts.number_field(&field.text, label.take(), order, wanted, i, &fields)?,
            Kind::Word | Kind::SignedWord => match parts.word(&field.text, now, zone)? {
                Seen::Parts(seen) => seen,
                Seen::Label(next) => {
                    if next == Label::Time {
                        let follows = fields.get(i + 1).map(|f| f.kind);
                        let expected = matches!(follows, Some(Kind::Number | Kind::Time | Kind::Date));
                        if !expected || (wanted == Wanted::DateTime && parts.seen & DATE != DATE) {
                            return Err(Fault::Format);
                        }
                    }
                    label = Some(next);
                    0
                }
                Seen::Nothing => continue,
            },
        };
        if seen & parts.seen != 0 {
            return Err(Fault::Format);
        }
        parts.seen |= seen;
    }
    parts.validate()?;
    parts.half_day()?;
    if parts.seen & MODIFIER != 0 && parts.seen & ZONE == 0 {
        return Err(Fault::Format);
    }
    Ok(parts)
}

enum Seen {
    Parts(u32),
    Label(Label),
    Nothing,
}

impl Parts {
    /// Microseconds since midnight.
    pub fn time_of_day(&self) -> i64 {
        ((self.hour * 60 + self.minute) * 60 + self.second) * SECOND + self.micros
    }

    /// The day, counted from 1970-01-01.
    pub fn days(&self) -> i64 {
        day_of(self.year, self.month as u32, self.day)
    }

    fn set_days(&mut self, days: i64) {
        let (year, month, day) = civil(days);
        (self.year, self.month, self.day) = (year, i64::from(month), i64::from(day));
    }

    /// A date, or a zone whose name has such characters, or a time with digits run together before a zone.
    fn date_field(
        &mut self,
        text: &str,
        label: Option<Label>,
        order: Order,
        wanted: Wanted,
        i: usize,
        fields: &[Field],
    ) -> Decoded {
        if label == Some(Label::Julian) {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            self.julian(&text[..end])?;
            self.zone = Some(Named::Offset(displacement(&text[end..])?));
            return Ok(DATE | TIME | ZONE);
        }
        let is_date = match wanted {
            Wanted::DateTime => label.is_none() && self.seen & (MONTH | DAY_PART) != (MONTH | DAY_PART),
            Wanted::Time => {
                label.is_none()
                    && i == 0
                    && (fields.len() >= 2 && fields.last().is_some_and(|f| f.kind == Kind::Date)
                        || fields.get(1).is_some_and(|f| f.kind == Kind::Time))
            }
        };
        if is_date {
            return self.date(text, order);
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) || label.is_some() {
            if label.is_some_and(|l| l != Label::Time) || self.seen & TIME != 0 {
                return Err(Fault::Format);
            }
            let (time, offset) = text.split_at(text.find('-').ok_or(Fault::Format)?);
            self.zone = Some(Named::Offset(displacement(offset)?));
            let seen = if wanted == Wanted::Time { self.seen | DATE } else { self.seen };
            return Ok(self.run_together(time, seen)? | ZONE);
        }
        self.zone = Some(Named::Zone(Zone::named(text).ok_or_else(|| Fault::Zone(text.to_owned()))?));
        Ok(ZONE)
    }

    fn number_field(
        &mut self,
        text: &str,
        label: Option<Label>,
        order: Order,
        wanted: Wanted,
        i: usize,
        fields: &[Field],
    ) -> Decoded {
        match label {
            Some(Label::Julian) => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
                self.julian(whole)?;
                if !text.contains('.') {
                    return Ok(DATE);
                }
                let part: f64 = format!("0.{fraction}").parse().map_err(|_| Fault::Format)?;
                self.set_time((part * DAY as f64) as i64);
                Ok(DATE | TIME)
            }
            Some(Label::Time) => match self.run_together(text, self.seen | DATE)? {
                TIME => Ok(TIME),
                _ => Err(Fault::Format),
            },
            Some(Label::Misplaced) => Err(Fault::Format),
            None if wanted == Wanted::Time => match text.find('.') {
                Some(_) if i == 0 && fields.len() >= 2 && fields.last().is_some_and(|f| f.kind == Kind::Date) => {
                    self.date(text, order)
                }
                Some(point) if point > 2 => self.run_together(text, self.seen | DATE),
                Some(_) => Err(Fault::Format),
                None if text.len() > 4 => self.run_together(text, self.seen | DATE),
                None => self.number(text, false, order, self.seen | DATE),
            },
            None => match text.find('.') {
                Some(_) if self.seen & DATE == 0 => self.date(text, order),
                Some(point) if point > 2 => self.run_together(text, self.seen),
                // Six digits and more are a whole date or time while one is missing.
                None if text.len() >= 6 && (self.seen & DATE == 0 || self.seen & TIME == 0) => self.run_together(text, self.seen),
                Some(_) | None => self.number(text, self.text_month, order, self.seen),
            },
        }
    }

    fn julian(&mut self, digits: &str) -> Result<(), Fault> {
        self.set_days(number(digits)? - JULIAN_EPOCH);
        self.is_julian = true;
        Ok(())
    }

    fn set_time(&mut self, micros: i64) {
        let seconds = micros.div_euclid(SECOND);
        (self.hour, self.minute, self.second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        self.micros = micros.rem_euclid(SECOND);
    }

    /// A date in parts: a month's name first, then what the numbers are by their order.
    fn date(&mut self, text: &str, order: Order) -> Decoded {
        let mut texts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            let first = rest.chars().next().ok_or(Fault::Format)?;
            let same = |c: char| if first.is_ascii_digit() { c.is_ascii_digit() } else { c.is_ascii_alphabetic() };
            let end = rest.find(|c: char| !same(c)).unwrap_or(rest.len());
            texts.push(&rest[..end]);
            // The character behind a part is a delimiter, unless the next part follows at once.
            rest = rest[end..].strip_prefix(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(&rest[end..]);
        }
        let (mut seen, mut text_month) = (0, false);
        for text in texts.iter().filter(|t| t.starts_with(|c: char| c.is_ascii_alphabetic())) {
            match word(text) {
                Some(Word::Month(month)) if (self.seen | seen) & MONTH == 0 => self.month = i64::from(month),
                Some(Word::Ignored) => continue,
                Some(_) | None => return Err(Fault::Format),
            }
            seen |= MONTH;
            text_month = true;
        }
        for text in texts.iter().filter(|t| t.starts_with(|c: char| c.is_ascii_digit())) {
            let part = self.number(text, text_month, order, self.seen | seen)?;
            if (self.seen | seen) & part != 0 {
                return Err(Fault::Format);
            }
            seen |= part;
        }
        if (self.seen | seen) & !(DAY_OF_YEAR | ZONE) == DATE { Ok(seen) } else { Err(Fault::Format) }
    }

    /// A number by itself.
    fn number(&mut self, text: &str, text_month: bool, order: Order, seen: u32) -> Decoded {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
        let value = number(whole)?;
        if let Some(fraction) = fraction {
            if whole.len() > 2 {
                return self.run_together(text, seen | DATE);
            }
            self.micros = millionths(fraction)?;
        }
        let digits = text.len();
        if digits == 3 && seen & DATE == YEAR && (1..=366).contains(&value) {
            self.day_of_year = value;
            return Ok(DAY_OF_YEAR | MONTH | DAY_PART);
        }
        let is_year = digits >= 3 || order == Order::Ymd;
        let part = match seen & DATE {
            0 if is_year => YEAR,
            0 if order == Order::Dmy => DAY_PART,
            0 | YEAR | DAY_PART => MONTH,
            MONTH if text_month && is_year => YEAR,
            MONTH => DAY_PART,
            m if m == (YEAR | MONTH) => {
                if text_month && digits >= 3 && self.two_digits {
                    // What was taken for the year was the day.
                    self.day = self.year;
                    self.year = value;
                    self.two_digits = false;
                } else {
                    self.day = value;
                }
                return Ok(DAY_PART);
            }
            m if m == (MONTH | DAY_PART) => YEAR,
            DATE => return self.run_together(text, seen),
            _ => return Err(Fault::Format),
        };
        match part {
            YEAR => {
                self.year = value;
                self.two_digits = digits <= 2;
            }
            MONTH => self.month = value,
            _ => self.day = value,
        }
        Ok(part)
    }

    /// Digits of several parts: a date of six and more, or a time of four or six.
    fn run_together(&mut self, text: &str, seen: u32) -> Decoded {
        let (digits, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Fault::Format);
        }
        let part = |range: std::ops::Range<usize>| digits.get(range).map_or(Err(Fault::Format), number);
        let len = digits.len();
        match fraction {
            Some(fraction) => self.micros = millionths(fraction)?,
            None if seen & DATE != DATE && len >= 6 => {
                self.day = part(len - 2..len)?;
                self.month = part(len - 4..len - 2)?;
                self.year = part(0..len - 4)?;
                self.two_digits = len == 6;
                return Ok(DATE);
            }
            None => {}
        }
        if seen & TIME == 0 && (len == 6 || len == 4) {
            self.hour = part(0..2)?;
            self.minute = part(2..4)?;
            self.second = if len == 6 { part(4..6)? } else { 0 };
            return self.check_time().map(|()| TIME);
        }
        Err(Fault::Format)
    }

    /// `h:mm`, `h:mm:ss.f`.
    fn time(&mut self, text: &str) -> Result<(), Fault> {
        let mut pieces = text.split(':');
        let (Some(hour), Some(minute)) = (pieces.next(), pieces.next()) else { return Err(Fault::Format) };
        self.hour = number(hour)?;
        let (whole, fraction) = match pieces.next() {
            Some(seconds) => {
                self.minute = number_or_none(minute)?;
                seconds.split_once('.').map_or((seconds, None), |(whole, fraction)| (whole, Some(fraction)))
            }
            None => match minute.split_once('.') {
                // Minutes and seconds.
                Some((seconds, fraction)) => {
                    (self.minute, self.hour) = (self.hour, 0);
                    (seconds, Some(fraction))
                }
                None => {
                    self.minute = number_or_none(minute)?;
                    ("", None)
                }
            },
        };
        if pieces.next().is_some() {
            return Err(Fault::Format);
        }
        self.second = number_or_none(whole)?;
        self.micros = fraction.map_or(Ok(0), millionths)?;
        self.check_time()
    }

    fn check_time(&self) -> Result<(), Fault> {
        let fits = self.hour <= 24 && self.minute < 60 && self.second <= 60 && self.time_of_day() <= DAY;
        if fits { Ok(()) } else { Err(Fault::Field) }
    }

    fn word(&mut self, text: &str, now: i64, zone: Zone) -> Result<Seen, Fault> {
        if let Some((offset, is_dst)) = abbreviations::named(text) {
            self.zone = Some(Named::Offset(offset));
            return Ok(Seen::Parts(if is_dst { ZONE | DAYLIGHT } else { ZONE }));
        }
        let local = zone.local(now);
        let today = local.div_euclid(DAY);
        let special = |parts: &mut Self, special| {
            parts.special = Some(special);
            SPECIAL
        };
        Ok(Seen::Parts(match word(text) {
            Some(Word::Ignored) => return Ok(Seen::Nothing),
            Some(Word::Month(month)) => {
                let mut seen = MONTH;
                // What was taken for the month was the day.
                if self.seen & (MONTH | DAY_PART) == MONTH && !self.text_month && (1..=31).contains(&self.month) {
                    self.day = self.month;
                    seen = DAY_PART;
                }
                self.text_month = true;
                self.month = i64::from(month);
                seen
            }
            Some(Word::Weekday) => WEEKDAY,
            Some(afternoon @ (Word::Am | Word::Pm)) => {
                self.afternoon = Some(afternoon == Word::Pm);
                NOON
            }
            Some(era @ (Word::Ad | Word::Bc)) => {
                self.is_bc = era == Word::Bc;
                ERA
            }
            Some(Word::Now) => {
                self.set_days(today);
                self.set_time(local.rem_euclid(DAY));
                self.zone = Some(Named::Offset(zone.offset(now)));
                DATE | TIME | ZONE
            }
            Some(day @ (Word::Today | Word::Tomorrow | Word::Yesterday)) => {
                self.set_days(today + i64::from(day == Word::Tomorrow) - i64::from(day == Word::Yesterday));
                DATE
            }
            Some(Word::AllBalls) => {
                self.set_time(0);
                self.zone = Some(Named::Offset(0));
                TIME | ZONE
            }
            Some(Word::Epoch) => special(self, Special::Epoch),
            Some(Word::Future) => special(self, Special::Future),
            Some(Word::Past) => special(self, Special::Past),
            Some(Word::Julian) => return Ok(Seen::Label(Label::Julian)),
            Some(Word::Time) => return Ok(Seen::Label(Label::Time)),
            Some(Word::Misplaced) => return Ok(Seen::Label(Label::Misplaced)),
            Some(Word::DaylightSaving) => {
                if let Some(Named::Offset(offset)) = &mut self.zone {
                    *offset += 3600;
                }
                DAYLIGHT | MODIFIER
            }
            None => {
                self.zone = Some(Named::Zone(Zone::named(text).ok_or(Fault::Format)?));
                ZONE
            }
        }))
    }

    fn validate(&mut self) -> Result<(), Fault> {
        if self.seen & YEAR != 0 && !self.is_julian {
            if self.is_bc {
                if self.year <= 0 {
                    return Err(Fault::Field);
                }
                self.year = 1 - self.year;
            } else if self.two_digits {
                self.year += if self.year < 70 {
                    2000
                } else if self.year < 100 {
                    1900
                } else {
                    0
                };
            } else if self.year <= 0 {
                return Err(Fault::Field);
            }
        }
        if self.seen & DAY_OF_YEAR != 0 {
            self.set_days(day_of(self.year, 1, self.day_of_year));
        }
        if self.seen & MONTH != 0 && !(1..=12).contains(&self.month) || self.seen & DAY_PART != 0 && !(1..=31).contains(&self.day)
        {
            return Err(Fault::MonthOrDay);
        }
        if self.seen & DATE == DATE && self.day > i64::from(days_in_month(self.year, self.month as u32)) {
            return Err(Fault::Field);
        }
        Ok(())
    }

    fn half_day(&mut self) -> Result<(), Fault> {
        let Some(afternoon) = self.afternoon else { return Ok(()) };
        if self.hour > 12 {
            return Err(Fault::Field);
        }
        self.hour = self.hour % 12 + if afternoon { 12 } else { 0 };
        Ok(())
    }
}

/// A number that may be left out.
fn number_or_none(text: &str) -> Result<i64, Fault> {
    if text.is_empty() { Ok(0) } else { number(text) }
}

/// Digits as a number of 32 bits.
fn number(text: &str) -> Result<i64, Fault> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Format);
    }
    text.parse::<i32>().map(i64::from).map_err(|_| Fault::Field)
}

/// The millionths of a second behind a decimal point, rounded.
pub fn millionths(digits: &str) -> Result<i64, Fault> {
    if digits.is_empty() {
        return Ok(0);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Format);
    }
    let fraction: f64 = format!("0.{digits}").parse().map_err(|_| Fault::Format)?;
    Ok((fraction * 1e6).round_ties_even() as i64)
}

/// `+08`, `-0730`, `+05:30:15`, in seconds east of Greenwich.
pub fn displacement(text: &str) -> Result<i32, Fault> {
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (None, Some(digits)) => (-1, digits),
        (None, None) => return Err(Fault::Format),
    };
    let parts = digits.split(':').map(|part| number(part).map_err(|e| if e == Fault::Field { Fault::Displacement } else { e }));
    let (hour, minute, second) = match parts.collect::<Result<Vec<i64>, Fault>>()?.as_slice() {
        [together] if text.len() > 3 => (together / 100, together % 100, 0),
        [hour] => (*hour, 0, 0),
        [hour, minute] => (*hour, *minute, 0),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return Err(Fault::Format),
    };
    if hour > 15 || minute > 59 || second > 59 {
        return Err(Fault::Displacement);
    }
    Ok(sign * ((hour * 60 + minute) * 60 + second) as i32)
}
