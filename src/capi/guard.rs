//! The frame of every call that can fail: errors and panics become statuses, nothing is printed, and the work runs in
//! the default floating-point environment.

use super::error::set_last_error;
use super::types::{QDQ_STATUS_OK, qdq_status};
use crate::exec;
use crate::status::{Error, Status};

/// Runs a call's work and tells how it ended.
#[inline(always)]
pub(super) fn guard(work: impl FnOnce() -> Result<(), Error>) -> qdq_status {
    let caught = exec::catch(|| match work() {
        Ok(()) => QDQ_STATUS_OK,
        Err(error) => error.with_sentence(|sentence| failed(error.status(), sentence)),
    });
    caught.unwrap_or_else(|_| {
        failed(Status::Internal, "a defect of the library stopped this call; the outputs are unspecified")
    })
}

#[cold]
fn failed(status: Status, sentence: &str) -> qdq_status {
    set_last_error(sentence);
    status as qdq_status
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;
    use crate::capi::{QDQ_STATUS_INTERNAL, qdq_last_error};

    #[test]
    fn a_panic_becomes_a_status() {
        let status = guard(|| panic!("on purpose"));
        assert_eq!(status, QDQ_STATUS_INTERNAL);
        // SAFETY: a C string of this thread.
        let sentence = unsafe { CStr::from_ptr(qdq_last_error()) };
        assert!(sentence.to_bytes().starts_with(b"a defect of the library"));
    }
}
