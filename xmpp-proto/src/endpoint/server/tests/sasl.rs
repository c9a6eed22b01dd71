//! Authentication from the stream's point of view (RFC 6120 §6).

use super::*;
use crate::sasl::ChannelData;
use crate::sasl::{ScramHash, ScramKeys};

const ABORT: &str = "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

#[test]
fn rfc6120_6_3_1_nothing_goes_on_without_sasl() {
    let message = "<message to='bob@example.org'><body>hi</body></message>";
    for early in [BIND, message, "<presence/>", "<iq type='get' id='1'><q xmlns='x'/></iq>"] {
        let mut host = Host::secured(config());
        host.receive(early);
        // §6.3.1, §4.9.3.12.
        let (ended, _) = host.refused("not-authorized");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::StanzaBeforeBinding), "{early}");
        assert_eq!(ended.phase, Phase::Negotiating);
    }
    // Nor in the middle of it.
    let mut host = Host::secured(config());
    host.receive(auth("SCRAM-SHA-1", "n,,n=alice,r=abc"));
    host.look_up();
    host.take_sent();
    host.receive(BIND);
    assert_eq!(host.refused("not-authorized").0.phase, Phase::Authenticating);
    // §6.3.1: the offer names mechanisms, and nothing that would come later.
    let mut host = Host::new(direct());
    host.receive(HEADER);
    let sent = host.take_sent();
    assert!(sent.contains("<mechanisms ") && !sent.contains("<bind"), "{sent}");
}

#[test]
fn rfc6120_6_3_2_the_stream_begins_anew_after_sasl() {
    let mut host = Host::new(direct());
    host.receive(HEADER);
    let first = host.take_sent();
    assert_eq!(host.log_in_as("alice", "secret"), SUCCESS, "§6.3.2: no closing tag");
    host.drain();
    assert_eq!(host.take_sent(), "", "§6.4.6: the client comes first");
    host.receive(HEADER);
    let second = host.take_sent();
    // §6.3.2: a header of its own, with a new id, and other features.
    assert_ne!(attr(&first, "id").unwrap(), attr(&second, "id").unwrap());
    assert!(second.starts_with("<?xml ") && second.ends_with(BIND_OFFER), "{second}");
    assert!(!second.contains("<mechanisms"), "{second}");

    // §6.3.2: no stanza before the header.
    let mut host = Host::secured(config());
    assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
    host.receive(BIND);
    let (_, before) = host.refused("invalid-namespace");
    assert!(before.starts_with("<?xml "), "{before}");
    // No second login on the new stream.
    let mut host = Host::authenticated(config());
    host.receive(plain("alice", "secret"));
    let (ended, _) = host.refused("unsupported-stanza-type");
    let name = "auth".into();
    assert_eq!(ended.reason, Reason::Peer(PeerFault::UnknownElement { name }));
}

#[test]
fn rfc6120_6_plain_scram_and_empty_responses() {
    let start = |mechanism: &str, data: &str| {
        let mut config = direct();
        config.mechanisms = [Mechanism::Anonymous, Mechanism::Plain, Mechanism::ScramSha1].into();
        let mut host = Host::secured(config);
        let ns = ns::SASL;
        host.receive(format!("<auth xmlns='{ns}' mechanism='{mechanism}'>{data}</auth>"));
        host
    };
    // §6.4.2: without an initial response an empty challenge is due, and what answers it is the
    // first message.
    let empty = format!("<challenge xmlns='{}'></challenge>", ns::SASL);
    let mut host = start("PLAIN", "");
    assert_eq!(host.take_sent(), empty);
    host.receive(response("\0alice\0secret"));
    host.look_up();
    assert_eq!(host.take_sent(), SUCCESS);

    let mut host = start("SCRAM-SHA-1", "");
    assert_eq!(host.take_sent(), empty);
    host.receive(response("n,,n=alice,r=abc"));
    host.look_up();
    let challenge = data(&host.take_sent(), "challenge").unwrap();
    assert!(challenge.starts_with(b"r=abc"));

    // §6.4.2: `=` is an empty message, which is one to ANONYMOUS and none to PLAIN.
    let mut host = start("ANONYMOUS", "=");
    assert_eq!(host.take_sent(), SUCCESS);
    let mut host = start("PLAIN", "=");
    assert_eq!(host.take_sent(), failure("malformed-request"));
    // §6.4.4: a response without data is an empty one, however it is written.
    for empty_response in ["<response xmlns='NS'/>", "<response xmlns='NS'>=</response>"] {
        let mut host = start("ANONYMOUS", "");
        assert_eq!(host.take_sent(), empty);
        host.receive(empty_response.replace("NS", ns::SASL));
        assert_eq!(host.take_sent(), SUCCESS);
    }
    // White space around base64 is no data.
    let mut host = start("PLAIN", &format!("\n {} \t", base64("\0alice\0secret")));
    host.look_up();
    assert_eq!(host.take_sent(), SUCCESS);
    // An authorization identity may be named, if it is one's own.
    let mut host = start("PLAIN", &base64("alice@example.org\0alice\0secret"));
    host.look_up();
    assert_eq!(host.take_sent(), SUCCESS);
}

/// What a client of alice gets for one attempt, after which another succeeds.
#[track_caller]
fn check_failure(attempt: &[&str], condition: &str) {
    let mut host = Host::secured(config());
    for step in attempt {
        assert_eq!(host.take_sent().matches("<failure").count(), 0);
        host.receive(step);
        if let Some(ServerEvent::Credentials(ask)) = host.next_event() {
            let found = (ask.username() == "alice").then(stored);
            host.server.credentials(host.now, ask, found).unwrap();
            host.drain();
        }
    }
    let sent = host.take_sent();
    assert_eq!(sent, failure(condition), "{attempt:?}");
    // §6.4.5: the stream stays open for another attempt.
    host.assert_open();
    host.log_in();
}

#[test]
fn rfc6120_6_5_each_failure_has_its_condition() {
    let scram = auth("SCRAM-SHA-1", "n,,n=alice,r=abc");
    // §6.5.1.
    check_failure(&[&scram, ABORT], "aborted");
    check_failure(&[ABORT], "aborted");
    // §6.5.5.
    let bad64 = ["!", "AAA", "AA==AA==", "=AAA", "AGFsaWNlAHNlY3JldA", "\u{e4}"];
    for text in bad64 {
        let auth = format!("<auth xmlns='{}' mechanism='PLAIN'>{text}</auth>", ns::SASL);
        check_failure(&[&auth], "incorrect-encoding");
        let response = format!("<response xmlns='{}'>{text}</response>", ns::SASL);
        check_failure(&[&scram, &response], "incorrect-encoding");
    }
    // §6.5.6.
    for authzid in ["bob@example.org", "alice@example.net", "alice", "alice@example.org/x"] {
        let plain = auth("PLAIN", format!("{authzid}\0alice\0secret"));
        check_failure(&[&plain], "invalid-authzid");
        let scram = auth("SCRAM-SHA-1", format!("n,a={authzid},n=alice,r=abc"));
        check_failure(&[&scram], "invalid-authzid");
    }
    // §6.5.7.
    for mechanism in ["DIGEST-MD5", "", "plain", "EXTERNAL", "ANONYMOUS", "SCRAM-SHA-1-PLU"] {
        check_failure(&[&auth(mechanism, "x")], "invalid-mechanism");
    }
    check_failure(&[&format!("<auth xmlns='{}'>AAAA</auth>", ns::SASL)], "invalid-mechanism");
    // §6.5.8.
    for message in ["", "alice", "\0alice", "\0\0secret", "\0alice\0", "\0alice\0a\0b"] {
        let plain = if message.is_empty() { auth("PLAIN", "\0\0") } else { auth("PLAIN", message) };
        check_failure(&[&plain], "malformed-request");
    }
    for message in
        ["x", "n,,", "n,,n=alice", "n,,r=x,n=alice", "n,,m=1,n=alice,r=x", "n,,n=a=b,r=x"]
    {
        check_failure(&[&auth("SCRAM-SHA-1", message)], "malformed-request");
    }
    check_failure(&[&scram, &response("c=biws,r=other,p=AAAA")], "malformed-request");
    check_failure(&[&scram, &scram], "malformed-request");
    check_failure(&[&response("x")], "malformed-request");
    // §6.5.10.
    check_failure(&[&plain("alice", "wrong")], "not-authorized");
    check_failure(&[&plain("bob", "secret")], "not-authorized");
}

#[test]
fn rfc6120_6_4_5_the_third_failure_is_the_last() {
    for (attempts, allowed) in [(1, 1), (3, 3), (5, 5), (1, 0)] {
        let mut config = config();
        config.max_login_attempts = allowed;
        let mut host = Host::secured(config);
        for _ in 1..attempts {
            assert_eq!(host.log_in_as("alice", "wrong"), failure("not-authorized"));
        }
        host.receive(plain("alice", "wrong"));
        host.look_up();
        // §6.4.5: the failure is told, then the stream ends.
        let (ended, before) = host.refused("policy-violation");
        assert_eq!(before, failure("not-authorized"));
        assert_eq!(ended.reason, Reason::Peer(PeerFault::TooManyLogins));
        assert_eq!(ended.phase, Phase::Negotiating);
    }
    // What failed before TLS counts, too: otherwise every handshake would buy three attempts.
    let mut host = Host::opened(config());
    for _ in 0..2 {
        host.receive(plain("alice", "wrong"));
    }
    host.receive(STARTTLS);
    host.secure();
    host.receive(HEADER);
    host.take_sent();
    host.receive(plain("alice", "wrong"));
    host.look_up();
    host.refused("policy-violation");
    // Success on the last attempt is success.
    let mut host = Host::secured(config());
    host.log_in_as("alice", "wrong");
    host.log_in_as("alice", "wrong");
    host.log_in();
}

#[test]
fn rfc6120_6_5_10_a_type_of_binding_that_is_not_here_costs_no_attempt() {
    let mut host = Host::secured(config());
    // RFC 5802 §6: the mechanism fails. Nothing was tried, and the client may go on without.
    for _ in 0..5 {
        for name in ["tls-unique", "tls-server-end-point", "x"] {
            host.receive(auth("SCRAM-SHA-1-PLUS", format!("p={name},,n=alice,r=abc")));
            assert!(host.next_event().is_none(), "nobody is asked");
            assert_eq!(host.take_sent(), failure("not-authorized"));
            host.assert_open();
        }
    }
    assert_eq!(host.log_in_as("alice", "wrong"), failure("not-authorized"));
    assert_eq!(host.log_in_as("alice", "wrong"), failure("not-authorized"));
    host.log_in();
}

#[test]
fn rfc6120_6_4_6_the_account_agrees_with_from_of_the_header() {
    // §6.4.6, §4.9.3.9: who has authenticated opens the stream that follows, or nobody does.
    for from in ["bob@example.org", "alice@example.net", "example.org", "@", ""] {
        let mut host = Host::secured(config());
        assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
        host.receive(header_from(from));
        let (ended, before) = host.refused("invalid-from");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::ForgedFrom { from: from.into() }));
        assert!(!before.contains("<bind"), "{before}");
    }
    for from in ["alice@example.org", "Alice@example.org", "alice@example.org/desk"] {
        let mut host = Host::secured(config());
        assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
        host.receive(header_from(from));
        assert!(host.take_sent().ends_with(BIND_OFFER), "{from}");
        host.bind();
    }
    // Nor may the stream go to another domain than the one the account is of.
    let mut host = Host::secured(config().with_domain("example.net".parse().unwrap()));
    assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
    host.receive(HEADER.replace("example.org", "example.net"));
    let (ended, _) = host.refused("not-authorized");
    let to = "example.net".into();
    assert_eq!(ended.reason, Reason::Peer(PeerFault::ChangedDomain { to }));
}

#[test]
fn rfc6120_13_7_2_the_login_agrees_with_from_of_the_header_before() {
    let start = |from: &str| {
        let mut host = Host::new(direct());
        host.receive(header_from(from));
        host.take_sent();
        host.receive(plain("alice", "secret"));
        host.look_up();
        host
    };
    for from in ["alice@example.org", "alice@example.org/desk", "ALICE@EXAMPLE.ORG"] {
        assert_eq!(start(from).take_sent(), SUCCESS, "{from}");
    }
    // §13.7.2: the stream was opened in another name than the one that was proved.
    let (ended, before) = start("bob@example.org").refused("invalid-from");
    assert_eq!(before, "", "no success");
    let from = "bob@example.org".into();
    assert_eq!(ended.reason, Reason::Peer(PeerFault::ForgedFrom { from }));
    // A wrong password is one, whoever it is said to be from.
    let mut host = Host::new(direct());
    host.receive(header_from("bob@example.org"));
    host.take_sent();
    assert_eq!(host.log_in_as("alice", "wrong"), failure("not-authorized"));
}

#[test]
fn keys_of_one_hash_are_enough_for_plain_and_for_that_hash() {
    for (hash, mechanism) in [
        (ScramHash::Sha1, Mechanism::ScramSha1),
        (ScramHash::Sha256, Mechanism::ScramSha256),
        (ScramHash::Sha512, Mechanism::ScramSha512),
    ] {
        let one = || {
            let keys = ScramKeys::derive(hash, "secret", b"salt", 64).unwrap();
            StoredCredentials::new().with(keys)
        };
        let mut host = Host::secured(direct());
        host.receive(plain("alice", "secret"));
        let ask = host.credentials_question();
        host.server.credentials(host.now, ask, Some(one())).unwrap();
        host.drain();
        assert_eq!(host.take_sent(), SUCCESS);

        for other in [Mechanism::ScramSha1, Mechanism::ScramSha256, Mechanism::ScramSha512] {
            let mut host = Host::secured(direct());
            host.found = one();
            let offer = format!(
                "<stream:features><mechanisms xmlns='{}'><mechanism>{other}</mechanism>\
                 </mechanisms></stream:features>",
                ns::SASL
            );
            let sent = host.exchange(&offer, &[other], ChannelData::default(), "secret");
            assert_eq!(sent == failure("not-authorized"), other != mechanism, "{sent}");
        }
    }
}
