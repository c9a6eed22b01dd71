//! Logins with fewer round trips: what the application says about it.

use alloc::format;
use alloc::string::String;

use crate::sasl::FastToken;

/// Login with fewer round trips, where the server offers it; elsewhere the login is that of RFC 6120.
///
/// What is used, each for itself where it is offered: the extensible SASL profile (SASL2, XEP-0388),
/// which needs no restart of the stream; the resumption of a session within it (XEP-0198 §9.2); with
/// [`bind`](Self::bind) also the binding of a resource (Bind 2, XEP-0386); and, if the client has an
/// [`id`](Self::id), tokens that take the password's place (FAST, XEP-0484). All of it only over TLS.
///
/// ```
/// use xmpp_proto::endpoint::{ClientConfig, FastLogin};
///
/// let id = [7; 16]; // drawn at random once, when the app is installed, and kept
/// let mut fast = FastLogin::new(id).with_software("Sonnet").with_device("Kiva's phone");
/// # let stored_token = None;
/// fast.token = stored_token; // what the last `Event::Token` brought
/// let config = ClientConfig::new("alice@example.org".parse()?, "a password")
///     .with_fast_login(Some(fast));
/// # Ok::<(), xmpp_proto::jid::JidError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct FastLogin {
    /// What tells this installation of the app from all others, for ever: 16 random bytes, of which
    /// a UUID is made (XEP-0388 §2.3). Only the server sees it. Without it, which is the default,
    /// there are no tokens.
    pub id: Option<[u8; 16]>,
    /// The name of the app, for the list of devices that a server shows its user.
    pub software: Option<String>,
    /// The name of the device, for the same list.
    pub device: Option<String>,
    /// Whether a resource is bound within the login (XEP-0386). The default is no: a server that does
    /// this throws away messages that were kept while the user was offline, since it expects the
    /// client to read the archive (§3.2), and it appends something of its own to the resource that is
    /// asked for.
    pub bind: bool,
    /// Whether copies of messages to and from other clients of the account are wanted (XEP-0280).
    /// They are asked for only where that is part of binding a resource within the login. The default
    /// is no.
    pub carbons: bool,
    /// Whether a token is asked for if there is none. The default is yes.
    pub request_token: bool,
    /// Whether the token is used for the last time: the server forgets it, and nobody can log in by it
    /// any more, whoever has found it (XEP-0484 §3.6). [`Event::TokenRefused`](super::Event) comes when
    /// that is done. For the logout of somebody who leaves a device; the default is no.
    pub invalidate: bool,
    /// Whether a login by token goes out together with the stream header, in one round trip, if the
    /// last login of this client has shown that the server takes it (XEP-0388 §2.1). The default is
    /// yes.
    pub pipeline: bool,
    /// The token to log in with. It comes with [`Event::Token`](super::Event::Token), and is used if
    /// it belongs to this account. The client uses later ones by itself.
    pub token: Option<FastToken>,
}

impl Default for FastLogin {
    /// SASL2, and resumption within it.
    fn default() -> Self {
        Self {
            id: None,
            software: None,
            device: None,
            bind: false,
            carbons: false,
            request_token: true,
            invalidate: false,
            pipeline: true,
            token: None,
        }
    }
}

impl FastLogin {
    /// With tokens, for the installation that is known by these random bytes.
    #[must_use]
    pub fn new(id: [u8; 16]) -> Self {
        Self { id: Some(id), ..Self::default() }
    }

    /// With the name of the app.
    #[must_use]
    pub fn with_software(mut self, software: impl Into<String>) -> Self {
        self.software = Some(software.into());
        self
    }

    /// With the name of the device.
    #[must_use]
    pub fn with_device(mut self, device: impl Into<String>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// Whether a resource is bound within the login, see [`bind`](Self::bind).
    #[must_use]
    pub const fn with_bind(mut self, bind: bool) -> Self {
        self.bind = bind;
        self
    }

    /// With a token that an earlier login has brought.
    #[must_use]
    pub fn with_token(mut self, token: FastToken) -> Self {
        self.token = Some(token);
        self
    }

    /// The id as XEP-0388 §2.3 wants it: a UUID of version 4 (RFC 9562 §5.4).
    pub(crate) fn uuid(&self) -> Option<String> {
        let mut id = u128::from_be_bytes(self.id?);
        id = id & !(0xf << 76) | 4 << 76;
        id = id & !(0b11 << 62) | 0b10 << 62;
        let hex = format!("{id:032x}");
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
        let parts = parts.map(|part| hex.get(part).unwrap_or_default());
        Some(parts.join("-"))
    }
}
