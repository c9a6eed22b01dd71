//! Entity capabilities (XEP-0115): a hash in the presence that stands for an answer of service
//! discovery.
//!
//! Who sees a hash for the first time asks its sender what it stands for, computes the hash of the
//! answer, and knows from then on what everybody with that hash can do.
//!
//! # What the hash proves
//!
//! What is hashed is a row of strings, with a `<` behind each, that does not say where a string was
//! an identity, a feature or a part of a form. Somebody can therefore answer with other things that
//! have the same hash: with a feature `a<b` in place of `a` and `b`, or with the last features
//! written as a form, to hide them (XEP-0115 §9.3; XEP-0390 §1 is the successor that cures it).
//! [`verify`] refuses what could be read differently with more features or more identities:
//! [`CapsFault::Ambiguous`]. What the fields and values of forms are remains open to such tricks;
//! only their words and their order are certain.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::form::{DataForm, FORM_TYPE};
use super::{DiscoInfo, Identity};
use crate::modules::ReadError;
use crate::ns;
use crate::stanza::Presence;
use crate::xml::{BuildError, Element, ElementRef};

/// Bytes that each attribute of a `<c/>` may have; one with more is ignored.
pub const MAX_CAPS_TEXT: usize = 256;

/// A hash function for capabilities, as XEP-0300 names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-1, which everybody understands (XEP-0115 §9.1).
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// Every algorithm.
    pub const ALL: &'static [Self] = &[Self::Sha1, Self::Sha256, Self::Sha512];

    /// The name on the wire, such as `sha-1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha-1",
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    /// The algorithm called `name` on the wire, if it is a known one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// The bytes of a hash.
    const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The hash of `text`, in Base64.
    fn digest(self, text: &str) -> String {
        match self {
            Self::Sha1 => BASE64.encode(Sha1::digest(text)),
            Self::Sha256 => BASE64.encode(Sha256::digest(text)),
            Self::Sha512 => BASE64.encode(Sha512::digest(text)),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A hash that stands for a [`DiscoInfo`], computed by a known algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CapsHash {
    algorithm: HashAlgorithm,
    ver: String,
}

impl CapsHash {
    /// The hash of `info` (XEP-0115 §5.1): of its identities, its features, and the forms that have
    /// a type.
    #[must_use]
    pub fn of(info: &DiscoInfo, algorithm: HashAlgorithm) -> Self {
        Self { algorithm, ver: algorithm.digest(&verification_string(info)) }
    }

    /// A hash as it is written. `None` if `ver` cannot be a hash of that algorithm.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm, ver: &str) -> Option<Self> {
        let bytes = BASE64.decode(ver).ok()?;
        (bytes.len() == algorithm.len()).then(|| Self { algorithm, ver: ver.into() })
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The hash in Base64, as it is written in `ver`.
    #[must_use]
    pub fn ver(&self) -> &str {
        &self.ver
    }
}

/// What a presence says about capabilities: its `<c/>` (XEP-0115 §4).
///
/// ```
/// use xmpp_proto::modules::disco::{Caps, DiscoInfo, HashAlgorithm, Identity};
///
/// let info = DiscoInfo::new()
///     .with_identity(Identity::new("client", "pc").with_name("Exodus 0.9.1"))
///     .with_features(["http://jabber.org/protocol/caps", "http://jabber.org/protocol/muc"])
///     .with_features(["http://jabber.org/protocol/disco#info"])
///     .with_features(["http://jabber.org/protocol/disco#items"]);
/// let caps = Caps::of(&info, "http://code.google.com/p/exodus", HashAlgorithm::Sha1);
/// assert_eq!(caps.ver, "QgayPKawpkPSDYmwT/WM94uAlu0=");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caps {
    /// The name of the hash function, known or not.
    pub hash: String,
    /// A URI for the program, the same for all of its versions.
    pub node: String,
    /// The hash.
    pub ver: String,
}

impl Caps {
    /// What announces `info`; `node` is a URI for the program.
    #[must_use]
    pub fn of(info: &DiscoInfo, node: impl Into<String>, algorithm: HashAlgorithm) -> Self {
        let CapsHash { algorithm, ver } = CapsHash::of(info, algorithm);
        Self { hash: algorithm.name().into(), node: node.into(), ver }
    }

    /// What `presence` says. `None` if it says nothing, or in the form from before version 1.4, which
    /// names no hash function and proves nothing (XEP-0115 §13), or with more than
    /// [`MAX_CAPS_TEXT`] bytes in an attribute.
    #[must_use]
    pub fn from_presence(presence: &Presence) -> Option<Self> {
        Self::from_element(presence.element().child("c", ns::CAPS)?)
    }

    /// Reads a `<c/>`; `None` as for [`from_presence`](Self::from_presence).
    #[must_use]
    pub fn from_element(element: ElementRef<'_>) -> Option<Self> {
        if !element.is("c", ns::CAPS) {
            return None;
        }
        let attr = |name| {
            let value = element.attr(name)?;
            (!value.is_empty() && value.len() <= MAX_CAPS_TEXT).then(|| value.into_owned())
        };
        Some(Self { hash: attr("hash")?, node: attr("node")?, ver: attr("ver")? })
    }

    /// The `<c/>`.
    ///
    /// # Errors
    ///
    /// If a text holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        Element::builder("c", ns::CAPS)
            .attr("hash", &self.hash)
            .attr("node", &self.node)
            .attr("ver", &self.ver)
            .build()
    }

    /// The hash, if it can be verified: the function is a known one, and this can be its output.
    #[must_use]
    pub fn verifiable(&self) -> Option<CapsHash> {
        CapsHash::new(HashAlgorithm::from_name(&self.hash)?, &self.ver)
    }

    /// The node to ask about what this stands for (XEP-0115 §6.2).
    #[must_use]
    pub fn query_node(&self) -> String {
        format!("{}#{}", self.node, self.ver)
    }
}

/// The string whose hash stands for `info` (XEP-0115 §5.1).
#[must_use]
pub fn verification_string(info: &DiscoInfo) -> String {
    let mut text = String::new();
    let mut push = |part: &str| {
        text.push_str(part);
        text.push('<');
    };
    let mut identities: Vec<&Identity> = info.identities().iter().collect();
    // By category, type and language, each by bytes: the order of the struct's fields.
    identities.sort_unstable();
    for identity in identities {
        push(&identity_text(identity));
    }
    for feature in info.features() {
        push(feature);
    }
    // §5.4, rule 3.6: forms without a type do not count.
    let mut forms: Vec<(&str, &DataForm)> = typed_forms(info).collect();
    forms.sort_unstable_by_key(|(form_type, _)| *form_type);
    for (form_type, form) in forms {
        push(form_type);
        let mut fields: Vec<_> =
            form.fields.iter().filter(|field| field.var != FORM_TYPE).collect();
        fields.sort_by_key(|field| field.var.as_str());
        for field in fields {
            push(&field.var);
            let mut values: Vec<_> = field.values.iter().collect();
            values.sort_unstable();
            for value in values {
                push(value);
            }
        }
    }
    text
}

/// Checks whether `answer`, the payload of an answer of service discovery, is what `hash` stands
/// for, by the rules of XEP-0115 §5.4. What comes back holds nothing that was not hashed: no node,
/// and no forms without a type.
///
/// # Errors
///
/// [`CapsFault`]. The answer may still tell what the entity that gave it can do, but nothing about
/// others with the same hash.
pub fn verify(answer: ElementRef<'_>, hash: &CapsHash) -> Result<DiscoInfo, CapsFault> {
    let mut info = DiscoInfo::read(answer).map_err(CapsFault::Unreadable)?;
    check_form(&info)?;
    info.node = None;
    info.extensions.retain(|form| form.form_type().is_some());
    if CapsHash::of(&info, hash.algorithm) != *hash {
        return Err(CapsFault::Mismatch);
    }
    if is_ambiguous(&info) {
        return Err(CapsFault::Ambiguous);
    }
    Ok(info)
}

/// Why an answer is not what a hash stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapsFault {
    /// It is no answer of service discovery, or too large.
    Unreadable(ReadError),
    /// It is ill-formed: something is there twice that may be there once (XEP-0115 §5.4, rules 3.3
    /// to 3.5).
    Duplicate {
        /// What is there twice, such as `feature`.
        what: &'static str,
    },
    /// Its hash is another one (XEP-0115 §5.4, rule 3.9).
    Mismatch,
    /// Its hash is the right one, but other answers have it too (XEP-0115 §9.3).
    Ambiguous,
    /// The hash function is not known, or never gives such a hash (XEP-0115 §5.4, rule 2).
    UnknownHash,
}

impl fmt::Display for CapsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(fault) => fault.fmt(f),
            Self::Duplicate { what } => write!(f, "a {what} is there twice"),
            Self::Mismatch => f.write_str("the hash is that of another answer"),
            Self::Ambiguous => f.write_str("other answers have the same hash"),
            Self::UnknownHash => f.write_str("the hash function is not known"),
        }
    }
}

impl core::error::Error for CapsFault {}

/// CATEGORY '/' [TYPE] '/' [LANG] '/' [NAME]
fn identity_text(identity: &Identity) -> String {
    let text = |part: &Option<String>| part.as_deref().unwrap_or_default().to_owned();
    let (lang, name) = (text(&identity.lang), text(&identity.name));
    format!("{}/{}/{lang}/{name}", identity.category, identity.type_)
}

fn typed_forms(info: &DiscoInfo) -> impl Iterator<Item = (&str, &DataForm)> {
    info.extensions().iter().filter_map(|form| Some((form.form_type()?, form)))
}

/// XEP-0115 §5.4, rules 3.3 to 3.5, for an answer as it was read.
fn check_form(info: &DiscoInfo) -> Result<(), CapsFault> {
    no_twins(info.identities.iter().collect(), "identity")?;
    no_twins(info.features.iter().collect(), "feature")?;
    let mut form_types = Vec::new();
    for form in &info.extensions {
        // The rules do not name them, but their order, and so the hash, would be anybody's choice.
        no_twins(form.fields.iter().map(|field| &field.var).collect(), "field of a form")?;
        let Some(field) = form.field(FORM_TYPE) else { continue };
        let Some((first, others)) = field.values.split_first() else { continue };
        if others.iter().any(|other| other != first) {
            return Err(CapsFault::Duplicate { what: "type of a form" });
        }
        form_types.push(first);
    }
    no_twins(form_types, "form of one type")
}

fn no_twins<T: Ord>(mut all: Vec<T>, what: &'static str) -> Result<(), CapsFault> {
    all.sort_unstable();
    let twins = all.windows(2).any(|pair| pair.first() == pair.last());
    if twins { Err(CapsFault::Duplicate { what }) } else { Ok(()) }
}

/// Whether another answer, with more features or identities, has the same string.
fn is_ambiguous(info: &DiscoInfo) -> bool {
    let parts = |form: &DataForm| {
        let holds = |text: &String| text.contains('<');
        form.fields.iter().any(|field| holds(&field.var) || field.values.iter().any(holds))
    };
    // A `<` within a string could be the one behind it.
    if info.identities.iter().any(|identity| identity_text(identity).contains('<'))
        || info.features.iter().any(|feature| feature.contains('<'))
        || info.extensions.iter().any(parts)
    {
        return true;
    }
    let odd = |identity: &Identity| {
        let lang = identity.lang.as_deref().unwrap_or_default();
        identity.category.contains('/')
            || identity.type_.contains('/')
            || !lang.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    // An identity may hide among the features: at their beginning, as the first has it. Namespaces
    // of the form `http://..` have no type and are no identities.
    if info.identities.is_empty()
        || info.identities.iter().any(odd)
        || info.features.iter().any(|feature| is_like_identity(feature))
    {
        return true;
    }
    // Features may hide as a form: then its type comes after the last of the others, or is the first.
    // In a form that is one, it would be out of order among the features.
    let first_type = typed_forms(info).map(|(form_type, _)| form_type).min();
    let last_feature = info.features.last().map(String::as_str);
    first_type.is_some_and(|first_type| last_feature.is_none_or(|last| first_type > last))
}

fn is_like_identity(feature: &str) -> bool {
    let mut parts = feature.splitn(4, '/');
    let mut filled = || parts.next().is_some_and(|part| !part.is_empty());
    filled() && filled() && parts.count() == 2
}

#[cfg(test)]
mod tests;
