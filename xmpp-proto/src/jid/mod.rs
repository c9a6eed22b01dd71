//! Addresses of XMPP entities (RFC 7622): `local@domain/resource`.
//!
//! [`Jid`] is any address, [`BareJid`] one without and [`FullJid`] one with a resource. All three
//! share one immutable buffer, so cloning and [`Jid::to_bare`] neither copy nor allocate.
//!
//! ```
//! use xmpp_proto::jid::{BareJid, Jid, JidError};
//!
//! # fn main() -> Result<(), JidError> {
//! let jid = Jid::new("Juliet@Example.COM/Balcony")?;
//! assert_eq!(jid.as_str(), "juliet@example.com/Balcony");
//! assert_eq!(jid.local(), Some("juliet"));
//! assert_eq!(jid.domain(), "example.com");
//! assert_eq!(jid.resource(), Some("Balcony"));
//!
//! let bare = jid.to_bare();
//! assert_eq!(bare, BareJid::new("juliet@example.com")?);
//! assert_eq!(bare.with_resource("Orchard")?.resource(), "Orchard");
//! # Ok(())
//! # }
//! ```
//!
//! # Two ways in
//!
//! Two addresses are the same if their prepared forms are the same, byte by byte. [`Jid::new`]
//! prepares: for what a person typed or a configuration says. [`Jid::from_wire`] is for what
//! stands in a received stanza, where the peer may follow other rules (RFC 3920's stringprep,
//! domains outside the DNS) and refusing its address would help nobody:
//!
//! | | [`Jid::new`] | [`Jid::from_wire`] |
//! |---|---|---|
//! | a part that is empty or longer than 1023 bytes | error | error |
//! | ASCII local part and domain | lower-cased | lower-cased |
//! | forbidden ASCII: controls; in the local part also space and `"&'/:<>@` | error | error |
//! | non-ASCII part, with the feature `unicode` | prepared, or error | prepared, or kept verbatim, "unprepared" |
//! | non-ASCII part, without it | error | kept verbatim, "unprepared" |
//! | domain with `_`, `-` at the edge of a label, or too long for the DNS | error | kept, "unprepared" |
//! | label `xn--...` that encodes nothing, with the feature `unicode` | error | kept, "unprepared" |
//!
//! [`Jid::is_prepared`] is true exactly if [`Jid::new`] accepts the address and leaves it as it is.
//!
//! # Beyond ASCII
//!
//! With the feature `unicode`, which needs std, parts are prepared as RFC 7622 asks:
//!
//! - Local part: fullwidth and halfwidth characters become plain ones, upper case becomes lower
//!   case, then NFC (`UsernameCaseMapped`, RFC 8265 §3.3). Letters and digits of all scripts are
//!   allowed, symbols and spaces are not, and the directions of scripts do not mix.
//! - Resource: every space becomes the ASCII one, then NFC (`OpaqueString`, RFC 8265 §4.2). Case
//!   stays. Symbols are allowed, and so are single emoji; sequences of them are not, since they
//!   are joined by invisible characters.
//! - Domain: mapped by UTS 46, in the form of U-labels, each checked by IDNA2008: `xn--...` is
//!   decoded, so that both forms of a name are equal.
//!
//! Without the feature a label `xn--...` is a label like any other.
//!
//! Servers that still use the stringprep profiles of RFC 3920 map more: ß becomes ss, and Ⅸ
//! becomes ix. Such a server knows some addresses under another name than [`Jid::new`] gives them,
//! and shows that one: take the address from its stanzas, and one's own from the result of binding.
//!
//! [`escape_local`] and [`unescape_local`] put other characters into the local part (XEP-0106). With
//! the feature `uri`, `XmppUri` reads and writes addresses as links (RFC 5122).

#[cfg(feature = "jid")]
mod convert;
mod error;
mod escape;
mod prepare;
mod typed;
#[cfg(not(feature = "unicode"))]
#[path = "ascii_only.rs"]
mod unicode;
#[cfg(feature = "unicode")]
mod unicode;
#[cfg(feature = "uri")]
mod uri;

pub use error::{JidError, Part};
pub use escape::{EscapeError, escape_local, unescape_local};
pub use typed::{BareJid, FullJid};
#[cfg(feature = "uri")]
pub use uri::{MAX_URI_LEN, MAX_URI_PARAMS, UriError, XmppUri};

use alloc::borrow::Cow;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use crate::sync::Arc;
use prepare::Rules;

/// The largest size of each part of an address, in bytes (RFC 7622 §3.2 to §3.4).
pub const MAX_PART_LEN: usize = 1023;

/// Bits of [`Jid::unprepared`].
const LOCAL: u8 = 1;
const DOMAIN: u8 = 2;
const RESOURCE: u8 = 4;

/// An address of any form: `domain`, `local@domain`, either with `/resource` (RFC 7622 §3.1).
///
/// Cloning is cheap. Equality and hash are those of the text; the order is by domain, then local
/// part, then resource, so that the resources of an account stand together after its bare form.
#[derive(Clone)]
pub struct Jid {
    /// At least the address; more if this is the bare form of an address with a resource.
    buffer: Arc<str>,
    /// Where the domain starts: 0, or after the `@`.
    domain: u16,
    /// Where the domain ends: at the `/`, or at `end`.
    slash: u16,
    end: u16,
    /// The parts that are not known to be prepared.
    unprepared: u8,
}

impl Jid {
    /// Prepares `text` as an address: splits it at the first `/` and then at the first `@`,
    /// checks the parts and lower-cases the local part and the domain (RFC 7622 §3). What is not
    /// ASCII is prepared [with the feature `unicode`](self#beyond-ascii).
    ///
    /// The domain may be a name (letters, digits, hyphens; a final dot is dropped; the limits of
    /// the DNS hold), an IPv4 address, or an IPv6 address in brackets. Preparing twice changes
    /// nothing more.
    ///
    /// # Errors
    ///
    /// Says which part is at fault, why and where. Without the feature `unicode`, non-ASCII text
    /// is [`JidError::NeedsUnicode`].
    pub fn new(text: &str) -> Result<Self, JidError> {
        Self::parse(text, Rules::Strict)
    }

    /// Takes an address as a peer sent it. Parts that cannot be prepared here are kept verbatim
    /// and compared by their bytes; see the [table](self#two-ways-in).
    ///
    /// # Errors
    ///
    /// Says which part is at fault, why and where.
    pub fn from_wire(text: &str) -> Result<Self, JidError> {
        Self::parse(text, Rules::Tolerant)
    }

    /// Puts an address together from its parts, prepared as by [`Jid::new`].
    ///
    /// ```
    /// use xmpp_proto::jid::Jid;
    ///
    /// let occupant = Jid::from_parts(Some("garden"), "chat.example", Some("Nurse / night"))?;
    /// assert_eq!(occupant.as_str(), "garden@chat.example/Nurse / night");
    /// # Ok::<(), xmpp_proto::jid::JidError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Says which part is at fault and why; offsets count from the start of that part.
    pub fn from_parts(
        local: Option<&str>,
        domain: &str,
        resource: Option<&str>,
    ) -> Result<Self, JidError> {
        let local = local.map(|part| prepare::local(part, 0, Rules::Strict)).transpose()?;
        let domain = prepare::domain(domain, 0, Rules::Strict)?;
        let resource =
            resource.map(|part| prepare::resource(part, 0, Rules::Strict)).transpose()?;
        Ok(Self::join(local, &domain, resource, None))
    }

    fn parse(text: &str, rules: Rules) -> Result<Self, JidError> {
        // RFC 7622 §3.1: the resource is everything after the first `/`, and only then is the
        // local part everything before the first `@`: a resource may contain both.
        let (bare, resource) = match split_once(text, b'/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let (local, domain) = match split_once(bare, b'@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        let domain_at = local.map_or(0, |local| local.len() + 1);
        // Every stanza has addresses, and nearly all of them are like this. It saves time, not bytes.
        #[cfg(not(feature = "small"))]
        if prepare::is_plain(local, domain, resource) {
            return Ok(Self::cut(Arc::from(text), domain_at, bare.len(), text.len(), 0));
        }
        let local = local.map(|part| prepare::local(part, 0, rules)).transpose()?;
        let domain = prepare::domain(domain, domain_at, rules)?;
        let resource =
            resource.map(|part| prepare::resource(part, bare.len() + 1, rules)).transpose()?;
        Ok(Self::join(local, &domain, resource, Some(text)))
    }

    /// The address in a buffer, by the places of its parts.
    fn cut(buffer: Arc<str>, domain: usize, slash: usize, end: usize, unprepared: u8) -> Self {
        // Each part has at most `MAX_PART_LEN` bytes, so that all offsets fit.
        let [domain, slash, end] =
            [domain, slash, end].map(|at| u16::try_from(at).unwrap_or(u16::MAX));
        Self { buffer, domain, slash, end, unprepared }
    }

    /// Joins checked parts. `source` is the text they were split from, if any: it is copied as it
    /// is where preparation changes nothing.
    fn join(
        local: Option<Prepared<'_>>,
        domain: &Prepared<'_>,
        resource: Option<Prepared<'_>>,
        source: Option<&str>,
    ) -> Self {
        let domain_at = local.as_ref().map_or(0, |local| local.text.len() + 1);
        let slash = domain_at + domain.text.len();
        let end = slash + resource.as_ref().map_or(0, |resource| 1 + resource.text.len());

        let mut unprepared = 0;
        let mut changed = false;
        let parts =
            [(local.as_ref(), LOCAL), (Some(domain), DOMAIN), (resource.as_ref(), RESOURCE)];
        for (part, bit) in parts {
            if let Some(part) = part {
                unprepared |= if part.verbatim { bit } else { 0 };
                changed |= part.lower || matches!(part.text, Cow::Owned(_));
            }
        }

        let buffer = match source {
            Some(source) if !changed && source.len() == end => Arc::from(source),
            _ => {
                let mut text = String::with_capacity(end);
                if let Some(local) = local {
                    local.push_to(&mut text);
                    text.push('@');
                }
                domain.push_to(&mut text);
                if let Some(resource) = resource {
                    text.push('/');
                    resource.push_to(&mut text);
                }
                Arc::from(text)
            }
        };
        Self::cut(buffer, domain_at, slash, end, unprepared)
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.buffer[..usize::from(self.end)]
    }

    /// The local part: what stands before the `@`.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        let end = usize::from(self.domain).checked_sub(1)?;
        Some(&self.buffer[..end])
    }

    /// The domain. An IPv6 address is in brackets.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.buffer[usize::from(self.domain)..usize::from(self.slash)]
    }

    /// The domain as DNS and TLS have it: labels that are not ASCII are in their encoded form,
    /// `xn--...` (RFC 5890 §2.3.2.1). The domain as it is where it has no such form, or where the
    /// feature `unicode` is off.
    ///
    /// ```
    /// # #[cfg(feature = "unicode")] {
    /// use xmpp_proto::jid::Jid;
    ///
    /// let jid = Jid::new("juliet@bücher.example")?;
    /// assert_eq!(jid.ascii_domain(), "xn--bcher-kva.example");
    /// # }
    /// # Ok::<(), xmpp_proto::jid::JidError>(())
    /// ```
    #[must_use]
    pub fn ascii_domain(&self) -> Cow<'_, str> {
        let domain = self.domain();
        if domain.is_ascii() { Cow::Borrowed(domain) } else { unicode::encoded(domain) }
    }

    /// The resource: what stands after the `/`.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.is_full().then(|| &self.buffer[usize::from(self.slash) + 1..usize::from(self.end)])
    }

    /// Whether it has no resource.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        !self.is_full()
    }

    /// Whether it has a resource.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.slash < self.end
    }

    /// Whether it is in the form that [`Jid::new`] gives. If not, it came through
    /// [`Jid::from_wire`], and an equal entity may be written with other bytes.
    #[must_use]
    pub fn is_prepared(&self) -> bool {
        self.unprepared == 0
    }

    /// Whether the account of `other` is this one to a server that prepares local parts by
    /// RFC 3920 §A, and not by RFC 7622.
    #[cfg(feature = "client")]
    pub(crate) fn is_by_stringprep(&self, other: &Self) -> bool {
        let older = other.local().and_then(unicode::older_local);
        older.is_some() && older.as_deref() == self.local() && self.domain() == other.domain()
    }

    /// The address without its resource. Shares the buffer.
    #[must_use]
    pub fn to_bare(&self) -> BareJid {
        let mut bare = self.clone();
        bare.end = bare.slash;
        bare.unprepared &= !RESOURCE;
        BareJid::trust(bare)
    }

    /// This address as a bare one.
    ///
    /// # Errors
    ///
    /// Hands the address back if it has a resource.
    pub fn try_into_bare(self) -> Result<BareJid, Self> {
        if self.is_bare() { Ok(BareJid::trust(self)) } else { Err(self) }
    }

    /// This address as a full one.
    ///
    /// # Errors
    ///
    /// Hands the address back if it has no resource.
    pub fn try_into_full(self) -> Result<FullJid, Self> {
        if self.is_full() { Ok(FullJid::trust(self)) } else { Err(self) }
    }

    /// This bare address with a prepared resource.
    fn with_resource(&self, resource: &str) -> Result<Self, JidError> {
        let resource = prepare::resource(resource, 0, Rules::Strict)?;
        let known = |text, bit| {
            let verbatim = self.unprepared & bit != 0;
            Prepared { text: Cow::Borrowed(text), lower: false, verbatim }
        };
        let local = self.local().map(|local| known(local, LOCAL));
        Ok(Self::join(local, &known(self.domain(), DOMAIN), Some(resource), None))
    }
}

/// One checked part, on its way into the buffer.
struct Prepared<'a> {
    text: Cow<'a, str>,
    /// It must still be lower-cased.
    lower: bool,
    /// It is taken as the peer wrote it.
    verbatim: bool,
}

impl Prepared<'_> {
    fn push_to(&self, out: &mut String) {
        let start = out.len();
        out.push_str(&self.text);
        if self.lower {
            out[start..].make_ascii_lowercase();
        }
    }
}

impl PartialEq for Jid {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Jid {}

impl Hash for Jid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Ord for Jid {
    fn cmp(&self, other: &Self) -> Ordering {
        // Bytes have the order of text, and need no look at where characters begin. A part that is
        // not there is empty, which no part can be that is.
        let parts = |jid: &Self| {
            let [domain, slash, end] = [jid.domain, jid.slash, jid.end].map(usize::from);
            [domain..slash, 0..domain.saturating_sub(1), slash..end]
        };
        let (own, others) = (self.buffer.as_bytes(), other.buffer.as_bytes());
        for (here, there) in parts(self).into_iter().zip(parts(other)) {
            let order = own[here].cmp(&others[there]);
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

impl PartialOrd for Jid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Jid").field(&self.as_str()).finish()
    }
}

impl FromStr for Jid {
    type Err = JidError;

    fn from_str(text: &str) -> Result<Self, JidError> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Jid {
    type Error = JidError;

    fn try_from(text: &str) -> Result<Self, JidError> {
        Self::new(text)
    }
}

impl AsRef<str> for Jid {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// What stands before and after the first of these ASCII characters. Every stanza has addresses,
/// and the search of `str` for a character takes twice as long.
fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(separator, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests;
