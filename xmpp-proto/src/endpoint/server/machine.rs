//! The server as an [`Endpoint`]: what the world does to it, and how it digests input.

use alloc::borrow::ToOwned;

use super::super::{
    Action, AttemptId, Completion, ConnInfo, DnsRecords, Ended, Endpoint, LostCause, Misuse,
    PeerFault, Phase, Reason, Shutdown, Timer, TlsInfo,
};
use super::{
    AskBind, AskCredentials, AskIdentity, AskResume, Link, Server, ServerEvent, ServerTls, Vec,
};
use crate::Instant;
use crate::jid::{BareJid, FullJid, Jid};
use crate::negotiate::{
    Question, ServerCx, ServerNegotiation, ServerVerdict, bounded, unknown_element,
};
use crate::ns;
use crate::session::Probe;
use crate::stanza::{Condition, Iq, IqType, Stanza};
use crate::stream::{CLOSE, StreamCondition, StreamError};
use crate::trace;
use crate::xml::{Element, ElementRef, Item};

/// Items digested in one piece of work.
const BATCH: usize = 64;

impl Endpoint for Server {
    type Event = ServerEvent;

    /// Does nothing: a server asks for no records.
    fn handle_resolved(&mut self, now: Instant, _: AttemptId, _: DnsRecords) {
        self.flow.advance(now);
    }

    fn handle_connected(&mut self, now: Instant, id: AttemptId, info: ConnInfo) {
        self.flow.advance(now);
        if id != Self::LINK || !matches!(self.link, Link::New) {
            return;
        }
        if let Some(entropy) = &info.entropy {
            self.flow.rng.mix(entropy);
        }
        if self.config.tls == ServerTls::Direct {
            self.link = Link::Securing;
            self.actions.push_back(Action::SecureServer { id, domain: None });
        } else {
            self.link = Link::Negotiating(ServerNegotiation::new(false));
        }
    }

    fn handle_secured(&mut self, now: Instant, id: AttemptId, tls: TlsInfo) {
        self.flow.advance(now);
        if id != Self::LINK {
            return;
        }
        match &mut self.link {
            Link::Securing => self.link = Link::Negotiating(ServerNegotiation::new(true)),
            Link::Negotiating(negotiation) if negotiation.is_securing() => {
                // RFC 6120 §5.4.3.3: nothing learnt before TLS may survive.
                negotiation.handle_secured();
                self.flow.parser.reset();
                self.flow.undigested = 0;
            }
            _ => return,
        }
        self.tls = Some(tls);
    }

    fn handle_received(&mut self, now: Instant, id: AttemptId, bytes: &[u8]) {
        self.flow.advance(now);
        if id != Self::LINK || bytes.is_empty() {
            return;
        }
        match &self.link {
            Link::New | Link::Flushing(_) | Link::Lost(_) | Link::Suspended(_) | Link::Over => {
                return;
            }
            Link::Securing => return self.abort(Reason::Peer(PeerFault::DataAfterStartTls)),
            Link::Negotiating(negotiation) if negotiation.is_securing() => {
                return self.abort(Reason::Peer(PeerFault::DataAfterStartTls));
            }
            Link::Negotiating(_) | Link::Online | Link::Closing { .. } => {}
        }
        if let Some(limit) = self.config.rate {
            self.budget.spend(limit, bytes.len(), self.flow.now);
        }
        if !self.flow.receive(bytes) {
            self.fail(Reason::InputOverflow);
        }
    }

    fn handle_written(&mut self, now: Instant, id: AttemptId, n: usize) {
        self.flow.advance(now);
        if id == Self::LINK {
            self.flow.handle_written(n);
        }
    }

    fn handle_lost(&mut self, now: Instant, id: AttemptId, cause: LostCause) {
        self.flow.advance(now);
        if id != Self::LINK {
            return;
        }
        let ended = match &self.link {
            Link::Over | Link::Lost(_) | Link::Suspended(_) => return,
            Link::Flushing(ended) => return self.finish(ended.clone()),
            // RFC 6120 §4.4: some peers close TCP instead of answering the closing tag.
            Link::Closing { .. } if self.flow.out.is_empty() => self.ended(Reason::ClosedByUs),
            _ => self.ended(Reason::Transport(cause)),
        };
        // A peer that sends much and leaves: what it sent before is still delivered. What it sent
        // before it was somebody is not worth an answer any more.
        if self.flow.undigested > 0 && self.jid.is_some() {
            self.link = Link::Lost(ended);
            self.deadline = None;
            self.flow.disconnect();
            if self.flow.is_resumable() {
                self.arm_resumption();
            }
            // Whoever waits for these must not wait for the owner to take events.
            self.flow.fail_unwritten();
        } else {
            self.finish(ended);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.flow.advance(now);
        // What follows from a deadline may have no time at all, such as a close with a limit of zero.
        while let Some((timer, at)) = self.deadline
            && at <= self.flow.now
        {
            self.deadline = None;
            self.give_up(timer);
        }
        let _ = self.negotiate(|negotiation, cx| Ok(negotiation.give_up_question(cx)));
        let probe = Probe { from: self.domain.as_deref(), to: self.jid.as_deref() };
        if !self.flow.handle_timeout(self.is_open(), probe) {
            // Nobody is there to be told.
            self.abort(Reason::TimedOut(Timer::Keepalive));
        }
        self.check_acks();
    }

    fn poll_action(&mut self) -> Option<Action> {
        // The barrier: TLS starts on the byte after the last one written in the clear.
        let barrier = matches!(self.actions.front(), Some(Action::SecureServer { .. }));
        if barrier && !self.flow.out.is_empty() {
            return None;
        }
        self.actions.pop_front()
    }

    fn poll_completion(&mut self) -> Option<Completion> {
        self.flow.completions.pop_front()
    }

    fn poll_event(&mut self) -> Option<ServerEvent> {
        let event = self.events.pop()?;
        // XEP-0198 §4: the owner has taken over the responsibility for it.
        self.settle();
        self.flow.listen(self.has_event_room());
        Some(event)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next_timer().map(|(_, at)| at)
    }

    fn work(&mut self) -> bool {
        if self.has_login_work() {
            let _ = self.negotiate(|negotiation, cx| Ok(negotiation.work(cx)));
        } else {
            for _ in 0..BATCH {
                if !self.can_digest() {
                    break;
                }
                self.digest();
            }
        }
        self.flow.listen(self.has_event_room());
        if self.flow.out.is_empty()
            && let Link::Flushing(ended) = &self.link
        {
            let ended = ended.clone();
            self.disconnect(ended, Shutdown::Flush);
        }
        // What was digested may have been a login that takes work to check.
        self.has_login_work() || self.can_digest()
    }

    fn outgoing(&self) -> &[u8] {
        match &self.link {
            Link::Lost(_) => &[],
            _ => self.flow.out.as_slice(),
        }
    }

    fn wants_read(&self) -> bool {
        match &self.link {
            Link::Negotiating(negotiation) => !negotiation.is_waiting() && self.has_input_room(),
            Link::Online | Link::Closing { .. } => self.has_input_room(),
            // Read and dropped: unread bytes would make TCP reset what we still have to say.
            Link::Flushing(_) => true,
            Link::New | Link::Securing | Link::Lost(_) | Link::Suspended(_) | Link::Over => false,
        }
    }

    fn max_chunk(&self) -> usize {
        self.config.max_chunk
    }
}

/// What came out of the parser, free of its buffers.
enum Digested {
    Verdict(Result<ServerVerdict, Reason>),
    /// A stanza, and who it is from.
    Stanza(Element, Jid),
    /// An element of stream management.
    Management(Element),
    Reported(StreamError),
    Close,
    Ignored,
}

impl Server {
    /// Takes a step of the negotiation, if there is one, and follows its verdict.
    pub(super) fn negotiate(
        &mut self,
        step: impl FnOnce(
            &mut ServerNegotiation,
            &mut ServerCx<'_>,
        ) -> Result<Result<ServerVerdict, Reason>, Misuse>,
    ) -> Result<(), Misuse> {
        let (Link::Negotiating(negotiation), mut cx) = self.parts() else {
            return Err(Misuse::UnknownQuestion);
        };
        match step(negotiation, &mut cx)? {
            Ok(verdict) => self.follow(verdict),
            Err(reason) => self.fail(reason),
        }
        Ok(())
    }

    /// The state, and what a negotiation in it needs.
    fn parts(&mut self) -> (&mut Link, ServerCx<'_>) {
        let cx = ServerCx {
            config: &self.config,
            out: &mut self.flow.out,
            rng: &mut self.flow.rng,
            tls: self.tls.as_ref(),
            now: self.flow.now,
        };
        (&mut self.link, cx)
    }

    /// The moment until which the client has sent enough.
    pub(super) fn exhausted_until(&self) -> Option<Instant> {
        let limit = self.config.rate?;
        // Once nothing is read for it, nobody needs to be woken up for it.
        match &self.link {
            Link::Negotiating(_) | Link::Online | Link::Closing { .. } => {
                self.budget.exhausted_until(limit, self.flow.now)
            }
            _ => None,
        }
    }

    fn has_input_room(&self) -> bool {
        self.flow.undigested == 0
            && self.has_event_room()
            && !self.flow.is_output_full()
            && self.exhausted_until().is_none()
    }

    fn has_event_room(&self) -> bool {
        self.events.len() < self.config.event_capacity.max(1)
    }

    fn has_login_work(&self) -> bool {
        matches!(&self.link, Link::Negotiating(negotiation) if negotiation.has_work())
    }

    fn can_digest(&self) -> bool {
        let open = match &self.link {
            Link::Negotiating(negotiation) => {
                !negotiation.is_waiting() && !self.flow.is_output_full()
            }
            Link::Online | Link::Closing { .. } => !self.flow.is_output_full(),
            Link::Lost(_) => true,
            Link::New | Link::Securing | Link::Flushing(_) | Link::Suspended(_) | Link::Over => {
                false
            }
        };
        open && self.flow.undigested > 0 && self.has_event_room()
    }

    /// Takes one item out of the parser and acts on it.
    fn digest(&mut self) {
        let ignores = matches!(self.link, Link::Closing { from } if from != Phase::Online);
        if ignores {
            // Nothing is to come but the end: what is not that need not be waited for.
            self.flow.parser.flush();
        }
        let cx = &mut ServerCx {
            config: &self.config,
            out: &mut self.flow.out,
            rng: &mut self.flow.rng,
            tls: self.tls.as_ref(),
            now: self.flow.now,
        };
        let digested = match self.flow.parser.next() {
            Ok(None) => {
                self.flow.rest();
                if let Link::Lost(ended) = &self.link {
                    let ended = ended.clone();
                    self.finish(ended);
                }
                return;
            }
            // What comes is ignored, whatever it looks like: our closing tag may have crossed a
            // restart of the stream.
            Err(_) if ignores => Digested::Close,
            Err(error) => Digested::Verdict(Err(Reason::Peer(PeerFault::Xml(error)))),
            Ok(Some(Item::Header(header))) => {
                trace::received(header.element());
                match &mut self.link {
                    Link::Negotiating(negotiation) => {
                        Digested::Verdict(negotiation.handle_header(cx, &header))
                    }
                    _ => Digested::Ignored,
                }
            }
            Ok(Some(Item::Element(element))) => {
                trace::received(element);
                match &mut self.link {
                    _ if element.is("error", ns::STREAM) => {
                        Digested::Reported(StreamError::from_element(element))
                    }
                    Link::Negotiating(negotiation) => {
                        Digested::Verdict(negotiation.handle_element(cx, element))
                    }
                    _ if ignores => Digested::Ignored,
                    _ if element.ns() == ns::SM && self.config.management.is_some() => {
                        Digested::Management(element.to_element())
                    }
                    _ => match stamp(element, self.jid.as_ref(), self.lang.as_deref()) {
                        Ok((stamped, from)) => Digested::Stanza(stamped, from),
                        Err(reason) => Digested::Verdict(Err(reason)),
                    },
                }
            }
            Ok(Some(Item::End)) => {
                trace::received_close();
                Digested::Close
            }
        };
        self.flow.took_item();
        match digested {
            Digested::Verdict(Ok(verdict)) => self.follow(verdict),
            Digested::Verdict(Err(reason)) => self.fail(reason),
            Digested::Stanza(stamped, from) => self.handle_element(stamped, from),
            Digested::Management(element) => self.handle_management(element.as_ref()),
            Digested::Reported(error) => self.fail(Reason::Reported(error)),
            Digested::Close => self.handle_close(),
            Digested::Ignored => {}
        }
    }

    fn follow(&mut self, verdict: ServerVerdict) {
        match verdict {
            ServerVerdict::Continue => {}
            // Whoever put bytes there hopes that they are read as part of the secured stream.
            ServerVerdict::Secure if self.flow.parser.unread() > 0 => {
                self.fail(Reason::Peer(PeerFault::DataAfterStartTls));
            }
            ServerVerdict::Secure => {
                self.flow.undigested = 0;
                let domain = self.domain().map(|domain| domain.as_str().to_owned());
                let proceed = self.negotiate(|negotiation, cx| {
                    Ok(negotiation.proceed(cx).map(|()| ServerVerdict::Continue))
                });
                if proceed.is_ok() {
                    self.actions.push_back(Action::SecureServer { id: Self::LINK, domain });
                }
            }
            ServerVerdict::Restart => {
                self.flow.parser.restart();
                // From here on it is somebody who is known.
                self.flow.parser.set_limits(self.config.limits);
            }
            ServerVerdict::Ask(question) => {
                let Some(domain) = self.domain().cloned() else { return };
                self.events.push(match question {
                    Question::Credentials { token, username, mechanism } => {
                        let ask = AskCredentials { token, domain, username, mechanism };
                        ServerEvent::Credentials(ask)
                    }
                    Question::Identity { token, authzid } => {
                        ServerEvent::Identity(AskIdentity { token, domain, authzid })
                    }
                    Question::Bind { token, jid, asked } => {
                        ServerEvent::Bind(AskBind { token, jid, asked })
                    }
                    Question::Resume { token, account, id, h } => {
                        ServerEvent::Resume(AskResume { token, account, id, h })
                    }
                });
            }
            ServerVerdict::Online(jid) => {
                self.come_online(&jid);
                self.flow.go_online();
                self.events.push(ServerEvent::Online { jid });
            }
        }
    }

    /// The negotiation is complete: what it has learnt is kept.
    pub(super) fn come_online(&mut self, jid: &FullJid) {
        if let Link::Negotiating(negotiation) = &self.link {
            self.domain = negotiation.domain().cloned();
            self.lang = negotiation.lang().map(ToOwned::to_owned);
        }
        self.link = Link::Online;
        self.deadline = None;
        self.jid = Some(jid.clone());
    }

    /// Tells the client how much of what it has sent is handled.
    fn settle(&mut self) {
        if self.flow.management.is_some() {
            self.flow.settle(self.events.first_waiting());
        }
    }

    /// A client that takes what it is sent and never says so is given up.
    fn check_acks(&mut self) {
        if !self.flow.is_overfull() {
            return;
        }
        let reason = Reason::Peer(PeerFault::NoAcks);
        match &self.link {
            Link::Suspended(_) => self.give_up_session(reason),
            _ => self.fail(reason),
        }
    }

    /// The client's closing tag (RFC 6120 §4.4).
    fn handle_close(&mut self) {
        let reason = match self.link {
            Link::Closing { .. } => Reason::ClosedByUs,
            _ => Reason::ClosedByPeer,
        };
        self.fail(reason);
    }

    /// An element of the negotiated stream, stamped.
    fn handle_element(&mut self, stamped: Element, from: Jid) {
        let number = self.flow.count();
        let event = match Stanza::from_sender(stamped, from) {
            Ok(Stanza::Iq(iq)) => self.handle_iq(iq),
            Ok(stanza) => Some(ServerEvent::Stanza(stanza)),
            Err(fault) => {
                if self.is_open()
                    && let Some(bounced) = fault.bounce()
                {
                    self.flow.put(bounced, None);
                }
                Some(ServerEvent::Faulty(fault))
            }
        };
        match event {
            Some(event) => self.events.push_stanza(event, number),
            // It is dealt with already.
            None => self.settle(),
        }
        self.check_acks();
    }

    /// An IQ stanza; what the owner is to know of it.
    fn handle_iq(&mut self, iq: Iq) -> Option<ServerEvent> {
        if matches!(iq.type_(), IqType::Result | IqType::Error) {
            let answer = match &self.jid {
                Some(own) => self.flow.handle_answer(iq, own),
                None => Err(iq),
            };
            // For somebody else, who will know what it answers.
            return answer.err().map(|iq| ServerEvent::Stanza(iq.into()));
        }
        if !self.is_for_us(iq.to()) {
            return Some(ServerEvent::Stanza(iq.into()));
        }
        if !self.is_open() {
            // Our stream is closed: nobody can answer any more.
            return None;
        }
        let payload = iq.payload().map(|payload| {
            (payload.name() == "bind", payload.ns() == ns::BIND, payload.ns() == ns::SESSION)
        });
        let reply = match payload {
            // RFC 6120 §7: one resource per stream.
            Some((true, true, _)) => iq.error_reply(Condition::NotAllowed),
            // RFC 6121 §1.4: it does nothing.
            Some((_, _, true)) => iq.result(None),
            _ => return self.flow.take_query(iq).map(ServerEvent::Query),
        };
        if let Ok(reply) = reply {
            self.flow.put(reply.into(), None);
        }
        None
    }

    /// RFC 6120 §10.3: the server answers for itself and for the client's account.
    fn is_for_us(&self, to: Option<&Jid>) -> bool {
        let Some(to) = to else { return true };
        let account = self.jid.as_ref().map(|jid| jid.to_bare());
        self.config.domains.iter().any(|domain| **domain == *to)
            || account.is_some_and(|account| *account == *to)
    }

    /// From now on the end is near.
    pub(super) fn arm_close(&mut self) {
        self.deadline = Some((Timer::Close, self.flow.now + self.config.close_timeout));
    }

    pub(super) fn ended(&self, reason: Reason) -> Ended {
        let phase = match &self.link {
            Link::Closing { from } => *from,
            _ => self.phase(),
        };
        let domain = self.domain().or_else(|| self.config.default_domain());
        Ended {
            reason,
            phase,
            domain: domain.map(|domain: &BareJid| domain.as_str().to_owned()).unwrap_or_default(),
            target: None,
            tried: Vec::new(),
            dns_failure: None,
        }
    }

    /// Ends the stream because of `reason`: tells the client what it must know, then flushes.
    pub(super) fn fail(&mut self, reason: Reason) {
        let error = match &reason {
            Reason::Peer(fault) => Some(StreamError::from(fault)),
            Reason::TimedOut(_) => Some(StreamError::new(StreamCondition::ConnectionTimeout)),
            Reason::InputOverflow | Reason::Config(_) => {
                Some(StreamError::new(StreamCondition::InternalServerError))
            }
            _ => None,
        };
        self.end(self.ended(reason), error);
    }

    /// RFC 6120 §4.9.1.2: even what is refused before its header was understood gets ours first.
    pub(super) fn open_stream(&mut self) {
        if let (Link::Negotiating(negotiation), mut cx) = self.parts() {
            negotiation.open(&mut cx, None);
        }
    }

    /// Writes the end of the stream, unless that is done, and flushes.
    pub(super) fn end(&mut self, ended: Ended, error: Option<StreamError>) {
        match &self.link {
            Link::New | Link::Securing => return self.abort(ended.reason),
            Link::Negotiating(negotiation) if negotiation.is_securing() => {
                return self.abort(ended.reason);
            }
            Link::Negotiating(_) | Link::Online => {
                self.open_stream();
                self.flow.take_leave();
                self.flow.forbid_resumption();
                if let Some(Ok(error)) = error.map(|error| error.to_element()) {
                    self.flow.out.write(error.as_ref());
                }
                self.flow.out.write_raw(|out| out.extend_from_slice(CLOSE));
                self.flow.seal();
            }
            // Our closing tag is out already; nothing may follow it.
            Link::Closing { .. } => {}
            Link::Lost(_) | Link::Suspended(_) => {
                self.flow.forbid_resumption();
                return self.finish(ended);
            }
            Link::Flushing(_) | Link::Over => return,
        }
        self.link = Link::Flushing(ended);
        self.arm_close();
    }

    /// Drops the transport without another word.
    pub(super) fn abort(&mut self, reason: Reason) {
        let ended = self.ended(reason);
        self.disconnect(ended, Shutdown::Abort);
    }

    fn disconnect(&mut self, ended: Ended, how: Shutdown) {
        self.actions.push_back(Action::Disconnect { id: Self::LINK, how });
        self.finish(ended);
    }

    /// The session that waits will not be resumed.
    pub(super) fn give_up_session(&mut self, reason: Reason) {
        let ended = self.ended(reason);
        self.flow.forbid_resumption();
        self.finish(ended);
    }

    /// The transport is gone: the session waits to be resumed, or every token gets its completion,
    /// and the owner the event.
    pub(super) fn finish(&mut self, ended: Ended) {
        if self.flow.is_resumable() {
            return self.suspend(ended);
        }
        self.link = Link::Over;
        // A handshake that has not begun need not begin.
        self.actions.retain(|action| !matches!(action, Action::SecureServer { .. }));
        self.deadline = None;
        self.jid = None;
        self.tls = None;
        self.flow.reset();
        self.flow.end();
        self.events.push(ServerEvent::Ended(ended));
    }

    /// A deadline of the stream has passed.
    fn give_up(&mut self, timer: Timer) {
        match &self.link {
            Link::Flushing(ended) => {
                let ended = ended.clone();
                self.disconnect(ended, Shutdown::Abort);
            }
            Link::New | Link::Securing | Link::Closing { .. } => {
                self.abort(Reason::TimedOut(timer));
            }
            Link::Negotiating(_) | Link::Online => self.fail(Reason::TimedOut(timer)),
            Link::Lost(_) | Link::Suspended(_) => self.give_up_session(Reason::TimedOut(timer)),
            Link::Over => {}
        }
    }
}

/// The stanza with the sender that this server vouches for (RFC 6120 §8.1.2.1), and with the
/// language of the stream where it has none (§8.1.5).
///
/// It is the one copy that is made of a stanza.
fn stamp(
    element: ElementRef<'_>,
    own: Option<&FullJid>,
    lang: Option<&str>,
) -> Result<(Element, Jid), Reason> {
    let is_stanza = matches!(element.name(), "message" | "presence" | "iq");
    if !is_stanza || element.ns() != ns::CLIENT {
        return Err(Reason::Peer(unknown_element(element)));
    }
    let Some(own) = own else {
        return Err(Reason::Peer(PeerFault::StanzaBeforeBinding));
    };
    if let Some(from) = element.attr("from") {
        // §8.1.2.2: only the client's own addresses, bare or full.
        let said = Jid::from_wire(&from);
        if !said.is_ok_and(|said| said == **own || said == *own.to_bare()) {
            return Err(Reason::Peer(PeerFault::ForgedFrom { from: bounded(&from) }));
        }
    }
    // RFC 6121 §3: subscriptions are between accounts.
    let of_account = element.name() == "presence"
        && matches!(
            element.attr("type").as_deref(),
            Some("subscribe" | "subscribed" | "unsubscribe" | "unsubscribed")
        );
    let from = if of_account { own.to_bare().into() } else { Jid::from(own.clone()) };
    let mut stamped = element.to_builder().attr("from", from.as_str());
    if let Some(lang) = lang
        && element.attr_ns("lang", ns::XML).is_none()
    {
        stamped = stamped.attr_ns("lang", ns::XML, lang);
    }
    // What was parsed can be written; the error is not the client's fault.
    let stamped = stamped.build().map_err(Reason::Config)?;
    Ok((stamped, from))
}
