//! The library's own threads: started when first asked for, one for each core that the process may use, and kept.
//!
//! A fork copies the pool's memory but not its threads, so the pool remembers whose it is: a child that asks for threads
//! starts its own and leaves the parent's, which it could neither use nor free.

use std::hint::black_box;
use std::num::NonZero;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::{process, ptr, thread};

use rayon_core::{ThreadPool, ThreadPoolBuilder};

use super::fpenv::with_default_environment;

struct Pool {
    process: u32,
    threads: ThreadPool,
}

/// The current process's pool, or that of a process which this one was forked from, or NULL. Never freed.
static POOL: AtomicPtr<Pool> = AtomicPtr::new(ptr::null_mut());

/// How many cores this process may use: affinity and control groups counted.
pub(super) fn cores() -> usize {
    // SAFETY: a pool is never freed.
    match unsafe { POOL.load(Ordering::Acquire).as_ref() } {
        Some(pool) => pool.threads.current_num_threads(),
        None => thread::available_parallelism().map_or(1, NonZero::get),
    }
}

/// Runs every task; the calling thread takes its share.
pub(super) fn run(count: usize, task: &(dyn Fn(usize) + Sync)) {
    let Some(pool) = has_memory(count).then(current).flatten() else {
        // No threads to be had: the work is done all the same.
        return (0..count).for_each(task);
    };
    pool.threads.in_place_scope(|scope| {
        for index in 1..count {
            scope.spawn(move |_| with_default_environment(|| task(index)));
        }
        task(0);
    });
}

fn current() -> Option<&'static Pool> {
    let known = POOL.load(Ordering::Acquire);
    // SAFETY: a pool is never freed.
    match unsafe { known.as_ref() } {
        Some(pool) if pool.process == process::id() => Some(pool),
        _ => start(known),
    }
}

/// Whether there is memory for what the pool is about to allocate, which aborts where there is none: a few words for each
/// task, and when it is started some kilobytes for each thread.
fn has_memory(count: usize) -> bool {
    const PER_TASK: usize = 256;
    const PER_THREAD: usize = 16 << 10;
    let starting = if POOL.load(Ordering::Relaxed).is_null() { PER_THREAD * cores() } else { 0 };
    let mut room = Vec::<u8>::new();
    let has_room = room.try_reserve_exact(PER_TASK * count + starting).is_ok();
    // Used, or the optimiser may find the allocation unnecessary, and successful.
    black_box(&mut room);
    has_room
}

#[cold]
fn start(known: *mut Pool) -> Option<&'static Pool> {
    let threads = ThreadPoolBuilder::new()
        .num_threads(thread::available_parallelism().map_or(1, NonZero::get))
        .thread_name(|index| format!("qdq-{index}"))
        .start_handler(|_| block_signals())
        .build()
        .ok()?;
    let started = Box::into_raw(Box::new(Pool { process: process::id(), threads }));
    match POOL.compare_exchange(known, started, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: a pool that was published is never freed.
        Ok(_) => unsafe { started.as_ref() },
        Err(other) => {
            // SAFETY: nobody else has seen this one. Another thread was faster; its pool is never freed.
            unsafe {
                drop(Box::from_raw(started));
                other.as_ref()
            }
        }
    }
}

/// The host's signal handlers run on the host's threads.
fn block_signals() {
    #[cfg(unix)]
    // SAFETY: plain calls on a set that lives here.
    unsafe {
        let mut every = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&raw mut every);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const every, ptr::null_mut());
    }
}
