use xmpp_proto::xml::Element;

use super::*;
use crate::contenders::ours;

fn checksum(xml: &str) -> Vec<u64> {
    let element: Element = xml.parse().unwrap();
    let mut checksum = Checksum::of_stanzas();
    ours::visit(element.as_ref(), &mut checksum);
    checksum.into_stanzas()
}

#[test]
fn everything_that_means_something_counts() {
    let different = [
        "<a/>",
        "<b/>",
        "<a xmlns='urn:x'/>",
        "<a k='1'/>",
        "<a k='2'/>",
        "<a l='1'/>",
        "<a xml:k='1'/>",
        "<a k='1' l='2'/>",
        "<a k='2' l='1'/>",
        "<a>1</a>",
        "<a>2</a>",
        "<a><b/></a>",
        "<a><b/><b/></a>",
        "<a><b><b/></b></a>",
        "<a>1<b/></a>",
        "<a><b/>1</a>",
        "<a><b>1</b></a>",
        "<a><b k='1'/></a>",
        "<a k='1'><b/></a>",
    ];
    let mut seen: Vec<_> = different.iter().map(|xml| checksum(xml)).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), different.len());
}

#[test]
fn how_it_is_written_does_not_count() {
    let same = [
        "<a xmlns='urn:x' k='1' l='2'>A&amp;</a>",
        "<p:a l='2' k='1' xmlns:p='urn:x'>&#65;<![CDATA[&]]></p:a>",
    ];
    assert_eq!(checksum(same[0]), checksum(same[1]));
}

#[test]
fn a_stream_and_its_stanzas_give_the_same() {
    let mut stream = Checksum::of_stream();
    stream.start("stream", "urn:s");
    stream.attr("id", "", "1");
    stream.text("\n");
    let mut stanzas = Checksum::of_stanzas();
    for checksum in [&mut stream, &mut stanzas] {
        for text in [&["ab"][..], &["a", "", "b"]] {
            checksum.start("a", "");
            checksum.attr("k", "", "1");
            for piece in text {
                checksum.text(piece);
            }
            checksum.end();
        }
    }
    let stream = stream.into_stanzas();
    assert_eq!(stream, stanzas.into_stanzas());
    assert_eq!(stream[0], stream[1]);
}
