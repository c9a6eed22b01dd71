//! Software version (XEP-0092): which program somebody uses.
//!
//! [`Version`] is what is asked for and answered, [`SoftwareVersion`] the module that does both.

use alloc::string::String;
use core::convert::Infallible;

use super::{Asked, Cx, Module, ReadError, Refused};
use crate::endpoint::{Query, Request};
use crate::jid::Jid;
use crate::ns;
use crate::xml::{BuildError, Element, ElementRef};

/// Bytes that are read of each of the texts; what is beyond is cut off.
pub const MAX_TEXT: usize = 1024;

/// Which program an entity is (XEP-0092 §2).
///
/// ```
/// use xmpp_proto::modules::version::Version;
///
/// let version = Version::new("Exodus", "0.7.0.4").with_os("Plan 9");
/// let payload = version.to_element()?;
/// assert_eq!(Version::from_element(payload.as_ref()), Ok(version));
/// # Ok::<(), xmpp_proto::xml::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version {
    /// The name of the program, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The operating system it runs on, if it tells.
    pub os: Option<String>,
}

impl Version {
    /// A program that does not tell what it runs on.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into(), os: None }
    }

    /// With the operating system. XEP-0092 §5: this helps attackers, so let people decide.
    #[must_use]
    pub fn with_os(mut self, os: impl Into<String>) -> Self {
        self.os = Some(os.into());
        self
    }

    /// The payload of a request.
    #[must_use]
    pub fn query() -> Element {
        Element::builder("query", ns::VERSION).finish()
    }

    /// Reads the payload of an answer. A text that is missing is empty, and one longer than
    /// [`MAX_TEXT`] is cut off.
    ///
    /// # Errors
    ///
    /// [`ReadError::Missing`] if it is another element.
    pub fn from_element(element: ElementRef<'_>) -> Result<Self, ReadError> {
        if !element.is("query", ns::VERSION) {
            return Err(ReadError::Missing { what: "query of jabber:iq:version" });
        }
        let text = |name: &str| element.child(name, ns::VERSION).map(|child| cut(&child.text()));
        Ok(Self {
            name: text("name").unwrap_or_default(),
            version: text("version").unwrap_or_default(),
            os: text("os").filter(|os| !os.is_empty()),
        })
    }

    /// Writes the payload of an answer.
    ///
    /// # Errors
    ///
    /// If a text holds a character that XML does not allow.
    pub fn to_element(&self) -> Result<Element, BuildError> {
        let mut element = Element::builder("query", ns::VERSION)
            .child_with("name", ns::VERSION, |child| child.text(&self.name))
            .child_with("version", ns::VERSION, |child| child.text(&self.version));
        if let Some(os) = &self.os {
            element = element.child_with("os", ns::VERSION, |child| child.text(os));
        }
        element.build()
    }
}

/// Answers who asks for the version of the client, and asks others.
///
/// ```
/// use xmpp_proto::modules::version::{SoftwareVersion, Version};
///
/// let module = SoftwareVersion::new(&Version::new("Exodus", "0.7.0.4"))?;
/// let silent = SoftwareVersion::default(); // asks others, and answers nobody
/// # let _ = (module, silent);
/// # Ok::<(), xmpp_proto::xml::BuildError>(())
/// ```
#[derive(Debug, Default)]
pub struct SoftwareVersion {
    answer: Option<Element>,
}

impl SoftwareVersion {
    /// Answers with `version`. XEP-0092 §5: people must be able to keep the operating system for
    /// themselves.
    ///
    /// # Errors
    ///
    /// If a text of `version` holds a character that XML does not allow.
    pub fn new(version: &Version) -> Result<Self, BuildError> {
        Ok(Self { answer: Some(version.to_element()?) })
    }

    /// Asks which program `jid` is.
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`] if no request can be sent now.
    pub fn ask(&mut self, cx: &mut Cx<'_>, jid: impl Into<Jid>) -> Result<Asked<Version>, Refused> {
        cx.ask(Request::get(Version::query()).to(jid), |iq| {
            let payload = iq.payload().ok_or(ReadError::Missing { what: "query" })?;
            Version::from_element(payload)
        })
    }
}

impl Module for SoftwareVersion {
    type Event = Infallible;

    fn features(&self, each: &mut dyn FnMut(&str)) {
        if self.answer.is_some() {
            each(ns::VERSION);
        }
    }

    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        let is_for_me = |payload: ElementRef<'_>| payload.is("query", ns::VERSION);
        let Some(answer) = &self.answer else { return Some(query) };
        if !query.iq().payload().is_some_and(is_for_me) {
            return Some(query);
        }
        cx.inform(query, Ok(Some(answer.clone())));
        None
    }
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default().into()
}

#[cfg(test)]
mod tests;
