//! Addresses known to have no resource, or to have one.

use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use core::str::FromStr;

use super::{Jid, JidError};

/// An address without a resource: an account, a room, a server (RFC 7622 §3.1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BareJid(Jid);

/// An address with a resource: one connected client, one occupant of a room (RFC 7622 §3.1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FullJid(Jid);

impl BareJid {
    /// Prepares `text` as by [`Jid::new`].
    ///
    /// # Errors
    ///
    /// As [`Jid::new`], and [`JidError::HasResource`].
    pub fn new(text: &str) -> Result<Self, JidError> {
        Self::of(Jid::new(text)?, text)
    }

    /// Takes an address as a peer sent it, as by [`Jid::from_wire`].
    ///
    /// # Errors
    ///
    /// As [`Jid::from_wire`], and [`JidError::HasResource`].
    pub fn from_wire(text: &str) -> Result<Self, JidError> {
        Self::of(Jid::from_wire(text)?, text)
    }

    /// This address with `resource`, which is prepared.
    ///
    /// # Errors
    ///
    /// If `resource` is empty, over 1023 bytes, or holds a control or non-ASCII character.
    pub fn with_resource(&self, resource: &str) -> Result<FullJid, JidError> {
        self.0.with_resource(resource).map(FullJid)
    }

    /// `jid`, which was made from `text`.
    fn of(jid: Jid, text: &str) -> Result<Self, JidError> {
        let offset = text.find('/').unwrap_or(text.len());
        jid.try_into_bare().map_err(|_| JidError::HasResource { offset })
    }

    /// `jid` must have no resource.
    pub(super) fn trust(jid: Jid) -> Self {
        debug_assert!(jid.is_bare());
        Self(jid)
    }
}

impl FullJid {
    /// Prepares `text` as by [`Jid::new`].
    ///
    /// # Errors
    ///
    /// As [`Jid::new`], and [`JidError::NoResource`].
    pub fn new(text: &str) -> Result<Self, JidError> {
        Jid::new(text)?.try_into()
    }

    /// Takes an address as a peer sent it, as by [`Jid::from_wire`].
    ///
    /// # Errors
    ///
    /// As [`Jid::from_wire`], and [`JidError::NoResource`].
    pub fn from_wire(text: &str) -> Result<Self, JidError> {
        Jid::from_wire(text)?.try_into()
    }

    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.0.resource().unwrap_or_default()
    }

    /// `jid` must have a resource.
    pub(super) fn trust(jid: Jid) -> Self {
        debug_assert!(jid.is_full());
        Self(jid)
    }
}

impl TryFrom<Jid> for BareJid {
    type Error = JidError;

    fn try_from(jid: Jid) -> Result<Self, JidError> {
        jid.try_into_bare().map_err(|jid| JidError::HasResource { offset: jid.slash.into() })
    }
}

impl TryFrom<Jid> for FullJid {
    type Error = JidError;

    fn try_from(jid: Jid) -> Result<Self, JidError> {
        jid.try_into_full().map_err(|_| JidError::NoResource)
    }
}

macro_rules! common {
    ($type:ident) => {
        impl Deref for $type {
            type Target = Jid;

            fn deref(&self) -> &Jid {
                &self.0
            }
        }

        impl From<$type> for Jid {
            fn from(jid: $type) -> Self {
                jid.0
            }
        }

        impl From<&$type> for Jid {
            fn from(jid: &$type) -> Self {
                jid.0.clone()
            }
        }

        impl AsRef<Jid> for $type {
            fn as_ref(&self) -> &Jid {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.0.as_str()
            }
        }

        impl Borrow<Jid> for $type {
            fn borrow(&self) -> &Jid {
                &self.0
            }
        }

        impl PartialEq<Jid> for $type {
            fn eq(&self, other: &Jid) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<$type> for Jid {
            fn eq(&self, other: &$type) -> bool {
                *self == other.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($type)).field(&self.0.as_str()).finish()
            }
        }

        impl FromStr for $type {
            type Err = JidError;

            fn from_str(text: &str) -> Result<Self, JidError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = JidError;

            fn try_from(text: &str) -> Result<Self, JidError> {
                Self::new(text)
            }
        }
    };
}

common!(BareJid);
common!(FullJid);

impl AsRef<Self> for Jid {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl From<&Self> for Jid {
    fn from(jid: &Self) -> Self {
        jid.clone()
    }
}
