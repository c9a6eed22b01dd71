//! The same as on Prosody and ejabberd.

use crate::Town;
use crate::session::{contacts, scenarios};

#[tokio::test]
async fn a_roster_is_fetched_changed_and_kept_by_its_version() {
    contacts::a_roster_is_fetched_changed_and_kept_by_its_version(&Town::start().await).await;
}

#[tokio::test]
async fn subscriptions_go_both_ways_and_end() {
    contacts::subscriptions_go_both_ways_and_end(&Town::start().await).await;
}

#[tokio::test]
async fn resources_are_seen_and_tell_what_they_can_do() {
    contacts::resources_are_seen_and_tell_what_they_can_do(&Town::start().await).await;
}

#[tokio::test]
async fn messages_arrive_as_they_were_sent() {
    scenarios::messages_arrive_as_they_were_sent(&Town::start().await).await;
}

#[tokio::test]
async fn requests_are_answered_by_the_server_and_by_others() {
    scenarios::requests_are_answered_by_the_server_and_by_others(&Town::start().await).await;
}
