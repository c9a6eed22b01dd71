//! The receiving entity's negotiation with a client.
//!
//! ```text
//! Header -> Choice -> (TLS) -> Header -> Choice -> Sasl -> Header -> Choice -> Asked -> done
//! ```
//!
//! In `Choice` the features are out and the move is the client's. What a client may get wrong and
//! try again (a password, a resource) is answered and leads back there; everything else is a fault,
//! which is final.

mod binding;
mod login;
mod resumption;

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::Instant;
use crate::endpoint::{
    Misuse, PeerFault, Phase, Reason, ServerConfig, ServerTls, StartTlsFault, TlsInfo,
};
use crate::jid::{BareJid, FullJid, Jid};
use crate::ns;
use crate::rng::Rng;
use crate::sasl::{FailureCondition, Mechanism, ServerExchange, ServerFault};
use crate::stanza::{Condition, Iq, StanzaError};
use crate::stream::{HeaderAttrs, Outbox, check_header, header_lang, offer, write_header};
use crate::xml::{BuildError, Element, ElementRef, Header};

/// What the negotiation needs of the machine around it.
pub(crate) struct ServerCx<'a> {
    pub(crate) config: &'a ServerConfig,
    pub(crate) out: &'a mut Outbox,
    pub(crate) rng: &'a mut Rng,
    pub(crate) tls: Option<&'a TlsInfo>,
    pub(crate) now: Instant,
}

/// What the machine around must do next.
#[derive(Debug)]
pub(crate) enum ServerVerdict {
    /// Wait for more.
    Continue,
    /// `<starttls/>` came: send `<proceed/>` and start TLS, if nothing came behind it.
    Secure,
    /// The stream restarts after SASL: the parser must expect a new header right here.
    Restart,
    /// Ask the owner, and read no further.
    Ask(Question),
    /// Negotiation is complete.
    Online(FullJid),
}

/// A question for the owner.
#[derive(Debug)]
pub(crate) enum Question {
    Credentials { token: u64, username: String, mechanism: Mechanism },
    Identity { token: u64, authzid: Option<String> },
    Bind { token: u64, jid: FullJid, asked: bool },
    Resume { token: u64, account: BareJid, id: String, h: u32 },
}

/// The owner's answer to [`Question::Bind`].
pub(crate) enum BindAnswer {
    Accept,
    Another,
    As(String),
    Refuse(StanzaError),
}

/// Negotiation of one stream.
pub(crate) struct ServerNegotiation {
    state: State,
    /// The domain of the stream, once a header has named it.
    domain: Option<BareJid>,
    /// Who the client said it was when it opened the stream.
    claimed: Option<BareJid>,
    /// Who has authenticated.
    account: Option<BareJid>,
    /// The language of the client's header.
    lang: Option<String>,
    /// Whether our header is out on the current stream.
    opened: bool,
    secured: bool,
    failures: u8,
    binds: u8,
    /// Sessions that were asked for in vain.
    misuses: u8,
    /// The question that waits for an answer, until then.
    asked: Option<(u64, Instant)>,
    next_token: u64,
}

enum State {
    /// A header is due (§4.2).
    Header,
    /// Features are sent (§4.3.2).
    Choice,
    /// `<proceed/>` is sent, and TLS is being started by the adapter (§5.4.2.3).
    Securing,
    /// A login is under way. While `working`, a key is derived.
    Sasl { exchange: ServerExchange, working: bool },
    /// A bind request waits for the owner.
    Binding { request: Iq, jid: FullJid },
    /// A session that is to be resumed waits for the owner.
    Resuming,
    /// Complete or failed.
    Done,
}

impl ServerNegotiation {
    /// Waits for a header, on a transport that is `secured` already or not.
    pub(crate) const fn new(secured: bool) -> Self {
        Self {
            state: State::Header,
            domain: None,
            claimed: None,
            account: None,
            lang: None,
            opened: false,
            secured,
            failures: 0,
            binds: 0,
            misuses: 0,
            asked: None,
            next_token: 0,
        }
    }

    /// TLS is up after `<proceed/>`: everything the client said before is forgotten (§5.4.3.3).
    pub(crate) fn handle_secured(&mut self) {
        *self = Self { failures: self.failures, next_token: self.next_token, ..Self::new(true) };
    }

    pub(crate) const fn is_securing(&self) -> bool {
        matches!(self.state, State::Securing)
    }

    /// Whether nothing may be read before somebody else is done: TLS, the owner, or a computation.
    pub(crate) const fn is_waiting(&self) -> bool {
        self.is_securing() || self.asked.is_some() || self.has_work()
    }

    pub(crate) const fn has_work(&self) -> bool {
        matches!(&self.state, State::Sasl { working: true, .. })
    }

    /// When the owner's answer is due.
    pub(crate) fn question_deadline(&self) -> Option<Instant> {
        self.asked.map(|(_, until)| until)
    }

    pub(crate) const fn domain(&self) -> Option<&BareJid> {
        self.domain.as_ref()
    }

    pub(crate) fn lang(&self) -> Option<&str> {
        self.lang.as_deref()
    }

    pub(crate) const fn phase(&self) -> Phase {
        match self.state {
            State::Securing => Phase::Securing,
            State::Sasl { .. } => Phase::Authenticating,
            _ if self.account.is_some() => Phase::Binding,
            _ => Phase::Negotiating,
        }
    }

    /// Sends our header, if it is not out: also what follows in the way of an error needs one
    /// (RFC 6120 §4.9.1.2).
    pub(crate) fn open(&mut self, cx: &mut ServerCx<'_>, to: Option<&str>) {
        if core::mem::replace(&mut self.opened, true) {
            return;
        }
        let id = cx.rng.id();
        let from = self.domain.as_ref().or_else(|| cx.config.default_domain());
        let attrs = HeaderAttrs {
            to,
            from: from.map(|domain| domain.as_str()),
            id: Some(&id),
            lang: cx.config.lang.as_deref().or(self.lang.as_deref()),
        };
        cx.out.write_raw(|out| write_header(out, attrs));
    }

    /// The client's stream header.
    pub(crate) fn handle_header(
        &mut self,
        cx: &mut ServerCx<'_>,
        header: &Header<'_>,
    ) -> Result<ServerVerdict, Reason> {
        let element = header.element();
        self.lang = header_lang(header);
        let from = element.attr("from").map(|from| Jid::from_wire(&from));
        let to = element.attr("to");
        let served = to.as_deref().and_then(|to| cx.config.serves(to)).cloned();
        if self.domain.is_none() {
            self.domain.clone_from(&served);
        }
        self.claimed = from.as_ref().and_then(|from| Some(from.as_ref().ok()?.to_bare()));
        // RFC 6120 §4.7.2: the response goes to the bare address that the header is from, and to
        // nobody if it does not say.
        let claimed = self.claimed.clone();
        self.open(cx, claimed.as_ref().map(|claimed| claimed.as_str()));
        check_header(header).map_err(|fault| Reason::Peer(PeerFault::Header(fault)))?;
        let Some(to) = to.filter(|to| !to.is_empty()) else {
            return Err(Reason::Peer(PeerFault::NoDomain));
        };
        let Some(served) = served else {
            return Err(Reason::Peer(PeerFault::UnknownDomain { to: bounded(&to) }));
        };
        if self.domain.as_ref() != Some(&served) {
            return Err(Reason::Peer(PeerFault::ChangedDomain { to: bounded(&to) }));
        }
        if let (Some(account), Some(from)) = (&self.account, from)
            && !from.is_ok_and(|from| from.to_bare() == *account)
        {
            // RFC 6120 §4.7.1, §4.9.3.9.
            let from = bounded(&element.attr("from").unwrap_or_default());
            return Err(Reason::Peer(PeerFault::ForgedFrom { from }));
        }
        self.offer(cx)?;
        self.state = State::Choice;
        Ok(ServerVerdict::Continue)
    }

    /// Sends the features of this point, in the order of RFC 6120 §5.3.1, §6.3.1 and §7.3.1: one
    /// that must be negotiated first stands alone.
    fn offer(&self, cx: &mut ServerCx<'_>) -> Result<(), Reason> {
        let features = if self.account.is_some() {
            offer::bind(cx.config.session, cx.config.management.is_some(), &cx.config.features)
        } else if self.wants_tls(cx) {
            offer::starttls()
        } else {
            offer::sasl(self.mechanisms(cx), self.bindings(cx))
        };
        send(cx, features)
    }

    fn wants_tls(&self, cx: &ServerCx<'_>) -> bool {
        !self.secured && cx.config.tls == ServerTls::StartTls
    }

    /// An element of the stream.
    pub(crate) fn handle_element(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        match element.ns() {
            ns::TLS if element.name() == "starttls" => self.handle_starttls(cx),
            ns::SM if cx.config.management.is_some() => self.handle_management(cx, element),
            ns::SASL if self.account.is_none() => self.handle_sasl(cx, element),
            ns::CLIENT if matches!(element.name(), "message" | "presence" | "iq") => {
                self.handle_stanza(cx, element)
            }
            _ => Err(Reason::Peer(unknown_element(element))),
        }
    }

    fn handle_starttls(&mut self, cx: &mut ServerCx<'_>) -> Result<ServerVerdict, Reason> {
        if matches!(self.state, State::Choice) && self.wants_tls(cx) {
            return Ok(ServerVerdict::Secure);
        }
        // RFC 6120 §5.4.2.2: refused with a failure and the end of the stream.
        send(cx, Element::builder("failure", ns::TLS).build())?;
        Err(Reason::StartTls(StartTlsFault::Refused))
    }

    /// Says that TLS may begin (RFC 6120 §5.4.2.3).
    pub(crate) fn proceed(&mut self, cx: &mut ServerCx<'_>) -> Result<(), Reason> {
        self.state = State::Securing;
        send(cx, Element::builder("proceed", ns::TLS).build())
    }

    fn ask(&mut self, cx: &ServerCx<'_>) -> u64 {
        self.next_token += 1;
        self.asked = Some((self.next_token, cx.now + cx.config.question_timeout));
        self.next_token
    }

    /// Takes the state that waits for the answer `token`.
    fn answered(&mut self, token: u64) -> Result<State, Misuse> {
        if self.asked.is_none_or(|(asked, _)| asked != token) {
            return Err(Misuse::UnknownQuestion);
        }
        self.asked = None;
        Ok(core::mem::replace(&mut self.state, State::Choice))
    }

    /// The owner cannot answer now.
    pub(crate) fn unavailable(
        &mut self,
        cx: &mut ServerCx<'_>,
        token: u64,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        let state = self.answered(token)?;
        Ok(match state {
            State::Binding { request, .. } => {
                self.refuse_bind(cx, &request, &Condition::InternalServerError.into())
            }
            State::Resuming => self.refuse_management(cx, Condition::InternalServerError, None),
            _ => {
                let condition = FailureCondition::TemporaryAuthFailure;
                self.fail_login(cx, &ServerFault { condition, counts: false })
            }
        })
    }

    /// The owner has not answered in time.
    pub(crate) fn give_up_question(
        &mut self,
        cx: &mut ServerCx<'_>,
    ) -> Result<ServerVerdict, Reason> {
        match self.asked {
            Some((token, until)) if until <= cx.now => {
                self.unavailable(cx, token).unwrap_or(Ok(ServerVerdict::Continue))
            }
            _ => Ok(ServerVerdict::Continue),
        }
    }
}

/// An element that has no place on a client's stream.
pub(crate) fn unknown_element(element: ElementRef<'_>) -> PeerFault {
    if matches!(element.name(), "message" | "presence" | "iq") {
        PeerFault::ForeignNamespace { ns: bounded(element.ns()) }
    } else {
        PeerFault::UnknownElement { name: element.name().to_owned() }
    }
}

/// What a client said, as far as it fits into a line.
pub(crate) fn bounded(text: &str) -> String {
    text.chars().take(256).collect()
}

/// Writes an element of our own.
fn send(cx: &mut ServerCx<'_>, element: Result<Element, BuildError>) -> Result<(), Reason> {
    let element = element.map_err(Reason::Config)?;
    cx.out.write(element.as_ref());
    Ok(())
}
