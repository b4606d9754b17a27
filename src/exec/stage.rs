//! Elements that are not neighbours: a part of a matrix is gathered into a stage, where a kernel finds it as rows, or
//! written there and scattered.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use super::{Input, Output};
use crate::layout::{Matrix, Place, STAGE_SIZE};
use crate::simd::memory::{Source, Target};
use crate::simd::transpose::{Grid, copy_matrix};

/// Memory for a part of a matrix, not initialised. What is read from it may be written to it, element by element.
#[repr(align(64))]
pub(crate) struct Stage(UnsafeCell<[MaybeUninit<u8>; STAGE_SIZE]>);

impl Stage {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Stage(UnsafeCell::new([const { MaybeUninit::uninit() }; STAGE_SIZE]))
    }

    /// The elements of an operand: where they are, or gathered.
    pub(crate) fn read<'a, E: Copy, const N: usize>(
        &'a self,
        from: &Input<'a, E>,
        matrix: &Matrix<N>,
        operand: usize,
    ) -> Source<'a, E> {
        let place = matrix.place(operand);
        if place.has_rows() { from.rows(&place) } else { self.gather(from, &place) }
    }

    /// Where to write the elements of an operand; [`Stage::flush`] must follow.
    pub(crate) fn open<'a, E: Copy, const N: usize>(
        &'a self,
        to: &Output<'a, E>,
        matrix: &Matrix<N>,
        operand: usize,
    ) -> Target<'a, E> {
        let place = matrix.place(operand);
        if place.has_rows() {
            return to.rows(&place);
        }
        // SAFETY: within the memory, as checked.
        unsafe { Target::new(self.start(&place), place.len as isize, place.rows, place.len) }
    }

    /// Brings what was written to where [`Stage::open`] was asked for.
    pub(crate) fn flush<E: Copy, const N: usize>(&self, to: &Output<'_, E>, matrix: &Matrix<N>, operand: usize) {
        let place = matrix.place(operand);
        if !place.has_rows() {
            let staged = grid::<E, _>(self.start::<E>(&place).cast_const().cast(), &place);
            // SAFETY: the kernel that was given this memory has written all of it; both are checked.
            unsafe { copy_matrix(size_of::<E>(), place.rows, place.len, staged, to.grid(&place)) };
        }
    }

    fn gather<'a, E: Copy>(&'a self, from: &Input<'a, E>, place: &Place) -> Source<'a, E> {
        let to = self.start::<E>(place);
        // SAFETY: both are checked; nothing else is in the memory. After that it is initialised.
        unsafe {
            copy_matrix(size_of::<E>(), place.rows, place.len, from.grid(place), grid::<E, _>(to.cast(), place));
            Source::new(to, place.len as isize, place.rows, place.len)
        }
    }

    /// The memory, which is large enough, and aligned for every type of elements.
    fn start<E>(&self, place: &Place) -> *mut E {
        const { assert!(align_of::<E>() <= align_of::<Self>()) };
        assert!(place.rows * place.len * size_of::<E>() <= STAGE_SIZE);
        self.0.get().cast()
    }
}

/// A part's elements in a stage: rows behind each other.
fn grid<E, P>(first: P, place: &Place) -> Grid<P> {
    Grid { first, down: (place.len * size_of::<E>()) as isize, right: size_of::<E>() as isize }
}
