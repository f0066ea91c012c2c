//! Numbers: what they are by their length, their place and what stands before them.

use super::super::words::{Word, word};
use super::super::{DAY, Order};
use super::{DATE, DAY_OF_YEAR, DAY_PART, Decoded, Fault, MONTH, Parts, TIME, YEAR, ZONE};

impl Parts {
    /// A date in parts: a month's name first, then what the numbers are by their order.
    pub(super) fn date(&mut self, text: &str, order: Order) -> Decoded {
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
    pub(super) fn number(&mut self, text: &str, text_month: bool, order: Order, seen: u32) -> Decoded {
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
    pub(super) fn run_together(&mut self, text: &str, seen: u32) -> Decoded {
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
    pub(super) fn time(&mut self, text: &str) -> Result<(), Fault> {
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
}

/// A number that may be left out.
fn number_or_none(text: &str) -> Result<i64, Fault> {
    if text.is_empty() { Ok(0) } else { number(text) }
}

/// Digits as a number of 32 bits.
pub(super) fn number(text: &str) -> Result<i64, Fault> {
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
