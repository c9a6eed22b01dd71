//! Stream management (XEP-0198) without resumption.

use alloc::vec;
use core::time::Duration;

use super::*;
use crate::endpoint::{Completion, Misuse, Outcome, SendToken, StreamManagement, Timer};
use crate::stanza::{Message, Stanza};

pub(super) const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3'/>";
pub(super) const ENABLE_RESUME: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
pub(super) const ENABLED: &str = "<enabled xmlns='urn:xmpp:sm:3'/>";
pub(super) const R: &str = "<r xmlns='urn:xmpp:sm:3'/>";

pub(super) fn a(h: u32) -> String {
    format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")
}

pub(super) fn failed(condition: &str) -> String {
    format!("<failed xmlns='{}'><{condition} xmlns='{}'/></failed>", ns::SM, ns::STANZA_ERROR)
}

/// A message of the client, or one for it.
pub(super) fn message(id: &str) -> String {
    format!("<message to='bob@example.org' id='{id}'><body>{id}</body></message>")
}

pub(super) fn news(id: &str) -> Stanza {
    let to: crate::jid::Jid = "alice@example.org/desk".parse().unwrap();
    let from: crate::jid::Jid = "bob@example.org".parse().unwrap();
    Message::chat(to).from(from).id(id).build().unwrap().into()
}

impl Host {
    /// Sends a stanza.
    #[track_caller]
    pub(super) fn send(&mut self, id: &str) -> SendToken {
        let token = self.server.send(self.now, news(id)).unwrap();
        self.drain();
        token
    }

    /// What became of a stanza, which is due.
    #[track_caller]
    pub(super) fn outcome(&mut self) -> (SendToken, Outcome) {
        match self.next_completion() {
            Some(Completion::Outcome { token, outcome }) => (token, outcome),
            other => panic!("{other:?}"),
        }
    }

    /// The ids of the stanzas that the owner was given.
    pub(super) fn heard(&mut self) -> Vec<String> {
        let mut ids = Vec::new();
        while let Some(event) = self.next_event() {
            if let ServerEvent::Stanza(stanza) = event {
                ids.push(stanza.id().unwrap_or_default().into());
            }
        }
        ids
    }
}

/// Online, with a managed stream.
pub(super) fn managed(config: ServerConfig) -> Host {
    let mut host = Host::online(config);
    host.receive(ENABLE);
    assert_eq!(host.take_sent(), ENABLED);
    host
}

fn with(change: impl FnOnce(&mut StreamManagement)) -> ServerConfig {
    let mut config = config();
    let mut management = StreamManagement::default();
    change(&mut management);
    config.management = Some(management);
    config
}

#[test]
fn xep0198_2_it_is_offered_once_stanzas_are_near() {
    let mut host = Host::opened(direct());
    assert!(!host.take_sent().contains(ns::SM));
    host.log_in_as("alice", "secret");
    host.receive(HEADER);
    assert!(host.take_sent().contains("<sm xmlns='urn:xmpp:sm:3'/>"));
    let mut config = direct();
    config.management = None;
    let mut host = Host::opened(config);
    host.log_in_as("alice", "secret");
    host.receive(HEADER);
    assert!(!host.take_sent().contains(ns::SM));
}

#[test]
fn what_is_not_offered_is_not_understood() {
    let mut config = config();
    config.management = None;
    let mut host = Host::secured(config);
    host.log_in_as("alice", "secret");
    host.receive(HEADER);
    host.bind();
    host.take_sent();
    host.receive(ENABLE);
    host.refused("unsupported-stanza-type");
}

#[test]
fn xep0198_3_enable_is_answered() {
    // By default an owner resumes nothing, so there is no id.
    for enable in [ENABLE, ENABLE_RESUME] {
        let mut host = Host::online(config());
        host.receive(enable);
        assert_eq!(host.take_sent(), ENABLED, "{enable}");
    }
    // §5: and with it only for a client that asks for it.
    for (resume, granted) in
        [("", false), (" resume='false'", false), (" resume='1'", true), (" resume='true'", true)]
    {
        let mut host = Host::online(with(|_| {}));
        host.receive(format!("<enable xmlns='urn:xmpp:sm:3'{resume}/>"));
        let sent = host.take_sent();
        assert_eq!(attr(&sent, "resume"), granted.then_some("true"), "{sent}");
        assert_eq!(attr(&sent, "id").is_some(), granted, "{sent}");
    }
}

#[test]
fn xep0198_3_max_is_the_smaller_of_both_times() {
    for (asked, max) in
        [("60", "60"), ("301", "300"), ("0", "300"), ("-1", "300"), ("soon", "300"), ("", "300")]
    {
        let mut host = Host::online(with(|_| {}));
        host.receive(format!("<enable xmlns='urn:xmpp:sm:3' resume='true' max='{asked}'/>"));
        assert_eq!(attr(&host.take_sent(), "max"), Some(max), "{asked}");
    }
    // `max` is a positive integer.
    let mut host = Host::online(with(|it| it.max_resume = Duration::from_millis(1)));
    host.receive(ENABLE_RESUME);
    assert_eq!(attr(&host.take_sent(), "max"), Some("1"));
}

#[test]
fn xep0198_5_names_of_sessions_are_long_and_never_the_same() {
    let mut ids = vec![];
    for seed in 0..20 {
        let mut host = Host::seeded(with(|_| {}), Chunks::Whole, tls13(), seed);
        host.start_tls();
        host.log_in();
        host.bind();
        host.take_sent();
        host.receive(ENABLE_RESUME);
        let sent = host.take_sent();
        let id = String::from(attr(&sent, "id").unwrap());
        assert!((26..4000).contains(&id.len()));
        assert!(!ids.contains(&id));
        ids.push(id);
    }
}

#[test]
fn xep0198_3_the_order_is_enforced() {
    // Before authentication.
    let mut host = Host::secured(config());
    host.receive(ENABLE);
    assert_eq!(host.take_sent(), failed("unexpected-request"));
    host.log_in();
    // Before a resource is bound.
    host.receive(ENABLE);
    assert_eq!(host.take_sent(), failed("unexpected-request"));
    host.bind();
    host.take_sent();
    host.receive(ENABLE);
    assert_eq!(host.take_sent(), ENABLED);
}

#[test]
fn xep0198_6_whoever_keeps_asking_in_vain_is_sent_away() {
    let mut host = Host::authenticated(config());
    host.receive(ENABLE.repeat(10));
    let (ended, before) = host.refused("policy-violation");
    assert_eq!(before, failed("unexpected-request").repeat(5));
    assert_eq!(ended.reason, Reason::Peer(PeerFault::ManagementMisused));
}

#[test]
fn xep0198_3_a_second_enable_ends_the_stream() {
    let mut host = managed(config());
    host.receive(ENABLE);
    let (ended, before) = host.refused("policy-violation");
    // §6: that is what it gets for the element, and then the stream ends, as §3 wants it.
    assert_eq!(before, failed("unexpected-request") + &a(0));
    assert_eq!(ended.reason, Reason::Peer(PeerFault::ManagementMisused));
}

#[test]
fn xep0198_6_acknowledgements_without_management_are_refused() {
    for element in [R, &a(0)] {
        let mut host = Host::online(config());
        host.receive(element);
        assert_eq!(host.take_sent(), failed("unexpected-request"));
        host.assert_open();
    }
    for element in ["<enabled xmlns='urn:xmpp:sm:3'/>", "<resumed xmlns='urn:xmpp:sm:3'/>"] {
        let mut host = managed(config());
        host.receive(element);
        host.take_sent();
        assert!(host.server.is_idle(), "{element}");
    }
}

#[test]
fn xep0198_4_what_came_after_enable_counts() {
    let mut host = Host::online(config());
    host.receive(message("early"));
    host.receive(ENABLE);
    host.take_sent();
    host.receive(R);
    assert_eq!(host.take_sent(), a(0));
    host.receive(format!("{}<presence/>{R}", message("m1")));
    assert_eq!(host.take_sent(), a(2));
    // Whatever becomes of it: a query that the machine answers, an answer that nobody waits for, and
    // what cannot be understood.
    host.receive(
        "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>\
         <iq type='result' id='nobody' to='example.org'/><iq type='wrong' id='w'/>",
    );
    host.take_sent();
    host.receive(R);
    assert_eq!(host.take_sent(), a(5));
    // §4: nothing but stanzas does.
    host.receive(format!(" {R}"));
    assert_eq!(host.take_sent(), a(5));
}

#[test]
fn xep0198_4_a_stanza_is_handled_once_the_owner_has_it() {
    let mut host = managed(config());
    host.takes_events = false;
    host.receive(message("m1") + &message("m2") + R);
    assert_eq!(host.take_sent(), "", "the owner has not taken it");
    host.takes_events = true;
    host.drain();
    assert_eq!(host.take_sent(), a(2), "as soon as it is");
    // §4: an answer is not withheld for anything but a timeout.
    host.takes_events = false;
    host.receive(message("m3") + R);
    host.pass(Duration::from_millis(250));
    assert_eq!(host.take_sent(), a(2));
}

#[test]
fn xep0198_4_acknowledgements_come_unasked_now_and_then() {
    let mut host = managed(with(|it| it.ack_every = 3));
    host.receive(message("m").repeat(7));
    assert_eq!(host.take_sent(), a(3) + &a(6));
}

#[test]
fn xep0198_4_a_stanza_is_done_with_when_it_is_acknowledged() {
    let mut host = Host::online(config());
    let early = host.send("early");
    let (token, outcome) = host.outcome();
    assert!(token == early && matches!(outcome, Outcome::Written));
    host.receive(ENABLE);
    let tokens = [host.send("n1"), host.send("n2")];
    assert!(host.next_completion().is_none(), "to be written is not enough");
    assert_eq!(host.server.unacked().map(|(token, _)| token).collect::<Vec<_>>(), tokens);
    host.receive(a(1));
    let (token, outcome) = host.outcome();
    assert!(token == tokens[0] && matches!(outcome, Outcome::Acked));
    assert!(host.next_completion().is_none());
    host.receive(a(1) + &a(2));
    let (token, outcome) = host.outcome();
    assert!(token == tokens[1] && matches!(outcome, Outcome::Acked));
    assert!(host.next_completion().is_none());
    host.assert_open();
}

#[test]
fn xep0198_4_acknowledgements_are_asked_for_now_and_then() {
    let mut host = managed(with(|it| it.request_every = 3));
    for id in ["1", "2"] {
        host.send(id);
    }
    assert!(!host.take_sent().contains(R));
    host.send("3");
    assert!(host.take_sent().ends_with(R));
    host.receive(a(3));
    host.send("4");
    host.take_sent();
    host.pass(Duration::from_secs(2));
    assert_eq!(host.take_sent(), R, "and after some time at the latest");
}

#[test]
fn xep0198_6_a_count_that_cannot_be_ends_the_stream() {
    for h in [2, 7, u32::MAX] {
        let mut host = managed(config());
        host.send("n1");
        host.take_sent();
        host.receive(a(h));
        let sent = host.take_sent();
        let error = format!(
            "{}<stream:error><undefined-condition xmlns='{}'/>\
             <handled-count-too-high xmlns='urn:xmpp:sm:3' h='{h}' send-count='1'/>\
             </stream:error>{CLOSE}",
            a(0),
            ns::STREAM_ERROR
        );
        assert_eq!(sent, error);
        assert_eq!(host.ended().reason, Reason::Peer(PeerFault::AckTooHigh { h, sent: 1 }));
        let (_, outcome) = host.outcome();
        assert!(matches!(outcome, Outcome::Unacked(_)));
    }
    // One that goes back is no better.
    let mut host = managed(config());
    for id in ["1", "2"] {
        host.send(id);
    }
    host.receive(a(2) + &a(1));
    assert!(matches!(host.ended().reason, Reason::Peer(PeerFault::AckTooHigh { h: 1, sent: 2 })));
}

#[test]
fn xep0198_4_an_acknowledgement_must_have_a_count() {
    for count in ["", " h=''", " h='one'", " h='-1'", " h='+1'", " h='4294967296'"] {
        let mut host = managed(config());
        host.receive(format!("<a xmlns='urn:xmpp:sm:3'{count}/>"));
        let (ended, _) = host.refused("bad-format");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::BadAck), "{count}");
    }
}

#[test]
fn xep0198_4_counts_go_on_with_zero() {
    let mut host = managed(config());
    host.server.flow.management.as_mut().unwrap().count_from(u32::MAX - 1, u32::MAX - 1);
    host.receive(message("m1") + R);
    assert_eq!(host.take_sent(), a(u32::MAX));
    host.receive(message("m2") + R);
    assert_eq!(host.take_sent(), a(0));
    host.receive(message("m3") + R);
    assert_eq!(host.take_sent(), a(1));
    let tokens: Vec<_> = ["1", "2", "3"].map(|id| host.send(id)).into();
    host.receive(a(u32::MAX));
    assert_eq!(host.outcome().0, tokens[0]);
    host.receive(a(1));
    assert_eq!(host.outcome().0, tokens[1]);
    assert_eq!(host.outcome().0, tokens[2]);
    host.receive(a(2));
    assert!(matches!(host.ended().reason, Reason::Peer(PeerFault::AckTooHigh { h: 2, sent: 1 })));
}

#[test]
fn xep0198_4_the_last_word_is_an_acknowledgement() {
    // The client closes. What waits for the owner counts, for the owner gets it before the end.
    let mut host = managed(config());
    host.receive(message("m1") + &message("m2") + CLOSE);
    assert_eq!(host.take_sent(), a(2) + CLOSE);
    // We do: and hear what the client has got before it closes.
    let mut host = managed(config());
    host.receive(message("m1"));
    let token = host.send("n1");
    host.take_sent();
    host.server.close(host.now);
    host.drain();
    assert_eq!(host.take_sent(), a(1) + R + CLOSE);
    host.receive(a(1) + R + &message("m2"));
    let (acked, outcome) = host.outcome();
    assert!(acked == token && matches!(outcome, Outcome::Acked));
    host.pass(Duration::from_secs(1));
    // RFC 6120 §4.4: nothing follows the closing tag.
    assert_eq!(host.take_sent(), "");
    host.receive(CLOSE);
    assert_eq!(host.ended().reason, Reason::ClosedByUs);
}

#[test]
fn what_is_not_acknowledged_is_handed_back_in_the_end() {
    let mut host = managed(config());
    host.send("n1");
    host.takes_output = false;
    host.send("n2");
    host.lose(crate::endpoint::LostCause::Reset);
    let (_, outcome) = host.outcome();
    assert!(matches!(outcome, Outcome::Unacked(stanza) if stanza.id() == Some("n1")));
    // Certainly it has not arrived.
    let (_, outcome) = host.outcome();
    assert!(matches!(outcome, Outcome::Failed(stanza) if stanza.id() == Some("n2")));
    assert!(matches!(host.ended().reason, Reason::Transport(_)));
}

#[test]
fn a_silent_client_is_asked_and_given_up() {
    // XEP-0198 §1: the stream is checked, and by its own means (§8.2).
    let mut config = config();
    config.keepalive.probe_after = Some(Duration::from_mins(1));
    config.keepalive.timeout = Duration::from_secs(20);
    let mut host = managed(config);
    host.pass(Duration::from_secs(59));
    assert_eq!(host.take_sent(), "");
    host.pass(Duration::from_secs(1));
    assert_eq!(host.take_sent(), R);
    host.receive(a(0));
    host.pass(Duration::from_mins(1));
    assert_eq!(host.take_sent(), R);
    host.pass(Duration::from_secs(20));
    assert_eq!(host.ended().reason, Reason::TimedOut(Timer::Keepalive));
    let action = host.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
}

#[test]
fn there_is_an_end_to_what_waits_for_acknowledgement() {
    let mut host = managed(with(|it| it.max_unacked = 3));
    for id in ["1", "2", "3"] {
        host.send(id);
    }
    assert!(!host.server.has_room());
    let rejected = host.server.send(host.now, news("4")).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyUnacked);
    host.receive(a(1));
    assert!(host.server.has_room());
    // In bytes, too.
    let mut host = managed(with(|it| it.max_unacked_bytes = 1));
    host.send("1");
    let rejected = host.server.send(host.now, news("2")).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyUnacked);
}

#[test]
fn a_client_that_never_acknowledges_its_answers_is_given_up() {
    let mut host = managed(with(|it| it.max_unacked = 3));
    let bind = |n: usize| bind(&format!("b{n}"), "again");
    host.receive((0..6).map(bind).collect::<String>());
    host.assert_open();
    host.receive(bind(6));
    assert_eq!(host.ended().reason, Reason::Peer(PeerFault::NoAcks));
}

#[test]
fn any_chunks_give_the_same() {
    same_for_all_chunks(|chunks| {
        let mut host = Host::online_with(config(), chunks);
        host.receive(String::from(ENABLE) + &message("m1") + R);
        host.send("n1");
        host.receive(message("m2") + &a(1) + R + &message("m3") + CLOSE);
        host.transcript()
    });
}
