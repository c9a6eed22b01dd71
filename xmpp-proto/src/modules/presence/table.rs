//! Who is there.

use alloc::collections::BTreeMap;
use alloc::string::String;

use super::PresenceConfig;
use crate::Instant;
use crate::jid::{BareJid, Jid};
use crate::stanza::{Presence, Show};

/// What is kept of the presence of one resource (RFC 6121 §4.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePresence {
    show: Option<Show>,
    status: Option<String>,
    priority: i8,
    at: Instant,
    /// Grows with each presence that comes.
    serial: u64,
}

impl ResourcePresence {
    /// How available it is; `None`: just available.
    #[must_use]
    pub const fn show(&self) -> Option<Show> {
        self.show
    }

    /// The text that describes it, up to [`PresenceConfig::max_status`] bytes of it.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// Its priority, -128 to 127.
    #[must_use]
    pub const fn priority(&self) -> i8 {
        self.priority
    }

    /// When it said so.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// The higher, the better it stands for its account.
    pub(super) const fn rank(&self) -> (i8, u8, u64) {
        let show = match self.show {
            Some(Show::Chat) => 4,
            None => 3,
            Some(Show::Away) => 2,
            Some(Show::Xa) => 1,
            Some(Show::Dnd) => 0,
        };
        (self.priority, show, self.serial)
    }
}

/// The resources that are available, up to a limit.
pub(super) struct Table {
    accounts: BTreeMap<BareJid, Account>,
    /// All resources by age: who was silent for longest comes first.
    by_age: BTreeMap<u64, Jid>,
    next_serial: u64,
    max_resources: usize,
    max_resources_of_one: usize,
    max_status: usize,
}

/// The resources of one account; there is at least one.
#[derive(Default)]
struct Account {
    resources: BTreeMap<Jid, ResourcePresence>,
    by_age: BTreeMap<u64, Jid>,
}

impl Table {
    pub(super) const fn new(config: &PresenceConfig) -> Self {
        Self {
            accounts: BTreeMap::new(),
            by_age: BTreeMap::new(),
            next_serial: 0,
            max_resources: config.max_resources,
            max_resources_of_one: config.max_resources_of_one,
            max_status: config.max_status,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_age.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Jid, &ResourcePresence)> {
        self.accounts.values().flat_map(|account| &account.resources)
    }

    /// Those of one account.
    pub(super) fn of(&self, jid: &BareJid) -> impl Iterator<Item = (&Jid, &ResourcePresence)> {
        self.accounts.get(jid).into_iter().flat_map(|account| &account.resources)
    }

    /// Notes what a resource says. Returns who has lost its place by that.
    pub(super) fn insert(&mut self, now: Instant, jid: Jid, presence: &Presence) -> Option<Jid> {
        if self.max_resources.min(self.max_resources_of_one) == 0 {
            return Some(jid);
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        let status = presence.status().map(|status| cut(&status, self.max_status).into());
        let (show, priority) = (presence.show(), presence.priority());
        let resource = ResourcePresence { show, status, priority, at: now, serial };
        let is_new = !self.take(&jid);
        let displaced = if is_new { self.surplus(&jid) } else { None };
        if let Some(displaced) = &displaced {
            self.take(displaced);
        }
        self.by_age.insert(serial, jid.clone());
        let account = self.accounts.entry(jid.to_bare()).or_default();
        account.by_age.insert(serial, jid.clone());
        account.resources.insert(jid, resource);
        displaced
    }

    /// Who has to go for a newcomer. Whoever floods displaces its own resources first.
    fn surplus(&self, newcomer: &Jid) -> Option<Jid> {
        let account = self.accounts.get(&newcomer.to_bare());
        let by_age = match account {
            Some(account) if account.by_age.len() >= self.max_resources_of_one => &account.by_age,
            _ if self.len() >= self.max_resources => &self.by_age,
            _ => return None,
        };
        by_age.first_key_value().map(|(_, jid)| jid.clone())
    }

    /// A resource is gone; or, without a resource, all of an account.
    pub(super) fn remove(&mut self, jid: &Jid) {
        if jid.is_full() {
            self.take(jid);
        } else if let Some(account) = self.accounts.remove(&jid.to_bare()) {
            for serial in account.by_age.keys() {
                self.by_age.remove(serial);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.accounts.clear();
        self.by_age.clear();
    }

    /// Whether it was there.
    fn take(&mut self, jid: &Jid) -> bool {
        let bare = jid.to_bare();
        let Some(account) = self.accounts.get_mut(&bare) else { return false };
        let Some(resource) = account.resources.remove(jid) else { return false };
        account.by_age.remove(&resource.serial);
        if account.resources.is_empty() {
            self.accounts.remove(&bare);
        }
        self.by_age.remove(&resource.serial);
        true
    }
}

/// The first `max` bytes, or a little less: characters stay whole.
fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
