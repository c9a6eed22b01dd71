//! How sessions come and go.

use super::*;
use crate::domain::{AccountError, DomainFull};
use crate::endpoint::{AuthFault, ConnInfo, Endpoint, LostCause, ServerTls};
use crate::sasl::StoredCredentials;
use crate::stanza::Condition;
use crate::stream::StreamCondition;

/// Why a client's stream has ended.
#[track_caller]
fn reason(world: &mut World, id: ClientId) -> Reason {
    loop {
        match world.next_event(id) {
            Some(Event::Ended(Ended { reason, .. })) => return reason,
            Some(_) => {}
            None => panic!("the stream has not ended"),
        }
    }
}

/// The stream error that has ended a client's stream.
#[track_caller]
fn condition(world: &mut World, id: ClientId) -> StreamCondition {
    match reason(world, id) {
        Reason::Reported(error) => error.condition(),
        other => panic!("{other:?}"),
    }
}

fn keys() -> StoredCredentials {
    StoredCredentials::from_password("x", b"salt", 1).unwrap()
}

fn resources(world: &World, account: &str) -> Vec<String> {
    let account = account.parse().unwrap();
    world.domain().resources(&account).map(|jid| jid.resource().to_string()).collect()
}

#[test]
fn the_embedder_hears_who_comes_and_goes() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let session = world.session(alice).unwrap();
    let event = world.with_domain(|domain, _| domain.poll_event());
    let Some(DomainEvent::Online { session: online, jid }) = event else { panic!("{event:?}") };
    assert_eq!((online, jid.as_str()), (session, "alice@example.org/desk"));
    assert_eq!(resources(&world, "alice@example.org"), ["desk"]);
    world.close(alice);
    world.settle();
    let event = world.with_domain(|domain, _| domain.poll_event());
    let Some(DomainEvent::Ended { session: gone, jid, ended }) = event else { panic!("{event:?}") };
    assert_eq!((gone, jid.unwrap().as_str()), (session, "alice@example.org/desk"));
    assert_eq!(ended.reason, Reason::ClosedByPeer);
    assert!(resources(&world, "alice@example.org").is_empty());
    assert_eq!(world.domain().sessions(), 0);
}

#[test]
fn events_that_nobody_takes_are_dropped_and_counted() {
    let mut config = config();
    config.max_events = 3;
    let mut world = world_of(config);
    for n in 0..5 {
        world.login(&format!("alice@example.org/{n}"));
    }
    assert_eq!(world.domain().missed_events(), 2);
    let mut seen = Vec::new();
    while let Some(event) = world.with_domain(|domain, _| domain.poll_event()) {
        let DomainEvent::Online { jid, .. } = event else { panic!("{event:?}") };
        seen.push(jid.resource().to_string());
    }
    assert_eq!(seen, ["2", "3", "4"]);
}

#[test]
fn rfc6120_7_7_2_2_a_resource_in_use_passes_over_to_the_newer_session() {
    let mut world = world();
    let older = world.available("alice@example.org/desk", 0);
    let newer = world.available("alice@example.org/desk", 0);
    assert_eq!(condition(&mut world, older), StreamCondition::Conflict);
    assert_eq!(resources(&world, "alice@example.org"), ["desk"]);
    let bob = world.login("bob@example.org/desk");
    world.say(bob, chat("alice@example.org/desk", "1"));
    assert_eq!(world.messages(newer).len(), 1);
    // That the older one has ended later than the newer one began takes nothing from it.
    world.pass(Duration::from_mins(1));
    assert_eq!(resources(&world, "alice@example.org"), ["desk"]);
    assert_eq!(world.domain().sessions(), 2);
}

#[test]
fn rfc6120_7_6_2_1_there_is_a_limit_to_resources() {
    let mut config = config();
    config.max_resources = 2;
    let mut world = world_of(config);
    world.login("alice@example.org/1");
    let second = world.login("alice@example.org/2");
    let third = world.connect("alice@example.org/3");
    world.settle();
    assert_eq!(refusal(&mut world, third), Condition::ResourceConstraint);
    // A resource that is there already is not one more.
    let again = world.login("alice@example.org/2");
    assert_eq!(condition(&mut world, second), StreamCondition::Conflict);
    world.close(again);
    world.settle();
    world.login("alice@example.org/3");
}

/// Why binding was refused.
#[track_caller]
fn refusal(world: &mut World, id: ClientId) -> Condition {
    match reason(world, id) {
        Reason::Bind(error) => error.condition(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn there_is_a_limit_to_sessions() {
    let mut config = config();
    config.max_sessions = 2;
    let mut world = world_of(config);
    world.login("alice@example.org/1");
    let second = world.login("alice@example.org/2");
    let accepted = world.with_domain(|domain, now| domain.accept(now, ServerTls::StartTls));
    assert_eq!(accepted, Err(DomainFull));
    world.close(second);
    world.settle();
    world.login("alice@example.org/3");
}

#[test]
fn a_wrong_password_and_an_unknown_account_look_the_same() {
    let mut world = world();
    let failures = ["alice@example.org/desk", "nobody@example.org/desk"].map(|jid| {
        let config = crate::endpoint::ClientConfig::new(
            jid.parse::<crate::jid::FullJid>().unwrap().to_bare(),
            "wrong",
        );
        let mut config = config.with_resource("desk");
        config.scram.min_iterations = 1;
        let id = world.connect_with(config);
        world.settle();
        let Reason::Auth(AuthFault::Refused(failure)) = reason(&mut world, id) else {
            panic!("not refused")
        };
        failure
    });
    assert_eq!(failures[0], failures[1]);
}

#[test]
fn accounts_have_prepared_names_and_are_made_once() {
    let mut config = config();
    config.max_accounts = 2;
    let mut world = World::new(config);
    world.with_domain(|domain, _| {
        assert_eq!(domain.add_account("Alice", keys()).unwrap().as_str(), "alice@example.org");
        assert_eq!(domain.add_account("ALICE", keys()), Err(AccountError::Taken));
        for name in ["", "a b", "a@b", "a/b"] {
            assert!(matches!(domain.add_account(name, keys()), Err(AccountError::Name(_))));
        }
        domain.add_account("bob", keys()).unwrap();
        assert_eq!(domain.add_account("carol", keys()), Err(AccountError::TooMany));
    });
}

#[test]
fn new_credentials_are_for_the_next_login() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let account = "alice@example.org".parse().unwrap();
    let nobody = "nobody@example.org".parse().unwrap();
    world.with_domain(|domain, _| {
        assert_eq!(domain.set_credentials(&account, keys()), Ok(true));
        assert_eq!(domain.set_credentials(&nobody, keys()), Ok(false));
    });
    world.settle();
    assert!(world.is_online(alice));
    let id = world.connect("alice@example.org/phone");
    world.settle();
    assert!(matches!(reason(&mut world, id), Reason::Auth(_)));
}

#[test]
fn rfc6120_4_9_3_12_a_removed_account_is_logged_out_and_gone() {
    let mut world = world();
    let alice = world.available("alice@example.org/desk", 0);
    let phone = world.login("alice@example.org/phone");
    let bob = world.login("bob@example.org/desk");
    let account = "alice@example.org".parse().unwrap();
    let remove = |world: &mut World| {
        let removed = world.with_domain(|domain, now| domain.remove_account(now, &account));
        world.settle();
        removed.unwrap()
    };
    assert!(remove(&mut world));
    assert!(!remove(&mut world));
    assert_eq!(condition(&mut world, alice), StreamCondition::NotAuthorized);
    assert_eq!(condition(&mut world, phone), StreamCondition::NotAuthorized);
    let id = world.connect("alice@example.org/desk");
    world.settle();
    assert!(matches!(reason(&mut world, id), Reason::Auth(_)));
    world.say(bob, chat("alice@example.org", "1"));
    assert_eq!(world.messages(bob)[0].error().unwrap().condition(), Condition::ServiceUnavailable);
    // Whoever gets the name finds nothing of what was before.
    world.account("alice", "new");
    world.login("alice@example.org/desk");
}

#[test]
fn rfc6120_4_9_3_20_a_domain_that_shuts_down_tells_everybody() {
    let mut world = world();
    let ids =
        ["alice", "bob", "carol"].map(|it| world.available(&format!("{it}@example.org/x"), 0));
    world.set_reading(ids[2], false);
    world.with_domain(Domain::shut_down);
    world.settle();
    for id in &ids[..2] {
        assert_eq!(condition(&mut world, *id), StreamCondition::SystemShutdown);
    }
    // Whoever does not listen is not waited for.
    assert_eq!(world.domain().sessions(), 1);
    world.pass(Duration::from_secs(5));
    assert_eq!(world.domain().sessions(), 0);
    for account in ["alice", "bob", "carol"] {
        assert!(resources(&world, &format!("{account}@example.org")).is_empty());
    }
}

#[test]
fn messages_outlive_a_shut_down() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.available("bob@example.org/phone", 0);
    world.set_reading(bob, false);
    world.say(alice, chat("bob@example.org", "1"));
    world.with_domain(Domain::shut_down);
    world.pass(Duration::from_secs(5));
    let bob = world.available("bob@example.org/phone", 0);
    assert_eq!(world.messages(bob).len(), 1);
}

#[test]
fn a_name_of_a_released_session_means_nothing() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let old = world.session(alice).unwrap();
    world.close(alice);
    world.settle();
    let bob = world.login("bob@example.org/desk");
    let new = world.session(bob).unwrap();
    assert_ne!(old, new, "the place is the same, the name is not");
    world.with_domain(|domain, now| {
        assert!(domain.session(old).is_none());
        domain.release(now, old);
        domain.release(now, old);
        assert!(domain.session(new).is_some());
        assert_eq!(domain.sessions(), 1);
    });
    world.settle();
    assert!(world.is_online(bob));
}

#[test]
fn a_session_that_is_released_before_its_end_is_lost() {
    let mut world = world();
    let alice = world.available("alice@example.org/desk", 0);
    let session = world.session(alice).unwrap();
    while world.with_domain(|domain, _| domain.poll_event()).is_some() {}
    world.with_domain(|domain, now| domain.release(now, session));
    assert!(resources(&world, "alice@example.org").is_empty());
    assert_eq!(world.domain().sessions(), 0);
    let event = world.with_domain(|domain, _| domain.poll_event());
    let Some(DomainEvent::Ended { ended, .. }) = event else { panic!("{event:?}") };
    assert_eq!(ended.reason, Reason::Transport(LostCause::Reset));
}

#[test]
fn a_client_that_says_nothing_is_given_up_in_time() {
    let mut world = world();
    let session = world.with_domain(|domain, now| {
        let session = domain.accept(now, ServerTls::StartTls).unwrap();
        let mut port = domain.session(session).unwrap();
        let link = port.attempt();
        port.handle_connected(now, link, ConnInfo::new());
        session
    });
    assert_eq!(world.domain().poll_timeout(), Some(world.now() + Duration::from_secs(30)));
    world.pass(Duration::from_secs(30));
    // It still wants to say why.
    let outgoing = world.with_domain(|domain, _| {
        String::from_utf8(domain.session(session).unwrap().outgoing().to_vec()).unwrap()
    });
    assert!(outgoing.contains("<connection-timeout "), "{outgoing}");
    world.pass(Duration::from_secs(5));
    world.with_domain(|domain, now| {
        let mut port = domain.session(session).unwrap();
        while !matches!(port.step(), crate::endpoint::Step::Wait { .. }) {}
        assert!(port.is_over());
        domain.release(now, session);
        assert_eq!(domain.sessions(), 0);
        assert_eq!(domain.poll_timeout(), None);
    });
}

#[test]
fn each_ready_session_is_named_once() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.available("bob@example.org/phone", 0);
    let session = world.session(bob).unwrap();
    let _ = alice;
    world.with_domain(|domain, now| {
        for _ in 0..3 {
            domain.deliver(now, chat("bob@example.org", "1"));
        }
        assert_eq!(domain.poll_ready(), Some(session));
        assert_eq!(domain.poll_ready(), None);
        domain.deliver(now, chat("bob@example.org", "1"));
        assert_eq!(domain.poll_ready(), Some(session));
        assert_eq!(domain.poll_ready(), None);
    });
}

#[test]
fn a_domain_may_be_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Domain>();
}
