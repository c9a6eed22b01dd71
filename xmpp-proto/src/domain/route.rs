//! Where stanzas go (RFC 6121 §8).
//!
//! The rules leave some choices. These are the ones made here:
//!
//! | RFC 6121 | what comes | what becomes of it |
//! |---|---|---|
//! | §8.5.1 | anything but an error or a headline, for an account that does not exist | `service-unavailable`, as from an account whose storage takes no messages |
//! | §8.5.2.1.1 | normal or chat, for an account | to all resources that share the highest priority |
//! | §8.5.2.1.1 | the same, and no resource wants it | stored; `service-unavailable` if there is no room |
//! | §8.5.3.2.1 | normal or groupchat, for a resource that is not there | `service-unavailable` |
//! | §8.5.3.2.1 | headline, for a resource that is not there | nothing |
//!
//! A stanza is passed on as it came: `to` is never rewritten (§8.5.2).

use alloc::vec::Vec;

use super::account::Account;
use super::storage::Storage;
use super::{Domain, SessionId};
use crate::Instant;
use crate::jid::{BareJid, Jid};
use crate::stanza::{Condition, Iq, Message, MessageType, Presence, Stanza, StanzaError};

/// Where a stanza goes.
enum Place {
    /// To an account of this domain, or to one of its resources. There may be neither.
    Account(Jid),
    /// To the domain itself, or to something at it (RFC 6121 §8.4).
    Domain,
    /// To another domain.
    Remote,
    /// Nowhere: it says neither where to nor where from.
    Nowhere,
}

impl<S: Storage> Domain<S> {
    /// Sends a stanza on its way. It says truly who it is from.
    pub(super) fn route(&mut self, stanza: Stanza) {
        match (self.place(&stanza), stanza) {
            (Place::Account(to), Stanza::Message(message)) => self.route_message(&to, message),
            (Place::Account(to), Stanza::Iq(iq)) => self.route_iq(&to, iq),
            (Place::Account(to), Stanza::Presence(presence)) => {
                self.receive_presence(&to, &presence);
            }
            (Place::Domain, Stanza::Iq(iq)) => self.answer_for_domain(&iq),
            // RFC 6121 §8.4: nobody reads here.
            (Place::Domain, stanza) => self.refuse(&stanza),
            // RFC 6121 §8.3, RFC 6120 §8.3.3.16: there is no way to other domains.
            (Place::Remote, stanza) => {
                self.bounce(&stanza, Condition::RemoteServerNotFound.into());
            }
            (Place::Nowhere, _) => {}
        }
    }

    fn place(&self, stanza: &Stanza) -> Place {
        let to = match (stanza.to(), stanza.from()) {
            (Some(to), _) => to.clone(),
            // RFC 6121 §8.2: without `to`, it is for the sender's own account.
            (None, Some(from)) => Jid::from(from.to_bare()),
            (None, None) => return Place::Nowhere,
        };
        if self.is_remote(&to) {
            Place::Remote
        } else if to.local().is_some() {
            Place::Account(to)
        } else {
            Place::Domain
        }
    }

    fn route_message(&mut self, to: &Jid, message: Message) {
        match self.resource_session(to) {
            // RFC 6121 §8.5.3.1: whatever its type, and whatever the priority.
            Some(session) => self.deliver_to(session, message.into()),
            None if to.is_bare() => self.route_to_account(&to.to_bare(), message),
            // RFC 6121 §8.5.3.2.1.
            None => match message.type_() {
                MessageType::Chat => self.route_to_account(&to.to_bare(), message),
                _ => self.refuse(&message.into()),
            },
        }
    }

    /// A message to an account as a whole (RFC 6121 §8.5.2.1.1, §8.5.2.2.1).
    fn route_to_account(&mut self, account: &BareJid, message: Message) {
        let sessions = match message.type_() {
            MessageType::Normal | MessageType::Chat => {
                self.takers(account, Account::most_available)
            }
            MessageType::Headline => self.takers(account, Account::welcoming),
            MessageType::Groupchat | MessageType::Error => return self.refuse(&message.into()),
        };
        if sessions.is_empty() {
            return self.keep(account, message);
        }
        self.deliver_to_all(sessions, &message);
    }

    fn route_iq(&mut self, to: &Jid, iq: Iq) {
        match self.resource_session(to) {
            // RFC 6121 §8.5.3.1.
            Some(session) => self.deliver_to(session, iq.into()),
            // RFC 6121 §8.5.2.1.3: the server answers for the account, and for nobody else.
            None if to.is_bare() && iq.type_().is_request() => {
                self.answer_for_account(&to.to_bare(), &iq);
            }
            None => self.refuse(&iq.into()),
        }
    }

    /// Presence for an account or a resource, addressed to it.
    pub(super) fn send_presence(&mut self, to: &Jid, presence: &Presence) {
        if let Some(copy) = presence.readdressed(to.clone()) {
            self.route_presence(to, &copy);
        }
    }

    /// Presence that is not a client's own affair (RFC 6121 §8.5.2.1.2, §8.5.3.1).
    pub(super) fn route_presence(&mut self, to: &Jid, presence: &Presence) {
        for session in self.presence_takers(to) {
            self.deliver_to(session, presence.clone().into());
        }
    }

    /// The sessions that take presence for an account or a resource.
    pub(super) fn presence_takers(&self, to: &Jid) -> Vec<SessionId> {
        match self.resource_session(to) {
            Some(session) => Vec::from([session]),
            None if to.is_bare() => self.takers(&to.to_bare(), Account::available),
            None => Vec::new(),
        }
    }

    /// The session of a connected resource that can be sent to.
    fn resource_session(&self, jid: &Jid) -> Option<SessionId> {
        let session = self.account(&jid.to_bare())?.session(jid.resource()?)?;
        self.takes(session).then_some(session)
    }

    /// Those of an account's sessions that `choose` names and that can be sent to.
    pub(super) fn takers(
        &self,
        account: &BareJid,
        choose: fn(&Account, &dyn Fn(SessionId) -> bool) -> Vec<SessionId>,
    ) -> Vec<SessionId> {
        match self.account(account) {
            Some(account) => choose(account, &|session| self.takes(session)),
            None => Vec::new(),
        }
    }

    /// Whether a session can be sent to, now or when it goes on. Not where its transport is lost for
    /// good, and only what it said before is still being read.
    fn takes(&self, id: SessionId) -> bool {
        self.sessions.get(id).is_some_and(|session| session.server.is_open())
    }

    /// Nobody is there who takes it, and it cannot be kept.
    pub(super) fn refuse(&mut self, stanza: &Stanza) {
        // RFC 6121 §8.5.3.2.1 lets headlines vanish: nobody waits for an answer to one.
        let headline =
            matches!(stanza, Stanza::Message(message) if message.type_() == MessageType::Headline);
        // So does presence (§8.5.1).
        if !headline && !matches!(stanza, Stanza::Presence(_)) {
            self.bounce(stanza, Condition::ServiceUnavailable.into());
        }
    }

    /// Tells the sender of a stanza that it did not arrive. Nobody hears of what became of errors
    /// and results (RFC 6120 §8.3.1).
    pub(super) fn bounce(&mut self, stanza: &Stanza, error: StanzaError) {
        let bounced = match stanza {
            Stanza::Message(message) => message.error_reply(error).map(Stanza::Message),
            Stanza::Presence(presence) => presence.error_reply(error).map(Stanza::Presence),
            Stanza::Iq(iq) => iq.error_reply(error).map(Stanza::Iq),
        };
        if let Ok(bounced) = bounced
            && bounced.to().is_some()
        {
            self.route(bounced);
        }
    }

    /// A session has ended before its client got this.
    ///
    /// It is treated as if it came now (RFC 6121 §8.5.3.2), but for messages to the account as a
    /// whole: those that other resources got, too, are not repeated. A message says that it was sent
    /// `at` that moment (XEP-0198 §4).
    pub(super) fn salvage(&mut self, stanza: Stanza, at: Instant) {
        let place = self.place(&stanza);
        let stanza = match stanza {
            Stanza::Message(message) => self.stamped(&message, at).into(),
            stanza => stanza,
        };
        match (place, stanza) {
            (Place::Account(to), Stanza::Message(message)) if to.is_bare() => {
                let account = to.to_bare();
                if self.takers(&account, Account::welcoming).is_empty() {
                    self.route_to_account(&account, message);
                }
            }
            (_, Stanza::Message(message)) => self.route(message.into()),
            (_, Stanza::Iq(iq)) => self.refuse(&iq.into()),
            (_, Stanza::Presence(_)) => {}
        }
    }
}

/// The stanza with `from`, unless it says already who it is from. None if it cannot be built.
pub(super) fn signed(stanza: Stanza, from: &BareJid) -> Option<Stanza> {
    if stanza.from().is_some() {
        return Some(stanza);
    }
    let signed = stanza.element().to_builder().attr("from", from.as_str()).build().ok()?;
    Stanza::from_element(signed).ok()
}
