//! Stream management (XEP-0198): what was sent and not acknowledged, what was received and handled,
//! and when to say so. One queue for both roles, which outlives transports.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
#[cfg(feature = "server")]
use alloc::vec::Vec;
use core::time::Duration;

use super::earliest;
use crate::Instant;
use crate::endpoint::{SendToken, StreamManagement};
use crate::stanza::Stanza;

/// What one entry takes beside its stanza, in bytes, for the limit.
const OVERHEAD: usize = 64;

/// The longest pause before an acknowledgement is asked for again that has not come.
const MAX_PATIENCE: Duration = Duration::from_secs(30);

/// A stanza that the peer has not acknowledged.
pub(crate) struct Entry {
    /// Whose stanza it is: without a token, the machine's own (a request, a reply).
    pub(crate) token: Option<SendToken>,
    pub(crate) stanza: Stanza,
    /// Its last byte stands before this position of the current transport. None if it was not
    /// handed to it.
    pub(crate) end: Option<u64>,
    /// Whether some transport took all of it: then the peer may have it.
    sent: bool,
    /// When it was sent first.
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "servers tell of it"))]
    pub(crate) at: Instant,
}

impl Entry {
    fn weight(&self) -> usize {
        self.stanza.element().weight() + OVERHEAD
    }

    /// Whether the peer may have the whole of it, given what the current transport has taken.
    pub(crate) fn may_have_arrived(&self, written: u64) -> bool {
        self.sent || self.end.is_some_and(|end| end <= written)
    }
}

/// The peer acknowledges what was never sent (XEP-0198 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooHigh {
    /// What it said.
    pub(crate) h: u32,
    /// The highest that it could say.
    pub(crate) sent: u32,
}

/// What names a session that may be resumed (XEP-0198 §5).
#[derive(Clone, Debug)]
pub(crate) struct Resumable {
    pub(crate) id: Box<str>,
    /// Where the server wants it to be resumed.
    pub(crate) location: Option<String>,
    /// How long the peer keeps it.
    pub(crate) max: Option<Duration>,
}

/// The state of a managed session.
pub(crate) struct Management {
    queue: VecDeque<Entry>,
    bytes: usize,
    /// The last `h` of the peer.
    acked: u32,
    /// Stanzas received since inbound counting has begun, modulo 2^32.
    received: u32,
    /// Of these, what is handled: taken by whoever is responsible.
    handled: u32,
    /// The last `h` that the peer was told.
    told: u32,
    /// Whether what comes in counts: `<enabled/>` was sent or has come.
    counts: bool,
    pub(crate) resumable: Option<Resumable>,
    /// Stanzas sent since an acknowledgement was asked for, and since when.
    unrequested: u32,
    unrequested_since: Option<Instant>,
    /// An acknowledgement was asked for at that moment, and has not come.
    asked: Option<Instant>,
    /// Answers in a row that acknowledged nothing.
    empty_answers: u32,
    /// The peer wants to know, no later than that.
    answer_due: Option<Instant>,
    /// Resumptions in a row without any acknowledgement.
    fruitless: u8,
}

impl Management {
    pub(crate) const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            acked: 0,
            received: 0,
            handled: 0,
            told: 0,
            counts: false,
            resumable: None,
            unrequested: 0,
            unrequested_since: None,
            asked: None,
            empty_answers: 0,
            answer_due: None,
            fruitless: 0,
        }
    }

    /// A session that was saved: its counters and what names it. What was not acknowledged is
    /// [restored](Self::restore) afterwards.
    pub(crate) fn restored(acked: u32, received: u32, resumable: Resumable) -> Self {
        Self {
            acked,
            received,
            handled: received,
            told: received,
            counts: true,
            resumable: Some(resumable),
            ..Self::new()
        }
    }

    /// What comes in counts from now on: `<enabled/>` was sent or has come (XEP-0198 §4).
    pub(crate) const fn start_counting(&mut self) {
        self.counts = true;
    }

    /// Whether both sides have agreed to manage the stream: until then nothing may be asked or told,
    /// for the server may still refuse (XEP-0198 §3).
    pub(crate) const fn is_agreed(&self) -> bool {
        self.counts
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Gives each stanza that somebody waits for another name: the session goes on in another machine.
    /// Hands out the names that they had.
    #[cfg(feature = "server")]
    pub(crate) fn rename(&mut self, mut name: impl FnMut() -> SendToken) -> Vec<SendToken> {
        let named = self.queue.iter_mut().filter_map(|entry| entry.token.as_mut());
        named.map(|token| core::mem::replace(token, name())).collect()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.queue.iter()
    }

    /// The last `h` of the peer.
    pub(crate) const fn acked(&self) -> u32 {
        self.acked
    }

    /// Stanzas received, as a resumption tells it: what waits for the application in this process
    /// is not to come again.
    pub(crate) const fn received(&self) -> u32 {
        self.received
    }

    /// The session to be resumed, and how many stanzas were received on it (XEP-0198 §5).
    pub(crate) fn to_resume(&self) -> Option<(&str, u32)> {
        self.resumable.as_ref().map(|resumable| (&*resumable.id, self.received))
    }

    /// As if so many stanzas had been acknowledged and received.
    #[cfg(all(test, feature = "server"))]
    pub(crate) const fn count_from(&mut self, acked: u32, received: u32) {
        self.acked = acked;
        self.received = received;
        self.handled = received;
        self.told = received;
    }

    /// Whether more may be sent, which the owner may ask for.
    pub(crate) fn has_room(&self, config: &StreamManagement) -> bool {
        self.queue.len() < config.max_unacked && self.bytes < config.max_unacked_bytes
    }

    /// Whether the peer has taken much more than it has acknowledged: what the machine itself owes
    /// has gone twice beyond the limit.
    pub(crate) fn is_overfull(&self, config: &StreamManagement) -> bool {
        self.queue.len() > config.max_unacked.saturating_mul(2)
            || self.bytes > config.max_unacked_bytes.saturating_mul(2)
    }

    /// Notes a stanza that goes out: `end` is the position behind its last byte, if it was handed to
    /// the transport.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        stanza: Stanza,
        token: Option<SendToken>,
        end: Option<u64>,
    ) {
        let entry = Entry { token, stanza, end, sent: false, at: now };
        self.bytes += entry.weight();
        self.queue.push_back(entry);
        if end.is_some() {
            self.unrequested = self.unrequested.saturating_add(1);
            self.unrequested_since.get_or_insert(now);
        }
    }

    /// Adds an entry of a session that was saved.
    pub(crate) fn restore(
        &mut self,
        now: Instant,
        stanza: Stanza,
        token: Option<SendToken>,
        sent: bool,
    ) {
        let entry = Entry { token, stanza, end: None, sent, at: now };
        self.bytes += entry.weight();
        self.queue.push_back(entry);
    }

    /// A stanza was received; its number, if it counts. It is handled once
    /// [`handled`](Self::handle) says so.
    pub(crate) const fn receive(&mut self) -> Option<u32> {
        if !self.counts {
            return None;
        }
        // XEP-0198 §4: from 2^32-1 it goes on with zero.
        self.received = self.received.wrapping_add(1);
        Some(self.received)
    }

    /// Everything up to before the stanza `waiting` is handled; all that was received if none waits.
    pub(crate) const fn handle(&mut self, waiting: Option<u32>) {
        self.handled = match waiting {
            Some(number) => number.wrapping_sub(1),
            None => self.received,
        };
    }

    /// The peer's `h`: how many of the oldest entries it covers (XEP-0198 §4).
    fn covered(&self, h: u32) -> Result<usize, TooHigh> {
        // Modulo 2^32; one that goes back is as wrong as one that is too high.
        let count = usize::try_from(h.wrapping_sub(self.acked)).unwrap_or(usize::MAX);
        // What waits for the next transport was not sent yet; it stands behind all that was.
        let was_sent = |entry: &Entry| entry.sent || entry.end.is_some();
        if count > self.queue.len()
            || (count > 0 && !self.queue.get(count - 1).is_some_and(was_sent))
        {
            let sent = self.queue.iter().take_while(|entry| was_sent(entry)).count();
            let sent = u32::try_from(sent).unwrap_or(u32::MAX);
            return Err(TooHigh { h, sent: self.acked.wrapping_add(sent) });
        }
        Ok(count)
    }

    /// The peer has handled everything up to `h`: hands out the entries that are done with. The
    /// answer to a request or not, it is one from now on.
    pub(crate) fn handle_ack(
        &mut self,
        now: Instant,
        h: u32,
    ) -> Result<impl Iterator<Item = Entry> + '_, TooHigh> {
        let count = self.covered(h)?;
        self.acked = h;
        if count > 0 {
            self.fruitless = 0;
            self.empty_answers = 0;
        }
        let left = self.queue.len() - count;
        if self.asked.take().is_some() && left > 0 && self.unrequested == 0 {
            // It has not handled all that was sent before it was asked: it is asked again, later.
            self.unrequested = 1;
            self.unrequested_since = Some(now);
            if count == 0 {
                self.empty_answers = self.empty_answers.saturating_add(1);
            }
        }
        if left == 0 {
            self.unrequested = 0;
            self.unrequested_since = None;
        }
        self.bytes -= self.queue.iter().take(count).map(Entry::weight).sum::<usize>();
        Ok(self.queue.drain(..count))
    }

    /// The transport is gone, after having taken `written` bytes.
    pub(crate) fn suspend(&mut self, written: u64) {
        for entry in &mut self.queue {
            entry.sent = entry.may_have_arrived(written);
            entry.end = None;
        }
        self.unrequested = 0;
        self.unrequested_since = None;
        self.asked = None;
        self.empty_answers = 0;
        self.answer_due = None;
    }

    /// The session goes on, on another transport: each entry is to be written again, in order.
    /// `write` says where it ends.
    pub(crate) fn replay(&mut self, now: Instant, mut write: impl FnMut(&Stanza) -> u64) {
        for entry in &mut self.queue {
            entry.end = Some(write(&entry.stanza));
        }
        // What was received when the stream was resumed was told then.
        self.told = self.received;
        if !self.queue.is_empty() {
            self.fruitless = self.fruitless.saturating_add(1);
            self.unrequested = u32::MAX;
            self.unrequested_since = Some(now);
        }
    }

    /// Whether it was resumed in vain too often.
    pub(crate) const fn is_fruitless(&self, config: &StreamManagement) -> bool {
        self.fruitless >= config.max_replays
    }

    /// What the owner has sent and the peer has not acknowledged, in order, each with the moment at
    /// which it was sent.
    #[cfg(feature = "server")]
    pub(crate) fn take_owned(&mut self) -> impl Iterator<Item = (Instant, Stanza)> + use<> {
        let entries = self.take_all().into_iter();
        entries.filter(|entry| entry.token.is_some()).map(|entry| (entry.at, entry.stanza))
    }

    /// Everything that is not acknowledged, in order.
    pub(crate) fn take_all(&mut self) -> VecDeque<Entry> {
        self.bytes = 0;
        core::mem::take(&mut self.queue)
    }

    /// The peer asks (XEP-0198 §4).
    pub(crate) fn handle_request(&mut self, now: Instant, config: &StreamManagement) {
        let until = if self.handled == self.received { now } else { now + config.answer_within };
        self.answer_due = Some(self.answer_due.map_or(until, |due| due.min(until)));
    }

    /// The `h` to be told now, if it is time for that. What it says is told then.
    pub(crate) fn take_answer(&mut self, now: Instant, config: &StreamManagement) -> Option<u32> {
        let is_due = match self.answer_due {
            Some(until) => until <= now || self.handled == self.received,
            None => self.untold() >= config.ack_every.max(1),
        };
        is_due.then(|| self.take_last_answer())
    }

    /// The `h` to be told before the stream ends.
    pub(crate) const fn take_last_answer(&mut self) -> u32 {
        self.answer_due = None;
        // Never back: what was received counts from a resumption on, taken or not.
        if self.untold() > 0 {
            self.told = self.handled;
        }
        self.told
    }

    /// The `h` for a peer that has closed its stream: the owner is still to take what waits, and
    /// will.
    pub(crate) const fn take_final_answer(&mut self) -> u32 {
        self.handled = self.received;
        self.take_last_answer()
    }

    /// How many stanzas are handled that the peer was not told of.
    const fn untold(&self) -> u32 {
        let untold = self.handled.wrapping_sub(self.told);
        if untold > u32::MAX / 2 { 0 } else { untold }
    }

    /// Whether an acknowledgement is to be asked for now. It counts as asked for then.
    pub(crate) fn take_request(&mut self, now: Instant, config: &StreamManagement) -> bool {
        // One that has not much room left must not wait for the time to pass.
        let is_tight = self.queue.len() >= config.max_unacked.div_ceil(2)
            || self.bytes >= config.max_unacked_bytes.div_ceil(2);
        let is_due = self.counts
            && self.asked.is_none()
            && (self.unrequested >= config.request_every.max(1)
                || (self.unrequested > 0 && is_tight)
                || self.request_due(config).is_some_and(|due| due <= now));
        if is_due {
            self.ask(now);
        }
        is_due
    }

    /// An acknowledgement is asked for, whatever was sent.
    pub(crate) const fn ask(&mut self, now: Instant) {
        self.asked = Some(now);
        self.unrequested = 0;
        self.unrequested_since = None;
    }

    fn request_due(&self, config: &StreamManagement) -> Option<Instant> {
        if self.asked.is_some() || !self.counts {
            return None;
        }
        // Who has not handled it yet need not be asked all the time.
        let after = config.request_after;
        let patient = after.saturating_mul(1 << self.empty_answers.min(16)).min(MAX_PATIENCE);
        self.unrequested_since.map(|since| since + after.max(patient))
    }

    /// Nobody has heard what the peer says for a while: its time begins anew.
    pub(crate) fn hear_again(&mut self, now: Instant) {
        self.asked = self.asked.map(|_| now);
    }

    /// When the peer has owed an acknowledgement for too long.
    pub(crate) fn overdue(&self, config: &StreamManagement) -> Option<Instant> {
        self.asked.map(|since| since + config.ack_timeout)
    }

    /// When something is to be said next.
    pub(crate) fn timer(&self, config: &StreamManagement) -> Option<Instant> {
        earliest([self.request_due(config), self.answer_due])
    }
}

#[cfg(test)]
mod tests;
