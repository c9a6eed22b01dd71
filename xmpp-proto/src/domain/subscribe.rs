//! Subscriptions between the accounts of a domain (RFC 6121 §3).
//!
//! What the specification leaves to the user's server and to the contact's server happens at once
//! here, one after the other: first what the state of the one becomes, then what the other gets.

use super::account::Account;
use super::storage::{Storage, StorageError};
use super::subscription::{Direction, Inward, Kind, Outward, State};
use super::{Domain, SessionId};
use crate::jid::{BareJid, Jid};
use crate::modules::roster::RosterItem;
use crate::stanza::{Condition, Presence, Stanza, StanzaError};

impl<S: Storage> Domain<S> {
    /// A client manages a subscription of its account.
    pub(super) fn manage(
        &mut self,
        id: SessionId,
        account: &BareJid,
        kind: Kind,
        presence: &Presence,
    ) {
        let managed = match presence.to() {
            // RFC 6121 §3.1.2: it concerns the account as a whole.
            Some(to) => self.send(account, &to.to_bare(), kind, presence),
            None => Err(Condition::BadRequest.into()),
        };
        if let Err(error) = managed {
            self.object(id, presence, error);
        }
    }

    /// The part of the user's server (RFC 6121 §A.2).
    fn send(
        &mut self,
        account: &BareJid,
        contact: &BareJid,
        kind: Kind,
        presence: &Presence,
    ) -> Result<(), StanzaError> {
        let Some(local) = self.local_part(account) else { return Ok(()) };
        if contact == account {
            // Everybody sees themselves. Nothing is there to be managed.
            let asks = kind == Kind::Subscribe;
            return if asks { Err(Condition::NotAllowed.into()) } else { Ok(()) };
        }
        if kind == Kind::Subscribe {
            self.check_request(account, contact, presence)?;
        }
        let (item, before) = self.state(local, contact)?;
        let outcome = before.after(Direction::Outbound, kind);
        self.settle(account, contact, item, before, outcome.state)?;
        if !outcome.goes_on {
            return Ok(());
        }
        if kind == Kind::Unsubscribed && before.inward == Inward::Subscribed {
            // RFC 6121 §3.2.2: the last that the contact sees.
            self.vanish(account, contact);
        }
        if self.is_remote(contact) {
            // RFC 6121 §3.3.2, RFC 6120 §10.4.3: there is no way there.
            return Err(Condition::RemoteServerNotFound.into());
        }
        let Some(stanza) = presence.readdressed(contact.into()) else { return Ok(()) };
        self.pass_on(account, contact, kind, &stanza)?;
        if kind == Kind::Subscribed {
            // RFC 6121 §3.1.5.
            self.appear(account, contact);
        }
        Ok(())
    }

    /// Whether a request can be handed over (RFC 6121 §3.1.2): the contact exists and has room.
    fn check_request(
        &mut self,
        account: &BareJid,
        contact: &BareJid,
        request: &Presence,
    ) -> Result<(), StanzaError> {
        if self.is_remote(contact) {
            return Err(Condition::RemoteServerNotFound.into());
        }
        // RFC 6121 §8.4: the domain itself has no presence.
        let local = contact.local().ok_or(Condition::ServiceUnavailable)?;
        if !self.storage.has_account(local)? {
            return Err(Condition::ItemNotFound.into());
        }
        if request.element().to_xml().len() > self.config.max_request_bytes {
            return Err(Condition::PolicyViolation.into());
        }
        let (_, before) = self.state(local, account)?;
        if before.inward == Inward::None
            && self.storage.count_requests(local)? >= self.config.max_pending_requests
        {
            return Err(Condition::ResourceConstraint.into());
        }
        Ok(())
    }

    /// Somebody who has no session here manages a subscription (RFC 6121 §8.5.2.1.2): what the
    /// contact's server does with it.
    pub(super) fn receive_foreign(&mut self, to: &Jid, kind: Kind, presence: &Presence) {
        let Some(from) = presence.from().map(Jid::to_bare) else { return };
        let account = to.to_bare();
        // RFC 6121 §8.5.3.2.2: of what is for a resource that is not there, only requests count.
        if kind != Kind::Subscribe && to.is_full() && self.presence_takers(to).is_empty() {
            return;
        }
        // RFC 6121 §8.5.1: silence.
        let local = self.local_part(&account);
        if !local.is_some_and(|local| self.storage.has_account(local).unwrap_or_default()) {
            return;
        }
        // RFC 6121 §3: from account to account.
        let stanza = presence.element().to_builder().attr("from", from.as_str());
        let stanza = stanza.attr("to", account.as_str()).build();
        let Some(Ok(Stanza::Presence(stanza))) = stanza.ok().map(Stanza::from_element) else {
            return;
        };
        let received = match kind {
            Kind::Subscribe => self.check_request(&from, &account, &stanza),
            _ => Ok(()),
        };
        let received = received.and_then(|()| self.pass_on(&from, &account, kind, &stanza));
        if let Err(error) = received {
            self.bounce(&stanza.into(), error);
        }
    }

    /// A stanza on its way to the contact's server, and what that answers by itself.
    fn pass_on(
        &mut self,
        from: &BareJid,
        to: &BareJid,
        kind: Kind,
        stanza: &Presence,
    ) -> Result<(), StanzaError> {
        let Some((reply, is_new)) = self.receive(from, to, kind, stanza)? else { return Ok(()) };
        let saw = self.is_subscribed(from, to);
        // An answer is never answered (§A.3.3): so this ends here.
        self.speak(to, from, reply)?;
        if is_new || (!saw && self.is_subscribed(from, to)) {
            // RFC 6121 §3.4.2, §3.1.6: as if the contact had approved it just now.
            self.appear(to, from);
        }
        Ok(())
    }

    /// The part of the contact's server (RFC 6121 §A.3): here the contact is `account`. The answer
    /// that it gives by itself, and whether something was granted by that.
    fn receive(
        &mut self,
        from: &BareJid,
        account: &BareJid,
        kind: Kind,
        stanza: &Presence,
    ) -> Result<Option<(Kind, bool)>, StanzaError> {
        let Some(local) = self.local_part(account) else { return Ok(None) };
        // RFC 6121 §8.5.1.
        if !self.storage.has_account(local)? {
            return Ok(None);
        }
        let (item, before) = self.state(local, from)?;
        let outcome = before.after(Direction::Inbound, kind);
        let after = outcome.state;
        if after.inward == Inward::Pending && before.inward != Inward::Pending {
            // RFC 6121 §3.1.3: kept until it is answered, whoever is there now.
            self.storage.store_request(local, from, stanza)?;
        }
        if outcome.goes_on {
            let listeners = match kind {
                Kind::Subscribe => Account::available,
                // RFC 6121 §3.1.6, §3.2.3, §3.3.3: before the push of the roster.
                _ => Account::interested,
            };
            for session in self.takers(account, listeners) {
                self.deliver_to(session, stanza.clone().into());
            }
        }
        self.settle(account, from, item, before, after)?;
        if before.inward == Inward::Subscribed && after.inward == Inward::None {
            // RFC 6121 §3.3.3.
            self.vanish(account, from);
        }
        Ok(outcome.reply.map(|reply| (reply, after != before)))
    }

    /// A server says something for one of its accounts.
    fn speak(&mut self, from: &BareJid, to: &BareJid, kind: Kind) -> Result<(), StanzaError> {
        let stanza = Presence::builder(kind.type_()).from(from).to(to).build();
        if let Ok(stanza) = stanza {
            self.receive(from, to, kind, &stanza)?;
        }
        Ok(())
    }

    /// A contact was removed from a roster, where the state was `before` (RFC 6121 §2.5.2).
    pub(super) fn part(
        &mut self,
        account: &BareJid,
        contact: &BareJid,
        before: State,
    ) -> Result<(), StanzaError> {
        if before.outward != Outward::None {
            self.speak(account, contact, Kind::Unsubscribe)?;
        }
        if before.inward == Inward::Subscribed {
            self.vanish(account, contact);
            self.speak(account, contact, Kind::Unsubscribed)?;
        }
        Ok(())
    }

    /// An account does not let the contact see its presence, which the contact believes or hopes
    /// for. What the account has approved in advance stays so.
    pub(super) fn deny(&mut self, account: &BareJid, contact: &BareJid) -> Result<(), StanzaError> {
        self.speak(account, contact, Kind::Unsubscribed)
    }

    /// What the account named `local` and the contact are to each other.
    fn state(
        &mut self,
        local: &str,
        contact: &BareJid,
    ) -> Result<(Option<RosterItem>, State), StorageError> {
        let item = self.storage.roster_item(local, contact)?;
        let is_pending_in = self.storage.has_request(local, contact)?;
        let state = State::of(item.as_ref(), is_pending_in);
        Ok((item, state))
    }

    /// Stores what they have become, and tells all who are interested.
    fn settle(
        &mut self,
        account: &BareJid,
        contact: &BareJid,
        item: Option<RosterItem>,
        before: State,
        after: State,
    ) -> Result<(), StanzaError> {
        let Some(local) = self.local_part(account) else { return Ok(()) };
        if before.looks_unlike(after) {
            let mut item = match item {
                Some(item) => item,
                None => self.new_item(local, contact)?,
            };
            after.write_to(&mut item);
            self.change_roster(account, &item)?;
        }
        if before.inward == Inward::Pending && after.inward != Inward::Pending {
            self.storage.remove_request(local, contact)?;
        }
        Ok(())
    }
}
