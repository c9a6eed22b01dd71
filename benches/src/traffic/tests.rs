use super::*;
use crate::workload::{CHUNK, Workload};

type Row = (fn(usize) -> String, &'static [usize]);

#[test]
fn what_the_default_limits_allow_is_accepted() {
    let rows: [Row; 19] = [
        (stanzas, &[200, 1_000_000]),
        (attributes, &[1, 7, 64]),
        (namespaces, &[1, 7, 60]),
        (nesting, &[1, 120]),
        (text, &[10, 1_000_000]),
        (references, &[10, 1_000_000]),
        (brackets, &[10, 1_000_000]),
        (cdata, &[10, 1_000_000]),
        (cdata_sections, &[10, 1_000_000]),
        (cdata_brackets, &[10, 1_000_000]),
        (attribute, &[10, 1_000_000]),
        (attribute_of_brackets, &[10, 1_000_000]),
        (attribute_of_references, &[10, 1_000_000]),
        (attributes_of_one, &[1, 64]),
        (similar_attributes, &[1, 64]),
        (foreign_namespaces, &[1, 240]),
        (empty_elements, &[10, 1_000_000]),
        (keepalives, &[10, 1_000_000]),
        (spaces_in_tags, &[10, 1_000_000]),
    ];
    for (stream, values) in rows {
        for value in values {
            Workload::parse(stream(*value), CHUNK).pass();
        }
    }
}

#[test]
fn what_goes_beyond_them_is_refused() {
    for stream in [attributes_of_one(65), attributes_of_one(10_000), declarations_of_one(100)] {
        Workload::refuse(stream, CHUNK).pass();
    }
}

#[test]
fn within_a_row_only_the_shape_differs() {
    let rows: [Row; 4] = [
        (attributes, &[1, 2, 4, 8, 16, 32, 64]),
        (similar_attributes, &[1, 2, 4, 8, 16, 32, 64]),
        (namespaces, &[1, 2, 4, 15, 30, 60]),
        (nesting, &[1, 2, 8, 30, 60, 120]),
    ];
    for (stream, values) in rows {
        let sorted = |value: usize| {
            let mut bytes = stream(value).into_bytes();
            bytes.sort_unstable();
            bytes
        };
        let first = sorted(values[0]);
        assert!(values.iter().all(|value| sorted(*value) == first));
    }
}

#[test]
fn stanzas_have_the_size_asked_for() {
    for bytes in [200, 1_000, 10_000, 100_000, 1_000_000] {
        let stream = stanzas(bytes);
        let body = &stream[HEADER.len()..stream.len() - FOOTER.len()];
        for stanza in body.split_inclusive("</iq>") {
            assert!(stanza.len() <= bytes && stanza.len() + 106 > bytes, "{bytes}");
        }
    }
}
