//! To and from the addresses of the crate `jid`, which xmpp-parsers uses.
//!
//! That crate prepares by RFC 3920's stringprep and this one by RFC 7622, so that each may refuse
//! or change what the other has: all conversions are checked.
//!
//! ```
//! use xmpp_proto::jid::Jid;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ours = Jid::new("juliet@example.com/balcony")?;
//! let theirs = jid::Jid::try_from(&ours)?;
//! assert_eq!(theirs.as_str(), "juliet@example.com/balcony");
//! assert_eq!(Jid::try_from(&theirs)?, ours);
//! # Ok(())
//! # }
//! ```

use super::{BareJid, FullJid, Jid, JidError};

/// As by [`Jid::from_wire`]: it may have been prepared by other rules.
impl TryFrom<&::jid::Jid> for Jid {
    type Error = JidError;

    fn try_from(jid: &::jid::Jid) -> Result<Self, JidError> {
        Self::from_wire(jid.as_str())
    }
}

/// As by [`BareJid::from_wire`]: it may have been prepared by other rules.
impl TryFrom<&::jid::BareJid> for BareJid {
    type Error = JidError;

    fn try_from(jid: &::jid::BareJid) -> Result<Self, JidError> {
        Self::from_wire(jid.as_str())
    }
}

/// As by [`FullJid::from_wire`]: it may have been prepared by other rules.
impl TryFrom<&::jid::FullJid> for FullJid {
    type Error = JidError;

    fn try_from(jid: &::jid::FullJid) -> Result<Self, JidError> {
        Self::from_wire(jid.as_str())
    }
}

/// Prepared again, by that crate's rules.
impl TryFrom<&Jid> for ::jid::Jid {
    type Error = ::jid::Error;

    fn try_from(jid: &Jid) -> Result<Self, ::jid::Error> {
        Self::new(jid.as_str())
    }
}

/// Prepared again, by that crate's rules.
impl TryFrom<&BareJid> for ::jid::BareJid {
    type Error = ::jid::Error;

    fn try_from(jid: &BareJid) -> Result<Self, ::jid::Error> {
        Self::new(jid.as_str())
    }
}

/// Prepared again, by that crate's rules.
impl TryFrom<&FullJid> for ::jid::FullJid {
    type Error = ::jid::Error;

    fn try_from(jid: &FullJid) -> Result<Self, ::jid::Error> {
        Self::new(jid.as_str())
    }
}

#[cfg(test)]
mod tests;
