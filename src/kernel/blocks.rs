//! Work in two steps, a block of elements at a time: the numbers between the steps stay in the nearest cache.
//!
//! Neither step knows what type the other reads or writes, so that so many first ones and so many second ones are not as
//! many pairs.

use std::cell::Cell;
use std::ops::Range;

use super::for_each_matrix;
use crate::layout::{ChannelsOfRows, Matrix, Piece};
use crate::simd::memory::{Source, Target};
use crate::simd::{self, Element, Kernel, Real, Token};

/// The first step makes a number of C of each of a block's elements, the second makes elements of the numbers.
pub(super) trait Step<C> {
    /// Takes a matrix, whose blocks follow.
    fn begin(&mut self, matrix: &Matrix<2>);

    /// The block's rows follow each other in `numbers`.
    fn run(&self, block: &Block<'_>, numbers: &[Cell<C>]);

    /// All blocks of the matrix are done.
    fn end(&self, _: &Matrix<2>) {}
}

/// Several whole rows of a matrix, or a part of one.
pub(super) struct Block<'a> {
    matrix: &'a Matrix<2>,
    rows: Range<usize>,
    left: usize,
    len: usize,
    /// Whether the second step writes past the caches.
    pub(super) is_far: bool,
}

impl Block<'_> {
    #[inline(always)]
    pub(super) fn channels(&self) -> ChannelsOfRows {
        let below = self.matrix.channels().below(self.rows.start);
        ChannelsOfRows { first: below.first.after(self.left), ..below }
    }

    pub(super) fn of_source<'a, E>(&self, matrix: Source<'a, E>) -> Source<'a, E> {
        matrix.cut(self.rows.clone(), self.left, self.len)
    }

    pub(super) fn of_target<'a, E>(&self, matrix: Target<'a, E>) -> Target<'a, E> {
        matrix.cut(self.rows.clone(), self.left, self.len)
    }
}

/// The most elements of a block. Longer ones would push what is asked for ahead out of the nearest cache; 16-bit elements take
/// half the room.
const SHORT: usize = 1024;
const LONG: usize = 2 * SHORT;

/// Runs both steps on every block of a piece. `is_far` says whether what is written is beyond the caches.
pub(super) fn in_two_steps<E: Element>(
    piece: &Piece<'_, 2>,
    is_far: bool,
    first: &mut dyn Step<E::Real>,
    second: &mut dyn Step<E::Real>,
) {
    if E::IS_NARROW {
        on_every_block::<E::Real, LONG>(piece, is_far, first, second);
    } else {
        on_every_block::<E::Real, SHORT>(piece, is_far, first, second);
    }
    if is_far {
        simd::run(FinishStreaming);
    }
}

/// The numbers of a block, where vectors and cache lines begin.
#[repr(align(64))]
struct Numbers<C, const SIZE: usize>([Cell<C>; SIZE]);

fn on_every_block<C: Real, const SIZE: usize>(
    piece: &Piece<'_, 2>,
    is_far: bool,
    first: &mut dyn Step<C>,
    second: &mut dyn Step<C>,
) {
    let numbers = Numbers([const { Cell::new(C::ZERO) }; SIZE]);
    // Either type's elements may be staged.
    for_each_matrix(piece, size_of::<u64>(), |matrix| {
        first.begin(matrix);
        second.begin(matrix);
        // What is not contiguous is written to a stage, which is near.
        for_each_block(matrix, SIZE, is_far && matrix.is_contiguous(), |block| {
            let numbers = &numbers.0[..block.rows.len() * block.len];
            first.run(block, numbers);
            second.run(block, numbers);
        });
        second.end(matrix);
    });
}

fn for_each_block(matrix: &Matrix<2>, size: usize, is_far: bool, mut work: impl FnMut(&Block<'_>)) {
    let columns = matrix.len().min(size);
    let height = size / columns;
    for top in (0..matrix.rows).step_by(height) {
        let rows = top..matrix.rows.min(top + height);
        for left in (0..matrix.len()).step_by(columns) {
            work(&Block { matrix, rows: rows.clone(), left, len: columns.min(matrix.len() - left), is_far });
        }
    }
}

struct FinishStreaming;

impl Kernel for FinishStreaming {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        token.finish_streaming();
    }
}
