//! What the modules of a messenger do together.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::*;
use crate::endpoint::{Client, ClientConfig, Event};
use crate::modules::Modular;
use crate::modules::presence::{Policy, PresenceEvent};
use crate::modules::roster::RosterEvent;
use crate::sasl::Mechanism;
use crate::testing::Script;
use crate::{Instant, Seed};

fn script() -> (Script<Modular<Im>>, ClientConfig) {
    let config = ClientConfig::new("alice@example.org".parse().unwrap(), "a password")
        .one_stream()
        .with_mechanisms([Mechanism::Plain]);
    let mut im = Im::new("https://example.org/app", Identity::new("client", "phone"));
    im.presence.set_policy(Policy::AcceptKnown);
    let client = Client::new(config.clone(), Seed::new([1; 32]), Instant::from_micros(0));
    (Script::of(Modular::new(client, im)), config)
}

fn told(script: &mut Script<Modular<Im>>) -> Vec<ImEvent> {
    let mut told = Vec::new();
    while let Some(event) = script.next_event() {
        if let Event::Module(event) = event {
            told.push(event);
        }
    }
    told
}

#[test]
fn the_roster_is_asked_for_before_presence_is_sent() {
    let (mut script, config) = script();
    let now = script.now();
    script.client().with(now, |im, cx| im.presence.available(cx)).unwrap();
    script.login(&config);
    let sent = script.take_sent();
    // RFC 6121 §2.2
    let (roster, presence) =
        (sent.find("jabber:iq:roster").unwrap(), sent.find("<presence").unwrap());
    assert!(roster < presence, "{sent}");
    // XEP-0115 §4
    assert!(sent[presence..].contains("http://jabber.org/protocol/caps"), "{sent}");
}

#[test]
fn presence_is_told_and_its_capabilities_are_asked_for() {
    let (mut script, config) = script();
    script.login(&config);
    script.take_sent();
    script.receive(
        "<presence from='bob@example.net/x'><c xmlns='http://jabber.org/protocol/caps' \
         hash='sha-1' node='urn:n' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>",
    );
    assert!(script.take_sent().contains("http://jabber.org/protocol/disco#info"));
    let told = told(&mut script);
    let available =
        |event: &ImEvent| matches!(event, ImEvent::Presence(PresenceEvent::Available { .. }));
    assert_eq!(told.iter().filter(|event| available(event)).count(), 1, "{told:?}");
}

#[test]
fn contacts_are_known_to_presence_once_they_are_shared() {
    let (mut script, config) = script();
    script.login(&config);
    let id = script.last_id();
    let item = |name: &str, subscription: &str| {
        format!("<item jid='{name}@example.net' subscription='{subscription}'/>")
    };
    let items = [item("to", "to"), item("from", "from"), item("none", "none' ask='subscribe")];
    script.receive(format!(
        "<iq type='result' id='{id}'><query xmlns='jabber:iq:roster'>{}</query></iq>",
        items.concat()
    ));
    let loaded = |event: &ImEvent| matches!(event, ImEvent::Roster(RosterEvent::Loaded { .. }));
    assert!(told(&mut script).iter().any(loaded));
    let now = script.now();
    script.client().with(now, |im, _| im.share_contacts()).unwrap();
    for (name, is_accepted) in [("to", true), ("from", false), ("none", true), ("other", false)] {
        script.receive(format!("<presence type='subscribe' from='{name}@example.net'/>"));
        let told = told(&mut script);
        let answered = matches!(told[..], [ImEvent::Presence(PresenceEvent::Answered { .. })]);
        assert_eq!(answered, is_accepted, "{name}: {told:?}");
    }
    for name in ["to", "from"] {
        script.receive(format!("<presence from='{name}@example.net/x'/>"));
    }
    // RFC 6121 §3.3.3: another client of ours has unsubscribed. The others stay.
    script.receive(format!(
        "<iq type='set' id='push'><query xmlns='jabber:iq:roster'>{}</query></iq>",
        item("to", "none")
    ));
    script.client().with(now, |im, _| im.share_contacts()).unwrap();
    let presence = &script.client().modules().presence;
    assert!(!presence.is_available(&"to@example.net".parse().unwrap()));
    assert!(presence.is_available(&"from@example.net".parse().unwrap()));
}

#[test]
fn each_answers_what_is_asked_of_it() {
    let (mut script, config) = script();
    script.login(&config);
    script.take_sent();
    let asked =
        ["<ping xmlns='urn:xmpp:ping'/>", "<query xmlns='http://jabber.org/protocol/disco#info'/>"];
    for (id, payload) in asked.into_iter().enumerate() {
        script
            .receive(format!("<iq type='get' id='q{id}' from='bob@example.net/x'>{payload}</iq>"));
        let sent = script.take_sent();
        assert!(sent.contains("type='result'") && sent.contains(&format!("q{id}").to_string()));
    }
}
