//! Logins with fewer round trips: SASL2 (XEP-0388), Bind 2 (XEP-0386), FAST (XEP-0484), and a session
//! that is resumed within the login (XEP-0198 §9), on a Prosody that can.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use xmpp_proto::endpoint::{AuthFault, FastLogin, Reason, Reconnect};
use xmpp_proto::sasl::{ChannelBinding, FailureCondition, FastToken, Mechanism};
use xmpp_proto::stanza::Message;
use xmpp_runtime_tokio::{Config, Event, TlsMode, resume};

use crate::support::prosody::{Builder, Prosody};
use crate::{Session, account};

const ID: [u8; 16] = [0x2a; 16];

fn builder() -> Builder {
    Prosody::builder().sasl2().user("alice", "secret").user("bob", "secret")
}

/// Alice's installation of an app, which binds within the login.
fn app() -> FastLogin {
    FastLogin::new(ID).with_software("Test").with_device("CI").with_bind(true)
}

fn alice(server: &Prosody, fast: FastLogin) -> Config {
    let config = account(server, "alice", "secret", TlsMode::Direct);
    config.resource("test").fast_login(fast)
}

/// What comes up to being online: the token to keep, and whether another was refused.
async fn log_in(session: &mut Session) -> (Option<FastToken>, bool) {
    let (mut kept, mut refused) = (None, false);
    loop {
        match session.next().await {
            Event::Token(token) => kept = Some(token),
            Event::TokenRefused => refused = true,
            Event::Online { jid } => {
                assert_eq!(jid.to_bare().as_str(), "alice@localhost");
                return (kept, refused);
            }
            other => panic!("not online, but {other:?}"),
        }
    }
}

/// One login and its proper end.
async fn once(config: Config) -> (Option<FastToken>, bool) {
    let mut session = Session::start(config);
    let told = log_in(&mut session).await;
    session.client.close();
    assert_eq!(session.ended().await.reason, Reason::ClosedByUs);
    told
}

#[tokio::test]
async fn xep0484_first_with_a_password_then_with_the_token_then_with_the_next() {
    // Each token is due for rotation as soon as it is used.
    let Some(server) = builder().config("sasl2_fast_token_min_ttl = 0").start() else { return };
    for (policy, mechanism) in [
        // XEP-0484 §6: bound to the channel where that is possible.
        (ChannelBinding::Preferred, Mechanism::HtSha256Expr),
        (ChannelBinding::Off, Mechanism::HtSha256None),
    ] {
        let config = |fast| alice(&server, fast).channel_binding(policy);
        let (first, refused) = once(config(app())).await;
        let first = first.expect("a token is given out");
        assert_eq!((first.mechanism(), first.count(), refused), (mechanism, 0, false));
        assert!(first.expiry().starts_with("20"), "{}", first.expiry());

        let mut last = first;
        for _ in 0..3 {
            // A wrong password is no matter: it is not used.
            let wrong = account(&server, "alice", "wrong", TlsMode::Direct);
            let fast = app().with_token(last.clone());
            let config = wrong.resource("test").fast_login(fast).channel_binding(policy);
            let (next, refused) = once(config).await;
            let next = next.expect("another is given out");
            assert!(!refused);
            assert_ne!(next.secret().expose(), last.secret().expose());
            assert_eq!((next.mechanism(), next.count()), (mechanism, 0));
            last = next;
        }
    }
}

#[tokio::test]
async fn a_token_that_is_not_due_for_rotation_is_used_again() {
    let Some(server) = builder().start() else { return };
    let (token, _) = once(alice(&server, app())).await;
    let mut token = token.expect("a token is given out");
    for count in 1..=3 {
        let (same, refused) = once(alice(&server, app().with_token(token.clone()))).await;
        let same = same.expect("its count is to be kept");
        assert_eq!((same.secret().expose(), same.count()), (token.secret().expose(), count));
        assert!(!refused);
        token = same;
    }
}

#[tokio::test]
async fn a_forged_or_expired_token_falls_back_to_the_password() {
    // A second is the unit of what is stored.
    let Some(server) = builder().config("sasl2_fast_token_ttl = 1").start() else { return };
    let (expired, _) = once(alice(&server, app())).await;
    let expired = expired.expect("a token is given out");
    let of = |mechanism, secret: &str| {
        let account = "alice@localhost".parse().expect("an address");
        FastToken::new(account, mechanism, secret, "").expect("a token")
    };
    let forged = of(Mechanism::HtSha256None, "secret-token:fast-forged");
    // The right secret, but not with the mechanism that it was given out for.
    let unbound = of(Mechanism::HtSha256None, expired.secret().expose());
    tokio::time::sleep(Duration::from_millis(2500)).await;
    for token in [forged, unbound, expired] {
        let (fresh, refused) = once(alice(&server, app().with_token(token))).await;
        assert!(refused, "the application is told to forget it");
        assert!(fresh.is_some(), "it gets another");
    }
}

#[tokio::test]
async fn xep0484_3_6_a_token_that_was_given_up_is_worth_nothing() {
    let Some(server) = builder().start() else { return };
    let (token, _) = once(alice(&server, app())).await;
    let mut last = app().with_token(token.expect("a token is given out"));
    last.invalidate = true;
    let (none, forgotten) = once(alice(&server, last.clone())).await;
    assert!(none.is_none() && forgotten);
    last.invalidate = false;
    let (fresh, refused) = once(alice(&server, last)).await;
    assert!(fresh.is_some() && refused);
}

#[tokio::test]
async fn a_wrong_password_is_not_authorized_with_and_without_a_token() {
    let Some(server) = builder().start() else { return };
    let account_of = "alice@localhost".parse().expect("an address");
    let forged = FastToken::new(account_of, Mechanism::HtSha256None, "forged", "").expect("good");
    for fast in [FastLogin::default(), app(), app().with_token(forged)] {
        let wrong = account(&server, "alice", "wrong", TlsMode::Direct).fast_login(fast);
        let ended = Session::start(wrong).ended().await;
        let Reason::Auth(AuthFault::Refused(failure)) = ended.reason else {
            panic!("{}", ended.reason)
        };
        assert_eq!(failure.condition, FailureCondition::NotAuthorized);
    }
}

#[tokio::test]
async fn every_way_in_is_the_same_account() {
    let Some(server) = builder().start() else { return };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        for mechanisms in [Mechanism::DEFAULT, &[Mechanism::Plain], &[Mechanism::ScramSha1]] {
            for fast in [None, Some(FastLogin::default()), Some(app())] {
                let config = account(&server, "alice", "secret", mode);
                let mut config = config.mechanisms(mechanisms).fast_login(fast);
                if mechanisms == [Mechanism::ScramSha1] {
                    // This Prosody refuses who could bind and says that it is not offered.
                    config = config.channel_binding(ChannelBinding::Off);
                }
                once(config).await;
            }
        }
    }
}

#[tokio::test]
async fn xep0198_9_2_a_session_is_resumed_within_a_login_by_token() {
    let Some(server) = builder().start() else { return };
    let mut session = Session::start(alice(&server, app()));
    let (token, _) = log_in(&mut session).await;
    let token = token.expect("a token is given out");
    let mut bob = Session::start(account(&server, "bob", "secret", TlsMode::Direct));
    assert!(matches!(bob.next().await, Event::Online { .. }));

    let mut token = token;
    for round in 1..=3 {
        let state = session.client.detach().await.expect("online").expect("it can be resumed");
        let to = state.jid().clone();
        session.ended().await;
        // It is kept for her meanwhile.
        let body = format!("message {round}");
        let message = Message::chat(to.clone()).body(&body).build().expect("a message");
        bob.client.send(message).await.expect("online").await.expect("sent");

        // The login is by token: the password is wrong.
        let config = account(&server, "alice", "wrong", TlsMode::Direct).resource("test");
        let config = config.fast_login(app().with_token(token.clone()));
        let ((client, events, driver), awaited) = resume(config, state, ()).expect("her own");
        assert!(awaited.is_empty());
        session = Session::of(client, events, driver);
        // Prosody remembers that the session has asked for a token, and gives it another.
        let Event::Token(next) = session.next().await else { panic!("not by token") };
        assert!(matches!(session.next().await, Event::Resumed));
        assert_eq!(session.message().await.body().as_deref(), Some(&*body));
        token = next;
        // The stream goes on: Prosody's features, which come late, are no matter.
        let to_bob = "bob@localhost".parse::<xmpp_proto::jid::Jid>().expect("an address");
        let message = Message::chat(to_bob).body(&body).build().expect("a message");
        session.client.send(message).await.expect("online").await.expect("acknowledged");
    }
    session.client.close();
    session.ended().await;
}

/// What the network of a client looks like: it counts how often the client waits, and it can break.
struct Relay {
    address: SocketAddr,
    /// For each connection, how often the client has spoken after the server.
    turns: Arc<Mutex<Vec<usize>>>,
    cut: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Relay {
    async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (turns, cut) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (counted, broken) = (turns.clone(), cut.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(to).await.expect("the server listens");
                counted.lock().expect("no panic").push(0);
                tokio::select! {
                    () = pass(client, server, &counted) => {}
                    () = broken.notified() => {}
                }
            }
        });
        Self { address, turns, cut, task }
    }

    /// How often the client has spoken after the server on the last connection.
    fn turns(&self) -> usize {
        self.turns.lock().expect("no panic").last().copied().unwrap_or_default()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, turns: &Mutex<Vec<usize>>) {
    let (mut said, mut answered) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut server_was_last = true;
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("TCP");
    }
    loop {
        let done = tokio::select! {
            n = client.read(&mut said) => {
                let n = n.unwrap_or_default();
                if n > 0 && std::mem::replace(&mut server_was_last, false) {
                    *turns.lock().expect("no panic").last_mut().expect("one is open") += 1;
                }
                n == 0 || server.write_all(&said[..n]).await.is_err()
            }
            n = server.read(&mut answered) => {
                let n = n.unwrap_or_default();
                server_was_last = true;
                n == 0 || client.write_all(&answered[..n]).await.is_err()
            }
        };
        if done {
            return;
        }
    }
}

/// How often a login waits for the server, the handshake of TLS included. What TLS says by itself in
/// between may add to it, so the least of some logins counts.
async fn waits(server: &Prosody, mode: TlsMode, fast: Option<FastLogin>) -> usize {
    let to = if mode == TlsMode::Direct { server.tls_address() } else { server.address() };
    let mut least = usize::MAX;
    for _ in 0..5 {
        let relay = Relay::start(to).await;
        let config = account(server, "alice", "secret", mode).resource("test");
        let config = config.host("127.0.0.1", relay.address.port()).management(None);
        let mut session = Session::start(config.fast_login(fast.clone()));
        log_in(&mut session).await;
        least = least.min(relay.turns());
        session.client.close();
        session.ended().await;
    }
    least
}

#[tokio::test]
async fn each_way_in_takes_as_many_round_trips_as_the_documentation_says() {
    let Some(server) = builder().start() else { return };
    let (starttls, direct) = (TlsMode::StartTls, TlsMode::Direct);
    let (plain, bound) = (FastLogin::default(), FastLogin::default().with_bind(true));
    let (token, _) = once(alice(&server, app())).await;
    let token = app().with_token(token.expect("a token is given out"));
    // One of each is the handshake of TLS 1.3.
    for (mode, fast, least) in [
        (starttls, None, 8),
        (direct, None, 6),
        (direct, Some(plain), 5),
        (starttls, Some(bound.clone()), 6),
        (direct, Some(bound), 4),
        (starttls, Some(token.clone()), 5),
        (direct, Some(token), 3),
    ] {
        let name = format!("{mode:?} {fast:?}");
        assert_eq!(waits(&server, mode, fast).await, least, "{name}");
    }
}

#[tokio::test]
async fn a_client_that_comes_back_by_token_waits_once_beside_tls() {
    let Some(server) = builder().start() else { return };
    let relay = Relay::start(server.tls_address()).await;
    let pauses =
        Reconnect::default().with_pauses(Duration::from_millis(10), Duration::from_millis(100));
    let config = alice(&server, app()).host("127.0.0.1", relay.address.port());
    // Without stream management there is nothing more to say once the client is online.
    let config = config.reconnect(pauses).management(None);
    let mut session = Session::start(config);
    log_in(&mut session).await;
    let mut least = usize::MAX;
    for _ in 0..5 {
        relay.cut.notify_one();
        loop {
            match session.next().await {
                Event::Online { .. } => break,
                Event::Disconnected(_) | Event::SessionLost | Event::Token(_) => {}
                other => panic!("not online, but {other:?}"),
            }
        }
        least = least.min(relay.turns());
    }
    // The handshake of TLS 1.3, and one for header, login and resource together.
    assert_eq!(least, 2);
    session.client.close();
    session.ended().await;
}

#[tokio::test]
async fn a_guest_logs_in_by_sasl2_with_an_empty_response() {
    let Some(server) = builder().start() else { return };
    crate::session::scenarios::anonymous_gets_an_address_from_the_server(&server).await;
}
