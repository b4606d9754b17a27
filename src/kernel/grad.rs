//! The gradient by the input: that of the output where the element is inside its channel's range.

use std::ops::Range;

use super::for_each_part;
use super::operands::{Elements, Operands};
use super::sweep::{Compute, Far, Mode, Near, Sweep};
use crate::channels::Table;
use crate::exec::{Input, Output, Stage};
use crate::layout::{Matrix, Piece};
use crate::simd::{Element, Kernel, Lanes, Part, Token};
use crate::spec;

/// Writes the gradients of a piece's elements.
pub struct Gradient<'a, E: Element> {
    /// Of gradients, input and backprop.
    pub(crate) piece: Piece<'a, 3>,
    pub(crate) gradients: &'a Input<'a, E>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) backprop: &'a Output<'a, E>,
    /// Each channel's min and max.
    pub(crate) range: Table<'a, E::Real>,
    pub(crate) is_far: bool,
}

impl<E: Element> Kernel for Gradient<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        if self.is_far && T::STREAMS && self.piece.has_channels_side_by_side() {
            self.matrices(token.reader(), Far);
        } else if self.is_far && T::STREAMS {
            self.matrices(token, Far);
        } else {
            self.matrices(token, Near);
        }
    }
}

impl<E: Element> Gradient<'_, E> {
    #[inline(always)]
    fn matrices<T: Token, M: Mode>(self, token: T, mode: M) {
        let sweep = Sweep::<_, E, _, _, 2> {
            token,
            compute: MaskByRange,
            parameters: self.range.source(),
            mode,
            // The processor sees two long streams by itself: to ask for them took a tenth more time.
            ahead: 0,
        };
        if let Some([gradients, x, backprop]) = self.piece.only_row() {
            let sources = [self.gradients.rows(&gradients), self.input.rows(&x)];
            let all = Operands::<E, Elements, Elements, 2>::new(sources, self.backprop.rows(&backprop));
            sweep.only_row(all);
        } else {
            token.call(Walk { work: self, sweep });
        }
        if M::IS_FAR {
            token.finish_streaming();
        }
    }
}

/// A piece in matrices. Apart, because its stages are large.
struct Walk<'a, T, E: Element, M> {
    work: Gradient<'a, E>,
    sweep: Sweep<'a, T, E, MaskByRange, M, 2>,
}

impl<T: Token, E: Element, M: Mode> Part for Walk<'_, T, E, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Walk { work, sweep } = self;
        // In place, where gradients and backprop need it.
        let (stage, other) = (Stage::new(), Stage::new());
        let head = |matrix: &Matrix<3>| sweep.head(work.backprop, matrix, 2);
        for_each_part(&work.piece, size_of::<E>(), head, |matrix, next| {
            let gradients = stage.read(work.gradients, matrix, 0);
            let x = other.read(work.input, matrix, 1);
            let backprop = stage.open(work.backprop, matrix, 2);
            let ask = next.map(|next| {
                |rows: Range<usize>| {
                    work.gradients.ask(sweep.token, &next.place(0), rows.clone(), matrix.rows);
                    work.input.ask(sweep.token, &next.place(1), rows, matrix.rows);
                }
            });
            let all = Operands::<E, Elements, Elements, 2>::new([gradients, x], backprop);
            sweep.part(all, matrix.channels(), ask);
            stage.flush(work.backprop, matrix, 2);
        });
    }
}

#[derive(Clone, Copy)]
struct MaskByRange;

impl<E: Element> Compute<E, 2, 2> for MaskByRange {
    #[inline(always)]
    fn compute<T: Token>(self, token: T, [gradient, x]: [Lanes<T, E>; 2], [min, max]: [Lanes<T, E>; 2]) -> Lanes<T, E> {
        spec::gradient::<T, E>(token, gradient, x, min, max)
    }
}
