//! The thread's last error, and the statuses' names.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char};

use super::types::*;
use crate::status::Error;

const SIZE: usize = Error::CAPACITY + 1;

thread_local! {
    /// The sentence and a NUL. No destructor: it is there until the thread's very end, and the thread's exit runs nothing
    /// of the library's.
    static LAST_ERROR: UnsafeCell<[u8; SIZE]> = const { UnsafeCell::new([0; SIZE]) };
}

pub(super) fn set_last_error(sentence: &str) {
    LAST_ERROR.with(|buffer| {
        let text = &sentence.as_bytes()[..sentence.len().min(SIZE - 1)];
        // SAFETY: only this thread has the buffer, and no reference into it is held across calls.
        let buffer = unsafe { &mut *buffer.get() };
        buffer[..text.len()].copy_from_slice(text);
        buffer[text.len()] = 0;
    });
}

pub(super) fn last_error_text() -> *const c_char {
    LAST_ERROR.with(|buffer| buffer.get().cast_const().cast())
}

pub(super) fn status_text(status: qdq_status) -> &'static CStr {
    match status {
        QDQ_STATUS_OK => c"QDQ_STATUS_OK",
        QDQ_STATUS_NULL_POINTER => c"QDQ_STATUS_NULL_POINTER",
        QDQ_STATUS_INVALID_ATTRIBUTE => c"QDQ_STATUS_INVALID_ATTRIBUTE",
        QDQ_STATUS_INVALID_AXIS => c"QDQ_STATUS_INVALID_AXIS",
        QDQ_STATUS_INVALID_SHAPE => c"QDQ_STATUS_INVALID_SHAPE",
        QDQ_STATUS_INVALID_RANGE => c"QDQ_STATUS_INVALID_RANGE",
        QDQ_STATUS_SIZE_MISMATCH => c"QDQ_STATUS_SIZE_MISMATCH",
        QDQ_STATUS_UNSUPPORTED_DTYPE => c"QDQ_STATUS_UNSUPPORTED_DTYPE",
        QDQ_STATUS_MISALIGNED => c"QDQ_STATUS_MISALIGNED",
        QDQ_STATUS_OVERLAP => c"QDQ_STATUS_OVERLAP",
        QDQ_STATUS_DEGENERATE_RANGE => c"QDQ_STATUS_DEGENERATE_RANGE",
        QDQ_STATUS_OUT_OF_MEMORY => c"QDQ_STATUS_OUT_OF_MEMORY",
        QDQ_STATUS_INTERNAL => c"QDQ_STATUS_INTERNAL",
        QDQ_STATUS_EXECUTOR => c"QDQ_STATUS_EXECUTOR",
        _ => c"unknown status",
    }
}
