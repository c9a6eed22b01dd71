//! Real servers for tests, on loopback and in directories of their own.
//!
//! Nothing here knows tokio or the library under test, so that every adapter can use it with
//! `#[path = ".."] mod support;`.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod certs;
pub(crate) mod dir;
pub(crate) mod prosody;

use std::io::Write;
use std::path::{Path, PathBuf};

/// Where `program` lies, or `None` after saying that the test is skipped.
///
/// With `XMPP_REQUIRE_PEERS=1` in the environment, as in CI, a missing program is a failure. Give
/// it a program's name; it is looked up, never run (`prosody --version` would start a server).
pub(crate) fn require_peer(program: &str) -> Option<PathBuf> {
    let found = find(program);
    if found.is_none() {
        assert!(
            std::env::var_os("XMPP_REQUIRE_PEERS").is_none_or(|value| value != "1"),
            "`{program}` is not installed, and XMPP_REQUIRE_PEERS=1 forbids to skip this test"
        );
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // The test runner swallows what the print macros write, but not this. A notice that
        // cannot be written is no reason to fail.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: `{program}` is not installed");
    }
    found
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
