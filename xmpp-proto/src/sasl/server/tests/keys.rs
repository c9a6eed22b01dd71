//! What is stored: the same as another implementation makes, within limits, and not shown.

use alloc::format;
use alloc::string::ToString;

use crate::sasl::tests::{Account, Hash};
use crate::sasl::{
    Field, KeysError, Mechanism, SaslError, ScramHash, ScramKeys, StoredCredentials,
};

const HASHES: [(ScramHash, Hash); 3] = [
    (ScramHash::Sha1, Hash::Sha1),
    (ScramHash::Sha256, Hash::Sha256),
    (ScramHash::Sha512, Hash::Sha512),
];

#[test]
fn rfc5802_3_keys_are_those_of_another_implementation() {
    for (hash, other) in HASHES {
        for iterations in [1, 2, 3, 100] {
            let account = Account::new(other, "pencil", b"some salt", iterations);
            let keys = ScramKeys::derive(hash, "pencil", b"some salt", iterations).expect("good");
            assert_eq!((keys.stored_key(), keys.server_key()), account.keys(), "{hash:?}");
            assert_eq!(keys.stored_key().len(), hash.key_len());
            assert_eq!(
                (keys.hash(), keys.salt(), keys.iterations()),
                (hash, &b"some salt"[..], iterations)
            );
        }
    }
}

#[test]
fn rfc4013_passwords_are_prepared() {
    #[cfg(feature = "unicode")]
    {
        let one = ScramKeys::derive(ScramHash::Sha1, "\u{2168}\u{ad}", b"s", 1).expect("good");
        let other = ScramKeys::derive(ScramHash::Sha1, "IX", b"s", 1).expect("good");
        assert_eq!(one.stored_key(), other.stored_key());
    }
    let what = Field::Password;
    for (password, error) in [
        ("", SaslError::Empty { what }),
        ("pencil\n", SaslError::ControlCharacter { what, code: 10 }),
    ] {
        let error = KeysError::Password { error };
        let got = ScramKeys::derive(ScramHash::Sha1, password, b"s", 1).expect_err("refused");
        assert_eq!(got, error);
        let got = StoredCredentials::from_password(password, b"s", 1).expect_err("refused");
        assert_eq!(got, error);
        assert!(got.to_string().contains("password"));
    }
}

#[test]
fn salt_and_iterations_are_what_a_client_takes() {
    let long = [1; 513];
    for (salt, iterations, error) in [
        (&b""[..], 1, Some(KeysError::EmptySalt)),
        (&long, 1, Some(KeysError::SaltTooLong { got: 513, max: 512 })),
        (&long[..512], 1, None),
        (b"s", 0, Some(KeysError::NoIterations)),
        (b"s", 2_000_000, None),
        (b"s", 2_000_001, Some(KeysError::TooManyIterations { got: 2_000_001, max: 2_000_000 })),
        (b"s", u32::MAX, Some(KeysError::TooManyIterations { got: u32::MAX, max: 2_000_000 })),
    ] {
        let keys = ScramKeys::from_parts(ScramHash::Sha1, salt, iterations, &[1; 20], &[2; 20]);
        assert_eq!(keys.err(), error);
        if let Some(error) = error {
            let derived = ScramKeys::derive(ScramHash::Sha512, "pencil", salt, iterations);
            assert_eq!(derived.expect_err("refused"), error);
        }
    }
}

#[test]
fn keys_have_the_length_of_the_hash() {
    for (hash, _) in HASHES {
        let expected = hash.key_len();
        for got in [0, 1, 20, 32, 64, 65] {
            let key = [7; 65];
            let (good, other) = (&key[..expected], &key[..got]);
            for (stored, server) in [(good, other), (other, good)] {
                let keys = ScramKeys::from_parts(hash, b"s", 1, stored, server);
                let error = (got != expected).then_some(KeysError::KeyLength { got, expected });
                assert_eq!(keys.err(), error, "{hash:?}");
            }
        }
    }
}

#[test]
fn there_is_one_set_of_keys_for_each_hash() {
    let stored = StoredCredentials::new();
    for (hash, _) in HASHES {
        assert!(stored.get(hash).is_none());
    }
    let keys =
        |hash, iterations| ScramKeys::derive(hash, "pencil", b"s", iterations).expect("good");
    let stored = stored.with(keys(ScramHash::Sha256, 1)).with(keys(ScramHash::Sha256, 2));
    assert_eq!(stored.get(ScramHash::Sha256).map(ScramKeys::iterations), Some(2));
    assert!(stored.get(ScramHash::Sha1).is_none());
    assert!(stored.get(ScramHash::Sha512).is_none());
    let all = StoredCredentials::from_password("pencil", b"s", 3).expect("good");
    for (hash, _) in HASHES {
        let keys = all.get(hash).expect("all are there");
        assert_eq!((keys.hash(), keys.iterations(), keys.salt()), (hash, 3, &b"s"[..]));
    }
}

#[test]
fn a_mechanism_names_its_hash() {
    for &mechanism in Mechanism::ALL {
        let name = mechanism.name();
        let hash = ScramHash::ALL.iter().copied().find(|hash| {
            let part = match hash {
                ScramHash::Sha1 => "SHA-1",
                ScramHash::Sha256 => "SHA-256",
                ScramHash::Sha512 => "SHA-512",
            };
            name.trim_end_matches("-PLUS") == format!("SCRAM-{part}")
        });
        assert_eq!(ScramHash::of(mechanism), hash, "{name}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let keys = ScramKeys::from_parts(ScramHash::Sha1, &[201; 9], 1, &[202; 20], &[203; 20]);
    let keys = keys.expect("good");
    let stored = StoredCredentials::new().with(keys.clone());
    for printed in [format!("{keys:?}"), format!("{stored:?}")] {
        assert!(printed.contains("Sha1"), "{printed}");
        assert!(!["201", "202", "203"].iter().any(|byte| printed.contains(byte)), "{printed}");
    }
    let limits = super::quick();
    let mut server = super::with_nonce(Mechanism::Plain, &super::sasl(&limits), "x");
    server.handle_response(Some(b"\0user\0pencil")).expect("good");
    let printed = format!("{server:?}");
    assert!(!printed.contains("pencil") && !printed.contains("112"), "{printed}");
}
