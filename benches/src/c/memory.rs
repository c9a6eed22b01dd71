//! The C library's memory functions, with a [count](crate::allocations) of what goes through them.

use std::ffi::{c_char, c_void};

use crate::allocations::{allocated, freed, is_counting, signed};

mod libc {
    use super::{c_char, c_void};

    unsafe extern "C" {
        pub(super) fn malloc(size: usize) -> *mut c_void;
        pub(super) fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
        pub(super) fn free(block: *mut c_void);
        pub(super) fn strdup(text: *const c_char) -> *mut c_char;
        pub(super) fn malloc_usable_size(block: *mut c_void) -> usize;
    }
}

/// As C's `malloc`.
pub(super) unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    let block = unsafe { libc::malloc(size) };
    note(block, size, 0);
    block
}

/// As C's `realloc`.
pub(super) unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    let before = usable(block);
    // SAFETY: the caller's block comes from the functions here.
    let block = unsafe { libc::realloc(block, size) };
    note(block, size, before);
    block
}

/// As C's `free`.
pub(super) unsafe extern "C" fn free(block: *mut c_void) {
    if is_counting() {
        freed(usable(block));
    }
    // SAFETY: the caller's block comes from the functions here.
    unsafe { libc::free(block) }
}

/// As C's `strdup`.
pub(super) unsafe extern "C" fn strdup(text: *const c_char) -> *mut c_char {
    // SAFETY: the caller's text is one.
    let copy = unsafe { libc::strdup(text) };
    note(copy.cast(), usable(copy.cast()), 0);
    copy
}

fn note(block: *mut c_void, asked: usize, before: usize) {
    if is_counting() {
        allocated(asked, signed(usable(block)) - signed(before));
    }
}

/// How large a block really is: C does not tell what was asked for when it is freed.
fn usable(block: *mut c_void) -> usize {
    if !is_counting() {
        return 0;
    }
    // SAFETY: all blocks come from `malloc`; null is allowed.
    unsafe { libc::malloc_usable_size(block) }
}
