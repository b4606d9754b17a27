//! The expected numbers, by the naive references of the library's tests: of whole tensors where there is one for the case,
//! and of channels otherwise.

use ndarray::{ArrayViewD, IxDyn};
use qdq::capi::*;

use crate::channel::{Channel, Compute};
use crate::describe::channel_of;
use crate::element::Element;
use crate::reference::{self, Attrs, Degenerate};

/// A range tensor's numbers: exact, of the type of the elements or of floats.
pub type Numbers = [Vec<f64>; 2];

/// The operation, with a given range or that of the elements; DEGENERATE_RANGE where that is refused.
pub fn forward<T: Element<C: Compute>>(
    input: &[T],
    shape: &[i64],
    ends: Option<&Numbers>,
    attrs: &Attrs,
) -> Result<Vec<T>, qdq_status> {
    match ends {
        Some(ends) if !are_of::<T>(ends) => {
            let channels = given_channels(ends, attrs);
            let is_refused = attrs.degenerate == Degenerate::Error && channels.iter().any(|c| c.is_degenerate);
            if is_refused && !input.is_empty() {
                return Err(QDQ_STATUS_DEGENERATE_RANGE);
            }
            Ok(by_channel(shape, attrs.axis, &channels, |channel, index| channel.apply(input[index])))
        }
        _ => {
            let range = ends.map(|ends| ends.each_ref().map(|end| narrowed::<T>(end)));
            let range = range.as_ref().map(|[lo, hi]| (&lo[..], &hi[..]));
            let output = reference::forward(view(input, shape), range, attrs);
            output.map(|output| output.into_iter().collect()).map_err(|_| QDQ_STATUS_DEGENERATE_RANGE)
        }
    }
}

/// The gradient by the input, likewise.
pub fn gradient<T: Element<C: Compute>>(
    gradients: &[T],
    input: &[T],
    shape: &[i64],
    ends: Option<&Numbers>,
    attrs: &Attrs,
) -> Vec<T> {
    match ends {
        Some(ends) if !are_of::<T>(ends) => {
            let channels = given_channels(ends, attrs);
            by_channel(shape, attrs.axis, &channels, |channel, index| channel.gradient(gradients[index], input[index]))
        }
        _ => {
            let range = ends.map(|ends| ends.each_ref().map(|end| narrowed::<T>(end)));
            let range = range.as_ref().map(|[lo, hi]| (&lo[..], &hi[..]));
            reference::gradient(view(gradients, shape), view(input, shape), range, attrs.axis).into_iter().collect()
        }
    }
}

/// Ranges widened by elements: NaN left out, a zero as +0.
pub fn widened<T: Element>(mut ends: Numbers, input: &[T], shape: &[i64], axis: i32) -> Numbers {
    for (index, x) in input.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
        let (channel, x) = (channel_of(shape, axis, index), x.to_f64());
        let [lo, hi] = &mut ends;
        if x < lo[channel] {
            lo[channel] = x;
        }
        if x > hi[channel] {
            hi[channel] = x;
        }
    }
    ends.iter_mut().flatten().filter(|end| **end == 0.0).for_each(|end| *end = 0.0);
    ends
}

/// Something of each element, with its channel.
pub fn by_channel<T: Element, R>(
    shape: &[i64],
    axis: i32,
    channels: &[Channel<T>],
    of: impl Fn(&Channel<T>, usize) -> R,
) -> Vec<R> {
    let len: i64 = shape.iter().product();
    (0..len as usize).map(|index| of(&channels[channel_of(shape, axis, index)], index)).collect()
}

fn given_channels<T: Element<C: Compute>>([lo, hi]: &Numbers, attrs: &Attrs) -> Vec<Channel<T>> {
    lo.iter().zip(hi).map(|(lo, hi)| Channel::given(*lo, *hi, attrs)).collect()
}

/// Whether the numbers are of the type of the elements.
fn are_of<T: Element>(ends: &Numbers) -> bool {
    ends.iter().flatten().all(|&end| T::near(end).to_f64().to_bits() == end.to_bits())
}

fn narrowed<T: Element>(end: &[f64]) -> Vec<T> {
    end.iter().map(|&end| T::near(end)).collect()
}

fn view<'a, T>(elements: &'a [T], shape: &[i64]) -> ArrayViewD<'a, T> {
    let shape: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    ArrayViewD::from_shape(IxDyn(&shape), elements).expect("as many elements as the shape says")
}
