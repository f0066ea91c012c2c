//! How often data is renewed: the EU's authority list of frequencies, and what ISO 8601, Dublin Core and words in use mean by it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use super::{folded, last_part};
use crate::descriptor::refresh::{iso_duration, repeated};

/// A frequency of the EU's authority list (<http://publications.europa.eu/resource/authority/frequency>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// The EU's code, such as `DAILY`; `OTHER` for a period that has none.
    pub code: &'static str,
    /// ISO 8601's repeating interval, such as `R/P1D`; `None` where there is no period.
    pub iso: Option<Cow<'static, str>>,
    /// How far apart two versions are; `None` where nothing is promised, and where there will be no other.
    pub period: Option<Duration>,
}

impl Frequency {
    /// The frequency that a text means: a code or URI of the EU's list, ISO 8601's `R/P1D` or `P1D`, a term of Dublin Core's, a word in
    /// English, French, Spanish, German, Italian, Chinese or Japanese.
    pub fn of_words(text: &str) -> Option<Self> {
        static BY_WORDS: LazyLock<HashMap<String, &Row>> = LazyLock::new(|| {
            let words = |row: &'static Row| row.words.split(" | ").chain([row.code]).map(move |word| (folded(word), row));
            ROWS.iter().flat_map(words).collect()
        });
        let text = text.trim();
        let interval = repeated(text).or_else(|| text.starts_with('P').then_some(text));
        if let Some(frequency) = interval.and_then(|interval| Self::of_interval(text, interval)) {
            return Some(frequency);
        }
        let word = last_part(text);
        let word = word.strip_prefix("freq:").unwrap_or(word);
        BY_WORDS.get(&folded(word)).map(|row| row.frequency())
    }

    /// What an ISO 8601 interval that is repeated means.
    fn of_interval(text: &str, interval: &str) -> Option<Self> {
        let duration = interval.split('/').find(|part| part.starts_with('P'))?;
        let period = iso_duration(duration)?;
        // Somewhat around the list's own: a week is published as 7 days, half a month as 15.
        let meant = |row: &&Row| row.period.is_some_and(|listed| period.abs_diff(listed) <= listed / 50);
        let row = ROWS.iter().find(meant);
        let iso = if text.starts_with('R') { Cow::Owned(text.to_owned()) } else { Cow::Owned(format!("R/{text}")) };
        Some(Self { code: row.map_or("OTHER", |row| row.code), iso: Some(iso), period: Some(period) })
    }

    /// How many days lie between two versions.
    pub fn days(&self) -> Option<f64> {
        self.period.map(|period| period.as_secs_f64() / 86_400.0)
    }

    /// Its URI.
    pub fn uri(&self) -> String {
        format!("http://publications.europa.eu/resource/authority/frequency/{}", self.code)
    }
}

/// A line of the list.
struct Row {
    code: &'static str,
    iso: Option<&'static str>,
    period: Option<Duration>,
    words: &'static str,
}

impl Row {
    fn frequency(&self) -> Frequency {
        Frequency { code: self.code, iso: self.iso.map(Cow::Borrowed), period: self.period }
    }
}

/// The list, in its order.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = include_str!("frequencies.txt").lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let (head, words) = line.split_once(": ")?;
        let mut head = head.split(' ');
        let (code, iso, seconds) = (head.next()?, head.next()?, head.next());
        let period = seconds.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let period = period.or_else(|| repeated(iso).and_then(iso_duration));
        Some(Row { code, iso: period.map(|_| iso), period, words })
    };
    lines.filter_map(row).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_one_frequency() {
        let lines = include_str!("frequencies.txt").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(ROWS.len(), lines, "each line is a code, an interval, a colon, words");
        let mut seen = HashMap::new();
        for row in ROWS.iter() {
            for word in row.words.split(" | ") {
                assert_eq!(seen.insert(folded(word), row.code), None, "{word}");
            }
            if row.code != "OTHER" {
                assert_eq!(Frequency::of_words(row.code).map(|f| f.code), Some(row.code));
                // Two codes share a second, and two half a day.
                let of_period = row.iso.and_then(Frequency::of_words).map(|f| f.code);
                assert!(
                    row.iso.is_none() || of_period == Some(row.code) || matches!(row.code, "CONT" | "DAILY_2"),
                    "{:?}",
                    row.iso
                );
            }
        }
    }
}
