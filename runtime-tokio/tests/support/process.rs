//! Processes that end with the test, and ports for them.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

/// How long a server may take to start. Alone it needs about a second; tests run in parallel.
pub(crate) const START: Duration = Duration::from_secs(30);
/// How long a server may take to stop before it is killed. It needs 1 s with open streams.
const STOP: Duration = Duration::from_secs(10);
/// Ports are found free and then given up for the server to bind: another may be faster.
pub(crate) const PORT_RACES: usize = 5;

/// Why a server does not run.
#[derive(Debug)]
pub(crate) enum StartFault {
    PortTaken,
    Failed(String),
}

/// The program of an example: `cargo test` builds it beside the tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test is a program");
    let target = test.parent().and_then(Path::parent).expect("it lies in target/*/deps");
    let program = target.join("examples").join(name);
    let build = "cargo build -p xmpp-runtime-tokio --example";
    assert!(program.exists(), "build it first: {build} {name}");
    program
}

/// A server's process. Dropping it asks it to end, and kills it if it does not.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, StartFault> {
        let child = command.stdin(Stdio::null()).spawn();
        child.map(Self).map_err(|error| StartFault::Failed(error.to_string()))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("it is our child")
    }

    pub(crate) fn kill(&mut self) {
        // Both fail only if it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    fn terminate(&mut self) {
        // The pid is the child's for as long as it is not waited for. The shell's own `kill`
        // is there even where the program of that name is not.
        let command = format!("kill -TERM {}", self.0.id());
        let _ = Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status();
        let end = Instant::now() + STOP;
        while Instant::now() < end {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.terminate();
        }
    }
}

/// Different ports on loopback that are free right now.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are known, else they could be the same.
    let held = [(); N]
        .map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port"));
    held.map(|listener| listener.local_addr().expect("it is bound").port())
}
