//! The library's own threads: started when first asked for, one fewer than the cores that the process may use (the caller
//! works too), and kept. Nothing is allocated for a pass, and nothing here can fail: where there are no threads to be
//! had, or another call has them, the calling thread works alone.
//!
//! ```text
//! caller:   publishes the pass, wakes the workers, claims tasks until none is left,
//!           takes the pass back, waits for the workers that are still at it
//! worker:   waits until there is a pass it has not seen, claims tasks until none is left
//! ```
//!
//! Who waits looks for a moment before it sleeps: to wake a thread takes as long as to move some megabytes.
//!
//! A fork copies the pool's memory but not its threads, and perhaps a lock that a thread held. So the pool remembers
//! whose it is: a child that asks for threads starts its own and leaves its parent's alone.

use std::alloc::{self, Layout};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{hint, ptr};

use super::{cores, fail, panics, thread};
use crate::status::Error;

struct Pool {
    process: u32,
    workers: AtomicUsize,
    /// Whether some caller has it.
    is_taken: AtomicBool,
    board: Mutex<Board>,
    published: Condvar,
    finished: Condvar,
    /// What the board says, to be looked at without the lock.
    number: AtomicU64,
    at_work: AtomicUsize,
}

/// How long who waits looks before it sleeps.
const LOOKING: Duration = Duration::from_micros(100);

/// Looks for a moment whether something has come true.
fn look_for(is_true: impl Fn() -> bool) {
    const LOOKS_AT_ONCE: usize = 64;
    let start = Instant::now();
    while start.elapsed() < LOOKING {
        for _ in 0..LOOKS_AT_ONCE {
            if is_true() {
                return;
            }
            hint::spin_loop();
        }
    }
}

/// What caller and workers tell each other.
struct Board {
    pass: Option<PassPointer>,
    /// How many passes there have been.
    number: u64,
    /// How many workers are at the pass.
    at_work: usize,
}

/// One pass, on its caller's stack.
struct Pass<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    count: usize,
    next: AtomicUsize,
    is_defect: AtomicBool,
}

#[derive(Clone, Copy)]
struct PassPointer(*const Pass<'static>);

// SAFETY: a pass may be shared between threads; it is only reached while the board shows it or a worker is at it, and its
// caller waits for the end of both.
unsafe impl Send for PassPointer {}

/// The current process's pool, or that of a process which this one was forked from, or NULL. Never freed.
static POOL: AtomicPtr<Pool> = AtomicPtr::new(ptr::null_mut());

/// Runs every task; the calling thread takes its share.
pub(super) fn run(count: usize, task: &(dyn Fn(usize) + Sync)) -> Result<(), Error> {
    let pass = Pass { task, count, next: AtomicUsize::new(0), is_defect: AtomicBool::new(false) };
    match current().and_then(Pool::take) {
        Some(pool) => pool.run(&pass),
        None => pass.work(),
    }
    if pass.is_defect.into_inner() {
        return fail!(Internal, "a defect of the library stopped a task; the outputs are unspecified");
    }
    Ok(())
}

impl Pass<'_> {
    /// Claims tasks until none is left.
    fn work(&self) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.count {
                return;
            }
            if panics::catch(|| (self.task)(index)).is_err() {
                self.is_defect.store(true, Ordering::Relaxed);
            }
        }
    }
}

impl Pool {
    /// For one caller at a time.
    fn take(&'static self) -> Option<&'static Self> {
        (!self.is_taken.swap(true, Ordering::Acquire)).then_some(self)
    }

    fn run(&self, pass: &Pass<'_>) {
        let pointer = PassPointer(ptr::from_ref(pass).cast());
        {
            let mut board = self.board();
            board.pass = Some(pointer);
            board.number += 1;
            self.number.store(board.number, Ordering::Relaxed);
        }
        self.published.notify_all();
        pass.work();
        let mut board = self.board();
        board.pass = None;
        if board.at_work > 0 {
            drop(board);
            look_for(|| self.at_work.load(Ordering::Relaxed) == 0);
            board = self.board();
        }
        while board.at_work > 0 {
            board = self.finished.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
        drop(board);
        self.is_taken.store(false, Ordering::Release);
    }

    /// A worker's life.
    fn serve(&self) -> ! {
        let mut seen = 0;
        let mut board = self.board();
        loop {
            let pass = match board.pass {
                Some(pass) if board.number != seen => pass,
                _ => {
                    board = self.published.wait(board).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
            };
            seen = board.number;
            self.change_at_work(&mut board, 1);
            drop(board);
            // SAFETY: the caller keeps the pass until no worker is at it.
            unsafe { &*pass.0 }.work();
            board = self.board();
            self.change_at_work(&mut board, -1);
            if board.at_work == 0 {
                self.finished.notify_one();
            }
            drop(board);
            look_for(|| self.number.load(Ordering::Relaxed) != seen);
            board = self.board();
        }
    }

    fn change_at_work(&self, board: &mut Board, by: isize) {
        board.at_work = board.at_work.wrapping_add_signed(by);
        self.at_work.store(board.at_work, Ordering::Relaxed);
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This process's pool, with a worker or more.
fn current() -> Option<&'static Pool> {
    let known = POOL.load(Ordering::Acquire);
    // SAFETY: a pool is never freed.
    let pool = match unsafe { known.as_ref() } {
        Some(pool) if pool.process == std::process::id() => pool,
        _ => start(known)?,
    };
    (pool.workers.load(Ordering::Relaxed) > 0).then_some(pool)
}

#[cold]
fn start(known: *mut Pool) -> Option<&'static Pool> {
    let layout = Layout::new::<Pool>();
    // SAFETY: the type has a size.
    let place = unsafe { alloc::alloc(layout) }.cast::<Pool>();
    if place.is_null() {
        return None;
    }
    let pool = Pool {
        process: std::process::id(),
        workers: AtomicUsize::new(0),
        is_taken: AtomicBool::new(false),
        board: Mutex::new(Board { pass: None, number: 0, at_work: 0 }),
        published: Condvar::new(),
        finished: Condvar::new(),
        number: AtomicU64::new(0),
        at_work: AtomicUsize::new(0),
    };
    // SAFETY: new memory of the type's size and alignment.
    unsafe { place.write(pool) };
    if let Err(other) = POOL.compare_exchange(known, place, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: nobody else has seen this one; another thread was faster, and its pool is never freed.
        return unsafe {
            alloc::dealloc(place.cast(), layout);
            other.as_ref()
        };
    }
    // SAFETY: published, so never freed.
    let pool = unsafe { &*place };
    let started = (1..cores::count()).take_while(|_| thread::start(serve, place.cast())).count();
    pool.workers.store(started, Ordering::Relaxed);
    Some(pool)
}

extern "C" fn serve(pool: *mut c_void) -> *mut c_void {
    // SAFETY: the pool that started this thread; never freed.
    unsafe { &*pool.cast::<Pool>() }.serve()
}
