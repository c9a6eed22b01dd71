use super::{Admission, network};

#[tokio::test]
async fn room_is_given_back_with_the_slot() {
    let admission = Admission::new(3, Some(1));
    let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
    let first = admission.admit(admission.room().await.unwrap(), one).unwrap();
    assert!(admission.admit(admission.room().await.unwrap(), one).is_none());
    let second = admission.admit(admission.room().await.unwrap(), other).unwrap();
    assert_eq!(admission.total.available_permits(), 1);
    drop(first);
    let third = admission.admit(admission.room().await.unwrap(), one).unwrap();
    drop((second, third));
    assert_eq!(admission.total.available_permits(), 3);
    let by_source = admission.by_source.unwrap();
    assert!(by_source.open.lock().unwrap().is_empty(), "addresses that left are forgotten");
}

#[tokio::test]
async fn a_limit_of_zero_lets_nobody_in_and_no_limit_everybody() {
    let source = "192.0.2.1".parse().unwrap();
    let closed = Admission::new(1, Some(0));
    assert!(closed.admit(closed.room().await.unwrap(), source).is_none());
    assert!(closed.by_source.unwrap().open.lock().unwrap().is_empty());
    let open = Admission::new(2, None);
    let slots = [open.room().await.unwrap(), open.room().await.unwrap()];
    assert!(slots.map(|room| open.admit(room, source)).iter().all(Option::is_some));
}

#[test]
fn sources_are_what_one_subscriber_has() {
    let of = |text: &str| network(text.parse().unwrap()).to_string();
    assert_eq!(of("192.0.2.1"), "192.0.2.1");
    assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}
