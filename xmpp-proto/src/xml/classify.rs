//! Where the next byte of interest is.
//!
//! The parser asks three questions of [`Maps`]: where character data is next interrupted, where
//! an attribute value is, and where a run of ASCII name characters ends. Two implementations
//! answer them, chosen by the feature `small`: bitmaps over blocks of 64 bytes, or one table of
//! 256 bytes. Both need data that ends in [`PADDING`].

#[cfg(any(not(feature = "small"), test))]
mod blocks;
#[cfg(any(feature = "small", test))]
mod table;

#[cfg(not(feature = "small"))]
pub(crate) use blocks::Maps;
#[cfg(feature = "small")]
pub(crate) use table::Maps;

/// What must follow the data: two blocks of a byte at which every question stops, so that no
/// search runs out of the data and no load needs a shorter form.
pub(crate) const PADDING: &str = "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\
     <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<";

/// Bytes that interrupt character data: markup, references, and what may begin `]]>`.
#[inline(always)]
const fn stops_text(byte: u8) -> bool {
    byte == b'<' || byte == b'&' || byte == b']'
}

/// Bytes that interrupt an attribute value: both quotes, references, white space that will be
/// normalised, and `<`.
#[inline(always)]
const fn stops_value(byte: u8) -> bool {
    byte == b'"' || byte == b'\'' || byte == b'<' || byte == b'&' || byte < 0x20
}

/// Bytes that are not ASCII name characters. The colon is none, so that a prefix costs nothing
/// until there is one.
#[inline(always)]
const fn stops_name(byte: u8) -> bool {
    !((byte | 0x20).wrapping_sub(b'a') < 26
        || byte.wrapping_sub(b'0') < 10
        || byte.wrapping_sub(b'-') < 2
        || byte == b'_')
}

#[cfg(test)]
mod tests;
