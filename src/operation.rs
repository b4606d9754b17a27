//! The operation and its gradient as phases run in turn: ranges, then parameters, then elements.
//!
//! ```text
//! forward:   given ranges, checked  |  gathered from the input     (range pass)
//!            parameters of every channel; degenerate = ERROR may fail here, the last thing that can
//!            every element                                         (apply pass)
//! gradient:  given ranges, checked  |  everything that is not NaN is inside
//!            every element                                         (gradient pass)
//! ```

use std::cell::Cell;
use std::mem::MaybeUninit;

use crate::attrs::{Attrs, Degenerate};
use crate::channels::Channels;
use crate::exec::{Executor, Input, Output};
use crate::kernel::apply::Apply;
use crate::kernel::grad::Gradient;
use crate::kernel::parameters::Prepare;
use crate::kernel::range::Widen;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::simd::{self, Element};
use crate::status::{Error, fail};

/// What every operation on a dense tensor is given.
pub(crate) struct Call<'a, E: Element> {
    pub(crate) attrs: Attrs,
    pub(crate) layout: Layout,
    pub(crate) executor: Executor,
    pub(crate) input: Input<'a, E>,
    /// With range_given: min and max of each channel.
    pub(crate) range: Option<[&'a [E]; 2]>,
}

/// Quantizes and dequantizes.
pub(crate) fn forward<E: Element>(call: &Call<'_, E>, output: &Output<'_, E>) -> Result<(), Error> {
    if let Some(range) = call.range {
        check_range(range)?;
    }
    if call.layout.elements() == 0 {
        return Ok(());
    }
    let mut channels = Channels::new(call.layout.channels)?;
    match call.range {
        Some(range) => set_range::<E>(&mut channels, range),
        None => gather_range(call, &mut channels),
    }
    let clamps = prepare::<E>(&call.attrs, &mut channels)?;
    apply(call, &channels, clamps, output);
    Ok(())
}

/// The gradient by the input.
pub(crate) fn gradient<E: Element>(
    call: &Call<'_, E>,
    gradients: &Input<'_, E>,
    backprop: &Output<'_, E>,
) -> Result<(), Error> {
    if let Some(range) = call.range {
        check_range(range)?;
    }
    if call.layout.elements() == 0 {
        return Ok(());
    }
    match call.range {
        Some(range) => {
            let mut channels = Channels::new(call.layout.channels)?;
            set_range::<E>(&mut channels, range);
            let fields = channels.fields();
            mask(
                call,
                call.layout,
                [fields.range_min, fields.range_max],
                gradients,
                backprop,
            );
        }
        None => {
            // The data's own range has every number inside, whatever the channel.
            let whole = Layout {
                outer: 1,
                channels: 1,
                inner: call.layout.elements(),
            };
            let everything = [&[simd::Real::NEG_INFINITY][..], &[simd::Real::INFINITY]];
            mask(call, whole, everything, gradients, backprop);
        }
    }
    Ok(())
}

/// A given range is finite and in order, in every channel.
fn check_range<E: Element>([min, max]: [&[E]; 2]) -> Result<(), Error> {
    for (index, (min, max)) in min.iter().zip(max).enumerate() {
        let (min, max): (f64, f64) = (min.to_real().into(), max.to_real().into());
        for (name, value) in [("input_min", min), ("input_max", max)] {
            if !value.is_finite() {
                return fail!(InvalidRange, "{name}[{index}] is {value}; expected a finite number");
            }
        }
        if min > max {
            return fail!(
                InvalidRange,
                "input_min[{index}] is {min:e}; expected at most input_max[{index}], which is {max:e}"
            );
        }
    }
    Ok(())
}

fn set_range<E: Element>(channels: &mut Channels<E::Real>, [min, max]: [&[E]; 2]) {
    let fields = channels.fields_mut();
    let widened = |from: &[E], to: &[Cell<E::Real>]| from.iter().zip(to).for_each(|(e, c)| c.set(e.to_real()));
    widened(min, fields.range_min);
    widened(max, fields.range_max);
}

fn gather_range<E: Element>(call: &Call<'_, E>, channels: &mut Channels<E::Real>) {
    let fields = channels.fields_mut();
    // Ranges of one piece would race with another's: one task.
    let plan = Plan::new(call.layout, 1);
    simd::run(Widen {
        piece: plan.piece(0),
        input: call.input.cells(),
        min: fields.range_min,
        max: fields.range_max,
    });
}

/// Fills in the parameters; tells whether elements are clamped.
fn prepare<E: Element>(attrs: &Attrs, channels: &mut Channels<E::Real>) -> Result<bool, Error> {
    let prepared = simd::run(Prepare::<E> {
        attrs,
        channels: channels.fields_mut(),
    });
    match (attrs.degenerate, prepared.degenerate) {
        (Degenerate::Error, Some(channel)) => {
            let fields = channels.fields();
            let (min, max): (f64, f64) = (fields.range_min[channel].into(), fields.range_max[channel].into());
            fail!(
                DegenerateRange,
                "channel {channel} has the range [{min:e}, {max:e}]; expected one that gives a finite scale and a \
                 positive finite inverse, or degenerate other than ERROR"
            )
        }
        (Degenerate::Zero, Some(_)) => Ok(true),
        _ => Ok(attrs.range_given),
    }
}

fn apply<E: Element>(call: &Call<'_, E>, channels: &Channels<E::Real>, clamps: bool, output: &Output<'_, E>) {
    let plan = Plan::new(call.layout, call.executor.width());
    let (attrs, channels) = (&call.attrs, channels.fields());
    call.executor.run(plan.pieces(), &|index| {
        simd::run(Apply {
            piece: plan.piece(index),
            input: call.input.cells(),
            output: output.cells(),
            channels,
            round_mode: attrs.round_mode,
            arithmetic: attrs.arithmetic,
            clamps,
        });
    });
}

fn mask<E: Element>(
    call: &Call<'_, E>,
    layout: Layout,
    [min, max]: [&[E::Real]; 2],
    gradients: &Input<'_, E>,
    backprop: &Output<'_, E>,
) {
    let plan = Plan::new(layout, call.executor.width());
    call.executor.run(plan.pieces(), &|index| {
        simd::run(Gradient {
            piece: plan.piece(index),
            gradients: gradients.cells(),
            input: call.input.cells(),
            backprop: backprop.cells(),
            min,
            max,
        });
    });
}

/// The gradients by the range's ends are zeros.
pub(crate) fn fill_with_zeros<E: Element>(output: &Output<'_, E>) {
    output
        .cells()
        .iter()
        .for_each(|element| element.set(MaybeUninit::new(E::ZERO)));
}
