//! Which mechanism to use, and bound to what: all that is decided before the first word.

use alloc::string::String;

use super::binding::{Binding, BindingType, ChannelBinding, ChannelData};
use super::{Credentials, Mechanism};

/// What the server offers.
#[derive(Clone, Copy)]
pub(crate) struct Offer<'a> {
    /// Names of mechanisms.
    pub(crate) mechanisms: &'a [String],
    /// Names of channel-binding types (XEP-0440).
    pub(crate) bindings: &'a [String],
}

/// What this side allows and has.
#[derive(Clone, Copy)]
pub(crate) struct Allowed<'a> {
    /// The order of preference, and all that may be used.
    pub(crate) mechanisms: &'a [Mechanism],
    pub(crate) credentials: &'a Credentials,
    pub(crate) policy: ChannelBinding,
    /// Whether TLS is up.
    pub(crate) secured: bool,
    pub(crate) channel: ChannelData<'a>,
}

/// A mechanism and what goes with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) mechanism: Mechanism,
    pub(crate) binding: Binding,
}

/// Why there is no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChoiceFault {
    /// Nothing that is offered is allowed.
    NoMechanism,
    /// Channel binding is required and cannot be had.
    NoBinding,
}

/// Picks the first allowed mechanism that is offered and possible.
pub(crate) fn choose(offer: Offer<'_>, allowed: Allowed<'_>) -> Result<Choice, ChoiceFault> {
    let required = allowed.policy == ChannelBinding::Required;
    let bound = bound(offer, allowed);
    let mut candidates = allowed.mechanisms.iter().copied().filter(|mechanism| {
        offer.mechanisms.iter().any(|name| name == mechanism.name())
            && allowed.credentials.suit(*mechanism)
            && match mechanism {
                // A client certificate is shown in the handshake: it is bound to the channel by
                // nature, and there is none without TLS.
                Mechanism::External => allowed.secured,
                plus if plus.binds_channel() => bound.is_some(),
                _ => !required,
            }
    });
    let Some(mechanism) = candidates.next() else {
        return Err(if required { ChoiceFault::NoBinding } else { ChoiceFault::NoMechanism });
    };
    let binding = match bound {
        Some(bound) if mechanism.binds_channel() => bound,
        _ => unbound(offer, allowed),
    };
    Ok(Choice { mechanism, binding })
}

/// The best type of binding that both sides have.
fn bound(offer: Offer<'_>, allowed: Allowed<'_>) -> Option<Binding> {
    if allowed.policy == ChannelBinding::Off || !allowed.secured {
        return None;
    }
    BindingType::ALL.iter().copied().find_map(|kind| {
        let data = allowed.channel.get(kind)?;
        let listed = offer.bindings.iter().any(|name| name == kind.name());
        listed.then(|| Binding::To { kind, data: data.into() })
    })
}

/// What to say with a mechanism that does not bind (RFC 5802 §6).
fn unbound(offer: Offer<'_>, allowed: Allowed<'_>) -> Binding {
    // -PLUS of any hash, known here or not, shows that the server supports it: then `y` would
    // claim the contrary, and an honest server would refuse.
    let seen = offer.mechanisms.iter().any(|name| name.ends_with("-PLUS"));
    let able = allowed.policy != ChannelBinding::Off
        && allowed.secured
        && !allowed.channel.is_empty()
        && allowed.mechanisms.iter().any(|mechanism| mechanism.binds_channel());
    if able && !seen { Binding::NotOffered } else { Binding::Unsupported }
}
