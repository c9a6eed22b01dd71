//! What the client wrote on its transports.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use xmpp_proto::endpoint::{ClientConfig, TlsMode};
use xmpp_proto::xml::{Item, Parser};

use super::PASSWORD;
use super::ledger::Ledger;

/// What was written on one transport.
#[derive(Debug, Default)]
pub(super) struct Wire {
    pub(super) bytes: Vec<u8>,
    /// How much of it was written before TLS; all, as long as there is none.
    pub(super) secured_at: Option<usize>,
}

impl Wire {
    /// Nobody has to guess at the password.
    pub(super) fn check_secrets(&self, config: &ClientConfig) {
        let text = self.text();
        assert!(!text.contains(PASSWORD), "the password goes over the wire");
        let readable =
            config.tls == TlsMode::InsecurePlaintext && !config.insecure_plain_without_tls;
        for (at, _) in text.match_indices("xmlns='urn:ietf:params:xml:ns:xmpp-sasl'") {
            let data = text[at..].split(['>', '<']).nth(1).unwrap_or_default();
            let shown = BASE64.decode(data).unwrap_or_default();
            let reveals = shown.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
            let in_clear = self.secured_at.is_none_or(|secured| at < secured);
            let must_hide = readable || in_clear && config.tls != TlsMode::InsecurePlaintext;
            assert!(!reveals || !must_hide, "the password is shown to everybody");
        }
        // RFC 6120 §4.7.1: not even whose account it is.
        let secured = self.secured_at.unwrap_or(text.len());
        if config.tls != TlsMode::InsecurePlaintext {
            assert!(!text[..secured].contains("alice"), "the account is shown to everybody");
        }
    }

    /// All of it, but for a character that is cut at the end.
    pub(super) fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes).unwrap_or_else(|error| {
            assert!(error.error_len().is_none(), "the client writes UTF-8");
            core::str::from_utf8(&self.bytes[..error.valid_up_to()]).unwrap_or_default()
        })
    }

    /// Adds the ids of all elements that were written whole, in XML that a server can read.
    pub(super) fn read(&self, ids: &mut Vec<String>) {
        // Only headers begin so, since text is escaped; the last one may be cut.
        let text = self.text();
        let cut = text.rfind("<?").filter(|at| "<?xml ".starts_with(&text[*at..]));
        for stream in text[..cut.unwrap_or(text.len())].split("<?xml ").skip(1) {
            let mut parser = Parser::new(crate::no_limits());
            parser.push(b"<?xml ");
            parser.push(stream.as_bytes());
            loop {
                match parser.next() {
                    Ok(Some(Item::Element(element))) => {
                        ids.extend(element.attr("id").map(Cow::into_owned));
                    }
                    Ok(Some(Item::Header(_) | Item::End)) => {}
                    Ok(None) => break,
                    Err(error) => panic!("the client writes bad XML: {error}: {stream}"),
                }
            }
        }
    }
}

/// Each stanza was written once or handed back.
pub(super) fn check_stanzas(wires: &[Wire], ledger: &Ledger) {
    let mut ids = Vec::new();
    for wire in wires {
        wire.read(&mut ids);
    }
    let count = |id: &String| ids.iter().filter(|other| *other == id).count();
    for id in &ledger.written {
        assert_eq!(count(id), 1, "the stanza {id} was to be written once");
    }
    for id in &ledger.failed {
        assert_eq!(count(id), 0, "the stanza {id} was handed back, and written");
    }
}
