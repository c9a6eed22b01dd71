//! Nobody learns by asking which users exist.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Seen, assert_over, not_authorized, quick, respond, sasl, with_nonce};
use crate::rng::{Rng, Seed};
use crate::sasl::server::{ServerExchange, ServerFault, ServerSasl};
use crate::sasl::{Mechanism, ScramHash, ScramKeys, StoredCredentials};

/// All that a client can see of a login with a wrong password: the shape of the challenges, the
/// salts apart, the result, the turns that the work takes.
fn wrong(
    mechanism: Mechanism,
    found: Option<&StoredCredentials>,
) -> (Vec<(usize, String)>, Result<Seen, ServerFault>, usize) {
    let limits = quick();
    let mut server = with_nonce(mechanism, &super::bound(&limits), "def");
    if mechanism == Mechanism::Plain {
        let (seen, behind) = respond(&mut server, b"\0user\0crayon", found);
        assert_over(&mut server);
        return (Vec::new(), seen, behind.slices);
    }
    let (header, c) = if mechanism.binds_channel() {
        // base64 of `p=tls-exporter,,this channel`.
        ("p=tls-exporter,,", "cD10bHMtZXhwb3J0ZXIsLHRoaXMgY2hhbm5lbA==")
    } else {
        ("n,,", "biws")
    };
    let challenge = super::challenge(&mut server, format!("{header}n=user,r=abc"), found);
    let parts: Vec<_> = challenge.split(',').collect();
    let shape = parts
        .iter()
        .map(|part| (part.len(), if part.starts_with("s=") { "s=" } else { part }.to_string()))
        .collect();
    let proof = match ScramHash::of(mechanism).expect("SCRAM") {
        ScramHash::Sha1 => format!("{}=", "A".repeat(27)),
        ScramHash::Sha256 => format!("{}=", "A".repeat(43)),
        ScramHash::Sha512 => format!("{}==", "A".repeat(86)),
    };
    let last = format!("c={c},r=abcdef,p={proof}");
    let (seen, behind) = respond(&mut server, last.as_bytes(), None);
    assert_over(&mut server);
    (shape, seen, behind.slices)
}

#[test]
fn an_unknown_user_is_told_the_same_as_one_with_another_password() {
    for &mechanism in &super::ALL[2..] {
        let known = wrong(mechanism, Some(&super::pencil()));
        assert_eq!(known.1, Err(not_authorized()), "{mechanism}");
        assert_eq!(known.0.len(), if mechanism == Mechanism::Plain { 0 } else { 3 });
        assert_eq!(known.2, usize::from(mechanism == Mechanism::Plain));
        assert_eq!(wrong(mechanism, None), known, "{mechanism}");
        assert_eq!(wrong(mechanism, Some(&StoredCredentials::new())), known, "{mechanism}");
    }
}

#[test]
fn a_user_without_keys_of_the_hash_is_like_an_unknown_one() {
    for (mechanism, plus) in super::SCRAM {
        for &hash in ScramHash::ALL {
            let keys = ScramKeys::derive(hash, "crayon", &[9; 16], 2).expect("good");
            let stored = StoredCredentials::new().with(keys);
            for mechanism in [mechanism, plus] {
                assert_eq!(wrong(mechanism, Some(&stored)), wrong(mechanism, None));
            }
        }
    }
}

/// The salt that a client is shown.
fn salt(mechanism: Mechanism, cx: &ServerSasl<'_>, name: &str, seed: u8) -> String {
    let mut rng = Rng::new(Seed::new([seed; 32]));
    let mut server = ServerExchange::start(mechanism, cx, &mut rng);
    let challenge = super::challenge(&mut server, format!("n,,n={name},r=abc"), None);
    let salt = challenge.split(',').nth(1).expect("a salt");
    assert!(challenge.ends_with(",i=2"), "{challenge}");
    salt.to_string()
}

#[test]
fn with_a_decoy_key_a_name_has_one_salt() {
    let limits = quick();
    let cx = sasl(&limits);
    let first = salt(Mechanism::ScramSha1, &cx, "nobody", 1);
    // As a real user's: the same on each stream, in each spelling, and for each hash.
    assert_eq!(salt(Mechanism::ScramSha1, &cx, "nobody", 2), first);
    assert_eq!(salt(Mechanism::ScramSha1, &cx, "NoBody", 3), first);
    assert_eq!(salt(Mechanism::ScramSha256, &cx, "nobody", 4), first);
    assert_eq!(salt(Mechanism::ScramSha512, &cx, "nobody", 5), first);
    // And another's is another.
    assert_ne!(salt(Mechanism::ScramSha1, &cx, "somebody", 1), first);
    let other = ServerSasl { domain: "example.net", ..cx };
    assert_ne!(salt(Mechanism::ScramSha1, &other, "nobody", 1), first);
    let other = ServerSasl { decoy_key: Some(&[8; 32]), ..cx };
    assert_ne!(salt(Mechanism::ScramSha1, &other, "nobody", 1), first);
}

#[test]
fn without_a_decoy_key_nobody_can_compute_the_salt() {
    let limits = quick();
    let cx = ServerSasl { decoy_key: None, ..sasl(&limits) };
    let salts = [1, 2, 3].map(|seed| salt(Mechanism::ScramSha1, &cx, "nobody", seed));
    assert!(salts[0] != salts[1] && salts[1] != salts[2] && salts[0] != salts[2]);
    let zero = ServerSasl { decoy_key: Some(&[0; 32]), ..cx };
    assert!(!salts.contains(&salt(Mechanism::ScramSha1, &zero, "nobody", 1)));
}

#[test]
fn a_name_that_cannot_be_a_local_part_is_refused_at_the_end() {
    let limits = quick();
    for name in ["a@b", "a b", "a/b", "a&b", "\"", &*"x".repeat(1024)] {
        let mut server = with_nonce(Mechanism::ScramSha1, &sasl(&limits), "def");
        let first = format!("n,,n={name},r=abc");
        let (seen, behind) = respond(&mut server, first.as_bytes(), Some(&super::pencil()));
        assert!(matches!(seen, Ok(Seen::Challenge(_))), "{name}");
        assert!(behind.asked.is_empty(), "there is nobody to look up");
        let last = format!("c=biws,r=abcdef,p={}=", "A".repeat(27));
        let (seen, _) = respond(&mut server, last.as_bytes(), None);
        assert_eq!(seen, Err(not_authorized()));

        let mut server = with_nonce(Mechanism::Plain, &sasl(&limits), "def");
        let message = format!("\0{name}\0pencil");
        let (seen, behind) = respond(&mut server, message.as_bytes(), Some(&super::pencil()));
        assert_eq!(seen, Err(not_authorized()));
        assert_eq!((behind.asked.len(), behind.slices), (0, 1));

        // Nobody can act as nobody.
        let mut server = with_nonce(Mechanism::Plain, &sasl(&limits), "def");
        let message = format!("@\0{name}\0pencil");
        let (seen, _) = respond(&mut server, message.as_bytes(), None);
        assert_eq!(seen, Err(super::invalid_authzid()));
    }
}
