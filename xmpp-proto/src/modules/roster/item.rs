//! What a roster is made of: items, and the payload that carries them (RFC 6121 §2.1).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::jid::{BareJid, JidError};
use crate::ns;
use crate::xml::{BuildError, Element, ElementBuilder, ElementRef};

/// Who sees whose presence (RFC 6121 §2.1.2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subscription {
    /// Neither sees the other.
    #[default]
    None,
    /// The owner of the roster sees the contact.
    To,
    /// The contact sees the owner of the roster.
    From,
    /// Each sees the other.
    Both,
    /// The item is to be removed, or was.
    Remove,
}

impl Subscription {
    /// Every value.
    pub const ALL: &'static [Self] = &[Self::None, Self::To, Self::From, Self::Both, Self::Remove];

    /// The value on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::To => "to",
            Self::From => "from",
            Self::Both => "both",
            Self::Remove => "remove",
        }
    }

    /// The value called `name` on the wire, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|subscription| subscription.name() == name)
    }

    /// Whether the owner of the roster sees the contact's presence.
    #[must_use]
    pub const fn is_to(self) -> bool {
        matches!(self, Self::To | Self::Both)
    }

    /// Whether the contact sees the presence of the roster's owner.
    #[must_use]
    pub const fn is_from(self) -> bool {
        matches!(self, Self::From | Self::Both)
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How large what is read from a roster may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterLimits {
    /// Items of one payload. 10,000 unless set.
    pub max_items: usize,
    /// Bytes of the name of an item, as of a version. 1,023 unless set.
    pub max_name: usize,
    /// Groups of one item. 64 unless set.
    pub max_groups: usize,
    /// Bytes of the name of a group. 1,023 unless set.
    pub max_group: usize,
}

impl Default for RosterLimits {
    fn default() -> Self {
        Self { max_items: 10_000, max_name: 1023, max_groups: 64, max_group: 1023 }
    }
}

/// A contact in a roster (RFC 6121 §2.1.2).
///
/// ```
/// use xmpp_proto::jid::BareJid;
/// use xmpp_proto::modules::roster::{RosterItem, RosterLimits};
///
/// let item = RosterItem::new(BareJid::new("romeo@example.net")?)
///     .with_name("Romeo")
///     .with_group("Friends");
/// let element = item.to_element()?;
/// assert_eq!(RosterItem::from_element(element.as_ref(), &RosterLimits::default())?, item);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterItem {
    /// The contact (§2.1.2.3).
    pub jid: BareJid,
    /// The handle by which the owner of the roster knows the contact (§2.1.2.4). An empty one on
    /// the wire is none.
    pub name: Option<String>,
    /// Who sees whose presence (§2.1.2.5).
    pub subscription: Subscription,
    /// Whether a request to see the contact's presence waits for the contact's answer: `ask`
    /// (§2.1.2.2).
    pub ask: bool,
    /// Whether a request of the contact is approved in advance (§2.1.2.1).
    pub approved: bool,
    /// The groups that the owner of the roster put the contact into (§2.1.2.6), in order, none
    /// empty, none twice.
    pub groups: Vec<String>,
}

impl RosterItem {
    /// An item without a name, groups or subscription.
    #[must_use]
    pub fn new(jid: impl Into<BareJid>) -> Self {
        Self {
            jid: jid.into(),
            name: None,
            subscription: Subscription::None,
            ask: false,
            approved: false,
            groups: Vec::new(),
        }
    }

    /// With a name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With one more group. One that it is in already is not added again.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        let group = group.into();
        if !self.groups.contains(&group) {
            self.groups.push(group);
        }
        self
    }

    /// With a subscription. Clients set only [`Subscription::Remove`]: servers ignore the others
    /// (RFC 6121 §2.1.2.5).
    #[must_use]
    pub fn with_subscription(mut self, subscription: Subscription) -> Self {
        self.subscription = subscription;
        self
    }

    /// Reads an `<item/>` as a server sends it. A subscription that is missing or unknown counts
    /// as none; empty groups and groups that repeat are left out.
    ///
    /// # Errors
    ///
    /// If it is no item, names nobody, or exceeds `limits`.
    pub fn from_element(item: ElementRef<'_>, limits: &RosterLimits) -> Result<Self, ItemError> {
        Self::read(item, limits, Groups::Mended)
    }

    /// Reads an `<item/>` of a roster set as a server has to (RFC 6121 §2.3.3).
    ///
    /// # Errors
    ///
    /// As [`from_element`](Self::from_element), and for groups that are empty or repeat.
    pub fn from_request(item: ElementRef<'_>, limits: &RosterLimits) -> Result<Self, ItemError> {
        Self::read(item, limits, Groups::Checked)
    }

    fn read(
        item: ElementRef<'_>,
        limits: &RosterLimits,
        groups: Groups,
    ) -> Result<Self, ItemError> {
        if !item.is("item", ns::ROSTER) {
            return Err(ItemError::NotAnItem);
        }
        let jid = item.attr("jid").ok_or(ItemError::MissingJid)?;
        let jid = BareJid::from_wire(&jid).map_err(ItemError::MalformedJid)?;
        let name = item.attr("name").filter(|name| !name.is_empty());
        if let Some(name) = &name {
            within(name.len(), limits.max_name)
                .map_err(|limit| ItemError::NameTooLong { limit })?;
        }
        let subscription = item.attr("subscription");
        let subscription = subscription.and_then(|name| Subscription::from_name(&name));
        Ok(Self {
            jid,
            name: name.map(Cow::into_owned),
            subscription: subscription.unwrap_or_default(),
            ask: item.attr("ask").is_some_and(|ask| ask == "subscribe"),
            approved: item.attr("approved").is_some_and(|yes| matches!(&*yes, "true" | "1")),
            groups: groups.read(item, limits)?,
        })
    }

    /// Writes an `<item/>`. What says nothing is left out.
    ///
    /// # Errors
    ///
    /// If the name or a group holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        let mut item = Element::builder("item", ns::ROSTER);
        self.fill(&mut item);
        item.build()
    }

    /// Writes it as a child of the `<query/>` that was begun, in place: rosters may be large.
    pub(crate) fn write_to(&self, query: &mut ElementBuilder) {
        query.open("item", ns::ROSTER);
        self.fill(query);
        query.close();
    }

    /// Writes attributes and groups of the `<item/>` that was begun.
    fn fill(&self, item: &mut ElementBuilder) {
        item.set_attr("jid", "", self.jid.as_str());
        if let Some(name) = &self.name {
            item.set_attr("name", "", name);
        }
        item.set_attr("subscription", "", self.subscription.name());
        if self.ask {
            item.set_attr("ask", "", "subscribe");
        }
        if self.approved {
            item.set_attr("approved", "", "true");
        }
        for group in &self.groups {
            item.open("group", ns::ROSTER);
            item.push_text(group);
            item.close();
        }
    }
}

/// What becomes of groups that are empty or repeat.
#[derive(Clone, Copy)]
enum Groups {
    /// They are left out.
    Mended,
    /// They are errors.
    Checked,
}

impl Groups {
    fn read(self, item: ElementRef<'_>, limits: &RosterLimits) -> Result<Vec<String>, ItemError> {
        let mut groups: Vec<String> = Vec::new();
        for group in item.elements().filter(|child| child.is("group", ns::ROSTER)) {
            let name = group.text();
            let fault = if name.is_empty() {
                Some(ItemError::EmptyGroup)
            } else if groups.iter().any(|group| *group == name) {
                Some(ItemError::DuplicateGroup)
            } else {
                None
            };
            match (self, fault) {
                (Self::Checked, Some(fault)) => return Err(fault),
                (Self::Mended, Some(_)) => continue,
                (_, None) => {}
            }
            within(name.len(), limits.max_group)
                .map_err(|limit| ItemError::GroupTooLong { limit })?;
            within(groups.len() + 1, limits.max_groups)
                .map_err(|limit| ItemError::TooManyGroups { limit })?;
            groups.push(name.into_owned());
        }
        Ok(groups)
    }
}

fn within(found: usize, limit: usize) -> Result<(), usize> {
    if found > limit { Err(limit) } else { Ok(()) }
}

/// Why an `<item/>` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemError {
    /// The element is not an `<item/>` of a roster.
    NotAnItem,
    /// It names nobody (RFC 6121 §2.1.2.3).
    MissingJid,
    /// Its address is malformed, or that of a resource.
    MalformedJid(JidError),
    /// The name has more bytes than allowed (§2.3.3).
    NameTooLong {
        /// [`RosterLimits::max_name`].
        limit: usize,
    },
    /// The name of a group has no characters (§2.3.3).
    EmptyGroup,
    /// The name of a group has more bytes than allowed (§2.3.3).
    GroupTooLong {
        /// [`RosterLimits::max_group`].
        limit: usize,
    },
    /// Two groups have the same name (§2.3.3).
    DuplicateGroup,
    /// More groups than allowed.
    TooManyGroups {
        /// [`RosterLimits::max_groups`].
        limit: usize,
    },
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnItem => f.write_str("not an item of a roster"),
            Self::MissingJid => f.write_str("a roster item without address"),
            Self::MalformedJid(error) => write!(f, "a roster item with a bad address: {error}"),
            Self::NameTooLong { limit } => {
                write!(f, "the name of a roster item has more than {limit} bytes")
            }
            Self::EmptyGroup => f.write_str("the name of a roster group is empty"),
            Self::GroupTooLong { limit } => {
                write!(f, "the name of a roster group has more than {limit} bytes")
            }
            Self::DuplicateGroup => f.write_str("a roster item is in the same group twice"),
            Self::TooManyGroups { limit } => {
                write!(f, "a roster item is in more than {limit} groups")
            }
        }
    }
}

impl core::error::Error for ItemError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::MalformedJid(error) => Some(error),
            _ => None,
        }
    }
}

/// The `<query/>` of a roster get, its result, a set or a push (RFC 6121 §2.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterPayload {
    /// The version (§2.1.1.1): in a get, of the roster that the client has; otherwise, of the
    /// roster after what this says. Empty in a get: the client has none, but knows versions.
    pub ver: Option<String>,
    /// The items.
    pub items: Vec<RosterItem>,
    /// Why others could not be read.
    pub faults: Vec<ItemError>,
}

impl RosterPayload {
    /// A payload without version and items: a get.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a version.
    #[must_use]
    pub fn with_ver(mut self, ver: impl Into<String>) -> Self {
        self.ver = Some(ver.into());
        self
    }

    /// With one more item.
    #[must_use]
    pub fn with_item(mut self, item: RosterItem) -> Self {
        self.items.push(item);
        self
    }

    /// Reads a `<query/>` as a server sends it. Items that cannot be read are left out, with a
    /// fault each, since one of them is no reason to have no roster at all. A version that is too
    /// long to be kept counts as none.
    ///
    /// # Errors
    ///
    /// If it is no `<query/>` of a roster, or has too many children.
    pub fn from_element(
        query: ElementRef<'_>,
        limits: &RosterLimits,
    ) -> Result<Self, RosterPayloadError> {
        if !query.is("query", ns::ROSTER) {
            return Err(RosterPayloadError::NotARoster);
        }
        let ver = query.attr("ver").filter(|ver| ver.len() <= limits.max_name);
        let mut payload =
            Self { ver: ver.map(Cow::into_owned), items: Vec::new(), faults: Vec::new() };
        for (index, child) in query.elements().enumerate() {
            within(index + 1, limits.max_items)
                .map_err(|limit| RosterPayloadError::TooManyItems { limit })?;
            match RosterItem::from_element(child, limits) {
                Ok(item) => payload.items.push(item),
                Err(ItemError::NotAnItem) => {}
                Err(fault) => payload.faults.push(fault),
            }
        }
        Ok(payload)
    }

    /// Writes a `<query/>` with the version and the items.
    ///
    /// # Errors
    ///
    /// If the version, a name or a group holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        let mut query = Element::builder("query", ns::ROSTER);
        if let Some(ver) = &self.ver {
            query = query.attr("ver", ver);
        }
        for item in &self.items {
            item.write_to(&mut query);
        }
        query.build()
    }
}

/// Why a `<query/>` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RosterPayloadError {
    /// The element is not the `<query/>` of a roster.
    NotARoster,
    /// More items than allowed.
    TooManyItems {
        /// [`RosterLimits::max_items`].
        limit: usize,
    },
}

impl fmt::Display for RosterPayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARoster => f.write_str("not a roster"),
            Self::TooManyItems { limit } => write!(f, "a roster of more than {limit} items"),
        }
    }
}

impl core::error::Error for RosterPayloadError {}

#[cfg(test)]
mod tests;
