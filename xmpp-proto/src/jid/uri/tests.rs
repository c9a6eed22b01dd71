use alloc::format;
use alloc::string::ToString;

use proptest::prelude::*;

use super::*;
use crate::jid::{Part, escape_local};

fn parse(text: &str) -> XmppUri {
    XmppUri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn jid(text: &str) -> Jid {
    Jid::new(text).unwrap()
}

/// Authority, path, action, parameters and fragment, as text.
fn shown(text: &str) -> String {
    let uri = parse(text);
    let jid = |jid: Option<&Jid>| jid.map_or("-", Jid::as_str).to_string();
    let mut words = Vec::from([jid(uri.authority().map(|it| &**it)), jid(uri.jid())]);
    words.push(uri.action().unwrap_or("-").into());
    words.extend(uri.params().map(|(key, value)| format!("{key}={value}")));
    words.extend(uri.fragment().map(|it| format!("#{it}")));
    words.join(" ")
}

fn error(text: &str) -> UriError {
    XmppUri::parse(text).expect_err(text)
}

#[test]
fn rfc5122_2_examples_are_read_and_written_back() {
    // RFC 5122 §2.2 to §2.7; RFC 6121 §9.
    for (text, expected) in [
        ("xmpp:node@example.com", "- node@example.com -"),
        ("xmpp://guest@example.com", "guest@example.com - -"),
        ("xmpp:guest@example.com", "- guest@example.com -"),
        (
            "xmpp://guest@example.com/support@example.com?message",
            "guest@example.com support@example.com message",
        ),
        ("xmpp:support@example.com?message", "- support@example.com message"),
        (
            "xmpp:example-node@example.com/some-resource",
            "- example-node@example.com/some-resource -",
        ),
        ("xmpp:example.com", "- example.com -"),
        (
            "xmpp:example-node@example.com?message;subject=Hello%20World",
            "- example-node@example.com message subject=Hello World",
        ),
        (
            "xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com",
            r"- nasty!#$%()*+,-.;=?[\]^_`{|}~node@example.com -",
        ),
        (
            "xmpp:node@example.com/repulsive%20!%23%22$%25&'()*+,-.%2F:;%3C=%3E%3F%40%5B%5C%5D%5E_\
             %60%7B%7C%7D~resource",
            "- node@example.com/repulsive !#\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~resource -",
        ),
    ] {
        assert_eq!(shown(text), expected);
        assert_eq!(parse(text).to_string(), text);
    }
}

#[test]
#[cfg(feature = "unicode")]
fn rfc5122_2_7_2_addresses_beyond_ascii() {
    let uri = "xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze";
    assert_eq!(parse(uri).jid(), Some(&jid("jiři@čechy.example/v Praze")));
    assert_eq!(parse(uri).to_string(), uri);
    // RFC 5122 §2.8.2: as an IRI, it means the same.
    assert_eq!(parse("xmpp:jiři@čechy.example/v%20Praze"), parse(uri));
}

#[test]
#[cfg(not(feature = "unicode"))]
fn addresses_beyond_ascii_need_the_tables() {
    for text in ["xmpp:ji%C5%99i@example.org", "xmpp:jiři@example.org"] {
        let found = JidError::NeedsUnicode { part: Part::Local, found: 'ř', offset: 2 };
        assert_eq!(error(text), UriError::Address { offset: 5, error: found });
    }
}

#[test]
fn xep0147_2_actions_and_their_parameters() {
    for (text, expected) in [
        (
            "xmpp:romeo@montague.net?message;subject=Test%20Message;body=Here%27s%20a%20test",
            "- romeo@montague.net message subject=Test Message body=Here's a test",
        ),
        (
            "xmpp:romeo@montague.net?roster;name=Romeo%20Montague;group=Friends",
            "- romeo@montague.net roster name=Romeo Montague group=Friends",
        ),
        ("xmpp:romeo@montague.net?subscribe", "- romeo@montague.net subscribe"),
    ] {
        assert_eq!(shown(text), expected);
        assert_eq!(parse(text).to_string(), text);
    }
    let uri = parse("xmpp:a@example.org?message;body=1;body=2;Body=3");
    assert_eq!(
        (uri.param("body"), uri.param("Body"), uri.param("to")),
        (Some("1"), Some("3"), None)
    );
}

#[test]
fn escapes_of_a_local_part_and_of_a_uri_are_two_things() {
    // RFC 5122 §2.7.2, XEP-0106.
    let local = escape_local("d'artagnan").unwrap();
    let uri = XmppUri::new(Jid::from_parts(Some(&local), "example.org", None).unwrap());
    assert_eq!(uri.to_string(), "xmpp:d%5C27artagnan@example.org");
    assert_eq!(parse("xmpp:d%5C27artagnan@example.org"), uri);
}

#[test]
fn what_is_escaped_separates_nothing() {
    for (text, expected) in [
        ("xmpp:a@example.org/b%2Fc%40d%3Fe%23f", "- a@example.org/b/c@d?e#f -"),
        ("xmpp:a@example.org?b;c%3Bd=e%3Df%26", "- a@example.org b c;d=e=f&"),
        ("xmpp:a@example.org?b%3Bc#d%3F", "- a@example.org b;c #d?"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn what_others_write_is_read() {
    for (text, expected) in [
        ("XMPP:a@example.org", "- a@example.org -"),
        // What does not separate where it stands.
        ("xmpp:a@example.org/b/c@d", "- a@example.org/b/c@d -"),
        ("xmpp:a@example.org?b;c=d=e/f?g'h", "- a@example.org b c=d=e/f?g'h"),
        ("xmpp:a@example.org?b;c=\u{e9}\u{1f600}", "- a@example.org b c=\u{e9}\u{1f600}"),
        // Parts that are missing.
        ("xmpp://example.org", "example.org - -"),
        ("xmpp://a@example.org/", "a@example.org - -"),
        ("xmpp:a@example.org?", "- a@example.org -"),
        ("xmpp:a@example.org?b;c", "- a@example.org b c="),
        ("xmpp:a@example.org?b;;c=d;", "- a@example.org b c=d"),
        ("xmpp:a@example.org?sid-1=ab;sid-2=cd", "- a@example.org - sid-1=ab sid-2=cd"),
        ("xmpp:a@example.org?;sid-1=ab", "- a@example.org - sid-1=ab"),
        ("xmpp:a@example.org#", "- a@example.org - #"),
        // It is no place for a port.
        ("xmpp:a@[2001:db8::1]/x", "- a@[2001:db8::1]/x -"),
    ] {
        assert_eq!(shown(text), expected);
        assert_eq!(shown(&parse(text).to_string()), expected);
    }
}

#[test]
fn a_link_is_built() {
    let account: BareJid = "guest@example.org".parse().unwrap();
    let uri = XmppUri::new(jid("a@example.org/b c"))
        .with_authority(account.clone())
        .with_action("message")
        .with_param("body", "50% off & more;\n=é")
        .with_fragment("x y");
    let text = "xmpp://guest@example.org/a@example.org/b%20c?message;body=50%25%20off%20%26%20more\
                %3B%0A%3D%C3%A9#x%20y";
    assert_eq!(uri.to_string(), text);
    assert_eq!(parse(text), uri);
    assert_eq!(XmppUri::of_account(account).to_string(), "xmpp://guest@example.org");
    assert_eq!(XmppUri::from(jid("a@example.org")).with_action("").action(), None);
}

#[test]
fn each_fault_is_named_with_its_place() {
    let forbidden = |found, offset| UriError::ForbiddenChar { found, offset };
    let address = |offset, error| UriError::Address { offset, error };
    for (text, expected) in [
        ("", UriError::NotXmpp),
        ("a@example.org", UriError::NotXmpp),
        ("xmpps:a@example.org", UriError::NotXmpp),
        (" xmpp:a@example.org", UriError::NotXmpp),
        ("xmpp:", address(5, JidError::Empty { part: Part::Domain, offset: 0 })),
        ("xmpp:?join", address(5, JidError::Empty { part: Part::Domain, offset: 0 })),
        ("xmpp:///a@b", address(7, JidError::Empty { part: Part::Domain, offset: 0 })),
        ("xmpp:@b", address(5, JidError::Empty { part: Part::Local, offset: 0 })),
        ("xmpp:a@b/", address(5, JidError::Empty { part: Part::Resource, offset: 0 })),
        (
            "xmpp://g@b/a%20c@b",
            address(11, JidError::ForbiddenChar { part: Part::Local, found: ' ', offset: 1 }),
        ),
        (
            "xmpp:a@b%2Fc",
            address(5, JidError::ForbiddenChar { part: Part::Domain, found: '/', offset: 1 }),
        ),
        ("xmpp:a@b c", forbidden(' ', 8)),
        ("xmpp:a@b?c;d=<", forbidden('<', 13)),
        ("xmpp:a@b?c\n", forbidden('\n', 10)),
        ("xmpp:a@b?c\u{85}", forbidden('\u{85}', 10)),
        ("xmpp:a@b?c%", UriError::BadEscape { offset: 10 }),
        ("xmpp:a@b?c%4", UriError::BadEscape { offset: 10 }),
        ("xmpp:a@b?c%4\u{e9}", UriError::BadEscape { offset: 10 }),
        ("xmpp:a@b?c;%zz=", UriError::BadEscape { offset: 11 }),
        ("xmpp:a@b?c;d=%C3", UriError::NotUtf8 { offset: 13 }),
        ("xmpp:a@b?c;%FF=d", UriError::NotUtf8 { offset: 11 }),
        ("xmpp:%C0%80@b", UriError::NotUtf8 { offset: 5 }),
        ("xmpp:a@b#%ED%A0%80", UriError::NotUtf8 { offset: 9 }),
    ] {
        assert_eq!(error(text), expected, "{text:?}");
    }
    // In RFC 5122, `node` is the local part, which no NUL gets into, escaped or not.
    assert!(matches!(error("xmpp:a%00@b"), UriError::Address { .. }));
    let text = error("xmpp:a@b?c%").to_string();
    assert_eq!(text, "not a valid XMPP URI: the `%` at byte 10 needs two hexadecimal digits");
}

#[test]
fn sizes_and_numbers_are_bounded() {
    let start = "xmpp:a@example.org?b;c=";
    let most = format!("{start}{}", "d".repeat(MAX_URI_LEN - start.len()));
    assert_eq!(parse(&most).param("c").map(str::len), Some(MAX_URI_LEN - start.len()));
    let len = MAX_URI_LEN + 1;
    assert_eq!(error(&(most + "d")), UriError::TooLong { len, max: MAX_URI_LEN });

    let most = format!("xmpp:a@example.org?b{}", ";c=d".repeat(MAX_URI_PARAMS));
    assert_eq!(parse(&most).params().count(), MAX_URI_PARAMS);
    let offset = most.len() + 1;
    let max = MAX_URI_PARAMS;
    assert_eq!(error(&(most + ";e")), UriError::TooManyParams { max, offset });
}

fn addresses() -> impl Strategy<Value = Jid> {
    let local = proptest::option::of("[!#-%(-.0-9;=?A-Z\\[-~]{1,8}");
    let resource = proptest::option::of("[ -~]{1,8}");
    let domain = proptest::sample::select(&["example.org", "127.0.0.1", "[2001:db8::1]"][..]);
    (local, domain, resource).prop_map(|(local, domain, resource)| {
        Jid::from_parts(local.as_deref(), domain, resource.as_deref()).unwrap()
    })
}

fn uris() -> impl Strategy<Value = XmppUri> {
    let params = proptest::collection::vec((any::<String>(), any::<String>()), 0..4);
    let other = || proptest::option::of(any::<String>());
    (addresses(), proptest::option::of(addresses()), other(), params, other()).prop_map(
        |(jid, account, action, params, fragment)| {
            let mut uri = XmppUri::new(jid).with_action(action.unwrap_or_default());
            uri.authority = account.map(|it| it.to_bare());
            uri.params = params;
            uri.fragment = fragment;
            uri
        },
    )
}

/// Near enough to links that what follows the scheme is looked at.
fn near_uris() -> impl Strategy<Value = String> {
    let pieces = [
        "xmpp:", "//", "/", "@", "?", ";", "=", "#", "%", "%C3", "%A9", "a", "b.c", "[", "é", "\0",
    ];
    proptest::collection::vec(proptest::sample::select(Vec::from(pieces)), 0..16)
        .prop_map(|pieces| format!("xmpp:{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // RFC 5122 §2.2.
    #[test]
    fn what_is_written_is_read_back(uri in uris()) {
        let text = uri.to_string();
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        prop_assert!(is_plain, "{}", text);
        prop_assert_eq!(XmppUri::parse(&text), Ok(uri));
    }

    #[test]
    fn whatever_is_read_means_the_same_when_written(
        text in prop_oneof![near_uris(), any::<String>(), any::<String>().prop_map(|it| format!("xmpp:{it}"))]
    ) {
        match XmppUri::parse(&text) {
            Ok(uri) => {
                let written = uri.to_string();
                prop_assert_eq!(XmppUri::parse(&written), Ok(uri));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
