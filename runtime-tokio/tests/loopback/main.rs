//! The adapter against a scripted server on loopback: what handles promise while connections come
//! and go, fail and stall.

mod flow;
mod handles;
mod peer;
mod targets;
mod tls;
