use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use crate::jid::Prepared;
use crate::jid::prepare::{self, Rules};
use crate::jid::{Jid, JidError, MAX_PART_LEN, Part};

/// The text of the address that both ways in make of `text`.
fn prepared(text: &str) -> String {
    let jid = Jid::new(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert!(jid.is_prepared());
    let wire = Jid::from_wire(text).unwrap();
    assert!(wire.is_prepared());
    assert_eq!(wire, jid);
    assert_eq!(Jid::new(jid.as_str()).as_ref(), Ok(&jid), "preparing again changes nothing");
    jid.to_string()
}

/// The error for `text`, which is kept verbatim where a peer sends it.
fn refused(text: &str) -> JidError {
    let wire = Jid::from_wire(text).unwrap();
    assert_eq!(wire.as_str(), text);
    assert!(!wire.is_prepared());
    Jid::new(text).unwrap_err()
}

fn forbidden(part: Part, found: char, offset: usize) -> JidError {
    JidError::ForbiddenChar { part, found, offset }
}

#[test]
fn rfc7622_3_5_valid_examples() {
    for (text, expected) in [
        ("fussball@example.com", "fussball@example.com"),
        ("fußball@example.com", "fußball@example.com"),
        ("π@example.com", "π@example.com"),
        ("Σ@example.com/foo", "σ@example.com/foo"),
        ("σ@example.com/foo", "σ@example.com/foo"),
        ("ς@example.com/foo", "ς@example.com/foo"),
        ("king@example.com/♚", "king@example.com/♚"),
    ] {
        assert_eq!(prepared(text), expected);
    }
}

#[test]
fn rfc7622_3_5_invalid_examples() {
    assert_eq!(refused("henry\u{2163}@example.com"), forbidden(Part::Local, '\u{2163}', 5));
    assert_eq!(refused("♚@example.com"), forbidden(Part::Local, '♚', 0));
}

#[test]
fn rfc8265_3_3_local_part_is_mapped() {
    for (text, expected) in [
        ("ＪＵＬＩＥＴ＿１@b", "juliet_1@b"),
        ("\u{FF76}\u{FF9E}@b", "ガ@b"),
        ("A\u{30A}@b", "å@b"),
        ("ÅÄÖ@b", "åäö@b"),
        // Case mapping gives two characters, which no precomposed one stands for.
        ("\u{130}@b", "i\u{307}@b"),
        ("Дмитрий@b", "дмитрий@b"),
        ("日本@b", "日本@b"),
        ("שלום@b", "שלום@b"),
        ("l·l@b", "l·l@b"),
    ] {
        assert_eq!(prepared(text), expected);
    }
}

#[test]
fn rfc7622_3_3_1_exclusions_come_after_mapping() {
    for found in "＂＆＇／：＜＞＠".chars() {
        assert_eq!(refused(&format!("x{found}y@example.com")), forbidden(Part::Local, found, 1));
    }
    // Before it, they are excluded whatever they would compose to.
    for text in ["a<\u{338}@b", "é\u{22}@b"] {
        assert!(Jid::new(text).is_err());
        assert!(Jid::from_wire(text).is_err());
    }
}

#[test]
fn rfc8264_4_2_characters_that_local_parts_do_not_have() {
    for (text, found, offset) in [
        ("a\u{A0}b@c", '\u{A0}', 1),
        ("é♥@c", '♥', 2),
        ("a\u{200B}@c", '\u{200B}', 1),
        ("\u{2126}@c", '\u{2126}', 0),
        ("ﬁ@c", 'ﬁ', 0),
        ("a\u{200D}b@c", '\u{200D}', 1),
        ("a·b@c", '·', 1),
        ("\u{1100}@c", '\u{1100}', 0),
        ("🤖@c", '🤖', 0),
        ("\u{E000}@c", '\u{E000}', 0),
    ] {
        assert_eq!(refused(text), forbidden(Part::Local, found, offset), "{text}");
    }
}

#[test]
fn rfc5893_2_directions_do_not_mix_in_local_parts() {
    let error = JidError::NoPreparedForm { part: Part::Local, offset: 0 };
    for text in ["aא@b", "אa@b", "1א@b", "א1٢@b"] {
        assert_eq!(refused(text), error, "{text}");
    }
    assert_eq!(prepared("א1@b"), "א1@b");
    assert!(error.to_string().starts_with("not a valid address: the local part at byte 0"));
    // A dot that wants neighbours.
    assert_eq!(refused("·@b"), error);
}

#[test]
fn rfc8265_4_2_resource_is_mapped() {
    for (text, expected) in [
        ("a@b/A\u{A0}B\u{3000}", "a@b/A B "),
        ("a@b/A\u{30A}", "a@b/\u{C5}"),
        ("a@b/ＡⅨ①", "a@b/ＡⅨ①"),
        ("a@b/ÄÖ @/", "a@b/ÄÖ @/"),
        ("a@b/aא1", "a@b/aא1"),
    ] {
        assert_eq!(prepared(text), expected);
    }
}

#[test]
fn rfc8264_4_3_characters_that_resources_do_not_have() {
    for (text, found, offset) in [
        ("a@b/é\u{80}", '\u{80}', 6),
        ("a@b/\u{200B}", '\u{200B}', 4),
        ("a@b/\u{E000}", '\u{E000}', 4),
        ("a@b/\u{FFFE}", '\u{FFFE}', 4),
        ("a@b/\u{1F468}\u{200D}\u{1F469}", '\u{200D}', 8),
        ("a@b/❤\u{FE0F}", '\u{FE0F}', 7),
        ("a@b/x\u{180F}", '\u{180F}', 5),
        ("a@b/\u{378}", '\u{378}', 4),
    ] {
        assert_eq!(refused(text), forbidden(Part::Resource, found, offset), "{text}");
    }
}

#[test]
fn characters_newer_than_the_tables_are_classed_by_their_category() {
    for found in ['🤖', '🧵', '🫠', '\u{20BE}'] {
        let text = format!("a@b/x{found}");
        assert_eq!(prepared(&text), text);
        assert_eq!(refused(&format!("x{found}@b")), forbidden(Part::Local, found, 1));
    }
    // An ideograph of Unicode 8.0, a capital letter of Unicode 9.0 that goes from right to left.
    assert_eq!(prepared("\u{2B820}@\u{2B820}.example"), "\u{2B820}@\u{2B820}.example");
    assert_eq!(prepared("\u{1E900}@b"), "\u{1E922}@b");
    assert_eq!(refused("a\u{1E900}@b"), JidError::NoPreparedForm { part: Part::Local, offset: 0 });
    // Beside them the rules of context hold as ever.
    assert_eq!(prepared("a@b/🤖l·l"), "a@b/🤖l·l");
    assert_eq!(refused("a@b/l·🤖"), forbidden(Part::Resource, '·', 5));
}

#[test]
fn rfc7622_3_2_domains_are_u_labels() {
    for (text, expected) in [
        ("bücher.example", "bücher.example"),
        ("BÜCHER.Example", "bücher.example"),
        ("bu\u{308}cher.example", "bücher.example"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("XN--BCHER-KVA.example.", "bücher.example"),
        ("straße.example", "straße.example"),
        ("xn--strae-oqa.example", "straße.example"),
        ("ＥＸＡＭＰＬＥ.com", "example.com"),
        ("例え。テスト", "例え.テスト"),
        ("例え．テスト｡", "例え.テスト"),
        ("a@bücher.example./r", "a@bücher.example/r"),
        ("r3--sn-x.bücher.example", "r3--sn-x.bücher.example"),
        ("مثال.إختبار", "مثال.إختبار"),
        ("１２７.0.0.1", "127.0.0.1"),
    ] {
        assert_eq!(prepared(text), expected);
    }
}

#[test]
fn rfc7622_3_2_only_a_dot_that_was_written_is_stripped() {
    // A soft hyphen disappears, and with it the last label.
    assert_eq!(refused("a@b.\u{AD}"), JidError::BadLabel { offset: 4 });
    for text in ["a@b.\u{AD}", "a@b.\u{AD}."] {
        let jid = Jid::from_wire(text).unwrap();
        assert_eq!((jid.as_str(), jid.is_prepared()), ("a@b.\u{AD}", false));
    }
}

#[test]
fn rfc5890_2_3_2_1_dns_and_tls_have_the_encoded_form() {
    for (text, expected) in [
        ("a@bücher.example/r", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("a@example.com", "example.com"),
        ("a@[::1]", "[::1]"),
    ] {
        let jid = Jid::new(text).unwrap();
        assert_eq!(jid.ascii_domain(), expected);
        let encoded = Jid::from_parts(jid.local(), &jid.ascii_domain(), jid.resource());
        assert_eq!(encoded, Ok(jid));
    }
    // One that has none stays as it is.
    assert_eq!(Jid::from_wire("a@ü_b").unwrap().ascii_domain(), "ü_b");
}

#[test]
fn rfc5891_4_2_labels_that_are_not_valid() {
    for (text, offset) in [
        ("a@i♥.example", 2),
        ("a@ok.i♥.example", 5),
        ("a@日本。i♥", 11),
        ("a@xn--a.example", 2),
        ("a@ok.xn--zzzzzz99999.example", 5),
        ("a@ab--ü.example", 2),
        ("a@\u{300}a.example", 2),
        ("a@a\u{200D}b.example", 2),
        ("a@אa.example", 2),
        ("a@ab.c·d.example", 5),
        // The A-label of a symbol.
        ("a@xn--i-7iq.example", 2),
    ] {
        assert_eq!(refused(text), JidError::BadLabel { offset }, "{text}");
    }
    assert_eq!(refused("a@ü_b.example"), forbidden(Part::Domain, '_', 4));
    // Empty labels and hyphens at the edges are faults of structure.
    for (text, offset) in [("a@ä..b", 5), ("a@ä。。b", 7), ("a@ä。.", 7)] {
        assert_eq!(Jid::new(text), Err(JidError::BadLabel { offset }), "{text}");
    }
    assert_eq!(Jid::from_wire("a@ä..b"), Err(JidError::BadLabel { offset: 5 }));
    assert_eq!(Jid::from_wire("a@ä。."), Err(JidError::BadLabel { offset: 7 }));
    assert_eq!(refused("a@ä-.b"), JidError::BadLabel { offset: 2 });
    // A fullwidth character must not bring in what separates the parts.
    for text in ["a@ex／ample", "a@ex＠ample", "a@［1］"] {
        assert_eq!(refused(text), JidError::BadLabel { offset: 2 });
    }
}

#[test]
fn rfc5890_2_3_2_1_limits_are_those_of_the_encoded_form() {
    // 59 letters encode into fewer than 63 characters, though they have 118 bytes.
    let label = "ü".repeat(50);
    assert_eq!(prepared(&format!("a@{label}.example")), format!("a@{label}.example"));
    let long = "ü".repeat(70);
    assert_eq!(refused(&format!("a@b.{long}")), JidError::BadLabel { offset: 4 });
    let name = ["ü".repeat(50), "ö".repeat(50), "ä".repeat(50), "é".repeat(50), "è".repeat(50)];
    match refused(&format!("a@{}", name.join("."))) {
        JidError::TooLong { part: Part::Domain, len, max: 253 } => assert!(len > 253),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rfc7622_3_limits_are_those_of_the_prepared_form() {
    // Three bytes become one.
    let wide = "ａ".repeat(MAX_PART_LEN);
    assert_eq!(prepared(&format!("{wide}@b")).len(), MAX_PART_LEN + 2);
    let wide = "ａ".repeat(MAX_PART_LEN + 1);
    let len = MAX_PART_LEN + 1;
    let error = JidError::TooLong { part: Part::Local, len, max: MAX_PART_LEN };
    assert_eq!(Jid::new(&format!("{wide}@b")), Err(error));
    assert!(matches!(
        Jid::from_wire(&format!("{wide}@b")),
        Err(JidError::TooLong { part: Part::Local, .. })
    ));
    let long = "é".repeat(MAX_PART_LEN / 2 + 1);
    let error = JidError::TooLong { part: Part::Resource, len, max: MAX_PART_LEN };
    assert_eq!(Jid::new(&format!("a@b/{long}")), Err(error));
    assert_eq!(Jid::from_wire(&format!("a@b/{long}")), Err(error));
    // What cannot be prepared has no other form that might fit.
    let unprepared = "♥".repeat(MAX_PART_LEN);
    assert!(matches!(
        Jid::from_wire(&format!("{unprepared}@b")),
        Err(JidError::TooLong { part: Part::Local, .. })
    ));
}

#[test]
fn what_cannot_be_prepared_is_compared_by_its_bytes() {
    let upper = Jid::from_wire("Ä♥@b").unwrap();
    assert_ne!(upper, Jid::from_wire("ä♥@b").unwrap());
    assert_eq!(upper, Jid::from_wire("Ä♥@b").unwrap());
    // The other parts are prepared all the same.
    let mixed = Jid::from_wire("Ä♥@BÜCHER.example/A\u{30A}").unwrap();
    assert_eq!(mixed.as_str(), "Ä♥@bücher.example/\u{C5}");
    assert!(!mixed.is_prepared());
    assert!(Jid::from_wire("Ä@b/\u{200B}").unwrap().to_bare().is_prepared());
    let full = upper.to_bare().with_resource("É").unwrap();
    assert_eq!(full.as_str(), "Ä♥@b/É");
    assert!(!full.is_prepared());
}

#[test]
fn a_part_that_changes_but_keeps_its_size_is_not_taken_from_the_source() {
    let jid = Jid::new("Ä@b/c").unwrap();
    assert_eq!(jid.as_str(), "ä@b/c");
    assert_eq!((jid.local(), jid.domain(), jid.resource()), (Some("ä"), "b", Some("c")));
    let jid = Jid::from_parts(Some("Ä"), "xn--4ca", Some("A\u{30A}")).unwrap();
    assert_eq!((jid.local(), jid.domain(), jid.resource()), (Some("ä"), "ä", Some("\u{C5}")));
}

/// Pieces that the rules treat differently.
fn near_unicode() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "B",
        "1",
        "-",
        "--",
        ".",
        "@",
        "/",
        " ",
        "_",
        "xn--",
        "xn--bcher-kva",
        "ß",
        "Σ",
        "ς",
        "İ",
        "ı",
        "K",
        "Ä",
        "\u{308}",
        "\u{301}",
        "\u{345}",
        "ﬁ",
        "Ⅸ",
        "①",
        "א",
        "ب",
        "٢",
        "۲",
        "·",
        "l",
        "カ",
        "ｶ",
        "ﾞ",
        "\u{3099}",
        "・",
        "。",
        "．",
        "｡",
        "Ａ",
        "＠",
        "／",
        "＜",
        "｀",
        "\u{A0}",
        "\u{3000}",
        "\u{200B}",
        "\u{200C}",
        "\u{200D}",
        "\u{94D}",
        "क",
        "\u{1100}",
        "\u{1161}",
        "가",
        "♥",
        "🤖",
        "\u{FE0F}",
        "\u{1E900}",
        "\u{2B820}",
        "\u{0}",
        "\u{85}",
        "\u{E000}",
        "\u{10FFFF}",
        "\u{1F80}",
        "\u{1FBC}",
        "\u{3D2}",
        "\u{3D3}",
        "ǅ",
        "ʼn",
        "\u{340}",
        "\u{387}",
        "\u{37E}",
        "\u{212B}",
    ];
    let piece = prop_oneof![
        12 => proptest::sample::select(Vec::from(pieces)).prop_map(String::from),
        2 => any::<char>().prop_map(String::from),
        2 => "\\p{L}".prop_map(String::from),
        1 => "\\p{M}".prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 2048, ..ProptestConfig::default()
    })]

    #[test]
    fn preparing_is_total_and_idempotent(
        local in proptest::option::of(near_unicode()),
        domain in prop_oneof![Just(String::from("b")), near_unicode()],
        resource in proptest::option::of(near_unicode()),
    ) {
        let mut text = String::new();
        if let Some(local) = local {
            text += &local;
            text.push('@');
        }
        text += &domain;
        if let Some(resource) = resource {
            text.push('/');
            text += &resource;
        }
        if let Ok(jid) = Jid::new(&text) {
            prop_assert!(jid.is_prepared());
            let again = Jid::new(jid.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&jid));
            let again = again.unwrap();
            prop_assert_eq!(again.local(), jid.local());
            prop_assert_eq!(again.domain(), jid.domain());
            prop_assert_eq!(Jid::from_wire(&text), Ok(jid));
        }
        if let Ok(jid) = Jid::from_wire(&text) {
            prop_assert_eq!(Jid::new(jid.as_str()) == Ok(jid.clone()), jid.is_prepared());
            let again = Jid::from_wire(jid.as_str()).unwrap();
            prop_assert_eq!(again.is_prepared(), jid.is_prepared());
            prop_assert_eq!(again, jid);
        }
    }

    #[test]
    fn faults_point_into_the_text(text in near_unicode(), at in 0..3_usize) {
        let text = ["{}", "{}@b", "a@b/{}"][at].replace("{}", &text);
        if let Err(error) = Jid::new(&text) {
            if let Some(offset) = error.offset() {
                prop_assert!(text.is_char_boundary(offset), "{error:?}");
            }
            if let JidError::ForbiddenChar { found, offset, .. } = error {
                prop_assert_eq!(text[offset..].chars().next(), Some(found));
            }
        }
    }

    /// The short way for ASCII and the profiles come to the same.
    #[test]
    fn ascii_is_prepared_as_by_the_profiles(text in "[\\x00-\\x7f]{1,9}|[ -~]{1,12}|[a-zA-Z0-9.-]{1,20}") {
        let lower = |part: Prepared<'_>| {
            let mut text = String::new();
            part.push_to(&mut text);
            text
        };
        let short = prepare::local(&text, 0, Rules::Strict).map(lower).ok();
        prop_assert_eq!(super::local(&text, 0).ok().map(String::from), short);
        let short = prepare::resource(&text, 0, Rules::Strict).map(lower).ok();
        prop_assert_eq!(super::resource(&text, 0).ok().map(String::from), short);
        if !text.contains('[') && !text.to_ascii_lowercase().contains("xn--") {
            let short = prepare::domain(&text, 0, Rules::Strict).map(lower).ok();
            prop_assert_eq!(super::domain(&text, 0).ok().map(String::from), short);
        }
    }
}
