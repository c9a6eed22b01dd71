//! How a client comes back.

use core::time::Duration;

use super::Ended;
use crate::Instant;

/// How a client whose transport breaks comes back by itself.
///
/// The pauses grow from `first` to `max`, each twice as long as the one before, and each somewhere
/// between half of that and the whole, so that the clients of a server that restarts do not come
/// back all at once. They begin anew once the client was online for `reset_after`.
///
/// What says that the client is not wanted ends it, such as a wrong password, a conflict, or an account
/// that is gone. Before it was online for the first time, so does whatever is not
/// [retryable](super::Ended::is_retryable); later the same may be the fault of whoever sits on the way,
/// such as a certificate that is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnect {
    /// The first pause. The default is 1 s.
    pub first: Duration,
    /// The longest pause. The default is 5 minutes.
    pub max: Duration,
    /// The time online after which the pauses begin anew. The default is 30 s.
    pub reset_after: Duration,
    /// The most attempts in a row that may fail. None, the default, for no limit.
    pub max_attempts: Option<u32>,
    /// Whether it tries again even if it was never online since
    /// [`Client::connect`](super::Client::connect). The default is false: then a mistake in the
    /// configuration shows at once.
    pub initial: bool,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_mins(5),
            reset_after: Duration::from_secs(30),
            max_attempts: None,
            initial: false,
        }
    }
}

impl Reconnect {
    /// With pauses from `first` to `max`.
    #[must_use]
    pub const fn with_pauses(mut self, first: Duration, max: Duration) -> Self {
        self.first = first;
        self.max = max;
        self
    }

    /// With attempts even before it was online for the first time.
    #[must_use]
    pub const fn with_initial(mut self, initial: bool) -> Self {
        self.initial = initial;
        self
    }
}

/// The transport is gone, or could not be had, and the client will try again by itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Disconnected {
    /// What has happened.
    pub ended: Ended,
    /// When it tries again.
    pub retry_at: Instant,
    /// Whether the session is kept: it will be resumed if the server still knows it (XEP-0198 §5).
    pub resumable: bool,
}
