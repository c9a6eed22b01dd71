//! The runtime against real Prosody servers, each started by the test that needs it.

mod certificates;
mod channel_binding;
mod contacts;
mod failures;
mod fast;
mod login;
mod management;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../session/mod.rs"]
mod session;
#[path = "../support/mod.rs"]
mod support;
mod targets;
mod traffic;
#[cfg(feature = "unicode")]
mod unicode;

use session::{Session, account, at};
