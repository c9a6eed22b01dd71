//! Accounts that somebody is logged in to.
//!
//! An account without connected resources takes no room here: all that lasts is in the
//! [storage](super::Storage).

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::HashMap;

use super::SessionId;
use crate::jid::{BareJid, FullJid, Jid};
use crate::rng::Rng;
use crate::stanza::Presence;

/// An account with at least one connected resource.
#[derive(Default)]
pub(super) struct Account {
    /// The connected resources by name (RFC 6121 §8.5: available or not).
    pub(super) resources: Resources,
}

/// Connected resources in the order of their names. They are few, mostly one, for which a tree
/// would take room for many.
#[derive(Default)]
pub(super) struct Resources {
    named: Vec<(Box<str>, Resource)>,
}

impl Resources {
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.named.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Resource> {
        let at = self.find(name).ok()?;
        self.named.get(at).map(|(_, resource)| resource)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Resource> {
        let at = self.find(name).ok()?;
        self.named.get_mut(at).map(|(_, resource)| resource)
    }

    /// Adds a resource, in place of one of that name.
    fn insert(&mut self, name: &str, resource: Resource) {
        match self.find(name) {
            Ok(at) => self.named[at].1 = resource,
            Err(at) => {
                self.named.reserve_exact(1);
                self.named.insert(at, (name.into(), resource));
            }
        }
    }

    fn remove(&mut self, name: &str) -> Option<Resource> {
        let at = self.find(name).ok()?;
        Some(self.named.remove(at).1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Resource)> {
        self.named.iter().map(|(name, resource)| (&**name, resource))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Resource)> {
        self.named.iter_mut().map(|(name, resource)| (&**name, resource))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Resource> {
        self.iter().map(|(_, resource)| resource)
    }

    pub(super) const fn len(&self) -> usize {
        self.named.len()
    }

    const fn is_empty(&self) -> bool {
        self.named.is_empty()
    }
}

/// A connected resource: one session of an account.
pub(super) struct Resource {
    pub(super) session: SessionId,
    /// The last presence that was broadcast, while available (RFC 6121 §4.2).
    pub(super) presence: Option<Presence>,
    /// Whether it has asked for the roster, and so is told of its changes (RFC 6121 §2.1.6).
    pub(super) interested: bool,
    /// To whom it has sent available presence directly (RFC 6121 §4.6).
    pub(super) directed: BTreeSet<Jid>,
}

impl Resource {
    pub(super) const fn new(session: SessionId) -> Self {
        Self { session, presence: None, interested: false, directed: BTreeSet::new() }
    }

    /// The priority, if it is available (RFC 6121 §4.7.2.3).
    pub(super) fn priority(&self) -> Option<i8> {
        self.presence.as_ref().map(Presence::priority)
    }

    /// The priority, if that lets messages to the account through (RFC 6121 §8.5.2.1.1).
    pub(super) fn welcome(&self) -> Option<i8> {
        self.priority().filter(|priority| *priority >= 0)
    }
}

impl Account {
    /// The sessions for what is to reach whoever is most available (RFC 6121 §8.5.2.1.1): of those
    /// that `can` take it, all that share the highest priority, unless that is negative.
    pub(super) fn most_available(&self, can: &dyn Fn(SessionId) -> bool) -> Vec<SessionId> {
        let can = |resource: &&Resource| can(resource.session);
        let highest = self.resources.values().filter(can).filter_map(Resource::welcome).max();
        let Some(highest) = highest else { return Vec::new() };
        let best = |resource: &&Resource| resource.welcome() == Some(highest);
        self.resources.values().filter(can).filter(best).map(|it| it.session).collect()
    }

    /// The sessions for what is to reach everybody who takes messages to the account.
    pub(super) fn welcoming(&self, can: &dyn Fn(SessionId) -> bool) -> Vec<SessionId> {
        self.sessions(|resource| resource.welcome().is_some() && can(resource.session))
    }

    /// The sessions for what is to reach everybody who is available.
    pub(super) fn available(&self, can: &dyn Fn(SessionId) -> bool) -> Vec<SessionId> {
        self.sessions(|resource| resource.presence.is_some() && can(resource.session))
    }

    /// The sessions that are told of changes of the roster (RFC 6121 §2.2).
    pub(super) fn interested(&self, can: &dyn Fn(SessionId) -> bool) -> Vec<SessionId> {
        self.sessions(|resource| resource.interested && can(resource.session))
    }

    fn sessions(&self, wanted: impl Fn(&Resource) -> bool) -> Vec<SessionId> {
        let wanted = self.resources.values().filter(|resource| wanted(resource));
        wanted.map(|resource| resource.session).collect()
    }

    /// The session of a resource.
    pub(super) fn session(&self, resource: &str) -> Option<SessionId> {
        self.resources.get(resource).map(|resource| resource.session)
    }
}

/// All accounts with connected resources, by local part.
pub(super) struct Accounts {
    connected: HashMap<String, Account, Keys>,
}

impl Accounts {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self { connected: HashMap::with_hasher(Keys(rng.u64(), rng.u64())) }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.connected.len()
    }

    pub(super) fn get(&self, local: &str) -> Option<&Account> {
        self.connected.get(local)
    }

    pub(super) fn get_mut(&mut self, local: &str) -> Option<&mut Account> {
        self.connected.get_mut(local)
    }

    /// Adds a resource.
    pub(super) fn connect(&mut self, jid: &FullJid, session: SessionId) {
        let local = jid.local().unwrap_or_default();
        let account = self.connected.entry_ref(local).or_default();
        account.resources.insert(jid.resource(), Resource::new(session));
    }

    /// Takes a resource out, if it still belongs to `session`.
    pub(super) fn disconnect(&mut self, jid: &FullJid, session: SessionId) -> Option<Resource> {
        let account = self.get_mut(jid.local()?)?;
        if account.session(jid.resource())? != session {
            return None;
        }
        account.resources.remove(jid.resource())
    }

    /// Forgets the account if nobody is logged in to it any more.
    pub(super) fn forget_empty(&mut self, jid: &BareJid) {
        let Some(local) = jid.local() else { return };
        if self.get(local).is_some_and(|account| account.resources.is_empty()) {
            self.connected.remove(local);
        }
    }
}

/// Keys that nobody outside knows, so that no choice of names makes the table slow.
struct Keys(u64, u64);

#[expect(deprecated, reason = "the one keyed hash function in core; nothing takes its place there")]
impl BuildHasher for Keys {
    type Hasher = core::hash::SipHasher;

    fn build_hasher(&self) -> Self::Hasher {
        core::hash::SipHasher::new_with_keys(self.0, self.1)
    }
}
