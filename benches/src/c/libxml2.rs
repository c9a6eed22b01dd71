//! libxml2, by its push parser.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::Once;
use std::{ptr, slice};

use super::callbacks::text;
use super::memory;
use crate::checksum::Visitor;
use crate::measure::Fault;

/// Parses a stream and tells `visitor` of it.
///
/// # Errors
///
/// The number of what libxml2 finds wrong with the stream.
pub fn parse<'a, V: Visitor>(
    chunks: impl Iterator<Item = &'a [u8]>,
    visitor: &mut V,
) -> Result<(), Fault> {
    initialize()?;
    let callbacks = ffi::Callbacks::new(start::<V>, end::<V>, text::<V>);
    let parser = Parser::new(&callbacks, ptr::from_mut(visitor).cast())?;
    for chunk in chunks {
        parser.push(chunk, false)?;
    }
    parser.push(&[], true)
}

/// Name and version.
#[must_use]
pub fn version() -> String {
    // SAFETY: it is a constant text.
    let version = unsafe { CStr::from_ptr(ffi::VERSION) }.to_string_lossy();
    // 20914 means 2.9.14; something may stand behind it.
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().unwrap_or_default();
    format!("libxml2 {}.{}.{}", number / 10_000, number / 100 % 100, number % 100)
}

fn initialize() -> Result<(), Fault> {
    static ONCE: Once = Once::new();
    let mut status = 0;
    // SAFETY: nothing of libxml2 was used before, and these work as its own do.
    ONCE.call_once(|| unsafe {
        status = ffi::xmlMemSetup(memory::free, memory::malloc, memory::realloc, memory::strdup);
        ffi::xmlInitParser();
    });
    if status == 0 { Ok(()) } else { Err("libxml2 takes no memory functions".into()) }
}

struct Parser(*mut c_void);

impl Parser {
    /// A parser that hands `data`, which must be a `V`, to the callbacks, which must take it for
    /// one.
    fn new(callbacks: &ffi::Callbacks, data: *mut c_void) -> Result<Self, Fault> {
        // SAFETY: libxml2 copies the callbacks; there is no first chunk and no file name.
        let parser =
            unsafe { ffi::xmlCreatePushParserCtxt(callbacks, data, ptr::null(), 0, ptr::null()) };
        if parser.is_null() {
            return Err("libxml2 has no memory".into());
        }
        // Without the first, references in attributes are handed over as they are written.
        // SAFETY: the parser was just made.
        unsafe { ffi::xmlCtxtUseOptions(parser, ffi::NOENT | ffi::NONET) };
        Ok(Self(parser))
    }

    fn push(&self, chunk: &[u8], is_last: bool) -> Result<(), Fault> {
        let len = c_int::try_from(chunk.len())?;
        // SAFETY: the chunk is as long as this says, and libxml2 copies it.
        let error =
            unsafe { ffi::xmlParseChunk(self.0, chunk.as_ptr().cast(), len, c_int::from(is_last)) };
        if error == 0 { Ok(()) } else { Err(format!("error {error} of libxml2").into()) }
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        // SAFETY: it was made by `new` and is used no more. There is no tree, since none of the
        // callbacks builds one.
        unsafe { ffi::xmlFreeParserCtxt(self.0) }
    }
}

unsafe extern "C" fn start<V: Visitor>(
    visitor: *mut c_void,
    name: *const c_char,
    _prefix: *const c_char,
    ns: *const c_char,
    _namespaces_len: c_int,
    _namespaces: *const *const c_char,
    attrs_len: c_int,
    _defaulted: c_int,
    attrs: *const *const c_char,
) {
    // SAFETY: this is what `parse` has set.
    let visitor = unsafe { &mut *visitor.cast::<V>() };
    if !V::READS {
        visitor.start("", "");
        return;
    }
    // SAFETY: names and namespaces end with a zero or are null.
    visitor.start(unsafe { as_str(name) }, unsafe { as_str(ns) });
    for number in 0..usize::try_from(attrs_len).unwrap_or_default() {
        // SAFETY: an attribute is five pointers: local name, prefix, namespace, the beginning of
        // the value and its end.
        unsafe {
            let [name, _, ns, value, end] = *attrs.cast::<[*const c_char; 5]>().add(number);
            let value = slice::from_raw_parts(value.cast(), end.offset_from_unsigned(value));
            visitor.attr(as_str(name), as_str(ns), str::from_utf8(value).unwrap_or_default());
        }
    }
}

unsafe extern "C" fn end<V: Visitor>(
    visitor: *mut c_void,
    _name: *const c_char,
    _prefix: *const c_char,
    _ns: *const c_char,
) {
    // SAFETY: this is what `parse` has set.
    unsafe { &mut *visitor.cast::<V>() }.end();
}

/// libxml2 gives out UTF-8; if not, the checksum shows it. Null is no namespace.
unsafe fn as_str<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}

mod ffi {
    use super::{c_char, c_int, c_uint, c_void};

    /// Says that the callbacks after it are there.
    const SAX2_MAGIC: c_uint = 0xdeed_beaf;
    /// Resolves references.
    pub(super) const NOENT: c_int = 1 << 1;
    /// Fetches nothing.
    pub(super) const NONET: c_int = 1 << 11;

    /// A callback that is not used.
    type Unused = Option<unsafe extern "C" fn()>;
    type Start = unsafe extern "C" fn(
        *mut c_void,
        *const c_char,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        c_int,
        c_int,
        *const *const c_char,
    );
    type End = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, *const c_char);
    type Text = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);

    /// `xmlSAXHandler`.
    #[repr(C)]
    #[derive(Default)]
    pub(super) struct Callbacks {
        /// From `internalSubset` to `reference`.
        before_characters: [Unused; 17],
        characters: Option<Text>,
        /// From `ignorableWhitespace` to `externalSubset`.
        after_characters: [Unused; 9],
        initialized: c_uint,
        private: Option<&'static c_void>,
        start_element_ns: Option<Start>,
        end_element_ns: Option<End>,
        structured_error: Unused,
    }

    impl Callbacks {
        pub(super) fn new(start: Start, end: End, text: Text) -> Self {
            Self {
                characters: Some(text),
                initialized: SAX2_MAGIC,
                start_element_ns: Some(start),
                end_element_ns: Some(end),
                ..Self::default()
            }
        }
    }

    #[link(name = "xml2")]
    unsafe extern "C" {
        #[link_name = "xmlParserVersion"]
        pub(super) static VERSION: *const c_char;

        pub(super) fn xmlMemSetup(
            free: unsafe extern "C" fn(*mut c_void),
            malloc: unsafe extern "C" fn(usize) -> *mut c_void,
            realloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
            strdup: unsafe extern "C" fn(*const c_char) -> *mut c_char,
        ) -> c_int;
        pub(super) fn xmlInitParser();
        pub(super) fn xmlCreatePushParserCtxt(
            callbacks: *const Callbacks,
            data: *mut c_void,
            chunk: *const c_char,
            len: c_int,
            name: *const c_char,
        ) -> *mut c_void;
        pub(super) fn xmlCtxtUseOptions(parser: *mut c_void, options: c_int) -> c_int;
        pub(super) fn xmlParseChunk(
            parser: *mut c_void,
            chunk: *const c_char,
            len: c_int,
            is_last: c_int,
        ) -> c_int;
        pub(super) fn xmlFreeParserCtxt(parser: *mut c_void);
    }
}
