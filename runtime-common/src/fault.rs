//! Errors of rustls and of the operating system, in the machine's words.

use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use xmpp_proto::endpoint::{CertificateFault, LostCause, TlsFault};

use crate::verify::Refused;

/// The most names of a refused certificate that are passed on: the peer chose them.
const MAX_NAMES: usize = 16;

/// What a failed connect, read, write or TLS handshake means.
///
/// `domain` is the name that the certificate had to carry. Errors of rustls arrive wrapped in an
/// [`io::Error`] and are found there.
#[must_use]
pub fn lost_cause(error: &io::Error, domain: &str) -> LostCause {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return LostCause::Tls(tls_fault(error, domain));
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => LostCause::Refused,
        // Writing to a socket that the peer has closed is `BrokenPipe` or, a moment later, `Reset`.
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => LostCause::Reset,
        io::ErrorKind::UnexpectedEof => LostCause::Eof,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::TimedOut => LostCause::Unreachable(error.to_string()),
        _ => LostCause::Io(error.to_string()),
    }
}

/// What a failed TLS handshake means. `domain` is the name that the certificate had to carry.
#[must_use]
pub fn tls_fault(error: &rustls::Error, domain: &str) -> TlsFault {
    match error {
        rustls::Error::InvalidCertificate(error) => refused_certificate(error, domain),
        // The commonest slip: direct TLS spoken to a port that expects STARTTLS, which answers
        // with a stream error in plain text.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            TlsFault::Handshake("what the server sent is not TLS".to_owned())
        }
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            TlsFault::Handshake(format!("the server has no certificate for {domain}"))
        }
        other => TlsFault::Handshake(other.to_string()),
    }
}

/// The same at a server's end: what has become of a client, or of the TLS handshake with it.
#[must_use]
pub fn client_lost_cause(error: &io::Error) -> LostCause {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return lost_cause(error, "");
    };
    LostCause::Tls(TlsFault::Handshake(match error {
        // The commonest slips: STARTTLS spoken to the port for direct TLS, or another protocol.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what the client sent is not TLS".to_owned()
        }
        rustls::Error::AlertReceived(alert) => format!("the client broke it off: {alert:?}"),
        other => other.to_string(),
    }))
}

fn refused_certificate(error: &CertificateError, domain: &str) -> TlsFault {
    if let CertificateError::Other(other) = error
        && let Some(refused) = other.0.downcast_ref::<Refused>()
    {
        let why = refused.why.as_ref();
        let fault = why.map_or(CertificateFault::NotPinned, |why| certificate_fault(why, domain));
        return TlsFault::Certificate { fault, report: Some(Box::new(refused.report.clone())) };
    }
    TlsFault::Certificate { fault: certificate_fault(error, domain), report: None }
}

fn certificate_fault(error: &CertificateError, domain: &str) -> CertificateFault {
    match error {
        CertificateError::UnknownIssuer => CertificateFault::Untrusted,
        CertificateError::NotValidForName => wrong_name(domain, &[]),
        CertificateError::NotValidForNameContext { presented, .. } => wrong_name(domain, presented),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        CertificateError::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity) => CertificateFault::SelfSigned,
            _ => CertificateFault::Other(other.to_string()),
        },
        other => CertificateFault::Other(other.to_string()),
    }
}

fn wrong_name(domain: &str, presented: &[String]) -> CertificateFault {
    let presented = presented.iter().take(MAX_NAMES).map(|name| plain_name(name)).collect();
    CertificateFault::WrongName { expected: domain.to_owned(), presented }
}

/// `DnsName("a.example")` as rustls words it, without the wrapping.
fn plain_name(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"').to_owned()
}
