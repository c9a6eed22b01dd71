use alloc::format;

use super::*;
use HashAlgorithm::{Sha1, Sha256, Sha512};

/// The answer of XEP-0115 §5.2.
const SIMPLE: &str = "<identity category='client' name='Exodus 0.9.1' type='pc'/>\
    <feature var='http://jabber.org/protocol/caps'/>\
    <feature var='http://jabber.org/protocol/disco#info'/>\
    <feature var='http://jabber.org/protocol/disco#items'/>\
    <feature var='http://jabber.org/protocol/muc'/>";
const SIMPLE_VER: &str = "QgayPKawpkPSDYmwT/WM94uAlu0=";

/// The answer of XEP-0115 §5.3.
const COMPLEX: &str = "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>\
    <identity xml:lang='el' category='client' name='&#936; 0.11' type='pc'/>\
    <feature var='http://jabber.org/protocol/caps'/>\
    <feature var='http://jabber.org/protocol/disco#info'/>\
    <feature var='http://jabber.org/protocol/disco#items'/>\
    <feature var='http://jabber.org/protocol/muc'/>\
    <x xmlns='jabber:x:data' type='result'>\
      <field var='FORM_TYPE' type='hidden'>\
        <value>urn:xmpp:dataforms:softwareinfo</value></field>\
      <field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>\
      <field var='os'><value>Mac</value></field>\
      <field var='os_version'><value>10.5.1</value></field>\
      <field var='software'><value>Psi</value></field>\
      <field var='software_version'><value>0.11</value></field>\
    </x>";
const COMPLEX_VER: &str = "q07IKJEyjvHSyhy//CH0CxmKi8w=";

fn answer(children: &str) -> Element {
    let xml = format!(
        "<query xmlns='http://jabber.org/protocol/disco#info' node='n#v'>{children}</query>"
    );
    xml.parse().unwrap()
}

fn read(children: &str) -> DiscoInfo {
    DiscoInfo::from_element(answer(children).as_ref()).unwrap()
}

/// Verifies an answer against the hash that its own string has: what somebody can do who makes up
/// both.
fn verify_own(children: &str) -> Result<DiscoInfo, CapsFault> {
    let element = answer(children);
    let info = DiscoInfo::read(element.as_ref()).unwrap();
    verify(element.as_ref(), &CapsHash::of(&info, Sha1))
}

fn verify_as(children: &str, ver: &str) -> Result<DiscoInfo, CapsFault> {
    verify(answer(children).as_ref(), &CapsHash::new(Sha1, ver).unwrap())
}

/// `attack` has the string of `honest`, so only the rules tell them apart.
fn same_string(honest: &str, attack: &str) {
    assert_eq!(verification_string(&read(honest)), verification_string(&read(attack)));
}

#[test]
fn xep0115_5_2_simple_generation_example() {
    let info = read(SIMPLE);
    assert_eq!(
        verification_string(&info),
        "client/pc//Exodus 0.9.1<http://jabber.org/protocol/caps<\
         http://jabber.org/protocol/disco#info<http://jabber.org/protocol/disco#items<\
         http://jabber.org/protocol/muc<"
    );
    assert_eq!(CapsHash::of(&info, Sha1).ver(), SIMPLE_VER);
    let verified = verify_as(SIMPLE, SIMPLE_VER).unwrap();
    assert_eq!(verified.features(), info.features());
    assert_eq!(verified.node(), None, "the node was not hashed");
}

#[test]
fn xep0115_5_3_complex_generation_example() {
    let info = read(COMPLEX);
    assert_eq!(
        verification_string(&info),
        "client/pc/el/Ψ 0.11<client/pc/en/Psi 0.11<http://jabber.org/protocol/caps<\
         http://jabber.org/protocol/disco#info<http://jabber.org/protocol/disco#items<\
         http://jabber.org/protocol/muc<urn:xmpp:dataforms:softwareinfo<ip_version<ipv4<ipv6<\
         os<Mac<os_version<10.5.1<software<Psi<software_version<0.11<"
    );
    assert_eq!(CapsHash::of(&info, Sha1).ver(), COMPLEX_VER);
    // The hash matches, but the type of the form could be one more feature.
    assert_eq!(verify_as(COMPLEX, COMPLEX_VER), Err(CapsFault::Ambiguous));
    // With a feature that comes after the type of the form, as programs of today have, it could not.
    let usual = format!("{COMPLEX}<feature var='urn:xmpp:ping'/>");
    assert_eq!(verify_own(&usual).unwrap().extensions().len(), 1);
}

#[test]
fn the_order_of_the_answer_does_not_matter() {
    // XEP-0115 §5.1: everything is sorted by bytes; a prefix comes before what is longer.
    let one = "<identity category='a-b' type='x'/><identity category='a' type='y'/>\
        <feature var='B'/><feature var='a'/><feature var='zz'/><feature var='é'/>\
        <x xmlns='jabber:x:data'><field var='b'/><field var='a'><value>2</value><value>10</value>\
        </field><field var='FORM_TYPE' type='hidden'><value>t</value></field></x>\
        <x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>s</value></field></x>";
    assert_eq!(verification_string(&read(one)), "a/y//<a-b/x//<B<a<zz<é<s<t<a<10<2<b<");
    assert!(verify_own(one).is_ok());
}

#[test]
fn hashes_by_sha_2_are_known_too() {
    let info = read(SIMPLE);
    // Computed by `printf '%s' "$S" | openssl dgst -sha256 -binary | openssl base64 -A`.
    assert_eq!(CapsHash::of(&info, Sha256).ver(), "Wr6IGEKhx6b9627gBmi/cCmpxXBc/GYq5zWuYfWGWoc=");
    assert_eq!(
        CapsHash::of(&info, Sha512).ver(),
        "fRSVSbrOODMrPDQyHoSWoR+RemysUcEeGGhMh+kl/hGp9UrJxyDnrh9BymsL57Am/eToRZ/T4s6QBqeC6LVmoQ=="
    );
    for algorithm in HashAlgorithm::ALL {
        let hash = CapsHash::of(&info, *algorithm);
        assert_eq!(CapsHash::new(*algorithm, hash.ver()), Some(hash.clone()));
        assert!(verify(answer(SIMPLE).as_ref(), &hash).is_ok());
        assert_eq!(HashAlgorithm::from_name(algorithm.name()), Some(*algorithm));
    }
}

#[test]
fn what_cannot_be_a_hash_is_none() {
    for ver in
        ["", "abc", "QgayPKawpkPSDYmwT/WM94uAlu0", "QgayPKawpkPSDYmwT/WM94uAlu1=", "1.0", "*"]
    {
        assert_eq!(CapsHash::new(Sha1, ver), None, "{ver}");
    }
    assert_eq!(CapsHash::new(Sha256, SIMPLE_VER), None, "too short");
}

#[test]
fn xep0115_5_4_ill_formed_answers_are_refused() {
    let twice = |what| Err(CapsFault::Duplicate { what });
    // Rule 3.3.
    let identity = "<identity category='client' name='Exodus 0.9.1' type='pc'/>";
    assert_eq!(verify_own(&format!("{SIMPLE}{identity}")), twice("identity"));
    // Rule 3.4.
    let feature = "<feature var='http://jabber.org/protocol/muc'/>";
    assert_eq!(verify_as(&format!("{SIMPLE}{feature}"), SIMPLE_VER), twice("feature"));
    // Rule 3.5.
    let form = "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'>\
        <value>a</value></field></x>";
    assert!(verify_own(&format!("{SIMPLE}{form}")).is_ok());
    assert_eq!(verify_own(&format!("{SIMPLE}{form}{form}")), twice("form of one type"));
    let different = form.replace("</field>", "<value>b</value></field>");
    assert_eq!(verify_own(&format!("{SIMPLE}{different}")), twice("type of a form"));
    let same = form.replace("</field>", "<value>a</value></field>");
    assert!(verify_own(&format!("{SIMPLE}{same}")).is_ok());
    // Not in the rules, but it has no order.
    let fields = form.replace("</x>", "<field var='v'/><field var='v'/></x>");
    assert_eq!(verify_own(&format!("{SIMPLE}{fields}")), twice("field of a form"));
}

#[test]
fn xep0115_5_4_forms_without_a_type_are_ignored_and_not_kept() {
    // Rule 3.6. They are not hashed, so that anybody could add them.
    for field in [
        "",
        "<field var='FORM_TYPE'><value>a</value></field>",
        "<field var='FORM_TYPE' type='text-single'><value>a</value></field>",
        "<field var='FORM_TYPE' type='hidden'/>",
        "<field var='os' type='hidden'><value>a</value></field>",
    ] {
        let with = format!("{SIMPLE}<x xmlns='jabber:x:data' type='result'>{field}</x>");
        let info = verify_as(&with, SIMPLE_VER).unwrap();
        assert_eq!(info.extensions(), [], "{field}");
    }
}

#[test]
fn another_answer_has_another_hash() {
    let less = SIMPLE.replace("<feature var='http://jabber.org/protocol/muc'/>", "");
    assert_eq!(verify_as(&less, SIMPLE_VER), Err(CapsFault::Mismatch));
    let wrong = "<query xmlns='jabber:iq:version'/>".parse::<Element>().unwrap();
    let hash = CapsHash::new(Sha1, SIMPLE_VER).unwrap();
    assert_eq!(
        verify(wrong.as_ref(), &hash),
        Err(CapsFault::Unreadable(ReadError::Missing { what: "query of disco#info" }))
    );
}

#[test]
fn xep0115_9_3_a_delimiter_within_a_feature_hides_nothing() {
    let two = "<feature var='http://jabber.org/protocol/disco#items'/>\
        <feature var='http://jabber.org/protocol/muc'/>";
    let joined = "<feature var='http://jabber.org/protocol/disco#items&lt;\
        http://jabber.org/protocol/muc'/>";
    let attack = SIMPLE.replace(two, joined);
    same_string(SIMPLE, &attack);
    assert_eq!(verify_as(&attack, SIMPLE_VER), Err(CapsFault::Ambiguous));
}

#[test]
fn xep0115_9_3_a_delimiter_within_a_name_or_a_form_hides_nothing() {
    let attack = SIMPLE
        .replace("<feature var='http://jabber.org/protocol/caps'/>", "")
        .replace("Exodus 0.9.1", "Exodus 0.9.1&lt;http://jabber.org/protocol/caps");
    same_string(SIMPLE, &attack);
    assert_eq!(verify_as(&attack, SIMPLE_VER), Err(CapsFault::Ambiguous));

    let form = |value: &str| {
        format!(
            "{SIMPLE}<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>a\
             </value></field><field var='os'><value>{value}</value></field></x>"
        )
    };
    assert!(verify_own(&form("Mac")).is_ok());
    assert_eq!(verify_own(&form("Mac&lt;OS")), Err(CapsFault::Ambiguous));
}

#[test]
fn xep0115_9_3_features_written_as_a_form_are_not_hidden() {
    let tail = "<feature var='http://jabber.org/protocol/disco#items'/>\
        <feature var='http://jabber.org/protocol/muc'/>";
    let form = "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'>\
        <value>http://jabber.org/protocol/disco#items</value></field>\
        <field var='http://jabber.org/protocol/muc'/></x>";
    let attack = SIMPLE.replace(tail, form);
    same_string(SIMPLE, &attack);
    assert_eq!(verify_as(&attack, SIMPLE_VER), Err(CapsFault::Ambiguous));

    // Nor all of them.
    let all = "<identity category='client' type='pc'/><x xmlns='jabber:x:data'>\
        <field var='FORM_TYPE' type='hidden'><value>a</value></field><field var='b'/></x>";
    same_string("<identity category='client' type='pc'/><feature var='a'/><feature var='b'/>", all);
    assert_eq!(verify_own(all), Err(CapsFault::Ambiguous));
}

#[test]
fn xep0115_9_3_identities_and_features_are_not_exchanged() {
    let identity = "<identity category='client' name='Exodus 0.9.1' type='pc'/>";
    let attack = SIMPLE.replace(identity, "<feature var='client/pc//Exodus 0.9.1'/>");
    same_string(SIMPLE, &attack);
    assert_eq!(verify_as(&attack, SIMPLE_VER), Err(CapsFault::Ambiguous));
    // One identity is left, another is hidden.
    let honest = format!("{SIMPLE}<identity category='client' type='x'/>");
    let attack = format!("{SIMPLE}<feature var='client/x//'/>");
    same_string(&honest, &attack);
    assert_eq!(verify_own(&attack), Err(CapsFault::Ambiguous));
    // The slash is within another part.
    let attack = SIMPLE.replace("category='client'", "category='client/pc'");
    let attack = attack.replace("type='pc'", "type='Exodus'").replace("name='Exodus 0.9.1'", "");
    assert_eq!(verify_own(&attack), Err(CapsFault::Ambiguous));
    let attack = SIMPLE.replace(identity, "<identity category='http:' type='/jabber.org'/>");
    assert_eq!(verify_own(&attack), Err(CapsFault::Ambiguous));
}

#[test]
fn the_element_of_a_presence_is_read_and_written() {
    // XEP-0115 §6.1, example 1.
    let xml = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' \
        node='http://code.google.com/p/exodus' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>";
    let caps = Caps::from_element(xml.parse::<Element>().unwrap().as_ref()).unwrap();
    assert_eq!(caps.to_element().unwrap().to_xml(), xml);
    assert_eq!(caps.verifiable(), CapsHash::new(Sha1, SIMPLE_VER));
    assert_eq!(caps.query_node(), "http://code.google.com/p/exodus#QgayPKawpkPSDYmwT/WM94uAlu0=");
    let read = |xml: &str| Caps::from_element(xml.parse::<Element>().unwrap().as_ref());
    // §13: the format from before 1.4.
    assert_eq!(read(&xml.replace("hash='sha-1'", "ext='ftrs'")), None);
    assert_eq!(read(&xml.replace("SDYm", &"x".repeat(MAX_CAPS_TEXT))), None);
    assert_eq!(read("<c xmlns='urn:other' hash='sha-1' node='n' ver='v'/>"), None);
    // §5.4, rule 2.
    assert_eq!(read(&xml.replace("sha-1", "md5")).unwrap().verifiable(), None);
}
