//! A domain and its clients, under virtual time.

mod agree;
mod contacts;
mod directed;
mod foreign;
mod hibernate;
mod hostile;
mod messages;
mod offline;
mod presence;
mod queries;
mod roster;
mod rules;
mod same;
mod sample;
mod sessions;
mod storage;
mod storms;
mod subscriptions;
mod versions;
mod walk;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::{Domain, DomainConfig, DomainEvent, SessionId, Storage};
use crate::endpoint::{Completion, Ended, Event, Reason};
use crate::jid::Jid;
use crate::stanza::{Message, Presence, Stanza};
use crate::testing::World;
use crate::testing::world::ClientId;

/// The domain of all tests.
fn config() -> DomainConfig {
    DomainConfig::new("example.org".parse().unwrap())
}

/// A domain with the accounts of alice, bob and carol.
fn world() -> World {
    world_of(config())
}

fn world_of(config: DomainConfig) -> World {
    let mut world = World::new(config);
    for name in ["alice", "bob", "carol"] {
        world.account(name, name);
    }
    world
}

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

/// A chat message.
fn chat(to: &str, body: &str) -> Message {
    Message::chat(jid(to)).id(body).body(body).build().unwrap()
}

impl<S: Storage> Domain<S> {
    /// How many sessions are connected resources of their accounts.
    fn connected_sessions(&self) -> usize {
        let connected = |id: &SessionId| self.sessions.get(*id).is_some_and(|it| it.connected);
        self.sessions.ids().iter().filter(|id| connected(id)).count()
    }

    /// How many accounts somebody is logged in to.
    fn connected_accounts(&self) -> usize {
        self.accounts.len()
    }
}

impl World {
    /// Logs in and becomes available with a priority.
    fn available(&mut self, jid: &str, priority: i8) -> ClientId {
        let id = self.login(jid);
        self.priority(id, priority);
        id
    }

    fn priority(&mut self, id: ClientId, priority: i8) {
        self.send(id, Presence::available().priority(priority).build().unwrap()).unwrap();
        self.settle();
    }

    /// Sends a stanza, and lets follow what follows.
    #[track_caller]
    fn say(&mut self, id: ClientId, stanza: impl Into<Stanza>) {
        self.send(id, stanza).unwrap();
        self.settle();
    }

    /// The messages that have come, without presence.
    fn messages(&mut self, id: ClientId) -> Vec<Message> {
        let messages = |stanza| match stanza {
            Stanza::Message(message) => Some(message),
            _ => None,
        };
        self.take_stanzas(id).into_iter().filter_map(messages).collect()
    }
}
