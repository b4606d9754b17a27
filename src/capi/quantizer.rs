//! Prepared quantizers of any element type.

use std::alloc;
use std::ffi::c_void;

use half::{bf16, f16};

use super::dtype::{CODES, ELEMENTS, with_code, with_code_bits};
use super::region::{Region, aligned_address};
use super::structs;
use super::tensor::{View, bounds, lay_out};
use super::types::*;
use crate::attrs::Attrs;
use crate::exec::Output;
use crate::layout::{Layout, Shape};
use crate::quantizer::{Parameter, Quantizer};
use crate::simd::Element;
use crate::status::{Error, fail};

/// A quantizer of one of the element types.
pub(super) enum AnyQuantizer {
    F32(Quantizer<f32>),
    F64(Quantizer<f64>),
    F16(Quantizer<f16>),
    Bf16(Quantizer<bf16>),
}

/// Evaluates `$body` with `$quantizer` bound to the quantizer and the type alias `$E` for its element type.
macro_rules! with_quantizer {
    ($any:expr, $quantizer:ident, $E:ident => $body:expr) => {
        match $any {
            AnyQuantizer::F32($quantizer) => {
                type $E = f32;
                $body
            }
            AnyQuantizer::F64($quantizer) => {
                type $E = f64;
                $body
            }
            AnyQuantizer::F16($quantizer) => {
                type $E = f16;
                $body
            }
            AnyQuantizer::Bf16($quantizer) => {
                type $E = bf16;
                $body
            }
        }
    };
}

impl AnyQuantizer {
    fn dtype(&self) -> qdq_dtype {
        match self {
            AnyQuantizer::F32(_) => QDQ_DTYPE_F32,
            AnyQuantizer::F64(_) => QDQ_DTYPE_F64,
            AnyQuantizer::F16(_) => QDQ_DTYPE_F16,
            AnyQuantizer::Bf16(_) => QDQ_DTYPE_BF16,
        }
    }

    fn attrs(&self) -> &Attrs {
        with_quantizer!(self, quantizer, _E => quantizer.attrs())
    }

    fn channels(&self) -> usize {
        with_quantizer!(self, quantizer, _E => quantizer.channels())
    }

    /// The shape of elements, with as many channels as the quantizer has.
    fn shape<'a>(&self, view: &View<'a>) -> Result<Shape<'a>, Error> {
        let shape = view.shape_with_axis(self.attrs().axis)?;
        if shape.channels() == self.channels() {
            return Ok(shape);
        }
        view.channel_mismatch(self.attrs().axis, self.channels())
    }
}

/// # Safety
/// The pointers that are not NULL are valid.
pub(super) unsafe fn create(
    attrs: *const qdq_attrs,
    dtype: qdq_dtype,
    input_min: *const qdq_tensor,
    input_max: *const qdq_tensor,
    quantizer: *mut *mut qdq_quantizer,
) -> Result<(), Error> {
    aligned_address("quantizer", quantizer)?;
    // SAFETY: not NULL and aligned, as checked; valid, as promised. NULL on every failure that follows.
    unsafe { quantizer.write(std::ptr::null_mut()) };
    // SAFETY: the caller's promise.
    let attrs = unsafe { structs::attributes(attrs) }?;
    // SAFETY: the caller's promise.
    let (min, max) = unsafe { (View::new("input_min", input_min)?, View::new("input_max", input_max)?) };
    // SAFETY: the caller's promise.
    let any = unsafe {
        match dtype {
            QDQ_DTYPE_F32 => prepare::<f32>(&attrs, dtype, &min, &max).map(AnyQuantizer::F32),
            QDQ_DTYPE_F64 => prepare::<f64>(&attrs, dtype, &min, &max).map(AnyQuantizer::F64),
            QDQ_DTYPE_F16 => prepare::<f16>(&attrs, dtype, &min, &max).map(AnyQuantizer::F16),
            QDQ_DTYPE_BF16 => prepare::<bf16>(&attrs, dtype, &min, &max).map(AnyQuantizer::Bf16),
            _ => fail!(UnsupportedDtype, "dtype is {dtype}; expected {ELEMENTS}"),
        }
    }?;
    let boxed = allocate(qdq_quantizer { any })?;
    // SAFETY: as above.
    unsafe { quantizer.write(boxed) };
    Ok(())
}

/// # Safety
/// The range's elements are valid for reads.
unsafe fn prepare<E: Element>(
    attrs: &Attrs,
    dtype: qdq_dtype,
    min: &View<'_>,
    max: &View<'_>,
) -> Result<Quantizer<E>, Error> {
    if attrs.axis < -1 || attrs.axis >= QDQ_MAX_RANK {
        return fail!(InvalidAxis, "axis is {}; expected -1 to {}", attrs.axis, QDQ_MAX_RANK - 1);
    }
    let channels = min.elements;
    min.check_range(dtype, attrs.axis, channels)?;
    max.check_range(dtype, attrs.axis, channels)?;
    // SAFETY: the caller's promise; number and type of the elements are checked.
    let bounds = unsafe { bounds::<E>([min, max], channels) };
    let channels = if attrs.range_given { bounds.given() } else { bounds.gathered() }?;
    Quantizer::new(attrs, channels)
}

/// A box that fails instead of aborting.
fn allocate(quantizer: qdq_quantizer) -> Result<*mut qdq_quantizer, Error> {
    let layout = alloc::Layout::new::<qdq_quantizer>();
    // SAFETY: the type has a size.
    let place = unsafe { alloc::alloc(layout) }.cast::<qdq_quantizer>();
    if place.is_null() {
        return fail!(OutOfMemory, "the quantizer's {} bytes are not to be had", layout.size());
    }
    // SAFETY: new memory of the type's size and alignment.
    unsafe { place.write(quantizer) };
    Ok(place)
}

/// # Safety
/// `quantizer` is NULL, or of [`create`] and in no other call; it is gone afterwards.
pub(super) unsafe fn destroy(quantizer: *mut qdq_quantizer) {
    if !quantizer.is_null() {
        // SAFETY: allocated as a box of this type is.
        drop(unsafe { Box::from_raw(quantizer) });
    }
}

/// # Safety
/// `quantizer` is NULL or of [`create`], and not destroyed during 'a.
unsafe fn checked<'a>(quantizer: *const qdq_quantizer) -> Result<&'a AnyQuantizer, Error> {
    aligned_address("quantizer", quantizer)?;
    // SAFETY: not NULL; alive, as promised; never changed.
    Ok(unsafe { &(*quantizer).any })
}

/// # Safety
/// The pointers that are not NULL are valid, and the tensors' elements for as long as the call takes.
pub(super) unsafe fn apply(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    input: *const qdq_tensor,
    output: *const qdq_tensor,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (any, executor) = unsafe { (checked(quantizer)?, structs::executor(executor)?) };
    // SAFETY: the caller's promise.
    let (input, output) = unsafe { (View::new("input", input)?, View::new("output", output)?) };
    input.check_dtype(any.dtype())?;
    let shape = any.shape(&input)?;
    output.check_dtype(any.dtype())?;
    output.check_shape(&input)?;
    output.check_output()?;
    output.check_apart_or_same(&input)?;
    let mut layout = Layout::new();
    lay_out(&mut layout, &shape, [&input, &output]);
    with_quantizer!(any, quantizer, E => {
        // SAFETY: as checked and promised.
        let (input, output) = unsafe { (input.input::<E>(), output.output::<E>()) };
        quantizer.apply(&layout, &executor, &input, &output)
    })
}

/// # Safety
/// As [`apply`].
pub(super) unsafe fn gradient(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    gradients: *const qdq_tensor,
    input: *const qdq_tensor,
    input_backprop: *const qdq_tensor,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (any, executor) = unsafe { (checked(quantizer)?, structs::executor(executor)?) };
    // SAFETY: the caller's promise.
    let (gradients, input, backprop) = unsafe {
        (View::new("gradients", gradients)?, View::new("input", input)?, View::new("input_backprop", input_backprop)?)
    };
    input.check_dtype(any.dtype())?;
    let shape = any.shape(&input)?;
    for view in [&gradients, &backprop] {
        view.check_dtype(any.dtype())?;
        view.check_shape(&input)?;
    }
    backprop.check_output()?;
    backprop.check_apart_or_same(&gradients)?;
    backprop.check_apart_or_same(&input)?;
    let mut layout = Layout::new();
    lay_out(&mut layout, &shape, [&gradients, &input, &backprop]);
    with_quantizer!(any, quantizer, E => {
        // SAFETY: as checked and promised.
        let (gradients, input, backprop) =
            unsafe { (gradients.input::<E>(), input.input::<E>(), backprop.output::<E>()) };
        quantizer.gradient(&layout, &executor, &gradients, &input, &backprop)
    })
}

/// # Safety
/// As [`apply`].
pub(super) unsafe fn quantize(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    input: *const qdq_tensor,
    codes: *const qdq_tensor,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (any, executor) = unsafe { (checked(quantizer)?, structs::executor(executor)?) };
    // SAFETY: the caller's promise.
    let (input, codes) = unsafe { (View::new("input", input)?, View::new("codes", codes)?) };
    input.check_dtype(any.dtype())?;
    let shape = any.shape(&input)?;
    codes.check_holds_codes(any.attrs())?;
    codes.check_shape(&input)?;
    codes.check_output()?;
    codes.check_apart(&input)?;
    let mut layout = Layout::new();
    lay_out(&mut layout, &shape, [&input, &codes]);
    with_quantizer!(any, quantizer, E => with_code_bits!(codes.dtype, K => {
        // SAFETY: as checked and promised.
        let (input, codes) = unsafe { (input.input::<E>(), codes.output::<K>()) };
        quantizer.quantize(&layout, &executor, &input, &codes)
    }, _ => codes.unsupported(CODES)))
}

/// # Safety
/// As [`apply`].
pub(super) unsafe fn dequantize(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    codes: *const qdq_tensor,
    output: *const qdq_tensor,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let (any, executor) = unsafe { (checked(quantizer)?, structs::executor(executor)?) };
    // SAFETY: the caller's promise.
    let (codes, output) = unsafe { (View::new("codes", codes)?, View::new("output", output)?) };
    let shape = any.shape(&codes)?;
    codes.check_holds_codes(any.attrs())?;
    output.check_dtype(any.dtype())?;
    output.check_shape(&codes)?;
    output.check_output()?;
    output.check_apart(&codes)?;
    let mut layout = Layout::new();
    lay_out(&mut layout, &shape, [&codes, &output]);
    with_quantizer!(any, quantizer, E => with_code!(codes.dtype, K => {
        // SAFETY: as checked and promised.
        let (codes, output) = unsafe { (codes.input::<K>(), output.output::<E>()) };
        quantizer.dequantize(&layout, &executor, &codes, &output)
    }, _ => codes.unsupported(CODES)))
}

/// # Safety
/// The pointers that are not NULL are valid: `values` for writes of `len` doubles where the quantizer's dtype is F64,
/// else floats.
pub(super) unsafe fn get(
    quantizer: *const qdq_quantizer,
    param: i32,
    values: *mut c_void,
    len: usize,
) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    let any = unsafe { checked(quantizer) }?;
    let parameter = match param {
        QDQ_PARAM_SCALE => Parameter::Scale,
        QDQ_PARAM_INVERSE_SCALE => Parameter::InverseScale,
        QDQ_PARAM_CLAMP_MIN => Parameter::ClampMin,
        QDQ_PARAM_CLAMP_MAX => Parameter::ClampMax,
        QDQ_PARAM_RANGE_MIN => Parameter::RangeMin,
        QDQ_PARAM_RANGE_MAX => Parameter::RangeMax,
        _ => {
            return fail!(InvalidAttribute, "param is {param}; expected a QDQ_PARAM_ constant, 1 to 6");
        }
    };
    let channels = any.channels();
    if len != channels {
        return fail!(SizeMismatch, "len is {len}; expected {channels}, one for each channel");
    }
    with_quantizer!(any, quantizer, E => {
        type Value = <E as Element>::Real;
        Region::new("values", values.cast::<Value>(), len)?;
        // SAFETY: not NULL and aligned, as checked; valid, as promised.
        let values = unsafe { Output::new(values.cast::<Value>(), len) };
        values.fill_with(|channel| quantizer.parameter(parameter, channel));
        Ok(())
    })
}
