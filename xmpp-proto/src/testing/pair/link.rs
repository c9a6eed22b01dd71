//! The simulated transport: two pipes of bytes, and what can go wrong with them.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::Chunks;
use super::Side;
use super::tls::Tls;
use crate::Instant;
use crate::endpoint::{LostCause, TlsFault};

/// How a [`Break`] breaks the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both ends find it closed, once they have read what was on its way.
    Eof,
    /// Both ends find it reset, and what was on its way is lost.
    Reset,
    /// The receiver cannot decipher what follows and says so in an alert.
    Tls,
    /// What follows in this direction does not arrive until [`Pair::release`](super::Pair::release);
    /// the other one goes on.
    Stall,
    /// Nothing more arrives, either way, and nobody is told.
    Drop,
}

/// A failure of the transport, when the receiver has taken the first `at` bytes that `from` put on
/// the wire. With zero, it comes before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named in the text above")]
pub struct Break {
    pub from: Side,
    pub at: usize,
    pub how: How,
}

/// The transport between a client and a server. The default brings everything at once and in one
/// piece, and does not break.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wire {
    /// How what each side sends is cut, by [`Side`]. The TLS simulation hands over what it has
    /// deciphered of a record, so a cut is one wherever it falls.
    pub chunks: [Chunks; 2],
    /// How long the bytes of each side take.
    pub latency: [Duration; 2],
    /// How many bytes of one side may be on their way: the buffers of both sockets. By default
    /// 64 KiB.
    pub window: usize,
    /// How the transport fails, if it does.
    pub breaks: Option<Break>,
    /// What somebody on the way puts in: whose bytes to feign, behind how many of them, and what.
    pub injection: Option<(Side, usize, Vec<u8>)>,
    /// What TLS handshakes come to.
    pub tls: Tls,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            chunks: [Chunks::Whole; 2],
            latency: [Duration::ZERO; 2],
            window: 64 * 1024,
            breaks: None,
            injection: None,
            tls: Tls::default(),
        }
    }
}

impl Wire {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts what both sides send in this way.
    #[must_use]
    pub const fn with_chunks(mut self, chunks: Chunks) -> Self {
        self.chunks = [chunks; 2];
        self
    }

    /// Cuts what one side sends in this way.
    #[must_use]
    pub const fn with_chunks_from(mut self, side: Side, chunks: Chunks) -> Self {
        self.chunks[side as usize] = chunks;
        self
    }

    /// Lets what one side sends take this long.
    #[must_use]
    pub const fn with_latency_from(mut self, side: Side, latency: Duration) -> Self {
        self.latency[side as usize] = latency;
        self
    }

    /// Lets no more than this many bytes (at least one) be on their way in one direction.
    #[must_use]
    pub const fn with_window(mut self, window: usize) -> Self {
        self.window = window;
        self
    }

    /// Breaks when the receiver has taken `at` bytes that `from` put on the wire.
    #[must_use]
    pub const fn with_break(mut self, from: Side, at: usize, how: How) -> Self {
        self.breaks = Some(Break { from, at, how });
        self
    }

    /// Puts in bytes as if `from` had sent them, behind the first `at` of its own.
    #[must_use]
    pub fn with_injection(mut self, from: Side, at: usize, bytes: impl Into<Vec<u8>>) -> Self {
        self.injection = Some((from, at, bytes.into()));
        self
    }

    /// With this outcome of TLS handshakes.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}

/// One direction.
#[derive(Default)]
struct Pipe {
    flight: VecDeque<(Instant, Vec<u8>)>,
    ready: VecDeque<u8>,
    /// Bytes in flight and ready.
    inside: usize,
    entered: usize,
    left: usize,
    /// Why the receiver gets no more, and from when on it knows.
    end: Option<(Instant, LostCause)>,
    stalled: bool,
}

impl Pipe {
    fn clear(&mut self) {
        self.flight.clear();
        self.ready.clear();
        self.inside = 0;
    }

    fn close(&mut self, now: Instant, cause: LostCause) {
        let at = self.flight.back().map_or(now, |(at, _)| (*at).max(now));
        self.end.get_or_insert((at, cause));
    }
}

/// A transport in use.
pub(super) struct Link {
    wire: Wire,
    /// By the side that sends.
    pipes: [Pipe; 2],
    broken: bool,
}

impl Link {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, pipes: [Pipe::default(), Pipe::default()], broken: false }
    }

    pub(super) const fn tls(&self) -> &Tls {
        &self.wire.tls
    }

    /// How many bytes `from` has put on the wire.
    pub(super) const fn entered(&self, from: Side) -> usize {
        self.pipes[from as usize].entered
    }

    /// How many bytes may be put on the wire now.
    pub(super) fn room(&self, from: Side) -> usize {
        let pipe = &self.pipes[from as usize];
        match pipe.end {
            // The socket takes them; that nobody is there any more shows later.
            Some(_) => usize::MAX,
            None => self.wire.window.max(1).saturating_sub(pipe.inside),
        }
    }

    pub(super) fn put(&mut self, now: Instant, from: Side, mut bytes: Vec<u8>) {
        let pipe = &mut self.pipes[from as usize];
        let start = pipe.entered;
        pipe.entered += bytes.len();
        if pipe.end.is_some() {
            return;
        }
        if let Some((side, at, _)) = &self.wire.injection
            && *side == from
            && (*at > start || start == 0)
            && *at <= pipe.entered
            && let Some((_, at, put_in)) = self.wire.injection.take()
        {
            bytes.splice(at - start..at - start, put_in);
        }
        pipe.inside += bytes.len();
        pipe.flight.push_back((now + self.wire.latency[from as usize], bytes));
    }

    /// `from` will send no more.
    pub(super) fn close(&mut self, now: Instant, from: Side, cause: LostCause) {
        let now = now + self.wire.latency[from as usize];
        self.pipes[from as usize].close(now, cause);
        // Nobody reads what still comes.
        let back = &mut self.pipes[from.peer() as usize];
        back.clear();
        back.close(now, LostCause::Eof);
    }

    /// Whether anything of `from` is there to be read.
    pub(super) fn is_ready(&self, from: Side) -> bool {
        let pipe = &self.pipes[from as usize];
        !pipe.stalled && !pipe.ready.is_empty() && self.allowed(from) > 0
    }

    /// How many bytes may be taken before the transport breaks.
    fn allowed(&self, from: Side) -> usize {
        match &self.wire.breaks {
            Some(fault) if fault.from == from && !self.broken => {
                fault.at.saturating_sub(self.pipes[from as usize].left)
            }
            _ => usize::MAX,
        }
    }

    /// The length of the next chunk that can be read, at most `max`.
    pub(super) fn next_chunk(&self, from: Side, max: usize) -> usize {
        let pipe = &self.pipes[from as usize];
        let ready = pipe.ready.len().min(max).min(self.allowed(from));
        if ready == 0 { 0 } else { self.wire.chunks[from as usize].next(pipe.left, ready) }
    }

    pub(super) fn peek_byte(&self, from: Side) -> Option<u8> {
        self.pipes[from as usize].ready.front().copied()
    }

    pub(super) fn take_byte(&mut self, from: Side) -> Option<u8> {
        let pipe = &mut self.pipes[from as usize];
        let byte = pipe.ready.pop_front()?;
        pipe.left += 1;
        pipe.inside -= 1;
        Some(byte)
    }

    /// Why nothing more comes from `from`, once everything that did come is read.
    pub(super) fn end(&self, now: Instant, from: Side) -> Option<&LostCause> {
        let pipe = &self.pipes[from as usize];
        let (at, cause) = pipe.end.as_ref()?;
        (*at <= now && pipe.inside == 0 && !pipe.stalled).then_some(cause)
    }

    /// When something arrives next.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        let flowing = self.pipes.iter().filter(|pipe| !pipe.stalled);
        let arrivals = flowing.flat_map(|pipe| {
            let bytes = pipe.flight.front().map(|(at, _)| *at);
            let end = pipe.end.as_ref().map(|(at, _)| *at).filter(|_| pipe.inside == 0);
            [bytes, end].into_iter().flatten()
        });
        arrivals.min()
    }

    /// Brings what is due.
    pub(super) fn arrive(&mut self, now: Instant) {
        for pipe in &mut self.pipes {
            while let Some((_, bytes)) = pipe.flight.pop_front_if(|(at, _)| *at <= now) {
                pipe.ready.extend(bytes);
            }
        }
    }

    /// Breaks, if it is time. True if it did.
    pub(super) fn strike(&mut self, now: Instant) -> bool {
        let Some(Break { from, at, how }) = self.wire.breaks else { return false };
        if self.broken || self.pipes[from as usize].left < at {
            return false;
        }
        self.broken = true;
        let [there, back] = [from as usize, from.peer() as usize];
        match how {
            How::Stall => self.pipes[there].stalled = true,
            How::Drop => {
                for pipe in &mut self.pipes {
                    pipe.stalled = true;
                }
            }
            How::Eof => {
                self.pipes[there].clear();
                self.pipes[there].close(now, LostCause::Eof);
                self.pipes[back].close(now, LostCause::Eof);
            }
            How::Reset => {
                for pipe in &mut self.pipes {
                    pipe.clear();
                    pipe.end = Some((now, LostCause::Reset));
                }
            }
            How::Tls => {
                self.pipes[there].clear();
                self.pipes[there].close(now, handshake("what came cannot be deciphered"));
                self.pipes[back].close(now, handshake("the peer sent an alert"));
            }
        }
        true
    }

    /// Lets flow again what was stalled.
    pub(super) fn release(&mut self) {
        for pipe in &mut self.pipes {
            pipe.stalled = false;
        }
    }
}

pub(super) fn handshake(text: impl Into<String>) -> LostCause {
    LostCause::Tls(TlsFault::Handshake(text.into()))
}
