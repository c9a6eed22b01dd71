//! The server's side of SCRAM (RFC 5802), written apart from the client's: what an honest server
//! says, and what a server must have known to say what it said.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use xmpp_proto::sasl::Mechanism;

/// The hash that a mechanism uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    /// `None` if the mechanism is not of the SCRAM family.
    pub(crate) const fn of(mechanism: Mechanism) -> Option<Self> {
        match mechanism {
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => Some(Self::Sha1),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => Some(Self::Sha256),
            Mechanism::ScramSha512 | Mechanism::ScramSha512Plus => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        fn tag<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
            let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes any key");
            mac.update(data);
            mac.finalize().as_bytes().to_vec()
        }
        match self {
            Self::Sha1 => tag::<Hmac<Sha1>>(key, data),
            Self::Sha256 => tag::<Hmac<Sha256>>(key, data),
            Self::Sha512 => tag::<Hmac<Sha512>>(key, data),
        }
    }

    /// `Hi(password, salt, i)`.
    fn salted_password(self, password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut last = self.hmac(password.as_bytes(), &[salt, &[0, 0, 0, 1]].concat());
        let mut sum = last.clone();
        for _ in 1..iterations {
            last = self.hmac(password.as_bytes(), &last);
            sum = xor(&sum, &last);
        }
        sum
    }
}

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

/// `client-first-message`, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct ClientFirst {
    /// The GS2 header, with its two commas.
    pub(crate) header: String,
    /// All behind it.
    bare: String,
}

impl ClientFirst {
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let message = core::str::from_utf8(message).ok()?;
        let comma = message.match_indices(',').nth(1)?.0;
        let (header, bare) = message.split_at(comma + 1);
        Some(Self { header: header.to_owned(), bare: bare.to_owned() })
    }

    /// The name that the client gives.
    pub(crate) fn username(&self) -> String {
        let name = attribute(&self.bare, "n=").unwrap_or_default();
        name.replace("=2C", ",").replace("=3D", "=")
    }

    pub(crate) fn nonce(&self) -> &str {
        attribute(&self.bare, "r=").unwrap_or_default()
    }

    /// What an honest server says first.
    pub(crate) fn challenge(&self, nonce: &str, salt: &[u8], iterations: u32) -> String {
        format!("r={}{nonce},s={},i={iterations}", self.nonce(), BASE64.encode(salt))
    }
}

/// `server-first-message`, as the client got it.
#[derive(Clone, Debug)]
pub(crate) struct ServerFirst {
    message: String,
    pub(crate) nonce: String,
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
}

impl ServerFirst {
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let message = core::str::from_utf8(message).ok()?;
        Some(Self {
            nonce: attribute(message, "r=")?.to_owned(),
            salt: BASE64.decode(attribute(message, "s=")?).ok()?,
            iterations: attribute(message, "i=")?.parse().ok()?,
            message: message.to_owned(),
        })
    }
}

/// `client-final-message`, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct ClientFinal {
    without_proof: String,
    proof: Vec<u8>,
}

impl ClientFinal {
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let message = core::str::from_utf8(message).ok()?;
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let proof = BASE64.decode(proof).ok()?;
        Some(Self { without_proof: without_proof.to_owned(), proof })
    }

    /// The GS2 header again, and what the channel is bound to.
    pub(crate) fn channel(&self) -> Option<Vec<u8>> {
        BASE64.decode(attribute(&self.without_proof, "c=")?).ok()
    }

    pub(crate) fn nonce(&self) -> Option<&str> {
        attribute(&self.without_proof, "r=")
    }
}

/// All that the keys of an exchange follow from.
pub(crate) struct Proof<'a> {
    pub(crate) hash: Hash,
    pub(crate) password: &'a str,
    pub(crate) client_first: &'a ClientFirst,
    pub(crate) server_first: &'a ServerFirst,
    pub(crate) client_final: &'a ClientFinal,
}

impl Proof<'_> {
    /// Whether the client has shown that it knows the password.
    pub(crate) fn is_right(&self) -> bool {
        let client_key = self.hash.hmac(&self.salted_password(), b"Client Key");
        let stored_key = self.hash.digest(&client_key);
        let signature = self.hash.hmac(&stored_key, self.auth_message().as_bytes());
        xor(&client_key, &signature) == self.client_final.proof
    }

    /// What only a server that knows the password can say last.
    pub(crate) fn verifier(&self) -> String {
        let server_key = self.hash.hmac(&self.salted_password(), b"Server Key");
        let signature = self.hash.hmac(&server_key, self.auth_message().as_bytes());
        format!("v={}", BASE64.encode(signature))
    }

    fn salted_password(&self) -> Vec<u8> {
        let ServerFirst { salt, iterations, .. } = self.server_first;
        self.hash.salted_password(self.password, salt, *iterations)
    }

    fn auth_message(&self) -> String {
        let (first, server) = (&self.client_first.bare, &self.server_first.message);
        format!("{first},{server},{}", self.client_final.without_proof)
    }
}

/// The value of the first attribute that begins so.
fn attribute<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|attribute| attribute.strip_prefix(name))
}
