//! Who may see whose presence (RFC 6121 §3).

use alloc::collections::VecDeque;
use core::time::Duration;

use super::PresenceEvent::{Answered, Approved, Cancelled, Denied, Request, Unsubscribed};
use super::*;

fn with_policy(policy: Policy) -> Scripted {
    online(PresenceConfig::new().with_policy(policy))
}

fn ask(script: &mut Scripted, from: &str) {
    presence(script, &format!("from='{from}' type='subscribe'"), "<status>please</status>");
}

fn accepted(from: &str) -> PresenceEvent {
    Answered { from: jid(from), is_accepted: true }
}

#[test]
fn what_is_asked_goes_to_the_account_with_an_id() {
    let mut script = online(PresenceConfig::new());
    let bob = jid("bob@example.net");
    // RFC 6121 §3.1.1
    command(&mut script, |presences, cx| presences.subscribe(cx, &bob, Some("hi")).unwrap());
    let expected = "<presence type='subscribe' to='bob@example.net' id='subscribe-0'>\
        <status>hi</status></presence>";
    assert_eq!(script.take_sent(), expected);
    // RFC 6121 §3.3.1
    command(&mut script, |presences, cx| presences.unsubscribe(cx, &bob).unwrap());
    let expected = "<presence type='unsubscribe' to='bob@example.net' id='unsubscribe-1'/>";
    assert_eq!(script.take_sent(), expected);
    assert!(!script.client().modules().is_known(&bob));
}

#[test]
fn who_unsubscribes_forgets_what_the_contact_has_said() {
    let mut script = online(PresenceConfig::new());
    for from in ["bob@example.net/desk", "bob@example.net/phone", "carol@example.net/x"] {
        presence(&mut script, &format!("from='{from}'"), "");
    }
    let bob = jid("bob@example.net");
    command(&mut script, |presences, cx| presences.unsubscribe(cx, &bob).unwrap());
    // RFC 6121 §3.3.3
    assert!(!script.client().modules().is_available(&bob));
    assert!(script.client().modules().is_available(&jid("carol@example.net")));
}

#[test]
fn no_answer_has_the_id_of_the_request() {
    let [mut alice, mut bob] = [(); 2].map(|()| online(PresenceConfig::new()));
    command(&mut alice, |presences, cx| presences.subscribe(cx, &jid("bob@example.net"), None))
        .unwrap();
    let asked = alice.take_sent();
    let id =
        |sent: &str| sent.split("id='").nth(1).unwrap().split('\'').next().unwrap().to_string();
    // RFC 6121 §3.1.4: not even where both count from the same number on.
    let to = jid("alice@example.net");
    command(&mut bob, |presences, cx| presences.approve(cx, &to)).unwrap();
    assert_ne!(id(&bob.take_sent()), id(&asked));
    let mut carol = online(PresenceConfig::new());
    command(&mut carol, |presences, cx| presences.deny(cx, &to)).unwrap();
    assert_ne!(id(&carol.take_sent()), id(&asked));
}

#[test]
fn whom_we_no_longer_see_is_forgotten_on_command() {
    let mut script = online(PresenceConfig::new());
    let bob = jid("bob@example.net");
    presence(&mut script, "from='bob@example.net/desk'", "");
    // RFC 6121 §3.3.3: another client of ours has unsubscribed, and the roster says so.
    command(&mut script, |presences, _| {
        presences.add_known(bob.clone()).unwrap();
        presences.forget(&bob);
    });
    let presences = script.client().modules();
    assert!(!presences.is_available(&bob) && !presences.is_known(&bob));
}

#[test]
fn answers_and_withdrawals_go_to_the_account() {
    let mut script = online(PresenceConfig::new());
    let bob = jid("bob@example.net");
    // RFC 6121 §3.1.4
    command(&mut script, |presences, cx| presences.approve(cx, &bob).unwrap());
    let sent = script.take_sent();
    assert_eq!(sent, "<presence type='subscribed' to='bob@example.net' id='subscribed-0'/>");
    // RFC 6121 §3.1.4, §3.2.1
    command(&mut script, |presences, cx| presences.deny(cx, &bob).unwrap());
    command(&mut script, |presences, cx| presences.cancel(cx, &bob).unwrap());
    let sent = script.take_sent();
    assert_eq!(sent.matches("<presence type='unsubscribed' to='bob@example.net' id=").count(), 2);
}

#[test]
fn nobody_is_approved_in_advance_unless_the_server_offers_it() {
    let mut script = online(PresenceConfig::new());
    let bob = jid("bob@example.net");
    // RFC 6121 §3.4
    let refused = command(&mut script, |presences, cx| presences.pre_approve(cx, &bob));
    assert_eq!(refused, Err(Refused::NotOffered("urn:xmpp:features:pre-approval")));
    assert_eq!(script.take_sent(), "");

    script.lose(LostCause::Eof);
    let refused = command(&mut script, |presences, cx| presences.pre_approve(cx, &bob));
    assert_eq!(refused, Err(Refused::Machine(Misuse::NotOnline)));
    let offer = "<sub xmlns='urn:xmpp:features:pre-approval'/>";
    script.login_with(&account("alice@example.org"), offer);
    script.take_sent();
    command(&mut script, |presences, cx| presences.pre_approve(cx, &bob).unwrap());
    assert!(script.take_sent().starts_with("<presence type='subscribed' to='bob@example.net' "));
}

#[test]
fn by_default_the_application_decides() {
    let mut script = online(PresenceConfig::new());
    // RFC 6121 §3.1.3, §3.1.4
    ask(&mut script, "bob@example.net");
    let [Request { from, presence }] = &told(&mut script)[..] else { panic!("it is asked") };
    assert_eq!((from.as_str(), presence.status().as_deref()), ("bob@example.net", Some("please")));
    assert_eq!(script.take_sent(), "");
}

#[test]
fn a_request_from_a_resource_is_one_of_its_account() {
    let mut script = with_policy(Policy::AcceptAll);
    // RFC 6121 §3.1.2: servers stamp the bare address, but who knows.
    ask(&mut script, "bob@example.net/desk");
    assert_eq!(told(&mut script), [accepted("bob@example.net")]);
    assert!(script.take_sent().contains("to='bob@example.net' "));
}

#[test]
fn policies_answer_by_themselves() {
    // RFC 6121 §3.1.4
    let mut script = with_policy(Policy::AcceptAll);
    ask(&mut script, "bob@example.net");
    assert_eq!(told(&mut script), [accepted("bob@example.net")]);
    assert!(script.take_sent().starts_with("<presence type='subscribed' to='bob@example.net'"));

    let mut script = with_policy(Policy::DenyAll);
    ask(&mut script, "bob@example.net");
    let denied = Answered { from: jid("bob@example.net"), is_accepted: false };
    assert_eq!(told(&mut script), [denied]);
    assert!(script.take_sent().starts_with("<presence type='unsubscribed' to='bob@example.net'"));
    command(&mut script, |presences, _| presences.set_policy(Policy::Ask));
    ask(&mut script, "bob@example.net");
    assert!(matches!(told(&mut script)[..], [Request { .. }]));
}

#[test]
fn only_those_who_are_known_are_accepted() {
    let mut script = with_policy(Policy::AcceptKnown);
    let (bob, carol) = (jid("bob@example.net"), jid("carol@example.net"));
    // Whom we have asked.
    command(&mut script, |presences, cx| presences.subscribe(cx, &bob, None).unwrap());
    // Whom the roster names.
    command(&mut script, |presences, _| presences.add_known(carol.clone()).unwrap());
    for known in [&bob, &carol] {
        ask(&mut script, known.as_str());
        assert_eq!(told(&mut script), [accepted(known.as_str())]);
    }
    ask(&mut script, "mallory@example.net");
    assert!(matches!(told(&mut script)[..], [Request { .. }]));
    // A consent that nobody asked for makes nobody known.
    presence(&mut script, "from='mallory@example.net' type='subscribed'", "");
    ask(&mut script, "mallory@example.net");
    assert!(matches!(told(&mut script)[..], [Approved(_), Request { .. }]));
    // Whoever leaves is known no longer.
    presence(&mut script, "from='bob@example.net' type='unsubscribed'", "");
    command(&mut script, |presences, _| presences.remove_known(&carol));
    told(&mut script);
    for unknown in [&bob, &carol] {
        ask(&mut script, unknown.as_str());
        assert!(matches!(told(&mut script)[..], [Request { .. }]));
    }
}

#[test]
fn the_answers_to_what_was_asked_are_told_apart() {
    let mut script = online(PresenceConfig::new());
    let bob = jid("bob@example.net");
    let subscribe = |script: &mut Scripted| {
        command(script, |presences, cx| presences.subscribe(cx, &bob, None).unwrap());
    };
    let says = |script: &mut Scripted, type_: &str| {
        presence(script, &format!("from='bob@example.net' type='{type_}'"), "");
        told(script)
    };
    subscribe(&mut script);
    // RFC 6121 §3.1.4
    assert_eq!(says(&mut script, "unsubscribed"), [Denied(bob.clone())]);
    subscribe(&mut script);
    // RFC 6121 §3.1.6
    assert_eq!(says(&mut script, "subscribed"), [Approved(bob.clone())]);
    // RFC 6121 §3.2.3
    assert_eq!(says(&mut script, "unsubscribed"), [Cancelled(bob.clone())]);
    // RFC 6121 §3.3.3
    assert_eq!(says(&mut script, "unsubscribe"), [Unsubscribed(bob.clone())]);
}

#[test]
fn a_loop_of_requests_comes_to_rest() {
    let mut script = with_policy(Policy::AcceptAll);
    // A peer that asks again whenever it was answered.
    let mut rounds = 0;
    ask(&mut script, "bob@example.net");
    while script.take_sent().contains("type='subscribed'") {
        rounds += 1;
        script.pass(Duration::from_secs(1));
        ask(&mut script, "bob@example.net");
    }
    assert_eq!(rounds, 3);
    // From now on, the application decides.
    assert!(matches!(told(&mut script)[..], [.., Request { .. }]));
    // Others are not concerned.
    ask(&mut script, "carol@example.net");
    assert_eq!(told(&mut script), [accepted("carol@example.net")]);
}

/// Carries subscriptions between two clients, as their servers would, and does what their careless
/// applications do: ask again whenever something has changed. Returns how many stanzas that took.
fn play(alice: &mut Scripted, bob: &mut Scripted) -> usize {
    let (mut carried, mut silent) = (0, 0);
    let mut to_bob = true;
    while silent < 2 {
        let (from, to, sender) = if to_bob {
            (&mut *alice, &mut *bob, "alice@example.org")
        } else {
            (&mut *bob, &mut *alice, "bob@example.net")
        };
        let sent = from.take_sent();
        silent = if sent.is_empty() { silent + 1 } else { 0 };
        let stanzas: VecDeque<_> = sent.split("<presence ").skip(1).collect();
        for stanza in stanzas {
            let type_ = stanza.split('\'').nth(1).unwrap();
            presence(to, &format!("from='{sender}' type='{type_}'"), "");
            carried += 1;
        }
        for event in told(to) {
            if matches!(event, Approved(_) | Denied(_) | Cancelled(_) | Answered { .. }) {
                let sender = jid(sender);
                command(to, |presences, cx| presences.subscribe(cx, &sender, None).unwrap());
            }
        }
        from.pass(Duration::from_millis(100));
        to.pass(Duration::from_millis(100));
        to_bob = !to_bob;
        assert!(carried < 1000, "the loop goes on");
    }
    carried
}

#[test]
fn two_clients_that_answer_each_other_come_to_rest() {
    for policies in [
        [Policy::AcceptAll, Policy::AcceptAll],
        [Policy::AcceptAll, Policy::AcceptKnown],
        [Policy::AcceptKnown, Policy::AcceptKnown],
        [Policy::DenyAll, Policy::DenyAll],
        [Policy::AcceptAll, Policy::DenyAll],
    ] {
        let [mut alice, mut bob] = policies.map(with_policy);
        let to = jid("bob@example.net");
        command(&mut alice, |presences, cx| presences.subscribe(cx, &to, None).unwrap());
        let carried = play(&mut alice, &mut bob);
        assert!(carried <= 40, "{policies:?}: {carried}");
    }
}

#[test]
fn the_memory_of_answers_is_bounded() {
    let mut config = PresenceConfig::new().with_policy(Policy::AcceptAll);
    config.max_answered = 10;
    let mut script = online(config);
    for i in 0..100 {
        ask(&mut script, &format!("user{i}@example.net"));
    }
    let told = told(&mut script);
    assert_eq!(told.iter().filter(|told| matches!(told, Answered { .. })).count(), 10);
    assert_eq!(told.iter().filter(|told| matches!(told, Request { .. })).count(), 90);
    assert_eq!(script.client().modules().answered.len(), 10);
}

#[test]
fn the_accounts_that_are_known_are_bounded() {
    let mut config = PresenceConfig::new();
    config.max_known = 1;
    let mut script = online(config);
    let (bob, carol) = (jid("bob@example.net"), jid("carol@example.net"));
    let refused = Refused::TooMany { what: "known accounts", limit: 1 };
    command(&mut script, |presences, cx| {
        presences.subscribe(cx, &bob, None).unwrap();
        presences.subscribe(cx, &bob, None).unwrap();
        assert_eq!(presences.subscribe(cx, &carol, None), Err(refused.clone()));
        assert_eq!(presences.add_known(carol.clone()), Err(refused));
    });
    assert!(!script.take_sent().contains("carol"));
}

#[test]
fn what_belongs_to_a_session_ends_with_it() {
    let mut script = with_policy(Policy::AcceptKnown);
    let bob = jid("bob@example.net");
    command(&mut script, |presences, cx| presences.subscribe(cx, &bob, None).unwrap());
    ask(&mut script, "bob@example.net");
    script.lose(LostCause::Eof);
    let presences = script.client().modules();
    assert!(!presences.is_known(&bob) && presences.answered.is_empty());
    let refused = command(&mut script, |presences, cx| presences.approve(cx, &bob).unwrap_err());
    assert_eq!(refused, Refused::Machine(Misuse::NotOnline));
}

#[test]
fn an_answer_that_cannot_be_sent_is_left_to_the_application() {
    let mut script = with_policy(Policy::AcceptAll);
    let now = script.now();
    crate::endpoint::Commands::close(script.client(), now);
    script.drain();
    ask(&mut script, "bob@example.net");
    let told = told(&mut script);
    assert!(matches!(told[..], [Request { .. }] | []), "{told:?}");
}
