//! In the place of `unicode` where its tables are left out: nothing that is not ASCII can be
//! prepared.

use alloc::borrow::Cow;

use super::{JidError, Part};

pub(super) fn local(text: &str, at: usize) -> Result<Cow<'_, str>, JidError> {
    refuse(text, at, Part::Local)
}

pub(super) fn resource(text: &str, at: usize) -> Result<Cow<'_, str>, JidError> {
    refuse(text, at, Part::Resource)
}

pub(super) fn domain(text: &str, at: usize) -> Result<Cow<'_, str>, JidError> {
    refuse(text, at, Part::Domain)
}

/// What is ASCII has the same form by all rules.
#[cfg(feature = "client")]
pub(super) fn older_local(_: &str) -> Option<Cow<'_, str>> {
    None
}

/// There is no other form.
pub(super) fn encoded(domain: &str) -> Cow<'_, str> {
    Cow::Borrowed(domain)
}

pub(super) fn is_dot(found: char) -> bool {
    found == '.'
}

/// Points at the first character that is not ASCII.
fn refuse(text: &str, at: usize, part: Part) -> Result<Cow<'_, str>, JidError> {
    match text.char_indices().find(|(_, found)| !found.is_ascii()) {
        Some((offset, found)) => Err(JidError::NeedsUnicode { part, found, offset: at + offset }),
        None => Ok(Cow::Borrowed(text)),
    }
}
