//! One look-up per byte: little code, no state.

use super::{stops_name, stops_text, stops_value};

const TEXT: u8 = 1;
const VALUE: u8 = 2;
const NAME: u8 = 4;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "less than 256")]
        let b = byte as u8;
        table[byte] = if stops_text(b) { TEXT } else { 0 }
            | if stops_value(b) { VALUE } else { 0 }
            | if stops_name(b) { NAME } else { 0 };
        byte += 1;
    }
    table
};

/// The byte-table classifier.
#[derive(Debug, Default)]
pub(crate) struct Maps;

#[expect(clippy::unused_self, reason = "the bitmap classifier has state behind the same calls")]
impl Maps {
    pub(crate) fn clear(&mut self) {}

    pub(crate) fn shrink(&mut self) {}

    /// The first byte at or after `at` that interrupts character data.
    #[inline]
    pub(crate) fn text(&mut self, data: &[u8], at: usize) -> usize {
        find(data, at, TEXT)
    }

    /// The first byte at or after `at` that interrupts an attribute value.
    #[inline]
    pub(crate) fn value(&mut self, data: &[u8], at: usize) -> usize {
        find(data, at, VALUE)
    }

    /// The first byte at or after `at` that is no ASCII name character.
    #[inline]
    pub(crate) fn name(&mut self, data: &[u8], at: usize) -> usize {
        find(data, at, NAME)
    }
}

fn find(data: &[u8], at: usize, class: u8) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    let run = rest.iter().position(|&b| CLASSES[usize::from(b)] & class != 0);
    at + run.unwrap_or(rest.len())
}
