use alloc::format;

use super::*;

#[test]
fn every_name_has_the_id_of_its_place() {
    for (id, name) in WELL_KNOWN.iter().enumerate() {
        assert_eq!(well_known(name).map(usize::from), Some(id), "{name}");
    }
    assert_eq!(usize::from(FIRST_LOCAL), WELL_KNOWN.len());
}

/// The writer writes them as they are.
#[test]
fn no_name_needs_an_escape() {
    for name in WELL_KNOWN {
        assert!(!name.contains(['&', '<', '>', '\'', '"', '\r', '\n', '\t']), "{name}");
    }
}

#[test]
fn named_ids_are_those_of_the_names() {
    assert_eq!(well_known(""), Some(NONE));
    assert_eq!(well_known(ns::XML), Some(XML));
    assert_eq!(well_known(ns::XMLNS), Some(XMLNS));
    assert_eq!(well_known(ns::STREAM), Some(STREAM));
}

#[test]
fn similar_names_are_not_known() {
    for name in WELL_KNOWN {
        assert_eq!(well_known(&format!("{name}x")), None);
        assert_eq!(well_known(&format!("x{name}")), None);
        if name.len() > 16 {
            // The same length and the same bytes at both ends.
            let (head, tail) = name.split_at(9);
            assert_eq!(well_known(&format!("{head}\u{1}{}", &tail[1..])), None);
        }
    }
    assert_eq!(well_known("short"), None);
    assert_eq!(well_known("urn:xmpp:ünï"), None);
}
