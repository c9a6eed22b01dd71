//! That the simulation does what it says, and would notice if something were wrong.

use alloc::string::String;
use alloc::vec::Vec;

use super::model::{Model, id_of};
use super::{Fault, Plan, Report, Simulation};
use crate::stanza::Message;

fn message(model: &Model, number: usize) -> Message {
    let to: crate::jid::Jid = "c1@example.org".parse().expect("an address");
    let message = Message::chat(to).id(&id_of(number)).body(&model.body(number));
    message.build().expect("it can be built")
}

/// Two clients; so many messages of the first to the second, all of them sent.
fn sent(count: usize) -> (Model, Vec<Message>) {
    let mut model = Model::new(2, false);
    let numbers: Vec<_> = (0..count).map(|_| model.say(0, 1)).collect();
    for number in &numbers {
        model.sent(*number).expect("it was to be sent");
    }
    let messages = numbers.iter().map(|number| message(&model, *number)).collect();
    (model, messages)
}

#[test]
fn a_message_that_comes_twice_is_noticed() {
    let report = &mut Report::default();
    let (mut model, messages) = sent(1);
    assert_eq!(model.received(1, &messages[0], report), Ok(()));
    let error = model.received(1, &messages[0], report).expect_err("that is one too many");
    assert!(error.contains("came 2 times"), "{error}");
}

#[test]
fn what_may_have_arrived_and_is_sent_again_may_come_twice() {
    let report = &mut Report::default();
    let (mut model, messages) = sent(1);
    model.unacked(0, report).expect("it was sent");
    model.sent(0).expect("it waits");
    for _ in 0..2 {
        assert_eq!(model.received(1, &messages[0], report), Ok(()));
    }
    assert!(model.received(1, &messages[0], report).is_err());
}

#[test]
fn what_has_certainly_not_arrived_may_not_come_twice() {
    let report = &mut Report::default();
    let (mut model, messages) = sent(1);
    model.failed(0).expect("it was sent");
    assert!(model.received(1, &messages[0], report).is_err());
}

#[test]
fn a_message_of_another_session_may_come_again() {
    let report = &mut Report::default();
    let (mut model, messages) = sent(1);
    assert_eq!(model.received(1, &messages[0], report), Ok(()));
    model.session_lost(1, true);
    assert_eq!(model.received(1, &messages[0], report), Ok(()));
    assert_eq!((report.delivered, report.repeated), (1, 1));
}

#[test]
fn messages_that_change_places_are_noticed() {
    let report = &mut Report::default();
    let (mut model, messages) = sent(2);
    assert_eq!(model.received(1, &messages[1], report), Ok(()));
    let error = model.received(1, &messages[0], report).expect_err("it is late");
    assert!(error.contains("came after"), "{error}");
}

#[test]
fn a_message_that_is_acknowledged_and_never_comes_is_noticed() {
    let (mut model, _) = sent(1);
    model.acked(0).expect("it was sent");
    assert!(!model.is_settled());
    // A domain that dies may lose it.
    model.domain_died();
    assert!(model.is_settled());
}

#[test]
fn a_message_that_comes_to_somebody_else_is_noticed() {
    let (mut model, messages) = sent(1);
    assert!(model.received(0, &messages[0], &mut Report::default()).is_err());
}

#[test]
fn a_stanza_has_one_outcome() {
    let (mut model, _) = sent(1);
    model.acked(0).expect("it was sent");
    assert!(model.acked(0).is_err());
    assert!(model.failed(0).is_err());
}

#[test]
fn without_faults_everything_arrives_at_once() {
    let report = Simulation::new(1).with_plan(Plan::calm()).run().expect("nothing goes wrong");
    assert_eq!(report.bound, 3);
    assert_eq!(report.delivered, report.messages);
    assert!(report.messages > 50 && report.injected.is_empty(), "{report}");
    assert_eq!((report.resumed, report.lost, report.excused, report.repeated), (0, 0, 0, 0));
}

#[test]
fn each_fault_is_injected_and_survived() {
    for fault in Fault::ALL {
        let plan = Plan::calm().with_faults([fault]);
        let run = Simulation::new(3).with_plan(plan).run();
        let report = run.unwrap_or_else(|failure| panic!("{fault}: {failure}"));
        assert!(report.injected.get(&fault).is_some_and(|count| *count > 0), "{fault}: {report}");
        if fault != Fault::DomainCrash {
            assert_eq!(report.excused, 0, "{fault}: {report}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let digests: Vec<_> =
        (0..2).map(|_| Simulation::new(11).run().expect("nothing is lost").digest).collect();
    assert_eq!(digests[0], digests[1]);
    let other = Simulation::new(12).run().expect("nothing is lost");
    assert_ne!(digests[0], other.digest);
}

#[test]
fn a_reader_is_told_what_happens() {
    use alloc::rc::Rc;
    use core::cell::RefCell;
    let lines = Rc::new(RefCell::new(Vec::<String>::new()));
    let kept = Rc::clone(&lines);
    let plan = Plan::calm().with_faults([Fault::Reset]);
    let simulation = Simulation::new(5).with_plan(plan);
    let told = simulation.with_log(move |_, line| kept.borrow_mut().push(line.into()));
    told.run().expect("nothing is lost");
    for word in ["!! reset", "Online", "<stream:stream", "sends Message", "all is quiet"] {
        assert!(lines.borrow().iter().any(|line| line.contains(word)), "{word}");
    }
}
