//! The pauses between attempts.

use core::time::Duration;

use crate::Instant;
use crate::endpoint::Reconnect;
use crate::rng::Rng;

/// How many attempts have failed in a row, and since when the client is online.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    online_since: Option<Instant>,
}

impl Backoff {
    /// The client is online.
    pub(crate) fn succeeded(&mut self, now: Instant) {
        self.online_since = Some(now);
    }

    /// There is a reason to hope: the pauses begin anew.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The transport is gone. The moment of the next attempt, if there is to be one.
    pub(crate) fn next(
        &mut self,
        config: &Reconnect,
        now: Instant,
        rng: &mut Rng,
    ) -> Option<Instant> {
        let was_online = self.online_since.take();
        if was_online.is_some_and(|since| now >= since + config.reset_after) {
            self.failures = 0;
        }
        if config.max_attempts.is_some_and(|max| self.failures >= max) {
            return None;
        }
        let whole = config.first.saturating_mul(1 << self.failures.min(30)).min(config.max);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        let micros = u64::try_from(whole.saturating_sub(half).as_micros()).unwrap_or(u64::MAX - 1);
        Some(now + half + Duration::from_micros(rng.below(micros + 1)))
    }
}

#[cfg(test)]
mod tests;
