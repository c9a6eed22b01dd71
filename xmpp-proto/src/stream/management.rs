//! What the elements of stream management carry (XEP-0198).

#[cfg(feature = "server")]
use alloc::string::ToString;

#[cfg(feature = "server")]
use crate::ns;
#[cfg(feature = "server")]
use crate::stanza::Condition;
use crate::xml::ElementRef;
#[cfg(feature = "server")]
use crate::xml::{BuildError, Element};

/// The count `h`: an unsigned number of 32 bits (XEP-0198 §4), in digits only.
pub(crate) fn read_h(element: ElementRef<'_>) -> Option<u32> {
    let h = element.attr("h")?;
    let h = h.trim();
    if h.is_empty() || !h.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    h.parse().ok()
}

/// A boolean of XML schema, absent for no.
pub(crate) fn read_bool(element: ElementRef<'_>, name: &str) -> bool {
    matches!(element.attr(name).as_deref().map(str::trim), Some("true" | "1"))
}

/// `<failed/>`: why stream management is not to be had, or not now (XEP-0198 §6).
#[cfg(feature = "server")]
pub(crate) fn failed(condition: Condition, h: Option<u32>) -> Result<Element, BuildError> {
    let failed = Element::builder("failed", ns::SM);
    let failed = match h {
        Some(h) => failed.attr("h", &h.to_string()),
        None => failed,
    };
    failed.child_with(condition.name(), ns::STANZA_ERROR, |condition| condition).build()
}
