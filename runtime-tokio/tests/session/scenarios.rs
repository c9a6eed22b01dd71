//! What every server must do alike, for clients that log in on it as `alice` and `bob` with the
//! password `secret`.

use xmpp_proto::endpoint::{ClientConfig, Ended, Reason};
use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Condition, Message, Stanza, StanzaError};
use xmpp_proto::stream::StreamCondition;
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{Event, Request, RequestError, TlsMode};

use super::{Session, account, without_password};
use crate::support::{ANONYMOUS_DOMAIN, Server};

fn ping() -> Element {
    Element::builder("ping", ns::PING).build().unwrap()
}

pub(crate) async fn messages_arrive_as_they_were_sent(server: &impl Server) {
    let (mut alice, alice_jid) =
        Session::online(account(server, "alice", "secret", TlsMode::StartTls)).await;
    let (mut bob, bob_jid) =
        Session::online(account(server, "bob", "secret", TlsMode::Direct)).await;
    let texts = [
        "plain",
        "<a href=\"x\">&amp; 'quoted' ]]></a>",
        "你好,世界",
        "😀 👩‍👩‍👧‍👦",
        " leading and trailing ",
        // No carriage return: Prosody writes it unescaped, so that the receiver must take it for
        // a line feed.
        "two\nlines\tand a tab",
        &"long ".repeat(20_000),
    ];
    for text in texts {
        let message = Message::chat(bob_jid.clone()).body(text).build().unwrap();
        alice.client.send(message).await.unwrap().await.unwrap();
        let got = bob.message().await;
        assert_eq!(got.body().unwrap(), text);
        assert_eq!(got.from(), Some(&Jid::from(alice_jid.clone())));
        let reply = got.reply().unwrap().body(text).build().unwrap();
        bob.client.send(reply).await.unwrap();
        assert_eq!(alice.message().await.body().unwrap(), text);
    }
}

pub(crate) async fn requests_are_answered_by_the_server_and_by_others(server: &impl Server) {
    let (alice, alice_jid) =
        Session::online(account(server, "alice", "secret", TlsMode::StartTls)).await;
    let (mut bob, bob_jid) =
        Session::online(account(server, "bob", "secret", TlsMode::StartTls)).await;

    // XEP-0199 §4.2: client to server, addressed in every way.
    let domain: Jid = "localhost".parse().unwrap();
    for request in [
        Request::get(ping()),
        Request::get(ping()).to(alice_jid.to_bare()),
        Request::get(ping()).to(domain),
    ] {
        alice.client.request(request).await.unwrap();
    }
    // An error is an answer as well.
    let nonsense = Element::builder("nonsense", "urn:example:nonsense").build().unwrap();
    let refused = alice.client.request(Request::get(nonsense)).await;
    let Err(RequestError::Stanza(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.condition(), Condition::ServiceUnavailable);

    // §4.4: to another client, which answers; once well and once not.
    for answer in [Ok(None), Err(StanzaError::new(Condition::Forbidden))] {
        let client = alice.client.clone();
        let request = Request::get(ping()).to(bob_jid.clone());
        let asking = tokio::spawn(async move { client.request(request).await });
        let query = loop {
            match bob.next().await {
                Event::Query(query) => break query,
                Event::Stanza(Stanza::Presence(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        assert!(query.iq().payload().unwrap().is("ping", ns::PING));
        assert_eq!(query.iq().from(), Some(&Jid::from(alice_jid.clone())));
        let well = answer.is_ok();
        bob.client.answer(query, answer).await.unwrap();
        assert_eq!(asking.await.unwrap().is_ok(), well);
    }
}

/// Two clients with the same resource: how the older one ends.
pub(crate) async fn the_older_of_two_equal_resources(server: &impl Server) -> Ended {
    let config = account(server, "alice", "secret", TlsMode::Direct).resource("desk");
    let (older, jid) = Session::online(config.clone()).await;
    let (newer, same) = Session::online(config).await;
    assert_eq!(jid, same);
    let ended = older.ended().await;
    let Reason::Reported(error) = &ended.reason else { panic!("{ended:?}") };
    assert_eq!(error.condition(), StreamCondition::Conflict);
    newer.client.close();
    assert_eq!(newer.ended().await.reason, Reason::ClosedByUs);
    ended
}

pub(crate) async fn the_resource_is_ours_or_the_servers_choice(server: &impl Server) {
    let config = account(server, "alice", "secret", TlsMode::Direct);
    let (_chosen, jid) = Session::online(config.clone().resource("desk")).await;
    assert_eq!(jid.as_str(), "alice@localhost/desk");
    let (_given, jid) = Session::online(config).await;
    assert!(!jid.resource().is_empty());
}

pub(crate) async fn anonymous_gets_an_address_from_the_server(server: &impl Server) {
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        let guest = ClientConfig::anonymous(ANONYMOUS_DOMAIN.parse().unwrap());
        let (session, jid) = Session::online(without_password(server, guest, mode)).await;
        assert_eq!(jid.domain(), ANONYMOUS_DOMAIN);
        assert!(jid.local().is_some(), "{jid}");
        session.client.close();
        assert_eq!(session.ended().await.reason, Reason::ClosedByUs);
    }
}
