//! What looks at all bytes, with the vector instructions that the machine has.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, mask8x64, u8x64};

use super::{BLOCK, Survey};

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
    let (blocks, rest) = data.as_chunks::<BLOCK>();
    let mut last = [b' '; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    dispatch!(Level::new(), simd => survey_with(simd, blocks, &last))
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

/// Where the first end tag stands whose name begins with this byte.
pub(crate) fn find_end_tag(data: &[u8], name: u8) -> Option<usize> {
    dispatch!(Level::new(), simd => end_tag_with(simd, data, name))
}

#[inline(always)]
fn end_tag_with<S: Simd>(simd: S, data: &[u8], name: u8) -> Option<usize> {
    let mut from = 0;
    while from + 2 < data.len() {
        let rest = &data[from..];
        let mut padded = [0; BLOCK];
        let block = rest.first_chunk::<BLOCK>().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let bytes = u8x64::from_slice(simd, block);
        let [open, slash, name] = [b'<', b'/', name].map(|b| bytes.simd_eq(b).to_bitmask());
        let found = open & (slash >> 1) & (name >> 2);
        if found != 0 {
            return Some(from + found.trailing_zeros() as usize);
        }
        // The last two bytes may be the beginning of one.
        from += BLOCK - 2;
    }
    None
}
