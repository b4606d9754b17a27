//! The range of each channel: the least and the greatest element, NaN left out.

use std::cell::Cell;

use super::{Cut, Step, sweep_from, sweep_in_blocks};
use crate::exec::{Input, Stage};
use crate::layout::{Counters, Piece};
use crate::simd::element::{Source, Span, Whole, to_array};
use crate::simd::{Element, Kernel, Lanes, Real, Token, Vector};

/// Widens the channels' ranges by a piece's elements.
pub(crate) struct Widen<'a, E: Element, const N: usize> {
    /// Its first operand is the input.
    pub(crate) piece: Piece<'a, N>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) min: &'a [Cell<E::Real>],
    pub(crate) max: &'a [Cell<E::Real>],
}

impl<E: Element, const N: usize> Kernel for Widen<'_, E, N> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let read = Stage::new();
        for row in self.piece.rows(&mut Counters::new()) {
            let x = read.read(self.input, &row, 0);
            if self.piece.has_channel_per_element() {
                let (min, max) = (&self.min[row.channels()], &self.max[row.channels()]);
                sweep_in_blocks::<T, E>(token, row.len, &mut WidenEach { x, min, max });
            } else {
                let (min, max) = row_range::<T, E>(token, x);
                let (min_cell, max_cell) = (&self.min[row.channel], &self.max[row.channel]);
                min_cell.set(lesser(min, min_cell.get()));
                max_cell.set(greater(max, max_cell.get()));
            }
        }
    }
}

/// A row in which each element has a channel of its own.
struct WidenEach<'a, E: Element> {
    x: Source<'a, E>,
    min: &'a [Cell<E::Real>],
    max: &'a [Cell<E::Real>],
}

impl<T: Token, E: Element> Step<T> for WidenEach<'_, E> {
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        let x = span.load::<T, E>(token, self.x, at);
        // A NaN of x is neither less nor greater: the range stays.
        let min = x.min(span.load::<T, E::Real>(token, self.min, at));
        let max = x.max(span.load::<T, E::Real>(token, self.max, at));
        span.store::<T, E::Real>(min, self.min, at);
        span.store::<T, E::Real>(max, self.max, at);
    }
}

impl<T: Token, E: Element> Cut<T> for WidenEach<'_, E> {
    #[inline(always)]
    fn cut(&self, at: usize, len: usize) -> Self {
        WidenEach { x: &self.x[at..at + len], min: &self.min[at..at + len], max: &self.max[at..at + len] }
    }
}

/// Partial ranges side by side: one alone would wait for each of its own results.
const PARTIAL: usize = 4;

/// The range of a row of one channel.
#[derive(Clone, Copy)]
struct WidenOne<'a, T: Token, E: Element> {
    x: Source<'a, E>,
    min: Lanes<T, E>,
    max: Lanes<T, E>,
}

impl<T: Token, E: Element> WidenOne<'_, T, E> {
    #[inline(always)]
    fn widen(&mut self, min: Lanes<T, E>, max: Lanes<T, E>) {
        self.min = min.min(self.min);
        self.max = max.max(self.max);
    }
}

impl<T: Token, E: Element> Step<T> for WidenOne<'_, T, E> {
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        // A NaN of x is neither less nor greater: the range stays.
        let x = span.load::<T, E>(token, self.x, at);
        self.widen(x, x);
    }
}

#[inline(always)]
fn row_range<T: Token, E: Element>(token: T, x: Source<'_, E>) -> (E::Real, E::Real) {
    let lanes = Lanes::<T, E>::LANES;
    let min = Vector::splat(token, E::Real::INFINITY);
    let max = Vector::splat(token, E::Real::NEG_INFINITY);
    let mut partial = [WidenOne::<T, E> { x, min, max }; PARTIAL];
    let mut at = 0;
    while x.len() - at >= PARTIAL * lanes {
        let block = &x[at..at + PARTIAL * lanes];
        for (index, partial) in partial.iter_mut().enumerate() {
            let x = Whole.load::<T, E>(token, block, index * lanes);
            partial.widen(x, x);
        }
        at += PARTIAL * lanes;
    }
    let [mut range, others @ ..] = partial;
    for other in others {
        range.widen(other.min, other.max);
    }
    sweep_from::<T, E>(token, at, x.len(), &mut range);
    let min = to_array(range.min, E::Real::INFINITY).into_iter().fold(E::Real::INFINITY, lesser);
    let max = to_array(range.max, E::Real::NEG_INFINITY).into_iter().fold(E::Real::NEG_INFINITY, greater);
    (min, max)
}

#[inline(always)]
pub(crate) fn lesser<C: Real>(a: C, b: C) -> C {
    if a < b { a } else { b }
}

#[inline(always)]
pub(crate) fn greater<C: Real>(a: C, b: C) -> C {
    if a > b { a } else { b }
}
