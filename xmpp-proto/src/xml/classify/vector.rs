//! What looks at all bytes, with the vector instructions that the machine has.

use core::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, mask8x64, u8x64};

use super::{BLOCK, SLACK, Survey, plain};

/// One bit per byte of each block: what is special, and what is not usual in names.
pub(crate) fn classify(blocks: &[[u8; BLOCK]], special: &mut [[u8; 8]], name: &mut [[u8; 8]]) {
    dispatch!(Level::new(), simd => classify_with(simd, blocks, special, name));
}

#[inline(always)]
fn classify_with<S: Simd>(
    simd: S,
    blocks: &[[u8; BLOCK]],
    special: &mut [[u8; 8]],
    name: &mut [[u8; 8]],
) {
    for ((block, special), name) in blocks.iter().zip(special).zip(name) {
        let bytes = u8x64::from_slice(simd, block);
        *special = is_special(bytes).to_bitmask().to_le_bytes();
        *name = (!is_usual_in_names(bytes).to_bitmask()).to_le_bytes();
    }
}

/// The same set as in `sets`, byte for byte.
#[inline(always)]
fn is_special<S: Simd>(bytes: u8x64<S>) -> mask8x64<S> {
    // Ampersand and apostrophe differ in one bit.
    bytes.simd_eq(b'<')
        | (bytes | 1).simd_eq(b'\'')
        | bytes.simd_eq(b']')
        | bytes.simd_eq(b'"')
        | bytes.simd_le(0x1F)
}

/// The same set as in `sets`, byte for byte.
#[inline(always)]
fn is_usual_in_names<S: Simd>(bytes: u8x64<S>) -> mask8x64<S> {
    let letter = ((bytes | 0x20) - b'a').simd_le(b'z' - b'a');
    let digit = (bytes - b'-').simd_le(b'9' - b'-');
    letter | (digit & !bytes.simd_eq(b'/'))
}

/// Looks at all of the data once.
pub(crate) fn survey(data: &[u8]) -> Survey {
    let blocks = data.as_chunks::<BLOCK>().0;
    let mut padded = [b' '; BLOCK];
    // The last block may have bytes in common with the one before.
    let last = data.last_chunk::<BLOCK>().unwrap_or_else(|| {
        padded[..data.len()].copy_from_slice(data);
        &padded
    });
    dispatch!(Level::new(), simd => survey_with(simd, blocks, last))
}

#[inline(always)]
fn survey_with<S: Simd>(simd: S, blocks: &[[u8; BLOCK]], last: &[u8; BLOCK]) -> Survey {
    let mut control = mask8x64::splat(simd, false);
    let mut high = u8x64::splat(simd, 0);
    for block in blocks.iter().chain([last]) {
        let bytes = u8x64::from_slice(simd, block);
        control |= bytes.simd_le(0x1F) & !bytes.simd_eq(b'\n');
        high |= bytes;
    }
    Survey { control: control.any_true(), high: high.simd_ge(0x80).any_true() }
}

/// The first of these positions at which an end tag stands whose name begins with this byte. If
/// there are not [`SLACK`] bytes behind the last of them, it takes longer.
#[inline]
pub(crate) fn find_end_tag(data: &[u8], places: Range<usize>, name: u8) -> Option<usize> {
    let Range { mut start, end } = places;
    while start < end {
        let Some(window) = data.get(start..).and_then(<[u8]>::first_chunk) else {
            return plain::find_end_tag(data, start..end, name);
        };
        // The instructions are chosen for each block anew: mostly there is only one.
        let found = dispatch!(Level::new(), simd => end_tags_with(simd, window, name));
        if found != 0 {
            // The first one may stand behind the last position.
            return Some(start + found.trailing_zeros() as usize).filter(|at| *at < end);
        }
        start += BLOCK;
    }
    None
}

/// One bit for each end tag whose name begins with this byte.
#[inline(always)]
fn end_tags_with<S: Simd>(simd: S, window: &[u8; SLACK], name: u8) -> u64 {
    let [open, slash, first] = [(0, b'<'), (1, b'/'), (2, name)]
        .map(|(at, byte)| u8x64::from_slice(simd, &window[at..at + BLOCK]).simd_eq(byte));
    (open & slash & first).to_bitmask()
}
