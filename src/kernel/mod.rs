//! The row kernels, once each, generic over element and vector. Every kernel walks the rows of a piece and, within a
//! row, takes steps of a vector:
//!
//! ```text
//! for each row of the piece:
//!     its elements: where they are, or gathered into a stage where they are not neighbours
//!     parameters: one channel's, spread over the lanes, or an array with one for each element
//!     for each whole vector of the row:  step(Whole)     (the bounds of several at once)
//!     for the rest, if any:              step(First(rest))
//! ```

pub(crate) mod apply;
pub(crate) mod codes;
pub(crate) mod grad;
pub(crate) mod parameters;
pub(crate) mod range;

use crate::layout::Row;
use crate::simd::element::{First, Span, Whole};
use crate::simd::{Element, Lanes, Real, Token, Vector};

/// What a kernel does with one vector of a row, written once for whole vectors and for the rest of a row.
trait Step<T: Token> {
    fn step<S: Span>(&mut self, token: T, at: usize, span: S);
}

/// Takes a kernel's steps along a row, one vector at a time.
#[inline(always)]
fn sweep<T: Token, E: Element>(token: T, len: usize, step: &mut impl Step<T>) {
    sweep_from::<T, E>(token, 0, len, step);
}

#[inline(always)]
fn sweep_from<T: Token, E: Element>(token: T, from: usize, len: usize, step: &mut impl Step<T>) {
    let lanes = Lanes::<T, E>::LANES;
    let mut at = from;
    while len - at >= lanes {
        step.step(token, at, Whole);
        at += lanes;
    }
    if at < len {
        step.step(token, at, First(len - at));
    }
}

/// A step that holds nothing but where its row is.
trait Cut<T: Token>: Step<T> {
    /// The same on `len` elements of the row, from `at` on.
    fn cut(&self, at: usize, len: usize) -> Self;
}

/// Vectors between two checks of the bounds.
const BLOCK: usize = 4;

/// Takes a kernel's steps along a row, a block at a time: the bounds are checked for the block, and within it the compiler
/// sees that they hold.
#[inline(always)]
fn sweep_in_blocks<T: Token, E: Element>(token: T, len: usize, step: &mut impl Cut<T>) {
    let lanes = Lanes::<T, E>::LANES;
    let mut at = 0;
    while len - at >= BLOCK * lanes {
        let mut block = step.cut(at, BLOCK * lanes);
        for vector in 0..BLOCK {
            block.step(token, vector * lanes, Whole);
        }
        at += BLOCK * lanes;
    }
    sweep_from::<T, E>(token, at, len, step);
}

/// A quantity of a row's channels.
trait PerChannel<'a, T: Token, C: Real>: Copy {
    /// From the array that holds it for every channel.
    fn of_row<const N: usize>(token: T, channels: &'a [C], row: &Row<N>) -> Self;

    /// Of `len` elements of the row, from `at` on.
    fn cut(self, at: usize, len: usize) -> Self;

    /// For the elements from `at` on.
    fn at<S: Span>(self, token: T, at: usize, span: S) -> C::Vector<T>;
}

/// The same for every element of the row.
#[derive(Clone, Copy)]
struct Same<V>(V);

/// One for each element of the row.
#[derive(Clone, Copy)]
struct Each<'a, C>(&'a [C]);

impl<'a, T: Token, C: Real> PerChannel<'a, T, C> for Same<C::Vector<T>> {
    #[inline(always)]
    fn of_row<const N: usize>(token: T, channels: &'a [C], row: &Row<N>) -> Self {
        Same(Vector::splat(token, channels[row.channel]))
    }

    #[inline(always)]
    fn cut(self, _: usize, _: usize) -> Self {
        self
    }

    #[inline(always)]
    fn at<S: Span>(self, _: T, _: usize, _: S) -> C::Vector<T> {
        self.0
    }
}

impl<'a, T: Token, C: Real> PerChannel<'a, T, C> for Each<'a, C> {
    #[inline(always)]
    fn of_row<const N: usize>(_: T, channels: &'a [C], row: &Row<N>) -> Self {
        Each(&channels[row.channels()])
    }

    #[inline(always)]
    fn cut(self, at: usize, len: usize) -> Self {
        Each(&self.0[at..at + len])
    }

    #[inline(always)]
    fn at<S: Span>(self, token: T, at: usize, span: S) -> C::Vector<T> {
        span.load::<T, C>(token, self.0, at)
    }
}
