//! What a session keeps: bytes both ways, requests that wait for answers, queries that wait for
//! the application, stanzas whose bytes are not written yet, and where to connect to.

mod flow;
mod queries;
mod requests;
mod targets;
mod unwritten;

pub(crate) use flow::{Flow, FlowLimits};
use queries::Queries;
use requests::Requests;
pub(crate) use targets::{Candidate, Targets, ip_literal};
use unwritten::Unwritten;

use crate::Instant;

/// The earliest of some optional deadlines: the one place where deadlines are merged.
/// (`Option`'s own order would let an absent deadline win.)
pub(crate) fn earliest(deadlines: impl IntoIterator<Item = Option<Instant>>) -> Option<Instant> {
    deadlines.into_iter().flatten().min()
}

#[cfg(test)]
mod tests;
