use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::*;
use crate::Seed;
use crate::endpoint::{Client, ClientConfig, Completion, Event, LostCause};
use crate::modules::Modular;
use crate::sasl::Mechanism;
use crate::stanza::Condition;
use crate::testing::Script;

type Peer = Script<Modular<Ping>>;

fn config() -> ClientConfig {
    ClientConfig::new("alice@example.org".parse().unwrap(), "a password")
        .one_stream()
        .with_mechanisms([Mechanism::Plain])
}

fn online(ping: Ping) -> Peer {
    let client = Client::new(config(), Seed::new([1; 32]), Instant::from_micros(0));
    let mut peer = Script::of(Modular::new(client, ping));
    peer.login(&config());
    peer.take_sent();
    while peer.next_event().is_some() {}
    peer
}

fn told(peer: &mut Peer) -> Vec<PingEvent> {
    let mut told = Vec::new();
    while let Some(event) = peer.next_event() {
        if let Event::Module(event) = event {
            told.push(event);
        }
    }
    told
}

fn ping(peer: &mut Peer, to: Option<&str>) -> (Asked<()>, String) {
    let now = peer.now();
    let to = to.map(|to| to.parse().unwrap());
    let asked = peer.client().with(now, |ping, cx| ping.ping(cx, to).unwrap());
    peer.drain();
    (asked, peer.last_id())
}

fn error(id: &str, from: &str) -> String {
    format!(
        "<iq type='error' id='{id}' from='{from}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )
}

fn answered(to: Option<&str>, millis: u64) -> PingEvent {
    let to = to.map(|to| to.parse().unwrap());
    PingEvent::Answered { to, round_trip: Duration::from_millis(millis) }
}

#[test]
fn xep0199_4_pings_of_anybody_are_answered() {
    let mut peer = online(Ping::new());
    for from in ["example.org", "stranger@example.net/x", "alice@example.org"] {
        peer.receive(format!(
            "<iq type='get' id='p1' from='{from}'><ping xmlns='urn:xmpp:ping'/></iq>"
        ));
        assert_eq!(peer.take_sent(), format!("<iq to='{from}' id='p1' type='result'/>"));
    }
    assert!(peer.next_event().is_none());
}

#[test]
fn rfc6120_8_4_a_ping_cannot_be_set() {
    let mut peer = online(Ping::new());
    peer.receive("<iq type='set' id='p1' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert!(peer.take_sent().contains("<service-unavailable "));
    peer.receive("<iq type='get' id='p2' from='example.org'><ping xmlns='urn:other'/></iq>");
    assert_eq!(peer.take_sent(), "");
    assert!(matches!(peer.next_event(), Some(Event::Query(_))));
}

#[test]
fn the_round_trip_is_measured() {
    let mut peer = online(Ping::new());
    let bob = "bob@example.net/x";
    let (asked, id) = ping(&mut peer, Some(bob));
    assert_eq!(
        peer.take_sent(),
        format!("<iq type='get' id='{id}' to='{bob}'><ping xmlns='urn:xmpp:ping'/></iq>")
    );
    peer.pass(Duration::from_millis(120));
    peer.receive(format!("<iq type='result' id='{id}' from='mallory@example.net/x'/>"));
    assert_eq!(told(&mut peer), [], "a stranger's answer");
    peer.receive(format!("<iq type='result' id='{id}' from='{bob}'/>"));
    assert_eq!(told(&mut peer), [answered(Some(bob), 120)]);
    let completion = peer.next_completion();
    let Some(Completion::Reply { token, result: Ok(iq) }) = completion else {
        panic!("{completion:?}")
    };
    assert_eq!(token, asked.token());
    assert_eq!(asked.read(&iq), Ok(()));
}

#[test]
fn xep0199_4_2_an_error_from_the_server_proves_that_it_is_there() {
    let mut peer = online(Ping::new());
    let addresses = [(None, "alice@example.org"), (Some("example.org"), "example.org"), {
        (Some("alice@example.org"), "alice@example.org")
    }];
    for (to, from) in addresses {
        let (_, id) = ping(&mut peer, to);
        peer.pass(Duration::from_millis(7));
        peer.receive(error(&id, from));
        assert_eq!(told(&mut peer), [answered(to, 7)]);
    }
}

#[test]
fn xep0199_7_an_error_from_elsewhere_proves_nothing() {
    let mut peer = online(Ping::new());
    for to in ["bob@example.net/x", "example.net", "alice@example.org/other"] {
        let (_, id) = ping(&mut peer, Some(to));
        peer.receive(error(&id, to));
        let events = told(&mut peer);
        let [PingEvent::Unanswered { to: Some(who), error: RequestError::Stanza(error) }] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!(who.to_string(), to);
        assert_eq!(error.condition(), Condition::ServiceUnavailable);
    }
}

#[test]
fn the_server_is_pinged_regularly() {
    let mut peer = online(Ping::new().every(Duration::from_mins(1)));
    peer.pass(Duration::from_secs(59));
    assert_eq!(peer.take_sent(), "");
    peer.pass(Duration::from_secs(1));
    let id = peer.last_id();
    assert_eq!(
        peer.take_sent(),
        format!("<iq type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>")
    );
    peer.receive(format!("<iq type='result' id='{id}'/>"));
    assert_eq!(told(&mut peer), [answered(None, 0)]);
    assert!(peer.next_completion().is_none(), "nobody has asked");
    peer.pass(Duration::from_mins(1));
    assert_eq!(peer.take_sent().matches("<ping ").count(), 1);
}

#[test]
fn a_server_that_is_gone_is_told_and_not_pinged_twice_at_a_time() {
    let mut peer = online(Ping::new().every(Duration::from_millis(500)));
    peer.pass(Duration::from_secs(29));
    assert_eq!(peer.take_sent().matches("<ping ").count(), 1);
    assert_eq!(told(&mut peer), []);
    peer.pass(Duration::from_secs(3));
    let gone = PingEvent::Unanswered { to: None, error: RequestError::TimedOut };
    assert_eq!(told(&mut peer), [gone]);
    assert_eq!(peer.take_sent().matches("<ping ").count(), 1, "and tried again");
}

#[test]
fn nobody_is_pinged_when_the_stream_has_ended() {
    let mut peer = online(Ping::new().every(Duration::from_mins(1)));
    ping(&mut peer, None);
    peer.take_sent();
    peer.lose(LostCause::Eof);
    let lost = PingEvent::Unanswered { to: None, error: RequestError::Disconnected };
    assert_eq!(told(&mut peer), [lost]);
    peer.pass(Duration::from_mins(10));
    assert_eq!(told(&mut peer), []);
    peer.login(&config());
    peer.take_sent();
    peer.pass(Duration::from_mins(1));
    assert_eq!(peer.take_sent().matches("<ping ").count(), 1);
}

#[test]
fn an_interval_of_nothing_does_not_spin() {
    let mut peer = online(Ping::new().every(Duration::ZERO));
    peer.pass(Duration::from_millis(50));
    assert_eq!(peer.take_sent().matches("<ping ").count(), 1);
}
