//! Quantize and dequantize: every element to the nearest number of its channel's grid.

use std::marker::PhantomData;

use super::{Cut, Each, PerChannel, Same, Step, sweep_in_blocks};
use crate::attrs::{Arithmetic, RoundMode};
use crate::channels::Fields;
use crate::exec::{Input, Output, Stage};
use crate::layout::{Counters, Piece};
use crate::simd::element::{Source, Span, Target};
use crate::simd::{Element, Kernel, Token};
use crate::spec::{self, HalfToEven, HalfUp, InElement, InReal, Rounding, Settling};

/// Writes a piece's elements.
pub(crate) struct Apply<'a, E: Element> {
    /// Of input and output.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) output: &'a Output<'a, E>,
    pub(crate) channels: Fields<&'a [E::Real]>,
    pub(crate) round_mode: RoundMode,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) clamps: bool,
}

impl<E: Element> Kernel for Apply<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let is_native = E::IS_NARROW && self.arithmetic == Arithmetic::Native;
        match (self.round_mode, is_native) {
            (RoundMode::HalfToEven, false) => self.rows::<T, HalfToEven, InReal>(token),
            (RoundMode::HalfToEven, true) => self.rows::<T, HalfToEven, InElement>(token),
            (RoundMode::HalfUp, false) => self.rows::<T, HalfUp, InReal>(token),
            (RoundMode::HalfUp, true) => self.rows::<T, HalfUp, InElement>(token),
        }
    }
}

impl<E: Element> Apply<'_, E> {
    #[inline(always)]
    fn rows<T: Token, R: Rounding, A: Settling>(&self, token: T) {
        match (self.piece.has_channel_per_element(), self.clamps) {
            (false, false) => self.rows_of::<T, Same<_>, R, A, false>(token),
            (false, true) => self.rows_of::<T, Same<_>, R, A, true>(token),
            (true, false) => self.rows_of::<T, Each<'_, _>, R, A, false>(token),
            (true, true) => self.rows_of::<T, Each<'_, _>, R, A, true>(token),
        }
    }

    #[inline(always)]
    fn rows_of<'a, T, P, R, A, const CLAMPS: bool>(&'a self, token: T)
    where
        T: Token,
        P: PerChannel<'a, T, E::Real>,
        R: Rounding,
        A: Settling,
    {
        let (read, write) = (Stage::new(), Stage::new());
        for row in self.piece.rows(&mut Counters::new()) {
            let mut step = ApplyStep::<E, P, R, A, CLAMPS> {
                x: read.read(self.input, &row, 0),
                y: write.open(self.output, &row, 1),
                scale: P::of_row(token, self.channels.scale, &row),
                inverse: P::of_row(token, self.channels.inverse, &row),
                min: P::of_row(token, self.channels.clamp_min, &row),
                max: P::of_row(token, self.channels.clamp_max, &row),
                kind: PhantomData,
            };
            sweep_in_blocks::<T, E>(token, row.len, &mut step);
            write.flush(self.output, &row, 1);
        }
    }
}

struct ApplyStep<'a, E, P, R, A, const CLAMPS: bool> {
    x: Source<'a, E>,
    y: Target<'a, E>,
    scale: P,
    inverse: P,
    min: P,
    max: P,
    kind: PhantomData<(R, A)>,
}

impl<'a, T, E, P, R, A, const CLAMPS: bool> Step<T> for ApplyStep<'_, E, P, R, A, CLAMPS>
where
    T: Token,
    E: Element,
    P: PerChannel<'a, T, E::Real>,
    R: Rounding,
    A: Settling,
{
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        let mut x = span.load::<T, E>(token, self.x, at);
        if CLAMPS {
            x = spec::clamp(x, self.min.at(token, at, span), self.max.at(token, at, span));
        }
        let code = spec::quantize::<T, E, R, A>(token, x, self.scale.at(token, at, span));
        let y = spec::dequantize::<T, E, A>(code, self.inverse.at(token, at, span));
        span.store::<T, E>(y, self.y, at);
    }
}

impl<'a, T, E, P, R, A, const CLAMPS: bool> Cut<T> for ApplyStep<'_, E, P, R, A, CLAMPS>
where
    T: Token,
    E: Element,
    P: PerChannel<'a, T, E::Real>,
    R: Rounding,
    A: Settling,
{
    #[inline(always)]
    fn cut(&self, at: usize, len: usize) -> Self {
        ApplyStep {
            x: &self.x[at..at + len],
            y: &self.y[at..at + len],
            scale: self.scale.cut(at, len),
            inverse: self.inverse.cut(at, len),
            min: self.min.cut(at, len),
            max: self.max.cut(at, len),
            kind: PhantomData,
        }
    }
}
