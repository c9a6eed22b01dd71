//! The runtime against real ejabberd servers, each started by the test that needs it.

mod contacts;
mod failures;
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

use session::{Session, account, at, without_password};
