//! The proleptic Gregorian calendar: days counted from 1970-01-01 to year, month and day and back, ISO weeks, and the ranges that
//! PostgreSQL's types have. Year 0 is 1 BC.

use super::{DATE_FUTURE, DATE_PAST, DAY, FUTURE, PAST};

/// Days from the beginning of Julian day numbers to 1970-01-01.
pub const JULIAN_EPOCH: i64 = 2_440_588;

/// 4714-11-24 BC, the first day there is.
pub const FIRST_DAY: i64 = -JULIAN_EPOCH;

/// 5874897-12-31, the last date.
pub const LAST_DAY: i64 = 2_147_483_493 - JULIAN_EPOCH;

/// The first moment there is, in microseconds.
pub const FIRST_MOMENT: i64 = FIRST_DAY * DAY;

/// Days from the March that years are counted from here to 1970-01-01.
const SINCE_MARCH: i64 = 719_468;

/// Year (0 is 1 BC), month and day of a day. Years are taken to begin in March, so that the leap day is their last.
#[inline]
pub fn civil(days: i64) -> (i64, u32, u32) {
    match u32::try_from(days + SINCE_MARCH) {
        Ok(days) if days < 1 << 24 => civil_of_common(days),
        Ok(_) | Err(_) => civil_of_any(days),
    }
}

/// [`civil`] of days that 32 bits can reckon with, up to the year 45000: Neri and Schneider, Euclidean affine functions and their
/// application to calendar algorithms (2022), figure 12.
#[inline]
fn civil_of_common(days: u32) -> (i64, u32, u32) {
    let quarters = 4 * days + 3;
    let (century, of_century) = (quarters / 146_097, quarters % 146_097 / 4);
    let product = 2_939_745 * u64::from(4 * of_century + 3);
    let (year, of_year) = ((product >> 32) as u32, product as u32 / 2_939_745 / 4);
    let months = 2141 * of_year + 197_913;
    let (march_month, day) = (months >> 16, (months & 0xffff) / 2141);
    let is_next_year = of_year >= 306;
    let month = if is_next_year { march_month - 12 } else { march_month };
    (i64::from(100 * century + year + u32::from(is_next_year)), month, day + 1)
}

fn civil_of_any(days: i64) -> (i64, u32, u32) {
    const ERA: i64 = 146_097;
    let days = days + SINCE_MARCH;
    let (era, day_of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u32;
    let month = (if march_month < 10 { march_month + 3 } else { march_month - 9 }) as u32;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The day of a date; months from 1, days may lie outside of their month and count on from there.
#[inline]
pub fn day_of(year: i64, month: u32, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Whether the year has a 29th of February.
#[inline]
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month.
#[inline]
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of the week, 0 for Sunday.
#[inline]
pub fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

/// The day of the year from 1.
#[inline]
pub fn day_of_year(days: i64) -> i64 {
    days - day_of(civil(days).0, 1, 1) + 1
}

/// The Monday that ISO year `year` begins with.
#[inline]
pub fn iso_year_start(year: i64) -> i64 {
    let fourth = day_of(year, 1, 4);
    fourth - (weekday(fourth) + 6) % 7
}

/// ISO 8601's year and week of a day.
#[inline]
pub fn iso_week(days: i64) -> (i64, i64) {
    let year = civil(days).0;
    let year = [year + 1, year].into_iter().find(|y| days >= iso_year_start(*y)).unwrap_or(year - 1);
    (year, (days - iso_year_start(year)) / 7 + 1)
}

/// A day as a date, unless it lies outside of PostgreSQL's range.
#[inline]
pub fn date(days: i64) -> Option<i32> {
    i32::try_from(days).ok().filter(|_| (FIRST_DAY..=LAST_DAY).contains(&days))
}

/// A moment in microseconds, unless it lies outside of the range: 4714-11-24 BC to what 64 bits hold, early in 294247.
#[inline]
pub fn moment(micros: i128) -> Option<i64> {
    i64::try_from(micros).ok().filter(|m| *m >= FIRST_MOMENT && *m != FUTURE)
}

/// Whether a date is no infinity.
#[inline]
pub fn is_finite_date(days: i32) -> bool {
    days != DATE_FUTURE && days != DATE_PAST
}

/// Whether a moment is no infinity.
#[inline]
pub fn is_finite(micros: i64) -> bool {
    micros != FUTURE && micros != PAST
}

/// A date's midnight, infinities kept; `None` out of range.
#[inline]
pub fn midnight(days: i32) -> Option<i64> {
    match days {
        DATE_FUTURE => Some(FUTURE),
        DATE_PAST => Some(PAST),
        days => moment(i128::from(days) * i128::from(DAY)),
    }
}

/// The date of a moment, infinities kept.
#[inline]
pub fn date_at(micros: i64) -> i32 {
    match micros {
        FUTURE => DATE_FUTURE,
        PAST => DATE_PAST,
        // Days of 64-bit microseconds are fewer than 2^31.
        micros => micros.div_euclid(DAY) as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        for days in (FIRST_DAY..=LAST_DAY).step_by(9973) {
            let (year, month, day) = civil(days);
            assert_eq!(day_of(year, month, i64::from(day)), days);
            assert!(day <= days_in_month(year, month));
        }
    }

    #[test]
    fn common_days_are_reckoned_as_any() {
        for days in (0..1 << 20).chain((1 << 20..1 << 24).step_by(31)) {
            assert_eq!(civil_of_common(days), civil_of_any(i64::from(days) - SINCE_MARCH), "{days}");
        }
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        for ((year, month, day), want) in
            [((2021, 1, 3), (2020, 53)), ((2018, 12, 31), (2019, 1)), ((2020, 12, 31), (2020, 53)), ((2005, 1, 1), (2004, 53))]
        {
            assert_eq!(iso_week(day_of(year, month, day)), want);
        }
    }
}
