//! What the handles promise.

use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;

use futures_core::Stream;
use tokio::time::timeout;
use xmpp_proto::endpoint::{Ended, LostCause, Misuse, Phase, Reason, Timer};
use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Condition, Message, Stanza};
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{Delivery, Event, Events, Request, RequestError, Why};

use crate::peer::{HEADER, Peer, Session, attribute, listen, plaintext, session, soon, start};

fn message(body: &str) -> Message {
    Message::chat(Jid::new("bob@localhost").unwrap()).body(body).build().unwrap()
}

fn ping() -> Request {
    Request::get(Element::builder("ping", ns::PING).build().unwrap())
}

/// Takes events until the last one.
async fn ended(events: &mut Events) -> Ended {
    soon(async {
        while let Some(event) = events.next().await {
            if let Event::Ended(ended) = event {
                assert!(events.next().await.is_none(), "something came after the end");
                return ended;
            }
        }
        panic!("the stream of events ended without saying why");
    })
    .await
}

#[tokio::test]
async fn a_refused_connection_is_told_and_everything_ends() {
    let (listener, port) = listen().await;
    drop(listener);
    let (client, mut events, driver) = start(plaintext(port));
    let driver = tokio::spawn(driver);

    let ended = ended(&mut events).await;
    assert_eq!(ended.reason, Reason::Transport(LostCause::Refused));
    assert_eq!(ended.phase, Phase::Connecting);
    soon(driver).await.unwrap();

    assert!(client.is_closed());
    let refused = client.send(message("late")).await.unwrap_err();
    assert_eq!(*refused.why(), Why::Closed);
    assert!(matches!(refused.into_item(), Some(Stanza::Message(m)) if m.body().unwrap() == "late"));
}

#[tokio::test]
async fn receipts_tell_of_the_end_though_nobody_takes_events() {
    let Session { client, mut events, mut peer, .. } =
        session(|config| config.event_capacity(1).reconnect(None)).await;
    for _ in 0..10 {
        peer.say("<message from='bob@localhost'><body>hello?</body></message>").await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await; // the queue is full
    peer.stream.set_zero_linger().unwrap();
    drop(peer);
    // A bot that waits for its receipt before it takes the next event.
    loop {
        match client.send(message("yes?")).await {
            Ok(receipt) => drop(soon(receipt).await),
            Err(error) => break assert_eq!(*error.why(), Why::Closed),
        }
    }
    let ended = ended(&mut events).await;
    assert!(matches!(ended.reason, Reason::Transport(_)), "{ended}");
}

#[tokio::test]
async fn events_are_a_stream_and_everything_can_go_to_another_thread() {
    fn can_move<T: Send>(_: &T) {}
    fn can_be_shared<T: Clone + Send + Sync + 'static>(_: &T) {}

    let (listener, port) = listen().await;
    drop(listener);
    let (client, mut events, driver) = start(plaintext(port));
    can_be_shared(&client);
    can_move(&events);
    can_move(&driver);
    can_move(&client.send(message("hello")));
    tokio::spawn(driver);
    let next = poll_fn(|cx| Pin::new(&mut events).poll_next(cx));
    assert!(matches!(soon(next).await, Some(Event::Ended(_))));
    let next = poll_fn(|cx| Pin::new(&mut events).poll_next(cx));
    assert!(soon(next).await.is_none());
}

#[tokio::test]
async fn a_name_without_an_address_is_told_by_name() {
    let config = plaintext(1).host("no..such..host", 5222);
    let (_client, mut events, driver) = start(config);
    tokio::spawn(driver);
    let ended = ended(&mut events).await;
    assert!(
        matches!(&ended.reason, Reason::Transport(LostCause::NameNotFound(text))
            if text.contains("no..such..host")),
        "{ended}"
    );
}

#[tokio::test]
async fn the_end_of_the_connection_during_login_is_told() {
    let (listener, port) = listen().await;
    let (_client, mut events, driver) = start(plaintext(port));
    let driver = tokio::spawn(driver);
    let mut peer = Peer::accept(&listener).await;
    peer.expect("<stream:stream").await;
    peer.say(HEADER).await;
    drop(peer);
    let ended = ended(&mut events).await;
    assert!(
        matches!(ended.reason, Reason::Transport(LostCause::Eof | LostCause::Reset)),
        "{ended}"
    );
    soon(driver).await.unwrap();
}

#[tokio::test]
async fn a_silent_server_runs_into_the_negotiation_deadline() {
    let (listener, port) = listen().await;
    let config = plaintext(port).core(|core| core.negotiation_timeout = Duration::from_millis(50));
    let (_client, mut events, driver) = start(config);
    tokio::spawn(driver);
    let _peer = Peer::accept(&listener).await;
    assert_eq!(ended(&mut events).await.reason, Reason::TimedOut(Timer::Negotiation));
}

#[tokio::test]
async fn a_request_under_way_fails_when_the_connection_ends() {
    let Session { client, mut events, peer, .. } = session(|config| config.reconnect(None)).await;
    let request = tokio::spawn(async move { client.request(ping()).await });
    let mut peer = peer;
    peer.expect("</iq>").await;
    drop(peer);
    assert!(matches!(soon(request).await.unwrap(), Err(RequestError::Disconnected)));
    assert_eq!(ended(&mut events).await.reason, Reason::Transport(LostCause::Eof));
}

#[tokio::test]
async fn a_request_gets_its_answer_whatever_the_order() {
    let Session { client, mut peer, .. } = session(|config| config).await;
    let (one, two) = (client.clone(), client);
    let one = tokio::spawn(async move { one.request(ping()).await });
    let first = attribute(&peer.expect("</iq>").await, "id");
    let two = tokio::spawn(async move { two.request(ping()).await });
    let second = attribute(&peer.expect("</iq>").await, "id");
    peer.say(&format!(
        "<iq type='error' id='{second}'><error type='cancel'><service-unavailable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq><iq type='result' id='{first}'/>"
    ))
    .await;
    assert_eq!(soon(one).await.unwrap().unwrap().id(), first);
    match soon(two).await.unwrap() {
        Err(RequestError::Stanza(error)) => {
            assert_eq!(error.condition(), Condition::ServiceUnavailable);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_query_is_answered_once() {
    let Session { client, mut events, mut peer, .. } = session(|config| config).await;
    peer.say("<iq type='get' id='q1' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    let Some(Event::Query(query)) = soon(events.next()).await else { panic!("no query") };
    assert!(query.iq().payload().unwrap().is("ping", ns::PING));
    soon(client.answer(query, Ok(None))).await.unwrap();
    let answer = peer.expect("/>").await;
    assert_eq!(
        (attribute(&answer, "id").as_str(), attribute(&answer, "to").as_str()),
        ("q1", "localhost")
    );
    assert!(answer.contains(" type='result'"), "{answer}");
}

#[tokio::test]
async fn a_query_that_waited_too_long_is_handed_back() {
    let Session { client, mut events, mut peer, .. } =
        session(|config| config.core(|core| core.answer_timeout = Duration::from_millis(20))).await;
    peer.say("<iq type='get' id='q1' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    let Some(Event::Query(query)) = soon(events.next()).await else { panic!("no query") };
    peer.expect("<service-unavailable").await; // the machine was faster
    let refused = soon(client.answer(query, Ok(None))).await.unwrap_err();
    assert_eq!(*refused.why(), Why::Refused(Misuse::UnknownQuery));
    assert_eq!(refused.into_item().unwrap().iq().id(), "q1");
}

#[tokio::test]
async fn commands_run_on_the_machine_itself() {
    let Session { client, .. } = session(|config| config).await;
    let jid = soon(client.with_machine(|machine, _| machine.jid().cloned())).await.unwrap();
    assert_eq!(jid.unwrap().as_str(), "alice@localhost/x");
}

#[tokio::test]
async fn what_is_sent_before_the_login_is_written_after_it_and_before_the_end() {
    let (listener, port) = listen().await;
    let (client, mut events, driver) = start(plaintext(port));
    let driver = tokio::spawn(driver);
    let first = client.send(message("one")).await.unwrap();
    drop(client.send(message("two")).await.unwrap()); // a receipt is not needed
    drop(client);

    let mut peer = Peer::accept(&listener).await;
    peer.log_in().await;
    let sent = peer.expect("</stream:stream>").await;
    let (one, two) = (sent.find("<body>one<").unwrap(), sent.find("<body>two<").unwrap());
    assert!(one < two, "{sent}");
    assert_eq!(soon(first).await.unwrap(), Delivery::Written);
    peer.say("</stream:stream>").await;
    assert_eq!(peer.read_to_end().await.unwrap(), "");
    assert_eq!(ended(&mut events).await.reason, Reason::ClosedByUs);
    drop(peer);
    soon(driver).await.unwrap();
}

#[tokio::test]
async fn closing_during_the_login_gives_it_up() {
    let (listener, port) = listen().await;
    let (client, mut events, driver) = start(plaintext(port));
    let driver = tokio::spawn(driver);
    let mut peer = Peer::accept(&listener).await;
    peer.expect("<stream:stream").await;
    client.close();
    client.close(); // once more changes nothing
    peer.expect("</stream:stream>").await;
    drop(peer);
    assert_eq!(ended(&mut events).await.reason, Reason::ClosedByUs);
    soon(driver).await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_nothing_does_not_keep_a_client_from_closing() {
    let Session { client, mut events, driver, peer } = session(|config| {
        config.core(|core| core.close_timeout = Duration::from_millis(100)).command_capacity(1)
    })
    .await;
    let mut receipts = Vec::new();
    let large = "x".repeat(1 << 20);
    while let Ok(receipt) = timeout(Duration::from_millis(500), client.send(message(&large))).await
    {
        receipts.push(receipt.unwrap());
        assert!(receipts.len() < 100, "no back-pressure");
    }
    client.close();
    let ended = ended(&mut events).await;
    assert_eq!(ended.reason, Reason::TimedOut(Timer::Close));
    soon(driver).await.unwrap();
    drop(peer);

    // Each receipt tells, and what was not written comes back.
    let (mut written, mut cut, mut closed) = (0, 0, 0);
    for receipt in receipts {
        match soon(receipt).await {
            Ok(_) => written += 1,
            Err(error) => {
                if *error.why() == Why::Cut {
                    cut += 1;
                } else {
                    closed += 1;
                }
                assert!(
                    matches!(error.into_item(), Some(Stanza::Message(m)) if m.body().unwrap() == large)
                );
            }
        }
    }
    assert!(written > 0 && cut > 0 && closed > 0, "{written} {cut} {closed}");
}

#[tokio::test]
async fn without_anybody_listening_events_are_discarded_and_the_rest_goes_on() {
    let Session { client, events, driver, mut peer } =
        session(|config| config.event_capacity(1)).await;
    drop(events);
    for _ in 0..100 {
        peer.say("<message from='bob@localhost'><body>hello?</body></message>").await;
    }
    let receipt = client.send(message("still here")).await.unwrap();
    peer.expect("still here").await;
    assert_eq!(soon(receipt).await.unwrap(), Delivery::Written);
    drop(client);
    peer.expect("</stream:stream>").await;
    peer.say("</stream:stream>").await;
    drop(peer);
    soon(driver).await.unwrap();
}

#[tokio::test]
async fn dropping_the_driver_closes_the_handles_and_hands_everything_back() {
    // Before it ever ran:
    let (_listener, port) = listen().await;
    let (client, mut events, driver) = start(plaintext(port));
    let receipt = client.send(message("hello")).await.unwrap();
    drop(driver);
    let error = soon(receipt).await.unwrap_err();
    assert_eq!(*error.why(), Why::Closed);
    assert!(error.into_item().is_some());
    assert!(events.next().await.is_none());

    // While it writes to a server that does not read:
    let Session { client, mut events, driver, peer } = session(|config| config).await;
    let large = "x".repeat(1 << 20);
    let mut receipts = Vec::new();
    for _ in 0..20 {
        receipts.push(client.send(message(&large)).await.unwrap());
    }
    let waiting = client.clone();
    let request = tokio::spawn(async move { waiting.request(ping()).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    driver.abort();
    let _ = soon(driver).await;
    let mut back = 0;
    for receipt in receipts {
        if let Err(error) = soon(receipt).await {
            back += usize::from(error.into_item().is_some());
        }
    }
    assert!(back > 0, "everything fitted into the socket");
    match soon(request).await.unwrap() {
        Err(RequestError::NotSent(error)) => assert_eq!(*error.why(), Why::Closed),
        other => panic!("{other:?}"),
    }
    assert!(client.is_closed());
    assert!(matches!(client.with_machine(|_, _| ()).await, Err(xmpp_runtime_tokio::Closed)));
    while events.next().await.is_some() {}
    drop(peer);
}

#[tokio::test]
async fn the_last_words_of_a_server_are_heard_though_writing_fails() {
    let Session { client, mut events, mut peer, .. } = session(|config| config).await;
    peer.stream.set_nodelay(true).unwrap(); // or the reset takes the words along
    peer.say(
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\
         </stream:stream>",
    )
    .await;
    // The server is gone before the driver, which shares this thread, gets to read or write.
    peer.stream.set_zero_linger().unwrap();
    drop(peer);
    std::thread::sleep(Duration::from_millis(50));
    let receipt = client.send(message("anybody there?")).await.unwrap();
    let ended = ended(&mut events).await;
    assert_eq!(ended.condition(), Some("conflict"), "{ended}");
    assert_eq!(*soon(receipt).await.unwrap_err().why(), Why::Cut);
}
