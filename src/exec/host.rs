//! The host's own threads, behind its parallel_for. It is foreign code: what it does with the tasks is checked, and a
//! task that it runs twice is not run again.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::{fail, panics};
use crate::plan::MAX_PIECES;
use crate::status::Error;

/// One piece of work, as the host calls it.
pub(crate) type Task = unsafe extern "C" fn(task_data: *mut c_void, task_index: usize);

/// The host's function.
pub(crate) type ParallelFor =
    unsafe extern "C" fn(host_data: *mut c_void, task_count: usize, task: Option<Task>, task_data: *mut c_void) -> i32;

/// A host's pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    parallel_for: ParallelFor,
    data: *mut c_void,
    width: usize,
}

impl Host {
    /// # Safety
    /// `parallel_for` keeps the contract of qdq_parallel_for, but that it may fail, skip or repeat tasks; `data` is
    /// what it wants.
    pub(crate) unsafe fn new(parallel_for: ParallelFor, data: *mut c_void, width: usize) -> Self {
        Host { parallel_for, data, width }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) -> Result<(), Error> {
        assert!(count <= MAX_PIECES);
        let job = Job {
            task,
            count,
            claimed: [const { AtomicU64::new(0) }; MAX_PIECES / 64],
            finished: AtomicUsize::new(0),
            is_misused: AtomicBool::new(false),
            is_defect: AtomicBool::new(false),
        };
        let job_data = (&raw const job).cast_mut().cast();
        // SAFETY: the promise of `new`; the job lives until parallel_for has returned, after which no task runs.
        let answer =
            panics::as_the_caller(|| unsafe { (self.parallel_for)(self.data, count, Some(run_task), job_data) });
        job.outcome(answer)
    }
}

/// What the tasks of one pass share.
struct Job<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    count: usize,
    /// A bit for each task that was begun.
    claimed: [AtomicU64; MAX_PIECES / 64],
    finished: AtomicUsize,
    /// Some task was repeated, or its index was none of ours.
    is_misused: AtomicBool,
    is_defect: AtomicBool,
}

impl Job<'_> {
    /// Whether this call of the task is the first.
    fn claim(&self, index: usize) -> bool {
        let bit = 1u64 << (index % 64);
        index < self.count && self.claimed[index / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    fn run(&self, index: usize) {
        if !self.claim(index) {
            self.is_misused.store(true, Ordering::Relaxed);
            return;
        }
        match panics::catch(|| (self.task)(index)) {
            // Release: what the task wrote is the calling thread's to read, even if the host's pool were sloppy.
            Ok(()) => drop(self.finished.fetch_add(1, Ordering::Release)),
            Err(_) => self.is_defect.store(true, Ordering::Relaxed),
        }
    }

    fn outcome(&self, answer: i32) -> Result<(), Error> {
        let finished = self.finished.load(Ordering::Acquire);
        if self.is_defect.load(Ordering::Relaxed) {
            return fail!(Internal, "a defect of the library stopped a task; the outputs are unspecified");
        }
        if answer != 0 {
            return fail!(Executor, "parallel_for returned {answer}; expected 0; the outputs are unspecified");
        }
        if finished != self.count {
            let count = self.count;
            return fail!(Executor, "parallel_for ran {finished} of {count} tasks; expected each of them to have run");
        }
        if self.is_misused.load(Ordering::Relaxed) {
            let count = self.count;
            return fail!(Executor, "parallel_for repeated a task or invented one; expected each of {count} once");
        }
        Ok(())
    }
}

unsafe extern "C" fn run_task(task_data: *mut c_void, task_index: usize) {
    // SAFETY: the host passes on the pointer that it was given, to a job that lives until parallel_for returns.
    unsafe { &*task_data.cast::<Job<'_>>() }.run(task_index);
}
