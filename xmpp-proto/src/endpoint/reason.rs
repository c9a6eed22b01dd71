//! Why a stream ended: whose fault it was, where it happened, and what to do.

use alloc::string::{String, ToString};
use core::fmt;

use super::action::{CertificateFault, LostCause, Target, TlsFault};
use super::certificate::CertificateReport;
use crate::ns;
use crate::sasl::{BindingType, FailureCondition, SaslError, SaslFailure, ScramServerError};
use crate::stanza::{ErrorType, StanzaError};
use crate::stream::{HeaderFault, StreamCondition, StreamError};
use crate::xml;

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Asking DNS for the domain's servers (RFC 6120 §3.2).
    Resolving,
    /// Opening the transport.
    Connecting,
    /// The TLS handshake.
    Securing,
    /// Stream headers and features (RFC 6120 §4.3).
    Negotiating,
    /// SASL (RFC 6120 §6).
    Authenticating,
    /// Resource binding (RFC 6120 §7).
    Binding,
    /// Negotiation is complete; stanzas flow.
    Online,
    /// The closing tag is sent (RFC 6120 §4.4).
    Closing,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolving => "looking up servers",
            Self::Connecting => "connecting",
            Self::Securing => "starting TLS",
            Self::Negotiating => "negotiating the stream",
            Self::Authenticating => "authenticating",
            Self::Binding => "binding a resource",
            Self::Online => "online",
            Self::Closing => "closing the stream",
        })
    }
}

/// The deadlines a machine keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Timer {
    /// Everything from the start of an attempt to being online.
    Negotiation,
    /// Asking DNS for the domain's servers. When it passes, the domain itself is tried.
    Resolve,
    /// One target, up to authentication, while others wait to be tried.
    Target,
    /// Everything from the decision to end the stream to its end.
    Close,
    /// A request waits for its answer.
    Request,
    /// A query of the peer waits for the application's answer.
    Answer,
    /// A question of the negotiation waits for the owner's answer.
    Question,
    /// A client has used up what it may send, and waits for more.
    Rate,
    /// An acknowledgement is to be given or asked for (XEP-0198 §4).
    Acknowledge,
    /// The peer is silent: it is asked for a sign of life, or has not given one.
    Keepalive,
    /// The pause before the next attempt.
    Reconnect,
    /// A session that lost its transport waits to be resumed (XEP-0198 §5).
    Resumption,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negotiation => "negotiation deadline",
            Self::Resolve => "DNS deadline",
            Self::Target => "deadline of one target",
            Self::Close => "closing deadline",
            Self::Request => "request deadline",
            Self::Answer => "answer deadline",
            Self::Question => "question deadline",
            Self::Rate => "rate limit",
            Self::Acknowledge => "acknowledgement",
            Self::Keepalive => "deadline for a sign of life",
            Self::Reconnect => "pause before the next attempt",
            Self::Resumption => "time for resumption",
        })
    }
}

/// What a peer did that the protocol does not allow. Each maps to one stream error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerFault {
    /// Its XML is faulty, forbidden or too large.
    Xml(xml::Error),
    /// Its stream header cannot be accepted.
    Header(HeaderFault),
    /// It sent something that has no place in this state.
    OutOfOrder {
        /// What could have come.
        expected: &'static str,
        /// The name of what came.
        found: String,
    },
    /// It sent a stanza before a resource was bound (RFC 6120 §7.1).
    StanzaBeforeBinding,
    /// Bytes came after `<proceed/>` and before the TLS handshake: an attempt to smuggle
    /// plaintext into the secured stream. Nothing of it was parsed.
    DataAfterProceed,
    /// It bound an address that is not the account's (RFC 6120 §7.6.1).
    ForeignJid {
        /// What it bound.
        jid: String,
    },
    /// Its answer to resource binding has no usable full JID (RFC 6120 §7.6.1).
    BadBindResult,
    /// Bytes came after `<starttls/>`, where only silence may: an attempt to smuggle plaintext into
    /// the secured stream. Nothing of it was parsed.
    DataAfterStartTls,
    /// Its stream is for no domain at all (RFC 6120 §4.7.2).
    NoDomain,
    /// Its stream is for a domain that is not served here (RFC 6120 §4.9.3.6).
    UnknownDomain {
        /// What it named.
        to: String,
    },
    /// Having authenticated for one domain, it opened the next stream to another.
    ChangedDomain {
        /// The other one.
        to: String,
    },
    /// It says it is somebody else than who has authenticated (RFC 6120 §4.9.3.9).
    ForgedFrom {
        /// Who it says it is.
        from: String,
    },
    /// It failed to authenticate too often (RFC 6120 §6.4.5).
    TooManyLogins,
    /// It asked for unusable resources too often (RFC 6120 §7.7.2).
    TooManyBinds,
    /// It misused stream management: enabled it twice, or asked for sessions that are not there too
    /// often (XEP-0198 §3, §6).
    ManagementMisused,
    /// It sent a first-level element that nobody here understands (RFC 6120 §4.9.3.24).
    UnknownElement {
        /// Its name.
        name: String,
    },
    /// It sent a stanza of a content namespace that is not the stream's (RFC 6120 §4.8.2).
    ForeignNamespace {
        /// The namespace that was found.
        ns: String,
    },
    /// It acknowledges stanzas that were never sent to it, or takes an acknowledgement back
    /// (XEP-0198 §6).
    AckTooHigh {
        /// How many it says it has handled.
        h: u32,
        /// How many it was sent.
        sent: u32,
    },
    /// Its acknowledgement has no usable count (XEP-0198 §4).
    BadAck,
    /// It takes stanzas and acknowledges none of them, though stream management is on.
    NoAcks,
    /// It resumed another session than it was asked for (XEP-0198 §5).
    WrongSession,
}

impl PeerFault {
    /// Whether it concerns a managed session and nothing else: without that, the next stream need
    /// not fail (XEP-0198 §6).
    pub(crate) const fn is_about_session(&self) -> bool {
        matches!(self, Self::AckTooHigh { .. } | Self::BadAck | Self::NoAcks | Self::WrongSession)
    }
}

/// The one map from faults to the wire (RFC 6120 §4.9.3).
impl From<&PeerFault> for StreamCondition {
    fn from(fault: &PeerFault) -> Self {
        match fault {
            PeerFault::Xml(error) => xml_condition(error.kind()),
            PeerFault::Header(fault) => match fault {
                HeaderFault::NotAStream { .. } | HeaderFault::BadContentNamespace { .. } => {
                    Self::InvalidNamespace
                }
                HeaderFault::BadPrefix => Self::BadNamespacePrefix,
                HeaderFault::UnsupportedVersion { .. } => Self::UnsupportedVersion,
            },
            PeerFault::OutOfOrder { .. } | PeerFault::BadAck | PeerFault::WrongSession => {
                Self::BadFormat
            }
            PeerFault::StanzaBeforeBinding | PeerFault::ChangedDomain { .. } => Self::NotAuthorized,
            PeerFault::DataAfterProceed
            | PeerFault::DataAfterStartTls
            | PeerFault::TooManyLogins
            | PeerFault::TooManyBinds
            | PeerFault::ManagementMisused
            | PeerFault::NoAcks => Self::PolicyViolation,
            PeerFault::ForeignJid { .. }
            | PeerFault::BadBindResult
            | PeerFault::AckTooHigh { .. } => Self::UndefinedCondition,
            PeerFault::NoDomain => Self::ImproperAddressing,
            PeerFault::UnknownDomain { .. } => Self::HostUnknown,
            PeerFault::ForgedFrom { .. } => Self::InvalidFrom,
            PeerFault::UnknownElement { .. } => Self::UnsupportedStanzaType,
            PeerFault::ForeignNamespace { .. } => Self::InvalidNamespace,
        }
    }
}

impl From<&PeerFault> for StreamError {
    fn from(fault: &PeerFault) -> Self {
        let error = Self::new(fault.into());
        let PeerFault::AckTooHigh { h, sent } = fault else { return error };
        // XEP-0198 §6.
        let told = xml::Element::builder("handled-count-too-high", ns::SM)
            .attr("h", &h.to_string())
            .attr("send-count", &sent.to_string())
            .build();
        match told {
            Ok(told) => error.with_application(told),
            Err(_) => error,
        }
    }
}

fn xml_condition(kind: xml::ErrorKind) -> StreamCondition {
    use xml::ErrorKind as Kind;
    match kind {
        // RFC 6120 §11.1.
        Kind::Doctype | Kind::ProcessingInstruction | Kind::Comment | Kind::UnknownEntity => {
            StreamCondition::RestrictedXml
        }
        // RFC 6120 §4.9.3.14.
        Kind::StanzaTooLong
        | Kind::HeaderTooLong
        | Kind::TooDeep
        | Kind::TooManyAttributes
        | Kind::NameTooLong
        | Kind::TooManyNamespaces => StreamCondition::PolicyViolation,
        // RFC 6120 §4.9.3.22, §11.6.
        Kind::UnsupportedEncoding => StreamCondition::UnsupportedEncoding,
        Kind::TextOutsideStanza => StreamCondition::BadFormat,
        _ => StreamCondition::NotWellFormed,
    }
}

impl fmt::Display for PeerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(error) => write!(f, "the peer sent faulty XML: {error}"),
            Self::Header(HeaderFault::NotAStream { ns }) => {
                write!(f, "the peer did not open an XMPP stream (root namespace `{ns}`)")
            }
            Self::Header(HeaderFault::BadPrefix) => {
                f.write_str("the peer opened the stream with an unsupported namespace prefix")
            }
            Self::Header(HeaderFault::BadContentNamespace { ns }) => {
                write!(f, "the peer's stream has the content namespace `{ns}`")
            }
            Self::Header(HeaderFault::UnsupportedVersion { version: Some(version) }) => {
                write!(f, "the peer speaks version `{version}` of XMPP, not 1.0")
            }
            Self::Header(HeaderFault::UnsupportedVersion { version: None }) => {
                f.write_str("the peer does not speak XMPP 1.0")
            }
            Self::OutOfOrder { expected, found } => {
                write!(f, "the peer sent `{found}` where {expected} was due")
            }
            Self::StanzaBeforeBinding => {
                f.write_str("the peer sent a stanza before a resource was bound")
            }
            Self::DataAfterProceed => {
                f.write_str("data arrived between <proceed/> and the TLS handshake")
            }
            Self::ForeignJid { jid } => {
                write!(f, "the peer bound `{jid}`, which is not this account")
            }
            Self::BadBindResult => f.write_str("the peer's answer to binding has no full JID"),
            Self::DataAfterStartTls => f.write_str("data arrived behind <starttls/>"),
            Self::NoDomain => f.write_str("the peer opened a stream to no domain"),
            Self::UnknownDomain { to } => {
                write!(f, "the peer opened a stream to `{to}`, which is not served here")
            }
            Self::ChangedDomain { to } => {
                write!(f, "the peer authenticated and then opened a stream to `{to}`")
            }
            Self::ForgedFrom { from } => write!(f, "the peer claims to be `{from}`"),
            Self::TooManyLogins => f.write_str("the peer failed to log in too often"),
            Self::TooManyBinds => f.write_str("the peer asked for unusable resources too often"),
            Self::ManagementMisused => f.write_str("the peer misused stream management"),
            Self::UnknownElement { name } => {
                write!(f, "the peer sent `{name}`, which is not understood")
            }
            Self::ForeignNamespace { ns } => {
                write!(f, "the peer sent a stanza of the namespace `{ns}`")
            }
            Self::AckTooHigh { h, sent } => {
                write!(f, "the peer acknowledged {h} stanzas and was sent {sent}")
            }
            Self::BadAck => f.write_str("the peer sent an acknowledgement without a count"),
            Self::NoAcks => f.write_str("the peer acknowledges nothing that it is sent"),
            Self::WrongSession => {
                f.write_str("the peer resumed another session than it was asked for")
            }
        }
    }
}

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthFault {
    /// The server refused the credentials or the mechanism (RFC 6120 §6.5).
    Refused(SaslFailure),
    /// The server offers no mechanism that the configuration allows.
    NoMechanism {
        /// What it offers.
        offered: alloc::vec::Vec<String>,
    },
    /// Channel binding is required, and cannot be had. Nothing was sent.
    NoChannelBinding {
        /// Whether the server offers any -PLUS mechanism.
        plus_offered: bool,
        /// The types that the server names (XEP-0440).
        offered: alloc::vec::Vec<String>,
        /// The types that this connection has.
        available: alloc::vec::Vec<BindingType>,
    },
    /// The password is right, but the server wants more than that, such as a second factor
    /// (XEP-0388 §2.6.3), and none of what it would take is known here.
    Tasks {
        /// What the server would take, at most 16 names.
        offered: alloc::vec::Vec<String>,
    },
    /// Only a mechanism that shows the password is left, and the stream is not secured.
    NeedsTls,
    /// The exchange failed on our side: the server misbehaved, or the credentials cannot be used.
    /// The server has not shown that it knows the password.
    Exchange(SaslError),
}

/// Why a stream could not be secured with STARTTLS (RFC 6120 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartTlsFault {
    /// It is required here and not offered there, or was stripped on the way.
    NotOffered,
    /// The server answered `<failure/>` (§5.4.2.2).
    Refused,
    /// The server insists on it, and the configuration forbids it.
    Mandatory,
}

/// Why `see-other-host` was not followed (RFC 6120 §4.9.3.19). What the server said is cut off
/// after 253 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectFault {
    /// It was followed before in the same attempt: servers that send their clients around in
    /// circles get no further.
    Again {
        /// Where the server wanted the client to go.
        to: String,
    },
    /// The server named the very address that it was reached at.
    ToItself {
        /// That address, in the words of the server.
        to: String,
    },
    /// That is no host name or IP address with an optional port.
    Unusable {
        /// What the server sent instead.
        to: String,
    },
}

/// A target that was left for another one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tried {
    /// The target.
    pub target: Target,
    /// How far it had come.
    pub phase: Phase,
    /// Why it was left.
    pub reason: Reason,
}

/// Why a stream ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// DNS says that the domain has no servers for clients: the SRV target `.` (RFC 6120 §3.2.1).
    NotOffered,
    /// The server sent the client elsewhere, which was not followed.
    Redirect(RedirectFault),
    /// We closed it.
    ClosedByUs,
    /// We closed it with this stream error.
    ClosedWith(StreamError),
    /// The peer closed it without an error.
    ClosedByPeer,
    /// The transport could not be had, or went away.
    Transport(LostCause),
    /// STARTTLS failed.
    StartTls(StartTlsFault),
    /// Authentication failed.
    Auth(AuthFault),
    /// Resource binding was refused (RFC 6120 §7.6.2, §7.7.2).
    Bind(StanzaError),
    /// The server does not offer resource binding after authentication (RFC 6120 §7.2).
    BindNotOffered,
    /// The obsolete session request, mandatory on this server, was refused (RFC 3921 §3).
    Session(StanzaError),
    /// The peer reported a stream error.
    Reported(StreamError),
    /// The peer broke the protocol; it was told the matching stream error.
    Peer(PeerFault),
    /// A deadline passed.
    TimedOut(Timer),
    /// The configuration holds characters that XML does not allow, such as in the resource.
    Config(xml::BuildError),
    /// The adapter handed over more bytes than it was asked for. A fault of the adapter.
    InputOverflow,
    /// The session was taken out, to be resumed later ([`Client::detach`](super::Client::detach));
    /// at a server, to go on on another stream.
    Detached,
}

/// The end of a stream: what happened, where, and whether to try again.
///
/// Its text answers these questions in one line:
///
/// ```text
/// authenticating (xmpp.example.org:5222): not-authorized: the server refused the login; check ...
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ended {
    /// Why it ended.
    pub reason: Reason,
    /// How far it had come.
    pub phase: Phase,
    /// The domain of the account; at a server, the one that the client has opened the stream to, if it
    /// got that far.
    pub domain: String,
    /// Where it was connected to or wanted to, if that was known.
    pub target: Option<Target>,
    /// The targets that were left for the next one in this attempt, in order.
    pub tried: alloc::vec::Vec<Tried>,
    /// Why DNS could not be asked for the domain's servers, if that failed. The domain itself was
    /// tried then, as if it had no SRV records.
    pub dns_failure: Option<String>,
}

impl Reason {
    /// The certificate that was refused, if that was the reason and the adapter could read it.
    #[must_use]
    pub fn certificate(&self) -> Option<&CertificateReport> {
        match self {
            Self::Transport(LostCause::Tls(TlsFault::Certificate { report, .. })) => {
                report.as_deref()
            }
            _ => None,
        }
    }
}

impl Ended {
    /// The certificate that was refused, if that ended the stream and the adapter could read it.
    ///
    /// An application may show it, pin its key and connect again.
    #[must_use]
    pub fn certificate(&self) -> Option<&CertificateReport> {
        self.reason.certificate()
    }

    /// Whether the same attempt may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.reason {
            // Whoever is offline finds no name either.
            Reason::Transport(LostCause::NameNotFound(_)) => self.dns_failure.is_some(),
            Reason::Transport(LostCause::Tls(_)) => false,
            Reason::Transport(_) | Reason::ClosedByPeer | Reason::TimedOut(_) => true,
            Reason::Reported(error) => error.condition().is_retryable(),
            Reason::Auth(AuthFault::Refused(failure)) => {
                failure.condition == FailureCondition::TemporaryAuthFailure
            }
            _ => false,
        }
    }

    /// Whether a client that was online comes back by itself after this. Beside what is
    /// [retryable](Self::is_retryable), that is whatever went wrong on one stream and need not go
    /// wrong on the next; but not what says that the client is not wanted.
    pub(crate) fn may_be_retried(&self) -> bool {
        self.is_retryable()
            || match &self.reason {
                Reason::Reported(error) => !error.condition().is_permanent(),
                // Whoever is offline finds no name, and this one was found before. And what was trusted
                // before may be out of reach: behind the portal of a hotel, somebody else answers.
                Reason::Transport(LostCause::NameNotFound(_) | LostCause::Tls(_))
                | Reason::StartTls(_)
                | Reason::Peer(_) => true,
                // Such as too many resources, of which one is our own of a moment ago.
                Reason::Bind(error) | Reason::Session(error) => error.type_() == ErrorType::Wait,
                _ => false,
            }
    }

    /// The condition that RFC 6120 defines for this end, as it is called on the wire.
    #[must_use]
    pub fn condition(&self) -> Option<&str> {
        match &self.reason {
            Reason::Auth(AuthFault::Refused(failure)) => Some(failure.condition.name()),
            Reason::Bind(error) | Reason::Session(error) => Some(error.condition().name()),
            Reason::Reported(error) => Some(error.condition().name()),
            Reason::Peer(fault) => Some(StreamCondition::from(fault).name()),
            _ => None,
        }
    }

    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        Some(match &self.reason {
            Reason::NotOffered => "check the domain of the JID",
            Reason::Transport(
                LostCause::NameNotFound(_) | LostCause::Refused | LostCause::Unreachable(_),
            ) if self.dns_failure.is_some() => "check the network, and the DNS servers it names",
            Reason::Transport(LostCause::NameNotFound(_)) => "check the host name",
            Reason::Transport(LostCause::Refused) => {
                "check the host and the port, and that the server runs"
            }
            Reason::Transport(LostCause::Tls(TlsFault::Certificate { fault, .. })) => match fault {
                CertificateFault::Untrusted => {
                    "if you trust its issuer, configure that CA certificate"
                }
                CertificateFault::WrongName { .. } => {
                    "the certificate must name the domain of the JID, whatever host is connected to"
                }
                CertificateFault::SelfSigned => {
                    "this certificate is its own CA: issue a leaf certificate from it"
                }
                CertificateFault::Expired => "the server's certificate must be renewed",
                CertificateFault::NotPinned => {
                    "it has a new key, or somebody is between: ask its operator before you trust it"
                }
                _ => "the server needs another certificate",
            },
            Reason::Transport(LostCause::Tls(TlsFault::Handshake(_))) => {
                "check that the port speaks TLS in the configured way (direct TLS or STARTTLS)"
            }
            Reason::StartTls(StartTlsFault::NotOffered) => {
                "use direct TLS if the server has it; somebody may be stripping STARTTLS"
            }
            Reason::StartTls(StartTlsFault::Mandatory) => "allow TLS in the configuration",
            Reason::Auth(AuthFault::Refused(_)) => "check the user name and the password",
            Reason::Auth(AuthFault::NoMechanism { .. }) => {
                "allow one of the offered mechanisms if it is safe enough for you"
            }
            Reason::Auth(AuthFault::NoChannelBinding { .. }) => {
                "if this server used to bind, somebody may be between; else do not require it"
            }
            Reason::Auth(AuthFault::Tasks { .. }) => {
                "log in with another client first, or without the second factor"
            }
            Reason::Auth(AuthFault::NeedsTls) => "secure the stream with TLS",
            Reason::Auth(AuthFault::Exchange(error)) => match error {
                SaslError::Missing { .. }
                | SaslError::Empty { .. }
                | SaslError::NonAscii { .. }
                | SaslError::Unpreparable { .. }
                | SaslError::ControlCharacter { .. } => "check the user name and the password",
                SaslError::ServerError(
                    ScramServerError::ChannelBindingsDontMatch
                    | ScramServerError::ServerDoesSupportChannelBinding,
                ) => "somebody may sit between you and the server",
                SaslError::ServerError(
                    ScramServerError::ChannelBindingNotSupported
                    | ScramServerError::UnsupportedChannelBindingType,
                ) => "the server cannot bind as it says: turn channel binding off if you know it",
                SaslError::ServerError(_) => "check the password",
                SaslError::IterationsTooLow { .. } | SaslError::IterationsTooHigh { .. } => {
                    "change the SCRAM limits only if you know this server"
                }
                _ => "do not trust this server: it has not shown that it knows your password",
            },
            Reason::Reported(error) => match error.condition() {
                StreamCondition::HostUnknown | StreamCondition::HostGone => {
                    "check the domain of the JID: this server does not serve it"
                }
                StreamCondition::Conflict => "another client has bound the same resource",
                _ => return None,
            },
            Reason::TimedOut(Timer::Negotiation) => {
                "the server is too slow, or the port speaks another protocol or TLS mode"
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Some(target) => write!(f, "{} ({target}): {}", self.phase, self.reason)?,
            None => write!(f, "{} ({}): {}", self.phase, self.domain, self.reason)?,
        }
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        if let Some(failure) = &self.dns_failure {
            write!(f, "; the lookup of servers for {} failed: {failure}", self.domain)?;
        }
        for (i, tried) in self.tried.iter().enumerate() {
            let before = if i == 0 { "; tried before: " } else { ", " };
            write!(f, "{before}{} ({})", tried.target, tried.reason)?;
        }
        Ok(())
    }
}

impl core::error::Error for Ended {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered => {
                f.write_str("the domain says in DNS that it has no XMPP service for clients")
            }
            Self::Redirect(fault) => fault.fmt(f),
            Self::ClosedByUs => f.write_str("closed by us"),
            Self::ClosedWith(error) => write!(f, "closed by us: {error}"),
            Self::ClosedByPeer => f.write_str("closed by the peer"),
            Self::Transport(cause) => cause.fmt(f),
            Self::StartTls(StartTlsFault::NotOffered) => {
                f.write_str("the server does not offer STARTTLS")
            }
            Self::StartTls(StartTlsFault::Refused) => f.write_str("the server refused STARTTLS"),
            Self::StartTls(StartTlsFault::Mandatory) => f.write_str("the server insists on TLS"),
            Self::Auth(fault) => fault.fmt(f),
            Self::Bind(error) => write!(f, "the server refused the resource: {error}"),
            Self::BindNotOffered => f.write_str("the server does not offer resource binding"),
            Self::Session(error) => write!(f, "the server refused the session: {error}"),
            Self::Reported(error) => write!(f, "stream error: {error}"),
            Self::Peer(fault) => write!(f, "{}: {fault}", StreamCondition::from(fault)),
            Self::TimedOut(timer) => write!(f, "timed out ({timer})"),
            Self::Config(error) => write!(f, "faulty configuration: {error}"),
            Self::InputOverflow => f.write_str("the adapter delivered more than it was asked for"),
            Self::Detached => f.write_str("the session was taken out, to be resumed"),
        }
    }
}

impl fmt::Display for AuthFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(failure) => write!(f, "{failure}: the server refused the login"),
            Self::NoMechanism { offered } if offered.is_empty() => {
                f.write_str("the server offers no SASL mechanism")
            }
            Self::NoMechanism { offered } => {
                write!(f, "none of the offered SASL mechanisms is allowed here: ")?;
                for (i, name) in offered.iter().enumerate() {
                    write!(f, "{}{name}", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::NoChannelBinding { plus_offered, offered, available } => {
                f.write_str("channel binding is required and cannot be had: ")?;
                f.write_str(match (plus_offered, available.is_empty()) {
                    (_, true) => "this connection has none",
                    (false, _) => "the server offers no allowed -PLUS mechanism",
                    (true, _) => "the server names no type that is available here",
                })?;
                for (i, name) in offered.iter().enumerate() {
                    write!(f, "{}{name}", if i == 0 { "; it names " } else { ", " })?;
                }
                Ok(())
            }
            Self::Tasks { offered } => {
                f.write_str("the server wants more than the password")?;
                for (i, name) in offered.iter().enumerate() {
                    write!(f, "{}{name}", if i == 0 { ", one of: " } else { ", " })?;
                }
                Ok(())
            }
            Self::NeedsTls => {
                f.write_str("the server wants the password in the clear on an unencrypted stream")
            }
            Self::Exchange(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for RedirectFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again { to } => {
                write!(f, "the server sent the client on to `{to}`, after another had sent it here")
            }
            Self::ToItself { to } => {
                write!(f, "the server sent the client to `{to}`, where it was already")
            }
            Self::Unusable { to } => {
                write!(f, "the server sent the client to `{to}`, which is no address")
            }
        }
    }
}

impl fmt::Display for LostCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameNotFound(text) => write!(f, "the host has no address: {text}"),
            Self::Refused => f.write_str("connection refused"),
            Self::Unreachable(text) => write!(f, "host unreachable: {text}"),
            Self::Eof => f.write_str("the connection was closed without closing the stream"),
            Self::Reset => f.write_str("the connection was reset"),
            Self::Tls(TlsFault::Certificate { fault, .. }) => fault.fmt(f),
            Self::Tls(TlsFault::Handshake(text)) => write!(f, "TLS failed: {text}"),
            Self::Io(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's certificate ")?;
        match self {
            Self::Untrusted => f.write_str("is not trusted: no known authority issued it"),
            Self::WrongName { expected, presented } => {
                write!(f, "is not for {expected}")?;
                for (i, name) in presented.iter().enumerate() {
                    write!(f, "{}{name}", if i == 0 { " but for " } else { ", " })?;
                }
                Ok(())
            }
            Self::SelfSigned => f.write_str("is self-signed and marked as an authority"),
            Self::Expired => f.write_str("has expired"),
            Self::NotYetValid => f.write_str("is not valid yet"),
            Self::Revoked => f.write_str("was revoked"),
            Self::NotPinned => f.write_str("is not the pinned one and has another key"),
            Self::Other(text) => write!(f, "was refused: {text}"),
        }
    }
}
