//! Stream errors (RFC 6120 §4.9): the faults that end a stream, by their names on the wire.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::ns;
use crate::xml::{BuildError, Element, ElementRef};

macro_rules! conditions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The defined conditions of stream errors (RFC 6120 §4.9.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StreamCondition {
            $($(#[$doc])* $variant,)*
        }

        impl StreamCondition {
            /// Every defined condition, in the order of the RFC.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The element name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

conditions! {
    /// XML that cannot be processed (§4.9.3.1).
    BadFormat = "bad-format",
    /// An unsupported namespace prefix, or none where one is needed (§4.9.3.2).
    BadNamespacePrefix = "bad-namespace-prefix",
    /// A new stream conflicts with this one, such as a second login to the same resource
    /// (§4.9.3.3).
    Conflict = "conflict",
    /// The other side has not been heard of for too long (§4.9.3.4).
    ConnectionTimeout = "connection-timeout",
    /// The domain is no longer served here (§4.9.3.5).
    HostGone = "host-gone",
    /// The domain is not served here (§4.9.3.6).
    HostUnknown = "host-unknown",
    /// A stanza lacks an address it needs, or has an unusable one (§4.9.3.7).
    ImproperAddressing = "improper-addressing",
    /// The server cannot serve the stream because of an internal fault (§4.9.3.8).
    InternalServerError = "internal-server-error",
    /// The `from` address is not that of the authenticated entity (§4.9.3.9).
    InvalidFrom = "invalid-from",
    /// The stream namespace or the content namespace is not the right one (§4.9.3.10).
    InvalidNamespace = "invalid-namespace",
    /// Invalid XML, where the receiver validates (§4.9.3.11).
    InvalidXml = "invalid-xml",
    /// Data before authentication, or an action without authorization (§4.9.3.12).
    NotAuthorized = "not-authorized",
    /// XML that is not well-formed or not namespace-well-formed (§4.9.3.13).
    NotWellFormed = "not-well-formed",
    /// A local policy was violated, such as a size limit (§4.9.3.14).
    PolicyViolation = "policy-violation",
    /// The server cannot reach a remote entity needed for authentication (§4.9.3.15).
    RemoteConnectionFailed = "remote-connection-failed",
    /// The stream must be opened anew, such as for a new certificate (§4.9.3.16).
    Reset = "reset",
    /// The server lacks the resources to serve the stream (§4.9.3.17).
    ResourceConstraint = "resource-constraint",
    /// Comments, processing instructions, DTDs or entity references (§4.9.3.18, §11.1).
    RestrictedXml = "restricted-xml",
    /// The server sends its clients elsewhere (§4.9.3.19).
    SeeOtherHost = "see-other-host",
    /// The server is shutting down (§4.9.3.20).
    SystemShutdown = "system-shutdown",
    /// None of the others; an application condition may tell more (§4.9.3.21).
    UndefinedCondition = "undefined-condition",
    /// An encoding other than UTF-8 (§4.9.3.22).
    UnsupportedEncoding = "unsupported-encoding",
    /// A mandatory feature is not supported by the other side (§4.9.3.23).
    UnsupportedFeature = "unsupported-feature",
    /// An unknown first-level child of the stream (§4.9.3.24).
    UnsupportedStanzaType = "unsupported-stanza-type",
    /// An unsupported version of XMPP (§4.9.3.25).
    UnsupportedVersion = "unsupported-version",
}

impl StreamCondition {
    /// The condition called `name` on the wire, if it is a defined one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|condition| condition.name() == name)
    }

    /// Whether the same attempt may succeed later: nothing is wrong with the account, the
    /// configuration or the protocol, the server just cannot or will not go on now.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::ConnectionTimeout
                | Self::InternalServerError
                | Self::RemoteConnectionFailed
                | Self::Reset
                | Self::ResourceConstraint
                | Self::SystemShutdown
        )
    }

    /// Whether it says that a client that was online is not wanted any more: another has taken its
    /// place, its account is gone, or its domain is.
    #[cfg(feature = "client")]
    pub(crate) const fn is_permanent(self) -> bool {
        matches!(
            self,
            Self::Conflict
                | Self::HostGone
                | Self::HostUnknown
                | Self::NotAuthorized
                | Self::UnsupportedVersion
        )
    }
}

impl fmt::Display for StreamCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A stream error as it was received or is to be sent (RFC 6120 §4.9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    condition: StreamCondition,
    text: Option<String>,
    see_other_host: Option<String>,
    application: Option<Element>,
}

impl StreamError {
    /// An error with a defined condition and nothing else.
    #[must_use]
    pub const fn new(condition: StreamCondition) -> Self {
        Self { condition, text: None, see_other_host: None, application: None }
    }

    /// Adds a text for people.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Adds an application-specific condition (§4.9.4).
    #[must_use]
    pub fn with_application(mut self, condition: Element) -> Self {
        self.application = Some(condition);
        self
    }

    /// Reads `<stream:error/>`. Of several conditions the first counts; an unknown or missing one
    /// counts as `undefined-condition` (§4.9.3.21). The first child in a foreign namespace is the
    /// application condition.
    #[must_use]
    pub fn from_element(error: ElementRef<'_>) -> Self {
        let mut read = Self::new(StreamCondition::UndefinedCondition);
        let mut condition = None;
        for child in error.elements() {
            if child.ns() != ns::STREAM_ERROR {
                read.application.get_or_insert_with(|| child.to_element());
            } else if child.name() == "text" {
                read.text.get_or_insert_with(|| child.text().into_owned());
            } else if condition.is_none() {
                condition = StreamCondition::from_name(child.name());
                if condition == Some(StreamCondition::SeeOtherHost) {
                    read.see_other_host = Some(child.text().trim().to_owned());
                }
            }
        }
        read.condition = condition.unwrap_or(StreamCondition::UndefinedCondition);
        read
    }

    /// Writes `<stream:error/>`.
    ///
    /// # Errors
    ///
    /// If the text or the host holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        let mut error = Element::builder("error", ns::STREAM).child_with(
            self.condition.name(),
            ns::STREAM_ERROR,
            |condition| match &self.see_other_host {
                Some(host) => condition.text(host),
                None => condition,
            },
        );
        if let Some(text) = &self.text {
            error = error.child_with("text", ns::STREAM_ERROR, |element| element.text(text));
        }
        if let Some(application) = &self.application {
            error = error.child(application);
        }
        error.build()
    }

    /// The defined condition.
    #[must_use]
    pub const fn condition(&self) -> StreamCondition {
        self.condition
    }

    /// The text for people, if there is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The other host of `see-other-host`: a name or address with an optional port (§4.9.3.19).
    #[must_use]
    pub fn see_other_host(&self) -> Option<&str> {
        self.see_other_host.as_deref()
    }

    /// The application-specific condition (§4.9.4).
    #[must_use]
    pub const fn application(&self) -> Option<&Element> {
        self.application.as_ref()
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.condition.name())?;
        if let Some(text) = &self.text {
            write!(f, " ({text})")?;
        }
        Ok(())
    }
}

impl core::error::Error for StreamError {}
