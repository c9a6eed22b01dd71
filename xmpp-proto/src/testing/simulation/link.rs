//! A transport between a client and the domain, with everything that can go wrong with one.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::Chunks;
use super::dice::Dice;
use crate::Instant;
use crate::domain::SessionId;
use crate::endpoint::{AttemptId, LostCause};

/// The end of time.
pub(super) const NEVER: Instant = Instant::from_micros(u64::MAX);

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Domain,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Client, Self::Domain];

    pub(super) const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Domain,
            Self::Domain => Self::Client,
        }
    }
}

/// A side's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    Plain,
    /// The handshake waits for the other side.
    Begun,
    /// Both take part; this side is done then.
    Done(Instant),
    Secured,
}

/// One direction.
pub(super) struct Pipe {
    flight: VecDeque<(Instant, Vec<u8>)>,
    /// Bytes on their way.
    inside: usize,
    /// Bytes that the receiver has taken.
    pub(super) left: usize,
    /// Why the receiver gets no more, and from when on it knows.
    end: Option<(Instant, LostCause)>,
    /// Until then, nothing arrives.
    blocked_until: Instant,
    /// When the last bytes arrive. None overtake others.
    last: Instant,
    latency: [Duration; 2],
    chunks: Chunks,
}

impl Pipe {
    const fn new(latency: [Duration; 2], chunks: Chunks) -> Self {
        Self {
            flight: VecDeque::new(),
            inside: 0,
            left: 0,
            end: None,
            blocked_until: Instant::from_micros(0),
            last: Instant::from_micros(0),
            latency,
            chunks,
        }
    }

    fn clear(&mut self) {
        self.flight.clear();
        self.inside = 0;
    }

    fn arrival(&mut self, now: Instant, dice: &mut Dice) -> Instant {
        let [least, most] = self.latency;
        let extra = (most.saturating_sub(least)) / 2;
        self.last = self.last.max(now + least + dice.about(extra));
        self.last
    }

    const fn is_blocked(&self, now: Instant) -> bool {
        self.blocked_until.as_micros() > now.as_micros()
    }
}

/// A transport.
pub(super) struct Link {
    /// Whose it is.
    pub(super) owner: usize,
    /// As the client knows it, while it holds it.
    pub(super) near: Option<AttemptId>,
    /// As the domain's session knows it, while that holds it.
    pub(super) far: Option<AttemptId>,
    pub(super) session: Option<SessionId>,
    pub(super) tls: [Tls; 2],
    /// By the side that sends.
    pipes: [Pipe; 2],
    window: usize,
    /// The session may have something to do.
    pub(super) stirred: bool,
    /// After so many bytes of one side it dies.
    pub(super) dies_at: Option<(Side, usize)>,
}

impl Link {
    pub(super) fn new(
        owner: usize,
        latency: [[Duration; 2]; 2],
        chunks: [Chunks; 2],
        window: usize,
    ) -> Self {
        let [up, down] = latency;
        Self {
            owner,
            near: None,
            far: None,
            session: None,
            tls: [Tls::Plain; 2],
            pipes: [Pipe::new(up, chunks[0]), Pipe::new(down, chunks[1])],
            window,
            stirred: true,
            dies_at: None,
        }
    }

    pub(super) fn pipe(&self, from: Side) -> &Pipe {
        &self.pipes[from as usize]
    }

    fn pipe_mut(&mut self, from: Side) -> &mut Pipe {
        &mut self.pipes[from as usize]
    }

    /// Whether neither side holds it any more.
    pub(super) const fn is_over(&self) -> bool {
        self.near.is_none() && self.far.is_none()
    }

    /// How many bytes may be put on the wire now.
    pub(super) fn room(&self, from: Side) -> usize {
        let pipe = self.pipe(from);
        match pipe.end {
            // The socket takes them; that nobody is there any more shows later.
            Some(_) => usize::MAX,
            None => self.window.saturating_sub(pipe.inside),
        }
    }

    pub(super) fn put(&mut self, now: Instant, from: Side, bytes: &[u8], dice: &mut Dice) {
        let pipe = self.pipe_mut(from);
        if pipe.end.is_some() {
            return;
        }
        let at = pipe.arrival(now, dice);
        pipe.inside += bytes.len();
        pipe.flight.push_back((at, bytes.to_vec()));
    }

    /// Bytes that the receiver can take now, at most `max`.
    pub(super) fn take(&mut self, now: Instant, from: Side, max: usize) -> Option<Vec<u8>> {
        if self.tls[from.peer() as usize] != self.tls_of_bytes(from) {
            return None;
        }
        let pipe = self.pipe_mut(from);
        if pipe.is_blocked(now) {
            return None;
        }
        let (at, bytes) = pipe.flight.front_mut()?;
        if *at > now || max == 0 {
            return None;
        }
        let n = pipe.chunks.next(pipe.left, bytes.len().min(max));
        let rest = bytes.split_off(n);
        let taken = core::mem::replace(bytes, rest);
        if bytes.is_empty() {
            pipe.flight.pop_front();
        }
        pipe.inside -= taken.len();
        pipe.left += taken.len();
        Some(taken)
    }

    /// In which state of TLS the receiver must be to be handed what comes: what was sent before the
    /// handshake is in the clear, and everything was read before the receiver has begun its own.
    fn tls_of_bytes(&self, from: Side) -> Tls {
        match self.tls[from as usize] {
            // It waits for us, and has sent in the clear what we have still to read.
            Tls::Begun | Tls::Plain => Tls::Plain,
            Tls::Done(_) | Tls::Secured => Tls::Secured,
        }
    }

    /// Why nothing more comes from `from`, once everything that did come is read.
    pub(super) fn end(&self, now: Instant, from: Side) -> Option<LostCause> {
        let pipe = self.pipe(from);
        let (at, cause) = pipe.end.as_ref()?;
        (*at <= now && pipe.inside == 0 && !pipe.is_blocked(now)).then(|| cause.clone())
    }

    /// `from` will send no more: the other side hears of it behind what is on its way, and what was
    /// sent to `from` is read by nobody.
    pub(super) fn close(&mut self, now: Instant, from: Side, cause: LostCause, dice: &mut Dice) {
        let pipe = self.pipe_mut(from);
        let at = pipe.arrival(now, dice);
        if cause == LostCause::Reset {
            pipe.clear();
        }
        pipe.end.get_or_insert((at, cause));
        let back = self.pipe_mut(from.peer());
        back.clear();
        back.end.get_or_insert((NEVER, LostCause::Reset));
    }

    /// Both ends find it reset.
    pub(super) fn reset(&mut self, now: Instant, dice: &mut Dice) {
        for side in Side::BOTH {
            self.reset_for(now, side, dice);
        }
    }

    /// One end finds it reset.
    pub(super) fn reset_for(&mut self, now: Instant, side: Side, dice: &mut Dice) {
        let pipe = self.pipe_mut(side.peer());
        pipe.clear();
        pipe.blocked_until = now;
        pipe.end = Some((now + dice.millis(0..200), LostCause::Reset));
    }

    /// Both ends find it closed, behind what was on its way.
    pub(super) fn finish(&mut self, now: Instant, dice: &mut Dice) {
        for pipe in &mut self.pipes {
            let at = pipe.arrival(now, dice);
            pipe.end.get_or_insert((at, LostCause::Eof));
        }
    }

    /// What is sent in this direction arrives later, or never.
    pub(super) fn block(&mut self, from: Side, until: Instant) {
        let pipe = self.pipe_mut(from);
        pipe.blocked_until = pipe.blocked_until.max(until);
    }

    /// From now on everything takes longer by `more`.
    pub(super) fn slow_down(&mut self, more: Duration) {
        for pipe in &mut self.pipes {
            pipe.latency = pipe.latency.map(|latency| latency + more);
        }
    }

    /// From now on everything takes as long as it should, and what stood still moves on.
    pub(super) fn heal(&mut self, now: Instant, latency: [[Duration; 2]; 2]) {
        for (pipe, latency) in self.pipes.iter_mut().zip(latency) {
            pipe.latency = latency;
            if pipe.blocked_until != NEVER {
                pipe.blocked_until = pipe.blocked_until.min(now);
            }
        }
    }

    /// Whether nothing arrives any more.
    pub(super) fn is_dead(&self) -> bool {
        self.pipes.iter().all(|pipe| pipe.end.is_some() || pipe.blocked_until == NEVER)
    }

    /// Whether nothing is on its way, and whatever is sent will arrive.
    pub(super) fn is_quiet(&self) -> bool {
        let is_quiet =
            |pipe: &Pipe| pipe.inside == 0 && pipe.end.is_none() && pipe.blocked_until != NEVER;
        self.pipes.iter().all(is_quiet)
    }

    /// Whether something has arrived, or happened.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.moments().any(|at| at <= now)
    }

    /// The moments at which something happens by itself.
    pub(super) fn moments(&self) -> impl Iterator<Item = Instant> + '_ {
        let tls = self.tls.iter().filter_map(|tls| match tls {
            Tls::Done(at) => Some(*at),
            _ => None,
        });
        let pipes = self.pipes.iter().filter(|pipe| pipe.blocked_until != NEVER);
        let pipes = pipes.filter_map(|pipe| {
            let bytes = pipe.flight.front().map(|(at, _)| *at);
            let end = pipe.end.as_ref().map(|(at, _)| *at).filter(|at| *at != NEVER);
            let next = match (bytes, end) {
                (Some(bytes), _) => Some(bytes),
                (None, end) => end,
            };
            next.map(|at| at.max(pipe.blocked_until))
        });
        tls.chain(pipes)
    }
}
