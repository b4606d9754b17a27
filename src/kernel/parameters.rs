//! The channels' ranges to their parameters, a vector of channels at a time.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::attrs::{Arithmetic, Attrs, Degenerate};
use crate::channels::Fields;
use crate::simd::memory::{First, Source, Span, Target, Whole};
use crate::simd::{self, Element, Kernel, Lanes, Mask, Part, Token, Vector};
use crate::spec::{self, Grid, InElement, InReal, Settling};

/// Fills in the parameters of every channel from its range.
pub struct Prepare<'a, E: Element> {
    pub(crate) attrs: &'a Attrs,
    pub(crate) channels: Fields<&'a [Cell<E::Real>]>,
}

/// What a preparation found.
#[derive(Clone, Copy)]
pub struct Prepared {
    /// The first channel whose range gives no usable scale.
    pub(crate) degenerate: Option<usize>,
    /// Whether no channel's results can be subnormal.
    pub(crate) is_normal: bool,
}

impl<E: Element> Prepare<'_, E> {
    pub(crate) fn run_where_it_pays(self) -> Prepared {
        if self.channels.scale.len() == 1 { simd::run_on_one_lane(self) } else { E::prepare(self) }
    }
}

impl<E: Element> Kernel for Prepare<'_, E> {
    type Output = Prepared;

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Prepared {
        if E::IS_NARROW && self.attrs.arithmetic == Arithmetic::Native {
            self.every::<T, InElement>(token)
        } else {
            self.every::<T, InReal>(token)
        }
    }
}

/// A preparation with its token.
pub(super) struct PrepareWith<'a, T, E: Element>(pub(super) T, pub(super) Prepare<'a, E>);

impl<T: Token, E: Element> Part for PrepareWith<'_, T, E> {
    type Output = Prepared;

    #[inline(always)]
    fn run(self) -> Prepared {
        let PrepareWith(token, prepare) = self;
        prepare.run(token)
    }
}

impl<E: Element> Prepare<'_, E> {
    #[inline(always)]
    fn every<T: Token, A: Settling>(self, token: T) -> Prepared {
        let len = self.channels.range_min.len();
        let mut step = PrepareStep::<E, A> {
            attrs: self.attrs,
            channels: self.channels,
            grid: Grid::new(self.attrs),
            arithmetic: PhantomData,
            found: Prepared { degenerate: None, is_normal: true },
        };
        let lanes = Lanes::<T, E>::LANES;
        let whole = len / lanes * lanes;
        for at in (0..whole).step_by(lanes) {
            step.step(token, at, Whole);
        }
        if whole < len {
            step.step(token, whole, First(len - whole));
        }
        step.found
    }
}

struct PrepareStep<'a, E: Element, A> {
    attrs: &'a Attrs,
    channels: Fields<&'a [Cell<E::Real>]>,
    grid: Grid<E>,
    arithmetic: PhantomData<A>,
    found: Prepared,
}

impl<E: Element, A: Settling> PrepareStep<'_, E, A> {
    #[inline(always)]
    fn step<T: Token, S: Span>(&mut self, token: T, at: usize, span: S) {
        let channels = &self.channels;
        let mut min: Lanes<T, E> = Source::of(channels.range_min).load_as(token, 0, at, span);
        let mut max: Lanes<T, E> = Source::of(channels.range_max).load_as(token, 0, at, span);
        let mut of = if self.attrs.range_given {
            spec::parameters::<T, E, A>(token, &self.grid, min, max)
        } else {
            spec::parameters_of_gathered::<T, E, A>(token, &self.grid, &mut min, &mut max)
        };
        let covered = u32::MAX >> (u32::BITS - span.covered(Lanes::<T, E>::LANES) as u32);
        let degenerate = !of.usable.bits() & covered;
        if degenerate != 0 && self.found.degenerate.is_none() {
            self.found.degenerate = Some(at + degenerate.trailing_zeros() as usize);
        }
        if self.attrs.degenerate == Degenerate::Zero {
            of = spec::zero_where_unusable::<T, E>(token, of, self.attrs.range_given);
        }
        let normal = spec::has_normal_products::<T, E>(token, of.inverse).bits() & covered;
        self.found.is_normal &= normal == covered;
        for (lanes, field) in [
            (min, channels.range_min),
            (max, channels.range_max),
            (of.scale, channels.scale),
            (of.inverse, channels.inverse),
            (of.lo, channels.clamp_min),
            (of.hi, channels.clamp_max),
        ] {
            Target::of(field).store_as(lanes, 0, at, span);
        }
    }
}
