//! Why a TLS configuration cannot be built.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

/// Where certificates of authorities were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaSource {
    /// A file.
    File(PathBuf),
    /// Bytes that the program had at hand.
    Bytes,
}

impl fmt::Display for CaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Bytes => f.write_str("the bytes given as CA certificates"),
        }
    }
}

/// Why a [`TlsConfig`](crate::TlsConfig) or a [`ServerTlsConfig`](crate::ServerTlsConfig) cannot be
/// built.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// A file of certificates cannot be read.
    ReadFile {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// What should be PEM is not.
    Pem {
        /// Where it came from.
        source: CaSource,
        /// What is wrong with it.
        detail: String,
    },
    /// There is PEM, or nothing at all, but no `CERTIFICATE` section.
    NoCertificates(CaSource),
    /// A `CERTIFICATE` section does not hold a certificate that can serve as an authority.
    BadCertificate {
        /// Where it came from.
        source: CaSource,
        /// Which one, counted from 1.
        number: usize,
        /// What rustls says.
        error: rustls::Error,
    },
    /// The client certificate or its key cannot be used: what is wrong with it.
    ClientCertificate(String),
    /// A server's certificate or its key cannot be used.
    ServerCertificate {
        /// The domain that it is for.
        domain: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A server without any certificate.
    NoServerCertificate,
    /// The operating system's store of authorities is empty or cannot be read.
    NoNativeRoots(String),
    /// No trust was configured, and neither `native-roots` nor `webpki-roots` is compiled in.
    NoTrust,
    /// No cryptography was configured, and neither `ring` nor `aws-lc-rs` is compiled in.
    NoProvider,
    /// rustls refuses the configuration, for example because the provider has no cipher suite
    /// for TLS 1.2 or 1.3.
    Rustls(rustls::Error),
}

impl fmt::Display for TlsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadFile { path, error } => {
                write!(f, "cannot read the certificates in {}: {error}", path.display())
            }
            Self::Pem { source, detail } => write!(f, "{source} is not valid PEM: {detail}"),
            Self::NoCertificates(source) => write!(f, "{source} holds no PEM certificate"),
            Self::BadCertificate { source, number, error } => {
                write!(f, "certificate {number} in {source} cannot be an authority: {error}")
            }
            Self::ClientCertificate(detail) => {
                write!(f, "the client certificate cannot be used: {detail}")
            }
            Self::ServerCertificate { domain, detail } => {
                write!(f, "the certificate for {domain} cannot be used: {detail}")
            }
            Self::NoServerCertificate => f.write_str("a server needs a certificate: name one"),
            Self::NoNativeRoots(detail) => {
                write!(f, "the system has no usable CA certificates: {detail}")
            }
            Self::NoTrust => f.write_str(
                "no CA certificates: name some, or enable the feature native-roots or webpki-roots",
            ),
            Self::NoProvider => f.write_str(
                "no cryptography provider: name one, or enable the feature ring or aws-lc-rs",
            ),
            Self::Rustls(error) => write!(f, "rustls refuses the TLS configuration: {error}"),
        }
    }
}

impl Error for TlsConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::ReadFile { error, .. } => Some(error),
            Self::BadCertificate { error, .. } | Self::Rustls(error) => Some(error),
            _ => None,
        }
    }
}
