//! TLS on a real socket: both ways to start it, what is refused, and how it ends.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use xmpp_proto::endpoint::{CertificateFault, LostCause, Phase, Reason, TlsFault};
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_common::default_provider;
use xmpp_runtime_tokio::{Config, Event, Events, TlsMode, connect};

use crate::peer::{Peer, listen, soon};

macro_rules! cert {
    ($name:literal) => {
        include_bytes!(concat!("../../../runtime-common/tests/certs/", $name)).as_slice()
    };
}

const STARTTLS: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\
     <required/></starttls></stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

fn acceptor(alpn: &[&[u8]]) -> TlsAcceptor {
    let cert = CertificateDer::from_pem_slice(cert!("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(cert!("localhost.key")).unwrap();
    let mut config = ServerConfig::builder_with_provider(default_provider().unwrap())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

fn config(jid: &str, port: u16, mode: TlsMode, ca: &[u8]) -> Config {
    Config::new(jid, "pw")
        .unwrap()
        .host("127.0.0.1", port)
        .tls(mode)
        .mechanisms([Mechanism::Plain])
        .ca_pem(ca)
        .unwrap()
}

async fn online(events: &mut Events) {
    let event = soon(events.next()).await;
    assert!(matches!(event, Some(Event::Online { .. })), "{event:?}");
}

async fn reason(events: &mut Events) -> (Phase, Reason) {
    match soon(events.next()).await {
        Some(Event::Ended(ended)) => (ended.phase, ended.reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn direct_tls_offers_alpn_and_ends_with_close_notify() {
    let (listener, port) = listen().await;
    let config = config("alice@localhost", port, TlsMode::Direct, cert!("ca.pem"));
    let (client, mut events, driver) = connect(config).unwrap();
    let driver = tokio::spawn(driver);
    let socket = listener.accept().await.unwrap().0;
    let stream = soon(acceptor(&[b"xmpp-client"]).accept(socket)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"xmpp-client".as_slice()));
    assert_eq!(stream.get_ref().1.server_name(), Some("localhost"));
    let mut peer: Peer<TlsStream<TcpStream>> = Peer::over(stream);
    peer.log_in().await;
    online(&mut events).await;

    drop(client);
    peer.expect("</stream:stream>").await;
    peer.say("</stream:stream>").await;
    // rustls calls an end without close_notify an error.
    assert_eq!(peer.read_to_end().await.unwrap(), "");
    drop(peer);
    soon(driver).await.unwrap();
}

#[tokio::test]
async fn starttls_swaps_the_transport_in_place() {
    let (listener, port) = listen().await;
    let config = config("alice@localhost", port, TlsMode::StartTls, cert!("ca.pem"));
    let (_client, mut events, driver) = connect(config).unwrap();
    tokio::spawn(driver);
    let mut peer = Peer::accept(&listener).await;
    peer.open(STARTTLS).await;
    peer.expect("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
    assert_eq!(peer.rest(), "");
    peer.say(PROCEED).await;
    // RFC 6120 §5.4.3: TLS over the same TCP connection, and a new stream within it.
    let mut peer = Peer::over(soon(acceptor(&[]).accept(peer.stream)).await.unwrap());
    peer.log_in().await;
    online(&mut events).await;
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_ends_the_attempt() {
    let (listener, port) = listen().await;
    let config = config("alice@localhost", port, TlsMode::Direct, cert!("other-ca.pem"));
    let (_client, mut events, driver) = connect(config).unwrap();
    tokio::spawn(driver);
    let socket = listener.accept().await.unwrap().0;
    assert!(soon(acceptor(&[]).accept(socket)).await.is_err(), "the client went on");
    match reason(&mut events).await {
        (
            Phase::Securing,
            Reason::Transport(LostCause::Tls(TlsFault::Certificate {
                fault: CertificateFault::Untrusted,
                report: Some(report),
            })),
        ) => assert_eq!(report.names, ["localhost", "127.0.0.1", "::1"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn rfc6120_13_7_2_1_the_domain_is_checked_and_not_the_host() {
    // The certificate is good for 127.0.0.1, which is connected to, and for localhost.
    let (listener, port) = listen().await;
    let config = config("alice@elsewhere.example", port, TlsMode::StartTls, cert!("ca.pem"));
    let (_client, mut events, driver) = connect(config).unwrap();
    tokio::spawn(driver);
    let mut peer = Peer::accept(&listener).await;
    peer.expect("<stream:stream").await;
    peer.expect(">").await;
    peer.say(&crate::peer::HEADER.replace("localhost", "elsewhere.example")).await;
    peer.say(STARTTLS).await;
    peer.expect("<starttls").await;
    peer.say(PROCEED).await;
    assert!(soon(acceptor(&[]).accept(peer.stream)).await.is_err(), "the client went on");
    match reason(&mut events).await {
        (
            Phase::Securing,
            Reason::Transport(LostCause::Tls(TlsFault::Certificate {
                fault: CertificateFault::WrongName { expected, presented },
                ..
            })),
        ) => {
            assert_eq!(expected, "elsewhere.example");
            assert!(presented.contains(&"localhost".to_owned()), "{presented:?}");
        }
        other => panic!("{other:?}"),
    }
}
