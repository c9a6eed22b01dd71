use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::jid::Jid;

fn escaped(text: &str) -> Cow<'_, str> {
    escape_local(text).expect("no space at the ends")
}

/// `text` escapes to `wire`, which is a local part and unescapes to `text`.
fn pair(text: &str, wire: &str) {
    assert_eq!(escaped(text), wire);
    assert_eq!(unescape_local(wire), text);
    let jid = Jid::from_parts(Some(wire), "example.com", None).expect("a valid local part");
    assert!(jid.local().is_some_and(|local| local.eq_ignore_ascii_case(wire)));
}

#[test]
fn xep0106_3_each_character_has_its_escape() {
    for (found, wire) in [
        (' ', r"a\20b"),
        ('"', r"a\22b"),
        ('&', r"a\26b"),
        ('\'', r"a\27b"),
        ('/', r"a\2fb"),
        (':', r"a\3ab"),
        ('<', r"a\3cb"),
        ('>', r"a\3eb"),
        ('@', r"a\40b"),
    ] {
        pair(&String::from_iter(['a', found, 'b']), wire);
    }
    assert_eq!(unescape_local(r"a\5cb"), r"a\b");
}

#[test]
fn xep0106_4_1_no_space_at_the_ends() {
    assert_eq!(escape_local(" a"), Err(EscapeError { offset: 0 }));
    assert_eq!(escape_local(" "), Err(EscapeError { offset: 0 }));
    assert_eq!(escape_local("a b "), Err(EscapeError { offset: 3 }));
    for text in [r"\20a", r"a\20", r"\20"] {
        assert_eq!(unescape_local(text), text);
    }
    assert_eq!(unescape_local(r"\20\20\20"), r"\20 \20");
}

#[test]
fn xep0106_4_2_what_looks_like_an_escape_is_escaped() {
    pair(r"\3and\2is\5cool", r"\5c3and\2is\5c5cool");
    pair(r"\27", r"\5c27");
    pair(r"\5c", r"\5c5c");
    pair(r"\5c27", r"\5c5c27");
}

#[test]
fn xep0106_4_3_other_sequences_are_left_alone() {
    for text in
        [r"\2plus\2is\4", r"foo\bar", r"foob\41r", r"a\", r"\\", r"\2", r"\2F", r"\5C", r"\é"]
    {
        assert!(matches!(escaped(text), Cow::Borrowed(same) if same == text));
        assert_eq!(unescape_local(text), text);
    }
    pair(r"c:\5commas", r"c\3a\5c5commas");
}

#[test]
fn xep0106_5_1_table_of_addresses() {
    for (input, wire) in [
        ("space cadet", r"space\20cadet"),
        (r#"call me "ishmael""#, r"call\20me\20\22ishmael\22"),
        ("at&t guy", r"at\26t\20guy"),
        ("d'artagnan", r"d\27artagnan"),
        ("/.fanboy", r"\2f.fanboy"),
        ("::foo::", r"\3a\3afoo\3a\3a"),
        ("<foo>", r"\3cfoo\3e"),
        ("user@host", r"user\40host"),
        (r"c:\net", r"c\3a\net"),
        (r"c:\\net", r"c\3a\\net"),
        (r"c:\cool stuff", r"c\3a\cool\20stuff"),
        (r"c:\5commas", r"c\3a\5c5commas"),
    ] {
        pair(input, wire);
    }
}

#[test]
fn xep0106_5_addresses_of_other_networks() {
    for (input, wire) in [
        ("here's_a_wild_&_/cr%zy/_address", r"here\27s_a_wild_\26_\2fcr%zy\2f_address"),
        (
            r#"here's_a_wild_&_/cr%zy/_address_for:<wv>("IMPS")"#,
            r"here\27s_a_wild_\26_\2fcr%zy\2f_address_for\3a\3cwv\3e(\22IMPS\22)",
        ),
        (
            r"CN=D'Artagnan Saint-Andr\E9,O=Example & Company, Inc.,DC=example,DC=com",
            r"CN=D\27Artagnan\20Saint-Andr\E9,O=Example\20\26\20Company,\20Inc.,DC=example,DC=com",
        ),
        (r#"somenick!user"&'/:<>\3address"#, r"somenick!user\22\26\27\2f\3a\3c\3e\5c3address"),
    ] {
        pair(input, wire);
    }
}

fn near_escapes() -> impl Strategy<Value = String> {
    let pieces = ["\\", "2", "0", "5", "c", "7", "f", " ", "'", "@", "é", "\\20", "\\5c", "\\27"];
    proptest::collection::vec(proptest::sample::select(Vec::from(pieces)), 0..12)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unescaping_undoes_escaping(text in prop_oneof![near_escapes(), any::<String>()]) {
        match escape_local(&text) {
            Ok(wire) => {
                prop_assert!(!wire.contains([' ', '"', '&', '\'', '/', ':', '<', '>', '@']));
                prop_assert_eq!(unescape_local(&wire), &*text);
            }
            Err(EscapeError { offset }) => {
                prop_assert!(text[offset..].starts_with(' '));
                prop_assert!(offset == 0 || offset + 1 == text.len());
            }
        }
        // Of any text, escaped or not, something is left.
        prop_assert_eq!(unescape_local(&text).is_empty(), text.is_empty());
    }
}
