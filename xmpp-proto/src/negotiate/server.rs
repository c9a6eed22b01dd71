//! The receiving entity's negotiation with a client.
//!
//! ```text
//! Header -> Choice -> (TLS) -> Header -> Choice -> Sasl -> Header -> Choice -> Asked -> done
//! ```
//!
//! In `Choice` the features are out and the move is the client's. What a client may get wrong and
//! try again (a password, a resource) is answered and leads back there; everything else is a fault,
//! which is final.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::data::{base64, decode};
use crate::Instant;
use crate::endpoint::{
    Misuse, PeerFault, Phase, Reason, ServerConfig, ServerTls, StartTlsFault, TlsInfo, TlsVersion,
};
use crate::jid::{BareJid, FullJid, Jid};
use crate::ns;
use crate::rng::Rng;
use crate::sasl::{
    Account, BindingType, ChannelData, FailureCondition, Mechanism, ServerExchange, ServerFault,
    ServerProgress, ServerSasl, StoredCredentials,
};
use crate::stanza::{Condition, Iq, IqType, Stanza, StanzaError};
use crate::stream::{HeaderAttrs, Outbox, check_header, header_lang, offer, write_header};
use crate::xml::{BuildError, Element, ElementRef, Header};

/// RFC 6120 §7.7.2 wants at least five tries for an acceptable resource, and an end to them.
const MAX_BINDS: u8 = 5;

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
            offer::bind(cx.config.session)
        } else if self.wants_tls(cx) {
            offer::starttls()
        } else {
            let plus = self.mechanisms(cx).any(Mechanism::binds_channel);
            let bindings: &[_] = if plus { &[BindingType::TlsExporter] } else { &[] };
            offer::sasl(self.mechanisms(cx), bindings)
        };
        send(cx, features)
    }

    fn wants_tls(&self, cx: &ServerCx<'_>) -> bool {
        !self.secured && cx.config.tls == ServerTls::StartTls
    }

    /// The configured mechanisms that are possible on this stream.
    fn mechanisms<'a>(&self, cx: &ServerCx<'a>) -> impl Iterator<Item = Mechanism> + use<'a> {
        let (config, secured) = (cx.config, self.secured);
        let bound = exporter(cx.tls).is_some();
        let certified = cx.tls.is_some_and(|tls| tls.client_certificate.is_some());
        config.mechanisms.iter().copied().filter(move |mechanism| match mechanism {
            Mechanism::External => secured && certified,
            Mechanism::Anonymous => true,
            // RFC 6120 §13.8.3: a password is not to be shown to everybody on the way.
            Mechanism::Plain => secured || config.insecure_plain_without_tls,
            plus if plus.binds_channel() => secured && bound,
            // What this side cannot do (OAUTHBEARER and the like) is not offered.
            other => other.is_scram(),
        })
    }

    /// An element of the stream.
    pub(crate) fn handle_element(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        match element.ns() {
            ns::TLS if element.name() == "starttls" => self.handle_starttls(cx),
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

    fn handle_sasl(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        let before = core::mem::replace(&mut self.state, State::Choice);
        match (element.name(), before) {
            ("auth", State::Choice) => self.handle_auth(cx, element),
            ("response", State::Sasl { exchange, .. }) => match decode(element) {
                // RFC 6120 §6.4.4: a response without data is an empty one.
                Ok(data) => {
                    let data = data.unwrap_or_default();
                    self.go_on(cx, exchange, |exchange| exchange.handle_response(Some(&data)))
                }
                Err(_) => self.refuse(cx, FailureCondition::IncorrectEncoding),
            },
            // RFC 6120 §6.4.4.
            ("abort", State::Sasl { .. } | State::Choice) => {
                self.refuse(cx, FailureCondition::Aborted)
            }
            // A second login inside the first, or an answer to nothing.
            ("auth" | "response", _) => self.refuse(cx, FailureCondition::MalformedRequest),
            _ => Err(Reason::Peer(unknown_element(element))),
        }
    }

    fn handle_auth(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        // RFC 6120 §6.5.4.
        if self.wants_tls(cx) {
            return self.refuse(cx, FailureCondition::EncryptionRequired);
        }
        let name = element.attr("mechanism").unwrap_or_default();
        let Some(mechanism) =
            Mechanism::from_name(&name).filter(|chosen| self.mechanisms(cx).any(|m| m == *chosen))
        else {
            return self.refuse(cx, FailureCondition::InvalidMechanism);
        };
        let Ok(data) = decode(element) else {
            return self.refuse(cx, FailureCondition::IncorrectEncoding);
        };
        let domain = self.domain.as_ref().map_or("", |domain| domain.as_str());
        let sasl = ServerSasl {
            domain,
            channel: ChannelData { tls_exporter: exporter(cx.tls), tls_server_end_point: None },
            plus_offered: self.mechanisms(cx).any(Mechanism::binds_channel),
            decoy_key: cx.config.decoy_key.as_ref(),
            limits: &cx.config.scram,
        };
        let exchange = ServerExchange::start(mechanism, &sasl, cx.rng);
        let data = data.as_ref().map(|data| data.as_slice());
        self.go_on(cx, exchange, |exchange| exchange.handle_response(data))
    }

    /// Takes one step of a login and acts on what comes of it.
    fn go_on(
        &mut self,
        cx: &mut ServerCx<'_>,
        mut exchange: ServerExchange,
        step: impl FnOnce(&mut ServerExchange) -> Result<ServerProgress, ServerFault>,
    ) -> Result<ServerVerdict, Reason> {
        let progress = match step(&mut exchange) {
            Ok(progress) => progress,
            Err(fault) => return self.fail_login(cx, &fault),
        };
        let mechanism = exchange.mechanism();
        let mut working = false;
        let verdict = match progress {
            ServerProgress::Challenge(data) => {
                cx.out.write_sasl("challenge", None, &base64(&data));
                ServerVerdict::Continue
            }
            ServerProgress::NeedCredentials { username } => {
                let token = self.ask(cx);
                ServerVerdict::Ask(Question::Credentials { token, username, mechanism })
            }
            ServerProgress::NeedIdentity { authzid } => {
                let token = self.ask(cx);
                ServerVerdict::Ask(Question::Identity { token, authzid })
            }
            ServerProgress::Work => {
                working = true;
                ServerVerdict::Continue
            }
            ServerProgress::Success { account, data } => {
                return self.succeed(cx, account, data.as_ref().map(|data| data.as_slice()));
            }
        };
        self.state = State::Sasl { exchange, working };
        Ok(verdict)
    }

    fn succeed(
        &mut self,
        cx: &mut ServerCx<'_>,
        account: Account,
        data: Option<&[u8]>,
    ) -> Result<ServerVerdict, Reason> {
        let account = match (account, &self.domain) {
            (Account::User(account), _) => {
                // RFC 6120 §6.4.6, §13.7.2: who authenticates is who opened the stream.
                if let Some(claimed) = self.claimed.take().filter(|claimed| *claimed != account) {
                    let from = bounded(claimed.as_str());
                    return Err(Reason::Peer(PeerFault::ForgedFrom { from }));
                }
                account
            }
            (Account::Guest, Some(domain)) => {
                let guest = Jid::from_parts(Some(&cx.rng.id()), domain.as_str(), None);
                match guest.map(|guest| guest.to_bare()) {
                    Ok(guest) => guest,
                    Err(_) => return self.refuse(cx, FailureCondition::TemporaryAuthFailure),
                }
            }
            (Account::Guest, None) => {
                return self.refuse(cx, FailureCondition::TemporaryAuthFailure);
            }
        };
        cx.out.write_sasl("success", None, &base64(data.unwrap_or_default()));
        self.account = Some(account);
        // RFC 6120 §6.3.2: the client opens a new stream, and so do we.
        self.opened = false;
        self.state = State::Header;
        Ok(ServerVerdict::Restart)
    }

    /// Does one slice of the computation that a login needs.
    pub(crate) fn work(&mut self, cx: &mut ServerCx<'_>) -> Result<ServerVerdict, Reason> {
        match core::mem::replace(&mut self.state, State::Choice) {
            State::Sasl { exchange, working: true } => {
                self.go_on(cx, exchange, ServerExchange::work)
            }
            other => {
                self.state = other;
                Ok(ServerVerdict::Continue)
            }
        }
    }

    fn fail_login(
        &mut self,
        cx: &mut ServerCx<'_>,
        fault: &ServerFault,
    ) -> Result<ServerVerdict, Reason> {
        self.state = State::Choice;
        let condition = fault.condition.name();
        let failure = Element::builder("failure", ns::SASL);
        send(cx, failure.child_with(condition, ns::SASL, |condition| condition).build())?;
        if fault.counts {
            self.failures = self.failures.saturating_add(1);
        }
        // RFC 6120 §6.4.5.
        if fault.counts && self.failures >= cx.config.max_login_attempts.max(1) {
            return Err(Reason::Peer(PeerFault::TooManyLogins));
        }
        Ok(ServerVerdict::Continue)
    }

    /// A login that fails before, or beside, its mechanism. It always counts.
    fn refuse(
        &mut self,
        cx: &mut ServerCx<'_>,
        condition: FailureCondition,
    ) -> Result<ServerVerdict, Reason> {
        self.fail_login(cx, &ServerFault { condition, counts: true })
    }

    /// A stanza: the bind request, or something that has no place here.
    fn handle_stanza(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        // RFC 6120 §7.1: nothing but the bind request before a resource is bound; nothing at all
        // before authentication (§4.9.3.12).
        let early = Err(Reason::Peer(PeerFault::StanzaBeforeBinding));
        let (Some(account), State::Choice) = (self.account.clone(), &self.state) else {
            return early;
        };
        // §8.1.2.1 goes for this one, too.
        if let Some(from) = element.attr("from")
            && !Jid::from_wire(&from).is_ok_and(|from| from.to_bare() == account)
        {
            return Err(Reason::Peer(PeerFault::ForgedFrom { from: bounded(&from) }));
        }
        // Nor may it be for anybody but the server and the account.
        let for_us = |to: &str| {
            cx.config.serves(to).is_some() || BareJid::from_wire(to).is_ok_and(|to| to == account)
        };
        if element.attr("to").is_some_and(|to| !for_us(&to)) {
            return early;
        }
        let Some(bind) = element.child("bind", ns::BIND) else { return early };
        let asked = bind.child("resource", ns::BIND).map(|resource| resource.text().into_owned());
        let request = match Stanza::from_element(element.to_element()) {
            Ok(Stanza::Iq(iq)) if iq.type_() == IqType::Set => iq,
            _ => return early,
        };
        // RFC 6120 §7.6: without a resource, the server makes one up.
        let asked = asked.filter(|resource| !resource.is_empty());
        let jid = match &asked {
            Some(resource) => account.with_resource(resource),
            None => account.with_resource(&cx.rng.id()),
        };
        let Ok(jid) = jid else {
            return self.refuse_bind(cx, &request, &Condition::BadRequest.into());
        };
        let token = self.ask(cx);
        let question = Question::Bind { token, jid: jid.clone(), asked: asked.is_some() };
        self.state = State::Binding { request, jid };
        Ok(ServerVerdict::Ask(question))
    }

    fn refuse_bind(
        &mut self,
        cx: &mut ServerCx<'_>,
        request: &Iq,
        error: &StanzaError,
    ) -> Result<ServerVerdict, Reason> {
        self.state = State::Choice;
        if let Ok(reply) = request.error_reply(error.clone()) {
            cx.out.write(reply.element().as_ref());
        }
        self.binds += 1;
        if self.binds >= MAX_BINDS {
            return Err(Reason::Peer(PeerFault::TooManyBinds));
        }
        Ok(ServerVerdict::Continue)
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

    pub(crate) fn handle_credentials(
        &mut self,
        cx: &mut ServerCx<'_>,
        token: u64,
        found: Option<StoredCredentials>,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        let State::Sasl { exchange, .. } = self.answered(token)? else {
            return Err(Misuse::UnknownQuestion);
        };
        Ok(self.go_on(cx, exchange, |exchange| exchange.handle_credentials(found)))
    }

    pub(crate) fn handle_identity(
        &mut self,
        cx: &mut ServerCx<'_>,
        token: u64,
        account: Option<BareJid>,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        let State::Sasl { exchange, .. } = self.answered(token)? else {
            return Err(Misuse::UnknownQuestion);
        };
        Ok(self.go_on(cx, exchange, |exchange| exchange.handle_identity(account)))
    }

    pub(crate) fn handle_bind(
        &mut self,
        cx: &mut ServerCx<'_>,
        token: u64,
        answer: BindAnswer,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        let State::Binding { request, jid } = self.answered(token)? else {
            return Err(Misuse::UnknownQuestion);
        };
        let account = jid.to_bare();
        let jid = match answer {
            BindAnswer::Accept => Ok(jid),
            BindAnswer::Another => account.with_resource(&cx.rng.id()),
            BindAnswer::As(resource) => account.with_resource(&resource),
            BindAnswer::Refuse(error) => return Ok(self.refuse_bind(cx, &request, &error)),
        };
        let Ok(jid) = jid else {
            let error = Condition::InternalServerError.into();
            return Ok(self.refuse_bind(cx, &request, &error));
        };
        // RFC 6120 §7.6.1.
        let bound = Element::builder("bind", ns::BIND)
            .child_with("jid", ns::BIND, |element| element.text(jid.as_str()))
            .build();
        let reply = bound.ok().and_then(|bound| request.result(Some(bound)).ok());
        let Some(reply) = reply else {
            let error = Condition::InternalServerError.into();
            return Ok(self.refuse_bind(cx, &request, &error));
        };
        cx.out.write(reply.element().as_ref());
        self.state = State::Done;
        Ok(Ok(ServerVerdict::Online(jid)))
    }

    /// The owner cannot answer now.
    pub(crate) fn unavailable(
        &mut self,
        cx: &mut ServerCx<'_>,
        token: u64,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        let state = self.answered(token)?;
        Ok(if let State::Binding { request, .. } = state {
            self.refuse_bind(cx, &request, &Condition::InternalServerError.into())
        } else {
            let condition = FailureCondition::TemporaryAuthFailure;
            self.fail_login(cx, &ServerFault { condition, counts: false })
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

/// What a -PLUS mechanism can be bound to: `tls-exporter`, on TLS 1.3 only (RFC 9266 §4.2).
fn exporter(tls: Option<&TlsInfo>) -> Option<&[u8]> {
    let tls = tls.filter(|tls| tls.version == Some(TlsVersion::V1_3))?;
    tls.tls_exporter.as_ref().map(<[u8; 32]>::as_slice)
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
