//! What a roster does, against a scripted server.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use super::*;
use crate::endpoint::{Client, ClientConfig, Completion, Event, LostCause};
use crate::modules::Modular;
use crate::sasl::Mechanism;
use crate::testing::{Chunks, Script};
use crate::xml::Limits;
use crate::{Instant, Seed};

mod changes;
mod fetch;
mod storage;

type Scripted<S = MemoryRoster> = Script<Modular<Roster<S>>>;

fn config() -> ClientConfig {
    ClientConfig::new("alice@example.org".parse().unwrap(), "a password")
        .one_stream()
        .with_mechanisms([Mechanism::Plain])
}

fn offline<S: RosterStorage<Error: Debug>>(roster: Roster<S>) -> Scripted<S> {
    let mut config = config();
    config.limits = Limits::default().with_stanza_bytes(16 << 20);
    let client = Client::new(config, Seed::new([1; 32]), Instant::from_micros(0));
    Script::of(Modular::new(client, roster))
}

/// A client that has just asked for its roster, of a server that offers versions.
fn asking<S: RosterStorage<Error: Debug>>(roster: Roster<S>) -> Scripted<S> {
    let mut script = offline(roster);
    login(&mut script);
    script
}

/// To a server that offers versions of rosters.
fn login<S: RosterStorage<Error: Debug>>(script: &mut Scripted<S>) {
    script.login_with(&config(), "<ver xmlns='urn:xmpp:features:rosterver'/>");
}

/// A client with the roster that is in `query`.
fn with_query<S: RosterStorage<Error: Debug>>(roster: Roster<S>, query: &str) -> Scripted<S> {
    let mut script = asking(roster);
    answer(&mut script, query);
    told(&mut script);
    script.take_sent();
    script
}

/// A client whose roster has Bob, in the group Friends, and Carol.
fn loaded() -> Scripted {
    with_query(Roster::default(), &query("v1", &[BOB, CAROL]))
}

const BOB: &str =
    "<item jid='bob@example.net' name='Bob' subscription='both'><group>Friends</group></item>";
const CAROL: &str = "<item jid='carol@example.net' subscription='to'/>";
const DAVE: &str = "<item jid='dave@example.com' subscription='none' ask='subscribe'/>";

fn jid(text: &str) -> BareJid {
    text.parse().unwrap()
}

fn query(ver: &str, items: &[&str]) -> String {
    let ver = if ver.is_empty() { String::new() } else { format!(" ver='{ver}'") };
    format!("<query xmlns='jabber:iq:roster'{ver}>{}</query>", items.concat())
}

/// The server answers the last request with this payload.
fn answer<S: RosterStorage<Error: Debug>>(script: &mut Scripted<S>, payload: &str) {
    let id = script.last_id();
    script.receive(format!("<iq type='result' id='{id}'>{payload}</iq>"));
}

/// Somebody sends a roster set; `from` is the whole attribute.
fn push<S: RosterStorage<Error: Debug>>(script: &mut Scripted<S>, from: &str, payload: &str) {
    script.receive(format!("<iq type='set' id='push' {from}>{payload}</iq>"));
}

fn told<S: RosterStorage<Error: Debug>>(script: &mut Scripted<S>) -> Vec<RosterEvent<S::Error>> {
    let mut told = Vec::new();
    while let Some(event) = script.next_event() {
        if let Event::Module(event) = event {
            told.push(event);
        }
    }
    told
}

fn contacts<S: RosterStorage<Error: Debug>>(script: &mut Scripted<S>) -> Vec<String> {
    script.client().modules().iter().map(|item| item.jid.to_string()).collect()
}

/// What the last request to the application's token has come to.
fn reply<S: RosterStorage<Error: Debug>>(
    script: &mut Scripted<S>,
    asked: &Asked<()>,
) -> Result<(), RequestError> {
    loop {
        match script.next_completion().expect("the request has come to its end") {
            Completion::Reply { token, result } if token == asked.token() => {
                return result.map(|iq| asked.read(&iq).unwrap());
            }
            _ => {}
        }
    }
}

fn command<S: RosterStorage<Error: Debug>, R>(
    script: &mut Scripted<S>,
    f: impl FnOnce(&mut Roster<S>, &mut Cx<'_>) -> R,
) -> R {
    let now = script.now();
    let result = script.client().with(now, f);
    script.drain();
    result
}
