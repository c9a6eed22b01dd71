//! The examples of the RFCs, seen from the server.

use alloc::string::ToString;

use super::{Seen, assert_over, challenge, respond, sasl, user, with_nonce};
use crate::sasl::{Mechanism, ScramHash, ScramKeys, ScramLimits, StoredCredentials};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

struct Example {
    mechanism: Mechanism,
    salt: &'static str,
    server_nonce: &'static str,
    client_first: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

const RFC_5802: Example = Example {
    mechanism: Mechanism::ScramSha1,
    salt: "QSXCR+Q6sek8bf92",
    server_nonce: "3rfcNHYJY1ZVvWVs7j",
    client_first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,\
                   p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
};

const RFC_7677: Example = Example {
    mechanism: Mechanism::ScramSha256,
    salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
    server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                   s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                   p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

fn check(example: &Example, stored: &StoredCredentials) {
    let limits = ScramLimits::default();
    let mut server = with_nonce(example.mechanism, &sasl(&limits), example.server_nonce);
    let said = challenge(&mut server, example.client_first, Some(stored));
    assert_eq!(said, example.server_first);
    let (seen, behind) = respond(&mut server, example.client_final.as_bytes(), None);
    let signature = example.server_final.as_bytes().to_vec();
    assert_eq!(seen, Ok(Seen::Success(user("user@example.org"), Some(signature))));
    assert_eq!(behind.slices, 0, "the server computes no key");
    assert_over(&mut server);
}

#[test]
fn rfc5802_5_and_rfc7677_3_with_keys_made_here() {
    for example in [RFC_5802, RFC_7677] {
        let salt = BASE64.decode(example.salt).expect("base64");
        let stored = StoredCredentials::from_password("pencil", &salt, 4096).expect("good");
        check(&example, &stored);
    }
}

#[test]
fn rfc5802_5_with_keys_that_were_stored() {
    // `StoredKey` and `ServerKey` of the example, which the RFC leaves out.
    let salt = BASE64.decode(RFC_5802.salt).expect("base64");
    let stored_key = BASE64.decode("6dlGYMOdZcOPutkcNY8U2g7vK9Y=").expect("base64");
    let server_key = BASE64.decode("D+CSWLOshSulAsxiupA+qs2/fTE=").expect("base64");
    let keys = ScramKeys::from_parts(ScramHash::Sha1, &salt, 4096, &stored_key, &server_key);
    check(&RFC_5802, &StoredCredentials::new().with(keys.expect("good")));
}

#[test]
fn one_bit_of_the_proof_makes_the_difference() {
    let salt = BASE64.decode(RFC_5802.salt).expect("base64");
    let stored = StoredCredentials::from_password("pencil", &salt, 4096).expect("good");
    let limits = ScramLimits::default();
    for wrong in [
        RFC_5802.client_final.replace("p=v0X8", "p=v0X9"),
        RFC_5802.client_final.replace("HI4Ts=", "HI4Tw="),
    ] {
        assert_ne!(wrong, RFC_5802.client_final.to_string());
        let mut server = with_nonce(RFC_5802.mechanism, &sasl(&limits), RFC_5802.server_nonce);
        challenge(&mut server, RFC_5802.client_first, Some(&stored));
        let (seen, _) = respond(&mut server, wrong.as_bytes(), None);
        assert_eq!(seen, Err(super::not_authorized()));
        assert_over(&mut server);
    }
}
