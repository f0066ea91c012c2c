//! Declared `strptime` patterns, such as `%d/%m/%Y`.

use chrono::format::{Item, Parsed, StrftimeItems};

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
        ["%z", "%:z", "%::z", "%:::z", "%#z", "%+"].iter().any(|z| self.text.contains(z))
    }

    fn read(&self, text: &str) -> Option<Parsed> {
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, self.items.iter()).ok()?;
        // chrono's century ends with 69, that of POSIX with 68.
        if (parsed.year(), parsed.year_div_100(), parsed.year_mod_100()) == (None, None, Some(69)) {
            parsed.set_year(1969).ok()?;
        }
        // An hour alone is its beginning; chrono asks for the minute.
        if parsed.hour_mod_12().is_some() && parsed.minute().is_none() && parsed.second().is_none() {
            parsed.set_minute(0).ok()?;
        }
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

    /// Microseconds since 1970-01-01T00:00:00, in UTC when the pattern has an offset; midnight when it has no time of day.
    pub(super) fn micros(&self, text: &str) -> Option<i64> {
        let parsed = self.read(text)?;
        if self.is_zoned() {
            return Some(parsed.to_datetime().ok()?.timestamp_micros());
        }
        match parsed.to_naive_datetime_with_offset(0) {
            Ok(at) => Some(at.and_utc().timestamp_micros()),
            // Part of a time, such as an hour without AM or PM, is none, and must not be lost.
            Err(_) if parsed.hour_mod_12().or(parsed.minute()).or(parsed.second()).is_some() => None,
            Err(_) => Some(i64::from(parsed.to_naive_date().ok()?.to_epoch_days()) * super::clock::DAY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let p = |t| Pattern::parse(t).expect(t);
        assert_eq!(p("%d/%m/%Y").day("31/12/2020"), Some(18627));
        assert_eq!(p("%Y年%m月%d日").day("2020年1月11日"), Some(18272));
        assert_eq!(p("%Y年%m月%d日").day("2020年"), None);
        assert_eq!(p("%m/%d/%y %H:%M").micros("1/22/20 17:00"), Some((18283 * 86_400 + 61_200) * 1_000_000));
        assert_eq!(p("%Y-%m-%dT%H:%M:%S%z").micros("1970-01-01T01:00:00+0100"), Some(0));
        assert_eq!(p("%Y-%m-%dT%H:%M:%S%::z").micros("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(p("%d/%m/%Y").micros("2/1/1970"), Some(86_400_000_000));
        assert_eq!(p("%d/%m/%Y %H").micros("1/1/1970 15"), Some(54_000_000_000));
        assert_eq!(p("%d/%m/%Y %I:%M").micros("1/1/1970 05:30"), None);
        assert_eq!(p("%H:%M").time("07:30"), Some(27_000_000_000));
        for (text, day) in [("1/1/68", 35_794), ("1/1/69", -365), ("1/1/70", 0)] {
            assert_eq!(p("%d/%m/%y").day(text), Some(day), "{text}");
        }
        assert!(Pattern::parse("%Q").is_none());
    }
}
