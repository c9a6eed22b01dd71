//! Which bytes are of interest.

#![expect(clippy::needless_bitwise_bool, reason = "without branches the compiler vectorises")]

/// Bytes that may interrupt character data or an attribute value: markup, references, what may
/// begin `]]>`, quotes, and white space that may have to be normalised. One set for both costs
/// less than two: in text, quotes are rare (and often written as references), in values
/// brackets are.
#[inline(always)]
pub(super) const fn is_special(byte: u8) -> bool {
    (byte == b'<')
        | (byte == b'&')
        | (byte == b']')
        | (byte == b'"')
        | (byte == b'\'')
        | (byte < 0x20)
}

/// Bytes that usual names are made of: ASCII letters, digits, hyphen and full stop. Names with
/// other characters, and prefixes, take a slower path.
#[inline(always)]
pub(super) const fn is_usual_in_names(byte: u8) -> bool {
    in_range(byte | 0x20, b'a', b'z') | (in_range(byte, b'-', b'9') & (byte != b'/'))
}

/// `first <= byte <= last`, as an addition and a signed comparison, which all vector units have.
#[inline(always)]
#[expect(clippy::cast_possible_wrap, reason = "the comparison is meant to be signed")]
const fn in_range(byte: u8, first: u8, last: u8) -> bool {
    byte.wrapping_add(127 - last) as i8 > (126 - (last - first)) as i8
}
