//! Rosters, presence and what clients can do, through a real server.

use crate::session::contacts;
use crate::support::ejabberd::Ejabberd;

fn two_users() -> Option<Ejabberd> {
    Ejabberd::builder().user("alice", "secret").user("bob", "secret").start()
}

#[tokio::test]
async fn a_roster_is_fetched_changed_and_kept_by_its_version() {
    let Some(server) = two_users() else { return };
    contacts::a_roster_is_fetched_changed_and_kept_by_its_version(&server).await;
}

#[tokio::test]
async fn subscriptions_go_both_ways_and_end() {
    let Some(server) = two_users() else { return };
    contacts::subscriptions_go_both_ways_and_end(&server).await;
}

#[tokio::test]
async fn resources_are_seen_and_tell_what_they_can_do() {
    let Some(server) = two_users() else { return };
    contacts::resources_are_seen_and_tell_what_they_can_do(&server).await;
}
