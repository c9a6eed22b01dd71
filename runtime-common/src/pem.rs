//! Certificates and keys from PEM.

use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{CaSource, TlsConfigError};

/// Certificates that are to serve as authorities, and where they came from.
pub(crate) type Authorities = (CaSource, Vec<CertificateDer<'static>>);

/// A chain of certificates and the private key of the first one. The key does not print.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Both may be the same bytes: sections of other kinds are skipped.
    ///
    /// The error is a text for people.
    pub(crate) fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, String> {
        let fault = |what: &str, error: pem::Error| match error {
            pem::Error::NoItemsFound => format!("there is no PEM {what}"),
            other => format!("the {what} is not valid PEM: {other}"),
        };
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .and_then(
                |chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) },
            )
            .map_err(|error| fault("certificate", error))?;
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| fault("private key", error))?;
        Ok(Self { chain, key })
    }
}

/// The certificates in `pem`, of which there must be one.
pub(crate) fn authorities(source: CaSource, pem: &[u8]) -> Result<Authorities, TlsConfigError> {
    let certificates: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(found) if found.is_empty() => Err(TlsConfigError::NoCertificates(source)),
        Ok(found) => Ok((source, found)),
        Err(error) => Err(TlsConfigError::Pem { source, detail: error.to_string() }),
    }
}

/// Makes them trusted.
pub(crate) fn add(
    roots: &mut RootCertStore,
    (source, certificates): Authorities,
) -> Result<(), TlsConfigError> {
    for (index, certificate) in certificates.into_iter().enumerate() {
        roots.add(certificate).map_err(|error| TlsConfigError::BadCertificate {
            source: source.clone(),
            number: index + 1,
            error,
        })?;
    }
    Ok(())
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, TlsConfigError> {
    std::fs::read(path).map_err(|error| TlsConfigError::ReadFile { path: path.to_owned(), error })
}
