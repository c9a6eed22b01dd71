//! What does not grow, whatever comes.

use super::info::MAX_FEATURES;
use super::*;
use crate::endpoint::{Commands, Request};

fn limits(change: impl FnOnce(&mut DiscoLimits)) -> Peer {
    let mut limits = DiscoLimits::default();
    change(&mut limits);
    online(disco().with_limits(limits))
}

#[test]
fn few_requests_are_under_way_at_a_time() {
    let mut peer = limits(|limits| limits.requests = 3);
    for number in 0..10 {
        appears(&mut peer, &format!("c{number}@example.net/x"), &program(number));
    }
    let mut waiting = asked(&mut peer);
    assert_eq!(waiting.len(), 3);
    let mut given = 0;
    while let Some(next) = waiting.pop() {
        let number: usize = next.to[1..2].parse().unwrap();
        answer(&mut peer, &next, &program(number));
        given += 1;
        waiting.extend(asked(&mut peer));
        assert!(waiting.len() <= 3);
    }
    assert_eq!((given, known(&mut peer).len()), (10, 10));
}

#[test]
fn ten_thousand_hashes_of_one_contact_make_one_question() {
    let mut peer = online(disco());
    let mut first = None;
    for number in 0..10_000 {
        appears(&mut peer, "mallory@example.net/x", &program(number));
        first = first.or_else(|| asked(&mut peer).pop());
        let (contacts, questions, under_way) = peer.client().modules().sizes();
        assert!(contacts == 1 && questions <= 1 && under_way == 1);
    }
    assert_eq!(peer.take_sent(), "");
    // Others get their turn meanwhile.
    appears(&mut peer, "bob@example.net/x", &program(0));
    appears(&mut peer, "carol@example.net/x", &program(20_000));
    let asked_carol = asked_one(&mut peer);
    answer(&mut peer, &asked_carol, &program(20_000));
    answer(&mut peer, &first.unwrap(), &program(0));
    let names = known(&mut peer);
    assert_eq!(names, [("carol@example.net/x".into(), true), ("bob@example.net/x".into(), true)]);
    assert_eq!(asked_one(&mut peer).to, "mallory@example.net/x");
}

#[test]
fn any_number_of_hashes_with_true_answers_stays_within_the_cache() {
    let mut peer = online(disco());
    for number in 0..2 * MemoryCache::MAX_ENTRIES {
        appears(&mut peer, "mallory@example.net/x", &program(number));
        let asked = asked_one(&mut peer);
        answer(&mut peer, &asked, &program(number));
        assert_eq!(told(&mut peer).len(), 1);
    }
    let now = peer.now();
    let (len, bytes) = peer.client().with(now, |disco, _| {
        let cache = disco.cache();
        (cache.len(), cache.bytes())
    });
    assert_eq!(len, MemoryCache::MAX_ENTRIES);
    assert!(bytes <= MemoryCache::MAX_BYTES);
}

#[test]
fn contacts_are_bounded_and_the_most_silent_one_goes() {
    let mut peer = limits(|limits| limits.contacts = 100);
    appears(&mut peer, "first@example.net/x", &program(0));
    let asked = asked_one(&mut peer);
    answer(&mut peer, &asked, &program(0));
    for number in 0..10_000 {
        if number % 50 == 0 {
            peer.receive("<presence from='first@example.net/x'><show>away</show></presence>");
        }
        appears(&mut peer, &format!("c{number}@example.net/x"), &program(number + 1));
    }
    let (contacts, questions, under_way) = peer.client().modules().sizes();
    assert!(contacts == 100 && questions <= 100 && under_way == 8);
    assert!(caps_of(&mut peer, "first@example.net/x").is_some());
}

#[test]
fn bytes_are_bounded() {
    let large = |number| {
        let names = (0..MAX_FEATURES - 10).map(|at| format!("urn:{number}:{at:0>60}"));
        program(number).with_features(names)
    };
    let mut peer = limits(|limits| {
        limits.bytes = 1024 * 1024;
        limits.info_bytes = 1024 * 1024;
    });
    for number in 0..40 {
        // Half of them lie, and are kept for themselves.
        appears(&mut peer, &format!("c{number}@example.net/x"), &large(number));
        let asked = asked_one(&mut peer);
        answer(&mut peer, &asked, &large(number + number % 2));
        assert!(peer.client().modules().bytes() <= 1024 * 1024);
    }
    assert_eq!(known(&mut peer).len(), 40);
    assert!(caps_of(&mut peer, "c39@example.net/x").is_some());
    assert_eq!(caps_of(&mut peer, "c0@example.net/x"), None);
    for number in 0..40 {
        peer.receive(format!("<presence from='c{number}@example.net/x' type='unavailable'/>"));
    }
    assert_eq!(peer.client().modules().bytes(), 0);
}

#[test]
fn an_answer_that_is_too_large_is_none() {
    let names = (0..=MAX_FEATURES).map(|at| format!("u:{at}"));
    for large in [program(1).with_features(names), program(1).with_feature(&"x".repeat(65536))] {
        let mut peer = online(disco());
        appears(&mut peer, "mallory@example.net/x", &large);
        appears(&mut peer, "n1@example.net/x", &large);
        let asked = asked_one(&mut peer);
        answer(&mut peer, &asked, &large);
        assert!(told(&mut peer).is_empty());
        assert_eq!(caps_of(&mut peer, "mallory@example.net/x"), None);
        assert_eq!(in_cache(&mut peer, &large), None);
        assert_eq!(asked_one(&mut peer).to, "n1@example.net/x");
    }
}

#[test]
fn everything_gets_its_turn() {
    // Hashes wait in the order of their bytes, and somebody always has one more of the first.
    let mut programs: Vec<DiscoInfo> = (0..40).map(program).collect();
    programs.sort_by_key(|info| CapsHash::of(info, HashAlgorithm::Sha1));
    let last = programs.pop().unwrap();
    let mut peer = limits(|limits| limits.requests = 1);
    let mut programs = programs.into_iter().rev();
    let (first, second) = (programs.next().unwrap(), programs.next().unwrap());
    appears(&mut peer, "m1@example.net/x", &first);
    appears(&mut peer, "m2@example.net/x", &second);
    appears(&mut peer, "bob@example.net/x", &last);
    for _ in 0..3 {
        let asked = asked_one(&mut peer);
        if asked.to == "bob@example.net/x" {
            return;
        }
        appears(&mut peer, &asked.to, &programs.next().unwrap());
        refuse(&mut peer, &asked);
    }
    panic!("he is never asked");
}

#[test]
fn answers_of_any_shape_change_nothing() {
    let mut peer = online(disco());
    for (number, payload) in [
        "",
        "<query xmlns='jabber:iq:version'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<x xmlns='http://jabber.org/protocol/disco#info'/>",
    ]
    .iter()
    .enumerate()
    {
        appears(&mut peer, "bob@example.net/x", &program(number));
        let asked = asked_one(&mut peer);
        let Asked { id, to, .. } = &asked;
        peer.receive(format!("<iq type='result' id='{id}' from='{to}'>{payload}</iq>"));
        assert!(told(&mut peer).is_empty());
        assert_eq!(caps_of(&mut peer, "bob@example.net/x"), None);
    }
}

#[test]
fn where_the_machine_takes_no_request_it_is_asked_again() {
    let mut config = config();
    config.max_requests = 1;
    let client = Client::new(config.clone(), Seed::new([1; 32]), Instant::from_micros(0));
    let mut peer = Script::of(Modular::new(client, disco()));
    peer.login(&config);
    peer.take_sent();
    let now = peer.now();
    let slow = Request::get(Element::builder("slow", "urn:slow").build().unwrap());
    peer.client().request(now, slow.timeout(Duration::from_mins(1))).unwrap();
    peer.drain();
    peer.take_sent();
    appears(&mut peer, "bob@example.net/x", &program(1));
    assert_eq!(peer.take_sent(), "");
    peer.pass(Duration::from_secs(59));
    assert_eq!(peer.take_sent(), "");
    peer.pass(Duration::from_secs(7));
    assert_eq!(asked_one(&mut peer).to, "bob@example.net/x");
}
