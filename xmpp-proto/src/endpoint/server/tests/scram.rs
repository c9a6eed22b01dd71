//! SCRAM and its -PLUS against the crate's own client (RFC 6120 §13.8, RFC 5802, XEP-0440).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::*;
use crate::sasl::ChannelData;

const ALL: [Mechanism; 6] = [
    Mechanism::ScramSha1,
    Mechanism::ScramSha256,
    Mechanism::ScramSha512,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha512Plus,
];

const BINDINGS: &str = "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>\
    <channel-binding type='tls-exporter'/></sasl-channel-binding></stream:features>";

fn exporter() -> ChannelData<'static> {
    ChannelData { tls_exporter: Some(&EXPORTER), tls_server_end_point: None }
}

/// A server that has made its offer of SASL, and that offer.
fn offered(config: ServerConfig, tls: TlsInfo) -> (Host, String) {
    let starttls = config.tls == ServerTls::StartTls;
    let mut host = Host::with_tls(config, tls);
    host.receive(HEADER);
    if starttls {
        host.receive(STARTTLS);
        host.secure();
        host.receive(HEADER);
    }
    let sent = host.take_sent();
    let at = sent.rfind("<stream:features>").unwrap();
    (host, sent[at..].into())
}

/// The names in an offer.
fn names(offer: &str) -> Vec<&str> {
    let names = offer.split("<mechanism>").skip(1);
    names.map(|rest| rest.split_once('<').unwrap().0).collect()
}

#[test]
fn rfc6120_13_8_scram_sha_1_and_its_plus() {
    for (mechanism, channel) in
        [(Mechanism::ScramSha1, ChannelData::default()), (Mechanism::ScramSha1Plus, exporter())]
    {
        // §13.8: with the right password, on a stream that goes on.
        let (mut host, offer) = offered(config(), tls13());
        assert!(names(&offer).contains(&mechanism.name()), "§13.8.1: {offer}");
        let sent = host.exchange(&offer, &[mechanism], channel, "secret");
        assert!(sent.starts_with("<success"), "{sent}");
        host.receive(HEADER);
        assert!(host.take_sent().ends_with(BIND_OFFER));
        host.bind();
        // And no other.
        let (mut host, offer) = offered(config(), tls13());
        let sent = host.exchange(&offer, &[mechanism], channel, "Secret");
        assert_eq!(sent, failure("not-authorized"));
    }
}

#[test]
fn rfc6120_13_8_scram_over_starttls_and_direct_tls() {
    for config in [config(), direct()] {
        for mechanism in ALL {
            let channel =
                if mechanism.binds_channel() { exporter() } else { ChannelData::default() };
            let (mut host, offer) = offered(config.clone(), tls13());
            let sent = host.exchange(&offer, &[mechanism], channel, "secret");
            assert!(sent.starts_with("<success"), "§13.8, {mechanism}: {sent}");
            host.receive(HEADER);
            host.bind();
        }
    }
}

#[test]
fn xep0440_plus_is_offered_with_its_type_on_tls_1_3_and_never_else() {
    let plus = ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"];
    let rest = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];
    let v1_2 = || TlsInfo::new().with_version(TlsVersion::V1_2);
    let end_point = |info: TlsInfo| info.with_tls_server_end_point([7; 32]);
    for (tls, bound) in [
        (tls13(), true),
        (end_point(tls13()), true),
        (TlsInfo::new().with_version(TlsVersion::V1_3), false),
        (end_point(TlsInfo::new().with_version(TlsVersion::V1_3)), false),
        // RFC 9266 §4.2: unique only with the extended master secret.
        (v1_2().with_tls_exporter(EXPORTER), false),
        (end_point(v1_2()), false),
        (TlsInfo::new().with_tls_exporter(EXPORTER), false),
        (TlsInfo::new(), false),
    ] {
        for config in [config(), direct()] {
            let (_, offer) = offered(config, tls.clone());
            let expected: Vec<_> = plus.iter().filter(|_| bound).chain(&rest).copied().collect();
            assert_eq!(names(&offer), expected, "{tls:?}");
            assert_eq!(offer.ends_with(BINDINGS), bound, "{offer}");
            assert_eq!(offer.contains("sasl-cb"), bound, "{offer}");
        }
    }
    // Without a -PLUS there is nothing to name.
    let (_, offer) = offered(direct().with_mechanisms([Mechanism::ScramSha1]), tls13());
    assert!(!offer.contains("sasl-cb"), "{offer}");
    // -PLUS on a channel that has none is not known, however it is asked for.
    let (mut host, _) = offered(direct(), v1_2().with_tls_exporter(EXPORTER));
    host.receive(auth("SCRAM-SHA-1-PLUS", "p=tls-exporter,,n=alice,r=abc"));
    assert_eq!(host.take_sent(), failure("invalid-mechanism"));
}

#[test]
fn rfc6120_13_8_plain_only_over_tls() {
    for config in [config(), direct()] {
        // §13.8.3: over TLS, of any version.
        for tls in [tls13(), TlsInfo::new().with_version(TlsVersion::V1_2), TlsInfo::new()] {
            let (mut host, offer) = offered(config.clone(), tls);
            assert!(names(&offer).contains(&"PLAIN"));
            assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
        }
    }
    // §13.8.3: never without.
    let (mut host, offer) = offered(config().with_tls(ServerTls::InsecurePlaintext), tls13());
    assert!(!names(&offer).contains(&"PLAIN"), "{offer}");
    host.receive(plain("alice", "secret"));
    assert_eq!(host.take_sent(), failure("invalid-mechanism"));
}

#[test]
fn rfc5802_6_a_client_that_was_told_of_no_plus_is_refused_where_there_is_one() {
    for lie in [true, false] {
        let tls = if lie { tls13() } else { TlsInfo::new() };
        let (mut host, offer) = offered(direct(), tls);
        // Somebody has taken -PLUS out: the client says `y`.
        let stripped = offer
            .replace("<mechanism>SCRAM-SHA-512-PLUS</mechanism>", "")
            .replace("<mechanism>SCRAM-SHA-256-PLUS</mechanism>", "")
            .replace("<mechanism>SCRAM-SHA-1-PLUS</mechanism>", "");
        let able = [Mechanism::ScramSha1Plus, Mechanism::ScramSha1];
        let sent = host.exchange(&stripped, &able, exporter(), "secret");
        if lie {
            // Before anything is made from a password, and before anybody is asked.
            assert_eq!(sent, failure("not-authorized"));
        } else {
            assert!(sent.starts_with("<success"), "{sent}");
        }
    }
}

#[test]
fn rfc5802_6_the_proof_is_bound_to_this_channel() {
    for mechanism in ALL.into_iter().filter(|mechanism| mechanism.binds_channel()) {
        let (mut host, offer) = offered(direct(), tls13());
        let other = ChannelData { tls_exporter: Some(&[0xee; 32]), ..ChannelData::default() };
        let sent = host.exchange(&offer, &[mechanism], other, "secret");
        assert_eq!(sent, failure("not-authorized"), "{mechanism}");
        host.assert_open();
    }
}

#[test]
fn rfc5802_5_1_flags_that_do_not_fit_the_mechanism() {
    for (mechanism, flag, condition) in [
        ("SCRAM-SHA-1", "p=tls-exporter", "malformed-request"),
        ("SCRAM-SHA-1-PLUS", "n", "malformed-request"),
        ("SCRAM-SHA-1-PLUS", "y", "malformed-request"),
        ("SCRAM-SHA-1", "y", "not-authorized"),
        ("SCRAM-SHA-1-PLUS", "p=tls-unique", "not-authorized"),
        ("SCRAM-SHA-1-PLUS", "p=", "malformed-request"),
        ("SCRAM-SHA-1", "x", "malformed-request"),
    ] {
        let (mut host, _) = offered(direct(), tls13());
        host.receive(auth(mechanism, format!("{flag},,n=alice,r=abc")));
        assert_eq!(host.take_sent(), failure(condition), "{mechanism} {flag}");
        assert!(host.next_event().is_none());
    }
}

#[test]
fn xep0474_6_1_the_first_message_has_a_hash_of_what_was_offered() {
    for tls in [TlsInfo::new(), tls13()] {
        let (mut host, offer) = offered(config(), tls);
        host.receive(auth("SCRAM-SHA-256", "n,,n=alice,r=abc"));
        host.look_up();
        let challenge = data(&host.take_sent(), "challenge").expect("a challenge");
        let challenge = String::from_utf8(challenge).expect("SCRAM is text");
        let (_, shown) = challenge.split_once(",h=").expect("a hash");
        // Written apart from the code: sorted, with the delimiters of §6.1.
        let mut mechanisms = names(&offer);
        mechanisms.sort_unstable();
        let mut text = mechanisms.join("\u{1e}");
        if offer.contains("tls-exporter") {
            text.push_str("\u{1f}tls-exporter");
        }
        let hash = BASE64.encode(Sha256::digest(text.as_bytes()));
        assert_eq!(shown, hash, "{offer}");
    }
}
