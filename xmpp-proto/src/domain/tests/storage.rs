//! A storage that fails.

use alloc::rc::Rc;
use core::cell::Cell;

use super::*;
use crate::domain::{MemoryStorage, RosterStorage, Storage, StorageError, Stored};
use crate::endpoint::{AuthFault, Client, Request, RequestError};
use crate::jid::BareJid;
use crate::modules::roster::RosterItem;
use crate::sasl::{FailureCondition, StoredCredentials};
use crate::stanza::{Condition, ErrorType, Iq};

/// Memory that cannot be read or written while `fails`.
struct Failing {
    memory: MemoryStorage,
    fails: Rc<Cell<bool>>,
}

/// Hands methods on to the memory, unless it fails.
macro_rules! pass_on {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {$(
        fn $name(&mut self, $($arg: $type),*) -> Result<$result, StorageError> {
            if self.fails.get() {
                return Err(StorageError::new("the disk is full"));
            }
            self.memory.$name($($arg),*)
        }
    )*};
}

impl RosterStorage for Failing {
    pass_on! {
        roster_version(account: &str) -> u64;
        count_roster_items(account: &str) -> usize;
        roster_item(account: &str, contact: &BareJid) -> Option<RosterItem>;
        each_roster_item(account: &str, each: &mut dyn FnMut(&RosterItem)) -> ();
        change_roster(account: &str, item: &RosterItem, version: u64, remembered: usize) -> ();
        roster_changes(account: &str, since: u64) -> Option<Vec<(u64, RosterItem)>>;
        has_request(account: &str, contact: &BareJid) -> bool;
        count_requests(account: &str) -> usize;
        requests(account: &str) -> Vec<(BareJid, Presence)>;
        store_request(account: &str, contact: &BareJid, request: &Presence) -> ();
        remove_request(account: &str, contact: &BareJid) -> ();
    }
}

impl Storage for Failing {
    pass_on! {
        credentials(account: &str) -> Option<StoredCredentials>;
        has_account(account: &str) -> bool;
        count_accounts() -> usize;
        set_account(account: &str, credentials: StoredCredentials) -> ();
        remove_account(account: &str) -> bool;
        stored(account: &str) -> Stored;
        store(account: &str, message: Message, bytes: usize) -> ();
        take_stored(account: &str) -> Vec<Message>;
    }
}

/// A domain over such a storage, and the switch that makes it fail.
fn failing() -> (World<Client, Failing>, Rc<Cell<bool>>) {
    let fails = Rc::new(Cell::new(false));
    let storage = Failing { memory: MemoryStorage::new(), fails: fails.clone() };
    let mut world = World::with_storage(config(), storage, Client::new);
    for name in ["alice", "bob"] {
        world.account(name, name);
    }
    (world, fails)
}

#[test]
fn who_logs_in_while_the_storage_fails_may_try_again() {
    let (mut world, fails) = failing();
    fails.set(true);
    let id = world.connect("alice@example.org/desk");
    world.settle();
    let event = world.next_event(id);
    let Some(Event::Ended(ended)) = event else { panic!("{event:?}") };
    let Reason::Auth(AuthFault::Refused(failure)) = &ended.reason else { panic!("{ended}") };
    // RFC 6120 §6.5.11.
    assert_eq!(failure.condition, FailureCondition::TemporaryAuthFailure);
    assert!(ended.is_retryable());
    fails.set(false);
    world.login("alice@example.org/desk");
}

#[test]
fn a_message_that_cannot_be_stored_comes_back() {
    let (mut world, fails) = failing();
    let alice = world.login("alice@example.org/desk");
    fails.set(true);
    world.send(alice, chat("bob@example.org", "1")).unwrap();
    world.settle();
    let stanzas = world.take_stanzas(alice);
    let [Stanza::Message(bounced)] = &stanzas[..] else { panic!("{stanzas:?}") };
    assert_eq!(bounced.error().unwrap().condition(), Condition::InternalServerError);
}

#[test]
fn stored_messages_that_cannot_be_read_stay() {
    let (mut world, fails) = failing();
    let alice = world.login("alice@example.org/desk");
    world.send(alice, chat("bob@example.org", "1")).unwrap();
    world.settle();
    let bob = world.login("bob@example.org/phone");
    let messages = |world: &mut World<Client, Failing>, priority| {
        let presence = Presence::available().priority(priority).build().unwrap();
        world.send(bob, presence).unwrap();
        world.settle();
        let stanzas = world.take_stanzas(bob).into_iter();
        stanzas.filter(|stanza| matches!(stanza, Stanza::Message(_))).count()
    };
    fails.set(true);
    assert_eq!(messages(&mut world, 0), 0);
    fails.set(false);
    assert_eq!(messages(&mut world, -1), 0);
    assert_eq!(messages(&mut world, 0), 1);
}

#[test]
fn an_account_is_neither_made_nor_removed_without_storage() {
    let (mut world, fails) = failing();
    let alice = world.login("alice@example.org/desk");
    fails.set(true);
    let account = "alice@example.org".parse().unwrap();
    world.with_domain(|domain, now| {
        let keys = StoredCredentials::new();
        assert!(domain.add_account("carol", keys.clone()).is_err());
        assert!(domain.set_credentials(&account, keys).is_err());
        assert!(domain.remove_account(now, &account).is_err());
    });
    fails.set(false);
    world.settle();
    assert!(world.is_online(alice));
    let id = world.connect("carol@example.org/desk");
    world.settle();
    assert!(!world.is_online(id));
}

#[test]
fn a_roster_that_cannot_be_read_or_stored_is_an_error_that_passes() {
    let (mut world, fails) = failing();
    let alice = world.login("alice@example.org/desk");
    let get = || Request::get("<query xmlns='jabber:iq:roster'/>".parse().unwrap());
    let set = "<query xmlns='jabber:iq:roster'><item jid='bob@example.org'/></query>";
    let set = || Request::set(set.parse().unwrap());
    fails.set(true);
    for request in [get(), set()] {
        let Err(RequestError::Stanza(error)) = world.ask(alice, request) else { panic!() };
        assert_eq!(error.condition(), Condition::InternalServerError);
        assert_eq!(error.type_(), ErrorType::Wait);
    }
    fails.set(false);
    let items =
        |answer: Result<Iq, RequestError>| answer.unwrap().payload().unwrap().elements().count();
    assert_eq!(items(world.ask(alice, get())), 0);
    world.ask(alice, set()).unwrap();
    assert_eq!(items(world.ask(alice, get())), 1);
}

#[test]
fn a_request_that_cannot_be_stored_is_an_error_and_can_be_made_again() {
    let (mut world, fails) = failing();
    let alice = world.login("alice@example.org/desk");
    let bob = world.login("bob@example.org/phone");
    world.send(bob, Presence::available().build().unwrap()).unwrap();
    world.settle();
    world.take_stanzas(bob);
    let subscribe = || Presence::subscribe(jid("bob@example.org").to_bare()).build().unwrap();
    fails.set(true);
    world.send(alice, subscribe()).unwrap();
    world.settle();
    let stanzas = world.take_stanzas(alice);
    let [Stanza::Presence(error)] = &stanzas[..] else { panic!("{stanzas:?}") };
    assert_eq!(error.error().unwrap().condition(), Condition::InternalServerError);
    assert_eq!(world.take_stanzas(bob), []);
    fails.set(false);
    world.send(alice, subscribe()).unwrap();
    world.settle();
    assert_eq!(world.take_stanzas(bob).len(), 1);
}

#[test]
fn presence_that_nobody_can_be_told_of_reaches_its_own_account() {
    let (mut world, fails) = failing();
    let alice = world.login("alice@example.org/desk");
    fails.set(true);
    world.send(alice, Presence::available().build().unwrap()).unwrap();
    world.settle();
    assert_eq!(world.take_stanzas(alice).len(), 1);
    assert!(world.is_online(alice));
}
