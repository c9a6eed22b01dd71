//! What went over the wire, for people: one `tracing` event per stream element.
//!
//! Target `xmpp::wire`, level `DEBUG`, message `-> ` (sent) or `<- ` (received) and the element as
//! XML. The character data of SASL elements and of every `password` element is replaced by
//! `<hidden/>`. Without the feature `tracing` all of this is nothing.

use crate::xml::ElementRef;

/// The target of all wire events.
#[cfg(feature = "tracing")]
const TARGET: &str = "xmpp::wire";

#[cfg(feature = "tracing")]
pub(crate) fn sent(element: ElementRef<'_>) {
    if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
        tracing::debug!(target: TARGET, "-> {}", redact::redacted(element));
    }
}

#[cfg(feature = "tracing")]
pub(crate) fn received(element: ElementRef<'_>) {
    if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
        tracing::debug!(target: TARGET, "<- {}", redact::redacted(element));
    }
}

/// Headers and closing tags: they hold no secrets.
#[cfg(feature = "tracing")]
pub(crate) fn sent_raw(bytes: &[u8]) {
    tracing::debug!(target: TARGET, "-> {}", alloc::string::String::from_utf8_lossy(bytes));
}

#[cfg(feature = "tracing")]
pub(crate) fn sent_sasl(name: &str, mechanism: Option<crate::sasl::Mechanism>) {
    if let Some(mechanism) = mechanism {
        tracing::debug!(target: TARGET, "-> <{name} mechanism='{mechanism}'><hidden/></{name}>");
    } else {
        tracing::debug!(target: TARGET, "-> <{name}><hidden/></{name}>");
    }
}

#[cfg(feature = "tracing")]
pub(crate) fn received_close() {
    tracing::debug!(target: TARGET, "<- </stream:stream>");
}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn sent(_: ElementRef<'_>) {}
#[cfg(not(feature = "tracing"))]
pub(crate) const fn received(_: ElementRef<'_>) {}
#[cfg(not(feature = "tracing"))]
pub(crate) const fn sent_raw(_: &[u8]) {}
#[cfg(not(feature = "tracing"))]
pub(crate) const fn sent_sasl(_: &str, _: Option<crate::sasl::Mechanism>) {}
#[cfg(not(feature = "tracing"))]
pub(crate) const fn received_close() {}

#[cfg(feature = "tracing")]
mod redact {
    use alloc::string::String;
    use alloc::vec::Vec;

    use crate::ns;
    use crate::xml::{Attr, Child, Element, ElementBuilder, ElementRef, Writer};

    /// The element as XML, without secrets.
    pub(super) fn redacted(element: ElementRef<'_>) -> String {
        if !has_secret(element) {
            return as_written(element);
        }
        // Only logins and forms come here. They are shallow, but a peer could nest them, so the
        // copy ends at a depth of its own, with everything below left out.
        let builder = copy(element, Element::builder(element.name(), element.ns()), 8);
        builder.build().map_or_else(|_| String::from("<hidden/>"), |copy| as_written(copy.as_ref()))
    }

    /// The element as it stands in a stream, where the header has declared the namespaces.
    fn as_written(element: ElementRef<'_>) -> String {
        let mut out = Vec::new();
        Writer::new(ns::CLIENT, true).write(element, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    fn is_secret(element: ElementRef<'_>) -> bool {
        let sasl = element.ns() == ns::SASL
            && matches!(element.name(), "auth" | "challenge" | "response" | "success");
        let sasl2 = element.ns() == ns::SASL2
            && matches!(
                element.name(),
                "challenge" | "response" | "additional-data" | "initial-response" | "task-data"
            );
        sasl || sasl2 || element.name() == "password"
    }

    /// A token that a server gives out (XEP-0484 §3.3).
    fn is_token(element: ElementRef<'_>) -> bool {
        element.is("token", ns::FAST)
    }

    fn has_secret(element: ElementRef<'_>) -> bool {
        let mut rest = Vec::from([element]);
        while let Some(element) = rest.pop() {
            if is_secret(element) || is_token(element) {
                return true;
            }
            rest.extend(element.elements());
        }
        false
    }

    fn copy(element: ElementRef<'_>, mut to: ElementBuilder, depth: usize) -> ElementBuilder {
        for attr in element.attrs() {
            if is_token(element) && attr.name() == "token" {
                to = to.attr("token", "hidden");
                continue;
            }
            to = copy_attr(&attr, to);
        }
        if is_secret(element) {
            if !element.text().is_empty() {
                to = to.child_with("hidden", element.ns(), |hidden| hidden);
            }
            return to;
        }
        for child in element.children() {
            to = match child {
                Child::Text(text) => to.text(&text),
                Child::Element(child) if depth > 0 => {
                    to.child_with(child.name(), child.ns(), |to| copy(child, to, depth - 1))
                }
                Child::Element(_) => to.text("..."),
            };
        }
        to
    }

    fn copy_attr(attr: &Attr<'_>, to: ElementBuilder) -> ElementBuilder {
        if attr.ns().is_empty() {
            to.attr(attr.name(), &attr.value())
        } else {
            to.attr_ns(attr.name(), attr.ns(), &attr.value())
        }
    }
}

#[cfg(all(test, feature = "tracing"))]
mod tests;
