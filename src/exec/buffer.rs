//! Memory of the caller that tasks on several threads may hold at once.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use ndarray::{ArrayView, ArrayViewMut, Dimension};

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
        Input { start, len, lifetime: PhantomData }
    }

    /// The memory of a view, whose element with all indices 0 is its element `first`.
    pub(crate) fn of_view<D: Dimension>(view: &'a ArrayView<'_, E, D>, first: usize) -> Self {
        // SAFETY: a view's elements may be read while it is borrowed, and their addresses fit.
        unsafe {
            Self::new(view.as_ptr().sub(if view.is_empty() { 0 } else { first }), extent(view.shape(), view.strides()))
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
        Output { start, len, lifetime: PhantomData }
    }

    /// The memory of a view, whose element with all indices 0 is its element `first`.
    pub(crate) fn of_view<D: Dimension>(view: &'a mut ArrayViewMut<'_, E, D>, first: usize) -> Self {
        let extent = extent(view.shape(), view.strides());
        // SAFETY: a view's elements are its own while it is borrowed, and their addresses fit.
        unsafe { Self::new(view.as_mut_ptr().sub(if view.is_empty() { 0 } else { first }), extent) }
    }

    /// The same memory to read.
    pub(crate) fn as_input(&self) -> Input<'a, E> {
        Input { start: self.start, len: self.len, lifetime: PhantomData }
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
        self.cells().iter().enumerate().for_each(|(index, element)| element.set(MaybeUninit::new(of(index))));
    }
}

/// How many elements the memory from a view's lowest to its highest would hold.
fn extent(shape: &[usize], strides: &[isize]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    1 + shape.iter().zip(strides).map(|(size, stride)| (size - 1) * stride.unsigned_abs()).sum::<usize>()
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
