//! Recorded kinds of traffic, as streams to be parsed.

use std::io::Read as _;

use flate2::read::GzDecoder;

/// The stream header before the stanzas.
pub const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' from='example.net' id='1' version='1.0'>";

/// The stream's end.
pub const FOOTER: &str = "</stream:stream>";

/// A kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corpus {
    /// What tables and benchmarks call it.
    pub name: &'static str,
    packed: &'static [u8],
}

/// Mixed chat traffic, about 330 bytes a stanza.
pub const CHAT: Corpus = Corpus { name: "chat", packed: include_bytes!("../corpus/chat.gz") };
/// The flood of presence when a busy room is joined.
pub const MUC: Corpus = Corpus { name: "muc", packed: include_bytes!("../corpus/muc.gz") };
/// One roster of 5,000 contacts.
pub const ROSTER: Corpus = Corpus { name: "roster", packed: include_bytes!("../corpus/roster.gz") };
/// Chinese, Japanese, Korean, Cyrillic and emoji text.
pub const CJK: Corpus = Corpus { name: "cjk", packed: include_bytes!("../corpus/cjk.gz") };
/// In-band bytes, photos and avatars of 64 KiB.
pub const BASE64: Corpus = Corpus { name: "base64", packed: include_bytes!("../corpus/base64.gz") };

/// All of them. The geometric means are over the first four.
pub const ALL: [Corpus; 5] = [CHAT, MUC, ROSTER, CJK, BASE64];

impl Corpus {
    /// The stanzas, one per line.
    ///
    /// # Panics
    ///
    /// If the data that was compiled in is damaged.
    #[must_use]
    pub fn stanzas(&self) -> String {
        let mut text = String::new();
        GzDecoder::new(self.packed).read_to_string(&mut text).expect("the corpus is intact");
        text
    }

    /// A complete stream of these stanzas, repeated as often as it takes to reach `bytes`.
    #[must_use]
    pub fn stream(&self, bytes: usize) -> String {
        let stanzas = self.stanzas();
        let mut stream = String::from(HEADER);
        while stream.len() < bytes.max(HEADER.len() + 1) {
            stream.push_str(&stanzas);
            if !stanzas.ends_with('\n') {
                stream.push('\n');
            }
        }
        stream.push_str(FOOTER);
        stream
    }
}
