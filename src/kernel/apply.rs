//! Quantize and dequantize: every element to the nearest number of its channel's grid.

use std::marker::PhantomData;

use super::for_each_part;
use super::operands::{Elements, Held, NormalElements, Operands};
use super::sweep::{AHEAD, Compute, Far, Mode, Near, Sweep};
use crate::attrs::{Arithmetic, RoundMode};
use crate::channels::Table;
use crate::exec::{Input, Output, Stage};
use crate::layout::{Matrix, Piece};
use crate::simd::{Element, Kernel, Lanes, Part, Token};
use crate::spec::{self, HalfToEven, HalfUp, InElement, InReal, Rounding, Settling};

/// Writes a piece's elements.
pub struct Apply<'a, E: Element> {
    /// Of input and output.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) output: &'a Output<'a, E>,
    /// Each channel's scale, inverse and, to clamp to, min and max.
    pub(crate) parameters: Table<'a, E::Real>,
    pub(crate) how: How,
}

/// Which of the operation's variants, and where the output is.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) round_mode: RoundMode,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) clamps: bool,
    pub(crate) is_far: bool,
    /// No result can be subnormal.
    pub(crate) is_normal: bool,
}

/// Work that is written once for the variants of the operation.
pub(super) trait Variant {
    type Output;
    fn run<R: Rounding, A: Settling, M: Mode>(self, mode: M) -> Self::Output;
}

impl How {
    #[inline(always)]
    pub(super) fn choose<T: Token, E: Element, V: Variant>(self, variant: V) -> V::Output {
        let is_native = E::IS_NARROW && self.arithmetic == Arithmetic::Native;
        match (self.round_mode, is_native, self.is_far && T::STREAMS) {
            (RoundMode::HalfToEven, false, false) => variant.run::<HalfToEven, InReal, _>(Near),
            (RoundMode::HalfToEven, false, true) => variant.run::<HalfToEven, InReal, _>(Far),
            (RoundMode::HalfToEven, true, false) => variant.run::<HalfToEven, InElement, _>(Near),
            (RoundMode::HalfToEven, true, true) => variant.run::<HalfToEven, InElement, _>(Far),
            (RoundMode::HalfUp, false, false) => variant.run::<HalfUp, InReal, _>(Near),
            (RoundMode::HalfUp, false, true) => variant.run::<HalfUp, InReal, _>(Far),
            (RoundMode::HalfUp, true, false) => variant.run::<HalfUp, InElement, _>(Near),
            (RoundMode::HalfUp, true, true) => variant.run::<HalfUp, InElement, _>(Far),
        }
    }
}

impl<E: Element> Kernel for Apply<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        self.how.choose::<T, E, _>(Matrices(token, self));
    }
}

struct Matrices<'a, T, E: Element>(T, Apply<'a, E>);

impl<T: Token, E: Element> Variant for Matrices<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<R: Rounding, A: Settling, M: Mode>(self, mode: M) {
        let Matrices(token, work) = self;
        // Which elements profit from that: those that the conversion is long for.
        match (work.how.clamps, E::IS_LONG_TO_CONVERT && !A::IS_NATIVE && work.how.is_normal) {
            (false, false) => work.matrices::<T, R, A, Elements, M, 2>(token, mode),
            (false, true) => work.matrices::<T, R, A, NormalElements, M, 2>(token, mode),
            (true, false) => work.matrices::<T, R, A, Elements, M, 4>(token, mode),
            (true, true) => work.matrices::<T, R, A, NormalElements, M, 4>(token, mode),
        }
    }
}

impl<E: Element> Apply<'_, E> {
    #[inline(always)]
    fn matrices<T, R, A, W, M, const K: usize>(self, token: T, mode: M)
    where
        T: Token,
        R: Rounding,
        A: Settling,
        W: Held<E, As = E>,
        M: Mode,
    {
        let compute = QuantizeAndDequantize::<R, A>::new();
        let sweep = Sweep::<_, E, _, _, K> {
            token,
            compute,
            parameters: self.parameters.source(),
            mode,
            ahead: AHEAD / size_of::<E>(),
        };
        if let Some([x, y]) = self.piece.only_row() {
            let all = Operands::<E, Elements, W, 1>::new([self.input.rows(&x)], self.output.rows(&y));
            sweep.only_row(all);
        } else {
            token.call(Walk { work: self, sweep, held: PhantomData::<W> });
        }
        if M::IS_FAR {
            token.finish_streaming();
        }
    }
}

/// A piece in matrices. Apart, because its stage is large.
struct Walk<'a, T, E: Element, R, A, W, M, const K: usize> {
    work: Apply<'a, E>,
    sweep: Sweep<'a, T, E, QuantizeAndDequantize<R, A>, M, K>,
    held: PhantomData<W>,
}

impl<T, E, R, A, W, M, const K: usize> Part for Walk<'_, T, E, R, A, W, M, K>
where
    T: Token,
    E: Element,
    R: Rounding,
    A: Settling,
    W: Held<E, As = E>,
    M: Mode,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Walk { work, sweep, .. } = self;
        // In place, where both operands need it.
        let stage = Stage::new();
        let head = |matrix: &Matrix<2>| sweep.head(work.output, matrix, 1);
        for_each_part(&work.piece, size_of::<E>(), head, |matrix, next| {
            let (x, y) = (stage.read(work.input, matrix, 0), stage.open(work.output, matrix, 1));
            let ask = next.map(|next| |rows| work.input.ask(sweep.token, &next.place(0), rows, matrix.rows));
            sweep.part(Operands::<E, Elements, W, 1>::new([x], y), matrix.channels(), ask);
            stage.flush(work.output, matrix, 1);
        });
    }
}

/// By scale and inverse, and where there are four parameters clamped to the two that follow.
pub(super) struct QuantizeAndDequantize<R, A>(PhantomData<(R, A)>);

impl<R, A> QuantizeAndDequantize<R, A> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        QuantizeAndDequantize(PhantomData)
    }
}

impl<R, A> Clone for QuantizeAndDequantize<R, A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, A> Copy for QuantizeAndDequantize<R, A> {}

impl<E: Element, R: Rounding, A: Settling, const K: usize> Compute<E, 1, K> for QuantizeAndDequantize<R, A> {
    #[inline(always)]
    fn compute<T: Token>(self, token: T, [x]: [Lanes<T, E>; 1], parameters: [Lanes<T, E>; K]) -> Lanes<T, E> {
        let x = if K == 4 { spec::clamp(x, parameters[2], parameters[3]) } else { x };
        let code = spec::quantize::<T, E, R, A>(token, x, parameters[0]);
        spec::dequantize::<T, E, A>(code, parameters[1])
    }
}
