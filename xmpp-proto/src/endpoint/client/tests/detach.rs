//! A session as a value, between two clients (XEP-0198 §5).

use alloc::string::ToString;
use core::time::Duration;

use super::peer::*;
use super::*;
use crate::endpoint::{
    Action, Client, Completion, Endpoint, LostCause, Misuse, Request, RequestError, ResumeState,
    SendToken, Shutdown,
};
use crate::xml::Element;
use crate::{Instant, Seed};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[track_caller]
fn detach(script: &mut Script) -> ResumeState {
    let now = script.now();
    let state = script.client().detach(now).expect("a session that can be resumed");
    script.drain();
    check(script);
    state
}

fn bodies(state: &ResumeState) -> Vec<String> {
    state.unacked().map(body).collect()
}

fn waiting(script: &mut Script) -> Vec<(SendToken, String)> {
    script.client().unacked().map(|(token, stanza)| (token, body(stanza))).collect()
}

#[test]
fn a_session_goes_on_in_another_client() {
    let mut script = managed(lasting());
    script.receive("<message/><message/>");
    let tokens = ["a", "b"].map(|body| send(&mut script, body));
    let now = script.now();
    let ping = Element::builder("ping", crate::ns::PING).build().unwrap();
    let request = script.client().request(now, Request::get(ping)).unwrap();
    script.drain();
    script.take_sent();
    let state = detach(&mut script);
    // XEP-0198 §7: the stream is left unfinished, so that the server keeps its side.
    assert_eq!(script.take_sent(), "");
    let action = script.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
    let replies: Vec<_> = core::iter::from_fn(|| script.next_completion()).collect();
    let [Completion::Outcome { token: a, .. }, Completion::Outcome { token: b, .. }, reply] =
        &replies[..]
    else {
        panic!("{replies:?}")
    };
    assert_eq!([*a, *b], tokens);
    assert!(format!("{replies:?}").matches("Saved").count() == 2);
    assert!(
        matches!(reply, Completion::Reply { token, result: Err(RequestError::Disconnected) } if *token == request)
    );
    assert_eq!(events(&mut script), ["Stanza", "Stanza", "Ended"]);
    assert!(script.client().is_idle() && script.client().poll_timeout().is_none());
    assert!(!script.client().is_suspended() && script.client().unacked().count() == 0);
    assert_eq!(bodies(&state)[..2], ["a", "b"]);
    assert_eq!(state.jid().as_str(), "alice@example.org/r1");
    assert_eq!(state.account().as_str(), "alice@example.org");

    let mut script = Script::of(another(state, lasting()));
    assert!(script.client().is_suspended());
    let tokens: Vec<_> = waiting(&mut script);
    assert_eq!(tokens.iter().map(|(_, body)| &**body).collect::<Vec<_>>(), ["a", "b"]);
    let later = send(&mut script, "c");
    script.connect();
    assert_eq!(log_in(&mut script, SM), resume(2));
    script.receive(resumed(1));
    assert_eq!(events(&mut script), ["Resumed"]);
    assert_eq!(script.client().jid().unwrap().as_str(), "alice@example.org/r1");
    let sent = script.take_sent();
    assert!(sent.starts_with(&chat("b")) && sent.contains("<ping") && sent.contains(&chat("c")));
    script.receive(told(4));
    let expected = [(tokens[0].0, Fate::Acked), (tokens[1].0, Fate::Acked), (later, Fate::Acked)];
    assert_eq!(fates(&mut script), expected);
}

#[test]
fn there_is_nothing_to_take_out_where_nothing_can_be_resumed() {
    let unchanged = |script: &mut Script| {
        let now = script.now();
        assert!(script.client().detach(now).is_none());
        script.drain();
        check(script);
    };
    let mut script = Script::new(lasting());
    unchanged(&mut script);
    script.connect();
    unchanged(&mut script);
    // Without management, and before the server has agreed.
    let config = lasting();
    let mut script = Script::new(config.clone());
    script.login(&config);
    unchanged(&mut script);
    assert!(script.client().is_online());
    let mut script = Script::new(config.clone());
    script.login_with(&config, SM);
    unchanged(&mut script);
    script.receive("<enabled xmlns='urn:xmpp:sm:3'/>");
    let token = send(&mut script, "a");
    unchanged(&mut script);
    script.receive(told(1));
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
    // While it closes, and after the end.
    let mut script = managed(lasting());
    let now = script.now();
    script.client().close(now);
    script.drain();
    unchanged(&mut script);
    script.receive("</stream:stream>");
    unchanged(&mut script);
    assert_eq!(reason(&mut script), Reason::ClosedByUs);
}

#[test]
fn a_session_can_be_taken_out_at_any_time_while_it_is_kept() {
    type Prepare = fn(&mut Script);
    let states: [(&str, Prepare); 6] = [
        ("online", |_| {}),
        ("waiting", |script| {
            lose(script);
        }),
        ("resolving", |script| {
            lose(script);
            let at = script.client().deadline.unwrap().1;
            script.pass(at.saturating_duration_since(script.now()));
        }),
        ("connecting", |script| {
            lose(script);
            wait_for_attempt(script);
        }),
        ("negotiating", |script| {
            lose(script);
            wait_for_attempt(script);
            script.open();
        }),
        ("resuming", |script| {
            lose(script);
            attempt(script, SM);
        }),
    ];
    for (name, prepare) in states {
        let mut script = managed(lasting());
        let token = send(&mut script, "a");
        prepare(&mut script);
        let late = send(&mut script, "b");
        events(&mut script);
        let state = detach(&mut script);
        assert_eq!(fates(&mut script), [(token, Fate::Saved), (late, Fate::Saved)], "{name}");
        assert_eq!(events(&mut script), ["Ended"], "{name}");
        assert!(script.client().is_idle(), "{name}");
        assert_eq!(bodies(&state), ["a", "b"], "{name}");
        script.pass(secs(1000));
        assert_eq!(events(&mut script), [""; 0], "{name}");
        // What is not taken whole by the transport cannot have been handled.
        let mut script = Script::of(another(state, lasting()));
        script.connect();
        log_in(&mut script, SM);
        script.receive(UNKNOWN);
        let fates: Vec<_> = fates(&mut script).into_iter().map(|(_, fate)| fate).collect();
        let late = match name {
            "online" => Fate::Unacked("b".into()),
            _ => Fate::Failed("b".into()),
        };
        assert_eq!(fates, [Fate::Unacked("a".into()), late], "{name}");
    }
}

#[test]
fn a_state_that_is_not_used_is_still_good() {
    let mut script = managed(lasting());
    send(&mut script, "a");
    let state = detach(&mut script);
    let mut script = Script::of(another(state, lasting()));
    // Taken out again before it was ever connected.
    let state = detach(&mut script);
    assert!(script.next_action().is_none(), "there is no transport to be dropped");
    assert_eq!(bodies(&state), ["a"]);
    let mut script = Script::of(another(state, lasting()));
    script.connect();
    assert_eq!(log_in(&mut script, SM), resume(0));
}

#[test]
fn to_close_a_client_that_was_never_connected_is_the_end_of_its_session() {
    let mut script = managed(lasting());
    send(&mut script, "a");
    let state = detach(&mut script);
    let mut script = Script::of(another(state, lasting()));
    let [(token, _)] = waiting(&mut script)[..] else { panic!("one stanza") };
    let now = script.now();
    script.client().close(now);
    script.drain();
    assert_eq!(fates(&mut script), [(token, Fate::Unacked("a".into()))]);
    assert_eq!(reason(&mut script), Reason::ClosedByUs);
}

#[test]
fn a_client_that_goes_on_comes_back_by_itself_from_the_first_attempt_on() {
    let enabled = ENABLED.replace("/>", " max='600'/>");
    let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
    send(&mut script, "a");
    let state = detach(&mut script);
    assert_eq!(state.max(), Some(secs(600)));
    let mut script = Script::of(another(state, lasting()));
    script.start();
    script.refuse(LostCause::Unreachable("asleep".into()));
    assert!(disconnected(&mut script).1);
    assert_eq!(attempt(&mut script, SM), resume(0));
    script.receive(resumed(1));
    assert!(matches!(fates(&mut script)[..], [(_, Fate::Acked)]));
}

#[test]
fn without_reconnecting_a_failed_attempt_ends_the_session() {
    let mut script = managed(lasting());
    send(&mut script, "a");
    let state = detach(&mut script);
    let mut script = Script::of(another(state, lasting().with_reconnect(None)));
    script.start();
    script.refuse(LostCause::Refused);
    assert_eq!(reason(&mut script), Reason::Transport(LostCause::Refused));
    assert!(matches!(&fates(&mut script)[..], [(_, Fate::Unacked(_))]));
}

#[test]
fn a_state_of_another_account_is_refused() {
    let mut script = managed(lasting());
    send(&mut script, "a");
    let state = detach(&mut script);
    let other = ClientConfig::new("bob@example.org".parse().unwrap(), "secret");
    let now = Instant::from_micros(0);
    let rejected = Client::with_resume(other, state, Seed::new([1; 32]), now).err().unwrap();
    assert_eq!(rejected.why, Misuse::ForeignState);
    assert_eq!(rejected.to_string(), "the session belongs to another account");
    // It is handed back whole.
    assert_eq!(bodies(&rejected.item), ["a"]);
    another(rejected.item, lasting());
}

#[test]
fn a_state_shows_whose_it_is_and_nothing_of_what_was_said() {
    let mut script = managed(lasting());
    send(&mut script, "between us");
    let state = detach(&mut script);
    let text = format!("{state:?}");
    assert!(text.contains("alice@example.org/r1") && text.contains("unacked: 1"), "{text}");
    // Whoever knows the name still has to log in, but need not read it in a log.
    assert!(!text.contains("between us") && !text.contains("sm1") && !text.contains("secret"));
}

#[test]
fn an_acknowledgement_that_comes_after_the_session_was_taken_out_is_nobodys() {
    let mut script = managed(lasting());
    let token = send(&mut script, "a");
    let now = script.now();
    let id = script.client().attempt();
    let _state = script.client().detach(now).unwrap();
    script.client().handle_received(now, id, told(1).as_bytes());
    script.drain();
    assert_eq!(fates(&mut script), [(token, Fate::Saved)]);
}

#[test]
fn what_is_not_digested_when_a_session_is_taken_out_comes_again() {
    let mut config = lasting();
    config.event_capacity = 2;
    let mut script = managed(config);
    script.take_events(false);
    script.receive(
        "<message><body>1</body></message><message><body>2</body></message>\
        <message><body>3</body></message>",
    );
    let state = detach(&mut script);
    script.take_events(true);
    assert_eq!(events(&mut script), ["Stanza", "Stanza", "Ended"]);
    let mut script = Script::of(another(state, lasting()));
    script.connect();
    // XEP-0198 §5: the third was never seen.
    assert_eq!(log_in(&mut script, SM), resume(2));
}

#[cfg(feature = "serde")]
mod saved {
    use super::*;
    use serde_json::{Value, json};

    fn state() -> (ResumeState, Value) {
        let mut script = Script::new(lasting());
        script.login_with(&lasting(), SM);
        script.receive(ENABLED.replace("/>", " max='77' location='node7.example:9222'/>"));
        script.receive("<message/><presence/>");
        send(&mut script, "a <&> 文 \u{1F600}");
        script.take_output(Some(3));
        send(&mut script, "b");
        let state = detach(&mut script);
        let value = serde_json::to_value(&state).unwrap();
        (state, value)
    }

    fn load(value: &Value) -> Result<ResumeState, String> {
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_state_that_was_saved_and_loaded_is_the_same() {
        let (state, value) = state();
        let loaded = load(&value).unwrap();
        assert_eq!(serde_json::to_value(&loaded).unwrap(), value);
        assert_eq!(bodies(&loaded), bodies(&state));
        assert_eq!((loaded.max(), loaded.jid()), (state.max(), state.jid()));
        // And it works the same, byte for byte.
        let run = |state| {
            let mut script = Script::of(another(state, lasting()));
            script.start();
            let target = script.open();
            let mut lines = Vec::from([target.to_string(), log_in(&mut script, SM)]);
            script.receive(resumed(0));
            lines.extend(transcript(&mut script));
            lines
        };
        let lines = run(loaded);
        assert_eq!(lines, run(state));
        assert_eq!(lines[0], "node7.example:9222");
        assert_eq!(lines[1], resume(2));
    }

    #[test]
    fn text_and_bytes_of_a_state_name_its_version_and_no_password() {
        let (state, value) = state();
        assert_eq!(value["version"], 1);
        let text = serde_json::to_string(&state).unwrap();
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn a_large_stanza_is_loaded_as_it_was_saved() {
        let mut script = managed(lasting());
        let long = "x".repeat(400_000);
        let now = script.now();
        script.client().send(now, message("bob@example.org", &long)).unwrap();
        script.drain();
        let mut deep = Element::builder("x", "urn:x");
        for _ in 0..60 {
            deep = Element::builder("x", "urn:x").child(deep.build().unwrap());
        }
        let deep =
            crate::stanza::Message::chat("bob@example.org".parse::<crate::jid::Jid>().unwrap())
                .payload(deep.build().unwrap())
                .build()
                .unwrap();
        script.client().send(now, deep.into()).unwrap();
        script.drain();
        let state = detach(&mut script);
        let loaded = load(&serde_json::to_value(&state).unwrap()).unwrap();
        assert_eq!(bodies(&loaded)[0], long);
        assert_eq!(loaded.unacked().count(), 2);
    }

    #[test]
    fn what_cannot_be_a_state_is_refused_with_the_reason() {
        let (_, good) = state();
        load(&good).unwrap();
        let with = |field: &str, value: Value| {
            let mut state = good.clone();
            state[field] = value;
            load(&state).unwrap_err()
        };
        let version = "version 2 is not known here";
        assert_eq!(with("version", json!(2)), version);
        assert_eq!(with("version", json!(0)), "version 0 is not known here");
        let addresses = "the addresses are not those of one account";
        assert_eq!(with("account", json!("bob@example.net")), addresses);
        assert_eq!(with("account", json!("@@")), addresses);
        assert_eq!(with("jid", json!("alice@example.net/r1")), addresses);
        assert_eq!(with("jid", json!("alice@example.org")), addresses);
        assert_eq!(with("jid", json!("")), addresses);
        let id = "the name of the session is empty or too long";
        assert_eq!(with("id", json!("")), id);
        assert_eq!(with("id", json!("x".repeat(4001))), id);
        let stanza = |xml: &str| json!([{"xml": xml, "awaited": true, "sent": true}]);
        for bad in [
            "",
            "<message",
            "<message/>",
            "<x xmlns='jabber:client'/>",
            "<iq xmlns='jabber:client'/>",
            "<message xmlns='jabber:client'/><message xmlns='jabber:client'/>",
            "<!DOCTYPE x><message xmlns='jabber:client'/>",
        ] {
            assert_eq!(with("unacked", stanza(bad)), "stanza 0 cannot be read", "{bad}");
        }
        let many: Vec<_> = (0..=1 << 16).map(|_| stanza("<x/>")[0].clone()).collect();
        assert_eq!(with("unacked", json!(many)), "there are too many stanzas");
        for (field, bad) in [
            ("acked", json!(-1)),
            ("acked", json!(1_u64 << 32)),
            ("received", json!("x")),
            ("max_seconds", json!(-1)),
            ("unacked", json!({})),
            ("id", json!(null)),
        ] {
            assert!(!with(field, bad.clone()).is_empty(), "{field} {bad}");
        }
        for field in ["version", "account", "jid", "id", "acked", "received", "unacked"] {
            let mut state = good.clone();
            state.as_object_mut().unwrap().remove(field);
            assert!(load(&state).unwrap_err().contains(field), "{field}");
        }
    }

    #[test]
    fn a_state_with_odd_values_harms_nobody() {
        // What passes the checks and is nonsense all the same: a session that is not resumed.
        let (_, good) = state();
        for (field, odd) in [
            ("id", json!("\u{0}\u{1}<&'\">")),
            ("location", json!("::::")),
            ("location", json!("x".repeat(100_000))),
            ("max_seconds", json!(u64::MAX)),
            ("max_seconds", json!(0)),
            ("lang", json!("\u{0}")),
            ("acked", json!(u32::MAX)),
            ("received", json!(u32::MAX)),
        ] {
            let mut value = good.clone();
            value["location"] = json!(null);
            value[field] = odd;
            let mut script = Script::of(another(load(&value).unwrap(), lasting()));
            script.connect();
            check(&mut script);
            script.receive(HEADER);
            script.receive(mechanisms(&["PLAIN"]));
            script.receive(SUCCESS);
            script.receive(HEADER);
            script.receive(crate::testing::BIND_FEATURES.replace("</stream:features>", SM));
            script.receive("</stream:features>");
            script.receive(UNKNOWN);
            check(&mut script);
            // Whatever comes of it, nothing is lost.
            assert_eq!(fates(&mut script).len(), 2, "{field}");
        }
    }

    #[test]
    fn a_state_of_another_account_of_the_domain_is_refused_when_it_is_used() {
        let (_, good) = state();
        let mut value = good.clone();
        value["jid"] = json!("mallory@example.org/r1");
        let state = load(&value).unwrap();
        let now = Instant::from_micros(0);
        let rejected =
            Client::with_resume(lasting(), state, Seed::new([1; 32]), now).err().unwrap();
        assert_eq!(rejected.why, Misuse::ForeignState);
    }
}
