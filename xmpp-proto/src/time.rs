//! Time as the machines see it: a monotonic count of microseconds that the caller passes in.
//!
//! The core never reads a clock. An adapter keeps one start point of its runtime's monotonic
//! clock and converts; a test just makes instants up:
//!
//! ```
//! use core::time::Duration;
//! use xmpp_proto::Instant;
//!
//! let start = Instant::from_micros(0);
//! let later = start + Duration::from_millis(1500);
//! assert_eq!(later.as_micros(), 1_500_000);
//! assert_eq!(later.saturating_duration_since(start), Duration::from_millis(1500));
//! ```

use core::ops::Add;
use core::time::Duration;

/// A point on the caller's monotonic clock, in microseconds since an epoch of the caller's choice.
///
/// All instants given to one machine must come from the same clock. A machine never goes back:
/// an instant earlier than one it has seen is treated as the latest it has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The instant `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// The instant `after` later; saturates at the end of time (about 584,000 years).
    fn add(self, after: Duration) -> Self {
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}
