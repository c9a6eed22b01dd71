//! Clients that others wrote, as programs that say on standard output what happens to them.
//!
//! They lie in `clients/`, with a README. Tests never prepare them, which would download:
//! `clients/prepare` does.

use core::net::SocketAddr;
use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::Instant;

use super::dir::TempDir;
use super::process::Process;
use super::skip;

/// How long a client waits for others in all. Alone it needs a second.
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

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// It says something, hears it back, and leaves. Its words: what it says.
    Echo,
    /// It makes a friend, talks, parts with them, and leaves. Its words: what it says, and the name
    /// and the group that it gives the friend.
    Contact,
}

/// Where a client goes, and what for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) errand: Errand,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Tls,
    /// The PEM file of the authority to trust.
    pub(crate) ca_file: &'a Path,
    pub(crate) jid: &'a str,
    pub(crate) password: &'a str,
    /// Whom to talk to.
    pub(crate) peer: &'a str,
    /// In one line each.
    pub(crate) words: &'a [&'a str],
}

/// A client that runs. It is stopped on drop.
#[derive(Debug)]
pub(crate) struct Visitor {
    // Before `dir`, so that the client is gone when its directory goes.
    process: Process,
    /// The client and its visit, for people.
    name: String,
    deadline: Instant,
    /// How many lines have been read.
    read: usize,
    /// What it knows, by name: `tls`, `mechanism`.
    info: Vec<(String, String)>,
    dir: TempDir,
}

impl Visitor {
    /// Waits for the next line, which must begin with these words. Gives what follows them.
    ///
    /// # Panics
    ///
    /// Panics with all that it said when it says something else, or nothing in time.
    #[track_caller]
    pub(crate) fn expect(&mut self, words: &str) -> String {
        let line = self.line();
        let rest = line.as_deref().and_then(|line| match line.strip_prefix(words)? {
            "" => Some(String::new()),
            rest => rest.strip_prefix(' ').map(str::to_owned),
        });
        rest.unwrap_or_else(|| self.fail(&format!("{words:?} expected, not {line:?}")))
    }

    /// Waits until it has gone, after its last line.
    ///
    /// # Panics
    ///
    /// Panics as [`Visitor::expect`] does, and when it did not get what it came for.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        if let Some(line) = self.line() {
            self.fail(&format!("the end expected, not {line:?}"));
        }
        let success = self.process.ended().is_some_and(|status| status.success());
        if !success {
            self.fail("it failed");
        }
    }

    /// What the client has said about `name`, if its library tells.
    pub(crate) fn info(&self, name: &str) -> Option<&str> {
        self.info.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The next line that is no `info`, or `None` when it has ended.
    #[track_caller]
    fn line(&mut self) -> Option<String> {
        loop {
            // Looked at first: what it said until then is all.
            let ended = self.process.ended().is_some();
            while let Some(line) = self.next_said() {
                let info = line.strip_prefix("info ").and_then(|rest| rest.split_once(' '));
                let Some((name, value)) = info else { return Some(line) };
                self.info.push((name.into(), value.into()));
            }
            if ended {
                return None;
            }
            if Instant::now() > self.deadline {
                self.fail("it takes too long");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn next_said(&mut self) -> Option<String> {
        let said = self.file(SAID);
        // A line without its end may be half of one.
        let line = said.split_inclusive('\n').nth(self.read)?.strip_suffix('\n')?;
        self.read += 1;
        Some(line.to_owned())
    }

    #[track_caller]
    fn fail(&mut self, why: &str) -> ! {
        let status: Option<ExitStatus> = self.process.ended();
        self.process.kill();
        let [said, errors] = [SAID, ERRORS].map(|name| self.file(name));
        panic!("{}: {why}, {status:?}\n{said}{errors}", self.name);
    }

    fn file(&self, name: &str) -> String {
        let bytes = fs::read(self.dir.path().join(name)).expect("it was made before");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The files with what a client says, and with its complaints.
const SAID: &str = "said";
const ERRORS: &str = "errors";

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

    /// Starts it.
    pub(crate) fn start(self, visit: &Visit<'_>) -> Visitor {
        let dir = TempDir::new();
        let mut command = self.command(visit);
        let file = |name| File::create(dir.path().join(name)).expect("the directory is ours");
        command.stdout(file(SAID)).stderr(file(ERRORS));
        Visitor {
            process: Process::spawn(&mut command).expect("it was prepared"),
            name: format!("{self:?} with {visit:?}"),
            deadline: Instant::now() + PATIENCE + GRACE,
            read: 0,
            info: Vec::new(),
            dir,
        }
    }

    fn command(self, visit: &Visit<'_>) -> Command {
        let program = self.dir().join(self.program(visit.errand));
        let mut command = match self {
            Self::Slixmpp => Command::new(self.dir().join("venv/bin/python")),
            Self::XmppJs => Command::new("node"),
            Self::Libstrophe | Self::Gloox => Command::new(program.with_extension("")),
        };
        match self {
            Self::Slixmpp => command.arg(program),
            // The only way to tell it whom to trust.
            Self::XmppJs => command.arg(program).env("NODE_EXTRA_CA_CERTS", visit.ca_file),
            Self::Libstrophe | Self::Gloox => &mut command,
        };
        command.args([&visit.address.ip().to_string(), &visit.address.port().to_string()]);
        command.args([visit.jid, visit.password]).arg(visit.ca_file);
        command.arg(match visit.tls {
            Tls::StartTls => "starttls",
            Tls::Direct => "direct",
        });
        command.args([visit.peer, &PATIENCE.as_secs().to_string()]).args(visit.words);
        command
    }

    /// Its program's source.
    const fn program(self, errand: Errand) -> &'static str {
        match (self, errand) {
            (Self::Slixmpp, Errand::Echo) => "slixmpp_echo.py",
            (Self::Slixmpp, Errand::Contact) => "slixmpp_contact.py",
            (Self::XmppJs, Errand::Echo) => "xmppjs_echo.mjs",
            (Self::XmppJs, Errand::Contact) => "xmppjs_contact.mjs",
            (Self::Libstrophe, Errand::Echo) => "strophe_echo.c",
            (Self::Libstrophe, Errand::Contact) => "strophe_contact.c",
            (Self::Gloox, Errand::Echo) => "gloox_echo.cpp",
            (Self::Gloox, Errand::Contact) => "gloox_contact.cpp",
        }
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
        let pinned: &[&str] = match self {
            Self::Slixmpp => &["requirements.txt"],
            Self::XmppJs => &["package.json", "package-lock.json"],
            Self::Libstrophe | Self::Gloox => &[],
        };
        let programs = [Errand::Echo, Errand::Contact].map(|errand| self.program(errand));
        let dir = self.dir();
        pinned.iter().chain(&programs).all(|file| {
            let source = fs::read(sources().join(file)).expect("it is part of the repository");
            fs::read(dir.join(file)).is_ok_and(|copy| copy == source)
        })
    }
}

/// The directory of the programs' sources.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/clients")
}
