//! Rosters: the contacts of an account (RFC 6121 §2).
//!
//! [`Roster`] keeps a copy of the roster that the server has. It asks for it when the client comes
//! online, follows the pushes, and with versions (§2.6) it asks only for what has changed since. With
//! a [`RosterStorage`] the copy outlives the process.
//!
//! ```
//! use xmpp_proto::endpoint::{Client, ClientConfig};
//! use xmpp_proto::modules::Modular;
//! use xmpp_proto::modules::roster::Roster;
//! use xmpp_proto::{Instant, Seed};
//!
//! # let (seed, now) = (Seed::new([7; 32]), Instant::from_micros(0));
//! let config = ClientConfig::new("juliet@example.com".parse()?, "a password");
//! let mut client = Modular::new(Client::new(config, seed, now), Roster::default());
//!
//! // Once the event `RosterEvent::Loaded` has come:
//! for item in client.modules().iter() {
//!     println!("{}: {:?}, {}", item.jid, item.name, item.subscription);
//! }
//! let romeo = "romeo@example.net".parse()?;
//! let renamed = client.with(now, |roster, cx| roster.rename(cx, &romeo, Some("Romeo")));
//! # assert!(renamed.is_err()); // not online
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod copy;
mod event;
mod item;

pub use copy::{MemoryRoster, RosterCopy, RosterStorage};
pub use event::{RosterEvent, RosterFault};
pub use item::*;

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use core::fmt;

use super::{Asked, Claim, Cx, Module, ReadError, Refused};
use crate::endpoint::{IqToken, Query, Request, RequestError};
use crate::jid::BareJid;
use crate::ns;
use crate::stanza::{Condition, Iq, IqType};
use crate::xml::{BuildError, Element, ElementBuilder, ElementRef};

/// How a [`Roster`] behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterConfig {
    /// Whether it asks for the roster whenever the client comes online. True unless set. Without,
    /// [`Roster::refresh`] asks; before that, the server sends no pushes (RFC 6121 §2.2).
    pub fetch: bool,
    /// How much of it is kept.
    pub limits: RosterLimits,
}

impl RosterConfig {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self { fetch: true, limits: RosterLimits::default() }
    }

    /// Whether to ask for the roster whenever the client comes online.
    #[must_use]
    pub const fn with_fetch(mut self, fetch: bool) -> Self {
        self.fetch = fetch;
        self
    }

    /// With these limits. Whoever wants more items than by default may have to raise the limit of a
    /// stanza, too: the whole roster is one ([`Limits`](crate::xml::Limits)).
    #[must_use]
    pub fn with_limits(mut self, limits: RosterLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl Default for RosterConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The roster of the client's account, as a copy of what the server has (RFC 6121 §2).
///
/// The copy stays over the end of a stream, so that there is something to show until the server has
/// been asked again. Whether it is what the server has is told by [`Roster::is_current`].
///
/// Changes are asked of the server, and made when the server says so: a command such as
/// [`Roster::set`] changes nothing here, the push that follows does.
pub struct Roster<S: RosterStorage = MemoryRoster> {
    config: RosterConfig,
    storage: S,
    copy: RosterCopy,
    state: State,
    /// Whether the storage holds the copy: if not, single changes are of no use to it.
    is_stored: bool,
    events: VecDeque<RosterEvent<S::Error>>,
}

/// What is known of the server's roster in this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing.
    Unknown,
    /// It was asked for.
    Asked {
        token: IqToken,
        /// Whether the version of the copy was named, so that the answer may be that nothing has
        /// changed.
        versioned: bool,
    },
    /// The copy is what the server has.
    Current,
}

impl Roster {
    /// An empty roster that is kept in memory only.
    #[must_use]
    pub fn new(config: RosterConfig) -> Self {
        match Self::with_storage(MemoryRoster, config) {
            Ok(roster) => roster,
            Err(never) => match never {},
        }
    }
}

impl Default for Roster {
    fn default() -> Self {
        Self::new(RosterConfig::new())
    }
}

impl<S: RosterStorage> Roster<S> {
    /// The roster that the storage holds, as the start.
    ///
    /// # Errors
    ///
    /// What the storage says. An application that can do without starts with an empty one then.
    pub fn with_storage(mut storage: S, config: RosterConfig) -> Result<Self, S::Error> {
        let copy = storage.load()?;
        Ok(Self {
            config,
            storage,
            copy,
            state: State::Unknown,
            is_stored: true,
            events: VecDeque::new(),
        })
    }

    /// Adds a contact, or changes name and groups of one (RFC 6121 §2.3, §2.4). Nothing else of the
    /// item is sent: subscriptions have commands of their own
    /// ([`Presences`](super::presence::Presences)).
    ///
    /// The answer says that the server has done it. [`RosterEvent::Changed`] comes with its push,
    /// before or after.
    ///
    /// # Errors
    ///
    /// [`Refused::Build`] if the name or a group holds a character that XML does not allow;
    /// [`Refused::Machine`].
    pub fn set(&self, cx: &mut Cx<'_>, item: &RosterItem) -> Result<Asked<()>, Refused> {
        let groups = item.groups.iter().map(String::as_str);
        ask_to_set(cx, &item.jid, item.name.as_deref(), groups)
    }

    /// Gives a contact another name, or none; it stays in its groups. A contact that is not in the
    /// copy is added.
    ///
    /// # Errors
    ///
    /// As [`Roster::set`].
    pub fn rename(
        &self,
        cx: &mut Cx<'_>,
        jid: &BareJid,
        name: Option<&str>,
    ) -> Result<Asked<()>, Refused> {
        let groups = self.get(jid).into_iter().flat_map(|item| item.groups.iter());
        ask_to_set(cx, jid, name, groups.map(String::as_str))
    }

    /// Puts a contact into these groups and no others; it keeps its name. A contact that is not in
    /// the copy is added.
    ///
    /// # Errors
    ///
    /// As [`Roster::set`].
    pub fn set_groups<'a>(
        &self,
        cx: &mut Cx<'_>,
        jid: &BareJid,
        groups: impl IntoIterator<Item = &'a str>,
    ) -> Result<Asked<()>, Refused> {
        let name = self.get(jid).and_then(|item| item.name.as_deref());
        ask_to_set(cx, jid, name, groups)
    }

    /// Removes a contact, and with it the subscriptions in both directions (RFC 6121 §2.5).
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn remove(&self, cx: &mut Cx<'_>, jid: &BareJid) -> Result<Asked<()>, Refused> {
        let remove = |item: ElementBuilder| {
            item.attr("jid", jid.as_str()).attr("subscription", Subscription::Remove.name())
        };
        cx.ask(Request::set(query_of(remove)?), read_nothing)
    }

    /// Asks for the roster (RFC 6121 §2.2): for what has changed, if the copy has a version and the
    /// server offers versions. [`RosterEvent::Loaded`] tells when it is there.
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn refresh(&mut self, cx: &mut Cx<'_>) -> Result<Asked<()>, Refused> {
        let query = Element::builder("query", ns::ROSTER);
        // RFC 6121 §2.6.2: no `ver` unless it is offered, and an empty one to begin with.
        let is_offered = cx.offers("ver", ns::ROSTER_VER);
        let version = self.copy.version.as_deref();
        let query = if is_offered { query.attr("ver", version.unwrap_or("")) } else { query };
        let versioned = is_offered && version.is_some();
        let asked = cx.ask(Request::get(query.build()?), read_nothing)?;
        // An older request is of no interest any more: this one is answered with what is newer.
        self.state = State::Asked { token: asked.token(), versioned };
        Ok(asked)
    }

    /// The contact, if there is such a one.
    #[must_use]
    pub fn get(&self, jid: &BareJid) -> Option<&RosterItem> {
        self.copy.items.get(jid)
    }

    /// All contacts, by domain and then by local part.
    pub fn iter(&self) -> impl Iterator<Item = &RosterItem> {
        self.copy.items.values()
    }

    /// How many contacts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.copy.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.copy.items.is_empty()
    }

    /// The names of all groups, each once, in order.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<&str> {
        self.iter().flat_map(|item| &item.groups).map(String::as_str).collect()
    }

    /// The contacts in the group `name`.
    pub fn in_group<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a RosterItem> {
        self.iter().filter(move |item| item.groups.iter().any(|group| group == name))
    }

    /// The version of the copy (RFC 6121 §2.6), if the server gives versions and all of that version
    /// is in the copy.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.copy.version.as_deref()
    }

    /// Whether the copy was brought up to date in this session, and is kept so by pushes.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.state == State::Current
    }

    /// Where the copy is stored.
    #[must_use]
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// The answer to what [`Roster::refresh`] has asked.
    fn load(&mut self, result: &Iq, versioned: bool) -> Result<(), RosterFault> {
        let Some(query) = result.payload() else {
            // RFC 6121 §2.6.3: nothing has changed, or what has will be pushed.
            if !versioned {
                return Err(ReadError::Missing { what: "query" }.into());
            }
            let (removed, faults) = Default::default();
            self.tell(RosterEvent::Loaded { is_changed: false, removed, faults });
            return Ok(());
        };
        let payload = RosterPayload::from_element(query, &self.config.limits)?;
        // What cannot be read is missing from the copy; a version would hide that from the server.
        let version = payload.ver.filter(|ver| !ver.is_empty() && payload.faults.is_empty());
        let items = payload.items.into_iter();
        let items = items.filter(|item| item.subscription != Subscription::Remove);
        let items = items.map(|item| (item.jid.clone(), item)).collect();
        let old = core::mem::replace(&mut self.copy, RosterCopy { version, items });
        let gone = old.items.into_keys().filter(|jid| !self.copy.items.contains_key(jid));
        let removed = gone.collect();
        self.tell(RosterEvent::Loaded { is_changed: true, removed, faults: payload.faults });
        self.is_stored = false;
        self.store(None);
        Ok(())
    }

    /// A push: one item that was added, changed or removed (RFC 6121 §2.1.6).
    fn change(&mut self, query: ElementRef<'_>) -> Result<(), (Condition, RosterFault)> {
        let payload = RosterPayload::from_element(query, &self.config.limits);
        let payload = payload.map_err(|fault| (Condition::BadRequest, fault.into()))?;
        let (mut items, mut faults) = (payload.items.into_iter(), payload.faults.into_iter());
        let item = match (items.next(), faults.next()) {
            (Some(item), None) if items.next().is_none() => item,
            (None, Some(fault)) if faults.next().is_none() => {
                return Err((Condition::NotAcceptable, fault.into()));
            }
            // RFC 6121 §2.1.6: exactly one.
            _ => return Err((Condition::BadRequest, RosterFault::NotOneItem)),
        };
        let is_new = !self.copy.items.contains_key(&item.jid);
        let limit = self.config.limits.max_items;
        let jid = item.jid.clone();
        if item.subscription == Subscription::Remove {
            self.advance(payload.ver);
            if self.copy.items.remove(&jid).is_some() {
                self.tell(RosterEvent::Removed(jid.clone()));
            }
        } else if is_new && self.len() >= limit {
            return Err((Condition::ResourceConstraint, RosterFault::TooManyItems { limit }));
        } else {
            self.advance(payload.ver);
            self.copy.items.insert(jid.clone(), item.clone());
            self.tell(RosterEvent::Changed(item));
        }
        self.store(Some(&jid));
        Ok(())
    }

    /// A change leads to another version. One that is not known leaves a copy without version, which
    /// is fetched as a whole next time; and a version without its predecessor says nothing about
    /// what is missing.
    fn advance(&mut self, version: Option<String>) {
        let version = version.filter(|version| !version.is_empty());
        self.copy.version = self.copy.version.take().and(version);
    }

    /// The copy lacks something: with a version, the server would never tell it again.
    fn miss(&mut self) {
        if self.state == State::Current {
            self.state = State::Unknown;
        }
        if self.copy.version.take().is_some() {
            self.store(None);
        }
    }

    /// Hands the copy to the storage: one change, or all of it.
    fn store(&mut self, change: Option<&BareJid>) {
        let result = match change.filter(|_| self.is_stored) {
            None => self.storage.replace(&self.copy),
            Some(jid) => match self.copy.items.get(jid) {
                Some(item) => self.storage.put(&self.copy, item),
                None => self.storage.remove(&self.copy, jid),
            },
        };
        self.is_stored = result.is_ok();
        if let Err(error) = result {
            self.tell(RosterEvent::NotStored(error));
        }
    }

    fn tell(&mut self, event: RosterEvent<S::Error>) {
        self.events.push_back(event);
    }
}

impl<S: RosterStorage> Module for Roster<S> {
    type Event = RosterEvent<S::Error>;

    fn handle_online(&mut self, cx: &mut Cx<'_>) {
        if !self.config.fetch {
            return;
        }
        if let Err(refused) = self.refresh(cx) {
            self.tell(RosterEvent::Failed(refused.into()));
        }
    }

    fn handle_ended(&mut self) {
        self.state = State::Unknown;
    }

    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        let iq = query.iq();
        let payload = iq.payload().filter(|payload| payload.is("query", ns::ROSTER));
        let Some(payload) = payload.filter(|_| iq.type_() == IqType::Set) else {
            return Some(query);
        };
        // RFC 6121 §2.1.6: pushes come from the account, and the account only. Whoever else tries
        // learns nothing, not even that there is a roster.
        let is_ours = match (iq.from(), cx.jid()) {
            (None, _) => true,
            (Some(from), Some(own)) => *from == *own.to_bare(),
            (Some(_), None) => false,
        };
        let answer = if is_ours {
            self.change(payload).map_err(|(condition, fault)| {
                self.miss();
                self.tell(RosterEvent::Failed(fault));
                condition
            })
        } else {
            Err(Condition::ServiceUnavailable)
        };
        // Where it cannot be answered now, the machine does it later.
        let _ = cx.answer(query, answer.map(|()| None).map_err(Into::into));
        None
    }

    fn handle_reply(
        &mut self,
        _: &mut Cx<'_>,
        token: IqToken,
        reply: Result<&Iq, &RequestError>,
    ) -> Claim {
        let versioned = match self.state {
            State::Asked { token: asked, versioned } if asked == token => versioned,
            _ => return Claim::Passed,
        };
        let loaded = match reply {
            Ok(result) => self.load(result, versioned),
            Err(error) => Err(error.clone().into()),
        };
        self.state = if loaded.is_ok() { State::Current } else { State::Unknown };
        if let Err(fault) = loaded {
            self.tell(RosterEvent::Failed(fault));
        }
        Claim::Taken
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.events.pop_front()
    }
}

impl<S: RosterStorage> fmt::Debug for Roster<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster")
            .field("state", &self.state)
            .field("version", &self.copy.version)
            .field("items", &self.len())
            .finish_non_exhaustive()
    }
}

/// Asks the server to have the contact like this.
fn ask_to_set<'a>(
    cx: &mut Cx<'_>,
    jid: &BareJid,
    name: Option<&str>,
    groups: impl IntoIterator<Item = &'a str>,
) -> Result<Asked<()>, Refused> {
    let query = query_of(|mut item| {
        item = item.attr("jid", jid.as_str());
        if let Some(name) = name {
            item = item.attr("name", name);
        }
        for group in groups {
            item = item.child_with("group", ns::ROSTER, |element| element.text(group));
        }
        item
    })?;
    cx.ask(Request::set(query), read_nothing)
}

/// A query with one item: more are not allowed in a set (RFC 6121 §2.1.5).
fn query_of(item: impl FnOnce(ElementBuilder) -> ElementBuilder) -> Result<Element, BuildError> {
    Element::builder("query", ns::ROSTER).child_with("item", ns::ROSTER, item).build()
}

/// That there is a result is all.
#[expect(clippy::unnecessary_wraps, reason = "readers may fail")]
const fn read_nothing(_: &Iq) -> Result<(), ReadError> {
    Ok(())
}

#[cfg(test)]
mod tests;
