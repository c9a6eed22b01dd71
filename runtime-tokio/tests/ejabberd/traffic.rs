//! Stanzas through a real server.

use crate::session::scenarios;
use crate::support::ejabberd::Ejabberd;

fn two_users() -> Option<Ejabberd> {
    Ejabberd::builder().user("alice", "secret").user("bob", "secret").start()
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
