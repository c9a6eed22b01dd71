//! The hash of the offer in SCRAM (XEP-0474).

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::{assert_over, unbound};
use crate::sasl::downgrade::Offered;
use crate::sasl::{
    Credentials, Exchange, Known, Mechanism, MessageFault, Progress, SaslError, ScramLimits,
};

const FIRST: &str = "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096";
/// XEP-0474 §6.3.
const EXAMPLE: &str = "G6k/rBLDqgOhRRaCuuatSDFkJ08=";

fn example() -> Offered {
    Offered::new(
        vec!["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"],
        Some(vec!["tls-server-end-point", "tls-exporter"]),
    )
}

/// What the client makes of a first message, having seen this offer.
fn first(offered: Option<Offered>, message: &str) -> Result<Progress, SaslError> {
    let credentials = Credentials::new("user", "pencil");
    let known = Known { offered, salted: None };
    let (choice, limits) = (unbound(Mechanism::ScramSha1), ScramLimits::default());
    let mut exchange = Exchange::with_nonce(choice, &credentials, &limits, known, "abc".into())
        .expect("good credentials");
    exchange.initial_response().expect("the client begins");
    let progress = exchange.handle_challenge(message.as_bytes());
    if progress.is_err() {
        assert_over(&mut exchange);
    }
    progress
}

fn with(attribute: &str) -> alloc::string::String {
    format!("{FIRST},h={attribute}")
}

#[test]
fn xep0474_6_3_the_example_has_this_hash() {
    assert!(matches!(first(Some(example()), &with(EXAMPLE)), Ok(Progress::Work)));
    // The order in which it was offered does not matter.
    let turned = Offered::new(
        vec!["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"],
        Some(vec!["tls-exporter", "tls-server-end-point"]),
    );
    assert!(matches!(first(Some(turned), &with(EXAMPLE)), Ok(Progress::Work)));
}

#[cfg(feature = "server")]
#[test]
fn xep0474_6_1_the_hash_is_that_of_the_mechanism() {
    use crate::sasl::ScramHash;

    // By Python's hashlib.
    assert_eq!(example().attribute(ScramHash::Sha1), EXAMPLE);
    let sha256 = "H6VEQ+6wl/eYKuTjJn4D9/e9GTn1AcYGw/oiSJ3Yhy0=";
    assert_eq!(example().attribute(ScramHash::Sha256), sha256);
    let sha512 =
        "Q1q0WwH927l2RRoYIMiDY0g7R21hTZK+bfBgkhqek9JSTfIzUlnUZQRB2A6lZL3ER7ZMWRRdQzEJKVH671Bh0g==";
    assert_eq!(example().attribute(ScramHash::Sha512), sha512);
    let alone = Offered::new(vec!["SCRAM-SHA-256"], None);
    let alone = alone.attribute(ScramHash::Sha256);
    assert_eq!(alone, "5IlFKz4VKe4+I01or1SYZH07/h8E/JKh4/0iRkqB2IY=");
}

#[test]
fn xep0474_6_2_a_changed_offer_ends_the_login_before_the_proof() {
    let mechanisms = || vec!["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"];
    let bindings = || vec!["tls-exporter", "tls-server-end-point"];
    let changed: Vec<(Vec<&str>, Option<Vec<&str>>)> = vec![
        // -PLUS was taken out, a type, all types, XEP-0440 as a whole.
        (vec!["SCRAM-SHA-1"], Some(bindings())),
        (mechanisms(), Some(vec!["tls-server-end-point"])),
        (mechanisms(), Some(vec![])),
        (mechanisms(), None),
        // Something was put in.
        (vec!["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], Some(bindings())),
        // Two names were made one that is not known.
        (vec!["SCRAM-SHA-1\u{1e}SCRAM-SHA-1-PLUS"], Some(vec![])),
    ];
    for (mechanisms, bindings) in changed {
        let seen = Offered::new(mechanisms, bindings);
        let error = first(Some(seen.clone()), &with(EXAMPLE)).expect_err("changed");
        assert_eq!(error, SaslError::OfferChanged, "{seen:?}");
    }
}

#[test]
fn an_absent_list_of_types_is_not_an_empty_one() {
    // By Python's hashlib: PLAIN, SCRAM-SHA-1, without and with an empty list.
    let (absent, empty) = ("Y+xk2TW25vKwG9yWicfQlsuiFQs=", "3nicoE58h1v98PiXy6ZiKrTIR6c=");
    let seen = |bindings| Some(Offered::new(vec!["SCRAM-SHA-1", "PLAIN"], bindings));
    assert!(first(seen(None), &with(absent)).is_ok());
    assert!(first(seen(Some(vec![])), &with(empty)).is_ok());
    assert_eq!(first(seen(None), &with(empty)).expect_err("changed"), SaslError::OfferChanged);
    let error = first(seen(Some(vec![])), &with(absent)).expect_err("changed");
    assert_eq!(error, SaslError::OfferChanged);
}

#[test]
fn the_hash_of_an_older_version_counts_where_it_cannot_hide_a_name() {
    // By Python's hashlib: `SCRAM-SHA-1,SCRAM-SHA-1-PLUS|tls-exporter`.
    let old = "GWzHtJKhd3QFW88oDt4vNr7ionc=";
    let honest = Offered::new(vec!["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], Some(vec!["tls-exporter"]));
    assert!(first(Some(honest), &with(old)).is_ok());
    // The same bytes, but -PLUS is hidden in a name that nobody knows.
    let hidden = Offered::new(vec!["SCRAM-SHA-1,SCRAM-SHA-1-PLUS"], Some(vec!["tls-exporter"]));
    let error = first(Some(hidden), &with(old)).expect_err("changed");
    assert_eq!(error, SaslError::OfferChanged);
    let hidden = Offered::new(vec!["SCRAM-SHA-1,SCRAM-SHA-1-PLUS|tls-exporter"], None);
    let error = first(Some(hidden), &with(old)).expect_err("changed");
    assert_eq!(error, SaslError::OfferChanged);
}

#[test]
fn what_is_no_hash_covers_nothing() {
    for attribute in ["x", "====", "G6k/rBLDqgOhRRaCuuatSDFkJ08", "AA=="] {
        let error = first(Some(example()), &with(attribute)).expect_err(attribute);
        assert_eq!(error, SaslError::OfferChanged, "{attribute}");
    }
    let error = first(Some(example()), &with("")).expect_err("empty");
    assert_eq!(error, SaslError::BadMessage { what: MessageFault::Syntax });
    let error = first(Some(example()), &format!("{FIRST},h={EXAMPLE},h={EXAMPLE}"));
    let twice = SaslError::BadMessage { what: MessageFault::Misplaced { attribute: 'h' } };
    assert_eq!(error.expect_err("twice"), twice);
}

#[test]
fn other_attributes_are_no_matter() {
    // RFC 5802 §5.1: unknown optional extensions are ignored, before it and behind it.
    let message = format!("{FIRST},d=abc,h={EXAMPLE},x=1,Z==");
    assert!(matches!(first(Some(example()), &message), Ok(Progress::Work)));
    // A server that does not protect its offer, and a client that has not seen one.
    assert!(first(Some(example()), FIRST).is_ok());
    assert!(first(None, &with(EXAMPLE)).is_ok());
}
