//! What goes over a stream, and its end from either side.

use xmpp_proto::endpoint::{LostCause, Phase, Reason};
use xmpp_proto::jid::Jid;
use xmpp_proto::stanza::{Message, Stanza};
use xmpp_proto::stream::{StreamCondition, StreamError};
use xmpp_proto::{ns, xml::Element};
use xmpp_runtime_tokio::{Delivery, Event, Request, ServerEvent, TlsMode, Why};

use crate::own::{Own, presence, soon};
use crate::session::{Session, account};

fn ping() -> Element {
    Element::builder("ping", ns::PING).build().unwrap()
}

#[tokio::test]
async fn stanzas_and_requests_go_both_ways() {
    let Some(mut server) = Own::start().await else { return };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        let config = account(&server, "alice", "secret", mode);
        let (mut client, mut end, jid) = server.online(config).await;
        client.client.send(presence()).await.unwrap().await.unwrap();
        for number in 0..100 {
            let message = Message::chat("bob@localhost".parse::<Jid>().unwrap());
            let message = message.body(&number.to_string()).build().unwrap();
            drop(client.client.send(message).await.unwrap());
        }
        let mut receipts = Vec::new();
        for number in 0..100 {
            let message = end.message().await;
            // RFC 6120 §8.1.2.1.
            assert_eq!(message.from(), Some(&Jid::from(jid.clone())));
            assert_eq!(message.body().unwrap(), number.to_string());
            let echo = message.reply().unwrap().from(message.to().unwrap().clone());
            receipts.push(end.session.send(echo.body("back").build().unwrap()).await.unwrap());
            let back = client.message().await;
            assert_eq!(back.from().unwrap().as_str(), "bob@localhost");
        }
        for receipt in receipts {
            assert_eq!(soon(receipt).await.unwrap(), Delivery::Acked);
        }

        let asking = client.client.clone();
        let asking = tokio::spawn(async move { asking.request(Request::get(ping())).await });
        let ServerEvent::Query(query) = end.next().await else { panic!("no query") };
        end.session.answer(query, Ok(None)).await.unwrap();
        soon(asking).await.unwrap().unwrap();

        let asking = end.session.clone();
        let asking = tokio::spawn(async move { asking.request(Request::get(ping())).await });
        let Event::Query(query) = client.next().await else { panic!("no query") };
        assert_eq!(query.iq().from().unwrap().as_str(), "localhost");
        client.client.answer(query, Ok(None)).await.unwrap();
        soon(asking).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn rfc6120_4_4_either_side_closes_and_so_does_the_last_handle() {
    let Some(mut server) = Own::start().await else { return };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        let config = account(&server, "alice", "secret", mode);
        let (client, end, _) = server.online(config.clone()).await;
        client.client.close();
        assert_eq!(client.ended().await.reason, Reason::ClosedByUs);
        assert_eq!(end.ended().await.reason, Reason::ClosedByPeer);

        let (client, end, jid) = server.online(config.clone()).await;
        // What was handed over before goes first.
        let last = Message::chat(jid).body("last").build().unwrap();
        drop(end.session.send(last).await.unwrap());
        end.session.close();
        let mut client = client;
        assert_eq!(client.message().await.body().unwrap(), "last");
        assert_eq!(client.ended().await.reason, Reason::ClosedByPeer);
        assert_eq!(end.ended().await.reason, Reason::ClosedByUs);

        let (client, end, _) = server.online(config).await;
        drop((end.session, end.events));
        assert_eq!(client.ended().await.reason, Reason::ClosedByPeer);
        soon(end.driver).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_whose_handle_is_dropped_before_the_login_is_given_up() {
    let Some(mut server) = Own::start().await else { return };
    let client = Session::start(account(&server, "alice", "secret", TlsMode::StartTls));
    let end = server.accept().await;
    drop((end.session, end.events));
    client.ended().await;
    soon(end.driver).await.unwrap();
}

#[tokio::test]
async fn rfc6120_4_9_3_20_a_server_that_goes_down_says_so_to_all() {
    let Some(mut server) = Own::start().await else { return };
    let mut all = Vec::new();
    for mode in [TlsMode::StartTls, TlsMode::Direct, TlsMode::StartTls] {
        let config = account(&server, "alice", "secret", mode);
        let (client, end, _) = server.online(config).await;
        all.push((client, end));
    }
    let Own { listener, dir: _dir, .. } = server;
    let addresses: Vec<_> = listener.local_addrs().collect();
    drop(listener);
    for address in addresses {
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "still listening");
    }
    for (_, end) in &all {
        end.session.close_with(StreamError::new(StreamCondition::SystemShutdown));
    }
    for (client, end) in all {
        let Reason::Reported(error) = client.ended().await.reason else { panic!("not told") };
        assert_eq!(error.condition(), StreamCondition::SystemShutdown);
        let ended = end.ended().await;
        assert!(matches!(ended.reason, Reason::ClosedWith(_)), "{ended:?}");
    }
}

#[tokio::test]
async fn a_session_can_be_ended_while_its_client_takes_nothing() {
    let Some(mut server) = Own::start().await else { return };
    let config = account(&server, "alice", "secret", TlsMode::Direct).event_capacity(1);
    let (client, end, jid) = server.online(config).await;
    // Until every buffer on the way is full and commands wait.
    let message = Message::chat(jid).body(&"x".repeat(60_000)).build().unwrap();
    let session = end.session.clone();
    let flood = tokio::spawn(async move { while session.send(message.clone()).await.is_ok() {} });
    tokio::time::sleep(core::time::Duration::from_millis(500)).await;
    assert!(!flood.is_finished());
    end.session.close_with(StreamError::new(StreamCondition::PolicyViolation));
    let ended = end.ended().await;
    assert!(matches!(ended.reason, Reason::ClosedWith(_)), "{ended:?}");
    soon(flood).await.unwrap();
    drop(client);
}

#[tokio::test]
async fn a_dropped_driver_cuts_the_connection_and_frees_whoever_waits() {
    let Some(mut server) = Own::start().await else { return };
    let config = account(&server, "alice", "secret", TlsMode::Direct);
    let (client, end, jid) = server.online(config).await;
    let asking = end.session.clone();
    let asking = tokio::spawn(async move { asking.request(Request::get(ping())).await });
    tokio::time::sleep(core::time::Duration::from_millis(50)).await;
    end.driver.abort();
    assert!(soon(asking).await.unwrap().is_err());
    assert!(soon(end.driver).await.unwrap_err().is_cancelled());
    let message: Stanza = Message::chat(jid).body("late").build().unwrap().into();
    let refused = end.session.send(message).await.unwrap_err();
    assert_eq!(refused.why(), &Why::Closed);
    assert!(end.session.tls().await.is_err() && end.session.is_closed());
    let ended = client.ended().await;
    assert_eq!(ended.phase, Phase::Online);
    assert!(matches!(ended.reason, Reason::Transport(LostCause::Eof | LostCause::Reset)));
}
