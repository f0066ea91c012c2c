//! `interval`: months, days and microseconds, in each of PostgreSQL's four styles and in `interval_send`'s sixteen bytes.

use std::io::Write;

use arrow::datatypes::{IntervalDayTime, IntervalMonthDayNano, TimeUnit};

use crate::error::Result;
use crate::table::pg_time::Interval;

use super::datetime::{self, DAY_MICROS};
use super::style::IntervalStyle;

/// The parts that text shows; all have the sign of their field.
pub(super) struct Parts {
    years: i64,
    months: i64,
    days: i64,
    hours: i64,
    minutes: i64,
    seconds: i64,
    fraction: i64,
}

pub(super) fn from_months(months: i32) -> Result<Interval> {
    Ok(Interval { months, days: 0, micros: 0 })
}

pub(super) fn from_day_time(value: IntervalDayTime) -> Result<Interval> {
    Ok(Interval { months: 0, days: value.days, micros: i64::from(value.milliseconds) * 1000 })
}

pub(super) fn from_month_day_nano(value: IntervalMonthDayNano) -> Result<Interval> {
    Ok(value.into())
}

/// A duration is what the difference of two timestamps gives; PostgreSQL shows its whole days apart.
pub(super) fn from_duration(value: i64, unit: TimeUnit) -> Result<Interval> {
    let micros = datetime::micros(value, unit)?;
    // Whole days of 64-bit microseconds are fewer than 2^31.
    Ok(Interval { months: 0, days: (micros / DAY_MICROS) as i32, micros: micros % DAY_MICROS })
}

/// How an interval is written.
pub(super) trait Written: Sized {
    /// Appends `interval_send`'s bytes.
    fn binary(self, out: &mut Vec<u8>) -> Result<()>;

    /// Appends the text of a style.
    fn text(self, style: IntervalStyle, out: &mut Vec<u8>) -> Result<()>;

    /// The parts that text shows.
    fn parts(self) -> Parts;
}

impl Written for Interval {
    fn binary(self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.micros.to_be_bytes());
        out.extend_from_slice(&self.days.to_be_bytes());
        out.extend_from_slice(&self.months.to_be_bytes());
        Ok(())
    }

    fn text(self, style: IntervalStyle, out: &mut Vec<u8>) -> Result<()> {
        let parts = self.parts();
        match style {
            IntervalStyle::Postgres => postgres(&parts, out),
            IntervalStyle::PostgresVerbose => verbose(&parts, out),
            IntervalStyle::SqlStandard => sql_standard(&parts, out),
            IntervalStyle::Iso8601 => iso_8601(&parts, out),
        }
        .map_err(Into::into)
    }

    fn parts(self) -> Parts {
        let seconds = self.micros / 1_000_000;
        Parts {
            years: i64::from(self.months / 12),
            months: i64::from(self.months % 12),
            days: i64::from(self.days),
            hours: seconds / 3600,
            minutes: seconds / 60 % 60,
            seconds: seconds % 60,
            fraction: self.micros % 1_000_000,
        }
    }
}

impl Parts {
    fn time_is_negative(&self) -> bool {
        self.hours < 0 || self.minutes < 0 || self.seconds < 0 || self.fraction < 0
    }

    fn has_time(&self) -> bool {
        self.hours != 0 || self.minutes != 0 || self.seconds != 0 || self.fraction != 0
    }

    /// Appends `.7` of the seconds.
    fn fraction(&self, out: &mut Vec<u8>) {
        datetime::fraction(self.fraction.unsigned_abs() as u32, out);
    }
}

/// `1 year 2 mons 3 days 04:05:06.7`; a part that follows a negative one shows its plus.
fn postgres(p: &Parts, out: &mut Vec<u8>) -> std::io::Result<()> {
    let (start, mut after_negative) = (out.len(), false);
    for (value, unit) in [(p.years, "year"), (p.months, "mon"), (p.days, "day")] {
        if value != 0 {
            let space = if out.len() > start { " " } else { "" };
            let plus = if after_negative && value > 0 { "+" } else { "" };
            write!(out, "{space}{plus}{value} {unit}{}", if value == 1 { "" } else { "s" })?;
            after_negative = value < 0;
        }
    }
    if p.has_time() || out.len() == start {
        let space = if out.len() > start { " " } else { "" };
        let sign = match (p.time_is_negative(), after_negative) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        write!(out, "{space}{sign}{:02}:{:02}:{:02}", p.hours.abs(), p.minutes.abs(), p.seconds.abs())?;
        p.fraction(out);
    }
    Ok(())
}

/// `@ 1 year 2 mons 3 days 4 hours 5 mins 6.7 secs`; with `ago` when its first part is negative, and signs turned then.
fn verbose(p: &Parts, out: &mut Vec<u8>) -> std::io::Result<()> {
    out.push(b'@');
    let start = out.len();
    let mut before = false;
    let units = [(p.years, "year"), (p.months, "mon"), (p.days, "day"), (p.hours, "hour"), (p.minutes, "min")];
    for (value, unit) in units {
        if value != 0 {
            if out.len() == start {
                before = value < 0;
            }
            let value = if before { -value } else { value };
            write!(out, " {value} {unit}{}", if value == 1 { "" } else { "s" })?;
        }
    }
    if p.seconds != 0 || p.fraction != 0 {
        let negative = p.seconds < 0 || p.fraction < 0;
        if out.len() == start {
            before = negative;
        }
        let sign = if negative != before { "-" } else { "" };
        write!(out, " {sign}{}", p.seconds.abs())?;
        p.fraction(out);
        let one = p.seconds.abs() == 1 && p.fraction == 0;
        write!(out, " sec{}", if one { "" } else { "s" })?;
    }
    if out.len() == start {
        out.extend_from_slice(b" 0");
    }
    if before {
        out.extend_from_slice(b" ago");
    }
    Ok(())
}

/// `1-2`, `3 4:05:06.7`, or with all signs shown when the standard has no form for it.
fn sql_standard(p: &Parts, out: &mut Vec<u8>) -> std::io::Result<()> {
    let fields = [p.years, p.months, p.days, p.hours, p.minutes, p.seconds, p.fraction];
    let has_negative = fields.iter().any(|f| *f < 0);
    let has_positive = fields.iter().any(|f| *f > 0);
    let has_year_month = p.years != 0 || p.months != 0;
    let has_day_time = p.days != 0 || p.has_time();
    if !has_negative && !has_positive {
        out.push(b'0');
    } else if (has_negative && has_positive) || (has_year_month && has_day_time) {
        let sign = |negative| if negative { '-' } else { '+' };
        write!(out, "{}{}-{}", sign(p.years < 0 || p.months < 0), p.years.abs(), p.months.abs())?;
        write!(out, " {}{}", sign(p.days < 0), p.days.abs())?;
        write!(out, " {}{}:{:02}:{:02}", sign(p.time_is_negative()), p.hours.abs(), p.minutes.abs(), p.seconds.abs())?;
        p.fraction(out);
    } else if has_year_month {
        write!(out, "{}{}-{}", if has_negative { "-" } else { "" }, p.years.abs(), p.months.abs())?;
    } else {
        out.extend_from_slice(if has_negative { b"-" } else { b"" });
        if p.days != 0 {
            write!(out, "{} ", p.days.abs())?;
        }
        write!(out, "{}:{:02}:{:02}", p.hours.abs(), p.minutes.abs(), p.seconds.abs())?;
        p.fraction(out);
    }
    Ok(())
}

/// `P1Y2M3DT4H5M6.7S`.
fn iso_8601(p: &Parts, out: &mut Vec<u8>) -> std::io::Result<()> {
    if p.years == 0 && p.months == 0 && p.days == 0 && !p.has_time() {
        out.extend_from_slice(b"PT0S");
        return Ok(());
    }
    out.push(b'P');
    for (value, unit) in [(p.years, 'Y'), (p.months, 'M'), (p.days, 'D')] {
        if value != 0 {
            write!(out, "{value}{unit}")?;
        }
    }
    if !p.has_time() {
        return Ok(());
    }
    out.push(b'T');
    for (value, unit) in [(p.hours, 'H'), (p.minutes, 'M')] {
        if value != 0 {
            write!(out, "{value}{unit}")?;
        }
    }
    if p.seconds != 0 || p.fraction != 0 {
        write!(out, "{}{}", if p.seconds < 0 || p.fraction < 0 { "-" } else { "" }, p.seconds.abs())?;
        p.fraction(out);
        out.push(b'S');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_written_as_postgres_15_writes_them() {
        const H: i64 = 3_600_000_000;
        const T: i64 = 4 * H + 5 * 60_000_000 + 6_700_000;
        // (months, days, microseconds), then postgres, postgres_verbose, sql_standard, iso_8601.
        type Case = ((i32, i32, i64), [&'static str; 4]);
        let cases: &[Case] = &[
            ((0, 0, 0), ["00:00:00", "@ 0", "0", "PT0S"]),
            (
                (14, 3, T),
                [
                    "1 year 2 mons 3 days 04:05:06.7",
                    "@ 1 year 2 mons 3 days 4 hours 5 mins 6.7 secs",
                    "+1-2 +3 +4:05:06.7",
                    "P1Y2M3DT4H5M6.7S",
                ],
            ),
            (
                (-10, -3, T),
                [
                    "-10 mons -3 days +04:05:06.7",
                    "@ 10 mons 3 days -4 hours -5 mins -6.7 secs ago",
                    "-0-10 -3 +4:05:06.7",
                    "P-10M-3DT4H5M6.7S",
                ],
            ),
            ((0, -1, 1_000_000), ["-1 days +00:00:01", "@ 1 day -1 sec ago", "+0-0 -1 +0:00:01", "P-1DT1S"]),
            ((12, -1, 0), ["1 year -1 days", "@ 1 year -1 days", "+1-0 -1 +0:00:00", "P1Y-1D"]),
            ((0, 0, -500_000), ["-00:00:00.5", "@ 0.5 secs ago", "-0:00:00.5", "PT-0.5S"]),
            ((1, 0, 0), ["1 mon", "@ 1 mon", "0-1", "P1M"]),
            ((0, 0, 1000 * H), ["1000:00:00", "@ 1000 hours", "1000:00:00", "PT1000H"]),
            ((-1, 1, 2 * H), ["-1 mons +1 day 02:00:00", "@ 1 mon -1 days -2 hours ago", "-0-1 +1 +2:00:00", "P-1M1DT2H"]),
            ((0, 3, H), ["3 days 01:00:00", "@ 3 days 1 hour", "3 1:00:00", "P3DT1H"]),
            (
                (0, -3, -H - 5_250_000),
                ["-3 days -01:00:05.25", "@ 3 days 1 hour 5.25 secs ago", "-3 1:00:05.25", "P-3DT-1H-5.25S"],
            ),
        ];
        let styles =
            [IntervalStyle::Postgres, IntervalStyle::PostgresVerbose, IntervalStyle::SqlStandard, IntervalStyle::Iso8601];
        for ((months, days, micros), expected) in cases {
            let interval = Interval { months: *months, days: *days, micros: *micros };
            for (style, expected) in styles.iter().zip(expected) {
                let mut out = Vec::new();
                interval.text(*style, &mut out).expect("writing to memory");
                assert_eq!(String::from_utf8_lossy(&out), *expected, "{style:?}");
            }
        }
    }
}
