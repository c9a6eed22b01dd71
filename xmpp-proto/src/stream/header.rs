//! Stream headers (RFC 6120 §4.2, §4.7).

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

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

/// What a stream header says beside its version and namespaces.
#[derive(Clone, Copy, Default)]
pub(crate) struct HeaderAttrs<'a> {
    pub(crate) to: Option<&'a str>,
    pub(crate) from: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) lang: Option<&'a str>,
}

/// Appends the opening tag of a stream, of either side.
pub(crate) fn write_header(out: &mut Vec<u8>, attrs: HeaderAttrs<'_>) {
    out.extend_from_slice(b"<?xml version='1.0'?><stream:stream xmlns='jabber:client'");
    out.extend_from_slice(b" xmlns:stream='http://etherx.jabber.org/streams' version='1.0'");
    let HeaderAttrs { to, from, id, lang } = attrs;
    for (name, value) in [("to", to), ("from", from), ("id", id), ("xml:lang", lang)] {
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

/// Longer languages are not kept: no tag of RFC 5646 needs as much.
const MAX_LANG: usize = 64;

/// The language of a header (RFC 6120 §4.7.4), if it names one.
pub(crate) fn header_lang(header: &Header<'_>) -> Option<String> {
    let lang = header.element().attr_ns("lang", ns::XML)?;
    (1..=MAX_LANG).contains(&lang.len()).then(|| lang.into_owned())
}

/// Checks what the headers of both sides have in common.
pub(crate) fn check_header(header: &Header<'_>) -> Result<(), HeaderFault> {
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
