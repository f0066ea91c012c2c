//! Dates, times and timestamps: text in each of PostgreSQL's styles, and binary counted from 2000-01-01. Microseconds are the finest
//! unit; what is finer is cut off.

use arrow::datatypes::TimeUnit;

use crate::error::{Error, Kind, Result};

use super::style::{DateStyle, Style};
use super::values::appended;
use super::{Slot, digits};
use crate::table::pg_time::{Order, calendar, out_of_range};

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
        // Beyond all that microseconds can count, so that it stands for infinity.
        TimeUnit::Second | TimeUnit::Millisecond if !calendar::is_finite(value) => Some(value),
        TimeUnit::Second => value.checked_mul(1_000_000),
        TimeUnit::Millisecond => value.checked_mul(1000),
        TimeUnit::Microsecond => Some(value),
        TimeUnit::Nanosecond => Some(value.div_euclid(1000)),
    };
    scaled.ok_or_else(|| out_of_range("timestamp"))
}

/// A time of day in microseconds. Files may hold numbers that are none, which would be shown as other times.
#[inline]
pub(super) fn of_day(value: i64, unit: TimeUnit) -> Result<i64> {
    let micros = micros(value, unit)?;
    if !(0..=DAY_MICROS).contains(&micros) {
        return Err(Error::new(Kind::DatetimeOverflow, "time out of range"));
    }
    Ok(micros)
}

/// Appends the date of a day counted from 1970-01-01.
#[inline]
pub(super) fn date(days: i32, style: &Style, out: &mut Vec<u8>) -> Result<()> {
    if !calendar::is_finite_date(days) {
        return infinity(days > 0, out);
    }
    let civil = calendar::civil(i64::from(days));
    ymd(civil, style, out);
    era(civil.0, out);
    Ok(())
}

/// [`date`] put into a slot. For the ISO style.
#[inline]
pub(super) fn put_date(days: i32, style: &Style, slot: &mut Slot) -> Result<usize> {
    if calendar::is_finite_date(days)
        && let Some(end) = put_day(i64::from(days), slot)
    {
        return Ok(end);
    }
    appended(slot, |out| date(days, style, out))
}

/// Puts `2024-02-29`; `None` for a year that has not four digits.
#[inline]
fn put_day(days: i64, slot: &mut Slot) -> Option<usize> {
    let (year, month, day) = calendar::civil(days);
    if !(1..10_000).contains(&year) {
        return None;
    }
    digits::put_two(year as u32 / 100, 0, slot);
    digits::put_two(year as u32 % 100, 2, slot);
    slot[4] = b'-';
    digits::put_two(month, 5, slot);
    slot[7] = b'-';
    digits::put_two(day, 8, slot);
    Some(10)
}

/// Days of milliseconds (`Date64`).
pub(super) fn days_of_millis(millis: i64) -> Result<i32> {
    i32::try_from(millis.div_euclid(DAY_MILLIS)).map_err(|_| out_of_range("date"))
}

/// Appends what stands for no date at all.
#[cold]
fn infinity(positive: bool, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(if positive { b"infinity" } else { b"-infinity" });
    Ok(())
}

/// What `date_send` sends.
#[inline]
pub(super) fn date_binary(days: i32) -> Result<[u8; 4]> {
    let days = if calendar::is_finite_date(days) {
        i32::try_from(i64::from(days) - EPOCH_DAYS).map_err(|_| out_of_range("date"))?
    } else {
        days
    };
    Ok(days.to_be_bytes())
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

/// [`time`] put at `at`, 20 at most; tells where it ends.
#[inline]
pub(super) fn put_time(micros: i64, at: usize, slot: &mut Slot) -> usize {
    // A day has fewer than 2^32 milliseconds, and no more than 24 hours.
    let seconds = (micros / 1_000_000) as u32;
    digits::put_two(seconds / 3600, at, slot);
    slot[at + 2] = b':';
    digits::put_two(seconds / 60 % 60, at + 3, slot);
    slot[at + 5] = b':';
    digits::put_two(seconds % 60, at + 6, slot);
    match (micros % 1_000_000) as u32 {
        0 => at + 8,
        fraction => {
            slot[at + 8] = b'.';
            digits::put_decimals(fraction, at + 9, slot)
        }
    }
}

/// [`timestamp`] put into a slot. For the ISO style.
#[inline]
pub(super) fn put_timestamp(micros: i64, style: &Style, slot: &mut Slot) -> Result<usize> {
    if calendar::is_finite(micros)
        && let Some(end) = put_day(micros.div_euclid(DAY_MICROS), slot)
    {
        slot[end] = b' ';
        return Ok(put_time(micros.rem_euclid(DAY_MICROS), end + 1, slot));
    }
    appended(slot, |out| timestamp(micros, style, out))
}

/// [`timestamptz`] put into a slot. For the ISO style.
#[inline]
pub(super) fn put_timestamptz(micros: i64, style: &Style, slot: &mut Slot) -> Result<usize> {
    if calendar::is_finite(micros) {
        let offset = style.zone.offset(micros);
        let local = micros.saturating_add(i64::from(offset) * 1_000_000);
        if let Some(end) = put_day(local.div_euclid(DAY_MICROS), slot) {
            slot[end] = b' ';
            let at = put_time(local.rem_euclid(DAY_MICROS), end + 1, slot);
            return Ok(put_displacement(offset, at, slot));
        }
    }
    appended(slot, |out| timestamptz(micros, style, out))
}

/// [`displacement`] put at `at`; tells where it ends.
#[inline]
fn put_displacement(offset: i32, at: usize, slot: &mut Slot) -> usize {
    slot[at] = if offset < 0 { b'-' } else { b'+' };
    let offset = offset.unsigned_abs();
    digits::put_two(offset / 3600, at + 1, slot);
    let mut at = at + 3;
    for (part, shown) in [(offset / 60 % 60, !offset.is_multiple_of(3600)), (offset % 60, !offset.is_multiple_of(60))] {
        if shown {
            slot[at] = b':';
            digits::put_two(part, at + 1, slot);
            at += 3;
        }
    }
    at
}

/// Appends a moment without a zone.
#[inline]
pub(super) fn timestamp(micros: i64, style: &Style, out: &mut Vec<u8>) -> Result<()> {
    if !calendar::is_finite(micros) {
        return infinity(micros > 0, out);
    }
    let year = date_time(micros, style, out)?;
    era(year, out);
    Ok(())
}

/// Appends a moment as the clocks of the session's zone show it, with their offset: `+08`, `+05:30`, and seconds where there are any; in
/// styles other than ISO with the zone's abbreviation.
#[inline]
pub(super) fn timestamptz(micros: i64, style: &Style, out: &mut Vec<u8>) -> Result<()> {
    if !calendar::is_finite(micros) {
        return infinity(micros > 0, out);
    }
    let offset = style.zone.offset(micros);
    let year = date_time(micros.saturating_add(i64::from(offset) * 1_000_000), style, out)?;
    if style.dates == DateStyle::Iso {
        displacement(offset, out);
    } else {
        out.push(b' ');
        out.extend_from_slice(style.zone.abbreviation(micros).as_bytes());
    }
    era(year, out);
    Ok(())
}

/// Appends an offset in seconds east of Greenwich.
#[inline]
fn displacement(offset: i32, out: &mut Vec<u8>) {
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
}

/// What `timestamp_send` and `timestamptz_send` send.
#[inline]
pub(super) fn timestamp_binary(micros: i64) -> Result<[u8; 8]> {
    let micros = if calendar::is_finite(micros) {
        micros.checked_sub(EPOCH_MICROS).ok_or_else(|| out_of_range("timestamp"))?
    } else {
        micros
    };
    Ok(micros.to_be_bytes())
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
fn date_time(micros: i64, style: &Style, out: &mut Vec<u8>) -> Result<i64> {
    let days = micros.div_euclid(DAY_MICROS);
    let civil = calendar::civil(days);
    if style.dates == DateStyle::Postgres {
        worded(days, civil, style.order, out);
        time(micros.rem_euclid(DAY_MICROS), out)?;
        out.push(b' ');
        year(civil.0, out);
    } else {
        ymd(civil, style, out);
        out.push(b' ');
        time(micros.rem_euclid(DAY_MICROS), out)?;
    }
    Ok(civil.0)
}

/// `Wed Dec 17 `.
fn worded(days: i64, (_, month, day): (i64, u32, u32), order: Order, out: &mut Vec<u8>) {
    const WEEKDAYS: [&[u8]; 7] = [b"Sun ", b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat "];
    const MONTHS: [&[u8]; 12] =
        [b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ", b"Nov ", b"Dec "];
    let month = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
    out.extend_from_slice(WEEKDAYS.get(calendar::weekday(days) as usize).copied().unwrap_or_default());
    if order != Order::Dmy {
        out.extend_from_slice(month);
    }
    digits::two(day, out);
    out.push(b' ');
    if order == Order::Dmy {
        out.extend_from_slice(month);
    }
}

/// There is no year 0: it is 1 BC.
#[inline]
fn year(year: i64, out: &mut Vec<u8>) {
    let shown = if year > 0 { year } else { 1 - year };
    if shown < 10_000 {
        digits::two((shown / 100) as u32, out);
        digits::two((shown % 100) as u32, out);
    } else {
        digits::signed(shown, out);
    }
}

#[inline]
fn ymd((y, month, day): (i64, u32, u32), style: &Style, out: &mut Vec<u8>) {
    let delimiter = match style.dates {
        DateStyle::Iso => {
            year(y, out);
            out.push(b'-');
            digits::two(month, out);
            out.push(b'-');
            digits::two(day, out);
            return;
        }
        DateStyle::Sql => b'/',
        DateStyle::Postgres => b'-',
        DateStyle::German => b'.',
    };
    let day_first = style.order == Order::Dmy || style.dates == DateStyle::German;
    let (first, second) = if day_first { (day, month) } else { (month, day) };
    digits::two(first, out);
    out.push(delimiter);
    digits::two(second, out);
    out.push(delimiter);
    year(y, out);
}

#[inline]
fn era(year: i64, out: &mut Vec<u8>) {
    if year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("in range");
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn dates_are_written_as_postgres_15_writes_them() {
        let cases: &[(i32, &str)] = &[
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (-719_162, "0001-01-01"),
            (-719_163, "0001-12-31 BC"),
            (-735_160, "0044-03-15 BC"),
            (3_789_391, "12345-01-01"),
            (i32::MAX, "infinity"),
            (i32::MIN, "-infinity"),
        ];
        for (days, expected) in cases {
            assert_eq!(shown(|out| date(*days, &Style::default(), out)), *expected);
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
            ("<+08>-08", 1_577_836_800_500_000, "2020-01-01 08:00:00.5+08"),
        ];
        for (zone, micros, expected) in cases {
            let style = Style::from_settings(|name| (name == "TimeZone").then(|| (*zone).to_owned()));
            assert_eq!(shown(|out| timestamptz(*micros, &style, out)), *expected);
        }
        for (style, expected) in [
            ("SQL, DMY", "01/07/2020 14:00:00 CEST"),
            ("SQL, MDY", "07/01/2020 14:00:00 CEST"),
            ("German, DMY", "01.07.2020 14:00:00 CEST"),
            ("Postgres, MDY", "Wed Jul 01 14:00:00 2020 CEST"),
            ("Postgres, DMY", "Wed 01 Jul 14:00:00 2020 CEST"),
        ] {
            let style = Style::from_settings(|name| Some(if name == "TimeZone" { "Europe/Berlin" } else { style }.to_owned()));
            assert_eq!(shown(|out| timestamptz(1_593_604_800_000_000, &style, out)), expected);
        }
        let day = -735_160 * DAY_MICROS + 36_672_500_000;
        assert_eq!(shown(|out| timestamp(day, &Style::default(), out)), "0044-03-15 10:11:12.5 BC");
        assert_eq!(shown(|out| time(DAY_MICROS, out)), "24:00:00");
    }
}
