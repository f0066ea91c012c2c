//! Gathering a sketch: a value at a time, in bounded memory.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::DateTime;

use super::normal::{self, Written};
use super::{KEPT, Sketch, VERSION, ValueKind};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Gathers the sketch of one column. Equal values may come any number of times.
pub struct Gatherer {
    kind: ValueKind,
    least: BTreeSet<u64>,
    /// A value that is no key came: prose.
    prose: bool,
    upper: bool,
    lower: bool,
    padded: bool,
    blanks: bool,
    others: Others,
    /// How many values came, and of how many characters together.
    seen: u64,
    chars: u64,
    bounds: Option<(i64, i64)>,
    normal: String,
}

/// What not every value is.
#[derive(Default)]
struct Others {
    dates: bool,
    numbers: bool,
}

impl Gatherer {
    /// Of a column whose values are of this kind.
    pub fn new(kind: ValueKind) -> Self {
        Self {
            kind,
            least: BTreeSet::new(),
            prose: false,
            upper: false,
            lower: false,
            padded: false,
            blanks: false,
            others: Others::default(),
            seen: 0,
            chars: 0,
            bounds: None,
            normal: String::new(),
        }
    }

    /// A text, or the hyphenated text of a UUID. What is empty or blank is no value.
    pub fn text(&mut self, raw: &str) {
        if self.prose {
            return;
        }
        let mut out = std::mem::take(&mut self.normal);
        let written = normal::text(raw, &mut out);
        if out.len() > normal::LONGEST {
            self.prose = true;
            self.least.clear();
        } else if !out.is_empty() {
            self.seen(written);
            self.add(&out);
        }
        self.normal = out;
    }

    /// A whole number.
    pub fn integer(&mut self, n: i64) {
        self.number(n);
        self.shown(format_args!("{n}"));
    }

    /// A whole number that has more digits than fit.
    pub fn long_integer(&mut self, text: &str) {
        self.others.numbers = true;
        self.shown(format_args!("{text}"));
    }

    /// A date or a time, in microseconds since 1970 (UTC). One that no calendar has is left out.
    pub fn instant(&mut self, micros: i64) {
        let Some(at) = DateTime::from_timestamp_micros(micros) else { return };
        if micros.rem_euclid(DAY) == 0 {
            self.shown(format_args!("{}", at.date_naive()));
        } else {
            self.others.dates = true;
            // No text is compared with it.
            self.shown(format_args!("@{micros}"));
        }
    }

    /// The sketch; `None` for a column without values, and for one of prose.
    pub fn finish(self) -> Option<Sketch> {
        if self.least.is_empty() || self.prose {
            return None;
        }
        Some(Sketch {
            version: VERSION,
            kind: self.kind,
            upper: self.upper,
            lower: self.lower,
            padded: self.padded,
            blanks: self.blanks,
            dates: match self.kind {
                ValueKind::Text | ValueKind::Date | ValueKind::Timestamp | ValueKind::Instant => !self.others.dates,
                ValueKind::Integer | ValueKind::Uuid => false,
            },
            length: u32::try_from((self.chars + self.seen / 2) / self.seen.max(1)).unwrap_or(u32::MAX),
            bounds: self.bounds.filter(|_| !self.others.numbers),
            hashes: self.least.into_iter().collect(),
        })
    }

    fn seen(&mut self, written: Written) {
        self.upper |= written.upper;
        self.lower |= written.lower;
        self.padded |= written.padded;
        self.blanks |= written.blanks;
        self.others.dates |= !written.date;
        match written.number {
            Some(n) => self.number(n),
            None => self.others.numbers = true,
        }
    }

    fn number(&mut self, n: i64) {
        self.bounds = Some(self.bounds.map_or((n, n), |(least, most)| (least.min(n), most.max(n))));
    }

    fn shown(&mut self, value: std::fmt::Arguments<'_>) {
        let mut out = std::mem::take(&mut self.normal);
        out.clear();
        out.write_fmt(value).expect("writing to a text does not fail");
        self.add(&out);
        self.normal = out;
    }

    fn add(&mut self, normal: &str) {
        self.seen += 1;
        self.chars += normal.chars().count() as u64;
        let hash = normal::hash(normal.as_bytes());
        if self.least.len() == KEPT && self.least.last().is_some_and(|last| hash >= *last) {
            return;
        }
        if self.least.insert(hash) && self.least.len() > KEPT {
            self.least.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Option<Sketch> {
        let mut gatherer = Gatherer::new(ValueKind::Text);
        values.iter().for_each(|v| gatherer.text(v));
        gatherer.finish()
    }

    #[test]
    fn a_code_is_the_same_as_text_and_as_number() {
        let mut numbers = Gatherer::new(ValueKind::Integer);
        [310_104, 7].into_iter().for_each(|n| numbers.integer(n));
        let (numbers, codes) = (numbers.finish().expect("values"), texts(&["310104", "07", " "]).expect("values"));
        assert_eq!(numbers.hashes, codes.hashes);
        assert_eq!((codes.bounds, codes.padded, numbers.padded), (Some((7, 310_104)), true, false));
        assert_eq!(texts(&["7", "x"]).and_then(|s| s.bounds), None);
    }

    #[test]
    fn a_midnight_is_its_date() {
        let mut times = Gatherer::new(ValueKind::Timestamp);
        times.instant(DAY * 18_262);
        let (times, dates) = (times.finish().expect("values"), texts(&["2020-01-01"]).expect("values"));
        assert_eq!((times.hashes, times.dates, dates.dates), (dates.hashes, true, true));
        let mut hours = Gatherer::new(ValueKind::Instant);
        hours.instant(DAY * 18_262 + 3_600_000_000);
        assert!(!hours.finish().expect("values").dates);
    }

    #[test]
    fn prose_is_no_key() {
        assert_eq!(texts(&["a", &"long ".repeat(50)]), None);
        assert_eq!(texts(&["", "  "]), None);
    }
}
