//! Channel binding and the mechanisms without a password, as they look on the wire.

use alloc::borrow::ToOwned;
use alloc::vec;

use super::scram::{account, said, sasl, scram};
use super::*;
use crate::endpoint::{AuthFault, PeerFault, TlsInfo, TlsVersion};
use crate::sasl::tests::{Account, Hash, Server};
use crate::sasl::{BindingType, ChannelBinding, Credentials};
use crate::testing::{BIND_FEATURES, HEADER, bind_result};

pub(super) const EXPORTER: [u8; 32] = [0xe5; 32];
pub(super) const END_POINT: [u8; 32] = [0xef; 32];

pub(super) fn tls13() -> TlsInfo {
    TlsInfo::new()
        .with_version(TlsVersion::V1_3)
        .with_tls_exporter(EXPORTER)
        .with_tls_server_end_point(END_POINT)
}

fn tls12() -> TlsInfo {
    TlsInfo::new().with_version(TlsVersion::V1_2).with_tls_server_end_point(END_POINT)
}

/// Features with these mechanisms and this text behind them.
pub(super) fn features(names: &[&str], more: &str) -> String {
    mechanisms(names).replace("</stream:features>", more) + "</stream:features>"
}

/// A list of channel-binding types (XEP-0440).
pub(super) fn bindings(types: &[&str]) -> String {
    let types: String = types.iter().map(|t| format!("<channel-binding type='{t}'/>")).collect();
    format!("<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>{types}</sasl-channel-binding>")
}

/// A client in front of these features, and what it wrote in answer.
pub(super) fn offered(config: ClientConfig, tls: TlsInfo, features: &str) -> (Script, String) {
    let mut script = Script::new(config).with_tls(tls);
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(features);
    let sent = script.take_sent();
    (script, sent)
}

/// The mechanism and the decoded message in `<auth/>`.
#[track_caller]
pub(super) fn auth(sent: &str) -> (String, String) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    let start = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='";
    let (name, rest) = sent.strip_prefix(start).expect(sent).split_once("'>").unwrap();
    let text = rest.strip_suffix("</auth>").unwrap();
    let text = BASE64.decode(text).unwrap();
    (name.to_owned(), String::from_utf8(text).unwrap())
}

const PLUS: &[&str] =
    &["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "PLAIN"];

/// Goes on after `<auth/>` with a server that sees the channel as `bound`, up to the restart.
fn log_in(script: &mut Script, account: &Account, first: &str, bound: (&str, &[u8])) {
    let server = Server::bound(account, first.as_bytes(), "alice", None, "servers", bound);
    script.receive(sasl("challenge", &server.challenge));
    let signature = server.last(said(script).as_bytes()).expect("the proof is right");
    script.receive(sasl("success", &signature));
    assert!(script.take_sent().starts_with("<?xml version='1.0'?><stream:stream "));
}

#[test]
fn xep0440_a_listed_type_is_bound_to_this_channel() {
    let account = account("secret", 4096);
    for (tls, types, flag, data) in [
        (tls13(), &["tls-server-end-point", "tls-exporter"][..], "p=tls-exporter", EXPORTER),
        (tls13(), &["tls-server-end-point"], "p=tls-server-end-point", END_POINT),
        (tls12(), &["tls-exporter", "tls-server-end-point"], "p=tls-server-end-point", END_POINT),
    ] {
        let (mut script, sent) = offered(scram(), tls, &features(PLUS, &bindings(types)));
        let (mechanism, first) = auth(&sent);
        assert_eq!(mechanism, "SCRAM-SHA-256-PLUS");
        assert!(first.starts_with(&format!("{flag},,n=alice,r=")), "{first}");
        log_in(&mut script, &account, &first, (flag, &data));
    }
}

#[test]
fn scram_sha_512_with_and_without_plus() {
    let account = Account::new(Hash::Sha512, "secret", b"salt", 4096);
    let offer = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS", "SCRAM-SHA-512"];
    for (list, flag, data, name) in [
        (bindings(&["tls-exporter"]), "p=tls-exporter", &EXPORTER[..], "SCRAM-SHA-512-PLUS"),
        (String::new(), "n", b"", "SCRAM-SHA-512"),
    ] {
        let (mut script, sent) = offered(scram(), tls13(), &features(&offer, &list));
        let (mechanism, first) = auth(&sent);
        assert_eq!(mechanism, name);
        log_in(&mut script, &account, &first, (flag, data));
    }
}

#[test]
fn rfc6120_13_8_scram_sha_1_and_its_plus_over_tls() {
    let account = Account::new(Hash::Sha1, "secret", b"salt", 4096);
    let offer = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN"];
    for (list, flag, data, name) in [
        (bindings(&["tls-exporter"]), "p=tls-exporter", &EXPORTER[..], "SCRAM-SHA-1-PLUS"),
        (String::new(), "n", b"", "SCRAM-SHA-1"),
    ] {
        let (mut script, sent) = offered(scram(), tls13(), &features(&offer, &list));
        let (mechanism, first) = auth(&sent);
        assert_eq!(mechanism, name);
        log_in(&mut script, &account, &first, (flag, data));
    }
}

#[test]
fn plus_without_a_list_is_a_login_without_binding() {
    // Stock ejabberd on TLS 1.3, in both password formats: it binds to tls-unique alone.
    let account = account("secret", 4096);
    let (mut script, sent) = offered(scram(), tls13(), &features(PLUS, ""));
    let (mechanism, first) = auth(&sent);
    assert_eq!(mechanism, "SCRAM-SHA-256");
    assert!(first.starts_with("n,,n=alice,r="), "{first}");
    log_in(&mut script, &account, &first, ("n", b""));
}

#[test]
fn rfc5802_6_y_only_if_we_could_bind() {
    let offer = ["SCRAM-SHA-256"];
    let off = scram().with_channel_binding(ChannelBinding::Off);
    for (config, tls, flag) in [
        (scram(), tls13(), "y"),
        (scram(), tls12(), "y"),
        (scram(), TlsInfo::new(), "n"),
        (off, tls13(), "n"),
    ] {
        let (mut script, sent) = offered(config, tls, &mechanisms(&offer));
        let (_, first) = auth(&sent);
        assert!(first.starts_with(&format!("{flag},,")), "{first}");
        log_in(&mut script, &account("secret", 4096), &first, (flag, b""));
    }
}

#[test]
fn required_fails_before_anything_is_said() {
    let config = || scram().with_channel_binding(ChannelBinding::Required);
    let both = || vec![BindingType::TlsExporter, BindingType::TlsServerEndPoint];
    for (tls, names, types, plus_offered, available) in [
        (tls13(), PLUS, &[][..], true, both()),
        (tls13(), PLUS, &["tls-unique"], true, both()),
        (tls13(), &["SCRAM-SHA-256", "PLAIN"], &["tls-exporter"], false, both()),
        (tls12(), PLUS, &["tls-exporter"], true, vec![BindingType::TlsServerEndPoint]),
        (TlsInfo::new(), PLUS, &["tls-exporter"], true, vec![]),
    ] {
        let (mut script, sent) = offered(config(), tls, &features(names, &bindings(types)));
        assert_eq!(sent, "</stream:stream>");
        let offered = types.iter().map(|name| (*name).to_owned()).collect();
        let fault = AuthFault::NoChannelBinding { plus_offered, offered, available };
        let ended = ended(&mut script);
        assert_eq!(ended.reason, Reason::Auth(fault));
        assert!(!ended.is_retryable() && ended.advice().is_some());
    }
    let list = bindings(&["tls-exporter"]);
    let (mut script, sent) = offered(config(), tls13(), &features(PLUS, &list));
    let (_, first) = auth(&sent);
    log_in(&mut script, &account("secret", 4096), &first, ("p=tls-exporter", &EXPORTER));
}

#[test]
fn anonymous_gets_whatever_account_the_server_makes_up() {
    let domain = ClientConfig::anonymous("example.org".parse().unwrap()).one_stream();
    let name = scram().with_mechanisms([Mechanism::Anonymous]);
    for (config, bound, ours) in [
        (&domain, "4f3a@example.org/r", true),
        (&domain, "example.org/r", true),
        (&domain, "4f3a@example.com/r", false),
        (&domain, "4f3a@sub.example.org/r", false),
        (&name, "4f3a@example.org/r", true),
        (&name, "alice@example.com/r", false),
    ] {
        let mut script = Script::new(config.clone().with_tls(TlsMode::Direct));
        script.connect();
        let header = script.take_sent();
        let named = header.contains("from='alice@example.org'");
        assert_eq!(named, config.jid.local().is_some(), "{header}");
        script.receive(HEADER);
        script.receive(mechanisms(&["PLAIN", "SCRAM-SHA-1", "ANONYMOUS"]));
        // RFC 6120 §6.4.2: an initial response that is empty is written as `=`.
        assert_eq!(
            script.take_sent(),
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'>=</auth>"
        );
        script.receive(SUCCESS);
        script.receive(HEADER);
        script.receive(BIND_FEATURES);
        let id = script.last_id();
        script.receive(bind_result(&id, bound));
        assert_eq!(script.client().is_online(), ours, "{bound}");
        if ours {
            let Some(Event::Online { jid }) = script.next_event() else { panic!("not online") };
            assert_eq!(jid.as_str(), bound);
        } else {
            let fault = PeerFault::ForeignJid { jid: bound.into() };
            assert_eq!(reason(&mut script), Reason::Peer(fault));
        }
    }
    // It takes a word from the application.
    let (mut script, sent) = offered(scram(), tls13(), &mechanisms(&["ANONYMOUS", "EXTERNAL"]));
    assert_eq!(sent, "</stream:stream>");
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));
}

#[test]
fn xep0178_external_names_the_account_or_leaves_it_to_the_certificate() {
    for (jid, message) in [
        ("alice@example.org", "YWxpY2VAZXhhbXBsZS5vcmc="), // alice@example.org
        ("example.org", "="),
    ] {
        let config =
            ClientConfig::external(jid.parse().unwrap()).with_tls(TlsMode::Direct).one_stream();
        let (mut script, sent) = offered(config, tls13(), &mechanisms(&["EXTERNAL", "PLAIN"]));
        // RFC 6120 §13.8, §6.3.8.
        assert_eq!(
            sent,
            format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>\
                 {message}</auth>"
            )
        );
        script.receive(SUCCESS);
        script.receive(HEADER);
        script.receive(BIND_FEATURES);
        let id = script.last_id();
        script.receive(bind_result(&id, "alice@example.org/r"));
        assert!(script.client().is_online());
    }
    // There is no certificate where there is no TLS.
    let config = ClientConfig::external("alice@example.org".parse().unwrap())
        .one_stream()
        .with_tls(TlsMode::InsecurePlaintext);
    let (mut script, sent) = offered(config, tls13(), &mechanisms(&["EXTERNAL"]));
    assert_eq!(sent, "</stream:stream>");
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));
}

#[test]
fn without_credentials_no_password_mechanism_is_begun() {
    let config = scram().with_credentials(Credentials::none());
    let (mut script, sent) = offered(config, tls13(), &mechanisms(PLUS));
    assert_eq!(sent, "</stream:stream>");
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));
}

#[test]
fn channel_data_is_not_printed() {
    let printed = format!("{:?}", tls13());
    assert!(printed.contains("V1_3") && printed.contains("tls_exporter: true"), "{printed}");
    assert!(!printed.contains("229") && !printed.contains("e5"), "{printed}");
}
