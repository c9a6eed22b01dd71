//! Checks of the three parts, and what of them must be lower-cased.
//!
//! For ASCII the profiles of RFC 7622 come down to character classes and lower-casing; all of
//! Unicode's normalisation leaves ASCII alone.

use core::net::Ipv6Addr;

use super::{JidError, MAX_PART_LEN, Part, Prepared};

/// How to treat what the ASCII rules do not allow or do not cover.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Refuse it: the caller makes an address.
    Strict,
    /// Keep it verbatim where the structure is sound: a peer made the address.
    Tolerant,
}

/// The largest domain name of the DNS in text form, without the final dot (RFC 1035 §2.3.4).
const MAX_NAME_LEN: usize = 253;
/// The largest label (RFC 1035 §2.3.4).
const MAX_LABEL_LEN: usize = 63;

/// What is special about a byte, as a set of these bits.
const NOT_LOCAL: u8 = 1;
const NOT_DOMAIN: u8 = 2;
const NOT_RESOURCE: u8 = 4;
const UPPER: u8 = 8;
const UNDERSCORE: u8 = 16;
const FOREIGN: u8 = 32;

/// The classes of each byte, so that a part takes one pass in which nothing is decided.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = class(byte);
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

const fn class(byte: u8) -> u8 {
    if !byte.is_ascii() {
        return FOREIGN;
    }
    let mut class = 0;
    // `UsernameCaseMapped` (RFC 8265 §3.3) without what RFC 7622 §3.3.1 takes out.
    let excluded = matches!(byte, b'"' | b'&' | b'\'' | b'/' | b':' | b'<' | b'>' | b'@');
    if excluded || !byte.is_ascii_graphic() {
        class |= NOT_LOCAL;
    }
    if byte == b'_' {
        class |= UNDERSCORE;
    } else if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
        class |= NOT_DOMAIN;
    }
    // `OpaqueString` (RFC 8265 §4.2), which allows spaces.
    if byte.is_ascii_control() {
        class |= NOT_RESOURCE;
    }
    if byte.is_ascii_uppercase() {
        class |= UPPER;
    }
    class
}

/// Local part: case does not count (RFC 7622 §3.3).
pub(super) fn local(text: &str, at: usize, rules: Rules) -> Result<Prepared<'_>, JidError> {
    let found = scan(text, at, Part::Local, NOT_LOCAL, rules)?;
    let verbatim = found & FOREIGN != 0;
    Ok(Prepared { text, lower: !verbatim && found & UPPER != 0, verbatim })
}

/// Resource: case counts (RFC 7622 §3.4).
pub(super) fn resource(text: &str, at: usize, rules: Rules) -> Result<Prepared<'_>, JidError> {
    let found = scan(text, at, Part::Resource, NOT_RESOURCE, rules)?;
    Ok(Prepared { text, lower: false, verbatim: found & FOREIGN != 0 })
}

/// Domain (RFC 7622 §3.2): an IPv6 address in brackets, or labels; an IPv4 address is labels too.
pub(super) fn domain(text: &str, at: usize, rules: Rules) -> Result<Prepared<'_>, JidError> {
    if let Some(rest) = text.strip_prefix('[') {
        let inner = rest.strip_suffix(']').filter(|inner| inner.parse::<Ipv6Addr>().is_ok());
        return match inner {
            Some(_) => Ok(Prepared {
                text,
                lower: text.bytes().any(|byte| byte.is_ascii_uppercase()),
                verbatim: false,
            }),
            None => Err(JidError::BadIpv6 { offset: at }),
        };
    }
    // RFC 7622 §3.2: a final dot is stripped before anything else.
    let name = text.strip_suffix('.').unwrap_or(text);
    let tolerant = rules == Rules::Tolerant;
    let forbidden = if tolerant { NOT_DOMAIN } else { NOT_DOMAIN | UNDERSCORE };
    let found = scan(name, at, Part::Domain, forbidden, rules)?;

    let mut verbatim = found & (FOREIGN | UNDERSCORE) != 0;
    let mut start = 0;
    for label in name.as_bytes().split(|byte| *byte == b'.') {
        let edge = label.first() == Some(&b'-') || label.last() == Some(&b'-');
        let outside_dns = edge || label.len() > MAX_LABEL_LEN;
        if label.is_empty() || outside_dns && !tolerant {
            return Err(JidError::BadLabel { offset: at + start });
        }
        verbatim |= outside_dns;
        start += label.len() + 1;
    }
    if name.len() > MAX_NAME_LEN {
        if !tolerant {
            let (len, max) = (name.len(), MAX_NAME_LEN);
            return Err(JidError::TooLong { part: Part::Domain, len, max });
        }
        verbatim = true;
    }
    let lower = found & FOREIGN == 0 && found & UPPER != 0;
    Ok(Prepared { text: name, lower, verbatim })
}

/// Checks the size and every character of a part; yields the classes found. Foreign characters
/// get through tolerant rules only.
fn scan(text: &str, at: usize, part: Part, forbidden: u8, rules: Rules) -> Result<u8, JidError> {
    if text.is_empty() {
        return Err(JidError::Empty { part, offset: at });
    }
    if text.len() > MAX_PART_LEN {
        return Err(JidError::TooLong { part, len: text.len(), max: MAX_PART_LEN });
    }
    let found = text.bytes().fold(0, |found, byte| found | CLASSES[usize::from(byte)]);
    let bad = if rules == Rules::Strict { forbidden | FOREIGN } else { forbidden };
    if found & bad == 0 {
        return Ok(found);
    }
    let is_bad = |found: char| match u8::try_from(found) {
        Ok(byte) if byte.is_ascii() => CLASSES[usize::from(byte)] & bad != 0,
        _ => bad & FOREIGN != 0,
    };
    match text.char_indices().find(|(_, found)| is_bad(*found)) {
        Some((offset, found)) if found.is_ascii() => {
            Err(JidError::ForbiddenChar { part, found, offset: at + offset })
        }
        Some((offset, found)) => Err(JidError::NeedsUnicode { part, found, offset: at + offset }),
        None => Ok(found),
    }
}
