use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::hash::BuildHasher;

use proptest::prelude::*;

use super::*;

/// Seeded the same for every use, unlike the standard library's default.
fn hash(value: &impl Hash) -> u64 {
    core::hash::BuildHasherDefault::<Fnv>::default().hash_one(value)
}

struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn parts(jid: &Jid) -> (Option<&str>, &str, Option<&str>) {
    (jid.local(), jid.domain(), jid.resource())
}

#[test]
fn rfc7622_3_5_examples_that_are_ascii() {
    for (text, expected) in [
        ("juliet@example.com", (Some("juliet"), "example.com", None)),
        ("juliet@example.com/foo", (Some("juliet"), "example.com", Some("foo"))),
        ("juliet@example.com/foo bar", (Some("juliet"), "example.com", Some("foo bar"))),
        ("juliet@example.com/foo@bar", (Some("juliet"), "example.com", Some("foo@bar"))),
        ("foo\\20bar@example.com", (Some("foo\\20bar"), "example.com", None)),
        ("fussball@example.com", (Some("fussball"), "example.com", None)),
        ("example.com", (None, "example.com", None)),
        ("example.com/foobar", (None, "example.com", Some("foobar"))),
        ("a.example.com/b@example.net", (None, "a.example.com", Some("b@example.net"))),
        // In the table of what is not valid, by mistake: erratum 4560.
        ("juliet@example.com/ foo", (Some("juliet"), "example.com", Some(" foo"))),
    ] {
        for jid in [Jid::new(text).unwrap(), Jid::from_wire(text).unwrap()] {
            assert_eq!(parts(&jid), expected);
            assert_eq!(jid.as_str(), text);
            assert!(jid.is_prepared());
        }
    }
}

#[test]
fn rfc7622_3_5_strings_that_are_not_addresses() {
    for (text, error) in [
        (
            "\"juliet\"@example.com",
            JidError::ForbiddenChar { part: Part::Local, found: '"', offset: 0 },
        ),
        (
            "foo bar@example.com",
            JidError::ForbiddenChar { part: Part::Local, found: ' ', offset: 3 },
        ),
        ("@example.com/", JidError::Empty { part: Part::Local, offset: 0 }),
        ("juliet@", JidError::Empty { part: Part::Domain, offset: 7 }),
        ("/foobar", JidError::Empty { part: Part::Domain, offset: 0 }),
        ("juliet@example.com/", JidError::Empty { part: Part::Resource, offset: 19 }),
        ("", JidError::Empty { part: Part::Domain, offset: 0 }),
        (".", JidError::Empty { part: Part::Domain, offset: 0 }),
        ("a@b@c", JidError::ForbiddenChar { part: Part::Domain, found: '@', offset: 3 }),
        ("a@b c", JidError::ForbiddenChar { part: Part::Domain, found: ' ', offset: 3 }),
        ("a@b/c\nd", JidError::ForbiddenChar { part: Part::Resource, found: '\n', offset: 5 }),
        (
            "a@b/\u{7f}",
            JidError::ForbiddenChar { part: Part::Resource, found: '\u{7f}', offset: 4 },
        ),
        ("a@b..c", JidError::BadLabel { offset: 4 }),
        ("a@.b", JidError::BadLabel { offset: 2 }),
        ("a@b..", JidError::BadLabel { offset: 4 }),
    ] {
        assert_eq!(Jid::new(text), Err(error), "{text:?}");
        assert_eq!(Jid::from_wire(text), Err(error), "{text:?}");
    }
}

#[test]
fn rfc7622_3_3_1_forbidden_in_the_local_part() {
    for found in "\"&':<> \t\u{1}\u{7f}".chars() {
        let error = JidError::ForbiddenChar { part: Part::Local, found, offset: 1 };
        assert_eq!(Jid::new(&format!("x{found}y@example.com")), Err(error));
        assert_eq!(Jid::from_wire(&format!("x{found}y@example.com")), Err(error));
    }
    for allowed in "!#$%()*+,-.;=?[\\]^_`{|}~0".chars() {
        let text = format!("x{allowed}y@example.com");
        assert_eq!(Jid::new(&text).unwrap().as_str(), text);
    }
}

#[test]
fn rfc6121_9_addresses_have_no_scheme() {
    for text in ["xmpp:juliet@example.com", "xmpp://juliet@example.com", "xmpp:example.com"] {
        assert!(Jid::new(text).is_err(), "{text}");
        assert!(Jid::from_wire(text).is_err(), "{text}");
    }
}

#[test]
fn rfc7622_3_each_part_has_1_to_1023_bytes() {
    let fits = "x".repeat(MAX_PART_LEN);
    let over = "x".repeat(MAX_PART_LEN + 1);
    let long_domain = "d.".repeat(MAX_PART_LEN / 2) + "d";
    let jid = Jid::from_wire(&format!("{fits}@{long_domain}/{fits}")).unwrap();
    assert_eq!(parts(&jid), (Some(&*fits), &*long_domain, Some(&*fits)));
    assert_eq!(parts(&jid.to_bare()), (Some(&*fits), &*long_domain, None));

    let len = MAX_PART_LEN + 1;
    for (text, part) in [
        (format!("{over}@example.com"), Part::Local),
        (format!("a@{over}"), Part::Domain),
        (format!("a@example.com/{over}"), Part::Resource),
    ] {
        let error = JidError::TooLong { part, len, max: MAX_PART_LEN };
        assert_eq!(Jid::new(&text), Err(error));
        assert_eq!(Jid::from_wire(&text), Err(error));
    }
}

#[test]
fn rfc7622_3_3_local_part_is_lower_cased_and_resource_is_not() {
    let jid = Jid::new("Juliet@EXAMPLE.com/Balcony").unwrap();
    assert_eq!(jid.as_str(), "juliet@example.com/Balcony");
    assert_eq!(Jid::from_wire("Juliet@EXAMPLE.com/Balcony"), Ok(jid));
    assert_ne!(Jid::new("a@b/c").unwrap(), Jid::new("a@b/C").unwrap());
}

#[test]
fn rfc7622_3_2_final_dot_of_the_domain_is_stripped() {
    for text in ["a@example.com./r", "a@example.com/r"] {
        assert_eq!(Jid::new(text).unwrap().as_str(), "a@example.com/r");
        assert_eq!(Jid::from_wire(text).unwrap().as_str(), "a@example.com/r");
    }
}

#[test]
fn rfc7622_3_2_ip_addresses_are_domains() {
    for text in ["192.0.2.1", "a@127.0.0.1/r", "[::1]", "a@[2001:db8::7]/r", "[::ffff:192.0.2.1]"] {
        assert_eq!(Jid::new(text).unwrap().as_str(), text);
    }
    assert_eq!(Jid::new("a@[2001:DB8::7]").unwrap().domain(), "[2001:db8::7]");
    for text in ["a@[::1", "a@[]", "a@[::1]:5222", "a@[192.0.2.1]", "a@[::g]", "a@[fe80::1%eth0]"] {
        assert_eq!(Jid::new(text), Err(JidError::BadIpv6 { offset: 2 }), "{text}");
        assert_eq!(Jid::from_wire(text), Err(JidError::BadIpv6 { offset: 2 }), "{text}");
    }
    // Without brackets the colon is just not a character of names.
    assert!(Jid::new("a@::1").is_err());
}

#[test]
fn rfc5890_2_3_1_limits_of_domain_names() {
    let label = "x".repeat(63);
    assert!(Jid::new(&format!("a@{label}.example")).is_ok());
    assert_eq!(Jid::new(&format!("a@ok.{label}x.example")), Err(JidError::BadLabel { offset: 5 }));
    assert_eq!(Jid::new("a@-b.example"), Err(JidError::BadLabel { offset: 2 }));
    assert_eq!(Jid::new("a@b.c-"), Err(JidError::BadLabel { offset: 4 }));
    let name = "x.".repeat(127);
    assert_eq!(Jid::new(&name).unwrap().domain().len(), 253);
    assert_eq!(
        Jid::new(&format!("x{name}")),
        Err(JidError::TooLong { part: Part::Domain, len: 254, max: 253 })
    );
}

#[test]
fn deployed_domains_outside_the_dns_are_kept_from_the_wire_only() {
    let long = "x".repeat(64);
    let dotted = "x.".repeat(200) + "x";
    for domain in ["my_host", "-edge.example", &long, &dotted] {
        let text = format!("A@{}/r", domain.to_uppercase());
        assert!(Jid::new(&text).is_err(), "{text}");
        let jid = Jid::from_wire(&text).unwrap();
        assert_eq!(parts(&jid), (Some("a"), domain, Some("r")));
        assert!(!jid.is_prepared());
        assert!(!jid.to_bare().is_prepared());
    }
}

#[cfg(not(feature = "unicode"))]
#[test]
fn non_ascii_needs_the_feature_unicode() {
    for (text, part, found, offset) in [
        ("fußball@example.com", Part::Local, 'ß', 2),
        ("a@bücher.example", Part::Domain, 'ü', 3),
        ("a@example.com/♚", Part::Resource, '♚', 14),
    ] {
        let error = Jid::new(text).unwrap_err();
        assert_eq!(error, JidError::NeedsUnicode { part, found, offset });
        assert!(error.to_string().contains("feature `unicode`"), "{error}");
    }
}

#[cfg(not(feature = "unicode"))]
#[test]
fn non_ascii_parts_from_the_wire_are_kept_verbatim() {
    let jid = Jid::from_wire("Fußball@Example.COM/Ä b").unwrap();
    assert_eq!(parts(&jid), (Some("Fußball"), "example.com", Some("Ä b")));
    assert!(!jid.is_prepared());
    assert_ne!(jid, Jid::from_wire("fußball@Example.COM/Ä b").unwrap());
    assert_eq!(Jid::from_wire("A@BÜCHER.Example").unwrap().as_str(), "a@BÜCHER.Example");
    // The bare form of an address with only a foreign resource is known to be prepared.
    assert!(Jid::from_wire("a@b/Ä").unwrap().to_bare().is_prepared());
    assert!(!Jid::from_wire("ä@b/c").unwrap().to_bare().is_prepared());
    let full = Jid::from_wire("Ä@b").unwrap().to_bare().with_resource("c").unwrap();
    assert_eq!(full.as_str(), "Ä@b/c");
    assert!(!full.is_prepared());
    // Structural faults stay faults.
    assert_eq!(
        Jid::from_wire("ä b@c"),
        Err(JidError::ForbiddenChar { part: Part::Local, found: ' ', offset: 2 })
    );
    assert_eq!(Jid::from_wire("a@ä..b"), Err(JidError::BadLabel { offset: 5 }));
}

#[test]
fn bare_and_full_know_what_they_are() {
    assert_eq!(BareJid::new("a@b/c"), Err(JidError::HasResource { offset: 3 }));
    assert_eq!(BareJid::new("a@b./c"), Err(JidError::HasResource { offset: 4 }));
    assert_eq!(BareJid::new("a@b/c/d"), Err(JidError::HasResource { offset: 3 }));
    assert_eq!(FullJid::new("a@b"), Err(JidError::NoResource));
    assert_eq!(BareJid::from_wire("ä@b/c"), Err(JidError::HasResource { offset: 4 }));

    let bare = BareJid::new("a@b").unwrap();
    let full = bare.with_resource("c/d").unwrap();
    assert_eq!(full.resource(), "c/d");
    assert_eq!(full, Jid::new("a@b/c/d").unwrap());
    assert_eq!(full.to_bare(), bare);
    assert_eq!(Jid::from(full.clone()).try_into_bare(), Err(Jid::from(&full)));
    assert_eq!(Jid::from(bare.clone()).try_into_full(), Err(Jid::from(&bare)));
    assert_eq!(
        bare.with_resource("").unwrap_err(),
        JidError::Empty { part: Part::Resource, offset: 0 }
    );
}

#[test]
fn a_shared_buffer_does_not_show() {
    let bare = Jid::new("a@b/c").unwrap().to_bare();
    let plain = BareJid::new("a@b").unwrap();
    assert_eq!(bare, plain);
    assert_eq!(hash(&bare), hash(&plain));
    assert_eq!(bare.cmp(&plain), Ordering::Equal);
    assert_eq!(format!("{bare} {bare:?} {bare:>5}"), "a@b BareJid(\"a@b\")   a@b");
    assert_ne!(hash(&bare), hash(&BareJid::new("a@c").unwrap()));
}

#[test]
fn order_keeps_the_resources_of_an_account_together() {
    let sorted = ["b", "b/r", "a@b", "a@b/r", "a@b/s", "c@b", "a@b.c"];
    let mut jids: Vec<Jid> = sorted.iter().rev().map(|text| Jid::new(text).unwrap()).collect();
    jids.sort();
    let texts: Vec<&str> = jids.iter().map(Jid::as_str).collect();
    assert_eq!(texts, sorted);
}

#[test]
fn from_parts_cannot_smuggle_a_separator() {
    assert_eq!(
        Jid::from_parts(Some("a"), "b", Some("c/d@e")).unwrap(),
        Jid::new("a@b/c/d@e").unwrap()
    );
    for (local, domain, part) in [
        (Some("a@b"), "c", Part::Local),
        (Some("a/b"), "c", Part::Local),
        (None, "a/b", Part::Domain),
        (None, "a@b", Part::Domain),
    ] {
        let error = Jid::from_parts(local, domain, None).unwrap_err();
        assert!(matches!(error, JidError::ForbiddenChar { .. }));
        assert_eq!(error.part(), part);
        assert_eq!(error.offset(), Some(1));
    }
}

/// Addresses that are plain are taken as they are; their parts are always prepared.
#[test]
fn a_plain_address_is_what_its_parts_make() {
    let pieces = ["", "a", "A", "-", ".", "_", "@", "/", "\u{e9}", "[", "::1]", "xn--", " ", "\t"];
    for number in 0..pieces.len().pow(5) {
        let pick = |place| pieces[number / pieces.len().pow(place) % pieces.len()];
        let text: String = (0..5).map(pick).collect();
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (&*text, None),
        };
        let (local, domain) = match bare.split_once('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        match (Jid::new(&text), Jid::from_parts(local, domain, resource)) {
            (Ok(whole), Ok(joined)) => {
                assert_eq!(whole, joined);
                assert_eq!(parts(&whole), parts(&joined));
                assert_eq!(whole.is_prepared(), joined.is_prepared());
                assert_eq!(Jid::from_wire(&text), Ok(whole));
            }
            (whole, joined) => assert!(whole.is_err() && joined.is_err(), "{text}"),
        }
    }
}

#[test]
fn errors_say_which_part_why_and_where() {
    for (text, message) in [
        ("a b@c", "not a valid address: U+0020 at byte 1 is not allowed in the local part"),
        ("a@", "not a valid address: the domain at byte 2 is empty"),
        ("a@[x]", "not a valid address: the brackets at byte 2 do not hold an IPv6 address"),
    ] {
        assert_eq!(Jid::new(text).unwrap_err().to_string(), message);
    }
}

/// Strings near the grammar: what separates, what is folded, what is refused.
fn near_address() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            8 => proptest::sample::select(alloc::vec![
                "a", "B", "7", "-", "_", ".", "@", "/", " ", "[", "]", ":", "::1", "[::1]", "[2001:DB8::A]", "\u{7f}", "ß",
                "example.com", "Ω", "xn--", "&", "127.0.0.1",
            ])
            .prop_map(ToOwned::to_owned),
            1 => any::<String>(),
            1 => (1..1100_usize).prop_map(|n| "x".repeat(n)),
        ],
        0..9,
    )
    .prop_map(|pieces| pieces.concat())
}

fn ascii_address() -> impl Strategy<Value = (Option<String>, String, Option<String>)> {
    (
        proptest::option::of("[!#-%(-.0-9;=?A-Z\\[-~]{1,20}"),
        "[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]{1,5}){0,3}",
        proptest::option::of("[ -~]{1,20}"),
    )
}

fn join(local: Option<&str>, domain: &str, resource: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(local) = local {
        text += local;
        text.push('@');
    }
    text += domain;
    if let Some(resource) = resource {
        text.push('/');
        text += resource;
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn preparing_is_total_idempotent_and_round_trips(
        text in prop_oneof![near_address(), any::<String>()],
    ) {
        if let Ok(jid) = Jid::new(&text) {
            prop_assert!(jid.is_prepared());
            let text = jid.to_string();
            let again = Jid::new(&text).unwrap();
            prop_assert_eq!(&again, &jid);
            prop_assert_eq!(parts(&again), parts(&jid));
            // Both ways in agree on what the stricter one takes.
            let wire = Jid::from_wire(&text).unwrap();
            prop_assert_eq!(&wire, &jid);
            prop_assert!(wire.is_prepared());
        }
        if let Ok(jid) = Jid::from_wire(&text) {
            let again = Jid::from_wire(jid.as_str()).unwrap();
            prop_assert_eq!(parts(&again), parts(&jid));
            prop_assert_eq!(again.is_prepared(), jid.is_prepared());
            prop_assert_eq!(Jid::new(jid.as_str()) == Ok(jid.clone()), jid.is_prepared());
            prop_assert_eq!(join(jid.local(), jid.domain(), jid.resource()), jid.as_str());
        }
    }

    #[test]
    fn faults_point_at_the_character(text in near_address()) {
        if let Err(
            JidError::ForbiddenChar { found, offset, .. }
            | JidError::NeedsUnicode { found, offset, .. },
        ) = Jid::new(&text)
        {
            prop_assert_eq!(text[offset..].chars().next(), Some(found));
        }
    }

    #[test]
    fn case_variants_are_equal((local, domain, resource) in ascii_address()) {
        let text = join(local.as_deref(), &domain, resource.as_deref());
        let jid = Jid::new(&text).unwrap();
        let upper = local.map(|local| local.to_ascii_uppercase());
        let variant =
            join(upper.as_deref(), &domain.to_ascii_uppercase(), resource.as_deref());
        let variant = Jid::new(&variant).unwrap();
        prop_assert_eq!(&variant, &jid);
        prop_assert_eq!(hash(&variant), hash(&jid));
        prop_assert_eq!(jid.resource(), resource.as_deref());
    }
}
