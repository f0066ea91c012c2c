//! How long a published file may be believed unchanged: as a descriptor sets it, or as far as its publisher's frequency tells. Asking
//! the source is not done here.

use std::fmt;
use std::time::Duration;

use super::Dataset;
use super::terms::Frequency;

/// The longest that a published frequency alone makes anyone believe: a yearly file that comes out tomorrow is seen the day after.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How many times in a period the source is asked, so that a new version is seen early in its life. RFC 9111 (4.2.2) believes a tenth
/// of a page's age.
const ASKED_IN_A_PERIOD: u32 = 10;

/// When a source is asked whether it changed, as `stoa:refresh` sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Whenever one of its tables is used.
    Always,
    /// Not once it was read, until somebody says `stoa refresh`.
    Never,
    /// When it was last asked so long ago.
    After(Duration),
}

impl Refresh {
    /// What [`Self::of_word`] takes.
    pub const TAKEN: &str = "\"always\", \"never\" or a duration such as \"6h\", \"1d\" or \"PT30M\"";

    /// `always`, `never`, an ISO 8601 duration, or a number with `s`, `min`, `h`, `d` or `w`.
    pub fn of_word(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            lower => iso_duration(text).or_else(|| plain_duration(lower)).map(Self::After),
        }
    }
}

/// As [`Refresh::of_word`] reads it.
impl fmt::Display for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("always"),
            Self::Never => f.write_str("never"),
            Self::After(duration) => write!(f, "PT{}S", duration.as_secs_f64()),
        }
    }
}

impl Dataset {
    /// How long the source of a distribution is believed to be unchanged once it was asked; `None` for as long as it stands. What the
    /// distribution says goes before what its dataset says, and is taken as it is. A published frequency alone
    /// lengthens `default` to a tenth of its period, at most a day, and never shortens it.
    pub fn believed_for(&self, distribution: usize, default: Duration) -> Option<Duration> {
        let set = self.distributions.get(distribution).and_then(|d| d.refresh).or(self.refresh);
        match set {
            Some(Refresh::Always) => Some(Duration::ZERO),
            Some(Refresh::Never) => None,
            Some(Refresh::After(duration)) => Some(duration),
            None => {
                let period = self.accrual_periodicity.as_deref().and_then(period);
                Some(period.map_or(default, |period| (period / ASKED_IN_A_PERIOD).min(LONGEST).max(default)))
            }
        }
    }

    /// Whether a reject fails the reading of a distribution: as it says itself, else as its dataset says.
    pub fn is_strict(&self, distribution: usize) -> bool {
        self.distributions.get(distribution).and_then(|d| d.strict).or(self.strict).unwrap_or(false)
    }
}

/// How far apart two versions are, as `dct:accrualPeriodicity` tells. What is never renewed is asked about as seldom as may be; `None`
/// where nothing is promised.
fn period(published: &str) -> Option<Duration> {
    let frequency = Frequency::of_words(published)?;
    let is_last = matches!(frequency.code, "NEVER" | "NOT_PLANNED");
    if is_last { Some(LONGEST * ASKED_IN_A_PERIOD) } else { frequency.period }
}

/// What is repeated in ISO 8601's `Rn/interval`, so often or without an end: a duration, perhaps with its start or end beside it.
pub(super) fn repeated(text: &str) -> Option<&str> {
    text.strip_prefix('R')?.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('/')
}

/// ISO 8601's `PnYnMnWnDTnHnMnS`, each number perhaps with a fraction (`P3.5D`); a month has 30 days, a year 365.
pub(super) fn iso_duration(text: &str) -> Option<Duration> {
    let (days, times) = match text.strip_prefix('P')?.split_once('T') {
        Some((days, times)) => (days, times),
        None => (&text[1..], ""),
    };
    if days.is_empty() && times.is_empty() {
        return None;
    }
    let units = |of_time: bool, unit: char| match (of_time, unit) {
        (false, 'Y') => Some(365.0 * 86_400.0),
        (false, 'M') => Some(30.0 * 86_400.0),
        (false, 'W') => Some(7.0 * 86_400.0),
        (false, 'D') => Some(86_400.0),
        (true, 'H') => Some(3_600.0),
        (true, 'M') => Some(60.0),
        (true, 'S') => Some(1.0),
        _ => None,
    };
    let mut seconds = 0.0;
    for (of_time, mut rest) in [(false, days), (true, times)] {
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            let number: f64 = rest[..end].replace(',', ".").parse().ok()?;
            seconds += number * units(of_time, char::from(rest.as_bytes()[end]))?;
            rest = &rest[end + 1..];
        }
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// `90s`, `5 min`, `6h`, `1d`, `2w`.
fn plain_duration(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let unit = match text[end..].trim() {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 7.0 * 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(text[..end].parse::<f64>().ok()? * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::Distribution;

    #[test]
    fn what_is_set_reads_back_as_it_prints() {
        let after = |seconds| Some(Refresh::After(Duration::from_millis(seconds)));
        for (text, want) in [
            ("always", Some(Refresh::Always)),
            (" Never ", Some(Refresh::Never)),
            ("PT1H30M", after(5_400_000)),
            ("P1DT0.5S", after(86_400_500)),
            ("6h", after(21_600_000)),
            ("5 min", after(300_000)),
            ("0s", after(0)),
            ("5", None),
            ("P", None),
            ("PT", None),
            ("P1H", None),
            ("sometimes", None),
            ("-1d", None),
        ] {
            let got = Refresh::of_word(text);
            assert_eq!(got, want, "{text}");
            assert_eq!(got.and_then(|r| Refresh::of_word(&r.to_string())), want, "{text} printed");
        }
    }

    #[test]
    fn frequencies_lengthen_the_default_and_words_replace_it() {
        let minute = Duration::from_secs(60);
        for (published, set, of_distribution, seconds) in [
            (None, None, None, Some(60)),
            (Some("R/P1D"), None, None, Some(8_640)),
            (Some("R/P0.5W"), None, None, Some(30_240)),
            (Some("R/PT1S"), None, None, Some(60)),
            (Some("R5/P1D"), None, None, Some(8_640)),
            (Some("R/2026-01-01T00:00:00Z/P1W"), None, None, Some(60_480)),
            (Some("R12/P1D/2026-12-31"), None, None, Some(8_640)),
            (Some("R/2026-01-01"), None, None, Some(60)),
            (Some("Real-time"), None, None, Some(60)),
            (Some("semi-annually"), None, None, Some(86_400)),
            (Some("Every week"), None, None, Some(60_480)),
            (Some("daily"), None, None, Some(8_640)),
            (Some("http://publications.europa.eu/resource/authority/frequency/HOURLY"), None, None, Some(360)),
            (Some("http://publications.europa.eu/resource/authority/frequency/ANNUAL_2"), None, None, Some(86_400)),
            (Some("http://purl.org/cld/freq/threeTimesAWeek"), None, None, Some(20_160)),
            (Some("每月"), None, None, Some(86_400)),
            (Some("NEVER"), None, None, Some(86_400)),
            (Some("irregular"), None, None, Some(60)),
            (Some("R/P1D"), Some(Refresh::Always), None, Some(0)),
            (Some("R/P1D"), Some(Refresh::Never), None, None),
            (None, Some(Refresh::Never), Some(Refresh::After(Duration::from_secs(5))), Some(5)),
        ] {
            let dataset = Dataset {
                accrual_periodicity: published.map(str::to_owned),
                refresh: set,
                distributions: vec![Distribution { refresh: of_distribution, ..Distribution::default() }],
                ..Dataset::default()
            };
            assert_eq!(dataset.believed_for(0, minute).map(|d| d.as_secs()), seconds, "{published:?} {set:?}");
        }
    }

    #[test]
    fn a_distribution_may_differ_from_its_dataset() {
        for (dataset, distribution, want) in
            [(None, None, false), (Some(true), None, true), (Some(true), Some(false), false), (None, Some(true), true)]
        {
            let distributions = vec![Distribution { strict: distribution, ..Distribution::default() }];
            let dataset = Dataset { strict: dataset, distributions, ..Dataset::default() };
            assert_eq!(dataset.is_strict(0), want);
        }
    }
}
