//! What looks at all bytes, in plain loops, which compilers turn into vector instructions where
//! the target always has them.

use core::ops::Range;

#[cfg(any(feature = "small", not(feature = "std"), test))]
use super::Survey;

/// Looks at all of the data once.
#[cfg(any(feature = "small", not(feature = "std"), test))]
pub(crate) fn survey(data: &[u8]) -> Survey {
    // One pass without branches, which the compiler does with vector instructions.
    let (mut lowest, mut high) = (0xFF, 0);
    for &byte in data {
        let line_feed = if byte == b'\n' { 0xFF } else { 0 };
        lowest = lowest.min(byte | line_feed);
        high |= byte;
    }
    Survey { control: lowest < 0x20, high: high >= 0x80 }
}

/// The first of these positions at which an end tag stands whose name begins with this byte.
pub(crate) fn find_end_tag(data: &[u8], places: Range<usize>, name: u8) -> Option<usize> {
    let searched = data.get(places.start..places.end + 2)?;
    let found = searched.windows(3).position(|bytes| *bytes == [b'<', b'/', name])?;
    Some(places.start + found)
}
