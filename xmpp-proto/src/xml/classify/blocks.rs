//! Bitmaps over blocks of 64 bytes: one bit per byte and question.
//!
//! The maps cover a stretch of the data ahead of the cursor, up to [`STRETCH`] bytes. They are
//! byte strings, so that a window of 57 to 64 bits from any position is one unaligned load and
//! one shift; a name, a value or a run of text is then found with one count of trailing zeros.
//! A position that the maps do not cover, before or behind, is found by the bounds check of that
//! load and makes a new stretch begin at its block, so that going back, as the parser does for a
//! tag cut by the end of a chunk, needs no special care.

use alloc::vec::Vec;

use super::{stops_name, stops_text, stops_value};

const BLOCK: usize = 64;

/// Bytes classified at one go. Large enough that the two blocks which consecutive stretches
/// share do not matter, small enough for the maps to stay in the first-level cache.
const STRETCH: usize = 64 * BLOCK;

/// After this many windows without a stop, a run of text is left to `memchr`.
const WINDOWS: usize = 4;

/// The bitmap classifier.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    /// Position in the data of the first bit, a multiple of 64.
    base: usize,
    text: Vec<u8>,
    value: Vec<u8>,
    name: Vec<u8>,
}

impl Maps {
    /// Forgets everything: the data has changed.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.value.clear();
        self.name.clear();
    }

    /// Gives back memory.
    pub(crate) fn shrink(&mut self) {
        *self = Self::default();
    }

    /// The first byte at or after `at` that interrupts character data.
    #[inline(always)]
    pub(crate) fn text(&mut self, data: &[u8], at: usize) -> usize {
        match window(&self.text, self.base, at) {
            Some(bits) if bits != 0 => at + bits.trailing_zeros() as usize,
            _ => self.far_text(data, at),
        }
    }

    /// The first byte at or after `at` that interrupts an attribute value.
    #[inline(always)]
    pub(crate) fn value(&mut self, data: &[u8], at: usize) -> usize {
        match window(&self.value, self.base, at) {
            Some(bits) if bits != 0 => at + bits.trailing_zeros() as usize,
            _ => self.far_value(data, at),
        }
    }

    /// The first byte at or after `at` that is no ASCII name character.
    #[inline(always)]
    pub(crate) fn name(&mut self, data: &[u8], at: usize) -> usize {
        match window(&self.name, self.base, at) {
            Some(bits) if bits != 0 => at + bits.trailing_zeros() as usize,
            _ => self.far_name(data, at),
        }
    }

    #[cold]
    #[inline(never)]
    fn far_text(&mut self, data: &[u8], mut at: usize) -> usize {
        for _ in 0..WINDOWS {
            match window(&self.text, self.base, at) {
                Some(0) => at += BLOCK - at % 8,
                Some(bits) => return at + bits.trailing_zeros() as usize,
                None if !self.cover(data, at) => return data.len(),
                None => {}
            }
        }
        let rest = data.get(at..).unwrap_or_default();
        at + memchr::memchr3(b'<', b'&', b']', rest).unwrap_or(rest.len())
    }

    #[cold]
    #[inline(never)]
    fn far_value(&mut self, data: &[u8], mut at: usize) -> usize {
        loop {
            match window(&self.value, self.base, at) {
                Some(0) => at += BLOCK - at % 8,
                Some(bits) => return at + bits.trailing_zeros() as usize,
                None if !self.cover(data, at) => return data.len(),
                None => {}
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn far_name(&mut self, data: &[u8], mut at: usize) -> usize {
        loop {
            match window(&self.name, self.base, at) {
                Some(0) => at += BLOCK - at % 8,
                Some(bits) => return at + bits.trailing_zeros() as usize,
                None if !self.cover(data, at) => return data.len(),
                None => {}
            }
        }
    }

    /// Makes the maps begin at the block of `at`. False if `at` is so near the end of the data
    /// that there is no full window, which the padding rules out for a position within the data.
    fn cover(&mut self, data: &[u8], at: usize) -> bool {
        self.clear();
        self.base = at & !(BLOCK - 1);
        let stretch = data.get(self.base..).unwrap_or_default();
        let stretch = &stretch[..stretch.len().min(STRETCH)];
        for block in stretch.as_chunks::<BLOCK>().0 {
            let [text, value, name] = classify(block);
            self.text.extend_from_slice(&text.to_le_bytes());
            self.value.extend_from_slice(&value.to_le_bytes());
            self.name.extend_from_slice(&name.to_le_bytes());
        }
        window(&self.text, self.base, at).is_some()
    }
}

/// The bits from `at` on, at least 57 of them; the others are zero.
#[inline(always)]
fn window(map: &[u8], base: usize, at: usize) -> Option<u64> {
    let index = at.wrapping_sub(base) / 8;
    let bytes = map.get(index..index + 8)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes) >> (at % 8))
}

/// The three maps of one block, bit `i` for byte `i`.
///
/// Byte `8 * row + column` first sets bit `row` of byte `column` in a word per map: that is the
/// same for all columns, so the compiler does it with vector instructions. Transposing the
/// word as a matrix of 8 x 8 bits puts every bit in its place.
#[inline]
fn classify(block: &[u8; BLOCK]) -> [u64; 3] {
    let mut text = [0_u8; 16];
    let mut value = [0_u8; 16];
    let mut name = [0_u8; 16];
    for (pair, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
        for column in 0..16 {
            let byte = bytes[column];
            let row = if column < 8 { 1 << (2 * pair) } else { 2 << (2 * pair) };
            text[column] |= if stops_text(byte) { row } else { 0 };
            value[column] |= if stops_value(byte) { row } else { 0 };
            name[column] |= if stops_name(byte) { row } else { 0 };
        }
    }
    [transpose(text), transpose(value), transpose(name)]
}

/// Both halves together, as a matrix of bits, transposed.
#[inline]
fn transpose(halves: [u8; 16]) -> u64 {
    let both = u128::from_le_bytes(halves);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    let mut x = both as u64 | (both >> 64) as u64;
    let mut t = (x ^ (x >> 7)) & 0x00AA_00AA_00AA_00AA;
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & 0x0000_CCCC_0000_CCCC;
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & 0x0000_0000_F0F0_F0F0;
    x ^ t ^ (t << 28)
}
