//! Memory of the caller that tasks on several threads may hold at once.
//!
//! A buffer reaches from its view's lowest element to its highest. What lies between them need not belong to the view, nor
//! even be memory, so nothing is made of it but rows of neighbouring elements of the view ([`Input::rows`]).

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayView, ArrayViewMut, Dimension};

use crate::layout::Place;
use crate::simd::memory::{Source, Target};
use crate::simd::transpose::Grid;
use crate::simd::{LINE, Token};

/// Elements to read. They may be an output's, too.
pub(crate) struct Input<'a, E> {
    lowest: *const E,
    extent: usize,
    lifetime: PhantomData<&'a E>,
}

/// Elements to write, initialised or not.
pub(crate) struct Output<'a, E> {
    lowest: *mut E,
    extent: usize,
    lifetime: PhantomData<&'a E>,
}

// SAFETY: what creates a buffer promises that its memory may be used from the tasks' threads; the tasks of one pass
// touch disjoint pieces (plan.rs), and a pass ends before the next begins.
unsafe impl<E> Sync for Input<'_, E> {}
// SAFETY: as above.
unsafe impl<E> Sync for Output<'_, E> {}

impl<'a, E: Copy> Input<'a, E> {
    /// # Safety
    /// From `lowest`, which is aligned, the elements of a view are found within `extent` elements; those are valid for
    /// reads during 'a, and nothing but this call's own outputs is written there meanwhile. Only they are asked for.
    pub(crate) unsafe fn new(lowest: *const E, extent: usize) -> Self {
        Input { lowest, extent, lifetime: PhantomData }
    }

    /// The memory of a view, whose element with all indices 0 is the buffer's element `first`.
    pub(crate) fn of_view<D: Dimension>(view: &'a ArrayView<'_, E, D>, first: usize) -> Self {
        // SAFETY: a view's elements may be read while it is borrowed.
        unsafe { Self::new(view.as_ptr().wrapping_sub(first), extent(view.shape(), view.strides())) }
    }

    /// Rows of neighbouring elements of the view.
    #[inline(always)]
    pub(crate) fn rows(&self, place: &Place) -> Source<'a, E> {
        check_rows(place, self.extent);
        // SAFETY: within the buffer, as checked; elements of the view, as promised.
        unsafe { Source::new(self.lowest.wrapping_add(place.start), place.apart, place.rows, place.len) }
    }

    /// Whether an output is the same memory.
    pub(crate) fn is(&self, output: &Output<'_, E>) -> bool {
        self.lowest.cast() == output.lowest
    }

    /// Elements of the view, which need not be neighbours.
    pub(crate) fn grid(&self, place: &Place) -> Grid<*const u8> {
        check_corners(place, self.extent);
        grid::<E, _>(self.lowest.wrapping_add(place.start).cast(), place)
    }

    /// Asks for a share of the memory that a matrix will be gathered from, if its columns are rows of memory: of so many
    /// shares these.
    #[inline(always)]
    pub(crate) fn ask<T: Token>(&self, token: T, place: &Place, shares: Range<usize>, of: usize) {
        if !place.is_transposed() {
            return;
        }
        for column in place.len * shares.start / of..place.len * shares.end / of {
            let lowest = place.at(0, column).min(place.at(place.rows - 1, column));
            let first = self.lowest.wrapping_add(lowest).cast::<u8>();
            let size = place.rows * place.apart.unsigned_abs() * size_of::<E>();
            for line in (0..size).step_by(LINE) {
                token.prefetch(first.wrapping_add(line));
            }
        }
    }
}

impl<'a, E: Copy> Output<'a, E> {
    /// # Safety
    /// From `lowest`, which is aligned, the elements of a view are found within `extent` elements; those are valid for
    /// writes during 'a, and nobody but this call touches them meanwhile. Only they are asked for.
    pub(crate) unsafe fn new(lowest: *mut E, extent: usize) -> Self {
        Output { lowest, extent, lifetime: PhantomData }
    }

    /// The memory of a view, whose element with all indices 0 is the buffer's element `first`.
    pub(crate) fn of_view<D: Dimension>(view: &'a mut ArrayViewMut<'_, E, D>, first: usize) -> Self {
        let extent = extent(view.shape(), view.strides());
        // SAFETY: a view's elements are its own while it is borrowed.
        unsafe { Self::new(view.as_mut_ptr().wrapping_sub(first), extent) }
    }

    /// The same memory to read.
    pub(crate) fn as_input(&self) -> Input<'a, E> {
        Input { lowest: self.lowest, extent: self.extent, lifetime: PhantomData }
    }

    /// Rows of neighbouring elements of the view.
    #[inline(always)]
    pub(crate) fn rows(&self, place: &Place) -> Target<'a, E> {
        check_rows(place, self.extent);
        // SAFETY: within the buffer, as checked; elements of the view, as promised.
        unsafe { Target::new(self.lowest.wrapping_add(place.start), place.apart, place.rows, place.len) }
    }

    /// Elements of the view, which need not be neighbours.
    pub(crate) fn grid(&self, place: &Place) -> Grid<*mut u8> {
        check_corners(place, self.extent);
        grid::<E, _>(self.lowest.wrapping_add(place.start).cast(), place)
    }

    /// Writes every element of a buffer without gaps.
    pub(crate) fn fill_with(&self, of: impl Fn(usize) -> E) {
        // SAFETY: within the buffer; elements of the view, as promised.
        (0..self.extent).for_each(|index| unsafe { self.lowest.wrapping_add(index).write(of(index)) });
    }
}

/// The first row and the last are within the extent, and with them those between.
#[inline(always)]
fn check_rows(place: &Place, extent: usize) {
    let last = place.start.wrapping_add_signed(place.apart.wrapping_mul(place.rows as isize - 1));
    assert!(place.rows > 0 && place.len <= extent && place.start.max(last) <= extent - place.len);
    assert!(place.has_rows());
}

/// The corners are within the extent, and with them what lies between.
fn check_corners(place: &Place, extent: usize) {
    let (row, column) = (place.rows - 1, place.len - 1);
    let corners = [place.at(0, 0), place.at(row, 0), place.at(0, column), place.at(row, column)];
    assert!(corners.into_iter().all(|corner| corner < extent));
}

fn grid<E, P>(first: P, place: &Place) -> Grid<P> {
    let bytes = |elements: isize| elements * size_of::<E>() as isize;
    Grid { first, down: bytes(place.apart), right: bytes(place.stride) }
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
