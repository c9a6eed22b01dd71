use core::time::Duration;

use super::*;

fn at(seconds: u64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

/// Asks after a minute, and waits for 20 seconds.
fn config() -> Keepalive {
    Keepalive::default()
}

fn started() -> Liveness {
    let mut liveness = Liveness::default();
    liveness.start(at(0), &config());
    liveness
}

#[test]
fn a_silent_peer_is_asked_and_then_given_up() {
    // RFC 6120 §4.6.2.
    let mut liveness = started();
    assert_eq!(liveness.timer(&config()), Some(at(60)));
    assert_eq!(liveness.due(&config(), at(59)), None);
    assert_eq!(liveness.due(&config(), at(60)), Some(Silence::Ask));
    liveness.asked(at(60));
    liveness.arm(&config());
    assert!(liveness.is_asked());
    assert_eq!(liveness.due(&config(), at(79)), None);
    assert_eq!(liveness.timer(&config()), Some(at(80)));
    assert_eq!(liveness.due(&config(), at(80)), Some(Silence::Dead));
}

#[test]
fn whatever_comes_is_a_sign_of_life() {
    let mut liveness = started();
    liveness.asked(at(60));
    liveness.received(at(79));
    assert!(!liveness.is_asked());
    // Nobody is told of it before the moment has come that was named first.
    assert_eq!(liveness.timer(&config()), Some(at(60)));
    assert_eq!(liveness.due(&config(), at(100)), None);
    liveness.arm(&config());
    assert_eq!(liveness.timer(&config()), Some(at(139)));
}

#[test]
fn to_ask_again_gives_no_more_time() {
    let mut liveness = started();
    liveness.asked(at(10));
    liveness.asked(at(25));
    assert_eq!(liveness.due(&config(), at(30)), Some(Silence::Dead));
}

#[test]
fn a_question_that_was_asked_anyway_must_be_answered_even_without_probes() {
    let config = Keepalive { probe_after: None, ..config() };
    let mut liveness = Liveness::default();
    liveness.start(at(0), &config);
    assert_eq!(liveness.timer(&config), None);
    liveness.asked(at(5));
    assert_eq!(liveness.timer(&config), Some(at(25)));
}

#[test]
fn spaces_go_out_where_nothing_else_did() {
    // RFC 6120 §4.6.1.
    let config = Keepalive { whitespace: Some(Duration::from_secs(30)), ..config() };
    let mut liveness = started();
    liveness.received(at(29));
    assert_eq!(liveness.due(&config, at(30)), Some(Silence::Space), "what comes does not count");
    liveness.sent(at(30));
    assert_eq!(liveness.timer(&config), Some(at(60)));
    // Both at once: one after the other.
    liveness.received(at(30));
    liveness.sent(at(60));
    assert_eq!(liveness.due(&config, at(90)), Some(Silence::Ask));
    liveness.asked(at(90));
    assert_eq!(liveness.due(&config, at(90)), Some(Silence::Space));
}

#[test]
fn a_new_stream_begins_with_a_clean_slate() {
    let mut liveness = started();
    liveness.asked(at(10));
    liveness.start(at(25), &config());
    assert_eq!(liveness.timer(&config()), Some(at(85)));
}

#[test]
fn who_does_not_listen_hears_no_silence() {
    let mut liveness = started();
    liveness.asked(at(10));
    liveness.listen(false);
    assert_eq!(liveness.timer(&config()), None);
    assert_eq!(liveness.due(&config(), at(1000)), None);
    // The time begins anew when somebody listens and looks at the clock.
    liveness.listen(true);
    assert_eq!(liveness.timer(&config()), Some(at(30)));
    assert_eq!(liveness.due(&config(), at(2000)), None);
    liveness.arm(&config());
    assert_eq!(liveness.timer(&config()), Some(at(2020)));
    assert_eq!(liveness.due(&config(), at(2020)), Some(Silence::Dead));
}

#[test]
fn spaces_without_a_pause_are_none() {
    let config = Keepalive { whitespace: Some(Duration::ZERO), probe_after: None, ..config() };
    assert_eq!(started().due(&config, at(0)), None);
}
