//! Rosters of accounts (RFC 6121 §2).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::account::Account;
use super::deliver::Answer;
use super::storage::{Storage, StorageError};
use super::subscription::State;
use super::{Domain, SessionId};
use crate::endpoint::Query;
use crate::jid::{BareJid, FullJid, JidError};
use crate::modules::roster::{ItemError, RosterItem, RosterLimits, RosterPayload, Subscription};
use crate::ns;
use crate::stanza::{Condition, ErrorType, Iq, IqType, StanzaError};
use crate::xml::{Element, ElementRef};

/// Bits of a first version that are left empty, so that nobody gets to the end of the numbers.
const VERSION_HEADROOM: u32 = 16;

impl<S: Storage> Domain<S> {
    /// A request for the roster, or to change it, by a session for its own account.
    pub(super) fn roster_query(&mut self, id: SessionId, own: &FullJid, query: Query) {
        let account = own.to_bare();
        let iq = query.iq();
        let Some(payload) = iq.payload().filter(|payload| payload.is("query", ns::ROSTER)) else {
            return self.answer_to(id, query, Err(Condition::BadRequest.into()));
        };
        if iq.type_() != IqType::Get {
            let answer = self.set_roster(&account, payload).map(|()| None);
            return self.answer_to(id, query, answer);
        }
        let ver = payload.attr("ver").map(String::from);
        match self.read_roster(&account, ver.as_deref()) {
            Ok(read) => {
                // RFC 6121 §2.2: from now on it is told of changes.
                if let Some(resource) = self.resource_mut(own) {
                    resource.interested = true;
                }
                self.answer_to(id, query, read.answer);
                for (version, item) in read.changes {
                    self.push_to(&[id], &account, version, &item);
                }
            }
            Err(error) => self.answer_to(id, query, Err(error.into())),
        }
    }

    /// What a client with the version `ver` does not know (RFC 6121 §2.6.3).
    fn read_roster(&mut self, account: &BareJid, ver: Option<&str>) -> Result<Read, StorageError> {
        let Some(local) = self.local_part(account) else { return Ok(Read::nothing()) };
        let version = self.storage.roster_version(local)?;
        if let Some(known) = ver.and_then(|ver| u64::from_str_radix(ver, 16).ok()) {
            if known == version {
                return Ok(Read::nothing());
            }
            let count = self.storage.count_roster_items(local)?;
            if let Some(changes) = self.storage.roster_changes(local, known)?
                && changes.len() <= count
            {
                return Ok(Read { answer: Ok(None), changes });
            }
        }
        // RFC 6121 §2.6.3: with its version, even for those who do not ask for it. Without a copy of
        // the items, of which there may be many.
        let mut query = Element::builder("query", ns::ROSTER).attr("ver", &spelled(version));
        self.storage.each_roster_item(local, &mut |item| item.write_to(&mut query))?;
        let answer = query.build().map(Some).map_err(|_| Condition::InternalServerError.into());
        Ok(Read { answer, changes: Vec::new() })
    }

    /// A roster set (RFC 6121 §2.3, §2.4, §2.5).
    fn set_roster(&mut self, account: &BareJid, query: ElementRef<'_>) -> Result<(), StanzaError> {
        let mut items = query.elements().filter(|child| child.is("item", ns::ROSTER));
        // RFC 6121 §2.3.3: one item.
        let (Some(item), None) = (items.next(), items.next()) else {
            return Err(Condition::BadRequest.into());
        };
        let asked = RosterItem::from_request(item, &self.roster_limits())
            .map_err(|error| refusal(&error))?;
        if asked.jid == *account {
            // Everybody sees themselves without being a contact of theirs.
            return Err(Condition::NotAllowed.into());
        }
        let Some(local) = self.local_part(account) else {
            return Err(Condition::NotAllowed.into());
        };
        let known = self.storage.roster_item(local, &asked.jid)?;
        if asked.subscription == Subscription::Remove {
            // RFC 6121 §2.5.3.
            let known = known.ok_or(Condition::ItemNotFound)?;
            let is_pending_in = self.storage.has_request(local, &asked.jid)?;
            let contact = RosterItem::new(asked.jid).with_subscription(Subscription::Remove);
            self.change_roster(account, &contact)?;
            let before = State::of(Some(&known), is_pending_in);
            return self.part(account, &contact.jid, before);
        }
        // RFC 6121 §2.1.2: a client sets the name and the groups, and nothing else.
        let mut item = match known {
            Some(known) => known,
            None => self.new_item(local, &asked.jid)?,
        };
        item.name = asked.name;
        item.groups = asked.groups;
        self.change_roster(account, &item).map_err(StanzaError::from)
    }

    /// A new item, if there is room for one more. Here `account` is a local part.
    pub(super) fn new_item(
        &mut self,
        account: &str,
        contact: &BareJid,
    ) -> Result<RosterItem, StanzaError> {
        if self.storage.count_roster_items(account)? >= self.config.max_roster_items {
            return Err(Condition::ResourceConstraint.into());
        }
        Ok(RosterItem::new(contact.clone()))
    }

    /// Stores an item or removes it, and tells all who are interested.
    pub(super) fn change_roster(
        &mut self,
        account: &BareJid,
        item: &RosterItem,
    ) -> Result<(), StorageError> {
        let Some(local) = self.local_part(account) else { return Ok(()) };
        let version = match self.storage.roster_version(local)? {
            // Not where another account of that name began, for its clients may come back.
            0 => (self.rng.u64() >> VERSION_HEADROOM) | 1,
            version => version.saturating_add(1),
        };
        let remembered = self.config.max_roster_changes;
        self.storage.change_roster(local, item, version, remembered)?;
        let interested = self.takers(account, Account::interested);
        self.push_to(&interested, account, version, item);
        Ok(())
    }

    /// Tells sessions of an account about one item (RFC 6121 §2.1.6). What they answer ends here.
    fn push_to(
        &mut self,
        sessions: &[SessionId],
        account: &BareJid,
        version: u64,
        item: &RosterItem,
    ) {
        if sessions.is_empty() {
            return;
        }
        let payload = RosterPayload::new().with_ver(spelled(version)).with_item(item.clone());
        let Ok(payload) = payload.to_element() else { return };
        for session in sessions {
            if let Some(push) = self.push(*session, account, &payload) {
                self.deliver_to(*session, push.into());
            }
        }
    }

    fn push(&mut self, session: SessionId, account: &BareJid, payload: &Element) -> Option<Iq> {
        let to = self.sessions.get(session)?.jid.clone()?;
        Iq::set(&self.rng.id(), payload).from(account).to(to).build().ok()
    }

    /// An account is about to be removed: others are told, and their rosters change (RFC 6121 §3).
    /// Its sessions have ended, and what is stored of it is still there.
    pub(super) fn roster_ended(&mut self, account: &BareJid) {
        let Some(local) = self.local_part(account) else { return };
        let mut contacts = Vec::new();
        // What cannot be read now is mended when it is asked for (RFC 6121 §4.3.2).
        let _ = self.storage.each_roster_item(local, &mut |item| {
            contacts.push((item.jid.clone(), State::of(Some(item), false)));
        });
        for (contact, state) in contacts {
            let _ = self.part(account, &contact, state);
        }
        for (contact, _) in self.storage.requests(local).unwrap_or_default() {
            let _ = self.deny(account, &contact);
        }
    }

    fn roster_limits(&self) -> RosterLimits {
        RosterLimits {
            max_items: self.config.max_roster_items,
            max_name: self.config.max_roster_name,
            max_groups: self.config.max_roster_groups,
            max_group: self.config.max_roster_name,
        }
    }
}

/// The answer to a roster get, and the changes that are pushed behind it.
struct Read {
    answer: Answer,
    changes: Vec<(u64, RosterItem)>,
}

impl Read {
    const fn nothing() -> Self {
        Self { answer: Ok(None), changes: Vec::new() }
    }
}

/// A version on the wire. To clients it is just some text (RFC 6121 §2.6.1).
fn spelled(version: u64) -> String {
    format!("{version:x}")
}

/// Why an item is refused (RFC 6121 §2.3.3).
fn refusal(error: &ItemError) -> StanzaError {
    let condition = match error {
        ItemError::NotAnItem
        | ItemError::MissingJid
        | ItemError::MalformedJid(JidError::HasResource { .. })
        | ItemError::DuplicateGroup => Condition::BadRequest,
        ItemError::MalformedJid(_) => Condition::JidMalformed,
        ItemError::NameTooLong { .. }
        | ItemError::EmptyGroup
        | ItemError::GroupTooLong { .. }
        | ItemError::TooManyGroups { .. } => Condition::NotAcceptable,
    };
    condition.into()
}

impl From<StorageError> for StanzaError {
    /// It may work later. What is wrong is for nobody outside to know.
    fn from(_: StorageError) -> Self {
        Self::new(Condition::InternalServerError).with_type(ErrorType::Wait)
    }
}
