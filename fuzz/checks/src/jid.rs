//! Addresses: whatever the text, [`Jid::new`] and [`Jid::from_wire`] give an answer, prepared
//! addresses stay as they are, their parts fit together, comparisons agree, and escaping can be
//! undone.
//!
//! An input is text. Its first line is compared with the second.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use jid::{NodeRef, ResourceRef};
use xmpp_proto::jid::{
    BareJid, FullJid, Jid, JidError, MAX_PART_LEN, Part, escape_local, unescape_local,
};

/// The check of this module.
///
/// # Panics
/// If one of the promises of [`xmpp_proto::jid`] is broken.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    escaping(&text);
    address(&text);
    let Some((one, rest)) = text.split_once('\n') else { return };
    let other = rest.lines().next().unwrap_or_default();
    address(one);
    address(other);
    if let (Ok(one), Ok(other)) = (Jid::from_wire(one), Jid::from_wire(other)) {
        comparison(&one, &other);
    }
}

/// A text as an address, by both ways in.
fn address(text: &str) {
    let (strict, tolerant) = (Jid::new(text), Jid::from_wire(text));
    match &strict {
        Ok(jid) => {
            assert_eq!(tolerant.as_ref(), Ok(jid), "what is prepared is tolerated: {text:?}");
            assert!(jid.is_prepared());
            prepared(jid);
        }
        Err(error) => explained(error, text),
    }
    match &tolerant {
        Ok(jid) => {
            parts(jid);
            let again = Jid::from_wire(jid.as_str());
            assert_eq!(again.as_ref(), Ok(jid), "a received address stays as it is: {text:?}");
            assert_eq!(again.as_ref().map(Jid::is_prepared), Ok(jid.is_prepared()));
            let is_fixed = Jid::new(jid.as_str()).is_ok_and(|new| new.as_str() == jid.as_str());
            assert_eq!(jid.is_prepared(), is_fixed, "{jid:?} of {text:?}");
            foreign(jid);
        }
        Err(error) => {
            explained(error, text);
            assert!(strict.is_err());
        }
    }
    typed(text, strict.as_ref());
    // The case of ASCII letters counts in resources only.
    let bare_end = text.find('/').unwrap_or(text.len());
    if text[..bare_end].is_ascii() {
        let mut shouted = text.to_owned();
        shouted[..bare_end].make_ascii_uppercase();
        assert_eq!(Jid::new(&shouted).ok(), strict.ok());
        assert_eq!(Jid::from_wire(&shouted).is_ok(), tolerant.is_ok());
    }
}

/// An address that was prepared can be put together from its parts, and has an encoded form.
fn prepared(jid: &Jid) {
    assert_eq!(Jid::new(jid.as_str()).as_ref(), Ok(jid), "preparation is idempotent");
    let joined = Jid::from_parts(jid.local(), jid.domain(), jid.resource());
    assert_eq!(joined.as_ref(), Ok(jid));
    if let Some(resource) = jid.resource() {
        let full = jid.to_bare().with_resource(resource);
        assert_eq!(full.map(Jid::from).as_ref(), Ok(jid));
    }
    let encoded = jid.ascii_domain();
    assert!(encoded.is_ascii(), "{jid:?} has the encoded domain {encoded:?}");
    let decoded = Jid::from_parts(None, &encoded, None);
    assert_eq!(decoded.as_ref().map(Jid::domain), Ok(jid.domain()), "{encoded:?}");
}

/// The parts of any address make up its text.
fn parts(jid: &Jid) {
    let mut text = String::new();
    if let Some(local) = jid.local() {
        text = format!("{local}@");
        part(local);
    }
    text.push_str(jid.domain());
    part(jid.domain());
    if let Some(resource) = jid.resource() {
        text = format!("{text}/{resource}");
        part(resource);
    }
    assert_eq!(text, jid.as_str());
    assert_eq!(text, jid.to_string());
    assert_eq!(jid.is_full(), jid.resource().is_some());
    assert_ne!(jid.is_full(), jid.is_bare());

    let bare = jid.to_bare();
    assert_eq!((bare.local(), bare.domain()), (jid.local(), jid.domain()));
    assert!(bare.is_bare() && bare.resource().is_none());
    let again = BareJid::from_wire(bare.as_str());
    assert_eq!(again.as_ref(), Ok(&bare));
    assert_eq!(again.map(|again| again.is_prepared()), Ok(bare.is_prepared()));
    comparison(jid, &bare);
    assert_eq!(bare == *jid, jid.is_bare());
    assert_eq!(jid.clone().try_into_bare().is_ok(), jid.is_bare());
    assert_eq!(jid.clone().try_into_full().is_ok(), jid.is_full());
}

/// RFC 7622 §3.2 to §3.4: no part is empty, none has more than 1023 bytes.
fn part(text: &str) {
    assert!((1..=MAX_PART_LEN).contains(&text.len()), "a part of {} bytes", text.len());
}

/// The types for bare and for full addresses accept what [`Jid`] accepts.
fn typed(text: &str, jid: Result<&Jid, &JidError>) {
    match jid {
        Ok(jid) => {
            let (bare, full) = (BareJid::new(text), FullJid::new(text));
            assert_eq!((bare.is_ok(), full.is_ok()), (jid.is_bare(), jid.is_full()));
            for error in [bare.err(), full.err()].into_iter().flatten() {
                explained(&error, text);
            }
        }
        Err(error) => {
            assert_eq!(BareJid::new(text).as_ref(), Err(error));
            assert_eq!(FullJid::new(text).as_ref(), Err(error));
        }
    }
}

/// The crate `jid` prepares by older rules. It may refuse an address or change it, but what both
/// leave as it is has the same parts, and what is ASCII and prepared it does not change.
fn foreign(jid: &Jid) {
    let Ok(theirs) = jid::Jid::try_from(jid) else { return };
    if theirs.as_str() == jid.as_str() {
        assert_eq!(theirs.node().map(NodeRef::as_str), jid.local());
        assert_eq!(theirs.domain().as_str(), jid.domain());
        assert_eq!(theirs.resource().map(ResourceRef::as_str), jid.resource());
        assert_eq!(Jid::try_from(&theirs).as_ref(), Ok(jid));
    } else {
        assert!(!(jid.as_str().is_ascii() && jid.is_prepared()), "{theirs} is {jid} elsewhere");
    }
}

/// Equality, order and hash agree, and the order is the documented one.
fn comparison(one: &Jid, other: &Jid) {
    let key = |jid: &Jid| {
        let owned = |part: Option<&str>| part.map(str::to_owned);
        (jid.domain().to_owned(), owned(jid.local()), owned(jid.resource()))
    };
    let order = one.cmp(other);
    assert_eq!(order, key(one).cmp(&key(other)), "{one:?} and {other:?}");
    assert_eq!(other.cmp(one), order.reverse());
    assert_eq!(one.partial_cmp(other), Some(order));
    assert_eq!(one == other, order.is_eq());
    assert_eq!(one == other, one.as_str() == other.as_str());
    if one == other {
        let hash = BuildHasherDefault::<DefaultHasher>::default();
        assert_eq!(hash.hash_one(one), hash.hash_one(other));
    }
}

/// An error says something, and points into the text.
fn explained(error: &JidError, text: &str) {
    assert!(!error.to_string().is_empty());
    if let Some(offset) = error.offset() {
        assert!(offset <= text.len(), "{error} in {text:?}");
        if let JidError::ForbiddenChar { found, .. } | JidError::NeedsUnicode { found, .. } = error
        {
            let rest = text.get(offset..);
            assert!(rest.is_some_and(|rest| rest.starts_with(*found)), "{error} in {text:?}");
        }
    }
    if let JidError::TooLong { len, max, part } = error {
        assert!(len > max && (*max == MAX_PART_LEN || *part == Part::Domain));
    }
}

/// XEP-0106: what was escaped can be unescaped, and can stand in an address.
fn escaping(text: &str) {
    let unescaped = unescape_local(text);
    if let Ok(escaped) = escape_local(&unescaped) {
        assert_eq!(unescape_local(&escaped), unescaped, "{escaped:?}");
    }
    match escape_local(text) {
        Err(error) => {
            assert!(text[error.offset..].starts_with(' '), "{error}: {text:?}");
            assert!(error.offset == 0 || error.offset == text.len() - 1);
        }
        Ok(escaped) => {
            assert!(!text.starts_with(' ') && !text.ends_with(' '));
            assert_eq!(unescape_local(&escaped), text, "{escaped:?}");
            assert!(!escaped.contains([' ', '"', '&', '\'', '/', ':', '<', '>', '@']));
            let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !byte.is_ascii_uppercase();
            if text.bytes().all(is_plain) && (1..=MAX_PART_LEN).contains(&escaped.len()) {
                let jid = Jid::from_parts(Some(&escaped), "example.org", None);
                assert_eq!(jid.as_ref().map(Jid::local), Ok(Some(&*escaped)));
            }
        }
    }
}
