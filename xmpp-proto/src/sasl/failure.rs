//! `<failure/>`: the server says no (RFC 6120 §6.4.5, §6.5).

use alloc::string::String;
use core::fmt;

use crate::ns;
use crate::xml::ElementRef;

/// The server's refusal: a condition for programs and possibly a text for people.
///
/// ```
/// use xmpp_proto::sasl::{FailureCondition, SaslFailure};
/// use xmpp_proto::xml::Element;
///
/// let element: Element = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
///     <account-disabled/><text xml:lang='en'>Call 212-555-1212</text></failure>".parse()?;
/// let failure = SaslFailure::from_element(element.as_ref()).expect("a failure");
/// assert_eq!(failure.condition, FailureCondition::AccountDisabled);
/// assert_eq!(failure.to_string(), "account-disabled (Call 212-555-1212)");
/// # Ok::<(), xmpp_proto::xml::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaslFailure {
    /// What is wrong.
    pub condition: FailureCondition,
    /// The server's own words, cut to 1024 bytes; control characters are replaced by U+FFFD.
    pub text: Option<String>,
}

impl SaslFailure {
    const TEXT_BYTES: usize = 1024;

    /// Reads `<failure/>` in the SASL namespace; `None` for any other element.
    ///
    /// The condition is the first child in that namespace that is not `<text/>`.
    #[must_use]
    pub fn from_element(element: ElementRef<'_>) -> Option<Self> {
        element.is("failure", ns::SASL).then(|| Self::read(element))
    }

    /// Reads `<failure/>` of SASL2 (XEP-0388 §2.6.2), whose condition is in the namespace of SASL.
    pub(crate) fn from_sasl2(element: ElementRef<'_>) -> Self {
        Self::read(element)
    }

    fn read(element: ElementRef<'_>) -> Self {
        // Some servers put condition or text into the namespace of SASL2.
        let ours = |child: &ElementRef<'_>| matches!(child.ns(), ns::SASL | ns::SASL2);
        let condition =
            element.elements().find(|child| ours(child) && child.name() != "text").map_or_else(
                || FailureCondition::Other(String::new()),
                |child| FailureCondition::from_name(child.name()),
            );
        let text = element.elements().find(|child| ours(child) && child.name() == "text");
        let text = text.map(|text| bounded(&text.text(), Self::TEXT_BYTES));
        Self { condition, text }
    }
}

impl fmt::Display for SaslFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{} ({text})", self.condition),
            None => self.condition.fmt(f),
        }
    }
}

impl core::error::Error for SaslFailure {}

/// Why the server said no: the conditions of RFC 6120 §6.5.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureCondition {
    /// `aborted` (§6.5.1): it confirms that we gave up.
    Aborted,
    /// `account-disabled` (§6.5.2).
    AccountDisabled,
    /// `credentials-expired` (§6.5.3).
    CredentialsExpired,
    /// `encryption-required` (§6.5.4): this mechanism only over TLS.
    EncryptionRequired,
    /// `incorrect-encoding` (§6.5.5): our base64 was wrong.
    IncorrectEncoding,
    /// `invalid-authzid` (§6.5.6): the identity to act as is malformed or not ours to use.
    InvalidAuthzid,
    /// `invalid-mechanism` (§6.5.7): the server did not offer what we chose.
    InvalidMechanism,
    /// `malformed-request` (§6.5.8): our message broke the mechanism's rules.
    MalformedRequest,
    /// `mechanism-too-weak` (§6.5.9): the server wants a stronger mechanism for this account.
    MechanismTooWeak,
    /// `not-authorized` (§6.5.10): wrong user name or password.
    NotAuthorized,
    /// `temporary-auth-failure` (§6.5.11): the server cannot tell now; later it may.
    TemporaryAuthFailure,
    /// A condition that RFC 6120 does not define: its element name, cut to 128 bytes, or empty if
    /// the server named none.
    Other(String),
}

impl FailureCondition {
    pub(crate) const DEFINED: [Self; 11] = [
        Self::Aborted,
        Self::AccountDisabled,
        Self::CredentialsExpired,
        Self::EncryptionRequired,
        Self::IncorrectEncoding,
        Self::InvalidAuthzid,
        Self::InvalidMechanism,
        Self::MalformedRequest,
        Self::MechanismTooWeak,
        Self::NotAuthorized,
        Self::TemporaryAuthFailure,
    ];
    const OTHER_BYTES: usize = 128;

    /// The condition with this element name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::DEFINED
            .into_iter()
            .find(|condition| condition.name() == name)
            .unwrap_or_else(|| Self::Other(bounded(name, Self::OTHER_BYTES)))
    }

    /// The name of the condition's element, empty if the server named none.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Aborted => "aborted",
            Self::AccountDisabled => "account-disabled",
            Self::CredentialsExpired => "credentials-expired",
            Self::EncryptionRequired => "encryption-required",
            Self::IncorrectEncoding => "incorrect-encoding",
            Self::InvalidAuthzid => "invalid-authzid",
            Self::InvalidMechanism => "invalid-mechanism",
            Self::MalformedRequest => "malformed-request",
            Self::MechanismTooWeak => "mechanism-too-weak",
            Self::NotAuthorized => "not-authorized",
            Self::TemporaryAuthFailure => "temporary-auth-failure",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for FailureCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.name() {
            "" => "no condition given",
            name => name,
        })
    }
}

/// A peer's text made fit to keep and to log: at most `max` bytes, and no control character that
/// could forge a line.
pub(crate) fn bounded(text: &str, max: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(max));
    for c in text.chars() {
        let c = if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        if kept.len() + c.len_utf8() > max {
            break;
        }
        kept.push(c);
    }
    kept
}
