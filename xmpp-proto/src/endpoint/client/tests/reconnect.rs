//! How a client comes back by itself.

use alloc::string::ToString;
use alloc::vec;
use core::time::Duration;

use super::super::Link;
use super::peer::*;
use super::*;
use crate::endpoint::{
    Action, AuthFault, CertificateFault, DnsRecords, Endpoint, LostCause, Misuse, Reconnect,
    Shutdown, SrvAnswer, SrvRecord, Target, Timer, TlsFault,
};
use crate::stream::StreamCondition;
use crate::testing::BIND_FEATURES;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn with(reconnect: Reconnect) -> ClientConfig {
    lasting().with_reconnect(Some(reconnect))
}

fn stream_error(condition: &str) -> String {
    format!(
        "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
         </stream:stream>"
    )
}

fn certificate() -> LostCause {
    LostCause::Tls(TlsFault::Certificate { fault: CertificateFault::Expired, report: None })
}

/// All of an attempt is refused, at whatever target it goes to.
fn refuse(script: &mut Script) -> Duration {
    wait_for_attempt(script);
    script.refuse(LostCause::Refused);
    disconnected(script).0
}

#[test]
fn rfc6120_3_3_pauses_grow_are_bounded_and_vary() {
    let mut script = managed(with(Reconnect::default().with_pauses(secs(2), secs(100))));
    let mut whole = secs(2);
    let (mut pause, _) = lose(&mut script);
    let mut odd = 0;
    for _ in 0..30 {
        // RFC 6120 §3.3: truncated binary exponential back-off, and not at the same moment as
        // everybody else.
        assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
        odd += usize::from(pause != whole && pause != whole / 2);
        pause = refuse(&mut script);
        whole = (whole * 2).min(secs(100));
    }
    assert!(odd > 20);
}

#[test]
fn pauses_begin_anew_once_the_client_was_online_for_a_while() {
    let mut script = managed(lasting());
    lose(&mut script);
    for _ in 0..6 {
        refuse(&mut script);
    }
    come_back(&mut script, 0);
    script.pass(secs(29));
    let (pause, _) = lose(&mut script);
    assert!(pause > secs(30), "it was let in and thrown out again: {pause:?}");
    come_back(&mut script, 0);
    script.pass(secs(30));
    let (pause, _) = lose(&mut script);
    assert!(pause <= secs(1), "{pause:?}");
}

#[test]
fn the_client_says_when_it_tries_again_and_does_so_then() {
    let mut script = managed(lasting());
    script.lose(LostCause::Eof);
    let Some(Event::Disconnected(it)) = script.next_event() else { panic!("disconnected") };
    assert_eq!(it.ended.reason, Reason::Transport(LostCause::Eof));
    assert!(it.resumable);
    let timer = script.client().next_timer();
    assert_eq!(timer, Some((Timer::Reconnect, it.retry_at)));
    let pause = it.retry_at.saturating_duration_since(script.now());
    script.pass(pause.saturating_sub(Duration::from_micros(1)));
    assert!(script.next_action().is_none() && script.client().outgoing().is_empty());
    assert!(!script.client().wants_read() && !script.client().is_idle());
    script.pass(Duration::from_micros(1));
    assert!(matches!(script.next_action(), Some(Action::Resolve { .. })));
}

#[test]
fn dns_is_asked_anew_for_each_attempt() {
    let mut script = managed(lasting());
    lose(&mut script);
    for _ in 0..3 {
        let at = script.client().deadline.unwrap().1;
        script.pass(at.saturating_duration_since(script.now()));
        // RFC 6120 §3.3: what it said the last time may be why that failed.
        assert!(script.resolve());
        script.refuse(LostCause::Refused);
        disconnected(&mut script);
    }
}

#[test]
fn rfc6120_3_3_all_targets_are_tried_before_a_pause() {
    let srv = |priority, host| SrvRecord::new(priority, 0, 443, host);
    let records = DnsRecords {
        xmpps: SrvAnswer::Records(vec![srv(1, "a.example"), srv(2, "b.example")]),
        xmpp: SrvAnswer::None,
    };
    let config = lasting();
    let mut script = Script::new(config.clone()).with_records(records);
    script.login_with(&config, SM);
    script.receive(ENABLED);
    script.next_event();
    lose(&mut script);
    wait_for_attempt(&mut script);
    assert_eq!(script.refuse(LostCause::Refused).to_string(), "a.example:443");
    assert!(script.next_event().is_none(), "nothing to tell yet");
    assert_eq!(script.refuse(LostCause::Reset).to_string(), "b.example:443");
    let Some(Event::Disconnected(it)) = script.next_event() else { panic!("disconnected") };
    assert_eq!(it.ended.tried.len(), 1);
    assert_eq!(it.ended.reason, Reason::Transport(LostCause::Reset));
    // A server that answers is taken, wherever it stands.
    wait_for_attempt(&mut script);
    script.refuse(LostCause::Refused);
    script.open();
    assert_eq!(log_in(&mut script, SM), resume(0));
}

#[test]
fn what_trying_again_can_mend_is_tried_again() {
    // While online.
    for end in [
        "</stream:stream>".into(),
        stream_error("system-shutdown"),
        stream_error("reset"),
        stream_error("connection-timeout"),
        stream_error("policy-violation"),
        stream_error("internal-server-error"),
        stream_error("not-well-formed"),
        stream_error("undefined-condition"),
        "<a></b></a>".into(),
    ] {
        let mut script = managed(lasting());
        script.receive(&end);
        disconnected(&mut script);
    }
    // While coming back.
    for cause in [
        LostCause::Refused,
        LostCause::Reset,
        LostCause::Eof,
        LostCause::Unreachable("no route".into()),
        LostCause::NameNotFound("no such name".into()),
        LostCause::Io("odd".into()),
    ] {
        let mut script = managed(lasting());
        lose(&mut script);
        wait_for_attempt(&mut script);
        script.refuse(cause);
        assert!(disconnected(&mut script).1);
    }
    let failure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/>\
        </failure>";
    let mut script = managed(lasting());
    lose(&mut script);
    wait_for_attempt(&mut script);
    script.open();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive(failure);
    assert!(disconnected(&mut script).1);
}

#[test]
fn an_explicit_host_without_an_address_for_a_while_is_no_mistake() {
    // Whoever is offline finds no name either, and this one was found before.
    let target = Target::new("xmpp.example", 5223);
    let mut script = managed(lasting().with_target(target));
    lose(&mut script);
    wait_for_attempt(&mut script);
    script.refuse(LostCause::NameNotFound("dns error".into()));
    assert!(disconnected(&mut script).1);
}

#[test]
fn what_says_that_the_client_is_not_wanted_is_the_end() {
    for condition in
        ["conflict", "not-authorized", "host-gone", "host-unknown", "unsupported-version"]
    {
        let mut script = managed(lasting());
        let token = send(&mut script, "a");
        script.receive(stream_error(condition));
        let ended = ended(&mut script);
        assert_eq!(ended.condition(), Some(condition));
        assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
        assert!(script.client().is_idle() && script.client().poll_timeout().is_none());
        assert_eq!(events(&mut script), [""; 0]);
    }
}

#[test]
fn what_trying_again_cannot_mend_is_the_end() {
    let failure = |condition: &str| {
        format!("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/></failure>")
    };
    for condition in ["not-authorized", "account-disabled", "credentials-expired"] {
        let mut script = managed(lasting());
        let token = send(&mut script, "a");
        lose(&mut script);
        let late = send(&mut script, "b");
        wait_for_attempt(&mut script);
        script.open();
        script.receive(HEADER);
        script.receive(mechanisms(&["PLAIN"]));
        script.receive(failure(condition));
        let ended = ended(&mut script);
        assert!(matches!(ended.reason, Reason::Auth(AuthFault::Refused(_))), "{ended}");
        let expected = [(token, Fate::Unacked("a".into())), (late, Fate::Failed("b".into()))];
        assert_eq!(fates(&mut script), expected);
        assert!(script.client().is_idle() && script.client().poll_timeout().is_none());
    }
    // A domain that says that it has no such service any more.
    let mut script = managed(lasting());
    lose(&mut script);
    let at = script.client().deadline.unwrap().1;
    script.pass(at.saturating_duration_since(script.now()));
    let Some(Action::Resolve { id, .. }) = script.next_action() else { panic!("resolve") };
    let none = || SrvAnswer::Records(vec![SrvRecord::new(0, 0, 0, ".")]);
    let now = script.now();
    script.client().handle_resolved(now, id, DnsRecords { xmpps: none(), xmpp: none() });
    script.drain();
    assert_eq!(reason(&mut script), Reason::NotOffered);
}

#[test]
fn who_was_online_outlives_whoever_answers_in_the_place_of_the_server() {
    // The portal of a hotel: another certificate, then something that is no XMPP.
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    lose(&mut script);
    wait_for_attempt(&mut script);
    script.refuse(certificate());
    assert!(disconnected(&mut script).1, "the session is kept");
    wait_for_attempt(&mut script);
    script.open();
    script.receive("<html><head/></html>");
    assert!(disconnected(&mut script).1, "the session is kept");
    assert_eq!(fates(&mut script), []);
    let _ = token;
    // Before it was online, that is the end, however patient it is.
    let patient = Reconnect::default().with_initial(true);
    let mut script = Script::new(with(patient));
    script.start();
    script.refuse(certificate());
    assert_eq!(reason(&mut script), Reason::Transport(certificate()));
}

#[test]
fn an_answer_to_binding_that_asks_to_wait_is_waited_for() {
    let error = |condition: &str, type_: &str| {
        format!(
            "<error type='{type_}'><{condition} \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    for (condition, type_, again) in
        [("resource-constraint", "wait", true), ("not-allowed", "cancel", false)]
    {
        let config = lasting();
        let mut script = Script::new(config.clone());
        script.login(&config);
        script.next_event();
        lose(&mut script);
        let asked = attempt(&mut script, "");
        let id = asked.split(" id='").nth(1).unwrap().split('\'').next().unwrap();
        // RFC 6120 §7.6.2.1: too many resources, for now.
        script.receive(format!("<iq type='error' id='{id}'>{}", error(condition, type_)));
        script.pass(Duration::ZERO);
        assert_eq!(matches!(script.client().link, Link::Waiting(_)), again, "{condition}");
    }
}

#[test]
fn a_client_that_was_never_online_shows_mistakes_at_once() {
    let mut script = Script::new(lasting());
    script.start();
    script.refuse(LostCause::Refused);
    assert_eq!(reason(&mut script), Reason::Transport(LostCause::Refused));
    assert!(script.client().is_idle());
    // And so it does the next time somebody starts it.
    let mut script = online(lasting().with_management(None));
    let now = script.now();
    script.client().close(now);
    script.drain();
    script.receive("</stream:stream>");
    assert_eq!(reason(&mut script), Reason::ClosedByUs);
    script.start();
    script.refuse(LostCause::Refused);
    assert_eq!(reason(&mut script), Reason::Transport(LostCause::Refused));
}

#[test]
fn a_client_may_insist_from_the_first_attempt_on() {
    let config = with(Reconnect::default().with_initial(true));
    let mut script = Script::new(config);
    script.start();
    script.refuse(LostCause::Refused);
    assert!(!disconnected(&mut script).1);
    assert_eq!(events(&mut script), [""; 0], "there is no session to be lost");
    for _ in 0..3 {
        refuse(&mut script);
    }
    let asked = attempt(&mut script, SM);
    bind(&mut script, &asked);
    assert_eq!(events(&mut script), ["Online"]);
    // But not on what cannot be mended.
    let mut script = Script::new(with(Reconnect::default().with_initial(true)));
    script.connect();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
    assert!(matches!(reason(&mut script), Reason::Auth(_)));
}

#[test]
fn a_limit_of_attempts_is_the_end() {
    let reconnect = Reconnect { max_attempts: Some(2), ..Reconnect::default() };
    let mut script = managed(with(reconnect));
    let token = send(&mut script, "a");
    lose(&mut script);
    refuse(&mut script);
    assert_eq!(fates(&mut script), []);
    wait_for_attempt(&mut script);
    script.refuse(LostCause::Refused);
    assert_eq!(reason(&mut script), Reason::Transport(LostCause::Refused));
    assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
}

#[test]
fn without_reconnecting_each_broken_transport_is_the_end() {
    let mut script = managed(lasting().with_reconnect(None));
    let token = send(&mut script, "a");
    script.lose(LostCause::Reset);
    assert_eq!(reason(&mut script), Reason::Transport(LostCause::Reset));
    assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
    assert!(script.client().is_idle() && !script.client().is_suspended());
    assert!(script.client().poll_timeout().is_none() && !script.client().has_future());
}

#[test]
fn attempts_that_fail_while_nobody_listens_leave_one_word() {
    let mut config = lasting();
    config.event_capacity = 2;
    let mut script = managed(config);
    script.take_events(false);
    script.receive("<message/>");
    script.lose(LostCause::Reset);
    for _ in 0..50 {
        wait_for_attempt(&mut script);
        script.refuse(LostCause::Refused);
        check(&mut script);
        assert!(script.client().events.len() <= 4);
    }
    script.take_events(true);
    // The session was given up meanwhile; what is told last is how it stands.
    let names = events(&mut script);
    assert_eq!(names, ["Stanza", "Disconnected", "SessionLost", "Disconnected"]);
}

#[test]
fn streams_that_come_and_go_while_nobody_listens_fill_no_queue() {
    let mut config = lasting();
    config.event_capacity = 4;
    let mut script = managed(config);
    script.take_events(false);
    script.lose(LostCause::Reset);
    for _ in 0..30 {
        wait_for_attempt(&mut script);
        script.open();
        script.receive(HEADER);
        script.receive(mechanisms(&["PLAIN"]));
        script.receive(SUCCESS);
        script.receive(HEADER);
        script.receive(BIND_FEATURES.replace("</stream:features>", SM));
        script.receive("</stream:features>");
        script.receive(resumed(0));
        script.lose(LostCause::Reset);
        // Full, it can only wait.
        if !matches!(script.client().link, Link::Waiting(_)) {
            break;
        }
        assert!(script.client().events.len() <= 8, "{}", script.client().events.len());
    }
    assert!(script.client().events.len() <= 8);
    script.take_events(true);
    check(&mut script);
}

#[test]
fn closing_ends_the_waiting_for_good() {
    // In each state: what it does before, and whether the transport is told.
    type Prepare = fn(&mut Script);
    let states: [(&str, Prepare); 6] = [
        ("waiting", |_| {}),
        ("resolving", |script| {
            let at = script.client().deadline.unwrap().1;
            script.pass(at.saturating_duration_since(script.now()));
        }),
        ("connecting", wait_for_attempt),
        ("negotiating", |script| {
            wait_for_attempt(script);
            script.open();
        }),
        ("resuming", |script| {
            attempt(script, SM);
        }),
        ("closing", |script| {
            attempt(script, SM);
            let now = script.now();
            script.client().close(now);
            script.drain();
        }),
    ];
    for (state, prepare) in states {
        let mut script = managed(lasting());
        let sent = send(&mut script, "a");
        lose(&mut script);
        let waiting = send(&mut script, "b");
        prepare(&mut script);
        let now = script.now();
        script.client().close(now);
        script.drain();
        check(&mut script);
        assert!(!script.client().is_suspended() && !script.client().has_future(), "{state}");
        let rejected = script.client().send(now, message("bob@example.org", "c")).unwrap_err();
        assert_eq!(rejected.why, Misuse::NotOnline, "{state}");
        script.pass(secs(600));
        let ended = ended(&mut script);
        assert!(
            matches!(ended.reason, Reason::ClosedByUs | Reason::TimedOut(Timer::Close)),
            "{state}: {ended}"
        );
        let expected = [(sent, Fate::Unacked("a".into())), (waiting, Fate::Failed("b".into()))];
        assert_eq!(fates(&mut script), expected, "{state}");
        assert!(script.client().is_idle() && script.client().poll_timeout().is_none(), "{state}");
        assert_eq!(events(&mut script), [""; 0], "{state}");
        // And it can be used again.
        while script.next_action().is_some() {}
        script.connect();
        let asked = log_in(&mut script, SM);
        assert!(asked.starts_with("<iq "), "{state}: {asked}");
    }
}

#[test]
fn closing_while_the_answer_to_a_resumption_is_on_its_way_ends_quietly() {
    for answer in [resumed(1), UNKNOWN.into()] {
        let mut script = managed(lasting());
        let token = send(&mut script, "a");
        lose(&mut script);
        attempt(&mut script, SM);
        let now = script.now();
        script.client().close(now);
        script.drain();
        assert_eq!(script.take_sent(), "</stream:stream>");
        script.receive(format!("{answer}</stream:stream>"));
        assert_eq!(reason(&mut script), Reason::ClosedByUs);
        assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
    }
}

#[test]
fn another_network_is_tried_at_once() {
    let mut script = managed(lasting());
    lose(&mut script);
    for _ in 0..8 {
        refuse(&mut script);
    }
    let at = script.client().deadline.unwrap().1;
    assert!(at.saturating_duration_since(script.now()) > secs(60));
    let now = script.now();
    script.client().handle_network_change(now);
    script.drain();
    assert!(script.resolve());
    // And the pauses begin anew.
    script.refuse(LostCause::Refused);
    let (pause, resumable) = disconnected(&mut script);
    assert!(pause <= secs(1) && resumable, "{pause:?}");
}

#[test]
fn another_network_makes_an_online_client_ask_whether_the_server_is_there() {
    let mut script = managed(lasting());
    let now = script.now();
    script.client().handle_network_change(now);
    script.drain();
    assert_eq!(script.take_sent(), ASK);
    script.client().handle_network_change(now);
    script.drain();
    assert_eq!(script.take_sent(), "", "it is asked already");
    script.pass(secs(20));
    assert!(disconnected(&mut script).1);
}

#[test]
fn another_network_changes_nothing_else() {
    // Before, in the middle of a login, while closing, and after the end.
    let mut script = Script::new(lasting());
    let change = |script: &mut Script| {
        let now = script.now();
        let before = script.client().poll_timeout();
        script.client().handle_network_change(now);
        script.drain();
        assert_eq!(script.client().poll_timeout(), before);
        check(script);
    };
    change(&mut script);
    assert!(script.client().is_idle());
    script.connect();
    change(&mut script);
    script.receive(HEADER);
    change(&mut script);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive(SUCCESS);
    change(&mut script);
    let mut script = managed(lasting());
    let now = script.now();
    script.client().close(now);
    script.drain();
    script.take_sent();
    change(&mut script);
    script.receive("</stream:stream>");
    change(&mut script);
    assert_eq!(script.take_sent(), "");
    assert_eq!(reason(&mut script), Reason::ClosedByUs);
}

#[test]
fn with_no_pauses_at_all_nothing_spins() {
    let mut script =
        managed(with(Reconnect::default().with_pauses(Duration::ZERO, Duration::ZERO)));
    let token = send(&mut script, "a");
    // A dead link is given up, and the next attempt begins within the same moment.
    script.pass(secs(22));
    check(&mut script);
    assert!(script.resolve());
    for _ in 0..5 {
        script.refuse(LostCause::Refused);
        check(&mut script);
        assert!(script.resolve());
    }
    script.open();
    assert_eq!(log_in(&mut script, SM), resume(0));
    script.receive(resumed(1));
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
}

#[test]
fn the_certain_end_is_known_before_it_is_told() {
    let mut script = managed(lasting());
    script.take_output(Some(0));
    script.receive(stream_error("conflict"));
    assert!(!script.client().has_future(), "{:?}", StreamCondition::Conflict);
    let mut script = managed(lasting());
    script.take_output(Some(0));
    script.receive(stream_error("reset"));
    assert!(script.client().has_future());
}

#[test]
fn a_stuck_transport_of_the_last_stream_is_left() {
    let mut script = managed(lasting());
    script.take_output(Some(0));
    script.receive(stream_error("reset"));
    script.pass(secs(5));
    let action = script.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
    let (_, resumable) = disconnected(&mut script);
    assert!(!resumable);
}
