use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::caps::verify;
use super::module::DiscoLimits;
use super::*;
use crate::endpoint::{Client, ClientConfig, Event, LostCause};
use crate::jid::Jid;
use crate::modules::Modular;
use crate::sasl::Mechanism;
use crate::sync::Arc;
use crate::testing::Script;
use crate::xml::Element;
use crate::{Instant, Seed, module_set, ns};

mod answers;
mod bounds;
mod learning;

type Peer = Script<Modular<Disco>>;

fn config() -> ClientConfig {
    ClientConfig::new("alice@example.org".parse().unwrap(), "a password")
        .one_stream()
        .with_mechanisms([Mechanism::Plain])
}

fn disco() -> Disco {
    Disco::new("https://a.example/app", Identity::new("client", "pc").with_name("App"))
}

/// A client that is online, with this module.
fn online(disco: Disco) -> Peer {
    let client = Client::new(config(), Seed::new([1; 32]), Instant::from_micros(0));
    let mut peer = Script::of(Modular::new(client, disco));
    peer.login(&config());
    peer.take_sent();
    while peer.next_event().is_some() {}
    peer
}

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

/// What the module tells, as far as it has come.
fn told(peer: &mut Peer) -> Vec<DiscoEvent> {
    let mut told = Vec::new();
    while let Some(event) = peer.next_event() {
        if let Event::Module(event) = event {
            told.push(event);
        }
    }
    told
}

/// Who was told to be known, and by a proof or not.
fn known(peer: &mut Peer) -> Vec<(String, bool)> {
    let known = |event| match event {
        DiscoEvent::Caps { jid, .. } => (jid.to_string(), true),
        DiscoEvent::Unverified { jid, .. } => (jid.to_string(), false),
    };
    told(peer).into_iter().map(known).collect()
}

/// A request that the client has sent.
#[derive(Debug)]
struct Asked {
    id: String,
    to: String,
    node: Option<String>,
}

/// The requests that the client has sent since the last time.
fn asked(peer: &mut Peer) -> Vec<Asked> {
    let sent: Element =
        format!("<all xmlns='jabber:client'>{}</all>", peer.take_sent()).parse().unwrap();
    let read = |iq: crate::xml::ElementRef<'_>| {
        let query = iq.child("query", ns::DISCO_INFO)?;
        assert_eq!(iq.attr("type").as_deref(), Some("get"));
        Some(Asked {
            id: iq.attr("id")?.into_owned(),
            to: iq.attr("to")?.into_owned(),
            node: query.attr("node").map(Cow::into_owned),
        })
    };
    sent.elements().filter_map(read).collect()
}

/// The one request that the client has sent.
fn asked_one(peer: &mut Peer) -> Asked {
    let mut asked = asked(peer);
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.remove(0)
}

fn answer(peer: &mut Peer, asked: &Asked, info: &DiscoInfo) {
    let query = info.to_element().unwrap().to_xml();
    peer.receive(format!("<iq type='result' id='{}' from='{}'>{query}</iq>", asked.id, asked.to));
}

fn refuse(peer: &mut Peer, asked: &Asked) {
    peer.receive(format!(
        "<iq type='error' id='{}' from='{}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        asked.id, asked.to
    ));
}

/// A program that others use, different for each number.
fn program(number: usize) -> DiscoInfo {
    DiscoInfo::new()
        .with_identity(Identity::new("client", "phone"))
        .with_features([ns::DISCO_INFO, ns::CAPS])
        .with_feature(&format!("urn:feature:{number}"))
}

/// Somebody becomes available who uses that program.
fn appears(peer: &mut Peer, from: &str, info: &DiscoInfo) {
    announces(peer, from, &Caps::of(info, "https://b.example", HashAlgorithm::Sha1));
}

fn announces(peer: &mut Peer, from: &str, caps: &Caps) {
    let caps = caps.to_element().unwrap().to_xml();
    peer.receive(format!("<presence from='{from}'>{caps}</presence>"));
}

fn caps_of(peer: &mut Peer, from: &str) -> Option<Arc<DiscoInfo>> {
    peer.client().modules().caps_of(&jid(from))
}

fn in_cache(peer: &mut Peer, info: &DiscoInfo) -> Option<Arc<DiscoInfo>> {
    let hash = CapsHash::of(info, HashAlgorithm::Sha1);
    let now = peer.now();
    peer.client().with(now, |disco, _| disco.cache().get(&hash))
}
