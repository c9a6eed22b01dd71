use core::time::Duration;
use proptest::prelude::*;

use super::{Queries, earliest};
use crate::Instant;
use crate::stanza::Iq;
use crate::xml::Element;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

proptest! {
    #[test]
    fn an_absent_deadline_never_hides_another(
        deadlines in prop::collection::vec(prop::option::of(0_u64..100), 0..6),
    ) {
        let merged = earliest(deadlines.iter().map(|deadline| deadline.map(at)));
        let expected = deadlines.iter().flatten().min().copied().map(at);
        prop_assert_eq!(merged, expected);
    }
}

#[test]
fn instants_saturate_instead_of_wrapping() {
    let late = at(u64::MAX - 1);
    assert_eq!(late + Duration::MAX, at(u64::MAX));
    assert_eq!(at(1).saturating_duration_since(at(2)), Duration::ZERO);
}

#[test]
fn queries_run_out_in_the_order_in_which_they_came() {
    let iq = |id| {
        let payload = Element::builder("ping", crate::ns::PING).build().unwrap();
        Iq::get(id, payload).build().unwrap()
    };
    let mut queries = Queries::default();
    let first = queries.insert(iq("1"), at(10));
    let second = queries.insert(iq("2"), at(20));
    assert_eq!(queries.poll_timeout(), Some(at(10)));
    assert!(queries.take_due(at(9)).is_none());
    queries.remove(first);
    assert_eq!(queries.poll_timeout(), Some(at(20)));
    assert!(queries.contains(second) && !queries.contains(first));
    assert_eq!(queries.take_due(at(20)).unwrap().id(), "2");
    assert_eq!((queries.len(), queries.poll_timeout()), (0, None));
}
