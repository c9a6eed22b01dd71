//! The server against a scripted client, under virtual time.
#![allow(
    clippy::format_collect,
    clippy::needless_pass_by_value,
    reason = "tests are for reading, not for speed"
)]

mod abuse;
mod binding;
mod closing;
mod external;
mod faults;
mod features;
mod header;
mod host;
mod hostile;
mod login;
mod management;
mod rate;
mod resume;
mod sasl;
mod scram;
mod stanzas;
mod tls;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use self::host::Host;
use crate::endpoint::{
    Action, Bound, Ended, PeerFault, Phase, Reason, ServerConfig, ServerEvent, ServerTls, Shutdown,
    TlsInfo, TlsVersion,
};
use crate::ns;
use crate::sasl::{Mechanism, StoredCredentials};
use crate::testing::Chunks;

/// The header of a client that says nothing about itself.
pub(super) const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";
pub(super) const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
pub(super) const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
pub(super) const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>";
pub(super) const CLOSE: &str = "</stream:stream>";
pub(super) const BIND: &str =
    "<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

/// The features on the three streams of a login.
pub(super) const STARTTLS_OFFER: &str = "<stream:features><starttls \
    xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
pub(super) const BIND_OFFER: &str = "<stream:features><bind \
    xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session \
    xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session><sm \
    xmlns='urn:xmpp:sm:3'/></stream:features>";

/// What both ends of the TLS channel have in common.
pub(super) const EXPORTER: [u8; 32] = [0xe5; 32];

/// As few iterations as make the tests quick and still take several slices.
const ITERATIONS: u32 = 64;

pub(super) fn config() -> ServerConfig {
    let mut config = ServerConfig::new("example.org".parse().unwrap()).with_decoy_key([0xdc; 32]);
    config.scram.min_iterations = ITERATIONS;
    config.keepalive.probe_after = None;
    config.scram.work_slice = 16;
    config
}

pub(super) fn direct() -> ServerConfig {
    config().with_tls(ServerTls::Direct)
}

pub(super) fn tls13() -> TlsInfo {
    TlsInfo::new().with_version(TlsVersion::V1_3).with_tls_exporter(EXPORTER)
}

/// What is stored of alice, whose password is `secret`. Nobody else has an account.
pub(super) fn stored() -> StoredCredentials {
    StoredCredentials::from_password("secret", b"alice's own salt", ITERATIONS).unwrap()
}

/// A header that says who it is from.
pub(super) fn header_from(from: &str) -> String {
    HEADER.replace(" to=", &format!(" from='{from}' to="))
}

pub(super) fn base64(data: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(data)
}

/// `<auth/>` with an initial response.
pub(super) fn auth(mechanism: &str, data: impl AsRef<[u8]>) -> String {
    let data = base64(data);
    format!("<auth xmlns='{}' mechanism='{mechanism}'>{data}</auth>", ns::SASL)
}

pub(super) fn plain(user: &str, password: &str) -> String {
    auth("PLAIN", format!("\0{user}\0{password}"))
}

/// `<response/>`.
pub(super) fn response(data: impl AsRef<[u8]>) -> String {
    format!("<response xmlns='{}'>{}</response>", ns::SASL, base64(data))
}

/// `<failure/>` as the server writes it.
pub(super) fn failure(condition: &str) -> String {
    format!("<failure xmlns='{}'><{condition}/></failure>", ns::SASL)
}

/// The stream error and the closing tag, as the server writes them.
pub(super) fn goodbye(condition: &str) -> String {
    format!("<stream:error><{condition} xmlns='{}'/></stream:error>{CLOSE}", ns::STREAM_ERROR)
}

/// The request for a resource.
pub(super) fn bind(id: &str, resource: &str) -> String {
    format!(
        "<iq type='set' id='{id}'><bind xmlns='{}'><resource>{resource}</resource></bind></iq>",
        ns::BIND
    )
}

/// The answer to it.
pub(super) fn bound(id: &str, jid: &str) -> String {
    format!(
        "<iq from='' id='{id}' type='result'><bind xmlns='{}'><jid>{jid}</jid></bind></iq>",
        ns::BIND
    )
    .replace(" from=''", "")
}

/// The data of the SASL element `name` in what the server wrote, if there is one.
pub(super) fn data(sent: &str, name: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let start = format!("<{name} xmlns='{}'>", ns::SASL);
    let (_, rest) = sent.split_once(&start)?;
    let (text, _) = rest.split_once("</").unwrap();
    Some(base64::engine::general_purpose::STANDARD.decode(text).unwrap())
}

/// The value of an attribute in one tag.
pub(super) fn attr<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}='"))?;
    rest.split_once('\'').map(|(value, _)| value)
}

/// Runs a scenario in chunks of many sizes; all runs must show the same.
#[track_caller]
pub(super) fn same_for_all_chunks(scenario: impl Fn(Chunks) -> Vec<String>) {
    let whole = scenario(Chunks::Whole);
    assert!(!whole.is_empty());
    for n in [1, 2, 3, 5, 7, 64] {
        assert_eq!(scenario(Chunks::Of(n)), whole, "chunks of {n} bytes");
    }
    for seed in 0..16 {
        assert_eq!(scenario(Chunks::Random(seed)), whole, "seed {seed}");
    }
}
