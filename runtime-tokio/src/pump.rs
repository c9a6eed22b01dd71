//! An endpoint on its transport: moves bytes, runs actions, keeps one timer. It decides nothing.

use core::mem::MaybeUninit;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use tokio::io::ReadBuf;
use tokio::time::{Sleep, sleep_until};
use xmpp_proto::Instant;
use xmpp_proto::endpoint::{AttemptId, Completion, ConnInfo, Endpoint, LostCause, Step};
use xmpp_runtime_common::rustls::crypto::CryptoProvider;
use xmpp_runtime_common::{entropy, lost_cause};

use crate::clock::Clock;
use crate::transport::{Done, Link, Means, State, Stream, Up};

/// The most bytes read at once: a whole TLS record.
const CHUNK: usize = 16 * 1024;

/// The transport of any endpoint: what clients, servers and components have in common.
pub(crate) struct Pump {
    pub(crate) clock: Clock,
    means: Means,
    provider: Arc<CryptoProvider>,
    pub(crate) link: Link,
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Whether the application leaves events untaken.
    pub(crate) stuck: bool,
}

impl Pump {
    pub(crate) fn new(clock: Clock, means: Means, provider: Arc<CryptoProvider>) -> Self {
        Self { clock, means, provider, link: Link::default(), timer: None, stuck: false }
    }

    /// Puts the machine on a transport that is open.
    pub(crate) fn open<M: Endpoint>(
        &mut self,
        machine: &mut M,
        now: Instant,
        id: AttemptId,
        stream: Stream,
    ) {
        match stream.tls_info(&self.means) {
            None => {
                let mut info = ConnInfo::new();
                // The machine was seeded; more entropy is welcome, not needed.
                if let Ok(fresh) = entropy(&self.provider) {
                    info = info.with_entropy(fresh);
                }
                machine.handle_connected(now, id, info);
            }
            Some(info) => machine.handle_secured(now, id, info),
        }
        self.link.state = State::Up(Up::new(id, stream));
    }

    /// Drains the machine. False if a computation is not finished: let others run first.
    pub(crate) fn drain<M: Endpoint>(
        &mut self,
        machine: &mut M,
        mut done: impl FnMut(Completion),
    ) -> bool {
        loop {
            match machine.step() {
                Step::Act(action) => self.link.act(action, &self.means),
                Step::Done(completion) => done(completion),
                Step::Work => return false,
                Step::Wait { .. } => return true,
            }
        }
    }

    /// Writes, reads and keeps time, all of it at once: two peers that are both busy writing must
    /// both go on reading. True if the machine was told something and must be drained.
    pub(crate) fn poll_io<M: Endpoint>(&mut self, machine: &mut M, cx: &mut Context<'_>) -> bool {
        let now = self.clock.now();
        if self.poll_link(machine, cx, now) {
            return true;
        }
        let wrote = self.poll_write(machine, cx, now);
        let read = self.poll_read(machine, cx, now);
        // The time counts only where nothing else happened, so the drain comes before it.
        wrote || read || self.poll_timer(machine, cx, now)
    }

    fn poll_link<M: Endpoint>(
        &mut self,
        machine: &mut M,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
        let Poll::Ready((id, done)) = self.link.poll(cx) else { return false };
        match done {
            Done::Open(stream) => self.open(machine, now, id, stream),
            Done::Failed(cause) => machine.handle_lost(now, id, cause),
            Done::Resolved(records) => machine.handle_resolved(now, id, records),
        }
        true
    }

    fn poll_write<M: Endpoint>(
        &mut self,
        machine: &mut M,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
        let State::Up(up) = &mut self.link.state else { return false };
        let bytes = machine.outgoing();
        let mut wrote = false;
        if !bytes.is_empty() && up.broken.is_none() {
            match up.stream.poll_write(cx, bytes) {
                Poll::Ready(Ok(n)) => {
                    machine.handle_written(now, up.id, n);
                    (wrote, up.unflushed) = (n > 0, true);
                }
                Poll::Ready(Err(error)) => up.break_off(&error),
                Poll::Pending => {}
            }
        }
        if up.unflushed && up.broken.is_none() {
            match up.stream.poll_flush(cx) {
                Poll::Ready(Ok(())) => up.unflushed = false,
                Poll::Ready(Err(error)) => up.break_off(&error),
                Poll::Pending => {}
            }
        }
        wrote
    }

    fn poll_read<M: Endpoint>(
        &mut self,
        machine: &mut M,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
        let State::Up(up) = &mut self.link.state else { return false };
        let id = up.id;
        if !machine.wants_read() {
            // If it is not the application that stands in the way, then the machine waits for
            // writes that will never be done.
            let stuck = self.stuck;
            return match up.broken.take_if(|broken| !stuck || broken.is_over(cx)) {
                Some(broken) => self.lose(machine, now, id, broken.cause),
                None => false,
            };
        }
        let mut space = [const { MaybeUninit::uninit() }; CHUNK];
        let mut buf = ReadBuf::uninit(&mut space[..CHUNK.min(machine.max_chunk())]);
        let cause = match up.stream.poll_read(cx, &mut buf) {
            Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                machine.handle_received(now, id, buf.filled());
                return true;
            }
            Poll::Ready(Ok(())) => up.broken.take().map_or(LostCause::Eof, |broken| broken.cause),
            Poll::Ready(Err(error)) => lost_cause(&error, ""),
            Poll::Pending => match up.broken.take_if(|broken| broken.is_over(cx)) {
                Some(broken) => broken.cause,
                None => return false,
            },
        };
        self.lose(machine, now, id, cause)
    }

    fn lose<M: Endpoint>(
        &mut self,
        machine: &mut M,
        now: Instant,
        id: AttemptId,
        cause: LostCause,
    ) -> bool {
        self.link.state = State::Down;
        machine.handle_lost(now, id, cause);
        true
    }

    fn poll_timer<M: Endpoint>(
        &mut self,
        machine: &mut M,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
        let Some(until) = machine.poll_timeout() else { return false };
        if until <= now {
            machine.handle_timeout(now);
            return true;
        }
        // A deadline that moves away, as most do, is noticed when the old one fires.
        if self.timer.as_ref().is_none_or(|(armed, _)| until < *armed) {
            let Some(at) = self.clock.to_tokio(until) else { return false };
            match &mut self.timer {
                Some((armed, sleep)) => {
                    *armed = until;
                    sleep.as_mut().reset(at);
                }
                None => self.timer = Some((until, Box::pin(sleep_until(at)))),
            }
        }
        let fired =
            self.timer.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready());
        if fired {
            self.timer = None;
        }
        fired
    }
}
