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

    const COUNT: usize = 64;

    /// On threads of its own, each of which has a task.
    unsafe extern "C" fn on_threads(
        _: *mut c_void,
        count: usize,
        task: Option<host::Task>,
        task_data: *mut c_void,
    ) -> i32 {
        let (task, task_data) = (task.expect("a task"), task_data.expose_provenance());
        std::thread::scope(|scope| {
            for index in 0..count {
                // SAFETY: as qdq_parallel_for says; the scope ends before this call does.
                scope.spawn(move || unsafe { task(ptr::with_exposed_provenance_mut(task_data), index) });
            }
        });
        0
    }

    fn executors() -> [Executor; 3] {
        // SAFETY: it keeps the contract, and its data is not used.
        let host = unsafe { Host::new(on_threads, ptr::null_mut(), 4) };
        [Executor::Pool { width: 2 }, Executor::Pool { width: 4 }, Executor::Host(host)]
    }

    #[test]
    fn a_task_that_panics_is_a_defect_and_the_others_run() {
        for executor in executors() {
            for is_wrong in [|index| index == 0, |index| index == COUNT - 1, |index| index % 2 == 1, |_| true] {
                let finished = AtomicUsize::new(0);
                let task = |index: usize| {
                    assert!(!is_wrong(index));
                    finished.fetch_add(1, Ordering::Relaxed);
                };
                // As in a call of the library: what panics on this thread, too, is not printed.
                let outcome = catch(|| executor.run(COUNT, &task)).expect("the task's panics end in its thread");
                let error = outcome.expect_err("a defect");
                assert_eq!(error.status(), Status::Internal, "{executor:?}");
                assert_eq!(finished.into_inner(), (0..COUNT).filter(|index| !is_wrong(*index)).count(), "{executor:?}");
            }
            let finished = AtomicUsize::new(0);
            let count = |_: usize| {
                finished.fetch_add(1, Ordering::Relaxed);
            };
            executor.run(COUNT, &count).expect("no defect is left of it");
            assert_eq!(finished.into_inner(), COUNT);
        }
    }
}
