//! The servers that are measured, as processes of their own.
#![allow(dead_code, reason = "each program uses its own part")]

use core::net::SocketAddr;
use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;

use crate::Fault;
use crate::support::DOMAIN;
use crate::support::certs::Authority;
use crate::support::dir::TempDir;
use crate::support::process::Process;

/// An example of this project that is a server.
pub(crate) struct Example {
    // Before `dir`, so that the server is gone when its directory goes.
    process: Process,
    dir: TempDir,
    pub(crate) starttls: SocketAddr,
    pub(crate) direct: SocketAddr,
    ca_file: PathBuf,
}

impl Example {
    /// Starts it with accounts whose passwords are all the same.
    pub(crate) fn start(
        name: &str,
        users: impl IntoIterator<Item: AsRef<str>>,
        password: &str,
    ) -> Result<Self, Fault> {
        let program = std::env::current_exe()?.with_file_name("examples").join(name);
        if !program.exists() {
            let build = "cargo build --release -p xmpp-runtime-tokio --example";
            return Err(format!("build it first: {build} {name}").into());
        }
        let dir = TempDir::new();
        let authority = Authority::new(dir.path(), "ca");
        let identity = authority.issue("server", &[DOMAIN]);
        let mut command = Command::new(program);
        command.args(["--domain", DOMAIN, "--c2s", "127.0.0.1:0", "--c2s-tls", "127.0.0.1:0"]);
        command.arg("--cert").arg(identity.cert).arg("--key").arg(identity.key);
        for user in users {
            command.arg("--user").arg(format!("{}:{password}", user.as_ref()));
        }
        command.stdout(File::create(dir.path().join("said"))?);
        let process = Process::spawn(&mut command).map_err(|fault| format!("{fault:?}"))?;
        let [starttls, direct] = addresses(&dir.path().join("said"))?;
        let ca_file = authority.file().to_path_buf();
        Ok(Self { process, dir, starttls, direct, ca_file })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn ca_file(&self) -> &Path {
        debug_assert!(self.ca_file.starts_with(self.dir.path()));
        &self.ca_file
    }
}

/// Waits until the server says where it listens.
fn addresses(said: &Path) -> Result<[SocketAddr; 2], Fault> {
    for _ in 0..600 {
        let text = fs::read_to_string(said)?;
        let find = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.parse().ok());
        if let (Some(starttls), Some(direct)) = (find("listening c2s "), find("listening c2s-tls "))
        {
            return Ok([starttls, direct]);
        }
        sleep(Duration::from_millis(50));
    }
    Err("the server does not listen".into())
}

/// Resident memory of a process, in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64, Fault> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
    Ok(kib.ok_or("no VmRSS")?.trim().parse::<u64>()? * 1024)
}

/// What a process has computed, in seconds.
pub(crate) fn processor_time(pid: u32) -> Result<f64, Fault> {
    /// `USER_HZ`, which is the same on all architectures of Linux that matter.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let mut ticks = fields.split_ascii_whitespace().skip(11).map(str::parse::<f64>);
    let (user, system) = (ticks.next().ok_or("no utime")??, ticks.next().ok_or("no stime")??);
    Ok((user + system) / TICKS)
}
