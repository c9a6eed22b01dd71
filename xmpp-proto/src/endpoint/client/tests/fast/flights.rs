//! How many times a client waits for its server between the open transport and being online, for each
//! way to log in: `docs/authentication.md` has the table.

use super::*;
use crate::sasl::tests::{Account, Hash, Server};
use crate::testing::{BIND_FEATURES, bind_result};

const FULL: &str = "alice@example.org/r";

/// A server that says all that it can say at once.
struct Peer {
    account: Account,
    /// What it offers within a login by SASL2; none if it does not know that.
    inline: Option<String>,
    starttls: bool,
    secured: bool,
    authenticated: bool,
    /// The client's first message of SCRAM.
    first: Vec<u8>,
}

/// What the client waited for.
#[derive(Debug, PartialEq, Eq)]
struct Waits {
    /// The server's words on the stream.
    stream: usize,
    /// The handshake of TLS 1.3: one round trip, with the client's last flight going out together
    /// with what follows.
    tls: usize,
}

fn waits(stream: usize, tls: usize) -> Waits {
    Waits { stream, tls }
}

impl Peer {
    fn new(inline: Option<&str>, starttls: bool) -> Self {
        Self {
            account: Account::new(Hash::Sha256, "secret", b"salt", 4096),
            inline: inline.map(Into::into),
            starttls,
            secured: !starttls,
            authenticated: false,
            first: Vec::new(),
        }
    }

    fn features(&self) -> String {
        if !self.secured {
            return STARTTLS_REQUIRED.into();
        }
        if self.authenticated {
            return BIND_FEATURES
                .replace("</stream:features>", "<sm xmlns='urn:xmpp:sm:3'/></stream:features>");
        }
        match &self.inline {
            Some(inline) => sasl2(&["SCRAM-SHA-256"], inline),
            None => mechanisms(&["SCRAM-SHA-256"]),
        }
    }

    /// Everything that it can say once it has read this.
    fn answer(&mut self, sent: &str) -> String {
        let mut all = String::new();
        if sent.contains("<stream:stream ") {
            all.push_str(HEADER);
            all.push_str(&self.features());
        }
        if sent.contains("<starttls ") {
            all.push_str(PROCEED);
        }
        let data = |name: &str| {
            let (_, tail) = sent.split_once(name)?;
            let (_, tail) = tail.split_once('>')?;
            BASE64.decode(tail.split_once('<')?.0).ok()
        };
        let wrap = |name: &str, text: &str| match &self.inline {
            Some(_) => format!("<{name} xmlns='urn:xmpp:sasl:2'>{}</{name}>", BASE64.encode(text)),
            None => format!(
                "<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</{name}>",
                BASE64.encode(text)
            ),
        };
        if sent.contains("<fast ") {
            let resumes = sent.contains("<resume ");
            let more = if resumes {
                "<resumed xmlns='urn:xmpp:sm:3' previd='sm1' h='0'/>".into()
            } else {
                bound(ENABLED)
            };
            all.push_str(&success(FULL, &format!("{}{more}", answered("t1"))));
            self.authenticated = true;
            if !resumes {
                all.push_str(AFTER);
            }
        } else if let Some(first) = data("<initial-response").or_else(|| data("<auth ")) {
            let server = Server::first(&self.account, &first, "alice", None, "server-nonce");
            all.push_str(&wrap("challenge", &server.challenge));
            self.first = first;
        }
        if let Some(last) = data("<response") {
            let server = Server::first(&self.account, &self.first, "alice", None, "server-nonce");
            let signature = server.last(&last).expect("the proof is right");
            self.authenticated = true;
            all.push_str(&match &self.inline {
                None => wrap("success", &signature),
                Some(inline) => {
                    let data = BASE64.encode(signature);
                    let data = format!("<additional-data>{data}</additional-data>");
                    let (bind, token) = (inline.contains(BIND), inline.contains(FAST));
                    let more = if bind { bound(ENABLED) } else { String::new() };
                    let token = if token { given("t1") } else { String::new() };
                    let identity = if bind { FULL } else { ALICE };
                    success(identity, &format!("{data}{more}{token}")) + &self.features()
                }
            });
        }
        if sent.contains("urn:ietf:params:xml:ns:xmpp-bind") {
            let (_, id) = sent.rsplit_once(" id='").expect("an id");
            all.push_str(&bind_result(id.split_once('\'').expect("an id").0, FULL));
        }
        all
    }

    /// From the open transport to being online.
    fn log_in(&mut self, script: &mut Script) -> Waits {
        let mut waits = waits(0, usize::from(!self.starttls));
        while !script.client().is_online() {
            let sent = script.take_sent();
            assert!(!sent.is_empty(), "the client waits for more");
            waits.stream += 1;
            let answer = self.answer(&sent);
            script.receive(&answer);
            if answer.contains(PROCEED) {
                waits.tls += 1;
                self.secured = true;
                script.secure();
            }
        }
        waits
    }
}

fn client(fast: Option<FastLogin>, starttls: bool) -> Script {
    let mut config = with(FastLogin::default()).with_fast_login(fast);
    config.mechanisms = Mechanism::DEFAULT.to_vec();
    if starttls {
        config.tls = TlsMode::StartTls;
    }
    Script::new(config)
}

fn first_login(fast: Option<FastLogin>, inline: Option<&str>, starttls: bool) -> Waits {
    let mut script = client(fast, starttls);
    script.connect();
    Peer::new(inline, starttls).log_in(&mut script)
}

#[test]
fn a_login_of_rfc6120_waits_for_seven_answers_or_five() {
    // Header, STARTTLS, header, SCRAM twice, header, resource.
    assert_eq!(first_login(None, None, true), waits(7, 1));
    assert_eq!(first_login(None, None, false), waits(5, 1));
}

#[test]
fn a_login_by_sasl2_has_no_restart_of_the_stream() {
    let fast = || Some(FastLogin::default());
    assert_eq!(first_login(fast(), Some(""), true), waits(6, 1));
    assert_eq!(first_login(fast(), Some(""), false), waits(4, 1));
    // With Bind 2 there is nothing to do after it.
    let fast = || Some(FastLogin::default().with_bind(true));
    assert_eq!(first_login(fast(), Some(BIND), true), waits(5, 1));
    assert_eq!(first_login(fast(), Some(BIND), false), waits(3, 1));
}

/// A client that was online and comes back with a token: with its session, or without.
fn later_login(starttls: bool, resumes: bool, pipelines: bool) -> Waits {
    let mut fast = FastLogin::new(ID).with_bind(true);
    fast.pipeline = pipelines;
    let mut script = client(Some(fast), starttls);
    script.connect();
    let inline = format!("{BIND}{SM}{FAST}");
    Peer::new(Some(&inline), starttls).log_in(&mut script);
    let told = events(&mut script);
    assert_eq!(told, ["token t1 0".into(), format!("online {FULL}")]);
    if resumes {
        script.lose(crate::endpoint::LostCause::Eof);
        let due = script.client().poll_timeout().expect("it comes back");
        let wait = due.saturating_duration_since(script.now());
        script.pass(wait);
    } else {
        let now = script.now();
        script.client().close(now);
        script.drain();
        script.receive("</stream:stream>");
        script.start();
    }
    events(&mut script);
    script.take_sent();
    script.open();
    let waits = Peer::new(Some(&inline), starttls).log_in(&mut script);
    let last = if resumes { "resumed".into() } else { format!("online {FULL}") };
    assert_eq!(events(&mut script), ["token t1 1".into(), last]);
    waits
}

#[test]
fn a_login_by_token_is_one_exchange_and_resumes_in_it() {
    for resumes in [false, true] {
        // The first time that a process logs in by the token which it has loaded.
        assert_eq!(later_login(true, resumes, false), waits(4, 1));
        assert_eq!(later_login(false, resumes, false), waits(2, 1));
        // Later the client knows what is offered: only STARTTLS has more than one exchange then.
        assert_eq!(later_login(true, resumes, true), waits(3, 1));
        assert_eq!(later_login(false, resumes, true), waits(1, 1));
    }
}
