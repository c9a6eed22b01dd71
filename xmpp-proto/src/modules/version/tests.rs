use alloc::format;
use alloc::string::String;

use super::*;
use crate::endpoint::{Client, ClientConfig, Completion, Event};
use crate::modules::Modular;
use crate::sasl::Mechanism;
use crate::testing::Script;
use crate::{Instant, Seed};

fn read(xml: &str) -> Result<Version, ReadError> {
    Version::from_element(xml.parse::<Element>().unwrap().as_ref())
}

#[test]
fn an_answer_is_read_with_or_without_its_parts() {
    // XEP-0092 §3.
    let full = "<query xmlns='jabber:iq:version'><name>Exodus</name><version>0.7.0.4</version>\
                <os>Windows-XP 5.01.2600</os></query>";
    assert_eq!(read(full), Ok(Version::new("Exodus", "0.7.0.4").with_os("Windows-XP 5.01.2600")));
    let bare = "<query xmlns='jabber:iq:version'><name>Exodus</name><os/></query>";
    assert_eq!(read(bare), Ok(Version::new("Exodus", "")));
    assert_eq!(
        read("<query xmlns='jabber:iq:roster'/>"),
        Err(ReadError::Missing { what: "query of jabber:iq:version" })
    );
}

#[test]
fn long_texts_are_cut_between_characters() {
    let name = format!("{}é{}", "a".repeat(MAX_TEXT - 1), "b".repeat(10_000));
    let xml = format!("<query xmlns='jabber:iq:version'><name>{name}</name></query>");
    assert_eq!(read(&xml).unwrap().name, "a".repeat(MAX_TEXT - 1));
}

fn online(module: SoftwareVersion) -> Script<Modular<SoftwareVersion>> {
    let config = ClientConfig::new("alice@example.org".parse().unwrap(), "a password")
        .one_stream()
        .with_mechanisms([Mechanism::Plain]);
    let client = Client::new(config.clone(), Seed::new([1; 32]), Instant::from_micros(0));
    let mut peer = Script::of(Modular::new(client, module));
    peer.login(&config);
    peer.take_sent();
    while peer.next_event().is_some() {}
    peer
}

fn query(type_: &str) -> String {
    format!(
        "<iq type='{type_}' id='v1' from='bob@x.example/y'><query xmlns='jabber:iq:version'/></iq>"
    )
}

#[test]
fn xep0092_3_who_asks_is_told() {
    let version = Version::new("App & Co", "1.0");
    let mut peer = online(SoftwareVersion::new(&version).unwrap());
    peer.receive(query("get"));
    assert_eq!(
        peer.take_sent(),
        "<iq to='bob@x.example/y' id='v1' type='result'><query xmlns='jabber:iq:version'>\
         <name>App &amp; Co</name><version>1.0</version></query></iq>"
    );
    // XEP-0092 §5: the operating system, where the application wants it.
    let mut peer = online(SoftwareVersion::new(&version.with_os("Plan 9")).unwrap());
    peer.receive(query("get"));
    assert!(peer.take_sent().contains("<os>Plan 9</os>"));
    // RFC 6120 §8.4.
    peer.receive(query("set"));
    assert!(peer.take_sent().contains("<service-unavailable "));
    assert!(peer.next_event().is_none());
}

#[test]
fn who_has_no_version_to_tell_leaves_the_query_to_others() {
    let mut peer = online(SoftwareVersion::default());
    peer.receive(query("get"));
    assert_eq!(peer.take_sent(), "");
    assert!(matches!(peer.next_event(), Some(Event::Query(_))));
    SoftwareVersion::default().features(&mut |name| panic!("{name} is announced"));
    assert!(SoftwareVersion::new(&Version::new("\0", "1")).is_err());
}

#[test]
fn a_command_asks_for_the_version() {
    let mut peer = online(SoftwareVersion::default());
    let now = peer.now();
    let bob: Jid = "bob@x.example/y".parse().unwrap();
    let asked = peer.client().with(now, |version, cx| version.ask(cx, bob).unwrap());
    peer.drain();
    let id = peer.last_id();
    let answer = |from: &str, payload: &str| {
        format!("<iq type='result' id='{id}' from='{from}'>{payload}</iq>")
    };
    let payload = Version::new("Exodus", "0.7").to_element().unwrap().to_xml();
    peer.receive(answer("mallory@x.example/y", &payload));
    assert!(peer.next_completion().is_none());
    peer.receive(answer("bob@x.example/y", &payload));
    let Some(Completion::Reply { token, result: Ok(iq) }) = peer.next_completion() else {
        panic!("no reply")
    };
    assert_eq!(token, asked.token());
    assert_eq!(asked.read(&iq), Ok(Version::new("Exodus", "0.7")));
}
