//! A small SCRAM server, written apart from the client, and the two of them together.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::respond;
use crate::rng::{Rng, Seed};
use crate::sasl::{Credentials, Exchange, Known, Mechanism, SaslError, ScramLimits};

/// `server-final-message` with this signature.
pub(super) fn verifier(signature: &[u8]) -> String {
    format!("v={}", BASE64.encode(signature))
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    fn h(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        let any = "HMAC takes keys of any length";
        match self {
            Self::Sha1 => Hmac::<Sha1>::new_from_slice(key)
                .expect(any)
                .chain_update(data)
                .finalize()
                .as_bytes()
                .to_vec(),
            Self::Sha256 => Hmac::<Sha256>::new_from_slice(key)
                .expect(any)
                .chain_update(data)
                .finalize()
                .as_bytes()
                .to_vec(),
            Self::Sha512 => Hmac::<Sha512>::new_from_slice(key)
                .expect(any)
                .chain_update(data)
                .finalize()
                .as_bytes()
                .to_vec(),
        }
    }

    fn hi(self, password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut u = self.hmac(password.as_bytes(), &[salt, &[0, 0, 0, 1]].concat());
        let mut sum = u.clone();
        for _ in 1..iterations {
            u = self.hmac(password.as_bytes(), &u);
            sum = xor(&sum, &u);
        }
        sum
    }
}

fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

/// What a server stores about an account.
pub(crate) struct Account {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl Account {
    pub(crate) fn new(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> Self {
        let salted = hash.hi(password, salt, iterations);
        Self {
            hash,
            salt: salt.to_vec(),
            iterations,
            stored_key: hash.h(&hash.hmac(&salted, b"Client Key")),
            server_key: hash.hmac(&salted, b"Server Key"),
        }
    }

    /// `StoredKey` and `ServerKey`.
    pub(in crate::sasl) fn keys(&self) -> (&[u8], &[u8]) {
        (&self.stored_key, &self.server_key)
    }
}

/// One exchange seen from the server.
pub(crate) struct Server<'a> {
    account: &'a Account,
    header: String,
    channel: Vec<u8>,
    client_first_bare: String,
    nonce: String,
    pub(crate) challenge: String,
}

impl<'a> Server<'a> {
    /// Reads the client's first message, which must name these, and have the flag `n`.
    pub(crate) fn first(
        account: &'a Account,
        message: &[u8],
        username: &str,
        authzid: Option<&str>,
        nonce: &str,
    ) -> Self {
        Self::bound(account, message, username, authzid, nonce, ("n", b""))
    }

    /// The same with another flag, and what the channel looks like from here.
    pub(crate) fn bound(
        account: &'a Account,
        message: &[u8],
        username: &str,
        authzid: Option<&str>,
        nonce: &str,
        (flag, channel): (&str, &[u8]),
    ) -> Self {
        let message = core::str::from_utf8(message).expect("SCRAM is text");
        let mut parts = message.splitn(3, ',');
        assert_eq!(parts.next(), Some(flag));
        let header_authzid = parts.next().expect("the header has two commas");
        let bare = parts.next().expect("the header has two commas");
        match authzid {
            Some(authzid) => {
                let name = header_authzid.strip_prefix("a=").expect("an authzid");
                assert_eq!(unescape(name), authzid);
            }
            None => assert_eq!(header_authzid, ""),
        }
        let (name, client_nonce) =
            bare.strip_prefix("n=").and_then(|bare| bare.split_once(",r=")).expect("n=..,r=..");
        assert_eq!(unescape(name), username);
        assert!(!client_nonce.contains(','));
        let nonce = format!("{client_nonce}{nonce}");
        let salt = BASE64.encode(&account.salt);
        Self {
            account,
            header: format!("{flag},{header_authzid},"),
            channel: channel.to_vec(),
            client_first_bare: bare.to_string(),
            challenge: format!("r={nonce},s={salt},i={}", account.iterations),
            nonce,
        }
    }

    /// Reads the client's proof. The server's signature, if the proof is right.
    pub(crate) fn last(&self, message: &[u8]) -> Option<String> {
        let message = core::str::from_utf8(message).expect("SCRAM is text");
        let (without_proof, proof) = message.rsplit_once(",p=").expect("a proof");
        let input = [self.header.as_bytes(), &self.channel].concat();
        let expected = format!("c={},r={}", BASE64.encode(input), self.nonce);
        if without_proof != expected {
            assert!(!self.channel.is_empty(), "{without_proof}");
            return None;
        }
        let proof = BASE64.decode(proof).expect("base64");
        let auth_message = format!("{},{},{without_proof}", self.client_first_bare, self.challenge);
        let Account { hash, stored_key, server_key, .. } = self.account;
        let client_key = xor(&proof, &hash.hmac(stored_key, auth_message.as_bytes()));
        let right = hash.h(&client_key) == *stored_key;
        right.then(|| verifier(&hash.hmac(server_key, auth_message.as_bytes())))
    }

    /// The signature of somebody who does not look at the proof.
    pub(crate) fn sign_anything(&self, message: &[u8]) -> String {
        let message = core::str::from_utf8(message).expect("SCRAM is text");
        let (without_proof, _) = message.rsplit_once(",p=").expect("a proof");
        let auth_message = format!("{},{},{without_proof}", self.client_first_bare, self.challenge);
        verifier(&self.account.hash.hmac(&self.account.server_key, auth_message.as_bytes()))
    }
}

fn unescape(name: &str) -> String {
    let name = name.replace("=2C", ",");
    let parts: Vec<_> = name.split('=').collect();
    for part in &parts[1..] {
        assert!(part.starts_with("3D"), "a bare = in {name}");
    }
    name.replace("=3D", "=")
}

fn hash() -> impl Strategy<Value = (Hash, Mechanism)> {
    prop_oneof![
        Just((Hash::Sha1, Mechanism::ScramSha1)),
        Just((Hash::Sha256, Mechanism::ScramSha256)),
        Just((Hash::Sha512, Mechanism::ScramSha512)),
    ]
}

proptest! {
    #[test]
    fn client_and_server_agree_exactly_if_they_know_the_same_password(
        (hash, mechanism) in hash(),
        username in "[ -~]{1,40}",
        authzid in proptest::option::of("[ -~]{1,40}"),
        // Beyond the block of the hash, 64 or 128 bytes, HMAC hashes the key first.
        password in "[ -~]{1,160}",
        other in "[ -~]{1,80}",
        salt in proptest::collection::vec(any::<u8>(), 1..64),
        iterations in 1_u32..50,
        work_slice in 0_u32..60,
        server_nonce in "[!-+\\--~]{1,40}",
        in_challenge in any::<bool>(),
        seed in any::<[u8; 32]>(),
    ) {
        let mut credentials = Credentials::new(&*username, &*password);
        if let Some(authzid) = &authzid {
            credentials = credentials.with_authzid(&**authzid);
        }
        let limits = ScramLimits { min_iterations: 1, work_slice, ..ScramLimits::default() };
        let mut rng = Rng::new(Seed::new(seed));

        for server_password in [&password, &other] {
            let knows = *server_password == password;
            let account = Account::new(hash, server_password, &salt, iterations);
            let mut client =
                Exchange::start(super::unbound(mechanism), &credentials, &limits, Known::default(), &mut rng).expect("printable");
            let first = client.initial_response().expect("the client begins");
            let server =
                Server::first(&account, &first, &username, authzid.as_deref(), &server_nonce);
            let progress = client.handle_challenge(server.challenge.as_bytes()).expect("good");
            let (response, slices) = respond(&mut client, progress).expect("only work is left");
            let work = (iterations - 1).div_ceil(work_slice.max(1)).max(1);
            prop_assert_eq!(slices, work as usize);

            let verdict = server.last(&response);
            prop_assert_eq!(verdict.is_some(), knows);
            // A server that accepts whoever comes still cannot sign without the password.
            let signature = server.sign_anything(&response);
            let result = if in_challenge {
                client
                    .handle_challenge(signature.as_bytes())
                    .and_then(|_| client.handle_success(None))
            } else {
                client.handle_success(Some(signature.as_bytes()))
            };
            prop_assert_eq!(result, if knows { Ok(()) } else { Err(SaslError::WrongSignature) });
        }
    }

    #[test]
    fn any_bytes_from_the_server_are_an_answer_or_an_error(
        first in proptest::collection::vec(any::<u8>(), 0..100),
        text in "([a-z]=)?[!-~]{0,20}(,[a-zA-Z]=[!-~]{0,20}){0,5}",
        last in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let limits = ScramLimits { max_iterations: 5000, ..ScramLimits::default() };
        for message in [&first, text.as_bytes(), b"r=abcd,s=QUFB,i=4096"] {
            let mut client = super::begin(Mechanism::ScramSha1, "pencil", &limits, "abc");
            client.initial_response().expect("the client begins");
            if let Ok(progress) = client.handle_challenge(message) {
                respond(&mut client, progress).expect("only work is left");
                prop_assert!(client.handle_success(Some(&last)).is_err());
            }
            super::assert_over(&mut client);
        }
    }
}
