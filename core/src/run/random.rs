//! Seeded randomness: the same seed gives the same bits on every target.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The generator's name, as results state it.
pub(super) const PRNG: &str = "xoshiro256++";

/// xoshiro256++, its state filled from the seed by SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A whole number from 0 up to, not including, `count`, which must not be 0. The high half of a
    /// product (Lemire 2019) without the rejection step: the bias is below count / 2^64.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(count)) >> 64) as u64
    }

    /// Uniform in `[0, 1)`, with 53 bits.
    #[cfg_attr(not(feature = "gzip"), allow(dead_code, reason = "only simulation draws these"))]
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// True with probability `p`.
    #[cfg_attr(not(feature = "gzip"), allow(dead_code, reason = "only simulation draws these"))]
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_reference() {
        // Oracle: SplitMix64(0) gives e220a839_7b1dcdaf, 6e789e6a_a1b965f4, 06c45d18_8009454f,
        // f88bb8a8_724c81ec; the first output is rotl(s0 + s3, 23) + s0.
        let (s0, s3) = (0xe220_a839_7b1d_cdaf_u64, 0xf88b_b8a8_724c_81ec_u64);
        let first = s0.wrapping_add(s3).rotate_left(23).wrapping_add(s0);
        assert_eq!(Random::new(0).0.next_u64(), first);
    }

    #[test]
    fn numbers_stay_in_range_and_cover_it() {
        let mut random = Random::new(7);
        let mut seen = [0_u32; 6];
        for _ in 0..6000 {
            seen[random.below(6) as usize] += 1;
            assert!((0.0..1.0).contains(&random.unit()));
        }
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
    }
}
