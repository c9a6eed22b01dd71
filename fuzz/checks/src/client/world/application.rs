//! The application: what it commands, and what it is told.

use core::time::Duration;

use xmpp_proto::endpoint::{Endpoint, Event, Misuse, Request};
use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Condition, Iq, Message, Presence, Stanza, StanzaError};
use xmpp_proto::xml::Element;

use super::World;
use crate::client::{PASSWORD, server};

impl World<'_> {
    pub(super) fn connect(&mut self) {
        let is_idle = self.client.is_idle();
        match self.client.connect(self.now) {
            Ok(()) => {
                assert!(is_idle);
                self.begun += 1;
                self.unseen_ends += 1;
            }
            Err(error) => assert!(!is_idle && error == Misuse::AlreadyOpen),
        }
    }

    pub(super) fn send(&mut self, kind: u8, size: u8) {
        self.stanzas += 1;
        let id = format!("s{}", self.stanzas);
        let to = Jid::new("bob@example.org/1").expect("an address");
        let stanza: Result<Stanza, _> = match kind & 3 {
            0 => Message::chat(to)
                .id(&id)
                .body(&"<\u{E9}".repeat(size.into()))
                .build()
                .map(Into::into),
            1 => Presence::available().id(&id).priority(1).build().map(Into::into),
            2 => Iq::get(&id, ping()).to(to).build().map(Into::into),
            _ => Message::groupchat(to).id(&id).payload(ping()).build().map(Into::into),
        };
        let stanza = stanza.expect("a stanza");
        let before = self.client.outgoing().len();
        let why = self.refusal();
        match self.client.send(self.now, stanza.clone()) {
            Ok(token) => {
                assert_eq!(why, None);
                let len = self.client.outgoing().len();
                self.largest = self.largest.max(len - before);
                self.ledger.send(token, Some(stanza), self.written() + len as u64);
            }
            Err(rejected) => {
                assert_eq!((Some(rejected.why), rejected.item), (why, stanza));
                assert_eq!(self.client.outgoing().len(), before);
            }
        }
    }

    pub(super) fn request(&mut self, kind: u8, timeout: Option<Duration>) {
        let request = if kind & 4 == 0 { Request::get(ping()) } else { Request::set(ping()) };
        let to =
            ["", "alice@example.org", "bob@example.org/1", "example.org"][usize::from(kind & 3)];
        let to = Jid::new(to).ok();
        let request = match &to {
            Some(to) => request.to(to.clone()),
            None => request,
        };
        let request = timeout.map_or(request.clone(), |timeout| request.timeout(timeout));
        let is_full = self.ledger.waiting() >= self.plan.config.max_requests;
        let why = self.refusal().or_else(|| is_full.then_some(Misuse::TooManyRequests));
        let before = self.client.outgoing().len();
        match self.client.request(self.now, request) {
            Ok(token) => {
                assert_eq!(why, None);
                let output = self.client.outgoing();
                self.largest = self.largest.max(output.len() - before);
                let output = core::str::from_utf8(&output[before..]).expect("UTF-8");
                let deadline = self.now + timeout.unwrap_or(self.plan.config.request_timeout);
                self.ledger.ask(token, server::last_id(output), to, deadline);
            }
            Err(rejected) => assert_eq!(Some(rejected.why), why),
        }
    }

    pub(super) fn answer(&mut self, which: usize, kind: u8) {
        if self.queries.is_empty() {
            return;
        }
        let query = self.queries.swap_remove(which % self.queries.len());
        let answer = match kind & 3 {
            0 => Ok(None),
            1 => Ok(Some(ping())),
            2 => Err(StanzaError::new(Condition::ItemNotFound).with_text("no")),
            _ => Err(StanzaError::new(Condition::ItemNotFound).with_text("\0")),
        };
        let (before, refusal) = (self.client.outgoing().len(), self.refusal());
        match self.client.answer(self.now, query, answer) {
            Ok(token) => {
                let len = self.client.outgoing().len();
                self.largest = self.largest.max(len - before);
                self.ledger.send(token, None, self.written() + len as u64);
            }
            Err(rejected) => {
                assert_eq!(self.client.outgoing().len(), before);
                match rejected.why {
                    Misuse::UnknownQuery => {}
                    Misuse::Invalid(_) if kind & 3 == 3 => self.queries.push(rejected.item),
                    why if Some(&why) == refusal.as_ref() => self.queries.push(rejected.item),
                    why => panic!("{why}"),
                }
            }
        }
    }

    /// Why a command must be refused now.
    fn refusal(&self) -> Option<Misuse> {
        if !self.client.is_online() {
            return Some(Misuse::NotOnline);
        }
        let is_full = self.client.outgoing().len() > self.plan.config.output_limit;
        is_full.then_some(Misuse::OutputFull)
    }

    pub(super) fn take_event(&mut self) -> bool {
        let Some(event) = self.client.poll_event() else {
            self.unseen_ends = usize::from(!self.client.is_idle());
            return false;
        };
        self.record("event", &event);
        match event {
            Event::Query(query) => self.queries.push(query),
            Event::Ended(ended) => {
                self.ended += 1;
                assert!(!ended.to_string().contains(PASSWORD));
            }
            _ => {}
        }
        true
    }

    /// Events that wait are no more than there may be.
    pub(super) fn take_events(&mut self, count: usize) {
        let most = self.plan.config.event_capacity + self.unseen_ends;
        for taken in 0..count {
            if !self.take_event() {
                return;
            }
            assert!(taken < most, "more than {most} events wait");
        }
    }
}

fn ping() -> Element {
    Element::builder("ping", ns::PING).build().expect("an element")
}
