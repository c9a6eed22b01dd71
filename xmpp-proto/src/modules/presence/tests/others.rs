//! The presence of others (RFC 6121 §4.2.3, §4.4.3, §4.5.4, §8.5.2.1.1).

use super::*;

fn resources(script: &mut Scripted, account: &str) -> Vec<String> {
    script.client().modules().resources(&jid(account)).map(|(jid, _)| jid.to_string()).collect()
}

fn best(script: &mut Scripted) -> Option<String> {
    script.client().modules().best(&jid("bob@example.net")).map(|(jid, _)| jid.to_string())
}

#[test]
fn available_and_unavailable_are_told_and_kept() {
    let mut script = online(PresenceConfig::new());
    presence(
        &mut script,
        "from='bob@example.net/desk'",
        "<show>away</show><status>lunch</status><priority>5</priority>",
    );
    // RFC 6121 §4.2.3
    let [PresenceEvent::Available { jid: from, presence: whole }] = &told(&mut script)[..] else {
        panic!("somebody is there")
    };
    assert_eq!((from.as_str(), whole.priority()), ("bob@example.net/desk", 5));
    let bob = jid("bob@example.net");
    let presences = script.client().modules();
    let (from, desk) = presences.best(&bob).unwrap();
    assert_eq!(from.as_str(), "bob@example.net/desk");
    assert_eq!((desk.show(), desk.status(), desk.priority()), (Some(Show::Away), Some("lunch"), 5));
    assert!(presences.is_available(&bob));

    presence(&mut script, "from='bob@example.net/phone'", "");
    presence(&mut script, "from='bobby@example.net/x'", "");
    presence(&mut script, "from='bob@example.com/x'", "");
    let both = ["bob@example.net/desk", "bob@example.net/phone"];
    assert_eq!(resources(&mut script, "bob@example.net"), both);
    assert_eq!(script.client().modules().iter().count(), 4);
    told(&mut script);

    // RFC 6121 §4.5.4
    presence(&mut script, "from='bob@example.net/desk' type='unavailable'", "<status>bye</status>");
    let [PresenceEvent::Unavailable { presence: whole, .. }] = &told(&mut script)[..] else {
        panic!("somebody is gone")
    };
    assert_eq!(whole.status().as_deref(), Some("bye"));
    assert_eq!(resources(&mut script, "bob@example.net"), ["bob@example.net/phone"]);
}

#[test]
fn a_bare_address_that_is_unavailable_is_all_of_the_account() {
    let mut script = online(PresenceConfig::new());
    for from in ["bob@example.net/a", "bob@example.net/b", "bobby@example.net/c"] {
        presence(&mut script, &format!("from='{from}'"), "");
    }
    // RFC 6121 §4.3.2
    presence(&mut script, "from='bob@example.net' type='unavailable'", "");
    assert!(!script.client().modules().is_available(&jid("bob@example.net")));
    assert_eq!(script.client().modules().iter().count(), 1);
    assert_eq!(script.client().modules().table.len(), 1);
}

#[test]
fn a_service_may_be_available_without_a_resource() {
    let mut script = online(PresenceConfig::new());
    presence(&mut script, "from='gateway.example.net'", "");
    assert_eq!(resources(&mut script, "gateway.example.net"), ["gateway.example.net"]);
}

#[test]
fn without_a_sender_it_is_our_own_account() {
    let mut script = online(PresenceConfig::new());
    // RFC 6120 §8.1.2.1
    presence(&mut script, "", "");
    assert_eq!(resources(&mut script, "alice@example.org"), ["alice@example.org"]);
}

#[test]
fn the_best_resource_has_the_highest_priority() {
    let mut script = online(PresenceConfig::new());
    assert_eq!(best(&mut script), None);
    // RFC 6121 §8.5.2.1.1
    let said = [
        ("negative", "<show>chat</show><priority>-1</priority>"),
        ("dnd", "<show>dnd</show>"),
        ("xa", "<show>xa</show>"),
        ("away", "<show>away</show>"),
        ("plain", ""),
        ("later", ""),
        ("chat", "<show>chat</show>"),
        ("high", "<show>dnd</show><priority>7</priority>"),
    ];
    for (resource, children) in said {
        presence(&mut script, &format!("from='bob@example.net/{resource}'"), children);
        assert_eq!(best(&mut script).unwrap(), format!("bob@example.net/{resource}"));
    }
    // What comes later counts only among equals.
    presence(&mut script, "from='bob@example.net/plain'", "");
    assert_eq!(best(&mut script).unwrap(), "bob@example.net/high");
    for gone in ["high", "chat"] {
        presence(&mut script, &format!("from='bob@example.net/{gone}' type='unavailable'"), "");
    }
    assert_eq!(best(&mut script).unwrap(), "bob@example.net/plain");
}

#[test]
fn what_makes_no_sense_counts_as_nothing_said() {
    let mut script = online(PresenceConfig::new());
    let children = "<show>bored</show><priority>1000</priority><x xmlns='urn:x'/>";
    presence(&mut script, "from='bob@example.net/x'", children);
    let (_, resource) = script.client().modules().best(&jid("bob@example.net")).unwrap();
    assert_eq!((resource.show(), resource.status(), resource.priority()), (None, None, 0));
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let mut script = online(PresenceConfig::new());
    let long = "ä".repeat(2000);
    presence(&mut script, "from='bob@example.net/x'", &format!("<status>a{long}</status>"));
    let (_, resource) = script.client().modules().best(&jid("bob@example.net")).unwrap();
    assert_eq!(resource.status().map(str::len), Some(1023));
}

#[test]
fn the_end_of_the_stream_is_the_end_of_what_is_known() {
    let mut script = online(PresenceConfig::new());
    presence(&mut script, "from='bob@example.net/x'", "");
    script.lose(LostCause::Eof);
    assert_eq!(script.client().modules().iter().count(), 0);
}

/// 100,000 available presences from 1,000 addresses. Returns how many resources were displaced.
fn storm(script: &mut Scripted, address: fn(usize) -> String) -> usize {
    let (mut available, mut displaced) = (0, 0);
    for start in (0..100_000).step_by(50) {
        let presence = |i: usize| format!("<presence from='{}'/>", address((i * 7) % 1000));
        script.receive((start..start + 50).map(presence).collect::<String>());
        for event in told(script) {
            match event {
                PresenceEvent::Available { .. } => available += 1,
                PresenceEvent::Displaced(_) => displaced += 1,
                other => panic!("nobody has said {other:?}"),
            }
        }
        let presences = script.client().modules();
        assert!(presences.table.len() <= presences.config.max_resources);
    }
    assert_eq!(available, 100_000);
    displaced
}

#[test]
fn a_storm_from_many_resources_stays_bounded() {
    let mut script = online(PresenceConfig::new().with_max_resources(500, 100));
    // Half of them of one account, the others each of an account of its own.
    let displaced = storm(&mut script, |n| match n % 2 {
        0 => format!("bob@example.net/{n}"),
        _ => format!("user{n}@example.org/x"),
    });
    assert!(displaced > 0);
    assert_eq!(script.client().modules().iter().count(), 500);
    assert!(resources(&mut script, "bob@example.net").len() <= 100);
}

#[test]
fn a_storm_of_known_resources_displaces_nobody() {
    let mut script = online(PresenceConfig::new());
    assert_eq!(storm(&mut script, |n| format!("bob@example.net/{n}")), 0);
    assert_eq!(script.client().modules().table.len(), 1000);
}

#[test]
fn whoever_floods_displaces_its_own_resources() {
    let mut script = online(PresenceConfig::new().with_max_resources(10, 3));
    presence(&mut script, "from='carol@example.net/x'", "");
    for i in 0..20 {
        presence(&mut script, &format!("from='bob@example.net/{i}'"), "");
    }
    assert_eq!(resources(&mut script, "carol@example.net").len(), 1);
    let last = ["bob@example.net/17", "bob@example.net/18", "bob@example.net/19"];
    assert_eq!(resources(&mut script, "bob@example.net"), last);
    let displaced = told(&mut script);
    let displaced = displaced.iter().filter(|told| matches!(told, PresenceEvent::Displaced(_)));
    assert_eq!(displaced.count(), 17);
}

#[test]
fn errors_are_told_with_what_they_answer() {
    let mut script = online(PresenceConfig::new());
    presence(
        &mut script,
        "from='bob@nowhere.example' type='error' id='subscribe-0'",
        "<error type='cancel'><remote-server-not-found \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
    );
    let [PresenceEvent::Error { from, presence }] = &told(&mut script)[..] else {
        panic!("an error is told")
    };
    assert_eq!((from.as_str(), presence.id()), ("bob@nowhere.example", Some("subscribe-0")));
    assert_eq!(presence.error().unwrap().condition(), Condition::RemoteServerNotFound);
}

#[test]
fn messages_and_probes_are_passed_on() {
    let mut script = online(PresenceConfig::new());
    // RFC 6121 §4.3: probes are not for clients.
    presence(&mut script, "from='bob@example.net' type='probe'", "");
    script.receive("<message from='bob@example.net/x'><body>hi</body></message>");
    for _ in 0..2 {
        assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    }
    assert_eq!(script.take_sent(), "");
}
