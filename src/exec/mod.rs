//! Running a plan's pieces, and what that needs from outside the language's guarantees: buffers that several tasks may
//! hold, and the floating-point environment that the formulas assume.

mod buffer;
mod fpenv;

pub(crate) use buffer::{Input, Output};
pub(crate) use fpenv::with_default_environment;

/// Where the work runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Executor {
    /// On the calling thread.
    Serial,
}

impl Executor {
    /// How many tasks can run at once.
    pub(crate) fn width(&self) -> usize {
        match self {
            Executor::Serial => 1,
        }
    }

    /// Runs task(0) to task(count - 1).
    pub(crate) fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        match self {
            Executor::Serial => (0..count).for_each(task),
        }
    }
}
