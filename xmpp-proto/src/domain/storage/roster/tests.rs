use alloc::string::String;
use alloc::vec::Vec;
use std::format;

use super::{MemoryRoster, RosterItem, Subscription};
use crate::jid::BareJid;

fn contact(number: u64) -> BareJid {
    BareJid::new(&format!("c{number}@example.org")).unwrap()
}

fn set(roster: &mut MemoryRoster, number: u64, version: u64) {
    roster.change(&RosterItem::new(contact(number)), version, 3);
}

fn remove(roster: &mut MemoryRoster, number: u64, version: u64) {
    let item = RosterItem::new(contact(number)).with_subscription(Subscription::Remove);
    roster.change(&item, version, 3);
}

fn since(roster: &MemoryRoster, version: u64) -> Option<Vec<String>> {
    let changes = roster.changes(version)?;
    let show = |(version, item): (u64, RosterItem)| {
        let sign = if item.subscription == Subscription::Remove { '-' } else { '+' };
        format!("{version}{sign}{}", item.jid.local().unwrap())
    };
    Some(changes.into_iter().map(show).collect())
}

#[test]
fn changes_since_a_version_come_in_the_order_of_the_last_ones() {
    // RFC 6121 §2.6.3
    let mut roster = MemoryRoster::default();
    assert_eq!(since(&roster, 0).unwrap(), [""; 0]);
    set(&mut roster, 1, 100);
    set(&mut roster, 2, 101);
    set(&mut roster, 1, 102);
    remove(&mut roster, 2, 103);
    assert_eq!(since(&roster, 100).unwrap(), ["102+c1", "103-c2"]);
    assert_eq!(since(&roster, 102).unwrap(), ["103-c2"]);
    assert_eq!(since(&roster, 103).unwrap(), [""; 0]);
}

#[test]
fn versions_that_the_roster_never_had_are_unknown() {
    let mut roster = MemoryRoster::default();
    set(&mut roster, 1, 100);
    // Also those of an earlier account of that name.
    assert_eq!(since(&roster, 0), None);
    assert_eq!(since(&roster, 99), None);
    assert_eq!(since(&roster, 101), None);
}

#[test]
fn only_the_last_changes_are_remembered() {
    let mut roster = MemoryRoster::default();
    for version in 0..10 {
        set(&mut roster, version, 100 + version);
    }
    assert_eq!(since(&roster, 105), None);
    assert_eq!(since(&roster, 106).unwrap(), ["107+c7", "108+c8", "109+c9"]);
    assert_eq!((roster.changes.len(), roster.changed.len()), (3, 3));
    // One contact again and again is one change.
    for version in 110..120 {
        set(&mut roster, 1, version);
    }
    assert_eq!(since(&roster, 107).unwrap(), ["108+c8", "109+c9", "119+c1"]);
    assert_eq!((roster.changes.len(), roster.changed.len()), (3, 3));
}
