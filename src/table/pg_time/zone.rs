//! Zones: by name of the IANA database, by abbreviation, or as an offset in PostgreSQL's POSIX form, whose sign counts west; and how
//! local times that a change of clocks skips or repeats are resolved.

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{OffsetName, Tz};

use super::calendar::{civil, day_of, is_leap, weekday};
use super::{DAY, SECOND, abbreviations};

/// The last year whose rules the zone database tells; later ones are as a year before it of the same calendar.
const LAST_YEAR_OF_RULES: i64 = 2099;

/// Where a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// UTC, which needs no look-up.
    Utc,
    /// Seconds east of Greenwich.
    Fixed(i32),
    /// A zone of the IANA database.
    Rules(Tz),
}

impl Zone {
    /// The zone of a name as `SET TimeZone` takes it: an IANA name in any case, or a POSIX form such as `UTC+3` or `<+08>-08`.
    pub fn named(name: &str) -> Option<Self> {
        if ["utc", "gmt", "etc/utc", "z", "zulu", "uct"].iter().any(|utc| name.eq_ignore_ascii_case(utc)) {
            return Some(Self::Utc);
        }
        Self::canonical_name(name).and_then(|name| name.parse().ok()).map(Self::Rules).or_else(|| posix(name).map(Self::Fixed))
    }

    /// The IANA database's own spelling of a name.
    pub fn canonical_name(name: &str) -> Option<&'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name()).find(|known| known.eq_ignore_ascii_case(name))
    }

    /// The zone that `AT TIME ZONE 'text'` means: abbreviations come first.
    pub fn at(text: &str) -> Option<Self> {
        abbreviations::named(text).map(|(offset, _)| Self::Fixed(offset)).or_else(|| Self::named(text))
    }

    /// Seconds east of Greenwich at a moment given in microseconds since 1970.
    #[inline]
    pub fn offset(self, micros: i64) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Fixed(offset) => offset,
            Self::Rules(tz) => moment(micros).map_or(0, |at| tz.offset_from_utc_datetime(&at).fix().local_minus_utc()),
        }
    }

    /// What clocks show at a moment: microseconds as if of UTC.
    #[inline]
    pub fn local(self, micros: i64) -> i64 {
        micros.saturating_add(i64::from(self.offset(micros)) * SECOND)
    }

    /// The offset of a local time, in seconds east. One that clocks skip counts as before the change, one that they show twice as after.
    #[inline]
    pub fn offset_of_local(self, local: i64) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Fixed(offset) => offset,
            Self::Rules(_) => {
                let before = self.offset(local.saturating_sub(DAY));
                let after = self.offset(local.saturating_add(DAY));
                if before == after {
                    // As most days are; but there may be two changes within them.
                    let middle = self.offset(local.saturating_sub(i64::from(before) * SECOND));
                    if middle == before {
                        return before;
                    }
                }
                self.around_a_change(local, before)
            }
        }
    }

    /// The same where clocks change within a day.
    fn around_a_change(self, local: i64, before: i32) -> i32 {
        let shown = |offset: i32| self.offset(local.saturating_sub(i64::from(offset) * SECOND)) == offset;
        let at_before = self.offset(local.saturating_sub(i64::from(before) * SECOND));
        // The offset that holds later of those under which clocks do show this time.
        let candidates = [at_before, self.offset(local.saturating_add(DAY)), before];
        let valid = candidates.into_iter().filter(|offset| shown(*offset));
        valid.min().unwrap_or(before)
    }

    /// The moment of a local time.
    #[inline]
    pub fn moment(self, local: i64) -> i64 {
        local.saturating_sub(i64::from(self.offset_of_local(local)) * SECOND)
    }

    /// What the zone is called at a moment, such as `CEST`; an offset where it has no name.
    pub fn abbreviation(self, micros: i64) -> String {
        let rules = match self {
            Self::Utc => return "UTC".to_owned(),
            Self::Fixed(offset) => return offset_text(offset),
            Self::Rules(tz) => moment(micros).and_then(|at| tz.offset_from_utc_datetime(&at).abbreviation().map(str::to_owned)),
        };
        rules.unwrap_or_else(|| offset_text(self.offset(micros)))
    }

    /// Whether a moment is in daylight saving time.
    pub fn is_dst(self, micros: i64) -> bool {
        match self {
            Self::Utc | Self::Fixed(_) => false,
            Self::Rules(tz) => moment(micros)
                .is_some_and(|at| !chrono_tz::OffsetComponents::dst_offset(&tz.offset_from_utc_datetime(&at)).is_zero()),
        }
    }
}

/// An offset as PostgreSQL names such a zone: `+08`, `-07:30`.
pub fn offset_text(offset: i32) -> String {
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    let mut text = format!("{sign}{:02}", seconds / 3600);
    if seconds % 3600 != 0 {
        text.push_str(&format!(":{:02}", seconds / 60 % 60));
    }
    if seconds % 60 != 0 {
        text.push_str(&format!(":{:02}", seconds % 60));
    }
    text
}

/// A moment for the zone database, beyond whose rules an earlier year of the same calendar stands in.
#[inline]
fn moment(micros: i64) -> Option<NaiveDateTime> {
    /// Of 2100-01-01.
    const END: i64 = 4_102_444_800 * SECOND;
    let micros = if micros < END { micros } else { earlier(micros) };
    DateTime::from_timestamp_micros(micros).map(|at| at.naive_utc())
}

#[cold]
fn earlier(micros: i64) -> i64 {
    let days = micros.div_euclid(DAY);
    let (year, month, day) = civil(days);
    let (leap, first) = (is_leap(year), weekday(day_of(year, 1, 1)));
    // Within 28 years every kind of year comes once at least.
    let same = (LAST_YEAR_OF_RULES - 27..=LAST_YEAR_OF_RULES).find(|y| is_leap(*y) == leap && weekday(day_of(*y, 1, 1)) == first);
    day_of(same.unwrap_or(LAST_YEAR_OF_RULES), month, i64::from(day)) * DAY + micros.rem_euclid(DAY)
}

/// The offset of a POSIX zone without daylight saving time, in seconds east: `EST5`, `UTC+3`, `+08:00`, `<+08>-08`.
fn posix(text: &str) -> Option<i32> {
    let rest = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?.1,
        None => text.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
    };
    let (sign, digits) = match rest.strip_prefix('-') {
        Some(digits) => (1, digits),
        None => (-1, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let mut parts = digits.split(':');
    let mut next = |limit: i32| match parts.next() {
        Some(part) if (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()) => {
            part.parse::<i32>().ok().filter(|n| *n < limit)
        }
        Some(_) => None,
        None => Some(0),
    };
    // POSIX lets hours be those of a week; text without any is no zone.
    let seconds = next(168)? * 3600 + next(60)? * 60 + next(60)?;
    parts.next().is_none().then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_clocks_are_resolved_as_in_postgresql() {
        let at = |y, m, d, h: i64, min: i64| day_of(y, m, d) * DAY + (h * 60 + min) * 60 * SECOND;
        let berlin = Zone::named("europe/berlin").expect("a zone");
        for (local, want) in [
            // Skipped: as before the change; shown twice: as after it.
            (at(2021, 3, 28, 2, 30), 3600),
            (at(2021, 3, 28, 1, 59), 3600),
            (at(2021, 3, 28, 3, 0), 7200),
            (at(2021, 10, 31, 2, 30), 3600),
            (at(2021, 10, 31, 1, 59), 7200),
            (at(2021, 7, 1, 0, 0), 7200),
            // Beyond the database's last rules.
            (at(2500, 7, 1, 0, 0), 7200),
            (at(2500, 1, 1, 0, 0), 3600),
        ] {
            assert_eq!(berlin.offset_of_local(local), want, "{local}");
        }
        assert_eq!(berlin.abbreviation(at(2021, 7, 1, 0, 0)), "CEST");
    }

    #[test]
    fn posix_zones_count_west() {
        for (text, want) in
            [("UTC+3", Some(-10_800)), ("+08:00", Some(-28_800)), ("<+08>-08", Some(28_800)), ("x", None), ("1:2:3:4", None)]
        {
            assert_eq!(posix(text), want, "{text}");
        }
    }
}
