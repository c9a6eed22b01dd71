//! Text in several languages: which one to show (RFC 6120 §8.1.5, RFC 4647 §3.4).

use alloc::borrow::Cow;
use core::fmt;

use crate::ns;
use crate::xml::ElementRef;

/// Text for people in one language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Localized<'a> {
    /// The language tag (RFC 5646): the text's own, else that of the stanza, else unknown.
    pub lang: Option<Cow<'a, str>>,
    /// The text.
    pub text: Cow<'a, str>,
}

impl fmt::Display for Localized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The language that an element declares. Empty means that it is unknown (XML 1.0 §2.12).
pub(super) fn of(element: ElementRef<'_>) -> Option<Cow<'_, str>> {
    element.attr_ns("lang", ns::XML).filter(|lang| !lang.is_empty())
}

/// The children `name`, each in another language.
fn variants<'a>(
    parent: ElementRef<'a>,
    name: &'static str,
) -> impl Iterator<Item = ElementRef<'a>> {
    parent.elements().filter(move |child| child.is(name, ns::CLIENT))
}

/// The language of a child: `xml:lang` is inherited (XML 1.0 §2.12).
fn effective<'a>(parent: ElementRef<'a>, child: ElementRef<'a>) -> Option<Cow<'a, str>> {
    match child.attr_ns("lang", ns::XML) {
        Some(lang) => Some(lang).filter(|lang| !lang.is_empty()),
        None => of(parent),
    }
}

/// All variants, in document order.
pub(super) fn all<'a>(
    parent: ElementRef<'a>,
    name: &'static str,
) -> impl Iterator<Item = Localized<'a>> {
    variants(parent, name)
        .map(move |child| Localized { lang: effective(parent, child), text: child.text() })
}

/// The variant for a reader whose languages are not known: the one in the stanza's own language,
/// else the first.
pub(super) fn best<'a>(parent: ElementRef<'a>, name: &'static str) -> Option<Cow<'a, str>> {
    let own = of(parent);
    let is_own = |child: &ElementRef<'a>| effective(parent, *child) == own;
    let first = variants(parent, name).next()?;
    Some(variants(parent, name).find(is_own).unwrap_or(first).text())
}

/// The variant for a reader of `ranges`, the most wanted first, by the lookup of RFC 4647 §3.4;
/// where nothing matches, the [`best`] one.
pub(super) fn lookup<'a>(
    parent: ElementRef<'a>,
    name: &'static str,
    ranges: &[&str],
) -> Option<Cow<'a, str>> {
    for range in ranges {
        let mut tag = *range;
        // `*` would match any tag and so says nothing about which (§3.4): it finds none here.
        while !tag.is_empty() {
            let matches = |child: &ElementRef<'a>| {
                effective(parent, *child).is_some_and(|lang| lang.eq_ignore_ascii_case(tag))
            };
            if let Some(child) = variants(parent, name).find(matches) {
                return Some(child.text());
            }
            tag = shorter(tag);
        }
    }
    best(parent, name)
}

/// A tag without its last subtag, and without a single character that this leaves at its end
/// (RFC 4647 §3.4).
fn shorter(tag: &str) -> &str {
    let Some((rest, _)) = tag.rsplit_once('-') else { return "" };
    match rest.rsplit_once('-') {
        Some((shorter, single)) if single.len() == 1 => shorter,
        _ => rest,
    }
}
