//! Dates, times and timestamps: ISO text as PostgreSQL writes it, and binary counted from 2000-01-01. Microseconds are the finest
//! unit; what is finer is cut off.

use arrow::datatypes::TimeUnit;

use crate::error::{Error, Kind, Result};

use super::digits;
use super::style::Zone;

/// Milliseconds of a day.
pub(super) const DAY_MILLIS: i64 = 86_400_000;

/// Microseconds of a day.
pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// Days from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
pub const EPOCH_DAYS: i64 = 10_957;

/// Microseconds from 1970-01-01 to 2000-01-01.
pub const EPOCH_MICROS: i64 = EPOCH_DAYS * DAY_MICROS;

/// A value in microseconds.
#[inline]
pub(super) fn micros(value: i64, unit: TimeUnit) -> Result<i64> {
    let scaled = match unit {
        TimeUnit::Second => value.checked_mul(1_000_000),
        TimeUnit::Millisecond => value.checked_mul(1000),
        TimeUnit::Microsecond => Some(value),
        TimeUnit::Nanosecond => Some(value.div_euclid(1000)),
    };
    scaled.ok_or_else(|| Error::new(Kind::OutOfRange, "timestamp out of range"))
}

/// A time of day in microseconds. Files may hold numbers that are none, which would be shown as other times.
#[inline]
pub(super) fn of_day(value: i64, unit: TimeUnit) -> Result<i64> {
    let micros = micros(value, unit)?;
    if !(0..=DAY_MICROS).contains(&micros) {
        return Err(Error::new(Kind::OutOfRange, "time out of range"));
    }
    Ok(micros)
}

/// Appends the date of a day counted from 1970-01-01.
#[inline]
pub(super) fn date(days: i64, out: &mut Vec<u8>) -> Result<()> {
    let (year, month, day) = civil(days);
    ymd(year, month, day, out);
    era(year, out);
    Ok(())
}

/// Appends `date_send`'s four bytes.
#[inline]
pub(super) fn date_binary(days: i64, out: &mut Vec<u8>) -> Result<()> {
    let days = i32::try_from(days - EPOCH_DAYS).map_err(|_| Error::new(Kind::OutOfRange, "date out of range"))?;
    out.extend_from_slice(&days.to_be_bytes());
    Ok(())
}

/// Appends a time of day as [`of_day`] gives it.
#[inline]
pub(super) fn time(micros: i64, out: &mut Vec<u8>) -> Result<()> {
    let seconds = micros.div_euclid(1_000_000);
    digits::two((seconds / 3600) as u32, out);
    out.push(b':');
    digits::two((seconds / 60 % 60) as u32, out);
    out.push(b':');
    digits::two((seconds % 60) as u32, out);
    fraction(micros.rem_euclid(1_000_000) as u32, out);
    Ok(())
}

/// Appends a moment without a zone.
#[inline]
pub(super) fn timestamp(micros: i64, out: &mut Vec<u8>) -> Result<()> {
    let year = date_time(micros, out)?;
    era(year, out);
    Ok(())
}

/// Appends a moment as the clocks of `zone` show it, with their offset: `+08`, `+05:30`, and seconds where there are any.
#[inline]
pub(super) fn timestamptz(micros: i64, zone: Zone, out: &mut Vec<u8>) -> Result<()> {
    let offset = zone.offset(micros);
    let year = date_time(micros.saturating_add(i64::from(offset) * 1_000_000), out)?;
    out.push(if offset < 0 { b'-' } else { b'+' });
    let offset = offset.unsigned_abs();
    digits::two(offset / 3600, out);
    if !offset.is_multiple_of(3600) {
        out.push(b':');
        digits::two(offset / 60 % 60, out);
    }
    if !offset.is_multiple_of(60) {
        out.push(b':');
        digits::two(offset % 60, out);
    }
    era(year, out);
    Ok(())
}

/// Appends the eight bytes of `timestamp_send` and `timestamptz_send`.
#[inline]
pub(super) fn timestamp_binary(micros: i64, out: &mut Vec<u8>) -> Result<()> {
    let micros = micros.checked_sub(EPOCH_MICROS).ok_or_else(|| Error::new(Kind::OutOfRange, "timestamp out of range"))?;
    out.extend_from_slice(&micros.to_be_bytes());
    Ok(())
}

/// Appends `.5` for half a second; nothing for none.
#[inline]
pub(super) fn fraction(micros: u32, out: &mut Vec<u8>) {
    if micros == 0 {
        return;
    }
    out.push(b'.');
    digits::two(micros / 10_000, out);
    digits::two(micros / 100 % 100, out);
    digits::two(micros % 100, out);
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

/// Appends date and time, and tells the year.
#[inline]
fn date_time(micros: i64, out: &mut Vec<u8>) -> Result<i64> {
    let (year, month, day) = civil(micros.div_euclid(DAY_MICROS));
    ymd(year, month, day, out);
    out.push(b' ');
    time(micros.rem_euclid(DAY_MICROS), out)?;
    Ok(year)
}

#[inline]
fn ymd(year: i64, month: u32, day: u32, out: &mut Vec<u8>) {
    // There is no year 0: it is 1 BC.
    let shown = if year > 0 { year } else { 1 - year };
    if shown < 10_000 {
        digits::two((shown / 100) as u32, out);
        digits::two((shown % 100) as u32, out);
    } else {
        digits::signed(shown, out);
    }
    out.push(b'-');
    digits::two(month, out);
    out.push(b'-');
    digits::two(day, out);
}

#[inline]
fn era(year: i64, out: &mut Vec<u8>) {
    if year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

/// Year (0 is 1 BC), month and day of a day counted from 1970-01-01 in the proleptic Gregorian calendar. Years are taken to begin in
/// March, so that the leap day is their last.
#[inline]
fn civil(days: i64) -> (i64, u32, u32) {
    const ERA: i64 = 146_097;
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u32;
    let month = (if march_month < 10 { march_month + 3 } else { march_month - 9 }) as u32;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::super::Style;
    use super::*;

    fn shown(write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("in range");
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn dates_are_written_as_postgres_15_writes_them() {
        let cases: &[(i64, &str)] = &[
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (-719_162, "0001-01-01"),
            (-719_163, "0001-12-31 BC"),
            (-735_160, "0044-03-15 BC"),
            (3_789_391, "12345-01-01"),
        ];
        for (days, expected) in cases {
            assert_eq!(shown(|out| date(*days, out)), *expected);
        }
    }

    #[test]
    fn moments_are_written_in_the_session_zone() {
        let cases: &[(&str, i64, &str)] = &[
            ("UTC", 1_577_836_800_000_001, "2020-01-01 00:00:00.000001+00"),
            ("Asia/Kolkata", 1_577_836_800_000_000, "2020-01-01 05:30:00+05:30"),
            ("Asia/Kolkata", -5_364_662_400_000_000, "1800-01-01 05:53:28+05:53:28"),
            ("America/St_Johns", 1_577_836_800_000_000, "2019-12-31 20:30:00-03:30"),
            ("Asia/Shanghai", 1_577_836_800_000_000, "2020-01-01 08:00:00+08"),
            ("Asia/Shanghai", -2_208_988_800_000_000, "1900-01-01 08:05:43+08:05:43"),
            ("+08:00", 1_577_836_800_500_000, "2020-01-01 08:00:00.5+08"),
        ];
        for (zone, micros, expected) in cases {
            let zone = Style::from_settings(|name| (name == "TimeZone").then(|| (*zone).to_owned())).zone;
            assert_eq!(shown(|out| timestamptz(*micros, zone, out)), *expected);
        }
        let day = -735_160 * DAY_MICROS + 36_672_500_000;
        assert_eq!(shown(|out| timestamp(day, out)), "0044-03-15 10:11:12.5 BC");
        assert_eq!(shown(|out| time(DAY_MICROS, out)), "24:00:00");
    }
}
