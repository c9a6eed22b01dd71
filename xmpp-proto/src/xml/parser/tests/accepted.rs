use super::*;

/// Input, and the element it means, written by the writer.
pub(super) const STANZAS: &[(&str, &str)] = &[
    ("<a/>", "<a xmlns='jabber:client'/>"),
    ("<a></a>", "<a xmlns='jabber:client'/>"),
    ("<a ></a >", "<a xmlns='jabber:client'/>"),
    ("<a\t\r\n b='1'\n/>", "<a xmlns='jabber:client' b='1'/>"),
    ("<a b = '1'\tc\n=\n\"2\"/>", "<a xmlns='jabber:client' b='1' c='2'/>"),
    ("<a b=\"it's\"/>", "<a xmlns='jabber:client' b='it&apos;s'/>"),
    ("<a b='>'>></a>", "<a xmlns='jabber:client' b='&gt;'>&gt;</a>"),
    ("<a b=''/>", "<a xmlns='jabber:client' b=''/>"),
    ("<a xmlns=''/>", "<a/>"),
    ("<a xmlns='x:y'><b/></a>", "<a xmlns='x:y'><b/></a>"),
    (
        "<a xmlns='x:y'><b xmlns='jabber:client'/></a>",
        "<a xmlns='x:y'><b xmlns='jabber:client'/></a>",
    ),
    ("<p:a xmlns:p='x:y'/>", "<a xmlns='x:y'/>"),
    ("<stream:features/>", "<features xmlns='http://etherx.jabber.org/streams'/>"),
    ("<a xml:lang='en'/>", "<a xmlns='jabber:client' xml:lang='en'/>"),
    (
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='en'/>",
        "<a xmlns='jabber:client' xml:lang='en'/>",
    ),
    ("<xml:a/>", "<xml:a/>"),
    ("<a>&lt;&gt;&amp;&apos;&quot;</a>", "<a xmlns='jabber:client'>&lt;&gt;&amp;'\"</a>"),
    ("<a>&#65;&#x42;&#x1F600;&#00000067;</a>", "<a xmlns='jabber:client'>AB\u{1F600}C</a>"),
    ("<a b='&#10;&#9;&#13;x\ny'/>", "<a xmlns='jabber:client' b='&#xA;&#x9;&#xD;x y'/>"),
    ("<a>x\r\ny\rz</a>", "<a xmlns='jabber:client'>x\ny\nz</a>"),
    ("<a>]] ]>]&gt;]</a>", "<a xmlns='jabber:client'>]] ]&gt;]&gt;]</a>"),
    ("<a><![CDATA[]]></a>", "<a xmlns='jabber:client'/>"),
    ("<a>1<![CDATA[<&]]]]>2<![CDATA[>]]></a>", "<a xmlns='jabber:client'>1&lt;&amp;]]2&gt;</a>"),
    ("<a><![CDATA[\r\n]]></a>", "<a xmlns='jabber:client'>\n</a>"),
    ("<a>]]<![CDATA[>]]></a>", "<a xmlns='jabber:client'>]]&gt;</a>"),
    (
        "<\u{e9}t\u{e9} \u{540d}\u{524d}='1'>\u{20ac}</\u{e9}t\u{e9}>",
        "<\u{e9}t\u{e9} xmlns='jabber:client' \u{540d}\u{524d}='1'>\u{20ac}</\u{e9}t\u{e9}>",
    ),
    ("<a><a><a/></a></a>", "<a xmlns='jabber:client'><a><a/></a></a>"),
    ("<a-b.c_9 d-e.f_9='1'/>", "<a-b.c_9 xmlns='jabber:client' d-e.f_9='1'/>"),
    ("<a b='1' p:b='2' q:b='3' xmlns:p='p:p' xmlns:q='q:q'/>", ""),
    (
        "<a abcdefghi='1' abcdefghj='2' abcdefgh='3'/>",
        "<a xmlns='jabber:client' abcdefghi='1' abcdefghj='2' abcdefgh='3'/>",
    ),
    ("<abcdefghijk></abcdefghijk>", "<abcdefghijk xmlns='jabber:client'/>"),
    ("<a xmlns='&#106;abber:client'/>", "<a xmlns='jabber:client'/>"),
    ("<a xmlns='x&amp;y'><b/></a>", "<a xmlns='x&amp;y'><b/></a>"),
];

#[test]
fn stanzas_mean_what_xml_says() {
    for (input, expected) in STANZAS {
        let actual = stanza(input);
        if !expected.is_empty() {
            assert_eq!(actual, *expected, "{input}");
        }
    }
}

/// XML 1.0 §2.11, wherever the carriage return stands: long texts are searched another way.
#[test]
fn line_ends_in_texts_of_every_length() {
    for before in [0, 1, 63, 200, 300, 5000] {
        for after in [0, 1, 300, 5000] {
            let (before, after) = ("x".repeat(before), "y".repeat(after));
            for (written, read) in [("\r", "\n"), ("\r\n", "\n"), ("\r\r\n", "\n\n")] {
                let text = stanza(&format!("<a>{before}{written}{after}</a>"));
                assert_eq!(text, format!("<a xmlns='jabber:client'>{before}{read}{after}</a>"));
            }
        }
    }
}
