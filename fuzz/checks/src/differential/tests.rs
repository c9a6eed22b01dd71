use super::*;

/// A stream for every difference.
const DIFFERENCES: &[(&str, Difference)] = &[
    ("<a>x</a>", Difference::TextOutsideStanza),
    ("<a><![CDATA[x]]></a>", Difference::TextOutsideStanza),
    #[cfg(feature = "expat")]
    ("<a><!-- x --></a>", Difference::Comment),
    #[cfg(feature = "expat")]
    ("<a/><!-- x -->", Difference::Comment),
    #[cfg(feature = "expat")]
    ("<a><?x y?></a>", Difference::ProcessingInstruction),
    #[cfg(feature = "expat")]
    ("<a/><?x y?>", Difference::ProcessingInstruction),
    #[cfg(feature = "expat")]
    ("\u{FEFF}<a/>", Difference::ByteOrderMark),
    #[cfg(feature = "expat")]
    ("<?xml version='1.0' encoding='latin1'?><a/>", Difference::Encoding),
    #[cfg(feature = "expat")]
    ("<?xml version='1.1'?><a/>", Difference::Version),
    #[cfg(feature = "expat")]
    ("<\u{10000}/>", Difference::FifthEditionNames),
    ("<\u{FDF0}/>", Difference::LateNames),
    ("<a xmlns='x' xmlns='y'/>", Difference::RepeatedDeclaration),
    ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", Difference::ReservedDefault),
    ("<?xml version='1.0' encoding='UTF-8' standalone='Yes'?><a/>", Difference::StandaloneValue),
    ("<?xml version='1.0' standalone='yes'?><a/>", Difference::StandaloneAlone),
    ("<a/>&#32;", Difference::ReferenceBehindRoot),
];

/// A difference that is gone is to be removed from the list.
#[test]
fn differences_exist() {
    for (stream, difference) in DIFFERENCES {
        assert!(differences(stream.as_bytes()).contains(difference), "{difference:?}: {stream}");
    }
}

#[test]
fn there_are_no_differences_in_usual_streams() {
    let stream = "<?xml version='1.0' encoding='UTF-8'?>\n\
        <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>\
        <message xml:lang='en'><body>1 &lt; 2 &#x20AC;<![CDATA[<&]]></body></message> \r\n\
        <p:iq xmlns:p='urn:x' p:a='\t' a='2'/></stream:stream>";
    assert_eq!(differences(stream.as_bytes()), []);
}

/// The harness notices readings that differ, not only faults.
#[test]
#[should_panic(expected = "rxml disagrees")]
fn a_different_meaning_is_noticed() {
    let mut reading = Reading::new(b"<a><b>x</b></a>");
    reading.meaning = Meaning::stream();
    reading.compare_with_rxml();
}
