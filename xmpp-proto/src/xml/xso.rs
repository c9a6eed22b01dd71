//! Elements as values of any type that implements xso's traits, and back: those of the crate
//! `xmpp-parsers`, which knows more than a hundred extensions, and what derives them.
//!
//! Values are built from a walk over the element, without text or another tree between.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use core::fmt;

use ::minidom::rxml::parser::EventMetrics;
use ::minidom::rxml::{AttrMap, Event, Namespace, QName};
use ::xso::error::{Error as XsoError, FromEventsError};
use ::xso::fromxml::XmlNameMatcher;
use ::xso::{AsXml, Context, FromEventsBuilder, FromXml, Item};

use super::build_error::BuildError;
use super::builder::ElementBuilder;
use super::element::{Element, ElementRef};
use super::namespace::WELL_KNOWN;
use super::navigate::Child;
use crate::ns;

/// How much of a name an error keeps, in bytes.
const NAME_KEPT: usize = 64;

impl ElementRef<'_> {
    /// This element as a value of type `T`.
    ///
    /// Where `T` reads a language, it is that of the element or else of those around it, as
    /// XML 1.0 §2.12 has it.
    ///
    /// # Errors
    ///
    /// If it is not an element of this type ([`DecodeError::is_mismatch`]), or its content is not
    /// what the type demands.
    pub fn decode<T: FromXml>(self) -> Result<T, DecodeError> {
        let error = |cause| DecodeError::new::<T>(self, cause);
        if !may_be::<T>(self) {
            return Err(error(None));
        }
        let around = lang_around(self);
        let lang = own_lang(self).or_else(|| around.clone());
        let (name, attrs) = start_tag(self).map_err(|cause| error(Some(cause)))?;
        let mut builder = match T::from_events(name, attrs, &context(lang.as_deref())) {
            Ok(builder) => builder,
            Err(FromEventsError::Mismatch { .. }) => return Err(error(None)),
            Err(FromEventsError::Invalid(cause)) => return Err(error(Some(cause))),
        };

        let mut open = vec![(self.children(), lang)];
        while let Some((children, lang)) = open.last_mut() {
            let event = match children.next() {
                Some(Child::Element(child)) => {
                    let lang = own_lang(child).or_else(|| lang.clone());
                    open.push((child.children(), lang));
                    start_tag(child)
                        .map(|(name, attrs)| Event::StartElement(EventMetrics::zero(), name, attrs))
                }
                Some(Child::Text(text)) => Ok(Event::Text(EventMetrics::zero(), text.into_owned())),
                None => {
                    open.pop();
                    Ok(Event::EndElement(EventMetrics::zero()))
                }
            };
            // After an end tag, the language is that of what goes on.
            let lang = open.last().map_or(&around, |(_, lang)| lang);
            let fed = event.and_then(|event| builder.feed(event, &context(lang.as_deref())));
            if let Some(value) = fed.map_err(|cause| error(Some(cause)))? {
                return Ok(value);
            }
        }
        Err(error(Some(XsoError::Other("the type does not end with its element"))))
    }
}

impl Element {
    /// This element as a value of type `T`; see [`ElementRef::decode`].
    ///
    /// ```
    /// use xmpp_parsers::disco::DiscoInfoQuery;
    /// use xmpp_proto::xml::Element;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let query: Element =
    ///     "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>".parse()?;
    /// let info = query.decode::<DiscoInfoQuery>()?;
    /// assert_eq!(info.node.as_deref(), Some("n"));
    /// assert_eq!(Element::encode(&info)?, query);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ElementRef::decode`].
    pub fn decode<T: FromXml>(&self) -> Result<T, DecodeError> {
        self.as_ref().decode()
    }

    /// The element that `value` is written as.
    ///
    /// # Errors
    ///
    /// If the value cannot be written, holds what XML does not allow, or is not written as one
    /// element, such as `None`.
    pub fn encode<T: AsXml>(value: &T) -> Result<Self, EncodeError> {
        let mut builder = None;
        let mut depth = 0_usize;
        for item in value.as_xml_iter()? {
            match (item?, &mut builder) {
                (Item::XmlDeclaration(_), _) => {}
                (Item::ElementHeadStart(ns, name), None) => {
                    builder = Some(ElementBuilder::new(&name, &ns));
                    depth = 1;
                }
                (_, None) => return Err(EncodeError::NotOneElement),
                (_, Some(_)) if depth == 0 => return Err(EncodeError::NotOneElement),
                (Item::ElementHeadStart(ns, name), Some(builder)) => {
                    builder.open(&name, &ns);
                    depth += 1;
                }
                (Item::Attribute(ns, name, value), Some(builder)) => {
                    builder.set_attr(&name, &ns, &value);
                }
                (Item::ElementHeadEnd, Some(_)) => {}
                (Item::Text(text), Some(builder)) => builder.push_text(&text),
                (Item::ElementFoot, Some(builder)) => {
                    builder.close();
                    depth -= 1;
                }
            }
        }
        match builder {
            Some(builder) if depth == 0 => Ok(builder.build()?),
            _ => Err(EncodeError::NotOneElement),
        }
    }
}

/// Why an element is not a value of some type.
///
/// Texts and values of attributes are not repeated. For those which the type refused, the
/// [`source`](core::error::Error::source) may tell more.
#[derive(Debug)]
pub struct DecodeError {
    element: Box<str>,
    ns: Box<str>,
    wanted: &'static str,
    cause: Option<XsoError>,
}

impl DecodeError {
    /// Without a cause, the element is another one.
    fn new<T>(element: ElementRef<'_>, cause: Option<XsoError>) -> Self {
        let kept = |name: &str| Box::from(&name[..name.floor_char_boundary(NAME_KEPT)]);
        Self {
            element: kept(element.name()),
            ns: kept(element.ns()),
            wanted: core::any::type_name::<T>(),
            cause,
        }
    }

    /// Whether the type is for other elements than this one, rather than the content at fault.
    #[must_use]
    pub fn is_mismatch(&self) -> bool {
        self.cause.is_none()
    }

    /// The local name of the element, cut after 64 bytes.
    #[must_use]
    pub fn element(&self) -> &str {
        &self.element
    }

    /// The namespace name of the element, cut after 64 bytes.
    #[must_use]
    pub fn ns(&self) -> &str {
        &self.ns
    }

    /// What is wrong with the content; `None` for a mismatch.
    #[must_use]
    pub fn cause(&self) -> Option<&XsoError> {
        self.cause.as_ref()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { element, ns, wanted, cause } = self;
        let (element, ns) = (element.escape_debug(), ns.escape_debug());
        write!(f, "<{element}/> of namespace `{ns}` is no {wanted}")?;
        match cause {
            None => Ok(()),
            // It may quote what was refused.
            Some(XsoError::TextParseError(_)) => f.write_str(": a value in it cannot be read"),
            Some(cause) => write!(f, ": {cause}"),
        }
    }
}

impl core::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

/// Why a value cannot be written as an element.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// The type refuses to write this value.
    Refused(XsoError),
    /// The value holds what XML does not allow.
    Build(BuildError),
    /// What the type writes is not one element.
    NotOneElement,
}

impl From<XsoError> for EncodeError {
    fn from(error: XsoError) -> Self {
        Self::Refused(error)
    }
}

impl From<BuildError> for EncodeError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(XsoError::TextParseError(_)) => f.write_str("a value cannot be written"),
            Self::Refused(error) => write!(f, "the value cannot be written: {error}"),
            Self::Build(error) => fmt::Display::fmt(error, f),
            Self::NotOneElement => f.write_str("the value is not written as one element"),
        }
    }
}

impl core::error::Error for EncodeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            Self::Build(error) => Some(error),
            Self::NotOneElement => None,
        }
    }
}

/// Whether `T` may be for this element, found out without copying any of it.
fn may_be<T: FromXml>(element: ElementRef<'_>) -> bool {
    match T::xml_name_matcher() {
        XmlNameMatcher::Any => true,
        XmlNameMatcher::InNamespace(ns) => element.ns() == ns,
        // xso 0.4 merges two matchers for the same element into one with the name in both places.
        XmlNameMatcher::Specific(ns, name) => ns == name || element.is(name, ns),
    }
}

/// The tag in the words of rxml.
fn start_tag(element: ElementRef<'_>) -> Result<(QName, AttrMap), XsoError> {
    let mut attrs = AttrMap::new();
    for attr in element.attrs() {
        let ns = shared_namespace(attr.node().ns(), attr.ns());
        attrs.insert(ns, attr.name().try_into()?, attr.value().into_owned());
    }
    let ns = shared_namespace(element.node().ns(), element.ns());
    Ok(((ns, element.name().try_into()?), attrs))
}

/// The namespace with this id and name. Only those that are not well known are copied.
pub(super) fn shared_namespace(id: u16, name: &str) -> Namespace<'static> {
    match WELL_KNOWN.get(usize::from(id)) {
        Some(name) => Namespace::from_str(name),
        None => Namespace::from(String::from(name)),
    }
}

fn context(lang: Option<&str>) -> Context<'_> {
    Context::empty().with_language(lang)
}

fn own_lang(element: ElementRef<'_>) -> Option<Cow<'_, str>> {
    element.attr_ns("lang", ns::XML)
}

/// The language that an element inherits within its tree (XML 1.0 §2.12).
fn lang_around(element: ElementRef<'_>) -> Option<Cow<'_, str>> {
    let mut outer = ElementRef::at(element.tree(), 0);
    let mut lang = None;
    while outer.index() < element.index() {
        lang = own_lang(outer).or(lang);
        outer = outer.elements().find(|child| element.index() < child.node().next())?;
    }
    lang
}

#[cfg(test)]
mod tests;
