use super::*;

#[test]
fn ascii_addresses_go_both_ways() {
    for text in ["example.com", "a@b", "example.com/r", "a@b/C d", r"d\27artagnan@b/x"] {
        let ours = Jid::new(text).unwrap();
        let theirs = ::jid::Jid::try_from(&ours).unwrap();
        assert_eq!(theirs.as_str(), text);
        assert_eq!(Jid::try_from(&theirs).unwrap(), ours);
    }
    let bare = BareJid::new("a@b").unwrap();
    let theirs = ::jid::BareJid::try_from(&bare).unwrap();
    assert_eq!(BareJid::try_from(&theirs).unwrap(), bare);
    let full = FullJid::new("a@b/c").unwrap();
    let theirs = ::jid::FullJid::try_from(&full).unwrap();
    assert_eq!(FullJid::try_from(&theirs).unwrap(), full);
}

#[test]
fn what_the_other_rules_map_is_mapped() {
    // RFC 3920 §A.3 folds, RFC 8265 §3.3 lower-cases.
    let ours = Jid::from_wire("fußball@example.com").unwrap();
    assert_eq!(::jid::Jid::try_from(&ours).unwrap().as_str(), "fussball@example.com");
}

#[test]
fn what_the_other_rules_refuse_is_refused() {
    // RFC 3454 has only the characters of Unicode 3.2.
    let ours = Jid::from_wire("a@b/🤖").unwrap();
    assert!(::jid::Jid::try_from(&ours).is_err());
}

#[test]
fn what_the_other_crate_has_is_taken_as_from_the_wire() {
    let theirs = ::jid::Jid::new("♚@example.com").unwrap();
    let ours = Jid::try_from(&theirs).unwrap();
    assert_eq!(ours.as_str(), "♚@example.com");
    assert!(!ours.is_prepared());
}
