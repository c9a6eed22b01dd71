//! Hashed tokens (draft-schmaus-kitten-sasl-ht) with vectors computed apart from this code, and the
//! token as a value.

use alloc::format;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::assert_over;
use crate::sasl::binding::ChannelData;
use crate::sasl::{
    Credentials, Exchange, FastToken, Field, Known, Mechanism, SaslError, ScramLimits, TokenError,
};

const SECRET: &str = "secret-token:fast-Oeie4nmlUoLEDCr1JxkF";
const EXPORTER: &[u8] = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\
    \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";
const END_POINT: &[u8] = b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1\xf0\
    \xef\xee\xed\xec\xeb\xea\xe9\xe8\xe7\xe6\xe5\xe4\xe3\xe2\xe1\xe0";
const CHANNEL: ChannelData<'static> =
    ChannelData { tls_exporter: Some(EXPORTER), tls_server_end_point: Some(END_POINT) };

/// Mechanism, initial response, and what the server answers: by Python's `hmac` and `hashlib`.
const VECTORS: [(Mechanism, &str, &str); 3] = [
    (
        Mechanism::HtSha256None,
        "cm9tZW8AHaAm/i2xl+YbnO39QO4xmGLEUX75VScc5rWsJWMt5wQ=",
        "jI0LHKFOjfhWh0NqQANnzUgLN8WhjVFL5Lg9GRyWei4=",
    ),
    (
        Mechanism::HtSha256Expr,
        "cm9tZW8AjmYA7zPh/R1FlfHVgpe4GR4B+Yb6Bk2oO3rZUN0UXY0=",
        "PcLgD7CCdUVn0eHdq2PFDix4Atvec7JV+4lccOTD/6U=",
    ),
    (
        Mechanism::HtSha256Endp,
        "cm9tZW8AkNZp5J9JV0LVNl5op+3eTHUXQSO/QEEhs1XM5qNR7O8=",
        "hX+5ULO6/GBhxg+feOuEGJuZxtablF/cgyiOWwNWDVI=",
    ),
];

fn token(mechanism: Mechanism) -> FastToken {
    let account = "romeo@example.org".parse().expect("an address");
    FastToken::new(account, mechanism, SECRET, "2026-12-01T00:00:00Z").expect("a token")
}

/// An exchange whose initial response was taken.
fn begun(mechanism: Mechanism) -> Exchange {
    let mut exchange = Exchange::with_token(&token(mechanism), CHANNEL).expect("bound");
    exchange.initial_response().expect("it begins");
    exchange
}

fn answer(at: usize) -> alloc::vec::Vec<u8> {
    BASE64.decode(VECTORS[at].2).expect("base64")
}

#[test]
fn a_hashed_token_is_proved_and_answered_as_in_the_vectors() {
    for (at, (mechanism, response, _)) in VECTORS.into_iter().enumerate() {
        let mut exchange = Exchange::with_token(&token(mechanism), CHANNEL).expect("bound");
        // draft-schmaus-kitten-sasl-ht-09 §3.1: authcid NUL HMAC(token, "Initiator" || cb-data)
        let first = exchange.initial_response().expect("it begins");
        assert_eq!(BASE64.encode(&*first), response);
        assert!(exchange.initial_response().is_none(), "it begins once");
        // §3.3: HMAC(token, "Responder" || cb-data)
        assert_eq!(exchange.handle_success(Some(&answer(at))), Ok(()));
        assert!(exchange.take_salted().is_none());
        assert_over(&mut exchange);
    }
}

#[test]
fn success_without_the_answer_of_who_has_the_token_is_none() {
    let right = answer(0);
    let mut changed = right.clone();
    changed[31] ^= 1;
    let initiator = BASE64.decode(VECTORS[0].1).expect("base64")[6..].to_vec();
    let faults = [
        (None, SaslError::NoSignature),
        (Some(&b""[..]), SaslError::NoSignature),
        (Some(&changed), SaslError::WrongSignature),
        (Some(&right[..31]), SaslError::WrongSignature),
        // What the client said itself, sent back.
        (Some(&initiator), SaslError::WrongSignature),
    ];
    for (data, fault) in faults {
        let mut exchange = begun(Mechanism::HtSha256None);
        assert_eq!(exchange.handle_success(data), Err(fault));
        assert_over(&mut exchange);
    }
    // The answer for another channel: somebody sits between two of them.
    let mut exchange = begun(Mechanism::HtSha256Expr);
    assert_eq!(exchange.handle_success(Some(&right)), Err(SaslError::WrongSignature));
}

#[test]
fn a_hashed_token_has_one_message() {
    let mut exchange = begun(Mechanism::HtSha256None);
    let error = exchange.handle_challenge(&answer(0)).expect_err("there is no challenge");
    assert_eq!(error, SaslError::UnexpectedChallenge);
    assert_over(&mut exchange);

    let mut early = Exchange::with_token(&token(Mechanism::HtSha256None), CHANNEL).expect("good");
    assert_eq!(early.handle_success(Some(&answer(0))), Err(SaslError::UnexpectedSuccess));
    assert_over(&mut early);
}

#[test]
fn a_bound_token_needs_the_channel_that_it_is_bound_to() {
    let nothing = ChannelData::default();
    for mechanism in [Mechanism::HtSha256Expr, Mechanism::HtSha256Endp] {
        assert!(Exchange::with_token(&token(mechanism), nothing).is_err());
    }
    assert!(Exchange::with_token(&token(Mechanism::HtSha256None), nothing).is_ok());
}

#[test]
fn credentials_alone_begin_no_exchange_with_a_token() {
    let credentials = Credentials::new("romeo", "pencil");
    for (mechanism, ..) in VECTORS {
        assert!(!credentials.suit(mechanism));
        let limits = ScramLimits::default();
        let choice = super::unbound(mechanism);
        let error =
            Exchange::with_nonce(choice, &credentials, &limits, Known::default(), "abc".into());
        let fault = SaslError::Missing { what: Field::Token };
        assert_eq!(error.expect_err("no token"), fault);
    }
}

#[test]
fn a_token_says_what_is_wrong_with_it() {
    let account = || "romeo@example.org".parse().expect("an address");
    let none = Mechanism::HtSha256None;
    let long = "x".repeat(FastToken::SECRET_BYTES + 1);
    let error = |token: Result<FastToken, TokenError>| token.expect_err("no token");
    let scram = FastToken::new(account(), Mechanism::ScramSha1, SECRET, "");
    assert_eq!(error(scram), TokenError::Mechanism(Mechanism::ScramSha1));
    let domain = "example.org".parse().expect("an address");
    assert_eq!(error(FastToken::new(domain, none, SECRET, "")), TokenError::Account);
    assert_eq!(error(FastToken::new(account(), none, "", "")), TokenError::Secret);
    assert_eq!(error(FastToken::new(account(), none, &*long, "")), TokenError::Secret);
    let expiry = "x".repeat(FastToken::EXPIRY_BYTES + 1);
    assert_eq!(error(FastToken::new(account(), none, SECRET, expiry)), TokenError::Expiry);
}

#[test]
fn a_token_counts_its_uses_and_does_not_show_its_secret() {
    let mut token = token(Mechanism::HtSha256Expr);
    assert_eq!(token.count(), 0);
    // XEP-0484 §3.4: a positive integer that goes up with every attempt.
    assert_eq!((token.count_use(), token.count_use(), token.count()), (1, 2, 2));
    let shown = format!("{token:?}");
    assert!(!shown.contains("Oeie") && shown.contains("romeo@example.org"), "{shown}");
}

#[cfg(feature = "serde")]
mod stored {
    use super::*;

    const STORED: &str = r#"{"version":1,"account":"romeo@example.org","mechanism":"HT-SHA-256-EXPR","secret":"secret-token:fast-Oeie4nmlUoLEDCr1JxkF","expiry":"2026-12-01T00:00:00Z","count":7}"#;

    #[test]
    fn a_token_survives_a_process_and_keeps_its_count() {
        let mut kept = token(Mechanism::HtSha256Expr);
        for _ in 0..7 {
            kept.count_use();
        }
        assert_eq!(serde_json::to_string(&kept).expect("a token"), STORED);
        let mut loaded: FastToken = serde_json::from_str(STORED).expect("a token");
        assert_eq!(loaded.account(), kept.account());
        assert_eq!(loaded.mechanism(), kept.mechanism());
        assert_eq!(loaded.secret().expose(), SECRET);
        assert_eq!(loaded.expiry(), kept.expiry());
        assert_eq!(loaded.count_use(), 8);
    }

    #[test]
    fn what_is_loaded_is_checked() {
        for (good, bad) in [
            ("\"version\":1", "\"version\":2"),
            ("\"version\":1,", ""),
            ("romeo@example.org", "example.org"),
            ("romeo@example.org", "romeo@example.org/orchard"),
            ("romeo@example.org", "@"),
            ("HT-SHA-256-EXPR", "SCRAM-SHA-1"),
            ("HT-SHA-256-EXPR", "HT-SHA-256-UNIQ"),
            ("secret-token:fast-Oeie4nmlUoLEDCr1JxkF", ""),
            (":7", ":-1"),
            (":7", ":4294967296"),
            (":7", ":7,\"more\":0"),
        ] {
            assert!(STORED.contains(good));
            let text = STORED.replace(good, bad);
            let error = serde_json::from_str::<FastToken>(&text).expect_err(&text);
            assert!(!format!("{error:?} {error}").contains("Oeie"), "{error}");
        }
    }
}
