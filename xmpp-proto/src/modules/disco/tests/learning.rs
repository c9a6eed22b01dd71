//! What the module finds out from presence.

use super::*;

#[test]
fn who_announces_a_new_hash_is_asked_what_it_stands_for() {
    let mut peer = online(disco());
    appears(&mut peer, "bob@example.net/x", &program(1));
    let asked = asked_one(&mut peer);
    assert_eq!(asked.to, "bob@example.net/x");
    // XEP-0115 §6.2.
    let caps = Caps::of(&program(1), "https://b.example", HashAlgorithm::Sha1);
    assert_eq!(asked.node, Some(caps.query_node()));
    assert_eq!(caps_of(&mut peer, "bob@example.net/x"), None);

    answer(&mut peer, &asked, &program(1).with_node(caps.query_node()));
    let info = Arc::new(program(1));
    let jid = jid("bob@example.net/x");
    assert_eq!(told(&mut peer), [DiscoEvent::Caps { jid, info: info.clone() }]);
    assert_eq!(caps_of(&mut peer, "bob@example.net/x"), Some(info));
    assert!(peer.next_completion().is_none(), "nobody else is told of the request");
}

#[test]
fn a_hash_is_asked_about_once() {
    let mut peer = online(disco());
    for number in 0..20 {
        appears(&mut peer, &format!("c{number}@example.net/x"), &program(1));
    }
    let asked = asked_one(&mut peer);
    answer(&mut peer, &asked, &program(1));
    assert_eq!(known(&mut peer).len(), 20);
    appears(&mut peer, "late@example.net/x", &program(1));
    // The same again, as servers may send it.
    appears(&mut peer, "late@example.net/x", &program(1));
    assert_eq!(known(&mut peer), [("late@example.net/x".into(), true)]);
    assert_eq!(peer.take_sent(), "");
}

#[test]
fn xep0115_5_4_after_a_wrong_answer_the_next_one_is_asked() {
    let mut peer = online(disco());
    appears(&mut peer, "mallory@example.net/x", &program(1));
    for name in ["n1", "n2"] {
        appears(&mut peer, &format!("{name}@example.net/x"), &program(1));
    }
    let liar = asked_one(&mut peer);
    assert_eq!(liar.to, "mallory@example.net/x");
    answer(&mut peer, &liar, &program(666));
    let events = told(&mut peer);
    let [DiscoEvent::Unverified { jid, info, fault: CapsFault::Mismatch }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((jid.as_str(), &**info), ("mallory@example.net/x", &program(666)));
    assert_eq!(caps_of(&mut peer, "n1@example.net/x"), None);
    assert_eq!(in_cache(&mut peer, &program(1)), None);
    assert_eq!(in_cache(&mut peer, &program(666)), None, "nor under its own hash");

    let honest = asked_one(&mut peer);
    assert_eq!(honest.to, "n1@example.net/x");
    answer(&mut peer, &honest, &program(1));
    assert_eq!(known(&mut peer).len(), 2);
    assert_eq!(**caps_of(&mut peer, "n2@example.net/x").as_ref().unwrap(), program(1));
    // What it says of itself stays its own.
    assert_eq!(*caps_of(&mut peer, "mallory@example.net/x").unwrap(), program(666));
    assert_eq!(*in_cache(&mut peer, &program(1)).unwrap(), program(1));
}

#[test]
fn xep0115_9_3_an_answer_that_hides_features_counts_for_its_sender_only() {
    let honest = program(1);
    let hidden = DiscoInfo::new()
        .with_identity(Identity::new("client", "phone"))
        .with_feature(ns::CAPS)
        .with_extension(DataForm::new(ns::DISCO_INFO).with_field::<&str>("urn:feature:1", []));
    let joined = DiscoInfo::new()
        .with_identity(Identity::new("client", "phone"))
        .with_feature(&format!("{}<{}<urn:feature:1", ns::CAPS, ns::DISCO_INFO));
    for attack in [hidden, joined] {
        assert_eq!(caps::verification_string(&attack), caps::verification_string(&honest));
        let mut peer = online(disco());
        appears(&mut peer, "mallory@example.net/x", &honest);
        appears(&mut peer, "nurse@example.net/x", &honest);
        let asked = asked_one(&mut peer);
        answer(&mut peer, &asked, &attack);
        assert_eq!(known(&mut peer), [("mallory@example.net/x".into(), false)]);
        assert_eq!(in_cache(&mut peer, &honest), None);
        let asked = asked_one(&mut peer);
        answer(&mut peer, &asked, &honest);
        assert!(caps_of(&mut peer, "nurse@example.net/x").unwrap().has_feature("urn:feature:1"));
    }
}

#[test]
fn what_was_not_hashed_is_not_kept() {
    // Anybody could add it, for all who announce the hash.
    let mut form = DataForm::new("urn:evil").with_field("a", ["b"]);
    form.fields[0].type_ = None;
    let mut peer = online(disco());
    appears(&mut peer, "mallory@example.net/x", &program(1));
    let asked = asked_one(&mut peer);
    answer(&mut peer, &asked, &program(1).with_extension(form));
    assert_eq!(*in_cache(&mut peer, &program(1)).unwrap(), program(1));
}

#[test]
fn after_an_error_or_none_at_all_the_next_one_is_asked() {
    let mut peer = online(disco());
    for name in ["n1", "n2", "n3"] {
        appears(&mut peer, &format!("{name}@example.net/x"), &program(1));
    }
    let first = asked_one(&mut peer);
    refuse(&mut peer, &first);
    let second = asked_one(&mut peer);
    assert_eq!(second.to, "n2@example.net/x");
    peer.pass(DiscoLimits::default().timeout + Duration::from_millis(1));
    let third = asked_one(&mut peer);
    assert_eq!(third.to, "n3@example.net/x");
    // Too late: nobody waits for it.
    answer(&mut peer, &second, &program(1));
    assert!(known(&mut peer).is_empty());
    answer(&mut peer, &third, &program(1));
    // It is true of those who gave no answer, too.
    assert_eq!(known(&mut peer).len(), 3);
    assert!(caps_of(&mut peer, "n1@example.net/x").is_some());
}

#[test]
fn xep0115_5_4_what_cannot_be_verified_counts_for_its_sender_only() {
    // Rule 2: an unknown function; and what no function gives.
    for (hash, ver) in [("md5", "q07IKJEyjvHSyhy//CH0CxmKi8w="), ("sha-1", "1.0")] {
        let mut peer = online(disco());
        let caps = Caps { hash: hash.into(), node: "https://b.example".into(), ver: ver.into() };
        for name in ["n1", "n2"] {
            let from = format!("{name}@example.net/x");
            announces(&mut peer, &from, &caps);
            let asked = asked_one(&mut peer);
            assert_eq!(asked.to, from);
            answer(&mut peer, &asked, &program(1));
            let events = told(&mut peer);
            let [DiscoEvent::Unverified { fault: CapsFault::UnknownHash, .. }] = &events[..] else {
                panic!("{events:?}")
            };
            assert_eq!(*caps_of(&mut peer, &from).unwrap(), program(1));
        }
        assert_eq!(in_cache(&mut peer, &program(1)), None);
    }
}

#[test]
fn xep0115_13_the_old_format_is_ignored() {
    let mut peer = online(disco());
    peer.receive(
        "<presence from='bob@example.net/x'><c xmlns='http://jabber.org/protocol/caps' \
         node='http://exodus.jabberstudio.org/caps' ver='0.9'/></presence>",
    );
    assert_eq!(peer.take_sent(), "");
}

#[test]
fn answers_of_strangers_change_nothing() {
    let mut peer = online(disco());
    appears(&mut peer, "bob@example.net/x", &program(1));
    let asked = asked_one(&mut peer);
    let stranger = Asked { to: "mallory@example.net/x".into(), id: asked.id.clone(), node: None };
    answer(&mut peer, &stranger, &program(666));
    let unasked = Asked { id: "x".into(), to: asked.to.clone(), node: None };
    answer(&mut peer, &unasked, &program(666));
    assert!(told(&mut peer).is_empty());
    assert_eq!(caps_of(&mut peer, "bob@example.net/x"), None);
    assert_eq!(caps_of(&mut peer, "mallory@example.net/x"), None);
    assert_eq!(in_cache(&mut peer, &program(666)), None);
    // Nor do they end the question.
    answer(&mut peer, &asked, &program(1));
    assert_eq!(known(&mut peer), [("bob@example.net/x".into(), true)]);
}

#[test]
fn what_somebody_can_do_is_known_until_he_leaves() {
    let mut peer = online(disco());
    appears(&mut peer, "bob@example.net/x", &program(1));
    let asked = asked_one(&mut peer);
    answer(&mut peer, &asked, &program(1));
    // XEP-0115 §8.4: a presence without capabilities changes nothing.
    peer.receive("<presence from='bob@example.net/x'><show>away</show></presence>");
    peer.receive("<presence from='bob@example.net/x' type='subscribe'/>");
    assert!(caps_of(&mut peer, "bob@example.net/x").is_some());
    peer.receive("<presence from='bob@example.net/x' type='unavailable'/>");
    assert_eq!(caps_of(&mut peer, "bob@example.net/x"), None);
}

#[test]
fn the_end_of_the_stream_ends_what_is_known_of_people_but_not_of_hashes() {
    let mut peer = online(disco());
    appears(&mut peer, "bob@example.net/x", &program(1));
    let asked = asked_one(&mut peer);
    answer(&mut peer, &asked, &program(1));
    appears(&mut peer, "carol@example.net/x", &program(2));
    peer.lose(LostCause::Eof);
    assert_eq!(caps_of(&mut peer, "bob@example.net/x"), None);
    assert!(peer.next_completion().is_none());

    peer.login(&config());
    told(&mut peer);
    peer.take_sent();
    appears(&mut peer, "bob@example.net/x", &program(1));
    assert_eq!(known(&mut peer), [("bob@example.net/x".into(), true)]);
    assert_eq!(peer.take_sent(), "");
    appears(&mut peer, "carol@example.net/x", &program(2));
    assert_eq!(asked_one(&mut peer).to, "carol@example.net/x");
}

#[test]
fn an_answer_about_an_older_hash_is_not_for_the_newer() {
    let mut peer = online(disco());
    appears(&mut peer, "bob@example.net/x", &program(1));
    let old = asked_one(&mut peer);
    appears(&mut peer, "bob@example.net/x", &program(2));
    assert_eq!(peer.take_sent(), "", "one question at a time");
    answer(&mut peer, &old, &program(1));
    assert!(told(&mut peer).is_empty());
    assert_eq!(caps_of(&mut peer, "bob@example.net/x"), None);
    assert!(in_cache(&mut peer, &program(1)).is_some(), "true all the same");
    let new = asked_one(&mut peer);
    answer(&mut peer, &new, &program(2));
    assert_eq!(*caps_of(&mut peer, "bob@example.net/x").unwrap(), program(2));

    // Nor is a wrong one.
    appears(&mut peer, "bob@example.net/x", &program(3));
    let old = asked_one(&mut peer);
    appears(&mut peer, "bob@example.net/x", &program(1));
    told(&mut peer);
    answer(&mut peer, &old, &program(4));
    assert!(told(&mut peer).is_empty());
    assert_eq!(*caps_of(&mut peer, "bob@example.net/x").unwrap(), program(1));
}

#[test]
fn the_clients_own_presence_is_not_asked_about() {
    let mut peer = online(disco());
    appears(&mut peer, "alice@example.org/r1", &program(1));
    assert_eq!(peer.take_sent(), "");
    appears(&mut peer, "alice@example.org/other", &program(1));
    assert_eq!(asked_one(&mut peer).to, "alice@example.org/other");
}

#[test]
fn the_application_may_keep_hashes_elsewhere() {
    #[derive(Default)]
    struct Fixed(Vec<(CapsHash, Arc<DiscoInfo>)>);

    impl CapsCache for Fixed {
        fn get(&mut self, hash: &CapsHash) -> Option<Arc<DiscoInfo>> {
            self.0.iter().find(|(known, _)| known == hash).map(|(_, info)| info.clone())
        }

        fn put(&mut self, hash: &CapsHash, info: Arc<DiscoInfo>) {
            self.0.push((hash.clone(), info));
        }
    }

    let mut cache = Fixed::default();
    cache.put(&CapsHash::of(&program(1), HashAlgorithm::Sha256), Arc::new(program(1)));
    let client = Client::new(config(), Seed::new([1; 32]), Instant::from_micros(0));
    let mut peer = Script::of(Modular::new(client, disco().with_cache(cache)));
    peer.login(&config());
    peer.take_sent();
    let caps = Caps::of(&program(1), "https://b.example", HashAlgorithm::Sha256);
    let caps = caps.to_element().unwrap().to_xml();
    peer.receive(format!("<presence from='bob@example.net/x'>{caps}</presence>"));
    assert_eq!(peer.take_sent(), "");
    assert!(peer.client().modules().caps_of(&jid("bob@example.net/x")).is_some());
}
