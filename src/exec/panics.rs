//! A panic is a defect of the library: it is caught before it reaches foreign code, and not printed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Once, OnceLock};
use std::thread;

use super::fpenv::{with_callers_environment, with_default_environment};

/// The work panicked.
#[derive(Debug)]
pub(crate) struct Defect;

/// Runs work that foreign code called, on whatever thread: in the default floating-point environment, and nothing
/// unwinds out of it.
#[inline(always)]
pub(crate) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Defect> {
    silence_panics();
    let outer = IN_CALL.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| with_default_environment(work)));
    IN_CALL.set(outer);
    outcome.map_err(|payload| {
        // A payload's destructor is foreign code; leaking it is the safe way out of a defect.
        std::mem::forget(payload);
        Defect
    })
}

/// Runs the host's code, called from within [`catch`] on the same thread, as if it were outside: its own environment, and
/// its panics are not the library's.
pub(super) fn as_the_caller<R>(work: impl FnOnce() -> R) -> R {
    let inside = IN_CALL.replace(false);
    let result = with_callers_environment(work);
    IN_CALL.set(inside);
    result
}

thread_local! {
    /// Whether the thread is at work for the library.
    static IN_CALL: Cell<bool> = const { Cell::new(false) };
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

static PREVIOUS_HOOK: OnceLock<Hook> = OnceLock::new();

/// Rust prints a panic before it can be caught; the host's terminal is not the library's. Panics elsewhere in the
/// process go where they went before. Costs no allocation: the hook is a plain function.
#[inline(always)]
fn silence_panics() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        // A thread that unwinds may not change the hook.
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
