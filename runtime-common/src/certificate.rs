//! What a certificate says of itself (RFC 5280 §4.1), for reports and pins.
//!
//! This judges nothing: whatever it cannot read is left out. rustls does the judging.

use core::net::{Ipv4Addr, Ipv6Addr};

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use xmpp_proto::endpoint::CertificateReport;

use crate::der::{Der, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, Value};

/// The most certificates of a chain, names of a certificate and parts of a distinguished name
/// that are passed on: the peer chose them.
const MAX_CHAIN: usize = 16;
const MAX_NAMES: usize = 64;
/// The longest text of each of these. DNS names are at most 253 characters long.
const MAX_TEXT: usize = 256;

/// The SHA-256 of the key in a certificate in DER: what [`TlsBuilder::pin_spki`] takes.
///
/// `None` if that is no certificate. For a PEM file, `openssl x509 -in cert.pem -noout -pubkey |
/// openssl pkey -pubin -outform der | sha256sum` gives the same.
///
/// [`TlsBuilder::pin_spki`]: crate::TlsBuilder::pin_spki
#[must_use]
pub fn spki_sha256(certificate: &[u8]) -> Option<[u8; 32]> {
    let spki = fields(certificate)?.spki;
    Some(Sha256::digest(spki).into())
}

/// The addresses in a client certificate: its `id-on-xmppAddr` names (RFC 6120 §13.7.1.4), as they
/// stand there and in their order. Empty if there are none, or if that is no certificate.
///
/// Whether the certificate can be trusted is another question, and whether a name is an address is
/// one for `BareJid`.
#[must_use]
pub fn xmpp_addrs(certificate: &[u8]) -> Vec<String> {
    let fields = fields(certificate);
    fields.map_or_else(Vec::new, |fields| {
        fields.general_names().filter_map(xmpp_addr).take(MAX_NAMES).collect()
    })
}

/// Everything that can be told of the certificates that a server has shown, its own first.
#[must_use]
pub fn certificate_report(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
) -> CertificateReport {
    let chain = core::iter::once(leaf).chain(others).take(MAX_CHAIN);
    let mut report = CertificateReport::new(chain.map(|it| it.to_vec()).collect());
    let Some(fields) = fields(leaf) else { return report };
    report.spki_sha256 = Some(Sha256::digest(fields.spki).into());
    report.names = fields.alternative_names();
    report.subject = distinguished_name(fields.subject);
    report.issuer = distinguished_name(fields.issuer);
    let mut validity = fields.validity;
    report.not_before = validity.value().and_then(time);
    report.not_after = validity.value().and_then(time);
    report
}

/// The parts of a certificate that somebody may want to see.
struct Fields<'a> {
    issuer: Der<'a>,
    validity: Der<'a>,
    subject: Der<'a>,
    /// `SubjectPublicKeyInfo` with its tag and length.
    spki: &'a [u8],
    extensions: Der<'a>,
}

fn fields(certificate: &[u8]) -> Option<Fields<'_>> {
    /// `[0]` and `[3]`, around the version and the extensions.
    const VERSION: u8 = 0xa0;
    const EXTENSIONS: u8 = 0xa3;
    let mut to_be_signed =
        Der::new(certificate).expect(SEQUENCE)?.inside().expect(SEQUENCE)?.inside();
    to_be_signed.expect(VERSION);
    to_be_signed.expect(INTEGER)?; // the serial number
    to_be_signed.expect(SEQUENCE)?; // the algorithm of the signature
    let issuer = to_be_signed.expect(SEQUENCE)?.inside();
    let validity = to_be_signed.expect(SEQUENCE)?.inside();
    let subject = to_be_signed.expect(SEQUENCE)?.inside();
    let spki = to_be_signed.expect(SEQUENCE)?.whole;
    let extensions = to_be_signed
        .find(|value| value.tag == EXTENSIONS)
        .and_then(|value| value.inside().expect(SEQUENCE))
        .map_or(Der::new(&[]), Value::inside);
    Some(Fields { issuer, validity, subject, spki, extensions })
}

impl Fields<'_> {
    /// DNS names and IP addresses (RFC 5280 §4.2.1.6).
    fn alternative_names(&self) -> Vec<String> {
        self.general_names().filter_map(general_name).take(MAX_NAMES).collect()
    }

    fn general_names(&self) -> impl Iterator<Item = Value<'_>> {
        /// `id-ce-subjectAltName`, 2.5.29.17.
        const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
        let names = self.extensions.clone().map(Value::inside).find_map(|mut extension| {
            extension.expect(OBJECT_IDENTIFIER).filter(|id| id.content == SUBJECT_ALT_NAME)?;
            let value = extension.find(|value| value.tag == OCTET_STRING)?;
            Some(value.inside().expect(SEQUENCE)?.inside())
        });
        names.into_iter().flatten()
    }
}

/// An `otherName` of the type `id-on-xmppAddr`, which is a `UTF8String` (RFC 6120 §13.7.1.4).
fn xmpp_addr(name: Value<'_>) -> Option<String> {
    /// `[0]`: as a `GeneralName` it is `otherName`, in which it surrounds the value.
    const OTHER_NAME: u8 = 0xa0;
    const UTF8_STRING: u8 = 0x0c;
    /// 1.3.6.1.5.5.7.8.5.
    const XMPP_ADDR: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05];
    /// No bare JID is longer (RFC 7622 §3.1).
    const MAX_ADDR: usize = 2 * 1023 + 1;
    if name.tag != OTHER_NAME {
        return None;
    }
    let mut parts = name.inside();
    parts.expect(OBJECT_IDENTIFIER).filter(|id| id.content == XMPP_ADDR)?;
    let value = parts.expect(OTHER_NAME)?.inside().expect(UTF8_STRING)?;
    let text = core::str::from_utf8(value.content).ok()?;
    (text.len() <= MAX_ADDR).then(|| text.to_owned())
}

fn general_name(name: Value<'_>) -> Option<String> {
    const DNS_NAME: u8 = 0x82;
    const IP_ADDRESS: u8 = 0x87;
    match name.tag {
        DNS_NAME => text(name.content),
        IP_ADDRESS => {
            if let Ok(octets) = <[u8; 4]>::try_from(name.content) {
                return Some(Ipv4Addr::from(octets).to_string());
            }
            let octets = <[u8; 16]>::try_from(name.content).ok()?;
            Some(Ipv6Addr::from(octets).to_string())
        }
        _ => None,
    }
}

/// `CN=.., O=..`, with the parts that people know (RFC 4514 §3), in the order of the certificate.
fn distinguished_name(name: Der<'_>) -> String {
    let mut line = String::new();
    let parts = name.filter(|set| set.tag == SET).flat_map(Value::inside).take(MAX_NAMES);
    for mut part in parts.map(Value::inside) {
        // 2.5.4.x
        let label = match part.expect(OBJECT_IDENTIFIER).map(|id| id.content) {
            Some([0x55, 0x04, 3]) => "CN",
            Some([0x55, 0x04, 6]) => "C",
            Some([0x55, 0x04, 7]) => "L",
            Some([0x55, 0x04, 8]) => "ST",
            Some([0x55, 0x04, 10]) => "O",
            Some([0x55, 0x04, 11]) => "OU",
            _ => continue,
        };
        let Some(value) = part.value().and_then(|value| text(value.content)) else { continue };
        let comma = if line.is_empty() { "" } else { ", " };
        line = format!("{line}{comma}{label}={value}");
    }
    line
}

/// Text of a certificate, made fit for a line on a terminal.
fn text(bytes: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_TEXT)?;
    Some(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect())
}

/// `UTCTime` or `GeneralizedTime` (RFC 5280 §4.1.2.5) in seconds since 1970.
fn time(value: Value<'_>) -> Option<i64> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let digits = value.content.strip_suffix(b"Z")?;
    let number = |digits: &[u8]| -> Option<i64> {
        digits.iter().try_fold(0, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, rest) = match value.tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    let rest: &[u8; 10] = rest.try_into().ok()?;
    let (month, day) = (number(&rest[..2])?, number(&rest[2..4])?);
    let (hour, minute, second) = (number(&rest[4..6])?, number(&rest[6..8])?, number(&rest[8..])?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// The days from 1970-01-01 to a date of the Gregorian calendar.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    /// From 0000-03-01 to 1970-01-01.
    const EPOCH: i64 = 719_468;
    // Years that begin in March have their leap day at the end, so that the months before any day
    // have the same lengths in every year.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - EPOCH
}

#[cfg(test)]
mod tests;
