//! What a peer can make a parser hold, counted by the allocator.
//!
//! A gigabyte is streamed, not stored: what comes after a limit is refused without being looked
//! at. Where a stream stays legal for ever, less is sent, but twice: the peak does not grow.

use allocation_counter::measure;
use xmpp_proto::xml::{ErrorKind, Limits, Parser};

use super::HEADER;
use super::endless::{self, Endless, bound};

const GIGABYTE: usize = 1_000_000_000;

/// As much as drivers read at one go, or more.
const CHUNK: usize = 64 * 1024;

/// Pushes `begin`, then `bytes` of `more` in chunks, and drains the parser after each, whether
/// there was an error or not. Returns the peak of the heap and the first error.
fn peak(
    limits: Limits,
    (begin, more): (&str, &str),
    bytes: usize,
    chunk: usize,
) -> (usize, Option<ErrorKind>) {
    // Long enough for a chunk from any place in `more`.
    let ring = more.repeat(chunk.div_ceil(more.len()) + 1);
    let mut error = None;
    let info = measure(|| {
        let mut parser = Parser::new(limits);
        let mut feed = |bytes: &[u8]| {
            parser.push(bytes);
            loop {
                match parser.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(fault) => {
                        error.get_or_insert(fault.kind());
                        break;
                    }
                }
            }
        };
        begin.as_bytes().chunks(chunk).for_each(&mut feed);
        let (mut at, mut pushed) = (0, 0);
        while pushed < bytes {
            feed(&ring.as_bytes()[at..at + chunk]);
            at = (at + chunk) % more.len();
            pushed += chunk;
        }
    });
    (usize::try_from(info.bytes_max).expect("fits"), error)
}

/// A gigabyte of each in large chunks, and some kilobytes byte by byte. A few megabytes come first,
/// so that a parser without bounds fails here before it has eaten all there is.
#[track_caller]
fn check(attacks: fn(Limits) -> Vec<Endless>) {
    let (large, small) = (Limits::default(), Limits::default().with_stanza_bytes(8 * 1024));
    let small = small.with_header_bytes(1024);
    for (limits, chunk, bytes) in [
        (small, 1, 3 * small.stanza_bytes),
        (large, CHUNK, 4 * large.stanza_bytes),
        (large, CHUNK, GIGABYTE),
    ] {
        for Endless { begin, more, error } in attacks(limits) {
            let (peak, found) = peak(limits, (&begin, &more), bytes, chunk);
            assert_eq!(found, Some(error), "{begin}{more:.40}");
            let most = bound(limits, chunk);
            assert!(peak <= most, "{peak} of {most} bytes for {begin}{more:.40}");
        }
    }
}

#[test]
fn a_never_closed_element_of_a_gigabyte() {
    check(endless::elements);
}

#[test]
fn a_never_closed_attribute_of_a_gigabyte() {
    check(endless::attributes);
}

#[test]
fn a_never_ending_name_of_a_gigabyte() {
    check(endless::names);
}

#[test]
fn a_never_ending_reference_of_a_gigabyte() {
    check(endless::references);
}

#[test]
fn a_list_of_namespaces_of_a_gigabyte() {
    check(endless::namespaces);
}

#[test]
fn a_never_closed_comment_doctype_or_instruction_of_a_gigabyte() {
    check(endless::restricted);
}

#[test]
fn a_never_closed_stream_header_of_a_gigabyte() {
    check(endless::headers);
}

#[test]
fn a_gigabyte_of_garbage_pushed_after_the_error() {
    check(endless::garbage);
}

/// Invalid bytes that are not even characters.
#[test]
fn a_gigabyte_that_is_not_text() {
    let bytes = vec![0xFF; CHUNK];
    let info = measure(|| {
        let mut parser = Parser::default();
        for _ in 0..GIGABYTE / CHUNK {
            parser.push(&bytes);
            assert!(parser.next().is_err());
        }
    });
    assert!(info.bytes_max <= bound(Limits::default(), CHUNK) as u64);
}

/// White space before, between and behind what counts is no error, and millions of small stanzas
/// are what a stream is made of: what went through must not stay.
#[test]
fn what_may_go_on_for_ever_takes_no_more_with_time() {
    let limits = Limits::default().with_stanza_bytes(64 * 1024);
    let large = format!("<a>{}</a>", "<b/>x".repeat(13_000));
    let streams = [
        ("", " "),
        (HEADER, "\n"),
        ("<a></a>", " \t"),
        (HEADER, "<a/>"),
        (HEADER, "<message to='romeo@example.net'><body>hi</body></message>\n"),
        (HEADER, "<a xmlns:p='urn:p'><p:b c='&#x10FFFF;' p:d=''>&amp;<![CDATA[x]]></p:b></a>"),
        (HEADER, &large),
    ];
    for (begin, more) in streams {
        for chunk in [333, CHUNK] {
            // Some rounds until the buffers have the size that they need.
            let (early, error) = peak(limits, (begin, more), 500_000, chunk);
            assert_eq!(error, None, "{more:.40}");
            let (late, error) = peak(limits, (begin, more), 2_000_000, chunk);
            assert_eq!((late, error), (early, None), "{more:.40}");
            assert!(late <= bound(limits, chunk), "{late} bytes for {more:.40}");
        }
    }
}

/// The bound is no fantasy: what takes most memory per byte, at a size at which the nodes have
/// just outgrown a power of two, takes nearly all of it.
#[test]
fn the_worst_stanza_takes_what_is_documented_and_no_more() {
    let outgrown = (1 << 18) * 5 / 2 + 64;
    let limits = Limits::default().with_stanza_bytes(outgrown);
    let (peak, error) = peak(limits, (&format!("{HEADER}<a>"), "<b/>x"), GIGABYTE, 4096);
    assert_eq!(error, Some(ErrorKind::StanzaTooLong));
    let most = bound(limits, 4096);
    assert!(peak <= most && peak >= most * 9 / 10, "{peak} of {most} bytes");
}

/// Without a limit of depth, open elements count too.
#[test]
fn depth_without_a_limit_of_its_own_is_bounded_by_the_bytes() {
    let limits = Limits::default().with_depth(usize::MAX);
    for more in ["<b>", "<b>x"] {
        let (peak, error) = peak(limits, (&format!("{HEADER}<a>"), more), GIGABYTE, CHUNK);
        assert_eq!(error, Some(ErrorKind::StanzaTooLong));
        let most = bound(limits, CHUNK);
        assert!(peak <= most, "{peak} of {most} bytes for {more}");
    }
}

/// A stanza as large as allowed leaves nothing behind that `shrink` does not give back.
#[test]
fn a_large_stanza_is_given_back() {
    let large = format!("{HEADER}<a>{}</a>", "<b/>x".repeat(200_000));
    let mut parser = Parser::default();
    let info = measure(|| {
        for chunk in large.as_bytes().chunks(CHUNK) {
            parser.push(chunk);
            while parser.next().expect("well-formed").is_some() {}
        }
        parser.shrink();
    });
    assert!(info.bytes_max > 6_000_000 && info.bytes_current < 16 * 1024, "{info:?}");
}
