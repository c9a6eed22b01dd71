//! Stream negotiation (RFC 6120 §4.3): the way from an open transport to a bound resource.
//!
//! All of the workspace's negotiation lives here, one module per role.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod data;
#[cfg(feature = "server")]
mod server;

#[cfg(feature = "client")]
pub(crate) use client::{Cx, Kept, Negotiation, TokenNews, Verdict};
#[cfg(feature = "server")]
pub(crate) use server::{
    BindAnswer, Question, ServerCx, ServerNegotiation, ServerVerdict, bounded, unknown_element,
};
