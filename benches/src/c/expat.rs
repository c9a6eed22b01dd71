//! expat, by its functions for namespaces.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use super::callbacks::text;
use super::memory;
use crate::checksum::Visitor;
use crate::measure::Fault;

/// What stands between a namespace and a local name where expat gives out both as one string. No
/// namespace name holds it.
const SEPARATOR: u8 = b'\n';

/// Parses a stream and tells `visitor` of it.
///
/// # Errors
///
/// What expat says of the stream, and where.
pub fn parse<'a, V: Visitor>(
    chunks: impl Iterator<Item = &'a [u8]>,
    visitor: &mut V,
) -> Result<(), Fault> {
    let parser = Parser::new()?;
    // SAFETY: the parser lives as long as this function and nobody else uses it. `visitor` is
    // borrowed for as long, and it is what the callbacks take it for.
    unsafe {
        ffi::XML_SetUserData(parser.0, ptr::from_mut(visitor).cast());
        ffi::XML_SetElementHandler(parser.0, start::<V>, end::<V>);
        ffi::XML_SetCharacterDataHandler(parser.0, text::<V>);
    }
    for chunk in chunks {
        parser.push(chunk, false)?;
    }
    parser.push(&[], true)
}

/// Name and version.
#[must_use]
pub fn version() -> String {
    // SAFETY: it is a constant text.
    let version = unsafe { CStr::from_ptr(ffi::XML_ExpatVersion()) };
    version.to_string_lossy().replace('_', " ")
}

struct Parser(*mut c_void);

impl Parser {
    fn new() -> Result<Self, Fault> {
        let memory = ffi::MemorySuite {
            malloc: memory::malloc,
            realloc: memory::realloc,
            free: memory::free,
        };
        let separator = [SEPARATOR.cast_signed(), 0];
        // SAFETY: expat copies both of what is pointed at.
        let parser =
            unsafe { ffi::XML_ParserCreate_MM(ptr::null(), &raw const memory, separator.as_ptr()) };
        if parser.is_null() { Err("expat has no memory".into()) } else { Ok(Self(parser)) }
    }

    fn push(&self, chunk: &[u8], is_last: bool) -> Result<(), Fault> {
        let len = c_int::try_from(chunk.len())?;
        // SAFETY: the chunk is as long as this says, and expat copies what it keeps of it.
        let status =
            unsafe { ffi::XML_Parse(self.0, chunk.as_ptr().cast(), len, c_int::from(is_last)) };
        if status == ffi::STATUS_OK {
            return Ok(());
        }
        // SAFETY: the parser is valid, and the texts of errors are constants.
        let (error, at) = unsafe {
            let text = ffi::XML_ErrorString(ffi::XML_GetErrorCode(self.0));
            (CStr::from_ptr(text).to_string_lossy(), ffi::XML_GetCurrentByteIndex(self.0))
        };
        Err(format!("{error} at byte {at}").into())
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        // SAFETY: it was made by `new` and is used no more.
        unsafe { ffi::XML_ParserFree(self.0) }
    }
}

unsafe extern "C" fn start<V: Visitor>(
    visitor: *mut c_void,
    name: *const c_char,
    mut attrs: *const *const c_char,
) {
    // SAFETY: this is what `parse` has set.
    let visitor = unsafe { &mut *visitor.cast::<V>() };
    if !V::READS {
        visitor.start("", "");
        return;
    }
    // SAFETY: expat ends all texts with a zero, and the row of names and values with a null.
    unsafe {
        let (ns, name) = split(name);
        visitor.start(name, ns);
        while !(*attrs).is_null() {
            let (ns, name) = split(*attrs);
            visitor.attr(name, ns, as_str(*attrs.add(1)));
            attrs = attrs.add(2);
        }
    }
}

unsafe extern "C" fn end<V: Visitor>(visitor: *mut c_void, _name: *const c_char) {
    // SAFETY: this is what `parse` has set.
    unsafe { &mut *visitor.cast::<V>() }.end();
}

/// Namespace and local name.
unsafe fn split<'a>(name: *const c_char) -> (&'a str, &'a str) {
    // SAFETY: the caller's.
    let name = unsafe { as_str(name) };
    name.split_once(char::from(SEPARATOR)).unwrap_or(("", name))
}

/// expat gives out UTF-8; if not, the checksum shows it.
unsafe fn as_str<'a>(text: *const c_char) -> &'a str {
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}

mod ffi {
    use super::{c_char, c_int, c_void};

    pub(super) const STATUS_OK: c_int = 1;

    #[repr(C)]
    pub(super) struct MemorySuite {
        pub(super) malloc: unsafe extern "C" fn(usize) -> *mut c_void,
        pub(super) realloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
        pub(super) free: unsafe extern "C" fn(*mut c_void),
    }

    type Start = unsafe extern "C" fn(*mut c_void, *const c_char, *const *const c_char);
    type End = unsafe extern "C" fn(*mut c_void, *const c_char);
    type Text = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);

    #[link(name = "expat")]
    unsafe extern "C" {
        pub(super) fn XML_ExpatVersion() -> *const c_char;
        pub(super) fn XML_ParserCreate_MM(
            encoding: *const c_char,
            memory: *const MemorySuite,
            separator: *const c_char,
        ) -> *mut c_void;
        pub(super) fn XML_ParserFree(parser: *mut c_void);
        pub(super) fn XML_SetUserData(parser: *mut c_void, data: *mut c_void);
        pub(super) fn XML_SetElementHandler(parser: *mut c_void, start: Start, end: End);
        pub(super) fn XML_SetCharacterDataHandler(parser: *mut c_void, text: Text);
        pub(super) fn XML_Parse(
            parser: *mut c_void,
            chunk: *const c_char,
            len: c_int,
            is_last: c_int,
        ) -> c_int;
        pub(super) fn XML_GetErrorCode(parser: *mut c_void) -> c_int;
        pub(super) fn XML_ErrorString(code: c_int) -> *const c_char;
        // 64 bits only where expat was built with XML_LARGE_SIZE.
        pub(super) fn XML_GetCurrentByteIndex(parser: *mut c_void) -> std::ffi::c_long;
    }
}
