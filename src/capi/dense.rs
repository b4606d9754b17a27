//! The typed calls on dense tensors: every argument is checked, in the order of the documentation, before anything is
//! written.

use std::slice;

use super::region::{Region, aligned_address};
use super::structs;
use super::types::*;
use crate::exec::{Input, Output};
use crate::layout::{Layout, MAX_RANK};
use crate::operation::{self, Call};
use crate::simd::Element;
use crate::status::{Error, fail};

const _: () = assert!(QDQ_MAX_RANK as usize == MAX_RANK);

/// The arguments that the operation and its gradient share, as the caller gave them.
#[derive(Clone, Copy)]
pub(super) struct Common<E> {
    pub(super) input: *const E,
    pub(super) shape: *const i64,
    pub(super) rank: i32,
    pub(super) input_min: *const E,
    pub(super) input_max: *const E,
    pub(super) range_len: usize,
    pub(super) attrs: *const qdq_attrs,
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

/// The memory of the checked [`Common`] arguments.
struct Regions {
    input: Region,
    input_min: Region,
    input_max: Region,
}

/// # Safety
/// The pointers that are not NULL are valid: `shape` for `rank` dimensions, the structs for their sizes, the others for
/// as many elements as shape and range_len say.
pub(super) unsafe fn forward<E: Element>(common: &Common<E>, output: *mut E) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (call, regions) = unsafe { check(common) }?;
    let elements = call.layout.elements();
    let output_region = Region::new("output", output, elements)?;
    output_region.check_apart_or_same(&regions.input)?;
    output_region.check_apart(&regions.input_min)?;
    output_region.check_apart(&regions.input_max)?;
    // SAFETY: not NULL and aligned, as checked; valid, as promised; nobody else's, as checked and promised.
    operation::forward(&call, &unsafe { Output::new(output, elements) })
}

/// # Safety
/// As [`forward`]; the gradient's pointers likewise.
pub(super) unsafe fn gradient<E: Element>(common: &Common<E>, gradient: &Gradient<E>) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (call, regions) = unsafe { check(common) }?;
    let (elements, channels) = (call.layout.elements(), call.layout.channels);
    let gradients_region = Region::new("gradients", gradient.gradients, elements)?;
    let backprop_region = Region::new("input_backprop", gradient.input_backprop, elements)?;
    backprop_region.check_apart_or_same(&gradients_region)?;
    backprop_region.check_apart_or_same(&regions.input)?;
    backprop_region.check_apart(&regions.input_min)?;
    backprop_region.check_apart(&regions.input_max)?;

    let optional = |pointer: *mut E| if pointer.is_null() { 0 } else { channels };
    let min_len = optional(gradient.input_min_backprop);
    let max_len = optional(gradient.input_max_backprop);
    let min_region = Region::new("input_min_backprop", gradient.input_min_backprop, min_len)?;
    let max_region = Region::new("input_max_backprop", gradient.input_max_backprop, max_len)?;
    for range_region in [&min_region, &max_region] {
        range_region.check_apart(&backprop_region)?;
        range_region.check_apart(&gradients_region)?;
        range_region.check_apart(&regions.input)?;
        range_region.check_apart(&regions.input_min)?;
        range_region.check_apart(&regions.input_max)?;
    }
    max_region.check_apart(&min_region)?;

    // SAFETY: not NULL and aligned, as checked; valid, as promised; nobody else's, as checked and promised.
    unsafe {
        let gradients = Input::new(gradient.gradients, elements);
        operation::gradient(&call, &gradients, &Output::new(gradient.input_backprop, elements))?;
        operation::fill_with_zeros(&Output::new(gradient.input_min_backprop, min_len));
        operation::fill_with_zeros(&Output::new(gradient.input_max_backprop, max_len));
    }
    Ok(())
}

/// Checks the common arguments; the values of a given range are the operation's to check.
///
/// # Safety
/// As [`forward`].
unsafe fn check<'a, E: Element>(common: &Common<E>) -> Result<(Call<'a, E>, Regions), Error> {
    // SAFETY: the caller's promise.
    let (attrs, executor) = unsafe { (structs::attributes(common.attrs)?, structs::executor(common.executor)?) };
    // SAFETY: the caller's promise.
    let shape = unsafe { dimensions(common.shape, common.rank) }?;
    let layout = Layout::new(shape, attrs.axis, size_of::<E>())?;
    let elements = layout.elements();

    let input = Region::new("input", common.input, elements)?;
    check_range_presence(common, attrs.range_given, &layout)?;
    let input_min = Region::new("input_min", common.input_min, common.range_len)?;
    let input_max = Region::new("input_max", common.input_max, common.range_len)?;
    let range = attrs.range_given.then(|| {
        // SAFETY: not NULL and aligned unless empty, as checked; valid, as promised.
        unsafe {
            [
                elements_of(common.input_min, common.range_len),
                elements_of(common.input_max, common.range_len),
            ]
        }
    });
    // SAFETY: not NULL and aligned unless empty, as checked; valid, as promised.
    let elements_in = unsafe { Input::new(common.input, elements) };
    let call = Call {
        attrs,
        layout,
        executor,
        input: elements_in,
        range,
    };
    Ok((
        call,
        Regions {
            input,
            input_min,
            input_max,
        },
    ))
}

/// A range is passed where the attributes say so, and only there.
fn check_range_presence<E>(common: &Common<E>, range_given: bool, layout: &Layout) -> Result<(), Error> {
    if range_given {
        if common.range_len != layout.channels {
            return fail!(
                SizeMismatch,
                "range_len is {}; expected {}, one for each channel",
                common.range_len,
                layout.channels
            );
        }
        return Ok(());
    }
    for (name, pointer) in [("input_min", common.input_min), ("input_max", common.input_max)] {
        if !pointer.is_null() {
            return fail!(
                InvalidRange,
                "{name} is {pointer:p}; expected NULL, because range_given is 0"
            );
        }
    }
    if common.range_len != 0 {
        return fail!(
            SizeMismatch,
            "range_len is {}; expected 0, because range_given is 0",
            common.range_len
        );
    }
    Ok(())
}

/// # Safety
/// `shape` is NULL or valid for reads of `rank` dimensions.
unsafe fn dimensions<'a>(shape: *const i64, rank: i32) -> Result<&'a [i64], Error> {
    let count = match usize::try_from(rank) {
        Ok(count) if count <= MAX_RANK => count,
        _ => return fail!(InvalidShape, "rank is {rank}; expected 0 to {MAX_RANK}"),
    };
    if count == 0 {
        return Ok(&[]);
    }
    aligned_address("shape", shape)?;
    // SAFETY: not NULL and aligned, as checked; valid, as promised.
    Ok(unsafe { slice::from_raw_parts(shape, count) })
}

/// # Safety
/// `start` is aligned and valid for reads of `len` elements that nothing writes meanwhile, or `len` is 0.
unsafe fn elements_of<'a, E>(start: *const E, len: usize) -> &'a [E] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(start, len) }
}
