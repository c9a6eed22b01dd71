use alloc::vec::Vec;
use core::ops::Range;

use super::sets::{is_special, is_usual_in_names};
#[cfg(feature = "std")]
use super::vector;
use super::{BLOCK, PADDING, Survey, bits, blocks, plain, table};

fn padded(data: &[u8]) -> Vec<u8> {
    let mut padded = data.to_vec();
    padded.extend_from_slice(PADDING.as_bytes());
    padded
}

fn expected(data: &[u8], at: usize, stop: fn(u8) -> bool) -> usize {
    (at..data.len()).find(|&i| stop(data[i])).expect("the padding stops everything")
}

/// Both classifiers answer as a search byte by byte does, from every position, in any order.
fn check(data: &[u8], positions: impl Iterator<Item = usize>) {
    let data = padded(data);
    let (mut maps, mut small) = (blocks::Maps::new(), table::Maps::new());
    for at in positions {
        let markup = expected(&data, at, |b| matches!(b, b'<' | b'&' | b']'));
        for text in [maps.text(&data, at), small.text(&data, at)] {
            assert!(at <= text && text <= markup, "text {at}: {text} {markup}");
            assert!(text == markup || is_special(data[text]), "text {at}: {text}");
        }
        let value = expected(&data, at, is_special);
        assert_eq!((maps.value(&data, at), small.value(&data, at)), (value, value), "value {at}");
        let name = expected(&data, at, |b| !is_usual_in_names(b));
        assert_eq!((maps.name(&data, at), small.name(&data, at)), (name, name), "name {at}");
    }
}

#[test]
fn the_sets_are_what_they_say() {
    for byte in 0..=255 {
        let special = matches!(byte, b'<' | b'&' | b']' | b'"' | b'\'' | 0..=0x1F);
        assert_eq!(is_special(byte), special, "{byte:#x}");
        let usual = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        assert_eq!(is_usual_in_names(byte), usual, "{byte:#x}");
    }
}

#[test]
fn padding_is_a_block_that_stops_everything() {
    assert_eq!(PADDING.len(), BLOCK);
    assert!(PADDING.bytes().all(|b| is_special(b) && !is_usual_in_names(b)));
}

#[test]
fn every_byte_at_every_place_of_a_block() {
    for byte in 0..=255 {
        for place in [0, 1, 7, 8, 31, 62, 63, 64, 65, 127, 128] {
            let mut data = [b'a'; 130];
            data[place] = byte;
            check(&data, [0, place / 2, place, place + 1].into_iter());
        }
    }
}

#[test]
fn long_runs_cross_stretches_forwards_and_backwards() {
    let mut data = alloc::vec![b'x'; 20_000];
    for (i, b) in [(5, b'<'), (4095, b'"'), (4096, b']'), (9000, b' '), (17_000, b'&')] {
        data[i] = b;
    }
    let places = [0, 6, 4000, 4095, 4096, 4097, 8191, 8999, 9001, 16_999, 19_999, 20_000];
    check(&data, places.into_iter());
    check(&data, places.into_iter().rev());
    check(&data, places.into_iter().flat_map(|p| [p, 20_000 - p]));
}

fn pseudo_random(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(next).collect()
}

#[test]
fn blocks_are_classified_byte_by_byte() {
    type Classify = fn(&[[u8; BLOCK]], &mut [[u8; 8]], &mut [[u8; 8]]);
    const FORMS: &[Classify] = &[
        bits::classify,
        #[cfg(feature = "std")]
        vector::classify,
    ];
    let mut data: Vec<u8> = (0..=255).collect();
    data.extend(pseudo_random(64 * BLOCK));
    let blocks = data.as_chunks::<BLOCK>().0;
    for form in FORMS {
        let mut special = alloc::vec![[0; 8]; blocks.len()];
        let mut name = special.clone();
        form(blocks, &mut special, &mut name);
        for (i, &byte) in data.iter().enumerate() {
            let bit = |map: &[[u8; 8]]| map.as_flattened()[i / 8] >> (i % 8) & 1 == 1;
            assert_eq!(bit(&special), is_special(byte), "{byte:#x}");
            assert_eq!(bit(&name), !is_usual_in_names(byte), "{byte:#x}");
        }
    }
}

#[test]
fn a_survey_misses_no_byte() {
    const FORMS: &[fn(&[u8]) -> Survey] = &[
        plain::survey,
        #[cfg(feature = "std")]
        vector::survey,
    ];
    for survey in FORMS {
        for len in [0, 1, 63, 64, 65, 200] {
            let mut data = alloc::vec![b'\n'; len];
            assert_eq!(survey(&data), Survey { control: false, high: false });
            for at in 0..len {
                for byte in [0, b'\t', b'\r', 0x1F, b' ', 0x7F, 0x80, 0xFF] {
                    data[at] = byte;
                    let expected = Survey { control: byte < 0x20, high: byte >= 0x80 };
                    assert_eq!(survey(&data), expected, "{byte:#x} at {at} of {len}");
                }
                data[at] = b'a';
            }
        }
    }
}

#[test]
fn end_tags_are_found_wherever_they_stand() {
    type Find = fn(&[u8], Range<usize>, u8) -> Option<usize>;
    const FORMS: &[Find] = &[
        plain::find_end_tag,
        #[cfg(feature = "std")]
        vector::find_end_tag,
    ];
    for find in FORMS {
        for len in [2, 3, 64, 66, 67, 130, 200] {
            let clean = b"</b/a<a".repeat(len).split_off(6 * len);
            assert_eq!(find(&clean, 0..len - 2, b'a'), None);
            for at in 0..len - 2 {
                let mut data = clean.clone();
                data[at..at + 3].copy_from_slice(b"</a");
                // What stands behind the positions is of no interest, there or not.
                for slack in [0, 1, 63, 65, 66, 67] {
                    data.truncate(len);
                    data.extend(b"</a".iter().cycle().take(slack));
                    for from in [0, at / 2, at] {
                        assert_eq!(find(&data, from..len - 2, b'a'), Some(at), "{at} of {len}");
                    }
                    assert_eq!(find(&data, 0..at, b'a'), None, "{at} of {len}");
                    assert_eq!(find(&data, at + 1..len - 2, b'a'), None, "{at} of {len}");
                }
            }
        }
    }
}

#[test]
fn pseudo_random_bytes_from_every_position() {
    let data = pseudo_random(5000);
    check(&data, 0..=data.len());
    check(&data, (0..=data.len()).rev());
}
