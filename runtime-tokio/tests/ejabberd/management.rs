//! Managed streams on ejabberd (XEP-0198).

#[path = "../session/management.rs"]
mod scenarios;

use core::time::Duration;

use xmpp_proto::endpoint::Reason;
use xmpp_proto::stream::StreamCondition;
use xmpp_runtime_tokio::{Event, Why};

use crate::support::ejabberd::{Ejabberd, Resumption};

const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_secs(1);

fn server(within: Duration) -> Option<Ejabberd> {
    Ejabberd::builder()
        .user("alice", "secret")
        .user("bob", "secret")
        .resumption(Resumption { within, ack_timeout: LONG })
        .start()
}

#[tokio::test]
async fn what_is_sent_is_acknowledged() {
    let Some(server) = server(LONG) else { return };
    scenarios::what_is_sent_is_acknowledged(&server).await;
}

#[tokio::test]
async fn a_broken_link_is_resumed() {
    let Some(server) = server(LONG) else { return };
    scenarios::a_broken_link_is_resumed(&server).await;
}

#[tokio::test]
async fn a_session_that_expires_is_followed_by_another() {
    let Some(server) = server(SHORT) else { return };
    scenarios::a_session_that_expires_is_followed_by_another(&server).await;
}

#[tokio::test]
async fn a_change_of_the_network_is_used_at_once() {
    let Some(server) = server(LONG) else { return };
    scenarios::a_change_of_the_network_is_used_at_once(&server).await;
}

#[tokio::test]
async fn a_detached_session_goes_on_in_another_process() {
    let Some(server) = server(LONG) else { return };
    scenarios::a_detached_session_goes_on_in_another_process(&server).await;
}

#[tokio::test]
async fn a_closed_stream_leaves_nothing() {
    let Some(server) = server(LONG) else { return };
    scenarios::a_closed_stream_leaves_nothing(&server).await;
}

#[tokio::test]
async fn a_count_that_is_too_high_costs_the_session() {
    let Some(server) = server(LONG) else { return };
    let (mut session, receipt, _proxy) = scenarios::with_too_high_a_count(&server).await;
    let Event::Disconnected(disconnected) = session.next().await else { panic!() };
    let Reason::Reported(error) = &disconnected.ended.reason else { panic!("{disconnected:?}") };
    // XEP-0198 §6 wants this condition. To ask for the session again would not help.
    assert_eq!(error.condition(), StreamCondition::UndefinedCondition);
    assert!(!disconnected.resumable);
    assert!(matches!(session.next().await, Event::SessionLost));
    assert!(matches!(session.next().await, Event::Online { .. }));
    assert_eq!(scenarios::handed_back(receipt).await, (Why::Unacked, "damaged".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_everything_is_acknowledged_or_handed_back() {
    let Some(mut server) = server(LONG) else { return };
    let fates = scenarios::over_a_restart(&mut server, |server| {
        server.stop();
        server.start_again();
    });
    // XEP-0198 §5: ejabberd has forgotten everything, so nobody can tell.
    assert_eq!(fates.await, [Err(Why::Unacked), Err(Why::Unacked)]);
}
