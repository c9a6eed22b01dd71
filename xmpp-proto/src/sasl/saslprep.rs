//! `SASLprep` (RFC 4013): the form of user names and passwords that both sides hash.

use alloc::string::String;

use stringprep::tables;
use unicode_normalization::UnicodeNormalization;

/// Why a text has no prepared form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has an ASCII control character (RFC 4013 §2.3).
    Control(u8),
    /// It has another character that is prohibited (RFC 4013 §2.3).
    Prohibited,
    /// It has letters from right to left, and others or not at both ends (RFC 3454 §6).
    Directions,
}

/// The prepared form, in a buffer that did not grow: the text may be a password, and a buffer
/// that grows leaves pieces of it behind.
///
/// Characters newer than Unicode 3.2 are allowed (RFC 4013 §2.5), as in a query. RFC 5802 §5.1 asks
/// for that in user names. In passwords it would not have them, and so no emoji; but servers take
/// such passwords, and one that does not has none to compare with. The check would only shut
/// people out.
pub(super) fn prepare(text: &str) -> Result<String, Fault> {
    // §2.1 and §2.2.
    let normalized = || text.chars().filter_map(map).nfkc();
    let mut prepared = String::with_capacity(normalized().map(char::len_utf8).sum());
    prepared.extend(normalized());

    if let Some(code) = prepared.bytes().find(u8::is_ascii_control) {
        return Err(Fault::Control(code));
    }
    if prepared.contains(is_prohibited) {
        return Err(Fault::Prohibited);
    }
    // §2.4.
    if prepared.contains(tables::bidi_r_or_al) {
        let at_ends =
            prepared.starts_with(tables::bidi_r_or_al) && prepared.ends_with(tables::bidi_r_or_al);
        if !at_ends || prepared.contains(tables::bidi_l) {
            return Err(Fault::Directions);
        }
    }
    Ok(prepared)
}

/// RFC 4013 §2.1: every space becomes the ASCII one, and what is only a hint disappears.
fn map(found: char) -> Option<char> {
    if tables::non_ascii_space_character(found) {
        Some(' ')
    } else if tables::commonly_mapped_to_nothing(found) {
        None
    } else {
        Some(found)
    }
}

/// RFC 4013 §2.3, the tables C.1.2 to C.9 of RFC 3454.
fn is_prohibited(found: char) -> bool {
    tables::non_ascii_space_character(found)
        || tables::non_ascii_control_character(found)
        || tables::private_use(found)
        || tables::non_character_code_point(found)
        || tables::inappropriate_for_plain_text(found)
        || tables::inappropriate_for_canonical_representation(found)
        || tables::change_display_properties_or_deprecated(found)
        || tables::tagging_character(found)
}

#[cfg(test)]
mod tests;
