//! How many connections there may be.

use core::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use xmpp_proto::endpoint::TlsVersion;
use xmpp_runtime_tokio::{Listener, ListenerConfig, TlsMode, connect};

use crate::own::{Own, Raw, soon};
use crate::session::account;
use crate::support::Server;

const MOMENT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn above_the_limit_clients_wait_until_somebody_leaves() {
    let server = Own::start_with(&[TlsVersion::V1_3], |_, config| config.max_connections(2)).await;
    let Some(mut server) = server else { return };
    let config = account(&server, "alice", "secret", TlsMode::Direct);
    let (_one, _one_end, _) = server.online(config.clone()).await;
    let (other, other_end, _) = server.online(config.clone()).await;

    let (_client, mut events, driver) = connect(config).unwrap();
    tokio::spawn(driver);
    assert!(timeout(MOMENT, server.listener.accept()).await.is_err(), "above the limit");
    // It is the connection that counts, and not the stream or its handles.
    other.client.close();
    other.ended().await;
    let _handle = other_end.session.clone();
    other_end.ended().await;
    server.accept().await.online().await;
    soon(events.next()).await.unwrap();
    assert_eq!(server.listener.dropped(), 0);
}

#[tokio::test]
async fn an_address_with_too_many_is_dropped_at_once() {
    let server =
        Own::start_with(&[TlsVersion::V1_3], |_, config| config.max_connections_per_ip(Some(1)));
    let Some(mut server) = server.await else { return };
    let (tls, plain) = (server.tls_address(), server.address());
    let (raw, end) = server.raw(tls).await;
    let mut second = Raw(TcpStream::connect(plain).await.unwrap());
    let mut third = Raw(TcpStream::connect(tls).await.unwrap());
    assert!(timeout(MOMENT, server.listener.accept()).await.is_err(), "above the limit");
    assert!(second.read_to_end().await.is_empty() && third.read_to_end().await.is_empty());
    assert_eq!(server.listener.dropped(), 2);
    drop(raw);
    end.ended().await;
    server.raw(tls).await;
}

#[tokio::test]
async fn a_connection_whose_driver_was_never_run_does_not_count_once_it_is_dropped() {
    let server = Own::start_with(&[TlsVersion::V1_3], |_, config| config.max_connections(1)).await;
    let Some(mut server) = server else { return };
    for _ in 0..3 {
        let mut raw = Raw(TcpStream::connect(server.address()).await.unwrap());
        drop(soon(server.listener.accept()).await.unwrap());
        assert!(raw.read_to_end().await.is_empty());
    }
}

#[tokio::test]
async fn what_cannot_be_listened_at_is_named() {
    let loopback = "127.0.0.1:0".parse().unwrap();
    let config = || ListenerConfig::new("localhost").unwrap();
    let first = Listener::bind(config().insecure_plaintext(loopback)).await.unwrap();
    let taken = first.local_addrs().next().unwrap();
    let error = Listener::bind(config().insecure_plaintext(taken)).await.err().unwrap();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    // No certificate.
    let error = Listener::bind(config().starttls(loopback)).await.err().unwrap();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(ListenerConfig::new("a b@").is_err());
}
