//! One look-up per byte: little code, no state.

use super::sets::{is_special, is_usual_in_names};

const SPECIAL: u8 = 1;
const NO_NAME: u8 = 2;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "less than 256")]
        let b = byte as u8;
        table[byte] = if is_special(b) { SPECIAL } else { 0 }
            | if is_usual_in_names(b) { 0 } else { NO_NAME };
        byte += 1;
    }
    table
};

/// The byte-table classifier.
pub(crate) struct Maps;

#[expect(clippy::unused_self, reason = "the bitmap classifier has state behind the same calls")]
impl Maps {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[cfg(feature = "small")]
    pub(crate) fn clear(&mut self) {}

    #[cfg(feature = "small")]
    pub(crate) fn shrink(&mut self) {}

    #[cfg(feature = "small")]
    pub(crate) fn prepare(&mut self, _: &[u8], _: usize) {}

    /// A position not before `at` and not behind the next `<`, `&` or `]`. If it holds none of
    /// these, it is one that may interrupt a value.
    #[inline]
    pub(crate) fn text(&mut self, data: &[u8], at: usize) -> usize {
        find(data, at, SPECIAL)
    }

    /// The first byte at or after `at` that may interrupt an attribute value.
    #[inline]
    pub(crate) fn value(&mut self, data: &[u8], at: usize) -> usize {
        find(data, at, SPECIAL)
    }

    /// The first byte at or after `at` that is not usual in names.
    #[inline]
    pub(crate) fn name(&mut self, data: &[u8], at: usize) -> usize {
        find(data, at, NO_NAME)
    }
}

#[inline(never)]
fn find(data: &[u8], at: usize, class: u8) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    let run = rest.iter().position(|&b| CLASSES[usize::from(b)] & class != 0);
    at + run.unwrap_or(rest.len())
}
