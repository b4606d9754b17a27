//! Rows whose elements are not neighbours: a part of one is gathered into a stage, where a kernel finds it as if it were
//! contiguous, or written there and scattered.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::slice;

use super::{Input, Output};
use crate::layout::{Row, STAGED};
use crate::simd::element::{Source, Target};

/// Memory for a part of a row, not initialised.
pub(crate) struct Stage<E>(UnsafeCell<[MaybeUninit<E>; STAGED]>);

impl<E: Copy> Stage<E> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Stage(UnsafeCell::new([const { MaybeUninit::uninit() }; STAGED]))
    }

    /// The row's elements in an operand: where they are, or gathered.
    #[inline(always)]
    pub(crate) fn read<'a, const N: usize>(
        &'a self,
        from: &Input<'a, E>,
        row: &Row<N>,
        operand: usize,
    ) -> Source<'a, E> {
        if row.is_contiguous(operand) {
            from.row(row.starts[operand], row.len)
        } else {
            self.gather(from, row, operand)
        }
    }

    /// Where to write the row's elements of an operand; [`Stage::flush`] must follow.
    #[inline(always)]
    pub(crate) fn open<'a, const N: usize>(
        &'a self,
        to: &Output<'a, E>,
        row: &Row<N>,
        operand: usize,
    ) -> Target<'a, E> {
        if row.is_contiguous(operand) { to.row(row.starts[operand], row.len) } else { self.cells(row.len) }
    }

    /// Brings what was written to where [`Stage::open`] was asked for.
    #[inline(always)]
    pub(crate) fn flush<const N: usize>(&self, to: &Output<'_, E>, row: &Row<N>, operand: usize) {
        if !row.is_contiguous(operand) {
            self.scatter(to, row, operand);
        }
    }

    #[inline(never)]
    fn gather<const N: usize>(&self, from: &Input<'_, E>, row: &Row<N>, operand: usize) -> Source<'_, E> {
        let staged = self.cells(row.len);
        let mut at = row.starts[operand];
        for cell in staged {
            cell.set(MaybeUninit::new(from.get(at)));
            at = at.wrapping_add_signed(row.strides[operand]);
        }
        // SAFETY: the loop initialised them; MaybeUninit<E> has the layout of E.
        unsafe { slice::from_raw_parts(staged.as_ptr().cast::<Cell<E>>(), staged.len()) }
    }

    #[inline(never)]
    fn scatter<const N: usize>(&self, to: &Output<'_, E>, row: &Row<N>, operand: usize) {
        let mut at = row.starts[operand];
        for cell in self.cells(row.len) {
            // SAFETY: the kernel that was given this memory has written the row's length of it.
            to.set(at, unsafe { cell.get().assume_init() });
            at = at.wrapping_add_signed(row.strides[operand]);
        }
    }

    #[inline(always)]
    fn cells(&self, len: usize) -> Target<'_, E> {
        assert!(len <= STAGED);
        // SAFETY: within the array, as asserted; cells, because several such slices may be held.
        unsafe { slice::from_raw_parts(self.0.get().cast::<Cell<MaybeUninit<E>>>(), len) }
    }
}
