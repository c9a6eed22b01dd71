//! Random walks: whatever happens, the books agree.

use super::*;
use crate::endpoint::Request;
use crate::ns;
use crate::rng::Rng;
use crate::stanza::{MessageType, PresenceType};
use crate::testing::Chunks;
use crate::xml::Element;

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

struct Walk {
    world: World,
    rng: Rng,
    ids: Vec<ClientId>,
}

impl Walk {
    fn new(seed: u8) -> Self {
        let mut config = config();
        config.max_resources = 3;
        config.max_sessions = 10;
        config.max_offline = 5;
        config.max_backlog = 3000;
        config.max_pending_requests = 2;
        config.max_roster_items = 3;
        config.server.output_high_water = 1000;
        let mut rng = Rng::new(crate::Seed::new([seed; 32]));
        let chunks = if seed.is_multiple_of(2) { Chunks::Whole } else { Chunks::Random(rng.u64()) };
        Self { world: world_of(config).with_chunks(chunks), rng, ids: Vec::new() }
    }

    fn draw<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.rng.below(from.len() as u64)).unwrap()]
    }

    fn full(&mut self) -> String {
        format!("{}@example.org/{}", self.draw(&NAMES), self.rng.below(4))
    }

    fn address(&mut self) -> Jid {
        match self.rng.below(8) {
            0 => jid("example.org"),
            1 => jid("example.net"),
            2 => jid("nobody@example.org"),
            3..6 => jid(&format!("{}@example.org", self.draw(&NAMES))),
            _ => jid(&self.full()),
        }
    }

    fn step(&mut self) {
        if self.ids.is_empty() || self.rng.below(6) == 0 {
            let full = self.full();
            let id = self.world.connect(&full);
            self.ids.push(id);
            return;
        }
        let ids = self.ids.clone();
        let id = self.draw(&ids);
        match self.rng.below(20) {
            0 => self.world.close(id),
            1 => self.world.cut(id),
            2 => self.world.set_reading(id, false),
            3 => self.world.set_reading(id, true),
            4 => self.world.pass(Duration::from_secs(3)),
            5..10 => {
                let type_ = self.draw(&[
                    MessageType::Chat,
                    MessageType::Normal,
                    MessageType::Headline,
                    MessageType::Groupchat,
                ]);
                let body = "x".repeat(usize::try_from(self.rng.below(1000)).unwrap());
                let message = Message::builder(self.address()).type_(type_).body(&body);
                let _ = self.world.send(id, message.build().unwrap());
            }
            10..14 => {
                let priority = self.draw(&[-1, 0, 5]);
                let _ =
                    self.world.send(id, Presence::available().priority(priority).build().unwrap());
            }
            14 => {
                let _ = self.world.send(id, Presence::unavailable().build().unwrap());
            }
            15 | 16 => {
                let type_ = self.draw(PresenceType::ALL);
                let type_ = if type_ == PresenceType::Error { PresenceType::Probe } else { type_ };
                let presence = Presence::builder(type_).to(self.address()).build().unwrap();
                let _ = self.world.send(id, presence);
            }
            17 => {
                let ns = self.draw(&[ns::ROSTER, ns::DISCO_INFO, ns::DISCO_ITEMS, ns::VERSION]);
                let query = Request::get(Element::builder("query", ns).build().unwrap());
                let query = if self.rng.below(2) == 0 { query } else { query.to(self.address()) };
                let _ = self.world.request(id, query);
            }
            18 => {
                let name = self.draw(&NAMES);
                let account = format!("{name}@example.org").parse().unwrap();
                let removed =
                    self.world.with_domain(|domain, now| domain.remove_account(now, &account));
                assert_eq!(removed, Ok(true));
                self.world.account(name, name);
            }
            _ => self
                .world
                .inject(id, "<iq type='get' id='1' to='bob@example.org/1'><x xmlns='y'/></iq>"),
        }
    }

    /// What holds whenever nothing is left to do.
    fn check(&mut self) {
        self.world.settle();
        let domain = self.world.domain();
        let mut resources = 0;
        for name in NAMES {
            let account = format!("{name}@example.org").parse().unwrap();
            let count = domain.resources(&account).count();
            assert!(count <= 3);
            resources += count;
        }
        // Nobody is there without a session, and no session without a resource.
        assert_eq!(resources, domain.connected_sessions());
        assert!(domain.sessions() <= 10);
    }

    /// Everybody leaves, and nothing stays.
    fn end(&mut self) {
        for id in self.ids.clone() {
            self.world.set_reading(id, true);
            self.world.close(id);
        }
        self.world.pass(Duration::from_mins(1));
        assert_eq!(self.world.domain().sessions(), 0);
        assert_eq!(self.world.domain().poll_timeout(), None);
        assert_eq!(self.world.domain().connected_accounts(), 0);
    }
}

#[test]
fn whatever_happens_the_books_agree() {
    for seed in 0..40 {
        let mut walk = Walk::new(seed);
        for _ in 0..300 {
            walk.step();
            if walk.rng.below(3) == 0 {
                walk.check();
            }
        }
        walk.check();
        walk.end();
    }
}
