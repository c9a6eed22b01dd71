//! What all stanzas have in common: addresses, id, language (RFC 6120 §8.1).

use alloc::borrow::Cow;
use alloc::boxed::Box;

use super::fault::{AddressField, StanzaFault, StanzaFaultKind};
use super::{StanzaError, lang};
use crate::jid::Jid;
use crate::ns;
use crate::xml::{BuildError, Element, ElementBuilder};

/// An element with the parts of its head that are needed again and again.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) element: Element,
    pub(super) to: Option<Jid>,
    pub(super) from: Option<Jid>,
    /// The `id`, if it does not stand literally in the element (character references).
    decoded_id: Option<Box<str>>,
}

impl Head {
    /// Reads the attributes, checks the addresses, and the type by `type_`. Where the sender is
    /// known already, it is `from`.
    pub(super) fn new<T>(
        element: Element,
        from: Option<Jid>,
        type_: impl FnOnce(Option<&str>) -> Result<T, StanzaFaultKind>,
    ) -> Result<(Self, T), StanzaFault> {
        match Self::read(&element, from, type_) {
            Ok((to, from, decoded_id, type_)) => {
                Ok((Self { element, to, from, decoded_id }, type_))
            }
            Err(kind) => Err(StanzaFault::new(element, kind)),
        }
    }

    #[expect(clippy::type_complexity, reason = "the fields of `Self` but the element")]
    fn read<T>(
        element: &Element,
        sender: Option<Jid>,
        type_: impl FnOnce(Option<&str>) -> Result<T, StanzaFaultKind>,
    ) -> Result<(Option<Jid>, Option<Jid>, Option<Box<str>>, T), StanzaFaultKind> {
        // One pass, since every stanza received comes through here.
        let (mut to, mut from, mut id, mut found_type) = (None, None, None, None);
        for attr in element.attrs().filter(|attr| attr.ns().is_empty()) {
            let slot = match attr.name() {
                "to" => &mut to,
                "from" => &mut from,
                "id" => &mut id,
                "type" => &mut found_type,
                _ => continue,
            };
            *slot = Some(attr.value());
        }
        let address = |field, text: Option<Cow<'_, str>>| match text {
            Some(text) => Jid::from_wire(&text)
                .map(Some)
                .map_err(|error| StanzaFaultKind::MalformedAddress { field, error }),
            None => Ok(None),
        };
        let type_ = type_(found_type.as_deref())?;
        let from = match sender {
            Some(sender) => Some(sender),
            None => address(AddressField::From, from)?,
        };
        let to = address(AddressField::To, to)?;
        let decoded_id = match id {
            Some(Cow::Owned(id)) => Some(id.into_boxed_str()),
            _ => None,
        };
        Ok((to, from, decoded_id, type_))
    }

    /// Takes the addresses as given; they should be those of the element.
    pub(super) fn trust(element: Element, to: Option<Jid>, from: Option<Jid>) -> Self {
        let decoded_id = match element.attr("id") {
            Some(Cow::Owned(id)) => Some(id.into_boxed_str()),
            _ => None,
        };
        Self { element, to, from, decoded_id }
    }

    pub(super) fn id(&self) -> Option<&str> {
        if let Some(id) = &self.decoded_id {
            return Some(id);
        }
        match self.element.attr("id") {
            Some(Cow::Borrowed(id)) => Some(id),
            _ => None,
        }
    }

    pub(super) fn lang(&self) -> Option<Cow<'_, str>> {
        lang::of(self.element.as_ref())
    }

    /// A stanza of the same name back to where this one came from, with the same id.
    pub(super) fn answer(&self, type_: &str) -> HeadBuilder {
        let mut answer = HeadBuilder::new(self.element.name());
        if let Some(to) = &self.from {
            answer = answer.to(to.clone());
        }
        if let Some(from) = &self.to {
            answer = answer.from(from.clone());
        }
        if let Some(id) = self.id() {
            answer.element = answer.element.attr("id", id);
        }
        answer.element = answer.element.attr("type", type_);
        answer
    }

    /// The error stanza that answers this one (RFC 6120 §8.3.1); with the children of this one
    /// before the error if `quote` says so.
    pub(super) fn error_answer(
        &self,
        error: &StanzaError,
        quote: bool,
    ) -> Result<Self, BuildError> {
        let mut answer = self.answer("error");
        if quote {
            answer.element = answer.element.children(self.element.elements());
        }
        answer.element = answer.element.child_with("error", ns::CLIENT, |e| error.write_to(e));
        answer.build()
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.element == other.element
    }
}

impl Eq for Head {}

/// Builds a [`Head`].
#[derive(Clone, Debug)]
pub(super) struct HeadBuilder {
    pub(super) element: ElementBuilder,
    to: Option<Jid>,
    from: Option<Jid>,
}

impl HeadBuilder {
    pub(super) fn new(name: &str) -> Self {
        Self { element: Element::builder(name, ns::CLIENT), to: None, from: None }
    }

    /// A child called `name` follows, of which there is one: it takes the place of an earlier one.
    pub(super) fn single(mut self, name: &str) -> Self {
        self.element.remove_child(name);
        self
    }

    pub(super) fn to(mut self, to: Jid) -> Self {
        self.element = self.element.attr("to", to.as_str());
        self.to = Some(to);
        self
    }

    pub(super) fn from(mut self, from: Jid) -> Self {
        self.element = self.element.attr("from", from.as_str());
        self.from = Some(from);
        self
    }

    /// A child with text for people, in the language of the stanza or in `lang`.
    pub(super) fn text(mut self, name: &str, lang: Option<&str>, text: &str) -> Self {
        self.element = self.element.child_with(name, ns::CLIENT, |child| match lang {
            Some(lang) => child.attr_ns("lang", ns::XML, lang).text(text),
            None => child.text(text),
        });
        self
    }

    pub(super) fn build(self) -> Result<Head, BuildError> {
        Ok(Head::trust(self.element.build()?, self.to, self.from))
    }

    /// As [`build`](Self::build) for a stanza that may be of type error: then it must say which
    /// (RFC 6120 §8.3.1).
    pub(super) fn build_any(self, is_error: bool) -> Result<Head, BuildError> {
        let head = self.build()?;
        let element = &head.element;
        if is_error && element.child("error", ns::CLIENT).is_none() {
            return Err(BuildError::missing_error(element.name()));
        }
        Ok(head)
    }
}
