//! Resource binding (RFC 6120 §7).

use super::*;
use crate::endpoint::Misuse;
use crate::stanza::{Condition, Message, StanzaError};

/// The JID in the answer to a bind request.
fn jid(sent: &str) -> &str {
    sent.split_once("<jid>").expect(sent).1.split_once('<').unwrap().0
}

#[test]
fn rfc6120_7_6_a_resource_is_made_up_on_demand() {
    let mut seen: Vec<String> = Vec::new();
    let empty = bind("b1", "");
    for (seed, request) in [(1, BIND), (2, BIND), (3, &empty)] {
        let mut host = Host::seeded(config(), Chunks::Whole, tls13(), seed);
        host.start_tls();
        host.log_in();
        host.receive(request);
        let ask = host.bind_question();
        // §7.6: the client has not asked, and gets one that nobody can guess.
        assert!(!ask.asked());
        assert!(ask.jid().resource().len() >= 16, "{}", ask.jid());
        let proposed = ask.jid().clone();
        host.answer_bind(ask, Bound::Accept);
        // §7.6.1.
        assert_eq!(host.take_sent(), bound("b1", proposed.as_str()));
        let Some(ServerEvent::Online { jid }) = host.next_event() else { panic!("not online") };
        assert_eq!(jid, proposed);
        seen.push(jid.as_str().into());
    }
    // §7.7.2.2: another than the one that was asked for or made up before.
    for request in [BIND, &*bind("b1", "desk")] {
        let mut host = Host::authenticated(config());
        host.receive(request);
        let ask = host.bind_question();
        let proposed = ask.jid().clone();
        host.answer_bind(ask, Bound::Another);
        let sent = host.take_sent();
        let bound = jid(&sent);
        assert!(bound.starts_with("alice@example.org/") && bound.len() > 30, "{bound}");
        assert_ne!(bound, proposed.as_str());
        assert_eq!(host.server.jid().unwrap().as_str(), bound);
        seen.push(bound.into());
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert!(seen.len() >= count - 1, "two streams of one seed alone may agree: {seen:?}");
    assert!(seen.iter().all(|jid| jid.starts_with("alice@example.org/")));
}

#[test]
fn rfc6120_7_3_1_no_stanza_before_a_resource_is_bound() {
    for early in [
        "<message to='bob@example.org'><body>hi</body></message>",
        "<message to='alice@example.org'/>",
        "<presence/>",
        "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='set' id='1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
        "<iq type='result' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<iq type='get' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<iq type='set' id='b1'><bind xmlns='urn:example:bind'/></iq>",
        "<iq type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<message id='b1' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></message>",
    ] {
        let mut host = Host::authenticated(config());
        let message = Message::chat("bob@example.org".parse::<crate::jid::Jid>().unwrap());
        let send = host.server.send(host.now, message.build().unwrap().into());
        assert_eq!(send.unwrap_err().why, Misuse::NotOnline, "§7.3.1");
        host.receive(format!("{early}<message/>"));
        // §7.1, §4.9.3.12.
        assert!(!matches!(host.server.phase(), Phase::Online));
        let (ended, before) = host.refused("not-authorized");
        assert_eq!(before, "", "{early}");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::StanzaBeforeBinding), "{early}");
        assert_eq!(ended.phase, Phase::Binding);
    }
}

#[test]
fn rfc6120_7_3_2_binding_does_not_restart_the_stream() {
    let mut host = Host::authenticated(config());
    host.receive(format!("{}<presence/>", bind("b1", "desk")));
    let ask = host.bind_question();
    assert!(host.next_event().is_none(), "the stanza waits for the resource");
    host.answer_bind(ask, Bound::Accept);
    // §7.3.2: the answer, and neither header nor features behind it.
    assert_eq!(host.take_sent(), bound("b1", "alice@example.org/desk"));
    assert!(matches!(host.next_event(), Some(ServerEvent::Online { .. })));
    assert_eq!(host.stanza().element().name(), "presence");
    // §7.3.2: nor may the client begin another.
    let header = HEADER.trim_start_matches("<?xml version='1.0'?>");
    host.receive(format!("{header}{CLOSE}"));
    host.refused("unsupported-stanza-type");
}

#[test]
fn rfc6120_7_7_1_the_resource_asked_for_is_proposed_and_bound() {
    for (asked, resource) in [
        ("desk", "desk"),
        ("Desk", "Desk"),
        ("a b", "a b"),
        ("&lt;&amp;&gt;&apos;", "<&>'"),
        // Whatever it looks like, it is a resource of this account.
        ("bob@example.org/phone", "bob@example.org/phone"),
    ] {
        let mut host = Host::authenticated(config());
        host.receive(bind("b7", asked));
        let ask = host.bind_question();
        assert!(ask.asked());
        assert_eq!(ask.jid().resource(), resource);
        assert_eq!(ask.jid().to_bare().as_str(), "alice@example.org");
        host.answer_bind(ask, Bound::Accept);
        // §7.7.1.
        let sent = host.take_sent();
        assert!(sent.contains(" id='b7'") && sent.contains(" type='result'"), "{sent}");
        assert_eq!(host.server.jid().unwrap().resource(), resource);
        assert!(host.server.is_online());
    }
    // §7.7.2.2: the server may choose another.
    let mut host = Host::authenticated(config());
    host.receive(bind("b7", "desk"));
    let ask = host.bind_question();
    host.answer_bind(ask, Bound::As("desk 2".into()));
    assert_eq!(host.take_sent(), bound("b7", "alice@example.org/desk 2"));
}

#[test]
fn rfc6120_7_7_2_bind_errors() {
    let error = |id: &str, type_: &str, condition: &str| {
        format!(
            "<iq id='{id}' type='error'><error type='{type_}'><{condition} xmlns='{}'/></error></iq>",
            ns::STANZA_ERROR
        )
    };
    // §7.7.2.2, §7.6.2.1: refused by the owner; the stream stays, and another try may succeed.
    for (condition, type_, name) in [
        (Condition::Conflict, "cancel", "conflict"),
        (Condition::ResourceConstraint, "wait", "resource-constraint"),
        (Condition::NotAllowed, "cancel", "not-allowed"),
    ] {
        let mut host = Host::authenticated(config());
        host.receive(bind("b1", "desk"));
        let ask = host.bind_question();
        host.answer_bind(ask, Bound::Refuse(StanzaError::new(condition)));
        assert_eq!(host.take_sent(), error("b1", type_, name));
        assert!(!host.server.is_online());
        host.assert_open();
        host.bind();
    }
    // §7.7.2.1: not a resource at all, which nobody needs to be asked about.
    let long = "x".repeat(1024);
    for resource in [&*long, "a&#x7f;"] {
        let mut host = Host::authenticated(config());
        host.receive(bind("b1", resource));
        assert!(host.next_event().is_none(), "{resource}");
        assert_eq!(host.take_sent(), error("b1", "modify", "bad-request"));
        host.bind();
    }
    // What the owner proposes must be one, too.
    let mut host = Host::authenticated(config());
    host.receive(bind("b1", "desk"));
    let ask = host.bind_question();
    host.answer_bind(ask, Bound::As(String::new()));
    assert!(host.take_sent().contains("<internal-server-error "));
    host.bind();
    // §7.7.2: at least five tries, and then an end.
    let mut host = Host::authenticated(config());
    for i in 1..=5 {
        host.receive(bind("b1", &long));
        if i < 5 {
            assert_eq!(host.take_sent(), error("b1", "modify", "bad-request"), "{i}");
            host.assert_open();
        }
    }
    let (ended, before) = host.refused("policy-violation");
    assert_eq!(before, error("b1", "modify", "bad-request"));
    assert_eq!(ended.reason, Reason::Peer(PeerFault::TooManyBinds));
}

#[test]
fn rfc6120_7_one_resource_per_stream() {
    let mut host = Host::online(config());
    host.receive(bind("b2", "phone"));
    // §7.1: the second request is an error of the stanza, and nobody is asked.
    let sent = host.take_sent();
    assert!(sent.contains(" id='b2'") && sent.contains("<not-allowed "), "{sent}");
    assert!(host.next_event().is_none());
    assert_eq!(host.server.jid().unwrap().resource(), "desk");
}

#[test]
fn rfc6121_1_4_the_session_request_does_nothing() {
    let mut host = Host::online(config());
    host.receive(
        "<iq type='set' id='s1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
    );
    let sent = host.take_sent();
    assert!(sent.contains(" id='s1'") && sent.contains(" type='result'"), "{sent}");
    assert!(host.next_event().is_none());
}

#[test]
fn rfc6120_8_1_2_1_the_bind_request_is_the_accounts_own_and_for_the_server() {
    let request = |attrs: &str| bind("b1", "desk").replace("<iq ", &format!("<iq {attrs} "));
    for attrs in [
        "to='example.org'",
        "to='alice@example.org'",
        "from='alice@example.org'",
        "from='alice@example.org/old' to='example.org'",
    ] {
        let mut host = Host::authenticated(config());
        host.receive(request(attrs));
        let ask = host.bind_question();
        host.answer_bind(ask, Bound::Accept);
        assert!(host.server.is_online(), "{attrs}");
    }
    // §8.1.2.1, §4.9.3.9.
    for from in ["bob@example.org", "example.org", "@", ""] {
        let mut host = Host::authenticated(config());
        host.receive(request(&format!("from='{from}'")));
        let (ended, _) = host.refused("invalid-from");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::ForgedFrom { from: from.into() }));
    }
    // §7.1: a stanza for others before a resource is bound.
    for to in ["bob@example.org", "example.net", "alice@example.org/desk", "@"] {
        let mut host = Host::authenticated(config());
        host.receive(request(&format!("to='{to}'")));
        host.refused("not-authorized");
    }
}
