//! Work in two steps, a block of elements at a time: the numbers between the steps stay in the nearest cache.
//!
//! Neither step knows what type the other reads or writes, so that so many first ones and so many second ones are not as
//! many pairs.

use std::cell::Cell;
use std::ops::Range;

use super::for_each_matrix;
use crate::layout::{Matrix, Piece, Run};
use crate::simd::{self, Kernel, Real, Token};

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
    pub(super) rows: Range<usize>,
    pub(super) left: usize,
    pub(super) len: usize,
}

impl Block<'_> {
    /// Whether its elements are where the operands have them; what is not is in a stage.
    #[inline(always)]
    pub(super) fn is_contiguous(&self) -> bool {
        self.matrix.is_contiguous()
    }

    /// The channels of a row.
    #[inline(always)]
    pub(super) fn run(&self, row: usize) -> Run {
        self.matrix.run(self.rows.start + row).after(self.left)
    }
}

/// The numbers of a block, where vectors and cache lines begin.
#[repr(align(64))]
struct Numbers<C>([Cell<C>; 2048]);

/// Runs both steps on every block of a piece. Streaming stores are finished afterwards.
pub(super) fn in_two_steps<C: Real>(piece: &Piece<'_, 2>, first: &mut dyn Step<C>, second: &mut dyn Step<C>) {
    let numbers = Numbers([const { Cell::new(C::ZERO) }; 2048]);
    for_each_matrix(piece, |matrix| {
        first.begin(matrix);
        second.begin(matrix);
        for_each_block(matrix, 8192 / size_of::<C>(), |block| {
            let numbers = &numbers.0[..block.rows.len() * block.len];
            first.run(block, numbers);
            second.run(block, numbers);
        });
        second.end(matrix);
    });
}

fn for_each_block(matrix: &Matrix<2>, size: usize, mut work: impl FnMut(&Block<'_>)) {
    let columns = matrix.len().min(size);
    let height = size / columns;
    for top in (0..matrix.rows).step_by(height) {
        let rows = top..matrix.rows.min(top + height);
        for left in (0..matrix.len()).step_by(columns) {
            work(&Block { matrix, rows: rows.clone(), left, len: columns.min(matrix.len() - left) });
        }
    }
}

/// Lets what was written past the caches be seen.
pub(super) struct FinishStreaming;

impl Kernel for FinishStreaming {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        token.finish_streaming();
    }
}
