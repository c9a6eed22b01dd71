//! What both libraries call in the same form.

use std::ffi::{c_char, c_int, c_void};
use std::slice;

use crate::checksum::Visitor;

/// Takes a piece of text.
///
/// # Safety
///
/// `visitor` must point to a `V` that nobody else uses, and `piece` to `len` bytes.
pub(super) unsafe extern "C" fn text<V: Visitor>(
    visitor: *mut c_void,
    piece: *const c_char,
    len: c_int,
) {
    if V::READS {
        // SAFETY: the caller's.
        let (visitor, piece) = unsafe {
            let len = usize::try_from(len).unwrap_or_default();
            (&mut *visitor.cast::<V>(), slice::from_raw_parts(piece.cast(), len))
        };
        visitor.text(str::from_utf8(piece).unwrap_or_default());
    }
}
