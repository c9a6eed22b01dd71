//! A certificate for a server that nobody has to install anything for.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// An authority of our own, and what it has certified: all as PEM.
pub(crate) struct Certificate {
    /// What clients are to trust.
    pub(crate) ca: String,
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Certificate {
    /// Makes a certificate for the domain, and an authority for that, which is forgotten at once.
    pub(crate) fn new(domain: &str) -> Result<Self, rcgen::Error> {
        let mut ca = CertificateParams::new([])?;
        ca.distinguished_name.push(DnType::CommonName, "an authority for this server only");
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let ca_key = KeyPair::generate()?;
        let authority = ca.self_signed(&ca_key)?;
        let issuer = Issuer::new(ca, ca_key);

        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([domain.to_owned()])?.signed_by(&key, &issuer)?;
        Ok(Self { ca: authority.pem(), chain: certificate.pem(), key: key.serialize_pem() })
    }
}
