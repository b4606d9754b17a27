//! The range of each channel: the least and the greatest element, NaN left out.
//!
//! ```text
//! runs:     neighbours share a channel: a vector of minima and one of maxima, over whole runs, then over their lanes
//! columns:  a minimum and a maximum for each column, over the rows: a few rows at a time, so that they are loaded and
//!           stored once for several vectors. Columns are channels, where each has its own; else they are held aside, and
//!           the channels' ranges are widened by those of their columns in the end
//! ```
//!
//! A NaN is neither less nor greater, so the range stays. A tensor with one range is read backwards: what comes after begins at
//! its front, which then is in the caches.

use std::cell::Cell;

use super::for_each_matrix;
use super::sweep::{AHEAD, Ahead};
use crate::exec::{Input, Stage};
use crate::layout::{Piece, Run};
use crate::simd::fold::{self, fold_lanes};
use crate::simd::memory::{First, Source, Span, Target, Whole};
use crate::simd::{Element, Kernel, Lanes, Part, Real, Token, Vector};

/// Widens the channels' ranges by a piece's elements.
pub struct Widen<'a, E: Element> {
    /// Its first operand is the input.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) ranges: Ranges<'a, E::Real>,
    /// Whether the input is beyond the caches.
    pub(crate) is_far: bool,
}

/// A least and a greatest number for each channel.
#[derive(Clone, Copy)]
pub(crate) struct Ranges<'a, C> {
    pub(crate) min: &'a [Cell<C>],
    pub(crate) max: &'a [Cell<C>],
}

impl<E: Element> Kernel for Widen<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        match self.piece.only_row() {
            Some([x, _]) => {
                let (x, is_backwards) = (self.input.rows(&x), self.is_far);
                self.ranges.widen(0, token.call(RangeOf { token, x, is_backwards }));
            }
            None => token.call(Walk(token, self)),
        }
    }
}

/// A piece in matrices. Apart, because its stage is large.
struct Walk<'a, T, E: Element>(T, Widen<'a, E>);

impl<T: Token, E: Element> Part for Walk<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Walk(token, Widen { piece, input, ranges, .. }) = self;
        let read = Stage::new();
        for_each_matrix(&piece, size_of::<E>(), |matrix| {
            let x = read.read(input, matrix, 0);
            let channels = matrix.channels();
            if channels.first.inner < Lanes::<T, E>::LANES {
                return widen_by_columns(token, x, channels.first, ranges);
            }
            for row in 0..x.rows() {
                let (x, run) = (x.cut(row..row + 1, 0, x.len()), channels.of(row));
                WidenRuns { token, x, run, ranges }.run();
            }
        });
    }
}

impl<'a, C: Real> Ranges<'a, C> {
    #[inline(always)]
    pub(crate) fn widen(&self, channel: usize, [min, max]: [C; 2]) {
        self.min[channel].set(lesser(min, self.min[channel].get()));
        self.max[channel].set(greater(max, self.max[channel].get()));
    }

    pub(super) fn from(self, channel: usize) -> Self {
        Ranges { min: &self.min[channel..], max: &self.max[channel..] }
    }
}

/// A row in which neighbours share a channel.
struct WidenRuns<'a, T, E: Element> {
    token: T,
    x: Source<'a, E>,
    run: Run,
    ranges: Ranges<'a, E::Real>,
}

impl<T: Token, E: Element> WidenRuns<'_, T, E> {
    #[inline(always)]
    fn run(self) {
        let WidenRuns { token, x, run, ranges } = self;
        let mut channel = run.channel;
        let mut at = 0;
        let mut end = run.inner - run.phase;
        while at < x.len() {
            let stop = end.min(x.len());
            let x = x.cut(0..1, at, stop - at);
            ranges.widen(channel, token.call(RangeOf { token, x, is_backwards: false }));
            at = stop;
            end = end.saturating_add(run.inner);
            channel += 1;
        }
    }
}

/// Ranges side by side: one alone would wait for each of its own results.
const PARTIAL: usize = 4;

/// The range of a row of one channel.
pub(super) struct RangeOf<'a, T, E> {
    pub(super) token: T,
    pub(super) x: Source<'a, E>,
    pub(super) is_backwards: bool,
}

impl<T: Token, E: Element> Part for RangeOf<'_, T, E> {
    type Output = [E::Real; 2];

    #[inline(always)]
    fn run(self) -> [E::Real; 2] {
        let RangeOf { token, x, is_backwards } = self;
        let all = Widest::of_row::<E>(token, x, is_backwards);
        [all.min.least(), all.max.greatest()]
    }
}

/// The ranges of short rows, one channel each: as many as a register has lanes.
pub(super) struct RangesOf<'a, T, E: Element> {
    pub(super) token: T,
    pub(super) x: Source<'a, E>,
    pub(super) ranges: Ranges<'a, E::Real>,
}

/// How many rows [`RangesOf`] takes.
pub(super) const fn rows_at_once<T: Token, E: Element>() -> usize {
    SingleOf::<T, E>::LANES
}

type SingleOf<T, E> = <Lanes<T, E> as Vector>::Single;

impl<T: Token, E: Element> Part for RangesOf<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let RangesOf { token, x, ranges } = self;
        let mut min = [SingleOf::<T, E>::splat(token, E::Real::INFINITY); fold::MOST];
        let mut max = [SingleOf::<T, E>::splat(token, E::Real::NEG_INFINITY); fold::MOST];
        for row in 0..rows_at_once::<T, E>() {
            let all = Widest::of_row::<E>(token, x.cut(row..row + 1, 0, x.len()), false);
            min[row] = all.min.fold(Vector::min);
            max[row] = all.max.fold(Vector::max);
        }
        Target::of(ranges.min).store_as(fold_lanes(min, Vector::min), 0, 0, Whole);
        Target::of(ranges.max).store_as(fold_lanes(max, Vector::max), 0, 0, Whole);
    }
}

/// A vector of ranges, none of which holds NaN.
#[derive(Clone, Copy)]
struct Widest<V> {
    min: V,
    max: V,
}

impl<V: Vector> Widest<V> {
    #[inline(always)]
    fn new(token: V::Token) -> Self {
        let (min, max) = (V::Lane::INFINITY, V::Lane::NEG_INFINITY);
        Widest { min: V::splat(token, min), max: V::splat(token, max) }
    }

    /// Of every element of a row.
    #[inline(always)]
    fn of_row<E>(token: V::Token, x: Source<'_, E>, is_backwards: bool) -> Self
    where
        E: Element<Real = V::Lane, Vector<V::Token> = V>,
    {
        let (lanes, len) = (V::LANES, x.len());
        let mut partial = [Self::new(token); PARTIAL];
        let whole = len / lanes * lanes;
        let blocks = len / (PARTIAL * lanes);
        for block in 0..blocks {
            let block = if is_backwards { blocks - 1 - block } else { block };
            let block = x.cut(0..1, block * PARTIAL * lanes, PARTIAL * lanes);
            for (index, partial) in partial.iter_mut().enumerate() {
                partial.widen(block.load_in_any_order(token, 0, index * lanes));
            }
        }
        for at in (blocks * PARTIAL * lanes..whole).step_by(lanes) {
            partial[1].widen(x.load(token, 0, at, Whole));
        }
        if whole < len {
            partial[0].widen(x.load(token, 0, whole, First(len - whole)));
        }
        let [a, b, c, d] = partial;
        a.with(b).with(c.with(d))
    }

    #[inline(always)]
    fn widen(&mut self, x: V) {
        self.min = x.min(self.min);
        self.max = x.max(self.max);
    }

    #[inline(always)]
    fn with(self, other: Self) -> Self {
        Widest { min: other.min.min(self.min), max: other.max.max(self.max) }
    }
}

/// Columns that are held aside.
const ASIDE: usize = 1024;

/// Rows in which neighbours are of different channels, as in the rows below.
#[inline(always)]
fn widen_by_columns<T: Token, E: Element>(token: T, x: Source<'_, E>, run: Run, ranges: Ranges<'_, E::Real>) {
    let lanes = Lanes::<T, E>::LANES;
    let aside = Aside { first: run.channel * run.inner + run.phase, inner: run.inner, period: x.len(), ranges };
    if x.rows() > 1 && x.is_unfoldable() && !(run.inner == 1 && x.len().is_multiple_of(lanes)) {
        // Rows of whole vectors, of which the rows of channels are parts.
        let len = x.len() * lanes;
        if len <= ASIDE {
            let one = x.unfold();
            let done = one.len() / len * len;
            if done > 0 {
                aside.widen::<T, E>(token, one.cut(0..1, 0, done).fold(len));
            }
            return aside.widen::<T, E>(token, one.cut(0..1, done, one.len() - done));
        }
    }
    if run.inner == 1 {
        return token.call(WidenColumns { token, x, ranges: ranges.from(run.channel) });
    }
    for top in (0..x.rows()).step_by(ROWS) {
        for left in (0..x.len()).step_by(ASIDE) {
            let (rows, len) = (ROWS.min(x.rows() - top), ASIDE.min(x.len() - left));
            let aside = Aside { first: aside.first + left, period: usize::MAX, ..aside };
            aside.widen::<T, E>(token, x.cut(top..top + rows, left, len));
        }
    }
}

/// Columns whose ranges are held aside. Column i is of channel `(first + i % period) / inner`.
#[derive(Clone, Copy)]
struct Aside<'a, C> {
    first: usize,
    inner: usize,
    period: usize,
    ranges: Ranges<'a, C>,
}

impl<C: Real> Aside<'_, C> {
    /// Of at most [`ASIDE`] columns.
    #[inline(always)]
    fn widen<T: Token, E: Element<Real = C>>(&self, token: T, x: Source<'_, E>) {
        let min = [const { Cell::new(C::INFINITY) }; ASIDE];
        let max = [const { Cell::new(C::NEG_INFINITY) }; ASIDE];
        let aside = Ranges { min: &min[..x.len()], max: &max[..x.len()] };
        token.call(WidenColumns { token, x, ranges: aside });
        let first = Run { channel: self.first / self.inner, phase: self.first % self.inner, inner: self.inner };
        let mut run = first;
        for (column, (min, max)) in min.iter().zip(&max).take(x.len()).enumerate() {
            if column.is_multiple_of(self.period) {
                run = first;
            }
            self.ranges.widen(run.channel, [min.get(), max.get()]);
            run = run.after(1);
        }
    }
}

/// Rows that widen ranges at once: as many as the nearest cache holds, so many at least.
const ROWS: usize = 8;
const NEAREST: usize = 16 << 10;

/// Vectors of columns whose ranges are held in registers.
const WIDTH: usize = 4;

/// Widens a range for each column.
struct WidenColumns<'a, T, E: Element> {
    token: T,
    x: Source<'a, E>,
    ranges: Ranges<'a, E::Real>,
}

impl<T: Token, E: Element> Part for WidenColumns<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let x = self.x;
        let rows = (NEAREST / (x.len() * size_of::<E>()).max(1)).max(ROWS);
        for top in (0..x.rows()).step_by(rows) {
            self.band(x.cut(top..x.rows().min(top + rows), 0, x.len()));
        }
    }
}

impl<T: Token, E: Element> WidenColumns<'_, T, E> {
    #[inline(always)]
    fn band(&self, x: Source<'_, E>) {
        let (lanes, len) = (Lanes::<T, E>::LANES, x.len());
        let mut ahead = Ahead::new(x.rows(), len, lanes, AHEAD / size_of::<E>());
        let mut at = 0;
        while len - at >= WIDTH * lanes {
            self.tile::<WIDTH, _>(x, at, Whole, &mut ahead);
            at += WIDTH * lanes;
        }
        while len - at >= lanes {
            self.tile::<1, _>(x, at, Whole, &mut ahead);
            at += lanes;
        }
        if at < len {
            self.tile::<1, _>(x, at, First(len - at), &mut ahead);
        }
    }

    /// Widens the ranges of W vectors of columns by all rows.
    #[inline(always)]
    fn tile<const W: usize, S: Span>(&self, x: Source<'_, E>, at: usize, span: S, ahead: &mut Ahead) {
        let (token, lanes) = (self.token, Lanes::<T, E>::LANES);
        let (min, max) = (Source::of(self.ranges.min), Source::of(self.ranges.max));
        let mut widest = [Widest::<Lanes<T, E>>::new(token); W];
        for (vector, widest) in widest.iter_mut().enumerate() {
            widest.min = min.load_as(token, 0, at + vector * lanes, span);
            widest.max = max.load_as(token, 0, at + vector * lanes, span);
        }
        let tile = x.cut(0..x.rows(), at, (W - 1) * lanes + span.covered(lanes));
        for row in 0..tile.rows() {
            for (vector, widest) in widest.iter_mut().enumerate() {
                ahead.next(|row, at| x.prefetch(token, row, at));
                widest.widen(tile.load(token, row, vector * lanes, span));
            }
        }
        for (vector, widest) in widest.iter().enumerate() {
            Target::of(self.ranges.min).store_as(widest.min, 0, at + vector * lanes, span);
            Target::of(self.ranges.max).store_as(widest.max, 0, at + vector * lanes, span);
        }
    }
}

#[inline(always)]
pub(crate) fn lesser<C: Real>(a: C, b: C) -> C {
    if a < b { a } else { b }
}

#[inline(always)]
pub(crate) fn greater<C: Real>(a: C, b: C) -> C {
    if a > b { a } else { b }
}
