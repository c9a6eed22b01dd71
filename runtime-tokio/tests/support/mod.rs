//! Real servers for tests, on loopback and in directories of their own.
//!
//! Nothing here knows tokio or the library under test, so that every adapter can use it with
//! `#[path = ".."] mod support;`.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod certs;
pub(crate) mod clients;
pub(crate) mod dir;
pub(crate) mod dns;
pub(crate) mod ejabberd;
pub(crate) mod process;
pub(crate) mod prosody;

use core::net::SocketAddr;
use std::io::Write;
use std::path::{Path, PathBuf};

use certs::{Authority, Identity};

/// The domain that every test server serves.
pub(crate) const DOMAIN: &str = "localhost";
/// The domain on which a test server knows nobody and lets everybody in.
pub(crate) const ANONYMOUS_DOMAIN: &str = "anon.localhost";

/// What clients need to know of a running server.
pub(crate) trait Server {
    /// Where streams begin in plain TCP.
    fn address(&self) -> SocketAddr;
    /// Where streams begin with TLS.
    fn tls_address(&self) -> SocketAddr;
    /// The PEM file of the authority that issued its certificate.
    fn ca_file(&self) -> &Path;
}

/// The versions of TLS the server speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TlsVersions {
    Both,
    Only12,
    Only13,
}

/// What certificate the server shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Certificate {
    /// For [`DOMAIN`], issued by the authority in [`Server::ca_file`].
    Good,
    /// From the same authority, for another name.
    For(&'static str),
    /// From the same authority, for [`DOMAIN`], but no longer valid.
    Expired,
    /// For [`DOMAIN`], its own authority; [`Server::ca_file`] is then this very certificate.
    SelfSigned,
}

impl Certificate {
    /// Makes it in `dir`, and gives the file of its authority, too.
    fn make(self, dir: &Path) -> (PathBuf, Identity) {
        if matches!(self, Self::SelfSigned) {
            let identity = certs::issue_self_signed(dir, "server", DOMAIN);
            return (identity.cert.clone(), identity);
        }
        let authority = Authority::new(dir, "ca");
        let identity = match self {
            Self::Good | Self::SelfSigned => authority.issue("server", &[DOMAIN, ANONYMOUS_DOMAIN]),
            Self::For(name) => authority.issue("server", &[name]),
            Self::Expired => authority.issue_expired("server", &[DOMAIN]),
        };
        (authority.file().to_path_buf(), identity)
    }
}

/// Where `program` lies, or `None` after saying that the test is skipped: see [`skip`].
///
/// Give it a program's name; it is looked up, never run (`prosody --version` would start a server).
pub(crate) fn require_peer(program: &str) -> Option<PathBuf> {
    let found = find(program);
    if found.is_none() {
        skip(&format!("`{program}` is not installed"));
    }
    found
}

/// Says that a test is skipped, and why.
///
/// With `XMPP_REQUIRE_PEERS=1` in the environment, as in CI, it is a failure.
pub(crate) fn skip(why: &str) {
    assert!(
        std::env::var_os("XMPP_REQUIRE_PEERS").is_none_or(|value| value != "1"),
        "{why}, and XMPP_REQUIRE_PEERS=1 forbids to skip this test"
    );
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // The test runner swallows what the print macros write, but not this. A notice that cannot be
    // written is no reason to fail.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps some servers outside the PATH of ordinary users.
    let system = [Path::new("/usr/sbin"), Path::new("/usr/local/sbin")];
    std::env::split_paths(&path)
        .chain(system.map(Path::to_path_buf))
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}
