//! What a seed decides: numbers that look random and are the same in each run.

use core::ops::Range;
use core::time::Duration;

use crate::Seed;

/// A small generator (`SplitMix64`). It is fast, and nothing here is a secret.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let n = self.0;
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    }

    /// A number of the range, which must not be empty.
    pub(super) const fn of(&mut self, range: Range<u64>) -> u64 {
        range.start + self.roll() % (range.end - range.start)
    }

    /// An index below `len`, which must not be 0.
    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.of(0..len as u64)).unwrap_or_default()
    }

    /// One of some choices.
    pub(super) fn one<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        choices[self.index(N)]
    }

    /// True in so many of a hundred cases.
    pub(super) const fn percent(&mut self, chance: u64) -> bool {
        self.of(0..100) < chance
    }

    /// A time between zero and twice `mean`.
    pub(super) fn about(&mut self, mean: Duration) -> Duration {
        let micros = u64::try_from(mean.as_micros()).unwrap_or(u64::MAX / 4);
        Duration::from_micros(self.of(0..2 * micros + 1))
    }

    /// A time of the range of milliseconds.
    pub(super) const fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.of(range))
    }

    /// The seed of a machine.
    pub(super) fn seed(&mut self) -> Seed {
        let mut bytes = [0; 32];
        for eight in bytes.chunks_exact_mut(8) {
            eight.copy_from_slice(&self.roll().to_le_bytes());
        }
        Seed::new(bytes)
    }
}
