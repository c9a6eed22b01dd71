use std::fs;
use std::path::PathBuf;

use super::tls_server_end_point;

fn certificate(name: &str) -> Vec<u8> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certs/signatures");
    fs::read(PathBuf::from(directory).join(format!("{name}.der"))).unwrap()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| core::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Name and expected value of each certificate.
fn vectors() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("../../tests/certs/signatures/hashes").lines();
    lines.map(|line| line.split_once(' ').unwrap())
}

#[test]
fn rfc5929_4_1_the_hash_is_that_of_the_signature() {
    assert_eq!(vectors().count(), 16);
    for (name, expected) in vectors() {
        let hash = tls_server_end_point(&certificate(name)).expect(name);
        assert_eq!(hash, unhex(expected), "{name}");
    }
}

#[test]
fn rfc5929_4_1_sha_256_in_place_of_md5_and_sha_1() {
    for name in ["rsa-md5", "rsa-sha1", "ecdsa-sha1", "pss-sha1"] {
        assert_eq!(tls_server_end_point(&certificate(name)).unwrap().len(), 32, "{name}");
    }
}

#[test]
fn rfc5929_4_1_undefined_without_a_hash_function() {
    assert_eq!(tls_server_end_point(&certificate("ed25519")), None);
}

#[test]
fn what_is_no_certificate_has_no_binding() {
    let whole = certificate("pss-sha384");
    for end in 0..whole.len() {
        assert_eq!(tls_server_end_point(&whole[..end]), None, "cut at {end}");
    }
    // Each byte in turn made another: an answer or none, never a panic.
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x81;
        let _ = tls_server_end_point(&changed);
    }
}
