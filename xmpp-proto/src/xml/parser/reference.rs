//! References: checked while scanning, decoded when read.

use super::fault::Fault;
use super::input::Source;
use crate::xml::chars::{is_char, is_ncname};
use crate::xml::error::ErrorKind;

/// No reference is looked at for longer than this, ampersand and semicolon included.
const LONGEST: usize = 32;

/// Digits of a character reference. `&#x10FFFF;` and `&#1114111;` need seven at most; XML allows
/// any number of leading zeros, nobody writes them.
const DIGITS: usize = 8;

/// Checks the reference whose `&` stands at `at` and returns the position behind its `;`
/// (XML 1.0 §4.1, §4.6).
#[cold]
#[inline(never)]
pub(super) fn check(src: Source<'_>, at: usize) -> Result<usize, Fault> {
    for end in at + 1..at + LONGEST {
        match src.byte(end) {
            b';' => {
                return match judge(src.slice(at + 1, end)) {
                    Ok(()) => Ok(end + 1),
                    Err(kind) => Err(Fault::seen(kind, at, end)),
                };
            }
            b'#' | b'-' | b'.' | b':' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | 0x80.. => {
            }
            _ => return Err(Fault::seen(ErrorKind::InvalidReference, at, end)),
        }
    }
    let kind = match src.byte(at + 1) {
        b'#' => ErrorKind::InvalidReference,
        _ => ErrorKind::UnknownEntity,
    };
    Err(Fault::seen(kind, at, at + LONGEST - 1))
}

fn judge(body: &str) -> Result<(), ErrorKind> {
    let digits = match body {
        "lt" | "gt" | "amp" | "apos" | "quot" => return Ok(()),
        _ => match body.strip_prefix('#') {
            Some(digits) => digits,
            None if is_ncname(body) => return Err(ErrorKind::UnknownEntity),
            None => return Err(ErrorKind::InvalidReference),
        },
    };
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (digits, 10),
    };
    // `from_str_radix` would take a sign, but no sign gets here.
    let code = u32::from_str_radix(digits, radix).ok();
    if digits.len() <= DIGITS && code.and_then(char::from_u32).is_some_and(is_char) {
        Ok(())
    } else {
        Err(ErrorKind::InvalidReference)
    }
}
