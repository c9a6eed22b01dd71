//! Presence: who is there, and who may see it (RFC 6121 §3, §4).
//!
//! [`Presences`] sends the client's own presence, keeps that of the others, and carries the requests
//! to see it.
//!
//! Nothing is sent before the application has set a presence. From then on it is sent again whenever
//! the client comes online.
//!
//! ```
//! use xmpp_proto::endpoint::{Client, ClientConfig};
//! use xmpp_proto::modules::Modular;
//! use xmpp_proto::modules::presence::{Policy, PresenceConfig, Presences};
//! use xmpp_proto::stanza::{Presence, Show};
//! use xmpp_proto::{Instant, Seed};
//!
//! # let (seed, now) = (Seed::new([7; 32]), Instant::from_micros(0));
//! let config = ClientConfig::new("juliet@example.com".parse()?, "a password");
//! let presences = Presences::new(PresenceConfig::new().with_policy(Policy::AcceptKnown));
//! let mut client = Modular::new(Client::new(config, seed, now), presences);
//!
//! // Not online yet: it is sent at the login.
//! let away = Presence::available().show(Show::Away).status("on the balcony");
//! client.with(now, |presences, cx| presences.set(cx, away))?;
//!
//! // Later: where to find Romeo.
//! let romeo = "romeo@example.net".parse()?;
//! if let Some((jid, resource)) = client.modules().best(&romeo) {
//!     println!("{jid}: {:?}", resource.status());
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Who is known
//!
//! [`Policy::AcceptKnown`] accepts requests of accounts whose presence we see or want to see. Those
//! that were asked by [`Presences::subscribe`] in this session are known. The others stand in the
//! roster, which is another module's: tell them at each
//! [`RosterEvent::Loaded`](super::roster::RosterEvent::Loaded).
//!
//! ```
//! # use xmpp_proto::modules::presence::Presences;
//! # use xmpp_proto::modules::roster::Roster;
//! # let (roster, mut presences) = (Roster::default(), Presences::default());
//! for item in roster.iter().filter(|item| item.subscription.is_to() || item.ask) {
//!     presences.add_known(item.jid.clone())?;
//! }
//! # Ok::<(), xmpp_proto::modules::Refused>(())
//! ```
//!
//! Whoever is removed from the roster is known no longer: [`Presences::remove_known`]. All are forgotten
//! when the stream ends. Whom we no longer see, because another client of ours has unsubscribed, is
//! forgotten with [`Presences::forget`] when the roster says so (RFC 6121 §3.3.3).
//!
//! # Its place among modules
//!
//! It takes all presence but probes, so that modules that want to look at presence stand before it;
//! so does the roster, which is to be asked for before presence is sent (RFC 6121 §2.2).

mod config;
mod event;
mod table;

pub use config::{Policy, PresenceConfig};
pub use event::PresenceEvent;
pub use table::ResourcePresence;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use core::fmt;

use super::{Claim, Cx, Module, Refused};
use crate::endpoint::{Misuse, SendToken};
use crate::jid::{BareJid, Jid};
use crate::ns;
use crate::stanza::{Presence, PresenceBuilder, PresenceType, Stanza};
use table::Table;

/// Presence and subscriptions (RFC 6121 §3, §4).
///
/// What it knows of others ends with the stream.
pub struct Presences {
    config: PresenceConfig,
    /// What the application wants to be seen.
    own: Option<Presence>,
    table: Table,
    known: BTreeMap<BareJid, Standing>,
    /// How many requests of each account the policy has answered.
    answered: BTreeMap<BareJid, u32>,
    /// Numbers what is sent, so that errors can refer to it.
    next_id: u64,
    events: VecDeque<PresenceEvent>,
}

/// How we stand to an account that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It was asked, and has not answered.
    Asked,
    /// We see its presence, or somebody said so.
    Seen,
}

impl Presences {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(config: PresenceConfig) -> Self {
        Self {
            table: Table::new(&config),
            config,
            own: None,
            known: BTreeMap::new(),
            answered: BTreeMap::new(),
            next_id: 0,
            events: VecDeque::new(),
        }
    }

    /// Sends the client's own presence to all who may see it (RFC 6121 §4.2, §4.4), and remembers it
    /// for the next login. While the client is not online it is only remembered, and there is no
    /// token.
    ///
    /// "Unavailable" (§4.5) is sent, too, and nothing is remembered. Presence with `to`, and presence
    /// of other types, is just sent.
    ///
    /// # Errors
    ///
    /// [`Refused::Build`] if it holds a character that XML does not allow; [`Refused::Machine`]. Then
    /// nothing has changed.
    pub fn set(
        &mut self,
        cx: &mut Cx<'_>,
        presence: PresenceBuilder,
    ) -> Result<Option<SendToken>, Refused> {
        let presence = presence.build()?;
        let own = match presence.type_() {
            _ if presence.to().is_some() => return cx.send(presence).map(Some),
            PresenceType::Available => Some(presence.clone()),
            PresenceType::Unavailable => None,
            _ => return cx.send(presence).map(Some),
        };
        let token = match cx.send(presence) {
            Ok(token) => Some(token),
            Err(Refused::Machine(Misuse::NotOnline)) => None,
            Err(refused) => return Err(refused),
        };
        self.own = own;
        Ok(token)
    }

    /// As [`Presences::set`], with nothing more to say than "available".
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn available(&mut self, cx: &mut Cx<'_>) -> Result<Option<SendToken>, Refused> {
        self.set(cx, Presence::available())
    }

    /// As [`Presences::set`], with nothing more to say than "unavailable". The client stays online,
    /// but nobody sees it, and it sees nobody.
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn unavailable(&mut self, cx: &mut Cx<'_>) -> Result<Option<SendToken>, Refused> {
        self.set(cx, Presence::unavailable())
    }

    /// What is sent at the next login, if anything.
    #[must_use]
    pub const fn own(&self) -> Option<&Presence> {
        self.own.as_ref()
    }

    /// Sends presence to one address, whether or not it may see ours (RFC 6121 §4.6). To end it, send
    /// "unavailable" there; the server does it when the client goes. It is not sent again at the next
    /// login.
    ///
    /// # Errors
    ///
    /// [`Refused::Build`] if it holds a character that XML does not allow; [`Refused::Machine`].
    pub fn direct(
        &self,
        cx: &mut Cx<'_>,
        to: impl Into<Jid>,
        presence: PresenceBuilder,
    ) -> Result<SendToken, Refused> {
        cx.send(presence.to(to).build()?)
    }

    /// The resources of an account that are available, in order.
    pub fn resources(&self, jid: &BareJid) -> impl Iterator<Item = (&Jid, &ResourcePresence)> {
        self.table.of(jid)
    }

    /// All that are available, by domain, local part and resource.
    pub fn iter(&self) -> impl Iterator<Item = (&Jid, &ResourcePresence)> {
        self.table.iter()
    }

    /// Whether at least one resource of the account is available.
    #[must_use]
    pub fn is_available(&self, jid: &BareJid) -> bool {
        self.resources(jid).next().is_some()
    }

    /// The resource that stands for the account: of the highest priority (RFC 6121 §8.5.2.1.1), then
    /// the most available one (chat, nothing, away, xa, dnd), then the latest. Those of a negative
    /// priority, to which no messages for the account go, come last by that.
    #[must_use]
    pub fn best(&self, jid: &BareJid) -> Option<(&Jid, &ResourcePresence)> {
        self.resources(jid).max_by_key(|(_, resource)| resource.rank())
    }

    /// Asks to see the presence of an account (RFC 6121 §3.1.1), with a text for the person there. It
    /// should be in the roster by then. The answer is [`PresenceEvent::Approved`] or
    /// [`PresenceEvent::Denied`], perhaps much later.
    ///
    /// # Errors
    ///
    /// [`Refused::TooMany`] if `max_known` accounts are known; [`Refused::Build`] if the text holds a
    /// character that XML does not allow; [`Refused::Machine`].
    pub fn subscribe(
        &mut self,
        cx: &mut Cx<'_>,
        jid: &BareJid,
        status: Option<&str>,
    ) -> Result<SendToken, Refused> {
        self.check_known(jid)?;
        let token = self.send(cx, PresenceType::Subscribe, jid, status)?;
        self.known.insert(jid.clone(), Standing::Asked);
        Ok(token)
    }

    /// Lets an account that has asked see our presence (RFC 6121 §3.1.4).
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn approve(&mut self, cx: &mut Cx<'_>, jid: &BareJid) -> Result<SendToken, Refused> {
        self.send(cx, PresenceType::Subscribed, jid, None)
    }

    /// Does not let an account that has asked see our presence (RFC 6121 §3.1.4).
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn deny(&mut self, cx: &mut Cx<'_>, jid: &BareJid) -> Result<SendToken, Refused> {
        self.send(cx, PresenceType::Unsubscribed, jid, None)
    }

    /// No longer lets an account see our presence (RFC 6121 §3.2.1), or takes an approval in advance
    /// back (§3.4).
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn cancel(&mut self, cx: &mut Cx<'_>, jid: &BareJid) -> Result<SendToken, Refused> {
        self.send(cx, PresenceType::Unsubscribed, jid, None)
    }

    /// No longer wants to see the presence of an account (RFC 6121 §3.3.1), and forgets what is
    /// known of it.
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`].
    pub fn unsubscribe(&mut self, cx: &mut Cx<'_>, jid: &BareJid) -> Result<SendToken, Refused> {
        let token = self.send(cx, PresenceType::Unsubscribe, jid, None)?;
        self.known.remove(jid);
        // RFC 6121 §3.3.3: nobody waits for the contact's last word.
        self.table.remove(jid);
        Ok(token)
    }

    /// Lets an account see our presence as soon as it asks (RFC 6121 §3.4): the server will answer
    /// for us.
    ///
    /// # Errors
    ///
    /// [`Refused::NotOffered`] by servers that do not know this; [`Refused::Machine`].
    pub fn pre_approve(&mut self, cx: &mut Cx<'_>, jid: &BareJid) -> Result<SendToken, Refused> {
        if cx.jid().is_some() && !cx.offers("sub", ns::PRE_APPROVAL) {
            return Err(Refused::NotOffered(ns::PRE_APPROVAL));
        }
        self.send(cx, PresenceType::Subscribed, jid, None)
    }

    /// This account is known to [`Policy::AcceptKnown`], until the stream ends.
    ///
    /// # Errors
    ///
    /// [`Refused::TooMany`] if `max_known` accounts are known.
    pub fn add_known(&mut self, jid: BareJid) -> Result<(), Refused> {
        self.check_known(&jid)?;
        self.known.entry(jid).or_insert(Standing::Seen);
        Ok(())
    }

    /// Forgets what an account has said: to be called where the roster shows that we no longer see it
    /// (RFC 6121 §3.3.3), perhaps because another client of ours has unsubscribed. Its own farewell
    /// may not come.
    pub fn forget(&mut self, jid: &BareJid) {
        self.known.remove(jid);
        self.table.remove(jid);
    }

    /// This account is known no longer, such as one that was removed from the roster.
    pub fn remove_known(&mut self, jid: &BareJid) {
        self.known.remove(jid);
    }

    /// Whether [`Policy::AcceptKnown`] accepts requests of this account.
    #[must_use]
    pub fn is_known(&self, jid: &BareJid) -> bool {
        self.known.contains_key(jid)
    }

    /// Changes what becomes of requests to see our presence, from now on.
    pub const fn set_policy(&mut self, policy: Policy) {
        self.config.policy = policy;
    }

    fn check_known(&self, jid: &BareJid) -> Result<(), Refused> {
        let limit = self.config.max_known;
        if self.known.len() >= limit && !self.known.contains_key(jid) {
            return Err(Refused::TooMany { what: "known accounts", limit });
        }
        Ok(())
    }

    /// Sends what is about subscriptions. RFC 6121 §3.1.1: with an id, by which errors refer to it.
    /// The kind is part of it, for that of an answer must not be that of the request (§3.1.4), whose
    /// sender may count as we do.
    fn send(
        &mut self,
        cx: &mut Cx<'_>,
        kind: PresenceType,
        to: &BareJid,
        status: Option<&str>,
    ) -> Result<SendToken, Refused> {
        let id = format!("{}-{}", kind.name().unwrap_or_default(), self.next_id);
        let presence = Presence::builder(kind).to(to).id(&id);
        let presence = status.into_iter().fold(presence, PresenceBuilder::status);
        let token = cx.send(presence.build()?)?;
        self.next_id += 1;
        Ok(token)
    }

    fn handle_available(&mut self, cx: &Cx<'_>, jid: Jid, presence: &Presence) {
        let displaced = self.table.insert(cx.now(), jid.clone(), presence);
        self.tell(PresenceEvent::Available { jid, presence: presence.clone() });
        if let Some(jid) = displaced {
            self.tell(PresenceEvent::Displaced(jid));
        }
    }

    /// Somebody wants to see our presence (RFC 6121 §3.1.3).
    fn handle_request(&mut self, cx: &mut Cx<'_>, from: BareJid, presence: &Presence) {
        let is_accepted = match self.config.policy {
            Policy::AcceptAll => Some(true),
            Policy::AcceptKnown => self.is_known(&from).then_some(true),
            Policy::DenyAll => Some(false),
            Policy::Ask => None,
        };
        match is_accepted.filter(|_| self.may_answer(&from)) {
            Some(is_accepted) if self.answer(cx, &from, is_accepted).is_ok() => {
                self.tell(PresenceEvent::Answered { from, is_accepted });
            }
            _ => self.tell(PresenceEvent::Request { from, presence: presence.clone() }),
        }
    }

    /// Whether the policy may answer one more request of this account, and notes that it does. Where
    /// each answer leads to another request, this is what ends it.
    fn may_answer(&mut self, from: &BareJid) -> bool {
        if let Some(count) = self.answered.get_mut(from) {
            let may = *count < self.config.max_answers;
            *count = count.saturating_add(1);
            return may;
        }
        let may = self.answered.len() < self.config.max_answered && self.config.max_answers > 0;
        if may {
            self.answered.insert(from.clone(), 1);
        }
        may
    }

    fn answer(
        &mut self,
        cx: &mut Cx<'_>,
        jid: &BareJid,
        is_accepted: bool,
    ) -> Result<SendToken, Refused> {
        if is_accepted { self.approve(cx, jid) } else { self.deny(cx, jid) }
    }

    fn tell(&mut self, event: PresenceEvent) {
        self.events.push_back(event);
    }
}

impl Default for Presences {
    fn default() -> Self {
        Self::new(PresenceConfig::new())
    }
}

impl Module for Presences {
    type Event = PresenceEvent;

    fn handle_online(&mut self, cx: &mut Cx<'_>) {
        let sent = self.own.as_ref().map(|own| cx.send(own.clone()));
        if let Some(Err(refused)) = sent {
            self.tell(PresenceEvent::NotSent(refused));
        }
    }

    fn handle_ended(&mut self) {
        self.table.clear();
        self.known.clear();
        self.answered.clear();
        if !self.config.resend {
            self.own = None;
        }
    }

    fn handle_stanza(&mut self, cx: &mut Cx<'_>, stanza: &Stanza) -> Claim {
        let Stanza::Presence(presence) = stanza else { return Claim::Passed };
        // RFC 6120 §8.1.2.1: what comes without a sender comes from our own account.
        let own = || cx.jid().map(|own| Jid::from(own.to_bare()));
        let Some(from) = presence.from().cloned().or_else(own) else { return Claim::Passed };
        match presence.type_() {
            PresenceType::Available => self.handle_available(cx, from, presence),
            PresenceType::Unavailable => {
                self.table.remove(&from);
                self.tell(PresenceEvent::Unavailable { jid: from, presence: presence.clone() });
            }
            PresenceType::Subscribe => self.handle_request(cx, from.to_bare(), presence),
            PresenceType::Subscribed => {
                let from = from.to_bare();
                if let Some(standing) = self.known.get_mut(&from) {
                    *standing = Standing::Seen;
                }
                self.tell(PresenceEvent::Approved(from));
            }
            PresenceType::Unsubscribe => self.tell(PresenceEvent::Unsubscribed(from.to_bare())),
            PresenceType::Unsubscribed => {
                let from = from.to_bare();
                let was_asked = self.known.remove(&from) == Some(Standing::Asked);
                let event =
                    if was_asked { PresenceEvent::Denied } else { PresenceEvent::Cancelled };
                self.tell(event(from));
            }
            PresenceType::Error => {
                self.tell(PresenceEvent::Error { from, presence: presence.clone() });
            }
            // RFC 6121 §4.3: probes are between servers.
            PresenceType::Probe => return Claim::Passed,
        }
        Claim::Taken
    }

    fn poll_event(&mut self) -> Option<PresenceEvent> {
        self.events.pop_front()
    }
}

impl fmt::Debug for Presences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presences")
            .field("config", &self.config)
            .field("available", &self.table.len())
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
