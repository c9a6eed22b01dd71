//! SASL at the receiving end (RFC 6120 §6): what is offered, and the logins of one stream.

use alloc::vec::Vec;

use super::super::data::{base64, decode};
use super::{
    Question, ServerCx, ServerNegotiation, ServerVerdict, State, bounded, send, unknown_element,
};
use crate::endpoint::{Misuse, PeerFault, Reason, TlsInfo, TlsVersion};
use crate::jid::{BareJid, Jid};
use crate::ns;
use crate::sasl::{
    Account, BindingType, ChannelData, FailureCondition, Mechanism, Offered, ServerExchange,
    ServerFault, ServerProgress, ServerSasl, StoredCredentials,
};
use crate::xml::{Element, ElementRef};

impl ServerNegotiation {
    /// The configured mechanisms that are possible on this stream.
    pub(super) fn mechanisms<'a>(
        &self,
        cx: &ServerCx<'a>,
    ) -> impl Iterator<Item = Mechanism> + use<'a> {
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

    /// What the -PLUS mechanisms among them can be bound to.
    pub(super) fn bindings(&self, cx: &ServerCx<'_>) -> &'static [BindingType] {
        let plus = self.mechanisms(cx).any(Mechanism::binds_channel);
        if plus { &[BindingType::TlsExporter] } else { &[] }
    }

    pub(super) fn handle_sasl(
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
        let plus_offered = self.mechanisms(cx).any(Mechanism::binds_channel);
        let names = self.mechanisms(cx).map(Mechanism::name).collect();
        let bindings = self.bindings(cx);
        let bindings = bindings.iter().map(|kind| kind.name()).collect::<Vec<_>>();
        let offered = Offered::new(names, Some(bindings).filter(|_| plus_offered));
        let sasl = ServerSasl {
            domain,
            channel: ChannelData { tls_exporter: exporter(cx.tls), tls_server_end_point: None },
            plus_offered,
            offered: Some(&offered),
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

    pub(super) fn fail_login(
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
}

/// What a -PLUS mechanism can be bound to: `tls-exporter`, on TLS 1.3 only (RFC 9266 §4.2).
fn exporter(tls: Option<&TlsInfo>) -> Option<&[u8]> {
    let tls = tls.filter(|tls| tls.version == Some(TlsVersion::V1_3))?;
    tls.tls_exporter.as_ref().map(<[u8; 32]>::as_slice)
}
