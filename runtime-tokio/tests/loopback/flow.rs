//! Back-pressure in both directions.

use core::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use xmpp_proto::jid::Jid;
use xmpp_proto::stanza::{Message, Stanza};
use xmpp_runtime_tokio::{Delivery, Event};

use crate::peer::{Session, session, soon};

fn numbered(number: usize, padding: usize) -> String {
    let padding = "x".repeat(padding);
    format!("<message from='bob@localhost/y' type='chat'><body>{number} {padding}</body></message>")
}

fn number(event: Option<Event>) -> usize {
    let Some(Event::Stanza(Stanza::Message(message))) = event else { panic!("{event:?}") };
    let body = message.body().unwrap();
    body.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn dropping_next_loses_nothing() {
    let Session { client: _client, mut events, mut peer, .. } =
        session(|config| config.event_capacity(1)).await;
    let speaking = tokio::spawn(async move {
        for n in 0..300 {
            peer.say(&numbered(n, 0)).await;
            if n % 7 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        peer
    });
    let mut dropped = 0;
    for n in 0..300 {
        let event = loop {
            // Polled once, then dropped if it is not ready.
            match timeout(Duration::ZERO, events.next()).await {
                Ok(event) => break event,
                Err(_) => dropped += 1,
            }
            assert!(dropped < 1_000_000, "event {n} is lost");
            tokio::task::yield_now().await;
        };
        assert_eq!(number(event), n);
    }
    assert!(dropped > 0, "nothing was dropped, so nothing was tested");
    soon(speaking).await.unwrap();
}

#[tokio::test]
async fn ten_thousand_messages_are_answered_in_order_with_room_for_one_event() {
    const COUNT: usize = 10_000;
    let Session { client, mut events, peer, .. } =
        session(|config| config.event_capacity(1).command_capacity(1)).await;
    let (mut read, mut write) = tokio::io::split(peer.stream);
    let speaking = tokio::spawn(async move {
        for n in 0..COUNT {
            write.write_all(numbered(n, 0).as_bytes()).await.unwrap();
        }
        write
    });
    let listening = tokio::spawn(async move {
        let mut heard = Vec::new();
        let end = format!("<body>{}</body></message>", COUNT - 1);
        while !heard.ends_with(end.as_bytes()) {
            assert!(read.read_buf(&mut heard).await.unwrap() > 0);
        }
        String::from_utf8(heard).unwrap()
    });
    soon(async {
        for n in 0..COUNT {
            let Some(Event::Stanza(Stanza::Message(message))) = events.next().await else {
                panic!("message {n} is missing")
            };
            let reply = message.reply().unwrap().body(&n.to_string()).build().unwrap();
            drop(client.send(reply).await.unwrap());
        }
    })
    .await;
    let heard = soon(listening).await.unwrap();
    let mut bodies = heard.split("<body>").skip(1);
    for n in 0..COUNT {
        let body = bodies.next().expect("an answer is missing");
        assert!(body.starts_with(&format!("{n}<")), "answer {n}: {body}");
    }
    assert!(bodies.next().is_none());
    soon(speaking).await.unwrap();
}

#[tokio::test]
async fn an_application_that_takes_no_events_stops_the_server_from_writing() {
    const COUNT: usize = 20_000;
    let Session { client, mut events, mut peer, .. } =
        session(|config| config.event_capacity(1)).await;
    let mut speaking = tokio::spawn(async move {
        for n in 0..COUNT {
            peer.stream.write_all(numbered(n, 1000).as_bytes()).await.unwrap();
        }
        peer
    });
    // 20 MB do not fit into the buffers of a socket.
    assert!(timeout(Duration::from_millis(300), &mut speaking).await.is_err(), "no back-pressure");
    // Meanwhile everything else goes on.
    let receipt = client
        .send(Message::chat(Jid::new("bob@localhost").unwrap()).body("hi").build().unwrap())
        .await
        .unwrap();
    assert_eq!(soon(receipt).await.unwrap(), Delivery::Written);

    soon(async {
        for n in 0..COUNT {
            assert_eq!(number(events.next().await), n);
        }
    })
    .await;
    soon(speaking).await.unwrap().expect("<body>hi</body>").await;
}

#[tokio::test]
async fn a_server_that_does_not_read_stops_the_application_from_sending() {
    let Session { client, mut peer, .. } = session(|config| config.command_capacity(1)).await;
    let to = Jid::new("bob@localhost").unwrap();
    let padding = "x".repeat(100_000);
    let mut receipts = Vec::new();
    loop {
        let body = format!("{} {padding}", receipts.len());
        let message = Message::chat(to.clone()).body(&body).build().unwrap();
        match timeout(Duration::from_millis(300), client.send(message)).await {
            Ok(sent) => receipts.push(sent.unwrap()),
            Err(_) => break,
        }
        assert!(receipts.len() < 1000, "no back-pressure");
    }
    assert!(receipts.len() > 2);
    for n in 0..receipts.len() {
        peer.expect(&format!("<body>{n} ")).await;
    }
    for receipt in receipts {
        assert_eq!(soon(receipt).await.unwrap(), Delivery::Written);
    }
}

#[tokio::test]
async fn a_server_that_writes_before_it_reads_is_not_deadlocked_with() {
    const COUNT: usize = 5_000;
    let Session { client, mut events, mut peer, .. } = session(|config| config).await;
    // Both have much more to say than sockets hold; the server listens only afterwards.
    let serving = tokio::spawn(async move {
        for n in 0..COUNT {
            peer.stream.write_all(numbered(n, 2000).as_bytes()).await.unwrap();
        }
        for n in 0..COUNT {
            peer.expect(&format!("<body>{n} ")).await;
        }
    });
    let sending = tokio::spawn(async move {
        let padding = "x".repeat(2000);
        for n in 0..COUNT {
            let to = Jid::new("bob@localhost").unwrap();
            let message = Message::chat(to).body(&format!("{n} {padding}")).build().unwrap();
            drop(client.send(message).await.unwrap());
        }
        client
    });
    soon(async {
        for n in 0..COUNT {
            assert_eq!(number(events.next().await), n);
        }
    })
    .await;
    soon(sending).await.unwrap();
    soon(serving).await.unwrap();
}
