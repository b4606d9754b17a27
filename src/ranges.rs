//! The first phase: each channel's range, given by the caller or gathered from elements.

use std::cell::Cell;

use crate::channels::Channels;
use crate::exec::{self, Executor, Input, Shared};
use crate::kernel::range::{Ranges, Widen};
use crate::layout::Layout;
use crate::plan::{self, MAX_PARTIAL_RANGES, Plan};
use crate::simd::{Element, Real};
use crate::status::{Error, fail};

/// Ranges as a caller has them: min and max of each channel, and what the arguments are called.
pub(crate) struct Bounds<F> {
    pub(crate) names: [&'static str; 2],
    pub(crate) count: usize,
    pub(crate) of: F,
}

impl<F> Bounds<F> {
    /// Ranges to clamp to: finite and in order.
    #[inline(always)]
    pub(crate) fn given<C: Real>(&self) -> Result<Channels<C>, Error>
    where
        F: Fn(usize) -> [C; 2],
    {
        self.collect(|index, range| {
            for (name, value) in self.names.into_iter().zip(range.map(Into::<f64>::into)) {
                if !value.is_finite() {
                    return fail!(InvalidRange, "{name}[{index}] is {value}; expected a finite number");
                }
            }
            self.check_order(index, range)
        })
    }

    /// Ranges that were gathered: infinities are possible elements, and (+Inf, -Inf) is that of no number at all.
    pub(crate) fn gathered<C: Real>(&self) -> Result<Channels<C>, Error>
    where
        F: Fn(usize) -> [C; 2],
    {
        self.collect(|index, range| {
            self.check_numbers(index, range)?;
            if range == [C::INFINITY, C::NEG_INFINITY] { Ok(()) } else { self.check_order(index, range) }
        })
    }

    /// Ranges to be widened: numbers, in any order.
    pub(crate) fn to_widen<C: Real>(&self) -> Result<Channels<C>, Error>
    where
        F: Fn(usize) -> [C; 2],
    {
        self.collect(|index, range| self.check_numbers(index, range))
    }

    #[inline(always)]
    fn collect<C: Real>(&self, check: impl Fn(usize, [C; 2]) -> Result<(), Error>) -> Result<Channels<C>, Error>
    where
        F: Fn(usize) -> [C; 2],
    {
        if self.count == 1 {
            let range = (self.of)(0);
            check(0, range)?;
            return Ok(Channels::of_one(range));
        }
        let mut channels = Channels::new(self.count)?;
        let fields = channels.fields_mut();
        for (index, (min, max)) in fields.range_min.iter().zip(fields.range_max).enumerate() {
            let range = (self.of)(index);
            check(index, range)?;
            min.set(range[0]);
            max.set(range[1]);
        }
        Ok(channels)
    }

    fn check_numbers<C: Real>(&self, index: usize, range: [C; 2]) -> Result<(), Error> {
        for (name, value) in self.names.into_iter().zip(range.map(Into::<f64>::into)) {
            if value.is_nan() {
                return fail!(InvalidRange, "{name}[{index}] is NaN; expected a number");
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn check_order<C: Real>(&self, index: usize, [min, max]: [C; 2]) -> Result<(), Error> {
        if min <= max {
            return Ok(());
        }
        let ([min_name, max_name], min, max) = (self.names, Into::<f64>::into(min), Into::<f64>::into(max));
        fail!(InvalidRange, "{min_name}[{index}] is {min:?}; expected at most {max_name}[{index}], which is {max:?}")
    }
}

/// Widens the channels' ranges by the elements of a layout's first operand; NaN is left out.
pub(crate) fn widen<E: Element>(
    layout: &Layout<2>,
    executor: &Executor,
    input: &Input<'_, E>,
    channels: &mut Channels<E::Real>,
) -> Result<(), Error> {
    let plan = Plan::of_ranges(layout, executor.width(), size_of::<E>());
    let pass = Pass { layout, plan: &plan, executor, input };
    let fields = channels.fields_mut();
    if !plan.has_partial_ranges() {
        return pass.widen([fields.range_min, fields.range_max], 0);
    }
    // Pieces share channels: each widens ranges of its own, which are merged in order.
    let count = layout.channels();
    let partial_min = [const { Cell::new(E::Real::INFINITY) }; MAX_PARTIAL_RANGES];
    let partial_max = [const { Cell::new(E::Real::NEG_INFINITY) }; MAX_PARTIAL_RANGES];
    pass.widen([&partial_min, &partial_max], count)?;
    let ranges = Ranges { min: fields.range_min, max: fields.range_max };
    for index in 0..plan.pieces() * count {
        ranges.widen(index % count, [partial_min[index].get(), partial_max[index].get()]);
    }
    Ok(())
}

struct Pass<'a, E> {
    layout: &'a Layout<2>,
    plan: &'a Plan<'a, 2>,
    executor: &'a Executor,
    input: &'a Input<'a, E>,
}

impl<E: Element> Pass<'_, E> {
    /// Each piece's ranges begin `apart` entries after those of the piece before.
    fn widen(&self, [min, max]: [&[Cell<E::Real>]; 2], apart: usize) -> Result<(), Error> {
        let (min, max) = (Shared::new(min), Shared::new(max));
        let is_far = plan::is_far(self.layout.elements() * size_of::<E>(), exec::last_level_size());
        self.executor.run(self.plan.pieces(), &|index| {
            let own = index * apart;
            let ranges = Ranges { min: &min.cells()[own..], max: &max.cells()[own..] };
            E::widen(Widen { piece: self.plan.piece(index), input: self.input, ranges, is_far });
        })
    }
}

/// A gathered zero counts as +0.
pub(crate) fn settle_zeros<C: Real>(channels: &mut Channels<C>) {
    let fields = channels.fields_mut();
    for end in fields.range_min.iter().chain(fields.range_max) {
        if end.get() == C::ZERO {
            end.set(C::ZERO);
        }
    }
}
