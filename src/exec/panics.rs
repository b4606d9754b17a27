//! A panic is a defect of the library: it is caught before it reaches foreign code, and not printed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Once, OnceLock};
use std::thread;

use super::fpenv::{Environment, out_of_line};

/// The work panicked.
#[derive(Debug)]
pub(crate) struct Defect;

/// Runs work that foreign code called, on whatever thread: in the default floating-point environment, and nothing
/// unwinds out of it.
#[inline(always)]
pub(crate) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Defect> {
    silence_panics();
    let callers = Environment::replace();
    let outer = OUTSIDE.replace(Some(callers));
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| out_of_line(work)));
    OUTSIDE.set(outer);
    callers.restore();
    outcome.map_err(|payload| {
        // A payload's destructor is foreign code; leaking it is the safe way out of a defect.
        std::mem::forget(payload);
        Defect
    })
}

/// Runs the host's code, called from within [`catch`] on the same thread, as if it were outside: its own environment, and
/// its panics are not the library's.
pub(super) fn as_the_caller<R>(work: impl FnOnce() -> R) -> R {
    let Some(callers) = OUTSIDE.take() else {
        return work();
    };
    let result = callers.again(work);
    OUTSIDE.set(Some(callers));
    result
}

thread_local! {
    /// Where the thread is at work for the library: the floating-point environment outside. One word for all that a call
    /// leaves on its thread, because a shared library looks it up by a call.
    static OUTSIDE: Cell<Option<Environment>> = const { Cell::new(None) };
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
    if let (None, Some(previous)) = (OUTSIDE.get(), PREVIOUS_HOOK.get()) {
        previous(info);
    }
}
