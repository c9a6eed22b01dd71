//! Login by the extensible SASL profile (SASL2, XEP-0388), with what is negotiated within it: a
//! session is resumed (XEP-0198 §9), a resource is bound (XEP-0386), a token takes the password's
//! place, or is given out (XEP-0484).

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{
    Cx, Negotiation, State, Verdict, account_fault, exchange_fault, not_base64, out_of_order,
    unexpected,
};
use crate::endpoint::{AuthFault, ClientConfig, FastLogin, PeerFault, Reason};
use crate::jid::{FullJid, Jid};
use crate::negotiate::data::{base64, decode};
use crate::ns;
use crate::sasl::{
    Allowed, ChannelBinding, Exchange, FailureCondition, FastToken, Known, Mechanism,
    Offer as SaslOffer, Progress, SaltedPasswords, SaslError, SaslFailure, choose,
};
use crate::stream::{Authentication, Features, read_h};
use crate::xml::{Element, ElementRef};

/// The most tasks that are kept of one demand for more than a login.
const MAX_TASKS: usize = 16;

/// The most elements that are kept until a login is complete.
const MAX_EARLY: usize = 64;

/// What logins leave behind for the next.
#[derive(Debug)]
pub(crate) struct Kept {
    /// What was derived from the password.
    pub(crate) salted: SaltedPasswords,
    /// The token to log in with.
    pub(crate) token: Option<FastToken>,
    /// What the application does not know yet of the token.
    pub(crate) news: Option<TokenNews>,
    /// A session was resumed within the login. Features are not due then (XEP-0198 §9.2), but some
    /// servers send them.
    pub(crate) features_may_follow: bool,
    /// What the server offered when the last login by SASL2 succeeded: it may be counted on
    /// (XEP-0388 §2.1).
    offer: Option<Features>,
}

/// What has happened to the token.
#[derive(Debug)]
pub(crate) enum TokenNews {
    /// It is to be kept in the place of any other.
    Keep(FastToken),
    /// The server does not take it any more.
    Refused,
}

impl Kept {
    pub(crate) fn new(config: &ClientConfig) -> Self {
        let fast = config.fast_login.as_ref();
        let token = fast.and_then(|fast| fast.token.clone());
        Self {
            salted: config.credentials.salted().clone(),
            token,
            news: None,
            features_may_follow: false,
            offer: None,
        }
    }
}

/// A resource that was bound within the login; features are due.
pub(super) struct Bound {
    jid: FullJid,
    /// Whether stream management was asked for with it, and what the server has said to that.
    asked: bool,
    enabled: Option<Element>,
    /// What has come before the features.
    early: Vec<Element>,
}

/// A login under way.
pub(super) struct Login {
    exchange: Exchange,
    mechanism: Mechanism,
    /// Whether the exchange computes our next response.
    pub(super) working: bool,
    /// What was offered, for another try.
    features: Features,
    /// Whether a token takes the password's place.
    by_token: bool,
    /// A token that was tried before this was refused.
    refused: Option<SaslFailure>,
    /// The mechanism for which a token was asked.
    requested: Option<Mechanism>,
    asked: Asked,
}

impl Login {
    pub(super) const fn asks_to_resume(&self) -> bool {
        self.asked.resume
    }
}

/// What is asked for within a login.
#[derive(Clone, Copy)]
struct Asked {
    resume: bool,
    bind: bool,
    manage: bool,
}

impl Negotiation {
    /// Begins, by token if there is one and none was `refused` on this stream. None if it cannot be
    /// done this way.
    ///
    /// The features are those of this stream, or what [`Negotiation::begin_early`] counts on.
    pub(super) fn begin_sasl2(
        &mut self,
        cx: &mut Cx<'_>,
        features: &Features,
        refused: Option<SaslFailure>,
    ) -> Result<Option<Verdict>, Reason> {
        let (Some(fast), Some(offer)) = (&cx.config.fast_login, features.authentication()) else {
            return Ok(None);
        };
        // XEP-0388 §3: only after TLS.
        if !self.secured {
            return Ok(None);
        }
        let token = refused.is_none().then(|| Self::usable_token(cx, offer)).flatten();
        let mut attempt = None;
        let exchange = match token {
            Some(token) => {
                attempt = Some(token.count());
                Exchange::with_token(&token, cx.channel())
                    .map(|exchange| (exchange, token.mechanism()))
            }
            None => match self.by_password(cx, features, offer) {
                Some(begun) => begun,
                None => return Ok(None),
            },
        };
        let (mut exchange, mechanism) = exchange.map_err(exchange_fault)?;
        self.guest = mechanism == Mechanism::Anonymous;
        let asked = Asked {
            resume: cx.resume.is_some() && offer.resumption(),
            bind: fast.bind && offer.bind().is_some(),
            manage: fast.bind
                && cx.config.management.is_some()
                && offer.bind().is_some_and(crate::stream::BindOffer::management),
        };
        let requested = if attempt.is_none() { request(cx, fast, offer) } else { None };
        let mut inline = Vec::new();
        inline.extend(user_agent(fast));
        if let (Some((id, h)), true) = (cx.resume, asked.resume) {
            let resume = Element::builder("resume", ns::SM).attr("previd", id);
            inline.push(resume.attr("h", &h.to_string()));
        }
        if asked.bind {
            inline.push(Self::bind_request(cx, fast, offer, asked));
        }
        if let Some(count) = attempt {
            // XEP-0484 §3.4.
            let token = Element::builder("fast", ns::FAST).attr("count", &count.to_string());
            inline.push(if fast.invalidate { token.attr("invalidate", "true") } else { token });
        }
        if let Some(mechanism) = requested {
            let request = Element::builder("request-token", ns::FAST);
            inline.push(request.attr("mechanism", mechanism.name()));
        }
        let inline: Result<Vec<_>, _> =
            inline.into_iter().map(crate::xml::ElementBuilder::build).collect();
        let inline = inline.map_err(Reason::Config)?;
        let response = exchange.initial_response().map(|response| base64(&response));
        cx.out.write_authenticate(mechanism, response.as_deref().map(String::as_str), &inline);
        self.state = State::Sasl2(Box::new(Login {
            exchange,
            mechanism,
            working: false,
            features: features.clone(),
            by_token: attempt.is_some(),
            refused,
            requested,
            asked,
        }));
        Ok(Some(Verdict::Continue))
    }

    /// Begins by token together with the stream itself, if the last login has shown what the server
    /// offers: nothing in such a login depends on the server's words, so that one round trip is all
    /// that it takes (XEP-0388 §2.1, XEP-0484 §1).
    pub(super) fn begin_early(&mut self, cx: &mut Cx<'_>) {
        let pipelines = cx.config.fast_login.as_ref().is_some_and(|fast| fast.pipeline);
        if !self.secured || !pipelines {
            return;
        }
        // Once: it is counted on again when the server has shown that it holds.
        let Some(features) = cx.kept.offer.take() else { return };
        let usable = features.authentication().is_some_and(|offer| {
            cx.kept.token.as_ref().is_some_and(|token| is_usable(cx, token, offer))
        });
        if !usable {
            return;
        }
        let begun = self.begin_sasl2(cx, &features, None);
        if let (Ok(Some(_)), State::Sasl2(login)) =
            (begun, core::mem::replace(&mut self.state, State::Header))
        {
            self.early_login = Some(login);
        }
    }

    /// The features that a login was begun without. If they lack what it counts on, there is no
    /// telling what the server makes of it: another stream is begun.
    pub(super) fn catch_up(&mut self, mut login: Box<Login>, features: &Features) -> Verdict {
        let mechanism = login.mechanism.name();
        let offered = features.authentication();
        if !offered.is_some_and(|offer| offer.tokens().iter().any(|name| name == mechanism)) {
            return Verdict::StartOver;
        }
        login.features = features.clone();
        self.state = State::Sasl2(login);
        Verdict::Continue
    }

    /// The token, if it is good for this login. From here on it is used once more.
    fn usable_token(cx: &mut Cx<'_>, offer: &Authentication) -> Option<FastToken> {
        if !is_usable(cx, cx.kept.token.as_ref()?, offer) {
            return None;
        }
        let token = cx.kept.token.as_mut()?;
        token.count_use();
        Some(token.clone())
    }

    /// An exchange by the best mechanism that is offered, if there is any.
    fn by_password(
        &self,
        cx: &mut Cx<'_>,
        features: &Features,
        offer: &Authentication,
    ) -> Option<Result<(Exchange, Mechanism), SaslError>> {
        let config = cx.config;
        let allowed = Allowed {
            mechanisms: &config.mechanisms,
            credentials: &config.credentials,
            policy: config.channel_binding,
            secured: self.secured,
            channel: cx.channel(),
        };
        let offered =
            SaslOffer { mechanisms: offer.mechanisms(), bindings: features.channel_bindings() };
        let choice = choose(offered, allowed).ok()?;
        let mechanism = choice.mechanism;
        let known =
            Known { offered: Some(features.sasl2_offered()), salted: Some(&cx.kept.salted) };
        let exchange = Exchange::start(choice, &config.credentials, &config.scram, known, cx.rng);
        Some(exchange.map(|exchange| (exchange, mechanism)))
    }

    /// `<bind/>` (XEP-0386 §3.2).
    fn bind_request(
        cx: &Cx<'_>,
        fast: &FastLogin,
        offer: &Authentication,
        asked: Asked,
    ) -> crate::xml::ElementBuilder {
        let mut bind = Element::builder("bind", ns::BIND2);
        if let Some(resource) = &cx.config.resource {
            bind = bind.child_with("tag", ns::BIND2, |tag| tag.text(resource));
        }
        if let Some(config) = cx.config.management.as_ref().filter(|_| asked.manage) {
            bind = bind.child_with("enable", ns::SM, |enable| super::enable(config, enable));
        }
        let Some(offer) = offer.bind() else { return bind };
        if fast.carbons && offer.carbons() {
            bind = bind.child_with("enable", ns::CARBONS, |enable| enable);
        }
        if !cx.active && offer.client_state() {
            bind = bind.child_with("inactive", ns::CSI, |inactive| inactive);
        }
        bind
    }

    pub(super) fn handle_sasl2(
        &mut self,
        cx: &mut Cx<'_>,
        mut login: Box<Login>,
        element: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        if element.ns() != ns::SASL2 {
            return Err(unexpected("SASL2", element));
        }
        match element.name() {
            "challenge" => {
                let data = decode(element).map_err(not_base64)?;
                let progress = login.exchange.handle_challenge(&data.unwrap_or_default());
                self.go_on_sasl2(cx, login, progress)
            }
            "success" => self.succeed_sasl2(cx, &mut login, element),
            "failure" => self.fail_sasl2(cx, &login, &SaslFailure::from_sasl2(element)),
            // XEP-0388 §2.6.3: no task is known here.
            "continue" => {
                let tasks = element.child("tasks", ns::SASL2);
                let names = tasks.iter().flat_map(|tasks| tasks.elements());
                let names = names.filter(|task| task.is("task", ns::SASL2));
                let offered =
                    names.take(MAX_TASKS).map(|task| crate::sasl::bounded(task.text().trim(), 64));
                Err(Reason::Auth(AuthFault::Tasks { offered: offered.collect() }))
            }
            _ => Err(unexpected("<challenge/>, <success/>, <failure/> or <continue/>", element)),
        }
    }

    pub(super) fn work_sasl2(
        &mut self,
        cx: &mut Cx<'_>,
        mut login: Box<Login>,
    ) -> Result<Verdict, Reason> {
        let progress = login.exchange.work();
        self.go_on_sasl2(cx, login, progress)
    }

    fn go_on_sasl2(
        &mut self,
        cx: &mut Cx<'_>,
        mut login: Box<Login>,
        progress: Result<Progress, SaslError>,
    ) -> Result<Verdict, Reason> {
        login.working = true;
        if let Progress::Respond(response) = progress.map_err(exchange_fault)? {
            login.working = false;
            cx.out.write_response(&base64(&response));
        }
        self.state = State::Sasl2(login);
        Ok(Verdict::Continue)
    }

    /// XEP-0388 §2.6.1.
    fn succeed_sasl2(
        &mut self,
        cx: &mut Cx<'_>,
        login: &mut Login,
        success: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        let data = success.child("additional-data", ns::SASL2).map(decode);
        let data: Option<Zeroizing<Vec<u8>>> = data.transpose().map_err(not_base64)?.flatten();
        login
            .exchange
            .handle_success(data.as_ref().map(|data| data.as_slice()))
            .map_err(exchange_fault)?;
        if let Some(salted) = login.exchange.take_salted() {
            cx.kept.salted.keep(salted);
        }
        self.authenticated = true;
        keep_token(cx, login, success);
        cx.kept.offer = cx.kept.token.is_some().then(|| login.features.clone());
        let identity = success.child("authorization-identifier", ns::SASL2);
        let identity = identity.map(|identity| String::from(identity.text().trim()));

        // XEP-0386 §3.2: resumption goes first, and nothing is bound then.
        if let Some(resumed) = success.child("resumed", ns::SM) {
            let Some((id, _)) = cx.resume.filter(|_| login.asked.resume) else {
                return Err(out_of_order("no session that nobody asked for", resumed));
            };
            if resumed.attr("previd").as_deref() != Some(id) {
                return Err(Reason::Peer(PeerFault::WrongSession));
            }
            let h = read_h(resumed).ok_or(Reason::Peer(PeerFault::BadAck))?;
            self.check_identity(cx, identity.as_deref())?;
            cx.kept.features_may_follow = true;
            return Ok(Verdict::Resumed { h });
        }
        let failed = success.child("failed", ns::SM).filter(|_| login.asked.resume);
        let verdict = match success.child("bound", ns::BIND2) {
            Some(bound) if !login.asked.bind => {
                return Err(out_of_order("no resource that nobody asked for", bound));
            }
            Some(bound) => {
                let jid = FullJid::from_wire(identity.as_deref().unwrap_or_default());
                let jid = jid.map_err(|_| Reason::Peer(PeerFault::BadBindResult))?;
                account_fault(cx.config, self.guest, &jid)?;
                let asked = login.asked.manage;
                let enabled = bound.child("enabled", ns::SM).filter(|_| asked);
                let enabled = enabled.map(ElementRef::to_element);
                self.state = State::Bound(Bound { jid, asked, enabled, early: Vec::new() });
                // A new session takes the old one's place, whether the server says so or not.
                cx.resume.map(|_| Verdict::SessionLost { h: failed.and_then(read_h) })
            }
            // Whatever the reason, a resource is bound in the other way.
            None => {
                self.check_identity(cx, identity.as_deref())?;
                self.state = State::Features;
                failed.map(|failed| Verdict::SessionLost { h: read_h(failed) })
            }
        };
        Ok(verdict.unwrap_or(Verdict::Continue))
    }

    /// The identity must be ours; servers that are not asked to bind need not name it.
    fn check_identity(&self, cx: &Cx<'_>, identity: Option<&str>) -> Result<(), Reason> {
        let Some(identity) = identity else { return Ok(()) };
        let jid = Jid::from_wire(identity);
        let jid = jid.map_err(|_| Reason::Peer(PeerFault::BadBindResult))?;
        account_fault(cx.config, self.guest, &jid)
    }

    /// What comes after a resource was bound: features (XEP-0388 §2.6.1). What is there already waits
    /// for them.
    pub(super) fn handle_bound(
        &mut self,
        cx: &mut Cx<'_>,
        mut bound: Bound,
        element: ElementRef<'_>,
    ) -> Result<Verdict, Reason> {
        if element.is("features", ns::STREAM) {
            self.offered = Some(Features::from_element(element));
            self.early = bound.early;
            // What was asked for once is not asked for again, whatever came of it.
            if bound.asked {
                let managed = bound.enabled.is_some();
                self.enabled = bound.enabled;
                return Ok(Verdict::Online { jid: bound.jid, managed });
            }
            return self.finish(cx, bound.jid);
        }
        let is_stanza =
            element.ns() == ns::CLIENT && matches!(element.name(), "message" | "presence" | "iq");
        if (is_stanza || element.ns() == ns::SM) && bound.early.len() < MAX_EARLY {
            bound.early.push(element.to_element());
            self.state = State::Bound(bound);
            return Ok(Verdict::Continue);
        }
        Err(out_of_order("stream features", element))
    }

    /// XEP-0388 §2.6.2: the stream is as it was before.
    fn fail_sasl2(
        &mut self,
        cx: &mut Cx<'_>,
        login: &Login,
        failure: &SaslFailure,
    ) -> Result<Verdict, Reason> {
        let refused = || Reason::Auth(AuthFault::Refused(failure.clone()));
        if login.by_token {
            // XEP-0484 §4.1: it is worth nothing any more, unless the server cannot tell.
            if failure.condition != FailureCondition::TemporaryAuthFailure {
                cx.kept.token = None;
                cx.kept.news = Some(TokenNews::Refused);
            }
            let again = self.begin_sasl2(cx, &login.features, Some(failure.clone()))?;
            return match again {
                Some(verdict) => Ok(verdict),
                None if login.features.mechanisms().is_empty() => Err(refused()),
                None => self.authenticate(cx, &login.features).map_err(|_| refused()),
            };
        }
        // Some servers take no second login by SASL2 on one stream, but one by RFC 6120.
        let stuck = login.refused.is_some()
            && failure.condition == FailureCondition::InvalidMechanism
            && !login.features.mechanisms().is_empty();
        if stuck { self.authenticate(cx, &login.features) } else { Err(refused()) }
    }
}

/// Whether the token is good for a login on this stream.
fn is_usable(cx: &Cx<'_>, token: &FastToken, offer: &Authentication) -> bool {
    let mechanism = token.mechanism();
    // XEP-0484 §4.1: the server knows the token by the client's id.
    cx.config.fast_login.as_ref().is_some_and(|fast| fast.id.is_some())
        && *token.account() == *cx.config.jid
        && offer.tokens().iter().any(|name| name == mechanism.name())
        && mechanism.token_suits(cx.config.channel_binding, cx.channel())
}

/// The best mechanism for which a token can be had, if one is wanted (XEP-0484 §3.2).
fn request(cx: &Cx<'_>, fast: &FastLogin, offer: &Authentication) -> Option<Mechanism> {
    if !fast.request_token
        || fast.invalidate
        || fast.id.is_none()
        || cx.config.jid.local().is_none()
    {
        return None;
    }
    let (policy, channel) = (cx.config.channel_binding, cx.channel());
    // XEP-0484 §6: bound ones are to be preferred.
    [Mechanism::HtSha256Expr, Mechanism::HtSha256Endp, Mechanism::HtSha256None].into_iter().find(
        |mechanism| {
            offer.tokens().iter().any(|name| name == mechanism.name())
                && mechanism.token_suits(policy, channel)
        },
    )
}

/// `<user-agent/>` (XEP-0388 §2.3), if there is anything to say.
fn user_agent(fast: &FastLogin) -> Option<crate::xml::ElementBuilder> {
    let FastLogin { software, device, .. } = fast;
    let id = fast.uuid();
    if id.is_none() && software.is_none() && device.is_none() {
        return None;
    }
    let mut agent = Element::builder("user-agent", ns::SASL2);
    if let Some(id) = &id {
        agent = agent.attr("id", id);
    }
    for (name, text) in [("software", software), ("device", device)] {
        if let Some(text) = text {
            agent = agent.child_with(name, ns::SASL2, |child| child.text(text));
        }
    }
    Some(agent)
}

/// A token that was given out replaces the one that there is (XEP-0484 §3.3, §3.5); one that was used
/// has another count now. Both are to be kept.
fn keep_token(cx: &mut Cx<'_>, login: &Login, success: ElementRef<'_>) {
    // XEP-0484 §3.6: no other is given out then.
    if login.by_token && cx.config.fast_login.as_ref().is_some_and(|fast| fast.invalidate) {
        cx.kept.token = None;
        cx.kept.news = Some(TokenNews::Refused);
        return;
    }
    let used = cx.kept.token.as_ref().filter(|_| login.by_token);
    let mechanism = login.requested.or(used.map(FastToken::mechanism));
    let given = success.child("token", ns::FAST).zip(mechanism).and_then(|(token, mechanism)| {
        let secret = String::from(token.attr("token")?);
        let expiry = token.attr("expiry").unwrap_or_default();
        FastToken::new(cx.config.jid.clone(), mechanism, secret, expiry).ok()
    });
    if let Some(token) = given.or_else(|| used.cloned()) {
        cx.kept.token = Some(token.clone());
        cx.kept.news = Some(TokenNews::Keep(token));
    }
}

/// Whether a mechanism for tokens is wanted and possible on this channel.
impl Mechanism {
    fn token_suits(self, policy: ChannelBinding, channel: crate::sasl::ChannelData<'_>) -> bool {
        match self.token_binding() {
            Some(kind) => policy != ChannelBinding::Off && channel.get(kind).is_some(),
            None => policy != ChannelBinding::Required,
        }
    }
}
