//! The client as an [`Endpoint`]: what the world does to it, and how it digests input.

use alloc::vec::Vec;

use super::super::{
    Action, AttemptId, Completion, ConnInfo, DnsRecords, Endpoint, LostCause, PeerFault, Phase,
    Reason, Shutdown, SrvAnswer, Timer, TlsInfo,
};
use super::{Client, Event, Link, TlsMode};
use crate::Instant;
use crate::negotiate::{Cx, Negotiation, TokenNews, Verdict};
use crate::ns;
use crate::session::{Management, Probe};
use crate::stanza::{Iq, IqType, Stanza, StanzaFaultKind};
use crate::stream::{Features, StreamError};
use crate::trace;
use crate::xml::{Element, ElementRef, Item};

/// Items digested in one piece of work.
const BATCH: usize = 64;

impl Endpoint for Client {
    type Event = Event;

    fn handle_resolved(&mut self, now: Instant, id: AttemptId, records: DnsRecords) {
        self.flow.advance(now);
        if id == self.attempt && matches!(self.link, Link::Resolving) {
            self.connect_to(records);
        }
    }

    fn handle_connected(&mut self, now: Instant, id: AttemptId, info: ConnInfo) {
        self.flow.advance(now);
        if id != self.attempt || !matches!(self.link, Link::Connecting) {
            return;
        }
        if let Some(entropy) = &info.entropy {
            self.flow.rng.mix(entropy);
        }
        if self.targets.current().is_some_and(|to| to.tls == TlsMode::Direct) {
            self.link = Link::Securing;
            // XEP-0368 §3: clients of direct TLS should name the protocol.
            self.push_secure(Some(b"xmpp-client"));
        } else {
            self.link = Link::Negotiating(Negotiation::new(&mut self.cx()));
        }
    }

    fn handle_secured(&mut self, now: Instant, id: AttemptId, tls: TlsInfo) {
        self.flow.advance(now);
        if id != self.attempt {
            return;
        }
        match core::mem::replace(&mut self.link, Link::Idle) {
            Link::Securing => {
                // The first words may be bound to the channel.
                self.tls = Some(tls);
                self.link = Link::Negotiating(Negotiation::new_secured(&mut self.cx()));
            }
            Link::Negotiating(mut negotiation) if negotiation.is_securing() => {
                self.tls = Some(tls);
                // RFC 6120 §5.4.3.3: nothing learnt before TLS may survive.
                self.flow.parser.reset();
                self.flow.undigested = 0;
                negotiation.handle_secured(&mut self.cx());
                self.link = Link::Negotiating(negotiation);
            }
            other => self.link = other,
        }
    }

    fn handle_received(&mut self, now: Instant, id: AttemptId, bytes: &[u8]) {
        self.flow.advance(now);
        if id != self.attempt || bytes.is_empty() {
            return;
        }
        match &self.link {
            Link::Idle
            | Link::Resolving
            | Link::Connecting
            | Link::Waiting(_)
            | Link::Flushing(_)
            | Link::Lost(_) => return,
            Link::Securing => return self.abort(Reason::Peer(PeerFault::DataAfterProceed)),
            Link::Negotiating(negotiation) if negotiation.is_securing() => {
                return self.abort(Reason::Peer(PeerFault::DataAfterProceed));
            }
            Link::Negotiating(_) | Link::Online | Link::Closing { .. } => {}
        }
        if !self.flow.receive(bytes) {
            self.fail(Reason::InputOverflow);
        }
    }

    fn handle_written(&mut self, now: Instant, id: AttemptId, n: usize) {
        self.flow.advance(now);
        if id == self.attempt {
            self.flow.handle_written(n);
        }
    }

    fn handle_lost(&mut self, now: Instant, id: AttemptId, cause: LostCause) {
        self.flow.advance(now);
        if id != self.attempt {
            return;
        }
        let ended = match &self.link {
            Link::Idle | Link::Resolving | Link::Lost(_) | Link::Waiting(_) => return,
            Link::Flushing(ended) => return self.finish(ended.clone()),
            // RFC 6120 §4.4: some peers close TCP instead of answering the closing tag.
            Link::Closing { .. } if self.flow.out.is_empty() => self.ended(Reason::ClosedByUs),
            _ => self.ended(Reason::Transport(cause)),
        };
        // A peer that sends much and leaves: what it sent before is still delivered.
        if self.flow.undigested > 0 {
            self.link = Link::Lost(ended);
            self.deadline = None;
            self.step_deadline = None;
            self.flow.disconnect();
            // Whoever waits for these must not wait for the application to take events.
            self.flow.fail_unwritten();
        } else {
            self.finish(ended);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.flow.advance(now);
        self.handle_deadlines();
        if !self.flow.handle_timeout(self.is_open(), Probe { from: None, to: None }) {
            // Nobody is there to be told.
            self.abort(Reason::TimedOut(Timer::Keepalive));
            self.handle_deadlines();
        }
    }

    fn poll_action(&mut self) -> Option<Action> {
        // The barrier: TLS starts on the byte after the last one written in the clear. The other
        // actions are queued only when nothing waits to be written, or when nothing ever will.
        if matches!(self.actions.front(), Some(Action::Secure { .. })) && !self.flow.out.is_empty()
        {
            return None;
        }
        self.actions.pop_front()
    }

    fn poll_completion(&mut self) -> Option<Completion> {
        self.flow.completions.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop()?;
        // XEP-0198 §4: from now on it is the application's.
        self.settle();
        self.flow.listen(self.has_event_room());
        Some(event)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next_timer().map(|(_, at)| at)
    }

    fn work(&mut self) -> bool {
        if self.has_login_work() {
            self.work_on_login();
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
        // What was digested may have been a challenge that takes work to answer.
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
            Link::Negotiating(negotiation) => !negotiation.is_securing() && self.has_input_room(),
            Link::Online | Link::Closing { .. } => self.has_input_room(),
            // Read and dropped: unread bytes would make TCP reset what we still have to say.
            Link::Flushing(_) => true,
            Link::Idle
            | Link::Resolving
            | Link::Connecting
            | Link::Securing
            | Link::Waiting(_)
            | Link::Lost(_) => false,
        }
    }

    fn max_chunk(&self) -> usize {
        self.config.max_chunk
    }
}

/// What came out of the parser, free of its buffers.
enum Digested {
    Verdict(Result<Verdict, Reason>),
    Element(Element),
    Error(StreamError),
    Close,
    Ignored,
}

impl Client {
    fn cx(&mut self) -> Cx<'_> {
        self.parts().1
    }

    /// The state, and what a negotiation in it needs.
    fn parts(&mut self) -> (&mut Link, Cx<'_>) {
        let cx = Cx {
            config: &self.config,
            out: &mut self.flow.out,
            rng: &mut self.flow.rng,
            tls: self.tls.as_ref(),
            resume: self.flow.management.as_deref().and_then(Management::to_resume),
            kept: &mut self.kept,
            active: self.active,
        };
        (&mut self.link, cx)
    }

    fn push_secure(&mut self, alpn: Option<&'static [u8]>) {
        // RFC 6120 §13.7.2.1: the reference identity is the domain, whatever host this is.
        let server_name = self.config.jid.ascii_domain().into_owned();
        self.actions.push_back(Action::Secure { id: self.attempt, server_name, alpn });
    }

    fn has_input_room(&self) -> bool {
        self.flow.undigested == 0 && self.has_event_room() && !self.flow.is_output_full()
    }

    fn has_event_room(&self) -> bool {
        self.events.len() < self.config.event_capacity.max(1)
    }

    fn can_digest(&self) -> bool {
        let open = match &self.link {
            Link::Negotiating(negotiation) => {
                !negotiation.is_securing() && !negotiation.has_work() && !self.flow.is_output_full()
            }
            Link::Online | Link::Closing { .. } => !self.flow.is_output_full(),
            Link::Lost(_) => true,
            Link::Idle
            | Link::Resolving
            | Link::Connecting
            | Link::Securing
            | Link::Waiting(_)
            | Link::Flushing(_) => false,
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
            Err(_) if ignores => {
                return self.fail(Reason::ClosedByUs);
            }
            Err(error) => return self.fail(Reason::Peer(PeerFault::Xml(error))),
            Ok(Some(Item::Header(header))) => {
                trace::received(header.element());
                match &mut self.link {
                    Link::Negotiating(negotiation) => {
                        Digested::Verdict(negotiation.handle_header(&header))
                    }
                    _ => Digested::Ignored,
                }
            }
            Ok(Some(Item::Element(element))) => {
                trace::received(element);
                let cx = &mut Cx {
                    config: &self.config,
                    out: &mut self.flow.out,
                    rng: &mut self.flow.rng,
                    tls: self.tls.as_ref(),
                    resume: self.flow.management.as_deref().and_then(Management::to_resume),
                    kept: &mut self.kept,
                    active: self.active,
                };
                match &mut self.link {
                    _ if element.is("error", ns::STREAM) => {
                        Digested::Error(StreamError::from_element(element))
                    }
                    Link::Negotiating(negotiation) => {
                        match negotiation.handle_element(cx, element) {
                            Ok(Verdict::Pass) => Digested::Element(element.to_element()),
                            verdict => Digested::Verdict(verdict),
                        }
                    }
                    _ if ignores => Digested::Ignored,
                    // The rest of a negotiation that leads nowhere.
                    Link::Lost(ended) if ended.phase < Phase::Online => Digested::Ignored,
                    _ => Digested::Element(element.to_element()),
                }
            }
            Ok(Some(Item::End)) => {
                trace::received_close();
                Digested::Close
            }
        };
        self.flow.took_item();
        self.tell_token();
        match digested {
            Digested::Verdict(Ok(verdict)) => self.follow(verdict),
            Digested::Verdict(Err(reason)) => self.fail(reason),
            Digested::Element(element) => self.handle_element(element),
            Digested::Error(error) => self.fail(Reason::Reported(error)),
            Digested::Close => self.handle_close(),
            Digested::Ignored => {}
        }
    }

    fn has_login_work(&self) -> bool {
        matches!(&self.link, Link::Negotiating(negotiation) if negotiation.has_work())
    }

    fn work_on_login(&mut self) {
        if let (Link::Negotiating(negotiation), mut cx) = self.parts() {
            match negotiation.work(&mut cx) {
                Ok(verdict) => self.follow(verdict),
                Err(reason) => self.fail(reason),
            }
        }
    }

    fn follow(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Continue | Verdict::Pass => {}
            // Whoever put bytes there hopes that they are read as part of the secured stream.
            Verdict::Secure if self.flow.parser.unread() > 0 => {
                self.abort(Reason::Peer(PeerFault::DataAfterProceed));
            }
            Verdict::Secure => {
                self.flow.undigested = 0;
                self.push_secure(None);
            }
            Verdict::StartOver => self.start_over(),
            Verdict::Restart => self.flow.parser.restart(),
            Verdict::Online { jid, managed } => {
                let (enabled, early) = match &mut self.link {
                    Link::Negotiating(negotiation) => negotiation.take_bound(),
                    _ => (None, Vec::new()),
                };
                if managed {
                    self.flow.manage();
                }
                self.flow.go_online();
                self.come_online();
                self.jid = Some(jid.clone());
                self.events.push(Event::Online { jid });
                if let Some(enabled) = enabled {
                    self.flow.handle_enabled(enabled.as_ref());
                }
                for element in early {
                    self.handle_element(element);
                }
            }
            Verdict::Resumed { h } => {
                self.come_online();
                match self.flow.resume(h) {
                    Ok(()) => self.events.push(Event::Resumed),
                    Err(fault) => self.fail(Reason::Peer(fault)),
                }
            }
            Verdict::SessionLost { h } => {
                // What the server has handled before it forgot the rest.
                let acked = h.map_or(Ok(()), |h| self.flow.handle_ack(h));
                self.lose_session();
                if let Err(fault) = acked {
                    self.fail(Reason::Peer(fault));
                }
            }
        }
    }

    /// The negotiation is complete: what it has learnt is kept.
    fn come_online(&mut self) {
        if let Link::Negotiating(negotiation) = &mut self.link {
            self.lang = negotiation.take_lang();
            if let Some(offered) = negotiation.take_offered() {
                self.take_offered(&offered);
            }
        }
        self.link = Link::Online;
        self.deadline = None;
        self.step_deadline = None;
        self.resume_until = None;
        self.hinted = false;
        self.was_online = true;
        self.avoids_hint = false;
        self.secured_by = self.targets.current().map_or(self.config.tls, |current| current.tls);
        self.targets.succeeded();
        self.backoff.succeeded(self.flow.now);
        if !self.active {
            // XEP-0352 §5: each stream begins as that of somebody who is there.
            self.tell_activity();
        }
    }

    /// Keeps to what the server offers once the client is authenticated.
    fn take_offered(&mut self, offered: &Features) {
        self.tells_activity = offered.client_state();
        self.flow.keep_to(offered.limits());
        #[cfg(feature = "modules")]
        {
            self.offered = Some(offered.element().clone());
        }
    }

    /// Tells the application what has become of its token.
    fn tell_token(&mut self) {
        match self.kept.news.take() {
            Some(TokenNews::Keep(token)) => self.events.push(Event::Token(token)),
            Some(TokenNews::Refused) => self.events.push(Event::TokenRefused),
            None => {}
        }
    }

    /// The session will not be resumed, and the application is told.
    fn lose_session(&mut self) {
        if self.jid.is_some() {
            self.give_up_session();
            self.events.push(Event::SessionLost);
        }
    }

    /// Tells the server how much of what it has sent is handled.
    fn settle(&mut self) {
        if self.flow.management.is_some() {
            self.flow.settle(self.events.first_waiting());
        }
    }

    /// The peer's closing tag (RFC 6120 §4.4).
    fn handle_close(&mut self) {
        let reason = match self.link {
            Link::Closing { .. } => Reason::ClosedByUs,
            _ => Reason::ClosedByPeer,
        };
        self.fail(reason);
    }

    /// An element of the negotiated stream.
    fn handle_element(&mut self, element: Element) {
        let stanza = match Stanza::from_element(element) {
            Err(fault) if fault.kind() == StanzaFaultKind::NotAStanza => {
                return self.handle_nonza(fault.into_element());
            }
            stanza => stanza,
        };
        let number = self.flow.count();
        match stanza {
            Ok(Stanza::Iq(iq)) => match iq.type_() {
                IqType::Get | IqType::Set => self.handle_query(iq, number),
                IqType::Result | IqType::Error => self.handle_answer(iq),
            },
            Ok(stanza) => self.events.push_stanza(Event::Stanza(stanza), number),
            Err(fault) => {
                if self.is_open()
                    && let Some(reply) = fault.reply()
                {
                    self.flow.put(reply, None);
                }
                self.events.push_stanza(Event::Faulty(fault), number);
            }
        }
        if self.flow.is_overfull() {
            self.fail(Reason::Peer(PeerFault::NoAcks));
        }
    }

    /// An element that is not a stanza: of stream management, or of something unknown.
    fn handle_nonza(&mut self, element: Element) {
        if element.is("features", ns::STREAM) && core::mem::take(&mut self.kept.features_may_follow)
        {
            return self.take_offered(&Features::from_element(element.as_ref()));
        }
        let known = element.ns() == ns::SM && self.flow.management.is_some();
        let handled = if known { self.handle_management(element.as_ref()) } else { Ok(false) };
        match handled {
            Ok(true) => {}
            Ok(false) => self.events.push(Event::Nonza(element)),
            Err(fault) => self.fail(Reason::Peer(fault)),
        }
    }

    fn handle_management(&mut self, element: ElementRef<'_>) -> Result<bool, PeerFault> {
        match element.name() {
            "enabled" if self.flow.awaits_agreement() => self.flow.handle_enabled(element),
            // XEP-0198 §6: that can be recovered from, by doing without.
            "failed" if self.flow.awaits_agreement() => self.flow.unmanage(),
            _ => return self.flow.handle_nonza(element),
        }
        Ok(true)
    }

    fn handle_query(&mut self, iq: Iq, number: Option<u32>) {
        // If our stream is closed, nobody can answer any more.
        if self.is_open()
            && let Some(query) = self.flow.take_query(iq)
        {
            return self.events.push_stanza(Event::Query(query), number);
        }
        self.settle();
    }

    fn handle_answer(&mut self, iq: Iq) {
        // An answer nobody waits for, or from somebody else: ignored (RFC 6120 §8.2.3).
        let _ = self.jid.as_ref().map(|own| self.flow.handle_answer(iq, own));
        self.settle();
    }

    /// Takes the targets from DNS and begins with the first.
    fn connect_to(&mut self, records: DnsRecords) {
        let domain = self.config.jid.ascii_domain();
        let (tls, max) = (self.config.tls, self.config.max_targets);
        match self.targets.resolve(&domain, tls, records, max, self.flow.now, &mut self.flow.rng) {
            Ok(()) => self.open_next(),
            Err(reason) => self.finish(self.ended(reason)),
        }
    }

    /// Does what is due.
    fn handle_deadlines(&mut self) {
        // What follows from a deadline may have no time at all, such as a close with a limit of zero.
        loop {
            if let Some((timer, at)) = self.deadline
                && at <= self.flow.now
            {
                self.deadline = None;
                self.give_up(timer);
            } else if let Some((timer, at)) = self.step_deadline
                && at <= self.flow.now
            {
                self.step_deadline = None;
                self.give_up_step(timer);
            } else {
                break;
            }
        }
        if self.resumption_due().is_some_and(|until| until <= self.flow.now) {
            // The server has forgotten it by now: whoever waits for its fate need not wait longer.
            self.lose_session();
        }
    }

    /// A deadline of one step has passed, and there is another step to go on with.
    fn give_up_step(&mut self, timer: Timer) {
        if matches!(self.link, Link::Resolving) {
            // The answer may still come: it must find nobody.
            self.actions.push_back(Action::Disconnect { id: self.attempt, how: Shutdown::Abort });
            let failed = SrvAnswer::Failed("no answer in time".into());
            self.connect_to(DnsRecords { xmpps: failed.clone(), xmpp: failed });
        } else if self.phase() < Phase::Authenticating
            && !matches!(self.link, Link::Flushing(_) | Link::Lost(_) | Link::Waiting(_))
        {
            self.abort(Reason::TimedOut(timer));
        }
    }

    /// A deadline of the attempt has passed.
    fn give_up(&mut self, timer: Timer) {
        match &self.link {
            Link::Flushing(ended) => {
                let ended = ended.clone();
                self.disconnect(ended, Shutdown::Abort);
            }
            Link::Resolving | Link::Connecting | Link::Securing | Link::Closing { .. } => {
                self.abort(Reason::TimedOut(timer));
            }
            Link::Negotiating(negotiation) if negotiation.is_silent() => {
                self.abort(Reason::TimedOut(timer));
            }
            Link::Negotiating(_) | Link::Online => self.fail(Reason::TimedOut(timer)),
            Link::Waiting(_) => self.begin(),
            Link::Idle | Link::Lost(_) => {}
        }
    }
}
