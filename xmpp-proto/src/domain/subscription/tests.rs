use alloc::vec::Vec;

use super::{Direction, Inward, Kind, Outcome, Outward, State};
use crate::jid::BareJid;
use crate::modules::roster::{RosterItem, Subscription};
use crate::stanza::PresenceType;

/// The states of RFC 6121 §A.1, in the order of its tables.
const NONE: State = State { outward: Outward::None, inward: Inward::None };
const OUT: State = State { outward: Outward::Pending, inward: Inward::None };
const IN: State = State { outward: Outward::None, inward: Inward::Pending };
const OUT_IN: State = State { outward: Outward::Pending, inward: Inward::Pending };
const TO: State = State { outward: Outward::Subscribed, inward: Inward::None };
const TO_IN: State = State { outward: Outward::Subscribed, inward: Inward::Pending };
const FROM: State = State { outward: Outward::None, inward: Inward::Subscribed };
const FROM_OUT: State = State { outward: Outward::Pending, inward: Inward::Subscribed };
const BOTH: State = State { outward: Outward::Subscribed, inward: Inward::Subscribed };

/// The states that have no approval in advance, and the same with one: §3.4.
const NONE_APPROVED: State = State { outward: Outward::None, inward: Inward::Approved };
const OUT_APPROVED: State = State { outward: Outward::Pending, inward: Inward::Approved };
const TO_APPROVED: State = State { outward: Outward::Subscribed, inward: Inward::Approved };

const ALL: [State; 12] = [
    NONE,
    OUT,
    IN,
    OUT_IN,
    TO,
    TO_IN,
    FROM,
    FROM_OUT,
    BOTH,
    NONE_APPROVED,
    OUT_APPROVED,
    TO_APPROVED,
];

const KINDS: [Kind; 4] = [Kind::Subscribe, Kind::Subscribed, Kind::Unsubscribe, Kind::Unsubscribed];

/// A table: the state before, whether the stanza is routed or delivered, the state after.
type Table = [(State, bool, State)];

fn check(direction: Direction, kind: Kind, table: &Table) {
    let states: Vec<_> = table.iter().map(|row| row.0).collect();
    assert_eq!(states, ALL, "every state has its row");
    for &(before, goes_on, after) in table {
        let outcome = before.after(direction, kind);
        assert_eq!((outcome.goes_on, outcome.state), (goes_on, after), "{kind:?} in {before:?}");
    }
}

#[test]
fn rfc6121_a_2_1_outbound_subscribe() {
    check(
        Direction::Outbound,
        Kind::Subscribe,
        &[
            (NONE, true, OUT),
            (OUT, true, OUT),
            (IN, true, OUT_IN),
            (OUT_IN, true, OUT_IN),
            (TO, true, TO),
            (TO_IN, true, TO_IN),
            (FROM, true, FROM_OUT),
            (FROM_OUT, true, FROM_OUT),
            (BOTH, true, BOTH),
            (NONE_APPROVED, true, OUT_APPROVED),
            (OUT_APPROVED, true, OUT_APPROVED),
            (TO_APPROVED, true, TO_APPROVED),
        ],
    );
}

#[test]
fn rfc6121_a_2_2_outbound_unsubscribe() {
    check(
        Direction::Outbound,
        Kind::Unsubscribe,
        &[
            (NONE, true, NONE),
            (OUT, true, NONE),
            (IN, true, IN),
            (OUT_IN, true, IN),
            (TO, true, NONE),
            (TO_IN, true, IN),
            (FROM, true, FROM),
            (FROM_OUT, true, FROM),
            (BOTH, true, FROM),
            (NONE_APPROVED, true, NONE_APPROVED),
            (OUT_APPROVED, true, NONE_APPROVED),
            (TO_APPROVED, true, NONE_APPROVED),
        ],
    );
}

#[test]
fn rfc6121_a_2_3_outbound_subscribed() {
    // Where nobody asked, it is an approval in advance: §3.4.2.
    check(
        Direction::Outbound,
        Kind::Subscribed,
        &[
            (NONE, false, NONE_APPROVED),
            (OUT, false, OUT_APPROVED),
            (IN, true, FROM),
            (OUT_IN, true, FROM_OUT),
            (TO, false, TO_APPROVED),
            (TO_IN, true, BOTH),
            (FROM, false, FROM),
            (FROM_OUT, false, FROM_OUT),
            (BOTH, false, BOTH),
            (NONE_APPROVED, false, NONE_APPROVED),
            (OUT_APPROVED, false, OUT_APPROVED),
            (TO_APPROVED, false, TO_APPROVED),
        ],
    );
}

#[test]
fn rfc6121_a_2_4_outbound_unsubscribed() {
    // It also takes an approval in advance back.
    check(
        Direction::Outbound,
        Kind::Unsubscribed,
        &[
            (NONE, false, NONE),
            (OUT, false, OUT),
            (IN, true, NONE),
            (OUT_IN, true, OUT),
            (TO, false, TO),
            (TO_IN, true, TO),
            (FROM, true, NONE),
            (FROM_OUT, true, OUT),
            (BOTH, true, TO),
            (NONE_APPROVED, false, NONE),
            (OUT_APPROVED, false, OUT),
            (TO_APPROVED, false, TO),
        ],
    );
}

#[test]
fn rfc6121_a_3_1_inbound_subscribe() {
    check(
        Direction::Inbound,
        Kind::Subscribe,
        &[
            (NONE, true, IN),
            (OUT, true, OUT_IN),
            (IN, false, IN),
            (OUT_IN, false, OUT_IN),
            (TO, true, TO_IN),
            (TO_IN, false, TO_IN),
            (FROM, false, FROM),
            (FROM_OUT, false, FROM_OUT),
            (BOTH, false, BOTH),
            (NONE_APPROVED, false, FROM),
            (OUT_APPROVED, false, FROM_OUT),
            (TO_APPROVED, false, BOTH),
        ],
    );
}

#[test]
fn rfc6121_a_3_2_inbound_unsubscribe() {
    check(
        Direction::Inbound,
        Kind::Unsubscribe,
        &[
            (NONE, false, NONE),
            (OUT, false, OUT),
            (IN, true, NONE),
            (OUT_IN, true, OUT),
            (TO, false, TO),
            (TO_IN, true, TO),
            (FROM, true, NONE),
            (FROM_OUT, true, OUT),
            (BOTH, true, TO),
            (NONE_APPROVED, false, NONE_APPROVED),
            (OUT_APPROVED, false, OUT_APPROVED),
            (TO_APPROVED, false, TO_APPROVED),
        ],
    );
}

#[test]
fn rfc6121_a_3_3_inbound_subscribed() {
    check(
        Direction::Inbound,
        Kind::Subscribed,
        &[
            (NONE, false, NONE),
            (OUT, true, TO),
            (IN, false, IN),
            (OUT_IN, true, TO_IN),
            (TO, false, TO),
            (TO_IN, false, TO_IN),
            (FROM, false, FROM),
            (FROM_OUT, true, BOTH),
            (BOTH, false, BOTH),
            (NONE_APPROVED, false, NONE_APPROVED),
            (OUT_APPROVED, true, TO_APPROVED),
            (TO_APPROVED, false, TO_APPROVED),
        ],
    );
}

#[test]
fn rfc6121_a_3_4_inbound_unsubscribed() {
    check(
        Direction::Inbound,
        Kind::Unsubscribed,
        &[
            (NONE, false, NONE),
            (OUT, true, NONE),
            (IN, false, IN),
            (OUT_IN, true, IN),
            (TO, true, NONE),
            (TO_IN, true, IN),
            (FROM, false, FROM),
            (FROM_OUT, true, FROM),
            (BOTH, true, FROM),
            (NONE_APPROVED, false, NONE_APPROVED),
            (OUT_APPROVED, true, NONE_APPROVED),
            (TO_APPROVED, true, NONE_APPROVED),
        ],
    );
}

#[test]
fn only_requests_that_are_granted_already_are_answered_by_the_server() {
    // RFC 6121 §A.3.1 with its notes: subscribed already, or approved in advance.
    for before in ALL {
        for direction in [Direction::Outbound, Direction::Inbound] {
            for kind in KINDS {
                let granted = direction == Direction::Inbound
                    && kind == Kind::Subscribe
                    && matches!(before.inward, Inward::Subscribed | Inward::Approved);
                let reply = granted.then_some(Kind::Subscribed);
                assert_eq!(before.after(direction, kind).reply, reply, "{kind:?} in {before:?}");
            }
        }
    }
}

#[test]
fn the_same_stanza_again_changes_nothing_more() {
    for before in ALL {
        for direction in [Direction::Outbound, Direction::Inbound] {
            for kind in KINDS {
                let once = before.after(direction, kind).state;
                assert_eq!(once.after(direction, kind).state, once, "{kind:?} in {before:?}");
            }
        }
    }
}

#[test]
fn a_state_is_kept_by_the_item_and_the_stored_request() {
    let mut item = RosterItem::new(BareJid::new("romeo@example.net").unwrap());
    for state in ALL {
        state.write_to(&mut item);
        let read = State::of(Some(&item), state.inward == Inward::Pending);
        assert_eq!(read, state);
    }
    assert_eq!(State::of(None, false), NONE);
    assert_eq!(State::of(None, true), IN);
}

#[test]
fn a_roster_shows_everything_but_requests_that_wait_for_its_owner() {
    // RFC 6121 §A.1: "Pending In" is not in the roster.
    let shown = |state: State| {
        let mut item = RosterItem::new(BareJid::new("romeo@example.net").unwrap());
        state.write_to(&mut item);
        (item.subscription, item.ask, item.approved)
    };
    assert_eq!(shown(OUT_IN), (Subscription::None, true, false));
    assert_eq!(shown(TO_IN), (Subscription::To, false, false));
    assert_eq!(shown(FROM_OUT), (Subscription::From, true, false));
    assert_eq!(shown(BOTH), (Subscription::Both, false, false));
    assert_eq!(shown(TO_APPROVED), (Subscription::To, false, true));
    for one in ALL {
        for other in ALL {
            assert_eq!(one.looks_unlike(other), shown(one) != shown(other), "{one:?} {other:?}");
        }
    }
}

#[test]
fn kinds_are_the_types_of_presence_that_manage_subscriptions() {
    for &type_ in PresenceType::ALL {
        assert!(Kind::of(type_).is_none_or(|kind| kind.type_() == type_));
    }
    let kinds: Vec<_> = PresenceType::ALL.iter().filter_map(|&type_| Kind::of(type_)).collect();
    assert_eq!(kinds.len(), KINDS.len());
    let outcome = Outcome { state: NONE, goes_on: true, reply: None };
    assert_eq!(NONE.after(Direction::Outbound, Kind::Unsubscribe), outcome);
}
