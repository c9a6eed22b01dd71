//! Clients that mean no good, beside one that does.

use core::time::Duration;

use xmpp_proto::endpoint::{LostCause, PeerFault, Phase, Reason, Timer, TlsFault, TlsVersion};
use xmpp_proto::jid::Jid;
use xmpp_proto::stanza::Message;
use xmpp_runtime_tokio::TlsMode;

use crate::own::{End, Own};
use crate::session::{Session, account};
use crate::support::Server;

const HEADER: &str = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' \
     xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// Where the login must be quick, and somebody who was.
async fn hasty() -> Option<(Own, Session, End)> {
    let versions = [TlsVersion::V1_3];
    let server = Own::start_with(&versions, |_, config| {
        config.core(|core| core.negotiation_timeout = Duration::from_secs(2))
    });
    let mut server = server.await?;
    let config = account(&server, "alice", "secret", TlsMode::Direct);
    let (client, end, _) = server.online(config).await;
    Some((server, client, end))
}

/// Whether stanzas still flow.
async fn goes_on(client: &Session, end: &mut End) {
    let message =
        Message::chat("bob@localhost".parse::<Jid>().unwrap()).body("hi").build().unwrap();
    client.client.send(message).await.unwrap().await.unwrap();
    assert_eq!(end.message().await.body().unwrap(), "hi");
}

#[tokio::test]
async fn whoever_says_nothing_is_cut_off_and_nobody_else() {
    let Some((mut server, client, mut end)) = hasty().await else { return };
    let (plain, tls) = (server.address(), server.tls_address());
    let (mut silent, silent_end) = server.raw(plain).await;
    let (mut securing, securing_end) = server.raw(tls).await;
    let (mut stuck, stuck_end) = server.raw(plain).await;
    stuck.say(HEADER).await;
    stuck.say(STARTTLS).await;
    stuck.read_until("<proceed").await;
    let (mut dripping, dripping_end) = server.raw(plain).await;
    let drip = tokio::spawn(async move {
        for byte in HEADER.as_bytes().iter().chain(&[b' '; 1000]) {
            dripping.say([*byte]).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    goes_on(&client, &mut end).await;

    let said = String::from_utf8(silent.read_to_end().await).unwrap();
    assert!(said.contains("<connection-timeout"), "{said}");
    assert_eq!(securing.read_to_end().await, b"");
    stuck.read_to_end().await;
    for (end, phase) in [
        (silent_end, Phase::Negotiating),
        (securing_end, Phase::Securing),
        (stuck_end, Phase::Securing),
        (dripping_end, Phase::Negotiating),
    ] {
        let ended = end.ended().await;
        assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
        assert!(ended.phase == phase || ended.phase == Phase::Securing, "{ended:?}");
    }
    drip.abort();
    goes_on(&client, &mut end).await;
}

#[tokio::test]
async fn plain_text_at_the_port_for_tls_is_no_tls() {
    let Some((mut server, client, mut end)) = hasty().await else { return };
    let tls = server.tls_address();
    for garbage in [HEADER.as_bytes(), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", &[0xff; 9999]]
    {
        let (mut raw, raw_end) = server.raw(tls).await;
        raw.say(garbage).await;
        raw.read_to_end().await;
        let ended = raw_end.ended().await;
        assert_eq!(ended.phase, Phase::Securing);
        let Reason::Transport(LostCause::Tls(TlsFault::Handshake(text))) = ended.reason else {
            panic!("{ended:?}")
        };
        assert!(text.contains("not TLS"), "{text}");
    }
    goes_on(&client, &mut end).await;
}

#[tokio::test]
async fn a_client_that_vanishes_in_the_handshake_is_gone_at_once() {
    let Some((mut server, client, mut end)) = hasty().await else { return };
    // The beginning of a ClientHello.
    let hello = [0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00];
    let (plain, tls) = (server.address(), server.tls_address());
    for address in [plain, tls] {
        let (mut raw, raw_end) = server.raw(address).await;
        if address == plain {
            raw.say(HEADER).await;
            raw.read_until("</stream:features>").await;
            raw.say(STARTTLS).await;
            raw.read_until("<proceed").await;
        }
        raw.say(hello).await;
        drop(raw);
        let ended = raw_end.ended().await;
        assert_eq!(ended.phase, Phase::Securing);
        assert!(
            matches!(ended.reason, Reason::Transport(LostCause::Eof | LostCause::Reset)),
            "{ended:?}"
        );
    }
    goes_on(&client, &mut end).await;
}

#[tokio::test]
async fn rfc6120_5_4_3_3_nothing_is_injected_before_tls() {
    let Some((mut server, client, mut end)) = hasty().await else { return };
    let plain = server.address();
    let (mut raw, raw_end) = server.raw(plain).await;
    raw.say(HEADER).await;
    raw.read_until("</stream:features>").await;
    raw.say(format!("{STARTTLS}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")).await;
    raw.read_to_end().await;
    assert_eq!(raw_end.ended().await.reason, Reason::Peer(PeerFault::DataAfterStartTls));
    goes_on(&client, &mut end).await;
}
