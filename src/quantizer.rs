//! The phases after the ranges: parameters once, then elements any number of times.

use std::cell::Cell;

use crate::attrs::{Attrs, Degenerate};
use crate::channels::{Channels, Fields};
use crate::exec::{Executor, Input, Output};
use crate::kernel::apply::Apply;
use crate::kernel::codes::{Code, Dequantize, Quantize};
use crate::kernel::grad::Gradient;
use crate::kernel::parameters::Prepare;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::simd::{self, Element};
use crate::status::{Error, fail};

/// Attributes and ranges, made ready. Immutable.
pub(crate) struct Quantizer<E: Element> {
    attrs: Attrs,
    channels: Channels<E::Real>,
    clamps: bool,
}

/// A quantity of each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    Scale,
    InverseScale,
    ClampMin,
    ClampMax,
    RangeMin,
    RangeMax,
}

impl<E: Element> Quantizer<E> {
    /// Computes the parameters. With degenerate = ERROR a channel without a usable scale is an error here.
    pub(crate) fn new(attrs: &Attrs, mut channels: Channels<E::Real>) -> Result<Self, Error> {
        let prepared = Prepare::<E> { attrs, channels: channels.fields_mut() }.run_where_it_pays();
        let clamps = match (attrs.degenerate, prepared.degenerate) {
            (Degenerate::Error, Some(channel)) => return degenerate_error(&channels, channel),
            (Degenerate::Zero, Some(_)) => true,
            _ => attrs.range_given,
        };
        Ok(Quantizer { attrs: *attrs, channels, clamps })
    }

    pub(crate) fn attrs(&self) -> &Attrs {
        &self.attrs
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels.fields().scale.len()
    }

    /// Quantizes and dequantizes the layout's first operand into its second.
    pub(crate) fn apply(
        &self,
        layout: &Layout<2>,
        executor: &Executor,
        input: &Input<'_, E>,
        output: &Output<'_, E>,
    ) -> Result<(), Error> {
        let plan = Plan::of_elements(layout, executor.width(), 2 * size_of::<E>());
        executor.run(plan.pieces(), &|index| {
            simd::run(Apply {
                piece: plan.piece(index),
                input,
                output,
                channels: self.channels.fields(),
                round_mode: self.attrs.round_mode,
                arithmetic: self.attrs.arithmetic,
                clamps: self.clamps,
            });
        })
    }

    /// The gradient by the input; see [`mask`].
    pub(crate) fn gradient(
        &self,
        layout: &Layout<3>,
        executor: &Executor,
        gradients: &Input<'_, E>,
        input: &Input<'_, E>,
        backprop: &Output<'_, E>,
    ) -> Result<(), Error> {
        let Fields { range_min, range_max, .. } = self.channels.fields();
        mask(layout, executor, [range_min, range_max], gradients, input, backprop)
    }

    /// The codes of the layout's first operand into its second.
    pub(crate) fn quantize<K: Code>(
        &self,
        layout: &Layout<2>,
        executor: &Executor,
        input: &Input<'_, E>,
        codes: &Output<'_, K>,
    ) -> Result<(), Error> {
        let plan = Plan::of_elements(layout, executor.width(), size_of::<E>() + size_of::<K>());
        executor.run(plan.pieces(), &|index| {
            Quantize {
                piece: plan.piece(index),
                input,
                codes,
                channels: self.channels.fields(),
                attrs: &self.attrs,
                clamps: self.clamps,
            }
            .run();
        })
    }

    /// The numbers of the codes in the layout's first operand into its second.
    pub(crate) fn dequantize<K: Code>(
        &self,
        layout: &Layout<2>,
        executor: &Executor,
        codes: &Input<'_, K>,
        output: &Output<'_, E>,
    ) -> Result<(), Error> {
        let plan = Plan::of_elements(layout, executor.width(), size_of::<E>() + size_of::<K>());
        executor.run(plan.pieces(), &|index| {
            Dequantize {
                piece: plan.piece(index),
                codes,
                output,
                inverse: self.channels.fields().inverse,
                arithmetic: self.attrs.arithmetic,
            }
            .run();
        })
    }

    /// A quantity of one channel, by the formulas: what degenerate = ZERO puts in their place does not show.
    pub(crate) fn parameter(&self, parameter: Parameter, channel: usize) -> E::Real {
        let fields = self.channels.fields();
        let attrs = Attrs { degenerate: Degenerate::TensorFlow, ..self.attrs };
        let cell = |value| [Cell::new(value)];
        let min = cell(fields.range_min[channel]);
        let max = cell(fields.range_max[channel]);
        let [scale, inverse, clamp_min, clamp_max] = [(); 4].map(|()| cell(simd::Element::ZERO));
        let one = Fields {
            range_min: &min[..],
            range_max: &max[..],
            scale: &scale[..],
            inverse: &inverse[..],
            clamp_min: &clamp_min[..],
            clamp_max: &clamp_max[..],
        };
        Prepare::<E> { attrs: &attrs, channels: one }.run_where_it_pays();
        let [wanted] = match parameter {
            Parameter::Scale => scale,
            Parameter::InverseScale => inverse,
            Parameter::ClampMin => clamp_min,
            Parameter::ClampMax => clamp_max,
            Parameter::RangeMin => min,
            Parameter::RangeMax => max,
        };
        wanted.get()
    }
}

#[cold]
fn degenerate_error<C: simd::Real, R>(channels: &Channels<C>, channel: usize) -> Result<R, Error> {
    let fields = channels.fields();
    let (min, max): (f64, f64) = (fields.range_min[channel].into(), fields.range_max[channel].into());
    fail!(
        DegenerateRange,
        "channel {channel} has the range [{min:?}, {max:?}]; expected one that gives a finite scale and a positive finite \
         inverse, or another degenerate than ERROR"
    )
}

/// Gradients (the layout's first operand) where the elements (its second) are inside their channel's range, into its
/// third.
pub(crate) fn mask<E: Element>(
    layout: &Layout<3>,
    executor: &Executor,
    [min, max]: [&[E::Real]; 2],
    gradients: &Input<'_, E>,
    input: &Input<'_, E>,
    backprop: &Output<'_, E>,
) -> Result<(), Error> {
    let plan = Plan::of_elements(layout, executor.width(), 3 * size_of::<E>());
    executor.run(plan.pieces(), &|index| {
        simd::run(Gradient { piece: plan.piece(index), gradients, input, backprop, min, max });
    })
}
