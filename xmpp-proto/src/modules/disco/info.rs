//! What an entity is and can do: the payload of disco#info (XEP-0030 §3).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::form::DataForm;
use crate::modules::ReadError;
use crate::ns;
use crate::xml::{BuildError, Element, ElementBuilder, ElementRef};

/// Identities that an answer may have.
pub const MAX_IDENTITIES: usize = 64;
/// Features that an answer may have.
pub const MAX_FEATURES: usize = 2048;
/// Data forms that an answer may have.
pub const MAX_FORMS: usize = 32;

/// What an entity is and can do (XEP-0030 §3): its identities, its features, and forms with more.
///
/// Features are sorted and each is there once.
///
/// ```
/// use xmpp_proto::modules::disco::{DiscoInfo, Identity};
///
/// let info = DiscoInfo::new()
///     .with_identity(Identity::new("conference", "text").with_name("Balcony"))
///     .with_features(["muc_hidden", "http://jabber.org/protocol/muc"]);
/// assert!(info.has_feature("muc_hidden"));
///
/// let payload = info.to_element()?;
/// assert_eq!(DiscoInfo::from_element(payload.as_ref())?, info);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DiscoInfo {
    pub(super) node: Option<String>,
    pub(super) identities: Vec<Identity>,
    pub(super) features: Vec<String>,
    pub(super) extensions: Vec<DataForm>,
}

/// What an entity is: a category and a type of the
/// [registry](https://xmpp.org/registrar/disco-categories.html), such as `client` and `phone`
/// (XEP-0030 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The category, such as `client`, `server` or `conference`.
    pub category: String,
    /// The type within the category, such as `pc`.
    pub type_: String,
    /// The language of the name: the attribute `xml:lang` of the identity itself.
    pub lang: Option<String>,
    /// A name for people.
    pub name: Option<String>,
}

impl Identity {
    /// An identity without a name.
    #[must_use]
    pub fn new(category: impl Into<String>, type_: impl Into<String>) -> Self {
        Self { category: category.into(), type_: type_.into(), lang: None, name: None }
    }

    /// With a name for people.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With a name for people, in the language `lang`.
    #[must_use]
    pub fn with_name_in(mut self, lang: impl Into<String>, name: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self.with_name(name)
    }
}

impl DiscoInfo {
    /// Nothing known.
    #[must_use]
    pub const fn new() -> Self {
        Self { node: None, identities: Vec::new(), features: Vec::new(), extensions: Vec::new() }
    }

    /// With one more identity. An entity has at least one (XEP-0030 §3.1).
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identities.push(identity);
        self
    }

    /// With one more feature.
    #[must_use]
    pub fn with_feature(mut self, feature: &str) -> Self {
        if let Err(at) = self.find(feature) {
            self.features.insert(at, feature.into());
        }
        self
    }

    /// With more features.
    #[must_use]
    pub fn with_features<F: Into<String>>(mut self, features: impl IntoIterator<Item = F>) -> Self {
        self.features.extend(features.into_iter().map(Into::into));
        self.features.sort_unstable();
        self.features.dedup();
        self
    }

    /// With one more form (XEP-0128).
    #[must_use]
    pub fn with_extension(mut self, form: DataForm) -> Self {
        self.extensions.push(form);
        self
    }

    /// About `node` instead of the entity itself (XEP-0030 §3.2).
    #[must_use]
    pub fn with_node(mut self, node: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// The node it is about; `None` for the entity itself (XEP-0030 §3.2).
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// What the entity is.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Whether the entity is of this category and type.
    #[must_use]
    pub fn is(&self, category: &str, type_: &str) -> bool {
        self.identities.iter().any(|own| own.category == category && own.type_ == type_)
    }

    /// The protocols and features it supports, in the order of their bytes.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// Whether it supports `feature`.
    #[must_use]
    pub fn has_feature(&self, feature: &str) -> bool {
        self.find(feature).is_ok()
    }

    /// Forms with more about it (XEP-0128).
    #[must_use]
    pub fn extensions(&self) -> &[DataForm] {
        &self.extensions
    }

    /// The form of the type `form_type` (XEP-0128).
    #[must_use]
    pub fn extension(&self, form_type: &str) -> Option<&DataForm> {
        self.extensions.iter().find(|form| form.form_type() == Some(form_type))
    }

    /// The payload of a request about an entity or one of its nodes (XEP-0030 §3.1, §3.2).
    ///
    /// # Errors
    ///
    /// If `node` holds a character that XML does not allow.
    pub fn query(node: Option<&str>) -> Result<Element, BuildError> {
        query(ns::DISCO_INFO, node).build()
    }

    /// Reads the payload of an answer. What lacks a part that it must have is left out, such as a
    /// feature without a name.
    ///
    /// # Errors
    ///
    /// [`ReadError`], if it is another element, or has more of something than is read:
    /// [`MAX_IDENTITIES`], [`MAX_FEATURES`], [`MAX_FORMS`], and for each form
    /// [`MAX_FIELDS`](super::form::MAX_FIELDS) and [`MAX_VALUES`](super::form::MAX_VALUES).
    pub fn from_element(element: ElementRef<'_>) -> Result<Self, ReadError> {
        let mut info = Self::read(element)?;
        info.features.dedup();
        Ok(info)
    }

    /// Reads an answer as it is: what it has twice is there twice. Features are sorted.
    pub(super) fn read(element: ElementRef<'_>) -> Result<Self, ReadError> {
        if !element.is("query", ns::DISCO_INFO) {
            return Err(ReadError::Missing { what: "query of disco#info" });
        }
        let mut info = Self { node: element.attr("node").map(Cow::into_owned), ..Self::new() };
        for child in element.elements() {
            match (child.ns(), child.name()) {
                (ns::DISCO_INFO, "identity") => {
                    let Some(identity) = read_identity(child) else { continue };
                    check_room(&info.identities, "identities", MAX_IDENTITIES)?;
                    info.identities.push(identity);
                }
                (ns::DISCO_INFO, "feature") => {
                    let Some(var) = not_empty(child, "var") else { continue };
                    check_room(&info.features, "features", MAX_FEATURES)?;
                    info.features.push(var);
                }
                (ns::DATA_FORMS, "x") => {
                    check_room(&info.extensions, "forms", MAX_FORMS)?;
                    info.extensions.push(DataForm::read(child)?);
                }
                _ => {}
            }
        }
        info.features.sort_unstable();
        Ok(info)
    }

    /// Writes the payload of an answer.
    ///
    /// # Errors
    ///
    /// If a string in it holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        let mut element = query(ns::DISCO_INFO, self.node());
        for identity in &self.identities {
            element = element.child_with("identity", ns::DISCO_INFO, |mut child| {
                child = child.attr("category", &identity.category).attr("type", &identity.type_);
                if let Some(lang) = &identity.lang {
                    child = child.attr_ns("lang", ns::XML, lang);
                }
                match &identity.name {
                    Some(name) => child.attr("name", name),
                    None => child,
                }
            });
        }
        for feature in &self.features {
            element =
                element.child_with("feature", ns::DISCO_INFO, |child| child.attr("var", feature));
        }
        for form in &self.extensions {
            element = form.write_to(element);
        }
        element.build()
    }

    /// An estimate of the memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let identity = |own: &Identity| {
            let texts = own.category.len() + own.type_.len() + len(&own.lang) + len(&own.name);
            size_of::<Identity>() + texts
        };
        let feature = |own: &String| size_of::<String>() + own.len();
        size_of::<Self>()
            + len(&self.node)
            + self.identities.iter().map(identity).sum::<usize>()
            + self.features.iter().map(feature).sum::<usize>()
            + self.extensions.iter().map(DataForm::size).sum::<usize>()
    }

    fn find(&self, feature: &str) -> Result<usize, usize> {
        self.features.binary_search_by(|own| own.as_str().cmp(feature))
    }
}

/// Begins a `<query/>`, which is a whole request already.
pub(super) fn query(ns: &str, node: Option<&str>) -> ElementBuilder {
    let element = Element::builder("query", ns);
    match node {
        Some(node) => element.attr("node", node),
        None => element,
    }
}

/// XEP-0030 §3.1: category and type must be there.
fn read_identity(element: ElementRef<'_>) -> Option<Identity> {
    Some(Identity {
        category: not_empty(element, "category")?,
        type_: not_empty(element, "type")?,
        // Inherited languages do not count: what is hashed is what is written (XEP-0115 §5.1).
        lang: element.attr_ns("lang", ns::XML).filter(|lang| !lang.is_empty()).map(Cow::into_owned),
        name: element.attr("name").filter(|name| !name.is_empty()).map(Cow::into_owned),
    })
}

fn not_empty(element: ElementRef<'_>, name: &str) -> Option<String> {
    element.attr(name).filter(|value| !value.is_empty()).map(Cow::into_owned)
}

fn check_room<T>(list: &[T], what: &'static str, limit: usize) -> Result<(), ReadError> {
    if list.len() < limit { Ok(()) } else { Err(ReadError::TooMany { what, limit }) }
}

#[cfg(test)]
mod tests;
