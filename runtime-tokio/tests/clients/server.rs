//! An example that is a server, as a process.

use core::net::SocketAddr;
use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::support::certs::Authority;
use crate::support::dir::TempDir;
use crate::support::process::{Process, START, example};
use crate::support::{DOMAIN, Server, require_peer};

/// How the server calls a stream that the client ended as it should.
const ENDED_WELL: &str = "closed by the peer";
/// How long it may take to say so.
const SOON: Duration = Duration::from_secs(10);

/// A running server of ours, stopped on drop, by a panic too.
#[derive(Debug)]
pub(crate) struct Example {
    name: &'static str,
    // Before `dir`, so that the server is gone when its directory goes.
    process: Process,
    c2s: SocketAddr,
    c2s_tls: SocketAddr,
    ca_file: PathBuf,
    dir: TempDir,
}

impl Example {
    /// Starts the example of that name for these accounts, with `more` arguments. `None` if
    /// `openssl` is not installed.
    pub(crate) fn start(name: &'static str, users: &[(&str, &str)], more: &[&str]) -> Option<Self> {
        require_peer("openssl")?;
        let dir = TempDir::new();
        let authority = Authority::new(dir.path(), "ca");
        let identity = authority.issue("server", &[DOMAIN]);

        let mut command = Command::new(example(name));
        command.args(["--domain", DOMAIN, "--c2s", "127.0.0.1:0", "--c2s-tls", "127.0.0.1:0"]);
        command.arg("--cert").arg(identity.cert).arg("--key").arg(identity.key);
        for (user, password) in users {
            command.args(["--user", &format!("{user}:{password}")]);
        }
        command.args(more);
        command.stdout(File::create(dir.path().join("said")).expect("the directory is ours"));
        command.stderr(File::create(dir.path().join("errors")).expect("the directory is ours"));
        let process = Process::spawn(&mut command).expect("the example runs");

        let mut server = Self {
            name,
            process,
            c2s: SocketAddr::from(([0; 4], 0)),
            c2s_tls: SocketAddr::from(([0; 4], 0)),
            ca_file: authority.file().to_path_buf(),
            dir,
        };
        server.c2s = server.wait_for_address("listening c2s ");
        server.c2s_tls = server.wait_for_address("listening c2s-tls ");
        Some(server)
    }

    /// Waits until it has told of a session of `jid` that began and ended as it should, as the
    /// last of what it has told of `jid`.
    #[track_caller]
    pub(crate) fn expect_session(&self, jid: &str) {
        let (online, ended) = (format!("online {jid}"), format!("ended {jid} {ENDED_WELL}"));
        let end = Instant::now() + SOON;
        loop {
            let said = self.read("said");
            let mut last = said.lines().rev().filter(|line| line.split(' ').nth(1) == Some(jid));
            if last.next() == Some(&ended) && last.next() == Some(&online) {
                return;
            }
            assert!(Instant::now() < end, "no {online:?} and {ended:?} at the end of\n{said}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait_for_address(&mut self, prefix: &str) -> SocketAddr {
        let end = Instant::now() + START;
        loop {
            // A line without its end may be half an address.
            let said = self.read("said");
            let mut lines = said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            if let Some(address) = lines.find_map(|line| line.strip_prefix(prefix)) {
                return address.parse().expect("an address");
            }
            let ended = self.process.ended();
            assert!(
                ended.is_none() && Instant::now() < end,
                "no {prefix:?}, {ended:?}\n{said}{}",
                self.read("errors")
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn read(&self, file: &str) -> String {
        let bytes = fs::read(self.dir.path().join(file)).expect("it is ours");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!(
                "--- what {} said ---\n{}{}---",
                self.name,
                self.read("said"),
                self.read("errors")
            );
        }
    }
}

impl Server for Example {
    fn address(&self) -> SocketAddr {
        self.c2s
    }

    fn tls_address(&self) -> SocketAddr {
        self.c2s_tls
    }

    fn ca_file(&self) -> &Path {
        &self.ca_file
    }
}
