//! What happened, for comparing runs and for reading when one fails.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Side;
use crate::Instant;

/// One thing that happened at one end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The machine's bytes went to the transport: XMPP, whether TLS is on or not.
    Wrote(Vec<u8>),
    /// The machine was told something, or given a command.
    Told(String),
    /// It wants something done.
    Action(String),
    /// It said something.
    Event(String),
    /// A command came to its end.
    Done(String),
}

/// One line of a [`Transcript`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// Which end.
    pub side: Side,
    /// What.
    pub what: What,
}

/// All that happened in a [`Pair`](super::Pair), in order. Two runs with the same inputs have equal
/// ones. It prints as something to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    pub(super) entries: Vec<Entry>,
    pub(super) quiet: bool,
}

/// What one machine said and wanted, each kind in its order: the same however its input is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lanes {
    /// All bytes that it wrote.
    pub wrote: String,
    /// Its actions.
    pub actions: Vec<String>,
    /// Its events.
    pub events: Vec<String>,
    /// What became of its stanzas. When a stanza counts as written depends on the transport, so
    /// these and the answers are not in one order.
    pub outcomes: Vec<String>,
    /// The answers to its requests.
    pub replies: Vec<String>,
}

impl Transcript {
    /// Everything in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What one machine said and wanted.
    #[must_use]
    pub fn lanes(&self, side: Side) -> Lanes {
        let mut lanes = Lanes::default();
        let mut wrote = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.side == side) {
            match &entry.what {
                What::Wrote(bytes) => wrote.extend_from_slice(bytes),
                What::Told(_) => {}
                What::Action(text) => lanes.actions.push(text.clone()),
                What::Event(text) => lanes.events.push(text.clone()),
                What::Done(text) if text.starts_with("Reply") => lanes.replies.push(text.clone()),
                What::Done(text) => lanes.outcomes.push(text.clone()),
            }
        }
        lanes.wrote = String::from_utf8_lossy(&wrote).into_owned();
        lanes
    }

    pub(super) fn note(&mut self, at: Instant, side: Side, what: impl FnOnce() -> What) {
        if !self.quiet {
            self.entries.push(Entry { at, side, what: what() });
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { at, side, what } in &self.entries {
            let micros = at.as_micros();
            let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
            write!(f, "{seconds:4}.{micros:06} {:6} ", side.name())?;
            match what {
                What::Wrote(bytes) => writeln!(f, "> {}", String::from_utf8_lossy(bytes))?,
                What::Told(text) => writeln!(f, "< {text}")?,
                What::Action(text) => writeln!(f, "! {text}")?,
                What::Event(text) => writeln!(f, "* {text}")?,
                What::Done(text) => writeln!(f, "= {text}")?,
            }
        }
        Ok(())
    }
}
