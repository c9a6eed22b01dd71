//! A Prosody of a test's own.
//!
//! ```ignore
//! let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
//! let stream = TcpStream::connect(server.address())?;
//! ```

use core::fmt::{self, Write as _};
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use super::certs::{Authority, Identity};
use super::dir::TempDir;
use super::process::{PORT_RACES, Process, START, StartFault, free_ports};
use super::{ANONYMOUS_DOMAIN, DOMAIN, Server, require_peer, skip};
pub(crate) use super::{Certificate, TlsVersions};

/// Which hash of a password the server stores, and so which SCRAM it offers: never both.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PasswordHash {
    Sha1,
    Sha256,
}

/// What the server thinks of encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// STARTTLS is required, direct TLS is there too.
    Required,
    /// STARTTLS and direct TLS are there; everything, PLAIN too, works without them.
    Optional,
    /// No TLS at all; PLAIN is offered.
    None,
}

/// What kind of server to start.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    hash: PasswordHash,
    encryption: Encryption,
    versions: TlsVersions,
    certificate: Certificate,
    users: Vec<(String, String)>,
    modules: Vec<String>,
    extra: String,
    stanza_limit: Option<usize>,
    log_level: &'static str,
    tls_exporter: bool,
    sasl2: bool,
    read_timeout: Option<Duration>,
    writes_at_once: bool,
}

impl Builder {
    pub(crate) fn password_hash(mut self, hash: PasswordHash) -> Self {
        self.hash = hash;
        self
    }

    pub(crate) fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
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

    /// Loads one more of Prosody's modules.
    pub(crate) fn module(mut self, name: &str) -> Self {
        self.modules.push(name.into());
        self
    }

    /// Offers SCRAM-*-PLUS with `tls-exporter` on TLS 1.3, which stock Prosody does not, and lists
    /// the types of channel binding (XEP-0440).
    pub(crate) fn sasl_plugin(mut self) -> Self {
        if self.tls_exporter {
            return self;
        }
        self.tls_exporter = true;
        self.module("tls_exporter")
    }

    /// Offers SASL2 (XEP-0388) with Bind 2 (XEP-0386), FAST (XEP-0484) and stream management inline,
    /// and what [`Builder::sasl_plugin`] offers. The modules are those of Debian's
    /// `prosody-modules`, made to fit.
    ///
    /// Their ways: `HT-*` are among the mechanisms of `<authentication/>`, too; what is sent again
    /// after a resumption comes between `<success/>` and the features; the features after Bind 2
    /// still offer to bind; a tag and a user agent's id make the resource, so that the second
    /// login of a device ends the first.
    ///
    /// `config("sasl2_fast_token_min_ttl = 1")` has tokens renewed that are older than that, in
    /// seconds, and `sasl2_fast_token_ttl` is how long they live.
    pub(crate) fn sasl2(mut self) -> Self {
        self.sasl2 = true;
        SASL2_MODULES.into_iter().fold(self.sasl_plugin(), Self::module)
    }

    /// Adds lines to the global section of the configuration.
    pub(crate) fn config(mut self, lines: &str) -> Self {
        self.extra.push_str(lines);
        self.extra.push('\n');
        self
    }

    /// The most bytes the server takes in one stanza. Prosody's default is 262,144.
    pub(crate) fn stanza_limit(mut self, bytes: usize) -> Self {
        self.stanza_limit = Some(bytes);
        self
    }

    /// How long a broken stream can be resumed (XEP-0198 §5), in whole seconds. Prosody's default
    /// is ten minutes.
    pub(crate) fn hibernation_time(self, time: Duration) -> Self {
        self.config(&format!("smacks_hibernation_time = {}", time.as_secs()))
    }

    /// The silence after which the server asks a client whether it is there, and after which, if it
    /// does not answer, it is taken for gone; in whole seconds. It asks only clients that have
    /// enabled stream management. Prosody's default is 14 minutes.
    pub(crate) fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = Some(timeout);
        self
    }

    /// Writes when the loop comes to it, as Prosody does by default, and not at once.
    ///
    /// For links that break: where the end of one comes right behind data, `LuaSec` 1.2 has a TLS
    /// session that is beyond writing, and tries for ever to write the answer. In the loop, the
    /// connection is found to be closed before that.
    pub(crate) fn write_in_the_loop(mut self) -> Self {
        self.writes_at_once = false;
        self
    }

    /// Logs every stanza's name. Slow with thousands of them.
    pub(crate) fn log_everything(mut self) -> Self {
        self.log_level = "debug";
        self
    }

    /// Starts the server and waits until it accepts connections.
    ///
    /// `None` if it is not installed and tests may be skipped: see [`require_peer`].
    pub(crate) fn start(self) -> Option<Prosody> {
        let programs =
            Programs { server: require_peer("prosody")?, control: require_peer("prosodyctl")? };
        require_peer("openssl")?;
        if self.sasl2 && !Path::new(DEBIAN_MODULES).join("mod_sasl2").exists() {
            skip("Debian's `prosody-modules` is not installed");
            return None;
        }

        let dir = TempDir::new();
        for name in ["data", "certs", "plugins"] {
            fs::create_dir(dir.path().join(name)).expect("the directory is ours");
        }
        let (ca_file, identity) = self.certificate.make(dir.path());
        for (wanted, name, text) in [
            (self.tls_exporter, "mod_tls_exporter.lua", include_str!("tls_exporter.lua")),
            (self.sasl2, "mod_test_sasl2.lua", include_str!("test_sasl2.lua")),
        ] {
            if wanted {
                let plugin = dir.path().join("plugins").join(name);
                fs::write(plugin, text).expect("the directory is ours");
            }
        }

        for _ in 0..PORT_RACES {
            let [c2s, tls] = free_ports();
            let ports = Ports { c2s, tls };
            let text = self.config_text(dir.path(), &identity, ports);
            fs::write(config_file(dir.path()), text).expect("the directory is ours");
            self.register_users(&programs, dir.path());
            match start(&programs.server, dir.path(), ports, self.encryption) {
                Ok(process) => {
                    return Some(Prosody {
                        process: Some(process),
                        encryption: self.encryption,
                        programs,
                        ca_file,
                        ports,
                        dir,
                    });
                }
                Err(StartFault::PortTaken) => {}
                Err(StartFault::Failed(why)) => {
                    panic!("Prosody does not start: {why}\n{}", read_log(dir.path()));
                }
            }
        }
        panic!("{PORT_RACES} times in a row, another program took Prosody's ports");
    }

    fn config_text(&self, dir: &Path, identity: &Identity, ports: Ports) -> String {
        let d = dir.display();
        let hash = match self.hash {
            PasswordHash::Sha1 => "SHA-1",
            PasswordHash::Sha256 => "SHA-256",
        };
        let mut modules = String::new();
        let tls = (self.encryption != Encryption::None).then_some("tls");
        for module in BASE_MODULES.into_iter().chain(tls) {
            write_to(&mut modules, format_args!("\"{module}\"; "));
        }
        for module in &self.modules {
            write_to(&mut modules, format_args!("\"{module}\"; "));
        }

        let read_timeout = self.read_timeout.map(|it| format!(", read_timeout = {}", it.as_secs()));
        // `run_as_root` is harmless for everybody else, and without it Prosody drops mod_posix
        // when started by root. Without `opportunistic_writes` a shutdown may overtake the
        // `<system-shutdown/>` that it has just queued for each stream; with it, the many small
        // writes must not wait for one another.
        let mut text = format!(
            r#"run_as_root = true
pidfile = "{d}/prosody.pid"
data_path = "{d}/data"
certificates = "{d}/certs"
plugin_paths = {{ "{d}/plugins" }}
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
use_ipv6 = false
network_settings = {{ opportunistic_writes = {at_once}, nagle = false{read_timeout} }}
c2s_ports = {{ {c2s} }}
s2s_ports = {{}}
modules_disabled = {{ "s2s" }}
modules_enabled = {{ {modules}}}
authentication = "internal_hashed"
password_hash = "{hash}"
storage = "internal"
log = {{ {{ levels = {{ min = "{level}" }}, to = "file", filename = "{d}/prosody.log" }} }}
"#,
            c2s = ports.c2s,
            level = self.log_level,
            at_once = self.writes_at_once,
            read_timeout = read_timeout.unwrap_or_default(),
        );

        let must_encrypt = self.encryption == Encryption::Required;
        write_to(&mut text, format_args!("c2s_require_encryption = {must_encrypt}\n"));
        write_to(&mut text, format_args!("allow_unencrypted_plain_auth = {}\n", !must_encrypt));
        if self.encryption == Encryption::None {
            text.push_str("c2s_direct_tls_ports = {}\n");
        } else {
            let protocol = match self.versions {
                TlsVersions::Both => "tlsv1_2+",
                TlsVersions::Only12 => "tlsv1_2",
                TlsVersions::Only13 => "tlsv1_3",
            };
            write_to(
                &mut text,
                format_args!(
                    "c2s_direct_tls_ports = {{ {} }}\n\
                     ssl = {{ key = \"{}\", certificate = \"{}\", protocol = \"{protocol}\" }}\n",
                    ports.tls,
                    identity.key.display(),
                    identity.cert.display(),
                ),
            );
        }
        if let Some(bytes) = self.stanza_limit {
            write_to(&mut text, format_args!("c2s_stanza_size_limit = {bytes}\n"));
        }
        text.push_str(&self.extra);
        write_to(&mut text, format_args!("VirtualHost \"{DOMAIN}\"\n"));
        write_to(
            &mut text,
            format_args!("VirtualHost \"{ANONYMOUS_DOMAIN}\"\n  authentication = \"anonymous\"\n"),
        );
        text
    }

    fn register_users(&self, programs: &Programs, dir: &Path) {
        for (name, password) in &self.users {
            let mut command = Command::new(&programs.control);
            command.arg("--config").arg(config_file(dir));
            command.args(["register", name, DOMAIN, password]).stdin(Stdio::null());
            let output = command.output().expect("prosodyctl was found before");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{name} is not registered: {said}");
        }
    }
}

const BASE_MODULES: [&str; 11] = [
    "blocklist",
    "carbons",
    "disco",
    "offline",
    "ping",
    "posix",
    "roster",
    "saslauth",
    "smacks",
    "time",
    "version",
];

/// Where Debian puts modules, the server's own and those of `prosody-modules`.
const DEBIAN_MODULES: &str = "/usr/lib/prosody/modules";
const SASL2_MODULES: [&str; 6] =
    ["csi", "sasl2", "sasl2_bind2", "sasl2_fast", "sasl2_sm", "test_sasl2"];

/// A running server, stopped on drop, by a panic too.
#[derive(Debug)]
pub(crate) struct Prosody {
    // Before `dir`, so that the server is gone when its directory goes.
    process: Option<Process>,
    encryption: Encryption,
    programs: Programs,
    ca_file: PathBuf,
    ports: Ports,
    dir: TempDir,
}

impl Prosody {
    /// Encryption required, SCRAM-SHA-1, both versions of TLS, a good certificate, no users.
    pub(crate) fn builder() -> Builder {
        Builder {
            hash: PasswordHash::Sha1,
            encryption: Encryption::Required,
            versions: TlsVersions::Both,
            certificate: Certificate::Good,
            users: Vec::new(),
            modules: Vec::new(),
            extra: String::new(),
            stanza_limit: None,
            log_level: "info",
            tls_exporter: false,
            sasl2: false,
            read_timeout: None,
            writes_at_once: true,
        }
    }

    /// Where streams begin in plain TCP, with STARTTLS or without.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.c2s).into()
    }

    /// Where streams begin with TLS. Nothing listens there with [`Encryption::None`].
    pub(crate) fn tls_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.tls).into()
    }

    /// The PEM file of the authority that issued the server's certificate.
    pub(crate) fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// The PEM file of an authority of the same name that did not.
    pub(crate) fn other_ca_file(&self) -> PathBuf {
        let dir = self.dir.path().join("certs").join("other");
        if !dir.exists() {
            fs::create_dir(&dir).expect("the directory is ours");
            Authority::new(&dir, "ca");
        }
        dir.join("ca.pem")
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

    /// Waits until `needle` stands in the log: some lines come after the bytes that they tell of.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, needle: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        while !self.log().contains(needle) {
            assert!(Instant::now() < end, "{needle:?} is not in the log:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
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

    /// Starts it again, after [`Prosody::stop`] or [`Prosody::kill`], on the same ports and with
    /// the same accounts.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "it still runs");
        let dir = self.dir.path();
        // A killed server leaves its pidfile behind; the log must tell of the new one only.
        for name in ["prosody.pid", "prosody.log"] {
            let _ = fs::remove_file(dir.join(name));
        }
        match start(&self.programs.server, dir, self.ports, self.encryption) {
            Ok(process) => self.process = Some(process),
            Err(fault) => panic!("Prosody does not start again: {fault:?}\n{}", self.log()),
        }
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            eprintln!("--- what Prosody logged ---\n{}---", self.log());
        }
    }
}

impl Server for Prosody {
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

#[derive(Debug)]
struct Programs {
    server: PathBuf,
    control: PathBuf,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    c2s: u16,
    tls: u16,
}

fn start(
    server: &Path,
    dir: &Path,
    ports: Ports,
    encryption: Encryption,
) -> Result<Process, StartFault> {
    let said = File::create(dir.join("output")).expect("the directory is ours");
    let also_said = said.try_clone().expect("a file can be shared");
    let mut command = Command::new(server);
    command.arg("-F").arg("--config").arg(config_file(dir)).stdout(said).stderr(also_said);
    // From here on, whatever happens ends the child.
    let mut process = Process::spawn(&mut command)?;
    wait_until_ready(&mut process, dir, ports, encryption)?;
    Ok(process)
}

/// An open port proves little, since another program may have been faster: Prosody must say that
/// the port is its own. It goes on without ports that it cannot have.
fn wait_until_ready(
    process: &mut Process,
    dir: &Path,
    ports: Ports,
    encryption: Encryption,
) -> Result<(), StartFault> {
    let mut needed = vec![format!("Activated service 'c2s' on [127.0.0.1]:{}", ports.c2s)];
    if encryption != Encryption::None {
        needed.push(format!("service 'c2s_direct_tls' on [127.0.0.1]:{}", ports.tls));
    }
    let end = Instant::now() + START;
    loop {
        let log = read_log(dir);
        if log.contains("Failed to open server port") {
            return Err(StartFault::PortTaken);
        }
        if needed.iter().all(|line| log.contains(line))
            && TcpStream::connect((Ipv4Addr::LOCALHOST, ports.c2s)).is_ok()
        {
            return Ok(());
        }
        if let Some(status) = process.ended() {
            return Err(StartFault::Failed(status.to_string()));
        }
        if Instant::now() > end {
            return Err(StartFault::Failed(format!("not ready after {START:?}")));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn config_file(dir: &Path) -> PathBuf {
    dir.join("prosody.cfg.lua")
}

fn read_log(dir: &Path) -> String {
    let read = |name| fs::read(dir.join(name)).unwrap_or_default();
    let log = read("prosody.log");
    // A configuration that cannot be read is complained of before there is a log.
    let bytes = if log.is_empty() { read("output") } else { log };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn write_to(text: &mut String, arguments: fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes everything");
}
