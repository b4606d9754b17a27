//! Range, parameters and elements of a channel in turn, while the channel is in the nearest caches: one trip through memory
//! instead of two. For channels whose elements are neighbours.
//!
//! ```text
//! for each group of channels:         as many as fit the nearest cache, one at least
//!     the range of each
//!     the parameters of all at once   (a division for each alone would take as long as some hundred elements)
//!     every element
//! ```

use std::cell::Cell;

use super::apply::{How, QuantizeAndDequantize, Variant};
use super::for_each_matrix;
use super::operands::{Elements, NormalElements, Operands};
use super::parameters::{Prepare, PrepareWith};
use super::range::{RangeOf, Ranges, RangesOf, rows_at_once};
use super::sweep::{Mode, Sweep};
use crate::attrs::{Attrs, Degenerate};
use crate::channels::{FIELDS, Fields};
use crate::exec::{Input, Output};
use crate::layout::{ChannelsOfRows, ONE_CHANNEL, Piece, Run};
use crate::simd::memory::Source;
use crate::simd::{Element, Kernel, Token};
use crate::spec::{Rounding, Settling};

/// Writes the elements of a piece's channels, each of which is one run.
pub struct Fused<'a, E: Element> {
    /// Of input and output.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) output: &'a Output<'a, E>,
    pub(crate) attrs: &'a Attrs,
    pub(crate) how: How,
}

/// The most channels of a group.
const GROUP: usize = 32;

/// A group of so many bytes stays in the nearest cache.
const NEAREST: usize = 16 << 10;

impl<E: Element> Kernel for Fused<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        self.how.choose::<T, E, _>(Groups(token, self));
    }
}

struct Groups<'a, T, E: Element>(T, Fused<'a, E>);

impl<T: Token, E: Element> Variant for Groups<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<R: Rounding, A: Settling, M: Mode>(self, mode: M) {
        let Groups(token, work) = self;
        for_each_matrix(&work.piece, size_of::<E>(), |matrix| {
            let (x, y) = (work.input.rows(&matrix.place(0)), work.output.rows(&matrix.place(1)));
            let all = Operands::<E, Elements, Elements, 1>::new([x], y);
            let run = matrix.channels().first;
            if run.inner == ONE_CHANNEL {
                let rows = group_of::<T, E>(x.len());
                for top in (0..x.rows()).step_by(rows) {
                    let bottom = x.rows().min(top + rows);
                    let group = Group { x: x.cut(top..bottom, 0, x.len()), inner: ONE_CHANNEL };
                    group.write::<T, R, A, M>(token, work.attrs, all.cut(top..bottom, 0, x.len()), mode);
                }
            } else {
                let len = group_of::<T, E>(run.inner) * run.inner;
                for at in (0..x.len()).step_by(len) {
                    let len = len.min(x.len() - at);
                    let group = Group { x: x.cut(0..1, at, len), inner: run.inner };
                    group.write::<T, R, A, M>(token, work.attrs, all.cut(0..1, at, len), mode);
                }
            }
        });
        if M::IS_FAR {
            token.finish_streaming();
        }
    }
}

/// How many channels of `len` elements are a group.
fn group_of<T: Token, E: Element>(len: usize) -> usize {
    let at_once = rows_at_once::<T, E>();
    match (NEAREST / (len * size_of::<E>())).clamp(1, GROUP) {
        most if most > at_once => most / at_once * at_once,
        most => most,
    }
}

/// A few channels: each a row, or `inner` elements of the only row.
struct Group<'a, E> {
    x: Source<'a, E>,
    inner: usize,
}

impl<E: Element> Group<'_, E> {
    #[inline(always)]
    fn write<T: Token, R: Rounding, A: Settling, M: Mode>(
        &self,
        token: T,
        attrs: &Attrs,
        all: Operands<'_, E, Elements, Elements, 1>,
        mode: M,
    ) {
        let memory = [const { Cell::new(E::Real::ZERO) }; FIELDS * GROUP];
        let channels = if self.inner == ONE_CHANNEL { self.x.rows() } else { self.x.len() / self.inner };
        let fields = Fields::split(&memory, 0, GROUP, channels);
        self.ranges(token, Ranges { min: fields.range_min, max: fields.range_max });
        let prepare = Prepare::<E> { attrs, channels: fields };
        let prepared = token.call(PrepareWith(token, prepare));
        let parameters = Source::of(&memory[2 * GROUP..]).fold(GROUP);
        let compute = QuantizeAndDequantize::<R, A>::new();
        // The next group's, for its range.
        let ahead = self.x.rows() * self.x.len();
        let channels = ChannelsOfRows { first: Run { channel: 0, phase: 0, inner: self.inner }, step: 1 };
        let sweep = Sweep::<_, E, _, _, 2> { token, compute, parameters, mode, ahead };
        if prepared.degenerate.is_some() && attrs.degenerate == Degenerate::Zero {
            Sweep::<_, E, _, _, 4> { token, compute, parameters, mode, ahead }.matrix(all, channels);
        } else if E::IS_LONG_TO_CONVERT && !A::IS_NATIVE && prepared.is_normal {
            sweep.matrix(all.held::<NormalElements>(), channels);
        } else {
            sweep.matrix(all, channels);
        }
    }

    #[inline(always)]
    fn ranges<T: Token>(&self, token: T, ranges: Ranges<'_, E::Real>) {
        let x = if self.inner == ONE_CHANNEL { self.x } else { self.x.fold(self.inner) };
        let at_once = rows_at_once::<T, E>();
        let mut done = 0;
        while x.rows() - done >= at_once {
            let x = x.cut(done..done + at_once, 0, x.len());
            token.call(RangesOf { token, x, ranges: ranges.from(done) });
            done += at_once;
        }
        for channel in done..x.rows() {
            let x = x.cut(channel..channel + 1, 0, x.len());
            let [least, greatest] = token.call(RangeOf { token, x, is_backwards: false });
            ranges.min[channel].set(least);
            ranges.max[channel].set(greatest);
        }
    }
}
