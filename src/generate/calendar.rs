//! The days of the synthetic years, with their weekdays, seasons and invented public holidays.

use chrono::{Datelike, Days, NaiveDate};

/// The first year there is data of.
pub(super) const FIRST_YEAR: i32 = 2022;
/// The last year there is data of.
pub(super) const LAST_YEAR: i32 = 2024;

/// One day.
#[derive(Clone)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    /// `YYYY-MM-DD`.
    pub(super) text: String,
    pub(super) holiday: Option<&'static Holiday>,
}

/// A public holiday.
pub(super) struct Holiday {
    pub(super) name: &'static str,
    pub(super) name_zh: &'static str,
    first: (u32, u32),
    pub(super) days: u64,
}

/// The city's holidays: the same dates every year, as nothing here follows a real calendar.
pub(super) const HOLIDAYS: [Holiday; 6] = [
    Holiday { name: "New Year", name_zh: "元旦", first: (1, 1), days: 1 },
    Holiday { name: "Lantern Week", name_zh: "灯节", first: (2, 5), days: 6 },
    Holiday { name: "Tomb Day", name_zh: "扫墓日", first: (4, 4), days: 1 },
    Holiday { name: "Work Festival", name_zh: "劳作节", first: (5, 1), days: 3 },
    Holiday { name: "River Festival", name_zh: "河节", first: (6, 18), days: 1 },
    Holiday { name: "Harvest Week", name_zh: "丰收周", first: (10, 1), days: 6 },
];

impl Day {
    fn new(date: NaiveDate) -> Self {
        let holiday = HOLIDAYS.iter().find(|h| {
            let first = h.first_day(date.year());
            first <= date && date < first + Days::new(h.days)
        });
        Self { date, text: date.to_string(), holiday }
    }

    pub(super) fn is_weekend(&self) -> bool {
        self.date.weekday().num_days_from_monday() >= 5
    }

    /// Neither weekend nor holiday.
    pub(super) fn is_working_day(&self) -> bool {
        !self.is_weekend() && self.holiday.is_none()
    }
}

impl Holiday {
    /// The holiday's first day in a year.
    pub(super) fn first_day(&self, year: i32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, self.first.0, self.first.1).expect("the table holds no 29 February")
    }
}

/// Every day from the first of [`FIRST_YEAR`] to the last of [`LAST_YEAR`].
pub(super) fn days() -> Vec<Day> {
    let first = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).expect("1 January exists");
    first.iter_days().take_while(|d| d.year() <= LAST_YEAR).map(Day::new).collect()
}

/// The value of a day between twelve mid-month values, on straight lines.
pub(super) fn season(months: &[i64; 12], date: NaiveDate) -> i64 {
    let (month, day) = (date.month0() as usize, i64::from(date.day()));
    let (from, to, passed) = match day - 15 {
        since @ 0.. => (month, (month + 1) % 12, since),
        before => ((month + 11) % 12, month, before + 30),
    };
    months[from] + (months[to] - months[from]) * passed.min(30) / 30
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_whole_years() {
        let days = days();
        assert_eq!(days.len(), 365 + 365 + 366);
        assert_eq!(days.last().expect("not empty").text, "2024-12-31");
        assert_eq!(days.iter().filter(|d| d.holiday.is_some()).count(), 3 * 18);
    }

    #[test]
    fn the_season_meets_its_months_and_lies_between() {
        let months = [0, 30, 60, 90, 120, 150, 180, 150, 120, 90, 60, 30];
        for (m, d, want) in [(1, 15, 0), (2, 15, 30), (1, 30, 15), (12, 31, 14), (7, 15, 180), (1, 1, 14)] {
            let date = NaiveDate::from_ymd_opt(2023, m, d).expect("a date");
            assert_eq!(season(&months, date), want, "{date}");
        }
    }
}
