//! What a client keeps of a roster, and where.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::convert::Infallible;

use super::RosterItem;
use crate::jid::BareJid;

/// What a client keeps of a roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterCopy {
    /// The version (RFC 6121 §2.6) that the copy is of, if the server has given one.
    pub version: Option<String>,
    /// The contacts by their address.
    pub items: BTreeMap<BareJid, RosterItem>,
}

impl RosterCopy {
    /// A copy of that version with these items.
    #[must_use]
    pub fn new(version: Option<String>, items: impl IntoIterator<Item = RosterItem>) -> Self {
        let items = items.into_iter().map(|item| (item.jid.clone(), item)).collect();
        Self { version, items }
    }
}

/// Where the copy of one account's roster outlives the process.
///
/// It saves what the server would have to send again: with the version of a stored copy, the server
/// is asked only for what has changed since (RFC 6121 §2.6).
///
/// For a file, `load` and `replace` are enough: read the file, or give an empty copy if there is none;
/// write all of it to a second file and rename that, so that there always is one which is whole. A
/// database takes single changes too: `put` and `remove`, each in one transaction with the version of
/// the copy, since a version with the items of another one would hide changes for good.
///
/// Storing happens while the stanza is handled. A storage that is slow better notes what is to be
/// written, for another thread.
///
/// ```
/// use std::collections::BTreeMap;
/// use xmpp_proto::modules::roster::{RosterCopy, RosterItem, RosterStorage};
///
/// /// A shelf that can be full.
/// struct Shelf {
///     copy: RosterCopy,
///     places: usize,
/// }
///
/// impl RosterStorage for Shelf {
///     type Error = &'static str;
///
///     fn load(&mut self) -> Result<RosterCopy, Self::Error> {
///         Ok(self.copy.clone())
///     }
///
///     fn replace(&mut self, copy: &RosterCopy) -> Result<(), Self::Error> {
///         if copy.items.len() > self.places {
///             return Err("the shelf is full");
///         }
///         self.copy = copy.clone();
///         Ok(())
///     }
/// }
/// # let mut shelf = Shelf { copy: RosterCopy::default(), places: 0 };
/// # assert_eq!(shelf.load(), Ok(RosterCopy::default()));
/// ```
pub trait RosterStorage {
    /// What can go wrong.
    type Error;

    /// What is stored; nothing yet is an empty copy. It is called once, at the start.
    ///
    /// # Errors
    ///
    /// If it cannot be had.
    fn load(&mut self) -> Result<RosterCopy, Self::Error>;

    /// Stores all of the copy in place of what was there, or nothing at all.
    ///
    /// # Errors
    ///
    /// If it cannot be stored.
    fn replace(&mut self, copy: &RosterCopy) -> Result<(), Self::Error>;

    /// The item was added or changed: stores it, and the version of the copy. All of the copy, unless
    /// implemented otherwise.
    ///
    /// # Errors
    ///
    /// If it cannot be stored. Then `replace` is next, with the next change.
    fn put(&mut self, copy: &RosterCopy, item: &RosterItem) -> Result<(), Self::Error> {
        let _ = item;
        self.replace(copy)
    }

    /// The contact was removed, or perhaps never stored: forgets it, and stores the version of the
    /// copy. All of the copy, unless implemented otherwise.
    ///
    /// # Errors
    ///
    /// If it cannot be stored. Then `replace` is next, with the next change.
    fn remove(&mut self, copy: &RosterCopy, jid: &BareJid) -> Result<(), Self::Error> {
        let _ = jid;
        self.replace(copy)
    }
}

impl<S: RosterStorage + ?Sized> RosterStorage for Box<S> {
    type Error = S::Error;

    fn load(&mut self) -> Result<RosterCopy, Self::Error> {
        (**self).load()
    }

    fn replace(&mut self, copy: &RosterCopy) -> Result<(), Self::Error> {
        (**self).replace(copy)
    }

    fn put(&mut self, copy: &RosterCopy, item: &RosterItem) -> Result<(), Self::Error> {
        (**self).put(copy, item)
    }

    fn remove(&mut self, copy: &RosterCopy, jid: &BareJid) -> Result<(), Self::Error> {
        (**self).remove(copy, jid)
    }
}

/// No storage: the copy lives as long as the [`Roster`](super::Roster), over the end of streams, and
/// is lost with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryRoster;

impl RosterStorage for MemoryRoster {
    type Error = Infallible;

    fn load(&mut self) -> Result<RosterCopy, Infallible> {
        Ok(RosterCopy::default())
    }

    fn replace(&mut self, _: &RosterCopy) -> Result<(), Infallible> {
        Ok(())
    }
}
