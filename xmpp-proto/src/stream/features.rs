//! Stream features (RFC 6120 §4.3.2): what the receiving entity offers at this point.

use alloc::string::String;
use alloc::vec::Vec;

use super::Authentication;
use crate::ns;
#[cfg(feature = "client")]
use crate::sasl::Offered;
use crate::xml::{Element, ElementRef};

/// The most mechanism names that are kept of one offer.
const MAX_MECHANISMS: usize = 64;

/// SASL allows 20 bytes (RFC 4422 §3.1); nothing longer can be a mechanism.
const MAX_MECHANISM_NAME: usize = 20;

/// The most types of channel binding that are kept of one offer.
const MAX_BINDINGS: usize = 16;

/// Longer names of types are not kept; the registered ones have up to 20 bytes.
const MAX_BINDING_NAME: usize = 64;

/// How the receiving entity offers a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The stream goes on without it.
    Voluntary,
    /// The stream does not go on before it is negotiated.
    Mandatory,
}

/// `<stream:features/>`, read.
///
/// ```
/// use xmpp_proto::stream::{Features, Offer};
/// use xmpp_proto::xml::Element;
///
/// let offered: Element = "<features xmlns='http://etherx.jabber.org/streams'>\
///     <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
///     </features>".parse()?;
/// let features = Features::from_element(offered.as_ref());
/// assert_eq!(features.starttls(), Some(Offer::Mandatory));
/// assert!(features.mechanisms().is_empty());
/// # Ok::<(), xmpp_proto::xml::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Features {
    element: Element,
    starttls: Option<Offer>,
    mechanisms: Vec<String>,
    authentication: Option<Authentication>,
    bindings: Vec<String>,
    bind: bool,
    session: Option<Offer>,
    management: bool,
}

impl Features {
    /// Reads the features; what is unknown stays reachable through [`Features::element`].
    #[must_use]
    pub fn from_element(features: ElementRef<'_>) -> Self {
        let starttls = features.child("starttls", ns::TLS);
        // RFC 6120 §5.3.1: STARTTLS is mandatory if it says so, and if nothing else is offered.
        let alone = features.elements().count() == 1;
        let offer = features.child("mechanisms", ns::SASL);
        let mechanisms = offer.map_or_else(Vec::new, |offer| mechanisms(offer, ns::SASL));
        let authentication = features.child("authentication", ns::SASL2);
        // RFC 3921 had no <optional/>; an offer without it is one that must be taken.
        let session = features.child("session", ns::SESSION).map(|offer| {
            match offer.child("optional", ns::SESSION) {
                Some(_) => Offer::Voluntary,
                None => Offer::Mandatory,
            }
        });
        Self {
            element: features.to_element(),
            starttls: starttls.map(|offer| match offer.child("required", ns::TLS) {
                None if !alone => Offer::Voluntary,
                _ => Offer::Mandatory,
            }),
            mechanisms,
            authentication: authentication.map(Authentication::from_element),
            bindings: bindings(features),
            bind: features.child("bind", ns::BIND).is_some(),
            session,
            management: features.child("sm", ns::SM).is_some(),
        }
    }

    /// STARTTLS: mandatory if it says so, or if it is the only feature (RFC 6120 §5.3.1).
    #[must_use]
    pub const fn starttls(&self) -> Option<Offer> {
        self.starttls
    }

    /// The SASL mechanisms in the server's order; empty if SASL is not offered (§6.3.3). Of an
    /// absurdly long offer only the first 64 names are kept, and none over 20 bytes.
    #[must_use]
    pub fn mechanisms(&self) -> &[String] {
        &self.mechanisms
    }

    /// The extensible SASL profile (XEP-0388 §2.1).
    #[must_use]
    pub const fn authentication(&self) -> Option<&Authentication> {
        self.authentication.as_ref()
    }

    /// The types of channel binding that the server supports (XEP-0440), in its order and each
    /// once; empty if it does not say. Of an absurdly long offer only the first 16 are kept.
    #[must_use]
    pub fn channel_bindings(&self) -> &[String] {
        &self.bindings
    }

    /// What SASL offers, as XEP-0474 protects it: every name, known here or not.
    #[cfg(feature = "client")]
    pub(crate) fn sasl_offered(&self) -> Offered {
        let offer = self.element.as_ref().child("mechanisms", ns::SASL);
        offered(self.element.as_ref(), offer, ns::SASL)
    }

    /// The same for SASL2.
    #[cfg(feature = "client")]
    pub(crate) fn sasl2_offered(&self) -> Offered {
        let offer = self.element.as_ref().child("authentication", ns::SASL2);
        offered(self.element.as_ref(), offer, ns::SASL2)
    }

    /// Resource binding, which is always mandatory (RFC 6120 §7.3.1).
    #[must_use]
    pub const fn bind(&self) -> bool {
        self.bind
    }

    /// The obsolete session request (RFC 3921 §3), voluntary if it says so.
    #[must_use]
    pub const fn session(&self) -> Option<Offer> {
        self.session
    }

    /// Stream management (XEP-0198 §3).
    #[must_use]
    pub const fn management(&self) -> bool {
        self.management
    }

    /// The longest stanza in bytes that the receiving entity takes, and the silence in seconds after
    /// which it may close the stream, where it says so (XEP-0478).
    #[must_use]
    pub fn limits(&self) -> (Option<usize>, Option<u64>) {
        let Some(limits) = self.element.child("limits", ns::STREAM_LIMITS) else {
            return (None, None);
        };
        let text = |name| limits.child(name, ns::STREAM_LIMITS).map(ElementRef::text);
        let bytes = text("max-bytes").and_then(|text| text.trim().parse().ok());
        let idle = text("idle-seconds").and_then(|text| text.trim().parse().ok());
        (bytes, idle)
    }

    /// Client state indication (XEP-0352).
    #[must_use]
    pub fn client_state(&self) -> bool {
        self.element.child("csi", ns::CSI).is_some()
    }

    /// The whole element, with all that is not understood here.
    #[must_use]
    pub const fn element(&self) -> &Element {
        &self.element
    }
}

/// The names in a list of mechanisms.
pub(super) fn mechanisms(offer: ElementRef<'_>, namespace: &str) -> Vec<String> {
    let names = offer.elements().filter(|child| child.is("mechanism", namespace));
    let names = names.map(|name| String::from(name.text().trim()));
    names.filter(|name| name.len() <= MAX_MECHANISM_NAME).take(MAX_MECHANISMS).collect()
}

/// The mechanisms of an offer, and the types of channel binding beside it.
#[cfg(feature = "client")]
fn offered(features: ElementRef<'_>, offer: Option<ElementRef<'_>>, namespace: &str) -> Offered {
    let names = offer.iter().flat_map(|offer| offer.elements());
    let names = names.filter(|child| child.is("mechanism", namespace)).map(ElementRef::text);
    let names: Vec<_> = names.collect();
    let lists = features
        .elements()
        .filter(|child| child.is("sasl-channel-binding", ns::SASL_CHANNEL_BINDING));
    let mut used = false;
    let types = lists.inspect(|_| used = true).flat_map(ElementRef::elements);
    let types = types.filter(|item| item.is("channel-binding", ns::SASL_CHANNEL_BINDING));
    let types: Vec<_> = types.filter_map(|item| item.attr("type")).collect();
    let types = used.then(|| types.iter().map(|kind| &**kind).collect());
    Offered::new(names.iter().map(|name| name.trim()).collect(), types)
}

/// All types in all lists: a server that repeats itself means nothing by it.
fn bindings(features: ElementRef<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let is = |child: &ElementRef<'_>, name| child.is(name, ns::SASL_CHANNEL_BINDING);
    let lists = features.elements().filter(|child| is(child, "sasl-channel-binding"));
    let items = lists.flat_map(ElementRef::elements).filter(|item| is(item, "channel-binding"));
    for name in items.filter_map(|item| item.attr("type")) {
        let fits = !name.is_empty() && name.len() <= MAX_BINDING_NAME;
        if found.len() < MAX_BINDINGS && fits && found.iter().all(|known| *known != *name) {
            found.push(name.into_owned());
        }
    }
    found
}
