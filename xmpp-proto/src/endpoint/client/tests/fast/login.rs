//! The login itself (XEP-0388), without anything in it.

use super::*;
use crate::endpoint::{AuthFault, PeerFault, Phase};
use crate::sasl::tests::{Account, Hash, Server};
use crate::sasl::{FailureCondition, SaslError};
use crate::testing::{BIND_FEATURES, bind_result};

#[test]
fn xep0388_5_1_plain_without_a_restart_of_the_stream() {
    let config = with(FastLogin::default());
    let mut script = offered(config, sasl2(&["SCRAM-SHA-1", "PLAIN"], ""));
    assert_eq!(
        script.take_sent(),
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>\
         <initial-response>AGFsaWNlAHNlY3JldA==</initial-response></authenticate>"
    );
    assert_eq!(script.client().phase(), Phase::Authenticating);
    script.receive(success(ALICE, ""));
    // XEP-0388 §2.6.1: the features follow at once.
    assert_eq!(script.take_sent(), "");
    assert_eq!(script.client().phase(), Phase::Binding);
    script.receive(BIND_FEATURES);
    let id = script.last_id();
    script.receive(bind_result(&id, "alice@example.org/r"));
    assert_eq!(events(&mut script), ["online alice@example.org/r"]);
}

#[test]
fn xep0388_2_3_the_user_agent_is_named() {
    let fast = FastLogin::new(ID).with_software("Sonnet & Co").with_device("Kiva's phone");
    let mut script = offered(with(fast), sasl2(&["PLAIN"], ""));
    let sent = script.take_sent();
    // §2.3: the id is a UUID of version 4, whatever the bytes are.
    assert!(
        sent.ends_with(
            "</initial-response><user-agent xmlns='urn:xmpp:sasl:2' \
             id='11111111-1111-4111-9111-111111111111'><software>Sonnet &amp; Co</software>\
             <device>Kiva's phone</device></user-agent></authenticate>"
        ),
        "{sent}"
    );
}

#[test]
fn an_id_is_a_uuid_of_version_4() {
    for (bytes, uuid) in [
        ([0; 16], "00000000-0000-4000-8000-000000000000"),
        ([255; 16], "ffffffff-ffff-4fff-bfff-ffffffffffff"),
    ] {
        assert_eq!(FastLogin::new(bytes).uuid().expect("an id"), uuid);
    }
    assert!(FastLogin::default().uuid().is_none());
}

fn scram() -> ClientConfig {
    let mut config = with(FastLogin::default());
    config.mechanisms = Mechanism::DEFAULT.to_vec();
    config
}

/// The data of what the client said last, in this element.
fn said(script: &mut Script, element: &str) -> Vec<u8> {
    let sent = script.take_sent();
    let (_, tail) = sent.rsplit_once(element).expect("it was said");
    let (_, tail) = tail.split_once('>').expect("a tag");
    BASE64.decode(tail.split_once('<').expect("a tag").0).expect("base64")
}

fn wrapped(name: &str, text: &str) -> String {
    // The examples of XEP-0388 wrap lines.
    format!("<{name} xmlns='urn:xmpp:sasl:2'>\n  {}\n</{name}>", BASE64.encode(text))
}

/// A login by SCRAM up to the proof: what the server would sign it with.
fn proved(script: &mut Script, account: &Account, more: &str) -> Option<String> {
    let first = said(script, "<initial-response");
    let mut server = Server::first(account, &first, "alice", None, "server-nonce");
    server.challenge.push_str(more);
    script.receive(wrapped("challenge", &server.challenge));
    assert_eq!(script.client().phase(), Phase::Authenticating);
    server.last(&said(script, "<response"))
}

#[test]
fn the_server_proves_itself_in_the_additional_data() {
    let account = Account::new(Hash::Sha256, "secret", b"salt", 4096);
    let right = |signature: &str| format!("<additional-data>{signature}</additional-data>");
    for (data, fault) in [
        (None, Some(SaslError::NoSignature)),
        (Some("v=AAAA"), Some(SaslError::WrongSignature)),
        (Some(""), None),
    ] {
        let mut script = offered(scram(), sasl2(&["SCRAM-SHA-256", "PLAIN"], ""));
        let signature = proved(&mut script, &account, "").expect("the proof is right");
        let data = data.map(|data| if data.is_empty() { &*signature } else { data });
        let more = data.map(|data| right(&BASE64.encode(data))).unwrap_or_default();
        script.receive(success(ALICE, &more));
        match fault {
            Some(fault) => {
                let Reason::Auth(AuthFault::Exchange(error)) = reason(&mut script) else {
                    panic!("not ended")
                };
                assert_eq!(error, fault);
            }
            None => assert_eq!(script.client().phase(), Phase::Binding),
        }
    }
}

#[test]
fn xep0474_6_1_the_list_of_the_profile_in_use_is_protected() {
    let account = Account::new(Hash::Sha256, "secret", b"salt", 4096);
    // Both profiles are offered, with different lists.
    let features = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
         <mechanism>PLAIN</mechanism></mechanisms><authentication xmlns='urn:xmpp:sasl:2'>\
         <mechanism>SCRAM-SHA-256</mechanism></authentication></stream:features>";
    // By Python's hashlib: SHA-256 of `SCRAM-SHA-256`.
    let right = ",h=5IlFKz4VKe4+I01or1SYZH07/h8E/JKh4/0iRkqB2IY=";
    let mut script = offered(scram(), features);
    assert!(proved(&mut script, &account, right).is_some());

    let mut script = offered(scram(), features.replace("SCRAM-SHA-256<", "SCRAM-SHA-1<"));
    let first = said(&mut script, "<initial-response");
    let account = Account::new(Hash::Sha1, "secret", b"salt", 4096);
    let server = Server::first(&account, &first, "alice", None, "server-nonce");
    script.receive(wrapped("challenge", &format!("{}{right}", server.challenge)));
    let Reason::Auth(AuthFault::Exchange(error)) = reason(&mut script) else { panic!() };
    assert_eq!(error, SaslError::OfferChanged);
}

#[test]
fn the_login_of_rfc6120_is_used_where_this_one_cannot_be() {
    let old = mechanisms(&["PLAIN"]);
    let old = old.trim_start_matches("<stream:features>").trim_end_matches("</stream:features>");
    let new = sasl2(&["PLAIN"], BIND);
    let both = new.replace("</stream:features>", &format!("{old}</stream:features>"));
    let fast = || with(binding());
    let old_way = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>";
    let new_way = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>";
    // XEP-0388 §3: only after TLS.
    let mut plaintext = fast().with_tls(TlsMode::InsecurePlaintext);
    plaintext.insecure_plain_without_tls = true;
    for (config, features, begins) in [
        (fast(), both.clone(), new_way),
        (fast().with_fast_login(None), both.clone(), old_way),
        (plaintext, both.clone(), old_way),
        // Nothing that is offered this way is allowed.
        (fast(), both.replacen("PLAIN", "X-OTHER", 1), old_way),
        (fast(), mechanisms(&["PLAIN"]), old_way),
    ] {
        let mut script = offered(config, &features);
        let sent = script.take_sent();
        assert!(sent.starts_with(begins), "{features} {sent}");
    }
    // Neither: the fault is that of what was offered.
    let mut script = offered(fast(), sasl2(&["X-OTHER"], ""));
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));
}

#[test]
fn xep0388_2_6_2_a_wrong_password_is_refused_as_ever() {
    // Prosody has conditions without a namespace of their own.
    for failure in [
        failure("not-authorized"),
        "<failure xmlns='urn:xmpp:sasl:2'><not-authorized/></failure>".into(),
    ] {
        let mut script = offered(with(FastLogin::default()), sasl2(&["PLAIN"], BIND));
        script.receive(failure);
        let ended = ended(&mut script);
        let Reason::Auth(AuthFault::Refused(failure)) = &ended.reason else { panic!("{ended}") };
        assert_eq!(failure.condition, FailureCondition::NotAuthorized);
        assert!(!ended.is_retryable());
    }
}

#[test]
fn xep0388_2_6_3_a_second_factor_is_a_fault_that_says_so() {
    let mut script = offered(with(FastLogin::default()), sasl2(&["PLAIN"], ""));
    script.receive(
        "<continue xmlns='urn:xmpp:sasl:2'><tasks><task>HOTP-EXAMPLE</task>\
         <task>TOTP-EXAMPLE</task></tasks><text>This account requires 2FA</text></continue>",
    );
    let ended = ended(&mut script);
    let Reason::Auth(AuthFault::Tasks { offered }) = &ended.reason else { panic!("{ended}") };
    assert_eq!(offered[..], ["HOTP-EXAMPLE", "TOTP-EXAMPLE"]);
    assert!(format!("{}", ended.reason).contains("TOTP-EXAMPLE"));
}

#[test]
fn the_identity_must_be_the_account() {
    let others =
        ["mallory@example.org", "mallory@example.org/x", "alice@example.com/x", "alice@", ""];
    for identity in others {
        for more in [String::new(), bound("")] {
            let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
            script.receive(success(identity, &more));
            let fault = reason(&mut script);
            assert!(
                matches!(
                    fault,
                    Reason::Peer(PeerFault::ForeignJid { .. } | PeerFault::BadBindResult)
                ),
                "{identity} {fault}"
            );
        }
    }
}

#[test]
fn what_is_out_of_order_ends_the_login() {
    let message = "<message from='mallory@example.org'><body>x</body></message>";
    for (received, stanza) in [
        ("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", false),
        ("<stream:features/>", false),
        ("<enabled xmlns='urn:xmpp:sm:3'/>", false),
        ("<bound xmlns='urn:xmpp:bind:0'/>", false),
        ("<task-data xmlns='urn:xmpp:sasl:2'/>", false),
        (message, true),
    ] {
        let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
        script.receive(received);
        let fault = reason(&mut script);
        match fault {
            Reason::Peer(PeerFault::StanzaBeforeBinding) => assert!(stanza, "{received}"),
            Reason::Peer(PeerFault::OutOfOrder { .. }) => assert!(!stanza, "{received}"),
            other => panic!("{received} {other}"),
        }
    }
    // What is no challenge of this mechanism, and what is not base64.
    for received in [
        "<challenge xmlns='urn:xmpp:sasl:2'>AA==</challenge>",
        "<challenge xmlns='urn:xmpp:sasl:2'>*</challenge>",
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>*</additional-data></success>",
    ] {
        let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
        script.receive(received);
        assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::Exchange(_))), "{received}");
    }
}
