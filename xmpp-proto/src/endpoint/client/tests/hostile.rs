//! Servers, and people between, that attack the login. Each ends in an error of its own and never
//! online; where the attack can be seen before the proof, nothing made from the password has left.

use alloc::string::ToString;

use super::binding::{EXPORTER, auth, bindings, features, offered, tls13};
use super::scram::{account, nonce, said, sasl, scram};
use super::*;
use crate::endpoint::{AuthFault, PeerFault, Phase};
use crate::sasl::tests::Server;
use crate::sasl::{FailureCondition, MessageFault, SaslError, ScramServerError};
use crate::stream::Features;
use crate::testing::{BIND_FEATURES, HEADER};

const FULL: &[&str] = &[
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-512-PLUS",
    "PLAIN",
];
const NO_PLUS: &[&str] = &["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"];
const CLOSE: &str = "</stream:stream>";

/// An account that has seen SCRAM-SHA-256-PLUS and takes nothing less.
fn pinned() -> ClientConfig {
    scram().with_mechanisms(Mechanism::ScramSha256Plus.at_least())
}

fn exporter() -> String {
    bindings(&["tls-exporter"])
}

fn exchange_fault(script: &mut Script) -> SaslError {
    let ended = ended(script);
    assert_eq!(ended.phase, Phase::Authenticating);
    assert!(!script.client().is_online() && !ended.is_retryable() && ended.advice().is_some());
    match ended.reason {
        Reason::Auth(AuthFault::Exchange(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// What a client of SCRAM-SHA-256 makes of the server's messages, of which the first is made from
/// the client's nonce; and what it says to them.
fn heard(messages: impl Fn(&str) -> Vec<String>) -> (SaslError, String) {
    let (mut script, sent) = offered(scram(), tls13(), &mechanisms(&["SCRAM-SHA-256"]));
    let (_, first) = auth(&sent);
    for message in messages(nonce(&first)) {
        script.receive(message);
    }
    let error = exchange_fault(&mut script);
    (error, script.take_sent())
}

#[test]
fn plus_stripped_from_the_offer_is_told_to_the_server_which_refuses() {
    // The attacker leaves the list of types, or takes that too.
    for list in [exporter(), String::new()] {
        let (mut script, sent) = offered(scram(), tls13(), &features(NO_PLUS, &list));
        let (mechanism, first) = auth(&sent);
        assert_eq!(mechanism, "SCRAM-SHA-512");
        // Signed with the proof: the attacker cannot change it.
        assert!(first.starts_with("y,,n=alice,r="), "{first}");
        // The server did offer -PLUS (RFC 5802 §6).
        script.receive(
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><malformed-request/></failure>",
        );
        let Reason::Auth(AuthFault::Refused(failure)) = reason(&mut script) else { panic!() };
        assert_eq!(failure.condition, FailureCondition::MalformedRequest);
        assert_eq!(script.take_sent(), CLOSE, "no second attempt without");
    }
}

#[test]
fn plus_stripped_and_the_server_says_so_in_scram() {
    let (mut script, sent) = offered(scram(), tls13(), &mechanisms(NO_PLUS));
    assert!(auth(&sent).1.starts_with("y,,"));
    script.receive(sasl("challenge", "e=server-does-support-channel-binding"));
    let error = ScramServerError::ServerDoesSupportChannelBinding;
    assert_eq!(exchange_fault(&mut script), SaslError::ServerError(error));
    assert_eq!(script.take_sent(), CLOSE);
}

#[test]
fn an_attacker_who_turns_y_into_n_breaks_the_signature() {
    let (mut script, sent) = offered(scram(), tls13(), &mechanisms(&["SCRAM-SHA-256"]));
    let first = auth(&sent).1;
    let account = account("secret", 4096);
    let changed = first.replacen('y', "n", 1);
    let server =
        Server::bound(&account, changed.as_bytes(), "alice", None, "servers", ("n", b"\0"));
    script.receive(sasl("challenge", &server.challenge));
    // The header is repeated in the message that the proof covers.
    assert_eq!(server.last(said(&mut script).as_bytes()), None);
}

#[test]
fn a_pinned_account_says_nothing_to_an_offer_below_the_pin() {
    let offers = [&["PLAIN"][..], &["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN"], NO_PLUS, &[]];
    for names in offers {
        let (mut script, sent) = offered(pinned(), tls13(), &features(names, &exporter()));
        assert_eq!(sent, CLOSE);
        let offered = names.iter().map(|name| (*name).into()).collect();
        assert_eq!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { offered }));
    }
    // -PLUS is left in the offer, and the list of types taken away.
    let (mut script, sent) = offered(pinned(), tls13(), &features(FULL, ""));
    assert_eq!(sent, CLOSE);
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));

    let scram_only = scram().with_mechanisms(Mechanism::ScramSha1.at_least());
    let (mut script, sent) = offered(scram_only, tls13(), &mechanisms(&["PLAIN"]));
    assert_eq!(sent, CLOSE);
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));
}

#[test]
fn xep0440_a_list_that_lies_ends_the_login_and_nothing_falls_back() {
    let refusals = [
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>".into(),
        sasl("challenge", "e=unsupported-channel-binding-type"),
    ];
    for (refusal, typed) in refusals.into_iter().zip([false, true]) {
        let (mut script, sent) = offered(scram(), tls13(), &features(FULL, &exporter()));
        let (mechanism, first) = auth(&sent);
        assert_eq!(mechanism, "SCRAM-SHA-512-PLUS");
        assert!(first.starts_with("p=tls-exporter,,"), "{first}");
        script.receive(refusal);
        if typed {
            let error = ScramServerError::UnsupportedChannelBindingType;
            assert_eq!(exchange_fault(&mut script), SaslError::ServerError(error));
        } else {
            assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::Refused(_))));
        }
        assert_eq!(script.take_sent(), CLOSE);
        assert!(script.client().is_idle());
    }
}

#[test]
fn xep0440_lists_repeated_malformed_and_absurdly_long() {
    let long = "x".repeat(65);
    let many: Vec<String> = (0..100).map(|i| format!("type-{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (list, kept, bound) in [
        (bindings(&["tls-exporter", "tls-exporter"]), 1, true),
        (exporter() + &exporter(), 1, true),
        (bindings(&["tls-unique"]) + &exporter(), 2, true),
        (bindings(&[]) + "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'/>", 0, false),
        (bindings(&["", &long, " tls-exporter", "TLS-EXPORTER"]), 2, false),
        (bindings(&many), 16, false),
        (exporter().replace(" type='tls-exporter'", ""), 0, false),
        (exporter().replace("urn:xmpp:sasl-cb:0", "urn:xmpp:sasl-cb:1"), 0, false),
        (exporter().replace("<channel-binding ", "<channel-binding xmlns='x' "), 0, false),
    ] {
        let text = features(FULL, &list);
        let opening = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'";
        let element: crate::xml::Element =
            text.replacen("<stream:features", opening, 1).parse().unwrap();
        let read = Features::from_element(element.as_ref());
        assert_eq!(read.channel_bindings().len(), kept, "{list}");
        let (_, sent) = offered(scram(), tls13(), &text);
        let (mechanism, first) = auth(&sent);
        assert_eq!(mechanism.ends_with("-PLUS"), bound, "{list}");
        assert!(first.starts_with(if bound { "p=tls-exporter,," } else { "n,," }), "{first}");
    }
}

#[test]
fn tls_that_ends_at_somebody_between_is_found_out_by_the_server() {
    let (mut script, sent) = offered(pinned(), tls13(), &features(FULL, &exporter()));
    let first = auth(&sent).1;
    let account =
        crate::sasl::tests::Account::new(crate::sasl::tests::Hash::Sha512, "secret", b"salt", 4096);
    let mut theirs = EXPORTER;
    theirs[31] ^= 1;
    let bound = ("p=tls-exporter", &theirs[..]);
    let server = Server::bound(&account, first.as_bytes(), "alice", None, "servers", bound);
    script.receive(sasl("challenge", &server.challenge));
    assert_eq!(server.last(said(&mut script).as_bytes()), None);
    script.receive(sasl("challenge", "e=channel-bindings-dont-match"));
    let error = ScramServerError::ChannelBindingsDontMatch;
    assert_eq!(exchange_fault(&mut script), SaslError::ServerError(error));
    assert_eq!(script.take_sent(), CLOSE);
}

#[test]
fn whatever_is_wrong_with_the_first_message_is_seen_before_the_proof() {
    let bad = |what| SaslError::BadMessage { what };
    let misplaced = |attribute| bad(MessageFault::Misplaced { attribute });
    let missing = |attribute| bad(MessageFault::Expected { attribute });
    let huge = "QUFB".repeat(171);
    let message = "QUFB".repeat(2000);
    let cases = [
        // The nonce is another, ours alone, or ours cut short.
        ("r=other,s=c2FsdA==,i=4096".to_string(), SaslError::NonceNotExtended),
        ("r=$,s=c2FsdA==,i=4096".into(), SaslError::NonceNotExtended),
        ("r=x$x,s=c2FsdA==,i=4096".into(), SaslError::NonceNotExtended),
        // Attributes twice, in every place.
        ("r=$x,r=$x,s=c2FsdA==,i=4096".into(), missing('s')),
        ("r=$x,s=c2FsdA==,s=c2FsdA==,i=4096".into(), missing('i')),
        ("r=$x,s=c2FsdA==,i=4096,i=1".into(), misplaced('i')),
        ("r=$x,s=c2FsdA==,i=4096,r=$y".into(), misplaced('r')),
        ("r=$x,s=c2FsdA==,i=4096,s=AAAA".into(), misplaced('s')),
        // Iterations: next to none, and for ever.
        ("r=$x,s=c2FsdA==,i=1".into(), SaslError::IterationsTooLow { got: 1, min: 4096 }),
        (
            "r=$x,s=c2FsdA==,i=4294967295".into(),
            SaslError::IterationsTooHigh { got: 4_294_967_295, max: 2_000_000 },
        ),
        ("r=$x,s=c2FsdA==,i=0".into(), bad(MessageFault::BadIterations)),
        // The salt: none, and too much.
        ("r=$x,s=,i=4096".into(), bad(MessageFault::BadSalt)),
        (format!("r=$x,s={huge},i=4096"), bad(MessageFault::SaltTooLong { max: 512 })),
        (format!("r=$x,s={message},i=4096"), bad(MessageFault::TooLong { max: 4096 })),
        ("m=x,r=$x,s=c2FsdA==,i=4096".into(), SaslError::MandatoryExtension),
        ("v=AAAA".into(), missing('r')),
    ];
    for (challenge, expected) in cases {
        let (error, sent) =
            heard(|nonce| [sasl("challenge", &challenge.replace('$', nonce))].into());
        assert_eq!(error, expected, "{challenge:.80}");
        assert_eq!(sent, CLOSE, "{challenge:.80}");
    }
}

#[test]
fn success_before_any_challenge() {
    for success in [SUCCESS.to_string(), sasl("success", "v=AAAA")] {
        let (error, sent) = heard(|_| [success.clone()].into());
        assert_eq!(error, SaslError::UnexpectedSuccess);
        assert_eq!(sent, CLOSE);
    }
    // With everything that comes after a login right behind it.
    let (error, sent) = heard(|_| [format!("{SUCCESS}{HEADER}{BIND_FEATURES}")].into());
    assert_eq!(error, SaslError::UnexpectedSuccess);
    assert_eq!(sent, CLOSE);
}

#[test]
fn a_server_signature_that_is_wrong_missing_or_of_somebody_else() {
    let (honest, stranger) = (account("secret", 4096), account("another", 4096));
    let last = |message: &dyn Fn(&str) -> String| {
        let (mut script, sent) = offered(scram(), tls13(), &mechanisms(&["SCRAM-SHA-256"]));
        let first = auth(&sent).1;
        let bound = ("y", &b""[..]);
        let first = first.as_bytes();
        let server = Server::bound(&honest, first, "alice", None, "servers", bound);
        let imposter = Server::bound(&stranger, first, "alice", None, "servers", bound);
        script.receive(sasl("challenge", &server.challenge));
        let proof = said(&mut script);
        script.receive(message(&imposter.sign_anything(proof.as_bytes())));
        let error = exchange_fault(&mut script);
        // No stream is opened for whoever that is.
        assert_eq!(script.take_sent(), CLOSE);
        error
    };
    let zeros = format!("v={}=", "A".repeat(43));
    for name in ["success", "challenge"] {
        assert_eq!(last(&|forged| sasl(name, forged)), SaslError::WrongSignature);
        assert_eq!(last(&|_| sasl(name, &zeros)), SaslError::WrongSignature);
        assert_eq!(last(&|_| sasl(name, "v=")), SaslError::WrongSignature);
        let invalid = SaslError::ServerError(ScramServerError::InvalidProof);
        assert_eq!(last(&|_| sasl(name, "e=invalid-proof")), invalid);
        let twice = format!("{zeros},v=AAAA");
        let fault = MessageFault::Misplaced { attribute: 'v' };
        assert_eq!(last(&|_| sasl(name, &twice)), SaslError::BadMessage { what: fault });
    }
    assert_eq!(last(&|_| SUCCESS.into()), SaslError::NoSignature);
}

#[test]
fn a_stanza_or_features_instead_of_an_answer() {
    for (element, fault) in [
        ("<message from='example.org'><body>hi</body></message>", PeerFault::StanzaBeforeBinding),
        (BIND_FEATURES, PeerFault::OutOfOrder { expected: "SASL", found: "features".into() }),
    ] {
        let (mut script, sent) = offered(scram(), tls13(), &mechanisms(&["SCRAM-SHA-256"]));
        auth(&sent);
        script.receive(element);
        assert_eq!(reason(&mut script), Reason::Peer(fault));
        assert!(!script.take_sent().contains("<response"));
    }
}
