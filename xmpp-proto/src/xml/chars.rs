//! Which characters XML allows where: `Char`, white space and the characters of names.
//!
//! The productions are those of XML 1.0, fifth edition, §2.2 and §2.3, and of Namespaces in
//! XML 1.0 §3, where a name holds no colon.

/// Whether XML 1.0 §2.2 allows this character in a document at all, literally or by reference.
#[inline]
pub(crate) const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{1_0000}'..)
}

/// White space, XML 1.0 §2.3 `S`.
#[inline]
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// `NameStartChar` of XML 1.0 §2.3 without the colon.
#[inline]
pub(crate) const fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{1_0000}'..='\u{E_FFFF}')
}

/// `NameChar` of XML 1.0 §2.3 without the colon.
#[inline]
pub(crate) const fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether this is an `NCName`: a name without a colon, not empty (Namespaces in XML §3).
pub(crate) fn is_ncname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

/// ASCII bytes that may begin a name; false for every byte of a longer character.
pub(crate) static NAME_START: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = is_name_start(byte as char);
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// XML 1.0 §2.2: the borders of every range of `Char`.
    #[test]
    fn char_ranges() {
        for c in ['\t', '\n', '\r', ' ', '\u{7F}', '\u{FFFD}', '\u{E000}', '\u{10FFFF}'] {
            assert!(is_char(c), "{c:?}");
        }
        for c in ['\0', '\u{8}', '\u{B}', '\u{C}', '\u{E}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            assert!(!is_char(c), "{c:?}");
        }
    }

    /// XML 1.0 §2.3 and Namespaces in XML §3.
    #[test]
    fn ncnames() {
        for name in ["a", "_", "a-b.c9", "é", "名前", "a\u{B7}", "a\u{300}", "\u{10000}x"] {
            assert!(is_ncname(name), "{name:?}");
        }
        for name in ["", "1a", "-a", ".a", "a:b", ":", "a b", "\u{B7}a", "\u{D7}", "a\u{F0000}"] {
            assert!(!is_ncname(name), "{name:?}");
        }
    }

    #[test]
    fn name_start_table_is_ascii_only() {
        for byte in 0..=255u8 {
            let expected = byte.is_ascii_alphabetic() || byte == b'_';
            assert_eq!(NAME_START[byte as usize], expected, "{byte:#x}");
        }
    }
}
