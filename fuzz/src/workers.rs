//! Attributes and executors as C has them, in memory that ends where they do.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

use qdq::capi::*;

use crate::describe::{Attributes, Conduct, Executor, StructSize};

/// A struct of C with the size it claims: what the library may not read is not there.
pub struct Versioned {
    words: Box<[u64]>,
    is_null: bool,
}

impl Versioned {
    /// # Safety
    /// S is repr(C), without padding, begins with its size and is a multiple of 8 bytes.
    unsafe fn new<S: Copy>(fields: &S, size: StructSize, is_null: bool) -> Versioned {
        // SAFETY: the caller's promise.
        let known = unsafe { std::slice::from_raw_parts(ptr::from_ref(fields).cast::<u64>(), size_of::<S>() / 8) };
        let mut words = known.to_vec();
        // Of a size that no struct has, nothing but itself may be read.
        words.resize(if size.bytes > 4096 { 1 } else { (size.bytes / 8).max(1) }, u64::from_ne_bytes([size.tail; 8]));
        words[0] = size.bytes as u64;
        Versioned { words: words.into(), is_null }
    }

    fn as_ptr<S>(&self) -> *const S {
        if self.is_null { ptr::null() } else { self.words.as_ptr().cast() }
    }
}

/// The qdq_attrs of a call.
pub struct CAttributes(Versioned);

impl CAttributes {
    pub fn new(attributes: &Attributes) -> CAttributes {
        // SAFETY: a size and eight 32-bit integers.
        CAttributes(unsafe { Versioned::new(&attributes.fields, attributes.size, attributes.is_null) })
    }

    pub fn as_ptr(&self) -> *const qdq_attrs {
        self.0.as_ptr()
    }
}

/// The qdq_executor of a call.
pub struct CExecutor {
    executor: Versioned,
    host: Box<Host>,
}

struct Host {
    conduct: Conduct,
    /// Whether it did what a host should not.
    was_improper: Cell<bool>,
}

impl CExecutor {
    pub fn new(executor: &Executor) -> CExecutor {
        let host = Host { conduct: executor.host.unwrap_or(Conduct::Proper), was_improper: Cell::new(false) };
        let host = Box::new(host);
        let fields = qdq_executor {
            struct_size: 0,
            num_threads: executor.num_threads,
            reserved: executor.reserved,
            parallel_for: executor.host.map(|_| parallel_for as _),
            host_data: ptr::from_ref::<Host>(&host).cast_mut().cast(),
        };
        // SAFETY: a size, two 32-bit integers and two pointers.
        let executor = unsafe { Versioned::new(&fields, executor.size, executor.is_null) };
        CExecutor { executor, host }
    }

    pub fn as_ptr(&self) -> *const qdq_executor {
        self.executor.as_ptr()
    }

    /// Whether the host skipped a task or failed since it was last asked.
    pub fn was_improper(&self) -> bool {
        self.host.was_improper.take()
    }
}

/// Runs the tasks one by one, the last one first, as far as its conduct allows.
unsafe extern "C" fn parallel_for(data: *mut c_void, tasks: usize, task: qdq_task, task_data: *mut c_void) -> i32 {
    // SAFETY: the library passes on what it was given, a host that lives as long as the call.
    let host = unsafe { &*data.cast::<Host>() };
    let task = task.expect("the library passes a task");
    let skipped = if let Conduct::Skips(index) = host.conduct { index } else { usize::MAX };
    for index in (0..tasks).rev().filter(|&index| index != skipped) {
        // SAFETY: the library's own task, called once for each index, with the data that belongs to it.
        unsafe { task(task_data, index) };
    }
    let answer = if let Conduct::Fails(answer) = host.conduct { answer } else { 0 };
    host.was_improper.set(host.was_improper.get() || answer != 0 || skipped < tasks);
    answer
}
