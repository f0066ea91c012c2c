//! Sketches: what is kept of a column's values so that it can be compared with any other column without a look at either table. A sketch is
//! the least hashes of the different values (the k minimum values: K. Beyer et al., "On synopses for distinct-value estimation under
//! multiset operations", 2007), and how they are written. Who reads the values is unknown here.

mod gather;
mod normal;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use gather::Gatherer;

/// How many hashes are kept: 4 kB a column, with a standard error of a share below 2.3 % where two columns are of one size.
pub const KEPT: usize = 512;

/// The version of normal forms and hashes: sketches of different ones have nothing in common.
pub const VERSION: u32 = 1;

/// What values are compared as. Numbers with a fraction, booleans, times of day, bytes and nested values are no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
    Text,
    Integer,
    Date,
    /// Date and time of day; one at midnight is its date.
    Timestamp,
    /// The same of a time zone, compared in UTC.
    Instant,
    Uuid,
}

impl ValueKind {
    /// The word it is kept by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Instant => "instant",
            Self::Uuid => "uuid",
        }
    }
}

/// The values of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    pub version: u32,
    pub kind: ValueKind,
    /// Letters in upper case are among them, and in lower case.
    pub upper: bool,
    pub lower: bool,
    /// Digits alone with zeros before them are.
    pub padded: bool,
    /// Texts with blanks around them are.
    pub blanks: bool,
    /// Each is a date as ISO 8601 writes it.
    pub dates: bool,
    /// How long a normal form is, in characters, on the average.
    pub length: u32,
    /// The least and the largest, where each is a whole number.
    pub bounds: Option<(i64, i64)>,
    /// The least hashes in order; all of them when they are fewer than [`KEPT`].
    #[serde(serialize_with = "packed", deserialize_with = "unpacked")]
    pub hashes: Vec<u64>,
}

/// What two sketches have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// The values of each that were compared, by their hashes below the lesser of both ends, and those in both.
    pub ours: usize,
    pub theirs: usize,
    pub shared: usize,
    /// The part of our values that is among theirs, and of theirs among ours, from 0 to 1.
    pub contained: f64,
    pub containing: f64,
    /// Those in both among those in either.
    pub jaccard: f64,
}

impl Sketch {
    /// Whether every different value is kept.
    pub fn is_whole(&self) -> bool {
        self.hashes.len() < KEPT
    }

    /// How many different values there are: counted when [`Self::is_whole`], else estimated, with a standard error of 4.4 %.
    pub fn distinct(&self) -> u64 {
        match self.hashes.last() {
            Some(last) if !self.is_whole() => {
                let part = (*last as f64 + 1.0) / 2_f64.powi(64);
                ((self.hashes.len() - 1) as f64 / part).round() as u64
            }
            Some(_) | None => self.hashes.len() as u64,
        }
    }

    /// What another sketch has in common with this one: both are even samples of the hashes below their ends.
    pub fn overlap(&self, other: &Self) -> Overlap {
        let end = |s: &Self| if s.is_whole() { u64::MAX } else { s.hashes.last().copied().unwrap_or(u64::MAX) };
        let end = end(self).min(end(other));
        let below = |s: &Self| s.hashes.partition_point(|h| *h <= end);
        let (ours, theirs) = (below(self), below(other));
        let (mut i, mut j, mut shared) = (0, 0, 0);
        while i < ours && j < theirs {
            match self.hashes[i].cmp(&other.hashes[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => (i, j, shared) = (i + 1, j + 1, shared + 1),
            }
        }
        let part = |of: usize| if of == 0 { 0.0 } else { shared as f64 / of as f64 };
        let (contained, containing, jaccard) = (part(ours), part(theirs), part(ours + theirs - shared));
        Overlap { ours, theirs, shared, contained, containing, jaccard }
    }

    /// The hashes as bytes, the least first, each its most significant byte first.
    pub fn bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|h| h.to_be_bytes()).collect()
    }

    /// What [`Self::bytes`] wrote; `None` for bytes that are not of whole hashes in order.
    pub fn hashes_of(bytes: &[u8]) -> Option<Vec<u64>> {
        let (hashes, rest) = bytes.as_chunks::<8>();
        let hashes: Vec<u64> = hashes.iter().map(|h| u64::from_be_bytes(*h)).collect();
        (rest.is_empty() && hashes.len() <= KEPT && hashes.is_sorted_by(|a, b| a < b)).then_some(hashes)
    }
}

fn packed<S: Serializer>(hashes: &[u64], to: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = hashes.iter().flat_map(|h| h.to_be_bytes()).collect();
    to.serialize_str(&STANDARD_NO_PAD.encode(bytes))
}

fn unpacked<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    let text = String::deserialize(from)?;
    let bytes = STANDARD_NO_PAD.decode(text).map_err(serde::de::Error::custom)?;
    Sketch::hashes_of(&bytes).ok_or_else(|| serde::de::Error::custom("hashes of a sketch are whole and in order"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: impl IntoIterator<Item = i64>) -> Sketch {
        let mut gatherer = Gatherer::new(ValueKind::Integer);
        numbers.into_iter().for_each(|n| gatherer.integer(n));
        gatherer.finish().expect("has values")
    }

    #[test]
    fn few_values_are_compared_exactly() {
        let (a, b) = (of(1..=100), of(51..=250));
        let overlap = a.overlap(&b);
        assert_eq!((a.distinct(), b.distinct(), overlap.shared), (100, 200, 50));
        assert_eq!((overlap.contained, overlap.containing, overlap.jaccard), (0.5, 0.25, 0.2));
    }

    #[test]
    fn many_values_are_estimated() {
        let (a, b) = (of(0..100_000), of(50_000..200_000));
        assert!((90_000..110_000).contains(&a.distinct()), "{}", a.distinct());
        let overlap = a.overlap(&b);
        for (got, want) in [(overlap.contained, 0.5), (overlap.containing, 1.0 / 3.0), (overlap.jaccard, 0.25)] {
            assert!((got - want).abs() < 0.08, "{overlap:?}");
        }
        let few = of((0..100_000).step_by(10));
        let overlap = few.overlap(&a);
        assert!(overlap.contained > 0.99 && overlap.ours > 20, "{overlap:?}");
        assert_eq!(of(0..100).overlap(&of(1_000..1_100)).shared, 0);
    }

    #[test]
    fn a_sketch_is_kept_as_text() {
        let sketch = of(0..1_000);
        let text = serde_json::to_string(&sketch).expect("is JSON");
        assert!(text.len() < 5_800, "{}", text.len());
        assert_eq!(serde_json::from_str::<Sketch>(&text).expect("is read"), sketch);
        let broken = text.replace("\"hashes\":\"", "\"hashes\":\"A");
        serde_json::from_str::<Sketch>(&broken).expect_err("not of whole hashes");
        assert_eq!(Sketch::hashes_of(&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1]), None, "out of order");
    }
}
