//! The end of a stream, from both sides (RFC 6120 §4.4).

use core::time::Duration;

use super::*;
use crate::endpoint::{
    Action, Client, Completion, ConnInfo, Endpoint, LostCause, Misuse, Outcome, Phase, Shutdown,
    Target, Timer,
};
use crate::{Instant, Seed};

#[test]
fn we_close_and_the_peer_answers() {
    let mut script = online(direct());
    let now = script.now();
    script.client().send(now, message("bob@example.org", "last words")).unwrap();
    script.client().close(now);
    script.drain();
    let sent = script.take_sent();
    assert!(sent.contains("last words") && sent.ends_with("</message></stream:stream>"), "{sent}");
    let outcome = script.next_completion();
    assert!(matches!(outcome, Some(Completion::Outcome { outcome: Outcome::Written, .. })));
    // What is on its way still arrives.
    script.receive("<message><body>bye</body></message>");
    assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    assert!(script.next_action().is_none());
    let rejected = script.client().send(now, message("bob@example.org", "late")).unwrap_err();
    assert_eq!(rejected.why, Misuse::NotOnline);
    script.receive("</stream:stream>");
    let action = script.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Flush, .. })));
    let ended = ended(&mut script);
    assert_eq!((ended.reason, ended.phase), (Reason::ClosedByUs, Phase::Online));
    assert_eq!(script.take_sent(), "");
}

#[test]
fn the_peer_closes_and_we_answer() {
    let mut script = online(direct());
    script.receive("<message/></stream:stream>");
    assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::ClosedByPeer);
    assert!(ended.is_retryable());
    assert_eq!(script.take_sent(), "</stream:stream>");
    let action = script.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Flush, .. })));
}

#[test]
fn a_peer_that_does_not_answer_the_close_is_left() {
    let mut script = online(direct());
    let now = script.now();
    script.client().close(now);
    script.drain();
    script.pass(Duration::from_secs(5));
    assert_eq!(reason(&mut script), Reason::TimedOut(Timer::Close));
    let action = script.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
}

#[test]
fn a_peer_that_does_not_take_our_last_words_is_left() {
    let mut script = online(direct());
    let (now, id) = (script.now(), script.client().attempt());
    script.client().handle_received(now, id, b"</stream:stream>");
    // Nothing is ever written.
    while script.client().work() {}
    assert!(script.client().poll_action().is_none());
    let at = script.client().poll_timeout().unwrap();
    script.client().handle_timeout(at);
    let action = script.client().poll_action();
    assert_eq!(action, Some(Action::Disconnect { id, how: Shutdown::Abort }));
    assert!(matches!(script.client().poll_event(), Some(Event::Ended(_))));
}

#[test]
fn tcp_closed_instead_of_an_answer_is_a_close_all_the_same() {
    let mut script = online(direct());
    let now = script.now();
    script.client().close(now);
    script.drain();
    script.lose(LostCause::Eof);
    assert_eq!(reason(&mut script), Reason::ClosedByUs);
}

#[test]
fn closing_before_there_is_a_stream_aborts() {
    for connected in [false, true] {
        let mut script = Script::new(config());
        let now = script.now();
        if connected {
            script.connect();
            script.client().close(now);
            script.drain();
            assert!(script.take_sent().ends_with("</stream:stream>"));
            script.lose(LostCause::Eof);
        } else {
            script.client().connect(now).unwrap();
            script.client().close(now);
            script.drain();
            script.next_action();
            let action = script.next_action();
            assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
        }
        assert_eq!(reason(&mut script), Reason::ClosedByUs);
        assert!(script.client().is_idle());
    }
}

#[test]
fn closing_twice_or_while_idle_does_nothing() {
    let mut script = online(direct());
    let now = script.now();
    script.client().close(now);
    script.client().close(now);
    script.drain();
    assert_eq!(script.take_sent(), "</stream:stream>");
    script.lose(LostCause::Eof);
    transcript(&mut script);
    script.client().close(now);
    script.drain();
    assert_eq!(transcript(&mut script), [""]);
}

#[test]
fn a_stream_error_while_closing_is_told() {
    let mut script = online(direct());
    let now = script.now();
    script.client().close(now);
    script.drain();
    script.take_sent();
    script.receive(
        "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         </stream:error></stream:stream>",
    );
    assert_eq!(ended(&mut script).condition(), Some("system-shutdown"));
    // Our closing tag was sent already.
    assert_eq!(script.take_sent(), "");
}

#[test]
fn what_comes_after_the_end_is_dropped() {
    let mut script = online(direct());
    let (now, id) = (script.now(), script.client().attempt());
    script.client().handle_received(now, id, b"</stream:stream>");
    while script.client().work() {}
    script.client().handle_received(now, id, b"<message/>");
    script.drain();
    assert_eq!(reason(&mut script), Reason::ClosedByPeer);
    assert!(script.next_event().is_none());
}

#[test]
fn eof_in_the_middle_of_a_stanza_is_a_loss() {
    let mut script = online(direct());
    script.receive("<message><body>half");
    script.lose(LostCause::Eof);
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::Transport(LostCause::Eof));
    assert_eq!(ended.phase, Phase::Online);
    assert!(ended.is_retryable());
}

#[test]
fn a_close_without_time_leaves_no_deadline_behind() {
    let mut config = config().with_target(Target::new("xmpp.example.org", 5222));
    config.close_timeout = Duration::ZERO;
    let until = Instant::from_micros(0) + config.negotiation_timeout;
    let mut client = Client::new(config, Seed::new([1; 32]), Instant::from_micros(0));
    client.connect(Instant::from_micros(0)).unwrap();
    let Some(Action::Connect { id, .. }) = client.poll_action() else { panic!("no transport") };
    client.handle_connected(Instant::from_micros(0), id, ConnInfo::new());

    // The transport takes nothing.
    client.handle_timeout(until);
    assert_eq!(client.poll_timeout(), None);
    assert_eq!(client.poll_action(), Some(Action::Disconnect { id, how: Shutdown::Abort }));
    let Some(Event::Ended(ended)) = client.poll_event() else { panic!("still waiting") };
    assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
}

#[test]
fn rfc6120_5_4_2_nothing_follows_starttls_in_the_clear() {
    let asked = || {
        let mut script = Script::new(config());
        script.connect();
        script.receive(HEADER);
        script.receive(STARTTLS_REQUIRED);
        assert!(
            script.take_sent().ends_with("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        );
        script
    };
    let mut closed = asked();
    let now = closed.now();
    closed.client().close(now);
    closed.drain();
    let mut late = asked();
    late.pass(Duration::from_mins(1));
    for (mut script, expected) in
        [(closed, Reason::ClosedByUs), (late, Reason::TimedOut(Timer::Negotiation))]
    {
        assert_eq!(script.take_sent(), "");
        let action = script.next_action();
        assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
        assert_eq!(reason(&mut script), expected);
    }
}

#[test]
fn a_closing_tag_that_crosses_a_restart_of_the_stream() {
    let mut script = Script::new(direct());
    script.connect();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    let now = script.now();
    script.client().close(now);
    script.drain();
    script.take_sent();
    // The server has closed too, on the stream that follows the login.
    script.receive(format!("{SUCCESS}{HEADER}</stream:stream>"));
    let ended = ended(&mut script);
    assert_eq!((ended.reason, ended.phase), (Reason::ClosedByUs, Phase::Authenticating));
    assert_eq!(script.take_sent(), "");
}
