//! Running a plan's pieces, and what that needs from outside the language's guarantees: threads, buffers that several
//! tasks hold, the floating-point environment that the formulas assume, and panics that must not get out.

mod buffer;
mod cache;
mod cores;
mod fpenv;
mod host;
mod panics;
mod pool;
mod stage;
mod thread;

pub(crate) use buffer::{Input, Output, Shared};
pub(crate) use cache::last_level_size;
pub(crate) use fpenv::with_default_environment;
pub(crate) use host::Host;
pub(crate) use panics::catch;
pub(crate) use stage::Stage;

use crate::status::{Error, fail};

/// Where the work runs. Results never depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Executor {
    /// On the calling thread.
    Serial,
    /// On the library's own pool, at most so many tasks at once.
    Pool { width: usize },
    /// On the host's.
    Host(Host),
}

impl Executor {
    /// The library's own pool, at most so many tasks at once; 0 means one for every core that this process may use.
    pub(crate) fn pool(num_threads: usize) -> Executor {
        match num_threads {
            0 => Executor::Pool { width: cores::count() },
            1 => Executor::Serial,
            width => Executor::Pool { width },
        }
    }

    /// How many tasks can run at once.
    pub(crate) fn width(&self) -> usize {
        match self {
            Executor::Serial => 1,
            Executor::Pool { width } => *width,
            Executor::Host(host) => host.width(),
        }
    }

    /// Runs task(0) to task(count - 1), each in the default floating-point environment, which the caller is in. Returns
    /// when all have.
    #[inline(always)]
    pub(crate) fn run(&self, count: usize, task: &(impl Fn(usize) + Sync)) -> Result<(), Error> {
        if count <= 1 {
            // Called directly, so that the compiler sees through it.
            (0..count).for_each(task);
            return Ok(());
        }
        self.run_several(count, task)
    }

    fn run_several(&self, count: usize, task: &(dyn Fn(usize) + Sync)) -> Result<(), Error> {
        match self {
            Executor::Serial => {
                (0..count).for_each(task);
                Ok(())
            }
            Executor::Pool { .. } => pool::run(count, task),
            Executor::Host(host) => host.run(count, task),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::status::Status;

    const TASKS: usize = 4;

    unsafe extern "C" fn in_order(_: *mut c_void, count: usize, task: Option<host::Task>, data: *mut c_void) -> i32 {
        let task = task.expect("a task");
        // SAFETY: as often as asked for, with the pointer that came along.
        (0..count).for_each(|index| unsafe { task(data, index) });
        0
    }

    #[test]
    fn a_task_that_panics_is_an_error_and_stops_no_other() {
        // SAFETY: the function runs every task once, and wants no data.
        let host = unsafe { Host::new(in_order, ptr::null_mut(), TASKS) };
        for executor in [Executor::Pool { width: TASKS }, Executor::Host(host)] {
            let finished = AtomicUsize::new(0);
            let outcome = executor.run(TASKS, &|index| {
                assert_ne!(index, 1, "on purpose");
                finished.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(outcome.expect_err("a defect").status(), Status::Internal, "{executor:?}");
            assert_eq!(finished.into_inner(), TASKS - 1, "{executor:?}");
        }
    }
}
