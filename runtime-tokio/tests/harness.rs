//! The test servers' own test: the other tests stand on them.

mod support;

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Command, Stdio};

use support::ejabberd::{Ejabberd, PasswordFormat, ScramHash};
use support::prosody::{Encryption, PasswordHash, Prosody};
use support::{Certificate, Server, TlsVersions};

/// PLAIN's message (RFC 4616 §2) for the user `alice` with the password `secret`, in Base64.
const ALICE_SECRET: &str = "AGFsaWNlAHNlY3JldA==";
/// The same with the password `wrong`.
const ALICE_WRONG: &str = "AGFsaWNlAHdyb25n";

struct Raw(TcpStream);

impl Raw {
    /// Opens a stream and reads the features.
    fn open(server: &impl Server) -> (Self, String) {
        let socket = TcpStream::connect(server.address()).expect("the server accepts");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("not zero");
        let mut raw = Self(socket);
        raw.send(
            "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>",
        );
        let features = raw.read_until("</stream:features>");
        (raw, features)
    }

    fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).expect("the server reads");
    }

    fn read_until(&mut self, end: &str) -> String {
        let mut text = String::new();
        let mut chunk = [0; 4096];
        while !text.contains(end) {
            let n = self.0.read(&mut chunk).expect("the server answers in time");
            assert_ne!(n, 0, "the server closed before {end:?}: {text}");
            text.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
        text
    }
}

fn is_running(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[test]
fn a_server_offers_starttls_and_is_gone_after_stop() {
    let Some(mut server) = Prosody::builder().start() else { return };
    let pid = server.pid().expect("it runs");
    let (mut raw, features) = Raw::open(&server);
    assert!(features.contains("urn:ietf:params:xml:ns:xmpp-tls"), "{features}");
    assert!(features.contains("<required/>"), "{features}");
    assert!(!features.contains("mechanism"), "{features}");

    assert!(is_running(pid));
    server.stop();
    assert!(!is_running(pid));
    assert!(raw.read_until("</stream:stream>").contains("<system-shutdown"));
    assert!(TcpStream::connect(server.address()).is_err());
    assert!(server.log().contains("Shutdown complete"), "{}", server.log());
}

#[test]
fn a_panic_stops_the_server_and_removes_its_directory() {
    let Some(server) = Prosody::builder().start() else { return };
    let (pid, dir) = (server.pid().expect("it runs"), server.dir().to_path_buf());
    assert!(dir.exists());
    // `resume_unwind` panics without a message, which would look like a failure in the output.
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _server = server;
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(result.is_err());
    assert!(!is_running(pid));
    assert!(!dir.exists());
}

#[test]
fn users_can_log_in_on_a_server_without_tls() {
    for (hash, offered, absent) in [
        (PasswordHash::Sha1, ">SCRAM-SHA-1<", ">SCRAM-SHA-256<"),
        (PasswordHash::Sha256, ">SCRAM-SHA-256<", ">SCRAM-SHA-1<"),
    ] {
        let builder = Prosody::builder().encryption(Encryption::None).password_hash(hash);
        let Some(server) = builder.user("alice", "secret").start() else { return };
        let (mut raw, features) = Raw::open(&server);
        assert!(features.contains(offered), "{features}");
        assert!(!features.contains(absent), "{features}");
        assert!(!features.contains("xmpp-tls"), "{features}");

        for (message, answer) in [(ALICE_WRONG, "<not-authorized"), (ALICE_SECRET, "<success")] {
            raw.send(&format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{message}</auth>"
            ));
            raw.read_until(answer);
        }
        assert!(TcpStream::connect(server.tls_address()).is_err());
    }
}

#[test]
fn optional_encryption_offers_starttls_and_mechanisms_at_once() {
    let builder = Prosody::builder().encryption(Encryption::Optional);
    let Some(server) = builder.start() else { return };
    let (_, features) = Raw::open(&server);
    assert!(features.contains("xmpp-tls") && features.contains(">PLAIN<"), "{features}");
    assert!(!features.contains("<required/>"), "{features}");
}

#[test]
fn a_stanza_over_the_limit_is_a_policy_violation() {
    let builder = Prosody::builder().encryption(Encryption::None).stanza_limit(10_000);
    let Some(server) = builder.start() else { return };
    let (mut raw, _) = Raw::open(&server);
    raw.send(&format!("<message><body>{}", "x".repeat(20_000)));
    raw.read_until("<policy-violation");
}

/// Whether a TLS client that trusts `ca` and wants `localhost` is content with the server, and
/// what it says.
fn tls_client(server: &impl Server, ca: &Path) -> (bool, String) {
    let output = Command::new("openssl")
        .args(["s_client", "-verify_return_error", "-verify_hostname", "localhost"])
        .arg("-connect")
        .arg(server.tls_address().to_string())
        .arg("-CAfile")
        .arg(ca)
        .stdin(Stdio::null())
        .output()
        .expect("openssl runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn certificates_are_what_they_are_meant_to_be() {
    let Some(good) = Prosody::builder().start() else { return };
    let (accepted, said) = tls_client(&good, good.ca_file());
    assert!(accepted, "{said}");
    let (accepted, said) = tls_client(&good, &good.other_ca_file());
    assert!(!accepted && said.contains("unable to get local issuer"), "{said}");

    for (certificate, complaint) in [
        (Certificate::For("other.example"), "hostname mismatch"),
        (Certificate::Expired, "certificate has expired"),
    ] {
        let builder = Prosody::builder().certificate(certificate);
        let Some(server) = builder.start() else { return };
        let (accepted, said) = tls_client(&server, server.ca_file());
        assert!(!accepted && said.contains(complaint), "{certificate:?}: {said}");
    }

    // OpenSSL takes it once it is trusted; rustls does not.
    let builder = Prosody::builder().certificate(Certificate::SelfSigned);
    let Some(server) = builder.start() else { return };
    let (accepted, said) = tls_client(&server, &good.other_ca_file());
    assert!(!accepted && said.contains("self-signed certificate"), "{said}");
    assert!(tls_client(&server, server.ca_file()).0);
}

#[test]
fn tls_versions_can_be_chosen() {
    for (versions, expected) in [
        (TlsVersions::Both, "TLSv1.3"),
        (TlsVersions::Only12, "TLSv1.2"),
        (TlsVersions::Only13, "TLSv1.3"),
    ] {
        let builder = Prosody::builder().tls_versions(versions);
        let Some(server) = builder.start() else { return };
        let (accepted, said) = tls_client(&server, server.ca_file());
        assert!(accepted && said.contains(&format!("New, {expected},")), "{versions:?}: {said}");
    }
}

#[test]
fn a_killed_server_comes_back_with_its_ports_and_accounts() {
    let builder = Prosody::builder().encryption(Encryption::None).user("alice", "secret");
    let Some(mut server) = builder.start() else { return };
    let (address, pid) = (server.address(), server.pid().expect("it runs"));
    server.kill();
    assert!(!is_running(pid));
    server.start_again();
    assert_eq!(server.address(), address);
    let (mut raw, _) = Raw::open(&server);
    raw.send(&format!(
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{ALICE_SECRET}</auth>"
    ));
    raw.read_until("<success");
}

#[test]
fn servers_run_side_by_side() {
    let servers: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| Prosody::builder().start()))
        .filter_map(|thread| thread.join().expect("each starts"))
        .collect();
    for server in &servers {
        Raw::open(server);
    }
}

#[test]
fn an_ejabberd_offers_starttls_and_is_gone_after_stop() {
    let Some(mut server) = Ejabberd::builder().start() else { return };
    let pid = server.pid().expect("it runs");
    let (_raw, features) = Raw::open(&server);
    assert!(features.contains("urn:ietf:params:xml:ns:xmpp-tls"), "{features}");
    assert!(features.contains("<required/>"), "{features}");
    assert!(!features.contains("mechanism"), "{features}");

    assert!(is_running(pid));
    server.stop();
    assert!(!is_running(pid));
    assert!(TcpStream::connect(server.address()).is_err());
    assert!(server.log().contains("is stopped in the node"), "{}", server.log());
}

#[test]
fn a_panic_stops_an_ejabberd_and_removes_its_directory() {
    let Some(server) = Ejabberd::builder().start() else { return };
    let (pid, dir) = (server.pid().expect("it runs"), server.dir().to_path_buf());
    assert!(dir.exists());
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _server = server;
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(result.is_err());
    assert!(!is_running(pid));
    assert!(!dir.exists());
}

/// The features that a server offers on a stream with TLS.
fn features(server: &impl Server, domain: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-no_ign_eof", "-connect"])
        .arg(server.tls_address().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl runs");
    let mut input = client.stdin.take().expect("it is piped");
    write!(
        input,
        "<stream:stream to='{domain}' version='1.0' xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    .expect("openssl reads");
    let mut output = client.stdout.take().expect("it is piped");
    let mut text = String::new();
    let mut chunk = [0; 4096];
    while !text.contains("</stream:features>") {
        let n = output.read(&mut chunk).expect("openssl writes");
        assert_ne!(n, 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
    drop(input);
    // Both fail only if it is gone already.
    let _ = client.kill();
    let _ = client.wait();
    text
}

/// The mechanisms of SASL among them.
fn mechanisms(server: &impl Server, domain: &str) -> Vec<String> {
    let text = features(server, domain);
    let mut found: Vec<_> = text
        .split("<mechanism>")
        .skip(1)
        .filter_map(|rest| rest.split_once('<'))
        .map(|(name, _)| name.to_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn ejabberd_offers_what_its_password_format_allows() {
    for (format, expected) in [
        (PasswordFormat::Scram(ScramHash::Sha1), &["SCRAM-SHA-1"][..]),
        (PasswordFormat::Scram(ScramHash::Sha256), &["SCRAM-SHA-256"]),
        (PasswordFormat::Scram(ScramHash::Sha512), &["SCRAM-SHA-512"]),
        (PasswordFormat::Plain, &["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
    ] {
        let Some(server) = Ejabberd::builder().password_format(format).start() else { return };
        let offered = mechanisms(&server, "localhost");
        let scram: Vec<_> = offered
            .iter()
            .filter(|name| name.starts_with("SCRAM") && !name.ends_with("-PLUS"))
            .collect();
        assert_eq!(scram, expected, "{offered:?}");
        assert!(offered.iter().any(|name| name == "PLAIN"), "{offered:?}");
        let anonymous = mechanisms(&server, "anon.localhost");
        assert!(anonymous.iter().any(|name| name == "ANONYMOUS"), "{anonymous:?}");
    }
}

#[test]
fn ejabberds_certificates_and_tls_versions_are_what_they_are_meant_to_be() {
    for (versions, expected) in [
        (TlsVersions::Both, "TLSv1.3"),
        (TlsVersions::Only12, "TLSv1.2"),
        (TlsVersions::Only13, "TLSv1.3"),
    ] {
        let Some(server) = Ejabberd::builder().tls_versions(versions).start() else { return };
        let (accepted, said) = tls_client(&server, server.ca_file());
        assert!(accepted && said.contains(&format!("New, {expected},")), "{versions:?}: {said}");
    }
    let builder = Ejabberd::builder().certificate(Certificate::For("other.example"));
    let Some(server) = builder.start() else { return };
    let (accepted, said) = tls_client(&server, server.ca_file());
    assert!(!accepted && said.contains("hostname mismatch"), "{said}");
}

#[test]
fn an_ejabberd_stopped_comes_back_with_its_ports_and_accounts() {
    let Some(mut server) = Ejabberd::builder().user("alice", "secret").start() else { return };
    let (address, pid) = (server.address(), server.pid().expect("it runs"));
    server.stop();
    assert!(!is_running(pid));
    server.start_again();
    assert_eq!(server.address(), address);
    Raw::open(&server);
    assert_ne!(server.pid(), Some(pid));
}

#[test]
fn prosody_can_be_given_tls_exporter() {
    let Some(server) = Prosody::builder().sasl_plugin().start() else { return };
    assert_eq!(mechanisms(&server, "localhost"), ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"]);
    assert_eq!(mechanisms(&server, "anon.localhost"), ["ANONYMOUS"]);
    let Some(stock) = Prosody::builder().start() else { return };
    assert_eq!(mechanisms(&stock, "localhost"), ["PLAIN", "SCRAM-SHA-1"]);
}

#[test]
fn prosody_can_be_given_sasl2_with_bind2_fast_and_resumption() {
    let Some(server) = Prosody::builder().sasl2().start() else { return };
    let features = features(&server, "localhost");
    let of_sasl2 = features
        .split_once("<authentication")
        .and_then(|(_, rest)| rest.split_once("</authentication>"))
        .map_or("", |(inner, _)| inner);
    for offered in [
        "urn:xmpp:sasl:2",
        ">SCRAM-SHA-1-PLUS<",
        "urn:xmpp:bind:0",
        "urn:xmpp:carbons:2",
        "urn:xmpp:csi:0",
        "urn:xmpp:fast:0",
        ">HT-SHA-256-NONE<",
        ">HT-SHA-256-EXPR<",
        "urn:xmpp:sm:3",
    ] {
        assert!(of_sasl2.contains(offered), "no {offered}: {features}");
    }
    assert!(!server.log().contains("error"), "{}", server.log());
}
