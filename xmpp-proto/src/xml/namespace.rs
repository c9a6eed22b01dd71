//! The namespaces known at compile time, and their small integer ids.
//!
//! A node of the tape holds a namespace as an id. Names in [`WELL_KNOWN`] have the same id in
//! every tree, so a tree that uses only these (nearly every stanza does) stores no namespace
//! name, and comparing two of them is comparing integers.

use crate::ns;

/// Id of "no namespace".
pub(crate) const NONE: u16 = 0;
/// Id of [`ns::XML`].
pub(crate) const XML: u16 = 1;
/// Id of [`ns::XMLNS`].
pub(crate) const XMLNS: u16 = 2;
/// Id of [`ns::STREAM`].
pub(crate) const STREAM: u16 = 3;

/// The first id that is local to a tree.
#[expect(clippy::cast_possible_truncation, reason = "the table has fewer than 256 entries")]
pub(crate) const FIRST_LOCAL: u16 = WELL_KNOWN.len() as u16;

/// The names; a name's index is its id.
pub(crate) const WELL_KNOWN: &[&str] = &[
    "",
    ns::XML,
    ns::XMLNS,
    ns::STREAM,
    ns::CLIENT,
    ns::SERVER,
    ns::STREAM_ERROR,
    ns::TLS,
    ns::SASL,
    ns::BIND,
    ns::STANZA_ERROR,
    ns::SESSION,
    ns::PING,
    "eu.siacs.conversations.axolotl",
    "http://jabber.org/features/compress",
    "http://jabber.org/features/iq-register",
    "http://jabber.org/protocol/address",
    "http://jabber.org/protocol/bytestreams",
    "http://jabber.org/protocol/caps",
    "http://jabber.org/protocol/chatstates",
    "http://jabber.org/protocol/commands",
    "http://jabber.org/protocol/disco#info",
    "http://jabber.org/protocol/disco#items",
    "http://jabber.org/protocol/ibb",
    "http://jabber.org/protocol/muc",
    "http://jabber.org/protocol/muc#admin",
    "http://jabber.org/protocol/muc#owner",
    "http://jabber.org/protocol/muc#user",
    "http://jabber.org/protocol/nick",
    "http://jabber.org/protocol/pubsub",
    "http://jabber.org/protocol/pubsub#errors",
    "http://jabber.org/protocol/pubsub#event",
    "http://jabber.org/protocol/pubsub#owner",
    "http://jabber.org/protocol/rsm",
    "http://jabber.org/protocol/xhtml-im",
    "http://www.w3.org/1999/xhtml",
    "jabber:component:accept",
    "jabber:iq:last",
    "jabber:iq:private",
    "jabber:iq:register",
    "jabber:iq:roster",
    "jabber:iq:version",
    "jabber:server:dialback",
    "jabber:x:conference",
    "jabber:x:data",
    "jabber:x:encrypted",
    "jabber:x:oob",
    "jabber:x:signed",
    "urn:ietf:params:xml:ns:vcard-4.0",
    "urn:ietf:params:xml:ns:xmpp-framing",
    "urn:xmpp:avatar:data",
    "urn:xmpp:avatar:metadata",
    "urn:xmpp:bind:0",
    "urn:xmpp:blocking",
    "urn:xmpp:bookmarks:1",
    "urn:xmpp:carbons:2",
    "urn:xmpp:chat-markers:0",
    "urn:xmpp:csi:0",
    "urn:xmpp:delay",
    "urn:xmpp:eme:0",
    "urn:xmpp:fallback:0",
    "urn:xmpp:fast:0",
    "urn:xmpp:features:pre-approval",
    "urn:xmpp:features:rosterver",
    "urn:xmpp:forward:0",
    "urn:xmpp:hints",
    "urn:xmpp:http:upload:0",
    "urn:xmpp:idle:1",
    "urn:xmpp:jingle-message:0",
    "urn:xmpp:jingle:1",
    "urn:xmpp:mam:2",
    "urn:xmpp:message-correct:0",
    "urn:xmpp:message-retract:1",
    "urn:xmpp:mix:core:1",
    "urn:xmpp:occupant-id:0",
    "urn:xmpp:omemo:2",
    "urn:xmpp:push:0",
    "urn:xmpp:reactions:0",
    "urn:xmpp:receipts",
    "urn:xmpp:reference:0",
    "urn:xmpp:reply:0",
    "urn:xmpp:sasl-cb:0",
    "urn:xmpp:sasl:2",
    "urn:xmpp:sfs:0",
    "urn:xmpp:sid:0",
    "urn:xmpp:sm:3",
    "urn:xmpp:styling:0",
    "urn:xmpp:time",
    "vcard-temp",
    "vcard-temp:x:update",
];

const SLOT_BITS: u32 = 10;

/// A perfect hash over the table: at most one name per slot, found by the compiler.
struct Index {
    multiplier: u64,
    /// Ids, 0 where no name falls.
    slots: [u8; 1 << SLOT_BITS],
}

static INDEX: Index = index();

/// The id of `ns` if it is in the table. Reads 16 bytes of it, then compares once.
#[inline]
pub(crate) fn well_known(ns: &str) -> Option<u16> {
    let bytes = ns.as_bytes();
    let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) else {
        return if ns.is_empty() { Some(NONE) } else { None };
    };
    let key = mix(u64::from_le_bytes(*first), u64::from_le_bytes(*last), ns.len());
    let id = INDEX.slots[slot(key, INDEX.multiplier)];
    // The empty slots hold id 0, whose name is empty and so differs from `ns`.
    (WELL_KNOWN[id as usize] == ns).then_some(u16::from(id))
}

#[inline]
const fn mix(first: u64, last: u64, len: usize) -> u64 {
    first.rotate_left(25) ^ last ^ (len as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[inline]
const fn slot(key: u64, multiplier: u64) -> usize {
    (key.wrapping_mul(multiplier) >> (64 - SLOT_BITS)) as usize
}

const fn index() -> Index {
    assert!(WELL_KNOWN.len() <= 256, "ids in the index are bytes");
    let mut keys = [0_u64; WELL_KNOWN.len()];
    let mut id = 1;
    while id < keys.len() {
        let bytes = WELL_KNOWN[id].as_bytes();
        let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) else {
            panic!("a well-known namespace has at least 8 bytes");
        };
        keys[id] = mix(u64::from_le_bytes(*first), u64::from_le_bytes(*last), bytes.len());
        id += 1;
    }
    let mut multiplier = 0x2545_F491_4F6C_DD1D_u64;
    let mut tries = 0;
    // If two names had the same key, no multiplier could part them.
    while tries < 5_000 {
        if let Some(slots) = place(&keys, multiplier) {
            return Index { multiplier, slots };
        }
        multiplier = multiplier.wrapping_mul(0x5851_F42D_4C95_7F2D) | 1;
        multiplier = multiplier.rotate_left(17) | 1;
        tries += 1;
    }
    panic!("no multiplier parts all well-known namespaces: change `mix`");
}

#[expect(clippy::cast_possible_truncation, reason = "there are at most 256 ids")]
const fn place(keys: &[u64], multiplier: u64) -> Option<[u8; 1 << SLOT_BITS]> {
    let mut slots = [0_u8; 1 << SLOT_BITS];
    let mut id = 1;
    while id < keys.len() {
        let slot = slot(keys[id], multiplier);
        if slots[slot] != 0 {
            return None;
        }
        slots[slot] = id as u8;
        id += 1;
    }
    Some(slots)
}

#[cfg(test)]
mod tests;
