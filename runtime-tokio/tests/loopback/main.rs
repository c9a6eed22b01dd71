//! The adapter against a scripted server on loopback: what handles promise while connections come
//! and go, fail and stall.
#![allow(clippy::std_instead_of_alloc, reason = "these tests are for std")]

mod flow;
mod handles;
mod peer;
mod tls;
