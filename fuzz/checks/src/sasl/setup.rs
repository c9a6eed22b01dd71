//! What the two sides of a login are configured with.

use core::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use xmpp_proto::Seed;
use xmpp_proto::endpoint::{ClientConfig, Target, TlsInfo, TlsMode};
use xmpp_proto::sasl::{BindingType, ChannelBinding, Credentials, Mechanism};

use crate::choices::Choices;
use crate::scram::ClientFirst;

/// Iterations in one piece of work.
pub(super) const WORK_SLICE: u32 = 3;

const EXPORTER: [u8; 32] = [0xE4; 32];
const END_POINT: &[u8] = b"the hash of a certificate";

/// Passwords, and what becomes of them by preparation (RFC 4013).
const PASSWORDS: [(&str, &str); 3] = [
    ("5ecret-pa55word", "5ecret-pa55word"),
    ("5ecret=2C,n=pa55", "5ecret=2C,n=pa55"),
    ("5e\u{AD}cret\u{A0}\u{FB01}\u{2168}", "5ecret fiIX"),
];

/// User names, and what becomes of them.
const USERNAMES: [(&str, &str); 3] =
    [("alice", "alice"), ("a=l,i=ce", "a=l,i=ce"), ("\u{E9}l\u{AD}ise\u{1D2C}", "\u{E9}liseA")];

/// What the client must not show.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    given: String,
    /// The password as it is hashed.
    pub(super) prepared: String,
    /// The name that goes with it, as it is sent.
    pub(super) username: String,
}

impl Secret {
    pub(super) fn is_in(&self, data: &[u8]) -> bool {
        [&self.given, &self.prepared]
            .iter()
            .any(|secret| data.windows(secret.len()).any(|window| window == secret.as_bytes()))
    }

    pub(super) fn check_hidden(&self, text: &str) {
        assert!(!self.is_in(text.as_bytes()), "a secret is shown: {text}");
        let encoded = BASE64.encode(&self.prepared);
        assert!(!text.contains(encoded.trim_end_matches('=')), "a secret is shown: {text}");
    }
}

/// A client and a server.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) config: ClientConfig,
    pub(super) tls: TlsInfo,
    pub(super) secret: Secret,
    pub(super) server_password: String,
    offered: Vec<&'static str>,
    bindings: Vec<&'static str>,
    iterations: u32,
    salt: Vec<u8>,
    nonce: &'static str,
    seed: u8,
}

impl Setup {
    pub(super) fn read(choices: &mut Choices<'_>) -> Self {
        let identity = choices.byte();
        let (given, prepared) = PASSWORDS[usize::from(identity & 3) % PASSWORDS.len()];
        let (name, username) = USERNAMES[usize::from(identity >> 2 & 3) % USERNAMES.len()];
        let mut credentials = match identity >> 4 & 7 {
            0..=5 => Credentials::new(name, given),
            6 => Credentials::with_token(name, given),
            _ => Credentials::none(),
        };
        if identity & 0x80 != 0 {
            credentials = credentials.with_authzid("b=o,b@example.org");
        }

        let bits = choices.byte();
        let mut config = ClientConfig::new("alice@example.org".parse().expect("an address"), given)
            .with_target(Target::new("::1", 5223))
            .with_credentials(credentials)
            .with_mechanisms(Mechanism::ALL)
            .with_tls(if bits & 3 == 3 { TlsMode::InsecurePlaintext } else { TlsMode::Direct })
            .with_channel_binding(match bits >> 2 & 3 {
                0 | 1 => ChannelBinding::Preferred,
                2 => ChannelBinding::Required,
                _ => ChannelBinding::Off,
            });
        config.insecure_plain_without_tls = bits & 0x10 != 0;
        let mut tls = TlsInfo::new();
        if bits & 0x20 != 0 {
            tls = tls.with_tls_exporter(EXPORTER);
        }
        if bits & 0x40 != 0 {
            tls = tls.with_tls_server_end_point(END_POINT);
        }

        config.scram.min_iterations = 2;
        config.scram.max_iterations = 16;
        config.scram.work_slice = WORK_SLICE;
        let tight = choices.byte();
        if tight & 1 != 0 {
            config.scram.salt_bytes = usize::from(tight >> 4);
        }
        if tight & 2 != 0 {
            config.scram.nonce_bytes = 32 + usize::from(tight >> 4);
        }
        if tight & 4 != 0 {
            config.scram.message_bytes = 32 + usize::from(tight);
        }

        let mask = u16::from_be_bytes([choices.byte(), choices.byte()]);
        let names = Mechanism::ALL.iter().map(|mechanism| mechanism.name());
        let offered = (0..).zip(names).filter(|(bit, _)| mask >> bit & 1 != 0);
        let listed = choices.byte();
        let bindings = ["tls-exporter", "tls-server-end-point", "tls-unique", ""];
        let bindings = (0..).zip(bindings).filter(|(bit, _)| listed >> bit & 1 != 0);
        let knows = listed & 0x80 == 0;
        let size = choices.byte();
        Self {
            config,
            tls,
            secret: Secret {
                given: given.to_owned(),
                prepared: prepared.to_owned(),
                username: username.to_owned(),
            },
            server_password: if knows { prepared.to_owned() } else { "another".to_owned() },
            offered: offered.map(|(_, name)| name).collect(),
            bindings: bindings.map(|(_, name)| name).collect(),
            iterations: u32::from(size & 31),
            salt: (0..size >> 5).map(|byte| byte.wrapping_mul(37)).collect(),
            nonce: ["3rfcNHYJY1ZVvWVs7j", "!", "", "~"][usize::from(listed >> 5 & 3)],
            seed: tight,
        }
    }

    pub(super) fn seed(&self) -> Seed {
        Seed::new([self.seed; 32])
    }

    /// What the server offers.
    pub(super) fn features(&self) -> String {
        let mut features = String::from("<stream:features>");
        features.push_str("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>");
        for name in &self.offered {
            let _ = write!(features, "<mechanism>{name}</mechanism>");
        }
        features.push_str("</mechanisms><sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>");
        for name in &self.bindings {
            let _ = write!(features, "<channel-binding type='{name}'/>");
        }
        features.push_str("</sasl-channel-binding></stream:features>");
        features
    }

    /// The server's honest first message, which may ask for more than the client allows.
    pub(super) fn challenge(&self, client_first: &ClientFirst) -> String {
        client_first.challenge(self.nonce, &self.salt, self.iterations)
    }

    pub(super) fn server_knows_password(&self) -> bool {
        self.server_password == self.secret.prepared
    }

    /// Whether the client must accept an honest server's messages.
    pub(super) fn is_acceptable(&self) -> bool {
        let limits = self.config.scram;
        let count = limits.min_iterations..=limits.max_iterations;
        count.contains(&self.iterations)
            && (1..=limits.salt_bytes).contains(&self.salt.len())
            && !self.nonce.is_empty()
            // The client's part has 32 characters.
            && 32 + self.nonce.len() <= limits.nonce_bytes
            // The signature of SHA-512 is the longest message.
            && limits.message_bytes >= 90
    }

    fn is_secured(&self) -> bool {
        self.config.tls == TlsMode::Direct
    }

    /// The mechanism is offered, and possible with what there is.
    pub(super) fn check_choice(&self, mechanism: Mechanism) {
        assert!(self.offered.contains(&mechanism.name()));
        assert!(self.config.credentials.suit(mechanism));
        if mechanism.reveals_password() {
            assert!(self.is_secured() || self.config.insecure_plain_without_tls);
        }
        if mechanism == Mechanism::External {
            assert!(self.is_secured());
        } else if self.config.channel_binding == ChannelBinding::Required {
            assert!(mechanism.binds_channel());
        }
    }

    /// The flag says what is so (RFC 5802 §6).
    pub(super) fn check_header(&self, mechanism: Mechanism, header: &str) {
        let (flag, rest) = header.split_once(',').expect("two commas");
        let authzid = self.config.credentials.authzid().map(|_| "a=b=3Do=2Cb@example.org");
        assert_eq!(rest.strip_suffix(','), Some(authzid.unwrap_or_default()));
        let plus_offered = self.offered.iter().any(|name| name.ends_with("-PLUS"));
        match flag.strip_prefix("p=") {
            Some(kind) => assert!(mechanism.binds_channel() && self.bindings.contains(&kind)),
            None => assert!(!mechanism.binds_channel() && matches!(flag, "n" | "y")),
        }
        // The client's own ability is the other half of `y`; here it allows every mechanism.
        let off = self.config.channel_binding == ChannelBinding::Off;
        let able = self.is_secured() && self.tls != TlsInfo::new() && !off;
        assert_eq!(flag == "y", able && !plus_offered, "{header}");
    }

    /// What the proof is bound to, besides the header.
    pub(super) fn channel(header: &str) -> &'static [u8] {
        let kind = header.strip_prefix("p=").and_then(|rest| rest.split(',').next());
        match kind {
            Some(kind) if kind == BindingType::TlsExporter.name() => &EXPORTER,
            Some(_) => END_POINT,
            None => &[],
        }
    }

    /// What goes over the wire shows a secret only where a mechanism does that by design, and never
    /// to everybody unless that is allowed.
    pub(super) fn check_written(&self, text: &str) {
        self.secret.check_hidden_raw(text);
        let mut rest = text;
        while let Some(at) = rest.find("xmlns='urn:ietf:params:xml:ns:xmpp-sasl'") {
            let (tag, data) = rest[at..].split_once('>').expect("a tag ends");
            let name = tag.split('\'').nth(3).and_then(Mechanism::from_name);
            let shown = BASE64.decode(data.split('<').next().unwrap_or_default());
            if shown.is_ok_and(|shown| self.secret.is_in(&shown)) {
                // LOGIN shows it in a response, where the mechanism is not named.
                assert!(name.is_none_or(Mechanism::reveals_password), "{tag}");
                assert!(self.is_secured() || self.config.insecure_plain_without_tls);
            }
            rest = data;
        }
    }
}

impl Secret {
    fn check_hidden_raw(&self, text: &str) {
        assert!(!self.is_in(text.as_bytes()), "a secret goes over the wire as it is");
    }
}
