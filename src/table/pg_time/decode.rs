//! From fields to the parts of a date and time, by PostgreSQL's rules for what a number means (its manual, B.1).

mod numbers;

use self::numbers::{displacement, number};

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
