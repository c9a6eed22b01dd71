//! Clients that mean harm, and many of them.

use super::*;
use crate::endpoint::{Client, ClientConfig, PeerFault, Request, RequestError, ServerTls, TlsMode};
use crate::jid::BareJid;
use crate::modules::{Claim, Cx, Modular, Module};
use crate::ns;
use crate::sasl::Mechanism;
use crate::stanza::{Condition, ErrorType};
use crate::stream::StreamCondition;
use crate::xml::Element;

/// Why a client's stream has ended, as the domain has it.
#[track_caller]
fn ended(world: &mut World, id: ClientId) -> Reason {
    let session = world.session(id);
    world.settle();
    while let Some(event) = world.with_domain(|domain, _| domain.poll_event()) {
        if let DomainEvent::Ended { session: gone, ended, .. } = event
            && session.is_none_or(|session| session == gone)
        {
            return ended.reason;
        }
    }
    panic!("the stream goes on");
}

#[test]
fn rfc6120_8_1_2_1_a_forged_sender_ends_the_stream_and_reaches_nobody() {
    for from in ["bob@example.org", "example.org", "bob@example.org/phone", "x@y@z"] {
        let mut world = world();
        let alice = world.login("alice@example.org/desk");
        let bob = world.available("bob@example.org/phone", 0);
        world.inject(
            alice,
            format!(
                "<message to='bob@example.org'><body>1</body></message>\
                 <message from='{from}' to='bob@example.org'><body>2</body></message>\
                 <message to='bob@example.org'><body>3</body></message>"
            ),
        );
        let reason = ended(&mut world, alice);
        assert_eq!(reason, Reason::Peer(PeerFault::ForgedFrom { from: from.into() }));
        // What came before it was delivered, and nothing else.
        let messages = world.messages(bob);
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].body().as_deref(), Some("1"));
        let event = world.next_event(alice);
        let Some(Event::Ended(Ended { reason: Reason::Reported(error), .. })) = event else {
            panic!("{event:?}")
        };
        assert_eq!(error.condition(), StreamCondition::InvalidFrom);
    }
}

/// A client without TLS, to be quick.
fn plain(jid: &BareJid) -> ClientConfig {
    let password = jid.local().unwrap();
    let mut config = ClientConfig::new(jid.clone(), password)
        .one_stream()
        .with_tls(TlsMode::InsecurePlaintext)
        .with_mechanisms([Mechanism::Plain]);
    config.insecure_plain_without_tls = true;
    config
}

#[test]
fn ten_thousand_resources_of_one_account_are_not_bound() {
    let mut config = config();
    config.max_resources = 100;
    config.server.mechanisms = Vec::from([Mechanism::Plain]);
    config.server.insecure_plain_without_tls = true;
    let mut world = world_of(config).with_tls(ServerTls::InsecurePlaintext);
    let account: BareJid = "alice@example.org".parse().unwrap();
    let (mut bound, mut refused) = (0, 0);
    for _ in 0..10_000 {
        let id = world.connect_with(plain(&account));
        world.settle();
        match world.next_event(id) {
            Some(Event::Online { .. }) => bound += 1,
            Some(Event::Ended(Ended { reason: Reason::Bind(error), .. })) => {
                assert_eq!(error.condition(), Condition::ResourceConstraint);
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((bound, refused), (100, 9900));
    assert_eq!(world.domain().resources(&account).count(), 100);
    assert_eq!(world.domain().sessions(), 100);
    // Others are not concerned.
    let id = world.connect_with(plain(&"bob@example.org".parse().unwrap()));
    world.settle();
    assert!(world.is_online(id));
}

/// Answers each message with the same text, if its client is a bot.
struct Echo {
    is_bot: bool,
    answered: usize,
}

impl Module for Echo {
    type Event = ();

    fn handle_stanza(&mut self, cx: &mut Cx<'_>, stanza: &Stanza) -> Claim {
        if let (true, Stanza::Message(message)) = (self.is_bot, stanza)
            && let (Some(reply), Some(body)) = (message.reply(), message.body())
            && cx.send(reply.body(&body).build().unwrap()).is_ok()
        {
            self.answered += 1;
        }
        Claim::Passed
    }
}

#[test]
fn two_bots_that_answer_each_other_are_slowed_down_and_disturb_nobody() {
    const BURST: u32 = 16 * 1024;
    const RATE: u32 = 1024;
    let mut config = config();
    config.server.rate = Some(crate::endpoint::RateLimit { bytes_per_second: RATE, burst: BURST });
    let mut world = World::with_clients(config, |config, seed, now| {
        let is_bot = config.jid.local().is_some_and(|local| local.starts_with("bot"));
        Modular::new(Client::new(config, seed, now), Echo { is_bot, answered: 0 })
    });
    for name in ["bot-1", "bot-2", "alice", "bob"] {
        world.account(name, name);
    }
    let bots = ["bot-1@example.org/x", "bot-2@example.org/x"].map(|jid| world.login(jid));
    let [alice, bob] = ["alice@example.org/x", "bob@example.org/x"].map(|jid| world.login(jid));
    for (bot, to) in [(bots[0], "bot-2@example.org/x"), (bots[1], "bot-1@example.org/x")] {
        world.send(bot, chat(to, &"x".repeat(100))).unwrap();
    }
    // Without a limit this would go on for ever.
    world.settle();
    let count = |world: &World<Modular<Echo>>| {
        bots.map(|bot| world.client(bot).modules().answered).iter().sum::<usize>()
    };
    let before = count(&world);
    let least = 150; // bytes of one message, at least
    assert!(before > 10 && before < 2 * BURST as usize / least, "{before}");
    for round in 0..10 {
        world.send(alice, chat("bob@example.org/x", "hello")).unwrap();
        world.settle();
        assert_eq!(world.take_stanzas(bob).len(), 1, "round {round}");
        world.pass(Duration::from_secs(6));
    }
    let after = count(&world) - before;
    assert!(after > 10 && after < 2 * 60 * RATE as usize / least, "{after}");
}

/// Lets alice write to bob, who does not read, until that comes back; how many messages did not.
fn fill(world: &mut World, alice: ClientId, to: &str) -> usize {
    for sent in 0..10_000 {
        world.say(alice, chat(to, &"x".repeat(1000)));
        if let [bounced] = &world.messages(alice)[..] {
            let error = bounced.error().unwrap();
            assert_eq!(error.condition(), Condition::ResourceConstraint);
            assert_eq!(error.type_(), ErrorType::Wait);
            return sent;
        }
    }
    panic!("there is no limit");
}

#[test]
fn who_reads_slowly_gets_what_fits_and_the_rest_goes_back() {
    let mut config = config();
    config.max_backlog = 100_000;
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    let bob = world.login("bob@example.org/phone");
    world.set_reading(bob, false);
    let held = fill(&mut world, alice, "bob@example.org/phone");
    // 64 KiB of output and 100,000 bytes of backlog, in messages of 2,000 to 2,200 bytes.
    assert!((165_000 / 2_200..=165_536 / 2_000 + 1).contains(&held), "{held}");
    // A request comes back, too, once there is no room for so small a stanza either.
    let ping = Element::builder("ping", ns::PING).build().unwrap();
    let to = jid("bob@example.org/phone");
    let refused = core::iter::from_fn(|| {
        let asked = world.request(alice, Request::get(ping.clone()).to(to.clone())).unwrap();
        world.settle();
        Some((asked, core::iter::from_fn(|| world.next_completion(alice)).last()))
    });
    let refused = refused.take(60).find_map(|(asked, last)| match last {
        Some(Completion::Reply { token, result: Err(RequestError::Stanza(error)) }) => {
            Some((token == asked, error.condition()))
        }
        _ => None,
    });
    assert_eq!(refused, Some((true, Condition::ResourceConstraint)));
    // All that was taken arrives, once and in order, when he reads again.
    world.set_reading(bob, true);
    world.settle();
    assert!(world.is_online(bob));
    assert_eq!(world.messages(bob).len(), held);
    // And there is room.
    world.say(alice, chat("bob@example.org/phone", "more"));
    assert_eq!(world.messages(bob).len(), 1);
    assert!(world.messages(alice).is_empty());
}

#[test]
fn a_message_that_one_of_several_resources_takes_does_not_go_back() {
    let mut config = config();
    config.max_backlog = 10_000;
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    let slow = world.available("bob@example.org/slow", 0);
    let quick = world.available("bob@example.org/quick", 0);
    world.set_reading(slow, false);
    fill(&mut world, alice, "bob@example.org/slow");
    world.say(alice, chat("bob@example.org", &"x".repeat(1000)));
    assert_eq!(world.messages(quick).len(), 1);
    assert!(world.messages(alice).is_empty());
    // If all are slow, one error says so.
    world.set_reading(quick, false);
    fill(&mut world, alice, "bob@example.org/quick");
    world.say(alice, chat("bob@example.org", &"x".repeat(1000)));
    assert_eq!(world.messages(alice).len(), 1);
}

#[test]
fn who_cannot_be_told_what_matters_is_logged_out() {
    let mut config = config();
    config.max_backlog = 10_000;
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    let bob = world.available("bob@example.org/phone", 0);
    world.set_reading(bob, false);
    fill(&mut world, alice, "bob@example.org/phone");
    let presence =
        Presence::available().status("x".repeat(2000).as_str()).to(jid("bob@example.org"));
    let presence = presence.build().unwrap();
    world.with_domain(|domain, now| domain.deliver(now, presence));
    world.settle();
    assert_eq!(world.domain().resources(&"bob@example.org".parse().unwrap()).count(), 0);
    // What waited for him, and was for him alone, is kept.
    world.set_reading(bob, true);
    world.settle();
    let Reason::ClosedWith(error) = ended(&mut world, bob) else { panic!("not closed") };
    assert_eq!(error.condition(), StreamCondition::ResourceConstraint);
}

#[test]
fn rfc6121_8_5_1_an_account_that_does_not_exist_answers_as_one_that_takes_nothing() {
    let answers = ["nobody", "bob"].map(|name| {
        let mut config = config();
        config.max_offline = 0;
        let mut world = world_of(config);
        let alice = world.login("alice@example.org/desk");
        world.record(alice);
        for to in ["@example.org", "@example.org/desk"] {
            for type_ in ["normal", "chat", "groupchat", "headline", "error"] {
                world.inject(alice, format!("<message to='{name}{to}' type='{type_}' id='1'/>"));
            }
            for (type_, payload) in [
                ("get", "<ping xmlns='urn:xmpp:ping'/>"),
                ("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
                ("set", "<query xmlns='jabber:iq:roster'/>"),
            ] {
                world.inject(
                    alice,
                    format!("<iq to='{name}{to}' type='{type_}' id='1'>{payload}</iq>"),
                );
            }
        }
        world.settle();
        String::from_utf8(world.take_received(alice)).unwrap().replace(name, "somebody")
    });
    assert!(answers[0].matches("<service-unavailable").count() >= 11, "{}", answers[0]);
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn stanzas_that_cannot_be_understood_are_answered_and_go_nowhere() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.available("bob@example.org/phone", 0);
    world.record(alice);
    for (stanza, condition) in [
        ("<message to='a b@example.org' id='1'/>", "jid-malformed"),
        ("<iq to='bob@example.org/phone' id='1'/>", "bad-request"),
        ("<iq to='bob@example.org/phone' type='get' id='1'/>", "bad-request"),
        ("<presence to='bob@example.org' type='strange' id='1'/>", "bad-request"),
    ] {
        world.inject(alice, stanza);
        world.settle();
        let sent = String::from_utf8(world.take_received(alice)).unwrap();
        assert!(sent.contains(condition), "{stanza}: {sent}");
    }
    assert!(world.is_online(alice));
    assert!(world.messages(bob).is_empty());
    assert!(world.take_queries(bob).is_empty());
}

/// Asks the domain what it is, ten thousand times, and reads no answer.
fn ask_and_do_not_read(world: &mut World, alice: ClientId) {
    world.set_reading(alice, false);
    for n in 0..10_000 {
        world.inject(
            alice,
            format!(
                "<iq type='get' to='example.org' id='{n}'>\
                 <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
            ),
        );
    }
    world.settle();
}

#[test]
fn who_asks_and_does_not_read_is_not_read_either() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.record(alice);
    ask_and_do_not_read(&mut world, alice);
    let session = world.session(alice).unwrap();
    world.with_domain(|domain, _| {
        let port = domain.session(session).unwrap();
        assert!(!crate::endpoint::Endpoint::wants_read(&port));
    });
    // It goes on as soon as it reads, and each request has one answer.
    world.set_reading(alice, true);
    world.settle();
    assert!(world.is_online(alice));
    let received = String::from_utf8(world.take_received(alice)).unwrap();
    for n in 0..10_000 {
        assert_eq!(received.matches(&format!(" id='{n}'")).count(), 1);
    }
}

#[test]
fn who_asks_for_more_than_a_backlog_and_does_not_read_is_logged_out() {
    let mut config = config();
    config.max_backlog = 1000;
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    ask_and_do_not_read(&mut world, alice);
    assert_eq!(world.domain().resources(&"alice@example.org".parse().unwrap()).count(), 0);
    let bob = world.login("bob@example.org/phone");
    assert!(world.is_online(bob));
    // Nobody waits for ever until it reads the reason.
    let session = world.session(alice);
    world.pass(Duration::from_secs(5));
    assert!(session.is_some() && world.session(alice).is_none());
    let Reason::ClosedWith(error) = ended(&mut world, alice) else { panic!("not closed") };
    assert_eq!(error.condition(), StreamCondition::ResourceConstraint);
}
