//! The channels' ranges to their parameters, a vector of channels at a time.

use std::cell::Cell;
use std::marker::PhantomData;

use super::{Step, sweep};
use crate::attrs::{Arithmetic, Attrs, Degenerate};
use crate::channels::Fields;
use crate::simd::element::Span;
use crate::simd::{self, Element, Kernel, Lanes, Mask, Token, Vector};
use crate::spec::{self, Grid, InElement, InReal, Settling};

/// Fills in the parameters of every channel from its range.
pub(crate) struct Prepare<'a, E: Element> {
    pub(crate) attrs: &'a Attrs,
    pub(crate) channels: Fields<&'a [Cell<E::Real>]>,
}

/// What a preparation found.
#[derive(Clone, Copy, Default)]
pub(crate) struct Prepared {
    /// The first channel whose range gives no usable scale.
    pub(crate) degenerate: Option<usize>,
}

impl<E: Element> Prepare<'_, E> {
    pub(crate) fn run_where_it_pays(self) -> Prepared {
        if self.channels.scale.len() == 1 { simd::run_on_one_lane(self) } else { simd::run(self) }
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

impl<E: Element> Prepare<'_, E> {
    #[inline(always)]
    fn every<T: Token, A: Settling>(self, token: T) -> Prepared {
        let len = self.channels.range_min.len();
        let mut step = PrepareStep::<E, A> {
            attrs: self.attrs,
            channels: self.channels,
            grid: Grid::new(self.attrs),
            arithmetic: PhantomData,
            found: Prepared::default(),
        };
        sweep::<T, E::Real>(token, len, &mut step);
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

impl<T: Token, E: Element, A: Settling> Step<T> for PrepareStep<'_, E, A> {
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        let channels = &self.channels;
        let mut min = span.load::<T, E::Real>(token, channels.range_min, at);
        let mut max = span.load::<T, E::Real>(token, channels.range_max, at);
        let mut of = if self.attrs.range_given {
            spec::parameters::<T, E, A>(token, &self.grid, min, max)
        } else {
            spec::parameters_of_gathered::<T, E, A>(token, &self.grid, &mut min, &mut max)
        };
        let covered = (1u32 << span.covered(Lanes::<T, E>::LANES)) - 1;
        let degenerate = !of.usable.bits() & covered;
        if degenerate != 0 && self.found.degenerate.is_none() {
            self.found.degenerate = Some(at + degenerate.trailing_zeros() as usize);
        }
        if self.attrs.degenerate == Degenerate::Zero {
            of = spec::zero_where_unusable::<T, E>(token, of, self.attrs.range_given);
        }
        span.store::<T, E::Real>(min, channels.range_min, at);
        span.store::<T, E::Real>(max, channels.range_max, at);
        span.store::<T, E::Real>(of.scale, channels.scale, at);
        span.store::<T, E::Real>(of.inverse, channels.inverse, at);
        span.store::<T, E::Real>(of.lo, channels.clamp_min, at);
        span.store::<T, E::Real>(of.hi, channels.clamp_max, at);
    }
}
