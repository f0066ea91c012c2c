//! Dates and times in text: which orders of year, month and day a text can be read in, and its value in each. Which order a
//! column has is decided elsewhere.

use chrono::format::{Item, Parsed, StrftimeItems};

/// The orders and separators in which dates are published. One column has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `2020-01-31`, `2014-7-1` (ISO 8601).
    YmdDash,
    /// `2020/01/31`
    YmdSlash,
    /// `2020.01.31`
    YmdDot,
    /// `2020年1月31日`
    YmdHan,
    /// `31.12.2020`
    DmyDot,
    /// `31/12/2020`
    DmySlash,
    /// `12/31/2020`
    MdySlash,
    /// `31-12-2020`
    DmyDash,
    /// `12-31-2020`
    MdyDash,
    /// `31/12/20`
    DmySlashShort,
    /// `12/31/20`
    MdySlashShort,
}

impl Order {
    pub(super) const ALL: [Self; 11] = [
        Self::YmdDash,
        Self::YmdSlash,
        Self::YmdDot,
        Self::YmdHan,
        Self::DmyDot,
        Self::DmySlash,
        Self::MdySlash,
        Self::DmyDash,
        Self::MdyDash,
        Self::DmySlashShort,
        Self::MdySlashShort,
    ];

    pub(super) fn bit(self) -> u16 {
        1 << self as u16
    }

    /// The order that differs only in which of day and month is first.
    pub(super) fn twin(self) -> Option<Self> {
        match self {
            Self::YmdDash | Self::YmdSlash | Self::YmdDot | Self::YmdHan | Self::DmyDot => None,
            Self::DmySlash => Some(Self::MdySlash),
            Self::MdySlash => Some(Self::DmySlash),
            Self::DmyDash => Some(Self::MdyDash),
            Self::MdyDash => Some(Self::DmyDash),
            Self::DmySlashShort => Some(Self::MdySlashShort),
            Self::MdySlashShort => Some(Self::DmySlashShort),
        }
    }

    /// As people write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::YmdDash => "YYYY-MM-DD",
            Self::YmdSlash => "YYYY/MM/DD",
            Self::YmdDot => "YYYY.MM.DD",
            Self::YmdHan => "YYYY年M月D日",
            Self::DmyDot => "DD.MM.YYYY",
            Self::DmySlash => "DD/MM/YYYY",
            Self::MdySlash => "MM/DD/YYYY",
            Self::DmyDash => "DD-MM-YYYY",
            Self::MdyDash => "MM-DD-YYYY",
            Self::DmySlashShort => "DD/MM/YY",
            Self::MdySlashShort => "MM/DD/YY",
        }
    }
}

/// A text that starts like a date: three numbers, how they are set apart, and what follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dateish<'a> {
    numbers: [u32; 3],
    lengths: [usize; 3],
    separator: u8,
    rest: &'a [u8],
}

/// `年`, `月` and `日` in UTF-8.
const HAN: [&[u8]; 3] = ["年".as_bytes(), "月".as_bytes(), "日".as_bytes()];

/// Reads the three numbers of a date; `None` when the text does not start with any.
pub(super) fn dateish(text: &[u8]) -> Option<Dateish<'_>> {
    let (a, a_len, rest) = number(text)?;
    let han = rest.starts_with(HAN[0]);
    let separator = if han { b'h' } else { *rest.first().filter(|b| matches!(b, b'-' | b'/' | b'.'))? };
    let cut = |rest: &'_ [u8], i: usize| -> Option<usize> {
        if han { rest.starts_with(HAN[i]).then_some(HAN[i].len()) } else { (rest.first() == Some(&separator)).then_some(1) }
    };
    let rest = &rest[cut(rest, 0)?..];
    let (b, b_len, rest) = number(rest)?;
    let rest = &rest[cut(rest, 1)?..];
    let (c, c_len, rest) = number(rest)?;
    let rest = if han { &rest[cut(rest, 2)?..] } else { rest };
    (b_len <= 2).then_some(Dateish { numbers: [a, b, c], lengths: [a_len, b_len, c_len], separator, rest })
}

/// One to four digits.
fn number(text: &[u8]) -> Option<(u32, usize, &[u8])> {
    let len = text.iter().take(5).take_while(|b| b.is_ascii_digit()).count();
    if len == 0 || len > 4 {
        return None;
    }
    let value = text[..len].iter().fold(0, |v, b| v * 10 + u32::from(b - b'0'));
    Some((value, len, &text[len..]))
}

impl<'a> Dateish<'a> {
    /// What stands behind the date.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The day in `order`, counted from 1970-01-01; `None` when it does not exist or is written in another order.
    pub(super) fn day(&self, order: Order) -> Option<i32> {
        let [a, b, c] = self.numbers;
        let long_first = self.lengths[0] == 4 && self.lengths[2] <= 2;
        let long_last = self.lengths[0] <= 2 && self.lengths[2] == 4;
        let short = self.lengths[0] <= 2 && self.lengths[2] == 2;
        let fits = |separator: u8, shape: bool| (self.separator == separator && shape).then_some(());
        let (year, month, day) = match order {
            Order::YmdDash => fits(b'-', long_first).map(|()| (a, b, c)),
            Order::YmdSlash => fits(b'/', long_first).map(|()| (a, b, c)),
            Order::YmdDot => fits(b'.', long_first).map(|()| (a, b, c)),
            Order::YmdHan => fits(b'h', long_first).map(|()| (a, b, c)),
            Order::DmyDot => fits(b'.', long_last).map(|()| (c, b, a)),
            Order::DmySlash => fits(b'/', long_last).map(|()| (c, b, a)),
            Order::MdySlash => fits(b'/', long_last).map(|()| (c, a, b)),
            Order::DmyDash => fits(b'-', long_last).map(|()| (c, b, a)),
            Order::MdyDash => fits(b'-', long_last).map(|()| (c, a, b)),
            Order::DmySlashShort => fits(b'/', short).map(|()| (full_year(c), b, a)),
            Order::MdySlashShort => fits(b'/', short).map(|()| (full_year(c), a, b)),
        }?;
        days(year, month, day)
    }

    /// The orders in which this is a day, as bits.
    pub(super) fn orders(&self) -> u16 {
        Order::ALL.iter().filter(|o| self.day(**o).is_some()).map(|o| o.bit()).sum()
    }
}

/// POSIX's reading of two-digit years (`strptime`, `%y`): 69 to 99 are of the last century.
fn full_year(short: u32) -> u32 {
    if short < 69 { 2000 + short } else { 1900 + short }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
pub(super) fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if year == 0 || year > 9999 || day == 0 || day > last {
        return None;
    }
    let year = year as i32 - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let month = month as i32;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day as i32 - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// A time of day, and how far its clock is from UTC when it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// Microseconds since midnight.
    pub(super) micros: i64,
    /// Seconds east of UTC.
    pub(super) offset: Option<i64>,
}

/// Reads what follows a date: `T` or blanks, then a time.
pub(super) fn clock_after_date(rest: &[u8]) -> Option<Clock> {
    let rest = match rest.first()? {
        b'T' | b't' => &rest[1..],
        b' ' => rest.trim_ascii_start(),
        _ => return None,
    };
    clock(rest)
}

/// Reads `H:MM[:SS[.frac]]`, then AM or PM, then `Z`, `UTC` or an offset; all of the text.
pub(super) fn clock(text: &[u8]) -> Option<Clock> {
    let (mut hour, len, rest) = number(text).filter(|(_, len, _)| *len <= 2)?;
    let (minute, rest) = two_digits(rest.strip_prefix(b":")?)?;
    let (second, rest) = match rest.strip_prefix(b":") {
        Some(rest) => two_digits(rest)?,
        None => (0, rest),
    };
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => micros_of_second(rest)?,
        None => (0, rest),
    };
    let mut rest = rest.trim_ascii_start();
    if let Some((half, after)) =
        rest.split_at_checked(2).filter(|(h, _)| h.eq_ignore_ascii_case(b"am") || h.eq_ignore_ascii_case(b"pm"))
    {
        if hour == 0 || hour > 12 {
            return None;
        }
        hour = hour % 12 + if half.eq_ignore_ascii_case(b"pm") { 12 } else { 0 };
        rest = after.trim_ascii_start();
    }
    if hour > 23 || minute > 59 || second > 59 || len == 0 {
        return None;
    }
    let offset = match rest {
        b"" => None,
        b"Z" | b"z" | b"UTC" => Some(0),
        _ => Some(zone(rest)?),
    };
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    Some(Clock { micros: seconds * 1_000_000 + fraction, offset })
}

fn two_digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let (value, rest) = text.split_at_checked(2)?;
    value.iter().all(u8::is_ascii_digit).then(|| (u32::from(value[0] - b'0') * 10 + u32::from(value[1] - b'0'), rest))
}

/// A fraction of a second; more than six digits only when those beyond are zeros, which lose nothing.
fn micros_of_second(text: &[u8]) -> Option<(i64, &[u8])> {
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(len);
    let (kept, beyond) = digits.split_at(len.min(6));
    if len == 0 || beyond.iter().any(|b| *b != b'0') {
        return None;
    }
    let value = kept.iter().fold(0_i64, |v, b| v * 10 + i64::from(b - b'0'));
    Some((value * 10_i64.pow(6 - kept.len() as u32), rest))
}

/// `+08:00`, `+0800` or `+08` in seconds.
fn zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = two_digits(rest)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { two_digits(rest)? };
    (rest.is_empty() && hours <= 18 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// Microseconds since 1970-01-01T00:00:00, in UTC when the clock has an offset.
pub(super) fn micros(day: i32, clock: Clock) -> i64 {
    i64::from(day) * 86_400_000_000 + clock.micros - clock.offset.unwrap_or(0) * 1_000_000
}

/// A declared `strptime` pattern, parsed once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    text: String,
    items: Vec<Item<'static>>,
}

impl Pattern {
    /// `None` when the pattern has a part that chrono does not know.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self { text: text.to_owned(), items: StrftimeItems::new(text).parse_to_owned().ok()? })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether texts of this pattern tell their distance from UTC.
    pub(super) fn is_zoned(&self) -> bool {
        ["%z", "%:z", "%#z", "%+"].iter().any(|z| self.text.contains(z))
    }

    fn read(&self, text: &str) -> Option<Parsed> {
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, self.items.iter()).ok()?;
        Some(parsed)
    }

    /// Days since 1970-01-01.
    pub(super) fn day(&self, text: &str) -> Option<i32> {
        Some(self.read(text)?.to_naive_date().ok()?.to_epoch_days())
    }

    /// Microseconds since midnight.
    pub(super) fn time(&self, text: &str) -> Option<i64> {
        use chrono::Timelike;
        let time = self.read(text)?.to_naive_time().ok()?;
        Some(i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1000))
    }

    /// Microseconds since 1970-01-01T00:00:00, in UTC when the pattern has an offset.
    pub(super) fn micros(&self, text: &str) -> Option<i64> {
        let parsed = self.read(text)?;
        if self.is_zoned() {
            return Some(parsed.to_datetime().ok()?.timestamp_micros());
        }
        match parsed.to_naive_datetime_with_offset(0) {
            Ok(at) => Some(at.and_utc().timestamp_micros()),
            Err(_) => Some(i64::from(parsed.to_naive_date().ok()?.to_epoch_days()) * 86_400_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_each_order() {
        for (text, order, want) in [
            ("1970-01-01", Order::YmdDash, Some(0)),
            ("2014-7-1", Order::YmdDash, Some(16252)),
            ("2020/02/29", Order::YmdSlash, Some(18321)),
            ("2020年1月11日", Order::YmdHan, Some(18272)),
            ("31.12.2020", Order::DmyDot, Some(18627)),
            ("31/12/2020", Order::DmySlash, Some(18627)),
            ("31/12/2020", Order::MdySlash, None),
            ("1/22/20", Order::MdySlashShort, Some(18283)),
            ("2021-02-29", Order::YmdDash, None),
            ("0000-01-01", Order::YmdDash, None),
            ("1899-12-31", Order::YmdDash, Some(-25568)),
        ] {
            assert_eq!(dateish(text.as_bytes()).and_then(|d| d.day(order)), want, "{text} {order:?}");
        }
        for text in ["2020年", "20200131", "2020", "1-2", "2020-01", "a-b-c", "12345-01-01"] {
            assert!(dateish(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn clocks() {
        let hms = |h: i64, m: i64, s: i64| (h * 3600 + m * 60 + s) * 1_000_000;
        for (text, want) in [
            ("7:05", Some((hms(7, 5, 0), None))),
            ("17:00:30.25", Some((hms(17, 0, 30) + 250_000, None))),
            ("00:00:00Z", Some((0, Some(0)))),
            ("10:00:00+03:00", Some((hms(10, 0, 0), Some(10_800)))),
            ("10:00:00 -0830", Some((hms(10, 0, 0), Some(-30_600)))),
            ("12:00:00 AM", Some((0, None))),
            ("1:30 pm", Some((hms(13, 30, 0), None))),
            ("10:00:00.1234567", None),
            ("10:00:00.1234560", Some((hms(10, 0, 0) + 123_456, None))),
            ("009:38", None),
            ("24:00", None),
            ("10:60", None),
            ("10", None),
        ] {
            assert_eq!(clock(text.as_bytes()).map(|c| (c.micros, c.offset)), want, "{text}");
        }
    }

    #[test]
    fn patterns() {
        let p = |t| Pattern::parse(t).expect(t);
        assert_eq!(p("%d/%m/%Y").day("31/12/2020"), Some(18627));
        assert_eq!(p("%Y年%m月%d日").day("2020年1月11日"), Some(18272));
        assert_eq!(p("%Y年%m月%d日").day("2020年"), None);
        assert_eq!(p("%m/%d/%y %H:%M").micros("1/22/20 17:00"), Some((18283 * 86_400 + 61_200) * 1_000_000));
        assert_eq!(p("%Y-%m-%dT%H:%M:%S%z").micros("1970-01-01T01:00:00+0100"), Some(0));
        assert_eq!(p("%H:%M").time("07:30"), Some(27_000_000_000));
        assert!(Pattern::parse("%Q").is_none());
    }
}
