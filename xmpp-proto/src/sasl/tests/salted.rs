//! Salted passwords that are kept from login to login.

use super::counterpart::{Account, Hash, Server};
use super::{respond, unbound};
use crate::sasl::{
    Credentials, Exchange, Known, Mechanism, SaltedPassword, SaltedPasswords, SaslError, ScramHash,
    ScramLimits,
};

const HASHES: [(Hash, ScramHash, Mechanism); 3] = [
    (Hash::Sha1, ScramHash::Sha1, Mechanism::ScramSha1),
    (Hash::Sha256, ScramHash::Sha256, Mechanism::ScramSha256),
    (Hash::Sha512, ScramHash::Sha512, Mechanism::ScramSha512),
];

/// One login by SCRAM with a slice per iteration. How many slices it took, what came of it, and what
/// there is to keep.
fn login(
    mechanism: Mechanism,
    account: &Account,
    password: &str,
    kept: &SaltedPasswords,
) -> (usize, Result<(), SaslError>, Option<SaltedPassword>) {
    let limits = ScramLimits { min_iterations: 1, work_slice: 1, ..ScramLimits::default() };
    let credentials = Credentials::new("user", password);
    let known = Known { offered: None, salted: Some(kept) };
    let mut client =
        Exchange::with_nonce(unbound(mechanism), &credentials, &limits, known, "abc".into())
            .expect("good credentials");
    let first = client.initial_response().expect("the client begins");
    let server = Server::first(account, &first, "user", None, "def");
    let progress = client.handle_challenge(server.challenge.as_bytes()).expect("good");
    let (response, slices) = respond(&mut client, progress).expect("only work is left");
    let result = match server.last(&response) {
        Some(signature) => client.handle_success(Some(signature.as_bytes())),
        None => client.handle_success(Some(server.sign_anything(&response).as_bytes())),
    };
    (slices, result, client.take_salted())
}

#[test]
fn a_second_login_does_not_derive_the_key_again() {
    for (hash, name, mechanism) in HASHES {
        let account = Account::new(hash, "pencil", b"the salt", 50);
        let mut kept = SaltedPasswords::new();
        let (slices, result, salted) = login(mechanism, &account, "pencil", &kept);
        assert_eq!((slices, result), (49, Ok(())));
        let salted = salted.expect("it was derived");
        assert_eq!(
            (salted.hash(), salted.salt(), salted.iterations()),
            (name, &b"the salt"[..], 50)
        );
        kept.keep(salted);
        for _ in 0..3 {
            let (slices, result, salted) = login(mechanism, &account, "pencil", &kept);
            assert_eq!((slices, result), (0, Ok(())));
            kept.keep(salted.expect("it was used"));
        }
    }
}

#[test]
fn another_salt_or_number_of_iterations_is_derived_anew() {
    let mut kept = SaltedPasswords::new();
    kept.keep(SaltedPassword::derive(ScramHash::Sha256, "pencil", b"the salt", 50).expect("good"));
    for (salt, iterations) in [(&b"new salt"[..], 50), (b"the salt", 60), (b"the salt2", 50)] {
        let account = Account::new(Hash::Sha256, "pencil", salt, iterations);
        let (slices, result, salted) = login(Mechanism::ScramSha256, &account, "pencil", &kept);
        assert_eq!((slices, result), (iterations as usize - 1, Ok(())));
        let mut kept = kept.clone();
        kept.keep(salted.expect("it was derived"));
        let (slices, result, _) = login(Mechanism::ScramSha256, &account, "pencil", &kept);
        assert_eq!((slices, result), (0, Ok(())), "one for each hash is kept, the last");
    }
    // Of another hash there is none.
    let account = Account::new(Hash::Sha1, "pencil", b"the salt", 50);
    let (slices, result, _) = login(Mechanism::ScramSha1, &account, "pencil", &kept);
    assert_eq!((slices, result), (49, Ok(())));
}

#[test]
fn nothing_is_kept_of_a_login_that_failed() {
    let account = Account::new(Hash::Sha1, "pencil", b"the salt", 50);
    let (_, result, salted) =
        login(Mechanism::ScramSha1, &account, "crayon", &SaltedPasswords::new());
    assert_eq!(result, Err(SaslError::WrongSignature));
    assert!(salted.is_none());
}

#[test]
fn what_is_kept_still_makes_the_server_prove_itself() {
    let account = Account::new(Hash::Sha1, "pencil", b"the salt", 50);
    let mut kept = SaltedPasswords::new();
    kept.keep(SaltedPassword::derive(ScramHash::Sha1, "crayon", b"the salt", 50).expect("good"));
    let (slices, result, salted) = login(Mechanism::ScramSha1, &account, "pencil", &kept);
    assert_eq!((slices, result), (0, Err(SaslError::WrongSignature)));
    assert!(salted.is_none());
}

#[test]
fn a_salted_password_is_derived_from_the_prepared_password() {
    // RFC 5802 §5: PBKDF2, by Python's hashlib.
    let salt = [0x41, 0x25, 0xc2, 0x47, 0xe4, 0x3a, 0xb1, 0xe9, 0x3c, 0x6d, 0xff, 0x76];
    let salted = SaltedPassword::derive(ScramHash::Sha1, "pencil", &salt, 4096).expect("good");
    let key = salted.key_for(&salt, 4096).expect("the same");
    assert_eq!(key[..4], [0x1d, 0x96, 0xee, 0x3a]);
    assert!(!alloc::format!("{salted:?}").contains("key"));

    let error = SaltedPassword::derive(ScramHash::Sha1, "", &salt, 4096);
    assert!(matches!(error, Err(SaslError::Empty { .. })));
    let error = SaltedPassword::derive(ScramHash::Sha1, "pencil", &salt, u32::MAX);
    assert!(matches!(error, Err(SaslError::IterationsTooHigh { .. })));
}
