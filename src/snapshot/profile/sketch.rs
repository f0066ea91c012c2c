//! What is remembered of a column's values in bounded memory: how many different ones, an even sample, and the most frequent. Each is
//! exact as long as the column is small enough, and says so. Values are bytes here; what they mean is not known.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Different values that are told apart exactly.
const EXACT: usize = 4096;

/// Bits of a hash that choose a register: 2^14 of them have a standard error of 0.8 %.
const INDEX_BITS: u32 = 14;

/// Values of a sample.
const SAMPLE: usize = 16_384;

/// Values whose frequency is followed.
const FOLLOWED: usize = 1024;

/// The longest value whose frequency is followed, in bytes.
const LONGEST: usize = 256;

/// A hash that is the same in every run of one build; nothing that is kept depends on it.
pub(super) fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    hasher.write(bytes);
    hasher.finish()
}

/// A hash that no two values of a table share but by a chance of one in 10^20 or less.
pub(super) fn wide_hash(bytes: &[u8]) -> u128 {
    u128::from(hash(bytes, 0)) << 64 | u128::from(hash(bytes, 1))
}

/// How many different values there are: counted, then estimated from 2^14 registers (HyperLogLog, with the estimator of O. Ertl, "New
/// cardinality estimation algorithms for HyperLogLog sketches", 2017).
pub(super) struct Distinct {
    exact: Option<HashSet<u64>>,
    registers: Vec<u8>,
}

impl Distinct {
    pub(super) fn new() -> Self {
        Self { exact: Some(HashSet::new()), registers: Vec::new() }
    }

    pub(super) fn add(&mut self, hash: u64) {
        if let Some(exact) = &mut self.exact {
            exact.insert(hash);
            if exact.len() <= EXACT {
                return;
            }
            self.registers = vec![0; 1 << INDEX_BITS];
            for hash in self.exact.take().into_iter().flatten() {
                self.register(hash);
            }
            return;
        }
        self.register(hash);
    }

    fn register(&mut self, hash: u64) {
        let index = usize::try_from(hash >> (64 - INDEX_BITS)).expect("14 bits fit");
        let rank = ((hash << INDEX_BITS).leading_zeros().min(64 - INDEX_BITS) + 1) as u8;
        self.registers[index] = self.registers[index].max(rank);
    }

    /// How many, and whether that is exact.
    pub(super) fn count(&self) -> (u64, bool) {
        if let Some(exact) = &self.exact {
            return (exact.len() as u64, true);
        }
        let bits = (64 - INDEX_BITS) as usize;
        let m = self.registers.len() as f64;
        let mut counts = vec![0_u32; bits + 2];
        self.registers.iter().for_each(|r| counts[usize::from(*r)] += 1);
        let mut z = m * tau(1.0 - f64::from(counts[bits + 1]) / m);
        for k in (1..=bits).rev() {
            z = 0.5 * (z + f64::from(counts[k]));
        }
        z += m * sigma(f64::from(counts[0]) / m);
        ((m * m / (2.0 * std::f64::consts::LN_2) / z).round() as u64, false)
    }
}

/// Ertl's correction for registers that are still empty.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

/// Ertl's correction for registers that are full.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

/// An even sample of the values (J. Vitter's algorithm R), all of them while they are few.
pub(super) struct Sample {
    kept: Vec<Box<[u8]>>,
    seen: u64,
    random: u64,
}

impl Sample {
    pub(super) fn new() -> Self {
        Self { kept: Vec::new(), seen: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    pub(super) fn add(&mut self, value: &[u8]) {
        self.seen += 1;
        if self.kept.len() < SAMPLE {
            self.kept.push(value.into());
            return;
        }
        // Xorshift (G. Marsaglia, 2003): the same sample in every run.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let place = usize::try_from(self.random % self.seen).unwrap_or(usize::MAX);
        if let Some(kept) = self.kept.get_mut(place) {
            *kept = value.into();
        }
    }

    /// The least values that this part of all is not larger than; none of no values.
    pub(super) fn quantiles<const N: usize>(mut self, parts: [f64; N]) -> Option<[Box<[u8]>; N]> {
        if self.kept.is_empty() {
            return None;
        }
        self.kept.sort_unstable();
        let all = self.kept.len();
        Some(parts.map(|part| {
            let rank = (part * all as f64).ceil() as usize;
            self.kept[rank.clamp(1, all) - 1].clone()
        }))
    }
}

/// A value and how often it was seen.
type Counted = (Box<[u8]>, u64);

/// The most frequent values (J. Misra and D. Gries, "Finding repeated elements", 1982), counted exactly while they are few.
pub(super) struct Frequent {
    counts: HashMap<Box<[u8]>, u64>,
    /// Values were let go of: a count may lack this many.
    lost: u64,
}

impl Frequent {
    pub(super) fn new() -> Self {
        Self { counts: HashMap::new(), lost: 0 }
    }

    pub(super) fn add(&mut self, value: &[u8]) {
        if value.len() > LONGEST {
            return;
        }
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
            return;
        }
        if self.counts.len() < FOLLOWED {
            self.counts.insert(value.into(), 1);
            return;
        }
        self.lost += 1;
        self.counts.retain(|_, count| {
            *count -= 1;
            *count > 0
        });
    }

    /// The `most` frequent with their counts, and whether those are exact. A value that is as frequent as the counts may lack is left out.
    pub(super) fn top(self, most: usize) -> (Vec<Counted>, bool) {
        let mut top: Vec<Counted> = self.counts.into_iter().filter(|(_, count)| *count > self.lost).collect();
        top.sort_unstable_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
        top.truncate(most);
        (top, self.lost == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_values_are_counted_then_estimated() {
        for (values, within) in [(0_u64, 0.0), (1, 0.0), (4096, 0.0), (5000, 0.02), (40_000, 0.02), (1_000_000, 0.02)] {
            let mut distinct = Distinct::new();
            for value in (0..values).chain(0..values.min(100)) {
                distinct.add(hash(&value.to_le_bytes(), 0));
            }
            let (count, exact) = distinct.count();
            assert_eq!(exact, values <= 4096, "{values}");
            assert!((count as f64 - values as f64).abs() <= within * values as f64, "{values}: {count}");
        }
    }

    #[test]
    fn quantiles_of_few_values_are_exact_and_of_many_near() {
        let quantiles = |n: u32| {
            let mut sample = Sample::new();
            (0..n).rev().for_each(|v| sample.add(&v.to_be_bytes()));
            let found = sample.quantiles([0.05, 0.5, 1.0]).expect("values");
            found.map(|v| u32::from_be_bytes(v.as_ref().try_into().expect("four bytes")))
        };
        assert_eq!(quantiles(1), [0, 0, 0]);
        assert_eq!(quantiles(100), [4, 49, 99]);
        let [low, middle, _] = quantiles(1_000_000);
        assert!(low.abs_diff(50_000) < 10_000 && middle.abs_diff(500_000) < 20_000, "{low} {middle}");
        assert!(Sample::new().quantiles([0.5]).is_none());
    }

    #[test]
    fn frequent_values_are_found_among_many() {
        let mut frequent = Frequent::new();
        for n in 0..100_000_u32 {
            frequent.add(if n % 4 == 0 { b"often" } else { b"x" });
            frequent.add(&n.to_be_bytes());
        }
        let (top, exact) = frequent.top(2);
        let names: Vec<&[u8]> = top.iter().map(|(v, _)| v.as_ref()).collect();
        assert_eq!((names, exact), (vec![&b"x"[..], b"often"], false));
        let mut few = Frequent::new();
        [&b"b"[..], b"a", b"b", b"c"].iter().for_each(|v| few.add(v));
        let top: Vec<(String, u64)> =
            few.top(2).0.into_iter().map(|(v, n)| (String::from_utf8_lossy(&v).into_owned(), n)).collect();
        assert_eq!(top, [("b".to_owned(), 2), ("a".to_owned(), 1)]);
    }
}
