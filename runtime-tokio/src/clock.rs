//! The runtime's clock, as the machines count it.

use core::time::Duration;

use xmpp_proto::Instant;

/// Counts from one start point. It is tokio's clock, so a test that pauses tokio's time pauses
/// the machine as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: tokio::time::Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: tokio::time::Instant::now() }
    }

    pub(crate) fn now(self) -> Instant {
        let micros = self.start.elapsed().as_micros();
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// `None` if the moment is too far away for the operating system to count.
    pub(crate) fn to_tokio(self, at: Instant) -> Option<tokio::time::Instant> {
        self.start.checked_add(Duration::from_micros(at.as_micros()))
    }
}
