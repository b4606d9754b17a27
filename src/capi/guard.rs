//! The frame of every call that can fail: errors and panics become statuses, nothing is printed, and the work runs in
//! the default floating-point environment.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Once, OnceLock};
use std::thread;

use super::error::{IN_CALL, set_last_error};
use super::types::{QDQ_STATUS_OK, qdq_status};
use crate::exec::with_default_environment;
use crate::status::{Error, Status};

/// Runs a call's work and tells how it ended.
#[inline(always)]
pub(super) fn guard(work: impl FnOnce() -> Result<(), Error>) -> qdq_status {
    silence_panics();
    let outer = IN_CALL.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| with_default_environment(work)));
    IN_CALL.set(outer);
    match outcome {
        Ok(Ok(())) => QDQ_STATUS_OK,
        Ok(Err(error)) => failed(error.status(), error.message()),
        Err(payload) => {
            // A payload's destructor is foreign code; leaking it is the safe way out of a defect.
            std::mem::forget(payload);
            failed(
                Status::Internal,
                "a defect of the library stopped this call; the outputs are unspecified",
            )
        }
    }
}

#[cold]
fn failed(status: Status, sentence: &str) -> qdq_status {
    set_last_error(sentence);
    status as qdq_status
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

static PREVIOUS_HOOK: OnceLock<Hook> = OnceLock::new();

/// Rust prints a panic before it can be caught; the host's terminal is not the library's. Panics elsewhere in the
/// process go where they went before. Costs no allocation: the hook is a plain function.
#[inline(always)]
fn silence_panics() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        // A thread that unwinds may not change the hook; a later call will.
        if !thread::panicking() {
            let _ = PREVIOUS_HOOK.set(panic::take_hook());
            panic::set_hook(Box::new(report_panics_of_others));
        }
    });
}

fn report_panics_of_others(info: &PanicHookInfo<'_>) {
    if let (false, Some(previous)) = (IN_CALL.get(), PREVIOUS_HOOK.get()) {
        previous(info);
    }
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
        assert!(!IN_CALL.get());
    }
}
