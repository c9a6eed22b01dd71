use super::*;
use crate::corpus::{self, CHAT, ROSTER};

#[test]
fn a_slice_of_a_corpus_has_whole_stanzas_and_no_more_than_asked_for() {
    for corpus in corpus::ALL {
        let all = corpus.stanzas();
        let some = stanzas(corpus, 100_000);
        assert!(all.starts_with(&some) && !some.is_empty(), "{}", corpus.name);
        assert!(some.len() == all.len() || some.ends_with('\n'), "{}", corpus.name);
    }
    assert!(stanzas(CHAT, 100_000).len() <= 100_000);
    assert_eq!(stanzas(CHAT, 10).lines().count(), 1);
    assert_eq!(stanzas(ROSTER, 10), ROSTER.stanzas());
    assert_eq!(stanzas(CHAT, usize::MAX), CHAT.stanzas());
}

#[test]
fn passes_do_what_they_count() {
    let traffic = stream(CHAT, 20_000);
    assert_eq!(Workload::parse(traffic.clone(), 7).units(), traffic.len() as u64);
    // What is written is what was read, in other quotes.
    let written = Workload::write(&traffic).units();
    assert!((15_000..25_000).contains(&written), "{written}");
    let mut sent = Vec::new();
    for element in elements(&traffic) {
        if Stanza::from_element(element.clone()).is_ok() {
            Writer::new(ns::CLIENT, true).write(element.as_ref(), &mut sent);
        }
    }
    assert_eq!(Workload::send(&traffic).units(), sent.len() as u64);
}

#[test]
fn what_is_refused_counts_up_to_there() {
    let bad = [HEADER, "<message><message><oops/oops>", &" ".repeat(1000)].concat();
    let units = Workload::refuse(bad.clone(), 64).units();
    assert!(units < bad.len() as u64 - 900, "{units}");
}

#[test]
#[should_panic = "the stream is accepted"]
fn a_stream_that_is_not_refused_is_noticed() {
    let _ = Workload::refuse(stream(CHAT, 1000), 64);
}

#[test]
#[should_panic = "the stream is accepted"]
fn a_stream_that_is_refused_is_noticed() {
    let _ = Workload::parse([HEADER, "<a></b>"].concat(), 64);
}

#[test]
fn whoever_is_written_to_gets_it() {
    let mut crowd = Crowd::new(3);
    let (before, text) = (crowd.written(), burst(1, 3));
    crowd.receive(1, &text);
    // Each message says who it is from, too.
    assert!(crowd.written() - before > text.len() as u64);
    assert_eq!(Workload::route(3).units(), 3 * BURST as u64);

    crowd.subscribe_all_to_first();
    let before = crowd.written();
    crowd.receive(0, "<presence><status>lunch</status></presence>");
    let each = "<presence from='user00000@localhost/r'/>".len() as u64;
    // The first hears it, too.
    assert!(crowd.written() - before > 3 * each);
}
