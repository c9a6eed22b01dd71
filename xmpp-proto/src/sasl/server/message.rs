//! A strict reader for what the client writes in SCRAM (RFC 5802 §5.1, §7).

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use crate::sasl::message::{Attributes, expected, is_printable, is_reserved};
use crate::sasl::{MessageFault, SaslError};

/// `gs2-cbind-flag`: what the client says about channel binding.
#[derive(Clone, Copy)]
pub(super) enum Flag<'a> {
    /// `n`: it does not support it.
    Unsupported,
    /// `y`: it does, and has seen no offer.
    NotOffered,
    /// `p`: it binds to what this type names.
    To(&'a str),
}

/// `client-first-message`.
pub(super) struct ClientFirst<'a> {
    pub(super) flag: Flag<'a>,
    /// `gs2-header`, with the flag in it.
    pub(super) gs2_header: &'a str,
    /// Whom the client asks to act as.
    pub(super) authzid: Option<String>,
    /// `client-first-message-bare`.
    pub(super) bare: &'a str,
    pub(super) username: String,
    pub(super) nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(super) fn read(message: &'a str) -> Result<Self, SaslError> {
        let (flag, rest) = message.split_once(',').ok_or(MessageFault::Syntax)?;
        let (authzid, bare) = rest.split_once(',').ok_or(MessageFault::Syntax)?;
        let authzid = match authzid.strip_prefix("a=") {
            Some(name) => Some(saslname(name)?),
            None if authzid.is_empty() => None,
            None => return Err(MessageFault::Syntax.into()),
        };
        let mut attributes = Attributes::new(bare);
        let username = saslname(expected('n', attributes.next()?)?)?;
        let nonce = expected('r', attributes.next()?)?;
        if nonce.is_empty() || !is_printable(nonce) {
            return Err(MessageFault::BadNonce.into());
        }
        attributes.skip_extensions()?;
        let gs2_header = &message[..message.len() - bare.len()];
        Ok(Self { flag: read_flag(flag)?, gs2_header, authzid, bare, username, nonce })
    }
}

/// `client-final-message`.
pub(super) struct ClientFinal<'a> {
    /// `cbind-input`: the header again, and what the channel looks like from the client.
    pub(super) channel: Vec<u8>,
    /// The nonce of both sides.
    pub(super) nonce: &'a str,
    /// `client-final-message-without-proof`.
    pub(super) without_proof: &'a str,
    pub(super) proof: Vec<u8>,
}

impl<'a> ClientFinal<'a> {
    pub(super) fn read(message: &'a str) -> Result<Self, SaslError> {
        let mut attributes = Attributes::new(message);
        let channel = BASE64
            .decode(expected('c', attributes.next()?)?)
            .map_err(|_| MessageFault::Expected { attribute: 'c' })?;
        let nonce = expected('r', attributes.next()?)?;
        let proof = loop {
            match attributes.next()? {
                Some(('p', proof)) => break proof,
                Some((attribute, _)) if is_reserved(attribute) => {
                    return Err(MessageFault::Misplaced { attribute }.into());
                }
                Some((_, "")) => return Err(MessageFault::Syntax.into()),
                Some(_) => {}
                None => return Err(MessageFault::Expected { attribute: 'p' }.into()),
            }
        };
        // The proof is the last: nothing that it does not cover is said.
        if let Some((attribute, _)) = attributes.next()? {
            return Err(MessageFault::Misplaced { attribute }.into());
        }
        let without_proof = &message[..message.len() - proof.len() - ",p=".len()];
        let proof = BASE64.decode(proof).map_err(|_| MessageFault::BadSignature)?;
        Ok(Self { channel, nonce, without_proof, proof })
    }
}

fn read_flag(flag: &str) -> Result<Flag<'_>, MessageFault> {
    match flag {
        "n" => Ok(Flag::Unsupported),
        "y" => Ok(Flag::NotOffered),
        // `cb-name` (RFC 5802 §7).
        flag => match flag.strip_prefix("p=") {
            Some(name) if is_binding_name(name) => Ok(Flag::To(name)),
            _ => Err(MessageFault::Syntax),
        },
    }
}

fn is_binding_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !name.is_empty() && name.bytes().all(allowed)
}

/// Takes back the escapes of `saslname`. An equals sign that does not begin one is an error.
fn saslname(escaped: &str) -> Result<String, MessageFault> {
    if escaped.is_empty() || escaped.contains('\0') {
        return Err(MessageFault::Syntax);
    }
    let mut name = String::with_capacity(escaped.len());
    let mut parts = escaped.split('=');
    name.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (c, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(MessageFault::Syntax),
        };
        name.push(c);
        name.push_str(rest);
    }
    Ok(name)
}
