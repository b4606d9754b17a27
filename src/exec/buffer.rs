//! Memory of the caller that tasks on several threads may hold at once.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::simd::element::{Source, Target};

/// Elements to read. Its memory may be an output's, too.
pub(crate) struct Input<'a, E> {
    start: *const E,
    len: usize,
    lifetime: PhantomData<&'a E>,
}

/// Elements to write, initialised or not.
pub(crate) struct Output<'a, E> {
    start: *mut E,
    len: usize,
    lifetime: PhantomData<&'a E>,
}

// SAFETY: what creates a buffer promises that its memory may be used from the tasks' threads; the tasks of one pass
// touch disjoint pieces (plan.rs), and a pass ends before the next begins.
unsafe impl<E> Sync for Input<'_, E> {}
// SAFETY: as above.
unsafe impl<E> Sync for Output<'_, E> {}

impl<'a, E> Input<'a, E> {
    /// # Safety
    /// `start` is aligned, and valid for reads of `len` elements during 'a, or `len` is 0; nothing but this call's
    /// own outputs is written there meanwhile.
    pub(crate) unsafe fn new(start: *const E, len: usize) -> Self {
        Input {
            start,
            len,
            lifetime: PhantomData,
        }
    }

    pub(crate) fn cells(&self) -> Source<'a, E> {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the promise of `new`; cells, because an output may be the same memory.
        unsafe { std::slice::from_raw_parts(self.start.cast::<Cell<E>>(), self.len) }
    }
}

impl<'a, E> Output<'a, E> {
    /// # Safety
    /// `start` is aligned, and valid for writes of `len` elements during 'a, or `len` is 0; nobody but this call
    /// touches it meanwhile.
    pub(crate) unsafe fn new(start: *mut E, len: usize) -> Self {
        Output {
            start,
            len,
            lifetime: PhantomData,
        }
    }

    pub(crate) fn cells(&self) -> Target<'a, E> {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the promise of `new`; MaybeUninit, because the caller need not have initialised it.
        unsafe { std::slice::from_raw_parts(self.start.cast(), self.len) }
    }

    /// Writes every element.
    pub(crate) fn fill_with(&self, of: impl Fn(usize) -> E) {
        self.cells()
            .iter()
            .enumerate()
            .for_each(|(index, element)| element.set(MaybeUninit::new(of(index))));
    }
}

/// Scratch that tasks write: each its own entries.
pub(crate) struct Shared<'a, C>(&'a [Cell<C>]);

// SAFETY: the pieces of a range pass have channels, or partial ranges, of their own (plan.rs).
unsafe impl<C> Sync for Shared<'_, C> {}

impl<'a, C> Shared<'a, C> {
    pub(crate) fn new(cells: &'a [Cell<C>]) -> Self {
        Shared(cells)
    }

    pub(crate) fn cells(&self) -> &'a [Cell<C>] {
        self.0
    }
}
