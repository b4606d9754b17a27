//! The phases after the ranges: parameters once, then elements any number of times.

use crate::attrs::{Attrs, Degenerate};
use crate::channels::{Channels, INVERSE, RANGE, SCALES_AND_CLAMPS, Table};
use crate::exec::{self, Executor, Input, Output};
use crate::kernel::apply::{Apply, How};
use crate::kernel::codes::{Beyond, Code, Dequantize, Quantize, Saturates};
use crate::kernel::fused::Fused;
use crate::kernel::grad::Gradient;
use crate::kernel::parameters::{Prepare, prepare_one};
use crate::layout::Layout;
use crate::plan::{self, Plan};
use crate::simd::{self, Element};
use crate::status::{Error, fail};

/// Attributes and ranges, made ready. Immutable.
pub(crate) struct Quantizer<E: Element> {
    attrs: Attrs,
    channels: Channels<E::Real>,
    how: How,
    /// Whether codes need no clamping.
    saturates: bool,
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
    /// See [`prepare`].
    pub(crate) fn new(attrs: &Attrs, mut channels: Channels<E::Real>) -> Result<Self, Error> {
        let how = prepare::<E>(attrs, &mut channels)?;
        let mut quantizer = Quantizer { attrs: *attrs, channels, how, saturates: false };
        quantizer.saturates = quantizer.find_whether_it_saturates();
        Ok(quantizer)
    }

    fn find_whether_it_saturates(&self) -> bool {
        let (channels, how, ends) = (self.channels.fields(), self.how, self.attrs.codes());
        how.clamps && simd::run_on_one_lane(Saturates::<E> { channels, how, ends })
    }

    pub(crate) fn attrs(&self) -> &Attrs {
        &self.attrs
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels.count()
    }

    /// See [`apply`].
    pub(crate) fn apply(
        &self,
        layout: &Layout<2>,
        executor: &Executor,
        input: &Input<'_, E>,
        output: &Output<'_, E>,
    ) -> Result<(), Error> {
        apply(&self.channels, self.how, layout, executor, input, output)
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
        mask(layout, executor, self.channels.table(RANGE), gradients, input, backprop)
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
        let how = How { clamps: self.how.clamps && !self.saturates, ..self.how };
        let beyond = Beyond { input: is_beyond::<E, 2>(layout), output: is_beyond::<K, 2>(layout) };
        let (parameters, ends) = (self.channels.table(SCALES_AND_CLAMPS), self.attrs.codes());
        executor.run(plan.pieces(), &|index| {
            Quantize { piece: plan.piece(index), input, codes, parameters, how, ends, beyond }.run();
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
        let beyond = Beyond { input: is_beyond::<K, 2>(layout), output: is_beyond::<E, 2>(layout) };
        let (inverse, arithmetic) = (self.channels.table(INVERSE), self.attrs.arithmetic);
        executor.run(plan.pieces(), &|index| {
            Dequantize { piece: plan.piece(index), codes, output, inverse, arithmetic, beyond }.run();
        })
    }

    /// A quantity of one channel, by the formulas: what degenerate = ZERO puts in their place does not show.
    pub(crate) fn parameter(&self, parameter: Parameter, channel: usize) -> E::Real {
        let fields = self.channels.fields();
        let attrs = Attrs { degenerate: Degenerate::TensorFlow, ..self.attrs };
        let range = [fields.range_min[channel], fields.range_max[channel]];
        let ([range_min, range_max, scale, inverse, clamp_min, clamp_max], _) = prepare_one::<E>(&attrs, range);
        match parameter {
            Parameter::Scale => scale,
            Parameter::InverseScale => inverse,
            Parameter::ClampMin => clamp_min,
            Parameter::ClampMax => clamp_max,
            Parameter::RangeMin => range_min,
            Parameter::RangeMax => range_max,
        }
    }
}

/// Computes the parameters of ranges in place, and tells how elements are quantized with them. With degenerate = ERROR a
/// channel without a usable scale is an error here.
#[inline(always)]
pub(crate) fn prepare<E: Element>(attrs: &Attrs, channels: &mut Channels<E::Real>) -> Result<How, Error> {
    let prepared = match channels {
        Channels::One(fields) => {
            let prepared;
            (*fields, prepared) = prepare_one::<E>(attrs, [fields[0], fields[1]]);
            prepared
        }
        Channels::Many { .. } => {
            let prepared = E::prepare(Prepare { attrs, channels: channels.fields_mut() });
            channels.close();
            prepared
        }
    };
    let clamps = match (attrs.degenerate, prepared.degenerate) {
        (Degenerate::Error, Some(channel)) => return degenerate_error(channels, channel),
        (Degenerate::Zero, Some(_)) => true,
        _ => attrs.range_given,
    };
    let Attrs { round_mode, arithmetic, .. } = *attrs;
    Ok(How { round_mode, arithmetic, clamps, is_far: false, is_normal: prepared.is_normal })
}

/// Quantizes and dequantizes the layout's first operand into its second.
#[inline(always)]
pub(crate) fn apply<E: Element>(
    channels: &Channels<E::Real>,
    how: How,
    layout: &Layout<2>,
    executor: &Executor,
    input: &Input<'_, E>,
    output: &Output<'_, E>,
) -> Result<(), Error> {
    let plan = Plan::of_elements(layout, executor.width(), 2 * size_of::<E>());
    let parameters = channels.table(SCALES_AND_CLAMPS);
    let how = How { is_far: is_far(layout, input, output), ..how };
    executor.run(plan.pieces(), &|index| {
        E::apply(Apply { piece: plan.piece(index), input, output, parameters, how });
    })
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

/// Range, parameters and elements of each channel in turn; [`plan::is_fused`] says where.
pub(crate) fn fused<E: Element>(
    attrs: &Attrs,
    layout: &Layout<2>,
    executor: &Executor,
    input: &Input<'_, E>,
    output: &Output<'_, E>,
) -> Result<(), Error> {
    let plan = Plan::of_channels(layout, executor.width(), 2 * size_of::<E>());
    let Attrs { round_mode, arithmetic, .. } = *attrs;
    let is_far = is_far(layout, input, output);
    let how = How { round_mode, arithmetic, clamps: false, is_far, is_normal: false };
    executor.run(plan.pieces(), &|index| {
        E::fused(Fused { piece: plan.piece(index), input, output, attrs, how });
    })
}

/// Gradients (the layout's first operand) where the elements (its second) are inside their channel's range, into its
/// third.
pub(crate) fn mask<E: Element>(
    layout: &Layout<3>,
    executor: &Executor,
    range: Table<'_, E::Real>,
    gradients: &Input<'_, E>,
    input: &Input<'_, E>,
    backprop: &Output<'_, E>,
) -> Result<(), Error> {
    let plan = Plan::of_elements(layout, executor.width(), 3 * size_of::<E>());
    let is_far = is_far(layout, gradients, backprop) && !input.is(backprop);
    executor.run(plan.pieces(), &|index| {
        E::gradient(Gradient { piece: plan.piece(index), gradients, input, backprop, range, is_far });
    })
}

/// Whether the output is beyond the caches, and not the memory that is read anyway.
fn is_far<E, const N: usize>(layout: &Layout<N>, input: &Input<'_, E>, output: &Output<'_, E>) -> bool
where
    E: Element,
{
    !input.is(output) && is_beyond::<E, N>(layout)
}

/// Whether an operand of such elements is beyond the caches.
fn is_beyond<E, const N: usize>(layout: &Layout<N>) -> bool {
    plan::is_far(layout.elements() * size_of::<E>(), exec::last_level_size())
}
