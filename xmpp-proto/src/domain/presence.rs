//! Presence: who is there, and who is told (RFC 6121 §4).
//!
//! The presence of a contact in the same domain is at hand, so that nobody is probed for it
//! (§4.3): whoever becomes available gets it at once. Contacts who are not there send nothing, as
//! §4.3.2 leaves open, for else each login would bring a stanza for each of them; but a client that
//! probes by itself gets its answer.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::account::{Account, Resource};
use super::storage::Storage;
use super::subscription::Kind;
use super::{Domain, SessionId};
use crate::jid::{BareJid, FullJid, Jid};
use crate::modules::roster::Subscription;
use crate::stanza::{Condition, Presence, PresenceBuilder, PresenceType, StanzaError};

impl<S: Storage> Domain<S> {
    /// A presence stanza from a client, whatever its type and `to`.
    pub(super) fn handle_presence(&mut self, id: SessionId, from: &FullJid, presence: Presence) {
        if let Some(kind) = Kind::of(presence.type_()) {
            return self.manage(id, &from.to_bare(), kind, &presence);
        }
        match (presence.type_(), presence.to().cloned()) {
            (PresenceType::Available, None) => self.come_to_be(id, from, &presence),
            (PresenceType::Unavailable, None) => self.cease(id, from, &presence),
            (PresenceType::Available | PresenceType::Unavailable, Some(to)) => {
                self.direct(id, from, &to, &presence);
            }
            (PresenceType::Probe, Some(to)) if self.is_remote(&to) => {
                self.object(id, &presence, Condition::RemoteServerNotFound.into());
            }
            (PresenceType::Probe, Some(to)) => self.probe(from, &to, presence.id()),
            // RFC 6121 §8.5.3: errors are for the resource that sent what went wrong.
            (PresenceType::Error, Some(to)) if to.is_full() => self.route(presence.into()),
            (PresenceType::Error, _) => {}
            _ => self.object(id, &presence, Condition::BadRequest.into()),
        }
    }

    /// Presence from somebody who has no session here, for an account or a resource (RFC 6121
    /// §8.5.2.1.2, §8.5.3).
    pub(super) fn receive_presence(&mut self, to: &Jid, presence: &Presence) {
        if let Some(kind) = Kind::of(presence.type_()) {
            return self.receive_foreign(to, kind, presence);
        }
        match (presence.type_(), presence.from()) {
            (PresenceType::Probe, Some(from)) => self.probe(from, to, presence.id()),
            (PresenceType::Probe, None) => {}
            _ => self.route_presence(to, presence),
        }
    }

    /// Initial presence (RFC 6121 §4.2) and what follows it (§4.4).
    fn come_to_be(&mut self, id: SessionId, from: &FullJid, presence: &Presence) {
        let Some(resource) = self.resource_mut(from) else { return };
        let was_welcome = resource.welcome().is_some();
        let is_initial = resource.presence.replace(presence.clone()).is_none();
        let is_welcome = resource.welcome().is_some();
        self.broadcast(&from.to_bare(), presence);
        if is_initial {
            self.look_around(from);
            self.hand_over_requests(id, from);
        }
        if is_welcome && !was_welcome {
            self.hand_over_kept(&from.to_bare(), id);
        }
    }

    /// Presence for all who may see it: the contacts, and the account's own resources, the one it
    /// comes from among them (RFC 6121 §4.2.2, §4.4.2, §4.5.2).
    fn broadcast(&mut self, account: &BareJid, presence: &Presence) {
        for contact in self.connected_contacts(account, Subscription::is_from) {
            self.show(presence, &contact);
        }
        self.show(presence, account);
    }

    /// Presence for the available resources of an account: one copy, which they share.
    fn show(&mut self, presence: &Presence, to: &BareJid) {
        let sessions = self.takers(to, Account::available);
        if sessions.is_empty() {
            return;
        }
        let Some(copy) = presence.readdressed(to.into()) else { return };
        for session in sessions {
            self.deliver_to(session, copy.clone().into());
        }
    }

    /// A resource that has become available learns who else is (RFC 6121 §4.2.2).
    fn look_around(&mut self, own: &FullJid) {
        let account = own.to_bare();
        for contact in self.connected_contacts(&account, Subscription::is_to) {
            if self.may_see(&account, &contact) {
                self.report(own, &contact, |_| true);
            } else {
                // RFC 6121 §4.3.2: the rosters disagree, and the contact's counts.
                let _ = self.deny(&contact, &account);
            }
        }
        // It has heard of itself already.
        self.report(own, &account, |from| *from != **own);
    }

    /// `asker` gets the last presence of each available resource of `account` that is `wanted`.
    fn report(&mut self, asker: &Jid, account: &BareJid, wanted: impl Fn(&Jid) -> bool) {
        for presence in self.presences(account) {
            if presence.from().is_some_and(&wanted) {
                self.send_presence(asker, &presence);
            }
        }
    }

    /// The requests that wait for the account's answer (RFC 6121 §3.1.3).
    fn hand_over_requests(&mut self, id: SessionId, own: &FullJid) {
        let account = own.to_bare();
        let Some(local) = self.local_part(&account) else { return };
        // What cannot be read now comes the next time.
        for (_, request) in self.storage.requests(local).unwrap_or_default() {
            self.deliver_to(id, request.into());
        }
    }

    /// Unavailable presence for all (RFC 6121 §4.5).
    fn cease(&mut self, id: SessionId, from: &FullJid, presence: &Presence) {
        let Some(resource) = self.resource_mut(from) else { return };
        let was_available = resource.presence.take().is_some();
        let directed = core::mem::take(&mut resource.directed);
        if was_available {
            self.broadcast(&from.to_bare(), presence);
            // RFC 6121 §4.5.2: the resource itself gets it, too.
            if let Some(copy) = presence.readdressed(Jid::from(from.to_bare())) {
                self.deliver_to(id, copy.into());
            }
        }
        self.end_directed(&from.to_bare(), presence, directed, was_available);
    }

    /// A resource is gone, whatever the reason. It is no longer among those of its account. If it
    /// has not taken its leave, that is done for it (RFC 6121 §4.5.2).
    pub(super) fn presence_ended(&mut self, from: &FullJid, resource: Resource) {
        let Ok(unavailable) = Presence::unavailable().from(from).build() else { return };
        let was_available = resource.presence.is_some();
        if was_available {
            self.broadcast(&from.to_bare(), &unavailable);
        }
        self.end_directed(&from.to_bare(), &unavailable, resource.directed, was_available);
    }

    /// Unavailable presence for those who got available presence directly (RFC 6121 §4.6.3), but
    /// for those who get it anyhow because it is `broadcast`.
    fn end_directed(
        &mut self,
        account: &BareJid,
        unavailable: &Presence,
        directed: BTreeSet<Jid>,
        broadcast: bool,
    ) {
        for to in directed {
            if broadcast && self.gets_broadcasts(&to, account) {
                continue;
            }
            self.send_presence(&to, unavailable);
        }
    }

    /// Presence for one entity (RFC 6121 §4.6).
    fn direct(&mut self, id: SessionId, from: &FullJid, to: &Jid, presence: &Presence) {
        let is_available = presence.type_() == PresenceType::Available;
        if self.is_remote(to) {
            // RFC 6120 §10.4.3.
            return self.object(id, presence, Condition::RemoteServerNotFound.into());
        }
        if !is_available && let Some(resource) = self.resource_mut(from) {
            // RFC 6121 §4.6.1: whether they are there to hear it or not.
            resource.directed.remove(to);
        }
        let sessions = self.presence_takers(to);
        if sessions.is_empty() {
            // RFC 6121 §8.5.1, §8.5.3.2.2: nobody sees it, and so nobody must see its end.
            return;
        }
        let gets_broadcasts = self.gets_broadcasts(to, &from.to_bare());
        let max = self.config.max_directed;
        let Some(resource) = self.resource_mut(from) else { return };
        // RFC 6121 §4.6.3: the first of its three cases is that they hear of the end anyhow.
        let gets_broadcasts = gets_broadcasts && resource.presence.is_some();
        if is_available && !gets_broadcasts && !resource.directed.contains(to) {
            if resource.directed.len() >= max {
                return self.object(id, presence, Condition::ResourceConstraint.into());
            }
            resource.directed.insert(to.clone());
        }
        for session in sessions {
            self.deliver_to(session, presence.clone().into());
        }
    }

    /// Somebody asks for somebody's presence (RFC 6121 §4.3.2). Who is not subscribed hears nothing,
    /// whether there is such an account or not.
    fn probe(&mut self, asker: &Jid, to: &Jid, probe: Option<&str>) {
        let (account, contact) = (asker.to_bare(), to.to_bare());
        let may_see = self.may_see(&account, &contact);
        if !may_see && self.is_subscribed(&account, &contact) {
            // The rosters disagree, and the contact's counts.
            let _ = self.deny(&contact, &account);
            return;
        }
        if to.is_bare() && may_see && !self.presences(&contact).is_empty() {
            return self.report(asker, &contact, |_| true);
        }
        // Of a resource, only whether it is there.
        let answer = if self.is_shown(to, asker, may_see) {
            Presence::available()
        } else if may_see {
            Presence::unavailable()
        } else {
            return;
        };
        // RFC 6121 §4.3.2.1: what is not somebody's own presence has the id of the question.
        let answer = probe.into_iter().fold(answer, PresenceBuilder::id);
        if let Ok(answer) = answer.from(to).to(asker).build() {
            self.route_presence(asker, &answer);
        }
    }

    /// Whether a resource is there for `asker`, who may see all that is (RFC 6121 §4.3.2), or has got
    /// its presence directly (§4.6.6).
    fn is_shown(&self, resource: &Jid, asker: &Jid, may_see: bool) -> bool {
        let Some(account) = self.account(&resource.to_bare()) else { return false };
        let Some(found) = resource.resource().and_then(|it| account.resources.get(it)) else {
            return false;
        };
        let is_told = |to: &Jid| found.directed.contains(to);
        (may_see && found.presence.is_some()) || is_told(asker) || is_told(&asker.to_bare().into())
    }

    /// The contact sees the account, as it is now (RFC 6121 §3.1.5).
    pub(super) fn appear(&mut self, account: &BareJid, contact: &BareJid) {
        for presence in self.presences(account) {
            self.show(&presence, contact);
        }
    }

    /// To the contact, the account is not there any more (RFC 6121 §3.2.2, §3.3.3), even if it has
    /// got presence directly (§4.6.1).
    pub(super) fn vanish(&mut self, account: &BareJid, contact: &BareJid) {
        let Some(local) = self.local_part(account) else { return };
        let Some(connected) = self.accounts.get_mut(local) else { return };
        let mut gone = Vec::new();
        for (name, resource) in connected.resources.iter_mut() {
            let is_told = |to: &Jid| to.to_bare() == *contact;
            let directed: Vec<_> =
                resource.directed.iter().filter(|to| is_told(to)).cloned().collect();
            resource.directed.retain(|to| !is_told(to));
            if let Ok(from) = account.with_resource(name) {
                gone.push((from, resource.presence.is_some(), directed));
            }
        }
        for (from, was_available, directed) in gone {
            let Ok(unavailable) = Presence::unavailable().from(from).build() else { continue };
            if was_available {
                self.show(&unavailable, contact);
            }
            for to in directed {
                // Once: all who are available have heard it by now.
                if was_available && self.is_reached(&to) {
                    continue;
                }
                self.send_presence(&to, &unavailable);
            }
        }
    }

    /// Whether what `account` broadcasts comes to this address, be it an account or a resource.
    fn gets_broadcasts(&mut self, to: &Jid, account: &BareJid) -> bool {
        self.may_see(&to.to_bare(), account) && self.is_reached(to)
    }

    /// Whether what is for the available resources of an account comes to this address: not to a
    /// resource that is connected and no more.
    fn is_reached(&self, jid: &Jid) -> bool {
        if jid.is_bare() {
            return true;
        }
        let found = jid.resource().zip(self.account(&jid.to_bare()));
        let resource = found.and_then(|(name, account)| account.resources.get(name));
        resource.is_some_and(|resource| resource.presence.is_some())
    }

    /// Whether `asker` may know of `account` what its subscribers may: it is the account itself or
    /// subscribed to its presence.
    pub(super) fn may_see(&mut self, asker: &BareJid, account: &BareJid) -> bool {
        asker == account || self.subscription(account, asker).is_from()
    }

    /// Whether `account` believes that it is subscribed to `contact`.
    pub(super) fn is_subscribed(&mut self, account: &BareJid, contact: &BareJid) -> bool {
        self.subscription(account, contact).is_to()
    }

    fn subscription(&mut self, account: &BareJid, contact: &BareJid) -> Subscription {
        let Some(local) = self.local_part(account) else { return Subscription::None };
        // Nobody sees more because the storage fails.
        match self.storage.roster_item(local, contact) {
            Ok(Some(item)) => item.subscription,
            _ => Subscription::None,
        }
    }

    /// The contacts with such a subscription that somebody is logged in to.
    fn connected_contacts(
        &mut self,
        account: &BareJid,
        wanted: fn(Subscription) -> bool,
    ) -> Vec<BareJid> {
        let Some(local) = self.local_part(account) else { return Vec::new() };
        let (accounts, domain) = (&self.accounts, self.config.domain.domain());
        let mut contacts = Vec::new();
        let read = self.storage.each_roster_item(local, &mut |item| {
            let is_here = || item.jid.domain() == domain;
            let is_connected = || item.jid.local().is_some_and(|it| accounts.get(it).is_some());
            if wanted(item.subscription) && is_here() && is_connected() {
                contacts.push(item.jid.clone());
            }
        });
        // Half a broadcast would be worse than none: nobody could say who was told.
        if read.is_ok() { contacts } else { Vec::new() }
    }

    /// The last presence of each available resource of an account.
    fn presences(&self, account: &BareJid) -> Vec<Presence> {
        let resources = self.account(account).into_iter().flat_map(|it| it.resources.values());
        resources.filter_map(|resource| resource.presence.clone()).collect()
    }

    /// Tells a client what is wrong with its presence.
    pub(super) fn object(&mut self, id: SessionId, presence: &Presence, error: StanzaError) {
        if let Ok(error) = presence.error_reply(error) {
            self.deliver_to(id, error.into());
        }
    }
}
