//! The one source of random bytes inside a machine: a deterministic generator fed by a [`Seed`].
//!
//! The same seed and the same requests give the same bytes, so every failure can be replayed. The
//! construction is fast key erasure over HMAC-SHA-256: each refill derives a pool of output and
//! the next key from the current key, which is then overwritten, and output is erased as it is
//! handed out. Whoever reads the memory later learns nothing about what was drawn before.

use alloc::string::String;
use core::fmt;

use hmac::digest::FixedOutput;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

/// 32 unguessable bytes from which a machine draws everything random: nonces, stanza ids, the
/// jitter of its timers.
///
/// Take them from the operating system or a hardware generator, and use each seed for one machine
/// only: two machines with the same seed choose the same nonces. For the same reason a seed can
/// neither be cloned nor printed. It is wiped when it is dropped; the array it was made from is
/// the caller's to wipe.
///
/// ```
/// use xmpp_proto::Seed;
///
/// let mut bytes = [0; 32];
/// // getrandom::fill(&mut bytes)?;
/// # bytes[0] = 1;
/// let seed = Seed::new(bytes);
/// assert_eq!(format!("{seed:?}"), "Seed(..)");
/// ```
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed of these bytes, all of which should be unpredictable.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

const KEY: usize = 32;
/// Output made by one refill: fourteen ids. More would be faster per byte and idle memory.
const POOL: usize = 7 * KEY;

/// First byte of what the key is applied to, so that no use of it repeats another's input. The
/// blocks of the pool count from `LABEL_POOL` upwards.
const LABEL_KEY: u8 = 0;
const LABEL_MIX: u8 = 1;
const LABEL_POOL: u8 = 2;

/// The characters of [`Rng::id`]: base32 of RFC 4648 in lower case.
const ID_ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The generator. See the [module docs](self).
pub(crate) struct Rng {
    key: [u8; KEY],
    /// Output not handed out yet from `used` on, zeros before it.
    pool: [u8; POOL],
    used: usize,
}

impl Rng {
    /// A generator whose output depends on `seed` alone.
    pub(crate) fn new(seed: Seed) -> Self {
        let mut rng = Self { key: seed.0, pool: [0; POOL], used: POOL };
        drop(seed);
        // The seed itself is not a key of the generator: separate it from other uses of it.
        rng.rekey(b"xmpp-proto generator");
        rng
    }

    /// Fills `out` with random bytes.
    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        let mut rest = out;
        while !rest.is_empty() {
            if self.used == POOL {
                self.refill();
            }
            let n = rest.len().min(POOL - self.used);
            let (head, tail) = rest.split_at_mut(n);
            let ready = &mut self.pool[self.used..self.used + n];
            head.copy_from_slice(ready);
            ready.zeroize();
            self.used += n;
            rest = tail;
        }
    }

    /// An identifier with 128 random bits that nobody can guess: 26 lower-case letters and digits,
    /// the same in an XML attribute, a nonce or a log.
    pub(crate) fn id(&mut self) -> String {
        const LEN: usize = 26;
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        let mut bits = u128::from_le_bytes(bytes);
        let mut id = String::with_capacity(LEN);
        for _ in 0..LEN {
            id.push(char::from(ID_ALPHABET[(bits & 31) as usize]));
            bits >>= 5;
        }
        id
    }

    /// A random number.
    pub(crate) fn u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A random number below `bound`, each as likely as the others. 0 if there is none.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // 2^64 mod `bound`: that many numbers at the end would favour the small remainders.
        let excess = (u64::MAX % bound + 1) % bound;
        loop {
            let drawn = self.u64();
            if drawn <= u64::MAX - excess {
                return drawn % bound;
            }
        }
    }

    /// Mixes in fresh entropy. It cannot make the generator worse, whoever chose the bytes, and
    /// everything drawn from now on depends on them.
    pub(crate) fn mix(&mut self, entropy: &[u8; 32]) {
        let mut input = [LABEL_MIX; 1 + 32];
        input[1..].copy_from_slice(entropy);
        self.rekey(&input);
        input.zeroize();
        self.pool.zeroize();
        self.used = POOL;
    }

    fn refill(&mut self) {
        let mac = self.keyed();
        for (block, label) in self.pool.chunks_exact_mut(KEY).zip(LABEL_POOL..) {
            let mut mac = mac.clone();
            Mac::update(&mut mac, &[label]);
            mac.finalize_into(block.try_into().expect("a chunk has the length of a key"));
        }
        self.used = 0;
        self.rekey(&[LABEL_KEY]);
    }

    /// Replaces the key by its image under `input`, from which it cannot be computed back.
    fn rekey(&mut self, input: &[u8]) {
        let mut mac = self.keyed();
        Mac::update(&mut mac, input);
        mac.finalize_into((&mut self.key).into());
    }

    fn keyed(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.key).expect("HMAC takes keys of any length")
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng(..)")
    }
}

impl Drop for Rng {
    fn drop(&mut self) {
        self.key.zeroize();
        self.pool.zeroize();
    }
}

#[cfg(test)]
mod tests;
