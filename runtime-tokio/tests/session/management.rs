//! Managed streams (XEP-0198) on every server alike, for clients that log in as `alice` and `bob` with
//! the password `secret`. What breaks in between is a proxy, which the test programs with these
//! scenarios have as `crate::proxy`.

use core::time::Duration;

use tokio::task::block_in_place;
use tokio::time::timeout;
use xmpp_proto::endpoint::{Disconnected, Reason, Reconnect, ResumeState, StreamManagement};
use xmpp_proto::jid::FullJid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Condition, Message, Stanza};
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{
    Config, ConfigError, Delivery, Event, Receipt, Request, RequestError, TlsMode, Why, resume,
};

use crate::proxy::{Fault, How, Proxy, Way};
use crate::session::{PATIENCE, Session, account};
use crate::support::Server;

/// Longer than any test.
const NEVER: Duration = Duration::from_hours(1);

/// `name@localhost/name` behind a proxy. It comes back at once and asks often.
fn behind(server: &impl Server, proxy: &Proxy, name: &str) -> Config {
    let address = proxy.address();
    let mut management = StreamManagement::default();
    management.request_after = Duration::from_millis(20);
    let reconnect = Reconnect::default()
        .with_pauses(Duration::from_millis(10), Duration::from_millis(100))
        .with_initial(true);
    account(server, name, "secret", TlsMode::Direct)
        .host(address.ip().to_string(), address.port())
        .resource(name)
        .management(management)
        .reconnect(reconnect)
        .core(|core| {
            core.keepalive.probe_after = Some(Duration::from_millis(200));
            core.keepalive.timeout = Duration::from_millis(500);
            core.negotiation_timeout = Duration::from_secs(10);
        })
}

/// Alice behind a proxy, and Bob, who is not.
struct Two {
    proxy: Proxy,
    config: Config,
    alice: Session,
    alice_jid: FullJid,
    bob: Session,
    bob_jid: FullJid,
}

impl Two {
    async fn online(server: &impl Server) -> Self {
        Self::online_with(server, |config| config).await
    }

    async fn online_with(server: &impl Server, change: impl FnOnce(Config) -> Config) -> Self {
        let proxy = Proxy::to(server.tls_address()).whole_records().start();
        let config = change(behind(server, &proxy, "alice"));
        let (alice, alice_jid) = Session::online(config.clone()).await;
        let (bob, bob_jid) =
            Session::online(account(server, "bob", "secret", TlsMode::Direct)).await;
        Self { proxy, config, alice, alice_jid, bob, bob_jid }
    }

    /// Alice says this.
    async fn alice_says(&self, text: &str) -> Receipt {
        self.alice.client.send(message(&self.bob_jid, text)).await.unwrap()
    }

    /// The same, and then she takes her session out.
    async fn alice_leaves(&self, text: &str) -> (ResumeState, Receipt) {
        let receipt = self.alice_says(text).await;
        // What has not come to the machine yet would be handed back.
        self.alice.client.with_machine(|_, _| ()).await.unwrap();
        let state = self.alice.client.detach().await.unwrap().expect("it can be resumed");
        (state, receipt)
    }

    async fn bob_says(&self, text: &str) {
        drop(self.bob.client.send(message(&self.alice_jid, text)).await.unwrap());
    }

    /// Bob hears exactly this next.
    #[track_caller]
    fn bob_hears(&mut self, text: &str) -> impl Future<Output = ()> {
        hears(&mut self.bob, text)
    }

    #[track_caller]
    fn alice_hears(&mut self, text: &str) -> impl Future<Output = ()> {
        hears(&mut self.alice, text)
    }

    /// Alice's link breaks, or has broken: what she is told of it.
    async fn disconnected(&mut self) -> Disconnected {
        loop {
            match self.alice.next().await {
                Event::Disconnected(disconnected) => return disconnected,
                Event::Stanza(Stanza::Presence(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// She tries again until her session goes on.
    async fn resumed(&mut self) {
        loop {
            match self.alice.next().await {
                Event::Resumed => return,
                Event::Disconnected(disconnected) => assert!(disconnected.resumable),
                Event::Stanza(Stanza::Presence(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Both speak, and nothing comes but that.
    async fn talk(&mut self) {
        let receipt = self.alice_says("well?").await;
        self.bob_hears("well?").await;
        assert_eq!(acked(receipt).await, Delivery::Acked);
        self.bob_says("well.").await;
        self.alice_hears("well.").await;
    }
}

fn message(to: &FullJid, text: &str) -> Message {
    Message::chat(to.clone()).id(text).body(text).build().unwrap()
}

async fn hears(session: &mut Session, text: &str) {
    assert_eq!(session.message().await.body().as_deref(), Some(text));
}

async fn acked(receipt: Receipt) -> Delivery {
    timeout(PATIENCE, receipt).await.expect("an outcome in time").expect("it is not handed back")
}

/// Why a stanza is handed back, and its text.
pub(crate) async fn handed_back(receipt: Receipt) -> (Why, String) {
    let result = timeout(PATIENCE, receipt).await.expect("an outcome in time");
    let error = result.expect_err("it cannot be acknowledged");
    let why = error.why().clone();
    let Some(Stanza::Message(message)) = error.into_item() else { panic!("no stanza") };
    assert_eq!(message.id(), message.body().as_deref());
    (why, message.body().unwrap().into_owned())
}

/// XEP-0198 §4: what is sent is acknowledged.
pub(crate) async fn what_is_sent_is_acknowledged(server: &impl Server) {
    let mut two = Two::online(server).await;
    let mut receipts = Vec::new();
    for n in 0..100 {
        receipts.push(two.alice_says(&n.to_string()).await);
    }
    for receipt in receipts {
        assert_eq!(acked(receipt).await, Delivery::Acked);
    }
    for n in 0..100 {
        two.bob_hears(&n.to_string()).await;
    }
}

/// XEP-0198 §5: whatever breaks the link, nothing of what was sent meanwhile is lost or comes twice.
pub(crate) async fn a_broken_link_is_resumed(server: &impl Server) {
    let mut two = Two::online(server).await;
    let breaks = [
        Fault::Cut { way: Way::Up, after: 0, how: How::Fin },
        Fault::Cut { way: Way::Up, after: 0, how: How::Reset },
        Fault::Cut { way: Way::Down, after: 10, how: How::Reset },
        // The server believes that the link is still there when the client comes with another one.
        Fault::BlackHole(None),
        Fault::BlackHole(Some(Way::Down)),
        Fault::Stall,
    ];
    for (n, fault) in breaks.into_iter().enumerate() {
        two.proxy.newest().unwrap().inject(fault);
        let (there, back) = (format!("there {n}"), format!("back {n}"));
        let receipt = two.alice_says(&there).await;
        two.bob_says(&back).await;
        // Her message may be cut off or come through, his may be received by the old link yet.
        let mut heard = false;
        loop {
            match two.alice.next().await {
                Event::Disconnected(disconnected) => {
                    assert!(disconnected.resumable, "{fault:?}: {disconnected:?}");
                }
                Event::Resumed => break,
                Event::Stanza(Stanza::Message(message)) if !heard => {
                    assert_eq!(message.body().as_deref(), Some(&*back));
                    heard = true;
                }
                Event::Stanza(Stanza::Presence(_)) => {}
                other => panic!("{fault:?}: {other:?}"),
            }
        }
        two.bob_hears(&there).await;
        assert_eq!(acked(receipt).await, Delivery::Acked);
        if !heard {
            two.alice_hears(&back).await;
        }
        two.talk().await;
    }
    // XEP-0198 §5: without a hint of another place, it is resumed at the same one.
    assert!(two.proxy.opened() > breaks.len());
}

/// XEP-0198 §5: a session that is not resumed in time is gone. What was sent on it is handed back,
/// and the next one begins.
pub(crate) async fn a_session_that_expires_is_followed_by_another(server: &impl Server) {
    let mut two = Two::online(server).await;
    two.proxy.inject(Fault::BlackHole(None));
    let receipt = two.alice_says("into the hole").await;
    let disconnected = two.disconnected().await;
    assert!(disconnected.resumable);
    two.proxy.refuse();
    two.proxy.cut(How::Reset);
    let waiting = two.alice_says("nowhere").await;
    assert_eq!(handed_back(receipt).await, (Why::Unacked, "into the hole".into()));
    // It was never written, so it cannot have arrived.
    assert_eq!(handed_back(waiting).await, (Why::Cut, "nowhere".into()));
    two.proxy.accept();
    let mut lost = false;
    loop {
        match two.alice.next().await {
            Event::SessionLost => lost = true,
            Event::Online { jid } => {
                assert_eq!(jid, two.alice_jid);
                break;
            }
            Event::Disconnected(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(lost);
    two.talk().await;
}

/// XEP-0198 §5: a network that changes is made use of at once, whatever the pauses.
pub(crate) async fn a_change_of_the_network_is_used_at_once(server: &impl Server) {
    let patient = |config: Config| {
        let reconnect = Reconnect::default().with_pauses(NEVER, NEVER);
        config.reconnect(reconnect).core(|core| core.keepalive.probe_after = Some(NEVER))
    };
    let mut two = Two::online_with(server, patient).await;
    two.proxy.cut(How::Reset);
    assert!(two.disconnected().await.resumable);
    two.alice.client.network_changed();
    two.resumed().await;
    two.talk().await;

    // And one that has gone without a word is noticed.
    two.proxy.inject(Fault::BlackHole(None));
    two.alice.client.network_changed();
    assert!(two.disconnected().await.resumable);
    two.alice.client.network_changed();
    two.resumed().await;
    two.talk().await;
}

/// A session survives the process it was in: XEP-0198 §5 asks for no more than the account, the name of
/// the session, and what was counted.
pub(crate) async fn a_detached_session_goes_on_in_another_process(server: &impl Server) {
    let two = Two::online(server).await;
    two.proxy.inject(Fault::BlackHole(Some(Way::Up)));
    let (state, receipt) = two.alice_leaves("before").await;
    assert_eq!(acked(receipt).await, Delivery::Saved);
    let Two { proxy, config, alice, alice_jid, mut bob, bob_jid } = two;
    assert_eq!(alice.ended().await.reason, Reason::Detached);
    proxy.cut(How::Reset);
    drop(bob.client.send(message(&alice_jid, "meanwhile")).await.unwrap());

    let saved = serde_json::to_string(&state).unwrap();
    assert!(!saved.contains("secret"), "{saved}");
    // XEP-0198 §5: neither server names another place to resume at.
    assert!(saved.contains(r#""location":null"#), "{saved}");
    drop(state);
    let state: ResumeState = serde_json::from_str(&saved).unwrap();
    assert_eq!((state.jid(), state.unacked().count()), (&alice_jid, 1));
    // XEP-0198 §5: it belongs to one account.
    let other = account(server, "bob", "secret", TlsMode::Direct);
    let refused = resume(other, state.clone(), ());
    assert!(matches!(refused, Err(ConfigError::ForeignState)));

    let ((client, events, driver), awaited) = resume(config, state, ()).unwrap();
    let mut alice = Session::of(client, events, driver);
    let [(stanza, receipt)] = <[_; 1]>::try_from(awaited).ok().unwrap();
    assert_eq!(stanza.id(), Some("before"));
    assert!(matches!(alice.next().await, Event::Resumed));
    hears(&mut bob, "before").await;
    assert_eq!(acked(receipt).await, Delivery::Acked);
    hears(&mut alice, "meanwhile").await;
    let receipt = alice.client.send(message(&bob_jid, "after")).await.unwrap();
    hears(&mut bob, "after").await;
    assert_eq!(acked(receipt).await, Delivery::Acked);
}

/// A stream that is closed leaves no session behind (XEP-0198 §7): somebody who asks for it is told
/// at once that it is gone.
pub(crate) async fn a_closed_stream_leaves_nothing(server: &impl Server) {
    let mut two = Two::online(server).await;
    two.talk().await;
    let Two { alice, alice_jid, bob, proxy: _proxy, .. } = two;
    let receipt = alice.client.send(message(&alice_jid, "last words")).await.unwrap();
    alice.client.close();
    // XEP-0198 §4: it is acknowledged before the end.
    assert_eq!(acked(receipt).await, Delivery::Acked);
    assert_eq!(alice.ended().await.reason, Reason::ClosedByUs);
    let ping = Element::builder("ping", ns::PING).build().unwrap();
    match bob.client.request(Request::get(ping).to(alice_jid)).await {
        Err(RequestError::Stanza(error)) => {
            assert_eq!(error.condition(), Condition::ServiceUnavailable);
        }
        other => panic!("{other:?}"),
    }
}

/// What becomes of two stanzas when the server is stopped and started again: one that it had handled
/// without the client having heard of it, and one that never came to it.
pub(crate) async fn over_a_restart<S: Server>(
    server: &mut S,
    restart: impl FnOnce(&mut S),
) -> [Result<Delivery, Why>; 2] {
    let mut two = Two::online(server).await;
    two.proxy.inject(Fault::BlackHole(Some(Way::Down)));
    let handled = two.alice_says("handled").await;
    two.bob_hears("handled").await;
    two.proxy.inject(Fault::BlackHole(None));
    let unhandled = two.alice_says("unhandled").await;
    block_in_place(|| restart(server));
    loop {
        match two.alice.next().await {
            Event::Online { .. } => break,
            Event::Disconnected(_) | Event::SessionLost | Event::Stanza(Stanza::Presence(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    let mut fates = Vec::new();
    for receipt in [handled, unhandled] {
        let outcome = timeout(PATIENCE, receipt).await.expect("an outcome in time");
        fates.push(outcome.map_err(|error| error.why().clone()));
    }
    <[_; 2]>::try_from(fates).unwrap()
}

/// How a client ends, or goes on, that claims to have received more than it was sent
/// (XEP-0198 §6): its state was damaged.
pub(crate) async fn with_too_high_a_count(server: &impl Server) -> (Session, Receipt, Proxy) {
    let two = Two::online(server).await;
    two.proxy.inject(Fault::BlackHole(Some(Way::Up)));
    let (state, receipt) = two.alice_leaves("damaged").await;
    assert_eq!(acked(receipt).await, Delivery::Saved);
    two.proxy.cut(How::Reset);
    let mut saved = serde_json::to_value(state).unwrap();
    saved["received"] = 1_000_000.into();
    let state = serde_json::from_value(saved).unwrap();
    let ((client, events, driver), mut awaited) = resume(two.config, state, ()).unwrap();
    (Session::of(client, events, driver), awaited.pop().unwrap().1, two.proxy)
}
