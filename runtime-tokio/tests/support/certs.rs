//! Certificate authorities and certificates of a test's own, made by the `openssl` program.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A certificate and its private key, each in a PEM file.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    fn at(dir: &Path, name: &str) -> Self {
        Self { cert: dir.join(format!("{name}.pem")), key: dir.join(format!("{name}.key")) }
    }
}

/// A certificate authority. Its files are `<name>.pem` and `<name>.key`.
#[derive(Debug)]
pub(crate) struct Authority {
    dir: PathBuf,
    identity: Identity,
}

impl Authority {
    /// A new authority in `dir`. Two authorities of one name differ in their keys.
    pub(crate) fn new(dir: &Path, name: &str) -> Self {
        let identity = Identity::at(dir, name);
        let subject = format!("/CN={name}");
        let usage = "keyUsage=critical,keyCertSign,cRLSign";
        self_signed(&identity, &subject, usage);
        Self { dir: dir.to_path_buf(), identity }
    }

    /// The one that was made in `dir` before.
    pub(crate) fn existing(dir: &Path, name: &str) -> Self {
        let identity = Identity::at(dir, name);
        assert!(identity.key.exists(), "it was not made there");
        Self { dir: dir.to_path_buf(), identity }
    }

    /// The file to trust.
    pub(crate) fn file(&self) -> &Path {
        &self.identity.cert
    }

    /// Issues a server certificate for the DNS names in `names`, in files named `file`.
    pub(crate) fn issue(&self, file: &str, names: &[&str]) -> Identity {
        self.issue_for_days(file, names, 2)
    }

    /// Issues one that has expired a day ago.
    pub(crate) fn issue_expired(&self, file: &str, names: &[&str]) -> Identity {
        self.issue_for_days(file, names, -1)
    }

    /// Issues a client's certificate for the account `jid` (`id-on-xmppAddr`, RFC 6120
    /// §13.7.1.4), in files named `file`.
    pub(crate) fn issue_client(&self, file: &str, jid: &str) -> Identity {
        self.issue_with(file, &format!("otherName:1.3.6.1.5.5.7.8.5;UTF8:{jid}"), 2)
    }

    fn issue_for_days(&self, file: &str, names: &[&str], days: i32) -> Identity {
        let names: Vec<_> = names.iter().map(|name| format!("DNS:{name}")).collect();
        self.issue_with(file, &names.join(","), days)
    }

    fn issue_with(&self, file: &str, names: &str, days: i32) -> Identity {
        let leaf = Identity::at(&self.dir, file);
        let request = self.dir.join(format!("{file}.csr"));
        let extensions = self.dir.join(format!("{file}.ext"));
        // rustls refuses a certificate that may sign others as a server's: say that it may not.
        let text = format!("basicConstraints=critical,CA:FALSE\nsubjectAltName={names}\n");
        fs::write(&extensions, text).expect("the directory is ours");

        let mut command = openssl("req");
        command.args(NEW_KEY).arg(&leaf.key).arg("-out").arg(&request).args(["-subj", "/CN=leaf"]);
        run(&mut command);

        let mut command = openssl("x509");
        command.arg("-req").arg("-in").arg(&request);
        command.arg("-CA").arg(&self.identity.cert).arg("-CAkey").arg(&self.identity.key);
        command.arg("-extfile").arg(&extensions).arg("-out").arg(&leaf.cert);
        // A serial number of its own for each file name is all that two certificates need.
        let serial = file.bytes().fold(1_u64, |sum, byte| (sum << 5) ^ sum ^ u64::from(byte));
        command.args(["-set_serial", &(serial >> 1).to_string(), "-days", &days.to_string()]);
        run(&mut command);
        leaf
    }
}

/// A certificate for `name` that is its own authority: what `openssl req -x509` makes by default,
/// and what rustls refuses even if it is trusted.
pub(crate) fn issue_self_signed(dir: &Path, file: &str, name: &str) -> Identity {
    let identity = Identity::at(dir, file);
    self_signed(&identity, &format!("/CN={name}"), &format!("subjectAltName=DNS:{name}"));
    identity
}

const NEW_KEY: [&str; 6] =
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"];

fn self_signed(identity: &Identity, subject: &str, extension: &str) {
    let mut command = openssl("req");
    command.arg("-x509").args(NEW_KEY).arg(&identity.key).arg("-out").arg(&identity.cert);
    command.args(["-days", "2", "-subj", subject, "-addext", extension]);
    run(&mut command);
}

fn openssl(subcommand: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("openssl");
    command.arg(subcommand);
    command
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("openssl was found before");
    assert!(
        output.status.success(),
        "{command:?} failed: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}
