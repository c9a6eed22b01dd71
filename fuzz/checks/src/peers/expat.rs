//! Expat, which Prosody, Python and many more parse with, by its interface in C.

#![expect(unsafe_code, reason = "calls into C")]

use core::ffi::{CStr, c_char, c_int, c_long, c_void};

use crate::meaning::{Attribute, Meaning};

/// Why expat refuses a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its `XML_Error`.
    pub(crate) code: c_int,
    /// Where it is, in bytes.
    pub(crate) at: usize,
}

impl Refusal {
    /// `XML_ERROR_INVALID_TOKEN`: bytes that the grammar does not allow here.
    pub(crate) const INVALID_TOKEN: c_int = 4;
}

/// What expat reads in a stream: all before the first fault, and the fault. A document type
/// declaration is a fault here.
pub(crate) fn read(stream: &[u8]) -> (Meaning, Result<(), Refusal>) {
    let length = c_int::try_from(stream.len()).expect("a stream of less than 2 GiB");
    let parser = Parser::new();
    let mut state = State { parser: parser.0, meaning: Meaning::stream() };
    // SAFETY: the parser is valid, the stream is as long as said, and `state`, which nobody
    // else uses meanwhile, is what the handlers expect.
    let result = unsafe {
        XML_SetUserData(parser.0, (&raw mut state).cast());
        XML_SetElementHandler(parser.0, on_start, on_end);
        XML_SetCharacterDataHandler(parser.0, on_text);
        XML_SetStartDoctypeDeclHandler(parser.0, on_doctype);
        if XML_Parse(parser.0, stream.as_ptr().cast(), length, 1) == STATUS_OK {
            Ok(())
        } else {
            let at = XML_GetCurrentByteIndex(parser.0);
            let at = usize::try_from(at).unwrap_or(stream.len());
            Err(Refusal { code: XML_GetErrorCode(parser.0), at })
        }
    };
    (state.meaning, result)
}

/// Between the namespace name and the local name. XML excludes this character, so it is in none.
const SEPARATOR: char = '\x0C';

struct Parser(*mut Handle);

impl Parser {
    fn new() -> Self {
        // SAFETY: the encoding is a C string.
        let parser = unsafe { XML_ParserCreateNS(c"UTF-8".as_ptr(), SEPARATOR as c_char) };
        assert!(!parser.is_null(), "out of memory");
        Self(parser)
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        // SAFETY: the parser is valid, and this is the last use of it.
        unsafe { XML_ParserFree(self.0) };
    }
}

/// What the handlers work on.
struct State {
    parser: *mut Handle,
    meaning: Meaning,
}

/// An expanded name: the namespace, and the local name.
fn expanded(name: &str) -> (&str, &str) {
    name.split_once(SEPARATOR).unwrap_or(("", name))
}

/// # Safety
/// A C string that outlives the result.
unsafe fn utf8<'a>(string: *const c_char) -> &'a str {
    // SAFETY: the caller says so.
    unsafe { CStr::from_ptr(string) }.to_str().expect("expat speaks UTF-8")
}

unsafe extern "C" fn on_start(
    state: *mut c_void,
    name: *const c_char,
    mut pairs: *const *const c_char,
) {
    let mut attributes: Vec<Attribute<'_>> = Vec::new();
    // SAFETY: `read` passed the state; expat passes C strings, names and values in turn and a
    // null pointer behind the last.
    let (state, name) = unsafe {
        while !(*pairs).is_null() {
            let (ns, name) = expanded(utf8(*pairs));
            attributes.push((ns, name, utf8(*pairs.add(1))));
            pairs = pairs.add(2);
        }
        (&mut *state.cast::<State>(), utf8(name))
    };
    let (ns, name) = expanded(name);
    state.meaning.start(ns, name, &mut attributes);
}

unsafe extern "C" fn on_end(state: *mut c_void, _: *const c_char) {
    // SAFETY: `read` passed the state.
    unsafe { &mut *state.cast::<State>() }.meaning.end();
}

unsafe extern "C" fn on_text(state: *mut c_void, text: *const c_char, length: c_int) {
    let length = usize::try_from(length).expect("a length");
    // SAFETY: `read` passed the state, and expat passes that many bytes.
    let (state, text) = unsafe {
        (&mut *state.cast::<State>(), core::slice::from_raw_parts(text.cast::<u8>(), length))
    };
    state.meaning.text(core::str::from_utf8(text).expect("expat speaks UTF-8"));
}

unsafe extern "C" fn on_doctype(
    state: *mut c_void,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: c_int,
) {
    // SAFETY: `read` passed the state, whose parser calls this.
    unsafe { XML_StopParser((*state.cast::<State>()).parser, 0) };
}

/// `XML_Parser`, which is opaque.
#[repr(C)]
struct Handle {
    _opaque: [u8; 0],
}

const STATUS_OK: c_int = 1;

#[link(name = "expat")]
unsafe extern "C" {
    fn XML_ParserCreateNS(encoding: *const c_char, separator: c_char) -> *mut Handle;
    fn XML_ParserFree(parser: *mut Handle);
    fn XML_SetUserData(parser: *mut Handle, data: *mut c_void);
    fn XML_SetElementHandler(
        parser: *mut Handle,
        start: unsafe extern "C" fn(*mut c_void, *const c_char, *const *const c_char),
        end: unsafe extern "C" fn(*mut c_void, *const c_char),
    );
    fn XML_SetCharacterDataHandler(
        parser: *mut Handle,
        text: unsafe extern "C" fn(*mut c_void, *const c_char, c_int),
    );
    fn XML_SetStartDoctypeDeclHandler(
        parser: *mut Handle,
        start: unsafe extern "C" fn(
            *mut c_void,
            *const c_char,
            *const c_char,
            *const c_char,
            c_int,
        ),
    );
    fn XML_Parse(parser: *mut Handle, data: *const c_char, length: c_int, last: c_int) -> c_int;
    fn XML_StopParser(parser: *mut Handle, resumable: u8) -> c_int;
    fn XML_GetErrorCode(parser: *mut Handle) -> c_int;
    fn XML_GetCurrentByteIndex(parser: *mut Handle) -> c_long;
}
