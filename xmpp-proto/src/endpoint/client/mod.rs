//! The client: the initiating entity of a client-to-server stream.

mod config;
mod event;
mod fast;
mod machine;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

pub use config::{ClientConfig, TlsMode};
pub use event::Event;
pub use fast::FastLogin;

use super::command::commands;
use super::{
    Action, AttemptId, Connect, Disconnected, Ended, IqToken, Misuse, Phase, Query, Reason,
    Rejected, Request, ResumeState, SendToken, Shutdown, Timer, TlsInfo,
};
use crate::Instant;
use crate::jid::FullJid;
use crate::negotiate::{Kept, Negotiation};
use crate::ns;
use crate::rng::Seed;
use crate::session::{
    Backoff, Candidate, Flow, FlowLimits, Inbox, Management, Probe, Resumable, Soonest, Targets,
    ip_literal, location,
};
use crate::stanza::{Stanza, StanzaError};
use crate::stream::{CLOSE, StreamError};
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
#[expect(clippy::struct_excessive_bools, reason = "none of them excludes another")]
pub struct Client {
    config: Arc<ClientConfig>,
    flow: Flow,
    attempt: AttemptId,
    link: Link,
    actions: VecDeque<Action>,
    events: Inbox<Event>,
    targets: Targets,
    backoff: Backoff,
    /// It was online since it was told to connect.
    was_online: bool,
    /// The application has told it to stop.
    leaving: bool,
    /// The first target is where the server wants the session to be resumed (XEP-0198 §5).
    hinted: bool,
    /// All the time of the last attempt went there: the next one begins elsewhere.
    avoids_hint: bool,
    /// How the session was secured.
    secured_by: TlsMode,
    /// Until then the server keeps the session that has lost its transport.
    resume_until: Option<Instant>,
    /// Whether somebody is using it (XEP-0352), and whether the server wants to know.
    active: bool,
    tells_activity: bool,
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
    /// What logins have left behind for the next.
    kept: Kept,
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
    /// No transport until the next attempt.
    Waiting(Ended),
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
            management: config.management.unwrap_or_default(),
            keepalive: config.keepalive,
        };
        Self {
            flow: Flow::new(limits, config.limits, seed, now),
            attempt: AttemptId(0),
            link: Link::Idle,
            actions: VecDeque::new(),
            events: Inbox::new(),
            targets: Targets::default(),
            backoff: Backoff::default(),
            was_online: false,
            leaving: false,
            hinted: false,
            avoids_hint: false,
            secured_by: config.tls,
            resume_until: None,
            active: true,
            tells_activity: false,
            negotiation_until: now,
            deadline: None,
            step_deadline: None,
            jid: None,
            lang: None,
            #[cfg(feature = "modules")]
            offered: None,
            tls: None,
            kept: Kept::new(&config),
            config,
        }
    }

    /// A client that goes on with a session that was [taken out](Self::detach) of another one. It is
    /// resumed by [`Client::connect`]; until then, and while it cannot connect, what is sent waits.
    ///
    /// The stanzas that were not acknowledged have new tokens: see [`Client::unacked`].
    ///
    /// # Errors
    ///
    /// [`Misuse::ForeignState`] if the state belongs to another account than the configuration, with
    /// the state.
    pub fn with_resume(
        config: impl Into<Arc<ClientConfig>>,
        state: ResumeState,
        seed: Seed,
        now: Instant,
    ) -> Result<Self, Rejected<ResumeState>> {
        let mut client = Self::new(config, seed, now);
        let of_account = |jid: &FullJid| {
            client.config.jid.local().is_none() || jid.to_bare() == client.config.jid
        };
        if state.account != client.config.jid || !of_account(&state.jid) {
            return Err(Rejected { item: state, why: Misuse::ForeignState });
        }
        let ResumeState { id, location, max, acked, received, unacked, jid, lang, .. } = state;
        let resumable = Resumable { id, location, max };
        client.flow.restore(Management::restored(acked, received, resumable), unacked);
        client.jid = Some(jid);
        client.lang = lang;
        client.was_online = true;
        Ok(client)
    }

    /// Starts an attempt. It ends in [`Event::Online`], [`Event::Resumed`] or [`Event::Ended`]; where
    /// the configuration says that the client [tries again](ClientConfig::reconnect), what comes in
    /// between is [`Event::Disconnected`].
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
        self.leaving = false;
        self.was_online = self.flow.management.is_some();
        self.backoff.reset();
        self.begin();
        Ok(())
    }

    /// Begins an attempt, with records fetched anew: what DNS said the last time may be why it
    /// failed.
    fn begin(&mut self) {
        self.targets.reset();
        self.negotiation_until = self.flow.now + self.config.negotiation_timeout;
        if let Err(error) = self.config.check() {
            return self.finish(self.ended(Reason::Config(error)));
        }
        let hint = self.hint();
        if !core::mem::take(&mut self.avoids_hint)
            && let Some(candidate) = hint
        {
            self.hinted = true;
            self.targets.push(candidate);
            return self.open_next();
        }
        self.look_up();
    }

    /// Where the server wants the session to be resumed (XEP-0198 §5).
    fn hint(&self) -> Option<Candidate> {
        let resumable = self.flow.management.as_ref()?.resumable.as_ref()?;
        location(resumable.location.as_deref()?, self.secured_by)
    }

    /// Finds the targets (RFC 6120 §3.2) and begins with the first.
    fn look_up(&mut self) {
        let (domain, tls) = (self.config.jid.ascii_domain(), self.config.tls);
        match &self.config.target {
            Some(target) => self.targets.push(Candidate::new(target.clone(), tls)),
            None if ip_literal(&domain).is_some() => {
                self.targets.push(Candidate::domain(&domain, tls));
            }
            None => {
                self.link = Link::Resolving;
                self.deadline = Some((Timer::Negotiation, self.negotiation_until));
                self.step_deadline =
                    Some((Timer::Resolve, self.flow.now + self.config.connect_timeout));
                let domain = domain.into_owned();
                let id = self.next_attempt();
                return self.actions.push_back(Action::Resolve { id, domain });
            }
        }
        self.open_next();
    }

    /// Sends a stanza. Its fate comes as [`Completion::Outcome`](super::Completion::Outcome) with the
    /// token. While the session is [suspended](Self::is_suspended), it waits.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotOnline`], [`Misuse::OutputFull`], [`Misuse::TooManyUnacked`] or
    /// [`Misuse::TooLong`], with the stanza.
    pub fn send(&mut self, now: Instant, stanza: Stanza) -> Result<SendToken, Rejected<Stanza>> {
        self.flow.advance(now);
        self.flow.send(stanza, self.is_open())
    }

    /// Sends a request. Its answer, or the lack of one, comes as
    /// [`Completion::Reply`](super::Completion::Reply) with the token.
    ///
    /// # Errors
    ///
    /// Those of [`Client::send`], and [`Misuse::TooManyRequests`], with the request.
    pub fn request(
        &mut self,
        now: Instant,
        request: Request,
    ) -> Result<IqToken, Rejected<Request>> {
        self.flow.advance(now);
        self.flow.request(request, None, self.is_open())
    }

    /// Answers a query: with a result, which may have a payload, or with an error.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuery`] if the query is no longer waiting, [`Misuse::NotOnline`] once the
    /// stream is closing, [`Misuse::Invalid`], or those of [`Client::send`]; with the query.
    pub fn answer(
        &mut self,
        now: Instant,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<SendToken, Rejected<Query>> {
        self.flow.advance(now);
        self.flow.answer(query, answer, self.is_open())
    }

    /// Closes the stream properly: what is queued is written, the closing tag follows, the peer's
    /// is awaited (RFC 6120 §4.4). [`Event::Ended`] tells when it is done.
    pub fn close(&mut self, now: Instant) {
        self.flow.advance(now);
        self.targets.stop();
        self.leaving = true;
        match &self.link {
            Link::Waiting(ended) => {
                let reason = Reason::ClosedByUs;
                let ended = Ended { reason, ..ended.clone() };
                self.finish(ended);
            }
            Link::Resolving | Link::Connecting | Link::Securing => self.abort(Reason::ClosedByUs),
            // A closing tag behind `<starttls/>` would look like an attempt to smuggle something.
            Link::Negotiating(negotiation) if negotiation.is_silent() => {
                self.abort(Reason::ClosedByUs);
            }
            Link::Negotiating(_) | Link::Online => {
                let from = self.phase();
                if from == Phase::Online {
                    self.flow.part();
                }
                self.flow.out.write_raw(|out| out.extend_from_slice(CLOSE));
                self.flow.seal();
                self.link = Link::Closing { from };
                self.arm_close();
            }
            // A session from elsewhere that was never connected.
            Link::Idle if self.flow.management.is_some() => {
                self.finish(self.ended(Reason::ClosedByUs));
            }
            Link::Idle | Link::Closing { .. } | Link::Flushing(_) | Link::Lost(_) => {}
        }
    }

    /// Takes the session out, to be resumed later, perhaps by another process: see [`ResumeState`].
    /// The transport is dropped without closing the stream, so that the server keeps its side.
    ///
    /// Everything that was received before counts as handled: take all events up to
    /// [`Event::Ended`]. What was sent and not acknowledged becomes part of the state
    /// ([`Outcome::Saved`](super::Outcome::Saved)); requests get no answer any more.
    ///
    /// None if there is no session that can be resumed. Then nothing has changed.
    pub fn detach(&mut self, now: Instant) -> Option<ResumeState> {
        self.flow.advance(now);
        if !(self.is_online() || self.is_suspended()) {
            return None;
        }
        let lang = self.lang.clone();
        let (account, jid) = (self.config.jid.clone(), self.jid.clone()?);
        // Which stanzas the transport has taken is part of the state.
        let written = self.flow.out.written();
        let management = self.flow.management.as_mut()?;
        management.resumable.as_ref()?;
        management.suspend(written);
        let state = ResumeState::of(management, account, jid, lang)?;
        self.flow.save();
        self.leaving = true;
        self.targets.stop();
        match &self.link {
            Link::Idle | Link::Waiting(_) | Link::Lost(_) => {
                self.finish(self.ended(Reason::Detached));
            }
            _ => self.abort(Reason::Detached),
        }
        Some(state)
    }

    /// The network has changed: another one was joined, or the old one came back. A client that waits
    /// for its next attempt tries at once; one that is online makes sure that the server is still
    /// there.
    pub fn handle_network_change(&mut self, now: Instant) {
        self.flow.advance(now);
        self.backoff.reset();
        match &self.link {
            Link::Waiting(_) => {
                self.deadline = None;
                self.begin();
            }
            Link::Online => self.flow.probe(Probe { from: None, to: None }),
            _ => {}
        }
    }

    /// Tells the server whether somebody is using the client, so that it can hold back what is not
    /// urgent (XEP-0352). It is told again on each new stream. Servers that do not offer that are not
    /// told.
    pub fn set_active(&mut self, now: Instant, active: bool) {
        self.flow.advance(now);
        if core::mem::replace(&mut self.active, active) != active && self.is_online() {
            self.tell_activity();
        }
    }

    fn tell_activity(&mut self) {
        let name = if self.active { "active" } else { "inactive" };
        if self.tells_activity
            && let Ok(state) = Element::builder(name, ns::CSI).build()
        {
            self.flow.out.write(state.as_ref());
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

    /// Whether there is a stream on which stanzas flow.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        matches!(self.link, Link::Online)
    }

    /// Whether the session has lost its transport and is to be resumed. What is sent then waits until
    /// the session goes on, and is handed back if it does not.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        let resumable = |management: &Management| management.resumable.is_some();
        !self.leaving
            && self.flow.management.as_deref().is_some_and(resumable)
            && !matches!(self.link, Link::Online | Link::Closing { .. } | Link::Flushing(_))
    }

    /// The stanzas that wait to be acknowledged (XEP-0198 §4), in the order in which they were sent,
    /// without those that are the machine's own.
    pub fn unacked(&self) -> impl Iterator<Item = (SendToken, &Stanza)> {
        let entries = self.flow.management.iter().flat_map(|management| management.entries());
        entries.filter_map(|entry| Some((entry.token?, &entry.stanza)))
    }

    /// Whether stanzas are taken, to go out now or later.
    fn is_open(&self) -> bool {
        self.is_online() || self.is_suspended()
    }

    /// Whether what is sent from now on can go out, now or later. False once the end is certain,
    /// even while the machine still waits for the application to take what came before it.
    #[must_use]
    pub fn has_future(&self) -> bool {
        match &self.link {
            Link::Idle | Link::Closing { .. } => false,
            Link::Flushing(ended) | Link::Lost(ended) => self.comes_back_after(ended),
            _ => !self.leaving,
        }
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
        self.is_open()
            && self.flow.out.len() <= self.config.output_high_water
            && self.flow.has_room()
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
            Link::Flushing(ended) | Link::Lost(ended) | Link::Waiting(ended) => ended.phase,
        }
    }

    /// Which deadline is next, and when: the reason behind
    /// [`Endpoint::poll_timeout`](super::Endpoint::poll_timeout).
    #[must_use]
    pub fn next_timer(&self) -> Option<(Timer, Instant)> {
        let own = Soonest(self.deadline).or_timer(self.step_deadline);
        self.flow.timers(own).or(Timer::Resumption, self.resumption_due()).0
    }

    /// When the session that waits to be resumed is given up. While the server has been asked for it,
    /// its answer decides.
    fn resumption_due(&self) -> Option<Instant> {
        let is_asked = matches!(&self.link, Link::Negotiating(it) if it.is_resuming());
        self.resume_until.filter(|_| !is_asked)
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
        // Behind a hint there is always the standard way.
        let has_more = self.hinted || self.targets.has_more();
        self.step_deadline = has_more.then_some((Timer::Target, until));
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
        let error = match &reason {
            Reason::Peer(fault) => Some(StreamError::from(fault)),
            _ => None,
        };
        self.end(self.ended(reason), error);
    }

    /// Writes the end of the stream, unless that is done, and flushes.
    fn end(&mut self, ended: Ended, error: Option<StreamError>) {
        match self.link {
            Link::Negotiating(_) | Link::Online => {
                // Else the server would deliver again what waits here for the application.
                self.flow.take_leave();
                if let Some(Ok(error)) = error.map(|error| error.to_element()) {
                    self.flow.out.write(error.as_ref());
                }
                self.flow.out.write_raw(|out| out.extend_from_slice(CLOSE));
                self.flow.seal();
            }
            // Our closing tag is out already; nothing may follow it.
            Link::Closing { .. } => {}
            Link::Lost(_) => return self.finish(ended),
            Link::Idle
            | Link::Resolving
            | Link::Connecting
            | Link::Securing
            | Link::Waiting(_)
            | Link::Flushing(_) => return,
        }
        self.link = Link::Flushing(ended);
        self.arm_close();
    }

    /// Drops the transport for another one to the same target.
    fn start_over(&mut self) {
        self.actions.push_back(Action::Disconnect { id: self.attempt, how: Shutdown::Abort });
        self.tls = None;
        self.flow.reset();
        self.targets.repeat();
        self.open_next();
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

    /// The transport is gone: the login goes on with the next target, or waits for the next attempt,
    /// or every token gets its completion, and the application the event.
    fn finish(&mut self, mut ended: Ended) {
        self.link = Link::Idle;
        // A handshake that has not begun need not begin.
        self.actions.retain(|action| !matches!(action, Action::Secure { .. }));
        self.deadline = None;
        self.step_deadline = None;
        self.tls = None;
        self.flow.reset();
        if self.flow.now >= self.negotiation_until {
            self.targets.stop();
        }
        if self.targets.goes_on_after(&mut ended, self.flow.now) {
            return self.open_next();
        }
        if core::mem::take(&mut self.hinted) && !self.leaving && ended.phase < Phase::Online {
            // XEP-0198 §3: if that place does not serve, the standard way does.
            if self.flow.now < self.negotiation_until {
                return self.look_up();
            }
            self.avoids_hint = true;
        }
        let had_session = self.jid.is_some();
        let retry_at = self.next_attempt_at(&ended);
        if retry_at.is_none() || !self.keeps_session(&ended) {
            self.give_up_session();
        }
        let Some(retry_at) = retry_at else {
            return self.events.push(Event::Ended(ended));
        };
        let resumable = self.jid.is_some();
        if resumable && self.resume_until.is_none() {
            let resumable = self.flow.management.as_ref().and_then(|it| it.resumable.as_ref());
            let max =
                resumable.and_then(|it| it.max).unwrap_or(self.flow.limits.management.max_resume);
            self.resume_until = Some(self.flow.now + max);
        }
        self.link = Link::Waiting(ended.clone());
        self.deadline = Some((Timer::Reconnect, retry_at));
        let event = Event::Disconnected(Disconnected { ended, retry_at, resumable });
        match self.events.last_mut() {
            // Nobody has heard of the last one yet: the queue must not grow with each attempt.
            Some(last @ Event::Disconnected(_)) => *last = event,
            _ => self.events.push(event),
        }
        if had_session && !resumable {
            self.events.push(Event::SessionLost);
        }
    }

    /// When to try again after this, if that can help and is wanted.
    fn next_attempt_at(&mut self, ended: &Ended) -> Option<Instant> {
        let config = self.config.reconnect.as_ref().filter(|_| self.comes_back_after(ended))?;
        self.backoff.next(config, self.flow.now, &mut self.flow.rng)
    }

    /// Whether the client tries again after this, however often it has done so.
    fn comes_back_after(&self, ended: &Ended) -> bool {
        match &self.config.reconnect {
            Some(_) if self.leaving => false,
            Some(_) if self.was_online => ended.may_be_retried(),
            Some(config) => config.initial && ended.is_retryable(),
            None => false,
        }
    }

    /// Whether the session outlives the transport that ended like this (XEP-0198 §5).
    fn keeps_session(&self, ended: &Ended) -> bool {
        let Some(management) = &self.flow.management else { return false };
        let intact = match &ended.reason {
            // What the server says of it makes no sense.
            Reason::Peer(fault) if fault.is_about_session() => false,
            // Until the login, somebody else may have answered. From then on it is the server, and
            // what went wrong would go wrong each time that the session is asked for.
            Reason::Peer(_) if ended.phase >= Phase::Authenticating => false,
            Reason::Reported(error) if ended.phase >= Phase::Authenticating => {
                error.condition().is_retryable() && ended.phase < Phase::Online
            }
            // A stream that was closed, by whatever side, cannot be resumed (XEP-0198 §7).
            _ if ended.phase < Phase::Online => true,
            Reason::Transport(_) | Reason::TimedOut(_) => true,
            _ => false,
        };
        intact
            && management.resumable.is_some()
            && !management.is_fruitless(&self.flow.limits.management)
    }

    /// The session is over: every token gets its completion.
    fn give_up_session(&mut self) {
        self.jid = None;
        self.lang = None;
        self.resume_until = None;
        // What waits for the application is of that session: the next one counts from zero.
        self.events.forget_numbers();
        #[cfg(feature = "modules")]
        {
            self.offered = None;
        }
        self.flow.end();
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
