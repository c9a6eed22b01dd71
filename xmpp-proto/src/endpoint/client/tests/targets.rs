//! From a domain to a server that answers.

use alloc::string::ToString;
use alloc::vec;
use core::time::Duration;

use super::*;
use crate::endpoint::{
    Action, CertificateFault, ConnInfo, DnsRecords, Endpoint, LostCause, Phase, RedirectFault,
    Shutdown, SrvAnswer, SrvRecord, Target, Timer, TlsFault,
};
use crate::stream::StreamCondition;
use crate::testing::{BIND_FEATURES, HEADER, bind_result};

fn srv(priority: u16, port: u16, target: &str) -> SrvRecord {
    SrvRecord::new(priority, 0, port, target)
}

/// Three hosts: `a` and `c` with STARTTLS, between them `b` with direct TLS.
fn three() -> DnsRecords {
    DnsRecords {
        xmpps: SrvAnswer::Records(vec![srv(2, 443, "b.example.")]),
        xmpp: SrvAnswer::Records(vec![srv(3, 5222, "c.example."), srv(1, 5222, "a.example.")]),
    }
}

fn one() -> DnsRecords {
    DnsRecords { xmpps: SrvAnswer::None, xmpp: SrvAnswer::Records(vec![srv(1, 5222, "a.example")]) }
}

fn script(records: DnsRecords) -> Script {
    let mut script = Script::new(config()).with_records(records);
    script.start();
    script
}

fn a() -> Target {
    Target::new("a.example", 5222)
}

fn b() -> Target {
    Target::new("b.example", 443)
}

fn c() -> Target {
    Target::new("c.example", 5222)
}

/// Goes on from an open transport with direct TLS to a bound resource.
fn log_in(script: &mut Script) {
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive(SUCCESS);
    script.receive(HEADER);
    script.receive(BIND_FEATURES);
    let id = script.last_id();
    script.receive(bind_result(&id, "alice@example.org/r"));
    assert!(script.client().is_online());
}

#[test]
fn rfc6120_3_2_1_dns_is_asked_for_the_domain_of_the_account() {
    let mut script = Script::new(config());
    let now = script.now();
    script.client().connect(now).unwrap();
    script.drain();
    assert_eq!(script.client().phase(), Phase::Resolving);
    let Some(Action::Resolve { id, domain }) = script.next_action() else { panic!() };
    assert_eq!(domain, "example.org");
    // An answer that nobody asked for changes nothing.
    let stale = crate::endpoint::AttemptId(77);
    script.client().handle_resolved(now, stale, one());
    script.client().handle_connected(now, id, ConnInfo::new());
    script.drain();
    assert_eq!(script.next_action(), None);
    script.client().handle_resolved(now, id, one());
    script.drain();
    let Some(Action::Connect { id: next, target }) = script.next_action() else { panic!() };
    assert_ne!(next, id);
    assert_eq!(target, a());
    script.client().handle_resolved(now, id, three());
    script.drain();
    assert_eq!(script.next_action(), None);
}

#[test]
fn an_explicit_target_or_an_address_is_not_looked_up() {
    let mut script = Script::new(config().with_target(a()));
    let now = script.now();
    script.client().connect(now).unwrap();
    script.drain();
    assert!(matches!(script.next_action(), Some(Action::Connect { target, .. }) if target == a()));

    let config = ClientConfig::new("alice@[2001:db8::1]".parse().unwrap(), "secret").one_stream();
    let mut script = Script::new(config);
    let now = script.now();
    script.client().connect(now).unwrap();
    script.drain();
    let Some(Action::Connect { target, .. }) = script.next_action() else { panic!() };
    assert_eq!(target, Target::new("2001:db8::1", 5222));
}

#[test]
fn xep0368_the_record_decides_how_tls_starts_and_the_domain_what_it_proves() {
    let mut script = script(three());
    assert_eq!(script.open(), a());
    assert!(script.take_sent().contains("to='example.org'"), "the first one speaks STARTTLS");
    script.receive(HEADER);
    script.receive(STARTTLS_REQUIRED);
    script.receive(PROCEED);
    let Some(Action::Secure { server_name, alpn, .. }) = script.next_action() else { panic!() };
    assert_eq!((server_name.as_str(), alpn), ("example.org", None));
    script.lose(LostCause::Tls(TlsFault::Handshake("no".into())));

    let Some(Action::Connect { id, target }) = script.next_action() else { panic!() };
    assert_eq!(target, b());
    let now = script.now();
    script.client().handle_connected(now, id, ConnInfo::new());
    script.drain();
    let Some(Action::Secure { server_name, alpn, .. }) = script.next_action() else { panic!() };
    assert_eq!((server_name.as_str(), alpn), ("example.org", Some(&b"xmpp-client"[..])));
}

#[test]
fn a_target_that_fails_is_followed_by_the_next_without_the_application() {
    let mut script = script(three());
    assert_eq!(script.refuse(LostCause::Refused), a());
    assert_eq!(script.open(), b());
    assert!(script.next_event().is_none());
    log_in(&mut script);
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
    assert_eq!(script.client().poll_timeout(), None);

    // Once online, an end is an end; and what failed comes last next time.
    script.lose(LostCause::Reset);
    let ended = ended(&mut script);
    assert_eq!((ended.target, ended.phase), (Some(b()), Phase::Online));
    assert!(ended.tried.len() == 1 && ended.tried[0].target == a());
    script.start();
    assert_eq!(script.refuse(LostCause::Refused), b());
    assert_eq!(script.refuse(LostCause::Refused), c());
    assert_eq!(script.refuse(LostCause::Refused), a());
}

#[test]
fn any_chunking_moves_on_in_the_same_way() {
    let scenario = |chunks| {
        let mut script = Script::new(config()).with_records(three()).with_chunks(chunks);
        script.connect();
        script.receive(HEADER);
        script.receive(STARTTLS_REQUIRED);
        script.receive(PROCEED);
        script.next_action(); // the handshake that fails
        script.lose(LostCause::Tls(TlsFault::Handshake("no".into())));
        script.open();
        log_in(&mut script);
        transcript(&mut script)
    };
    same_for_all_chunks(2 * HEADER.len() + STARTTLS_REQUIRED.len() + PROCEED.len(), scenario);
}

#[test]
fn the_end_names_every_target_and_why_it_was_left() {
    let mut script = script(three());
    script.refuse(LostCause::Refused);
    script.refuse(LostCause::Unreachable("no route".into()));
    script.open();
    script.lose(LostCause::Eof);
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::Transport(LostCause::Eof));
    assert_eq!((ended.target.clone(), ended.phase), (Some(c()), Phase::Negotiating));
    let tried: Vec<_> = ended.tried.iter().map(|tried| (&tried.target, &tried.reason)).collect();
    let unreachable = Reason::Transport(LostCause::Unreachable("no route".into()));
    assert_eq!(tried, [(&a(), &Reason::Transport(LostCause::Refused)), (&b(), &unreachable)]);
    assert!(ended.is_retryable());
    assert_eq!(
        ended.to_string(),
        "negotiating the stream (c.example:5222): the connection was closed without closing the \
         stream; tried before: a.example:5222 (connection refused), b.example:443 (host \
         unreachable: no route)"
    );
}

#[test]
fn a_silent_target_has_its_time_and_the_last_one_all_that_is_left() {
    let mut script = script(three());
    script.pass(Duration::from_secs(14));
    assert!(script.client().next_timer().is_some_and(|(timer, _)| timer == Timer::Target));
    assert!(matches!(script.next_action(), Some(Action::Connect { .. })));
    assert_eq!(script.next_action(), None);
    script.pass(Duration::from_secs(1));
    let disconnect = script.next_action();
    assert!(matches!(disconnect, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
    assert_eq!(script.open(), b());
    script.receive(HEADER); // and then nothing more
    script.pass(Duration::from_secs(15));
    assert!(script.next_event().is_none());
    script.open();
    script.pass(Duration::from_secs(29));
    assert!(script.next_event().is_none());
    script.pass(Duration::from_secs(1)); // a minute in all
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
    assert_eq!((ended.target, ended.phase), (Some(c()), Phase::Negotiating));
    for tried in &ended.tried {
        assert_eq!(tried.reason, Reason::TimedOut(Timer::Target));
    }
    assert_eq!(ended.tried.len(), 2);
}

#[test]
fn the_whole_login_has_one_deadline_however_many_targets_there_are() {
    let many = (0..100).map(|i| srv(i, 5222, &format!("h{i}.example"))).collect();
    let mut script = script(DnsRecords { xmpps: SrvAnswer::None, xmpp: SrvAnswer::Records(many) });
    script.pass(Duration::from_secs(59));
    assert!(script.next_event().is_none());
    script.pass(Duration::from_secs(1));
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
    assert_eq!(ended.tried.len(), 3);
    assert!(script.client().is_idle());
    assert_eq!(script.client().poll_timeout(), None);
}

#[test]
fn a_refused_certificate_ends_the_attempt() {
    let untrusted = || {
        LostCause::Tls(TlsFault::Certificate { fault: CertificateFault::Untrusted, report: None })
    };
    let mut script = script(three());
    script.open();
    script.receive(HEADER);
    script.receive(STARTTLS_REQUIRED);
    script.receive(PROCEED);
    script.lose(untrusted());
    let ended = ended(&mut script);
    assert_eq!((ended.reason, ended.target), (Reason::Transport(untrusted()), Some(a())));
}

#[test]
fn once_authentication_has_begun_no_other_target_is_tried() {
    for steps in 1..=4 {
        let mut script = script(three());
        script.refuse(LostCause::Refused);
        script.open();
        script.receive(HEADER);
        script.receive(mechanisms(&["PLAIN"]));
        let mut phase = Phase::Authenticating;
        if steps > 1 {
            script.receive(SUCCESS);
            phase = Phase::Binding;
        }
        if steps > 2 {
            script.receive(HEADER);
        }
        if steps > 3 {
            script.receive(BIND_FEATURES);
        }
        script.lose(LostCause::Eof);
        let ended = ended(&mut script);
        assert_eq!((ended.reason, ended.phase), (Reason::Transport(LostCause::Eof), phase));
        assert_eq!(ended.target, Some(b()));
    }
    // Nor does the deadline of a target count any more.
    let mut script = script(three());
    script.refuse(LostCause::Refused);
    script.open();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.pass(Duration::from_secs(59));
    assert!(script.next_event().is_none());
    assert_eq!(script.client().phase(), Phase::Authenticating);
}

#[test]
fn rfc6120_5_2_stripped_starttls_ends_the_attempt() {
    let mut script = script(three());
    script.open();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    let ended = ended(&mut script);
    assert!(matches!(ended.reason, Reason::StartTls(_)));
    assert_eq!(ended.target, Some(a()));
}

#[test]
fn rfc2782_a_domain_without_the_service_is_told_at_once() {
    let root = SrvAnswer::Records(vec![srv(0, 0, ".")]);
    let mut script = script(DnsRecords { xmpps: root.clone(), xmpp: root });
    assert_eq!(script.next_action(), None);
    let ended = ended(&mut script);
    assert_eq!((&ended.reason, ended.phase), (&Reason::NotOffered, Phase::Resolving));
    assert!(!ended.is_retryable());
    assert!(ended.to_string().starts_with("looking up servers (example.org): "), "{ended}");
}

#[test]
fn rfc6120_3_2_2_without_records_the_domain_itself_is_tried() {
    let mut script = script(DnsRecords::default());
    let gone = LostCause::NameNotFound("example.org".into());
    assert_eq!(script.refuse(gone.clone()), Target::new("example.org", 5222));
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::Transport(gone));
    assert!(!ended.is_retryable(), "nobody has made a mistake but the user");
}

#[test]
fn a_failure_of_dns_is_told_if_the_domain_itself_fails_too() {
    let failed = SrvAnswer::Failed("SERVFAIL".into());
    let mut script = script(DnsRecords { xmpps: failed.clone(), xmpp: failed });
    script.refuse(LostCause::NameNotFound("example.org".into()));
    let ended = ended(&mut script);
    assert!(ended.dns_failure.as_deref().is_some_and(|text| text.contains("SERVFAIL")));
    assert!(ended.is_retryable(), "the network may be back soon");
    assert!(ended.to_string().contains("example.org failed: _xmpps-client: SERVFAIL"), "{ended}");
    assert!(ended.advice().is_some_and(|advice| advice.contains("network")));
}

#[test]
fn silence_of_dns_leads_to_the_domain() {
    let mut script = Script::new(config());
    let now = script.now();
    script.client().connect(now).unwrap();
    script.drain();
    let Some(Action::Resolve { id, .. }) = script.next_action() else { panic!() };
    assert_eq!(script.client().next_timer().unwrap().0, Timer::Resolve);
    script.pass(Duration::from_secs(15));
    let how = Shutdown::Abort;
    assert_eq!(script.next_action(), Some(Action::Disconnect { id, how }));
    // Too late.
    let now = script.now();
    script.client().handle_resolved(now, id, one());
    script.drain();
    assert_eq!(script.open(), Target::new("example.org", 5222));
    script.pass(Duration::from_secs(45));
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
    assert!(ended.dns_failure.is_some_and(|text| text.contains("no answer in time")));
}

#[test]
fn closing_is_the_end_whatever_waits() {
    let close = |script: &mut Script| {
        let now = script.now();
        script.client().close(now);
        script.drain();
    };
    // While DNS is asked.
    let mut first = Script::new(config());
    let now = first.now();
    first.client().connect(now).unwrap();
    first.drain();
    close(&mut first);
    assert!(matches!(first.next_action(), Some(Action::Resolve { .. })));
    assert!(matches!(first.next_action(), Some(Action::Disconnect { .. })));
    let ended_first = ended(&mut first);
    assert_eq!(ended_first.phase, Phase::Resolving);
    assert_eq!((ended_first.reason, ended_first.target), (Reason::ClosedByUs, None));

    // While a target is connected to.
    let mut second = script(three());
    close(&mut second);
    assert_eq!(reason(&mut second), Reason::ClosedByUs);
    assert!(second.client().is_idle());

    // While a stream that would be left is closed.
    let mut third = script(three());
    third.open();
    close(&mut third);
    third.lose(LostCause::Reset);
    assert!(ended(&mut third).tried.is_empty());
    assert!(third.client().is_idle());
}

fn see_other_host(host: &str) -> String {
    format!(
        "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{host}\
         </see-other-host></stream:error></stream:stream>"
    )
}

#[test]
fn rfc6120_4_9_3_19_another_host_is_connected_to_and_nothing_else_changes() {
    let mut script = script(one());
    script.open();
    script.receive(HEADER);
    script.take_sent();
    script.receive(see_other_host("[2001:41D0:1:A49b::1]:9222"));
    assert_eq!(script.take_sent(), "</stream:stream>");
    let disconnect = script.next_action();
    assert!(matches!(disconnect, Some(Action::Disconnect { how: Shutdown::Flush, .. })));
    assert_eq!(script.open(), Target::new("2001:41D0:1:A49b::1", 9222));
    assert!(script.take_sent().contains("to='example.org'"));
    script.receive(HEADER);
    // TLS is as mandatory as before, and proves the same name.
    script.receive(STARTTLS_REQUIRED);
    script.receive(PROCEED);
    let Some(Action::Secure { server_name, .. }) = script.next_action() else { panic!() };
    assert_eq!(server_name, "example.org");
    script.lose(LostCause::Eof);
    let ended = ended(&mut script);
    assert_eq!(ended.target, Some(Target::new("2001:41D0:1:A49b::1", 9222)));
    let Reason::Reported(error) = &ended.tried[0].reason else { panic!("{ended:?}") };
    assert_eq!(error.condition(), StreamCondition::SeeOtherHost);
}

#[test]
fn another_host_without_starttls_is_not_logged_in_to() {
    let mut script = script(one());
    script.open();
    script.receive(HEADER);
    script.receive(see_other_host("evil.example"));
    assert_eq!(script.open(), Target::new("evil.example", 5222));
    script.receive(HEADER);
    script.take_sent();
    script.receive(mechanisms(&["PLAIN"]));
    assert_eq!(script.take_sent(), "</stream:stream>");
    assert!(matches!(reason(&mut script), Reason::StartTls(_)));
}

#[test]
fn over_direct_tls_another_host_is_spoken_to_with_direct_tls() {
    let mut script = Script::new(direct());
    script.connect();
    script.receive(HEADER);
    script.receive(see_other_host("moved.example"));
    script.next_action();
    let Some(Action::Connect { id, target }) = script.next_action() else { panic!() };
    assert_eq!(target, Target::new("moved.example", 5223));
    let now = script.now();
    script.client().handle_connected(now, id, ConnInfo::new());
    script.drain();
    assert!(matches!(script.next_action(), Some(Action::Secure { .. })));
}

#[test]
fn a_second_redirection_ends_the_attempt() {
    for second in ["third.example", "a.example"] {
        let mut script = script(three());
        script.open();
        script.receive(HEADER);
        script.receive(see_other_host("second.example"));
        script.open();
        script.receive(HEADER);
        script.receive(see_other_host(second));
        let ended = ended(&mut script);
        let fault = RedirectFault::Again { to: second.into() };
        assert_eq!(ended.reason, Reason::Redirect(fault));
        assert!(!ended.is_retryable());
        assert_eq!(ended.tried.len(), 1);
    }
}

#[test]
fn a_redirection_to_itself_or_to_nowhere_ends_the_attempt() {
    let told = |host: &str| {
        let mut script = script(one());
        script.open();
        script.receive(HEADER);
        script.receive(see_other_host(host));
        reason(&mut script)
    };
    let to = String::from("a.example:5222");
    assert_eq!(told(&to), Reason::Redirect(RedirectFault::ToItself { to: to.clone() }));
    for bad in ["", "http://a.example/", "[::1", "a.example:0"] {
        let fault = RedirectFault::Unusable { to: bad.into() };
        assert_eq!(told(bad), Reason::Redirect(fault));
    }
    let Reason::Redirect(RedirectFault::Unusable { to }) = told(&"x".repeat(9999)) else {
        panic!()
    };
    assert_eq!(to.len(), 253);
}

#[test]
fn the_host_after_a_redirection_is_followed_by_those_of_dns() {
    let mut script = script(three());
    script.open();
    script.receive(HEADER);
    script.receive(see_other_host("moved.example"));
    assert_eq!(script.refuse(LostCause::Refused), Target::new("moved.example", 5222));
    assert_eq!(script.open(), b());
}

#[test]
fn a_redirection_is_followed_though_the_server_hangs_up_at_once() {
    let mut script = script(one());
    script.open();
    script.take_events(false);
    let now = script.now();
    let id = script.client().attempt();
    let bytes = format!("{HEADER}{}", see_other_host("moved.example"));
    script.client().handle_received(now, id, bytes.as_bytes());
    script.client().handle_lost(now, id, LostCause::Reset);
    script.take_events(true);
    assert_eq!(script.open(), Target::new("moved.example", 5222));
}

#[test]
fn a_redirection_of_an_online_client_is_its_end() {
    let mut script = online(config());
    script.receive(see_other_host("moved.example"));
    let ended = ended(&mut script);
    assert_eq!(ended.condition(), Some("see-other-host"));
    assert!(script.client().is_idle());
}
