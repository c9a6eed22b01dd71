//! Stream features as the receiving entity writes them (RFC 6120 §4.3.2).

use crate::ns;
use crate::sasl::{BindingType, Mechanism};
use crate::xml::{BuildError, Element, ElementBuilder};

/// STARTTLS and nothing else: it must come first (RFC 6120 §5.3.1).
pub(crate) fn starttls() -> Result<Element, BuildError> {
    features()
        .child_with("starttls", ns::TLS, |offer| {
            offer.child_with("required", ns::TLS, |required| required)
        })
        .build()
}

/// SASL (RFC 6120 §6.4.1), with what -PLUS mechanisms can be bound to (XEP-0440).
pub(crate) fn sasl(
    mechanisms: impl Iterator<Item = Mechanism>,
    bindings: &[BindingType],
) -> Result<Element, BuildError> {
    let mut features = features().child_with("mechanisms", ns::SASL, |mut offer| {
        for mechanism in mechanisms {
            offer = offer.child_with("mechanism", ns::SASL, |name| name.text(mechanism.name()));
        }
        offer
    });
    if !bindings.is_empty() {
        let list = |mut list: ElementBuilder| {
            for kind in bindings {
                list = list.child_with("channel-binding", ns::SASL_CHANNEL_BINDING, |binding| {
                    binding.attr("type", kind.name())
                });
            }
            list
        };
        features = features.child_with("sasl-channel-binding", ns::SASL_CHANNEL_BINDING, list);
    }
    features.build()
}

/// Resource binding (RFC 6120 §7.4), if `session` says so the session request that does nothing any
/// more (RFC 6121 §1.4), stream management if it is `managed` (XEP-0198 §2), and what the owner adds.
pub(crate) fn bind(session: bool, managed: bool, more: &[Element]) -> Result<Element, BuildError> {
    let features = features().child_with("bind", ns::BIND, |bind| bind);
    let features = if session {
        features.child_with("session", ns::SESSION, |offer| {
            offer.child_with("optional", ns::SESSION, |optional| optional)
        })
    } else {
        features
    };
    let features =
        if managed { features.child_with("sm", ns::SM, |offer| offer) } else { features };
    features.children(more).build()
}

fn features() -> ElementBuilder {
    Element::builder("features", ns::STREAM)
}
