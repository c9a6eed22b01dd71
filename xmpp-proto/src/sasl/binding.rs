//! Channel binding (RFC 5056): what ties a SCRAM proof to one TLS channel.

use alloc::vec::Vec;
use core::fmt;

/// Whether a proof is bound to the TLS channel. The [module docs](super) have the whole policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChannelBinding {
    /// Never. The server is told that this client does not support it (`n`).
    Off,
    /// Where the server names, by XEP-0440, a type that is available here.
    #[default]
    Preferred,
    /// Always: without it there is no login.
    Required,
}

/// A type of channel binding, by its name in the IANA registry.
///
/// The first is the one to prefer: it belongs to this very connection, while the other is the same
/// for all connections to a server with that certificate, and for whoever has its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BindingType {
    /// `tls-exporter` (RFC 9266), for TLS 1.3.
    TlsExporter,
    /// `tls-server-end-point` (RFC 5929 §4): a hash of the server's certificate.
    TlsServerEndPoint,
}

impl BindingType {
    /// All types, the one to prefer first.
    pub const ALL: &'static [Self] = &[Self::TlsExporter, Self::TlsServerEndPoint];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
        }
    }
}

impl fmt::Display for BindingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the TLS channel offers to bind to.
#[derive(Clone, Copy, Default)]
pub(crate) struct ChannelData<'a> {
    pub(crate) tls_exporter: Option<&'a [u8]>,
    pub(crate) tls_server_end_point: Option<&'a [u8]>,
}

impl<'a> ChannelData<'a> {
    pub(crate) fn get(&self, kind: BindingType) -> Option<&'a [u8]> {
        match kind {
            BindingType::TlsExporter => self.tls_exporter,
            BindingType::TlsServerEndPoint => self.tls_server_end_point,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        BindingType::ALL.iter().all(|kind| self.get(*kind).is_none())
    }
}

/// What the client says about channel binding, `gs2-cbind-flag` (RFC 5801 §4), and what it binds
/// to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Binding {
    /// `n`: the client does not support it, or does not want it.
    Unsupported,
    /// `y`: the client would, but sees no -PLUS. A server that did offer it must refuse
    /// (RFC 5802 §6): somebody between took it out of the offer.
    NotOffered,
    /// `p`: the proof is bound.
    To {
        /// The type.
        kind: BindingType,
        /// What identifies the channel.
        data: Vec<u8>,
    },
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("n"),
            Self::NotOffered => f.write_str("y"),
            Self::To { kind, .. } => write!(f, "p={kind}"),
        }
    }
}
