//! One server after the other.

use xmpp_proto::endpoint::{Reason, RedirectFault, Target};
use xmpp_runtime_tokio::Event;

use crate::peer::{HEADER, Peer, listen, plaintext, soon, start};

fn see_other_host(to: &str) -> String {
    format!(
        "{HEADER}<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{to}\
         </see-other-host></stream:error></stream:stream>"
    )
}

#[tokio::test]
async fn rfc6120_4_9_3_19_a_client_goes_where_it_is_sent_but_once() {
    let (first, port) = listen().await;
    let (second, other) = listen().await;
    let (_client, mut events, driver) = start(plaintext(port));
    let driver = tokio::spawn(driver);

    let mut peer = Peer::accept(&first).await;
    peer.expect("to='localhost'").await;
    peer.say(&see_other_host(&format!("127.0.0.1:{other}"))).await;
    let mut peer = Peer::accept(&second).await;
    // The domain is the same as before, wherever the server is.
    peer.expect("to='localhost'").await;
    peer.say(&see_other_host(&format!("127.0.0.1:{port}"))).await;

    let Some(Event::Ended(ended)) = soon(events.next()).await else { panic!("not ended") };
    let to = format!("127.0.0.1:{port}");
    assert_eq!(ended.reason, Reason::Redirect(RedirectFault::Again { to }));
    assert_eq!(ended.target, Some(Target::new("127.0.0.1", other)));
    assert_eq!(ended.tried[0].target, Target::new("127.0.0.1", port));
    drop(peer);
    soon(driver).await.unwrap();
}

#[tokio::test]
async fn a_client_logs_in_where_it_was_sent() {
    let (first, port) = listen().await;
    let (second, other) = listen().await;
    let (_client, mut events, driver) = start(plaintext(port));
    tokio::spawn(driver);
    let mut peer = Peer::accept(&first).await;
    peer.say(&see_other_host(&format!("127.0.0.1:{other}"))).await;
    drop(peer); // hangs up at once
    let mut peer = Peer::accept(&second).await;
    peer.log_in().await;
    assert!(matches!(soon(events.next()).await, Some(Event::Online { .. })));
}
