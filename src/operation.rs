//! The operation and its gradient in one call: the phases in turn.
//!
//! ```text
//! forward:   ranges: given, or gathered from the input
//!            parameters of every channel; degenerate = ERROR may fail here, the last thing that can
//!            every element
//!            (or all three for a few channels at a time, where that spares a trip through memory)
//! gradient:  ranges: given; otherwise everything that is not NaN is inside
//!            every element
//! ```

use crate::attrs::{Attrs, Degenerate};
use crate::channels::{Channels, RANGE, Table};
use crate::exec::{Executor, Input, Output};
use crate::layout::Layout;
use crate::quantizer;
use crate::simd::{Element, Real};
use crate::status::Error;
use crate::{plan, ranges};

/// Quantizes and dequantizes the layout's first operand into its second; `given` is the range where attrs has
/// range_given.
#[inline(always)]
pub(crate) fn forward<E: Element>(
    attrs: &Attrs,
    given: Option<Channels<E::Real>>,
    layout: &Layout<2>,
    executor: &Executor,
    input: &Input<'_, E>,
    output: &Output<'_, E>,
) -> Result<(), Error> {
    if layout.elements() == 0 {
        return Ok(());
    }
    let mut channels = match given {
        Some(channels) => channels,
        None if attrs.degenerate != Degenerate::Error && plan::is_fused(layout, size_of::<E>()) => {
            return quantizer::fused(attrs, layout, executor, input, output);
        }
        None => {
            let mut channels = Channels::new(layout.channels())?;
            ranges::widen(layout.of_first(&mut Layout::new()), executor, input, &mut channels)?;
            channels
        }
    };
    // Lent, not moved: a copy of what was just written in parts would wait for all of them.
    let how = quantizer::prepare::<E>(attrs, &mut channels)?;
    quantizer::apply(&channels, how, layout, executor, input, output)
}

/// The gradient by the input: of the layout's gradients and input into its input_backprop.
pub(crate) fn gradient<E: Element>(
    given: Option<Channels<E::Real>>,
    layout: &Layout<3>,
    executor: &Executor,
    gradients: &Input<'_, E>,
    input: &Input<'_, E>,
    backprop: &Output<'_, E>,
) -> Result<(), Error> {
    match given {
        Some(mut channels) => {
            channels.close();
            quantizer::mask(layout, executor, channels.table(RANGE), gradients, input, backprop)
        }
        // The layout has no axis: the data's own range has every number inside, whatever the channel.
        None => {
            let everything = [E::Real::NEG_INFINITY, E::Real::INFINITY];
            quantizer::mask(layout, executor, Table::of_one(&everything), gradients, input, backprop)
        }
    }
}
