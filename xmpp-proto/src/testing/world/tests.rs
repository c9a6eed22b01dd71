use alloc::string::ToString;

use super::*;
use crate::endpoint::{Ended, Reason, TlsMode};
use crate::stanza::Message;

fn world() -> World {
    let mut world = World::new(DomainConfig::new("example.org".parse().unwrap()));
    world.account("alice", "secret");
    world
}

fn client(tls: TlsMode) -> ClientConfig {
    let mut config = ClientConfig::new("alice@example.org".parse().unwrap(), "secret")
        .with_tls(tls)
        .one_stream();
    config.scram.min_iterations = 1;
    config
}

#[test]
fn logins_work_however_tls_starts() {
    for (tls, mode) in [
        (ServerTls::StartTls, TlsMode::StartTls),
        (ServerTls::Direct, TlsMode::Direct),
        (ServerTls::InsecurePlaintext, TlsMode::InsecurePlaintext),
    ] {
        for chunks in [Chunks::Whole, Chunks::Of(1), Chunks::Random(7)] {
            let mut world = world().with_tls(tls).with_chunks(chunks);
            let id = world.connect_with(client(mode));
            world.settle();
            assert!(world.is_online(id), "{tls:?} {chunks:?}");
            world.close(id);
            world.settle();
            assert!(world.client(id).is_idle());
            assert_eq!(world.domain().sessions(), 0);
        }
    }
}

#[test]
fn a_client_that_was_cut_off_connects_again() {
    let mut world = world();
    let id = world.login("alice@example.org/desk");
    world.cut(id);
    world.settle();
    let event = world.next_event(id);
    let Some(Event::Ended(Ended { reason, .. })) = event else { panic!("{event:?}") };
    assert_eq!(reason, Reason::Transport(LostCause::Reset));
    world.with_client(id, Client::connect).unwrap();
    world.settle();
    assert!(world.is_online(id));
    assert_eq!(world.domain().sessions(), 1);
}

#[test]
fn a_full_domain_refuses_connections() {
    let mut config = DomainConfig::new("example.org".parse().unwrap());
    config.max_sessions = 0;
    let mut world = World::new(config);
    let id = world.connect("alice@example.org/desk");
    world.settle();
    let event = world.next_event(id);
    let Some(Event::Ended(Ended { reason, .. })) = event else { panic!("{event:?}") };
    assert_eq!(reason, Reason::Transport(LostCause::Refused));
}

#[test]
fn what_a_client_does_not_read_waits() {
    let mut world = world();
    let id = world.login("alice@example.org/desk");
    world.set_reading(id, false);
    let to: crate::jid::Jid = "alice@example.org/desk".parse().unwrap();
    world.send(id, Message::chat(to).body("note").build().unwrap()).unwrap();
    world.settle();
    assert!(world.take_stanzas(id).is_empty());
    world.set_reading(id, true);
    world.settle();
    let stanzas = world.take_stanzas(id);
    assert_eq!(stanzas[0].from().unwrap().to_string(), "alice@example.org/desk");
    assert_eq!(stanzas.len(), 1);
}
