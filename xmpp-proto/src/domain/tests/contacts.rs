//! What tests of rosters and presence have in common.

use super::*;
use crate::endpoint::{Event, Request, RequestError};
use crate::modules::roster::{RosterItem, RosterLimits, RosterPayload};
use crate::ns;
use crate::stanza::{Condition, Iq, PresenceType};
use crate::xml::Element;

/// A query of this version, with these children as XML.
pub(super) fn query(ver: Option<&str>, items: &str) -> Element {
    let ver = ver.map(|ver| format!(" ver='{ver}'")).unwrap_or_default();
    format!("<query xmlns='{}'{ver}>{items}</query>", ns::ROSTER).parse().unwrap()
}

/// One line for an item.
pub(super) fn line(item: &RosterItem) -> String {
    let ask = if item.ask { " ask" } else { "" };
    let approved = if item.approved { " approved" } else { "" };
    let name = item.name.as_ref().map(|name| format!(" '{name}'")).unwrap_or_default();
    let groups: Vec<_> = item.groups.iter().map(|group| format!(" [{group}]")).collect();
    format!("{} {}{ask}{approved}{name}{}", item.jid, item.subscription, groups.concat())
}

fn payload(iq: &Iq) -> RosterPayload {
    RosterPayload::from_element(iq.payload().unwrap(), &RosterLimits::default()).unwrap()
}

impl World {
    /// All that has come to a client since the last call, a line each and in order. Requests are
    /// answered.
    pub(super) fn seen(&mut self, id: ClientId) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some(event) = self.next_event(id) {
            match event {
                Event::Stanza(Stanza::Presence(presence)) => seen.push(shown(&presence)),
                Event::Stanza(Stanza::Message(message)) => {
                    seen.push(format!("message {}", message.body().unwrap_or_default()));
                }
                Event::Query(query) => {
                    for item in payload(query.iq()).items {
                        seen.push(format!("push {}", line(&item)));
                    }
                    self.answer(id, query, Ok(None)).unwrap();
                    self.settle();
                }
                other => seen.push(format!("{other:?}")),
            }
        }
        seen
    }

    /// Nothing has come to any of these clients.
    #[track_caller]
    pub(super) fn silent(&mut self, ids: &[ClientId]) {
        for id in ids {
            assert_eq!(self.seen(*id), [""; 0]);
        }
    }

    /// Asks for the roster.
    pub(super) fn get_roster(&mut self, id: ClientId, ver: Option<&str>) -> Option<RosterPayload> {
        let iq = self.ask(id, Request::get(query(ver, ""))).unwrap();
        iq.payload().is_some().then(|| payload(&iq))
    }

    /// The roster, a line for each item.
    pub(super) fn roster(&mut self, id: ClientId) -> Vec<String> {
        self.get_roster(id, None).unwrap().items.iter().map(line).collect()
    }

    /// A roster set with these items, as XML.
    pub(super) fn set_roster(&mut self, id: ClientId, items: &str) -> Result<(), Condition> {
        condition(self.ask(id, Request::set(query(None, items)))).map(drop)
    }

    /// Sends presence of a type to somebody.
    pub(super) fn tell(&mut self, id: ClientId, type_: PresenceType, to: &str) {
        self.say(id, Presence::builder(type_).to(jid(to)).build().unwrap());
    }

    pub(super) fn subscribe(&mut self, id: ClientId, to: &str) {
        self.tell(id, PresenceType::Subscribe, to);
    }

    pub(super) fn approve(&mut self, id: ClientId, to: &str) {
        self.tell(id, PresenceType::Subscribed, to);
    }

    /// Logs in, asks for the roster and becomes available. What comes is taken.
    pub(super) fn join(&mut self, jid: &str) -> ClientId {
        let id = self.login(jid);
        self.get_roster(id, None);
        self.priority(id, 0);
        self.seen(id);
        id
    }

    /// The first may see the second from now on. What comes is taken.
    pub(super) fn let_see(&mut self, one: (ClientId, &str), other: (ClientId, &str)) {
        self.subscribe(one.0, other.1);
        self.approve(other.0, one.1);
        self.seen(one.0);
        self.seen(other.0);
    }

    /// Each may see the other from now on.
    pub(super) fn befriend(&mut self, one: (ClientId, &str), other: (ClientId, &str)) {
        self.let_see(one, other);
        self.let_see(other, one);
    }
}

fn shown(presence: &Presence) -> String {
    let from = presence.from().map(ToString::to_string).unwrap_or_default();
    let type_ = presence.type_().name().unwrap_or("available");
    match presence.error() {
        Some(error) => format!("error {} {from}", error.condition()),
        None => format!("{type_} {from}"),
    }
}

/// The condition of an answer that is an error.
pub(super) fn condition(answer: Result<Iq, RequestError>) -> Result<Iq, Condition> {
    answer.map_err(|error| match error {
        RequestError::Stanza(error) => error.condition(),
        other => panic!("{other:?}"),
    })
}
