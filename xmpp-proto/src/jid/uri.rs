//! Addresses as links (RFC 5122, RFC 6121 §9).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{BareJid, Jid, JidError};

/// The largest size of a text that [`XmppUri::parse`] reads, in bytes.
pub const MAX_URI_LEN: usize = 65_536;

/// The most parameters that [`XmppUri::parse`] reads.
pub const MAX_URI_PARAMS: usize = 64;

/// A link: an address, what is to be done with it, and by which account (RFC 5122 §2.2).
///
/// ```
/// use xmpp_proto::jid::{Jid, XmppUri};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let uri = XmppUri::parse("xmpp:romeo@example.net?message;body=Here%27s%20a%20test")?;
/// assert_eq!(uri.jid(), Some(&Jid::new("romeo@example.net")?));
/// assert_eq!(uri.action(), Some("message"));
/// assert_eq!(uri.param("body"), Some("Here's a test"));
///
/// let room = Jid::new("capulet@rooms.example.net")?;
/// let invitation = XmppUri::new(room).with_action("join").with_param("password", "pass&word");
/// assert_eq!(invitation.to_string(), "xmpp:capulet@rooms.example.net?join;password=pass%26word");
/// # Ok(())
/// # }
/// ```
///
/// What actions there are, and with which parameters, is said by XEP-0147 (`message`, `roster`,
/// `remove`, `subscribe`, `unsubscribe`) and by the extensions that have one, such as `join`
/// (XEP-0045).
///
/// A link may come from anybody. Show what it would do, and do it only when the person has said yes
/// (RFC 5122 §5).
///
/// Two are equal if they mean the same, however they were escaped. Displayed, it is ASCII: both a
/// URI and an IRI.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct XmppUri {
    authority: Option<BareJid>,
    jid: Option<Jid>,
    action: Option<String>,
    params: Vec<(String, String)>,
    fragment: Option<String>,
}

impl XmppUri {
    /// A link to an address.
    #[must_use]
    pub const fn new(jid: Jid) -> Self {
        Self::of(None, Some(jid))
    }

    /// A link that only says which account to log in with, as in `xmpp://guest@example.com`
    /// (RFC 5122 §2.3).
    #[must_use]
    pub const fn of_account(account: BareJid) -> Self {
        Self::of(Some(account), None)
    }

    const fn of(authority: Option<BareJid>, jid: Option<Jid>) -> Self {
        Self { authority, jid, action: None, params: Vec::new(), fragment: None }
    }

    /// With the account that is to do it.
    #[must_use]
    pub fn with_authority(mut self, account: BareJid) -> Self {
        self.authority = Some(account);
        self
    }

    /// With what is to be done (RFC 5122 §2.5). An empty one is none.
    #[must_use]
    pub fn with_action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into()).filter(|action| !action.is_empty());
        self
    }

    /// With one more parameter of the action, after those that are there.
    #[must_use]
    pub fn with_param(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((key.into(), value.into()));
        self
    }

    /// With a fragment, which names a part of what the address stands for (RFC 5122 §2.6).
    #[must_use]
    pub fn with_fragment(mut self, fragment: impl Into<String>) -> Self {
        self.fragment = Some(fragment.into());
        self
    }

    /// Reads a URI or an IRI. The addresses are prepared as by [`Jid::new`]; those beyond ASCII
    /// need the feature `unicode`, escaped or not.
    ///
    /// What others write is read where it can mean only one thing: characters that should have been
    /// escaped and separate nothing where they stand, an authority without a local part, a parameter
    /// without a value (it is empty), parameters without an action.
    ///
    /// # Errors
    ///
    /// Says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > MAX_URI_LEN {
            return Err(UriError::TooLong { len: text.len(), max: MAX_URI_LEN });
        }
        let rest = Piece { text, at: 0 };
        let (scheme, rest) = rest.split(':').ok_or(UriError::NotXmpp)?;
        // RFC 3986 §3.1: schemes have no case.
        if !scheme.text.eq_ignore_ascii_case("xmpp") {
            return Err(UriError::NotXmpp);
        }
        rest.check()?;
        // RFC 3986 §3: the fragment begins at the first `#`, and what is before it has the query,
        // which begins at the first `?`.
        let (rest, fragment) = rest.split_or_whole('#');
        let (path, query) = rest.split_or_whole('?');

        let (authority, path) = match path.without("//") {
            None => (None, Some(path)),
            Some(rest) => {
                let (authority, path) = rest.split_or_whole('/');
                (Some(authority.bare()?), path.filter(|path| !path.text.is_empty()))
            }
        };
        let jid = path.map(Piece::jid).transpose()?;
        let mut uri = Self::of(authority, jid);
        uri.fragment = fragment.map(Piece::decode).transpose()?.map(Cow::into_owned);
        uri.read_query(query)?;
        Ok(uri)
    }

    /// RFC 5122 §2.5: the action, and then `;key=value`.
    fn read_query(&mut self, query: Option<Piece<'_>>) -> Result<(), UriError> {
        let mut rest = query;
        let mut is_first = true;
        while let Some(piece) = rest {
            let (pair, next) = piece.split_or_whole(';');
            rest = next;
            let (key, value) = pair.split_or_whole('=');
            if core::mem::take(&mut is_first) && value.is_none() {
                let action = key.decode()?.into_owned();
                self.action = Some(action).filter(|action| !action.is_empty());
                continue;
            }
            if pair.text.is_empty() {
                continue;
            }
            if self.params.len() == MAX_URI_PARAMS {
                return Err(UriError::TooManyParams { max: MAX_URI_PARAMS, offset: pair.at });
            }
            let value = value.map(Piece::decode).transpose()?.unwrap_or_default();
            self.params.push((key.decode()?.into_owned(), value.into_owned()));
        }
        Ok(())
    }

    /// The account that is to do it, as in `xmpp://guest@example.com/support@example.com` (RFC 5122
    /// §2.3); without one, the application has a default.
    #[must_use]
    pub const fn authority(&self) -> Option<&BareJid> {
        self.authority.as_ref()
    }

    /// The address (RFC 5122 §2.4). There is none only if there is an authority.
    #[must_use]
    pub const fn jid(&self) -> Option<&Jid> {
        self.jid.as_ref()
    }

    /// What is to be done, such as `message` or `join`. Case counts.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// The first parameter of this name. Case counts.
    #[must_use]
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params().find(|(found, _)| *found == key).map(|(_, value)| value)
    }

    /// All parameters, in their order: keys and values.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// What names a part of what the address stands for.
    #[must_use]
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }
}

/// What needs no escape anywhere (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// RFC 5122 §2.2, `nodeallow`.
const LOCAL: &AsciiSet = &RESERVED
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// RFC 5122 §2.2, `resallow`.
const RESOURCE: &AsciiSet = &LOCAL.remove(b'&').remove(b'\'').remove(b':');

/// RFC 3986 §3.2.2: of what domains may have, only IP addresses in brackets have others.
const DOMAIN: &AsciiSet = &RESERVED.remove(b'[').remove(b']').remove(b':');

impl fmt::Display for XmppUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |text| utf8_percent_encode(text, RESERVED);
        f.write_str("xmpp:")?;
        if let Some(authority) = &self.authority {
            f.write_str("//")?;
            write_jid(f, authority)?;
        }
        if let Some(jid) = &self.jid {
            if self.authority.is_some() {
                f.write_str("/")?;
            }
            write_jid(f, jid)?;
        }
        if self.action.is_some() || !self.params.is_empty() {
            write!(f, "?{}", escaped(self.action().unwrap_or_default()))?;
        }
        for (key, value) in self.params() {
            write!(f, ";{}={}", escaped(key), escaped(value))?;
        }
        match self.fragment() {
            Some(fragment) => write!(f, "#{}", escaped(fragment)),
            None => Ok(()),
        }
    }
}

fn write_jid(f: &mut fmt::Formatter<'_>, jid: &Jid) -> fmt::Result {
    if let Some(local) = jid.local() {
        write!(f, "{}@", utf8_percent_encode(local, LOCAL))?;
    }
    write!(f, "{}", utf8_percent_encode(jid.domain(), DOMAIN))?;
    match jid.resource() {
        Some(resource) => write!(f, "/{}", utf8_percent_encode(resource, RESOURCE)),
        None => Ok(()),
    }
}

impl FromStr for XmppUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}

impl From<Jid> for XmppUri {
    fn from(jid: Jid) -> Self {
        Self::new(jid)
    }
}

/// A piece of the text, and where it begins.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Piece<'a> {
    /// What stands before the first of these characters, and what after it.
    fn split(self, separator: char) -> Option<(Self, Self)> {
        let (before, after) = self.text.split_once(separator)?;
        let at = self.at + before.len() + separator.len_utf8();
        Some((Self { text: before, at: self.at }, Self { text: after, at }))
    }

    fn split_or_whole(self, separator: char) -> (Self, Option<Self>) {
        match self.split(separator) {
            Some((before, after)) => (before, Some(after)),
            None => (self, None),
        }
    }

    fn without(self, prefix: &str) -> Option<Self> {
        let text = self.text.strip_prefix(prefix)?;
        Some(Self { text, at: self.at + prefix.len() })
    }

    /// That each character may stand in a URI or an IRI, and each `%` begins an escape.
    fn check(self) -> Result<(), UriError> {
        for (at, found) in self.text.char_indices() {
            let offset = self.at + at;
            // RFC 3986 §2, §A: of the printable ones, those that appear in no rule.
            if found.is_control() || " \"<>\\^`{|}".contains(found) {
                return Err(UriError::ForbiddenChar { found, offset });
            }
            let digits = self.text.as_bytes().get(at + 1..at + 3);
            let is_escape = digits.is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit));
            if found == '%' && !is_escape {
                return Err(UriError::BadEscape { offset });
            }
        }
        Ok(())
    }

    fn decode(self) -> Result<Cow<'a, str>, UriError> {
        let decoded = percent_decode_str(self.text).decode_utf8();
        decoded.map_err(|_| UriError::NotUtf8 { offset: self.at })
    }

    fn jid(self) -> Result<Jid, UriError> {
        // RFC 5122 §2.8.1: the parts are told apart before they are decoded, since an escaped `/` or
        // `@` belongs to its part.
        let (bare, resource) = self.split_or_whole('/');
        let (local, domain) = match bare.split('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        let local = local.map(Piece::decode).transpose()?;
        let resource = resource.map(Piece::decode).transpose()?;
        let jid = Jid::from_parts(local.as_deref(), &domain.decode()?, resource.as_deref());
        jid.map_err(|error| UriError::Address { offset: self.at, error })
    }

    fn bare(self) -> Result<BareJid, UriError> {
        self.jid()?.try_into().map_err(|error| UriError::Address { offset: self.at, error })
    }
}

/// Why a text is no link to an address. Offsets are in bytes from the start of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// Its scheme is not `xmpp`.
    NotXmpp,
    /// It is larger than [`MAX_URI_LEN`].
    TooLong {
        /// Its size in bytes.
        len: usize,
        /// The largest size allowed, in bytes.
        max: usize,
    },
    /// A character that stands in no URI or IRI (RFC 3986 §2, RFC 3987 §2.2).
    ForbiddenChar {
        /// The character.
        found: char,
        /// Where it stands.
        offset: usize,
    },
    /// A `%` without two hexadecimal digits behind it (RFC 3986 §2.1).
    BadEscape {
        /// Where it stands.
        offset: usize,
    },
    /// What is escaped is not UTF-8 (RFC 5122 §2.9).
    NotUtf8 {
        /// Where the part that has it begins.
        offset: usize,
    },
    /// An address is none.
    Address {
        /// Where the address begins.
        offset: usize,
        /// Why. Its own offsets count from the start of the part at fault, after decoding.
        error: JidError,
    },
    /// There are more than [`MAX_URI_PARAMS`] parameters.
    TooManyParams {
        /// The most there may be.
        max: usize,
        /// Where the first one too many begins.
        offset: usize,
    },
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid XMPP URI: ")?;
        match *self {
            Self::NotXmpp => f.write_str("it must begin with `xmpp:`"),
            Self::TooLong { len, max } => {
                write!(f, "it has {len} bytes, at most {max} are allowed")
            }
            Self::ForbiddenChar { found, offset } => {
                write!(f, "U+{:04X} at byte {offset} must be escaped", u32::from(found))
            }
            Self::BadEscape { offset } => {
                write!(f, "the `%` at byte {offset} needs two hexadecimal digits")
            }
            Self::NotUtf8 { offset } => {
                write!(f, "what is escaped in the part at byte {offset} is not UTF-8")
            }
            Self::Address { offset, error } => write!(f, "the address at byte {offset}: {error}"),
            Self::TooManyParams { max, offset } => {
                write!(f, "at most {max} parameters are allowed; byte {offset} begins another")
            }
        }
    }
}

impl core::error::Error for UriError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Address { error, .. } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
