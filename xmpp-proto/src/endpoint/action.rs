//! What passes between a machine and its adapter.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::certificate::CertificateReport;
use crate::Instant;
use crate::stanza::{Iq, Stanza, StanzaError};

/// Names one transport. Whatever an adapter reports about an older one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub(crate) u32);

/// Where to connect to: one host, one port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Target {
    /// A host name or an IP literal (IPv6 without brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Target {
    /// The target `host:port`.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A thing only the adapter can do. Released when every byte before it is written.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Look up the SRV records `_xmpps-client._tcp` and `_xmpp-client._tcp` of the domain and
    /// answer with `handle_resolved`, failures too. No address is needed.
    Resolve {
        /// Names the lookup.
        id: AttemptId,
        /// The domain of the account: a DNS name, never an IP address.
        domain: String,
    },
    /// Open a TCP connection and answer with `handle_connected` or `handle_lost`.
    ///
    /// If the host has several addresses the adapter races or tries them; to the machine it is
    /// one target.
    Connect {
        /// Names the transport from now on.
        id: AttemptId,
        /// Where to.
        target: Target,
    },
    /// Run a TLS handshake on the open transport and answer with `handle_secured` or
    /// `handle_lost`. Bytes that arrive in between are TLS, never XMPP.
    Secure {
        /// The transport.
        id: AttemptId,
        /// The reference identity the certificate must carry: the XMPP domain, never the host
        /// that was connected to (RFC 6120 §13.7.2.1, RFC 7590 §3.4).
        server_name: String,
        /// The ALPN protocol to offer, for direct TLS (XEP-0368 §3).
        alpn: Option<&'static [u8]>,
    },
    /// Run the server's side of a TLS handshake on the open transport and answer with
    /// `handle_secured` or `handle_lost`. Bytes that arrive in between are TLS, never XMPP.
    SecureServer {
        /// The transport.
        id: AttemptId,
        /// The domain whose certificate is to be shown (RFC 6120 §5.4.3.1); with direct TLS it is not
        /// known yet, and the client names it in the handshake (SNI, XEP-0368).
        domain: Option<String>,
    },
    /// Close the transport, or give up the lookup. No report is due; what arrives later is ignored.
    Disconnect {
        /// The transport.
        id: AttemptId,
        /// Politely or at once.
        how: Shutdown,
    },
}

/// How to close a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Everything is written: end TLS with `close_notify`, then close TCP.
    Flush,
    /// Drop it at once, unwritten bytes too.
    Abort,
}

/// What the adapter knows of a transport it has just opened.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ConnInfo {
    /// Fresh random bytes to mix into the machine's generator, if the adapter has a source.
    pub entropy: Option<[u8; 32]>,
}

impl ConnInfo {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With fresh random bytes, which are mixed into the machine's generator.
    #[must_use]
    pub fn with_entropy(mut self, entropy: [u8; 32]) -> Self {
        self.entropy = Some(entropy);
        self
    }
}

impl fmt::Debug for ConnInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnInfo").finish_non_exhaustive()
    }
}

/// Protocol versions of TLS that XMPP may use (RFC 7590 §3.1, RFC 9325).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// What the adapter knows of a finished TLS handshake.
///
/// The two fields for channel binding let SCRAM tie its proof to this connection; without them it
/// is not tied.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The negotiated version, if the TLS library tells.
    pub version: Option<TlsVersion>,
    /// `tls-exporter` (RFC 9266): keying material exported with the label
    /// `EXPORTER-Channel-Binding` and an empty context. On TLS 1.3 only: before it, the value is
    /// unique only where both ends use the extended master secret (RFC 9266 §4.2).
    pub tls_exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` (RFC 5929 §4.1): the server's certificate, hashed as its signature
    /// algorithm hashes, with SHA-256 in place of MD5 and SHA-1. Absent if that names no hash.
    pub tls_server_end_point: Option<Vec<u8>>,
    /// On a server, the certificate that the client has shown, in DER, if a trusted authority
    /// stands behind it: the proof of EXTERNAL (RFC 6120 §6.3.4).
    pub client_certificate: Option<Vec<u8>>,
}

impl TlsInfo {
    /// Nothing known but that the transport is secured.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the negotiated protocol version.
    #[must_use]
    pub fn with_version(mut self, version: TlsVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// With the value of `tls-exporter`, to be given for TLS 1.3 only.
    #[must_use]
    pub fn with_tls_exporter(mut self, value: [u8; 32]) -> Self {
        self.tls_exporter = Some(value);
        self
    }

    /// With the value of `tls-server-end-point`.
    #[must_use]
    pub fn with_tls_server_end_point(mut self, hash: impl Into<Vec<u8>>) -> Self {
        self.tls_server_end_point = Some(hash.into());
        self
    }

    /// With the client's certificate, which the adapter has checked.
    #[must_use]
    pub fn with_client_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.client_certificate = Some(der.into());
        self
    }
}

/// Which types of channel binding there are; their values are nobody's business.
impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInfo")
            .field("version", &self.version)
            .field("tls_exporter", &self.tls_exporter.is_some())
            .field("tls_server_end_point", &self.tls_server_end_point.is_some())
            .field("client_certificate", &self.client_certificate.is_some())
            .finish()
    }
}

/// Why a transport could not be had, or went away, as far as the adapter can tell.
///
/// The texts are for people; programs match on the variants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostCause {
    /// The host name has no address.
    NameNotFound(String),
    /// The host refused the connection: nothing listens on that port.
    Refused,
    /// The host cannot be reached.
    Unreachable(String),
    /// The peer closed the connection without closing the stream.
    Eof,
    /// The peer reset the connection.
    Reset,
    /// TLS failed.
    Tls(TlsFault),
    /// Any other failure of the transport, in the words of the operating system.
    Io(String),
}

/// How TLS failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFault {
    /// The server's certificate was refused.
    Certificate {
        /// Why.
        fault: CertificateFault,
        /// What it holds, if the adapter can tell: for people to judge and programs to pin.
        report: Option<Box<CertificateReport>>,
    },
    /// The handshake failed for another reason, in the words of the TLS library.
    Handshake(String),
}

/// Why a certificate was refused (RFC 6120 §13.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// No trusted authority stands behind it.
    Untrusted,
    /// It is made out for other names.
    WrongName {
        /// The name that was needed: the XMPP domain.
        expected: String,
        /// The names it carries, if known.
        presented: alloc::vec::Vec<String>,
    },
    /// It is its own authority: a self-signed certificate that is marked as a CA.
    SelfSigned,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It was revoked.
    Revoked,
    /// Certain certificates or keys are pinned, and this is none of them.
    NotPinned,
    /// Another fault, in the words of the TLS library.
    Other(String),
}

/// Names a stanza that was handed to the machine with a `send` command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendToken(pub(crate) u64);

/// Names a request that was handed to the machine and has not been answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IqToken(pub(crate) u64);

/// A command that has come to its end. Each token gets exactly one.
#[derive(Debug)]
#[non_exhaustive]
pub enum Completion {
    /// A request was answered, or never will be.
    Reply {
        /// The request.
        token: IqToken,
        /// The `result` stanza, or why there is none.
        result: Result<Iq, RequestError>,
    },
    /// The fate of a stanza.
    Outcome {
        /// The stanza's token.
        token: SendToken,
        /// What became of it.
        outcome: Outcome,
    },
}

/// What became of a stanza that was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// All of its bytes were taken by the transport. Without stream management nobody knows more
    /// (RFC 6120 gives no acknowledgement).
    Written,
    /// The stream ended before all of its bytes were taken by the transport. The stanza is handed
    /// back; part of it may have reached the peer, but never the whole.
    Failed(Stanza),
    /// The peer has handled it: it has taken over the responsibility (XEP-0198 §4). That of a client
    /// is its server, which says nothing about the one it was for.
    Acked,
    /// The session ended before the peer acknowledged it. It may have arrived or not, which nobody
    /// can tell: whoever sends it again keeps its `id`, so that the other side can tell it from a
    /// new one (XEP-0198 §4).
    Unacked(Stanza),
    /// It is part of the state that [`Client::detach`](super::Client::detach) has given out, and
    /// goes out when that is resumed.
    Saved,
}

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RequestError {
    /// The answer is an error (RFC 6120 §8.3).
    Stanza(StanzaError),
    /// No answer within the request's time limit.
    TimedOut,
    /// The stream ended first.
    Disconnected,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stanza(error) => write!(f, "the request was answered with an error: {error}"),
            Self::TimedOut => f.write_str("the request was not answered in time"),
            Self::Disconnected => f.write_str("the stream ended before the request was answered"),
        }
    }
}

impl core::error::Error for RequestError {}

/// The next thing to do for whoever drives a machine.
#[derive(Debug)]
pub enum Step<'a> {
    /// Carry this out, then go on with `step`.
    Act(Action),
    /// Hand this to whoever gave the command, then go on with `step`.
    Done(Completion),
    /// A bounded computation is not finished: let others run, then go on with `step`.
    Work,
    /// Nothing to do before one of these: write (if not empty), read (if wanted), or the time.
    Wait {
        /// Bytes to write.
        write: &'a [u8],
        /// Whether to read.
        read: bool,
        /// When to call `handle_timeout`.
        until: Option<Instant>,
    },
}
