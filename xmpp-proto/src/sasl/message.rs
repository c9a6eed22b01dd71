//! The messages of SCRAM as text: what both sides write, and a strict reader for what the server
//! writes (RFC 5802 §5.1, §7).

use alloc::string::String;
#[cfg(feature = "server")]
use alloc::string::ToString;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::binding::Binding;
use super::scram::ScramLimits;
use super::{MessageFault, SaslError, ScramServerError};

/// `gs2-header`: what is said about channel binding, and possibly the identity to act as.
pub(super) fn gs2_header(binding: &Binding, authzid: Option<&str>) -> String {
    let mut header = String::new();
    match binding {
        Binding::Unsupported => header.push('n'),
        Binding::NotOffered => header.push('y'),
        Binding::To { kind, .. } => {
            header.push_str("p=");
            header.push_str(kind.name());
        }
    }
    header.push(',');
    if let Some(authzid) = authzid {
        header.push_str("a=");
        push_saslname(&mut header, authzid);
    }
    header.push(',');
    header
}

/// `client-first-message-bare`.
pub(super) fn client_first_bare(username: &str, nonce: &str) -> String {
    let mut message = String::from("n=");
    push_saslname(&mut message, username);
    message.push_str(",r=");
    message.push_str(nonce);
    message
}

/// `client-final-message-without-proof`. What the channel is bound to follows the header
/// (`cbind-input`).
pub(super) fn client_final_without_proof(
    gs2_header: &str,
    binding: &Binding,
    nonce: &str,
) -> String {
    let mut message = String::from("c=");
    let channel = match binding {
        Binding::Unsupported | Binding::NotOffered => &[][..],
        Binding::To { data, .. } => data,
    };
    BASE64.encode_string([gs2_header.as_bytes(), channel].concat(), &mut message);
    message.push_str(",r=");
    message.push_str(nonce);
    message
}

/// The rest of `client-final-message`.
pub(super) fn push_proof(message: &mut String, proof: &[u8]) {
    message.push_str(",p=");
    BASE64.encode_string(proof, message);
}

/// `server-first-message`.
#[cfg(feature = "server")]
pub(super) fn server_first(
    nonce: &str,
    salt: &[u8],
    iterations: u32,
    offered: Option<&str>,
) -> String {
    let mut message = String::from("r=");
    message.push_str(nonce);
    message.push_str(",s=");
    BASE64.encode_string(salt, &mut message);
    message.push_str(",i=");
    message.push_str(&iterations.to_string());
    if let Some(offered) = offered {
        message.push_str(",h=");
        message.push_str(offered);
    }
    message
}

/// `saslname`: the two characters with a meaning of their own are escaped.
pub(super) fn push_saslname(out: &mut String, name: &str) {
    for c in name.chars() {
        match c {
            '=' => out.push_str("=3D"),
            ',' => out.push_str("=2C"),
            c => out.push(c),
        }
    }
}

/// `server-first-message`, checked against the limits.
pub(super) struct ServerFirst<'a> {
    /// The nonce of both sides.
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
    /// The hash of what the server has offered, `h` (XEP-0474 §6.1).
    pub(super) offered: Option<&'a str>,
}

impl<'a> ServerFirst<'a> {
    /// Reads the message and refuses what no honest server says to a client whose nonce is
    /// `client_nonce`.
    pub(super) fn read(
        message: &'a str,
        client_nonce: &str,
        limits: &ScramLimits,
    ) -> Result<Self, SaslError> {
        let mut attributes = Attributes::new(message);
        let nonce = match attributes.next()? {
            // The grammar has the error in the last message only, but some have no patience.
            Some(('e', value)) => return Err(server_error(value)),
            first => expected('r', first)?,
        };
        check_nonce(nonce, client_nonce, limits)?;
        let salt = read_salt(expected('s', attributes.next()?)?, limits)?;
        let iterations = read_iterations(expected('i', attributes.next()?)?, limits)?;
        let mut offered = None;
        attributes.for_extensions(|attribute, value| match attribute {
            'h' if offered.is_some() => Err(MessageFault::Misplaced { attribute }),
            'h' => {
                offered = Some(value);
                Ok(())
            }
            _ => Ok(()),
        })?;
        Ok(Self { nonce, salt, iterations, offered })
    }
}

/// `server-final-message`: the decoded signature in it, or the error.
pub(super) fn read_server_final(message: &str) -> Result<Vec<u8>, SaslError> {
    let mut attributes = Attributes::new(message);
    let signature = match attributes.next()? {
        Some(('e', value)) => return Err(server_error(value)),
        first => expected('v', first)?,
    };
    let signature = BASE64.decode(signature).map_err(|_| MessageFault::BadSignature)?;
    attributes.skip_extensions()?;
    Ok(signature)
}

/// A message as text, if it is short enough and UTF-8.
pub(super) fn text<'a>(data: &'a [u8], limits: &ScramLimits) -> Result<&'a str, MessageFault> {
    if data.len() > limits.message_bytes {
        return Err(MessageFault::TooLong { max: limits.message_bytes });
    }
    core::str::from_utf8(data).map_err(|_| MessageFault::NotUtf8)
}

fn server_error(value: &str) -> SaslError {
    SaslError::ServerError(ScramServerError::from_value(value))
}

/// The value of `attribute`, which must come next.
pub(super) fn expected(attribute: char, found: Option<(char, &str)>) -> Result<&str, MessageFault> {
    match found {
        Some((name, value)) if name == attribute => Ok(value),
        _ => Err(MessageFault::Expected { attribute }),
    }
}

/// `printable`: the comma cannot be here, it ends the attribute.
pub(super) fn is_printable(nonce: &str) -> bool {
    nonce.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether RFC 5802 §5.1 defines this attribute, so that it is no extension. `m` is not here: it
/// is an error wherever it stands.
pub(super) fn is_reserved(attribute: char) -> bool {
    "aceinprsv".contains(attribute)
}

fn check_nonce(nonce: &str, client_nonce: &str, limits: &ScramLimits) -> Result<(), SaslError> {
    if nonce.len() > limits.nonce_bytes {
        return Err(MessageFault::NonceTooLong { max: limits.nonce_bytes }.into());
    }
    if !is_printable(nonce) {
        return Err(MessageFault::BadNonce.into());
    }
    match nonce.strip_prefix(client_nonce) {
        Some(servers) if !servers.is_empty() => Ok(()),
        _ => Err(SaslError::NonceNotExtended),
    }
}

fn read_salt(value: &str, limits: &ScramLimits) -> Result<Vec<u8>, MessageFault> {
    let too_long = MessageFault::SaltTooLong { max: limits.salt_bytes };
    // Four characters for three bytes: known to be too long before anything is decoded.
    if value.len().div_ceil(4) > limits.salt_bytes.div_ceil(3) {
        return Err(too_long);
    }
    let salt = BASE64.decode(value).map_err(|_| MessageFault::BadSalt)?;
    if salt.is_empty() {
        return Err(MessageFault::BadSalt);
    }
    if salt.len() > limits.salt_bytes {
        return Err(too_long);
    }
    Ok(salt)
}

/// `posit-number`, within the limits. Nothing the server can write here costs us an iteration
/// before it is checked.
fn read_iterations(value: &str, limits: &ScramLimits) -> Result<u32, SaslError> {
    let digits = value.as_bytes();
    if !matches!(digits, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit)) {
        return Err(MessageFault::BadIterations.into());
    }
    // Only digits are left, so the one possible error is that there are too many of them.
    let count: u64 = value.parse().unwrap_or(u64::MAX);
    let max = limits.max_iterations;
    let count = match u32::try_from(count) {
        Ok(count) if count <= max => count,
        _ => return Err(SaslError::IterationsTooHigh { got: count, max }),
    };
    if count < limits.min_iterations {
        return Err(SaslError::IterationsTooLow { got: count, min: limits.min_iterations });
    }
    Ok(count)
}

/// The attributes of a message, in order.
pub(super) struct Attributes<'a> {
    /// What is left, `None` after the last attribute.
    rest: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(message: &'a str) -> Self {
        Self { rest: Some(message) }
    }

    /// The next attribute's name and value.
    ///
    /// `m`, wherever it stands, announces an extension without which the message must not be
    /// understood (RFC 5802 §5.1).
    pub(super) fn next(&mut self) -> Result<Option<(char, &'a str)>, SaslError> {
        let Some(rest) = self.rest else { return Ok(None) };
        let (attribute, rest) =
            rest.split_once(',').map_or((rest, None), |(attribute, rest)| (attribute, Some(rest)));
        self.rest = rest;
        let (name, value) = attribute.split_once('=').ok_or(MessageFault::Syntax)?;
        let mut chars = name.chars();
        match (chars.next(), chars.next()) {
            (Some('m'), None) => Err(SaslError::MandatoryExtension),
            (Some(name), None) if name.is_ascii_alphabetic() && !value.contains('\0') => {
                Ok(Some((name, value)))
            }
            _ => Err(MessageFault::Syntax.into()),
        }
    }

    /// Passes over what is left: extensions, which may be ignored. The attributes that RFC 5802
    /// defines cannot be among them.
    pub(super) fn skip_extensions(&mut self) -> Result<(), SaslError> {
        self.for_extensions(|_, _| Ok(()))
    }

    /// The same, with a look at each.
    fn for_extensions(
        &mut self,
        mut look: impl FnMut(char, &'a str) -> Result<(), MessageFault>,
    ) -> Result<(), SaslError> {
        while let Some((attribute, value)) = self.next()? {
            if is_reserved(attribute) {
                return Err(MessageFault::Misplaced { attribute }.into());
            }
            if value.is_empty() {
                return Err(MessageFault::Syntax.into());
            }
            look(attribute, value)?;
        }
        Ok(())
    }
}
