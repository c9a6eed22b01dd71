//! Stanzas through a real server.

use xmpp_proto::endpoint::Reason;
use xmpp_proto::stanza::Message;
use xmpp_runtime_tokio::TlsMode;

use crate::session::scenarios;
use crate::support::prosody::Prosody;
use crate::{Session, account};

fn two_users() -> Option<Prosody> {
    Prosody::builder().user("alice", "secret").user("bob", "secret").start()
}

#[tokio::test]
async fn messages_arrive_as_they_were_sent() {
    let Some(server) = two_users() else { return };
    scenarios::messages_arrive_as_they_were_sent(&server).await;
}

#[tokio::test]
async fn requests_are_answered_by_the_server_and_by_others() {
    let Some(server) = two_users() else { return };
    scenarios::requests_are_answered_by_the_server_and_by_others(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_capacity_1_and_10_000_messages_answered() {
    const TOTAL: usize = 10_000;
    let Some(server) = two_users() else { return };
    let config = account(&server, "alice", "secret", TlsMode::StartTls).event_capacity(1);
    let (mut bot, bot_jid) = Session::online(config).await;
    let config = account(&server, "bob", "secret", TlsMode::StartTls).event_capacity(1);
    let (mut bob, _) = Session::online(config).await;

    let echo = tokio::spawn(async move {
        for _ in 0..TOTAL {
            let message = bot.message().await;
            let body = message.body().unwrap();
            let reply = message.reply().unwrap().body(&body).build().unwrap();
            bot.client.send(reply).await.unwrap();
        }
        bot
    });
    let client = bob.client.clone();
    let sending = tokio::spawn(async move {
        for i in 0..TOTAL {
            let message = Message::chat(bot_jid.clone()).body(&i.to_string()).build().unwrap();
            client.send(message).await.unwrap();
        }
    });
    for i in 0..TOTAL {
        assert_eq!(bob.message().await.body().unwrap(), i.to_string());
    }
    sending.await.unwrap();
    let bot = echo.await.unwrap();
    bot.client.close();
    assert_eq!(bot.ended().await.reason, Reason::ClosedByUs);
}
