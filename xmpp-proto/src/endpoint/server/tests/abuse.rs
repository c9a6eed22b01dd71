//! Clients that abuse the login (RFC 6120 §6, §13.9).

use alloc::vec;
use core::time::Duration;

use super::*;
use crate::endpoint::{AskCredentials, Timer};
use crate::sasl::ChannelData;

const ABORT: &str = "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

fn plain_steps(user: &str, password: &str, stored: Option<StoredCredentials>) -> (String, usize) {
    let mut host = Host::secured(config());
    host.receive(plain(user, password));
    let ask = host.credentials_question();
    assert_eq!(ask.username(), user);
    let before = host.works;
    host.server.credentials(host.now, ask, stored).unwrap();
    host.drain();
    (host.take_sent(), host.works - before)
}

#[test]
fn rfc6120_13_9_4_nobody_learns_whether_an_account_exists_by_plain() {
    let right = plain_steps("alice", "secret", Some(stored()));
    assert_eq!(right.0, SUCCESS);
    assert!(right.1 > 2, "the derivation comes in slices: {}", right.1);
    let wrong = plain_steps("alice", "secreT", Some(stored()));
    let nobody = plain_steps("mallory", "secret", None);
    let no_keys = plain_steps("alice", "secret", Some(StoredCredentials::new()));
    // §13.9.4: the same bytes after the same work.
    assert_eq!(wrong, (failure("not-authorized"), right.1));
    assert_eq!(nobody, wrong);
    assert_eq!(no_keys, wrong);
}

#[test]
fn rfc6120_13_9_4_nobody_learns_whether_an_account_exists_by_scram() {
    // One stream of one client; the answer to its first message, and to a proof that is wrong.
    let run = |mechanism: &str, user: &str, seed: u8, found: Option<StoredCredentials>| {
        let mut host = Host::seeded(direct(), Chunks::Whole, tls13(), seed);
        host.start_tls();
        let flag = if mechanism.ends_with("PLUS") { "p=tls-exporter" } else { "n" };
        host.receive(auth(mechanism, format!("{flag},,n={user},r=abc")));
        let ask = host.credentials_question();
        host.server.credentials(host.now, ask, found).unwrap();
        host.drain();
        let challenge = data(&host.take_sent(), "challenge").unwrap();
        let challenge = String::from_utf8(challenge).unwrap();
        let (nonce, rest) = challenge.split_once(",s=").unwrap();
        let (salt, iterations) = rest.split_once(",i=").unwrap();
        let header = format!("{flag},,");
        let binding = [header.as_bytes(), if flag == "n" { &[] } else { &EXPORTER }];
        let len = match mechanism.trim_end_matches("-PLUS") {
            "SCRAM-SHA-1" => 20,
            "SCRAM-SHA-256" => 32,
            _ => 64,
        };
        let proof = base64(vec![0; len]);
        let last = format!("c={},{nonce},p={proof}", base64(binding.concat()));
        host.receive(response(last));
        let shape = (nonce.len(), salt.len(), String::from(iterations), host.take_sent());
        (shape, String::from(salt), host.works)
    };
    for mechanism in
        ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512-PLUS"]
    {
        let (alice, _, work) = run(mechanism, "alice", 1, Some(stored()));
        assert_eq!(alice.3, failure("not-authorized"));
        let (nobody, salt, nobodys_work) = run(mechanism, "mallory", 1, None);
        // §13.9.4: the same lengths, the same answers, the same work.
        assert_eq!((&nobody, nobodys_work), (&alice, work), "{mechanism}");
        // The salt of somebody who does not exist is the same each time, as that of others is, for
        // all mechanisms, and another for everybody.
        assert_eq!(run(mechanism, "mallory", 2, None).1, salt);
        assert_eq!(run("SCRAM-SHA-256", "mallory", 3, None).1, salt);
        assert_ne!(run(mechanism, "mallorz", 1, None).1, salt);
        // Nor does it matter whether the name could be one.
        assert_eq!(run(mechanism, "alice", 2, Some(StoredCredentials::new())).0, alice);
    }
}

#[test]
fn names_that_cannot_be_accounts_are_wrong_passwords() {
    // Nobody needs to be asked about them.
    for name in ["a b", "a@b", "a/b", "<x>"] {
        let mut host = Host::secured(config());
        host.receive(plain(name, "secret"));
        assert!(host.next_event().is_none(), "{name}");
        assert_eq!(host.take_sent(), failure("not-authorized"), "{name}");
        assert!(host.works > 2, "as much work as for others");
    }
}

#[test]
fn rfc6120_6_4_elements_out_of_turn() {
    let first = || auth("SCRAM-SHA-1", "n,,n=alice,r=abc");
    // A second <auth/> inside the first: neither goes on.
    let mut host = Host::secured(config());
    host.receive(first());
    host.look_up();
    host.take_sent();
    host.receive(plain("alice", "secret"));
    assert_eq!(host.take_sent(), failure("malformed-request"));
    host.receive(response("c=biws,r=abc,p=AAAA"));
    assert_eq!(host.take_sent(), failure("malformed-request"), "§6.4.4: answer to nothing");
    host.log_in();

    // What is not the client's to say.
    for name in ["challenge", "success", "failure", "unknown"] {
        let mut host = Host::secured(config());
        host.receive(format!("<{name} xmlns='{}'/>", ns::SASL));
        let (ended, _) = host.refused("unsupported-stanza-type");
        let name = name.into();
        assert_eq!(ended.reason, Reason::Peer(PeerFault::UnknownElement { name }));
    }
    // More than one answer at once: what follows success is not XMPP before a header.
    let mut host = Host::secured(config());
    host.receive(format!("{}{}", plain("alice", "secret"), response("x")));
    host.look_up();
    let (_, before) = host.refused("invalid-namespace");
    assert!(before.starts_with(SUCCESS), "{before}");
}

#[test]
fn rfc6120_6_4_5_aborting_for_ever_is_no_way_around_the_limit() {
    for abort in [ABORT, &*response("x"), &*auth("X", ""), &*auth("PLAIN", "x")] {
        let mut host = Host::secured(config());
        for _ in 0..2 {
            host.receive(abort);
            assert!(host.take_sent().starts_with("<failure "));
            host.assert_open();
        }
        host.receive(abort);
        let (ended, _) = host.refused("policy-violation");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::TooManyLogins), "{abort}");
    }
    // All three in one chunk, and a right password behind them.
    let mut host = Host::secured(config());
    host.receive(format!("{}{}", ABORT.repeat(3), plain("alice", "secret")));
    let (_, before) = host.refused("policy-violation");
    assert_eq!(before.matches("<failure").count(), 3);
}

#[test]
fn a_huge_response_is_refused_before_it_is_kept() {
    // Longer than a message of SCRAM or PLAIN may be.
    let huge = "x".repeat(5000);
    for first in
        [auth("PLAIN", format!("\0alice\0{huge}")), auth("SCRAM-SHA-1", format!("n,,n=a,r={huge}"))]
    {
        let mut host = Host::secured(config());
        host.receive(first);
        assert_eq!(host.take_sent(), failure("malformed-request"));
        assert!(host.next_event().is_none());
        host.log_in();
    }
    let nonce = "x".repeat(600);
    let mut host = Host::secured(config());
    host.receive(auth("SCRAM-SHA-1", format!("n,,n=alice,r={nonce}")));
    assert_eq!(host.take_sent(), failure("malformed-request"));
    // Longer than any element may be before the login.
    let mut host = Host::secured(config());
    host.receive(response("\0".repeat(16 * 1024)));
    host.refused("policy-violation");
}

#[test]
fn channel_binding_lies() {
    let offer = |kind: &str| {
        format!(
            "<stream:features><mechanisms xmlns='{}'><mechanism>SCRAM-SHA-256-PLUS</mechanism>\
             </mechanisms><sasl-channel-binding xmlns='{}'><channel-binding type='{kind}'/>\
             </sasl-channel-binding></stream:features>",
            ns::SASL,
            ns::SASL_CHANNEL_BINDING
        )
    };
    let exporter = offer("tls-exporter");
    let plus = [Mechanism::ScramSha256Plus];
    let longer = [&EXPORTER[..], &[0]].concat();
    // The proof is made with the right password each time, for another channel (RFC 5802 §6).
    for (data, right) in [
        (&EXPORTER[..], true),
        (&[0; 32], false),
        (&EXPORTER[..31], false),
        (&longer, false),
        (&[], false),
    ] {
        let mut host = Host::secured(direct());
        let channel = ChannelData { tls_exporter: Some(data), tls_server_end_point: None };
        let sent = host.exchange(&exporter, &plus, channel, "secret");
        assert_eq!(sent.starts_with("<success"), right, "{sent}");
        assert_eq!(sent == failure("not-authorized"), !right, "{sent}");
        host.assert_open();
    }
    // Somebody made the client bind to what this server does not offer.
    let mut host = Host::secured(direct());
    let channel = ChannelData { tls_exporter: None, tls_server_end_point: Some(&[1; 32]) };
    let sent = host.exchange(&offer("tls-server-end-point"), &plus, channel, "secret");
    assert_eq!(sent, failure("not-authorized"));
}

#[test]
fn the_deadline_covers_every_way_of_stalling_the_login() {
    let steps: [&[&str]; 4] = [
        &[],
        &[HEADER],
        &[HEADER, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"],
        &[HEADER, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>"],
    ];
    for said in steps {
        let mut host = Host::new(direct());
        for step in said {
            host.receive(step);
        }
        host.pass(Duration::from_millis(29_999));
        host.assert_open();
        host.pass(Duration::from_millis(1));
        let (ended, before) = host.refused("connection-timeout");
        assert!(before.starts_with("<?xml "), "RFC 6120 §4.9.1.2: {before}");
        assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
    }
}

#[test]
fn an_owner_that_never_answers_holds_nobody_for_ever() {
    let mut host = Host::secured(config());
    let mut asked: Vec<AskCredentials> = Vec::new();
    while !host.server.is_idle() {
        host.receive(plain("alice", "secret"));
        match host.next_event() {
            Some(ServerEvent::Credentials(ask)) => asked.push(ask),
            Some(ServerEvent::Ended(ended)) => {
                assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
            }
            other => assert!(other.is_none(), "{other:?}"),
        }
        host.pass(Duration::from_secs(15));
    }
    assert!((1..=2).contains(&asked.len()), "{}", asked.len());
    let sent = host.take_sent();
    assert!(sent.ends_with(&goodbye("connection-timeout")), "{sent}");
    for ask in asked {
        assert!(host.server.credentials(host.now, ask, Some(stored())).is_err());
    }
}
