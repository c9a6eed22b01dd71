//! What is stored, and when (RFC 6121 §2.6).

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::RefCell;

use super::*;

/// A disk that can fail, and outlives the client.
#[derive(Clone, Default)]
struct Disk(Rc<RefCell<Content>>);

#[derive(Default)]
struct Content {
    copy: RosterCopy,
    calls: Vec<&'static str>,
    is_broken: bool,
}

#[derive(Debug, PartialEq)]
struct Broken;

impl Disk {
    fn write(&self, call: &'static str, f: impl FnOnce(&mut RosterCopy)) -> Result<(), Broken> {
        let content = &mut *self.0.borrow_mut();
        content.calls.push(call);
        if content.is_broken {
            return Err(Broken);
        }
        f(&mut content.copy);
        Ok(())
    }

    fn set_broken(&self, is_broken: bool) {
        self.0.borrow_mut().is_broken = is_broken;
    }

    fn take_calls(&self) -> Vec<&'static str> {
        core::mem::take(&mut self.0.borrow_mut().calls)
    }

    fn copy(&self) -> RosterCopy {
        self.0.borrow().copy.clone()
    }
}

impl RosterStorage for Disk {
    type Error = Broken;

    fn load(&mut self) -> Result<RosterCopy, Broken> {
        if self.0.borrow().is_broken { Err(Broken) } else { Ok(self.copy()) }
    }

    fn replace(&mut self, copy: &RosterCopy) -> Result<(), Broken> {
        self.write("replace", |stored| *stored = copy.clone())
    }

    fn put(&mut self, copy: &RosterCopy, item: &RosterItem) -> Result<(), Broken> {
        self.write("put", |stored| {
            stored.version.clone_from(&copy.version);
            stored.items.insert(item.jid.clone(), item.clone());
        })
    }

    fn remove(&mut self, copy: &RosterCopy, jid: &BareJid) -> Result<(), Broken> {
        self.write("remove", |stored| {
            stored.version.clone_from(&copy.version);
            stored.items.remove(jid);
        })
    }
}

fn stored(disk: &Disk) -> Roster<Disk> {
    Roster::with_storage(disk.clone(), RosterConfig::new()).unwrap()
}

fn same(script: &mut Scripted<Disk>, disk: &Disk) -> bool {
    script.client().modules().copy == disk.copy()
}

#[test]
fn every_change_is_stored_with_its_version() {
    let disk = Disk::default();
    let mut script = with_query(stored(&disk), &query("v1", &[BOB, CAROL]));
    assert_eq!(disk.take_calls(), ["replace"]);
    assert!(same(&mut script, &disk));
    push(&mut script, "", &query("v2", &[DAVE]));
    push(&mut script, "", &query("v3", &["<item jid='bob@example.net' subscription='remove'/>"]));
    assert_eq!(disk.take_calls(), ["put", "remove"]);
    assert!(same(&mut script, &disk));
    assert_eq!(disk.copy().version.as_deref(), Some("v3"));
}

#[test]
fn the_next_process_starts_with_what_is_stored() {
    let disk = Disk::default();
    drop(with_query(stored(&disk), &query("v1", &[BOB, CAROL])));
    let mut script = offline(stored(&disk));
    assert_eq!(contacts(&mut script), ["bob@example.net", "carol@example.net"]);
    login(&mut script);
    // RFC 6121 §2.6.2
    assert!(script.take_sent().contains(" ver='v1'"));
}

#[test]
fn an_unchanged_roster_is_not_stored_again() {
    let disk = Disk::default();
    drop(with_query(stored(&disk), &query("v1", &[BOB])));
    disk.take_calls();
    let _script = with_query(stored(&disk), "");
    assert!(disk.take_calls().is_empty());
}

#[test]
fn after_a_failure_all_of_it_is_stored() {
    let disk = Disk::default();
    let mut script = with_query(stored(&disk), &query("v1", &[BOB, CAROL]));
    disk.take_calls();
    disk.set_broken(true);
    push(&mut script, "", &query("v2", &[DAVE]));
    let told = told(&mut script);
    assert!(matches!(told[..], [RosterEvent::Changed(_), RosterEvent::NotStored(Broken)]));
    // What is stored is an older version, and whole.
    assert_eq!(disk.copy().version.as_deref(), Some("v1"));
    disk.set_broken(false);
    push(&mut script, "", &query("v3", &["<item jid='bob@example.net' subscription='remove'/>"]));
    assert_eq!(disk.take_calls(), ["put", "replace"]);
    assert!(same(&mut script, &disk));
}

#[test]
fn what_is_missing_is_not_hidden_by_a_stored_version() {
    let disk = Disk::default();
    let mut script = with_query(stored(&disk), &query("v1", &[BOB]));
    push(&mut script, "", &query("v2", &["<item jid='a@b/c'/>"]));
    assert_eq!(disk.copy().version, None);
    assert!(same(&mut script, &disk));
}

#[test]
fn a_storage_that_cannot_be_read_is_the_applications_affair() {
    let disk = Disk::default();
    disk.set_broken(true);
    assert_eq!(Roster::with_storage(disk, RosterConfig::new()).unwrap_err(), Broken);
}

#[test]
fn a_storage_may_be_chosen_at_run_time() {
    let disk = Disk::default();
    let chosen: Box<dyn RosterStorage<Error = Broken>> = Box::new(disk.clone());
    let roster = Roster::with_storage(chosen, RosterConfig::new()).unwrap();
    let mut script = with_query(roster, &query("v1", &[BOB]));
    push(&mut script, "", &query("v2", &[DAVE]));
    assert_eq!(disk.take_calls(), ["replace", "put"]);
}

#[test]
fn for_a_file_reading_and_replacing_are_enough() {
    struct File(RosterCopy);
    impl RosterStorage for File {
        type Error = Broken;
        fn load(&mut self) -> Result<RosterCopy, Broken> {
            Ok(self.0.clone())
        }
        fn replace(&mut self, copy: &RosterCopy) -> Result<(), Broken> {
            self.0 = copy.clone();
            Ok(())
        }
    }
    let roster = Roster::with_storage(File(RosterCopy::default()), RosterConfig::new()).unwrap();
    let mut script = with_query(roster, &query("v1", &[BOB]));
    push(&mut script, "", &query("v2", &[DAVE]));
    push(&mut script, "", &query("v3", &["<item jid='bob@example.net' subscription='remove'/>"]));
    let roster = script.client().modules();
    assert_eq!(roster.storage().0, roster.copy);
    assert_eq!(roster.version(), Some("v3"));
}
