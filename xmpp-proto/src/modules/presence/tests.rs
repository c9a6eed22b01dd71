//! What presence does, against a scripted server.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::*;
use crate::endpoint::{Client, ClientConfig, Event, LostCause};
use crate::modules::Modular;
use crate::sasl::Mechanism;
use crate::stanza::{Condition, Show};
use crate::testing::Script;
use crate::{Instant, Seed};

mod others;
mod own;
mod subscriptions;

type Scripted = Script<Modular<Presences>>;

fn account(account: &str) -> ClientConfig {
    ClientConfig::new(jid(account), "a password").with_mechanisms([Mechanism::Plain]).one_stream()
}

fn offline(config: PresenceConfig) -> Scripted {
    let client =
        Client::new(account("alice@example.org"), Seed::new([1; 32]), Instant::from_micros(0));
    Script::of(Modular::new(client, Presences::new(config)))
}

fn online(config: PresenceConfig) -> Scripted {
    let mut script = offline(config);
    login(&mut script);
    script
}

fn login(script: &mut Scripted) -> String {
    script.login(&account("alice@example.org"));
    while script.next_event().is_some() {}
    let sent = script.take_sent();
    // What comes after the login itself.
    sent.rsplit_once("</iq>").map_or_else(String::new, |(_, rest)| rest.into())
}

fn jid(text: &str) -> BareJid {
    text.parse().unwrap()
}

/// Somebody sends presence; `attrs` are attributes, `children` XML.
fn presence(script: &mut Scripted, attrs: &str, children: &str) {
    script.receive(format!("<presence {attrs}>{children}</presence>"));
}

fn told(script: &mut Scripted) -> Vec<PresenceEvent> {
    let mut told = Vec::new();
    while let Some(event) = script.next_event() {
        if let Event::Module(event) = event {
            told.push(event);
        }
    }
    told
}

fn command<R>(script: &mut Scripted, f: impl FnOnce(&mut Presences, &mut Cx<'_>) -> R) -> R {
    let now = script.now();
    let result = script.client().with(now, f);
    script.drain();
    result
}
