//! Floods, and owners and clients that take nothing: back-pressure, no error, and bounded memory.

use core::time::Duration;

use super::*;
use crate::endpoint::{Endpoint, Misuse, RateLimit, Timer};
use crate::stanza::{Message, Stanza};

fn message(id: usize) -> String {
    format!("<message to='bob@example.net' id='{id}'><body>{}</body></message>", "x".repeat(450))
}

#[test]
fn a_flood_is_slowed_down_and_nothing_is_lost() {
    let limited = |rate| {
        let mut config = direct();
        config.rate = rate;
        let mut host = Host::online(config);
        // What the login took is earned again.
        host.pass(Duration::from_mins(1));
        host
    };
    let flood: String = (0..200).map(message).collect();
    let mut host = limited(Some(RateLimit { bytes_per_second: 1000, burst: 4000 }));
    let start = host.now;
    host.receive(&flood);
    // RFC 6120 §13.12: a limit, not an error.
    host.assert_open();
    assert_eq!(host.take_sent(), "");
    assert!(!host.server.wants_read() && !host.inbox.is_empty());
    assert_eq!(host.server.next_timer().unwrap().0, Timer::Rate);
    while !host.inbox.is_empty() {
        // No sooner than that is there a reason to look again.
        let at = host.server.poll_timeout().unwrap();
        assert!(at > host.now);
        host.pass(at.saturating_duration_since(host.now));
    }
    let took = host.now.saturating_duration_since(start).as_millis();
    // The last chunk comes early, and is paid for by who comes after it.
    let (all, early) = (flood.len() as u128, 4000 + 2 * 16384);
    assert!((all - early..=all).contains(&took), "{took} ms");
    for id in 0..200 {
        assert_eq!(host.stanza().id(), Some(&*format!("{id}")));
    }
    // Other work goes on meanwhile.
    assert!(host.server.is_online());
    let to: crate::jid::Jid = "alice@example.org/desk".parse().unwrap();
    host.server.send(host.now, Message::chat(to).build().unwrap().into()).unwrap();
    host.drain();
    assert!(host.take_sent().starts_with("<message "));

    // Without a limit it takes no time.
    let mut host = limited(None);
    host.receive(&flood);
    assert!(host.inbox.is_empty());
    assert_eq!(host.server.poll_timeout(), None);
}

#[test]
fn the_limit_holds_before_the_login_and_ends_with_the_stream() {
    let mut config = direct();
    config.rate = Some(RateLimit { bytes_per_second: 1, burst: 100 });
    let mut host = Host::new(config);
    host.receive(HEADER);
    assert!(!host.server.wants_read());
    host.receive(plain("alice", "secret"));
    assert!(host.next_event().is_none(), "it is not read yet");
    // The deadline of the login is not moved by it.
    host.pass(Duration::from_secs(30));
    host.refused("connection-timeout");
    assert_eq!(host.server.poll_timeout(), None);
}

#[test]
fn an_owner_that_takes_no_events_is_not_read_for() {
    let mut config = direct();
    config.event_capacity = 8;
    config.rate = None;
    let mut host = Host::online(config);
    host.takes_events = false;
    let flood: String = (0..500).map(message).collect();
    host.receive(&flood);
    assert!(!host.server.wants_read());
    assert_eq!(host.server.events.len(), 8);
    // The rest waits at the client, but for one chunk.
    let held = flood.len() - host.inbox.len();
    assert!(held <= host.server.max_chunk(), "{held}");
    assert!(host.server.flow.parser.unread() <= host.server.max_chunk());
    assert!(host.server.is_online() && host.server.poll_timeout().is_none());
    host.takes_events = true;
    host.drain();
    for id in 0..500 {
        assert_eq!(host.stanza().id(), Some(&*format!("{id}")));
    }
}

#[test]
fn a_client_that_reads_nothing_is_not_read_from_for_ever() {
    let mut config = direct();
    config.rate = None;
    config.output_high_water = 1000;
    config.output_limit = 4000;
    let mut host = Host::online(config);
    host.takes_output = false;
    // Each is answered by the machine itself, with an error.
    let query = "<iq type='what' id='1'><q xmlns='urn:x'/></iq>";
    host.receive(query.repeat(2000));
    assert!(!host.server.wants_read() && !host.inbox.is_empty());
    let queued = host.server.outgoing().len();
    assert!((4000..8000).contains(&queued), "{queued}");
    assert!(!host.server.has_room());
    let to: crate::jid::Jid = "alice@example.org/desk".parse().unwrap();
    let message: Stanza = Message::chat(to).build().unwrap().into();
    let refused = host.server.send(host.now, message).unwrap_err();
    assert_eq!(refused.why, Misuse::OutputFull);
    // Once it reads, all goes on.
    host.takes_output = true;
    host.drain();
    assert_eq!(host.take_sent().matches("<bad-request").count(), 2000);
    assert!(host.inbox.is_empty() && host.server.has_room());
}

#[test]
fn an_adapter_that_delivers_too_much_is_told() {
    let mut host = Host::online(direct());
    let link = host.server.attempt();
    let too_much = " ".repeat(host.server.max_chunk() + 1);
    host.server.handle_received(host.now, link, too_much.as_bytes());
    host.drain();
    let (ended, _) = host.refused("internal-server-error");
    assert_eq!(ended.reason, Reason::InputOverflow);
}
