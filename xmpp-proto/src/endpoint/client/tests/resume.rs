//! A session that outlives its transport (XEP-0198 §5).

use alloc::string::ToString;
use core::time::Duration;

use super::super::Link;
use super::peer::*;
use super::*;
use crate::endpoint::{
    Action, Completion, DnsRecords, Endpoint, LostCause, Misuse, Request, RequestError, SrvAnswer,
    SrvRecord, StreamManagement, Target, Timer,
};
use crate::testing::BIND_FEATURES;
use crate::xml::Element;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ping() -> Request {
    Request::get(Element::builder("ping", crate::ns::PING).build().unwrap())
}

#[test]
fn xep0198_5_a_session_goes_on_where_it_was_interrupted() {
    let mut script = managed(lasting());
    script.receive("<message/><presence/>");
    let tokens = ["a", "b", "c"].map(|body| send(&mut script, body));
    events(&mut script);
    script.take_sent();
    let (pause, resumable) = lose(&mut script);
    assert!(resumable && pause <= secs(1));
    assert!(script.client().is_suspended() && !script.client().is_online());
    assert_eq!(fates(&mut script), []);
    // §5: the name, and how many stanzas were received.
    let asked = attempt(&mut script, SM);
    assert_eq!(asked, resume(2));
    assert!(script.client().is_suspended());
    // §5: what the server has is not sent again, and everything else is, in order.
    script.receive(resumed(1));
    assert_eq!(events(&mut script), ["Resumed"]);
    assert_eq!(script.take_sent(), format!("{}{}{ASK}", chat("b"), chat("c")));
    assert_eq!(fates(&mut script), [(tokens[0], Fate::Acked)]);
    assert!(script.client().is_online() && !script.client().is_suspended());
    assert_eq!(script.client().jid().unwrap().as_str(), "alice@example.org/r1");
    // §5: the counts go on.
    script.receive(format!("{}<message/>{ASK}", told(3)));
    assert_eq!(fates(&mut script), [(tokens[1], Fate::Acked), (tokens[2], Fate::Acked)]);
    assert_eq!(script.take_sent(), told(3));
}

#[test]
fn nothing_is_sent_again_that_the_server_has() {
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    lose(&mut script);
    assert_eq!(come_back(&mut script, 1), "");
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
    // §5: no roster, no presence, nothing is asked anew; and there is nothing to be asked about.
    script.pass(secs(30));
    assert_eq!(script.take_sent(), "");
}

#[test]
fn a_session_is_resumed_as_often_as_it_takes() {
    let mut script = managed(lasting());
    let mut waiting = Vec::new();
    for n in 0..20_u32 {
        waiting.push(send(&mut script, &format!("{n}")));
        lose(&mut script);
        script.take_sent();
        let sent = come_back(&mut script, n);
        assert!(sent.starts_with(&chat(&format!("{n}"))), "{sent}");
    }
    script.receive(told(20));
    let acked: Vec<_> = waiting.into_iter().map(|token| (token, Fate::Acked)).collect();
    assert_eq!(fates(&mut script), acked);
}

#[test]
fn a_stanza_that_is_cut_at_any_byte_arrives_once() {
    let bytes = chat("a").len();
    let (first, second) = (chat("a"), chat("b"));
    for cut in 0..=2 * bytes {
        let mut script = managed(lasting());
        script.take_output(Some(cut));
        let tokens = [send(&mut script, "a"), send(&mut script, "b")];
        assert_eq!(script.take_sent(), format!("{first}{second}")[..cut]);
        lose(&mut script);
        script.take_output(None);
        // §5: the server has taken exactly what came whole.
        let had = u32::try_from(cut / bytes).unwrap();
        let sent = come_back(&mut script, had);
        let again = ["a", "b"][had as usize..].iter().map(|body| chat(body)).collect::<String>();
        assert!(sent.starts_with(&again) && !sent[again.len()..].contains("message"), "{sent}");
        script.receive(told(2));
        assert_eq!(fates(&mut script), [(tokens[0], Fate::Acked), (tokens[1], Fate::Acked)]);
    }
}

#[test]
fn a_stanza_that_is_cut_at_any_byte_is_handed_back_as_what_it_is() {
    let bytes = chat("a").len();
    for cut in 0..=2 * bytes {
        let mut script = managed(lasting());
        script.take_output(Some(cut));
        let tokens = [send(&mut script, "a"), send(&mut script, "b")];
        lose(&mut script);
        script.take_output(None);
        attempt(&mut script, SM);
        script.receive(UNKNOWN);
        // §4: whether a whole one was handled nobody knows; of the others it is known.
        let fate = |n: usize, body: &str| {
            if cut >= n * bytes { Fate::Unacked(body.into()) } else { Fate::Failed(body.into()) }
        };
        let expected = [(tokens[0], fate(1, "a")), (tokens[1], fate(2, "b"))];
        assert_eq!(fates(&mut script), expected, "{cut}");
    }
}

#[test]
fn a_replay_that_is_cut_at_any_byte_is_replayed() {
    let all = format!("{}{}{}{ASK}", chat("a"), chat("b"), chat("c"));
    for cut in 0..all.len() {
        let mut script = managed(lasting());
        let tokens = ["a", "b", "c"].map(|body| send(&mut script, body));
        lose(&mut script);
        attempt(&mut script, SM);
        script.take_output(Some(cut));
        script.receive(resumed(0));
        assert_eq!(script.take_sent(), all[..cut]);
        lose(&mut script);
        script.take_output(None);
        assert_eq!(come_back(&mut script, 0), all);
        script.receive(told(3));
        assert_eq!(fates(&mut script), tokens.map(|token| (token, Fate::Acked)));
    }
}

#[test]
fn a_resumption_is_the_same_however_it_is_cut() {
    same_for_all_chunks(2000, |chunks| {
        let mut script = managed_by(lasting(), chunks, SM, ENABLED);
        send(&mut script, "a");
        send(&mut script, "b");
        lose(&mut script);
        attempt(&mut script, SM);
        script.receive(format!("{}<message/>{ASK}{}", resumed(1), told(2)));
        transcript(&mut script)
    });
}

#[test]
fn what_came_before_the_end_of_the_transport_counts() {
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    script.take_events(false);
    script.receive("<message/>");
    // An acknowledgement and a stanza that are digested after the transport is gone.
    let (id, now) = (script.client().attempt(), script.now());
    let rest = format!("{}<message/><mess", told(1));
    script.client().handle_received(now, id, rest.as_bytes());
    script.lose(LostCause::Eof);
    script.take_events(true);
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
    assert_eq!(events(&mut script), ["Stanza", "Stanza", "Disconnected"]);
    // §5: the last one that came whole.
    assert_eq!(attempt(&mut script, SM), resume(2));
}

#[test]
fn what_waits_for_the_application_is_not_sent_again_by_the_server() {
    let mut script = managed(lasting());
    script.take_events(false);
    script.receive("<message/><message/><message/>");
    script.lose(LostCause::Reset);
    // §5: it is here, and this process will hand it over.
    assert_eq!(attempt(&mut script, SM), resume(3));
    script.receive(resumed(0));
    script.receive(ASK);
    script.pass(secs(1));
    assert_eq!(script.take_sent(), told(3), "never less than was told");
    script.take_events(true);
    assert_eq!(events(&mut script), ["Stanza", "Stanza", "Stanza", "Disconnected", "Resumed"]);
    script.receive(format!("<message/>{ASK}"));
    assert_eq!(script.take_sent(), told(4));
}

#[test]
fn what_is_sent_in_between_waits() {
    let mut script = managed(lasting());
    let early = send(&mut script, "early");
    lose(&mut script);
    script.take_sent();
    let late = send(&mut script, "late");
    let now = script.now();
    let request = script.client().request(now, ping()).unwrap();
    wait_for_attempt(&mut script);
    let later = send(&mut script, "later");
    script.open();
    assert_eq!(log_in(&mut script, SM), resume(0));
    let last = send(&mut script, "last");
    assert_eq!(script.take_sent(), "");
    let waiting: Vec<_> = script.client().unacked().map(|(token, _)| token).collect();
    assert_eq!(waiting, [early, late, later, last]);
    script.receive(resumed(1));
    let sent = script.take_sent();
    let id = sent.split(" id='").nth(1).unwrap().split('\'').next().unwrap();
    let iq = format!("<iq type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert_eq!(sent, format!("{}{iq}{}{}{ASK}", chat("late"), chat("later"), chat("last")));
    script.receive(format!("{}<iq type='result' id='{id}'/>", told(5)));
    let mut outcomes = Vec::new();
    while let Some(completion) = script.next_completion() {
        match completion {
            Completion::Outcome { token, .. } => outcomes.push(token),
            Completion::Reply { token, result } => {
                assert!(token == request && result.is_ok());
            }
        }
    }
    assert_eq!(outcomes, [early, late, later, last]);
}

#[test]
fn what_was_never_sent_cannot_have_been_handled() {
    let mut script = managed(lasting());
    let early = send(&mut script, "early");
    lose(&mut script);
    let late = send(&mut script, "late");
    attempt(&mut script, SM);
    // §6: one was sent, whatever waits here.
    script.receive(resumed(2));
    let sent = script.take_sent();
    assert!(sent.contains("h='2' send-count='1'"), "{sent}");
    assert!(!disconnected(&mut script).1);
    let expected = [(early, Fate::Unacked("early".into())), (late, Fate::Failed("late".into()))];
    assert_eq!(fates(&mut script), expected);
}

#[test]
fn the_limits_hold_while_a_session_waits() {
    let management = StreamManagement { max_unacked: 3, ..StreamManagement::default() };
    let mut script = managed(lasting().with_management(Some(management)));
    send(&mut script, "a");
    lose(&mut script);
    assert!(script.client().has_room());
    send(&mut script, "b");
    send(&mut script, "c");
    assert!(!script.client().has_room());
    let now = script.now();
    let rejected = script.client().send(now, message("bob@example.org", "d")).unwrap_err();
    assert_eq!((rejected.why, body(&rejected.item)), (Misuse::TooManyUnacked, "d".into()));
    let rejected = script.client().request(now, ping()).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyUnacked);
    come_back(&mut script, 1);
    assert!(script.client().has_room());
    // In bytes, too.
    let management = StreamManagement { max_unacked_bytes: 1000, ..StreamManagement::default() };
    let mut script = managed(lasting().with_management(Some(management)));
    lose(&mut script);
    send(&mut script, &"x".repeat(2000));
    assert!(!script.client().has_room());
    let now = script.now();
    let rejected = script.client().send(now, message("bob@example.org", "d")).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyUnacked);
}

#[test]
fn without_a_session_that_can_be_resumed_nothing_is_taken() {
    let config = lasting();
    let mut script = Script::new(config.clone());
    script.login(&config);
    assert!(!lose(&mut script).1);
    assert!(!script.client().is_suspended() && !script.client().has_room());
    assert!(script.client().jid().is_none());
    let now = script.now();
    let rejected = script.client().send(now, message("bob@example.org", "hi")).unwrap_err();
    assert_eq!(rejected.why, Misuse::NotOnline);
    assert_eq!(script.client().request(now, ping()).unwrap_err().why, Misuse::NotOnline);
    assert_eq!(events(&mut script), ["SessionLost"]);
}

#[test]
fn a_request_may_be_answered_on_another_stream() {
    let mut script = managed(lasting());
    let now = script.now();
    let token = script.client().request(now, ping()).unwrap();
    script.drain();
    let id = script.last_id();
    lose(&mut script);
    // The server had it, and its answer waits there.
    assert_eq!(come_back(&mut script, 1), "");
    script.receive(format!("<iq type='result' id='{id}' from='alice@example.org'/>"));
    let reply = script.next_completion();
    assert!(matches!(reply, Some(Completion::Reply { token: t, result: Ok(_) }) if t == token));
}

#[test]
fn a_request_waits_no_longer_because_the_transport_is_gone() {
    let mut script = managed(lasting());
    let now = script.now();
    let token = script.client().request(now, ping().timeout(secs(10))).unwrap();
    script.drain();
    lose(&mut script);
    script.pass(secs(10));
    let reply = script.next_completion();
    let timed_out = Err(RequestError::TimedOut);
    assert!(
        matches!(&reply, Some(Completion::Reply { token: t, result }) if *t == token && *result == timed_out),
        "{reply:?}"
    );
}

#[test]
fn a_query_may_be_answered_on_another_stream() {
    let mut script = managed(lasting());
    script.receive("<iq type='get' id='q1' from='bob@example.org/x'><x xmlns='urn:x'/></iq>");
    let Some(Event::Query(query)) = script.next_event() else { panic!("a query") };
    lose(&mut script);
    let now = script.now();
    script.client().answer(now, query, Ok(None)).unwrap();
    let sent = come_back(&mut script, 0);
    assert_eq!(sent, format!("<iq to='bob@example.org/x' id='q1' type='result'/>{ASK}"));
    // And one that is not answered is answered by the machine, once the stream goes on.
    script.receive("<iq type='get' id='q2' from='bob@example.org/x'><x xmlns='urn:x'/></iq>");
    let Some(Event::Query(late)) = script.next_event() else { panic!("a query") };
    script.receive(told(1));
    script.lose(LostCause::Reset);
    script.pass(secs(30));
    let now = script.now();
    assert_eq!(script.client().answer(now, late, Ok(None)).unwrap_err().why, Misuse::UnknownQuery);
    let sent = script.take_sent();
    assert!(!sent.contains("q2"), "{sent}");
}

#[test]
fn xep0198_5_a_session_that_the_server_does_not_know_is_lost_and_another_begins() {
    for (failed, acked) in [
        (UNKNOWN.into(), 0),
        ("<failed xmlns='urn:xmpp:sm:3'/>".into(), 0),
        // §5: how many stanzas it has handled, if it still knows.
        (UNKNOWN.replace("><item", " h='2'><item"), 2),
        (UNKNOWN.replace("><item", " h='x'><item"), 0),
    ] {
        let mut script = managed(lasting());
        let tokens = ["a", "b", "c"].map(|body| send(&mut script, body));
        let now = script.now();
        let request = script.client().request(now, ping()).unwrap();
        lose(&mut script);
        let unsent = send(&mut script, "d");
        attempt(&mut script, SM);
        script.receive(&failed);
        // The token of each stanza, and the request, exactly once.
        let mut expected: Vec<_> = tokens[..acked].iter().map(|t| (*t, Fate::Acked)).collect();
        for (token, body) in tokens.iter().zip(["a", "b", "c"]).skip(acked) {
            expected.push((*token, Fate::Unacked(body.into())));
        }
        expected.push((unsent, Fate::Failed("d".into())));
        let mut outcomes = Vec::new();
        let mut replies = 0;
        while let Some(completion) = script.next_completion() {
            match completion {
                Completion::Reply { token, result } => {
                    assert!(token == request && result == Err(RequestError::Disconnected));
                    replies += 1;
                }
                Completion::Outcome { token, outcome } => {
                    outcomes.push((token, format!("{outcome:?}")));
                }
            }
        }
        assert_eq!(replies, 1);
        let expected_tokens: Vec<_> = expected.iter().map(|(token, _)| *token).collect();
        assert_eq!(outcomes.iter().map(|(t, _)| *t).collect::<Vec<_>>(), expected_tokens);
        for ((_, outcome), (_, fate)) in outcomes.iter().zip(&expected) {
            let name = format!("{fate:?}");
            let name = name.split('(').next().unwrap();
            assert!(outcome.starts_with(name), "{outcome} is not {name}");
        }
        assert_eq!(events(&mut script), ["SessionLost"]);
        assert!(!script.client().is_suspended() && script.client().jid().is_none());
        // §5: a resource is bound on the same stream.
        let asked = script.take_sent();
        assert!(asked.starts_with("<iq type='set' ") && asked.contains("bind"), "{asked}");
        assert_eq!(bind(&mut script, &asked), ENABLE);
        assert_eq!(events(&mut script), ["Online"]);
        assert_eq!(script.client().jid().unwrap().as_str(), "alice@example.org/r2");
        // The counts of the new session begin with nothing.
        script.receive(ENABLED);
        let token = send(&mut script, "new");
        script.receive(told(1));
        assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
    }
}

#[test]
fn what_waits_for_the_application_does_not_count_in_the_next_session() {
    let mut script = managed(lasting());
    script.take_events(false);
    script.receive("<message/><message/><message/>");
    script.lose(LostCause::Reset);
    attempt(&mut script, SM);
    script.receive(UNKNOWN);
    let asked = script.take_sent();
    bind(&mut script, &asked);
    script.receive(ENABLED);
    // XEP-0198 §4: the counts of a session begin with zero, whatever waits of the last one.
    for taken in 0..3 {
        script.receive(ASK);
        script.pass(secs(1));
        assert_eq!(script.take_sent(), told(0), "{taken} taken");
        assert!(matches!(script.client().poll_event(), Some(Event::Stanza(_))));
        script.drain();
    }
    script.take_events(true);
    script.receive(format!("<message/>{ASK}"));
    assert_eq!(script.take_sent(), told(1));
}

#[test]
fn a_server_that_does_not_manage_streams_any_more_gets_a_new_session() {
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    lose(&mut script);
    let asked = attempt(&mut script, "");
    assert!(asked.starts_with("<iq "), "{asked}");
    assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
    assert_eq!(bind(&mut script, &asked), "");
    assert_eq!(events(&mut script), ["SessionLost", "Online"]);
}

#[test]
fn what_is_sent_between_two_sessions_is_refused() {
    let mut script = managed(lasting());
    lose(&mut script);
    attempt(&mut script, SM);
    script.receive(UNKNOWN);
    let now = script.now();
    let rejected = script.client().send(now, message("bob@example.org", "hi")).unwrap_err();
    assert_eq!(rejected.why, Misuse::NotOnline);
}

#[test]
fn a_resumption_that_makes_no_sense_is_followed_by_a_new_session() {
    for (answer, error) in [
        (resumed(3), "undefined-condition"),
        (resumed(u32::MAX), "undefined-condition"),
        (resumed(1).replace("sm1", "sm2"), "bad-format"),
        (resumed(1).replace(" previd='sm1'", ""), "bad-format"),
        (resumed(1).replace("h='1'", "h='-1'"), "bad-format"),
        (resumed(1).replace(" h='1'", ""), "bad-format"),
        (UNKNOWN.replace("><item", " h='3'><item"), "undefined-condition"),
    ] {
        let mut script = managed(lasting());
        let tokens = ["a", "b"].map(|body| send(&mut script, body));
        lose(&mut script);
        attempt(&mut script, SM);
        script.receive(&answer);
        let sent = script.take_sent();
        assert!(sent.contains(&format!("<stream:error><{error} ")), "{answer}: {sent}");
        assert!(sent.ends_with("</stream:error></stream:stream>"), "{sent}");
        // §6: the next attempt is not about that session, and comes after a pause.
        let (pause, resumable) = disconnected(&mut script);
        assert!(!resumable && pause >= Duration::from_millis(500), "{answer}");
        let expected =
            [(tokens[0], Fate::Unacked("a".into())), (tokens[1], Fate::Unacked("b".into()))];
        assert_eq!(fates(&mut script), expected, "{answer}");
        let asked = attempt(&mut script, SM);
        assert!(asked.starts_with("<iq "), "{asked}");
        bind(&mut script, &asked);
        assert!(script.client().is_online());
    }
}

#[test]
fn xep0198_5_the_count_of_a_resumption_may_wrap() {
    let state = {
        let mut script = managed(lasting());
        send(&mut script, "a");
        send(&mut script, "b");
        let now = script.now();
        let mut state = script.client().detach(now).unwrap();
        state.acked = u32::MAX;
        state.received = u32::MAX;
        state
    };
    let mut script = Script::of(another(state, lasting()));
    script.connect();
    assert_eq!(log_in(&mut script, SM), resume(u32::MAX));
    script.receive(resumed(0));
    assert!(script.take_sent().starts_with(&chat("b")));
    script.receive(format!("<message/>{ASK}"));
    assert_eq!(script.take_sent(), told(0));
}

#[test]
fn a_session_that_waits_too_long_is_given_up() {
    let enabled = ENABLED.replace("/>", " max='60'/>");
    let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
    let sent = send(&mut script, "a");
    lose(&mut script);
    let unsent = send(&mut script, "b");
    // Nobody is reached in all that time.
    let mut left = secs(60);
    while script.client().is_suspended() {
        let before = script.now();
        let Some((Timer::Reconnect, at)) = script.client().deadline else { panic!("waiting") };
        let pause = at.saturating_duration_since(before);
        if pause > left {
            script.pass(left);
            break;
        }
        script.pass(pause);
        left -= pause;
        script.resolve();
        script.refuse(LostCause::Refused);
    }
    // §4: its fate is told then, not when the next stream is there.
    let expected = [(sent, Fate::Unacked("a".into())), (unsent, Fate::Failed("b".into()))];
    assert_eq!(fates(&mut script), expected);
    assert!(!script.client().is_suspended());
    assert_eq!(script.now().as_micros(), 60_000_000);
    assert_eq!(events(&mut script).last().unwrap(), "SessionLost");
    let asked = attempt(&mut script, SM);
    assert!(asked.starts_with("<iq "), "{asked}");
}

#[test]
fn the_time_for_a_resumption_is_the_servers_or_else_our_own() {
    // XEP-0198 §3: either may say what it prefers.
    for (max, seconds) in
        [("max='7'", 7), ("", 300), ("max='x'", 300), ("max='-1'", 300), ("max='0'", 0)]
    {
        let enabled = ENABLED.replace("/>", &format!(" {max}/>"));
        let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
        script.lose(LostCause::Reset);
        let until = script.client().resume_until.map(crate::Instant::as_micros);
        assert_eq!(until, Some(seconds * 1_000_000), "{max}");
        check(&mut script);
        assert_eq!(script.client().is_suspended(), seconds > 0);
    }
    // As long as can be.
    let enabled = ENABLED.replace("/>", " max='18446744073709551615'/>");
    let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
    assert!(lose(&mut script).1);
}

#[test]
fn an_answer_that_is_on_its_way_decides_not_the_clock() {
    for answer in [resumed(1), UNKNOWN.into()] {
        let enabled = ENABLED.replace("/>", " max='10'/>");
        let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
        let token = send(&mut script, "a");
        lose(&mut script);
        assert_eq!(attempt(&mut script, SM), resume(0));
        script.pass(secs(20));
        assert_eq!(fates(&mut script), []);
        script.receive(&answer);
        if &*answer == UNKNOWN {
            assert_eq!(events(&mut script), ["SessionLost"]);
        } else {
            assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
            assert_eq!(events(&mut script), ["Resumed"]);
        }
        assert!(!script.client().is_idle());
    }
    // But if none comes, the time is up all the same.
    let enabled = ENABLED.replace("/>", " max='10'/>");
    let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
    let token = send(&mut script, "a");
    lose(&mut script);
    attempt(&mut script, SM);
    script.pass(secs(20));
    script.lose(LostCause::Reset);
    check(&mut script);
    assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
}

#[test]
fn what_kills_the_stream_again_and_again_is_handed_back() {
    let management = StreamManagement { max_replays: 3, ..StreamManagement::default() };
    let mut script = managed(lasting().with_management(Some(management)));
    let poison = send(&mut script, "poison");
    let mut replays = 0;
    while lose(&mut script).1 {
        script.take_sent();
        let sent = come_back(&mut script, 0);
        assert!(sent.starts_with(&chat("poison")), "{sent}");
        replays += 1;
    }
    assert_eq!(replays, 3);
    assert_eq!(fates(&mut script), [(poison, Fate::Unacked("poison".into()))]);
    assert_eq!(events(&mut script), ["SessionLost"]);
    let asked = attempt(&mut script, SM);
    assert!(asked.starts_with("<iq "), "{asked}");
}

#[test]
fn a_stream_that_was_closed_is_not_resumed() {
    // §7: a closed stream is no unfinished one.
    for end in [
        "</stream:stream>",
        "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         </stream:error></stream:stream>",
    ] {
        let mut script = managed(lasting());
        let token = send(&mut script, "a");
        script.receive(end);
        assert!(!disconnected(&mut script).1, "{end}");
        assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
        assert_eq!(events(&mut script), ["SessionLost"]);
        assert!(attempt(&mut script, SM).starts_with("<iq "));
    }
}

#[test]
fn an_answer_that_comes_with_the_end_of_the_transport_loses_no_token() {
    for answer in [UNKNOWN.into(), format!("{}<message/>", resumed(1))] {
        let mut script = managed(lasting());
        let token = send(&mut script, "a");
        lose(&mut script);
        attempt(&mut script, SM);
        let (id, now) = (script.client().attempt(), script.now());
        script.client().handle_received(now, id, answer.as_bytes());
        script.lose(LostCause::Reset);
        assert!(disconnected(&mut script).1);
        assert_eq!((fates(&mut script), events(&mut script)), (Vec::new(), Vec::new()));
        // Nothing of it counts, so the server will say it again.
        assert_eq!(attempt(&mut script, SM), resume(0));
        script.receive(resumed(1));
        assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
    }
}

fn located(location: &str) -> Script {
    let records = DnsRecords {
        xmpps: SrvAnswer::Records(alloc::vec![SrvRecord::new(1, 0, 443, "direct.example")]),
        xmpp: SrvAnswer::None,
    };
    let config = lasting();
    let mut script = Script::new(config.clone()).with_records(records);
    script.login_with(&config, SM);
    let enabled = ENABLED.replace("/>", &format!(" location='{location}'/>"));
    script.receive(enabled);
    script.next_event();
    lose(&mut script);
    script
}

#[test]
fn xep0198_3_the_place_that_the_server_names_comes_first() {
    for (location, target) in [
        ("node7.example:9222", Target::new("node7.example", 9222)),
        ("node7.example", Target::new("node7.example", 5223)),
        ("[2001:41D0:1:A49b::1]:9222", Target::new("2001:41D0:1:A49b::1", 9222)),
        ("192.0.2.7:5999", Target::new("192.0.2.7", 5999)),
    ] {
        let mut script = located(location);
        wait_for_attempt(&mut script);
        assert_eq!(script.open(), target, "{location}");
        // The certificate must still be that of the domain, which the driver is told to check.
        assert_eq!(log_in(&mut script, SM), resume(0));
        script.receive(resumed(0));
        assert!(script.client().is_online());
    }
}

#[test]
fn a_place_is_reached_in_the_way_the_session_was() {
    // Found by DNS for direct TLS although STARTTLS is the default.
    let records = DnsRecords {
        xmpps: SrvAnswer::Records(alloc::vec![SrvRecord::new(1, 0, 443, "direct.example")]),
        xmpp: SrvAnswer::None,
    };
    let config = lasting().with_tls(TlsMode::StartTls);
    let mut script = Script::new(config).with_records(records);
    script.connect();
    let asked = log_in(&mut script, SM);
    bind(&mut script, &asked);
    script.receive(ENABLED.replace("/>", " location='node7.example'/>"));
    lose(&mut script);
    wait_for_attempt(&mut script);
    let Some(Action::Connect { target, .. }) = script.next_action() else { panic!("connect") };
    assert_eq!(target, Target::new("node7.example", 5223));
}

#[test]
fn if_that_place_does_not_serve_dns_is_asked() {
    let mut script = located("node7.example:9222");
    wait_for_attempt(&mut script);
    assert_eq!(script.refuse(LostCause::Refused).to_string(), "node7.example:9222");
    // §3: the standard algorithm follows, at once and in the same attempt.
    assert_eq!(events(&mut script), [""; 0]);
    assert!(script.resolve());
    assert_eq!(script.open().to_string(), "direct.example:443");
    assert_eq!(log_in(&mut script, SM), resume(0));
}

#[test]
fn a_place_that_swallows_everything_does_not_keep_the_client_from_the_others() {
    // XEP-0198 §3: nobody answers the connection, or the server is stuck in the middle of the login.
    for stuck_at in 0..3 {
        let mut script = located("node7.example:9222");
        let mut reached = false;
        for _ in 0..6 {
            if script.client().is_suspended() && matches!(script.client().link, Link::Waiting(_)) {
                wait_for_attempt(&mut script);
            } else {
                script.resolve();
            }
            let Some(target) = script.client().targets.current().map(|it| it.target.clone()) else {
                continue;
            };
            if target.to_string() == "direct.example:443" {
                reached = true;
                break;
            }
            if stuck_at > 0 {
                script.open();
            } else {
                script.next_action();
            }
            if stuck_at > 1 {
                script.receive(HEADER);
                script.receive(mechanisms(&["PLAIN"]));
            }
            // A connection that hangs has its part of the time, a login all of it.
            script.pass(secs(if stuck_at > 1 { 60 } else { 15 }));
            check(&mut script);
        }
        assert!(reached, "stuck at {stuck_at}");
    }
}

#[test]
fn a_place_that_is_no_address_is_ignored() {
    for location in ["", "a b", "host:0", "host:99999", "[::1", "user@host", "http://host/"] {
        let mut script = located(location);
        wait_for_attempt(&mut script);
        assert_eq!(script.open().to_string(), "direct.example:443", "{location}");
    }
}

#[test]
fn the_way_to_the_session_is_the_whole_login() {
    // §5: nothing is resumed before authentication, whatever is offered.
    let mut script = managed(lasting());
    lose(&mut script);
    wait_for_attempt(&mut script);
    script.open();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]).replace("</stream:features>", SM));
    script.receive("</stream:features>");
    script.receive(SUCCESS);
    script.receive(HEADER);
    let sent = script.take_sent();
    assert!(!sent.contains("urn:xmpp:sm:3"), "{sent}");
    script.receive(BIND_FEATURES.replace("</stream:features>", SM));
    script.receive("</stream:features>");
    assert_eq!(script.take_sent(), resume(0));
}

#[test]
fn what_the_server_says_instead_of_an_answer_is_a_fault() {
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    lose(&mut script);
    attempt(&mut script, SM);
    script.receive("<enabled xmlns='urn:xmpp:sm:3'/>");
    // The same would happen each time: the session is not asked for again.
    assert!(!disconnected(&mut script).1);
    assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
}

#[test]
fn a_server_that_ends_the_stream_over_a_resumption_is_not_asked_for_it_again() {
    for (condition, kept) in [("undefined-condition", false), ("system-shutdown", true)] {
        let mut script = managed(lasting());
        let token = send(&mut script, "a");
        lose(&mut script);
        attempt(&mut script, SM);
        script.receive(format!(
            "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
        ));
        assert_eq!(disconnected(&mut script).1, kept, "{condition}");
        let fates = fates(&mut script);
        assert_eq!(fates.is_empty(), kept, "{condition}: {fates:?}");
        let _ = token;
    }
}
