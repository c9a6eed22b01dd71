//! From character data and attribute values as they stand on the wire to what they mean.
//!
//! The parser has checked every reference and section before a node that needs decoding exists,
//! so nothing here can fail. The functions are total all the same: what is not a reference or a
//! section stands for itself.

use alloc::borrow::Cow;
use alloc::string::String;

const CDATA_START: &str = "<![CDATA[";
const CDATA_END: &str = "]]>";

/// The meaning of raw character data; `decode` is the flag of its node.
#[inline]
pub(crate) fn text(raw: &str, decode: bool) -> Cow<'_, str> {
    if !decode {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    text_pieces(raw, |piece| out.push_str(piece));
    Cow::Owned(out)
}

/// The meaning of a raw attribute value; `decode` is the flag of its node.
#[inline]
pub(crate) fn value(raw: &str, decode: bool) -> Cow<'_, str> {
    if !decode {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    value_pieces(raw, |piece| out.push_str(piece));
    Cow::Owned(out)
}

/// Passes on decoded character data piece by piece: references and CDATA sections resolved, line
/// ends normalised (XML 1.0 §2.11, §2.7, §4.6).
pub(crate) fn text_pieces(raw: &str, mut out: impl FnMut(&str)) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr3(b'&', b'\r', b'<', rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out(plain);
        rest = if let Some(section) = special.strip_prefix(CDATA_START) {
            let (section, after) = split_section(section);
            line_pieces(section, &mut out);
            after
        } else {
            first_piece(special, &mut out)
        };
    }
    out(rest);
}

/// Passes on a decoded attribute value piece by piece: references resolved, literal white space
/// turned into spaces (XML 1.0 §3.3.3; a line end of two characters is one space by §2.11).
pub(crate) fn value_pieces(raw: &str, mut out: impl FnMut(&str)) {
    let mut rest = raw;
    while let Some(at) = rest.bytes().position(|b| matches!(b, b'&' | b'\r' | b'\n' | b'\t')) {
        let (plain, special) = rest.split_at(at);
        out(plain);
        rest = if special.starts_with('&') {
            first_piece(special, &mut out)
        } else {
            out(" ");
            special.strip_prefix("\r\n").unwrap_or(&special[1..])
        };
    }
    out(rest);
}

/// Whether raw character data means nothing at all: only empty CDATA sections.
#[inline]
pub(crate) fn is_empty(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(section) = rest.strip_prefix(CDATA_START) {
        let Some(after) = section.strip_prefix(CDATA_END) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// What follows `<![CDATA[`, split into the section and what comes after its end.
fn split_section(body: &str) -> (&str, &str) {
    body.split_once(CDATA_END).unwrap_or((body, ""))
}

/// Passes on text in which only line ends are special.
fn line_pieces(raw: &str, out: &mut impl FnMut(&str)) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out(plain);
        rest = first_piece(special, out);
    }
    out(rest);
}

/// Passes on what the ASCII character at the start of `raw` begins: a line end, a reference or
/// itself. Returns what follows.
fn first_piece<'a>(raw: &'a str, out: &mut impl FnMut(&str)) -> &'a str {
    if let Some(after) = raw.strip_prefix('\r') {
        out("\n");
        return after.strip_prefix('\n').unwrap_or(after);
    }
    if let Some((name, after)) = raw.strip_prefix('&').and_then(|body| body.split_once(';'))
        && let Some(c) = reference(name)
    {
        out(c.encode_utf8(&mut [0; 4]));
        return after;
    }
    let (itself, after) = raw.split_at(1);
    out(itself);
    after
}

/// The character that `&name;` stands for: one of the five predefined entities or a character
/// reference in decimal or hexadecimal.
fn reference(name: &str) -> Option<char> {
    let digits = match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "apos" => return Some('\''),
        "quot" => return Some('"'),
        _ => name.strip_prefix('#')?,
    };
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (digits, 10),
    };
    // `from_str_radix` would take a sign.
    if digits.starts_with('+') {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}

#[cfg(test)]
mod tests;
