//! Intervals: months, days and microseconds, each with a sign of its own, and what is computed with them.

use std::cmp::Ordering;

use arrow::datatypes::IntervalMonthDayNano;

use super::calendar::{self, civil, day_of, days_in_month};
use super::zone::Zone;
use super::{DAY, SECOND, out_of_range};
use crate::error::{Error, Kind, Result};

/// An interval as PostgreSQL keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

fn overflow() -> Error {
    out_of_range("interval")
}

impl From<IntervalMonthDayNano> for Interval {
    fn from(value: IntervalMonthDayNano) -> Self {
        Self { months: value.months, days: value.days, micros: value.nanoseconds / 1000 }
    }
}

impl Interval {
    /// As Arrow keeps it: in nanoseconds, whose range is that of 292 years. [`Kind::DatetimeOverflow`] beyond it.
    pub fn to_arrow(self) -> Result<IntervalMonthDayNano> {
        let nanos = self.micros.checked_mul(1000).ok_or_else(overflow)?;
        Ok(IntervalMonthDayNano::new(self.months, self.days, nanos))
    }

    /// What intervals are compared by: microseconds, months of 30 days and days of 24 hours.
    pub fn span(self) -> i128 {
        (i128::from(self.months) * 30 + i128::from(self.days)) * i128::from(DAY) + i128::from(self.micros)
    }

    pub fn compare(self, other: Self) -> Ordering {
        self.span().cmp(&other.span())
    }

    pub fn negated(self) -> Result<Self> {
        Self::default().minus(self)
    }

    pub fn plus(self, other: Self) -> Result<Self> {
        let sum = || {
            Some(Self {
                months: self.months.checked_add(other.months)?,
                days: self.days.checked_add(other.days)?,
                micros: self.micros.checked_add(other.micros)?,
            })
        };
        sum().ok_or_else(overflow)
    }

    pub fn minus(self, other: Self) -> Result<Self> {
        let difference = || {
            Some(Self {
                months: self.months.checked_sub(other.months)?,
                days: self.days.checked_sub(other.days)?,
                micros: self.micros.checked_sub(other.micros)?,
            })
        };
        difference().ok_or_else(overflow)
    }

    /// The interval times a number; what is no whole month or day cascades down.
    pub fn times(self, factor: f64) -> Result<Self> {
        self.scaled(|part| part * factor)
    }

    /// The interval divided by a number. [`Kind::DivisionByZero`] for zero.
    pub fn divided(self, divisor: f64) -> Result<Self> {
        if divisor == 0.0 {
            return Err(Error::new(Kind::DivisionByZero, "division by zero"));
        }
        self.scaled(|part| part / divisor)
    }

    fn scaled(self, scale: impl Fn(f64) -> f64) -> Result<Self> {
        let whole = |value: f64| -> Result<i32> {
            let fits = value.is_finite() && value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX);
            if fits { Ok(value as i32) } else { Err(overflow()) }
        };
        let rounded = |value: f64| (value * 1e6).round_ties_even() / 1e6;
        let (months, days) = (scale(f64::from(self.months)), scale(f64::from(self.days)));
        let (whole_months, mut whole_days) = (whole(months)?, whole(days)?);
        let month_days = rounded((months - f64::from(whole_months)) * 30.0);
        let mut seconds = rounded((days - f64::from(whole_days) + month_days - month_days.trunc()) * 86_400.0);
        if seconds.abs() >= 86_400.0 {
            let more = whole(seconds / 86_400.0)?;
            whole_days = whole_days.checked_add(more).ok_or_else(overflow)?;
            seconds -= f64::from(more) * 86_400.0;
        }
        whole_days = whole_days.checked_add(whole(month_days)?).ok_or_else(overflow)?;
        let micros = (scale(self.micros as f64) + seconds * 1e6).round_ties_even();
        if !micros.is_finite() || micros.abs() >= 9.223_372_036_854_776e18 {
            return Err(overflow());
        }
        Ok(Self { months: whole_months, days: whole_days, micros: micros as i64 })
    }

    /// 24 hours and more become days.
    pub fn justified_hours(self) -> Result<Self> {
        let days = i64::from(self.days) + self.micros / DAY;
        let (days, micros) = same_sign(days, self.micros % DAY, DAY);
        Ok(Self { months: self.months, days: i32::try_from(days).map_err(|_| overflow())?, micros })
    }

    /// 30 days and more become months.
    pub fn justified_days(self) -> Result<Self> {
        let months = i64::from(self.months) + i64::from(self.days / 30);
        let (months, days) = same_sign(months, i64::from(self.days % 30), 30);
        Ok(Self { months: i32::try_from(months).map_err(|_| overflow())?, days: days as i32, micros: self.micros })
    }

    /// Both, and all parts of one sign.
    pub fn justified(self) -> Result<Self> {
        let days = i64::from(self.days) + self.micros / DAY;
        let micros = self.micros % DAY;
        let mut months = i64::from(self.months) + days / 30;
        let mut days = days % 30;
        if months > 0 && (days < 0 || days == 0 && micros < 0) {
            (months, days) = (months - 1, days + 30);
        } else if months < 0 && (days > 0 || days == 0 && micros > 0) {
            (months, days) = (months + 1, days - 30);
        }
        let (days, micros) = same_sign(days, micros, DAY);
        Ok(Self { months: i32::try_from(months).map_err(|_| overflow())?, days: days as i32, micros })
    }

    /// A local time plus the interval: months first, to the last day of a shorter month, then days, then the time.
    /// Infinities stay what they are.
    pub fn after(self, local: i64) -> Result<i64> {
        if !calendar::is_finite(local) {
            return Ok(local);
        }
        self.step(local).and_then(|at| at.checked_add(self.micros)).and_then(in_range).ok_or_else(|| out_of_range("timestamp"))
    }

    /// The same for a moment: months and days are those of the zone's clocks.
    pub fn after_in(self, moment: i64, zone: Zone) -> Result<i64> {
        if !calendar::is_finite(moment) {
            return Ok(moment);
        }
        let stepped = if self.months == 0 && self.days == 0 {
            Some(moment)
        } else {
            self.step(zone.local(moment)).map(|local| zone.moment(local))
        };
        stepped.and_then(|at| at.checked_add(self.micros)).and_then(in_range).ok_or_else(|| out_of_range("timestamp"))
    }

    /// Months and days added.
    fn step(self, local: i64) -> Option<i64> {
        let (mut days, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        if self.months != 0 {
            let (year, month, day) = civil(days);
            let months = year * 12 + i64::from(month) - 1 + i64::from(self.months);
            let (year, month) = (months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
            days = day_of(year, month, i64::from(day.min(days_in_month(year, month))));
        }
        days += i64::from(self.days);
        in_range(days.checked_mul(DAY)?.checked_add(time)?)
    }

    /// What lies between two local times, in years, months and days as the calendar counts them.
    pub fn between(later: i64, earlier: i64) -> Result<Self> {
        if !calendar::is_finite(later) || !calendar::is_finite(earlier) {
            return Err(out_of_range("timestamp"));
        }
        let (sign, high, low) = if later < earlier { (-1, earlier, later) } else { (1, later, earlier) };
        let (high_year, high_month, high_day) = civil(high.div_euclid(DAY));
        let (low_year, low_month, low_day) = civil(low.div_euclid(DAY));
        let mut micros = high.rem_euclid(DAY) - low.rem_euclid(DAY);
        let mut days = i64::from(high_day) - i64::from(low_day);
        let mut months = (high_year - low_year) * 12 + i64::from(high_month) - i64::from(low_month);
        if micros < 0 {
            (micros, days) = (micros + DAY, days - 1);
        }
        // The days of the month that the earlier one lies in.
        while days < 0 {
            (days, months) = (days + i64::from(days_in_month(low_year, low_month)), months - 1);
        }
        let months = i32::try_from(sign * months).map_err(|_| overflow())?;
        Ok(Self { months, days: (sign * days) as i32, micros: sign * micros })
    }

    /// The difference of two moments: days and hours.
    pub fn difference(later: i64, earlier: i64) -> Result<Self> {
        if !calendar::is_finite(later) || !calendar::is_finite(earlier) {
            return Err(Error::new(Kind::DatetimeOverflow, "cannot subtract infinite timestamps"));
        }
        let micros = later.checked_sub(earlier).ok_or_else(overflow)?;
        Self { months: 0, days: 0, micros }.justified_hours()
    }

    /// Whole seconds and millionths in all: years of 365.25 days, months of 30.
    pub fn epoch_micros(self) -> i128 {
        let years = i128::from(self.months / 12) * 1461 * 6 * 3600;
        let days = (i128::from(self.months % 12) * 30 + i128::from(self.days)) * 86_400;
        (years + days) * i128::from(SECOND) + i128::from(self.micros)
    }
}

fn in_range(micros: i64) -> Option<i64> {
    calendar::moment(i128::from(micros))
}

/// Lets the smaller part have the sign of the larger one.
fn same_sign(large: i64, small: i64, unit: i64) -> (i64, i64) {
    if large > 0 && small < 0 {
        (large - 1, small + unit)
    } else if large < 0 && small > 0 {
        (large + 1, small - unit)
    } else {
        (large, small)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_not_whole_cascade() {
        let of = |months, days, micros| Interval { months, days, micros };
        assert_eq!(of(1, 0, 0).times(1.5).expect("in range"), of(1, 15, 0));
        assert_eq!(of(0, 1, 0).divided(2.0).expect("in range"), of(0, 0, 12 * 3600 * SECOND));
        assert!(of(1, 0, 0).divided(0.0).is_err());
        assert_eq!(of(1, -1, 0).justified().expect("in range"), of(0, 29, 0));
    }

    #[test]
    fn months_end_with_their_last_day() {
        let at = |y, m, d| day_of(y, m, d) * DAY;
        let month = Interval { months: 1, days: 0, micros: 0 };
        assert_eq!(month.after(at(2021, 1, 31)).expect("in range"), at(2021, 2, 28));
        assert_eq!(
            Interval::between(at(2021, 3, 1), at(2020, 2, 29)).expect("in range"),
            Interval { months: 12, days: 1, micros: 0 }
        );
    }
}
