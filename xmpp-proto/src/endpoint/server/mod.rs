//! The server: the receiving entity of a client-to-server stream.

mod config;
mod dormant;
mod event;
mod machine;
mod rate;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

pub use config::{ServerConfig, ServerTls};
pub use dormant::Dormant;
pub use event::{Ask, AskBind, AskCredentials, AskIdentity, AskResume, Bound, ServerEvent};
pub use rate::RateLimit;

use rate::Budget;

use super::command::commands;
use super::{
    Action, AttemptId, Ended, IqToken, Misuse, Phase, Query, Reason, Rejected, Request, SendToken,
    Timer, TlsInfo,
};
use crate::Instant;
use crate::jid::{BareJid, FullJid};
use crate::negotiate::{BindAnswer, ServerNegotiation};
use crate::rng::Seed;
use crate::sasl::StoredCredentials;
use crate::session::{Flow, FlowLimits, Inbox, Soonest};
use crate::stanza::{Stanza, StanzaError};
use crate::stream::{CLOSE, StreamError};
use crate::sync::Arc;
use crate::xml::Element;

/// A server's end of one client's stream: secures, authenticates and binds it, then receives and
/// sends stanzas.
///
/// It does no I/O, and it knows no accounts and no other streams: what it needs to know it asks its
/// owner, as [`ServerEvent`]s, and waits for the answers without holding anything up. Whoever
/// drives it keeps the [contract](super#the-contract), as with a [`Client`](super::Client); the
/// transport is open already, and is announced by
/// [`handle_connected`](super::Endpoint::handle_connected) with the id from [`Server::attempt`].
///
/// ```
/// use xmpp_proto::endpoint::{Bound, ConnInfo, Endpoint, Server, ServerConfig, ServerEvent, Step};
/// use xmpp_proto::sasl::StoredCredentials;
/// use xmpp_proto::{Instant, Seed};
///
/// # let (now, incoming) = (Instant::from_micros(0), [b"<?xml version='1.0'?>".as_slice()]);
/// # let seed = Seed::new([7; 32]); // take fresh random bytes for real
/// let alice = StoredCredentials::from_password("a password", b"a random salt", 10_000)?;
/// let mut server = Server::new(ServerConfig::new("example.org".parse()?), seed, now);
/// let link = server.attempt();
/// server.handle_connected(now, link, ConnInfo::new());
/// for bytes in incoming {
///     server.handle_received(now, link, bytes);
///     loop {
///         match server.step() {
///             Step::Wait { write, .. } if !write.is_empty() => {
///                 let written = write.len(); // hand them to the socket
///                 server.handle_written(now, link, written);
///             }
///             Step::Wait { .. } => break,
///             other => println!("{other:?}"), // TLS to start, a transport to close
///         }
///     }
///     while let Some(event) = server.poll_event() {
///         match event {
///             ServerEvent::Credentials(ask) => {
///                 let found = (ask.username() == "alice").then(|| alice.clone());
///                 server.credentials(now, ask, found)?;
///             }
///             ServerEvent::Bind(ask) => server.bind(now, ask, Bound::Accept)?,
///             ServerEvent::Stanza(stanza) => println!("{stanza:?}"), // deliver it
///             other => println!("{other:?}"),
///         }
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    config: Arc<ServerConfig>,
    flow: Flow,
    link: Link,
    actions: VecDeque<Action>,
    events: Inbox<ServerEvent>,
    deadline: Option<(Timer, Instant)>,
    budget: Budget,
    domain: Option<BareJid>,
    /// The language of the client's header (RFC 6120 §4.7.4).
    lang: Option<alloc::string::String>,
    jid: Option<FullJid>,
    tls: Option<TlsInfo>,
}

/// The state of the transport and the stream on it.
enum Link {
    /// The transport has not been announced yet.
    New,
    /// Direct TLS: `Action::SecureServer` is out and there is no stream yet.
    Securing,
    /// A stream is being negotiated.
    Negotiating(ServerNegotiation),
    /// Stanzas flow.
    Online,
    /// We sent the closing tag and wait for the peer's (RFC 6120 §4.4).
    Closing { from: Phase },
    /// All is said: the rest of the output is written, then the transport is closed.
    Flushing(Ended),
    /// The transport is gone; what it brought before is still being digested.
    Lost(Ended),
    /// There is no transport, and the session waits to be resumed elsewhere (XEP-0198 §5).
    Suspended(Ended),
    /// It is over.
    Over,
}

impl Server {
    /// The one transport of a server.
    const LINK: AttemptId = AttemptId(1);

    /// A server for one stream, whose transport was accepted.
    ///
    /// The seed must come from a good source and be used once: nonces, stream ids and resources are
    /// drawn from it.
    #[must_use]
    pub fn new(config: impl Into<Arc<ServerConfig>>, seed: Seed, now: Instant) -> Self {
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
            flow: Flow::new(limits, config.login_limits, seed, now),
            link: Link::New,
            actions: VecDeque::new(),
            events: Inbox::new(),
            deadline: Some((Timer::Negotiation, now + config.negotiation_timeout)),
            budget: Budget::new(now),
            domain: None,
            lang: None,
            jid: None,
            tls: None,
            config,
        }
    }

    /// Answers the question for credentials: what is stored of the account, or that there is none.
    /// A client cannot tell an account that does not exist from a wrong password.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuestion`] if the stream has gone on without the answer.
    pub fn credentials(
        &mut self,
        now: Instant,
        ask: AskCredentials,
        found: Option<StoredCredentials>,
    ) -> Result<(), Misuse> {
        let token = Ask::from(ask).token();
        self.flow.advance(now);
        self.negotiate(|negotiation, cx| negotiation.handle_credentials(cx, token, found))
    }

    /// Answers the question whose certificate it is: an account, or nobody's.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuestion`] if the stream has gone on without the answer.
    pub fn identity(
        &mut self,
        now: Instant,
        ask: AskIdentity,
        account: Option<BareJid>,
    ) -> Result<(), Misuse> {
        let token = Ask::from(ask).token();
        self.flow.advance(now);
        self.negotiate(|negotiation, cx| negotiation.handle_identity(cx, token, account))
    }

    /// Answers the question whether a resource may be bound. [`ServerEvent::Online`] follows if one
    /// is.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuestion`] if the stream has gone on without the answer.
    pub fn bind(&mut self, now: Instant, ask: AskBind, answer: Bound) -> Result<(), Misuse> {
        let token = Ask::from(ask).token();
        self.flow.advance(now);
        let answer = match answer {
            Bound::Accept => BindAnswer::Accept,
            Bound::Another => BindAnswer::Another,
            Bound::As(resource) => BindAnswer::As(resource),
            Bound::Refuse(error) => BindAnswer::Refuse(error),
        };
        self.negotiate(|negotiation, cx| negotiation.handle_bind(cx, token, answer))
    }

    /// Says that a question cannot be answered now, as when a database is down. The client is told
    /// `temporary-auth-failure`, or `internal-server-error` for a resource, and may try again.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuestion`] if the stream has gone on without the answer.
    pub fn unavailable(&mut self, now: Instant, ask: impl Into<Ask>) -> Result<(), Misuse> {
        self.flow.advance(now);
        let token = ask.into().token();
        self.negotiate(|negotiation, cx| negotiation.unavailable(cx, token))
    }

    /// Sends a stanza to the client. It goes out as it is: who sent it is for the owner to say, and
    /// it must say so unless it is the client's own account (RFC 6120 §8.1.2.1). Its fate comes as
    /// [`Completion::Outcome`](super::Completion::Outcome) with the token. While the session is
    /// [suspended](Self::is_suspended), it waits.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotOnline`], [`Misuse::OutputFull`] or [`Misuse::TooManyUnacked`], with the stanza.
    pub fn send(&mut self, now: Instant, stanza: Stanza) -> Result<SendToken, Rejected<Stanza>> {
        self.flow.advance(now);
        self.flow.send(stanza, self.is_open())
    }

    /// Asks the client itself, in the name of the domain, such as by a ping. Its answer, or the
    /// lack of one, comes as [`Completion::Reply`](super::Completion::Reply) with the token.
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
        let open = self.is_open();
        let request = match &self.jid {
            Some(jid) if request.to.is_none() => request.to(jid.clone()),
            _ => request,
        };
        self.flow.request(request, self.domain.as_deref(), open)
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
        self.flow.answer(query, answer, self.is_open())
    }

    /// Closes the stream properly: what is queued is written, the closing tag follows, the peer's
    /// is awaited (RFC 6120 §4.4). [`ServerEvent::Ended`] tells when it is done.
    pub fn close(&mut self, now: Instant) {
        self.flow.advance(now);
        match &self.link {
            Link::New | Link::Securing => self.abort(Reason::ClosedByUs),
            Link::Negotiating(negotiation) if negotiation.is_securing() => {
                self.abort(Reason::ClosedByUs);
            }
            Link::Negotiating(_) | Link::Online => {
                let from = self.phase();
                self.open_stream();
                if from == Phase::Online {
                    // The owner still takes what waits for it.
                    self.flow.settle(None);
                    self.flow.part();
                    self.flow.forbid_resumption();
                }
                self.flow.out.write_raw(|out| out.extend_from_slice(CLOSE));
                self.flow.seal();
                self.link = Link::Closing { from };
                self.arm_close();
            }
            Link::Suspended(_) => self.give_up_session(Reason::ClosedByUs),
            Link::Lost(_) => self.flow.forbid_resumption(),
            Link::Closing { .. } | Link::Flushing(_) | Link::Over => {}
        }
    }

    /// Ends the stream with an error that tells the client why: `conflict` if another client has
    /// taken its resource, `system-shutdown`, `reset`, `not-authorized` if the account is gone
    /// (RFC 6120 §4.9.3). A session that waits to be resumed is over, and nobody is told why.
    pub fn close_with(&mut self, now: Instant, error: StreamError) {
        self.flow.advance(now);
        self.end(self.ended(Reason::ClosedWith(error.clone())), Some(error));
    }

    /// The client's address, while online.
    #[must_use]
    pub const fn jid(&self) -> Option<&FullJid> {
        self.jid.as_ref()
    }

    /// The domain that the client has opened the stream to, once it has.
    #[must_use]
    pub fn domain(&self) -> Option<&BareJid> {
        match &self.link {
            Link::Negotiating(negotiation) => negotiation.domain(),
            _ => self.domain.as_ref(),
        }
    }

    /// What is known of the TLS session, once the stream is secured.
    #[must_use]
    pub const fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    /// The name of the one transport.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        Self::LINK
    }

    /// Whether stanzas can be sent.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        matches!(self.link, Link::Online)
    }

    /// Whether the transport is gone and the session waits to be resumed (XEP-0198 §5).
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        matches!(self.link, Link::Suspended(_))
    }

    /// The stanzas that the client has not acknowledged (XEP-0198 §4), in the order in which they were
    /// sent, without those that are the machine's own.
    pub fn unacked(&self) -> impl Iterator<Item = (SendToken, &Stanza)> {
        let entries = self.flow.management.iter().flat_map(|management| management.entries());
        entries.filter_map(|entry| Some((entry.token?, &entry.stanza)))
    }

    /// Whether the stream is over, and no session waits to be resumed.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.link, Link::Over)
    }

    /// Whether it is deaf: whatever the client still sends, nothing comes of it.
    #[cfg(feature = "domain")]
    pub(crate) const fn is_deaf(&self) -> bool {
        matches!(self.link, Link::Flushing(_) | Link::Over)
    }

    /// Whether what is sent from now on can go out, now or later.
    #[must_use]
    pub fn has_future(&self) -> bool {
        match &self.link {
            Link::Lost(_) => self.flow.is_resumable(),
            link => !matches!(link, Link::Closing { .. } | Link::Flushing(_) | Link::Over),
        }
    }

    /// Whether a driver should hand over further commands: online or suspended, and what waits to be
    /// written or acknowledged is below its marks. Commands are accepted a while longer, up to
    /// `output_limit`.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.is_open()
            && self.flow.out.len() <= self.config.output_high_water
            && self.flow.has_room()
    }

    /// How far the stream has come.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match &self.link {
            Link::New => Phase::Connecting,
            Link::Securing => Phase::Securing,
            Link::Negotiating(negotiation) => negotiation.phase(),
            Link::Online => Phase::Online,
            Link::Closing { .. } | Link::Over => Phase::Closing,
            Link::Flushing(ended) | Link::Lost(ended) | Link::Suspended(ended) => ended.phase,
        }
    }

    /// Which deadline is next, and when: the reason behind
    /// [`Endpoint::poll_timeout`](super::Endpoint::poll_timeout).
    #[must_use]
    pub fn next_timer(&self) -> Option<(Timer, Instant)> {
        let question = match &self.link {
            Link::Negotiating(negotiation) => negotiation.question_deadline(),
            _ => None,
        };
        let own = Soonest(self.deadline).or(Timer::Question, question);
        self.flow.timers(own).or(Timer::Rate, self.exhausted_until()).0
    }
}

commands!(Server);

#[cfg(test)]
mod tests;
