//! The parser of this project and others understand the same streams alike, cut in whatever way.
//! So a comparison of their speeds means something.

use xmpp_benches::agreement::{Why, check};
use xmpp_benches::contenders::{Check, Contender, minidom, ours, parsers, writers, xmpp_parsers};
use xmpp_benches::corpus::{self, Corpus};
use xmpp_benches::measure::Input;
use xmpp_benches::workload;

/// A few stanzas of a corpus, but at least one.
fn slice(corpus: Corpus, chunk: usize) -> Input {
    Input::new(corpus.name, workload::stream(corpus, 20_000), chunk)
}

fn agree_on(corpus: Corpus, chunks: &[usize]) {
    let contenders = [parsers(), writers()].concat();
    for &chunk in chunks {
        if let Err(disagreement) = check(&contenders, &slice(corpus, chunk)) {
            panic!("chunks of {chunk}: {disagreement}");
        }
    }
}

#[test]
fn all_agree_on_chat() {
    agree_on(corpus::CHAT, &[1, 7, 64, 1000, 4096]);
}

#[test]
fn all_agree_on_rooms() {
    agree_on(corpus::MUC, &[1, 7, 64, 1000, 4096]);
}

#[test]
fn all_agree_on_a_roster() {
    agree_on(corpus::ROSTER, &[1000, 4096]);
}

#[test]
fn all_agree_on_text_that_is_not_latin() {
    agree_on(corpus::CJK, &[1, 7, 64, 1000, 4096]);
}

#[test]
fn all_agree_on_base64() {
    agree_on(corpus::BASE64, &[1000, 4096]);
}

#[test]
fn whoever_reads_all_reads_the_same() {
    for corpus in corpus::ALL {
        let input = slice(corpus, 4096);
        let readers = [ours::BORROWED_READ, ours::OWNED_READ, minidom::TREE_READ];
        let [borrowed, owned, minidom] = readers.map(|reader| (reader.run)(&input).unwrap().sum);
        assert_eq!((borrowed, owned), (minidom, minidom), "{}", corpus.name);
    }
}

#[test]
fn a_difference_is_found_and_named() {
    let changed = Contender {
        name: "one who hears something else",
        check: Check::Checksums(|input| {
            let changed = input.stream.replacen("<body>", "<body>!", 1);
            let Check::Checksums(check) = minidom::TREE.check else { unreachable!() };
            check(&Input::new(input.name, changed, input.chunk))
        }),
        ..minidom::TREE
    };
    let input = slice(corpus::CHAT, 4096);
    let first = input.body().lines().position(|line| line.contains("<body>")).unwrap();
    let disagreement = check(&[ours::BORROWED, changed], &input).unwrap_err();
    assert_eq!(disagreement.contender, changed.name);
    let Why::Stanza { index, with, .. } = disagreement.why else { panic!("{disagreement}") };
    assert_eq!((index, with), (first, ours::BORROWED.name));
}

#[test]
fn a_stanza_too_few_is_found() {
    let mut input = slice(corpus::CHAT, 4096);
    input.stanzas += 1;
    let disagreement = check(&[ours::BORROWED], &input).unwrap_err();
    assert!(matches!(disagreement.why, Why::Count { .. }), "{disagreement}");
}

#[test]
fn a_typed_stanza_that_differs_is_shown() {
    let changed = Contender {
        name: "one who knows another sender",
        check: Check::Stanzas(|input| {
            let changed = input.stream.replacen("from='", "from='x", 2);
            let Check::Stanzas(check) = xmpp_parsers::TYPED.check else { unreachable!() };
            check(&Input::new(input.name, changed, input.chunk))
        }),
        ..xmpp_parsers::TYPED
    };
    let disagreement = check(&[ours::TYPED, changed], &slice(corpus::CHAT, 4096)).unwrap_err();
    let Why::Stanza { own, other, .. } = disagreement.why else { panic!("{disagreement}") };
    assert_ne!(own, other);
    assert_eq!(own.replacen("\"x", "\"", 1), other);
}
