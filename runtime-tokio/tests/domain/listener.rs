//! Connections of a domain: how many there may be, and how they end.

use tokio::time::timeout;
use xmpp_proto::domain::{Domain, DomainConfig, DomainEvent};
use xmpp_proto::endpoint::{Ended, Reason};
use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::Message;
use xmpp_proto::stream::StreamCondition;
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{Client, Request, TlsMode};

use crate::Town;
use crate::session::{PATIENCE, Session, account};
use crate::support::DOMAIN;

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("in time")
}

/// Waits until nobody is connected any more.
async fn empty(town: &Town) {
    soon(async {
        while town.domain.with(|domain, _| domain.sessions()) > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn condition(ended: &Ended) -> Option<StreamCondition> {
    match &ended.reason {
        Reason::Reported(error) => Some(error.condition()),
        _ => None,
    }
}

async fn write_to(client: &Client, to: &str, body: &str) {
    let to: Jid = to.parse().unwrap();
    client.send(Message::chat(to).body(body).build().unwrap()).await.unwrap();
}

#[tokio::test]
async fn the_embedder_hears_who_comes_and_goes() {
    let town = Town::start().await;
    let mut events = town.domain.events();
    let (alice, jid) = Session::online(account(&town, "alice", "secret", TlsMode::Direct)).await;
    let event = soon(events.next()).await;
    let DomainEvent::Online { session, jid: said } = event else { panic!("{event:?}") };
    assert_eq!(said, jid);
    alice.client.close();
    assert_eq!(alice.ended().await.reason, Reason::ClosedByUs);
    let event = soon(events.next()).await;
    let DomainEvent::Ended { session: same, jid: said, ended } = event else { panic!("{event:?}") };
    assert_eq!((same, said, ended.reason), (session, Some(jid), Reason::ClosedByPeer));
    // Whoever is gone leaves nothing behind.
    empty(&town).await;
}

#[tokio::test]
async fn what_is_kept_for_somebody_who_is_away_comes_when_they_do() {
    let town = Town::start().await;
    let (alice, _) = Session::online(account(&town, "alice", "secret", TlsMode::StartTls)).await;
    for number in 0..10 {
        write_to(&alice.client, "bob@localhost", &format!("number {number}")).await;
    }
    // A stream's stanzas are handled in order: once this is answered, they have arrived.
    alice
        .client
        .request(Request::get(Element::builder("ping", ns::PING).build().unwrap()))
        .await
        .unwrap();
    let (mut bob, _) = Session::online(account(&town, "bob", "secret", TlsMode::StartTls)).await;
    for number in 0..10 {
        let message = bob.message().await;
        assert_eq!(message.body().unwrap(), format!("number {number}"));
        // XEP-0203: it says since when it has waited.
        let delay = message.payload("delay", ns::DELAY).expect("it was delayed");
        assert!(delay.attr("stamp").is_some_and(|stamp| stamp.starts_with("20")), "{delay:?}");
    }
}

#[tokio::test]
async fn a_full_domain_lets_nobody_in_until_somebody_leaves() {
    let mut config = DomainConfig::new(DOMAIN.parse().unwrap());
    config.max_sessions = 1;
    let town = Town::start_with(config).await;
    let (alice, _) = Session::online(account(&town, "alice", "secret", TlsMode::Direct)).await;
    let bob = Session::start(account(&town, "bob", "secret", TlsMode::Direct));
    let ended = bob.ended().await;
    assert!(matches!(ended.reason, Reason::Transport(_)), "{ended}");
    assert!(ended.is_retryable());
    alice.client.close();
    alice.ended().await;
    empty(&town).await;
    Session::online(account(&town, "bob", "secret", TlsMode::Direct)).await;
}

#[tokio::test]
async fn a_domain_that_shuts_down_tells_everybody() {
    let town = Town::start().await;
    let config = |user, mode| account(&town, user, "secret", mode).reconnect(None);
    let (alice, _) = Session::online(config("alice", TlsMode::StartTls)).await;
    let (bob, _) = Session::online(config("bob", TlsMode::Direct)).await;
    town.domain.with(Domain::shut_down);
    for session in [alice, bob] {
        let ended = session.ended().await;
        // RFC 6120 §4.9.3.20.
        assert_eq!(condition(&ended), Some(StreamCondition::SystemShutdown), "{ended}");
    }
}

#[tokio::test]
async fn a_second_client_takes_the_resource_of_the_first() {
    let town = Town::start().await;
    let config = account(&town, "alice", "secret", TlsMode::StartTls).resource("desk");
    let (first, jid) = Session::online(config.clone()).await;
    let (_second, same) = Session::online(config).await;
    assert_eq!(jid, same);
    // RFC 6120 §7.7.2.2.
    let ended = first.ended().await;
    assert_eq!(condition(&ended), Some(StreamCondition::Conflict), "{ended}");
}

#[tokio::test]
async fn the_embedder_can_write_to_everybody() {
    let town = Town::start().await;
    let (mut alice, jid) =
        Session::online(account(&town, "alice", "secret", TlsMode::Direct)).await;
    let message = Message::builder(jid).body("Maintenance at noon").build().unwrap();
    town.domain.with(|domain, now| domain.deliver(now, message));
    let heard = alice.message().await;
    assert_eq!(heard.from().map(Jid::as_str), Some(DOMAIN));
    assert_eq!(heard.body().unwrap(), "Maintenance at noon");
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_account_look_alike() {
    let town = Town::start().await;
    let mut reasons = Vec::new();
    for (name, password) in [("alice", "wrong"), ("nobody", "secret")] {
        let session = Session::start(account(&town, name, password, TlsMode::Direct));
        reasons.push(session.ended().await.reason);
    }
    assert!(matches!(reasons[0], Reason::Auth(_)), "{reasons:?}");
    assert_eq!(reasons[0], reasons[1]);
}

#[tokio::test]
async fn many_write_to_one_and_nothing_is_lost() {
    let town = Town::start().await;
    let (mut alice, _) = Session::online(account(&town, "alice", "secret", TlsMode::Direct)).await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (bob, _) = Session::online(account(&town, "bob", "secret", TlsMode::Direct)).await;
        tasks.push(tokio::spawn(async move {
            for number in 0..250 {
                write_to(&bob.client, "alice@localhost", &number.to_string()).await;
            }
            bob
        }));
    }
    let mut next = std::collections::HashMap::new();
    for _ in 0..8 * 250 {
        let message = alice.message().await;
        let from = message.from().unwrap().clone();
        let number: u32 = message.body().unwrap().parse().unwrap();
        let expected = next.entry(from).or_insert(0);
        assert_eq!(number, *expected, "in order, each once");
        *expected += 1;
    }
    for task in tasks {
        task.await.unwrap();
    }
}
