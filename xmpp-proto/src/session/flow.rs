//! Stanzas both ways on one stream: what is the same whichever end we are.

#[cfg(feature = "server")]
mod handover;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::time::Duration;

#[cfg(feature = "server")]
pub(crate) use handover::Carried;

use super::{
    Liveness, Management, Queries, Requests, Resumable, Silence, Soonest, TooHigh, Unwritten,
};
use crate::Instant;
use crate::endpoint::{
    Completion, IqToken, Keepalive, Misuse, Outcome, PeerFault, Query, Rejected, Request,
    RequestError, SendToken, StreamManagement, Timer, Unacked,
};
use crate::jid::{FullJid, Jid};
use crate::ns;
use crate::rng::{Rng, Seed};
use crate::stanza::{Condition, Iq, IqBuilder, Stanza, StanzaError};
use crate::stream::{Outbox, read_bool, read_h};
use crate::xml::{Element, ElementRef, Limits, Parser};

/// Stanzas of more bytes than this leave buffers behind that are given back when the stream is at
/// rest.
const KEPT: u64 = 32 * 1024;

/// How much may wait, and how long: the part of a machine's configuration that [`Flow`] keeps to.
#[derive(Clone, Copy)]
pub(crate) struct FlowLimits {
    pub(crate) request_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) max_requests: usize,
    pub(crate) max_queries: usize,
    pub(crate) output_limit: usize,
    pub(crate) max_chunk: usize,
    pub(crate) management: StreamManagement,
    pub(crate) keepalive: Keepalive,
}

/// XEP-0198 §5: the name of a session should not be longer.
const MAX_SM_ID: usize = 4000;

/// What the machine itself asks has this bit in its token: nobody waits for the answer.
const OWN: u64 = 1 << 63;

const fn is_own(token: IqToken) -> bool {
    token.0 & OWN != 0
}

/// How to ask the peer for a sign of life.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'a> {
    pub(crate) from: Option<&'a Jid>,
    pub(crate) to: Option<&'a Jid>,
}

/// One stream's bytes in and out, and what waits on either side of them.
///
/// It does not know whether stanzas may be sent: the machine around it does, and says so where it
/// matters.
pub(crate) struct Flow {
    pub(crate) now: Instant,
    pub(crate) rng: Rng,
    pub(crate) parser: Parser,
    /// Bytes received since the parser last said that it needs more.
    pub(crate) undigested: usize,
    /// The longest item, in bytes, since buffers were last given back.
    longest: u64,
    pub(crate) out: Outbox,
    pub(crate) completions: VecDeque<Completion>,
    requests: Requests,
    queries: Queries,
    unwritten: Unwritten,
    /// The state of stream management, where that is on (XEP-0198). It outlives transports.
    pub(crate) management: Option<Box<Management>>,
    liveness: Liveness,
    /// How a dead link is told on this stream.
    keepalive: Keepalive,
    /// Whether stanzas go out at once. While a session is suspended they are kept.
    connected: bool,
    /// The longest stanza, in bytes, that the peer takes (XEP-0478).
    max_stanza: Option<usize>,
    next_token: u64,
    /// When those stanzas were sent that were handed back in the end.
    #[cfg(feature = "domain")]
    pub(crate) returned: VecDeque<(SendToken, Instant)>,
    pub(crate) limits: FlowLimits,
}

impl Flow {
    pub(crate) fn new(limits: FlowLimits, xml: Limits, seed: Seed, now: Instant) -> Self {
        Self {
            now,
            rng: Rng::new(seed),
            parser: Parser::new(xml),
            undigested: 0,
            longest: 0,
            out: Outbox::new(),
            completions: VecDeque::new(),
            requests: Requests::default(),
            queries: Queries::default(),
            unwritten: Unwritten::default(),
            management: None,
            liveness: Liveness::default(),
            keepalive: limits.keepalive,
            connected: false,
            max_stanza: None,
            next_token: 0,
            #[cfg(feature = "domain")]
            returned: VecDeque::new(),
            limits,
        }
    }

    /// Time never goes back.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Appends what came in. False if that is more than was asked for.
    #[must_use]
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> bool {
        if self.undigested + bytes.len() > self.limits.max_chunk {
            return false;
        }
        self.undigested += bytes.len();
        self.liveness.received(self.now);
        self.parser.push(bytes);
        true
    }

    /// The parser has just given out an item.
    pub(crate) fn took_item(&mut self) {
        let span = self.parser.span();
        self.longest = self.longest.max(span.end - span.start);
    }

    /// All that was received is digested. A peer that sends a large stanza and falls silent must not
    /// keep the memory that it took: others have streams, too.
    pub(crate) fn rest(&mut self) {
        self.undigested = 0;
        if self.longest > KEPT && self.parser.unread() == 0 {
            self.longest = 0;
            self.parser.shrink();
        }
    }

    /// The transport took the first `n` bytes of the output.
    pub(crate) fn handle_written(&mut self, n: usize) {
        self.out.consume(n);
        self.liveness.sent(self.now);
        self.report_written();
    }

    fn report_written(&mut self) {
        while let Some(token) = self.unwritten.take_written(self.out.written()) {
            let outcome = Outcome::Written;
            self.completions.push_back(Completion::Outcome { token, outcome });
        }
    }

    /// Not the high-water mark, which is for what the application sends: two peers that both have
    /// much to say must both go on reading, or neither ever writes again. Above it there is room
    /// for what the machine itself answers; only a peer that takes no answers fills that.
    pub(crate) fn is_output_full(&self) -> bool {
        self.out.len() > self.limits.output_limit
    }

    fn check_room(&self, open: bool) -> Result<(), Misuse> {
        if !open {
            return Err(Misuse::NotOnline);
        }
        if self.is_output_full() {
            return Err(Misuse::OutputFull);
        }
        match &self.management {
            Some(management) if !management.has_room(&self.limits.management) => {
                Err(Misuse::TooManyUnacked)
            }
            _ => Ok(()),
        }
    }

    /// Whether the queue of what is not acknowledged has room for more.
    pub(crate) fn has_room(&self) -> bool {
        let config = &self.limits.management;
        self.management.as_ref().is_none_or(|management| management.has_room(config))
    }

    /// XEP-0478: what is longer than the peer takes would end the stream.
    fn check_length(&self, stanza: &Element) -> Result<(), Misuse> {
        let Some(max) = self.max_stanza else { return Ok(()) };
        // The longest that a byte gets by escaping is six.
        if stanza.weight() <= max / 6 {
            return Ok(());
        }
        let bytes = stanza.to_xml().len();
        if bytes > max { Err(Misuse::TooLong { bytes, max }) } else { Ok(()) }
    }

    /// Sends a stanza, which the machine around allows: now, or when the session goes on.
    pub(crate) fn put(&mut self, stanza: Stanza, token: Option<SendToken>) {
        if self.connected {
            self.out.write(stanza.element().as_ref());
        }
        let end = self.out.end();
        match &mut self.management {
            Some(management) => {
                management.push(self.now, stanza, token, self.connected.then_some(end));
                self.ask_if_due();
            }
            None => {
                if let Some(token) = token {
                    self.unwritten.push(end, token, stanza);
                }
            }
        }
    }

    fn take_token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    pub(crate) fn send(
        &mut self,
        stanza: Stanza,
        open: bool,
    ) -> Result<SendToken, Rejected<Stanza>> {
        let checked = self.check_room(open).and_then(|()| self.check_length(stanza.element()));
        if let Err(why) = checked {
            return Err(Rejected { item: stanza, why });
        }
        let token = SendToken(self.take_token());
        self.put(stanza, Some(token));
        Ok(token)
    }

    /// Sends a request, with `from` as its sender where the other side does not know it.
    pub(crate) fn request(
        &mut self,
        request: Request,
        from: Option<&Jid>,
        open: bool,
    ) -> Result<IqToken, Rejected<Request>> {
        if let Err(why) = self.check_room(open) {
            return Err(Rejected { item: request, why });
        }
        if self.requests.len() >= self.limits.max_requests {
            return Err(Rejected { item: request, why: Misuse::TooManyRequests });
        }
        let id = self.rng.id();
        let payload = request.payload.clone();
        let iq = if request.set { Iq::set(&id, payload) } else { Iq::get(&id, payload) };
        let built = addressed(iq, request.to.as_ref(), from)
            .build()
            .map_err(|error| Misuse::Invalid(error.into()));
        match built.and_then(|iq| self.check_length(iq.element()).map(|()| iq)) {
            Ok(iq) => self.put(iq.into(), None),
            Err(why) => return Err(Rejected { item: request, why }),
        }
        let token = IqToken(self.take_token());
        let timeout = request.timeout.unwrap_or(self.limits.request_timeout);
        self.requests.insert(&id, token, request.to, self.now + timeout);
        Ok(token)
    }

    pub(crate) fn answer(
        &mut self,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
        open: bool,
    ) -> Result<SendToken, Rejected<Query>> {
        if !self.queries.contains(query.token) {
            return Err(Rejected { item: query, why: Misuse::UnknownQuery });
        }
        let reply = match answer {
            Ok(payload) => query.iq.result(payload),
            Err(error) => query.iq.error_reply(error),
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return Err(Rejected { item: query, why: Misuse::Invalid(error) }),
        };
        match self.send(reply.into(), open) {
            Ok(token) => {
                self.queries.remove(query.token);
                Ok(token)
            }
            Err(rejected) => Err(Rejected { item: query, why: rejected.why }),
        }
    }

    /// Notes a query that the application is to answer; without room for it, it is refused.
    pub(crate) fn take_query(&mut self, iq: Iq) -> Option<Query> {
        if self.queries.len() >= self.limits.max_queries {
            self.refuse(&iq);
            return None;
        }
        let token = self.queries.insert(iq.clone(), self.now + self.limits.answer_timeout);
        Some(Query { token, iq })
    }

    /// RFC 6120 §8.2.3: an entity that does not understand a request says so.
    pub(crate) fn refuse(&mut self, iq: &Iq) {
        if let Ok(reply) = iq.error_reply(Condition::ServiceUnavailable) {
            self.put(reply.into(), None);
        }
    }

    /// Takes in what may be the answer to a request that was sent on behalf of, or to, `own`. What
    /// nobody waits for, or what comes from somebody else, is handed back (RFC 6120 §8.2.3).
    pub(crate) fn handle_answer(&mut self, iq: Iq, own: &FullJid) -> Result<(), Iq> {
        let Some(token) = self.requests.take(&iq, own) else { return Err(iq) };
        if is_own(token) {
            return Ok(());
        }
        let result = match iq.error() {
            Some(error) => Err(RequestError::Stanza(error)),
            None => Ok(iq),
        };
        self.completions.push_back(Completion::Reply { token, result });
        Ok(())
    }

    /// Gives up what has waited too long, and says what is to be said by now.
    ///
    /// False if the peer is silent although it was asked: the link is dead.
    #[must_use]
    pub(crate) fn handle_timeout(&mut self, open: bool, probe: Probe<'_>) -> bool {
        while let Some(token) = self.requests.take_due(self.now) {
            if !is_own(token) {
                let result = Err(RequestError::TimedOut);
                self.completions.push_back(Completion::Reply { token, result });
            }
        }
        while let Some(iq) = self.queries.take_due(self.now) {
            if open {
                self.refuse(&iq);
            }
        }
        if !self.connected {
            return true;
        }
        if self.ack_overdue().is_some_and(|due| due <= self.now) {
            return false;
        }
        self.answer_if_due();
        self.ask_if_due();
        // What is due at the same moment is done at the same moment.
        while let Some(silence) = self.liveness.due(&self.keepalive, self.now) {
            match silence {
                Silence::Dead => return false,
                Silence::Ask => self.probe(probe),
                Silence::Space => {
                    self.out.write_raw(|out| out.push(b' '));
                    self.liveness.sent(self.now);
                }
            }
        }
        self.liveness.arm(&self.keepalive);
        true
    }

    /// Asks the peer for a sign of life: an acknowledgement (XEP-0198 §4), or a ping (XEP-0199).
    pub(crate) fn probe(&mut self, probe: Probe<'_>) {
        if self.liveness.is_asked() {
            return;
        }
        self.liveness.asked(self.now);
        if let Some(management) = self.management.as_mut().filter(|it| it.is_agreed()) {
            management.ask(self.now);
            return self.write_nonza("r", None);
        }
        let Ok(payload) = Element::builder("ping", ns::PING).build() else { return };
        let id = self.rng.id();
        let iq = addressed(Iq::get(&id, payload), probe.to, probe.from);
        let Ok(iq) = iq.build() else { return };
        self.put(iq.into(), None);
        let until = self.now + self.limits.request_timeout;
        let token = IqToken(OWN | self.take_token());
        self.requests.insert(&id, token, probe.to.cloned(), until);
    }

    #[inline]
    pub(crate) fn timers(&self, others: Soonest) -> Soonest {
        let soonest = others
            .or(Timer::Request, self.requests.poll_timeout())
            .or(Timer::Answer, self.queries.poll_timeout());
        if !self.connected {
            return soonest;
        }
        let acks = self.management.as_ref();
        let acks = acks.and_then(|management| management.timer(&self.limits.management));
        soonest
            .or(Timer::Acknowledge, acks)
            .or(Timer::Keepalive, self.ack_overdue())
            .or(Timer::Keepalive, self.liveness.timer(&self.keepalive))
    }

    /// A stream is negotiated: stanzas go out from now on.
    pub(crate) fn go_online(&mut self) {
        self.connected = true;
        self.liveness.start(self.now, &self.keepalive);
    }

    /// What is sent from now on is managed (XEP-0198 §3): `<enable/>` or `<enabled/>` was written.
    pub(crate) fn manage(&mut self) {
        self.management = Some(Box::new(Management::new()));
    }

    /// Takes over the state of a session from elsewhere.
    pub(crate) fn restore(&mut self, mut management: Management, unacked: Vec<Unacked>) {
        for Unacked { stanza, awaited, sent } in unacked {
            let token = awaited.then(|| SendToken(self.take_token()));
            management.restore(self.now, stanza, token, sent);
        }
        self.management = Some(Box::new(management));
    }

    /// The state of the session is in somebody else's hands, and so is what it holds.
    pub(crate) fn save(&mut self) {
        if let Some(management) = self.management.take() {
            self.tell_saved(&management);
        }
    }

    /// What a session holds that goes on elsewhere has its outcome here.
    fn tell_saved(&mut self, management: &Management) {
        for token in management.entries().filter_map(|entry| entry.token) {
            let outcome = Outcome::Saved;
            self.completions.push_back(Completion::Outcome { token, outcome });
        }
    }

    /// The peer will not manage the stream: what was sent is as if it had not been asked to.
    pub(crate) fn unmanage(&mut self) {
        let Some(mut management) = self.management.take() else { return };
        for entry in management.take_all() {
            let arrived = entry.may_have_arrived(0);
            match (entry.token, entry.end) {
                (None, _) => {}
                (Some(token), Some(end)) => self.unwritten.push(end, token, entry.stanza),
                // The transport is gone already.
                (Some(token), None) => {
                    let outcome =
                        if arrived { Outcome::Written } else { Outcome::Failed(entry.stanza) };
                    self.completions.push_back(Completion::Outcome { token, outcome });
                }
            }
        }
        self.report_written();
    }

    /// The server manages the stream (XEP-0198 §3): what comes in counts from now on. Its name, if it
    /// may be resumed, is opaque, and no longer than it should be.
    pub(crate) fn handle_enabled(&mut self, enabled: ElementRef<'_>) {
        let wanted = self.limits.management.resume;
        let Some(management) = &mut self.management else { return };
        if management.is_agreed() {
            return;
        }
        management.start_counting();
        let id = enabled.attr("id").filter(|id| !id.is_empty() && id.len() <= MAX_SM_ID);
        management.resumable = match id {
            Some(id) if wanted && read_bool(enabled, "resume") => Some(Resumable {
                id: id.into(),
                location: enabled.attr("location").map(Cow::into_owned),
                max: enabled
                    .attr("max")
                    .and_then(|max| max.trim().parse().ok())
                    .map(Duration::from_secs),
            }),
            _ => None,
        };
        self.ask_if_due();
    }

    /// Whether the server has not yet said whether it manages the stream.
    pub(crate) fn awaits_agreement(&self) -> bool {
        self.management.as_ref().is_some_and(|management| !management.is_agreed())
    }

    /// What the peer has announced of its limits (XEP-0478): how long stanzas may be, and how long we
    /// may be silent.
    pub(crate) fn keep_to(&mut self, (bytes, idle): (Option<usize>, Option<u64>)) {
        self.max_stanza = bytes;
        self.keepalive = self.limits.keepalive;
        if let Some(idle) = idle.filter(|idle| *idle > 0) {
            // What counts there is what we send, however much is received.
            let often = Duration::from_secs(idle) / 2;
            let space = &mut self.keepalive.whitespace;
            *space = Some(space.map_or(often, |after| after.min(often)));
        }
        self.liveness.arm(&self.keepalive);
    }

    /// Whether what comes is read. While it is not, silence says nothing about the peer.
    #[inline]
    pub(crate) fn listen(&mut self, listens: bool) {
        if listens
            && self.liveness.is_deaf()
            && let Some(management) = &mut self.management
        {
            management.hear_again(self.now);
        }
        self.liveness.listen(listens);
    }

    /// When the peer has owed an acknowledgement for too long, whatever else it says.
    fn ack_overdue(&self) -> Option<Instant> {
        let management = self.management.as_ref().filter(|_| !self.liveness.is_deaf());
        management.and_then(|management| management.overdue(&self.limits.management))
    }

    /// A stanza has come. Its number, if it counts.
    pub(crate) fn count(&mut self) -> Option<u32> {
        self.management.as_mut()?.receive()
    }

    /// Says what has been handled: everything before the stanza `waiting`, or all of it.
    pub(crate) fn settle(&mut self, waiting: Option<u32>) {
        if let Some(management) = &mut self.management {
            management.handle(waiting);
            self.answer_if_due();
        }
    }

    /// An element of stream management that both roles know: an acknowledgement or the request for
    /// one. False if it is neither.
    ///
    /// # Errors
    ///
    /// If the acknowledgement cannot be true.
    pub(crate) fn handle_nonza(&mut self, element: ElementRef<'_>) -> Result<bool, PeerFault> {
        match element.name() {
            "r" => {
                if let Some(management) = &mut self.management {
                    management.handle_request(self.now, &self.limits.management);
                    self.answer_if_due();
                }
                Ok(true)
            }
            "a" => {
                let h = read_h(element).ok_or(PeerFault::BadAck)?;
                self.handle_ack(h)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Everything up to `h` is acknowledged (XEP-0198 §4).
    pub(crate) fn handle_ack(&mut self, h: u32) -> Result<(), PeerFault> {
        let Some(management) = &mut self.management else { return Ok(()) };
        let acked = management.handle_ack(self.now, h);
        let too_high = |TooHigh { h, sent }| PeerFault::AckTooHigh { h, sent };
        for token in acked.map_err(too_high)?.filter_map(|entry| entry.token) {
            let outcome = Outcome::Acked;
            self.completions.push_back(Completion::Outcome { token, outcome });
        }
        self.ask_if_due();
        Ok(())
    }

    /// The session goes on, on this transport: what the peer has not handled goes out again
    /// (XEP-0198 §5).
    ///
    /// # Errors
    ///
    /// If the peer cannot have handled that many.
    pub(crate) fn resume(&mut self, h: u32) -> Result<(), PeerFault> {
        self.go_online();
        self.handle_ack(h)?;
        let (out, now) = (&mut self.out, self.now);
        if let Some(management) = &mut self.management {
            management.replay(now, |stanza| {
                out.write(stanza.element().as_ref());
                out.end()
            });
        }
        self.ask_if_due();
        Ok(())
    }

    /// Whether the peer has acknowledged so little that what the machine owes piles up.
    pub(crate) fn is_overfull(&self) -> bool {
        let config = &self.limits.management;
        self.management.as_ref().is_some_and(|management| management.is_overfull(config))
    }

    /// Before the stream is closed: what was handled, and the wish to know the same of the peer
    /// (XEP-0198 §4).
    pub(crate) fn part(&mut self) {
        let Some(management) = self.management.as_mut().filter(|it| it.is_agreed()) else { return };
        let h = management.take_last_answer();
        let asks = management.len() > 0;
        self.write_nonza("a", Some(h));
        if asks {
            self.write_nonza("r", None);
        }
    }

    /// Before the closing tag that answers the peer's: how much of what has come is, or will be,
    /// handled (XEP-0198 §4).
    pub(crate) fn take_leave(&mut self) {
        let agreed = |management: &&mut Box<Management>| management.is_agreed();
        let management = self.management.as_mut().filter(|_| self.connected).filter(agreed);
        if let Some(h) = management.map(|management| management.take_final_answer()) {
            self.write_nonza("a", Some(h));
        }
    }

    /// The closing tag is written: nothing may follow it (RFC 6120 §4.4), no answer, no question, no
    /// space.
    pub(crate) const fn seal(&mut self) {
        self.connected = false;
    }

    fn answer_if_due(&mut self) {
        let (now, config) = (self.now, &self.limits.management);
        let management = self.management.as_mut().filter(|_| self.connected);
        if let Some(h) = management.and_then(|management| management.take_answer(now, config)) {
            self.write_nonza("a", Some(h));
        }
    }

    fn ask_if_due(&mut self) {
        let (now, config) = (self.now, &self.limits.management);
        let management = self.management.as_mut().filter(|_| self.connected);
        if management.is_some_and(|management| management.take_request(now, config)) {
            self.write_nonza("r", None);
            self.liveness.asked(now);
        }
    }

    fn write_nonza(&mut self, name: &str, h: Option<u32>) {
        self.out.write_raw(|out| {
            let mut text = alloc::string::String::with_capacity(48);
            let _ = match h {
                Some(h) => write!(text, "<{name} xmlns='{}' h='{h}'/>", ns::SM),
                None => write!(text, "<{name} xmlns='{}'/>", ns::SM),
            };
            out.extend_from_slice(text.as_bytes());
        });
    }

    /// The transport is gone: what is sent from now on is kept, if the session is.
    pub(crate) fn disconnect(&mut self) {
        self.connected = false;
        if let Some(management) = &mut self.management {
            management.suspend(self.out.written());
        }
        self.out.reset();
    }

    /// The transport is gone, and with it all bytes on their way.
    pub(crate) fn reset(&mut self) {
        self.disconnect();
        self.undigested = 0;
        self.parser.reset();
    }

    /// The session is over: every token gets its completion.
    pub(crate) fn end(&mut self) {
        self.queries.clear();
        self.fail_unwritten();
        let written = self.out.written();
        #[cfg(feature = "domain")]
        self.returned.clear();
        if let Some(mut management) = self.management.take() {
            for entry in management.take_all() {
                let arrived = entry.may_have_arrived(written);
                let Some(token) = entry.token else { continue };
                #[cfg(feature = "domain")]
                self.returned.push_back((token, entry.at));
                let outcome = if arrived {
                    Outcome::Unacked(entry.stanza)
                } else {
                    Outcome::Failed(entry.stanza)
                };
                self.completions.push_back(Completion::Outcome { token, outcome });
            }
        }
        for token in self.requests.take_all() {
            if !is_own(token) {
                let result = Err(RequestError::Disconnected);
                self.completions.push_back(Completion::Reply { token, result });
            }
        }
    }

    /// Hands back what the transport has not taken.
    pub(crate) fn fail_unwritten(&mut self) {
        for (token, stanza) in self.unwritten.take_all() {
            let outcome = Outcome::Failed(stanza);
            self.completions.push_back(Completion::Outcome { token, outcome });
        }
    }
}

/// A request with its addresses, as far as they are to be said.
fn addressed(mut iq: IqBuilder, to: Option<&Jid>, from: Option<&Jid>) -> IqBuilder {
    if let Some(to) = to {
        iq = iq.to(to.clone());
    }
    if let Some(from) = from {
        iq = iq.from(from.clone());
    }
    iq
}
