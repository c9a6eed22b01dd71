//! The key derivation of SCRAM: `Hi`, which is PBKDF2 with one block of output, in slices, and
//! the keys that follow from it (RFC 5802 §3).

use hmac::digest::block_api::EagerHash;
use hmac::digest::{FixedOutput, Output};
use hmac::{Hmac, KeyInit, Mac};
use zeroize::Zeroize;

/// What `ClientKey` is made of, with the salted password (RFC 5802 §3).
pub(super) const CLIENT_KEY: &[u8] = b"Client Key";
/// What `ServerKey` is made of, with the salted password (RFC 5802 §3).
pub(super) const SERVER_KEY: &[u8] = b"Server Key";

/// The output of an HMAC, a key or half-way to one: wiped when dropped.
pub(super) struct Tag<D: EagerHash>(Output<Hmac<D>>);

impl<D: EagerHash> Tag<D> {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn zero() -> Self {
        Self(Output::<Hmac<D>>::default())
    }

    fn xor(&mut self, other: &Self) {
        for (byte, other) in self.0.iter_mut().zip(other.0.iter()) {
            *byte ^= other;
        }
    }
}

impl<D: EagerHash> Drop for Tag<D> {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

pub(super) fn hmac<D: EagerHash>(key: &[u8], text: &[u8]) -> Tag<D> {
    let mut mac = keyed::<D>(key);
    let mut tag = Tag::zero();
    Mac::update(&mut mac, text);
    mac.finalize_into(&mut tag.0);
    tag
}

/// `H`, in a buffer that is wiped.
pub(super) fn digest<D: EagerHash>(data: &[u8]) -> zeroize::Zeroizing<alloc::vec::Vec<u8>> {
    let mut digest = D::digest(data);
    let kept = zeroize::Zeroizing::new(digest.to_vec());
    digest.as_mut_slice().zeroize();
    kept
}

/// `Hi(password, salt, i)` under way. It holds the password only as the state of an HMAC, which is
/// wiped like everything else here; the cost of `i` iterations is paid by [`Derivation::run`].
pub(super) struct Derivation<D: EagerHash> {
    password: Hmac<D>,
    /// `U` of the latest iteration.
    last: Tag<D>,
    /// The exclusive or of all `U` so far.
    sum: Tag<D>,
    left: u32,
}

impl<D: EagerHash> Derivation<D> {
    /// Takes in the password. Salt and count come later, from the server.
    pub(super) fn new(password: &str) -> Self {
        Self { password: keyed(password.as_bytes()), last: Tag::zero(), sum: Tag::zero(), left: 0 }
    }

    /// Begins with the first of `iterations`, at least one.
    pub(super) fn begin(&mut self, salt: &[u8], iterations: u32) {
        let mut mac = self.password.clone();
        Mac::update(&mut mac, salt);
        Mac::update(&mut mac, &1_u32.to_be_bytes());
        mac.finalize_into(&mut self.last.0);
        self.sum.0.copy_from_slice(&self.last.0);
        self.left = iterations.saturating_sub(1);
    }

    /// Does at most `slice` iterations. The salted password when none is left, else `None`.
    pub(super) fn run(&mut self, slice: u32) -> Option<&Tag<D>> {
        let now = self.left.min(slice);
        for _ in 0..now {
            let mut mac = self.password.clone();
            Mac::update(&mut mac, &self.last.0);
            mac.finalize_into(&mut self.last.0);
            self.sum.xor(&self.last);
        }
        self.left -= now;
        (self.left == 0).then_some(&self.sum)
    }
}

/// The client's proof and the signature that the server must show.
pub(super) struct Proof<D: EagerHash> {
    pub(super) client: Tag<D>,
    pub(super) server: Tag<D>,
}

impl<D: EagerHash> Proof<D> {
    /// Follows from the salted password and the messages of the exchange (RFC 5802 §3).
    pub(super) fn new(salted_password: &[u8], auth_message: &[u8]) -> Self {
        let mut client = hmac::<D>(salted_password, CLIENT_KEY);
        let mut stored_key = D::digest(client.as_bytes());
        client.xor(&hmac(&stored_key, auth_message));
        stored_key.as_mut_slice().zeroize();

        let server_key = hmac::<D>(salted_password, SERVER_KEY);
        Self { client, server: hmac(server_key.as_bytes(), auth_message) }
    }
}
