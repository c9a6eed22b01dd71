//! What lasts: accounts, rosters, messages that nobody could take.
//!
//! A [`Domain`](super::Domain) asks its storage for everything that has to outlive a session, and
//! keeps no copy of it but what these docs name: nothing yet.

mod roster;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use roster::RosterStorage;

use crate::sasl::StoredCredentials;
use crate::stanza::Message;

/// What a [`Domain`](super::Domain) keeps beyond its sessions.
///
/// Accounts are named by their local parts, in prepared form ([`Jid::new`](crate::jid::Jid::new)).
/// The domain asks for one thing after the other and waits: an implementation over something slow
/// holds up everybody. One over a database is best a cache that is filled before and written behind.
pub trait Storage: RosterStorage {
    /// The credentials of an account, `None` if there is no such account.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now. Whoever logs in may try again.
    fn credentials(&mut self, account: &str) -> Result<Option<StoredCredentials>, StorageError>;

    /// Whether there is such an account.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn has_account(&mut self, account: &str) -> Result<bool, StorageError>;

    /// How many accounts there are.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn count_accounts(&mut self) -> Result<usize, StorageError>;

    /// Makes an account, or replaces the credentials of the one there is.
    ///
    /// # Errors
    ///
    /// If it cannot be stored.
    fn set_account(
        &mut self,
        account: &str,
        credentials: StoredCredentials,
    ) -> Result<(), StorageError>;

    /// Removes an account and all that is stored of it. Whether there was one.
    ///
    /// # Errors
    ///
    /// If it cannot be removed; then it is still there.
    fn remove_account(&mut self, account: &str) -> Result<bool, StorageError>;

    /// How much is stored of messages for an account.
    ///
    /// # Errors
    ///
    /// If the storage cannot tell now.
    fn stored(&mut self, account: &str) -> Result<Stored, StorageError>;

    /// Stores a message for an account, behind earlier ones. `bytes` is what it counts for.
    ///
    /// # Errors
    ///
    /// If it cannot be stored.
    fn store(&mut self, account: &str, message: Message, bytes: usize) -> Result<(), StorageError>;

    /// Takes all messages that are stored for an account, the oldest first.
    ///
    /// # Errors
    ///
    /// If they cannot be read; then they stay.
    fn take_stored(&mut self, account: &str) -> Result<Vec<Message>, StorageError>;
}

/// How much is stored of messages for an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// How many there are.
    pub messages: usize,
    /// The sum of what they count for.
    pub bytes: usize,
}

/// The storage cannot do what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError {
    why: String,
}

impl StorageError {
    /// A failure, in words for people.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the storage failed: {}", self.why)
    }
}

impl core::error::Error for StorageError {}

/// Everything in memory, and gone with it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    accounts: BTreeMap<Box<str>, MemoryAccount>,
}

/// What is stored of one account.
#[derive(Clone, Debug, Default)]
struct MemoryAccount {
    credentials: StoredCredentials,
    messages: Vec<Message>,
    stored: Stored,
    roster: roster::MemoryRoster,
}

impl MemoryStorage {
    /// An empty storage.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn account(&mut self, account: &str) -> Result<&mut MemoryAccount, StorageError> {
        self.accounts.get_mut(account).ok_or_else(|| StorageError::new("there is no such account"))
    }

    fn roster(&mut self, account: &str) -> Result<&mut roster::MemoryRoster, StorageError> {
        Ok(&mut self.account(account)?.roster)
    }
}

impl Storage for MemoryStorage {
    fn credentials(&mut self, account: &str) -> Result<Option<StoredCredentials>, StorageError> {
        Ok(self.accounts.get(account).map(|account| account.credentials.clone()))
    }

    fn has_account(&mut self, account: &str) -> Result<bool, StorageError> {
        Ok(self.accounts.contains_key(account))
    }

    fn count_accounts(&mut self) -> Result<usize, StorageError> {
        Ok(self.accounts.len())
    }

    fn set_account(
        &mut self,
        account: &str,
        credentials: StoredCredentials,
    ) -> Result<(), StorageError> {
        self.accounts.entry(account.into()).or_default().credentials = credentials;
        Ok(())
    }

    fn remove_account(&mut self, account: &str) -> Result<bool, StorageError> {
        Ok(self.accounts.remove(account).is_some())
    }

    fn stored(&mut self, account: &str) -> Result<Stored, StorageError> {
        Ok(self.account(account)?.stored)
    }

    fn store(&mut self, account: &str, message: Message, bytes: usize) -> Result<(), StorageError> {
        let account = self.account(account)?;
        account.messages.push(message);
        account.stored.messages += 1;
        account.stored.bytes += bytes;
        Ok(())
    }

    fn take_stored(&mut self, account: &str) -> Result<Vec<Message>, StorageError> {
        let account = self.account(account)?;
        account.stored = Stored::default();
        Ok(core::mem::take(&mut account.messages))
    }
}
