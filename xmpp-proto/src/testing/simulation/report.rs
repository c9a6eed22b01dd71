//! What a run has come to.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::fmt;

use super::plan::Fault;
use crate::Instant;

/// What happened in a run, or in several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many runs.
    pub runs: u64,
    /// What went wrong, and how often.
    pub injected: BTreeMap<Fault, u64>,
    /// Messages that clients wanted to send.
    pub messages: u64,
    /// Messages that reached somebody.
    pub delivered: u64,
    /// Messages that came back to their senders.
    pub bounced: u64,
    /// Messages that were sent again because nobody could tell whether they had arrived.
    pub resent: u64,
    /// Receptions of a message that had come before, all of them allowed.
    pub repeated: u64,
    /// Messages that got lost where the protocol promises nothing, such as with a domain that dies.
    pub excused: u64,
    /// Requests.
    pub requests: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Commands that were refused, and given again later.
    pub refused: u64,
    /// Links that were opened.
    pub links: u64,
    /// Sessions that began.
    pub bound: u64,
    /// Sessions that went on.
    pub resumed: u64,
    /// Sessions that were given up.
    pub lost: u64,
    /// Bytes that were carried.
    pub bytes: u64,
    /// Moments at which something happened.
    pub moments: u64,
    /// Time that passed in the simulation, in microseconds.
    pub micros: u64,
    /// A number made of everything that happened, byte by byte: two runs of one seed have the same.
    pub digest: u64,
}

impl Report {
    /// Adds up what happened here and there.
    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.injected {
            *self.injected.entry(*fault).or_default() += count;
        }
        for (mine, others) in [
            (&mut self.runs, other.runs),
            (&mut self.messages, other.messages),
            (&mut self.delivered, other.delivered),
            (&mut self.bounced, other.bounced),
            (&mut self.resent, other.resent),
            (&mut self.repeated, other.repeated),
            (&mut self.excused, other.excused),
            (&mut self.requests, other.requests),
            (&mut self.answered, other.answered),
            (&mut self.refused, other.refused),
            (&mut self.links, other.links),
            (&mut self.bound, other.bound),
            (&mut self.resumed, other.resumed),
            (&mut self.lost, other.lost),
            (&mut self.bytes, other.bytes),
            (&mut self.moments, other.moments),
            (&mut self.micros, other.micros),
        ] {
            *mine += others;
        }
        // In whatever order they are added.
        self.digest = self.digest.wrapping_add(other.digest);
    }

    pub(super) fn inject(&mut self, fault: Fault) {
        *self.injected.entry(fault).or_default() += 1;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} runs, {} s of simulated time, {} moments, {} bytes on {} links",
            self.runs,
            self.micros / 1_000_000,
            self.moments,
            self.bytes,
            self.links
        )?;
        write!(f, "injected:")?;
        for (fault, count) in &self.injected {
            write!(f, " {count} {fault},")?;
        }
        writeln!(f, " {} in all", self.injected.values().sum::<u64>())?;
        writeln!(
            f,
            "sessions: {} bound, {} resumed, {} given up",
            self.bound, self.resumed, self.lost
        )?;
        writeln!(
            f,
            "messages: {}, {} delivered, {} bounced, {} excused; {} sent again, {} came again",
            self.messages, self.delivered, self.bounced, self.excused, self.resent, self.repeated
        )?;
        write!(
            f,
            "requests: {}, {} answered; commands refused: {}",
            self.requests, self.answered, self.refused
        )
    }
}

/// What must always hold did not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The seed that shows it again.
    pub seed: u64,
    /// When.
    pub at: Instant,
    /// What.
    pub what: String,
    /// What happened up to then.
    pub report: Box<Report>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.at.as_micros();
        writeln!(
            f,
            "seed {} fails after {}.{:06} s: {}",
            self.seed,
            micros / 1_000_000,
            micros % 1_000_000,
            self.what
        )?;
        write!(f, "{}", self.report)
    }
}

impl core::error::Error for Failure {}

/// The line that somebody reads.
pub(super) type Log = Box<dyn FnMut(Instant, &str)>;

/// What happened: a number made of all of it, and lines for whoever wants to read them.
pub(super) struct Journal {
    digest: u64,
    log: Option<Log>,
}

impl Journal {
    pub(super) const fn new(log: Option<Log>) -> Self {
        Self { digest: 0, log }
    }

    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }

    fn mix(&mut self, word: u64) {
        let mixed = (self.digest.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.digest = mixed ^ (mixed >> 29);
    }

    /// Bytes that were carried.
    pub(super) fn bytes(&mut self, at: Instant, who: usize, how: &str, bytes: &[u8]) {
        if let Some(log) = &mut self.log {
            let who = who % 100;
            log(at, &format!("{how}{who} {}", String::from_utf8_lossy(bytes)));
        }
        self.mix(at.as_micros());
        self.mix(((who as u64) << 32) | bytes.len() as u64);
        let words = bytes.chunks_exact(8);
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        for word in words {
            self.mix(u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        self.mix(u64::from_le_bytes(last));
    }

    /// Something else that happened; `words` say what, `line` says it to people.
    pub(super) fn note(&mut self, at: Instant, words: &[u64], line: impl FnOnce() -> String) {
        self.mix(at.as_micros());
        for word in words {
            self.mix(*word);
        }
        if let Some(log) = &mut self.log {
            log(at, &line());
        }
    }

    /// Something more about what is noted next.
    pub(super) fn word(&mut self, word: u64) {
        self.mix(word);
    }
}
