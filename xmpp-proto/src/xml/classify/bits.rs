//! Bits out of plain loops, which compilers turn into vector instructions where the target always
//! has them.

use super::BLOCK;
use super::sets::{is_special, is_usual_in_names};

/// One bit per byte of each block: what is special, and what is not usual in names.
pub(crate) fn classify(blocks: &[[u8; BLOCK]], special: &mut [[u8; 8]], name: &mut [[u8; 8]]) {
    for ((block, special), name) in blocks.iter().zip(&mut *special).zip(&mut *name) {
        *special = gather(block, |byte| mask(is_special(byte))).to_le_bytes();
        *name = (!gather(block, |byte| mask(is_usual_in_names(byte)))).to_le_bytes();
    }
    transpose(special);
    transpose(name);
}

#[inline(always)]
const fn mask(set: bool) -> u8 {
    if set { 0xFF } else { 0 }
}

/// Bit `i / 8` for byte `i` of a block.
const ROWS: [u8; BLOCK] = {
    let mut rows = [0; BLOCK];
    let mut i = 0;
    while i < BLOCK {
        rows[i] = 1 << (i / 8);
        i += 1;
    }
    rows
};

/// The bits of a block in an order that takes only bitwise operations, the same for every
/// column: what byte `8 * row + column` says becomes bit `row` of byte `column`.
#[inline(always)]
fn gather(block: &[u8; BLOCK], class: impl Fn(u8) -> u8) -> u64 {
    let mut bits = [0; BLOCK];
    for i in 0..BLOCK {
        bits[i] = class(block[i]) & ROWS[i];
    }
    bits.as_chunks::<8>().0.iter().fold(0, |word, row| word | u64::from_le_bytes(*row))
}

/// Brings gathered bits into the order of the data: each word is a matrix of 8 x 8 bits, and is
/// transposed.
#[inline(always)]
fn transpose(map: &mut [[u8; 8]]) {
    for word in map {
        let mut x = u64::from_le_bytes(*word);
        let mut t = (x ^ (x >> 7)) & 0x00AA_00AA_00AA_00AA;
        x ^= t ^ (t << 7);
        t = (x ^ (x >> 14)) & 0x0000_CCCC_0000_CCCC;
        x ^= t ^ (t << 14);
        t = (x ^ (x >> 28)) & 0x0000_0000_F0F0_F0F0;
        x ^= t ^ (t << 28);
        *word = x.to_le_bytes();
    }
}
