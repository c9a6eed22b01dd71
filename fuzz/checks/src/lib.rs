//! What the fuzz targets check. Each target is a function from bytes to nothing that panics if
//! something that must always hold does not.
//!
//! The targets themselves, one level up, hand libFuzzer's inputs to these functions; the tests of
//! this package hand them the inputs that are kept, so that stable compilers notice when an old
//! fault comes back. `fuzz/README.md` says how to run both.

#![cfg_attr(not(feature = "expat"), forbid(unsafe_code))]

mod choices;
pub mod chunks;
pub mod client;
pub mod differential;
pub mod jid;
mod meaning;
mod peers;
pub mod round_trip;
pub mod sasl;
mod scram;
pub mod stanza;
pub mod tokens;

use xmpp_proto::xml::Limits;

/// A check, and the name of its target.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, in alphabetical order.
pub const TARGETS: &[Target] = &[
    ("chunks", chunks::check),
    ("client", client::check),
    ("differential", differential::check),
    ("jid", jid::check),
    ("round_trip", round_trip::check),
    ("sasl", sasl::check),
    ("stanza", stanza::check),
    ("tokens", tokens::check),
];

/// So wide that no input meets one: the others have none, or others.
pub(crate) fn no_limits() -> Limits {
    let most = usize::MAX;
    Limits::default()
        .with_stanza_bytes(most)
        .with_header_bytes(most)
        .with_depth(most)
        .with_attributes(most)
        .with_name_bytes(most)
        .with_namespaces(most)
        .with_foreign_namespaces(most)
}
