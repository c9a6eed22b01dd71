//! How fast a client may send.

use core::time::Duration;

use crate::Instant;

/// How fast a client may send: a budget of `burst` bytes that refills by `bytes_per_second`.
///
/// Whoever has used it up is not read from until it has refilled, so that TCP slows the client
/// down: nothing is lost, and no other stream pays for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Bytes per second in the long run. Zero counts as one.
    pub bytes_per_second: u32,
    /// Bytes that may come at once.
    pub burst: u32,
}

/// The budget of one stream, kept as the moment at which it will be full again.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    full_at: Instant,
}

impl Budget {
    pub(super) const fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// `bytes` have come.
    pub(super) fn spend(&mut self, limit: RateLimit, bytes: usize, now: Instant) {
        self.full_at = self.full_at.max(now) + time_for(limit, bytes as u64);
    }

    /// The moment until which nothing more may come, if that is not now.
    pub(super) fn exhausted_until(self, limit: RateLimit, now: Instant) -> Option<Instant> {
        // A burst of nothing would never let anything in.
        let slack = time_for(limit, u64::from(limit.burst.max(1)));
        let waits = self.full_at.saturating_duration_since(now).checked_sub(slack)?;
        (!waits.is_zero()).then(|| now + waits)
    }
}

fn time_for(limit: RateLimit, bytes: u64) -> Duration {
    let rate = u64::from(limit.bytes_per_second.max(1));
    // Rounded up: a budget never refills early.
    Duration::from_micros(bytes.saturating_mul(1_000_000).div_ceil(rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::endpoint::{
        ConnInfo, Endpoint, LostCause, Server, ServerConfig, ServerTls, Step, Timer,
    };

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let limit = RateLimit { bytes_per_second: 1000, burst: 500 };
        let start = Instant::from_micros(0);
        let mut budget = Budget::new(start);
        budget.spend(limit, 500, start);
        assert_eq!(budget.exhausted_until(limit, start), None);
        budget.spend(limit, 250, start);
        let until = budget.exhausted_until(limit, start).unwrap();
        assert_eq!(until, Instant::from_micros(250_000));
        assert_eq!(budget.exhausted_until(limit, until), None);
        // A long silence earns one burst, no more.
        let later = Instant::from_micros(60_000_000);
        budget.spend(limit, 501, later);
        assert_eq!(budget.exhausted_until(limit, later), Some(later + Duration::from_millis(1)));
    }

    #[test]
    fn nonsense_limits_neither_panic_nor_shut_the_stream_for_ever() {
        let limit = RateLimit { bytes_per_second: 0, burst: 0 };
        let start = Instant::from_micros(0);
        let mut budget = Budget::new(start);
        assert_eq!(budget.exhausted_until(limit, start), None);
        budget.spend(limit, usize::MAX, start);
        assert!(budget.exhausted_until(limit, start).is_some());
    }

    #[test]
    fn a_stream_that_is_over_waits_for_no_budget() {
        let domain = "example.org".parse().unwrap();
        let mut config = ServerConfig::new(domain).with_tls(ServerTls::InsecurePlaintext);
        config.rate = Some(RateLimit { bytes_per_second: 1, burst: 1 });
        let now = Instant::from_micros(0);
        let mut server = Server::new(config, Seed::new([1; 32]), now);
        let link = server.attempt();
        server.handle_connected(now, link, ConnInfo::new());
        server.handle_received(now, link, b"<stream:stream ");
        assert_eq!(server.next_timer().map(|(timer, _)| timer), Some(Timer::Rate));
        server.handle_lost(now, link, LostCause::Reset);
        while !matches!(server.step(), Step::Wait { .. }) {}
        assert!(server.is_idle());
        assert_eq!(server.poll_timeout(), None);
    }
}
