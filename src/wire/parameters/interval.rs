//! The text of an `interval`, in every form that PostgreSQL writes (8.5.4): `1 year 2 mons -04:05:06.7`, `@ 1 day ago`, `1-2`,
//! `3 4:05:06` and `P1Y2M3DT4H5M6.7S`.

use arrow::datatypes::IntervalMonthDayNano;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Reads an interval; `None` for text that is none or is out of range.
pub(super) fn parse(text: &str) -> Option<IntervalMonthDayNano> {
    let text = text.trim().to_ascii_lowercase();
    let mut sum = Sum::default();
    if let Some(iso) = text.strip_prefix('p') {
        iso_8601(iso, &mut sum)?;
        return sum.interval(false);
    }
    let text = text.strip_prefix('@').unwrap_or(&text);
    let (text, ago) = match text.trim_end().strip_suffix("ago") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        rest = part(rest, &mut sum)?.trim_start();
    }
    sum.interval(ago)
}

/// One part at the start of the text, and what follows it.
fn part<'a>(text: &'a str, sum: &mut Sum) -> Option<&'a str> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | ':')).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    if number.contains(':') {
        sum.nanos += clock(number)?;
        return Some(rest);
    }
    // A minus inside is the one between years and months.
    if let Some(at) = number.get(1..).and_then(|inner| inner.find('-')) {
        let (years, months) = (number[..=at].parse::<i64>().ok()?, number[at + 2..].parse::<u32>().ok()?);
        let months = if number.starts_with('-') { -i64::from(months) } else { i64::from(months) };
        sum.months += i128::from(years) * 12 + i128::from(months);
        return Some(rest);
    }
    let value = Number::parse(number)?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    if unit.is_empty() {
        // Days before a clock, else seconds.
        let before_clock = rest.trim_start().split(' ').next().is_some_and(|next| next.contains(':'));
        sum.add(value, if before_clock { Unit::Days(1) } else { Unit::Nanos(SECOND) });
    } else {
        sum.add(value, unit_named(unit)?);
    }
    Some(rest)
}

fn iso_8601(text: &str, sum: &mut Sum) -> Option<()> {
    let (date, time) = text.split_once('t').map_or((text, None), |(date, time)| (date, Some(time)));
    if date.is_empty() && time.is_none_or(str::is_empty) {
        return None;
    }
    let mut each = |mut rest: &str, unit: fn(u8) -> Option<Unit>| {
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            sum.add(Number::parse(&rest[..end])?, unit(rest.as_bytes()[end])?);
            rest = &rest[end + 1..];
        }
        Some(())
    };
    each(date, |letter| match letter {
        b'y' => Some(Unit::Months(12)),
        b'm' => Some(Unit::Months(1)),
        b'w' => Some(Unit::Days(7)),
        b'd' => Some(Unit::Days(1)),
        _ => None,
    })?;
    each(time.unwrap_or_default(), |letter| match letter {
        b'h' => Some(Unit::Nanos(3600 * SECOND)),
        b'm' => Some(Unit::Nanos(60 * SECOND)),
        b's' => Some(Unit::Nanos(SECOND)),
        _ => None,
    })
}

fn unit_named(unit: &str) -> Option<Unit> {
    Some(match unit {
        "millennium" | "millennia" | "millenniums" | "mil" | "mils" => Unit::Months(12_000),
        "century" | "centuries" | "c" | "cent" => Unit::Months(1200),
        "decade" | "decades" | "dec" | "decs" => Unit::Months(120),
        "year" | "years" | "y" | "yr" | "yrs" => Unit::Months(12),
        "month" | "months" | "mon" | "mons" => Unit::Months(1),
        "week" | "weeks" | "w" => Unit::Days(7),
        "day" | "days" | "d" => Unit::Days(1),
        "hour" | "hours" | "h" | "hr" | "hrs" => Unit::Nanos(3600 * SECOND),
        "minute" | "minutes" | "m" | "min" | "mins" => Unit::Nanos(60 * SECOND),
        "second" | "seconds" | "s" | "sec" | "secs" => Unit::Nanos(SECOND),
        "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" => Unit::Nanos(SECOND / 1000),
        "microsecond" | "microseconds" | "us" | "usec" | "usecs" => Unit::Nanos(1000),
        _ => return None,
    })
}

/// `±h:mm`, `±h:mm:ss` or with a fraction, in nanoseconds.
fn clock(text: &str) -> Option<i128> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut fields = text.split(':');
    let hours: u32 = fields.next()?.parse().ok()?;
    let minutes: u32 = fields.next()?.parse().ok().filter(|m| *m < 60)?;
    let seconds = match fields.next() {
        Some(seconds) if seconds.starts_with(|c: char| c.is_ascii_digit()) => Number::parse(seconds)?,
        Some(_) => return None,
        None => Number::default(),
    };
    if fields.next().is_some() || seconds.whole >= 60 {
        return None;
    }
    let whole = i128::from(hours) * 3600 + i128::from(minutes) * 60 + seconds.whole;
    Some(sign * (whole * SECOND + seconds.billionths))
}

/// What a number counts.
#[derive(Clone, Copy)]
enum Unit {
    Months(i128),
    Days(i128),
    Nanos(i128),
}

/// A decimal number, its fraction in billionths and of the same sign.
#[derive(Clone, Copy, Default)]
struct Number {
    whole: i128,
    billionths: i128,
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if !(whole.len() + fraction.len() > 0 && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())) {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { i128::from(whole.parse::<i64>().ok()?) };
        let billionths = fraction.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |n, d| n * 10 + i128::from(d - b'0'));
        Some(Self { whole: sign * whole, billionths: sign * billionths })
    }
}

/// The parts so far.
#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    nanos: i128,
}

impl Sum {
    /// Adds so many of a unit. A fraction goes down to smaller units, a month of 30 days and a day of 24 hours.
    fn add(&mut self, value: Number, unit: Unit) {
        match unit {
            Unit::Months(1) => {
                self.months += value.whole;
                self.add_days(value.billionths * 30);
            }
            // Of years only whole months are taken.
            Unit::Months(months) => self.months += value.whole * months + (value.billionths * months) / SECOND,
            Unit::Days(days) => self.add_days((value.whole * SECOND + value.billionths) * days),
            Unit::Nanos(nanos) => self.nanos += value.whole * nanos + value.billionths * nanos / SECOND,
        }
    }

    fn add_days(&mut self, billionths: i128) {
        self.days += billionths / SECOND;
        self.nanos += (billionths % SECOND) * (DAY / SECOND);
    }

    fn interval(self, negate: bool) -> Option<IntervalMonthDayNano> {
        let sign = if negate { -1 } else { 1 };
        Some(IntervalMonthDayNano::new(
            (sign * self.months).try_into().ok()?,
            (sign * self.days).try_into().ok()?,
            (sign * self.nanos).try_into().ok()?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_as_postgres_15_reads_them() {
        const S: i64 = 1_000_000_000;
        const CLOCK: i64 = (4 * 3600 + 5 * 60 + 6) * S + 700_000_000;
        type Case = (&'static str, Option<(i32, i32, i64)>);
        let cases: &[Case] = &[
            ("1 year 2 mons 3 days 04:05:06.7", Some((14, 3, CLOCK))),
            ("P1Y2M3DT4H5M6.7S", Some((14, 3, CLOCK))),
            ("@ 1 year 2 mons 3 days 4 hours 5 mins 6.7 secs", Some((14, 3, CLOCK))),
            ("+1-2 +3 +4:05:06.7", Some((14, 3, CLOCK))),
            ("-1-2", Some((-14, 0, 0))),
            ("3 4:05:06.7", Some((0, 3, CLOCK))),
            ("@ 1 day ago", Some((0, -1, 0))),
            ("-1 day +2:03", Some((0, -1, 7380 * S))),
            ("+1 mon -00:00:01.5", Some((1, 0, -1_500_000_000))),
            ("1.5 days", Some((0, 1, 43_200 * S))),
            ("1.5 months", Some((1, 15, 0))),
            ("1.5 years", Some((18, 0, 0))),
            ("2 weeks 30 min", Some((0, 14, 1800 * S))),
            ("1d2h3m4s", Some((0, 1, 7384 * S))),
            ("90", Some((0, 0, 90 * S))),
            ("1.5", Some((0, 0, 1_500_000_000))),
            ("100 ms", Some((0, 0, 100_000_000))),
            ("1 decade 2 centuries", Some((2520, 0, 0))),
            ("P2W", Some((0, 14, 0))),
            ("PT-0.5S", Some((0, 0, -500_000_000))),
            ("", None),
            ("P", None),
            ("soon", None),
            ("1 fortnight", None),
            ("1:99", None),
            ("1 day ago ago", None),
            ("99999999999 days", None),
        ];
        for (text, expected) in cases {
            let found = parse(text).map(|i| (i.months, i.days, i.nanoseconds));
            assert_eq!(found, *expected, "{text}");
        }
    }
}
