//! Names: as words for comparison, and exactly where the fast path does not suffice.

use super::fault::Fault;
use super::input::Source;
use crate::xml::chars::{is_name_char, is_name_start};
use crate::xml::error::ErrorKind;

/// The bits of a word that belong to a name of `len` bytes.
#[inline(always)]
pub(super) fn mask(len: usize) -> u64 {
    static MASKS: [u64; 9] = {
        let mut masks = [u64::MAX; 9];
        let mut len = 0;
        while len < 8 {
            masks[len] = (1 << (8 * len)) - 1;
            len += 1;
        }
        masks
    };
    MASKS[if len < 8 { len } else { 8 }]
}

/// A word that holds the bytes of a name of at most eight bytes.
pub(super) const fn word(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (mut word, mut i) = (0, 0);
    while i < bytes.len() && i < 8 {
        word |= (bytes[i] as u64) << (8 * i);
        i += 1;
    }
    word
}

/// Where the parts of a qualified name stand.
#[derive(Clone, Copy)]
pub(super) struct QName {
    pub(super) start: usize,
    /// Start of the local part: `start`, or behind the colon.
    pub(super) local: usize,
    pub(super) end: usize,
}

impl QName {
    #[inline(always)]
    pub(super) fn has_prefix(self) -> bool {
        self.local != self.start
    }
}

/// Reads a qualified name (Namespaces in XML §4): two names without colons at most, neither
/// empty.
#[cold]
#[inline(never)]
pub(super) fn scan(src: Source<'_>, start: usize) -> Result<QName, Fault> {
    let mut local = start;
    let mut end = start;
    for c in src.text.get(start..).unwrap_or_default().chars() {
        if end == local {
            if !is_name_start(c) {
                break;
            }
        } else if c == ':' {
            if local != start {
                return Err(Fault::new(ErrorKind::InvalidName, end));
            }
            local = end + 1;
        } else if !is_name_char(c) {
            break;
        }
        end += c.len_utf8();
    }
    if end == local {
        return Err(Fault::new(ErrorKind::InvalidName, end));
    }
    Ok(QName { start, local, end })
}

/// The name in the last tag of `text`, or a name alone, as prefix (empty if there is none) and
/// local name.
pub(super) fn of_tag(text: &str) -> (&str, &str) {
    let tag = text.rfind('<').map_or(text, |at| &text[at + 1..]).trim_start_matches('/');
    let name = tag.split(['>', '/', ' ', '\t', '\n', '\r']).next().unwrap_or_default();
    name.split_once(':').unwrap_or(("", name))
}
