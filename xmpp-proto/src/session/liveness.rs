//! Whether the peer is still there.

use crate::Instant;
use crate::endpoint::Keepalive;

/// When bytes came and went, and whether a sign of life was asked for.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    received: Instant,
    sent: Instant,
    /// A sign of life was asked for; nothing has come since.
    asked: Option<Instant>,
    hearing: Hearing,
    /// When to look at the clock, at the latest. Each sign of life puts the deadline off, and nobody
    /// needs to be told of that: it is seen when this moment has come.
    armed: Option<Instant>,
}

/// Whether a silence says anything about the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hearing {
    /// What comes is read.
    #[default]
    Listens,
    /// The application takes no events, so nothing is read.
    Deaf,
    /// It is read again, but nobody has looked at the clock since.
    Again,
}

/// What is to be done about a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Ask for a sign of life.
    Ask,
    /// Send a space.
    Space,
    /// The link is dead.
    Dead,
}

impl Liveness {
    /// A stream is negotiated.
    pub(crate) fn start(&mut self, now: Instant, config: &Keepalive) {
        *self = Self { received: now, sent: now, hearing: self.hearing, ..Self::default() };
        self.arm(config);
    }

    /// What was due is done.
    pub(crate) fn arm(&mut self, config: &Keepalive) {
        self.armed = self.next(config).map(|(_, at)| at);
    }

    /// Something has come.
    pub(crate) const fn received(&mut self, now: Instant) {
        self.received = now;
        self.asked = None;
    }

    /// Whether what comes is read. While it is not, the peer may have answered for long.
    pub(crate) const fn listen(&mut self, listens: bool) {
        self.hearing = match (listens, self.hearing) {
            (false, _) => Hearing::Deaf,
            (true, Hearing::Listens) => Hearing::Listens,
            (true, _) => Hearing::Again,
        };
    }

    /// Whether nothing is read.
    pub(crate) const fn is_deaf(&self) -> bool {
        matches!(self.hearing, Hearing::Deaf)
    }

    /// Something was written.
    pub(crate) const fn sent(&mut self, now: Instant) {
        self.sent = now;
    }

    /// The peer was asked something that it must answer.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.asked.get_or_insert(now);
    }

    /// Whether an answer is due.
    pub(crate) const fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// What is due, and when.
    fn next(&self, config: &Keepalive) -> Option<(Silence, Instant)> {
        let ask = match (self.asked, config.probe_after) {
            _ if self.hearing == Hearing::Deaf => None,
            (Some(since), _) => Some((Silence::Dead, since + config.timeout)),
            (None, Some(after)) => Some((Silence::Ask, self.received + after)),
            (None, None) => None,
        };
        // Without a pause it would never end.
        let pause = config.whitespace.filter(|after| !after.is_zero());
        let space = pause.map(|after| (Silence::Space, self.sent + after));
        [ask, space].into_iter().flatten().min_by_key(|(_, at)| *at)
    }

    /// What is to be done now.
    pub(crate) fn due(&mut self, config: &Keepalive, now: Instant) -> Option<Silence> {
        if self.hearing == Hearing::Again {
            // The time begins when there is somebody to hear the answer.
            self.hearing = Hearing::Listens;
            self.received = self.received.max(now);
            self.asked = self.asked.map(|_| now);
        }
        self.next(config).filter(|(_, at)| *at <= now).map(|(silence, _)| silence)
    }

    #[inline]
    pub(crate) fn timer(&self, config: &Keepalive) -> Option<Instant> {
        // Nothing moves a deadline forward but a question.
        if self.asked.is_none() && self.hearing == Hearing::Listens {
            return self.armed;
        }
        let (_, at) = self.next(config)?;
        Some(self.armed.map_or(at, |armed| armed.min(at)))
    }
}

#[cfg(test)]
mod tests;
