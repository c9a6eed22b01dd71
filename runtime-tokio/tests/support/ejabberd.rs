//! An ejabberd of a test's own.
//!
//! ```ignore
//! let Some(server) = Ejabberd::builder().user("alice", "secret").start() else { return };
//! let stream = TcpStream::connect(server.address())?;
//! ```
//!
//! It is run without `ejabberdctl`, which insists on a user of its own, and as an Erlang node
//! without a name: so it needs no `epmd` and listens on nothing but its ports on loopback.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use super::dir::TempDir;
use super::process::{PORT_RACES, Process, START, StartFault, free_ports};
use super::{ANONYMOUS_DOMAIN, Certificate, DOMAIN, Server, TlsVersions, require_peer};

/// How passwords are stored, and so which mechanisms are offered beside PLAIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordFormat {
    /// As they are: every SCRAM can be offered.
    Plain,
    /// As the keys of one SCRAM: that one can be offered.
    Scram(ScramHash),
}

/// The hash of stored SCRAM keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScramHash {
    Sha1,
    Sha256,
    Sha512,
}

/// What kind of server to start.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    format: PasswordFormat,
    versions: TlsVersions,
    certificate: Certificate,
    users: Vec<(String, String)>,
    client_certificates: bool,
    resumption: Option<Resumption>,
    log_level: &'static str,
}

/// How long the server waits for clients that it does not hear, in whole seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumption {
    /// How long a broken stream can be resumed. ejabberd's default is five minutes.
    pub(crate) within: Duration,
    /// How long the server waits for an acknowledgement that it has asked for before it takes the
    /// link for broken. ejabberd's default is one minute.
    pub(crate) ack_timeout: Duration,
}

impl Builder {
    pub(crate) fn password_format(mut self, format: PasswordFormat) -> Self {
        self.format = format;
        self
    }

    pub(crate) fn tls_versions(mut self, versions: TlsVersions) -> Self {
        self.versions = versions;
        self
    }

    pub(crate) fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = certificate;
        self
    }

    /// Adds the account `name@localhost`.
    pub(crate) fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.into(), password.into()));
        self
    }

    /// Asks clients for certificates and offers EXTERNAL to those who show one. They must come
    /// from the authority in [`Ejabberd::ca_file`].
    pub(crate) fn client_certificates(mut self) -> Self {
        self.client_certificates = true;
        self
    }

    /// Offers stream management (XEP-0198). What cannot be delivered because a stream was not resumed
    /// is kept for later where the account has no other, as Prosody does.
    pub(crate) fn resumption(mut self, resumption: Resumption) -> Self {
        self.resumption = Some(resumption);
        self
    }

    /// Logs every stanza.
    pub(crate) fn log_everything(mut self) -> Self {
        self.log_level = "debug";
        self
    }

    /// Starts the server and waits until it serves streams.
    ///
    /// `None` if it is not installed and tests may be skipped: see [`require_peer`].
    pub(crate) fn start(self) -> Option<Ejabberd> {
        require_peer("ejabberdctl")?; // never run, but its package brings the server
        let erlang = require_peer("erl")?;
        require_peer("openssl")?;

        let dir = TempDir::new();
        for name in ["home", "log", "spool"] {
            fs::create_dir(dir.path().join(name)).expect("the directory is ours");
        }
        let (ca_file, identity) = self.certificate.make(dir.path());
        let both = [&identity.cert, &identity.key].map(|file| fs::read(file).expect("just made"));
        fs::write(dir.path().join("both.pem"), both.concat()).expect("the directory is ours");

        for _ in 0..PORT_RACES {
            let [c2s, tls, http] = free_ports();
            let ports = Ports { c2s, tls, http };
            let text = self.config_text(dir.path(), &ca_file, ports);
            fs::write(config_file(dir.path()), text).expect("the directory is ours");
            match start(&erlang, dir.path(), ports) {
                Ok(process) => {
                    let process = Some(process);
                    let server = Ejabberd { process, erlang, ca_file, ports, dir };
                    for (name, password) in &self.users {
                        server.register(name, password);
                    }
                    return Some(server);
                }
                Err(StartFault::PortTaken) => {
                    let _ = fs::remove_file(log_file(dir.path()));
                }
                Err(StartFault::Failed(why)) => {
                    panic!("ejabberd does not start: {why}\n{}", read_log(dir.path()));
                }
            }
        }
        panic!("{PORT_RACES} times in a row, another program took ejabberd's ports");
    }

    fn config_text(&self, dir: &Path, ca_file: &Path, ports: Ports) -> String {
        let d = dir.display();
        let (format, hash) = match self.format {
            PasswordFormat::Plain => ("plain", "sha"),
            PasswordFormat::Scram(ScramHash::Sha1) => ("scram", "sha"),
            PasswordFormat::Scram(ScramHash::Sha256) => ("scram", "sha256"),
            PasswordFormat::Scram(ScramHash::Sha512) => ("scram", "sha512"),
        };
        let without = match self.versions {
            TlsVersions::Both => "",
            TlsVersions::Only12 => ", no_tlsv1_3",
            TlsVersions::Only13 => ", no_tlsv1_2",
        };
        // ejabberd refuses this where it would have no effect.
        let verify = if self.client_certificates { ", tls_verify: true" } else { "" };
        let management = self.resumption.map_or_else(String::new, |resumption| {
            format!(
                "  mod_stream_mgmt: {{resume_timeout: {}, ack_timeout: {}, \
                 resend_on_timeout: if_offline}}\n",
                resumption.within.as_secs(),
                resumption.ack_timeout.as_secs(),
            )
        });
        format!(
            r#"hosts: ["{DOMAIN}", "{ANONYMOUS_DOMAIN}"]
loglevel: {level}
certfiles: ["{d}/both.pem"]
c2s_cafile: "{ca}"
auth_method: internal
auth_password_format: {format}
auth_scram_hash: {hash}
c2s_protocol_options: [no_sslv3, no_tlsv1, no_tlsv1_1{without}]
acme: {{auto: false}}
host_config:
  "{ANONYMOUS_DOMAIN}":
    auth_method: [anonymous]
    anonymous_protocol: sasl_anon
    allow_multiple_connections: true
listen:
  - {{port: {c2s}, ip: "127.0.0.1", module: ejabberd_c2s, access: c2s, starttls: true, starttls_required: true{verify}}}
  - {{port: {tls}, ip: "127.0.0.1", module: ejabberd_c2s, access: c2s, tls: true{verify}}}
  - {{port: {http}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {{/api: mod_http_api}}}}
acl: {{loopback: {{ip: [127.0.0.0/8]}}}}
access_rules: {{c2s: {{allow: all}}}}
api_permissions: {{"accounts": {{from: [mod_http_api], who: {{acl: loopback}}, what: [register]}}}}
modules:
  mod_admin_extra: {{}}
  mod_disco: {{}}
  mod_http_api: {{}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_roster: {{versioning: true}}
  mod_version: {{}}
{management}"#,
            level = self.log_level,
            ca = ca_file.display(),
            c2s = ports.c2s,
            tls = ports.tls,
            http = ports.http,
        )
    }
}

/// A running server, stopped on drop, by a panic too.
#[derive(Debug)]
pub(crate) struct Ejabberd {
    // Before `dir`, so that the server is gone when its directory goes.
    process: Option<Process>,
    erlang: PathBuf,
    ca_file: PathBuf,
    ports: Ports,
    dir: TempDir,
}

impl Ejabberd {
    /// STARTTLS required and direct TLS, keys for SCRAM-SHA-1, both versions of TLS, a good
    /// certificate, no users; and [`ANONYMOUS_DOMAIN`].
    pub(crate) fn builder() -> Builder {
        Builder {
            format: PasswordFormat::Scram(ScramHash::Sha1),
            versions: TlsVersions::Both,
            certificate: Certificate::Good,
            users: Vec::new(),
            client_certificates: false,
            resumption: None,
            log_level: "info",
        }
    }

    /// Adds an account: from the moment on that this returns, it can log in.
    #[track_caller]
    fn register(&self, name: &str, password: &str) {
        let plain =
            |text: &str| text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\');
        assert!(plain(name) && plain(password), "written into JSON as it is");
        let body =
            format!("{{\"user\":\"{name}\",\"host\":\"{DOMAIN}\",\"password\":\"{password}\"}}");
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.http))
            .expect("its ports are open once it serves streams");
        socket.set_read_timeout(Some(START)).expect("not zero");
        let length = body.len();
        write!(
            socket,
            "POST /api/register HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("it reads");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{name} is not registered: {answer}");
    }

    /// Where streams begin in plain TCP and go on with STARTTLS.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.c2s).into()
    }

    /// Where streams begin with TLS.
    pub(crate) fn tls_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.tls).into()
    }

    /// The PEM file of the authority that issued the server's certificate.
    pub(crate) fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// The server's directory: room for files that belong to the test.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process, if it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        read_log(self.dir.path())
    }

    /// Asks it to shut down, as an operator would, and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    /// Kills it: no stream is closed properly.
    pub(crate) fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
        self.process = None;
    }

    /// Starts it again, after [`Ejabberd::stop`] or [`Ejabberd::kill`], on the same ports. It
    /// knows its accounts after [`Ejabberd::stop`] only: what it writes, it writes lazily.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "it still runs");
        // The log must tell of the new one only.
        let _ = fs::remove_file(log_file(self.dir.path()));
        match start(&self.erlang, self.dir.path(), self.ports) {
            Ok(process) => self.process = Some(process),
            Err(fault) => panic!("ejabberd does not start again: {fault:?}\n{}", self.log()),
        }
    }
}

impl Server for Ejabberd {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn tls_address(&self) -> SocketAddr {
        self.tls_address()
    }

    fn ca_file(&self) -> &Path {
        self.ca_file()
    }
}

impl Drop for Ejabberd {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            eprintln!("--- what ejabberd logged ---\n{}---", self.log());
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    c2s: u16,
    tls: u16,
    http: u16,
}

fn start(erlang: &Path, dir: &Path, ports: Ports) -> Result<Process, StartFault> {
    let Some(library) = library() else {
        return Err(StartFault::Failed("its Erlang modules are not in the usual place".into()));
    };
    let said = File::create(dir.join("output")).expect("the directory is ours");
    let also_said = said.try_clone().expect("a file can be shared");
    let mut command = Command::new(erlang);
    command
        .args(["-noinput", "-mnesia", "dir"])
        .arg(format!("\"{}\"", dir.join("spool").display())) // an Erlang string
        .args(["-s", "ejabberd"])
        .current_dir(dir)
        .env("HOME", dir.join("home"))
        .env("ERL_LIBS", library)
        .env("ERL_CRASH_DUMP_BYTES", "0")
        // Two schedulers are plenty; the default is one per core, and each takes memory.
        .env("ERL_FLAGS", "+S 2:2")
        .env("EJABBERD_CONFIG_PATH", config_file(dir))
        .env("EJABBERD_LOG_PATH", log_file(dir))
        .stdout(said)
        .stderr(also_said);
    // From here on, whatever happens ends the child.
    let mut process = Process::spawn(&mut command)?;
    wait_until_ready(&mut process, dir, ports)?;
    Ok(process)
}

/// Where Debian keeps the server: the directory of `ejabberd-*/ebin`, which depends on the
/// machine's architecture.
fn library() -> Option<PathBuf> {
    let dirs = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    dirs(Path::new("/usr/lib")).map(|entry| entry.path()).find(|library| {
        dirs(library).any(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with("ejabberd-") && entry.path().join("ebin").exists()
        })
    })
}

/// It accepts connections before it can serve them, and even if it is about to give up. So it must
/// say that all ports are its own, and answer a stream.
fn wait_until_ready(process: &mut Process, dir: &Path, ports: Ports) -> Result<(), StartFault> {
    let needed = [ports.c2s, ports.tls, ports.http]
        .map(|port| format!("connections at 127.0.0.1:{port} for ejabberd_"));
    let end = Instant::now() + START;
    loop {
        let log = read_log(dir);
        if log.contains("Failed to open socket") {
            return Err(StartFault::PortTaken);
        }
        if needed.iter().all(|line| log.contains(line)) && offers_features(ports.c2s).is_some() {
            return Ok(());
        }
        if let Some(status) = process.ended() {
            return Err(StartFault::Failed(status.to_string()));
        }
        if Instant::now() > end {
            return Err(StartFault::Failed(format!("not ready after {START:?}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn offers_features(port: u16) -> Option<()> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(
        socket,
        "<stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    .ok()?;
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    while !String::from_utf8_lossy(&text).contains("</stream:features>") {
        let n = socket.read(&mut chunk).ok().filter(|n| *n > 0)?;
        text.extend_from_slice(&chunk[..n]);
    }
    // Left open, it would be cut off with a complaint in the log.
    let _ = socket.write_all(b"</stream:stream>");
    Some(())
}

fn config_file(dir: &Path) -> PathBuf {
    dir.join("ejabberd.yml")
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("log").join("ejabberd.log")
}

fn read_log(dir: &Path) -> String {
    let log = fs::read(log_file(dir)).unwrap_or_default();
    // What goes wrong before there is a log is said on standard output.
    let bytes = if log.is_empty() { fs::read(dir.join("output")).unwrap_or_default() } else { log };
    String::from_utf8_lossy(&bytes).into_owned()
}
