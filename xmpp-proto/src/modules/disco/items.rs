//! What belongs to an entity: the payload of disco#items (XEP-0030 §4).

use alloc::string::String;
use alloc::vec::Vec;

use super::info::query;
use crate::jid::Jid;
use crate::modules::ReadError;
use crate::ns;
use crate::xml::{BuildError, Element, ElementRef};

/// Items that an answer may have.
pub const MAX_ITEMS: usize = 8192;

/// What belongs to an entity: its rooms, its services, its resources (XEP-0030 §4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoItems {
    /// The node that was asked about, if it was one.
    pub node: Option<String>,
    /// The items, in the order of the answer.
    pub items: Vec<DiscoItem>,
}

/// One of [`DiscoItems`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoItem {
    /// Where to ask about it.
    pub jid: Jid,
    /// Which node to ask about, if it has no address of its own (XEP-0030 §4.2).
    pub node: Option<String>,
    /// A name for people.
    pub name: Option<String>,
}

impl DiscoItem {
    /// An item with an address of its own.
    #[must_use]
    pub fn new(jid: impl Into<Jid>) -> Self {
        Self { jid: jid.into(), node: None, name: None }
    }

    /// With a name for people.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With the node to ask about.
    #[must_use]
    pub fn with_node(mut self, node: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self
    }
}

impl DiscoItems {
    /// The payload of a request for the items of an entity or of one of its nodes
    /// (XEP-0030 §4.1, §4.2).
    ///
    /// # Errors
    ///
    /// If `node` holds a character that XML does not allow.
    pub fn query(node: Option<&str>) -> Result<Element, BuildError> {
        query(ns::DISCO_ITEMS, node).build()
    }

    /// Reads the payload of an answer. Items without a valid address are left out.
    ///
    /// # Errors
    ///
    /// [`ReadError`], if it is another element or has more than [`MAX_ITEMS`] items.
    pub fn from_element(element: ElementRef<'_>) -> Result<Self, ReadError> {
        if !element.is("query", ns::DISCO_ITEMS) {
            return Err(ReadError::Missing { what: "query of disco#items" });
        }
        let owned = |value: alloc::borrow::Cow<'_, str>| value.into_owned();
        let mut items = Vec::new();
        for item in element.elements().filter(|child| child.is("item", ns::DISCO_ITEMS)) {
            let Some(jid) = item.attr("jid").and_then(|jid| Jid::from_wire(&jid).ok()) else {
                continue;
            };
            if items.len() == MAX_ITEMS {
                return Err(ReadError::TooMany { what: "items", limit: MAX_ITEMS });
            }
            // XEP-0030 §4.2: a node is not empty.
            let node = item.attr("node").filter(|node| !node.is_empty()).map(owned);
            items.push(DiscoItem { jid, node, name: item.attr("name").map(owned) });
        }
        Ok(Self { node: element.attr("node").map(owned), items })
    }

    /// Writes the payload of an answer.
    ///
    /// # Errors
    ///
    /// If a name or a node holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        let mut element = query(ns::DISCO_ITEMS, self.node.as_deref());
        for item in &self.items {
            element = element.child_with("item", ns::DISCO_ITEMS, |mut child| {
                child = child.attr("jid", item.jid.as_str());
                if let Some(node) = &item.node {
                    child = child.attr("node", node);
                }
                match &item.name {
                    Some(name) => child.attr("name", name),
                    None => child,
                }
            });
        }
        element.build()
    }
}
