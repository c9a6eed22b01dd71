//! Many types of xmpp-parsers, each with an element as its specification has it. Theirs is the
//! judge: what ours makes of an element is what xso makes of the same bytes.

use core::fmt::Debug;

use proptest::prelude::*;
use xmpp_parsers::*;

use super::*;
use crate::ns;
use crate::xml::{Child, ElementBuilder, ElementRef};

/// One line of the table, with its type left out.
struct Case {
    xml: &'static str,
    check: fn(&str),
    judge: fn(&Element),
}

/// Types that cannot be compared are compared as they are written.
fn check<T>(xml: &str)
where
    T: FromXml + AsXml + TryFrom<Dom, Error: Debug>,
{
    let read: T = element(xml).decode().unwrap_or_else(|error| panic!("{xml}: {error}"));
    let written = Element::encode(&read).unwrap();
    let again: T = written.decode().unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(Element::encode(&again).unwrap(), written, "{xml}");
    // As xmpp-parsers reads the text, and writes the value.
    let theirs = T::try_from(xml.parse().unwrap()).unwrap();
    assert_eq!(Element::encode(&theirs).unwrap(), written, "{xml}");
    assert_eq!(::xso::to_vec(&read).unwrap(), ::xso::to_vec(&theirs).unwrap(), "{xml}");
    let bytes = String::from_utf8(::xso::to_vec(&theirs).unwrap()).unwrap();
    assert_eq!(element(&bytes), written, "{xml}");
}

/// The same verdict and the same value as by xso from bytes.
fn judge<T: FromXml + AsXml>(element: &Element) {
    let xml = element.to_xml();
    match (element.decode::<T>(), ::xso::from_bytes::<T>(xml.as_bytes())) {
        (Ok(ours), Ok(theirs)) => match (Element::encode(&ours), Element::encode(&theirs)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{xml}"),
            (ours, theirs) => assert_eq!(ours.is_ok(), theirs.is_ok(), "{xml}"),
        },
        (Err(ours), Err(theirs)) => {
            assert_eq!(ours.is_mismatch(), matches!(theirs, XsoError::TypeMismatch), "{xml}");
        }
        (Ok(_), Err(error)) => panic!("xso refuses {xml}: {error}"),
        (Err(error), Ok(_)) => panic!("xso takes {xml}: {error}"),
    }
}

macro_rules! table {
    ($($type:ty: $xml:expr;)*) => {
        [$(Case { xml: $xml, check: check::<$type>, judge: judge::<$type> }),*]
    };
}

#[rustfmt::skip]
const TABLE: &[Case] = &table! {
    attention::Attention: "<attention xmlns='urn:xmpp:attention:0'/>";
    avatar::Data: "<data xmlns='urn:xmpp:avatar:data'>AAAA</data>";
    avatar::Metadata: "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='12345' width='64' height='64' id='111f4b3c50d7b0df729d299bc6f8e9ef9066971f' type='image/png'/></metadata>";
    bind::BindQuery: "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind>";
    bind::BindResponse: "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b/r</jid></bind>";
    bind2::BindQuery: "<bind xmlns='urn:xmpp:bind:0'><tag>AwesomeXMPP</tag><enable xmlns='urn:xmpp:carbons:2'/></bind>";
    blocking::Block: "<block xmlns='urn:xmpp:blocking'><item jid='romeo@montague.net'/></block>";
    blocking::BlocklistRequest: "<blocklist xmlns='urn:xmpp:blocking'/>";
    blocking::BlocklistResult: "<blocklist xmlns='urn:xmpp:blocking'><item jid='a@b'/><item jid='c'/></blocklist>";
    bob::Data: "<data xmlns='urn:xmpp:bob' cid='sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org' max-age='86400' type='image/png'>AAAA</data>";
    bookmarks::Storage: "<storage xmlns='storage:bookmarks'><url name='u' url='https://example.org/'/><conference autojoin='true' jid='r@c' name='n'><nick>me</nick><password>p</password></conference></storage>";
    bookmarks2::Conference: "<conference xmlns='urn:xmpp:bookmarks:1' autojoin='1' name='n'><nick>me</nick><extensions><x xmlns='urn:x' k='v'>t</x></extensions></conference>";
    caps::Caps: "<c xmlns='http://jabber.org/protocol/caps' hash='sha-256' node='https://example.org' ver='K1Njy3HZBThlo4moOD5gBGhn0U0oK7/CbfLlIUDi6o4='/>";
    carbons::Enable: "<enable xmlns='urn:xmpp:carbons:2'/>";
    carbons::Received: "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='a@b/c' to='d@e' type='chat'><body>x</body></message></forwarded></received>";
    carbons::Sent: "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' xml:lang='de' to='d@e'><body>x</body><body xml:lang='en'>y</body></message></forwarded></sent>";
    chatstates::ChatState: "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    confirm::Confirm: "<confirm xmlns='http://jabber.org/protocol/http-auth' id='a' method='GET' url='https://x/'/>";
    csi::Active: "<active xmlns='urn:xmpp:csi:0'/>";
    csi::Inactive: "<inactive xmlns='urn:xmpp:csi:0'/>";
    data_forms::DataForm: "<x xmlns='jabber:x:data' type='form'><title>T</title><instructions>I</instructions><field var='FORM_TYPE' type='hidden'><value>urn:f</value></field><field var='l' type='list-single' label='L'><required/><option label='one'><value>1</value></option><option><value>2</value></option><value>1</value></field></x>";
    delay::Delay: "<delay xmlns='urn:xmpp:delay' from='a@b' stamp='2002-09-10T23:08:25Z'>Offline</delay>";
    disco::DiscoInfoQuery: "<query xmlns='http://jabber.org/protocol/disco#info' node='a'/>";
    disco::DiscoInfoResult: "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' type='pc' name='c' xml:lang='en'/><feature var='http://jabber.org/protocol/disco#info'/><feature var='urn:x'/><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:f</value></field></x></query>";
    disco::DiscoItemsQuery: "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    disco::DiscoItemsResult: "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='a.b' node='n' name='x &amp; y'/><item jid='c.d'/></query>";
    displayed_markers::Displayed: "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>";
    displayed_markers::Markable: "<markable xmlns='urn:xmpp:chat-markers:0'/>";
    ecaps2::ECaps2: "<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>K1Njy3HZBThlo4moOD5gBGhn0U0oK7/CbfLlIUDi6o4=</hash></c>";
    eme::ExplicitMessageEncryption: "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0' name='O'/>";
    extdisco::ServicesResult: "<services xmlns='urn:xmpp:extdisco:2'><service host='stun.example' port='9998' transport='udp' type='stun'/></services>";
    fast::RequestToken: "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-ENDP'/>";
    forwarding::Forwarded: "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/><message xmlns='jabber:client' to='a@b'/></forwarded>";
    hashes::Hash: "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>2XarmwTlNxDAMkvymloX3S5+VbylNrJt/l5QyPa+YoU=</hash>";
    http_upload::SlotRequest: "<request xmlns='urn:xmpp:http:upload:0' filename='très.jpg' size='23456' content-type='image/jpeg'/>";
    http_upload::SlotResult: "<slot xmlns='urn:xmpp:http:upload:0'><put url='https://u/x'><header name='Authorization'>Basic Base64String==</header></put><get url='https://d/x'/></slot>";
    ibb::Data: "<data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='i781hf64'>AAAA</data>";
    ibb::Open: "<open xmlns='http://jabber.org/protocol/ibb' block-size='4096' sid='s' stanza='iq'/>";
    idle::Idle: "<idle xmlns='urn:xmpp:idle:1' since='2017-05-21T20:19:55+01:00'/>";
    iq::Iq: "<iq xmlns='jabber:client' type='get' id='1' to='a@b'><ping xmlns='urn:xmpp:ping'/></iq>";
    jingle::Jingle: "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' initiator='a@b/c' sid='s'><content creator='initiator' name='voice'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'><payload-type id='96' name='speex' clockrate='16000'><parameter name='vbr' value='on'/></payload-type></description><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='p' ufrag='u'/></content></jingle>";
    jingle_ft::Description: "<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file><name>n</name><size>6144</size><desc xml:lang='de'>d</desc><hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>w0mcJylzCn+AfvuGdqkty2+KP48=</hash></file></description>";
    jingle_ibb::Transport: "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='3' sid='x'/>";
    jingle_ice_udp::Transport: "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='p' ufrag='u'><candidate component='1' foundation='1' generation='0' id='e' ip='10.0.1.1' network='1' port='8998' priority='2130706431' protocol='udp' type='host'/></transport>";
    jingle_message::JingleMI: "<accept xmlns='urn:xmpp:jingle-message:0' id='coucou'/>";
    jingle_s5b::Transport: "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='coucou' dstaddr='d'><candidate cid='c' host='10.0.0.1' port='1' priority='0' type='proxy' jid='a@b/c'/></transport>";
    json_containers::JsonContainer: "<json xmlns='urn:xmpp:json:0'>{\"a\": [1, \"&lt;\"]}</json>";
    legacy_omemo::Bundle: "<bundle xmlns='eu.siacs.conversations.axolotl'><signedPreKeyPublic signedPreKeyId='1'>AAAA</signedPreKeyPublic><signedPreKeySignature>AAAA</signedPreKeySignature><identityKey>AAAA</identityKey><prekeys><preKeyPublic preKeyId='1'>AAAA</preKeyPublic></prekeys></bundle>";
    legacy_omemo::DeviceList: "<list xmlns='eu.siacs.conversations.axolotl'><device id='1'/><device id='4294967295'/></list>";
    legacy_omemo::Encrypted: "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'><key rid='2' prekey='true'>AAAA</key><iv>AAAA</iv></header><payload>AAAA</payload></encrypted>";
    mam::Fin: "<fin xmlns='urn:xmpp:mam:2' complete='true'><set xmlns='http://jabber.org/protocol/rsm'><first index='0'>a</first><last>z</last><count>3</count></set></fin>";
    mam::Query: "<query xmlns='urn:xmpp:mam:2' queryid='f27'><x xmlns='jabber:x:data' type='submit'><field type='hidden' var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field><field var='with'><value>a@b</value></field></x><set xmlns='http://jabber.org/protocol/rsm'><max>10</max><after>09af3-cc343-b409f</after></set></query>";
    mam::Result_: "<result xmlns='urn:xmpp:mam:2' queryid='f27' id='28482-98726-73623'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/><message xmlns='jabber:client' to='a@b' from='c@d'><body>Hail &#x1F600;</body></message></forwarded></result>";
    mam_prefs::Prefs: "<prefs xmlns='urn:xmpp:mam:2' default='roster'><always><jid>a@b</jid></always><never/></prefs>";
    message::Message: "<message xmlns='jabber:client' type='groupchat' id='1' to='a@b' from='c@d/e'><subject>s</subject><body>b</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>";
    message_correct::Replace: "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>";
    mood::MoodEnum: "<happy xmlns='http://jabber.org/protocol/mood'/>";
    muc::Muc: "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0' since='1970-01-01T00:00:00Z'/><password>p</password></x>";
    muc::MucUser: "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='member' role='participant' jid='a@b/c' nick='n'><reason>r</reason><actor nick='x'/></item><status code='110'/><status code='100'/></x>";
    nick::Nick: "<nick xmlns='http://jabber.org/protocol/nick'>Link ]]&gt; Mauve</nick>";
    occupant_id::OccupantId: "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/>";
    oob::Oob: "<x xmlns='jabber:x:oob'><url>https://example.org/?a=1&amp;b=2</url><desc>d</desc></x>";
    openpgp::PubKeysMeta: "<public-key-list xmlns='urn:xmpp:openpgp:0'><pubkey-metadata v4-fingerprint='1' date='2014-01-01T12:00:00Z'/></public-key-list>";
    ping::Ping: "<ping xmlns='urn:xmpp:ping'/>";
    presence::Presence: "<presence xmlns='jabber:client' xml:lang='fr'><show>away</show><status>s</status><priority>-1</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='AAAA'/></presence>";
    private::Query: "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>";
    pubsub::Event: "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item id='1' publisher='a@b'><x xmlns='urn:x'>t<y/></x></item></items></event>";
    pubsub::Owner: "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><delete node='n'><redirect uri='xmpp:h?;node=n'/></delete></pubsub>";
    pubsub::pubsub::Items: "<items xmlns='http://jabber.org/protocol/pubsub' node='n' max_items='2'><item id='1'/></items>";
    pubsub::pubsub::Publish: "<publish xmlns='http://jabber.org/protocol/pubsub' node='n'><item id='1'><x xmlns='urn:x'/></item></publish>";
    push::Enable: "<enable xmlns='urn:xmpp:push:0' jid='push.example' node='y'/>";
    reactions::Reactions: "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>👋</reaction><reaction>🐢</reaction></reactions>";
    receipts::Received: "<received xmlns='urn:xmpp:receipts' id='1'/>";
    receipts::Request: "<request xmlns='urn:xmpp:receipts'/>";
    roster::Roster: "<query xmlns='jabber:iq:roster' ver='ver7'><item jid='a@b' name='N' subscription='both' approved='true'><group>g</group><group>h</group></item><item jid='c@d' ask='subscribe' subscription='none'/></query>";
    rsm::SetQuery: "<set xmlns='http://jabber.org/protocol/rsm'><max>10</max><before/></set>";
    rsm::SetResult: "<set xmlns='http://jabber.org/protocol/rsm'><first index='4'>a</first><last>b</last><count>800</count></set>";
    rtt::Rtt: "<rtt xmlns='urn:xmpp:rtt:0' seq='3' event='edit'><t>Hello </t><e p='3' n='1'/><w n='20'/></rtt>";
    sasl::Auth: "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>";
    sasl::Failure: "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><account-disabled/><text xml:lang='en'>Call.</text></failure>";
    sasl2::Authenticate: "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-1-PLUS'><initial-response>AAAA</initial-response><user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>S</software><device>D</device></user-agent></authenticate>";
    sasl_cb::SaslChannelBinding: "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/></sasl-channel-binding>";
    sm::A: "<a xmlns='urn:xmpp:sm:3' h='5'/>";
    sm::Enable: "<enable xmlns='urn:xmpp:sm:3' max='42' resume='true'/>";
    sm::Enabled: "<enabled xmlns='urn:xmpp:sm:3' id='coucou' resume='true' location='a.b:5222'/>";
    sm::Nonza: "<r xmlns='urn:xmpp:sm:3'/>";
    sm::Resume: "<resume xmlns='urn:xmpp:sm:3' h='5' previd='coucou'/>";
    spam_reporting::Report: "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'><text xml:lang='en'>t</text></report>";
    stanza_error::StanzaError: "<error xmlns='jabber:client' type='cancel' by='a.b'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:x</gone><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>t</text><x xmlns='urn:x'/></error>";
    stanza_id::OriginId: "<origin-id xmlns='urn:xmpp:sid:0' id='coucou'/>";
    stanza_id::StanzaId: "<stanza-id xmlns='urn:xmpp:sid:0' id='coucou' by='a@b'/>";
    stream_error::StreamError: "<error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Replaced</text></error>";
    stream_features::StreamFeatures: "<features xmlns='http://etherx.jabber.org/streams'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></features>";
    time::TimeResult: "<time xmlns='urn:xmpp:time'><tzo>-06:00</tzo><utc>2006-12-19T17:58:35Z</utc></time>";
    tune::Tune: "<tune xmlns='http://jabber.org/protocol/tune'><artist>Yes</artist><length>686</length><rating>8</rating><source>Yessongs</source><title>Heart of the Sunrise</title><track>3</track><uri>http://x/#1</uri></tune>";
    vcard::VCard: "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/jpeg</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>";
    vcard_update::VCardUpdate: "<x xmlns='vcard-temp:x:update'><photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x>";
    version::VersionResult: "<query xmlns='jabber:iq:version'><name>n</name><version>1</version><os>o</os></query>";
    websocket::Open: "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a.b' version='1.0'/>";
};

#[test]
fn payloads_survive_and_equal_those_of_xmpp_parsers() {
    assert!(TABLE.len() >= 80);
    for case in TABLE {
        (case.check)(case.xml);
        (case.judge)(&element(case.xml));
    }
}

#[test]
fn each_type_takes_no_element_that_xso_would_not_give_it() {
    for case in TABLE {
        for other in TABLE {
            (case.judge)(&element(other.xml));
        }
    }
}

/// How one place of an element is changed.
#[derive(Clone, Debug)]
enum Change {
    DropAttr,
    SetAttr(String),
    AddAttr(String),
    Text(String),
    Rename,
    Drop,
    Double,
    Move(&'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let value = || {
        const VALUES: &[&str] =
            &["", "0", "-1", "4294967296", "true", "a@b/c", "AA==", " \t", "x&<>'\"]]>", "é"];
        proptest::sample::select(VALUES).prop_map(String::from)
    };
    prop_oneof![
        Just(Change::DropAttr),
        value().prop_map(Change::SetAttr),
        value().prop_map(Change::AddAttr),
        value().prop_map(Change::Text),
        Just(Change::Rename),
        Just(Change::Drop),
        Just(Change::Double),
        proptest::sample::select(&["", "urn:x", ns::CLIENT][..]).prop_map(Change::Move),
    ]
}

/// A copy in which the element number `at`, in document order, is changed.
fn changed(from: ElementRef<'_>, to: &mut ElementBuilder, at: &mut usize, change: &Change) {
    let here = *at == 0;
    *at = at.wrapping_sub(1);
    for (i, attr) in from.attrs().enumerate() {
        match change {
            Change::DropAttr if here && i == 0 => {}
            Change::SetAttr(value) if here && i == 0 => to.set_attr(attr.name(), attr.ns(), value),
            _ => to.set_attr(attr.name(), attr.ns(), &attr.value()),
        }
    }
    if let (Change::AddAttr(value), true) = (change, here) {
        to.set_attr("lang", ns::XML, value);
    }
    for child in from.children() {
        match child {
            Child::Text(_) if here && matches!(change, Change::Text(_)) => {}
            Child::Text(text) => to.push_text(&text),
            Child::Element(child) => {
                let next = *at == 0;
                let copies = match change {
                    Change::Drop if next => 0,
                    Change::Double if next => 2,
                    _ => 1,
                };
                let mut after = at.wrapping_sub(1);
                for _ in 0..copies {
                    let mut at = *at;
                    match change {
                        Change::Rename if next => to.open("other", child.ns()),
                        Change::Move(ns) if next => to.open(child.name(), ns),
                        _ => to.open(child.name(), child.ns()),
                    }
                    changed(child, to, &mut at, change);
                    to.close();
                    after = at;
                }
                *at = after;
            }
        }
    }
    if let (Change::Text(text), true) = (change, here) {
        to.push_text(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 2_000,
        ..ProptestConfig::default()
    })]

    /// Faulty and unusual payloads, too, are to ours what they are to xso.
    #[test]
    fn changed_payloads_are_judged_as_by_xso(
        case in 0..TABLE.len(),
        changes in proptest::collection::vec((0_usize..12, change()), 1..4),
    ) {
        let mut now = element(TABLE[case].xml);
        for (at, change) in &changes {
            let mut builder = Element::builder(now.name(), now.ns());
            changed(now.as_ref(), &mut builder, &mut at.clone(), change);
            now = builder.build().unwrap();
        }
        (TABLE[case].judge)(&now);
    }
}
