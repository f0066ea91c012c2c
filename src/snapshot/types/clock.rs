//! Times of day in text, and what follows a date: a time, AM or PM, how far its clock is from UTC.

/// A time of day, and how far its clock is from UTC when it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// Microseconds since midnight.
    pub(super) micros: i64,
    /// Seconds east of UTC.
    pub(super) offset: Option<i64>,
}

/// A day's microseconds.
pub(super) const DAY: i64 = 86_400_000_000;

/// Reads what follows a date: `T`, blanks or a comma, then a time. `24:00` is the end of the day (ISO 8601), and digits without colons are
/// a time behind `T` (`T101530Z`).
pub(super) fn clock_after_date(rest: &[u8]) -> Option<Clock> {
    let (rest, basic) = match rest.first()? {
        b'T' | b't' => (&rest[1..], true),
        b' ' => (rest.trim_ascii_start(), false),
        b',' => (rest[1..].trim_ascii_start(), false),
        _ => return None,
    };
    match rest {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..] if basic => {
            let (hour, rest) = two_digits(rest)?;
            let (minute, rest) = two_digits(rest)?;
            let (second, rest) = two_digits(rest).unwrap_or((0, rest));
            finish(hour, minute, second, rest)
        }
        [b'2', b'4', b':', b'0', b'0', rest @ ..] => {
            let rest = rest.strip_prefix(b":00").unwrap_or(rest);
            finish(0, 0, 0, rest).filter(|c| c.micros == 0).map(|c| Clock { micros: DAY, ..c })
        }
        _ => clock(rest),
    }
}

/// Reads `H:MM[:SS[.frac]]`, then AM or PM, then `Z`, `UTC`, `GMT` or an offset; all of the text.
pub(super) fn clock(text: &[u8]) -> Option<Clock> {
    let digits = text.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let (hour, rest) = match digits {
        1 => (u32::from(text[0] - b'0'), &text[1..]),
        2 => two_digits(text)?,
        _ => return None,
    };
    let (minute, rest) = two_digits(rest.strip_prefix(b":")?)?;
    let (second, rest) = match rest.strip_prefix(b":") {
        Some(rest) => two_digits(rest)?,
        None => (0, rest),
    };
    finish(hour, minute, second, rest)
}

/// Reads what follows the seconds.
fn finish(mut hour: u32, minute: u32, second: u32, rest: &[u8]) -> Option<Clock> {
    let (fraction, rest) = match rest {
        [b'.' | b',', rest @ ..] => micros_of_second(rest)?,
        _ => (0, rest),
    };
    let mut rest = rest.trim_ascii_start();
    if let Some((afternoon, after)) = half_day(rest) {
        if hour == 0 || hour > 12 {
            return None;
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
        rest = after.trim_ascii_start();
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match rest {
        b"" => None,
        b"Z" | b"z" | b"UTC" | b"GMT" => Some(0),
        _ => Some(zone(rest)?),
    };
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    Some(Clock { micros: seconds * 1_000_000 + fraction, offset })
}

/// `AM`, `pm`, `a.m.` at the start: whether it is the afternoon, and what follows.
fn half_day(text: &[u8]) -> Option<(bool, &[u8])> {
    let words: [(&[u8], bool); 4] = [(b"am", false), (b"pm", true), (b"a.m.", false), (b"p.m.", true)];
    words.iter().find_map(|(word, afternoon)| {
        let (start, after) = text.split_at_checked(word.len())?;
        start.eq_ignore_ascii_case(word).then_some((*afternoon, after))
    })
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
    i64::from(day) * DAY + clock.micros - clock.offset.unwrap_or(0) * 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("1:30 p.m.", Some((hms(13, 30, 0), None))),
            ("10:00:00,5 GMT", Some((hms(10, 0, 0) + 500_000, Some(0)))),
            ("10:60", None),
            ("10", None),
        ] {
            assert_eq!(clock(text.as_bytes()).map(|c| (c.micros, c.offset)), want, "{text}");
        }
    }

    #[test]
    fn clocks_after_dates() {
        for (text, want) in [
            ("T101530Z", Some(((10 * 60 + 15) * 60 + 30) * 1_000_000)),
            (" 24:00", Some(DAY)),
            ("T24:00:00Z", Some(DAY)),
            (" 24:30", None),
            (", 00:01", Some(60_000_000)),
            ("x", None),
        ] {
            assert_eq!(clock_after_date(text.as_bytes()).map(|c| c.micros), want, "{text}");
        }
    }
}
