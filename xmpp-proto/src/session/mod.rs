//! What a session keeps: bytes both ways, requests that wait for answers, queries that wait for
//! the application, stanzas that are not written or not acknowledged yet, and where to connect to.

mod backoff;
mod flow;
mod inbox;
mod liveness;
mod management;
mod queries;
mod requests;
mod targets;
mod unwritten;

pub(crate) use backoff::Backoff;
#[cfg(feature = "server")]
pub(crate) use flow::Carried;
pub(crate) use flow::{Flow, FlowLimits, Probe};
pub(crate) use inbox::Inbox;
use liveness::{Liveness, Silence};
pub(crate) use management::{Management, Resumable, TooHigh};
use queries::Queries;
use requests::Requests;
pub(crate) use targets::{Candidate, Targets, ip_literal, location};
use unwritten::Unwritten;

use crate::Instant;
use crate::endpoint::Timer;

/// The earliest of some optional deadlines: the one place where deadlines are merged.
/// (`Option`'s own order would let an absent deadline win.)
pub(crate) fn earliest(deadlines: impl IntoIterator<Item = Option<Instant>>) -> Option<Instant> {
    deadlines.into_iter().flatten().min()
}

/// The soonest of some timers; of those at the same moment, the one that was named first.
#[derive(Clone, Copy, Default)]
pub(crate) struct Soonest(pub(crate) Option<(Timer, Instant)>);

impl Soonest {
    #[inline]
    pub(crate) fn or(self, timer: Timer, at: Option<Instant>) -> Self {
        match (at, self.0) {
            (Some(at), None) => Self(Some((timer, at))),
            (Some(at), Some((_, soonest))) if at < soonest => Self(Some((timer, at))),
            _ => self,
        }
    }

    #[inline]
    pub(crate) fn or_timer(self, timer: Option<(Timer, Instant)>) -> Self {
        match timer {
            Some((timer, at)) => self.or(timer, Some(at)),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests;
