//! The matrices that a kernel reads, and the one that it writes, all of one shape.

use std::marker::PhantomData;
use std::ops::Range;

use super::sweep::Mode;
use crate::simd::memory::{Source, Span, Target};
use crate::simd::{Element, Lanes, Token, splat};

/// How numbers are held in memory that a kernel computes as those of elements E.
pub(super) trait Held<E: Element> {
    type As: Element;

    fn load<T: Token, S: Span>(from: &Source<'_, Self::As>, token: T, row: usize, at: usize, span: S) -> Lanes<T, E>;
    fn store<T: Token, S: Span>(to: &Target<'_, Self::As>, lanes: Lanes<T, E>, row: usize, at: usize, span: S);
    fn stream<T: Token>(to: &Target<'_, Self::As>, lanes: Lanes<T, E>, row: usize, at: usize);
}

/// As elements.
pub(super) struct Elements;

/// As elements none of which is subnormal, to write.
pub(super) struct NormalElements;

/// As numbers of C.
pub(super) struct Numbers;

impl<E: Element> Held<E> for Elements {
    type As = E;

    #[inline(always)]
    fn load<T: Token, S: Span>(from: &Source<'_, E>, token: T, row: usize, at: usize, span: S) -> Lanes<T, E> {
        from.load(token, row, at, span)
    }

    #[inline(always)]
    fn store<T: Token, S: Span>(to: &Target<'_, E>, lanes: Lanes<T, E>, row: usize, at: usize, span: S) {
        to.store::<T, S>(lanes, row, at, span);
    }

    #[inline(always)]
    fn stream<T: Token>(to: &Target<'_, E>, lanes: Lanes<T, E>, row: usize, at: usize) {
        to.stream::<T>(lanes, row, at);
    }
}

impl<E: Element> Held<E> for NormalElements {
    type As = E;

    #[inline(always)]
    fn load<T: Token, S: Span>(from: &Source<'_, E>, token: T, row: usize, at: usize, span: S) -> Lanes<T, E> {
        from.load(token, row, at, span)
    }

    #[inline(always)]
    fn store<T: Token, S: Span>(to: &Target<'_, E>, lanes: Lanes<T, E>, row: usize, at: usize, span: S) {
        if S::IS_WHOLE {
            to.store_normal::<T>(lanes, row, at);
        } else {
            to.store::<T, S>(lanes, row, at, span);
        }
    }

    #[inline(always)]
    fn stream<T: Token>(to: &Target<'_, E>, lanes: Lanes<T, E>, row: usize, at: usize) {
        to.stream_normal::<T>(lanes, row, at);
    }
}

impl<E: Element> Held<E> for Numbers {
    type As = E::Real;

    #[inline(always)]
    fn load<T: Token, S: Span>(from: &Source<'_, E::Real>, token: T, row: usize, at: usize, span: S) -> Lanes<T, E> {
        from.load_as(token, row, at, span)
    }

    #[inline(always)]
    fn store<T: Token, S: Span>(to: &Target<'_, E::Real>, lanes: Lanes<T, E>, row: usize, at: usize, span: S) {
        to.store_as(lanes, row, at, span);
    }

    /// Numbers are held in the nearest cache.
    #[inline(always)]
    fn stream<T: Token>(to: &Target<'_, E::Real>, lanes: Lanes<T, E>, row: usize, at: usize) {
        to.store_as(lanes, row, at, crate::simd::memory::Whole);
    }
}

// Arrays are walked by loops here and in sweep.rs: what std's functions on arrays call is not always inlined, and out of line
// it is not compiled for the instruction set.

/// N matrices to read, held as R, and one to write, held as W.
pub(super) struct Operands<'a, E: Element, R: Held<E>, W: Held<E>, const N: usize> {
    sources: [Source<'a, R::As>; N],
    target: Target<'a, W::As>,
    held: PhantomData<(E, R, W)>,
}

impl<E: Element, R: Held<E>, W: Held<E>, const N: usize> Clone for Operands<'_, E, R, W, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Element, R: Held<E>, W: Held<E>, const N: usize> Copy for Operands<'_, E, R, W, N> {}

impl<'a, E: Element, R: Held<E>, W: Held<E>, const N: usize> Operands<'a, E, R, W, N> {
    #[inline(always)]
    pub(super) fn new(sources: [Source<'a, R::As>; N], target: Target<'a, W::As>) -> Self {
        Operands { sources, target, held: PhantomData }
    }

    /// The same with the results held in another way.
    #[inline(always)]
    pub(super) fn held<V: Held<E, As = W::As>>(self) -> Operands<'a, E, R, V, N> {
        Operands { sources: self.sources, target: self.target, held: PhantomData }
    }

    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        self.target.rows()
    }

    /// Elements in a row.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.target.len()
    }

    /// Some rows, from element `at` on.
    #[inline(always)]
    pub(super) fn cut(self, rows: Range<usize>, at: usize, len: usize) -> Self {
        let mut cut = self;
        for source in &mut cut.sources {
            *source = source.cut(rows.clone(), at, len);
        }
        cut.target = cut.target.cut(rows, at, len);
        cut
    }

    /// Rows of `len` elements each, as many as the only row has room for.
    #[inline(always)]
    pub(super) fn fold(self, len: usize) -> Self {
        let mut folded = self;
        for source in &mut folded.sources {
            *source = source.fold(len);
        }
        folded.target = folded.target.fold(len);
        folded
    }

    /// All rows as one, where they follow each other in every matrix.
    #[inline(always)]
    pub(super) fn unfold(self) -> Option<Self> {
        let mut unfolded = self;
        for source in &mut unfolded.sources {
            if !source.is_unfoldable() {
                return None;
            }
            *source = source.unfold();
        }
        if !self.target.is_unfoldable() {
            return None;
        }
        unfolded.target = self.target.unfold();
        Some(unfolded)
    }

    /// How many elements there are to the first that a streaming store can begin with.
    #[inline(always)]
    pub(super) fn head<T: Token>(&self) -> usize {
        self.target.head::<T>()
    }

    /// Whether there are none, in any row.
    #[inline(always)]
    pub(super) fn is_aligned<T: Token>(&self) -> bool {
        self.target.is_aligned::<T>()
    }

    /// Asks for the memory to read of an element, which may be none of the rows'.
    #[inline(always)]
    pub(super) fn prefetch<T: Token>(&self, token: T, row: usize, at: usize) {
        for source in &self.sources {
            source.prefetch(token, row, at);
        }
    }

    /// Asks for the memory to write of an element, likewise.
    #[inline(always)]
    pub(super) fn prefetch_target<T: Token>(&self, token: T, row: usize, at: usize) {
        self.target.prefetch(token, row, at);
    }

    #[inline(always)]
    pub(super) fn load<T: Token, S: Span>(&self, token: T, row: usize, at: usize, span: S) -> [Lanes<T, E>; N] {
        let mut lanes = [splat::<T, E>(token, E::Real::ZERO); N];
        for (lanes, source) in lanes.iter_mut().zip(&self.sources) {
            *lanes = R::load(source, token, row, at, span);
        }
        lanes
    }

    /// Past the caches where the mode says so and the span is whole.
    #[inline(always)]
    pub(super) fn store<T: Token, S: Span, M: Mode>(&self, lanes: Lanes<T, E>, row: usize, at: usize, span: S, _: M) {
        if M::IS_FAR && S::IS_WHOLE {
            W::stream::<T>(&self.target, lanes, row, at);
        } else {
            W::store::<T, S>(&self.target, lanes, row, at, span);
        }
    }
}
