//! The client: the initiating entity of a client-to-server stream.

mod config;
mod event;
mod machine;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

pub use config::{ClientConfig, TlsMode};
pub use event::Event;

use super::command::commands;
use super::{
    Action, AttemptId, Connect, Ended, IqToken, Misuse, Phase, Query, Reason, Rejected, Request,
    SendToken, Shutdown, Timer, TlsInfo,
};
use crate::Instant;
use crate::jid::FullJid;
use crate::negotiate::Negotiation;
use crate::rng::Seed;
use crate::session::{Candidate, Flow, FlowLimits, Targets, earliest, ip_literal};
use crate::stanza::{Stanza, StanzaError};
use crate::stream::{CLOSE, StreamCondition, StreamError};
use crate::sync::Arc;
use crate::xml::Element;

/// A client: connects, secures, authenticates and binds, then sends and receives stanzas.
///
/// It does no I/O. Whoever drives it keeps the [contract](super#the-contract); this is the whole
/// loop, with a made-up transport:
///
/// ```
/// use xmpp_proto::endpoint::{Action, AttemptId, Client, ClientConfig, Endpoint, Event, Step};
/// use xmpp_proto::{Instant, Seed};
///
/// # struct Transport;
/// # impl Transport {
/// #     fn write(&mut self, bytes: &[u8]) -> usize { bytes.len() }
/// #     fn read(&mut self) -> Option<Vec<u8>> { None }
/// #     fn carry_out(&mut self, _: &mut Client, action: Action) -> Option<AttemptId> {
/// #         match action { Action::Connect { id, .. } => Some(id), _ => None }
/// #     }
/// # }
/// # let (mut transport, mut now) = (Transport, Instant::from_micros(0));
/// # let seed = Seed::new([7; 32]); // take fresh random bytes for real
/// let config = ClientConfig::new("alice@example.org".parse()?, "a password");
/// let mut client = Client::new(config, seed, now);
/// client.connect(now)?;
/// let mut link = None;
/// 'drive: loop {
///     let until = loop {
///         match client.step() {
///             Step::Act(action) => link = transport.carry_out(&mut client, action).or(link),
///             Step::Done(completion) => println!("{completion:?}"),
///             Step::Work => {} // or let others run first
///             Step::Wait { write, read, until } => {
///                 let Some(id) = link else { break until };
///                 let written = if write.is_empty() { 0 } else { transport.write(write) };
///                 let received = if read { transport.read() } else { None };
///                 if written == 0 && received.is_none() {
///                     break until; // nothing to do: sleep until something happens
///                 }
///                 client.handle_written(now, id, written);
///                 if let Some(bytes) = received {
///                     client.handle_received(now, id, &bytes);
///                 }
///             }
///         }
///     };
///     while let Some(event) = client.poll_event() {
///         match event {
///             Event::Online { jid } => println!("online as {jid}"),
///             Event::Ended(ended) => break 'drive println!("{ended}"),
///             other => println!("{other:?}"),
///         }
///     }
///     now = until.unwrap_or(now); // a real driver waits for the first of I/O and this moment
///     client.handle_timeout(now);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client {
    config: Arc<ClientConfig>,
    flow: Flow,
    attempt: AttemptId,
    link: Link,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
    targets: Targets,
    /// The end of the whole login, through all targets.
    negotiation_until: Instant,
    deadline: Option<(Timer, Instant)>,
    /// The end of one step of the login, which leads to the next step.
    step_deadline: Option<(Timer, Instant)>,
    jid: Option<FullJid>,
    /// The language of the server's header.
    lang: Option<String>,
    /// What the server offers after authentication.
    #[cfg(feature = "modules")]
    offered: Option<Element>,
    tls: Option<TlsInfo>,
}

/// The state of the transport and the stream on it.
enum Link {
    /// No transport.
    Idle,
    /// `Action::Resolve` is out.
    Resolving,
    /// `Action::Connect` is out.
    Connecting,
    /// Direct TLS: `Action::Secure` is out and there is no stream yet.
    Securing,
    /// A stream is being negotiated.
    Negotiating(Negotiation),
    /// Stanzas flow.
    Online,
    /// We sent the closing tag and wait for the peer's (RFC 6120 §4.4).
    Closing { from: Phase },
    /// All is said: the rest of the output is written, then the transport is closed.
    Flushing(Ended),
    /// The transport is gone; what it brought before is still being digested.
    Lost(Ended),
}

impl Client {
    /// A client that is not connected yet.
    ///
    /// The seed must come from a good source and be used once: nonces and stanza ids are drawn
    /// from it.
    #[must_use]
    pub fn new(config: impl Into<Arc<ClientConfig>>, seed: Seed, now: Instant) -> Self {
        let config = config.into();
        let limits = FlowLimits {
            request_timeout: config.request_timeout,
            answer_timeout: config.answer_timeout,
            max_requests: config.max_requests,
            max_queries: config.max_queries,
            output_limit: config.output_limit,
            max_chunk: config.max_chunk,
        };
        Self {
            flow: Flow::new(limits, config.limits, seed, now),
            attempt: AttemptId(0),
            link: Link::Idle,
            actions: VecDeque::new(),
            events: VecDeque::new(),
            targets: Targets::default(),
            negotiation_until: now,
            deadline: None,
            step_deadline: None,
            jid: None,
            lang: None,
            #[cfg(feature = "modules")]
            offered: None,
            tls: None,
            config,
        }
    }

    /// Starts an attempt. It ends in [`Event::Online`] or [`Event::Ended`].
    ///
    /// Without a configured target, it asks for the SRV records of the domain and tries one server
    /// after the other until one is ready for authentication. Servers that failed a few minutes
    /// ago, in this attempt or an earlier one of this client, come last.
    ///
    /// # Errors
    ///
    /// [`Misuse::AlreadyOpen`] unless the client is new or its last stream has ended.
    pub fn connect(&mut self, now: Instant) -> Result<(), Misuse> {
        self.flow.advance(now);
        if !matches!(self.link, Link::Idle) {
            return Err(Misuse::AlreadyOpen);
        }
        self.targets.reset();
        self.negotiation_until = self.flow.now + self.config.negotiation_timeout;
        if let Err(error) = self.config.check() {
            self.finish(self.ended(Reason::Config(error)));
            return Ok(());
        }
        self.deadline = Some((Timer::Negotiation, self.negotiation_until));
        let (domain, tls) = (self.config.jid.ascii_domain(), self.config.tls);
        match &self.config.target {
            Some(target) => self.targets.push(Candidate::new(target.clone(), tls)),
            None if ip_literal(&domain).is_some() => {
                self.targets.push(Candidate::domain(&domain, tls));
            }
            None => {
                self.link = Link::Resolving;
                self.step_deadline =
                    Some((Timer::Resolve, self.flow.now + self.config.connect_timeout));
                let domain = domain.into_owned();
                let id = self.next_attempt();
                self.actions.push_back(Action::Resolve { id, domain });
                return Ok(());
            }
        }
        self.open_next();
        Ok(())
    }

    /// Sends a stanza. Its fate comes as [`Completion::Outcome`](super::Completion::Outcome) with the
    /// token.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotOnline`] or [`Misuse::OutputFull`], with the stanza.
    pub fn send(&mut self, now: Instant, stanza: Stanza) -> Result<SendToken, Rejected<Stanza>> {
        self.flow.advance(now);
        self.flow.send(stanza, self.is_online())
    }

    /// Sends a request. Its answer, or the lack of one, comes as
    /// [`Completion::Reply`](super::Completion::Reply) with the token.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotOnline`], [`Misuse::OutputFull`] or [`Misuse::TooManyRequests`], with the
    /// request.
    pub fn request(
        &mut self,
        now: Instant,
        request: Request,
    ) -> Result<IqToken, Rejected<Request>> {
        self.flow.advance(now);
        self.flow.request(request, None, self.is_online())
    }

    /// Answers a query: with a result, which may have a payload, or with an error.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuery`] if the query is no longer waiting, [`Misuse::NotOnline`] once the
    /// stream is closing, [`Misuse::OutputFull`], or [`Misuse::Invalid`]; with the query.
    pub fn answer(
        &mut self,
        now: Instant,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<SendToken, Rejected<Query>> {
        self.flow.advance(now);
        self.flow.answer(query, answer, self.is_online())
    }

    /// Closes the stream properly: what is queued is written, the closing tag follows, the peer's
    /// is awaited (RFC 6120 §4.4). [`Event::Ended`] tells when it is done.
    pub fn close(&mut self, now: Instant) {
        self.flow.advance(now);
        self.targets.stop();
        match &self.link {
            Link::Resolving | Link::Connecting | Link::Securing => self.abort(Reason::ClosedByUs),
            // A closing tag behind `<starttls/>` would look like an attempt to smuggle something.
            Link::Negotiating(negotiation) if negotiation.is_silent() => {
                self.abort(Reason::ClosedByUs);
            }
            Link::Negotiating(_) | Link::Online => {
                let from = self.phase();
                self.flow.out.write_raw(|out| out.extend_from_slice(CLOSE));
                self.link = Link::Closing { from };
                self.arm_close();
            }
            Link::Idle | Link::Closing { .. } | Link::Flushing(_) | Link::Lost(_) => {}
        }
    }

    /// The address the server has bound, while online.
    #[must_use]
    pub const fn jid(&self) -> Option<&FullJid> {
        self.jid.as_ref()
    }

    /// The language that the server's stream header names, while online: the default language of
    /// all stanzas received that name none (RFC 6120 §4.7.4, §8.1.5). Stanzas are handed over as
    /// they came, so [`Stanza::lang`] does not know of it.
    #[must_use]
    pub fn lang(&self) -> Option<&str> {
        self.lang.as_deref()
    }

    /// The features that the server has offered after authentication, while online (RFC 6120
    /// §4.3.2): what else can be had on this stream, such as versions of rosters (RFC 6121 §2.6.1).
    #[cfg(feature = "modules")]
    #[must_use]
    pub const fn offered(&self) -> Option<&Element> {
        self.offered.as_ref()
    }

    /// The current attempt, or the last one.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// What is known of the TLS session, once the stream is secured.
    #[must_use]
    pub const fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    /// Whether stanzas can be sent.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        matches!(self.link, Link::Online)
    }

    /// Whether there is no transport, and [`Client::connect`] may be called.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.link, Link::Idle)
    }

    /// Whether a driver should hand over further commands: online, and the output is below its
    /// high-water mark. Commands are accepted a while longer, up to `output_limit`.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.is_online() && self.flow.out.len() <= self.config.output_high_water
    }

    /// How many events may wait for the application.
    #[cfg(feature = "modules")]
    pub(crate) fn event_capacity(&self) -> usize {
        self.config.event_capacity.max(1)
    }

    /// How far the current attempt has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match &self.link {
            Link::Resolving => Phase::Resolving,
            Link::Idle | Link::Connecting => Phase::Connecting,
            Link::Securing => Phase::Securing,
            Link::Negotiating(negotiation) => negotiation.phase(),
            Link::Online => Phase::Online,
            Link::Closing { .. } => Phase::Closing,
            Link::Flushing(ended) | Link::Lost(ended) => ended.phase,
        }
    }

    /// Which deadline is next, and when: the reason behind
    /// [`Endpoint::poll_timeout`](super::Endpoint::poll_timeout).
    #[must_use]
    pub fn next_timer(&self) -> Option<(Timer, Instant)> {
        let [requests, queries] = self.flow.timers();
        let timers = [self.deadline, self.step_deadline, requests, queries];
        let next = earliest(timers.map(|timer| Some(timer?.1)))?;
        timers.into_iter().flatten().find(|(_, at)| *at == next)
    }

    /// From now on the end is near.
    fn arm_close(&mut self) {
        self.step_deadline = None;
        self.deadline = Some((Timer::Close, self.flow.now + self.config.close_timeout));
    }

    fn next_attempt(&mut self) -> AttemptId {
        self.attempt = AttemptId(self.attempt.0.wrapping_add(1));
        self.attempt
    }

    /// Connects to the next target. There must be one.
    fn open_next(&mut self) {
        let Some(candidate) = self.targets.advance() else { return };
        let target = candidate.target.clone();
        self.link = Link::Connecting;
        self.deadline = Some((Timer::Negotiation, self.negotiation_until));
        let until = self.flow.now + self.config.connect_timeout;
        self.step_deadline = self.targets.has_more().then_some((Timer::Target, until));
        let id = self.next_attempt();
        self.actions.push_back(Action::Connect { id, target });
    }

    fn ended(&self, reason: Reason) -> Ended {
        let phase = match &self.link {
            Link::Closing { from } => *from,
            _ => self.phase(),
        };
        Ended {
            reason,
            phase,
            domain: self.config.jid.domain().into(),
            target: self.targets.current().map(|candidate| candidate.target.clone()),
            tried: Vec::new(),
            dns_failure: None,
        }
    }

    /// Ends the attempt because of `reason`: tells the peer what it must know, then flushes.
    fn fail(&mut self, reason: Reason) {
        let condition = match &reason {
            Reason::Peer(fault) => Some(StreamCondition::from(fault)),
            _ => None,
        };
        self.end(self.ended(reason), condition);
    }

    /// Writes the end of the stream, unless that is done, and flushes.
    fn end(&mut self, ended: Ended, condition: Option<StreamCondition>) {
        match self.link {
            Link::Negotiating(_) | Link::Online => {
                if let Some(Ok(error)) = condition.map(|c| StreamError::new(c).to_element()) {
                    self.flow.out.write(error.as_ref());
                }
                self.flow.out.write_raw(|out| out.extend_from_slice(CLOSE));
            }
            // Our closing tag is out already; nothing may follow it.
            Link::Closing { .. } => {}
            Link::Lost(_) => return self.finish(ended),
            Link::Idle
            | Link::Resolving
            | Link::Connecting
            | Link::Securing
            | Link::Flushing(_) => return,
        }
        self.link = Link::Flushing(ended);
        self.arm_close();
    }

    /// Drops the transport without another word.
    fn abort(&mut self, reason: Reason) {
        let ended = self.ended(reason);
        self.disconnect(ended, Shutdown::Abort);
    }

    fn disconnect(&mut self, ended: Ended, how: Shutdown) {
        self.actions.push_back(Action::Disconnect { id: self.attempt, how });
        self.finish(ended);
    }

    /// The transport is gone: the login goes on with the next target, or every token gets its
    /// completion, and the application the event.
    fn finish(&mut self, mut ended: Ended) {
        self.link = Link::Idle;
        // A handshake that has not begun need not begin.
        self.actions.retain(|action| !matches!(action, Action::Secure { .. }));
        self.deadline = None;
        self.step_deadline = None;
        self.jid = None;
        self.lang = None;
        #[cfg(feature = "modules")]
        {
            self.offered = None;
        }
        self.tls = None;
        self.flow.reset();
        if self.flow.now >= self.negotiation_until {
            self.targets.stop();
        }
        if self.targets.goes_on_after(&mut ended, self.flow.now) {
            return self.open_next();
        }
        self.flow.end();
        self.events.push_back(Event::Ended(ended));
    }
}

commands!(Client);

impl Connect for Client {
    fn connect(&mut self, now: Instant) -> Result<(), Misuse> {
        Self::connect(self, now)
    }
}

#[cfg(test)]
mod tests;
