//! The channels' ranges to their parameters, a vector of channels at a time.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::attrs::{Arithmetic, Attrs, Degenerate};
use crate::channels::{FIELDS, Fields};
use crate::simd::memory::{First, Source, Span, Target, Whole};
use crate::simd::{self, Element, Kernel, Lanes, Mask, Part, Token, Vector, splat, to_array};
use crate::spec::{self, Grid, InElement, InReal, Parameters, Settling};

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
        let of = parameters::<T, E, A>(token, self.attrs, &self.grid, &mut min, &mut max);
        let covered = u32::MAX >> (u32::BITS - span.covered(Lanes::<T, E>::LANES) as u32);
        let degenerate = !of.usable.bits() & covered;
        if degenerate != 0 && self.found.degenerate.is_none() {
            self.found.degenerate = Some(at + degenerate.trailing_zeros() as usize);
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

/// The parameters of ranges, which become what the formulas take them for.
#[inline(always)]
fn parameters<T: Token, E: Element, A: Settling>(
    token: T,
    attrs: &Attrs,
    grid: &Grid<E>,
    min: &mut Lanes<T, E>,
    max: &mut Lanes<T, E>,
) -> Parameters<Lanes<T, E>> {
    let of = if attrs.range_given {
        spec::parameters::<T, E, A>(token, grid, *min, *max)
    } else {
        spec::parameters_of_gathered::<T, E, A>(token, grid, min, max)
    };
    match attrs.degenerate {
        Degenerate::Zero => spec::zero_where_unusable::<T, E>(token, of, attrs.range_given),
        _ => of,
    }
}

/// All fields of a single channel, from its range, without a way through memory.
#[inline(always)]
pub(crate) fn prepare_one<E: Element>(attrs: &Attrs, range: [E::Real; 2]) -> ([E::Real; FIELDS], Prepared) {
    simd::run_on_one_lane(PrepareOne::<E> { attrs, range })
}

struct PrepareOne<'a, E: Element> {
    attrs: &'a Attrs,
    range: [E::Real; 2],
}

impl<E: Element> Kernel for PrepareOne<'_, E> {
    type Output = ([E::Real; FIELDS], Prepared);

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Self::Output {
        if E::IS_NARROW && self.attrs.arithmetic == Arithmetic::Native {
            self.settled::<T, InElement>(token)
        } else {
            self.settled::<T, InReal>(token)
        }
    }
}

impl<E: Element> PrepareOne<'_, E> {
    #[inline(always)]
    fn settled<T: Token, A: Settling>(self, token: T) -> ([E::Real; FIELDS], Prepared) {
        let [mut min, mut max] = self.range.map(|end| splat::<T, E>(token, end));
        let of = parameters::<T, E, A>(token, self.attrs, &Grid::new(self.attrs), &mut min, &mut max);
        let is_usable = of.usable.bits() & 1 == 1;
        let is_normal = spec::has_normal_products::<T, E>(token, of.inverse).bits() & 1 == 1;
        let fields = [min, max, of.scale, of.inverse, of.lo, of.hi].map(|lanes| to_array(lanes, E::Real::ZERO)[0]);
        (fields, Prepared { degenerate: (!is_usable).then_some(0), is_normal })
    }
}
