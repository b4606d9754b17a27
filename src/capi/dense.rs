//! The typed calls on dense tensors: every argument is checked before anything is written. The checks are inlined into the
//! one function of each call, where their results need not go through memory.

use super::region::{Region, dimensions};
use super::structs;
use super::types::*;
use crate::attrs::Attrs;
use crate::channels::Channels;
use crate::exec::{Executor, Input, Output};
use crate::layout::{Layout, Shape};
use crate::operation;
use crate::ranges::Bounds;
use crate::simd::Element;
use crate::status::{Error, fail};

/// The arguments that the operation and its gradient share, as the caller gave them. On x86-64 attrs and executor come on
/// the stack; they are kept apart here, because the compiler would copy the two as one, and a load that spans two fresh
/// stores waits for both to reach the cache.
#[derive(Clone, Copy)]
pub(super) struct Common<E> {
    pub(super) input: *const E,
    pub(super) shape: *const i64,
    pub(super) rank: i32,
    pub(super) input_min: *const E,
    pub(super) input_max: *const E,
    pub(super) attrs: *const qdq_attrs,
    pub(super) range_len: usize,
    pub(super) executor: *const qdq_executor,
}

/// The arguments that only the gradient has.
#[derive(Clone, Copy)]
pub(super) struct Gradient<E> {
    pub(super) gradients: *const E,
    pub(super) input_backprop: *mut E,
    pub(super) input_min_backprop: *mut E,
    pub(super) input_max_backprop: *mut E,
}

impl<B> Gradient<B> {
    /// Bits as elements.
    pub(super) fn cast<E>(self) -> Gradient<E> {
        Gradient {
            gradients: self.gradients.cast(),
            input_backprop: self.input_backprop.cast(),
            input_min_backprop: self.input_min_backprop.cast(),
            input_max_backprop: self.input_max_backprop.cast(),
        }
    }
}

/// The checked [`Common`] arguments.
struct Checked<'a> {
    attrs: Attrs,
    executor: Executor,
    shape: Shape<'a>,
    input: Region,
    input_min: Region,
    input_max: Region,
}

/// # Safety
/// The pointers that are not NULL are valid: `shape` for `rank` dimensions, the structs for their sizes, the others for
/// as many elements as shape and range_len say.
pub(super) unsafe fn forward<E: Element>(common: &Common<E>, output: *mut E) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let Checked { attrs, executor, shape, input, input_min, input_max } = unsafe { check(common) }?;
    let elements = shape.elements();
    let output_region = Region::new("output", output, elements)?;
    output_region.check_apart_or_same(input)?;
    output_region.check_apart(input_min)?;
    output_region.check_apart(input_max)?;
    // SAFETY: the caller's promise.
    let given = unsafe { given(common, &attrs) }?;
    let mut layout = Layout::new();
    layout.set_dense(&shape);
    // SAFETY: not NULL and aligned, as checked; valid, as promised; nobody else's, as checked and promised.
    let (input, output) = unsafe { (Input::new(common.input, elements), Output::new(output, elements)) };
    operation::forward(&attrs, given, &layout, &executor, &input, &output)
}

/// # Safety
/// As [`forward`]; the gradient's pointers likewise.
pub(super) unsafe fn gradient<E: Element>(common: &Common<E>, gradient: &Gradient<E>) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let Checked { attrs, executor, shape, input, input_min, input_max } = unsafe { check(common) }?;
    let (elements, channels) = (shape.elements(), shape.channels());
    let gradients_region = Region::new("gradients", gradient.gradients, elements)?;
    let backprop_region = Region::new("input_backprop", gradient.input_backprop, elements)?;
    backprop_region.check_apart_or_same(gradients_region)?;
    backprop_region.check_apart_or_same(input)?;
    backprop_region.check_apart(input_min)?;
    backprop_region.check_apart(input_max)?;

    let optional = |pointer: *mut E| if pointer.is_null() { 0 } else { channels };
    let min_len = optional(gradient.input_min_backprop);
    let max_len = optional(gradient.input_max_backprop);
    let min_region = Region::new("input_min_backprop", gradient.input_min_backprop, min_len)?;
    let max_region = Region::new("input_max_backprop", gradient.input_max_backprop, max_len)?;
    for range_region in [min_region, max_region] {
        for other in [backprop_region, gradients_region, input, input_min, input_max] {
            range_region.check_apart(other)?;
        }
    }
    max_region.check_apart(min_region)?;

    // SAFETY: the caller's promise.
    let given = unsafe { given(common, &attrs) }?;
    let mut layout = Layout::new();
    layout.set_dense(&if attrs.range_given { shape } else { shape.without_axis() });
    // SAFETY: not NULL and aligned, as checked; valid, as promised; nobody else's, as checked and promised.
    unsafe {
        let (gradients, input) = (Input::new(gradient.gradients, elements), Input::new(common.input, elements));
        let backprop = Output::new(gradient.input_backprop, elements);
        operation::gradient(given, &layout, &executor, &gradients, &input, &backprop)?;
        Output::new(gradient.input_min_backprop, min_len).fill_with(|_| E::ZERO);
        Output::new(gradient.input_max_backprop, max_len).fill_with(|_| E::ZERO);
    }
    Ok(())
}

/// # Safety
/// As [`forward`].
#[inline(always)]
unsafe fn check<'a, E: Element>(common: &Common<E>) -> Result<Checked<'a>, Error> {
    // SAFETY: the caller's promise.
    let (attrs, executor) = unsafe { (structs::attributes(common.attrs)?, structs::executor(common.executor)?) };
    // SAFETY: the caller's promise.
    let dimensions = unsafe { dimensions("rank", "shape", common.rank, common.shape) }?;
    let shape = Shape::new("shape", dimensions, attrs.axis, size_of::<E>())?;
    let input = Region::new("input", common.input, shape.elements())?;
    check_range_presence(common, attrs.range_given, &shape)?;
    let input_min = Region::new("input_min", common.input_min, common.range_len)?;
    let input_max = Region::new("input_max", common.input_max, common.range_len)?;
    Ok(Checked { attrs, executor, shape, input, input_min, input_max })
}

/// The given range, its values checked: the last of the checks, because it may take memory.
///
/// # Safety
/// The range's elements are valid for reads.
#[inline(always)]
unsafe fn given<E: Element>(common: &Common<E>, attrs: &Attrs) -> Result<Option<Channels<E::Real>>, Error> {
    if !attrs.range_given {
        return Ok(None);
    }
    let (min, max) = (common.input_min, common.input_max);
    // SAFETY: not NULL and aligned unless empty, as checked; valid, as promised; an index is below range_len.
    let of = move |index| unsafe { [min.add(index).read().to_real(), max.add(index).read().to_real()] };
    Bounds { names: ["input_min", "input_max"], count: common.range_len, of }.given().map(Some)
}

/// A range is passed where the attributes say so, and only there.
#[inline(always)]
fn check_range_presence<E>(common: &Common<E>, range_given: bool, shape: &Shape<'_>) -> Result<(), Error> {
    let (len, channels) = (common.range_len, shape.channels());
    if range_given {
        return match len == channels {
            true => Ok(()),
            false => fail!(SizeMismatch, "range_len is {len}; expected {channels}, one for each channel"),
        };
    }
    for (name, pointer) in [("input_min", common.input_min), ("input_max", common.input_max)] {
        if !pointer.is_null() {
            return fail!(InvalidRange, "{name} is {pointer:p}; expected NULL, because range_given is 0");
        }
    }
    match len {
        0 => Ok(()),
        _ => fail!(SizeMismatch, "range_len is {len}; expected 0, because range_given is 0"),
    }
}
