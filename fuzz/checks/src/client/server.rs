//! What servers say: to help, and to harm.

use core::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use xmpp_proto::endpoint::{ClientConfig, TlsMode};
use xmpp_proto::sasl::Mechanism;
use xmpp_proto::testing::{BIND_FEATURES, HEADER, bind_result};

use super::PASSWORD;
use crate::scram::{ClientFinal, ClientFirst, Hash, Proof, ServerFirst};

const STARTTLS: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\
    <required/></starttls></stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

/// What a server may say at any time. `{id}` is the id that the client wrote last, `{n}` a number.
const SENTENCES: &[&str] = &[
    HEADER,
    STARTTLS,
    PROCEED,
    SUCCESS,
    BIND_FEATURES,
    "</stream:stream>",
    " \n",
    "<message from='bob@example.org/{n}' type='chat'><body>{n}</body></message>",
    "<presence from='bob@example.org/{n}'/>",
    "<iq type='get' id='q{n}' from='bob@example.org/{n}'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='set' id='q{n}'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='{id}'/>",
    "<iq type='result' id='{id}' from='alice@example.org'><x xmlns='urn:x'/></iq>",
    "<iq type='result' id='{id}' from='alice@example.org/r1'/>",
    "<iq type='result' id='{id}' from='bob@example.org/1'/>",
    "<iq type='result' id='{id}' from='example.org'/>",
    "<iq type='error' id='{id}'><error type='cancel'><conflict \
     xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    "<iq type='error' id='{id}' from='bob@example.org/1'/>",
    "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
     <jid>alice@example.org/r{n}</jid></bind></iq>",
    "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
     <jid>mallory@example.org/r</jid></bind></iq>",
    "<iq type='odd' id='i{n}' from='bob@example.org'/>",
    "<iq type='get' id='i{n}&amp;&#39;' from='@' to='@'><a/></iq>",
    "<presence type='odd' from='bob@example.org/{n}' id='&lt;{n}'/>",
    "<message from='a b@c'/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<stream:features/>",
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>PLAIN</mechanism></mechanisms></stream:features>",
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>",
    "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
     <session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></stream:features>",
    "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
    "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj1hLHM9QUFBQSxpPTU=</challenge>",
    "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[::1]:{n}\
     </see-other-host></stream:error>",
    "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>\
     xmpp.example.org</see-other-host></stream:error>",
    "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' \
     version='1.0'>",
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    "<!-- {n} -->",
    "<?xml version='1.0'?>",
    "<message><body>{n}",
    "</body></message>",
    "&#0;",
    "<a><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b></a>",
];

/// One of the sentences.
pub(super) fn sentence(which: u8, number: u8, last_id: &str) -> String {
    let sentence = SENTENCES[usize::from(which) % SENTENCES.len()];
    sentence.replace("{id}", last_id).replace("{n}", &number.to_string())
}

/// An honest server that has the client's password. It lives as long as the transport.
#[derive(Debug, Default)]
pub(super) struct Server {
    authenticated: bool,
    mechanism: Option<Mechanism>,
    client_first: Option<ClientFirst>,
    challenge: Option<ServerFirst>,
}

/// What the server needs to know of the client and its transport.
pub(super) struct Client<'a> {
    pub(super) wants_starttls: bool,
    pub(super) has_account: bool,
    pub(super) mechanisms: &'a [Mechanism],
    pub(super) resource: &'a str,
}

impl Server {
    /// What follows on the last of what the client said.
    pub(super) fn reply(&mut self, client: &Client<'_>, said: &str) -> Option<String> {
        let beginnings =
            ["<stream:stream ", "<starttls ", "<auth ", "<response ", "<bind ", "<session "];
        let last = |beginning: &&str| said.rfind(beginning);
        let (at, what) = beginnings.iter().filter_map(|b| Some((last(b)?, *b))).max()?;
        let data = said[at..].split(['>', '<']).nth(2).unwrap_or_default();
        match what {
            "<stream:stream " => Some(format!("{HEADER}{}", self.features(client))),
            "<starttls " => Some(PROCEED.into()),
            "<auth " => {
                let name = said[at..].split('\'').nth(3)?;
                self.mechanism = Mechanism::from_name(name);
                if Hash::of(self.mechanism?).is_none() {
                    self.authenticated = true;
                    return Some(SUCCESS.into());
                }
                let first = ClientFirst::read(&BASE64.decode(data).ok()?)?;
                let challenge = first.challenge("server's", b"salt", 5);
                self.client_first = Some(first);
                self.challenge = ServerFirst::read(challenge.as_bytes());
                Some(sasl("challenge", &challenge))
            }
            "<response " => {
                let client_final = ClientFinal::read(&BASE64.decode(data).ok()?)?;
                let proof = Proof {
                    hash: Hash::of(self.mechanism?)?,
                    password: PASSWORD,
                    client_first: self.client_first.as_ref()?,
                    server_first: self.challenge.as_ref()?,
                    client_final: &client_final,
                };
                self.authenticated = true;
                Some(sasl("success", &proof.verifier()))
            }
            "<bind " => {
                let account = if client.has_account { "alice" } else { "guest" };
                let jid = format!("{account}@example.org/{}", client.resource);
                Some(bind_result(last_id(said), &jid))
            }
            _ => Some(format!("<iq type='result' id='{}'/>", last_id(said))),
        }
    }

    fn features(&self, client: &Client<'_>) -> String {
        if client.wants_starttls {
            return STARTTLS.into();
        }
        if self.authenticated {
            return BIND_FEATURES.into();
        }
        mechanisms(client.mechanisms)
    }

    /// Whether a client that is configured like this can log in at it.
    pub(super) fn can_help(config: &ClientConfig) -> bool {
        let reveals = config.mechanisms.iter().any(|mechanism| mechanism.reveals_password());
        let is_readable = config.tls == TlsMode::InsecurePlaintext;
        let must_hide = reveals && is_readable && !config.insecure_plain_without_tls;
        let size = mechanisms(&config.mechanisms).len();
        !must_hide && size <= config.limits.stanza_bytes
    }

    /// Whether it has shown that it knows the password.
    pub(super) fn has_proved(&self) -> bool {
        self.authenticated && self.challenge.is_some()
    }
}

/// The offer of these mechanisms.
fn mechanisms(mechanisms: &[Mechanism]) -> String {
    let mut features = String::from("<stream:features>");
    features.push_str("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>");
    for mechanism in mechanisms {
        let _ = write!(features, "<mechanism>{mechanism}</mechanism>");
    }
    features.push_str("</mechanisms></stream:features>");
    features
}

fn sasl(name: &str, data: &str) -> String {
    let data = BASE64.encode(data);
    format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</{name}>")
}

/// The id that the client wrote last.
pub(super) fn last_id(said: &str) -> &str {
    let at = said.rfind(" id='").map_or(said.len(), |at| at + 5);
    said[at..].split('\'').next().unwrap_or_default()
}
