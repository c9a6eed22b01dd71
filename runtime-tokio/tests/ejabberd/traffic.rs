//! Stanzas through a real server.

use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Condition, Message, Stanza, StanzaError};
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{Event, Request, RequestError, TlsMode};

use crate::support::ejabberd::Ejabberd;
use crate::{Session, account};

fn two_users() -> Option<Ejabberd> {
    Ejabberd::builder().user("alice", "secret").user("bob", "secret").start()
}

fn ping() -> Element {
    Element::builder("ping", ns::PING).build().unwrap()
}

#[tokio::test]
async fn messages_arrive_as_they_were_sent() {
    let Some(server) = two_users() else { return };
    let (mut alice, alice_jid) =
        Session::online(account(&server, "alice", "secret", TlsMode::StartTls)).await;
    let (mut bob, bob_jid) =
        Session::online(account(&server, "bob", "secret", TlsMode::Direct)).await;
    let texts = [
        "plain",
        "<a href=\"x\">&amp; 'quoted' ]]></a>",
        "你好,世界",
        "😀 👩‍👩‍👧‍👦",
        " leading and trailing ",
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

#[tokio::test]
async fn requests_are_answered_by_the_server_and_by_others() {
    let Some(server) = two_users() else { return };
    let (alice, alice_jid) =
        Session::online(account(&server, "alice", "secret", TlsMode::StartTls)).await;
    let (mut bob, bob_jid) =
        Session::online(account(&server, "bob", "secret", TlsMode::StartTls)).await;

    // XEP-0199 §4.2: client to server, addressed in every way.
    let domain: Jid = "localhost".parse().unwrap();
    for request in [
        Request::get(ping()),
        Request::get(ping()).to(alice_jid.to_bare()),
        Request::get(ping()).to(domain),
    ] {
        alice.client.request(request).await.unwrap();
    }
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
        let well = answer.is_ok();
        bob.client.answer(query, answer).await.unwrap();
        assert_eq!(asking.await.unwrap().is_ok(), well);
    }
}
