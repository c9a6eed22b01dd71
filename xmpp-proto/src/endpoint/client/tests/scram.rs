//! SCRAM inside the machine: slices of work, and servers that do not know the password.

use alloc::format;
use alloc::string::String;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::*;
use crate::endpoint::{AuthFault, Endpoint, Phase, Step};
use crate::sasl::tests::{Account, Hash, Server};
use crate::sasl::{MessageFault, SaslError};
use crate::testing::{BIND_FEATURES, bind_result};

const OFFER: &[&str] = &["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"];

pub(super) fn scram() -> ClientConfig {
    let mut config = ClientConfig::new("alice@example.org".parse().unwrap(), "secret")
        .with_tls(TlsMode::Direct)
        .one_stream();
    config.scram.work_slice = 500;
    config
}

/// What the client said last in SASL, without base64.
pub(super) fn said(script: &mut Script) -> String {
    let sent = script.take_sent();
    let (_, tail) = sent.rsplit_once("='urn:ietf:params:xml:ns:xmpp-sasl'").expect("SASL");
    let (_, text) = tail.split_once('>').unwrap();
    let (text, _) = text.split_once('<').unwrap();
    String::from_utf8(BASE64.decode(text).unwrap()).unwrap()
}

pub(super) fn sasl(name: &str, data: &str) -> String {
    let data = BASE64.encode(data);
    format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</{name}>")
}

/// A client that has sent its first message, and the message.
fn started(config: ClientConfig) -> (Script, String) {
    started_with(config, Chunks::Whole)
}

fn started_with(config: ClientConfig, chunks: Chunks) -> (Script, String) {
    let mut script = Script::new(config).with_chunks(chunks);
    script.connect();
    script.receive(HEADER);
    script.receive(mechanisms(OFFER));
    let first = said(&mut script);
    (script, first)
}

pub(super) fn account(password: &str, iterations: u32) -> Account {
    Account::new(Hash::Sha256, password, b"salt", iterations)
}

fn server<'a>(account: &'a Account, first: &str) -> Server<'a> {
    Server::first(account, first.as_bytes(), "alice", None, "server-nonce")
}

#[test]
fn rfc5802_the_signature_is_verified_in_success_and_in_a_challenge() {
    for in_challenge in [false, true] {
        let (mut script, first) = started(scram());
        let account = account("secret", 4096);
        let server = server(&account, &first);
        script.receive(sasl("challenge", &server.challenge));
        let signature = server.last(said(&mut script).as_bytes()).expect("the proof is right");
        if in_challenge {
            script.receive(sasl("challenge", &signature));
            assert_eq!(
                script.take_sent(),
                "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></response>"
            );
            script.receive(SUCCESS);
        } else {
            script.receive(sasl("success", &signature));
        }
        // The stream restarts (RFC 6120 §6.4.6): this is what logged in looks like.
        assert!(script.take_sent().starts_with("<?xml version='1.0'?><stream:stream "));
        assert!(script.next_event().is_none());
    }
}

#[test]
fn any_chunking_gives_the_same_exchange() {
    same_for_all_chunks(900, |chunks| {
        let mut config = scram();
        config.scram.min_iterations = 1;
        let (mut script, first) = started_with(config, chunks);
        let account = account("secret", 1);
        let server = server(&account, &first);
        script.receive(sasl("challenge", &server.challenge));
        let proof = said(&mut script);
        let signature = server.last(proof.as_bytes()).expect("the proof is right");
        script.receive(sasl("success", &signature));
        script.receive(HEADER);
        script.receive(BIND_FEATURES);
        let id = script.last_id();
        script.receive(bind_result(&id, "alice@example.org/r"));
        assert!(script.client().is_online());
        let mut all = transcript(&mut script);
        all.push(proof);
        all
    });
}

#[test]
fn the_key_derivation_comes_in_slices_and_the_rest_goes_on_between_them() {
    let (mut script, first) = started(scram());
    let account = account("secret", 4096);
    let server = server(&account, &first);
    let (now, id) = (script.now(), script.client().attempt());
    let challenge = sasl("challenge", &server.challenge);
    script.client().handle_received(now, id, challenge.as_bytes());
    let mut slices = 0;
    while let Step::Work = script.client().step() {
        assert_eq!(script.client().phase(), Phase::Authenticating);
        if !script.client().outgoing().is_empty() {
            break;
        }
        slices += 1;
        // The negotiation deadline goes on.
        assert!(script.client().poll_timeout().is_some());
    }
    // 4,096 iterations in slices of 500.
    assert!((8..=10).contains(&slices), "{slices}");
    script.drain();
    assert!(server.last(said(&mut script).as_bytes()).is_some());
}

#[test]
fn a_deadline_ends_a_derivation_that_takes_too_long() {
    let mut config = scram();
    config.scram.work_slice = 1;
    let (mut script, first) = started(config);
    let account = account("secret", 4096);
    let server = server(&account, &first);
    let (now, id) = (script.now(), script.client().attempt());
    let challenge = sasl("challenge", &server.challenge);
    script.client().handle_received(now, id, challenge.as_bytes());
    for _ in 0..100 {
        assert!(matches!(script.client().step(), Step::Work));
    }
    let late = script.client().poll_timeout().unwrap();
    script.client().handle_timeout(late);
    script.drain();
    assert!(matches!(reason(&mut script), Reason::TimedOut(_)));
}

/// The fault of a login in which the server sends `messages`.
fn fault(config: ClientConfig, messages: impl Fn(&str) -> Vec<String>) -> (SaslError, String) {
    let (mut script, first) = started(config);
    for message in messages(&first) {
        script.receive(message);
    }
    let ended = ended(&mut script);
    assert_eq!(ended.phase, Phase::Authenticating);
    assert!(!ended.is_retryable() && ended.advice().is_some());
    match ended.reason {
        Reason::Auth(AuthFault::Exchange(error)) => (error, script.take_sent()),
        other => panic!("{other:?}"),
    }
}

/// The client's nonce in its first message.
pub(super) fn nonce(first: &str) -> &str {
    first.split_once(",r=").unwrap().1
}

#[test]
fn success_without_the_signature_is_not_success() {
    let account = account("secret", 4096);
    let (error, _) = fault(scram(), |first| {
        let server = server(&account, first);
        alloc::vec![sasl("challenge", &server.challenge), SUCCESS.into()]
    });
    assert_eq!(error, SaslError::NoSignature);
    // Nor is it before anything was proved.
    let (error, sent) = fault(scram(), |_| alloc::vec![SUCCESS.into()]);
    assert_eq!(error, SaslError::UnexpectedSuccess);
    assert!(!sent.contains("<response"));
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let account = account("another", 4096);
    let (mut script, first) = started(scram());
    let server = server(&account, &first);
    script.receive(sasl("challenge", &server.challenge));
    let proof = said(&mut script);
    script.receive(sasl("success", &server.sign_anything(proof.as_bytes())));
    assert_eq!(reason(&mut script), Reason::Auth(AuthFault::Exchange(SaslError::WrongSignature)));
}

#[test]
fn nothing_derived_from_the_password_is_sent_to_a_server_that_cheats_first() {
    type Case = (fn(&str) -> String, SaslError);
    let cases: [Case; 5] = [
        (|_| "r=anothernonce,s=c2FsdA==,i=4096".into(), SaslError::NonceNotExtended),
        (|nonce| format!("r={nonce},s=c2FsdA==,i=4096"), SaslError::NonceNotExtended),
        (
            |nonce| format!("r={nonce}x,s=c2FsdA==,i=1"),
            SaslError::IterationsTooLow { got: 1, min: 4096 },
        ),
        (
            |nonce| format!("r={nonce}x,s=c2FsdA==,i=4294967295"),
            SaslError::IterationsTooHigh { got: 4_294_967_295, max: 2_000_000 },
        ),
        (|nonce| format!("m=x,r={nonce}x,s=c2FsdA==,i=4096"), SaslError::MandatoryExtension),
    ];
    for (message, expected) in cases {
        let (error, sent) =
            fault(scram(), |first| alloc::vec![sasl("challenge", &message(nonce(first)))]);
        assert_eq!(error, expected);
        assert!(!sent.contains("<response"), "{sent}");
        assert!(sent.ends_with("</stream:stream>"), "{sent}");
    }
}

#[test]
fn what_is_not_base64_is_not_a_challenge() {
    let (error, _) = fault(scram(), |_| {
        alloc::vec!["<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%%%</challenge>".into()]
    });
    assert_eq!(error, SaslError::BadMessage { what: MessageFault::NotBase64 });
}

#[test]
fn credentials_that_cannot_be_prepared_are_told_before_anything_is_sent() {
    let config = ClientConfig::new("alice@example.org".parse().unwrap(), "pass\u{E000}word")
        .with_tls(TlsMode::Direct);
    let mut script = Script::new(config);
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(mechanisms(OFFER));
    let reason = reason(&mut script);
    // Which of the two it is depends on the feature `unicode`.
    let Reason::Auth(AuthFault::Exchange(error)) = reason else { panic!("{reason:?}") };
    assert!(matches!(error, SaslError::NonAscii { .. } | SaslError::Unpreparable { .. }));
    assert_eq!(script.take_sent(), "</stream:stream>");
}

#[test]
fn a_client_that_comes_back_does_not_derive_the_key_again() {
    let (mut script, first) = started(scram());
    let account = account("secret", 4096);
    for login in 0..3 {
        let first = if login == 0 {
            first.clone()
        } else {
            script.connect();
            script.receive(HEADER);
            script.receive(mechanisms(OFFER));
            said(&mut script)
        };
        let server = server(&account, &first);
        let (now, id) = (script.now(), script.client().attempt());
        let challenge = sasl("challenge", &server.challenge);
        script.client().handle_received(now, id, challenge.as_bytes());
        let mut slices = 0;
        while let Step::Work = script.client().step() {
            slices += 1;
        }
        script.drain();
        let signature = server.last(said(&mut script).as_bytes()).expect("the proof is right");
        // RFC 5802 §5.1: the client may keep what follows from the password, salt and iterations.
        assert_eq!(slices > 2, login == 0, "login {login}: {slices}");
        // The server proves itself each time.
        script.receive(sasl("success", &signature));
        assert!(script.take_sent().starts_with("<?xml version='1.0'?><stream:stream "));
        script.lose(crate::endpoint::LostCause::Eof);
        assert!(matches!(reason(&mut script), Reason::Transport(_)));
    }
}

#[test]
fn xep0474_6_2_a_changed_offer_is_a_fault_of_its_own_and_no_proof_is_sent() {
    let (mut script, first) = started(scram());
    let account = account("secret", 4096);
    let server = server(&account, &first);
    // The server has offered -PLUS as well: by Python's hashlib, SHA-256 of PLAIN, SCRAM-SHA-1,
    // SCRAM-SHA-256 and SCRAM-SHA-256-PLUS.
    let changed = format!("{},h=vJS+f8MS7OJfUIpjtCo1gDWSP+XT5pJCtLr/GBwFtKU=", server.challenge);
    script.receive(sasl("challenge", &changed));
    let Reason::Auth(AuthFault::Exchange(error)) = reason(&mut script) else { panic!() };
    assert_eq!(error, SaslError::OfferChanged);
    assert!(!script.take_sent().contains("<response"), "no proof is sent");

    // What it has offered indeed.
    let (mut script, first) = started(scram());
    let server = Server::first(&account, first.as_bytes(), "alice", None, "server-nonce");
    let same = format!("{},h={OFFERED}", server.challenge);
    script.receive(sasl("challenge", &same));
    assert!(script.take_sent().contains("<response"));
}

/// By Python's hashlib: SHA-256 of [`OFFER`].
const OFFERED: &str = "J++Diu+JubnE6dLVvZjjI5KHnheOLsUSQWiw/prdbAA=";
