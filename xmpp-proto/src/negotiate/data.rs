//! The data of SASL elements on the wire.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::xml::ElementRef;

/// What should be base64 is not (RFC 6120 §6.5.5).
#[derive(Debug)]
pub(super) struct NotBase64;

/// Base64 as it stands in challenges, responses and success.
pub(super) fn base64(data: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(BASE64.encode(data))
}

/// Base64 of an initial response, with `=` for an empty one (RFC 6120 §6.4.2).
pub(super) fn encode(data: &[u8]) -> Zeroizing<String> {
    if data.is_empty() { Zeroizing::new("=".into()) } else { base64(data) }
}

/// The data of a SASL element: none if it is empty, empty if it is `=` (RFC 6120 §6.4.2, §6.4.6).
///
/// # Errors
///
/// If it is not base64.
pub(super) fn decode(element: ElementRef<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, NotBase64> {
    let text = element.text();
    match text.trim() {
        "" => Ok(None),
        "=" => Ok(Some(Zeroizing::default())),
        text => BASE64.decode(text).map(|data| Some(Zeroizing::new(data))).map_err(|_| NotBase64),
    }
}
