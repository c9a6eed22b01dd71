//! Bitmaps over blocks of 64 bytes: one bit per byte and question.
//!
//! The maps cover a stretch of the data ahead of the cursor, up to [`STRETCH`] bytes. They are
//! byte strings, so that a window of 57 to 64 bits from any position is one unaligned load and
//! one shift; a name, a value or a run of text is then found with one count of trailing zeros.
//! A position that the maps do not cover, before or behind, is found by the bounds check of that
//! load and makes a new stretch begin at its block, so that going back, as the parser does for a
//! tag cut by the end of a chunk, needs no special care.

use alloc::vec::Vec;

use super::BLOCK;
#[cfg(not(feature = "std"))]
use super::bits::classify;
#[cfg(feature = "std")]
use super::vector::classify;

/// Bytes classified at one go. Large enough that the block which consecutive stretches share
/// does not matter, small enough for the maps to stay in the first-level cache.
const STRETCH: usize = 128 * BLOCK;

/// After this many windows without a stop, a run of text is left to `memchr`.
const WINDOWS: usize = 4;

/// So far from any position that no window is in the maps.
const NOWHERE: usize = 1 << (usize::BITS - 1);

/// The bitmap classifier.
pub(crate) struct Maps {
    /// Position in the data of the first bit, a multiple of 64.
    base: usize,
    special: Vec<u8>,
    name: Vec<u8>,
}

impl Maps {
    pub(crate) const fn new() -> Self {
        Self { base: NOWHERE, special: Vec::new(), name: Vec::new() }
    }

    /// Forgets everything: the data has changed.
    #[cfg_attr(feature = "small", expect(dead_code, reason = "compiled for tests only"))]
    pub(crate) fn clear(&mut self) {
        // The maps keep their length, so that to make them anew takes no filling.
        self.base = NOWHERE;
    }

    /// Gives back memory.
    #[cfg_attr(feature = "small", expect(dead_code, reason = "compiled for tests only"))]
    pub(crate) fn shrink(&mut self) {
        *self = Self::new();
    }

    /// Looks at what begins at `at`, where a question is to be asked.
    #[cfg_attr(feature = "small", expect(dead_code, reason = "compiled for tests only"))]
    pub(crate) fn prepare(&mut self, data: &[u8], at: usize) {
        self.cover(data, at);
    }

    /// A position not before `at` and not behind the next `<`, `&` or `]`. If it holds none of
    /// these, it is one that may interrupt a value.
    #[inline(always)]
    pub(crate) fn text(&mut self, data: &[u8], at: usize) -> usize {
        match window(&self.special, self.base, at) {
            Some(bits) if bits != 0 => at + bits.trailing_zeros() as usize,
            _ => self.far_text(data, at),
        }
    }

    /// The first byte at or after `at` that may interrupt an attribute value.
    #[inline(always)]
    pub(crate) fn value(&mut self, data: &[u8], at: usize) -> usize {
        match window(&self.special, self.base, at) {
            Some(bits) if bits != 0 => at + bits.trailing_zeros() as usize,
            _ => self.far_value(data, at),
        }
    }

    /// The first byte at or after `at` that is not usual in names.
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
            match window(&self.special, self.base, at) {
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
            match window(&self.special, self.base, at) {
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
    #[inline(never)]
    fn cover(&mut self, data: &[u8], at: usize) -> bool {
        self.base = at & !(BLOCK - 1);
        // The padding is there to make the last block whole. Of itself no block is classified:
        // it is known to be all ones, and one more word of these is a window from the data's end.
        let stretch = data.get(self.base..).unwrap_or_default();
        let stretch = &stretch[..stretch.len().saturating_sub(1).min(STRETCH)];
        let blocks = stretch.as_chunks::<BLOCK>().0;
        let len = 8 * blocks.len();
        let end = if len < STRETCH / 8 { 8 } else { 0 };
        for map in [&mut self.special, &mut self.name] {
            map.resize(len + end, 0xFF);
            if let Some(last) = map[len..].first_chunk_mut::<8>() {
                *last = [0xFF; 8];
            }
        }
        let special = self.special.as_chunks_mut::<8>().0;
        let name = self.name.as_chunks_mut::<8>().0;
        classify(blocks, &mut special[..blocks.len()], &mut name[..blocks.len()]);
        window(&self.special, self.base, at).is_some()
    }
}

/// The bits from `at` on, at least 57 of them; the others are zero.
#[inline(always)]
fn window(map: &[u8], base: usize, at: usize) -> Option<u64> {
    let index = at.wrapping_sub(base) / 8;
    let bytes = map.get(index..index + 8)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes) >> (at % 8))
}
