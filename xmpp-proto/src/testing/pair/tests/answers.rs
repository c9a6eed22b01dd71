//! What the owner of the server says, when, and whether.

use alloc::string::{String, ToString};
use core::time::Duration;

use super::super::{Answer, Mode, Owner, Pair, Side, Wire};
use super::{PLAIN, Path, Resource, SCRAM, Transport, client_end, ping, run, server_end};
use crate::endpoint::{
    Bound, Completion, ConnInfo, Endpoint, PeerFault, Reason, RequestError, Server, ServerEvent,
    Step,
};
use crate::sasl::Mechanism;
use crate::stanza::Condition;
use crate::{Instant, Seed};

const EXTERNAL: Path = Path::new(Transport::StartTls, Mechanism::External);

/// Runs a login with a changed owner.
fn with_owner(path: Path, change: impl FnOnce(&mut Owner)) -> (Reason, Reason, String, Pair) {
    let mut owner = path.owner();
    change(&mut owner);
    let wire = path.wire(Wire::new());
    let (client, server, pair) =
        run(Pair::new(path.client(), path.server(), owner).with_wire(wire));
    let condition = client.condition().map_or_else(String::new, String::from);
    (client.reason, server.reason, condition, pair)
}

#[test]
fn rfc6120_6_5_10_unknown_users_and_wrong_passwords_look_the_same() {
    for path in [PLAIN, SCRAM, Path::new(Transport::Plain, Mechanism::ScramSha1)] {
        let unknown = with_owner(path, |owner| owner.accounts.clear());
        let wrong = with_owner(path, |owner| owner.credentials = Answer::Wrong);
        for (client, server, condition, _) in [unknown, wrong] {
            assert!(matches!(client, Reason::Auth(_)), "{client}");
            assert_eq!(condition, "not-authorized");
            assert_eq!(server, Reason::ClosedByPeer);
        }
    }
}

#[test]
fn a_certificate_of_nobody_or_of_somebody_else_is_refused() {
    let nobody = with_owner(EXTERNAL, |owner| owner.certificates.clear());
    let other = with_owner(EXTERNAL, |owner| owner.identity = Answer::Wrong);
    for (client, _, condition, pair) in [nobody, other] {
        assert!(matches!(client, Reason::Auth(_)), "{client}");
        assert!(matches!(&*condition, "not-authorized" | "invalid-authzid"), "{condition}");
        assert!(pair.client().jid().is_none());
    }
}

#[test]
fn who_cannot_tell_now_says_so_and_the_client_may_come_again() {
    for (path, answer) in [
        (SCRAM, Answer::Unavailable),
        (PLAIN, Answer::Unavailable),
        (EXTERNAL, Answer::Unavailable),
        (SCRAM, Answer::Never),
        (PLAIN, Answer::Never),
        (EXTERNAL, Answer::Never),
        (SCRAM, Answer::After(Duration::from_secs(20))),
    ] {
        let (client, _, condition, pair) = with_owner(path, |owner| {
            owner.credentials = answer;
            owner.identity = answer;
        });
        assert_eq!(condition, "temporary-auth-failure", "{client}\n{}", pair.transcript());
        let waited = if answer == Answer::Unavailable { 0 } else { 15 };
        assert_eq!(pair.now().as_micros(), waited * 1_000_000, "{}", pair.transcript());
    }
}

#[test]
fn late_answers_are_good_enough() {
    for path in [SCRAM, PLAIN, EXTERNAL] {
        let mut owner = path.owner();
        let late = Answer::After(Duration::from_secs(9));
        (owner.credentials, owner.identity, owner.bind) = (late, late, late);
        let mut pair =
            Pair::new(path.client(), path.server(), owner).with_wire(path.wire(Wire::new()));
        pair.connect().unwrap();
        pair.pass(Duration::from_secs(17));
        assert!(!pair.is_online());
        pair.pass(Duration::from_secs(2));
        assert!(pair.is_online(), "{}", pair.transcript());
    }
}

#[test]
fn an_answer_after_the_end_is_refused() {
    let mut pair = SCRAM.pair(Wire::new());
    pair.owner().credentials = Answer::After(Duration::from_secs(3));
    pair.connect().unwrap();
    pair.settle();
    pair.close(Side::Server);
    pair.pass(Duration::from_secs(4));
    assert_eq!(client_end(&mut pair).reason, Reason::ClosedByPeer);
    let text = alloc::format!("{}", pair.transcript());
    assert!(text.contains("answer: Err(UnknownQuestion)"), "{text}");
    pair.run_to_end();
    assert!(pair.is_over(), "{}", pair.transcript());
}

#[test]
fn rfc6120_7_7_2_resources_are_refused_and_not_to_be_had() {
    let path = Path { resource: Resource::Asked, ..SCRAM };
    let refuse = Bound::Refuse(Condition::Conflict.into());
    let (client, server, condition, _) = with_owner(path, |owner| owner.binding = Some(refuse));
    assert!(matches!(client, Reason::Bind(_)), "{client}");
    assert_eq!((&*condition, server), ("conflict", Reason::ClosedByPeer));
    for answer in [Answer::Unavailable, Answer::Never, Answer::Wrong] {
        let (client, server, condition, _) = with_owner(path, |owner| owner.bind = answer);
        assert!(matches!(client, Reason::Bind(_)), "{client}");
        assert_eq!((&*condition, server), ("internal-server-error", Reason::ClosedByPeer));
    }
}

#[test]
fn a_client_that_was_refused_comes_again_with_the_right_password() {
    let mut pair = SCRAM.pair(Wire::new());
    pair.owner().credentials = Answer::Wrong;
    pair.connect().unwrap();
    pair.run_to_end();
    assert_eq!(client_end(&mut pair).condition(), Some("not-authorized"));
    server_end(&mut pair);
    pair.owner().credentials = Answer::Now;
    pair.login();
}

/// What the server says to these bytes of a client that is scripted.
fn say(server: &mut Server, owner: &Owner, bytes: &str) -> String {
    let now = Instant::from_micros(0);
    let link = server.attempt();
    server.handle_received(now, link, bytes.as_bytes());
    let mut said = String::new();
    loop {
        match server.step() {
            Step::Wait { write, .. } if !write.is_empty() => {
                said.push_str(core::str::from_utf8(write).unwrap());
                let n = write.len();
                server.handle_written(now, link, n);
            }
            Step::Wait { .. } => match server.poll_event() {
                Some(ServerEvent::Credentials(ask)) => {
                    let found = owner.accounts.get(ask.username()).cloned();
                    server.credentials(now, ask, found).unwrap();
                }
                Some(ServerEvent::Ended(ended)) => said.push_str(&ended.reason.to_string()),
                Some(_) => {}
                None => return said,
            },
            _ => {}
        }
    }
}

const HEADER: &str = "<stream:stream xmlns='jabber:client' to='example.org' version='1.0' \
    xmlns:stream='http://etherx.jabber.org/streams'>";
const WRONG: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>\
    AGFsaWNlAHdyb25n</auth>";
const RIGHT: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>\
    AGFsaWNlAHNlY3JldA==</auth>";

fn raw_server() -> Server {
    let config = Path::new(Transport::Plain, Mechanism::Plain).server();
    let now = Instant::from_micros(0);
    let mut server = Server::new(config, Seed::new([1; 32]), now);
    server.handle_connected(now, server.attempt(), ConnInfo::new());
    server
}

#[test]
fn rfc6120_6_4_5_a_wrong_password_may_be_followed_by_the_right_one() {
    let (mut server, owner) = (raw_server(), SCRAM.owner());
    assert!(say(&mut server, &owner, HEADER).contains("<mechanism>PLAIN</mechanism>"));
    for _ in 0..2 {
        assert!(say(&mut server, &owner, WRONG).contains("<not-authorized/></failure>"));
    }
    assert!(say(&mut server, &owner, RIGHT).starts_with("<success "));
    assert!(say(&mut server, &owner, HEADER).contains("<bind "));
}

#[test]
fn rfc6120_6_4_5_too_many_wrong_passwords_are_the_end() {
    let (mut server, owner) = (raw_server(), SCRAM.owner());
    say(&mut server, &owner, HEADER);
    say(&mut server, &owner, WRONG);
    say(&mut server, &owner, WRONG);
    let end = say(&mut server, &owner, WRONG);
    assert!(end.contains("<not-authorized/></failure><stream:error><policy-violation"), "{end}");
    assert!(end.contains(&alloc::format!("{}", Reason::Peer(PeerFault::TooManyLogins))), "{end}");
}

#[test]
fn queries_are_answered_refused_or_time_out() {
    for (mode, side) in [
        (Mode::Result, Side::Client),
        (Mode::Result, Side::Server),
        (Mode::Error, Side::Client),
        (Mode::Error, Side::Server),
        (Mode::Silence, Side::Client),
        (Mode::Silence, Side::Server),
    ] {
        let mut pair = PLAIN.pair(Wire::new());
        pair.login();
        pair.manners(side.peer()).queries = mode;
        // Longer than the other end waits for its application.
        pair.request(side, ping().timeout(Duration::from_mins(1))).unwrap();
        pair.pass(Duration::from_secs(31));
        let Some(Completion::Reply { result, .. }) = pair.next_completion(side) else {
            panic!("no answer:\n{}", pair.transcript())
        };
        let condition = match result {
            Ok(_) => None,
            Err(RequestError::Stanza(error)) => Some(error.condition()),
            Err(other) => panic!("{other}"),
        };
        let expected = match mode {
            Mode::Result => None,
            Mode::Error => Some(Condition::ItemNotFound),
            Mode::Silence => Some(Condition::ServiceUnavailable),
        };
        assert_eq!(condition, expected, "{mode:?} {side:?}");
    }
}
