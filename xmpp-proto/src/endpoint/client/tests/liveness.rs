//! How a dead link is told from a silent server, and what servers say about idle streams.

use alloc::string::ToString;
use core::time::Duration;

use super::peer::*;
use super::*;
use crate::endpoint::{Endpoint, Keepalive, Misuse, Request, Timer};
use crate::xml::Element;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn with(change: impl Fn(&mut Keepalive)) -> ClientConfig {
    let mut config = lasting();
    change(&mut config.keepalive);
    config
}

/// The id of the ping that the client sent.
fn pinged(sent: &str) -> Option<&str> {
    let rest = sent.strip_prefix("<iq type='get' id='")?;
    let (id, rest) = rest.split_once('\'')?;
    (rest == "><ping xmlns='urn:xmpp:ping'/></iq>").then_some(id)
}

#[test]
fn a_silent_server_is_asked_by_an_acknowledgement() {
    let mut script = managed(lasting());
    script.pass(secs(59));
    assert_eq!(script.take_sent(), "");
    script.pass(secs(1));
    // XEP-0198 §8.2: in lieu of a ping.
    assert_eq!(script.take_sent(), ASK);
    script.pass(secs(19));
    script.receive(told(0));
    script.pass(secs(59));
    assert_eq!(script.take_sent(), "");
    script.pass(secs(1));
    assert_eq!(script.take_sent(), ASK);
}

#[test]
fn half_a_link_is_none() {
    // XEP-0198 §4: the answer to `<r/>` must not be withheld; here our words do not arrive.
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    for _ in 0..6 {
        script.pass(secs(10));
        assert!(script.client().is_online());
        script.receive("<message from='bob@example.org'/>");
        assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    }
    script.pass(secs(2));
    let Some(Event::Disconnected(it)) = script.next_event() else { panic!("disconnected") };
    assert_eq!(it.ended.reason, Reason::TimedOut(Timer::Keepalive));
    assert!(it.resumable);
    script.take_sent();
    come_back(&mut script, 1);
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
}

#[test]
fn a_dead_link_is_dropped_and_the_session_resumed() {
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    // It is asked after two seconds, and has twenty to answer.
    script.pass(Duration::from_micros(21_999_999));
    assert!(script.client().is_online());
    script.pass(Duration::from_micros(1));
    let Some(Event::Disconnected(it)) = script.next_event() else { panic!("disconnected") };
    assert_eq!(it.ended.reason, Reason::TimedOut(Timer::Keepalive));
    assert!(it.resumable);
    script.take_sent();
    assert_eq!(come_back(&mut script, 0), format!("{}{ASK}", chat("a")));
    script.receive(told(1));
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
}

#[test]
fn any_byte_is_a_sign_of_life() {
    let mut config = lasting();
    config.management.as_mut().unwrap().ack_timeout = Duration::from_hours(1);
    let mut script = managed(config);
    send(&mut script, "a");
    for _ in 0..20 {
        script.pass(secs(15));
        script.receive(" ");
        assert!(script.client().is_online());
    }
    script.pass(secs(5));
    script.receive("<mess");
    script.pass(secs(59));
    assert!(script.client().is_online());
    script.pass(secs(21));
    assert!(disconnected(&mut script).1);
}

#[test]
fn without_management_the_server_is_pinged() {
    let mut script = managed_by_none(lasting());
    script.pass(secs(60));
    let sent = script.take_sent();
    // XEP-0199 §4.2: to the own server, on its own account.
    let id = pinged(&sent).expect("a ping").to_string();
    script.receive(format!("<iq type='result' id='{id}'/>"));
    assert_eq!((script.next_completion().is_none(), script.next_event().is_none()), (true, true));
    script.pass(secs(60));
    let sent = script.take_sent();
    let id = pinged(&sent).expect("another ping").to_string();
    // Whoever does not know pings is there all the same.
    script.receive(format!(
        "<iq type='error' id='{id}'><error type='cancel'><service-unavailable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    assert!(script.next_completion().is_none() && script.next_event().is_none());
    script.pass(secs(80));
    assert!(!disconnected(&mut script).1);
    assert!(script.next_completion().is_none(), "nobody has asked for that answer");
}

fn managed_by_none(config: ClientConfig) -> Script {
    let mut script = Script::new(config.clone());
    script.login(&config);
    script.next_event();
    script.take_sent();
    script
}

#[test]
fn a_ping_takes_the_place_of_no_request() {
    let mut script = managed_by_none(lasting());
    for _ in 0..3 {
        let now = script.now();
        script.client().handle_network_change(now);
        script.drain();
        script.receive(" ");
    }
    assert_eq!(script.take_sent().matches("<ping").count(), 3);
    // None of them is answered, and none stays for ever.
    for _ in 0..6 {
        script.pass(secs(10));
        script.receive(" ");
    }
    let mut config = lasting();
    config.max_requests = 1;
    let mut script = managed_by_none(config);
    let now = script.now();
    script.client().handle_network_change(now);
    script.drain();
    script.receive(" ");
    script.pass(secs(31));
    script.receive(" ");
    let ping = Element::builder("ping", crate::ns::PING).build().unwrap();
    let now = script.now();
    assert!(script.client().request(now, Request::get(ping)).is_ok());
}

#[test]
fn nobody_is_asked_if_that_is_not_wanted() {
    let mut script = managed(with(|keepalive| keepalive.probe_after = None));
    script.pass(secs(36_000));
    assert_eq!(script.take_sent(), "");
    // But who is asked anyway must answer.
    send(&mut script, "a");
    script.pass(secs(22));
    assert!(disconnected(&mut script).1);
}

#[test]
fn a_client_that_does_not_read_does_not_call_the_server_dead() {
    let mut config = lasting();
    config.event_capacity = 1;
    let mut script = managed(config);
    script.take_events(false);
    send(&mut script, "a");
    script.receive("<message/>");
    // The application takes nothing for minutes, so nothing is read: the answer may well be there.
    assert!(!script.client().wants_read());
    script.pass(secs(300));
    assert!(script.client().is_online());
    script.take_events(true);
    assert!(script.client().wants_read());
    check(&mut script);
    assert!(script.client().is_online());
    // From then on it has the usual time.
    script.pass(secs(19));
    assert!(script.client().is_online());
    script.receive(told(1));
    script.pass(secs(30));
    assert!(script.client().is_online());
    // And one that is dead is found dead.
    script.take_sent();
    script.pass(secs(60));
    assert!(disconnected(&mut script).1);
}

#[test]
fn a_server_that_takes_nothing_is_dead_however_much_waits() {
    let mut config = lasting();
    config.output_limit = 1000;
    let mut script = managed(config);
    script.take_output(Some(0));
    let now = script.now();
    while script.client().send(now, message("bob@example.org", "hi")).is_ok() {}
    assert!(!script.client().wants_read());
    script.pass(secs(100));
    assert!(disconnected(&mut script).1);
}

#[test]
fn rfc6120_4_6_1_spaces_keep_the_way_open() {
    let mut script = managed(with(|keepalive| keepalive.whitespace = Some(secs(25))));
    script.pass(secs(25));
    assert_eq!(script.take_sent(), " ");
    script.pass(secs(20));
    send(&mut script, "a");
    script.take_sent();
    script.receive(told(1));
    script.pass(secs(24));
    assert_eq!(script.take_sent(), "");
    script.pass(secs(1));
    assert_eq!(script.take_sent(), " ");
}

#[test]
fn deadlines_that_fall_together_or_have_no_time_leave_nothing_behind() {
    for (probe, timeout, whitespace) in
        [(10, 5, 10), (10, 0, 10), (0, 5, 5), (10, 10, 0), (0, 0, 0), (1, 1, 1)]
    {
        let mut script = managed(with(|keepalive| {
            keepalive.probe_after = Some(secs(probe));
            keepalive.timeout = secs(timeout);
            keepalive.whitespace = Some(secs(whitespace));
        }));
        // Nothing of it is taken, so the time since the last byte sent goes on.
        script.take_output(Some(0));
        script.pass(secs(40));
        check(&mut script);
    }
}

#[test]
fn xep0478_an_idle_stream_is_kept_by_sending_not_by_receiving() {
    let limits =
        "<limits xmlns='urn:xmpp:stream-limits:0'><idle-seconds>40</idle-seconds></limits>";
    let mut script = managed_by(lasting(), Chunks::Whole, &format!("{SM}{limits}"), ENABLED);
    let mut quiet = 0;
    for _ in 0..120 {
        // The server talks all the time, and counts what it hears.
        script.pass(secs(1));
        script.receive("<message/>");
        quiet = if script.take_sent().is_empty() { quiet + 1 } else { 0 };
        assert!(quiet < 40);
    }
}

#[test]
fn xep0478_idle_time_is_that_of_the_stream() {
    let limits =
        "<limits xmlns='urn:xmpp:stream-limits:0'><idle-seconds>10</idle-seconds></limits>";
    let mut script = managed_by(lasting(), Chunks::Whole, &format!("{SM}{limits}"), ENABLED);
    script.pass(secs(5));
    assert_ne!(script.take_sent(), "");
    lose(&mut script);
    // The next server has more patience.
    come_back(&mut script, 0);
    script.pass(secs(59));
    assert_eq!(script.take_sent(), "");
    script.pass(secs(1));
    assert_eq!(script.take_sent(), ASK);
    // What makes no sense is no limit.
    for odd in ["0", "-5", "x", "", "99999999999999999999999", "18446744073709551615"] {
        let limits = limits.replace("10", odd);
        let mut script = managed_by(lasting(), Chunks::Whole, &format!("{SM}{limits}"), ENABLED);
        script.pass(secs(59));
        assert_eq!(script.take_sent(), "", "{odd}");
    }
}

#[test]
fn xep0478_what_is_longer_than_the_server_takes_is_refused_here() {
    let limits = |n: usize| {
        format!("{SM}<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>{n}</max-bytes></limits>")
    };
    let mut script = managed_by(lasting(), Chunks::Whole, &limits(1000), ENABLED);
    let now = script.now();
    let long = message("bob@example.org", &"x".repeat(1000));
    let rejected = script.client().send(now, long).unwrap_err();
    assert!(matches!(rejected.why, Misuse::TooLong { bytes, max: 1000 } if bytes > 1000));
    assert_eq!(body(&rejected.item).len(), 1000);
    // Escaped, it is longer.
    let escaped = message("bob@example.org", &"&".repeat(250));
    let rejected = script.client().send(now, escaped).unwrap_err();
    assert!(matches!(rejected.why, Misuse::TooLong { .. }));
    let payload = Element::builder("x", "urn:x").text(&"x".repeat(1000)).build().unwrap();
    let rejected = script.client().request(now, Request::get(payload.clone())).unwrap_err();
    assert!(matches!(rejected.why, Misuse::TooLong { .. }));
    script.receive("<iq type='get' id='q'><x xmlns='urn:x'/></iq>");
    let Some(Event::Query(query)) = script.next_event() else { panic!("a query") };
    let rejected = script.client().answer(now, query, Ok(Some(payload))).unwrap_err();
    assert!(matches!(rejected.why, Misuse::TooLong { .. }));
    // The query is not lost by that.
    script.client().answer(now, rejected.item, Ok(None)).unwrap();
    script.drain();
    assert!(script.take_sent().contains("<iq id='q' type='result'/>"));
    send(&mut script, &"x".repeat(800));
    // Each stream has its own limits.
    lose(&mut script);
    come_back(&mut script, 2);
    send(&mut script, &"x".repeat(1000));
}

#[test]
fn xep0352_each_new_stream_is_told_that_nobody_is_there() {
    let csi = format!("{SM}<csi xmlns='urn:xmpp:csi:0'/>");
    let inactive = "<inactive xmlns='urn:xmpp:csi:0'/>";
    let active = "<active xmlns='urn:xmpp:csi:0'/>";
    let mut script = managed_by(lasting(), Chunks::Whole, &csi, ENABLED);
    let set = |script: &mut Script, is_active| {
        let now = script.now();
        script.client().set_active(now, is_active);
        script.drain();
        script.take_sent()
    };
    assert_eq!(set(&mut script, true), "", "that is how a stream begins");
    assert_eq!(set(&mut script, false), inactive);
    assert_eq!(set(&mut script, false), "");
    assert_eq!(set(&mut script, true), active);
    assert_eq!(set(&mut script, false), inactive);
    // XEP-0352 §5: also of a session that goes on.
    lose(&mut script);
    attempt(&mut script, &csi);
    script.receive(resumed(0));
    assert_eq!(script.take_sent(), inactive);
    // And of another session.
    lose(&mut script);
    attempt(&mut script, &csi);
    script.receive(UNKNOWN);
    let asked = script.take_sent();
    assert_eq!(bind(&mut script, &asked), format!("{ENABLE}{inactive}"));
    script.receive(ENABLED);
    // What changes in between counts, and a server that does not want to know is not told.
    lose(&mut script);
    assert_eq!(set(&mut script, true), "");
    attempt(&mut script, &csi);
    script.receive(resumed(0));
    assert_eq!(script.take_sent(), "");
    set(&mut script, false);
    lose(&mut script);
    attempt(&mut script, SM);
    script.receive(resumed(0));
    assert_eq!(script.take_sent(), "");
}
