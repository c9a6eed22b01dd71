//! Both ends are ours: clients on loopback against a listener.

#[path = "../session/mod.rs"]
mod session;
#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod hostile;
mod limits;
mod login;
mod own;
mod streams;
