//! The initiating entity's negotiation with a server.
//!
//! ```text
//! Header -> Features -> Proceed -> (TLS) -> Header -> Features -> Sasl -> Header -> Features
//!        -> (Resume ->) Bind -> (Session) -> done
//!
//! by SASL2: Features -> Sasl2 -> (Bound ->) Features -> done, or as above from the last features on
//! ```
//!
//! Each state is consumed by the element it waits for; whatever else comes is a fault with its
//! own name. A fault is final: the machine around ends the stream.

mod sasl2;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use self::sasl2::{Bound, Login};
pub(crate) use self::sasl2::{Kept, TokenNews};
use super::data::{NotBase64, base64, decode, encode};
use crate::endpoint::{
    AuthFault, ClientConfig, PeerFault, Phase, Reason, StartTlsFault, StreamManagement, TlsInfo,
    TlsMode,
};
use crate::jid::{FullJid, Jid};
use crate::ns;
use crate::rng::Rng;
use crate::sasl::{
    Allowed, BindingType, ChannelData, ChoiceFault, Exchange, Known, Mechanism, MessageFault,
    Offer as SaslOffer, Progress, SaslError, SaslFailure, choose,
};
use crate::stanza::StanzaError;
use crate::stream::{
    Features, HeaderAttrs, Offer, Outbox, check_header, header_lang, read_h, write_header,
};
use crate::xml::{BuildError, Element, ElementBuilder, ElementRef, Header};

/// What the negotiation needs of the machine around it.
pub(crate) struct Cx<'a> {
    pub(crate) config: &'a ClientConfig,
    pub(crate) out: &'a mut Outbox,
    pub(crate) rng: &'a mut Rng,
    /// What is known of TLS, once it is up.
    pub(crate) tls: Option<&'a TlsInfo>,
    /// The session that is to be resumed: its name, and how many stanzas were received on it
    /// (XEP-0198 §5).
    pub(crate) resume: Option<(&'a str, u32)>,
    /// What earlier logins have left behind.
    pub(crate) kept: &'a mut Kept,
    /// Whether somebody is using the client (XEP-0352).
    pub(crate) active: bool,
}

impl<'a> Cx<'a> {
    fn channel(&self) -> ChannelData<'a> {
        self.tls.map_or_else(ChannelData::default, |tls| ChannelData {
            tls_exporter: tls.tls_exporter.as_ref().map(<[u8; 32]>::as_slice),
            tls_server_end_point: tls.tls_server_end_point.as_deref(),
        })
    }
}

/// What the machine around must do next.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Wait for more.
    Continue,
    /// `<proceed/>` came: start TLS now; nothing more may be read as XMPP before.
    Secure,
    /// What was said already cannot be meant for this server: another stream to it is needed.
    StartOver,
    /// The stream restarts after SASL: the parser must expect a new header right here.
    Restart,
    /// Negotiation is complete. Whether `<enable/>` was sent.
    Online { jid: FullJid, managed: bool },
    /// The session is resumed: the server has handled that many stanzas (XEP-0198 §5).
    Resumed { h: u32 },
    /// The session cannot be resumed; how many stanzas the server has handled, if it still knows.
    /// A new one is being bound.
    SessionLost { h: Option<u32> },
    /// Not for the negotiation: a stanza that came after a resource was bound.
    Pass,
}

/// Negotiation of one stream.
pub(crate) struct Negotiation {
    state: State,
    /// The phase of the last state that waited for something: where a fault happened.
    phase: Phase,
    secured: bool,
    authenticated: bool,
    /// Whether the server makes up the account (ANONYMOUS).
    guest: bool,
    /// The language of the server's header.
    lang: Option<String>,
    /// The features after authentication.
    offered: Option<Features>,
    /// What the server said to stream management, if that was asked for within the login.
    enabled: Option<Element>,
    /// What came before the features, once a resource was bound within the login.
    early: Vec<Element>,
    /// A login that was begun together with the stream.
    early_login: Option<Box<Login>>,
}

enum State {
    /// A header is sent; the response header is due (§4.2).
    Header,
    /// Features are due (§4.3.2).
    Features,
    /// `<starttls/>` is sent (§5.4.2.1).
    Proceed,
    /// TLS is being started by the adapter.
    Securing,
    /// `<auth/>` is sent (§6.4.2). While `working`, the exchange computes our next response.
    Sasl { exchange: Exchange, working: bool },
    /// `<authenticate/>` is sent (XEP-0388 §2.3).
    Sasl2(Box<Login>),
    /// A resource was bound within the login; features are due (XEP-0388 §2.6.1).
    Bound(Bound),
    /// `<resume/>` is sent (XEP-0198 §5).
    Resume,
    /// The bind request is sent (§7.6.1).
    Bind { id: String, session: Option<Offer> },
    /// The obsolete session request is sent (RFC 3921 §3).
    Session { id: String, jid: FullJid },
    /// Complete or failed.
    Done,
}

impl Negotiation {
    /// Starts with the header on a fresh transport.
    pub(crate) fn new(cx: &mut Cx<'_>) -> Self {
        Self::start(cx, false)
    }

    /// Starts with the header on a transport that is secured already, by direct TLS.
    pub(crate) fn new_secured(cx: &mut Cx<'_>) -> Self {
        Self::start(cx, true)
    }

    fn start(cx: &mut Cx<'_>, secured: bool) -> Self {
        let (state, phase) = (State::Header, Phase::Negotiating);
        let mut negotiation = Self {
            state,
            phase,
            secured,
            authenticated: false,
            guest: false,
            lang: None,
            offered: None,
            enabled: None,
            early: Vec::new(),
            early_login: None,
        };
        cx.kept.features_may_follow = false;
        negotiation.open(cx);
        negotiation
    }

    /// TLS is up after `<proceed/>`: everything the server said before is forgotten and the
    /// stream starts anew (RFC 6120 §5.4.3.3).
    pub(crate) fn handle_secured(&mut self, cx: &mut Cx<'_>) {
        if matches!(self.state, State::Securing) {
            self.secured = true;
            self.open(cx);
        }
    }

    /// Whether TLS is being started.
    pub(crate) const fn is_securing(&self) -> bool {
        matches!(self.state, State::Securing)
    }

    /// Whether nothing more may be said in the clear: `<starttls/>` is sent, and what follows it, if
    /// the server agrees, is the handshake (RFC 6120 §5.4.2).
    pub(crate) const fn is_silent(&self) -> bool {
        matches!(self.state, State::Proceed | State::Securing)
    }

    /// Whether the server was asked for the session that was interrupted.
    pub(crate) fn is_resuming(&self) -> bool {
        match &self.state {
            State::Resume => true,
            State::Sasl2(login) => login.asks_to_resume(),
            _ => false,
        }
    }

    pub(crate) const fn phase(&self) -> Phase {
        match self.state {
            // RFC 6120 §6.4.6: the stream after SASL is there for resource binding.
            State::Header | State::Features if self.authenticated => Phase::Binding,
            State::Header | State::Features | State::Proceed => Phase::Negotiating,
            State::Done => self.phase,
            State::Securing => Phase::Securing,
            State::Sasl { .. } | State::Sasl2(_) => Phase::Authenticating,
            State::Resume | State::Bound(_) | State::Bind { .. } | State::Session { .. } => {
                Phase::Binding
            }
        }
    }

    /// The language of the stream, to be kept once it is negotiated.
    pub(crate) fn take_lang(&mut self) -> Option<String> {
        self.lang.take()
    }

    /// What came of stream management within the login, and what came before the features.
    pub(crate) fn take_bound(&mut self) -> (Option<Element>, Vec<Element>) {
        (self.enabled.take(), core::mem::take(&mut self.early))
    }

    /// What the server offers once the client is authenticated, to be kept.
    pub(crate) fn take_offered(&mut self) -> Option<Features> {
        self.offered.take()
    }

    fn take_state(&mut self) -> State {
        self.phase = self.phase();
        core::mem::replace(&mut self.state, State::Done)
    }

    /// Sends a stream header.
    fn open(&mut self, cx: &mut Cx<'_>) {
        self.state = State::Header;
        // RFC 6120 §4.7.1: `from` only once the stream is secured, so as not to show the account
        // to everybody on the way.
        let from = Some(&*cx.config.jid).filter(|jid| self.secured && jid.local().is_some());
        let attrs = HeaderAttrs {
            to: Some(cx.config.jid.domain()),
            from: from.map(Jid::as_str),
            id: None,
            lang: cx.config.lang.as_deref(),
        };
        cx.out.write_raw(|out| write_header(out, attrs));
        if !self.authenticated {
            self.begin_early(cx);
        }
    }

    /// The server's stream header.
    pub(crate) fn handle_header(&mut self, header: &Header<'_>) -> Result<Verdict, Reason> {
        match self.state {
            State::Header => {
                check_header(header).map_err(|fault| Reason::Peer(PeerFault::Header(fault)))?;
                self.lang = header_lang(header);
                self.state = State::Features;
                Ok(Verdict::Continue)
            }
            // The parser reports a header only where a stream begins.
            _ => Err(out_of_order("no stream header", header.element())),
        }
    }

    /// An element of the stream.
    pub(crate) fn handle_element(
        &mut self,
        cx: &mut Cx<'_>,
        element: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        match self.take_state() {
            State::Features if element.is("features", ns::STREAM) => {
                self.handle_features(cx, &Features::from_element(element))
            }
            State::Features => Err(unexpected("stream features", element)),
            State::Proceed => match element.name() {
                "proceed" if element.ns() == ns::TLS => {
                    self.state = State::Securing;
                    Ok(Verdict::Secure)
                }
                "failure" if element.ns() == ns::TLS => {
                    Err(Reason::StartTls(StartTlsFault::Refused))
                }
                _ => Err(unexpected("<proceed/> or <failure/>", element)),
            },
            State::Sasl { exchange, .. } => self.handle_sasl(cx, exchange, element),
            State::Sasl2(login) => self.handle_sasl2(cx, login, element),
            State::Bound(bound) => self.handle_bound(cx, bound, element),
            State::Resume => self.handle_resume(cx, element),
            State::Bind { id, session } => self.handle_bind(cx, &id, session, element),
            State::Session { id, jid } => self.handle_session(cx, id, jid, element),
            State::Header | State::Securing | State::Done => Err(unexpected("no element", element)),
        }
    }

    fn handle_features(&mut self, cx: &mut Cx<'_>, features: &Features) -> Result<Verdict, Reason> {
        if self.authenticated {
            self.offered = Some(features.clone());
            return match cx.resume {
                Some((id, h)) if features.management() => self.resume(cx, id, h),
                Some(_) => {
                    self.bind(cx)?;
                    Ok(Verdict::SessionLost { h: None })
                }
                None => self.bind(cx),
            };
        }
        if let Some(login) = self.early_login.take() {
            return Ok(self.catch_up(login, features));
        }
        if !self.secured {
            match (cx.config.tls, features.starttls()) {
                (TlsMode::StartTls, Some(_)) => {
                    send(cx, Element::builder("starttls", ns::TLS).build())?;
                    self.state = State::Proceed;
                    return Ok(Verdict::Continue);
                }
                // RFC 6120 §5.2 and §13.5: not going on is what defeats stripping.
                (TlsMode::StartTls, None) => {
                    return Err(Reason::StartTls(StartTlsFault::NotOffered));
                }
                (_, Some(Offer::Mandatory)) => {
                    return Err(Reason::StartTls(StartTlsFault::Mandatory));
                }
                _ => {}
            }
        }
        match self.begin_sasl2(cx, features, None)? {
            Some(verdict) => Ok(verdict),
            None => self.authenticate(cx, features),
        }
    }

    /// Picks the best allowed mechanism that is offered (RFC 6120 §6.3.3) and begins.
    fn authenticate(&mut self, cx: &mut Cx<'_>, features: &Features) -> Result<Verdict, Reason> {
        let ClientConfig { mechanisms, credentials, channel_binding, scram, .. } = cx.config;
        let (policy, secured, channel) = (*channel_binding, self.secured, cx.channel());
        let offer =
            SaslOffer { mechanisms: features.mechanisms(), bindings: features.channel_bindings() };
        let allowed = Allowed { mechanisms, credentials, policy, secured, channel };
        let choice = choose(offer, allowed).map_err(|fault| choice_fault(fault, offer, channel))?;
        let mechanism = choice.mechanism;
        // RFC 6120 §13.8.3 (PLAIN), RFC 4616 §6: never on a stream that everybody can read.
        let readable = !secured && !cx.config.insecure_plain_without_tls;
        if mechanism.reveals_password() && readable {
            return Err(Reason::Auth(AuthFault::NeedsTls));
        }
        let known = Known { offered: Some(features.sasl_offered()), salted: Some(&cx.kept.salted) };
        let mut exchange =
            Exchange::start(choice, credentials, scram, known, cx.rng).map_err(exchange_fault)?;
        let response = exchange.initial_response().map(|response| encode(&response));
        self.guest = mechanism == Mechanism::Anonymous;
        cx.out.write_sasl("auth", Some(mechanism), response.as_deref().map_or("", String::as_str));
        self.state = State::Sasl { exchange, working: false };
        Ok(Verdict::Continue)
    }

    fn handle_sasl(
        &mut self,
        cx: &mut Cx<'_>,
        mut exchange: Exchange,
        element: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        if element.ns() != ns::SASL {
            return Err(unexpected("SASL", element));
        }
        match element.name() {
            "challenge" => {
                let data = decode(element).map_err(not_base64)?;
                let progress = exchange.handle_challenge(&data.unwrap_or_default());
                self.handle_progress(cx, exchange, progress)
            }
            "success" => {
                let data = decode(element).map_err(not_base64)?;
                exchange
                    .handle_success(data.as_ref().map(|data| data.as_slice()))
                    .map_err(exchange_fault)?;
                if let Some(salted) = exchange.take_salted() {
                    cx.kept.salted.keep(salted);
                }
                self.authenticated = true;
                self.open(cx);
                Ok(Verdict::Restart)
            }
            _ => match SaslFailure::from_element(element) {
                Some(failure) => Err(Reason::Auth(AuthFault::Refused(failure))),
                None => Err(unexpected("<challenge/>, <success/> or <failure/>", element)),
            },
        }
    }

    fn handle_progress(
        &mut self,
        cx: &mut Cx<'_>,
        exchange: Exchange,
        progress: Result<Progress, SaslError>,
    ) -> Result<Verdict, Reason> {
        let mut working = true;
        if let Progress::Respond(response) = progress.map_err(exchange_fault)? {
            working = false;
            // RFC 6120 §6.4.4: unlike the initial response, an empty one needs no `=`.
            cx.out.write_sasl("response", None, &base64(&response));
        }
        self.state = State::Sasl { exchange, working };
        Ok(Verdict::Continue)
    }

    /// Whether a bounded computation waits to be continued with [`Negotiation::work`].
    pub(crate) fn has_work(&self) -> bool {
        match &self.state {
            State::Sasl { working, .. } => *working,
            State::Sasl2(login) => login.working,
            _ => false,
        }
    }

    /// Does one slice of the computation that the login needs.
    pub(crate) fn work(&mut self, cx: &mut Cx<'_>) -> Result<Verdict, Reason> {
        match self.take_state() {
            State::Sasl { mut exchange, working: true } => {
                let progress = exchange.work();
                self.handle_progress(cx, exchange, progress)
            }
            State::Sasl2(login) if login.working => self.work_sasl2(cx, login),
            other => {
                self.state = other;
                Ok(Verdict::Continue)
            }
        }
    }

    /// Asks for the session that was interrupted (XEP-0198 §5).
    fn resume(&mut self, cx: &mut Cx<'_>, id: &str, h: u32) -> Result<Verdict, Reason> {
        let resume = Element::builder("resume", ns::SM).attr("previd", id);
        send(cx, resume.attr("h", &h.to_string()).build())?;
        self.state = State::Resume;
        Ok(Verdict::Continue)
    }

    fn handle_resume(
        &mut self,
        cx: &mut Cx<'_>,
        element: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        if element.is("resumed", ns::SM) {
            let asked = cx.resume.map(|(id, _)| id);
            if element.attr("previd").as_deref() != asked {
                return Err(Reason::Peer(PeerFault::WrongSession));
            }
            let h = read_h(element).ok_or(Reason::Peer(PeerFault::BadAck))?;
            return Ok(Verdict::Resumed { h });
        }
        if element.is("failed", ns::SM) {
            // XEP-0198 §5: the server lets the client bind a resource instead.
            self.bind(cx)?;
            return Ok(Verdict::SessionLost { h: read_h(element) });
        }
        Err(unexpected("<resumed/> or <failed/>", element))
    }

    /// Asks for a resource (RFC 6120 §7.6, §7.7).
    fn bind(&mut self, cx: &mut Cx<'_>) -> Result<Verdict, Reason> {
        let Some(features) = self.offered.as_ref().filter(|features| features.bind()) else {
            return Err(Reason::BindNotOffered);
        };
        let session = features.session();
        let id = cx.rng.id();
        let resource = cx.config.resource.as_deref();
        let request = iq_set(&id).child_with("bind", ns::BIND, |bind| match resource {
            Some(resource) => bind.child_with("resource", ns::BIND, |to| to.text(resource)),
            None => bind,
        });
        send(cx, request.build())?;
        self.state = State::Bind { id, session };
        Ok(Verdict::Continue)
    }

    fn handle_bind(
        &mut self,
        cx: &mut Cx<'_>,
        id: &str,
        session: Option<Offer>,
        element: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        match answer(id, element) {
            Answer::Result => {}
            Answer::Error(error) => return Err(Reason::Bind(error)),
            Answer::None => return Err(unexpected("the answer to resource binding", element)),
        }
        let bound = element.child("bind", ns::BIND).and_then(|bind| bind.child("jid", ns::BIND));
        let bound = bound.ok_or(Reason::Peer(PeerFault::BadBindResult))?.text();
        let jid = FullJid::from_wire(bound.trim());
        let jid = jid.map_err(|_| Reason::Peer(PeerFault::BadBindResult))?;
        account_fault(cx.config, self.guest, &jid)?;
        if session != Some(Offer::Mandatory) {
            return self.finish(cx, jid);
        }
        let id = cx.rng.id();
        send(cx, iq_set(&id).child_with("session", ns::SESSION, |session| session).build())?;
        self.state = State::Session { id, jid };
        Ok(Verdict::Continue)
    }

    /// Asks for stream management, where both sides want it (XEP-0198 §3). The answer comes later:
    /// nothing needs to wait for it.
    fn finish(&mut self, cx: &mut Cx<'_>, jid: FullJid) -> Result<Verdict, Reason> {
        let offered = self.offered.as_ref().is_some_and(Features::management);
        let wanted = cx.config.management.as_ref().filter(|_| offered);
        if let Some(config) = wanted {
            send(cx, enable(config, Element::builder("enable", ns::SM)).build())?;
        }
        Ok(Verdict::Online { jid, managed: wanted.is_some() })
    }

    fn handle_session(
        &mut self,
        cx: &mut Cx<'_>,
        id: String,
        jid: FullJid,
        element: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        match answer(&id, element) {
            Answer::Result => self.finish(cx, jid),
            Answer::Error(error) => Err(Reason::Session(error)),
            Answer::None => {
                self.state = State::Session { id, jid };
                Ok(Verdict::Pass)
            }
        }
    }
}

enum Answer {
    Result,
    Error(StanzaError),
    None,
}

/// Whether an element answers the IQ `id`. Before a resource is bound only the server itself can
/// send, so the sender's address does not matter here.
fn answer(id: &str, element: ElementRef<'_>) -> Answer {
    if !element.is("iq", ns::CLIENT) || element.attr("id").as_deref() != Some(id) {
        return Answer::None;
    }
    match element.attr("type").as_deref() {
        Some("result") => Answer::Result,
        Some("error") => Answer::Error(StanzaError::from_stanza(element)),
        _ => Answer::None,
    }
}

/// What `<enable/>` asks for (XEP-0198 §3).
fn enable(config: &StreamManagement, enable: ElementBuilder) -> ElementBuilder {
    if !config.resume {
        return enable;
    }
    let seconds = config.max_resume.as_secs().max(1);
    enable.attr("resume", "true").attr("max", &seconds.to_string())
}

fn iq_set(id: &str) -> ElementBuilder {
    Element::builder("iq", ns::CLIENT).attr("type", "set").attr("id", id)
}

/// Writes an element of our own. It can only fail where the configuration holds characters that
/// XML does not allow.
fn send(cx: &mut Cx<'_>, element: Result<Element, BuildError>) -> Result<(), Reason> {
    let element = element.map_err(Reason::Config)?;
    cx.out.write(element.as_ref());
    Ok(())
}

/// RFC 6120 §7.6.1 lets the server choose the resource, never the account; and the localpart only
/// where we have none, or do not use it.
fn account_fault(config: &ClientConfig, guest: bool, jid: &Jid) -> Result<(), Reason> {
    let account = &config.jid;
    let ours = if guest || account.local().is_none() {
        jid.domain() == account.domain()
    } else {
        jid.to_bare() == *account || jid.is_by_stringprep(account)
    };
    if ours { Ok(()) } else { Err(Reason::Peer(PeerFault::ForeignJid { jid: jid.to_string() })) }
}

fn choice_fault(fault: ChoiceFault, offer: SaslOffer<'_>, channel: ChannelData<'_>) -> Reason {
    Reason::Auth(match fault {
        ChoiceFault::NoMechanism => AuthFault::NoMechanism { offered: offer.mechanisms.to_vec() },
        ChoiceFault::NoBinding => AuthFault::NoChannelBinding {
            plus_offered: offer.mechanisms.iter().any(|name| name.ends_with("-PLUS")),
            offered: offer.bindings.to_vec(),
            available: BindingType::ALL
                .iter()
                .copied()
                .filter(|kind| channel.get(*kind).is_some())
                .collect(),
        },
    })
}

fn not_base64(NotBase64: NotBase64) -> Reason {
    exchange_fault(SaslError::BadMessage { what: MessageFault::NotBase64 })
}

fn exchange_fault(error: SaslError) -> Reason {
    Reason::Auth(AuthFault::Exchange(error))
}

/// The fault of an element that has no place here. Stanzas get a fault of their own: RFC 6120
/// §4.9.3.12 wants `not-authorized` for them.
fn unexpected(expected: &'static str, element: ElementRef<'_>) -> Reason {
    let is_stanza = matches!(element.name(), "message" | "presence" | "iq");
    if is_stanza && element.ns() == ns::CLIENT {
        return Reason::Peer(PeerFault::StanzaBeforeBinding);
    }
    out_of_order(expected, element)
}

fn out_of_order(expected: &'static str, element: ElementRef<'_>) -> Reason {
    Reason::Peer(PeerFault::OutOfOrder { expected, found: element.name().into() })
}
