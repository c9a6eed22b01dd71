//! The example `chat`, as people run it: processes, standard streams and exit codes.

mod support;

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use support::Server;
use support::certs::Authority;
use support::dns::{DnsServer, Entry};
use support::ejabberd::Ejabberd;
use support::process::example;
use support::prosody::{Certificate, Encryption, PasswordHash, Prosody};

/// Nothing on loopback takes longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running `chat`.
struct Chat {
    child: Child,
    lines: Receiver<String>,
    errors: thread::JoinHandle<String>,
}

impl Chat {
    fn start(address: SocketAddr, user: &str, password: &str, more: &[&str]) -> Self {
        let jid = format!("{user}@localhost");
        let jid: &[&str] = if more.contains(&"--jid") { &[] } else { &["--jid", &jid] };
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        Self::run(&[jid, &["--host", &host, "--port", &port], more].concat(), password)
    }

    fn run(arguments: &[&str], password: &str) -> Self {
        let mut child = Command::new(example("chat"))
            .args(arguments)
            .env("XMPP_PASSWORD", password)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example runs");
        let (to, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = to.send(line); // the test may have seen enough
            }
        });
        let errors = child.stderr.take().expect("it is piped");
        let errors = thread::spawn(move || std::io::read_to_string(errors).expect("UTF-8"));
        Self { child, lines, errors }
    }

    fn say(&mut self, line: &str) {
        let mut input = self.child.stdin.as_ref().expect("it is open");
        writeln!(input, "{line}").expect("the program reads");
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line in time")
    }

    /// Ends the input, waits, and gives the exit status, the lines not looked at and the errors.
    fn finish(mut self) -> (ExitStatus, Vec<String>, String) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(10));
        };
        let errors = self.errors.join().expect("standard error was read");
        (status, self.lines.iter().collect(), errors)
    }
}

fn ca(server: &impl Server) -> String {
    server.ca_file().to_str().expect("a plain path").to_owned()
}

#[test]
fn two_people_chat_over_starttls_and_direct_tls() {
    let builder = Prosody::builder().password_hash(PasswordHash::Sha256);
    let Some(server) = builder.user("alice", "one").user("bob", "two").start() else { return };
    let ca = ca(&server);
    for (mode, address) in [("starttls", server.address()), ("direct", server.tls_address())] {
        let tls = ["--tls", mode, "--ca-file", &ca];
        let start = |user, password, to| {
            Chat::start(address, user, password, &[&tls[..], &["--to", to]].concat())
        };
        let mut alice = start("alice", "one", "bob@localhost");
        let alice_jid = alice.line().strip_prefix("online ").expect("online").to_owned();
        assert!(alice_jid.starts_with("alice@localhost/"), "{alice_jid}");
        let mut bob = start("bob", "two", "alice@localhost");
        let bob_jid = bob.line().strip_prefix("online ").expect("online").to_owned();
        for text in ["hello", "a & b < c > \"d\" 'e' &amp;", "你好,世界", "😀👩‍👩‍👧‍👦"]
        {
            alice.say(text);
            assert_eq!(bob.line(), format!("{alice_jid}: {text}"));
            bob.say(text);
            assert_eq!(alice.line(), format!("{bob_jid}: {text}"));
        }
        for chat in [alice, bob] {
            let (status, lines, errors) = chat.finish();
            assert!(
                status.success() && lines.is_empty() && errors.is_empty(),
                "{lines:?} {errors}"
            );
        }
    }
}

#[test]
fn what_is_typed_before_the_login_is_sent_after_it() {
    let builder = Prosody::builder().user("alice", "one").user("bob", "two");
    let Some(server) = builder.start() else { return };
    let ca = ca(&server);
    let bob = Chat::start(server.address(), "bob", "two", &["--ca-file", &ca]);
    bob.line();
    let more = ["--ca-file", &ca, "--to", "bob@localhost", "--mechanism", "SCRAM-SHA-1"];
    let mut alice = Chat::start(server.address(), "alice", "one", &more);
    alice.say("first");
    alice.say("second");
    let (status, lines, errors) = alice.finish();
    assert!(status.success() && errors.is_empty(), "{errors}");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(bob.line().ends_with(": first"));
    assert!(bob.line().ends_with(": second"));
}

#[test]
fn stanzas_are_shown_and_secrets_are_not() {
    let builder = Prosody::builder().user("alice", "a very secret word");
    let Some(server) = builder.start() else { return };
    let ca = ca(&server);
    for mechanism in ["SCRAM-SHA-1", "PLAIN"] {
        let more = ["--ca-file", &ca, "--xml", "--mechanism", mechanism];
        let chat = Chat::start(server.address(), "alice", "a very secret word", &more);
        chat.line();
        let (status, _, errors) = chat.finish();
        assert!(status.success());
        for shown in ["-> <", "<- <", "starttls", "<hidden", "<presence", "</stream:stream>"] {
            assert!(errors.contains(shown), "no {shown} in {errors}");
        }
        // The word itself, PLAIN's message, and how SCRAM's messages begin (`n,,n`, `c=biws`).
        for secret in ["secret word", "AGFsaWNlAGEgdmVyeSBzZWNyZXQgd29yZA", "biwsbj", "Yz1iaXdz"] {
            assert!(!errors.contains(secret), "{secret} in {errors}");
        }
    }
}

#[test]
fn a_domain_is_enough_where_dns_names_its_servers() {
    // Two kinds of servers, each with an account of its own: what it says tells which one it is.
    let Some(mut first) = Prosody::builder().user("alice", "one").start() else { return };
    let Some(second) = Ejabberd::builder().user("alice", "two").start() else { return };
    let targets = [(1, first.address()), (2, second.address())]
        .map(|(priority, address)| (priority, 1, address.port(), "127.0.0.1"));
    let dns = DnsServer::start(&[("_xmpp-client._tcp.localhost", Entry::SrvAt(targets.into()))]);
    let address = dns.address().to_string();
    let visit = |ca: &str, password| {
        let arguments = ["--jid", "alice@localhost", "--dns", &address, "--ca-file", ca];
        let chat = Chat::run(&arguments, password);
        assert!(chat.line().starts_with("online alice@localhost/"));
        let (status, _, errors) = chat.finish();
        assert!(status.success() && errors.is_empty(), "{errors}");
    };
    visit(&ca(&first), "one");
    first.kill();
    visit(&ca(&second), "two");
}

#[test]
fn without_a_living_server_each_one_is_named() {
    let dead = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = dead.local_addr().expect("it is bound").port();
    drop(dead);
    let targets = vec![(1, 1, port, "127.0.0.1"), (2, 1, port, "127.0.0.2")];
    let dns = DnsServer::start(&[("_xmpp-client._tcp.localhost", Entry::SrvAt(targets))]);
    let address = dns.address().to_string();
    let chat = Chat::run(&["--jid", "alice@localhost", "--dns", &address], "one");
    let (status, _, errors) = chat.finish();
    assert_eq!(status.code(), Some(1), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    for host in ["(127.0.0.2:", "tried before: 127.0.0.1:"] {
        assert!(errors.contains(&format!("{host}{port}")), "{errors}");
    }
}

/// Runs a `chat` that fails: no `online`, status 1, and one line that says all of this.
#[track_caller]
fn fails(address: SocketAddr, password: &str, more: &[&str], says: &[&str]) {
    let (status, lines, errors) = Chat::start(address, "alice", password, more).finish();
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    for text in says {
        assert!(errors.contains(text), "no {text:?} in {errors}");
    }
}

#[test]
fn each_failure_is_one_line_that_names_the_cause() {
    let Some(server) = Prosody::builder().user("alice", "one").start() else { return };
    let good = ca(&server);
    let other = server.other_ca_file();
    let other = other.to_str().expect("a plain path");

    fails(server.address(), "two", &["--ca-file", &good], &["not-authorized", "password"]);
    fails(server.address(), "one", &["--ca-file", other], &["certificate", "TLS"]);
    let direct = ["--tls", "direct", "--ca-file", other];
    fails(server.tls_address(), "one", &direct, &["certificate", "TLS"]);
    fails(server.address(), "one", &["--ca-file", "/nowhere/ca.pem"], &["/nowhere/ca.pem"]);
    fails(server.address(), "one", &["--tls", "none"], &["insists on TLS"]);
    // Prosody does not serve the domain of this account.
    fails(server.address(), "one", &["--jid", "alice@elsewhere.example"], &["host-unknown"]);
}

#[test]
fn a_certificate_for_another_name_is_named() {
    let builder = Prosody::builder().certificate(Certificate::For("other.example"));
    let Some(server) = builder.user("alice", "one").start() else { return };
    fails(server.address(), "one", &["--ca-file", &ca(&server)], &["localhost", "other.example"]);
}

#[test]
fn an_untrusted_certificate_can_be_pinned_with_what_the_refusal_says() {
    for certificate in [Certificate::SelfSigned, Certificate::For("other.example")] {
        let builder = Prosody::builder().certificate(certificate).user("alice", "one");
        let Some(server) = builder.start() else { return };
        let other = server.other_ca_file();
        let other = other.to_str().expect("a plain path");
        let refused = Chat::start(server.address(), "alice", "one", &["--ca-file", other]);
        let (status, _, errors) = refused.finish();
        assert_eq!((status.code(), errors.lines().count()), (Some(1), 1), "{errors}");
        let (_, pin) = errors.trim_end().split_once("--pin ").expect("it says how to go on");
        assert_eq!(pin.len(), "sha256:".len() + 64);

        let pinned = Chat::start(server.address(), "alice", "one", &["--pin", pin]);
        assert!(pinned.line().starts_with("online alice@localhost/"));
        let (status, _, errors) = pinned.finish();
        assert!(status.success() && errors.is_empty(), "{errors}");

        let wrong = format!("sha256:{}", "0".repeat(64));
        fails(server.address(), "one", &["--pin", &wrong], &["not the pinned one", pin]);
    }
}

#[test]
fn a_pin_that_is_none_is_refused_by_name() {
    let address = "127.0.0.1:1".parse().expect("an address");
    for pin in ["sha256:12", "md5:00", &"0".repeat(64), &format!("sha256:{}", "x".repeat(64))] {
        let (status, _, errors) = Chat::start(address, "alice", "one", &["--pin", pin]).finish();
        assert!(!status.success() && errors.contains("64 hexadecimal digits"), "{errors}");
    }
}

#[test]
fn a_client_certificate_needs_no_password() {
    let Some(server) = Ejabberd::builder().client_certificates().user("alice", "one").start()
    else {
        return;
    };
    let alice = Authority::existing(server.dir(), "ca").issue_client("alice", "alice@localhost");
    let both = [&alice.cert, &alice.key].map(|file| std::fs::read(file).expect("just made"));
    let file = server.dir().join("alice.both");
    std::fs::write(&file, both.concat()).expect("the directory is ours");
    let file = file.to_str().expect("a plain path");
    let ca = server.ca_file().to_str().expect("a plain path");
    let more = ["--ca-file", ca, "--client-cert", file, "--mechanism", "EXTERNAL"];
    let chat = Chat::start(server.address(), "alice", "", &more);
    assert!(chat.line().starts_with("online alice@localhost/"));
    let (status, _, errors) = chat.finish();
    assert!(status.success() && errors.is_empty(), "{errors}");
}

#[test]
fn a_server_without_tls_is_not_logged_in_to() {
    let builder = Prosody::builder().encryption(Encryption::None).user("alice", "one");
    let Some(server) = builder.start() else { return };
    fails(server.address(), "one", &["--ca-file", &ca(&server)], &["STARTTLS"]);
}

#[test]
fn nobody_listening_is_connection_refused() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fails(address, "one", &[], &["connection refused", &address.to_string()]);
}

#[test]
fn a_server_that_goes_away_is_told_and_the_program_comes_back() {
    let Some(mut server) = Prosody::builder().user("alice", "one").start() else { return };
    let ca = ca(&server);
    let options = ["--ca-file", &ca, "--to", "alice@localhost"];
    let mut chat = Chat::start(server.address(), "alice", "one", &options);
    chat.line();
    server.stop();
    server.start_again();
    // What is said meanwhile, to a server that has forgotten the session, is said again.
    let other = Chat::start(server.address(), "alice", "one", &options);
    let jid = other.line().strip_prefix("online ").expect("online").to_owned();
    chat.say("are you there?");
    assert!(other.line().ends_with(": are you there?"), "{jid}");
    let (status, _, errors) = chat.finish();
    assert_eq!(status.code(), Some(0), "{errors}");
    assert!(errors.contains("disconnected, trying again"), "{errors}");
    assert!(errors.contains("connected again as alice@localhost/"), "{errors}");
    other.finish();
}

#[test]
fn without_arguments_two_people_find_each_other_and_chat() {
    let transcript = [
        "A server for localhost in this process, with accounts for Alice and Bob.",
        "Both are online: TCP, STARTTLS with TLS 1.3, SCRAM-SHA-256-PLUS.",
        "",
        "Alice wants to see when Bob is there. He lets her, and wants the same.",
        "  Bob is asked by Alice",
        "  Alice may see Bob",
        "  Alice sees Bob come online",
        "  Alice is asked by Bob",
        "  Bob may see Alice",
        "  Bob sees Alice come online",
        "  Alice's contacts: bob@localhost (both)",
        "",
        "They chat.",
        "  Alice: Good morning, Bob! \u{2600} <3 & 你好",
        "  Bob: Good morning, Alice. I am off to lunch.",
        "  Alice sees that Bob is away: at lunch",
        "",
        "They leave.",
        "  Bob has left",
        "  Alice sees Bob go offline",
        "  Alice has left",
        "",
        "The same with an account and a server of your own: --help",
    ];
    for xml in [false, true] {
        let arguments: &[&str] = if xml { &["--xml"] } else { &[] };
        let output =
            Command::new(example("chat")).args(arguments).output().expect("the example runs");
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(said.lines().collect::<Vec<_>>(), transcript);
        let wire = String::from_utf8(output.stderr).expect("UTF-8");
        for shown in ["alice -> <auth mechanism='SCRAM-SHA-256-PLUS'><hidden/></auth>", "  bob <- "]
        {
            assert_eq!(wire.contains(shown), xml, "{wire}");
        }
        assert!(wire.contains("alice <- <stream:features>") == xml, "{wire}");
    }
}
