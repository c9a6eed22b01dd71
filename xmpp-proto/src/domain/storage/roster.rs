//! What is stored of rosters.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{MemoryStorage, StorageError};
use crate::jid::BareJid;
use crate::modules::roster::{RosterItem, Subscription};
use crate::stanza::Presence;

/// What is stored of rosters (RFC 6121 §2) and of requests that wait for an answer (§3.1.3).
///
/// Accounts are named as in [`Storage`](super::Storage), and exist.
pub trait RosterStorage {
    /// The version of a roster: of its last change. Zero if it was never changed.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn roster_version(&mut self, account: &str) -> Result<u64, StorageError>;

    /// How many items a roster has.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn count_roster_items(&mut self, account: &str) -> Result<usize, StorageError>;

    /// The item for a contact.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn roster_item(
        &mut self,
        account: &str,
        contact: &BareJid,
    ) -> Result<Option<RosterItem>, StorageError>;

    /// Shows all items of a roster, always in the same order.
    ///
    /// # Errors
    ///
    /// If they cannot be read, perhaps after some were shown.
    fn each_roster_item(
        &mut self,
        account: &str,
        each: &mut dyn FnMut(&RosterItem),
    ) -> Result<(), StorageError>;

    /// Stores an item in place of the one for the same contact, or with [`Subscription::Remove`]
    /// removes that. The roster then has this version, which is higher than all before. At least the
    /// last `remembered` changes are to be known to
    /// [`roster_changes`](Self::roster_changes), and not many more.
    ///
    /// # Errors
    ///
    /// If it cannot be stored; then nothing has changed.
    fn change_roster(
        &mut self,
        account: &str,
        item: &RosterItem,
        version: u64,
        remembered: usize,
    ) -> Result<(), StorageError>;

    /// What has changed since the roster had this version: the contacts' items as they are now, or
    /// with [`Subscription::Remove`], each with the version of its last change, the earliest first.
    /// `None` if the roster never had it, or that is too long ago.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn roster_changes(
        &mut self,
        account: &str,
        since: u64,
    ) -> Result<Option<Vec<(u64, RosterItem)>>, StorageError>;

    /// Whether a request of this contact waits for the account's answer.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn has_request(&mut self, account: &str, contact: &BareJid) -> Result<bool, StorageError>;

    /// How many requests wait for the account's answer.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn count_requests(&mut self, account: &str) -> Result<usize, StorageError>;

    /// The requests that wait for the account's answer, in an order that stays the same.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn requests(&mut self, account: &str) -> Result<Vec<(BareJid, Presence)>, StorageError>;

    /// Stores a request of a contact that has none stored.
    ///
    /// # Errors
    ///
    /// If it cannot be stored.
    fn store_request(
        &mut self,
        account: &str,
        contact: &BareJid,
        request: &Presence,
    ) -> Result<(), StorageError>;

    /// Removes the request of a contact, if there is one.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    fn remove_request(&mut self, account: &str, contact: &BareJid) -> Result<(), StorageError>;
}

/// The roster of an account in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryRoster {
    items: BTreeMap<BareJid, RosterItem>,
    version: u64,
    /// The last change of each contact, for the last changes. Contacts that are no longer in the
    /// roster are here, too.
    changed: BTreeMap<BareJid, u64>,
    changes: BTreeMap<u64, BareJid>,
    /// All changes after this version are known.
    known_since: u64,
    requests: BTreeMap<BareJid, Presence>,
}

impl MemoryRoster {
    fn change(&mut self, item: &RosterItem, version: u64, remembered: usize) {
        let contact = &item.jid;
        if item.subscription == Subscription::Remove {
            self.items.remove(contact);
        } else {
            self.items.insert(contact.clone(), item.clone());
        }
        if self.version == 0 {
            // Versions start anywhere: what lies between was never a version of this roster.
            self.known_since = version;
        } else {
            if let Some(earlier) = self.changed.insert(contact.clone(), version) {
                self.changes.remove(&earlier);
            }
            self.changes.insert(version, contact.clone());
        }
        self.version = version;
        while self.changes.len() > remembered
            && let Some((forgotten, contact)) = self.changes.pop_first()
        {
            self.changed.remove(&contact);
            self.known_since = forgotten;
        }
    }

    fn changes(&self, since: u64) -> Option<Vec<(u64, RosterItem)>> {
        if since < self.known_since || since > self.version {
            return None;
        }
        let after = self.changes.range(since.saturating_add(1)..);
        let now = |contact: &BareJid| match self.items.get(contact) {
            Some(item) => item.clone(),
            None => RosterItem::new(contact.clone()).with_subscription(Subscription::Remove),
        };
        Some(after.map(|(version, contact)| (*version, now(contact))).collect())
    }
}

impl RosterStorage for MemoryStorage {
    fn roster_version(&mut self, account: &str) -> Result<u64, StorageError> {
        Ok(self.roster(account)?.version)
    }

    fn count_roster_items(&mut self, account: &str) -> Result<usize, StorageError> {
        Ok(self.roster(account)?.items.len())
    }

    fn roster_item(
        &mut self,
        account: &str,
        contact: &BareJid,
    ) -> Result<Option<RosterItem>, StorageError> {
        Ok(self.roster(account)?.items.get(contact).cloned())
    }

    fn each_roster_item(
        &mut self,
        account: &str,
        each: &mut dyn FnMut(&RosterItem),
    ) -> Result<(), StorageError> {
        self.roster(account)?.items.values().for_each(each);
        Ok(())
    }

    fn change_roster(
        &mut self,
        account: &str,
        item: &RosterItem,
        version: u64,
        remembered: usize,
    ) -> Result<(), StorageError> {
        self.roster(account)?.change(item, version, remembered);
        Ok(())
    }

    fn roster_changes(
        &mut self,
        account: &str,
        since: u64,
    ) -> Result<Option<Vec<(u64, RosterItem)>>, StorageError> {
        Ok(self.roster(account)?.changes(since))
    }

    fn has_request(&mut self, account: &str, contact: &BareJid) -> Result<bool, StorageError> {
        Ok(self.roster(account)?.requests.contains_key(contact))
    }

    fn count_requests(&mut self, account: &str) -> Result<usize, StorageError> {
        Ok(self.roster(account)?.requests.len())
    }

    fn requests(&mut self, account: &str) -> Result<Vec<(BareJid, Presence)>, StorageError> {
        let requests = self.roster(account)?.requests.iter();
        Ok(requests.map(|(contact, request)| (contact.clone(), request.clone())).collect())
    }

    fn store_request(
        &mut self,
        account: &str,
        contact: &BareJid,
        request: &Presence,
    ) -> Result<(), StorageError> {
        self.roster(account)?.requests.insert(contact.clone(), request.clone());
        Ok(())
    }

    fn remove_request(&mut self, account: &str, contact: &BareJid) -> Result<(), StorageError> {
        self.roster(account)?.requests.remove(contact);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
