//! Sessions whose clients have lost their transports (XEP-0198 §5).

use alloc::rc::Rc;
use core::cell::RefCell;

use super::*;
use crate::endpoint::{
    Client, ClientConfig, LostCause, Outcome, Request, RequestError, ResumeState, StreamManagement,
    Timer,
};
use crate::ns;
use crate::stanza::{Condition, MessageType, PresenceType};
use crate::testing::Chunks;
use crate::xml::Element;

const DESK: &str = "alice@example.org/desk";

/// Longer than the first attempt to come back takes.
const SOON: Duration = Duration::from_secs(10);

/// Alice, who comes back, and Bob, who sees her: both available, with nothing left to look at.
fn both(config: DomainConfig) -> (World, ClientId, ClientId) {
    both_in(world_of(config))
}

fn both_in(mut world: World) -> (World, ClientId, ClientId) {
    let alice = world.login_lasting(DESK);
    world.priority(alice, 0);
    let bob = world.available("bob@example.org/phone", 0);
    world.say(alice, Presence::available().to(jid("bob@example.org/phone")).build().unwrap());
    for id in [alice, bob] {
        world.take_stanzas(id);
    }
    world.domain_events();
    (world, alice, bob)
}

fn managed(change: impl FnOnce(&mut StreamManagement)) -> DomainConfig {
    let mut config = config();
    change(config.server.management.as_mut().unwrap());
    config
}

impl World {
    fn domain_events(&mut self) -> Vec<DomainEvent> {
        self.with_domain(|domain, _| core::iter::from_fn(|| domain.poll_event()).collect())
    }

    /// The bodies of the messages that have come.
    fn bodies(&mut self, id: ClientId) -> Vec<String> {
        let bodies = self.messages(id).into_iter();
        bodies.map(|message| message.body().unwrap_or_default().to_string()).collect()
    }

    /// What has happened to a client but stanzas, in a word each.
    fn story(&mut self, id: ClientId) -> Vec<&'static str> {
        let mut story = Vec::new();
        while let Some(event) = self.next_event(id) {
            story.push(match event {
                Event::Online { .. } => "online",
                Event::Disconnected(_) => "disconnected",
                Event::Resumed => "resumed",
                Event::SessionLost => "lost",
                Event::Ended(_) => "ended",
                _ => continue,
            });
        }
        story
    }

    /// The transport breaks, and the client cannot come back.
    fn leave_behind(&mut self, id: ClientId) {
        self.set_reachable(id, false);
        self.cut(id);
        self.settle();
    }

    fn come_back(&mut self, id: ClientId) {
        self.set_reachable(id, true);
        self.with_client(id, crate::endpoint::Client::handle_network_change);
        self.settle();
    }

    fn outcomes(&mut self, id: ClientId) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some(completion) = self.next_completion(id) {
            if let Completion::Outcome { outcome, .. } = completion {
                outcomes.push(outcome);
            }
        }
        outcomes
    }
}

#[test]
fn a_client_that_was_cut_off_goes_on_where_it_was() {
    let (mut world, alice, bob) = both(config());
    let before = world.session(alice).unwrap();
    world.cut(alice);
    world.settle();
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (1, 2));
    assert!(world.with_domain(|domain, _| domain.session(before).is_none()));
    let events = world.domain_events();
    let [DomainEvent::Suspended { session, jid, until }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*session, jid.as_str()), (before, DESK));
    assert_eq!(*until, world.now() + Duration::from_mins(5));
    // It is there, to everybody.
    let account = super::jid("alice@example.org").to_bare();
    assert_eq!(world.domain().resources(&account).count(), 1);
    for (to, body) in [(DESK, "one"), ("alice@example.org", "two")] {
        world.say(bob, chat(to, body));
    }
    world.pass(SOON);
    assert_eq!(world.story(alice)[..2], ["disconnected", "resumed"][..]);
    world.domain_events();
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 2));
    assert_ne!(world.session(alice).unwrap(), before);
    assert!(world.take_stanzas(bob).is_empty(), "nobody has noticed");
    // And it goes on as before.
    world.say(bob, chat(DESK, "three"));
    world.say(alice, chat("bob@example.org", "four"));
    assert_eq!(world.bodies(bob), ["four"]);
}

#[test]
fn what_was_sent_meanwhile_comes_in_order_and_once() {
    for chunks in [Chunks::Whole, Chunks::Of(1), Chunks::Random(3)] {
        let world = super::world().with_chunks(chunks);
        let (mut world, alice, bob) = both_in(world);
        world.say(bob, chat(DESK, "0"));
        // On the way when the transport breaks.
        world.set_reading(alice, false);
        world.say(bob, chat(DESK, "1"));
        world.say(bob, chat(DESK, "2"));
        world.cut(alice);
        world.settle();
        world.say(bob, chat(DESK, "3"));
        world.set_reading(alice, true);
        // What the client says while it is away waits, too.
        world.say(alice, chat("bob@example.org", "a"));
        world.pass(SOON);
        world.say(bob, chat(DESK, "4"));
        world.say(alice, chat("bob@example.org", "b"));
        assert_eq!(world.bodies(alice), ["0", "1", "2", "3", "4"], "{chunks:?}");
        assert_eq!(world.bodies(bob), ["a", "b"], "{chunks:?}");
        world.pass(SOON);
        assert!(world.outcomes(alice).iter().all(|it| matches!(it, Outcome::Acked)));
    }
}

#[test]
fn events_say_what_became_of_a_session() {
    let (mut world, alice, _) = both(config());
    let before = world.session(alice).unwrap();
    world.cut(alice);
    world.pass(SOON);
    let after = world.session(alice).unwrap();
    let events = world.domain_events();
    let [DomainEvent::Suspended { .. }, DomainEvent::Resumed { session, former, jid }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*session, *former, jid.as_str()), (after, before, DESK));
    world.leave_behind(alice);
    world.pass(Duration::from_mins(5));
    let events = world.domain_events();
    let [DomainEvent::Suspended { .. }, DomainEvent::Ended { session, jid, ended }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*session, jid.as_ref().unwrap().as_str()), (after, DESK));
    assert_eq!(ended.reason, Reason::TimedOut(Timer::Resumption));
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 1));
}

#[test]
fn xep0198_5_a_session_goes_on_although_the_old_stream_is_open() {
    let (mut world, alice, bob) = both(config());
    let old = world.strand(alice).unwrap();
    world.say(bob, chat(DESK, "into the void"));
    world.come_back(alice);
    assert_eq!(world.bodies(alice), ["into the void"]);
    assert_eq!(world.story(alice), ["disconnected", "resumed"]);
    // The old stream is told.
    let said = world.with_domain(|domain, _| {
        let port = domain.session(old).unwrap();
        String::from_utf8(crate::endpoint::Endpoint::outgoing(&port).to_vec()).unwrap()
    });
    assert!(said.contains("<conflict ") && said.ends_with("</stream:stream>"), "{said}");
    world.with_domain(|domain, now| domain.release(now, old));
    assert_eq!(world.domain().sessions(), 2);
    assert!(world.take_stanzas(bob).is_empty(), "nobody has noticed");
}

#[test]
fn xep0198_4_what_is_not_acknowledged_in_time_is_kept_with_its_time() {
    let (mut world, alice, bob) = both(config());
    world.with_domain(|domain, now| {
        domain.set_wall_clock(now, 1_234_567_890_000_000 + now.as_micros());
    });
    world.say(bob, chat(DESK, "read"));
    world.pass(SOON);
    assert_eq!(world.bodies(alice), ["read"]);
    world.set_reading(alice, false);
    world.say(bob, chat(DESK, "on the way"));
    world.leave_behind(alice);
    world.set_reading(alice, true);
    world.say(bob, chat(DESK, "queued"));
    world.pass(Duration::from_mins(6));
    let gone = world.take_stanzas(bob);
    let [Stanza::Presence(gone)] = &gone[..] else { panic!("{gone:?}") };
    assert_eq!(gone.type_(), PresenceType::Unavailable);
    world.come_back(alice);
    assert!(world.story(alice).ends_with(&["lost", "online"]));
    world.priority(alice, 0);
    let messages = world.messages(alice);
    let bodies: Vec<_> = messages.iter().map(|it| it.body().unwrap().to_string()).collect();
    assert_eq!(bodies, ["on the way", "queued"], "what was acknowledged does not come again");
    for message in messages {
        // XEP-0203: when it was sent, not when it was given up.
        let delay = message.element().child("delay", ns::DELAY).unwrap();
        assert_eq!(delay.attr("from").as_deref(), Some("example.org"));
        assert_eq!(delay.attr("stamp").as_deref(), Some("2009-02-13T23:31:40Z"));
    }
}

#[test]
fn xep0198_4_what_is_not_acknowledged_goes_to_another_resource() {
    let (mut world, alice, bob) = both(config());
    let phone = world.available("alice@example.org/phone", 0);
    world.leave_behind(alice);
    world.take_stanzas(phone);
    world.say(bob, chat(DESK, "hello"));
    assert!(world.messages(phone).is_empty());
    world.pass(Duration::from_mins(6));
    assert_eq!(world.bodies(phone), ["hello"]);
}

#[test]
fn requests_are_refused_in_the_end_and_presence_vanishes() {
    let (mut world, alice, bob) = both(config());
    world.leave_behind(alice);
    let ping = Element::builder("ping", ns::PING).build().unwrap();
    let asked = Request::get(ping).to(jid(DESK)).timeout(Duration::from_mins(10));
    world.request(bob, asked).unwrap();
    world.say(bob, Presence::available().to(jid(DESK)).build().unwrap());
    let normal = Message::builder(jid(DESK)).body("normal").build().unwrap();
    world.say(bob, normal);
    world.pass(Duration::from_mins(6));
    let mut replies = Vec::new();
    while let Some(completion) = world.next_completion(bob) {
        if let Completion::Reply { result: Err(RequestError::Stanza(error)), .. } = completion {
            replies.push(error.condition());
        }
    }
    assert_eq!(replies, [Condition::ServiceUnavailable]);
    // RFC 6121 §8.5.3.2.1, as for a resource that is not there.
    let bounced = world.messages(bob);
    assert_eq!(bounced.len(), 1);
    assert_eq!(bounced[0].type_(), MessageType::Error);
}

#[test]
fn a_client_that_leaves_properly_is_gone() {
    let (mut world, alice, bob) = both(config());
    world.close(alice);
    world.settle();
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 1));
    assert_eq!(world.take_stanzas(bob).len(), 1, "unavailable");
}

#[test]
fn of_too_many_that_wait_the_first_ends() {
    let mut config = config();
    config.max_hibernating = 1;
    let (mut world, alice, bob) = both(config);
    let carol = world.login_lasting("carol@example.org/desk");
    world.leave_behind(alice);
    world.say(bob, chat(DESK, "hello"));
    assert_eq!(world.domain().hibernating(), 1);
    world.leave_behind(carol);
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (1, 2));
    assert_eq!(world.take_stanzas(bob).len(), 1, "alice is gone");
    world.come_back(alice);
    assert!(world.story(alice).ends_with(&["lost", "online"]));
    world.priority(alice, 0);
    assert_eq!(world.bodies(alice), ["hello"]);
    world.come_back(carol);
    assert!(world.story(carol).ends_with(&["resumed"]));
}

#[test]
fn xep0198_5_who_comes_too_late_learns_what_got_through() {
    let mut config = config();
    config.max_hibernating = 0;
    let (mut world, alice, bob) = both(config);
    world.pass(SOON);
    world.outcomes(alice);
    // The acknowledgement is lost.
    world.set_reading(alice, false);
    world.say(alice, chat("bob@example.org", "hello"));
    world.cut(alice);
    world.settle();
    world.set_reading(alice, true);
    assert_eq!(world.bodies(bob), ["hello"]);
    world.pass(SOON);
    assert!(world.story(alice).ends_with(&["lost", "online"]));
    let outcomes = world.outcomes(alice);
    assert!(matches!(outcomes[..], [Outcome::Acked]), "{outcomes:?}");
}

#[test]
fn an_account_may_be_removed_meanwhile() {
    let (mut world, alice, bob) = both(config());
    world.leave_behind(alice);
    world.say(bob, chat(DESK, "hello"));
    let account = jid("alice@example.org").to_bare();
    assert!(world.with_domain(|domain, now| domain.remove_account(now, &account)).unwrap());
    world.settle();
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 1));
    let said = world.take_stanzas(bob);
    assert!(
        matches!(&said[..], [Stanza::Presence(_), Stanza::Message(bounced)]
        if bounced.type_() == MessageType::Error),
        "{said:?}"
    );
    world.come_back(alice);
    let story = world.story(alice);
    assert!(story.contains(&"ended") || story.contains(&"lost"), "{story:?}");
    assert!(!world.is_online(alice));
}

#[test]
fn whoever_binds_the_resource_has_it() {
    let (mut world, alice, bob) = both(config());
    world.leave_behind(alice);
    world.say(bob, chat(DESK, "hello"));
    let other = world.login(DESK);
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 2));
    assert_eq!(world.take_stanzas(bob).len(), 1, "the old one is gone");
    assert_eq!(world.bodies(other), ["hello"], "what it has not read is for the new one");
    world.come_back(alice);
    assert!(world.story(alice).contains(&"lost"));
}

#[test]
fn what_is_too_much_to_be_acknowledged_waits_behind_it() {
    let (mut world, alice, bob) = both(managed(|it| it.max_unacked = 2));
    world.pass(SOON);
    world.leave_behind(alice);
    let bodies: Vec<_> = (0..20).map(|n: u32| n.to_string()).collect();
    for body in &bodies {
        world.say(bob, chat(DESK, body));
    }
    assert!(world.take_stanzas(bob).is_empty());
    world.come_back(alice);
    world.pass(SOON);
    assert_eq!(world.bodies(alice), bodies);
}

#[test]
fn what_is_too_much_to_wait_goes_back() {
    let mut config = managed(|it| it.max_unacked = 2);
    config.max_backlog = 0;
    let (mut world, alice, bob) = both(config);
    world.pass(SOON);
    world.leave_behind(alice);
    for body in ["0", "1", "2"] {
        world.say(bob, chat(DESK, body));
    }
    let bounced = world.messages(bob);
    assert_eq!(bounced.len(), 1);
    assert_eq!(bounced[0].id(), Some("2"));
    // What it must know, and cannot be told, ends its session.
    world.say(bob, Presence::available().to(jid(DESK)).build().unwrap());
    assert_eq!(world.domain().hibernating(), 0);
    let stored = world.with_domain(|domain, _| domain.storage.stored("alice").unwrap().messages);
    assert_eq!(stored, 2);
}

#[test]
fn the_end_of_the_domain_is_the_end_of_all_that_waits() {
    let (mut world, alice, bob) = both(config());
    world.leave_behind(alice);
    world.say(bob, chat(DESK, "hello"));
    world.with_domain(Domain::shut_down);
    world.settle();
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 0));
    // It is kept for another day.
    let stored = world.with_domain(|domain, _| domain.storage.stored("alice").unwrap().messages);
    assert_eq!(stored, 1);
}

#[test]
fn pushes_of_the_roster_reach_those_who_come_back() {
    let (mut world, alice, _) = both(config());
    let phone = world.login("alice@example.org/phone");
    let query = || Element::builder("query", ns::ROSTER);
    world.ask(alice, Request::get(query().build().unwrap())).unwrap();
    world.leave_behind(alice);
    let item = query().child_with("item", ns::ROSTER, |item| item.attr("jid", "carol@example.org"));
    world.ask(phone, Request::set(item.build().unwrap())).unwrap();
    world.come_back(alice);
    assert_eq!(world.take_queries(alice).len(), 1);
}

#[test]
fn a_session_that_waits_takes_no_place_of_those_that_are_there() {
    let mut config = config();
    config.max_sessions = 2;
    let (mut world, alice, _) = both(config);
    world.leave_behind(alice);
    let carol = world.login("carol@example.org/desk");
    // But there is none for who comes back.
    world.come_back(alice);
    assert!(!world.is_online(alice));
    world.close(carol);
    world.settle();
    world.pass(Duration::from_mins(1));
    assert!(world.is_online(alice));
    assert!(world.story(alice).ends_with(&["resumed"]));
}

#[test]
fn nobody_is_locked_out_by_what_was_left_behind() {
    let mut config = config();
    config.max_resources = 2;
    let (mut world, alice, bob) = both(config);
    world.leave_behind(alice);
    world.say(bob, chat(DESK, "hello"));
    let phone = world.available("alice@example.org/phone", 0);
    let tablet = world.login("alice@example.org/tablet");
    assert_eq!(world.domain().hibernating(), 0);
    assert_eq!(world.bodies(phone), ["hello"]);
    // Of those that are there none is sent away (RFC 6120 §7.6.2.1).
    let more = world.connect("alice@example.org/more");
    world.settle();
    assert!(!world.is_online(more) && world.is_online(tablet) && world.is_online(phone));
}

#[test]
fn clients_come_and_go_and_nothing_is_left_behind() {
    let (mut world, alice, bob) = both(config());
    for n in 0..20_u32 {
        world.say(bob, chat(DESK, &n.to_string()));
        world.cut(alice);
        world.settle();
        world.pass(Duration::from_mins(1));
    }
    assert_eq!(world.bodies(alice).len(), 20);
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 2));
    world.close(alice);
    world.close(bob);
    world.settle();
    assert_eq!(world.domain().sessions(), 0);
    assert_eq!(world.domain().connected_accounts(), 0);
    assert_eq!(world.with_domain(|domain, _| domain.poll_timeout()), None);
}

#[test]
fn where_nothing_is_resumed_a_lost_client_is_gone() {
    let (mut world, alice, bob) = both(managed(|it| it.resume = false));
    world.say(bob, chat(DESK, "read"));
    assert_eq!(world.bodies(alice), ["read"]);
    world.leave_behind(alice);
    assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 1));
    assert!(matches!(&world.take_stanzas(bob)[..], [Stanza::Presence(_)]));
    assert!(matches!(
        world.domain_events().last(),
        Some(DomainEvent::Ended { ended, .. })
            if matches!(ended.reason, Reason::Transport(LostCause::Reset))
    ));
}

/// Clients that begin with a state, if there is one.
fn with_states() -> (World, Rc<RefCell<Option<ResumeState>>>) {
    let next = Rc::new(RefCell::new(None::<ResumeState>));
    let states = Rc::clone(&next);
    let build = move |config: ClientConfig, seed, now| match states.borrow_mut().take() {
        Some(state) => Client::with_resume(config, state, seed, now).unwrap(),
        None => Client::new(config, seed, now),
    };
    let mut world = World::with_clients(config(), build);
    for name in ["alice", "bob", "carol"] {
        world.account(name, name);
    }
    (world, next)
}

#[test]
fn a_session_goes_on_in_another_process() {
    let (world, next) = with_states();
    let (mut world, alice, bob) = both_in(world);
    let state = world.with_client(alice, Client::detach).unwrap();
    world.settle();
    assert_eq!(world.domain().hibernating(), 1);
    world.say(bob, chat(DESK, "hello"));
    *next.borrow_mut() = Some(state);
    let alice = world.login_lasting(DESK);
    assert!(world.story(alice).contains(&"resumed"));
    world.settle();
    assert_eq!(world.domain().hibernating(), 0);
    assert!(world.take_stanzas(bob).is_empty());
}

#[test]
fn xep0198_security_nobody_gets_the_session_of_another_account() {
    let (world, next) = with_states();
    let (mut world, alice, bob) = both_in(world);
    let mut state = world.with_client(alice, Client::detach).unwrap();
    world.settle();
    world.say(bob, chat(DESK, "for alice alone"));
    state.account = jid("carol@example.org").to_bare();
    state.jid = "carol@example.org/desk".parse().unwrap();
    *next.borrow_mut() = Some(state);
    let carol = world.login_lasting("carol@example.org/desk");
    // It was not even there for her.
    assert!(world.story(carol).contains(&"lost"));
    assert!(world.take_stanzas(carol).is_empty());
    assert_eq!(world.domain().hibernating(), 1);
}

/// Numbers that are as good as any.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[test]
fn nothing_is_lost_or_doubled_or_comes_late_wherever_transports_break() {
    const PHONE: &str = "bob@example.org/phone";
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut world = super::world().with_chunks(Chunks::Random(seed));
        let clients = [(DESK, PHONE), (PHONE, DESK)];
        let ids = clients.map(|(own, _)| world.login_lasting(own));
        world.pass(SOON);
        let (mut said, mut stranded) = ([0_u32; 2], Vec::new());
        for _ in 0..80 {
            let which = usize::try_from(dice.below(2)).unwrap();
            match dice.below(6) {
                0..=2 => {
                    let body = said[which].to_string();
                    if world.send(ids[which], chat(clients[which].1, &body)).is_ok() {
                        said[which] += 1;
                    }
                }
                3 | 4 => {
                    for _ in 0..dice.below(30) {
                        world.step();
                    }
                }
                _ => {
                    if dice.below(2) == 0 {
                        world.cut(ids[which]);
                    } else {
                        stranded.extend(world.strand(ids[which]));
                    }
                    world.pass(Duration::from_millis(dice.below(10_000)));
                }
            }
        }
        world.pass(Duration::from_mins(4));
        for (own, other) in [(0, 1), (1, 0)] {
            let said: Vec<_> = (0..said[other]).map(|n| n.to_string()).collect();
            assert_eq!(world.bodies(ids[own]), said, "seed {seed}, {}", clients[own].0);
            let outcomes = world.outcomes(ids[own]);
            assert!(outcomes.iter().all(|it| matches!(it, Outcome::Acked)), "{outcomes:?}");
            assert!(!world.story(ids[own]).contains(&"lost"), "seed {seed}");
        }
        for id in stranded {
            world.with_domain(|domain, now| domain.release(now, id));
        }
        assert_eq!((world.domain().hibernating(), world.domain().sessions()), (0, 2));
    }
}

#[test]
fn somebody_keeps_the_time_of_those_that_have_no_driver() {
    let (mut world, alice, _) = both(config());
    assert_eq!(world.domain().poll_hibernation(), None);
    world.leave_behind(alice);
    let until = world.now() + Duration::from_mins(5);
    assert_eq!(world.domain().poll_hibernation(), Some(until));
    world.pass(Duration::from_mins(5));
    assert_eq!(world.domain().poll_hibernation(), None);
}
