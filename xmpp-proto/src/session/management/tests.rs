use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::stanza::Message;

fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

fn config() -> StreamManagement {
    StreamManagement { request_after: Duration::from_secs(2), ..StreamManagement::default() }
}

fn stanza(body: &str) -> Stanza {
    let to: crate::jid::Jid = "bob@example.org".parse().unwrap();
    Message::chat(to).body(body).build().unwrap().into()
}

/// A session with `count` stanzas on their way, of which the first is `first` of the count of the
/// peer, on a stream where acknowledgements flow.
fn sent(first: u32, count: u64) -> Management {
    let resumable = Resumable { id: "sm1".into(), location: None, max: None };
    let mut management = Management::restored(first, 0, resumable);
    for n in 0..count {
        management.push(at(0), stanza(&format!("{n}")), Some(SendToken(n)), Some(100 * (n + 1)));
    }
    management
}

fn acked(management: &mut Management, h: u32) -> Result<Vec<u64>, TooHigh> {
    let entries = management.handle_ack(at(0), h)?;
    Ok(entries.map(|entry| entry.token.unwrap().0).collect())
}

fn waiting(management: &Management) -> Vec<u64> {
    management.entries().map(|entry| entry.token.unwrap().0).collect()
}

#[test]
fn an_acknowledgement_covers_all_that_came_before_it() {
    // XEP-0198 §4: `h` is the last handled stanza.
    let mut management = sent(0, 5);
    assert_eq!(acked(&mut management, 2), Ok(vec![0, 1]));
    assert_eq!(acked(&mut management, 2), Ok(vec![]), "it may be said again");
    assert_eq!(acked(&mut management, 5), Ok(vec![2, 3, 4]));
    assert_eq!((management.len(), management.bytes, management.acked()), (0, 0, 5));
}

#[test]
fn a_count_that_is_too_high_or_goes_back_changes_nothing() {
    let mut management = sent(0, 3);
    acked(&mut management, 1).unwrap();
    // XEP-0198 §6.
    for h in [4, 5, 100, u32::MAX, u32::MAX / 2, 0] {
        assert_eq!(acked(&mut management, h), Err(TooHigh { h, sent: 3 }), "{h}");
        assert_eq!((waiting(&management), management.acked()), (vec![1, 2], 1));
    }
    assert_eq!(acked(&mut management, 3), Ok(vec![1, 2]));
}

#[test]
fn the_count_of_the_peer_wraps_to_zero() {
    // XEP-0198 §4: from 2^32-1 back to zero.
    let mut management = sent(u32::MAX - 1, 4);
    assert_eq!(acked(&mut management, u32::MAX), Ok(vec![0]));
    assert_eq!(acked(&mut management, 0), Ok(vec![1]));
    assert_eq!(acked(&mut management, 3), Err(TooHigh { h: 3, sent: 2 }));
    assert_eq!(acked(&mut management, u32::MAX), Err(TooHigh { h: u32::MAX, sent: 2 }));
    assert_eq!(acked(&mut management, 2), Ok(vec![2, 3]));
}

#[test]
fn our_own_count_wraps_to_zero() {
    // XEP-0198 §4.
    let resumable = Resumable { id: "sm1".into(), location: None, max: None };
    let mut management = Management::restored(0, u32::MAX - 1, resumable);
    assert_eq!(management.receive(), Some(u32::MAX));
    assert_eq!(management.receive(), Some(0));
    assert_eq!(management.receive(), Some(1));
    management.handle(Some(0));
    assert_eq!(management.take_last_answer(), u32::MAX);
    management.handle(Some(1));
    assert_eq!(management.take_last_answer(), 0);
    management.handle(None);
    assert_eq!(management.take_last_answer(), 1);
}

#[test]
fn what_was_never_on_a_transport_cannot_be_acknowledged() {
    let mut management = sent(0, 3);
    // Of three stanzas two were taken whole, and one more waits for the next transport.
    management.suspend(250);
    management.push(at(1), stanza("later"), Some(SendToken(3)), None);
    // XEP-0198 §6: that is more than the peer was sent.
    for h in [3, 4] {
        assert_eq!(acked(&mut management, h), Err(TooHigh { h, sent: 2 }), "{h}");
    }
    assert_eq!(acked(&mut management, 2), Ok(vec![0, 1]));
    assert_eq!(waiting(&management), [2, 3]);
}

#[test]
fn nothing_counts_before_the_stream_is_managed() {
    // XEP-0198 §4: our count of what comes in starts with `<enabled/>`.
    let mut management = Management::new();
    assert_eq!(management.receive(), None);
    management.start_counting();
    assert_eq!(management.receive(), Some(1));
}

#[test]
fn a_replay_is_everything_that_is_left_in_order_and_asks_at_once() {
    let mut management = sent(0, 4);
    acked(&mut management, 1).unwrap();
    management.suspend(1000);
    assert!(!management.take_request(at(60_000), &config()), "there is nobody to be asked");
    let mut written = Vec::new();
    management.replay(at(60_000), |stanza| {
        written.push(stanza.element().clone());
        written.len() as u64
    });
    // XEP-0198 §5: what is still unhandled is sent again.
    let expected: Vec<_> = (1..4).map(|n| stanza(&format!("{n}")).element().clone()).collect();
    assert_eq!(written, expected);
    assert!(management.take_request(at(60_000), &config()));
}

#[test]
fn whether_a_stanza_may_have_arrived_is_known_to_the_byte() {
    for written in 0..=400 {
        let mut management = sent(0, 3);
        management.suspend(written);
        let sent: Vec<_> = management.entries().map(|entry| entry.may_have_arrived(0)).collect();
        assert_eq!(sent, [written >= 100, written >= 200, written >= 300], "{written} bytes");
        // Once it may have, it may have, whatever happens on later transports.
        management.replay(at(0), |_| 1000);
        management.suspend(999);
        let later: Vec<_> = management.entries().map(|entry| entry.may_have_arrived(0)).collect();
        assert_eq!(later, sent);
    }
}

#[test]
fn resumptions_in_vain_are_counted_until_something_is_acknowledged() {
    let config = StreamManagement { max_replays: 3, ..config() };
    let mut management = sent(0, 2);
    let again = |management: &mut Management| {
        management.suspend(1000);
        management.replay(at(0), |_| 10);
        management.is_fruitless(&config)
    };
    assert!(!again(&mut management));
    assert!(!again(&mut management));
    acked(&mut management, 0).unwrap();
    assert!(again(&mut management), "to say the same again is nothing new");
    acked(&mut management, 1).unwrap();
    assert!(!management.is_fruitless(&config));
    // With nothing to lose, a session may be resumed as often as it likes.
    acked(&mut management, 2).unwrap();
    for _ in 0..10 {
        assert!(!again(&mut management));
    }
}

#[test]
fn acknowledgements_are_asked_for_by_number_and_by_time() {
    let config = StreamManagement { request_every: 3, ..config() };
    let mut management = sent(0, 2);
    assert!(!management.take_request(at(1999), &config));
    assert_eq!(management.timer(&config), Some(at(2000)));
    assert!(management.take_request(at(2000), &config));
    // While the answer is due it is not asked again, whatever is sent.
    for n in 2..20 {
        management.push(at(3000), stanza("more"), Some(SendToken(n)), Some(1));
        assert!(!management.take_request(at(100_000), &config));
    }
    assert_eq!(management.timer(&config), None);
    acked(&mut management, 2).unwrap();
    assert!(management.take_request(at(3000), &config));
    // An answer that leaves something open is followed by another question, in time.
    acked(&mut management, 3).unwrap();
    assert!(!management.take_request(at(0), &config));
    assert_eq!(management.timer(&config), Some(at(2000)));
    acked(&mut management, 20).unwrap();
    assert_eq!(management.timer(&config), None, "everything is acknowledged");
}

#[test]
fn nothing_is_asked_or_told_before_the_peer_has_agreed() {
    // XEP-0198 §3: until `<enabled/>` has come, it may still refuse.
    let mut management = Management::new();
    for n in 0..20 {
        management.push(at(0), stanza("early"), Some(SendToken(n)), Some(n + 1));
    }
    assert!(!management.take_request(at(10_000), &config()));
    assert_eq!(management.timer(&config()), None);
    management.start_counting();
    assert!(management.take_request(at(10_000), &config()));
}

#[test]
fn an_answer_waits_for_the_application_but_not_long() {
    // XEP-0198 §4: withheld for nothing but a timeout.
    let config = config();
    let mut management = sent(0, 0);
    management.handle_request(at(0), &config);
    assert_eq!(management.take_answer(at(0), &config), Some(0), "at once if nothing waits");
    for _ in 0..3 {
        management.receive();
    }
    management.handle(Some(2));
    management.handle_request(at(10), &config);
    management.handle_request(at(200), &config);
    assert_eq!(management.take_answer(at(259), &config), None);
    assert_eq!(management.timer(&config), Some(at(260)));
    assert_eq!(management.take_answer(at(260), &config), Some(1), "only what is handled");
    assert_eq!(management.timer(&config), None);
    management.handle_request(at(300), &config);
    management.handle(None);
    assert_eq!(management.take_answer(at(301), &config), Some(3), "as soon as all is handled");
}

#[test]
fn much_that_is_handled_is_told_unasked() {
    let config = StreamManagement { ack_every: 4, ..config() };
    let mut management = sent(0, 0);
    for n in 1..=4 {
        management.receive();
        management.handle(None);
        assert_eq!(management.take_answer(at(0), &config), (n == 4).then_some(4));
    }
    assert_eq!(management.take_answer(at(0), &config), None);
}

#[test]
fn what_was_told_is_never_taken_back() {
    let mut management = sent(0, 0);
    for _ in 0..5 {
        management.receive();
    }
    management.handle(Some(2));
    assert_eq!(management.take_last_answer(), 1);
    management.suspend(0);
    // XEP-0198 §5: what is in this process is not to come again.
    assert_eq!(management.to_resume(), Some(("sm1", 5)));
    management.replay(at(0), |_| 0);
    management.handle(Some(3));
    assert_eq!(management.take_last_answer(), 5);
    management.receive();
    management.handle(Some(6));
    assert_eq!(management.take_last_answer(), 5);
    management.handle(None);
    assert_eq!(management.take_last_answer(), 6);
}

#[test]
fn both_limits_are_kept_and_the_machine_may_owe_twice_as_much() {
    let weight = Entry {
        token: None,
        stanza: stanza("0"),
        end: None,
        sent: false,
        at: Instant::from_micros(0),
    }
    .weight();
    let few = StreamManagement { max_unacked: 3, ..config() };
    let small = StreamManagement { max_unacked_bytes: 3 * weight, ..config() };
    for config in [few, small] {
        let mut management = sent(0, 2);
        assert!(management.has_room(&config));
        management.push(at(0), stanza("2"), None, Some(1));
        assert!(!management.has_room(&config) && !management.is_overfull(&config));
        for _ in 3..6 {
            management.push(at(0), stanza("3"), None, Some(1));
            assert!(!management.is_overfull(&config));
        }
        management.push(at(0), stanza("4"), None, Some(1));
        assert!(management.is_overfull(&config));
        assert_eq!(management.take_all().len(), 7);
        assert!(management.has_room(&config));
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A stanza goes out, or waits for the next transport.
    Push,
    /// The peer acknowledges this many more or, below zero, fewer.
    Ack(i32),
    /// Any number at all.
    Say(u32),
    /// The transport is gone, with all but this many stanzas written.
    Suspend(usize),
    Replay,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Push),
        3 => (-3_i32..8).prop_map(Step::Ack),
        1 => any::<u32>().prop_map(Step::Say),
        1 => (0_usize..4).prop_map(Step::Suspend),
        2 => Just(Step::Replay),
    ];
    prop::collection::vec(step, 0..80)
}

/// What is left of a number in 32 bits.
fn wrapped(n: u64) -> u32 {
    u32::try_from(n & u64::from(u32::MAX)).unwrap()
}

proptest! {
    /// XEP-0198 §4: against a list and a count that never wraps.
    #[test]
    fn the_queue_is_a_list_whatever_the_peer_says(first in any::<u32>(), steps in steps()) {
        let mut management = sent(first, 0);
        // What waits: its token, whether the peer can have it.
        let mut model: Vec<(u64, bool)> = Vec::new();
        let (mut total, mut acked_total, mut position) = (0_u64, 0_u64, 0_u64);
        let mut connected = true;
        for step in steps {
            match step {
                Step::Push => {
                    position += 10;
                    let end = connected.then_some(position);
                    management.push(at(0), stanza("x"), Some(SendToken(total)), end);
                    model.push((total, connected));
                    total += 1;
                }
                Step::Ack(_) | Step::Say(_) => {
                    let h = match step {
                        Step::Ack(more) => {
                            let h = first.wrapping_add(wrapped(acked_total));
                            h.wrapping_add_signed(more)
                        }
                        Step::Say(h) => h,
                        _ => unreachable!(),
                    };
                    let more = h.wrapping_sub(first.wrapping_add(wrapped(acked_total))) as usize;
                    let possible = model.iter().filter(|(_, sent)| *sent).count();
                    match acked(&mut management, h) {
                        Ok(tokens) => {
                            prop_assert!(more <= possible);
                            let done: Vec<_> = model.drain(..more).map(|(token, _)| token).collect();
                            prop_assert_eq!(tokens, done);
                            acked_total += more as u64;
                        }
                        Err(fault) => {
                            prop_assert!(more > possible);
                            prop_assert_eq!(fault.h, h);
                        }
                    }
                }
                Step::Suspend(unwritten) => {
                    management.suspend(position.saturating_sub(10 * unwritten as u64));
                    if connected {
                        // Those of earlier transports stay sent: sent is a beginning of the list.
                        let before: Vec<_> =
                            management.entries().map(|entry| entry.may_have_arrived(0)).collect();
                        for (entry, sent) in model.iter_mut().zip(before) {
                            entry.1 = sent;
                        }
                    }
                    connected = false;
                }
                Step::Replay => {
                    if connected {
                        management.suspend(position);
                    }
                    position = 0;
                    let mut count = 0;
                    management.replay(at(0), |_| { count += 1; 10 * count });
                    position += 10 * count;
                    prop_assert_eq!(count, model.len() as u64);
                    for entry in &mut model {
                        entry.1 = true;
                    }
                    connected = true;
                }
            }
            let left: Vec<_> = model.iter().map(|(token, _)| *token).collect();
            prop_assert_eq!(waiting(&management), left);
            let weights: usize = management.queue.iter().map(Entry::weight).sum();
            prop_assert_eq!(management.bytes, weights);
            let sent: Vec<_> = model.iter().map(|(_, sent)| *sent).collect();
            prop_assert!(sent.is_sorted_by(|a, b| a >= b), "what was sent comes first");
        }
    }

    /// XEP-0198 §4: what is told never goes back and is never more than was handled, but for what a
    /// resumption has told already.
    #[test]
    fn what_is_told_only_grows(
        first in any::<u32>(),
        steps in prop::collection::vec((0_u8..5, 0_u32..4), 0..100),
    ) {
        let config = StreamManagement { ack_every: 5, ..config() };
        let resumable = Resumable { id: "sm1".into(), location: None, max: None };
        let mut management = Management::restored(0, first, resumable);
        let (mut received, mut waits, mut told, mut now) = (0_u64, 0_u64, 0_u64, 0);
        let mut floor = 0_u64;
        for (what, n) in steps {
            now += 100;
            let mut answers = Vec::new();
            match what {
                0 => for _ in 0..n {
                    management.receive();
                    received += 1;
                    waits += 1;
                },
                1 => waits = waits.saturating_sub(u64::from(n)),
                2 => management.handle_request(at(now), &config),
                3 => answers.push(management.take_last_answer()),
                _ => {
                    management.suspend(0);
                    management.replay(at(now), |_| 0);
                    floor = received;
                    told = told.max(floor);
                }
            }
            let next = received - waits + 1;
            let number = first.wrapping_add(wrapped(next));
            management.handle((waits > 0).then_some(number));
            answers.extend(management.take_answer(at(now), &config));
            for h in answers {
                let h = u64::from(h.wrapping_sub(first));
                prop_assert!(h >= told && h <= floor.max(received - waits), "{h}");
                told = h;
            }
        }
    }
}
