//! Chance that is the same everywhere: integers only, a stream of its own for each name.

/// A xoshiro256** generator (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
pub(super) struct Random([u64; 4]);

impl Random {
    /// The stream of that name: what one dataset draws never moves what another does.
    pub(super) fn stream(name: &str) -> Self {
        // FNV-1a spreads the name, SplitMix64 fills the state as the generator's authors advise.
        let mut seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let mut next = || {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self([next(), next(), next(), next()])
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number from 0 to `n` - 1, 0 when `n` is 0. The bias of the multiplication is under `n` / 2^64.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).unsigned_abs()) as i64
    }

    /// True in `per_mille` of 1000 draws.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A number about 0, bell-shaped with standard deviation `sd`: twelve uniform draws added (Irwin and Hall), so that no
    /// machine's `ln` or `cos` has a say.
    pub(super) fn bell(&mut self, sd: i64) -> i64 {
        let sum: i64 = (0..6).map(|_| self.next()).map(|x| (x & 0xffff) as i64 + ((x >> 32) & 0xffff) as i64).sum();
        ((sum - 6 * 0x1_0000) * sd) >> 16
    }

    /// One of a list.
    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

/// Things to be drawn by weight.
pub(super) struct Weights(Vec<u64>);

impl Weights {
    /// At least one of the weights is above 0.
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut sum = 0;
        Self(
            weights
                .into_iter()
                .map(|w| {
                    sum += w;
                    sum
                })
                .collect(),
        )
    }

    /// All weights together.
    pub(super) fn total(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// A place in the list, by weight.
    pub(super) fn draw(&self, random: &mut Random) -> usize {
        let at = random.below(self.total());
        self.0.partition_point(|sum| *sum <= at)
    }

    /// `count` things shared out by weight, to the last one: the share of place `i`.
    pub(super) fn share(&self, count: u64, i: usize) -> u64 {
        let upto = |sum: u64| (u128::from(count) * u128::from(sum) / u128::from(self.total())) as u64;
        upto(self.0[i]) - i.checked_sub(1).map_or(0, |before| upto(self.0[before]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_and_apart() {
        let first = |name| Random::stream(name).below(1_000_000);
        assert_eq!(first("trips"), first("trips"));
        assert_ne!(first("trips"), first("buses"));
    }

    #[test]
    fn draws_keep_their_bounds_and_means() {
        let mut random = Random::stream("bounds");
        let (mut sum, mut bell) = (0, 0);
        for _ in 0..10_000 {
            let x = random.between(-3, 3);
            assert!((-3..=3).contains(&x));
            sum += x;
            bell += random.bell(100);
        }
        assert!(sum.abs() < 1000, "{sum}");
        assert!(bell.abs() < 50_000, "{bell}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn shares_add_up() {
        let weights = Weights::new([3, 0, 5, 1]);
        for count in [0, 1, 10, 999_999_999_999] {
            assert_eq!((0..4).map(|i| weights.share(count, i)).sum::<u64>(), count);
            assert_eq!(weights.share(count, 1), 0);
        }
    }
}
