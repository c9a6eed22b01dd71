//! Stanza errors (RFC 6120 §8.3): why a stanza could not be processed, and whether to retry.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::lang;
use crate::jid::Jid;
use crate::ns;
use crate::xml::{BuildError, Element, ElementBuilder, ElementRef};

/// What the sender of the faulty stanza can do about it (RFC 6120 §8.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// Retry after providing credentials.
    Auth,
    /// Do not retry: the error cannot be remedied.
    Cancel,
    /// Proceed: it was only a warning.
    Continue,
    /// Retry after changing what was sent.
    Modify,
    /// Retry after waiting: the error is temporary.
    Wait,
}

impl ErrorType {
    /// Every type.
    pub const ALL: &'static [Self] =
        &[Self::Auth, Self::Cancel, Self::Continue, Self::Modify, Self::Wait];

    /// The value on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Cancel => "cancel",
            Self::Continue => "continue",
            Self::Modify => "modify",
            Self::Wait => "wait",
        }
    }

    /// The type called `name` on the wire, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|type_| type_.name() == name)
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $type:ident;)*) => {
        /// The defined conditions of stanza errors (RFC 6120 §8.3.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Condition {
            $($(#[$doc])* $variant,)*
        }

        impl Condition {
            /// Every defined condition, in the order of the RFC.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The element name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The error type that RFC 6120 §8.3.3 recommends for the condition. Where it names
            /// two: modify for `policy-violation`, wait for `unexpected-request`. Where it
            /// leaves it open, for `undefined-condition`: cancel.
            #[must_use]
            pub const fn default_type(self) -> ErrorType {
                match self {
                    $(Self::$variant => ErrorType::$type,)*
                }
            }
        }
    };
}

conditions! {
    /// The stanza has a malformed or unknown part (§8.3.3.1).
    BadRequest = "bad-request", Modify;
    /// Something of that name or address exists already (§8.3.3.2).
    Conflict = "conflict", Cancel;
    /// The feature is not implemented (§8.3.3.3).
    FeatureNotImplemented = "feature-not-implemented", Cancel;
    /// The sender lacks the permission (§8.3.3.4).
    Forbidden = "forbidden", Auth;
    /// The addressee has moved for good, perhaps to [`StanzaError::uri`] (§8.3.3.5).
    Gone = "gone", Cancel;
    /// The server cannot process the stanza because of an internal fault (§8.3.3.6).
    InternalServerError = "internal-server-error", Cancel;
    /// There is no such address or item (§8.3.3.7).
    ItemNotFound = "item-not-found", Cancel;
    /// An address is malformed (§8.3.3.8).
    JidMalformed = "jid-malformed", Modify;
    /// The stanza does not meet the addressee's criteria (§8.3.3.9).
    NotAcceptable = "not-acceptable", Modify;
    /// Nobody is allowed to do that (§8.3.3.10).
    NotAllowed = "not-allowed", Cancel;
    /// The sender must provide credentials first (§8.3.3.11).
    NotAuthorized = "not-authorized", Auth;
    /// A local policy was violated, such as a size or rate limit (§8.3.3.12).
    PolicyViolation = "policy-violation", Modify;
    /// The addressee is temporarily unavailable (§8.3.3.13).
    RecipientUnavailable = "recipient-unavailable", Wait;
    /// The addressee is elsewhere for now, at [`StanzaError::uri`] (§8.3.3.14).
    Redirect = "redirect", Modify;
    /// The sender must register first (§8.3.3.15).
    RegistrationRequired = "registration-required", Auth;
    /// The addressee's domain does not exist or cannot be resolved (§8.3.3.16).
    RemoteServerNotFound = "remote-server-not-found", Cancel;
    /// The addressee's domain cannot be reached in time (§8.3.3.17).
    RemoteServerTimeout = "remote-server-timeout", Wait;
    /// The server is too busy (§8.3.3.18).
    ResourceConstraint = "resource-constraint", Wait;
    /// The service is not provided, or the addressee is not there (§8.3.3.19).
    ServiceUnavailable = "service-unavailable", Cancel;
    /// The sender must subscribe first (§8.3.3.20).
    SubscriptionRequired = "subscription-required", Auth;
    /// None of the others; [`StanzaError::application`] may tell more (§8.3.3.21).
    UndefinedCondition = "undefined-condition", Cancel;
    /// The request makes no sense at this point (§8.3.3.22).
    UnexpectedRequest = "unexpected-request", Wait;
}

impl Condition {
    /// The condition called `name` on the wire, if it is a defined one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|condition| condition.name() == name)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A stanza error: the `<error/>` of a stanza of type error (RFC 6120 §8.3.2).
///
/// ```
/// use xmpp_proto::stanza::{Condition, ErrorType, StanzaError};
///
/// let error = StanzaError::new(Condition::PolicyViolation)
///     .with_type(ErrorType::Wait)
///     .with_text("ten messages a minute");
/// assert_eq!(error.to_string(), "policy-violation (wait): ten messages a minute");
/// # let element = error.to_element()?;
/// # assert_eq!(StanzaError::from_element(element.as_ref()), error);
/// # Ok::<(), xmpp_proto::xml::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaError {
    type_: ErrorType,
    condition: Condition,
    /// What most errors do not have. `None` rather than all empty.
    details: Option<Box<Details>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Details {
    uri: Option<String>,
    text: Option<String>,
    lang: Option<String>,
    by: Option<Jid>,
    application: Option<Element>,
}

impl StanzaError {
    /// An error with a defined condition, the [type](Condition::default_type) recommended for
    /// it, and nothing else.
    #[must_use]
    pub const fn new(condition: Condition) -> Self {
        Self { type_: condition.default_type(), condition, details: None }
    }

    /// With another type.
    #[must_use]
    pub const fn with_type(mut self, type_: ErrorType) -> Self {
        self.type_ = type_;
        self
    }

    /// With a text for people, in the language of the stanza.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        let details = self.details_mut();
        details.text = Some(text.into());
        details.lang = None;
        self
    }

    /// With a text for people in the language `lang`.
    #[must_use]
    pub fn with_text_in(mut self, lang: impl Into<String>, text: impl Into<String>) -> Self {
        let details = self.details_mut();
        details.text = Some(text.into());
        details.lang = Some(lang.into());
        self
    }

    /// With the new address for [`Condition::Gone`] or [`Condition::Redirect`]: a URI such as
    /// `xmpp:romeo@example.net`. Other conditions do not carry one.
    #[must_use]
    pub fn with_uri(mut self, uri: impl Into<String>) -> Self {
        self.details_mut().uri = Some(uri.into());
        self
    }

    /// With the entity that found the error.
    #[must_use]
    pub fn with_by(mut self, by: impl Into<Jid>) -> Self {
        self.details_mut().by = Some(by.into());
        self
    }

    /// With an application-specific condition, an element of another namespace
    /// (RFC 6120 §8.3.4).
    #[must_use]
    pub fn with_application(mut self, application: Element) -> Self {
        self.details_mut().application = Some(application);
        self
    }

    fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// Reads an `<error/>` element. Never fails, since an error must not be lost because it is
    /// written badly: an unknown or missing condition counts as
    /// [`Condition::UndefinedCondition`], an unknown or missing type as the condition's
    /// [default](Condition::default_type), a malformed `by` as none. Of several texts, the one
    /// without `xml:lang` counts, else the first.
    #[must_use]
    pub fn from_element(error: ElementRef<'_>) -> Self {
        let mut condition = None;
        let mut text: Option<ElementRef<'_>> = None;
        let mut read = Self::new(Condition::UndefinedCondition);
        for child in error.elements() {
            if child.ns() != ns::STANZA_ERROR {
                if read.application().is_none() {
                    read.details_mut().application = Some(child.to_element());
                }
            } else if child.name() == "text" {
                if text.is_none_or(|text| lang::of(text).is_some() && lang::of(child).is_none()) {
                    text = Some(child);
                }
            } else if condition.is_none() {
                condition = Condition::from_name(child.name());
                if matches!(condition, Some(Condition::Gone | Condition::Redirect)) {
                    let uri = child.text();
                    let uri = uri.trim();
                    if !uri.is_empty() {
                        read.details_mut().uri = Some(uri.to_owned());
                    }
                }
            }
        }
        read.condition = condition.unwrap_or(Condition::UndefinedCondition);
        let type_ = error.attr("type").and_then(|name| ErrorType::from_name(&name));
        read.type_ = type_.unwrap_or_else(|| read.condition.default_type());
        if let Some(text) = text {
            let details = read.details_mut();
            details.text = Some(text.text().into_owned());
            details.lang = lang::of(text).map(Into::into);
        }
        if let Some(by) = error.attr("by").and_then(|by| Jid::from_wire(&by).ok()) {
            read.details_mut().by = Some(by);
        }
        read
    }

    /// Reads the error of a stanza of type error. One without `<error/>`, which RFC 6120 §8.3.1
    /// forbids, counts as [`Condition::UndefinedCondition`].
    #[must_use]
    pub fn from_stanza(stanza: ElementRef<'_>) -> Self {
        match stanza.child("error", stanza.ns()) {
            Some(error) => Self::from_element(error),
            None => Self::new(Condition::UndefinedCondition),
        }
    }

    /// Writes an `<error/>` element in the namespace [`ns::CLIENT`].
    ///
    /// # Errors
    ///
    /// If the text, its language or the URI holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        self.write_to(Element::builder("error", ns::CLIENT)).build()
    }

    /// Writes attributes and children of the `<error/>` that was begun.
    pub(super) fn write_to(&self, mut error: ElementBuilder) -> ElementBuilder {
        error = error.attr("type", self.type_.name());
        if let Some(by) = self.by() {
            error = error.attr("by", by.as_str());
        }
        error = error.child_with(self.condition.name(), ns::STANZA_ERROR, |condition| {
            match self.uri() {
                Some(uri) => condition.text(uri),
                None => condition,
            }
        });
        if let Some(text) = self.text() {
            error = error.child_with("text", ns::STANZA_ERROR, |element| match self.text_lang() {
                Some(lang) => element.attr_ns("lang", ns::XML, lang).text(text),
                None => element.text(text),
            });
        }
        match self.application() {
            Some(application) => error.child(application),
            None => error,
        }
    }

    /// What the sender of the faulty stanza can do about it.
    #[must_use]
    pub const fn type_(&self) -> ErrorType {
        self.type_
    }

    /// The defined condition.
    #[must_use]
    pub const fn condition(&self) -> Condition {
        self.condition
    }

    /// The new address that comes with [`Condition::Gone`] and [`Condition::Redirect`].
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        if !matches!(self.condition, Condition::Gone | Condition::Redirect) {
            return None;
        }
        self.details.as_ref()?.uri.as_deref()
    }

    /// The text for people. Programs go by the condition.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.details.as_ref()?.text.as_deref()
    }

    /// The language of the text, if it says so itself.
    #[must_use]
    pub fn text_lang(&self) -> Option<&str> {
        self.details.as_ref()?.lang.as_deref()
    }

    /// The entity that found the error, if it says so.
    #[must_use]
    pub fn by(&self) -> Option<&Jid> {
        self.details.as_ref()?.by.as_ref()
    }

    /// The application-specific condition (RFC 6120 §8.3.4).
    #[must_use]
    pub fn application(&self) -> Option<&Element> {
        self.details.as_ref()?.application.as_ref()
    }
}

impl From<Condition> for StanzaError {
    fn from(condition: Condition) -> Self {
        Self::new(condition)
    }
}

impl From<&Self> for StanzaError {
    fn from(error: &Self) -> Self {
        error.clone()
    }
}

/// `condition (type): text`
impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.condition, self.type_)?;
        match self.text() {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for StanzaError {}
