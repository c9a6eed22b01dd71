//! The exchange with an honest server, by the examples of the RFCs.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;

use super::{answer, assert_over, begin, respond, unbound};
use crate::rng::{Rng, Seed};
use crate::sasl::{
    Credentials, Exchange, Known, Mechanism, MessageFault, Progress, SaslError, ScramLimits,
};

struct Example {
    mechanism: Mechanism,
    nonce: &'static str,
    client_first: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

const RFC_5802: Example = Example {
    mechanism: Mechanism::ScramSha1,
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    client_first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,\
                   p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
};

const RFC_7677: Example = Example {
    mechanism: Mechanism::ScramSha256,
    nonce: "rOprNGfwEbeRWgbNEkqO",
    client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                   s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                   p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

/// The example up to the client's proof.
fn prove(example: &Example, limits: &ScramLimits) -> (Exchange, usize) {
    let mut exchange = begin(example.mechanism, "pencil", limits, example.nonce);
    let first = exchange.initial_response().expect("the client begins");
    assert_eq!(*first, example.client_first.as_bytes());
    assert!(exchange.initial_response().is_none(), "it begins once");
    let progress = exchange.handle_challenge(example.server_first.as_bytes()).expect("good");
    assert!(matches!(progress, Progress::Work));
    let (response, slices) = respond(&mut exchange, progress).expect("only work is left");
    assert_eq!(response, example.client_final.as_bytes());
    (exchange, slices)
}

#[test]
fn rfc_5802_section_5_signature_with_success() {
    let (mut exchange, _) = prove(&RFC_5802, &ScramLimits::default());
    assert_eq!(exchange.handle_success(Some(RFC_5802.server_final.as_bytes())), Ok(()));
    assert_over(&mut exchange);
}

#[test]
fn rfc_7677_section_3_signature_with_success() {
    let (mut exchange, _) = prove(&RFC_7677, &ScramLimits::default());
    assert_eq!(exchange.handle_success(Some(RFC_7677.server_final.as_bytes())), Ok(()));
    assert_over(&mut exchange);
}

#[test]
fn signature_in_a_challenge_gets_an_empty_response() {
    for example in [RFC_5802, RFC_7677] {
        for success in [None, Some(&b""[..])] {
            let (mut exchange, _) = prove(&example, &ScramLimits::default());
            assert_eq!(answer(&mut exchange, example.server_final).as_deref(), Ok(""));
            assert_eq!(exchange.handle_success(success), Ok(()));
            assert_over(&mut exchange);
        }
    }
}

#[test]
fn nothing_more_may_follow_a_signature_in_a_challenge() {
    let (mut exchange, _) = prove(&RFC_5802, &ScramLimits::default());
    answer(&mut exchange, RFC_5802.server_final).expect("the signature is right");
    let fault = SaslError::BadMessage { what: MessageFault::UnexpectedData };
    assert_eq!(exchange.handle_success(Some(RFC_5802.server_final.as_bytes())), Err(fault));
    assert_over(&mut exchange);

    let (mut exchange, _) = prove(&RFC_5802, &ScramLimits::default());
    answer(&mut exchange, RFC_5802.server_final).expect("the signature is right");
    let again = answer(&mut exchange, RFC_5802.server_final);
    assert_eq!(again, Err(SaslError::UnexpectedChallenge));
    assert_over(&mut exchange);
}

#[test]
fn the_signature_may_have_extensions_after_it() {
    let (mut exchange, _) = prove(&RFC_5802, &ScramLimits::default());
    let message = format!("{},x=1,Y=a=b", RFC_5802.server_final);
    assert_eq!(exchange.handle_success(Some(message.as_bytes())), Ok(()));
}

#[test]
fn slices_of_any_size_give_the_same_proof() {
    // The first of the 4096 iterations comes with the challenge.
    for (work_slice, slices) in
        [(1, 4095), (2, 2048), (1000, 5), (4094, 2), (4095, 1), (4096, 1), (u32::MAX, 1), (0, 4095)]
    {
        let limits = ScramLimits { work_slice, ..ScramLimits::default() };
        for example in [RFC_5802, RFC_7677] {
            assert_eq!(prove(&example, &limits).1, slices, "slices of {work_slice}");
        }
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    let limits = ScramLimits {
        min_iterations: 4096,
        max_iterations: 4096,
        salt_bytes: 12,
        nonce_bytes: "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j".len(),
        message_bytes: RFC_5802.server_first.len(),
        ..ScramLimits::default()
    };
    prove(&RFC_5802, &limits);
}

#[test]
fn a_single_iteration_is_computed_if_the_limits_allow_it() {
    let limits = ScramLimits { min_iterations: 1, ..ScramLimits::default() };
    let mut exchange = begin(Mechanism::ScramSha1, "pencil", &limits, "abc");
    exchange.initial_response().expect("the client begins");
    let progress = exchange.handle_challenge(b"r=abcd,s=QSXCR+Q6sek8bf92,i=1").expect("good");
    let (_, slices) = respond(&mut exchange, progress).expect("only work is left");
    assert_eq!(slices, 1);
}

#[test]
fn extensions_after_the_iterations_are_ignored_and_signed() {
    // RFC 5802 §5.1: unknown optional extensions are ignored, but part of what is signed.
    let mut responses = BTreeSet::new();
    for extensions in ["", ",x=1", ",x=2", ",d=abc,Z=\u{e9}", ",x==,x=="] {
        let mut exchange = begin(Mechanism::ScramSha1, "pencil", &ScramLimits::default(), "abc");
        exchange.initial_response().expect("the client begins");
        let challenge = format!("r=abcd,s=QSXCR+Q6sek8bf92,i=4096{extensions}");
        let response = answer(&mut exchange, &challenge).expect("a good challenge");
        assert!(responses.insert(response), "the proof depends on {extensions:?}");
    }
}

#[test]
fn names_are_escaped_and_the_authzid_is_bound() {
    let credentials = Credentials::new("a=b,c", "pencil").with_authzid("x,y=z@example.org");
    let limits = ScramLimits::default();
    let mut exchange = Exchange::with_nonce(
        unbound(Mechanism::ScramSha256),
        &credentials,
        &limits,
        Known::default(),
        "abc".into(),
    )
    .expect("the credentials are good");
    let first = exchange.initial_response().expect("the client begins");
    assert_eq!(*first, b"n,a=x=2Cy=3Dz@example.org,n=a=3Db=2Cc,r=abc");
    let last = answer(&mut exchange, "r=abcd,s=QSXCR+Q6sek8bf92,i=4096").expect("good");
    // The header in base64, computed apart.
    assert!(last.starts_with("c=bixhPXg9MkN5PTNEekBleGFtcGxlLm9yZyw=,r=abcd,p="), "{last}");
}

#[test]
fn nonces_are_long_printable_and_new_each_time() {
    let mut rng = Rng::new(Seed::new([1; 32]));
    let credentials = Credentials::new("user", "pencil");
    let mut nonces = BTreeSet::new();
    for _ in 0..100 {
        let choice = unbound(Mechanism::ScramSha1);
        let mut exchange = Exchange::start(
            choice,
            &credentials,
            &ScramLimits::default(),
            Known::default(),
            &mut rng,
        )
        .expect("the credentials are good");
        let first = exchange.initial_response().expect("the client begins");
        let first = String::from_utf8(first.to_vec()).expect("SCRAM is text");
        let nonce = first.strip_prefix("n,,n=user,r=").expect("the nonce comes last");
        assert_eq!(nonce.len(), 32, "24 bytes in base64");
        assert!(nonce.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
        assert!(nonces.insert(String::from(nonce)));
    }
}
