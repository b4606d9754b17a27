//! Elements that are not neighbours: a part of a matrix is gathered into a stage, where a kernel finds it as rows, or
//! written there and scattered.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use super::{Input, Output};
use crate::layout::{Matrix, Place, STAGED};
use crate::simd::memory::{Source, Target};

/// Memory for a part of a matrix, not initialised.
pub(crate) struct Stage<E>(UnsafeCell<[MaybeUninit<E>; STAGED]>);

impl<E: Copy> Stage<E> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Stage(UnsafeCell::new([const { MaybeUninit::uninit() }; STAGED]))
    }

    /// The elements of an operand: where they are, or gathered.
    pub(crate) fn read<'a, const N: usize>(
        &'a self,
        from: &Input<'a, E>,
        matrix: &Matrix<N>,
        operand: usize,
    ) -> Source<'a, E> {
        let place = matrix.place(operand);
        if place.stride == 1 || place.len == 1 { from.rows(&place) } else { self.gather(from, &place) }
    }

    /// Where to write the elements of an operand; [`Stage::flush`] must follow.
    pub(crate) fn open<'a, const N: usize>(
        &'a self,
        to: &Output<'a, E>,
        matrix: &Matrix<N>,
        operand: usize,
    ) -> Target<'a, E> {
        let place = matrix.place(operand);
        if place.stride == 1 || place.len == 1 { to.rows(&place) } else { self.rows(&place) }
    }

    /// Brings what was written to where [`Stage::open`] was asked for.
    pub(crate) fn flush<const N: usize>(&self, to: &Output<'_, E>, matrix: &Matrix<N>, operand: usize) {
        let place = matrix.place(operand);
        if place.stride != 1 && place.len != 1 {
            self.scatter(to, &place);
        }
    }

    fn gather(&self, from: &Input<'_, E>, place: &Place) -> Source<'_, E> {
        let to = self.start(place);
        walk(place, |staged, index| {
            // SAFETY: within the array, as checked.
            unsafe { to.add(staged).write(from.get(index)) };
        });
        // SAFETY: within the array, as checked; the walk initialised it.
        unsafe { Source::new(to, place.len as isize, place.rows, place.len) }
    }

    fn scatter(&self, to: &Output<'_, E>, place: &Place) {
        let from = self.start(place);
        walk(place, |staged, index| {
            // SAFETY: within the array, as checked; the kernel that was given this memory has written all of it.
            to.set(index, unsafe { from.add(staged).read() });
        });
    }

    fn rows(&self, place: &Place) -> Target<'_, E> {
        // SAFETY: within the array, as checked.
        unsafe { Target::new(self.start(place), place.len as isize, place.rows, place.len) }
    }

    /// The array, which is large enough.
    fn start(&self, place: &Place) -> *mut E {
        assert!(place.rows * place.len <= STAGED);
        self.0.get().cast()
    }
}

/// Visits each element: where it is in the stage, and where in the operand's buffer. Neighbours in the buffer follow each
/// other.
fn walk(place: &Place, mut visit: impl FnMut(usize, usize)) {
    let index = |row: usize, column: usize| {
        let (down, right) = (place.apart.wrapping_mul(row as isize), place.stride.wrapping_mul(column as isize));
        place.start.wrapping_add_signed(down.wrapping_add(right))
    };
    if place.apart.unsigned_abs() < place.stride.unsigned_abs() {
        for column in 0..place.len {
            (0..place.rows).for_each(|row| visit(row * place.len + column, index(row, column)));
        }
    } else {
        for row in 0..place.rows {
            (0..place.len).for_each(|column| visit(row * place.len + column, index(row, column)));
        }
    }
}
