//! From the open transport to a bound resource.

use alloc::format;
use alloc::string::ToString;
use core::time::Duration;

use super::*;
use crate::endpoint::{
    Action, AuthFault, Endpoint, LostCause, Misuse, PeerFault, Phase, Shutdown, StartTlsFault,
    Timer,
};
#[cfg(feature = "modules")]
use crate::ns;
use crate::sasl::FailureCondition;
use crate::testing::{BIND_FEATURES, bind_result};

#[test]
fn rfc6120_9_1_starttls_plain_and_bind() {
    let mut script = Script::new(config());
    script.connect();
    assert_eq!(
        script.take_sent(),
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='example.org'>"
    );
    script.receive(HEADER);
    assert_eq!(script.take_sent(), "");
    script.receive(STARTTLS_REQUIRED);
    assert_eq!(script.take_sent(), "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    script.receive(PROCEED);
    assert_eq!(script.take_sent(), "");
    script.secure();
    // §4.7.1: the account is named only on the secured stream.
    assert!(script.take_sent().ends_with("to='example.org' from='alice@example.org'>"));
    script.receive(HEADER);
    script.receive(mechanisms(&["DIGEST-MD5", "PLAIN"]));
    assert_eq!(
        script.take_sent(),
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>\
         AGFsaWNlAHNlY3JldA==</auth>"
    );
    script.receive(SUCCESS);
    assert!(script.take_sent().starts_with("<?xml version='1.0'?><stream:stream "));
    script.receive(HEADER);
    script.receive(BIND_FEATURES);
    let id = script.last_id();
    assert_eq!(
        script.take_sent(),
        format!("<iq type='set' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    );
    assert_eq!(script.client().phase(), Phase::Binding);
    script.receive(bind_result(&id, "alice@example.org/chosen-by-server"));
    let Some(Event::Online { jid }) = script.next_event() else { panic!("not online") };
    assert_eq!(jid.as_str(), "alice@example.org/chosen-by-server");
    assert_eq!(script.client().poll_timeout(), None);
}

#[test]
fn rfc6120_4_3_5_nothing_is_complete_before_a_resource_is_bound() {
    let mut script = Script::new(direct());
    script.connect();
    let now = script.now();
    for said in [HEADER, &mechanisms(&["PLAIN"]), SUCCESS, HEADER, BIND_FEATURES] {
        script.receive(said);
        assert!(!script.client().is_online() && script.next_event().is_none(), "{said}");
        let early = script.client().send(now, message("bob@example.org", "early"));
        assert_eq!(early.unwrap_err().why, Misuse::NotOnline, "{said}");
    }
    let id = script.last_id();
    script.receive(bind_result(&id, "alice@example.org/r"));
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
}

#[test]
fn rfc6120_4_7_4_the_language_is_that_of_the_configuration() {
    let mut config = config();
    config.lang = Some("de-AT".into());
    let mut script = Script::new(config.clone());
    script.login(&config);
    let sent = script.take_sent();
    // Before and after TLS and after SASL.
    assert_eq!(sent.matches("<stream:stream ").count(), 3);
    assert_eq!(sent.matches(" xml:lang='de-AT'").count(), 3);
}

#[test]
fn a_configuration_that_xml_does_not_allow_ends_the_attempt_before_it_begins() {
    let mut faulty = config();
    faulty.lang = Some("x\u{1}".into());
    let mut script = Script::new(faulty);
    script.start();
    let Some(Event::Ended(ended)) = script.next_event() else { panic!("not ended") };
    assert!(matches!(ended.reason, Reason::Config(_)), "{}", ended.reason);
    assert!(script.next_action().is_none());
    assert_eq!(script.client().poll_timeout(), None);
}

#[test]
fn any_chunking_gives_the_same_login() {
    let scenario = |chunks| {
        let config = config().with_resource("desk");
        let mut script = Script::new(config.clone()).with_chunks(chunks);
        script.login(&config);
        transcript(&mut script)
    };
    let length = 3 * HEADER.len() + STARTTLS_REQUIRED.len() + PROCEED.len() + 600;
    same_for_all_chunks(length, scenario);
}

#[test]
fn direct_tls_secures_before_the_header() {
    let mut script = Script::new(direct());
    let now = script.now();
    script.start();
    let Some(Action::Connect { id, target }) = script.next_action() else { panic!() };
    assert_eq!(target.to_string(), "example.org:5223");
    script.client().handle_connected(now, id, crate::endpoint::ConnInfo::new());
    script.drain();
    let secure = script.next_action();
    let alpn = Some(&b"xmpp-client"[..]);
    assert_eq!(secure, Some(Action::Secure { id, server_name: "example.org".into(), alpn }));
    assert_eq!(script.take_sent(), "");
}

#[test]
fn the_requested_resource_is_asked_for() {
    let config = direct().with_resource("<desk & chair>");
    let mut script = Script::new(config.clone());
    script.login(&config);
    // RFC 6120 §7.7.1.
    let sent = script.take_sent();
    assert!(sent.ends_with("<resource>&lt;desk &amp; chair&gt;</resource></bind></iq>"), "{sent}");
    assert_eq!(script.client().jid().unwrap().resource(), "<desk & chair>");
}

#[test]
fn same_seed_and_input_give_the_same_bytes() {
    let run = || {
        let mut script = Script::new(direct());
        script.login(&direct());
        transcript(&mut script)
    };
    assert_eq!(run(), run());
}

#[test]
fn rfc6120_5_2_no_starttls_ends_before_any_credentials() {
    let mut script = Script::new(config());
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(mechanisms(&["PLAIN", "SCRAM-SHA-1"]));
    assert_eq!(script.take_sent(), "</stream:stream>");
    let ended = ended(&mut script);
    assert_eq!(ended.reason, Reason::StartTls(StartTlsFault::NotOffered));
    assert!(!ended.is_retryable());
    assert!(matches!(script.next_action(), Some(Action::Disconnect { how: Shutdown::Flush, .. })));
}

#[test]
fn rfc6120_5_3_1_starttls_is_mandatory_if_it_says_so_or_stands_alone() {
    let sasl = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
        <mechanism>PLAIN</mechanism></mechanisms>";
    let mut plaintext = config().with_tls(TlsMode::InsecurePlaintext);
    plaintext.insecure_plain_without_tls = true;
    for (inside, beside, mandatory) in
        [("<required/>", "", true), ("<required/>", sasl, true), ("", "", true), ("", sasl, false)]
    {
        let offer = format!(
            "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>{inside}\
             </starttls>{beside}</stream:features>"
        );
        let answered = |config: ClientConfig| {
            let mut script = Script::new(config);
            script.connect();
            script.receive(HEADER);
            script.take_sent();
            script.receive(&offer);
            (script.take_sent(), script)
        };
        // A client that may use TLS always does.
        let (sent, _) = answered(config());
        assert_eq!(sent, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "{offer}");
        // One that may not leaves where it must.
        let (sent, mut script) = answered(plaintext.clone());
        if mandatory {
            assert_eq!(sent, "</stream:stream>", "{offer}");
            assert_eq!(reason(&mut script), Reason::StartTls(StartTlsFault::Mandatory), "{offer}");
        } else {
            assert!(sent.starts_with("<auth "), "{sent}");
        }
    }
}

#[test]
fn rfc6120_13_7_2_1_what_the_header_says_is_not_what_the_certificate_must_prove() {
    let mut script = Script::new(config());
    script.connect();
    script.receive(HEADER.replace("from='example.org'", "from='evil.example'"));
    script.receive(STARTTLS_REQUIRED);
    script.receive(PROCEED);
    let Some(Action::Secure { server_name, .. }) = script.next_action() else { panic!() };
    assert_eq!(server_name, "example.org");
}

#[test]
fn rfc6120_5_4_2_2_starttls_failure_is_told() {
    let mut script = Script::new(config());
    script.connect();
    script.receive(HEADER);
    script.receive(STARTTLS_REQUIRED);
    script.receive("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
    assert_eq!(reason(&mut script), Reason::StartTls(StartTlsFault::Refused));
}

#[test]
fn plaintext_needs_a_loud_word_and_a_server_that_lets_it() {
    let plaintext = config().with_tls(TlsMode::InsecurePlaintext);
    let mut script = Script::new(plaintext.clone());
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(STARTTLS_REQUIRED);
    assert_eq!(reason(&mut script), Reason::StartTls(StartTlsFault::Mandatory));

    // PLAIN needs a word of its own.
    let mut script = Script::new(plaintext.clone());
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(mechanisms(&["PLAIN"]));
    assert_eq!(script.take_sent(), "</stream:stream>");
    assert_eq!(reason(&mut script), Reason::Auth(AuthFault::NeedsTls));

    let mut loud = plaintext;
    loud.insecure_plain_without_tls = true;
    let mut script = online(loud);
    assert!(script.client().tls().is_none());
}

#[test]
fn plain_is_not_used_where_scram_is_offered() {
    let config = ClientConfig::new("alice@example.org".parse().unwrap(), "secret")
        .with_tls(TlsMode::Direct)
        .one_stream();
    let mut script = Script::new(config);
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(mechanisms(&["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"]));
    assert!(script.take_sent().contains(" mechanism='SCRAM-SHA-256'>"));
}

#[test]
fn no_common_mechanism_names_the_offer() {
    for offer in [&["DIGEST-MD5", "X-OAUTH2"][..], &[]] {
        let mut script = Script::new(direct());
        script.connect();
        script.receive(HEADER);
        script.receive(mechanisms(offer));
        let offered = offer.iter().map(|name| (*name).into()).collect();
        assert_eq!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { offered }));
    }
}

#[test]
fn rfc6120_6_3_1_nothing_goes_on_without_sasl() {
    // An offer to bind a resource at once changes nothing.
    for features in ["<stream:features/>", BIND_FEATURES] {
        let mut script = Script::new(direct());
        script.connect();
        script.receive(HEADER);
        script.take_sent();
        script.receive(features);
        assert_eq!(script.take_sent(), "</stream:stream>");
        assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));
    }
}

#[test]
fn rfc6120_6_3_2_the_stream_begins_anew_after_sasl() {
    let both = mechanisms(&["PLAIN"]).replace(
        "</stream:features>",
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>",
    );
    let restarted = || {
        let mut script = Script::new(direct());
        script.connect();
        let header = script.take_sent();
        script.receive(HEADER);
        script.receive(&both);
        script.take_sent();
        script.receive(SUCCESS);
        // §6.4.6, §4.3.3: a whole header, and no closing tag before it.
        assert_eq!(script.take_sent(), header);
        script
    };
    let mut script = restarted();
    script.receive(HEADER);
    // §4.3.3: what was offered before is forgotten.
    assert_eq!(script.take_sent(), "");
    script.receive("<stream:features/>");
    assert_eq!(reason(&mut script), Reason::BindNotOffered);

    // The server owes a header too.
    let mut script = restarted();
    script.receive(BIND_FEATURES);
    assert!(matches!(reason(&mut script), Reason::Peer(PeerFault::Xml(_))));
}

#[test]
fn rfc6120_6_5_every_failure_condition_is_typed() {
    for condition in FailureCondition::DEFINED {
        let mut script = Script::new(direct());
        script.connect();
        script.receive(HEADER);
        script.receive(mechanisms(&["PLAIN"]));
        let name = condition.name();
        script.receive(format!(
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{name}/>\
             <text xml:lang='en'>no</text></failure>"
        ));
        let ended = ended(&mut script);
        assert_eq!(ended.condition(), Some(name));
        assert_eq!(ended.phase, Phase::Authenticating);
        assert_eq!(ended.is_retryable(), name == "temporary-auth-failure");
        let Reason::Auth(AuthFault::Refused(failure)) = ended.reason else { panic!() };
        assert_eq!(failure.condition, condition);
        assert_eq!(failure.text.as_deref(), Some("no"));
        assert!(script.take_sent().ends_with("</stream:stream>"));
    }
}

#[test]
fn rfc6120_7_bind_errors_are_typed() {
    for name in ["conflict", "bad-request", "not-allowed", "resource-constraint"] {
        let mut script = authenticated();
        script.receive(BIND_FEATURES);
        let id = script.last_id();
        script.receive(format!(
            "<iq type='error' id='{id}'><error type='cancel'><{name} \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ));
        let ended = ended(&mut script);
        assert_eq!(ended.condition(), Some(name));
        assert!(matches!(ended.reason, Reason::Bind(_)));
    }
}

#[test]
fn rfc6120_7_2_bind_must_be_offered() {
    let mut script = authenticated();
    script.receive("<stream:features/>");
    assert_eq!(reason(&mut script), Reason::BindNotOffered);
}

#[test]
fn rfc6120_7_3_1_binding_is_mandatory_whether_the_offer_says_so_or_not() {
    for inside in ["<required/>", "", "<optional/>"] {
        let mut script = authenticated();
        script.take_sent();
        script.receive(format!(
            "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{inside}</bind>\
             <ver xmlns='urn:xmpp:features:rosterver'/></stream:features>"
        ));
        let sent = script.take_sent();
        assert!(sent.ends_with("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"), "{sent}");
        assert_eq!(script.client().phase(), Phase::Binding);
    }
}

#[test]
fn rfc6120_7_3_2_binding_does_not_restart_the_stream() {
    let mut script = authenticated();
    script.receive(BIND_FEATURES);
    let id = script.last_id();
    script.take_sent();
    // Behind the answer stanzas follow, and no header.
    let result = bind_result(&id, "alice@example.org/r");
    script.receive(format!("{result}<message from='bob@example.org'><body>hi</body></message>"));
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
    assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    assert_eq!(script.take_sent(), "");
    let now = script.now();
    script.client().send(now, message("bob@example.org", "hi")).unwrap();
    script.drain();
    assert!(script.take_sent().starts_with("<message "));
}

#[test]
fn rfc3921_3_the_session_request_is_sent_only_if_it_is_mandatory() {
    const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
    for (optional, sent) in [("<optional/>", false), ("", true)] {
        let mut script = authenticated();
        script.receive(format!(
            "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
             <session xmlns='{SESSION}'>{optional}</session></stream:features>"
        ));
        let id = script.last_id();
        script.take_sent();
        script.receive(bind_result(&id, "alice@example.org/r"));
        assert_eq!(script.next_event().is_some(), !sent);
        let request = script.take_sent();
        assert_eq!(request.contains(SESSION), sent, "{request}");
        if sent {
            // A message that is quicker than the answer is not lost.
            script.receive("<message from='bob@example.org'><body>hi</body></message>");
            let id = request.split('\'').nth(3).unwrap();
            script.receive(format!("<iq type='result' id='{id}'/>"));
            assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
            assert!(matches!(script.next_event(), Some(Event::Online { .. })));
        }
    }
}

#[test]
fn the_deadline_covers_the_whole_negotiation() {
    // A server that keeps talking but never comes to the point.
    let mut script = Script::new(direct());
    script.connect();
    for _ in 0..59 {
        script.receive(" ");
        script.pass(Duration::from_secs(1));
    }
    assert!(script.next_event().is_none());
    script.receive(HEADER.trim_start_matches("<?xml version='1.0'?>"));
    script.pass(Duration::from_secs(1));
    // The peer is told, and given a moment to take it.
    assert_eq!(reason(&mut script), Reason::TimedOut(Timer::Negotiation));
    assert!(script.take_sent().ends_with("</stream:stream>"));
    assert!(script.client().is_idle());
}

#[test]
fn a_transport_that_never_opens_is_given_up() {
    let mut script = Script::new(direct());
    script.start();
    let Some(Action::Connect { id, .. }) = script.next_action() else { panic!() };
    script.pass(Duration::from_mins(1));
    let how = Shutdown::Abort;
    assert_eq!(script.next_action(), Some(Action::Disconnect { id, how }));
    let ended = ended(&mut script);
    assert_eq!(
        (ended.reason, ended.phase),
        (Reason::TimedOut(Timer::Negotiation), Phase::Connecting)
    );
}

#[test]
fn a_refused_connection_says_where() {
    let mut script = Script::new(direct());
    script.start();
    script.refuse(LostCause::Refused);
    let ended = ended(&mut script);
    assert!(ended.is_retryable());
    let text = ended.to_string();
    assert!(text.starts_with("connecting (example.org:5223): connection refused; "), "{text}");
}

#[test]
fn one_attempt_at_a_time_and_another_after_it() {
    let mut script = online(direct());
    let now = script.now();
    assert_eq!(script.client().connect(now), Err(Misuse::AlreadyOpen));
    script.lose(LostCause::Reset);
    assert_eq!(reason(&mut script), Reason::Transport(LostCause::Reset));
    script.login(&direct());
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
}

#[test]
fn stale_reports_change_nothing() {
    let mut script = online(direct());
    let (now, old) = (script.now(), script.client().attempt());
    script.lose(LostCause::Eof);
    script.login(&direct());
    transcript(&mut script);
    let client = script.client();
    client.handle_lost(now, old, LostCause::Eof);
    client.handle_received(now, old, b"<stream:error>");
    client.handle_written(now, old, 1000);
    client.handle_connected(now, old, crate::endpoint::ConnInfo::new());
    client.handle_secured(now, old, crate::endpoint::TlsInfo::new());
    script.drain();
    assert!(script.client().is_online());
    assert_eq!(transcript(&mut script), [""]);
}

#[cfg(feature = "modules")]
#[test]
fn rfc6120_4_3_2_what_is_offered_after_authentication_is_known_while_online() {
    let config = config();
    let mut script = Script::new(config.clone());
    assert!(script.client().offered().is_none());
    let ver = |script: &mut Script| {
        script.client().offered().is_some_and(|it| it.child("ver", ns::ROSTER_VER).is_some())
    };
    script.login_with(&config, "<ver xmlns='urn:xmpp:features:rosterver'/>");
    assert!(ver(&mut script));
    script.lose(LostCause::Eof);
    assert!(script.client().offered().is_none());
    script.login(&config);
    assert!(script.client().offered().is_some() && !ver(&mut script));
}
