//! JID escaping (XEP-0106): any text as a local part.
//!
//! A local part has no spaces and none of `"&'/:<>@`. Gateways and clients put them in as `\`
//! and two hexadecimal digits; on the wire, and to [`super::Jid`], these are characters like any
//! other, and only what people see is unescaped.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

/// What is escaped, with the digits that stand for it (XEP-0106 §3.2). The escape itself is last.
const ESCAPES: [(char, &str); 10] = [
    (' ', "20"),
    ('"', "22"),
    ('&', "26"),
    ('\'', "27"),
    ('/', "2f"),
    (':', "3a"),
    ('<', "3c"),
    ('>', "3e"),
    ('@', "40"),
    ('\\', "5c"),
];

/// Why a text cannot be escaped: it begins or ends with a space (XEP-0106 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscapeError {
    /// Where the space stands, in bytes from the start.
    pub offset: usize,
}

impl fmt::Display for EscapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the space at byte {} stands at an end of the text, where it cannot be escaped",
            self.offset
        )
    }
}

impl core::error::Error for EscapeError {}

/// Escapes what a local part cannot contain: space and `"&'/:<>@`, and a `\` that would be read
/// as the start of an escape (XEP-0106 §4.2). What [`unescape_local`] makes of the result is
/// `text`.
///
/// It does not prepare: [`super::Jid::from_parts`] does that, and refuses what is still wrong. Do
/// not escape twice, and not what came from a stanza.
///
/// ```
/// use xmpp_proto::jid::{Jid, escape_local, unescape_local};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let local = escape_local("d'artagnan")?;
/// let jid = Jid::from_parts(Some(&local), "musketeers.example", None)?;
/// assert_eq!(jid.as_str(), r"d\27artagnan@musketeers.example");
/// assert_eq!(unescape_local(jid.local().unwrap_or_default()), "d'artagnan");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If `text` begins or ends with a space.
pub fn escape_local(text: &str) -> Result<Cow<'_, str>, EscapeError> {
    if text.starts_with(' ') {
        return Err(EscapeError { offset: 0 });
    }
    if text.ends_with(' ') {
        return Err(EscapeError { offset: text.len() - 1 });
    }
    let mut escaped = String::new();
    let mut done = 0;
    for (at, found) in text.char_indices() {
        let Some((_, digits)) = ESCAPES.iter().find(|(escape, _)| *escape == found) else {
            continue;
        };
        let (before, rest) = text[done..].split_at(at - done);
        // Any other `\` stays: addresses that have one keep their form.
        if found == '\\' && escape_at(rest).is_none() {
            continue;
        }
        escaped.push_str(before);
        escaped.push('\\');
        escaped.push_str(digits);
        done = at + found.len_utf8();
    }
    if done == 0 {
        return Ok(Cow::Borrowed(text));
    }
    escaped.push_str(&text[done..]);
    Ok(Cow::Owned(escaped))
}

/// Undoes [`escape_local`], to show a local part to people or to hand it to another network. Only
/// the ten escapes are undone, and nothing is undone twice: `\5c27` is `\27`. A space at an end
/// cannot have come from escaping and stays as it is, `\20`.
///
/// Never send the result or compare addresses by it: two addresses may look the same then.
#[must_use]
pub fn unescape_local(text: &str) -> Cow<'_, str> {
    let mut unescaped = String::new();
    let mut done = 0;
    while let Some(at) = text[done..].find('\\').map(|at| done + at) {
        let rest = &text[at..];
        match escape_at(rest) {
            Some(' ') if at == 0 || rest.len() == ESCAPE_LEN => {
                unescaped.push_str(&text[done..at + ESCAPE_LEN]);
                done = at + ESCAPE_LEN;
            }
            Some(found) => {
                unescaped.push_str(&text[done..at]);
                unescaped.push(found);
                done = at + ESCAPE_LEN;
            }
            None => {
                unescaped.push_str(&text[done..=at]);
                done = at + 1;
            }
        }
    }
    if unescaped.len() == done {
        return Cow::Borrowed(text);
    }
    unescaped.push_str(&text[done..]);
    Cow::Owned(unescaped)
}

/// The length of every escape: `\` and two digits.
const ESCAPE_LEN: usize = 3;

/// What the escape at the start of `text` stands for. Case counts: preparation leaves lower case.
fn escape_at(text: &str) -> Option<char> {
    let digits = text.strip_prefix('\\')?;
    ESCAPES.iter().find(|(_, escape)| digits.starts_with(escape)).map(|(found, _)| *found)
}

#[cfg(test)]
mod tests;
