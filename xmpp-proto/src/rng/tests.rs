use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::{ID_ALPHABET, POOL, Rng, Seed};

fn rng(first_byte: u8) -> Rng {
    let mut seed = [0; 32];
    seed[0] = first_byte;
    Rng::new(Seed::new(seed))
}

fn take<const N: usize>(rng: &mut Rng) -> [u8; N] {
    let mut out = [0; N];
    rng.fill(&mut out);
    out
}

/// Computed apart, from the description of the construction.
#[test]
fn output_is_what_the_construction_says() {
    let mut seed = [0; 32];
    for (i, byte) in (0..).zip(&mut seed) {
        *byte = i;
    }
    let mut rng = Rng::new(Seed::new(seed));
    let first = b"\x6a\x4d\x93\xad\x2b\x80\xa9\x4b\x40\x43\x61\x56\x96\x30\x2c\xc0\
                  \xab\x37\x8a\x5a\x48\x19\x2f\xa4\x78\x15\xb9\x41\x50\xbf\x1c\x0c";
    assert_eq!(&take::<32>(&mut rng), first);
    // Beyond the first refill.
    take::<300>(&mut rng);
    let later = b"\x5d\xe9\xc2\xa5\x97\x35\x64\x5a\xec\x6d\x0e\xfa\x2a\x6d\x00\x39";
    assert_eq!(&take::<16>(&mut rng), later);
    rng.mix(&[0xaa; 32]);
    let mixed = b"\x03\x79\x5f\x07\x6e\x57\xe7\xcd\xac\x0e\x3a\xa2\x7f\x9e\x92\xb3";
    assert_eq!(&take::<16>(&mut rng), mixed);
}

#[test]
fn the_same_seed_gives_the_same_bytes_however_they_are_drawn() {
    let mut whole = vec![0; 3 * POOL + 5];
    rng(1).fill(&mut whole);
    for size in [1, 7, 31, 32, 33, POOL - 1, POOL, POOL + 1, 3 * POOL + 5] {
        let mut rng = rng(1);
        let mut pieces = vec![0; whole.len()];
        for piece in pieces.chunks_mut(size) {
            rng.fill(&mut []);
            rng.fill(piece);
        }
        assert_eq!(pieces, whole, "in pieces of {size}");
    }
}

#[test]
fn other_seeds_give_other_bytes() {
    let outputs: BTreeSet<[u8; 32]> = (0..=255).map(|seed| take(&mut rng(seed))).collect();
    assert_eq!(outputs.len(), 256);
}

#[test]
fn entropy_mixed_in_counts_at_once_and_for_ever() {
    let (mut plain, mut mixed, mut other) = (rng(1), rng(1), rng(1));
    for rng in [&mut plain, &mut mixed, &mut other] {
        take::<10>(rng);
    }
    mixed.mix(&[1; 32]);
    other.mix(&[2; 32]);
    let outputs = [&mut plain, &mut mixed, &mut other].map(take::<1000>);
    for i in 0..outputs[0].len() - 16 {
        let window = |n: usize| &outputs[n][i..i + 16];
        assert!(window(0) != window(1) && window(0) != window(2) && window(1) != window(2));
    }
}

#[test]
fn what_was_handed_out_cannot_be_read_from_the_generator() {
    let mut rng = rng(1);
    let before = rng.key;
    let out: [u8; 48] = take(&mut rng);
    assert_ne!(rng.key, before);
    assert_eq!(rng.pool[..48], [0; 48]);
    assert!(!rng.pool.windows(8).chain(rng.key.windows(8)).any(|w| out.windows(8).any(|o| o == w)));
    rng.mix(&[0; 32]);
    assert_eq!(rng.pool, [0; POOL]);
}

#[test]
fn ids_are_26_lower_case_characters_and_differ() {
    let mut rng = rng(1);
    let ids: Vec<_> = (0..1000).map(|_| rng.id()).collect();
    for id in &ids {
        assert_eq!(id.len(), 26);
        assert!(id.bytes().all(|byte| ID_ALPHABET.contains(&byte)), "{id}");
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn an_id_holds_all_128_bits() {
    let mut bytes = rng(1);
    let bits = u128::from_le_bytes(take(&mut bytes));
    let id = rng(1).id();
    let value = id.bytes().rev().fold(0_u128, |value, byte| {
        let digit = ID_ALPHABET.iter().position(|&letter| letter == byte).expect("in the alphabet");
        (value << 5) | digit as u128
    });
    assert_eq!(value, bits);
}

#[test]
fn neither_seed_nor_generator_prints_its_content() {
    assert_eq!(format!("{:?}", Seed::new([7; 32])), "Seed(..)");
    assert_eq!(format!("{:?}", rng(1)), "Rng(..)");
}

#[test]
fn bounded_numbers_are_below_the_bound_and_all_as_likely() {
    let mut rng = Rng::new(Seed::new([3; 32]));
    assert_eq!((rng.below(0), rng.below(1)), (0, 0));
    let mut seen = [0_u32; 3];
    for _ in 0..3000 {
        seen[usize::try_from(rng.below(3)).unwrap()] += 1;
    }
    // Five standard deviations of 1000.
    assert!(seen.iter().all(|count| (870..=1130).contains(count)), "{seen:?}");
    // Nearly half of all draws lie beyond the greatest multiple of this bound, and are redrawn.
    let bound = (1 << 63) + 1;
    assert!((0..100).all(|_| rng.below(bound) < bound));
}
