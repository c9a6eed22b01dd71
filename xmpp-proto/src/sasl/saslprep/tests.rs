use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::rng::{Rng, Seed};
use crate::sasl::tests::unbound;
use crate::sasl::{Credentials, Exchange, Field, Known, Mechanism, SaslError, ScramLimits};

#[test]
fn rfc4013_3_examples() {
    for (text, expected) in [
        ("I\u{AD}X", Ok("IX")),
        ("user", Ok("user")),
        ("USER", Ok("USER")),
        ("\u{AA}", Ok("a")),
        ("\u{2168}", Ok("IX")),
        ("\u{7}", Err(Fault::Control(7))),
        ("\u{627}\u{31}", Err(Fault::Directions)),
    ] {
        assert_eq!(prepare(text).as_deref(), expected.as_deref(), "{text:?}");
    }
}

#[test]
fn rfc4013_2_1_mapping() {
    for (text, expected) in [
        ("a\u{A0}b\u{3000}c\u{2003}d", "a b c d"),
        ("a\u{200D}\u{FE0F}\u{2060}\u{FEFF}b", "ab"),
        ("\u{AD}", ""),
    ] {
        assert_eq!(prepare(text).as_deref(), Ok(expected));
    }
}

#[test]
fn rfc4013_2_2_normalization() {
    for (text, expected) in
        [("e\u{301}", "é"), ("ﬁ①Ｋ", "fi1K"), ("p\u{2075}", "p5"), ("ß", "ß"), ("Ä", "Ä")]
    {
        assert_eq!(prepare(text).as_deref(), Ok(expected));
    }
}

#[test]
fn rfc4013_2_3_prohibited_output() {
    // One of each table from C.2.2 to C.9.
    for found in
        "\u{80}\u{2028}\u{E000}\u{FDD0}\u{FFFD}\u{2FF0}\u{340}\u{200E}\u{E0001}\u{E0041}".chars()
    {
        let text = String::from_iter(['a', found, 'b']);
        // U+0340 becomes another character before the check.
        let expected = if found == '\u{340}' { Ok(()) } else { Err(Fault::Prohibited) };
        assert_eq!(prepare(&text).map(drop), expected, "{found:?}");
    }
    for code in (0..b' ').chain([0x7f]) {
        let text = String::from_iter(['é', char::from(code)]);
        assert_eq!(prepare(&text), Err(Fault::Control(code)));
    }
}

#[test]
fn rfc3454_6_directions() {
    assert_eq!(prepare("\u{5D0}1\u{5D1}").as_deref(), Ok("\u{5D0}1\u{5D1}"));
    for text in ["\u{5D0}a\u{5D1}", "\u{5D0}1", "1\u{5D0}", "a\u{5D0}"] {
        assert_eq!(prepare(text), Err(Fault::Directions));
    }
}

#[test]
fn rfc4013_2_5_characters_newer_than_unicode_3_2_are_allowed() {
    for text in ["\u{1F511}", "\u{1E900}\u{1E901}", "\u{1F916}\u{20BE}"] {
        assert_eq!(prepare(text).as_deref(), Ok(text));
    }
}

fn first_message(mechanism: Mechanism, credentials: &Credentials) -> Result<Vec<u8>, SaslError> {
    let mut rng = Rng::new(Seed::new([1; 32]));
    let mut exchange = Exchange::start(
        unbound(mechanism),
        credentials,
        &ScramLimits::default(),
        Known::default(),
        &mut rng,
    )?;
    Ok(exchange.initial_response().expect("the client begins").to_vec())
}

#[test]
fn rfc4616_2_plain_sends_prepared_texts() {
    let credentials = Credentials::new("\u{2168}", "p\u{AD}e\u{301}").with_authzid("ｂ@c");
    let message = first_message(Mechanism::Plain, &credentials);
    assert_eq!(message.as_deref(), Ok("b@c\0IX\0pé".as_bytes()));
}

#[test]
fn rfc5802_5_1_scram_sends_the_prepared_user_name() {
    let credentials = Credentials::new("\u{AA}é", "secret").with_authzid("ｂ@c");
    let message = first_message(Mechanism::ScramSha256, &credentials).unwrap();
    let message = String::from_utf8(message).unwrap();
    assert!(message.starts_with("n,a=b@c,n=aé,r="), "{message}");
    // Escapes come after preparation: U+FF1D becomes an equals sign, U+FF0C a comma.
    let credentials = Credentials::new("a\u{FF1D}\u{FF0C}", "secret");
    let message = first_message(Mechanism::ScramSha256, &credentials).unwrap();
    let message = String::from_utf8(message).unwrap();
    assert!(message.starts_with("n,,n=a=3D=2C,r="), "{message}");
}

#[test]
fn what_cannot_be_prepared_is_refused_by_name() {
    type Make = fn(Field) -> SaslError;
    let unpreparable: Make = |what| SaslError::Unpreparable { what };
    let empty: Make = |what| SaslError::Empty { what };
    let control: Make = |what| SaslError::ControlCharacter { what, code: 0 };
    for (text, error) in [
        ("\u{E000}", unpreparable),
        ("\u{627}1", unpreparable),
        ("\u{AD}", empty),
        ("é\0", control),
    ] {
        for (what, credentials) in [
            (Field::Username, Credentials::new(text, "secret")),
            (Field::Password, Credentials::new("user", text)),
            (Field::Authzid, Credentials::new("user", "secret").with_authzid(text)),
        ] {
            for mechanism in [Mechanism::Plain, Mechanism::ScramSha1] {
                assert_eq!(first_message(mechanism, &credentials), Err(error(what)), "{text:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_prohibited_comes_out(text in any::<String>()) {
        if let Ok(prepared) = prepare(&text) {
            prop_assert!(!prepared.contains(is_prohibited));
            prop_assert!(!prepared.contains(|found: char| found.is_ascii_control()));
            prop_assert_eq!(prepared.capacity(), prepared.len());
        }
    }

    #[test]
    fn printable_ascii_is_its_own_prepared_form(text in "[ -~]{0,20}") {
        prop_assert_eq!(prepare(&text), Ok(text));
    }

    /// Where the crate's own function has an answer, so have we, and the same.
    #[test]
    fn agrees_with_the_crates_profile(text in "\\PC{0,6}") {
        if let Ok(expected) = stringprep::saslprep(&text) {
            prop_assert_eq!(prepare(&text), Ok(expected.into_owned()));
        }
    }
}
