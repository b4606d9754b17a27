//! The calls on views: every argument is checked before anything is written; the dtype picks the generic function.

use super::dtype::{ELEMENTS, with_element};
use super::structs;
use super::tensor::{View, bounds, lay_out};
use super::types::*;
use crate::attrs::Attrs;
use crate::channels::Channels;
use crate::exec::Executor;
use crate::layout::{Layout, Shape};
use crate::simd::Element;
use crate::status::{Error, fail};
use crate::{operation, ranges};

/// The arguments that the operation and its gradient share.
pub(super) struct Common {
    pub(super) input: *const qdq_tensor,
    pub(super) input_min: *const qdq_tensor,
    pub(super) input_max: *const qdq_tensor,
    pub(super) attrs: *const qdq_attrs,
    pub(super) executor: *const qdq_executor,
}

/// The arguments that only the gradient has.
pub(super) struct Gradient {
    pub(super) gradients: *const qdq_tensor,
    pub(super) input_backprop: *const qdq_tensor,
    pub(super) input_min_backprop: *const qdq_tensor,
    pub(super) input_max_backprop: *const qdq_tensor,
}

/// The checked [`Common`] arguments, but for the values of a range.
struct Checked<'a> {
    attrs: Attrs,
    executor: Executor,
    input: View<'a>,
    shape: Shape<'a>,
    range: Option<[View<'a>; 2]>,
}

/// # Safety
/// The pointers that are not NULL are valid, and the tensors' elements for as long as the call takes.
pub(super) unsafe fn forward(common: &Common, output: *const qdq_tensor) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (checked, output) = unsafe { (check(common)?, View::new("output", output)?) };
    output.check_dtype(checked.input.dtype)?;
    output.check_shape(&checked.input)?;
    output.check_output()?;
    output.check_apart_or_same(&checked.input)?;
    checked.range.iter().flatten().try_for_each(|range| output.check_apart(range))?;
    with_element!(checked.input.dtype, E => {
        // SAFETY: as checked and promised.
        let given = unsafe { given::<E>(&checked) }?;
        let mut layout = Layout::new();
        lay_out(&mut layout, &checked.shape, [&checked.input, &output]);
        // SAFETY: as checked and promised.
        let (input, output) = unsafe { (checked.input.input::<E>(), output.output::<E>()) };
        operation::forward(&checked.attrs, given, &layout, &checked.executor, &input, &output)
    }, _ => checked.input.unsupported(ELEMENTS))
}

/// # Safety
/// As [`forward`].
pub(super) unsafe fn gradient(common: &Common, gradient: &Gradient) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let checked = unsafe { check(common) }?;
    // SAFETY: the caller's promise.
    let (gradients, backprop) =
        unsafe { (View::new("gradients", gradient.gradients)?, View::new("input_backprop", gradient.input_backprop)?) };
    for view in [&gradients, &backprop] {
        view.check_dtype(checked.input.dtype)?;
        view.check_shape(&checked.input)?;
    }
    backprop.check_output()?;
    backprop.check_apart_or_same(&gradients)?;
    backprop.check_apart_or_same(&checked.input)?;
    checked.range.iter().flatten().try_for_each(|range| backprop.check_apart(range))?;
    // SAFETY: the caller's promise.
    let range_backprop = unsafe {
        [
            optional("input_min_backprop", gradient.input_min_backprop)?,
            optional("input_max_backprop", gradient.input_max_backprop)?,
        ]
    };
    for view in range_backprop.iter().flatten() {
        view.check_range(checked.input.dtype, checked.attrs.axis, checked.shape.channels())?;
        view.check_output()?;
        for other in [&backprop, &gradients, &checked.input].into_iter().chain(checked.range.iter().flatten()) {
            view.check_apart(other)?;
        }
    }
    if let [Some(min), Some(max)] = &range_backprop {
        max.check_apart(min)?;
    }
    with_element!(checked.input.dtype, E => {
        // SAFETY: as checked and promised.
        let given = unsafe { given::<E>(&checked) }?;
        let shape = if checked.attrs.range_given { checked.shape } else { checked.shape.without_axis() };
        let mut layout = Layout::new();
        lay_out(&mut layout, &shape, [&gradients, &checked.input, &backprop]);
        // SAFETY: as checked and promised.
        unsafe {
            let (gradients, input) = (gradients.input::<E>(), checked.input.input::<E>());
            operation::gradient(given, &layout, &checked.executor, &gradients, &input, &backprop.output::<E>())?;
            for view in range_backprop.iter().flatten() {
                (0..view.elements).for_each(|index| view.write::<E>(index, Element::ZERO));
            }
        }
        Ok(())
    }, _ => checked.input.unsupported(ELEMENTS))
}

/// # Safety
/// As [`forward`].
pub(super) unsafe fn range_update(
    input: *const qdq_tensor,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    range_min: *const qdq_tensor,
    range_max: *const qdq_tensor,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (axis, executor) = unsafe { (structs::axis(attrs)?, structs::executor(executor)?) };
    // SAFETY: the caller's promise.
    let (input, min, max) =
        unsafe { (View::new("input", input)?, View::new("range_min", range_min)?, View::new("range_max", range_max)?) };
    input.check_is_real()?;
    let shape = input.shape_with_axis(axis)?;
    for view in [&min, &max] {
        view.check_range(input.dtype, axis, shape.channels())?;
        view.check_output()?;
        view.check_apart(&input)?;
    }
    max.check_apart(&min)?;
    with_element!(input.dtype, E => {
        let channels = shape.channels();
        // SAFETY: as checked and promised.
        let mut known = unsafe { bounds::<E>([&min, &max], channels).to_widen() }?;
        let mut layout = Layout::new();
        // Both operands: the walk is in the order of the last one.
        lay_out(&mut layout, &shape, [&input, &input]);
        // SAFETY: as checked and promised.
        ranges::widen::<E>(&layout, &executor, &unsafe { input.input::<E>() }, &mut known)?;
        ranges::settle_zeros(&mut known);
        let fields = known.fields();
        for index in 0..channels {
            // SAFETY: as checked and promised.
            unsafe {
                min.write::<E>(index, fields.range_min[index]);
                max.write::<E>(index, fields.range_max[index]);
            }
        }
        Ok(())
    }, _ => input.unsupported(ELEMENTS))
}

/// # Safety
/// As [`forward`].
unsafe fn check<'a>(common: &Common) -> Result<Checked<'a>, Error> {
    // SAFETY: the caller's promise.
    let (attrs, executor) = unsafe { (structs::attributes(common.attrs)?, structs::executor(common.executor)?) };
    // SAFETY: the caller's promise.
    let input = unsafe { View::new("input", common.input) }?;
    input.check_is_real()?;
    let shape = input.shape_with_axis(attrs.axis)?;
    if !attrs.range_given {
        for (name, pointer) in [("input_min", common.input_min), ("input_max", common.input_max)] {
            if !pointer.is_null() {
                return fail!(InvalidRange, "{name} is {pointer:p}; expected NULL, because range_given is 0");
            }
        }
        return Ok(Checked { attrs, executor, input, shape, range: None });
    }
    // SAFETY: the caller's promise.
    let range = unsafe { [View::new("input_min", common.input_min)?, View::new("input_max", common.input_max)?] };
    for view in &range {
        view.check_range(input.dtype, attrs.axis, shape.channels())?;
    }
    Ok(Checked { attrs, executor, input, shape, range: Some(range) })
}

/// The given range, its values checked.
///
/// # Safety
/// The range's elements are valid for reads.
unsafe fn given<E: Element>(checked: &Checked<'_>) -> Result<Option<Channels<E::Real>>, Error> {
    let Some([min, max]) = &checked.range else {
        return Ok(None);
    };
    // SAFETY: the caller's promise; number and type of the elements are checked.
    unsafe { bounds::<E>([min, max], checked.shape.channels()).given() }.map(Some)
}

/// # Safety
/// As [`View::new`].
unsafe fn optional<'a>(name: &'static str, tensor: *const qdq_tensor) -> Result<Option<View<'a>>, Error> {
    if tensor.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { View::new(name, tensor) }.map(Some)
}
