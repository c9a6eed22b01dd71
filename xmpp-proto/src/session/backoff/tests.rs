use alloc::vec::Vec;

use super::*;
use crate::rng::Seed;

fn config() -> Reconnect {
    Reconnect::default().with_pauses(Duration::from_secs(1), Duration::from_mins(1))
}

fn pauses(backoff: &mut Backoff, config: &Reconnect, seed: u8, count: usize) -> Vec<Duration> {
    let mut rng = Rng::new(Seed::new([seed; 32]));
    let now = Instant::from_micros(0);
    let next = |_| backoff.next(config, now, &mut rng).unwrap().saturating_duration_since(now);
    (0..count).map(next).collect()
}

#[test]
fn pauses_double_up_to_their_limit_and_vary_by_half() {
    for seed in 0..50 {
        let pauses = pauses(&mut Backoff::default(), &config(), seed, 12);
        for (n, pause) in pauses.iter().enumerate() {
            let whole = Duration::from_secs(1 << n.min(10)).min(Duration::from_mins(1));
            assert!(*pause >= whole / 2 && *pause <= whole, "{n}: {pause:?} of {whole:?}");
        }
    }
}

#[test]
fn two_clients_do_not_come_back_at_the_same_moment() {
    let mut first = pauses(&mut Backoff::default(), &config(), 1, 8);
    first.retain(|pause| pauses(&mut Backoff::default(), &config(), 2, 8).contains(pause));
    assert_eq!(first, []);
}

#[test]
fn a_client_that_was_online_long_enough_begins_anew() {
    let mut rng = Rng::new(Seed::new([3; 32]));
    let mut backoff = Backoff::default();
    let mut now = Instant::from_micros(0);
    for _ in 0..6 {
        backoff.next(&config(), now, &mut rng).unwrap();
    }
    // Online, but not for long: somebody lets it in and throws it out again.
    backoff.succeeded(now);
    now = now + Duration::from_secs(29);
    let pause = backoff.next(&config(), now, &mut rng).unwrap().saturating_duration_since(now);
    assert!(pause >= Duration::from_secs(30), "{pause:?}");
    backoff.succeeded(now);
    now = now + Duration::from_secs(30);
    let pause = backoff.next(&config(), now, &mut rng).unwrap().saturating_duration_since(now);
    assert!(pause <= Duration::from_secs(1), "{pause:?}");
}

#[test]
fn a_limit_of_attempts_is_kept() {
    let mut config = config();
    config.max_attempts = Some(3);
    let mut rng = Rng::new(Seed::new([4; 32]));
    let mut backoff = Backoff::default();
    let now = Instant::from_micros(0);
    for _ in 0..3 {
        assert!(backoff.next(&config, now, &mut rng).is_some());
    }
    assert!(backoff.next(&config, now, &mut rng).is_none());
    backoff.reset();
    assert!(backoff.next(&config, now, &mut rng).is_some());
}

#[test]
fn pauses_may_be_of_milliseconds_or_none_at_all() {
    let tiny = config().with_pauses(Duration::from_millis(2), Duration::from_millis(3));
    for pause in pauses(&mut Backoff::default(), &tiny, 5, 40) {
        assert!(pause >= Duration::from_millis(1) && pause <= Duration::from_millis(3));
    }
    let none = config().with_pauses(Duration::ZERO, Duration::ZERO);
    assert_eq!(pauses(&mut Backoff::default(), &none, 6, 3), [Duration::ZERO; 3]);
}
