//! Checks of the three parts, and what of them must be lower-cased.
//!
//! For ASCII the profiles of RFC 7622 come down to character classes and lower-casing; all of
//! Unicode's normalisation leaves ASCII alone. What is not ASCII is for `unicode`.

use alloc::borrow::Cow;
use core::net::Ipv6Addr;

use super::{JidError, MAX_PART_LEN, Part, Prepared, unicode};

/// How to treat what the ASCII rules do not allow or do not cover.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Refuse it: the caller makes an address.
    Strict,
    /// Keep it verbatim where the structure is sound: a peer made the address.
    Tolerant,
}

/// The largest domain name of the DNS in text form, without the final dot (RFC 1035 §2.3.4).
pub(super) const MAX_NAME_LEN: usize = 253;
/// The largest label (RFC 1035 §2.3.4).
pub(super) const MAX_LABEL_LEN: usize = 63;
/// The largest part that is looked at before preparation, which may shrink it: a fullwidth letter
/// has three bytes and becomes one.
const MAX_UNPREPARED_LEN: usize = 4 * MAX_PART_LEN;

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
    if excluded_from_local(byte) || !byte.is_ascii_graphic() {
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

/// Whether RFC 7622 §3.3.1 takes it out of `UsernameCaseMapped`.
pub(super) const fn excluded_from_local(byte: u8) -> bool {
    matches!(byte, b'"' | b'&' | b'\'' | b'/' | b':' | b'<' | b'>' | b'@')
}

/// Whether the parts are ASCII that is prepared already, by a look at the bytes alone. False means
/// nothing.
#[cfg(not(feature = "small"))]
pub(super) fn is_plain(local: Option<&str>, domain: &str, resource: Option<&str>) -> bool {
    let plain = |part: &str, max: usize, excluded: u8| {
        let found = part.bytes().fold(0, |found, byte| found | CLASSES[usize::from(byte)]);
        (1..=max).contains(&part.len()) && found & (excluded | FOREIGN) == 0
    };
    // A domain that is no longer than one label may be has no label that is too long.
    let plain_label = |label: &[u8]| {
        let edge = label.first() == Some(&b'-') || label.last() == Some(&b'-');
        !label.is_empty() && !edge && !is_a_label(label)
    };
    local.is_none_or(|part| plain(part, MAX_PART_LEN, NOT_LOCAL | UPPER))
        && plain(domain, MAX_LABEL_LEN, NOT_DOMAIN | UPPER | UNDERSCORE)
        && domain.as_bytes().split(|byte| *byte == b'.').all(plain_label)
        && resource.is_none_or(|part| plain(part, MAX_PART_LEN, NOT_RESOURCE))
}

/// Local part: case does not count (RFC 7622 §3.3).
pub(super) fn local(text: &str, at: usize, rules: Rules) -> Result<Prepared<'_>, JidError> {
    let found = scan(text, at, Part::Local, NOT_LOCAL)?;
    if found & FOREIGN != 0 {
        return foreign(text, Part::Local, rules, unicode::local(text, at));
    }
    Ok(Prepared { text: Cow::Borrowed(text), lower: found & UPPER != 0, verbatim: false })
}

/// Resource: case counts (RFC 7622 §3.4).
pub(super) fn resource(text: &str, at: usize, rules: Rules) -> Result<Prepared<'_>, JidError> {
    let found = scan(text, at, Part::Resource, NOT_RESOURCE)?;
    if found & FOREIGN != 0 {
        return foreign(text, Part::Resource, rules, unicode::resource(text, at));
    }
    Ok(Prepared { text: Cow::Borrowed(text), lower: false, verbatim: false })
}

/// Domain (RFC 7622 §3.2): an IPv6 address in brackets, or labels; an IPv4 address is labels too.
pub(super) fn domain(text: &str, at: usize, rules: Rules) -> Result<Prepared<'_>, JidError> {
    if let Some(rest) = text.strip_prefix('[') {
        let inner = rest.strip_suffix(']').filter(|inner| inner.parse::<Ipv6Addr>().is_ok());
        return match inner {
            Some(_) => Ok(Prepared {
                text: Cow::Borrowed(text),
                lower: text.bytes().any(|byte| byte.is_ascii_uppercase()),
                verbatim: false,
            }),
            None => Err(JidError::BadIpv6 { offset: at }),
        };
    }
    // RFC 7622 §3.2: a final dot is stripped before anything else.
    let name = text.strip_suffix('.').unwrap_or(text);
    let stripped = name.len() < text.len();
    let tolerant = rules == Rules::Tolerant;
    let forbidden = if tolerant { NOT_DOMAIN } else { NOT_DOMAIN | UNDERSCORE };
    let found = scan(name, at, Part::Domain, forbidden)?;

    let mut verbatim = found & UNDERSCORE != 0;
    let mut encoded = found & FOREIGN != 0;
    let mut start = 0;
    for label in name.as_bytes().split(|byte| *byte == b'.') {
        let edge = label.first() == Some(&b'-') || label.last() == Some(&b'-');
        // The limit is for the encoded form of a label, which a foreign one has not got yet.
        let outside_dns = edge || label.len() > MAX_LABEL_LEN && label.is_ascii();
        if label.is_empty() || outside_dns && !tolerant {
            return Err(JidError::BadLabel { offset: at + start });
        }
        verbatim |= outside_dns;
        encoded |= cfg!(feature = "unicode") && is_a_label(label);
        start += label.len() + 1;
    }
    if encoded {
        // With the final dot: another kind of dot may stand before it.
        match unicode::domain(text, at) {
            Ok(text) => return Ok(Prepared { text, lower: false, verbatim: false }),
            // Of two dots at the end one is stripped, and the label between them is empty.
            Err(error) if !tolerant || stripped && name.ends_with(unicode::is_dot) => {
                return Err(error);
            }
            Err(_) => verbatim = true,
        }
    }
    if found & FOREIGN == 0 && name.len() > MAX_NAME_LEN {
        if !tolerant {
            let (len, max) = (name.len(), MAX_NAME_LEN);
            return Err(JidError::TooLong { part: Part::Domain, len, max });
        }
        verbatim = true;
    }
    check_len(name, Part::Domain)?;
    let lower = found & FOREIGN == 0 && found & UPPER != 0;
    Ok(Prepared { text: Cow::Borrowed(name), lower, verbatim })
}

/// Whether the label is the ASCII form of another (RFC 5890 §2.3.2.1). Whether it is a valid one
/// only decoding can tell.
fn is_a_label(label: &[u8]) -> bool {
    label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"xn--"))
}

/// A part that is not ASCII: its prepared form if it has one, else as it is if the rules allow
/// that.
fn foreign<'a>(
    text: &'a str,
    part: Part,
    rules: Rules,
    prepared: Result<Cow<'a, str>, JidError>,
) -> Result<Prepared<'a>, JidError> {
    match prepared {
        Ok(text) => Ok(Prepared { text, lower: false, verbatim: false }),
        Err(error) if rules == Rules::Strict => Err(error),
        Err(_) => {
            check_len(text, part)?;
            Ok(Prepared { text: Cow::Borrowed(text), lower: false, verbatim: true })
        }
    }
}

/// Checks that a part is not empty and that no ASCII character is forbidden; yields the classes
/// found. The size is checked here unless preparation may still change it.
fn scan(text: &str, at: usize, part: Part, forbidden: u8) -> Result<u8, JidError> {
    if text.is_empty() {
        return Err(JidError::Empty { part, offset: at });
    }
    if text.len() > MAX_UNPREPARED_LEN {
        return Err(JidError::TooLong { part, len: text.len(), max: MAX_PART_LEN });
    }
    let found = text.bytes().fold(0, |found, byte| found | CLASSES[usize::from(byte)]);
    if found & FOREIGN == 0 {
        check_len(text, part)?;
    }
    if found & forbidden == 0 {
        return Ok(found);
    }
    let bad = text.bytes().position(|byte| CLASSES[usize::from(byte)] & forbidden != 0);
    match bad.and_then(|offset| Some((offset, text.get(offset..)?.chars().next()?))) {
        Some((offset, found)) => Err(JidError::ForbiddenChar { part, found, offset: at + offset }),
        None => Ok(found),
    }
}

fn check_len(text: &str, part: Part) -> Result<(), JidError> {
    if text.len() > MAX_PART_LEN {
        return Err(JidError::TooLong { part, len: text.len(), max: MAX_PART_LEN });
    }
    Ok(())
}
