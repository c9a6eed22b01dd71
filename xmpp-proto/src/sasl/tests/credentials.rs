use alloc::format;
use alloc::string::{String, ToString};

use crate::rng::{Rng, Seed};
use crate::sasl::{
    Credentials, Exchange, Field, Known, Mechanism, MessageFault, SaslError, ScramLimits, Secret,
};

fn start(mechanism: Mechanism, credentials: &Credentials) -> Result<Exchange, SaslError> {
    let mut rng = Rng::new(Seed::new([1; 32]));
    Exchange::start(
        super::unbound(mechanism),
        credentials,
        &ScramLimits::default(),
        Known::default(),
        &mut rng,
    )
}

fn plain(credentials: &Credentials) -> Exchange {
    let mut exchange = start(Mechanism::Plain, credentials).expect("the credentials are good");
    assert!(exchange.initial_response().is_some());
    exchange
}

#[test]
fn plain_is_three_texts_separated_by_nul() {
    // RFC 4616 §4.
    let tim = Credentials::new("tim", "tanstaaftanstaaf");
    let mut exchange = start(Mechanism::Plain, &tim).expect("the credentials are good");
    let message = exchange.initial_response().expect("the client begins");
    assert_eq!(*message, b"\0tim\0tanstaaftanstaaf");
    assert!(exchange.initial_response().is_none(), "it begins once");
    assert_eq!(exchange.handle_success(None), Ok(()));
    super::assert_over(&mut exchange);

    let kurt = Credentials::new("Kurt", "xipj3plmq").with_authzid("Ursel");
    let mut exchange = start(Mechanism::Plain, &kurt).expect("the credentials are good");
    assert_eq!(*exchange.initial_response().expect("the client begins"), b"Ursel\0Kurt\0xipj3plmq");
}

#[test]
fn plain_needs_no_escapes() {
    let credentials = Credentials::new("a=b,c", " ~,=");
    let mut exchange = start(Mechanism::Plain, &credentials).expect("the credentials are good");
    assert_eq!(*exchange.initial_response().expect("the client begins"), b"\0a=b,c\0 ~,=");
}

#[test]
fn plain_has_no_challenge_no_work_and_no_data_with_success() {
    let tim = Credentials::new("tim", "tanstaaftanstaaf");
    let mut exchange = plain(&tim);
    assert_eq!(exchange.handle_challenge(b"").unwrap_err(), SaslError::UnexpectedChallenge);
    super::assert_over(&mut exchange);

    let mut exchange = plain(&tim);
    assert_eq!(exchange.work().unwrap_err(), SaslError::OutOfTurn);
    super::assert_over(&mut exchange);

    let mut exchange = plain(&tim);
    let fault = SaslError::BadMessage { what: MessageFault::UnexpectedData };
    assert_eq!(exchange.handle_success(Some(b"x")), Err(fault));
    super::assert_over(&mut exchange);

    let mut exchange = start(Mechanism::Plain, &tim).expect("the credentials are good");
    assert_eq!(exchange.handle_success(None), Err(SaslError::UnexpectedSuccess));
    super::assert_over(&mut exchange);
}

/// The error for credentials with `text` as each of their parts in turn.
fn refused(text: &str, error: impl Fn(Field) -> SaslError) {
    for &mechanism in Mechanism::DEFAULT {
        for (what, credentials) in [
            (Field::Username, Credentials::new(text, "secret")),
            (Field::Password, Credentials::new("user", text)),
            (Field::Authzid, Credentials::new("user", "secret").with_authzid(text)),
        ] {
            let refused = start(mechanism, &credentials).expect_err("must be refused");
            assert_eq!(refused, error(what), "{mechanism}: {text:?}");
        }
    }
}

#[test]
fn nul_and_other_control_characters_are_refused() {
    for code in (0..b' ').chain([0x7f]) {
        let error = |what| SaslError::ControlCharacter { what, code };
        refused(&format!("se{}cret", char::from(code)), error);
        refused(&String::from(char::from(code)), error);
    }
}

#[cfg(not(feature = "unicode"))]
#[test]
fn texts_that_need_unicode_preparation_are_refused() {
    for text in ["\u{e9}", "sé", "пароль", "\u{a0}", "a\u{ad}", "\u{1f600}"] {
        refused(text, |what| SaslError::NonAscii { what });
    }
}

#[test]
fn empty_texts_are_refused() {
    refused("", |what| SaslError::Empty { what });
}

#[test]
fn every_printable_ascii_character_is_allowed() {
    let text: String = (' '..='~').collect();
    let credentials = Credentials::new(&*text, &*text).with_authzid(&*text);
    for &mechanism in Mechanism::DEFAULT {
        assert!(start(mechanism, &credentials).is_ok());
    }
}

#[test]
fn secrets_are_not_printed() {
    let secret = Secret::from("pencil");
    assert_eq!(secret.expose(), "pencil");
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    let credentials = Credentials::new("user", secret.clone()).with_authzid("other");
    let printed = format!("{credentials:?} {:#?}", credentials.clone());
    assert!(printed.contains("user") && printed.contains("other"));
    assert!(!printed.contains("pencil"));

    for &mechanism in Mechanism::DEFAULT {
        let mut exchange = start(mechanism, &credentials).expect("the credentials are good");
        let _ = exchange.initial_response();
        assert_eq!(format!("{exchange:?}"), format!("Exchange {{ mechanism: {mechanism:?}, .. }}"));
    }
}

#[test]
fn errors_about_credentials_do_not_repeat_them() {
    let error = start(Mechanism::Plain, &Credentials::new("user", "hunter2\n"))
        .expect_err("a password with a line feed");
    let printed = format!("{error} {error:?}");
    assert!(printed.contains("password has the control character U+000A"), "{printed}");
    assert!(!printed.contains("hunter2"));
}

#[test]
fn mechanisms_go_by_their_registered_names() {
    for &mechanism in Mechanism::ALL {
        assert_eq!(Mechanism::from_name(mechanism.name()), Some(mechanism));
        assert_eq!(mechanism.to_string(), mechanism.name());
    }
    for name in ["", "plain", "SCRAM-SHA-1-PLUS ", "SCRAM-SHA-384", "PLAIN ", "SCRAM-SHA-2"] {
        assert_eq!(Mechanism::from_name(name), None, "{name}");
    }
}

#[test]
fn mechanisms_are_ordered_by_strength() {
    assert!(Mechanism::ALL.is_sorted_by(|a, b| a > b), "the strongest first");
    assert!(Mechanism::ScramSha256 > Mechanism::ScramSha1);
    assert!(Mechanism::ScramSha1 > Mechanism::Plain);
    assert!(Mechanism::ScramSha1Plus > Mechanism::ScramSha512);
    assert!(Mechanism::DEFAULT.iter().all(|m| m.reveals_password() == (*m == Mechanism::Plain)));
}

#[test]
fn the_default_is_the_strongest_protection_first() {
    let names: alloc::vec::Vec<_> = Mechanism::DEFAULT.iter().map(|m| m.name()).collect();
    assert_eq!(
        names,
        [
            "SCRAM-SHA-512-PLUS",
            "SCRAM-SHA-256-PLUS",
            "SCRAM-SHA-1-PLUS",
            "SCRAM-SHA-512",
            "SCRAM-SHA-256",
            "SCRAM-SHA-1",
            "PLAIN",
        ]
    );
}

#[test]
fn a_pin_allows_nothing_weaker() {
    for &mechanism in Mechanism::DEFAULT {
        let pinned = mechanism.at_least();
        assert_eq!(pinned.last(), Some(&mechanism));
        assert_eq!(pinned, Mechanism::DEFAULT[..pinned.len()], "{mechanism}");
    }
    // These are not among what a password can do, so nothing is stronger in kind.
    for mechanism in [Mechanism::External, Mechanism::Anonymous] {
        assert_eq!(mechanism.at_least(), [mechanism]);
    }
}

#[test]
fn rfc4505_anonymous_says_nothing() {
    let mut exchange = start(Mechanism::Anonymous, &Credentials::none()).expect("needs nothing");
    assert_eq!(*exchange.initial_response().expect("the client begins"), b"");
    assert_eq!(exchange.handle_success(None), Ok(()));
    super::assert_over(&mut exchange);
    // What is there is not told.
    let known = Credentials::new("user", "secret").with_authzid("other");
    let mut exchange = start(Mechanism::Anonymous, &known).expect("needs nothing");
    assert_eq!(*exchange.initial_response().expect("the client begins"), b"");
}

#[test]
fn rfc4422_external_says_whom_to_act_as_or_nothing() {
    for (credentials, message) in [
        (Credentials::none(), ""),
        (Credentials::none().with_authzid("user@example.org"), "user@example.org"),
        (Credentials::new("user", "secret"), ""),
    ] {
        let mut exchange = start(Mechanism::External, &credentials).expect("needs nothing");
        assert_eq!(*exchange.initial_response().expect("once"), message.as_bytes());
        assert_eq!(exchange.handle_challenge(b"").unwrap_err(), SaslError::UnexpectedChallenge);
        super::assert_over(&mut exchange);
    }
}

#[test]
fn credentials_suit_what_they_have_the_proof_for() {
    let (password, none) = (Credentials::new("user", "secret"), Credentials::none());
    for &mechanism in Mechanism::DEFAULT {
        assert!(password.suit(mechanism) && !none.suit(mechanism));
        let error = SaslError::Missing { what: Field::Password };
        assert_eq!(start(mechanism, &none).expect_err("no password"), error);
    }
    for credentials in [&password, &none] {
        assert!(credentials.suit(Mechanism::External) && credentials.suit(Mechanism::Anonymous));
    }
}
