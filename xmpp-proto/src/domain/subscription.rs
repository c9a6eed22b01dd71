//! The states of a subscription and what moves between them (RFC 6121 §A).
//!
//! The nine states of §A.1 are two halves with three states each: what the account has asked for
//! and may see, and what the contact has asked for and may see. No stanza changes both halves.

use crate::modules::roster::{RosterItem, Subscription};
use crate::stanza::PresenceType;

/// The half that concerns the contact's presence: the account is the one who sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Outward {
    /// Not subscribed.
    #[default]
    None,
    /// Asked, not answered: "Pending Out".
    Pending,
    /// Subscribed: "To".
    Subscribed,
}

/// The half that concerns the account's presence: the contact is the one who sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Inward {
    /// Not subscribed.
    #[default]
    None,
    /// Not subscribed; a request will be approved without asking (§3.4).
    Approved,
    /// Asked, not answered: "Pending In".
    Pending,
    /// Subscribed: "From".
    Subscribed,
}

/// A state of §A.1, with the approval in advance of §3.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) outward: Outward,
    pub(super) inward: Inward,
}

/// The stanzas that manage subscriptions (§3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
}

/// Which way the stanza goes, seen from the account whose state it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// From a client of the account to the contact (§A.2).
    Outbound,
    /// From the contact to the account (§A.3).
    Inbound,
}

/// What a stanza leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The state after it.
    pub(super) state: State,
    /// Whether it goes on: outbound to the contact, inbound to the account's clients.
    pub(super) goes_on: bool,
    /// What the server answers for the account, unasked.
    pub(super) reply: Option<Kind>,
}

impl Kind {
    /// The kind of a type of presence, if it manages subscriptions.
    pub(super) const fn of(type_: PresenceType) -> Option<Self> {
        Some(match type_ {
            PresenceType::Subscribe => Self::Subscribe,
            PresenceType::Subscribed => Self::Subscribed,
            PresenceType::Unsubscribe => Self::Unsubscribe,
            PresenceType::Unsubscribed => Self::Unsubscribed,
            _ => return None,
        })
    }

    /// The type of presence of this kind.
    pub(super) const fn type_(self) -> PresenceType {
        match self {
            Self::Subscribe => PresenceType::Subscribe,
            Self::Subscribed => PresenceType::Subscribed,
            Self::Unsubscribe => PresenceType::Unsubscribe,
            Self::Unsubscribed => PresenceType::Unsubscribed,
        }
    }
}

impl State {
    /// The state that the roster and the stored requests tell of. `is_pending_in`: a request of
    /// the contact is stored.
    pub(super) fn of(item: Option<&RosterItem>, is_pending_in: bool) -> Self {
        let subscription = item.map_or(Subscription::None, |item| item.subscription);
        let outward = if subscription.is_to() {
            Outward::Subscribed
        } else if item.is_some_and(|item| item.ask) {
            Outward::Pending
        } else {
            Outward::None
        };
        let inward = if subscription.is_from() {
            Inward::Subscribed
        } else if is_pending_in {
            Inward::Pending
        } else if item.is_some_and(|item| item.approved) {
            Inward::Approved
        } else {
            Inward::None
        };
        Self { outward, inward }
    }

    /// Writes into `item` what a roster shows of this state: everything but "Pending In", which
    /// §A.1 keeps out of rosters.
    pub(super) fn write_to(self, item: &mut RosterItem) {
        item.subscription = self.subscription();
        item.ask = self.outward == Outward::Pending;
        item.approved = self.inward == Inward::Approved;
    }

    fn subscription(self) -> Subscription {
        match (self.outward == Outward::Subscribed, self.inward == Inward::Subscribed) {
            (false, false) => Subscription::None,
            (true, false) => Subscription::To,
            (false, true) => Subscription::From,
            (true, true) => Subscription::Both,
        }
    }

    /// Whether a roster that showed `self` shows something else for `other`: then it is pushed.
    pub(super) fn looks_unlike(self, other: Self) -> bool {
        let hidden = |inward| if inward == Inward::Pending { Inward::None } else { inward };
        self.outward != other.outward || hidden(self.inward) != hidden(other.inward)
    }

    /// What a stanza of `kind` in `direction` leads to (§A.2, §A.3).
    pub(super) fn after(self, direction: Direction, kind: Kind) -> Outcome {
        match (direction, kind) {
            (Direction::Outbound, Kind::Subscribe) => self.ask(),
            // §A.2.2: it is routed in any state.
            (Direction::Outbound, Kind::Unsubscribe) => self.outward(Outward::None, true),
            (Direction::Outbound, Kind::Subscribed) => self.consent(),
            (Direction::Outbound, Kind::Unsubscribed) => self.withdraw(),
            (Direction::Inbound, Kind::Subscribe) => self.asked(),
            (Direction::Inbound, Kind::Unsubscribe) => self.unsubscribed_by_contact(),
            (Direction::Inbound, Kind::Subscribed) => self.consented(),
            (Direction::Inbound, Kind::Unsubscribed) => {
                // §A.3.4
                self.outward(Outward::None, self.outward != Outward::None)
            }
        }
    }

    /// §A.2.1: it is routed in any state, so that two servers of different minds can agree again.
    fn ask(self) -> Outcome {
        let outward = match self.outward {
            Outward::None | Outward::Pending => Outward::Pending,
            Outward::Subscribed => Outward::Subscribed,
        };
        self.outward(outward, true)
    }

    /// §A.2.3
    fn consent(self) -> Outcome {
        match self.inward {
            Inward::Pending => self.inward(Inward::Subscribed, true),
            Inward::None => self.inward(Inward::Approved, false),
            Inward::Approved | Inward::Subscribed => self.inward(self.inward, false),
        }
    }

    /// §A.2.4
    fn withdraw(self) -> Outcome {
        let goes_on = matches!(self.inward, Inward::Pending | Inward::Subscribed);
        self.inward(Inward::None, goes_on)
    }

    /// §A.3.1
    fn asked(self) -> Outcome {
        let granted =
            Outcome { reply: Some(Kind::Subscribed), ..self.inward(Inward::Subscribed, false) };
        match self.inward {
            Inward::None => self.inward(Inward::Pending, true),
            Inward::Pending => self.inward(Inward::Pending, false),
            Inward::Approved | Inward::Subscribed => granted,
        }
    }

    /// §A.3.2. An approval in advance is the account's own, and stays.
    fn unsubscribed_by_contact(self) -> Outcome {
        match self.inward {
            Inward::Pending | Inward::Subscribed => self.inward(Inward::None, true),
            Inward::None | Inward::Approved => self.inward(self.inward, false),
        }
    }

    /// §A.3.3
    fn consented(self) -> Outcome {
        match self.outward {
            Outward::Pending => self.outward(Outward::Subscribed, true),
            Outward::None | Outward::Subscribed => self.outward(self.outward, false),
        }
    }

    fn outward(self, outward: Outward, goes_on: bool) -> Outcome {
        Outcome { state: Self { outward, ..self }, goes_on, reply: None }
    }

    fn inward(self, inward: Inward, goes_on: bool) -> Outcome {
        Outcome { state: Self { inward, ..self }, goes_on, reply: None }
    }
}

#[cfg(test)]
mod tests;
