//! Stream headers (RFC 6120 §4.2, §4.7).

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use crate::jid::Jid;
use crate::ns;
use crate::xml::{Header, escape};

/// Why a stream header cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderFault {
    /// The root element is not `stream` in the stream namespace (RFC 6120 §4.8.1).
    NotAStream {
        /// The namespace that was found.
        ns: String,
    },
    /// The prefix of the stream namespace is not `stream` (RFC 6120 §4.8.5).
    BadPrefix,
    /// The content namespace is not that of the stream's role (RFC 6120 §4.8.2).
    BadContentNamespace {
        /// The namespace that was found, empty if none is declared.
        ns: String,
    },
    /// The version is missing or its major number is not 1 (RFC 6120 §4.7.5).
    UnsupportedVersion {
        /// The version that was found.
        version: Option<String>,
    },
}

/// Appends the opening tag of a stream from the initiating entity.
pub(crate) fn write_initial(out: &mut Vec<u8>, to: &str, from: Option<&Jid>, lang: Option<&str>) {
    out.extend_from_slice(b"<?xml version='1.0'?><stream:stream xmlns='jabber:client'");
    out.extend_from_slice(b" xmlns:stream='http://etherx.jabber.org/streams' version='1.0'");
    let from = from.map(Jid::as_str);
    for (name, value) in [("to", Some(to)), ("from", from), ("xml:lang", lang)] {
        if let Some(value) = value {
            out.push(b' ');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"='");
            escape::attr(value, out);
            out.push(b'\'');
        }
    }
    out.push(b'>');
}

/// Checks the response header of a client stream.
pub(crate) fn check_response(header: &Header<'_>) -> Result<(), HeaderFault> {
    let element = header.element();
    if !element.is("stream", ns::STREAM) {
        return Err(HeaderFault::NotAStream { ns: element.ns().to_owned() });
    }
    // RFC 6120 §4.8.5: an entity may insist on the prefix that everybody uses.
    if header.prefix() != "stream" {
        return Err(HeaderFault::BadPrefix);
    }
    let content = header.content_namespace().unwrap_or("");
    if content != ns::CLIENT {
        return Err(HeaderFault::BadContentNamespace { ns: content.to_owned() });
    }
    let version = element.attr("version");
    // RFC 6120 §4.7.5: compare the numbers, and leading zeros do not count.
    let major = version.as_deref().and_then(|version| version.split('.').next());
    match major.and_then(|major| major.parse::<u32>().ok()) {
        Some(1) => Ok(()),
        _ => Err(HeaderFault::UnsupportedVersion { version: version.map(Cow::into_owned) }),
    }
}
