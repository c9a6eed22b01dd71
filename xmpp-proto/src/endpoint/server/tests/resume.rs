//! Sessions that outlive their transports (XEP-0198 §5).

use core::time::Duration;

use super::management::{ENABLE, ENABLE_RESUME, R, a, failed, managed, message, news};
use super::*;
use crate::endpoint::{
    AskResume, Dormant, Endpoint, LostCause, Misuse, Outcome, Rejected, StreamManagement, Timer,
};

fn resumable() -> ServerConfig {
    let mut config = config();
    config.management = Some(StreamManagement::default());
    config
}

/// A session that can be resumed, and its name.
fn session() -> (Host, String) {
    session_of(resumable(), Chunks::Whole)
}

fn session_of(config: ServerConfig, chunks: Chunks) -> (Host, String) {
    let mut host = Host::online_with(config, chunks);
    host.receive(ENABLE_RESUME);
    let sent = host.take_sent();
    let id = attr(&sent, "id").unwrap().into();
    (host, id)
}

fn resume(id: &str, h: u32) -> String {
    format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{h}'/>")
}

fn resumed(id: &str, h: u32) -> String {
    format!("<resumed xmlns='urn:xmpp:sm:3' previd='{id}' h='{h}'/>")
}

/// Another stream of alice, who has logged in.
fn again(now: crate::Instant) -> Host {
    let mut host = Host::seeded(resumable(), Chunks::Whole, tls13(), 43);
    host.now = now;
    host.start_tls();
    host.log_in();
    host
}

impl Host {
    #[track_caller]
    fn resume_question(&mut self) -> AskResume {
        match self.next_event() {
            Some(ServerEvent::Resume(ask)) => ask,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn assert_suspended(&mut self) -> crate::Instant {
        match self.next_event() {
            Some(ServerEvent::Suspended { until, .. }) => {
                assert!(self.server.is_suspended() && !self.server.is_idle());
                until
            }
            other => panic!("{other:?}"),
        }
    }

    fn give(
        &mut self,
        ask: AskResume,
        dormant: Option<Dormant>,
    ) -> Result<(), Rejected<Option<Dormant>>> {
        let told = self.server.resume(self.now, ask, dormant);
        self.drain();
        told
    }

    /// Goes on with the session of `old`, whose client has handled `h` stanzas.
    #[track_caller]
    fn take_over(&mut self, old: &mut Host, id: &str, h: u32) {
        self.receive(resume(id, h));
        let ask = self.resume_question();
        assert_eq!((ask.id(), ask.h(), ask.account().as_str()), (id, h, "alice@example.org"));
        let dormant = old.server.surrender(self.now).expect("there is a session");
        old.drain();
        self.give(ask, Some(dormant)).unwrap();
    }

    #[track_caller]
    fn assert_resumed(&mut self) {
        match self.next_event() {
            Some(ServerEvent::Resumed { jid }) => {
                assert_eq!(jid.as_str(), "alice@example.org/desk");
                assert_eq!(self.server.jid(), Some(&jid));
                assert!(self.server.is_online());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn xep0198_7_a_stream_that_breaks_is_unfinished() {
    let (mut host, _) = session();
    host.send("n1");
    host.lose(LostCause::Reset);
    let until = host.assert_suspended();
    assert_eq!(until, host.now + Duration::from_mins(5));
    assert_eq!(host.server.next_timer(), Some((Timer::Resumption, until)));
    assert_eq!(host.server.jid().unwrap().as_str(), "alice@example.org/desk");
    assert!(host.next_completion().is_none(), "its fate is open");
    // What is sent waits.
    host.send("n2");
    assert_eq!(host.take_sent().matches("<message").count(), 1);
    assert_eq!(host.server.unacked().count(), 2);
    // §4: then the owner takes other action.
    host.pass(Duration::from_mins(5));
    assert_eq!(host.ended().reason, Reason::TimedOut(Timer::Resumption));
    let (_, outcome) = host.outcome();
    assert!(matches!(outcome, Outcome::Unacked(stanza) if stanza.id() == Some("n1")));
    let (_, outcome) = host.outcome();
    assert!(matches!(outcome, Outcome::Failed(stanza) if stanza.id() == Some("n2")));
}

#[test]
fn xep0198_7_a_stream_that_is_closed_is_finished() {
    // By the client, by us, or by an error.
    let (mut host, id) = session();
    assert_eq!(host.server.resumption(), Some((&*id, 0)));
    host.receive(CLOSE);
    host.lose(LostCause::Reset);
    assert_eq!(host.ended().reason, Reason::ClosedByPeer);
    let (mut host, _) = session();
    host.server.close(host.now);
    host.takes_output = false;
    host.lose(LostCause::Reset);
    assert!(matches!(host.ended().reason, Reason::Transport(_)));
    let (mut host, _) = session();
    host.receive("<unknown/>");
    host.lose(LostCause::Reset);
    assert!(matches!(host.ended().reason, Reason::Peer(_)));
}

#[test]
fn a_session_that_waits_can_be_ended() {
    let (mut host, _) = session();
    host.lose(LostCause::Reset);
    host.send("n1");
    host.server.close(host.now);
    host.drain();
    assert_eq!(host.ended().reason, Reason::ClosedByUs);
    assert!(matches!(host.outcome().1, Outcome::Failed(_)));
    let (mut host, _) = session();
    host.lose(LostCause::Reset);
    let error = crate::stream::StreamError::new(crate::stream::StreamCondition::Conflict);
    host.server.close_with(host.now, error.clone());
    host.drain();
    assert_eq!(host.ended().reason, Reason::ClosedWith(error));
    assert_eq!(host.take_sent(), "");
}

#[test]
fn a_dead_link_leaves_its_session_behind() {
    let mut config = resumable();
    config.keepalive.probe_after = Some(Duration::from_mins(1));
    let (mut host, _) = session_of(config, Chunks::Whole);
    host.pass(Duration::from_mins(2));
    assert_eq!(host.take_sent(), R);
    let action = host.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
    host.assert_suspended();
}

#[test]
fn xep0198_5_a_session_goes_on() {
    let (mut old, id) = session();
    old.receive(message("m1") + &message("m2"));
    for id in ["n1", "n2", "n3"] {
        old.send(id);
    }
    old.receive(a(1));
    assert!(matches!(old.outcome().1, Outcome::Acked));
    old.lose(LostCause::Reset);
    old.send("n4");
    let mut host = again(old.now);
    host.take_over(&mut old, &id, 2);
    // Tokens of the old machine come to their end there.
    for _ in 0..3 {
        assert!(matches!(old.outcome().1, Outcome::Saved));
    }
    assert_eq!(old.heard(), ["m1", "m2"]);
    assert!(old.server.is_idle() && old.next_completion().is_none());
    // §5: `previd`, and how much has come; then what the client lacks, in order.
    let sent = host.take_sent();
    let replay = sent.strip_prefix(&*resumed(&id, 2)).unwrap_or_else(|| panic!("{sent}"));
    let ids: Vec<_> = replay.split("<message").skip(1).map(|it| attr(it, "id").unwrap()).collect();
    assert_eq!(ids, ["n3", "n4"]);
    assert!(replay.ends_with(R));
    // The one that the client has got meanwhile is done with.
    assert!(matches!(host.outcome().1, Outcome::Acked));
    host.assert_resumed();
    // §5: counts are carried over.
    host.receive(message("m3") + R);
    assert_eq!(host.take_sent(), a(3));
    let tokens: Vec<_> = host.server.unacked().map(|(token, _)| token).collect();
    host.receive(a(4));
    assert_eq!([host.outcome().0, host.outcome().0], *tokens);
    host.receive(a(5));
    assert!(matches!(host.ended().reason, Reason::Peer(PeerFault::AckTooHigh { h: 5, sent: 4 })));
}

#[test]
fn a_session_is_resumed_again_and_again() {
    let (mut host, id) = session();
    for n in 0..5_u32 {
        host.receive(message("m"));
        host.send("n");
        host.lose(LostCause::Eof);
        let mut next = again(host.now);
        next.take_over(&mut host, &id, n + 1);
        assert_eq!(next.take_sent(), resumed(&id, n + 1));
        next.assert_resumed();
        host = next;
    }
}

#[test]
fn xep0198_5_an_unknown_session_is_not_found() {
    let mut host = again(crate::Instant::from_micros(0));
    host.receive(resume("nothing", 7));
    let ask = host.resume_question();
    host.give(ask, None).unwrap();
    assert_eq!(host.take_sent(), failed("item-not-found"));
    // §5: one that was there may say how far it came.
    host.receive(resume("gone", 7));
    let ask = host.resume_question();
    host.server.resume_failed(host.now, ask, 12).unwrap();
    host.drain();
    let failed = failed("item-not-found").replace("sm:3'", "sm:3' h='12'");
    assert_eq!(host.take_sent(), failed);
    // §5: a resource may be bound, and its stream be managed.
    host.bind();
    host.take_sent();
    host.receive(ENABLE_RESUME);
    assert!(host.take_sent().starts_with("<enabled"));
}

#[test]
fn xep0198_5_nobody_gets_the_session_of_somebody_else() {
    let (mut old, id) = session();
    old.lose(LostCause::Reset);
    let mut host = Host::seeded(
        resumable().with_mechanisms([Mechanism::Anonymous]),
        Chunks::Whole,
        tls13(),
        43,
    );
    host.start_tls();
    host.receive(auth("ANONYMOUS", "trace"));
    host.receive(HEADER);
    host.take_sent();
    host.receive(resume(&id, 0));
    let ask = host.resume_question();
    assert_ne!(ask.account().as_str(), "alice@example.org");
    let dormant = old.server.surrender(old.now).unwrap();
    let rejected = host.give(ask, Some(dormant)).unwrap_err();
    assert_eq!(rejected.why, Misuse::ForeignState);
    // It looks as if there were none.
    assert_eq!(host.take_sent(), failed("item-not-found"));
    // And it is not lost.
    let dormant = rejected.item.unwrap();
    assert_eq!((dormant.jid().as_str(), dormant.id()), ("alice@example.org/desk", &*id));
    let mut host = again(old.now);
    host.receive(resume(&id, 0));
    let ask = host.resume_question();
    host.give(ask, Some(dormant)).unwrap();
    host.assert_resumed();
}

#[test]
fn another_session_than_the_one_asked_for_is_refused() {
    let (mut old, _) = session();
    let dormant = old.server.surrender(old.now).unwrap();
    let mut host = again(old.now);
    host.receive(resume("other", 0));
    let ask = host.resume_question();
    let rejected = host.give(ask, Some(dormant)).unwrap_err();
    assert_eq!(rejected.why, Misuse::ForeignState);
    assert_eq!(host.take_sent(), failed("item-not-found"));
}

#[test]
fn xep0198_security_nothing_is_resumed_before_the_login() {
    let mut host = Host::secured(resumable());
    host.receive(resume("id", 0));
    assert_eq!(host.take_sent(), failed("unexpected-request"));
    assert!(host.next_event().is_none());
    host.log_in();
    // Nor on a stream that has a session.
    host.bind();
    host.take_sent();
    host.receive(resume("id", 0));
    assert_eq!(host.take_sent(), failed("unexpected-request"));
    host.receive(ENABLE);
    host.take_sent();
    host.receive(resume("id", 0));
    assert_eq!(host.take_sent(), failed("unexpected-request"));
    host.assert_open();
}

#[test]
fn xep0198_5_where_nothing_is_resumed_the_client_is_told() {
    let mut host = Host::authenticated(config());
    host.receive(resume("id", 0));
    assert_eq!(host.take_sent(), failed("feature-not-implemented"));
    host.bind();
}

#[test]
fn xep0198_5_a_request_must_be_complete() {
    for attrs in ["", " previd='id'", " h='0'", " previd='id' h='x'", " previd='id' h='-1'"] {
        let mut host = again(crate::Instant::from_micros(0));
        host.receive(format!("<resume xmlns='urn:xmpp:sm:3'{attrs}/>"));
        assert_eq!(host.take_sent(), failed("bad-request"), "{attrs}");
        assert!(host.next_event().is_none());
    }
    // §5: no name is longer than 4000 bytes.
    for id in ["x".repeat(4001), String::new()] {
        let mut host = again(crate::Instant::from_micros(0));
        host.receive(resume(&id, 0));
        assert_eq!(host.take_sent(), failed("item-not-found"));
        assert!(host.next_event().is_none());
    }
}

#[test]
fn xep0198_6_whoever_guesses_names_of_sessions_is_sent_away() {
    let mut host = again(crate::Instant::from_micros(0));
    for _ in 0..4 {
        host.receive(resume("guess", 0));
        let ask = host.resume_question();
        host.give(ask, None).unwrap();
        assert_eq!(host.take_sent(), failed("item-not-found"));
    }
    host.receive(resume("guess", 0));
    let ask = host.resume_question();
    host.give(ask, None).unwrap();
    let (ended, _) = host.refused("policy-violation");
    assert_eq!(ended.reason, Reason::Peer(PeerFault::ManagementMisused));
}

#[test]
fn a_question_without_an_answer_does_not_hold_the_client_up() {
    let mut host = again(crate::Instant::from_micros(0));
    host.receive(resume("id", 0) + &super::bind("b1", "desk"));
    let ask = host.resume_question();
    assert!(host.next_event().is_none(), "nothing is read before the answer");
    host.pass(Duration::from_secs(15));
    assert_eq!(host.take_sent(), failed("internal-server-error"));
    let (mut old, _) = session();
    let dormant = old.server.surrender(old.now);
    // Too late, and it is not lost.
    let rejected = host.give(ask, dormant).unwrap_err();
    assert!(rejected.item.is_some());
    host.bind_question();
    // The owner may also say so.
    let mut host = again(crate::Instant::from_micros(0));
    host.receive(resume("id", 0));
    let ask = host.resume_question();
    host.server.unavailable(host.now, ask).unwrap();
    host.drain();
    assert_eq!(host.take_sent(), failed("internal-server-error"));
}

#[test]
fn xep0198_5_a_stream_that_is_still_open_ends_with_conflict() {
    let (mut old, id) = session();
    old.receive(message("m1"));
    old.send("n1");
    // It was asked what it has got, and the answer has not come.
    old.pass(Duration::from_secs(2));
    assert!(old.take_sent().ends_with(R));
    let mut host = again(old.now);
    host.take_over(&mut old, &id, 0);
    let (ended, before) = old.refused("conflict");
    assert_eq!((ended.reason, &*before), (Reason::Detached, ""));
    assert!(matches!(old.outcome().1, Outcome::Saved));
    host.assert_resumed();
    let sent = host.take_sent();
    assert!(sent.starts_with(&*resumed(&id, 1)) && sent.contains(" id='n1'"), "{sent}");
    assert!(sent.ends_with(R), "it is asked again");
}

#[test]
fn what_was_never_sent_cannot_be_acknowledged() {
    let (mut old, id) = session();
    old.takes_output = false;
    old.send("n1");
    let mut host = again(old.now);
    host.take_over(&mut old, &id, 1);
    assert!(matches!(host.ended().reason, Reason::Peer(PeerFault::AckTooHigh { h: 1, sent: 0 })));
    assert!(matches!(host.outcome().1, Outcome::Failed(_)), "certainly it has not arrived");
}

#[test]
fn xep0198_6_a_count_that_cannot_be_ends_the_session() {
    let (mut old, id) = session();
    old.send("n1");
    old.lose(LostCause::Reset);
    let mut host = again(old.now);
    host.take_over(&mut old, &id, 2);
    assert_eq!(
        host.take_sent(),
        format!(
            "<stream:error><undefined-condition xmlns='{}'/>\
             <handled-count-too-high xmlns='urn:xmpp:sm:3' h='2' send-count='1'/>\
             </stream:error>{CLOSE}",
            ns::STREAM_ERROR
        )
    );
    let (_, outcome) = host.outcome();
    assert!(matches!(outcome, Outcome::Unacked(stanza) if stanza.id() == Some("n1")));
    assert!(matches!(host.ended().reason, Reason::Peer(PeerFault::AckTooHigh { h: 2, sent: 1 })));
}

#[test]
fn what_came_before_the_loss_is_delivered_and_counts() {
    let (mut old, id) = session();
    old.takes_events = false;
    let link = old.server.attempt();
    let bytes = message("m1") + &message("m2") + "<message to='bob@exam";
    old.server.handle_received(old.now, link, bytes.as_bytes());
    old.lose(LostCause::Eof);
    old.takes_events = true;
    old.drain();
    assert_eq!(old.server.resumption(), Some((&*id, 2)));
    let mut host = again(old.now);
    host.take_over(&mut old, &id, 0);
    assert_eq!(host.take_sent(), resumed(&id, 2));
    assert_eq!(old.heard(), ["m1", "m2"]);
}

#[test]
fn queries_are_answered_where_the_session_goes_on() {
    let (mut old, id) = session();
    old.receive("<iq type='get' id='q1'><query xmlns='jabber:iq:roster'/></iq>");
    let Some(ServerEvent::Query(query)) = old.next_event() else { panic!("no query") };
    old.lose(LostCause::Reset);
    let mut host = again(old.now);
    host.take_over(&mut old, &id, 0);
    host.take_sent();
    let rejected = old.server.answer(old.now, query, Ok(None)).unwrap_err();
    assert_eq!(rejected.why, Misuse::UnknownQuery);
    host.server.answer(host.now, rejected.item, Ok(None)).unwrap();
    host.drain();
    assert!(host.take_sent().contains("id='q1' type='result'"));
}

#[test]
fn what_a_client_does_not_survive_is_given_up_in_the_end() {
    let (mut host, id) = session();
    host.send("poison");
    for _ in 0..5 {
        host.lose(LostCause::Reset);
        let mut next = again(host.now);
        next.take_over(&mut host, &id, 0);
        next.assert_resumed();
        host = next;
    }
    host.lose(LostCause::Reset);
    assert!(matches!(host.ended().reason, Reason::Transport(_)));
    assert!(matches!(host.outcome().1, Outcome::Unacked(_)));
}

#[test]
fn there_is_an_end_to_what_waits_for_a_client() {
    let mut config = resumable();
    config.management.as_mut().unwrap().max_unacked = 2;
    let (mut host, _) = session_of(config, Chunks::Whole);
    host.lose(LostCause::Reset);
    host.send("n1");
    host.send("n2");
    assert!(!host.server.has_room());
    let rejected = host.server.send(host.now, news("n3")).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyUnacked);
}

#[test]
fn only_what_can_be_resumed_is_given_out() {
    let mut host = Host::online(resumable());
    assert!(host.server.surrender(host.now).is_none());
    let mut host = managed(resumable());
    assert!(host.server.surrender(host.now).is_none());
    host.assert_open();
    let (mut host, _) = session();
    host.receive(CLOSE);
    assert!(host.server.surrender(host.now).is_none());
}

#[test]
fn a_session_that_does_not_go_on_can_be_taken_apart() {
    let (mut host, _) = session();
    host.send("n1");
    host.pass(Duration::from_secs(1));
    host.send("n2");
    let dormant = host.server.surrender(host.now).unwrap();
    assert_eq!((dormant.received(), dormant.unacked().count()), (0, 2));
    assert!(alloc::format!("{dormant:?}").contains("alice@example.org/desk"));
    let times: Vec<_> = dormant.into_unacked().map(|(at, _)| at).collect();
    assert_eq!(times, [crate::Instant::from_micros(0), crate::Instant::from_micros(1_000_000)]);
}

#[test]
fn xep0198_4_counts_go_on_with_zero_across_streams() {
    let (mut old, id) = session();
    old.server.flow.management.as_mut().unwrap().count_from(u32::MAX, u32::MAX);
    old.receive(message("m1"));
    old.send("n1");
    old.send("n2");
    old.lose(LostCause::Reset);
    let mut host = again(old.now);
    host.take_over(&mut old, &id, 0);
    let sent = host.take_sent();
    assert!(sent.starts_with(&*resumed(&id, 0)), "{sent}");
    assert!(!sent.contains("id='n1'") && sent.contains("id='n2'"), "{sent}");
    host.receive(a(1));
    host.assert_resumed();
    host.assert_open();
}

/// XEP-0198 §5: wherever the transport breaks, both sides end up with all stanzas, once each.
#[test]
fn nothing_is_lost_or_doubled_wherever_the_transport_breaks() {
    let bytes = message("m1") + R + &message("m2") + &a(1) + &message("m3");
    for cut in 0..=bytes.len() {
        for chunks in [Chunks::Whole, Chunks::Of(1)] {
            let (mut old, id) = session_of(resumable(), chunks);
            old.send("n1");
            old.send("n2");
            old.receive(&bytes[..cut]);
            old.lose(LostCause::Reset);
            let mut host = again(old.now);
            host.set_chunks(chunks);
            // The client has got the first of ours.
            host.take_over(&mut old, &id, 1);
            let sent = host.take_sent();
            let h: usize = attr(&sent, "h").unwrap().parse().unwrap();
            assert_eq!(sent.matches("<message").count(), 1, "{sent}");
            assert!(sent.contains("id='n2'"));
            let mut heard = old.heard();
            assert_eq!(heard.len(), h, "cut at {cut}");
            // It sends again what has not come.
            let rest = ["m1", "m2", "m3"].iter().skip(h).map(|id| message(id));
            host.receive(rest.collect::<String>() + R);
            heard.extend(host.heard());
            assert_eq!(heard, ["m1", "m2", "m3"], "cut at {cut}");
            assert_eq!(host.take_sent(), a(3));
        }
    }
}
