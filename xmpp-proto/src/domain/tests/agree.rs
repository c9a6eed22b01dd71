//! Whatever two users do, their rosters agree, and who is shown is who may be seen.

use proptest::prelude::*;

use super::*;
use crate::domain::RosterStorage;
use crate::modules::roster::RosterItem;
use crate::stanza::PresenceType;

const NAMES: [&str; 2] = ["alice", "bob"];

#[derive(Clone, Copy, Debug)]
enum Deed {
    Tell(PresenceType),
    Remove,
    Come,
    Go,
    Leave,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => Just(Deed::Tell(PresenceType::Subscribe)),
        3 => Just(Deed::Tell(PresenceType::Subscribed)),
        1 => Just(Deed::Tell(PresenceType::Unsubscribe)),
        1 => Just(Deed::Tell(PresenceType::Unsubscribed)),
        1 => Just(Deed::Tell(PresenceType::Probe)),
        1 => Just(Deed::Remove),
        2 => Just(Deed::Come),
        1 => Just(Deed::Go),
        1 => Just(Deed::Leave),
    ]
}

struct Users {
    world: World,
    ids: [ClientId; 2],
    available: [bool; 2],
    /// Whether each sees the other as available, by what has come.
    shows: [bool; 2],
}

impl Users {
    fn new() -> Self {
        let mut world = world();
        let ids = NAMES.map(|name| world.login(&format!("{name}@example.org/x")));
        Self { world, ids, available: [false; 2], shows: [false; 2] }
    }

    fn act(&mut self, who: usize, deed: Deed) {
        let other = format!("{}@example.org", NAMES[1 - who]);
        let id = self.ids[who];
        match deed {
            Deed::Tell(type_) => self.world.tell(id, type_, &other),
            Deed::Remove => {
                let item = format!("<item jid='{other}' subscription='remove'/>");
                // It may not be there.
                let _ = self.world.set_roster(id, &item);
            }
            Deed::Come => {
                self.world.priority(id, 0);
                self.available[who] = true;
            }
            Deed::Go => {
                self.world.say(id, Presence::unavailable().build().unwrap());
                self.available[who] = false;
            }
            Deed::Leave => {
                self.world.cut(id);
                self.world.settle();
                self.ids[who] = self.world.login(&format!("{}@example.org/x", NAMES[who]));
                self.available[who] = false;
            }
        }
        for who in [0, 1] {
            let other = jid(&format!("{}@example.org/x", NAMES[1 - who]));
            for stanza in self.world.take_stanzas(self.ids[who]) {
                if stanza.from() != Some(&other) {
                    continue;
                }
                let Stanza::Presence(presence) = stanza else { panic!("{stanza:?}") };
                self.shows[who] = presence.type_() == PresenceType::Available;
            }
            // Who is not available is told nothing, and what it knew grows old.
            self.shows[who] &= self.available[who];
        }
    }

    /// The item for the other, and whether a request of theirs waits.
    fn known(&mut self, who: usize) -> (Option<RosterItem>, bool) {
        let other = jid(&format!("{}@example.org", NAMES[1 - who])).to_bare();
        self.world.with_domain(|domain, _| {
            let item = domain.storage.roster_item(NAMES[who], &other).unwrap();
            (item, domain.storage.has_request(NAMES[who], &other).unwrap())
        })
    }

    fn check(&mut self) {
        let known = [self.known(0), self.known(1)];
        for who in [0, 1] {
            let (own, _) = &known[who];
            let (theirs, waits) = &known[1 - who];
            let sees = own.as_ref().is_some_and(|item| item.subscription.is_to());
            let is_seen = theirs.as_ref().is_some_and(|item| item.subscription.is_from());
            assert_eq!(sees, is_seen, "{known:?}");
            // RFC 6121 §A.1: "Pending Out" of the one is "Pending In" of the other.
            assert_eq!(own.as_ref().is_some_and(|item| item.ask), *waits, "{known:?}");
            let shown = sees && self.available[0] && self.available[1];
            assert_eq!(self.shows[who], shown, "{} of {known:?}", NAMES[who]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rosters_agree_and_show_who_may_be_seen(
        deeds in proptest::collection::vec((0..2_usize, deed()), 1..40),
    ) {
        let mut users = Users::new();
        for (who, deed) in deeds {
            users.act(who, deed);
            users.check();
        }
    }
}
