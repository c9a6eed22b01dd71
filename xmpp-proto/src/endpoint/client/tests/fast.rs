//! Logins with fewer round trips: SASL2 (XEP-0388), Bind 2 (XEP-0386), FAST (XEP-0484).

mod binding;
mod early;
mod flights;
mod login;
mod resumption;
mod tokens;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::endpoint::{Endpoint, FastLogin, Reconnect, StreamManagement, Target};
use crate::sasl::{FastToken, Mechanism};

pub(super) const ID: [u8; 16] = [0x11; 16];
pub(super) const ALICE: &str = "alice@example.org";

/// `<authentication/>` with these mechanisms and this inside `<inline/>`.
pub(super) fn sasl2(names: &[&str], inline: &str) -> String {
    let names: String = names.iter().map(|n| format!("<mechanism>{n}</mechanism>")).collect();
    format!(
        "<stream:features><authentication xmlns='urn:xmpp:sasl:2'>{names}\
         <inline>{inline}</inline></authentication></stream:features>"
    )
}

pub(super) const BIND: &str = "<bind xmlns='urn:xmpp:bind:0'><inline>\
    <feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:csi:0'/>\
    <feature var='urn:xmpp:sm:3'/><feature var='urn:xmpp:sm:3'/></inline></bind>";
pub(super) const SM: &str = "<sm xmlns='urn:xmpp:sm:3'/>";
pub(super) const FAST: &str = "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism>\
    <mechanism>HT-SHA-256-EXPR</mechanism></fast>";
/// What Prosody offers after a resource was bound, the bind that is done included.
pub(super) const AFTER: &str = "<stream:features><sm xmlns='urn:xmpp:sm:3'/>\
    <csi xmlns='urn:xmpp:csi:0'/><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
    </stream:features>";
pub(super) const ENABLED: &str = "<enabled xmlns='urn:xmpp:sm:3' id='sm1' resume='1' max='60'/>";

/// `<success/>` for this identity, with this in it.
pub(super) fn success(identity: &str, more: &str) -> String {
    // Prosody puts the identity last.
    format!(
        "<success xmlns='urn:xmpp:sasl:2'>{more}\
         <authorization-identifier>{identity}</authorization-identifier></success>"
    )
}

pub(super) fn bound(inside: &str) -> String {
    format!("<bound xmlns='urn:xmpp:bind:0'>{inside}</bound>")
}

pub(super) fn given(token: &str) -> String {
    format!("<token xmlns='urn:xmpp:fast:0' token='{token}' expiry='2026-12-01T00:00:00Z'/>")
}

pub(super) fn failure(condition: &str) -> String {
    format!(
        "<failure xmlns='urn:xmpp:sasl:2'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>"
    )
}

/// What only who has the token can answer.
pub(super) fn answered(token: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("any key");
    let answer = mac.chain_update(b"Responder").finalize().into_bytes();
    format!("<additional-data>{}</additional-data>", BASE64.encode(answer))
}

/// The initial response of who has the token.
pub(super) fn shown(token: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("any key");
    let proof = mac.chain_update(b"Initiator").finalize().into_bytes();
    BASE64.encode([&b"alice\0"[..], &proof].concat())
}

pub(super) fn token(secret: &str) -> FastToken {
    let account = ALICE.parse().expect("an address");
    FastToken::new(account, Mechanism::HtSha256None, secret, "2026-12-01T00:00:00Z").expect("good")
}

/// PLAIN over direct TLS, and SASL2 with this.
pub(super) fn with(fast: FastLogin) -> ClientConfig {
    // With a target there is nothing to look up, whenever the client comes back.
    let config = direct().with_target(Target::new("xmpp.example.org", 5223));
    config
        .with_management(Some(StreamManagement::default()))
        .with_reconnect(Some(Reconnect::default()))
        .with_fast_login(Some(fast))
}

pub(super) fn binding() -> FastLogin {
    FastLogin::default().with_bind(true)
}

/// A client that has seen these features, with nothing left to look at but what it said to them.
pub(super) fn offered(config: ClientConfig, features: impl AsRef<[u8]>) -> Script {
    let mut script = Script::new(config);
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(features);
    script
}

/// The transport breaks, and the client comes back by itself, to the features of a new stream.
pub(super) fn come_back(script: &mut Script, features: impl AsRef<[u8]>) {
    script.lose(crate::endpoint::LostCause::Eof);
    script.take_sent();
    let due = script.client().poll_timeout().expect("it comes back");
    let wait = due.saturating_duration_since(script.now());
    script.pass(wait);
    script.open();
    script.receive(HEADER);
    script.receive(features);
}

/// The events that there are, in short.
pub(super) fn events(script: &mut Script) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(event) = script.next_event() {
        all.push(match event {
            Event::Online { jid } => format!("online {jid}"),
            Event::Resumed => "resumed".into(),
            Event::SessionLost => "lost".into(),
            Event::Token(token) => format!("token {} {}", token.secret().expose(), token.count()),
            Event::TokenRefused => "refused".into(),
            Event::Disconnected(it) => format!("disconnected {}", it.resumable),
            Event::Stanza(stanza) => {
                format!("stanza {}", stanza.id().unwrap_or_default())
            }
            Event::Ended(ended) => format!("ended {}", ended.reason),
            other => format!("{other:?}"),
        });
    }
    all
}
