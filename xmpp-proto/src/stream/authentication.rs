//! What comes with the extensible SASL profile as a stream feature (XEP-0388 §2.1): mechanisms, and
//! what can be negotiated within the login.

use alloc::string::String;
use alloc::vec::Vec;

use super::features::mechanisms;
use crate::ns;
use crate::xml::ElementRef;

/// `<authentication/>`, read: what a login by SASL2 can have (XEP-0388).
///
/// ```
/// use xmpp_proto::stream::Features;
/// use xmpp_proto::xml::Element;
///
/// let offered: Element = "<features xmlns='http://etherx.jabber.org/streams'>\
///     <authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism><inline>\
///     <bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>\
///     </inline></authentication></features>".parse()?;
/// let features = Features::from_element(offered.as_ref());
/// let login = features.authentication().expect("SASL2 is offered");
/// assert_eq!(login.mechanisms(), ["SCRAM-SHA-1"]);
/// assert!(login.bind().is_some_and(|bind| bind.management() && !bind.carbons()));
/// assert!(!login.resumption());
/// # Ok::<(), xmpp_proto::xml::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Authentication {
    mechanisms: Vec<String>,
    tokens: Vec<String>,
    resumption: bool,
    bind: Option<BindOffer>,
}

impl Authentication {
    pub(super) fn from_element(offer: ElementRef<'_>) -> Self {
        let inline = offer.child("inline", ns::SASL2);
        let find = |name, namespace| inline.and_then(|inline| inline.child(name, namespace));
        Self {
            mechanisms: mechanisms(offer, ns::SASL2),
            tokens: find("fast", ns::FAST).map_or_else(Vec::new, |fast| mechanisms(fast, ns::FAST)),
            resumption: find("sm", ns::SM).is_some(),
            bind: find("bind", ns::BIND2).map(BindOffer::from_element),
        }
    }

    /// The mechanisms in the server's order. Of an absurdly long offer only the first 64 names are
    /// kept, and none over 20 bytes.
    #[must_use]
    pub fn mechanisms(&self) -> &[String] {
        &self.mechanisms
    }

    /// The mechanisms that work with tokens, none if the server gives out no tokens (XEP-0484 §3.1).
    /// They are limited as the others are.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Whether a session can be resumed within the login (XEP-0198 §9.2).
    #[must_use]
    pub const fn resumption(&self) -> bool {
        self.resumption
    }

    /// Whether a resource can be bound within the login, and with what (XEP-0386 §3.1).
    #[must_use]
    pub const fn bind(&self) -> Option<&BindOffer> {
        self.bind.as_ref()
    }
}

/// What can be had while a resource is bound within the login (XEP-0386 §3.1).
#[derive(Clone, Debug)]
pub struct BindOffer {
    carbons: bool,
    management: bool,
    client_state: bool,
}

impl BindOffer {
    fn from_element(bind: ElementRef<'_>) -> Self {
        // The examples of some extensions leave the list around the features out.
        let list = bind.child("inline", ns::BIND2).unwrap_or(bind);
        let has = |var: &str| {
            let mut features = list.elements().filter(|child| child.is("feature", ns::BIND2));
            features.any(|feature| feature.attr("var").is_some_and(|found| *found == *var))
        };
        Self { carbons: has(ns::CARBONS), management: has(ns::SM), client_state: has(ns::CSI) }
    }

    /// Message carbons (XEP-0280).
    #[must_use]
    pub const fn carbons(&self) -> bool {
        self.carbons
    }

    /// Stream management (XEP-0198 §9.1).
    #[must_use]
    pub const fn management(&self) -> bool {
        self.management
    }

    /// Client state indication (XEP-0352).
    #[must_use]
    pub const fn client_state(&self) -> bool {
        self.client_state
    }
}
