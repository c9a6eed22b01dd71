//! Channel binding: what SCRAM-*-PLUS ties its proof to.

use rustls::{ClientConnection, ConnectionCommon, ProtocolVersion, ServerConnection};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use xmpp_proto::endpoint::{TlsInfo, TlsVersion};

use crate::der::{Der, OBJECT_IDENTIFIER, SEQUENCE};

/// What the machine wants to know of a finished handshake: the version, `tls-exporter` on TLS 1.3
/// (RFC 9266), and `tls-server-end-point` (RFC 5929 §4).
#[must_use]
pub fn tls_info(connection: &ClientConnection) -> TlsInfo {
    let info = channel(connection);
    let leaf = connection.peer_certificates().and_then(<[_]>::first);
    match leaf.and_then(|leaf| tls_server_end_point(leaf)) {
        Some(hash) => info.with_tls_server_end_point(hash),
        None => info,
    }
}

/// The same for the server's end: the version, and `tls-exporter` on TLS 1.3.
///
/// The client's certificate is not among it: whether it can be trusted is known to
/// [`ServerTlsConfig::tls_info`](crate::ServerTlsConfig::tls_info).
#[must_use]
pub fn server_tls_info(connection: &ServerConnection) -> TlsInfo {
    channel(connection)
}

/// What both ends of a connection have in common.
fn channel<Data>(connection: &ConnectionCommon<Data>) -> TlsInfo {
    let info = TlsInfo::new();
    match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => info.with_version(TlsVersion::V1_2),
        Some(ProtocolVersion::TLSv1_3) => {
            let info = info.with_version(TlsVersion::V1_3);
            // RFC 9266 §4.2: below 1.3 the value is not sure to be unique.
            let exported =
                connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""));
            match exported {
                Ok(value) => info.with_tls_exporter(value),
                Err(_) => info,
            }
        }
        _ => info,
    }
}

/// `tls-server-end-point` for a certificate in DER (RFC 5929 §4.1): its hash, by the hash function
/// of its signature, and by SHA-256 where that is MD5 or SHA-1.
///
/// `None` if the signature has no hash function of its own, as with Ed25519, for which the type is
/// not defined; and if that is no certificate.
#[must_use]
pub fn tls_server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_hash(certificate)? {
        Hash::Sha224 => Sha224::digest(certificate).to_vec(),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

#[derive(Clone, Copy)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// `signatureAlgorithm` (RFC 5280 §4.1.1.2), the second of the three parts of a certificate.
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let mut parts = Der::new(certificate).expect(SEQUENCE)?.inside();
    parts.expect(SEQUENCE)?;
    let mut algorithm = parts.expect(SEQUENCE)?.inside();
    match algorithm.expect(OBJECT_IDENTIFIER)?.content {
        // 1.2.840.113549.1.1: RSA (RFC 8017 appendix A.2).
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, id] => match id {
            4 | 5 | 11 => Some(Hash::Sha256), // with MD5, SHA-1, SHA-256
            10 => pss_hash(algorithm),
            12 => Some(Hash::Sha384),
            13 => Some(Hash::Sha512),
            14 => Some(Hash::Sha224),
            _ => None,
        },
        // 1.2.840.10045.4: ECDSA (RFC 5758 §3.2).
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, id @ ..] => match id {
            [1] | [3, 2] => Some(Hash::Sha256), // with SHA-1, SHA-256
            [3, 1] => Some(Hash::Sha224),
            [3, 3] => Some(Hash::Sha384),
            [3, 4] => Some(Hash::Sha512),
            _ => None,
        },
        _ => None,
    }
}

/// RSASSA-PSS names its hash in its parameters (RFC 4055 §3.1), and means SHA-1 if it does not.
fn pss_hash(mut algorithm: Der<'_>) -> Option<Hash> {
    /// `[0] EXPLICIT`, around the hash function.
    const HASH_ALGORITHM: u8 = 0xa0;
    let Some(hash) = algorithm.expect(SEQUENCE)?.inside().expect(HASH_ALGORITHM) else {
        return Some(Hash::Sha256);
    };
    match hash.inside().expect(SEQUENCE)?.inside().expect(OBJECT_IDENTIFIER)?.content {
        // 1.3.14.3.2.26: SHA-1.
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Some(Hash::Sha256),
        // 2.16.840.1.101.3.4.2: the SHA-2 family.
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, id] => match id {
            1 => Some(Hash::Sha256),
            2 => Some(Hash::Sha384),
            3 => Some(Hash::Sha512),
            4 => Some(Hash::Sha224),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
