//! Preparation of parts that are not ASCII (RFC 7622 §3.2 to §3.4).
//!
//! Local part and resource go through the profiles of RFC 8265, domains through UTS 46 with the
//! checks of IDNA2008. Each function gives a text that it would leave as it is, so that preparing
//! is idempotent by construction.
//!
//! The classes of RFC 8264 are defined for any version of Unicode, but the tables at hand are
//! those of version 6.3. Characters assigned since then are put into their class here, by their
//! category: most emoji are among them.

use alloc::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use precis_profiles::precis_core::profile::Rules as _;
use precis_profiles::precis_core::{
    DerivedPropertyValue, Error, FreeformClass, IdentifierClass, StringClass,
};
use precis_profiles::{OpaqueString, UsernameCaseMapped};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::prepare::{MAX_LABEL_LEN, MAX_NAME_LEN, excluded_from_local};
use super::{JidError, MAX_PART_LEN, Part};

/// RFC 8264 §7: the rules are applied until nothing changes, after the first time at most three
/// times more.
const MAX_ROUNDS: usize = 4;

/// A fault before it is known where in the address the part stands.
enum Fault {
    /// This character, counted from 0, is not allowed.
    Char(usize),
    /// The text as a whole is not allowed.
    Whole,
}

/// Local part: `UsernameCaseMapped` (RFC 8265 §3.3) without the characters that RFC 7622 §3.3.1
/// takes out.
pub(super) fn local(text: &str, at: usize) -> Result<Cow<'_, str>, JidError> {
    let profile = UsernameCaseMapped::new();
    settle(text, at, Part::Local, |text| {
        // A fullwidth character becomes an ASCII one here, so the exclusions come after.
        let mapped = profile.width_mapping_rule(text).map_err(|_| Fault::Whole)?;
        check_class(&IdentifierClass::default(), &mapped, is_later_letter)?;
        let excluded = |found| u8::try_from(found).is_ok_and(excluded_from_local);
        if let Some(index) = mapped.chars().position(excluded) {
            return Err(Fault::Char(index));
        }
        profile
            .case_mapping_rule(mapped)
            .and_then(|text| profile.normalization_rule(text))
            .and_then(|text| profile.directionality_rule(text))
            .map_err(|_| Fault::Whole)
    })
}

/// Local part by the rules before these, `Nodeprep` (RFC 3920 §A), which many servers keep to.
#[cfg(feature = "client")]
pub(super) fn older_local(text: &str) -> Option<Cow<'_, str>> {
    stringprep::nodeprep(text).ok()
}

/// Resource: `OpaqueString` (RFC 8265 §4.2).
pub(super) fn resource(text: &str, at: usize) -> Result<Cow<'_, str>, JidError> {
    let profile = OpaqueString::new();
    settle(text, at, Part::Resource, |text| {
        check_class(&FreeformClass::default(), text, is_later_graphic)?;
        profile
            .additional_mapping_rule(text)
            .and_then(|text| profile.normalization_rule(text))
            .map_err(|_| Fault::Whole)
    })
}

/// Applies a profile until the text settles, and checks its size then.
fn settle<'a>(
    text: &'a str,
    at: usize,
    part: Part,
    enforce: impl for<'t> Fn(&'t str) -> Result<Cow<'t, str>, Fault>,
) -> Result<Cow<'a, str>, JidError> {
    let unprepared = || JidError::NoPreparedForm { part, offset: at };
    let mut result = Cow::Borrowed(text);
    for round in 0..MAX_ROUNDS {
        let next = match enforce(&result) {
            Ok(next) => next,
            // Mapping has kept the count of characters, but in the first round only is it the
            // caller's text.
            Err(Fault::Char(index)) if round == 0 => {
                return Err(match text.char_indices().nth(index) {
                    Some((offset, found)) => {
                        JidError::ForbiddenChar { part, found, offset: at + offset }
                    }
                    None => unprepared(),
                });
            }
            Err(_) => return Err(unprepared()),
        };
        if next == result {
            return if result.is_empty() {
                Err(JidError::Empty { part, offset: at })
            } else if result.len() > MAX_PART_LEN {
                Err(JidError::TooLong { part, len: result.len(), max: MAX_PART_LEN })
            } else {
                Ok(result)
            };
        }
        result = Cow::Owned(next.into_owned());
    }
    Err(unprepared())
}

/// Whether every character is in the class, with the rules that depend on what stands beside it
/// (RFC 8264 §4). `later` decides about those that the class's tables do not know.
fn check_class(
    class: &impl StringClass,
    text: &str,
    later: impl Fn(char) -> bool,
) -> Result<(), Fault> {
    let is_later = |found: char| {
        class.get_value_from_char(found) == DerivedPropertyValue::Unassigned && later(found)
    };
    // A letter that no rule of context mentions stands in for them; counts stay the same.
    let known: Cow<'_, str> = if text.contains(is_later) {
        text.chars().map(|found| if is_later(found) { 'x' } else { found }).collect()
    } else {
        Cow::Borrowed(text)
    };
    class.allows(&known).map_err(|error| match error {
        Error::BadCodepoint(info) => Fault::Char(info.position),
        Error::Invalid | Error::Unexpected(_) => Fault::Whole,
    })
}

/// What of the characters assigned after Unicode 6.3 the identifier class has: letters and digits
/// (RFC 8264 §9.1) without compatibility equivalents (§9.17).
fn is_later_letter(found: char) -> bool {
    use GeneralCategory as Category;
    let letter = matches!(
        found.general_category(),
        Category::LowercaseLetter
            | Category::UppercaseLetter
            | Category::OtherLetter
            | Category::DecimalNumber
            | Category::ModifierLetter
            | Category::NonspacingMark
            | Category::SpacingMark
    );
    letter && !is_ignorable(found) && core::iter::once(found).nfkc().eq([found])
}

/// What of the characters assigned after Unicode 6.3 the freeform class has: all but controls,
/// format characters and what is not there (RFC 8264 §4.3).
fn is_later_graphic(found: char) -> bool {
    use GeneralCategory as Category;
    let other = matches!(
        found.general_category(),
        Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::Unassigned
            | Category::LineSeparator
            | Category::ParagraphSeparator
    );
    !other && !is_ignorable(found)
}

/// The one mark among later characters that is ignorable by default, and so in no class
/// (RFC 8264 §9.13): MONGOLIAN FREE VARIATION SELECTOR FOUR.
fn is_ignorable(found: char) -> bool {
    found == '\u{180F}'
}

/// Domain name: A-labels become U-labels, case and width are mapped, other dots become full stops
/// (RFC 7622 §3.2), and each label must be one that IDNA2008 has (RFC 5891 §4.2).
pub(super) fn domain(text: &str, at: usize) -> Result<Cow<'_, str>, JidError> {
    // RFC 7622 §3.2: one final dot is stripped before anything else. A dot that only mapping puts
    // at the end stays, before an empty label.
    let name = text.strip_suffix(is_dot).unwrap_or(text);
    let name = to_unicode(name).ok_or_else(|| bad_label(text, at, faulty_label(name)))?;
    for (index, label) in name.split('.').enumerate() {
        if label.is_empty() || !(label.is_ascii() || is_u_label(label)) {
            return Err(bad_label(text, at, index));
        }
    }
    // The DNS sees A-labels, and its limits are for them.
    let encoded = UTS46.to_ascii(name.as_bytes(), DENIED, HYPHENS, DnsLength::Ignore);
    let encoded = encoded.map_err(|_| bad_label(text, at, 0))?;
    if let Some(index) = encoded.split('.').position(|label| label.len() > MAX_LABEL_LEN) {
        return Err(bad_label(text, at, index));
    }
    if encoded.len() > MAX_NAME_LEN {
        let (len, max) = (encoded.len(), MAX_NAME_LEN);
        return Err(JidError::TooLong { part: Part::Domain, len, max });
    }
    if to_unicode(&name).as_deref() != Some(&*name) {
        return Err(JidError::NoPreparedForm { part: Part::Domain, offset: at });
    }
    Ok(name)
}

/// The domain in A-labels if it has them, else as it is.
pub(super) fn encoded(domain: &str) -> Cow<'_, str> {
    let encoded = UTS46.to_ascii(domain.as_bytes(), DENIED, HYPHENS, DnsLength::Verify);
    encoded.unwrap_or(Cow::Borrowed(domain))
}

const UTS46: Uts46 = Uts46::new();
/// Of ASCII, letters, digits and hyphens only: the rule for the names of hosts.
const DENIED: AsciiDenyList = AsciiDenyList::STD3;
/// That no label begins or ends with one. ASCII labels with two in the middle are in use.
const HYPHENS: Hyphens = Hyphens::CheckFirstLast;

fn to_unicode(name: &str) -> Option<Cow<'_, str>> {
    let (name, result) = UTS46.to_unicode(name.as_bytes(), DENIED, HYPHENS);
    result.ok().map(|()| name)
}

/// What RFC 5891 §4.2 and RFC 5892 ask beyond UTS 46, which has checked combining marks, joiners
/// and direction: no symbols or punctuation, characters only in their context, and no `--` where
/// the encoded form has it (§4.2.3.1).
fn is_u_label(label: &str) -> bool {
    let hyphens = label.chars().skip(2).take(2).eq("--".chars());
    !hyphens && check_class(&IdentifierClass::default(), label, is_later_letter).is_ok()
}

/// The dots that UTS 46 takes for one.
pub(super) fn is_dot(found: char) -> bool {
    matches!(found, '.' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}')
}

/// The number of the first label that is not valid by itself, or 0 if only the name as a whole
/// is not.
fn faulty_label(name: &str) -> usize {
    name.split(is_dot).position(|label| to_unicode(label).is_none()).unwrap_or(0)
}

fn bad_label(name: &str, at: usize, index: usize) -> JidError {
    let before: usize = name.split_inclusive(is_dot).take(index).map(str::len).sum();
    JidError::BadLabel { offset: at + before }
}

#[cfg(test)]
mod tests;
