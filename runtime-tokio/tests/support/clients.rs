//! Clients that others wrote: each logs in, says something, hears it back, and leaves.
//!
//! Their programs lie in `clients/`, with a README. Tests never prepare them, which would download:
//! `clients/prepare` does.

use core::net::SocketAddr;
use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use super::dir::TempDir;
use super::process::Process;
use super::skip;

/// How long a client waits for the server in all. Alone it needs a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to find that out before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// A client's library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// In Python, with its own XML and OpenSSL.
    Slixmpp,
    /// In JavaScript, with node's TLS.
    XmppJs,
    /// In C, with expat and OpenSSL.
    Libstrophe,
    /// In C++, with its own XML and `GnuTLS`. It knows STARTTLS and TLS 1.2 only.
    Gloox,
}

/// How a client comes to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    StartTls,
    Direct,
}

/// What a client is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Tls,
    /// The PEM file of the authority to trust.
    pub(crate) ca_file: &'a Path,
    pub(crate) jid: &'a str,
    pub(crate) password: &'a str,
    /// Whom to talk to, who must answer with the same words.
    pub(crate) peer: &'a str,
    pub(crate) body: &'a str,
}

/// What a client said that was logged in, echoed, and left with a good end of the stream.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The full JID that the server gave it.
    pub(crate) jid: String,
    /// The body that came back.
    pub(crate) echo: String,
    /// What else it knows, by name: `tls`, `mechanism`, `roster`.
    info: Vec<(String, String)>,
}

impl Report {
    /// What the client says about `name`, if its library tells.
    pub(crate) fn info(&self, name: &str) -> Option<&str> {
        self.info.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads the lines `online`, `echo` and `closed`, in this order, with `info` between them.
    fn parse(lines: &str) -> Option<Self> {
        let (mut said, mut info) = (Vec::new(), Vec::new());
        for line in lines.lines() {
            match line.strip_prefix("info ").and_then(|rest| rest.split_once(' ')) {
                Some((name, value)) => info.push((name.into(), value.into())),
                None => said.push(line),
            }
        }
        let [jid, echo, "closed"] = said[..] else { return None };
        let jid = jid.strip_prefix("online ")?.into();
        let echo = echo.strip_prefix("echo ")?.into();
        Some(Self { jid, echo, info })
    }
}

impl Client {
    /// Whether it is there. If not, it says that the test is skipped: see [`skip`].
    pub(crate) fn require(self) -> bool {
        let ready = self.is_ready();
        if !ready {
            let prepare = "runtime-tokio/tests/support/clients/prepare";
            skip(&format!("{self:?} is not prepared, or not from these sources: run {prepare}"));
        }
        ready
    }

    /// Runs it.
    ///
    /// # Panics
    ///
    /// Panics with all that it said when it does not get what it came for, or not in time.
    #[track_caller]
    pub(crate) fn run(self, visit: &Visit<'_>) -> Report {
        let dir = TempDir::new();
        let [said, errors] = ["said", "errors"].map(|name| dir.path().join(name));
        let mut command = self.command(visit);
        command.stdout(File::create(&said).expect("the directory is ours"));
        command.stderr(File::create(&errors).expect("the directory is ours"));
        let mut process = Process::spawn(&mut command).expect("it was prepared");

        let deadline = Instant::now() + PATIENCE + GRACE;
        let status = loop {
            if let Some(status) = process.ended() {
                break Some(status);
            }
            if Instant::now() > deadline {
                process.kill();
                break None;
            }
            thread::sleep(Duration::from_millis(10));
        };

        let [said, errors] = [said, errors].map(|file| {
            let bytes = fs::read(file).expect("it was made above");
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let success = status.is_some_and(|status| status.success());
        match Report::parse(&said).filter(|_| success) {
            Some(report) => report,
            None => panic!("{self:?} with {visit:?}: {status:?}\n{said}{errors}"),
        }
    }

    fn command(self, visit: &Visit<'_>) -> Command {
        let dir = self.dir();
        let mut command = match self {
            Self::Slixmpp => Command::new(dir.join("venv/bin/python")),
            Self::XmppJs => Command::new("node"),
            Self::Libstrophe => Command::new(dir.join("strophe_echo")),
            Self::Gloox => Command::new(dir.join("gloox_echo")),
        };
        match self {
            Self::Slixmpp => command.arg(dir.join("slixmpp_echo.py")),
            // The only way to tell it whom to trust.
            Self::XmppJs => {
                command.arg(dir.join("xmppjs_echo.mjs")).env("NODE_EXTRA_CA_CERTS", visit.ca_file)
            }
            Self::Libstrophe | Self::Gloox => &mut command,
        };
        command.args([&visit.address.ip().to_string(), &visit.address.port().to_string()]);
        command.args([visit.jid, visit.password]).arg(visit.ca_file);
        command.arg(match visit.tls {
            Tls::StartTls => "starttls",
            Tls::Direct => "direct",
        });
        command.args([visit.peer, &PATIENCE.as_secs().to_string(), visit.body]);
        command
    }

    /// Where `prepare` has put it.
    fn dir(self) -> PathBuf {
        let name = match self {
            Self::Slixmpp => "slixmpp",
            Self::XmppJs => "xmppjs",
            Self::Libstrophe => "strophe",
            Self::Gloox => "gloox",
        };
        let clients = std::env::var_os("XMPP_TEST_CLIENTS").map(PathBuf::from);
        clients.unwrap_or_else(|| sources().join("../../../../target/clients")).join(name)
    }

    /// `prepare` copies these when all is well: what it made from other sources does not count.
    fn is_ready(self) -> bool {
        let files: &[&str] = match self {
            Self::Slixmpp => &["requirements.txt", "slixmpp_echo.py"],
            Self::XmppJs => &["package.json", "package-lock.json", "xmppjs_echo.mjs"],
            Self::Libstrophe => &["strophe_echo.c"],
            Self::Gloox => &["gloox_echo.cpp"],
        };
        let dir = self.dir();
        files.iter().all(|file| {
            let source = fs::read(sources().join(file)).expect("it is part of the repository");
            fs::read(dir.join(file)).is_ok_and(|copy| copy == source)
        })
    }
}

/// The directory of the programs' sources.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/clients")
}
