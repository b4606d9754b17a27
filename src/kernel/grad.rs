//! The gradient by the input: that of the output where the element is inside its channel's range.

use super::{Cut, Each, PerChannel, Same, Step, sweep_in_blocks};
use crate::exec::{Input, Output, Stage};
use crate::layout::{Counters, Piece};
use crate::simd::element::{Source, Span, Target};
use crate::simd::{Element, Kernel, Token};
use crate::spec;

/// Writes the gradients of a piece's elements.
pub(crate) struct Gradient<'a, E: Element> {
    /// Of gradients, input and backprop.
    pub(crate) piece: Piece<'a, 3>,
    pub(crate) gradients: &'a Input<'a, E>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) backprop: &'a Output<'a, E>,
    pub(crate) min: &'a [E::Real],
    pub(crate) max: &'a [E::Real],
}

impl<E: Element> Kernel for Gradient<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        if self.piece.has_channel_per_element() {
            self.rows::<T, Each<'_, _>>(token);
        } else {
            self.rows::<T, Same<_>>(token);
        }
    }
}

impl<E: Element> Gradient<'_, E> {
    #[inline(always)]
    fn rows<'a, T: Token, P: PerChannel<'a, T, E::Real>>(&'a self, token: T) {
        let (read_gradients, read, write) = (Stage::new(), Stage::new(), Stage::new());
        for row in self.piece.rows(&mut Counters::new()) {
            let mut step = GradientStep::<E, P> {
                gradients: read_gradients.read(self.gradients, &row, 0),
                x: read.read(self.input, &row, 1),
                backprop: write.open(self.backprop, &row, 2),
                min: P::of_row(token, self.min, &row),
                max: P::of_row(token, self.max, &row),
            };
            sweep_in_blocks::<T, E>(token, row.len, &mut step);
            write.flush(self.backprop, &row, 2);
        }
    }
}

struct GradientStep<'a, E, P> {
    gradients: Source<'a, E>,
    x: Source<'a, E>,
    backprop: Target<'a, E>,
    min: P,
    max: P,
}

impl<'a, T: Token, E: Element, P: PerChannel<'a, T, E::Real>> Step<T> for GradientStep<'_, E, P> {
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        let gradient = span.load::<T, E>(token, self.gradients, at);
        let x = span.load::<T, E>(token, self.x, at);
        let (min, max) = (self.min.at(token, at, span), self.max.at(token, at, span));
        span.store::<T, E>(spec::gradient::<T, E>(token, gradient, x, min, max), self.backprop, at);
    }
}

impl<'a, T: Token, E: Element, P: PerChannel<'a, T, E::Real>> Cut<T> for GradientStep<'_, E, P> {
    #[inline(always)]
    fn cut(&self, at: usize, len: usize) -> Self {
        GradientStep {
            gradients: &self.gradients[at..at + len],
            x: &self.x[at..at + len],
            backprop: &self.backprop[at..at + len],
            min: self.min.cut(at, len),
            max: self.max.cut(at, len),
        }
    }
}
