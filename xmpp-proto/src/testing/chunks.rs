//! How a stream of bytes is cut.

/// How a test cuts what one side sends into the chunks that the other receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chunks {
    /// As large as the receiver takes them.
    #[default]
    Whole,
    /// Of this many bytes each (at least one).
    Of(usize),
    /// One cut behind this many bytes of all that is ever sent.
    CutAt(usize),
    /// Of all lengths, short ones more often, as this seed has it.
    Random(u64),
}

impl Chunks {
    /// The length of the next chunk, of `ready` bytes (at least one) that follow `passed` earlier
    /// ones.
    pub(crate) fn next(self, passed: usize, ready: usize) -> usize {
        match self {
            Self::Whole => ready,
            Self::Of(n) => n.clamp(1, ready),
            Self::CutAt(at) => match at.checked_sub(passed) {
                Some(n) if n > 0 => n.min(ready),
                _ => ready,
            },
            Self::Random(seed) => {
                let drawn = mix(seed ^ mix(passed as u64));
                let longest = 1_u64 << (drawn % 12);
                let length = 1 + (drawn >> 8) % longest;
                usize::try_from(length).unwrap_or(ready).min(ready)
            }
        }
    }
}

/// A number that looks random beside those of the neighbours (`SplitMix64`).
const fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
