//! From the open transport to a bound resource.

use alloc::vec;
use core::time::Duration;

use super::*;
use crate::endpoint::{AskCredentials, Misuse, Timer};

#[test]
fn rfc6120_9_1_a_client_logs_in() {
    let mut host = Host::new(config().with_mechanisms([Mechanism::Plain]));
    host.receive(header_from("alice@example.org"));
    let sent = host.take_sent();
    let id = attr(&sent, "id").unwrap();
    assert_eq!(
        sent,
        format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' version='1.0' \
             to='alice@example.org' from='example.org' id='{id}'>{STARTTLS_OFFER}"
        )
    );
    host.receive(STARTTLS);
    assert_eq!(host.take_sent(), PROCEED);
    assert_eq!(host.server.phase(), Phase::Securing);
    assert_eq!(host.secure().as_deref(), Some("example.org"));
    host.receive(HEADER);
    assert!(host.take_sent().ends_with(
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
         <mechanism>PLAIN</mechanism></mechanisms></stream:features>"
    ));
    host.receive(plain("alice", "secret"));
    assert_eq!(host.server.phase(), Phase::Authenticating);
    let ask = host.credentials_question();
    assert_eq!((ask.username(), ask.domain().as_str()), ("alice", "example.org"));
    assert_eq!(ask.mechanism(), Mechanism::Plain);
    assert_eq!(host.take_sent(), "", "nothing is said before the answer");
    host.server.credentials(host.now, ask, Some(stored())).unwrap();
    host.drain();
    assert_eq!(host.take_sent(), SUCCESS);
    host.receive(HEADER);
    assert!(host.take_sent().ends_with(BIND_OFFER));
    assert_eq!(host.server.phase(), Phase::Binding);
    host.receive(bind("b1", "desk"));
    let ask = host.bind_question();
    assert_eq!((ask.jid().as_str(), ask.asked()), ("alice@example.org/desk", true));
    assert_eq!(host.take_sent(), "");
    host.answer_bind(ask, Bound::Accept);
    assert_eq!(host.take_sent(), bound("b1", "alice@example.org/desk"));
    assert_eq!(host.server.jid().unwrap().as_str(), "alice@example.org/desk");
    assert_eq!(host.server.phase(), Phase::Online);
    assert_eq!(host.server.domain().unwrap().as_str(), "example.org");
    assert!(host.server.tls().is_some());
}

#[test]
fn any_chunking_gives_the_same_login() {
    same_for_all_chunks(|chunks| {
        let mut host = Host::with(config(), chunks, tls13());
        host.start_tls();
        host.log_in_as("alice", "wrong");
        host.log_in();
        host.bind();
        host.receive("<message to='bob@example.org'><body>hi</body></message></stream:stream>");
        host.transcript()
    });
}

#[test]
fn same_seed_and_input_give_the_same_bytes_and_another_seed_others() {
    let run = |seed| {
        let mut host = Host::seeded(config(), Chunks::Whole, tls13(), seed);
        host.receive(HEADER);
        host.transcript()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_client_may_be_ahead_of_the_server() {
    // Everything behind TLS in one go, without waiting for one answer.
    let mut host = Host::new(direct());
    let all = [HEADER, &plain("alice", "secret"), HEADER, &bind("b1", "desk"), "<presence/>"];
    host.receive(all.concat());
    host.look_up();
    let ask = host.bind_question();
    host.answer_bind(ask, Bound::Accept);
    assert!(matches!(host.next_event(), Some(ServerEvent::Online { .. })));
    assert_eq!(host.stanza().from().unwrap().as_str(), "alice@example.org/desk");
}

#[test]
fn rfc6120_9_1_anonymous_gets_an_account_of_its_own() {
    let mut jids = vec![];
    for seed in [1, 2] {
        let config = direct().with_mechanisms([Mechanism::Anonymous]);
        let mut host = Host::seeded(config, Chunks::Whole, tls13(), seed);
        host.receive(HEADER);
        // RFC 4505: the trace is nobody's account.
        host.receive(auth("ANONYMOUS", "alice"));
        assert!(host.take_sent().ends_with(SUCCESS));
        host.receive(HEADER);
        host.receive(BIND);
        let ask = host.bind_question();
        let account = ask.jid().to_bare();
        assert_eq!(account.domain(), "example.org");
        assert!(account.local().unwrap().len() >= 16, "{account}");
        jids.push(account);
        host.answer_bind(ask, Bound::Accept);
        assert!(host.server.is_online());
    }
    assert_ne!(jids[0], jids[1]);
}

#[test]
fn a_question_that_is_not_answered_is_answered_by_not_now() {
    let mut config = config();
    config.negotiation_timeout = Duration::from_mins(2);
    let mut host = Host::secured(config);
    let ask = |host: &mut Host| -> AskCredentials {
        host.receive(plain("alice", "secret"));
        host.credentials_question()
    };
    // More often than there are attempts: it is not the client's fault.
    for _ in 0..4 {
        let question = ask(&mut host);
        let until = host.now + Duration::from_secs(15);
        assert_eq!(host.server.next_timer(), Some((Timer::Question, until)));
        // What the client sends meanwhile waits.
        host.receive("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".trim_end_matches('>'));
        assert!(!host.inbox.is_empty());
        host.inbox.clear();
        host.pass(Duration::from_secs(15));
        // RFC 6120 §6.5.9.
        assert_eq!(host.take_sent(), failure("temporary-auth-failure"));
        let late = host.server.credentials(host.now, question, Some(stored()));
        assert_eq!(late.unwrap_err(), Misuse::UnknownQuestion);
        host.drain();
        assert_eq!(host.take_sent(), "");
    }
    // The owner may also say so itself.
    let question = ask(&mut host);
    host.server.unavailable(host.now, question).unwrap();
    host.drain();
    assert_eq!(host.take_sent(), failure("temporary-auth-failure"));
    host.log_in();
    // The same for resources, where it is an error of the stanza.
    host.receive(BIND);
    host.bind_question();
    host.pass(Duration::from_secs(15));
    assert!(host.take_sent().contains("<internal-server-error "));
    host.bind();
}

#[test]
fn questions_of_one_stream_are_not_answered_on_another() {
    let mut host = Host::secured(config());
    host.receive(plain("alice", "secret"));
    let first = host.credentials_question();
    host.pass(Duration::from_secs(15));
    host.receive(plain("alice", "secret"));
    let second = host.credentials_question();
    assert_eq!(
        host.server.credentials(host.now, first, Some(stored())),
        Err(Misuse::UnknownQuestion)
    );
    host.server.credentials(host.now, second, Some(stored())).unwrap();
    host.drain();
    assert!(host.take_sent().ends_with(SUCCESS));
}
