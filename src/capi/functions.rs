//! The C functions, one short body each. Their comments become the header's text, so they are written for C
//! readers; the bodies only name the generic function that does the work.

use std::ffi::{CStr, c_char, c_void};

use half::{bf16, f16};

use super::dense::{self, Common, Gradient};
use super::error::{last_error_text, status_text};
use super::guard::guard;
use super::types::*;
use super::{quantizer, structs, views};
use crate::simd::Isa;

/// Quantizes and dequantizes a dense float tensor.
///
/// input        the elements, row-major
/// shape, rank  the tensor's dimensions; rank 0 (one element) to QDQ_MAX_RANK
/// input_min, input_max, range_len
///              with range_given: the range of each channel, range_len values each: 1 when axis is -1, else
///              shape[axis], exactly; every one finite, and input_min[i] <= input_max[i].
///              Otherwise NULL, NULL, 0: the range is computed from the input.
/// attrs        NULL: the defaults
/// executor     NULL: the calling thread, nothing else
/// output       as many elements as input; may be input itself, any other overlap is an error
///
/// Allocates nothing when axis is -1, else at most scratch of a few numbers for each channel.
/// Returns QDQ_STATUS_OK, or any status but UNSUPPORTED_DTYPE; DEGENERATE_RANGE only where attrs asks for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_f32(
    input: *const f32,
    shape: *const i64,
    rank: i32,
    input_min: *const f32,
    input_max: *const f32,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    output: *mut f32,
) -> qdq_status {
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::forward(&common, output) })
}

/// Quantizes and dequantizes a dense double tensor: as qdq_quantize_and_dequantize_v4_f32, computed in double.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_f64(
    input: *const f64,
    shape: *const i64,
    rank: i32,
    input_min: *const f64,
    input_max: *const f64,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    output: *mut f64,
) -> qdq_status {
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::forward(&common, output) })
}

/// Quantizes and dequantizes a dense half tensor: as qdq_quantize_and_dequantize_v4_f32, computed in float
/// and rounded once at the end (see QDQ_ARITHMETIC_NATIVE for the other way).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_f16(
    input: *const qdq_f16,
    shape: *const i64,
    rank: i32,
    input_min: *const qdq_f16,
    input_max: *const qdq_f16,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    output: *mut qdq_f16,
) -> qdq_status {
    let (input, input_min, input_max) = (input.cast::<f16>(), input_min.cast(), input_max.cast());
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::forward(&common, output.cast()) })
}

/// Quantizes and dequantizes a dense bfloat16 tensor: as qdq_quantize_and_dequantize_v4_f32, computed in float
/// and rounded once at the end (see QDQ_ARITHMETIC_NATIVE for the other way).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_bf16(
    input: *const qdq_bf16,
    shape: *const i64,
    rank: i32,
    input_min: *const qdq_bf16,
    input_max: *const qdq_bf16,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    output: *mut qdq_bf16,
) -> qdq_status {
    let (input, input_min, input_max) = (input.cast::<bf16>(), input_min.cast(), input_max.cast());
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::forward(&common, output.cast()) })
}

/// The gradient of qdq_quantize_and_dequantize_v4_f32 by its input (a straight-through estimator):
/// input_backprop = gradients * (lo <= x && x <= hi ? 1 : 0), with lo and hi as given.
///
/// gradients    of the output; as many elements as input
/// input        the elements that the operation was given; the other arguments up to executor likewise
/// input_backprop
///              as many elements as input; may be gradients or input itself, any other overlap is an error
/// input_min_backprop, input_max_backprop
///              NULL, or 1 value when axis is -1, else shape[axis]: set to 0
///
/// It is a multiplication: -g * 0 is -0 and Inf * 0 is NaN, as in TensorFlow. An element that is NaN is outside
/// every range. Without range_given the range is the data's own: every element that is not NaN is inside.
/// The attribute degenerate has no effect. Source: TensorFlow 2.21, core/kernels/quantize_and_dequantize_op.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_grad_f32(
    gradients: *const f32,
    input: *const f32,
    shape: *const i64,
    rank: i32,
    input_min: *const f32,
    input_max: *const f32,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    input_backprop: *mut f32,
    input_min_backprop: *mut f32,
    input_max_backprop: *mut f32,
) -> qdq_status {
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    let gradient = Gradient { gradients, input_backprop, input_min_backprop, input_max_backprop };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::gradient(&common, &gradient) })
}

/// The gradient of qdq_quantize_and_dequantize_v4_f64: as qdq_quantize_and_dequantize_v4_grad_f32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_grad_f64(
    gradients: *const f64,
    input: *const f64,
    shape: *const i64,
    rank: i32,
    input_min: *const f64,
    input_max: *const f64,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    input_backprop: *mut f64,
    input_min_backprop: *mut f64,
    input_max_backprop: *mut f64,
) -> qdq_status {
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    let gradient = Gradient { gradients, input_backprop, input_min_backprop, input_max_backprop };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::gradient(&common, &gradient) })
}

/// The gradient of qdq_quantize_and_dequantize_v4_f16: as qdq_quantize_and_dequantize_v4_grad_f32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_grad_f16(
    gradients: *const qdq_f16,
    input: *const qdq_f16,
    shape: *const i64,
    rank: i32,
    input_min: *const qdq_f16,
    input_max: *const qdq_f16,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    input_backprop: *mut qdq_f16,
    input_min_backprop: *mut qdq_f16,
    input_max_backprop: *mut qdq_f16,
) -> qdq_status {
    let (input, input_min, input_max) = (input.cast::<f16>(), input_min.cast(), input_max.cast());
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    let gradient = Gradient { gradients, input_backprop, input_min_backprop, input_max_backprop }.cast();
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::gradient(&common, &gradient) })
}

/// The gradient of qdq_quantize_and_dequantize_v4_bf16: as qdq_quantize_and_dequantize_v4_grad_f32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_grad_bf16(
    gradients: *const qdq_bf16,
    input: *const qdq_bf16,
    shape: *const i64,
    rank: i32,
    input_min: *const qdq_bf16,
    input_max: *const qdq_bf16,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    input_backprop: *mut qdq_bf16,
    input_min_backprop: *mut qdq_bf16,
    input_max_backprop: *mut qdq_bf16,
) -> qdq_status {
    let (input, input_min, input_max) = (input.cast::<bf16>(), input_min.cast(), input_max.cast());
    let common = Common { input, shape, rank, input_min, input_max, range_len, attrs, executor };
    let gradient = Gradient { gradients, input_backprop, input_min_backprop, input_max_backprop }.cast();
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::gradient(&common, &gradient) })
}

/// Quantizes and dequantizes a view: any strides, element type at run time. Otherwise as
/// qdq_quantize_and_dequantize_v4_f32.
///
/// input        dtype F32, F64, F16 or BF16
/// input_min, input_max
///              with range_given: the range of each channel, of the input's dtype, or F32 for F16 and BF16: one
///              element (rank 0 or 1) when axis is -1, else rank 1 with shape[axis]. Otherwise NULL, NULL.
/// output       of the input's shape and dtype; may be input itself (the same data and strides) or interleave with it
///              without sharing a byte, any other overlap is an error
///
/// Views whose dimensions merge to rows of neighbouring elements, in any order of the dimensions, run at the speed of
/// dense tensors; others are gathered and scattered in parts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4(
    input: *const qdq_tensor,
    input_min: *const qdq_tensor,
    input_max: *const qdq_tensor,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    output: *const qdq_tensor,
) -> qdq_status {
    let common = views::Common { input, input_min, input_max, attrs, executor };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { views::forward(&common, output) })
}

/// The gradient of qdq_quantize_and_dequantize_v4 by its input, on views; see
/// qdq_quantize_and_dequantize_v4_grad_f32.
///
/// gradients, input_backprop
///              of the input's shape and dtype; input_backprop may be gradients or input itself
/// input_min_backprop, input_max_backprop
///              NULL, or shaped like input_min: set to 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantize_and_dequantize_v4_grad(
    gradients: *const qdq_tensor,
    input: *const qdq_tensor,
    input_min: *const qdq_tensor,
    input_max: *const qdq_tensor,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    input_backprop: *const qdq_tensor,
    input_min_backprop: *const qdq_tensor,
    input_max_backprop: *const qdq_tensor,
) -> qdq_status {
    let common = views::Common { input, input_min, input_max, attrs, executor };
    let gradient = views::Gradient { gradients, input_backprop, input_min_backprop, input_max_backprop };
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { views::gradient(&common, &gradient) })
}

/// Widens ranges by a tensor's elements: the first phase of the operation, for data that comes in pieces or is spread
/// over machines. Start range_min at +Inf and range_max at -Inf. Two ranges merge by elementwise minimum and maximum,
/// as MPI_MIN and MPI_MAX do; gathered in any pieces and merged in any order they are the same.
///
/// input        dtype F32, F64, F16 or BF16; NaN is left out, a zero counts as +0
/// attrs        only axis matters; NULL: -1
/// range_min, range_max
///              read and written: shaped like input_min of qdq_quantize_and_dequantize_v4, and of its dtypes; a NaN there
///              is QDQ_STATUS_INVALID_RANGE
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_range_update(
    input: *const qdq_tensor,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    range_min: *const qdq_tensor,
    range_max: *const qdq_tensor,
) -> qdq_status {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { views::range_update(input, attrs, executor, range_min, range_max) })
}

/// Prepares a quantizer: the parameters of every channel, computed once.
///
/// attrs        with range_given the range is given, and elements are clamped to it. Otherwise it is one gathered with
///              qdq_range_update ((+Inf, -Inf), of no number at all, is [0, 0]; infinities are allowed), and results
///              are those of a computed range.
/// dtype        of the tensors to come: F32, F64, F16 or BF16
/// input_min, input_max
///              as in qdq_quantize_and_dequantize_v4; with an axis their length is the number of channels
/// quantizer    receives the quantizer, to be destroyed with qdq_quantizer_destroy; NULL on failure
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantizer_create(
    attrs: *const qdq_attrs,
    dtype: qdq_dtype,
    input_min: *const qdq_tensor,
    input_max: *const qdq_tensor,
    quantizer: *mut *mut qdq_quantizer,
) -> qdq_status {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { quantizer::create(attrs, dtype, input_min, input_max, quantizer) })
}

/// Destroys a quantizer, which no other thread may be using. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantizer_destroy(quantizer: *mut qdq_quantizer) {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    unsafe { quantizer::destroy(quantizer) }
}

/// Quantizes and dequantizes with a prepared quantizer: the bits of qdq_quantize_and_dequantize_v4 with its range.
/// Allocates nothing.
///
/// input, output
///              of the quantizer's dtype and of one shape; the dimension of its axis is its number of channels. output may
///              be input itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantizer_apply(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    input: *const qdq_tensor,
    output: *const qdq_tensor,
) -> qdq_status {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { quantizer::apply(quantizer, executor, input, output) })
}

/// The gradient of qdq_quantizer_apply by its input: masks by the range as it was given or gathered. The tensors are as in
/// qdq_quantize_and_dequantize_v4_grad. Allocates nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantizer_grad(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    gradients: *const qdq_tensor,
    input: *const qdq_tensor,
    input_backprop: *const qdq_tensor,
) -> qdq_status {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { quantizer::gradient(quantizer, executor, gradients, input, input_backprop) })
}

/// The codes of a tensor: round(x*scale) as in the operation (clamped first only where the range was given), saturated
/// to qmin..qmax; what is NaN there gives 0. Allocates nothing.
///
/// input        of the quantizer's dtype
/// codes        of the input's shape and an integer dtype that holds qmin..qmax, else QDQ_STATUS_UNSUPPORTED_DTYPE; may
///              not overlap input
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantizer_quantize(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    input: *const qdq_tensor,
    codes: *const qdq_tensor,
) -> qdq_status {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { quantizer::quantize(quantizer, executor, input, codes) })
}

/// The numbers of codes: code*inverse. Of codes made by qdq_quantizer_quantize they are those of qdq_quantizer_apply bit for
/// bit, the sign of zero excepted, wherever nothing was saturated. Allocates nothing.
///
/// codes        an integer dtype that holds qmin..qmax
/// output       of the codes' shape and the quantizer's dtype; may not overlap codes
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantizer_dequantize(
    quantizer: *const qdq_quantizer,
    executor: *const qdq_executor,
    codes: *const qdq_tensor,
    output: *const qdq_tensor,
) -> qdq_status {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { quantizer::dequantize(quantizer, executor, codes, output) })
}

/// A parameter of every channel, by the formulas.
///
/// param        a QDQ_PARAM_ constant
/// values       len numbers: double for a quantizer of F64, float for the others
/// len          the number of channels, exactly
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_quantizer_get(
    quantizer: *const qdq_quantizer,
    param: i32,
    values: *mut c_void,
    len: usize,
) -> qdq_status {
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { quantizer::get(quantizer, param, values, len) })
}

/// Writes TensorFlow's defaults: what QDQ_ATTRS_INIT does, for callers that cannot use a macro.
///
/// attrs        the struct to fill in
/// struct_size  its size in bytes as the caller knows it; exactly so many bytes are written
///
/// Returns QDQ_STATUS_OK, NULL_POINTER, MISALIGNED, or INVALID_ATTRIBUTE where struct_size is smaller than
/// the first version's struct.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qdq_attrs_init(attrs: *mut qdq_attrs, struct_size: usize) -> qdq_status {
    // SAFETY: the caller gives struct_size writable bytes, as this function's documentation asks for.
    guard(|| unsafe { structs::init_attrs(attrs, struct_size) })
}

/// The name of a status, such as "QDQ_STATUS_INVALID_AXIS". Static text, for any number: one that is not a
/// status of this version gives "unknown status".
#[unsafe(no_mangle)]
pub extern "C" fn qdq_status_string(status: qdq_status) -> *const c_char {
    status_text(status).as_ptr()
}

/// The calling thread's last failure in one sentence, which names the argument, its value and what was
/// expected; "" before the first one. The text is in a fixed buffer of the thread, valid until its next
/// failure; success leaves it as it is.
#[unsafe(no_mangle)]
pub extern "C" fn qdq_last_error() -> *const c_char {
    last_error_text()
}

/// The version of the library in use: "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn qdq_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a version holds no NUL"),
    };
    VERSION.as_ptr()
}

/// The version of the library in use as a number: major << 16 | minor << 8 | patch.
#[unsafe(no_mangle)]
pub extern "C" fn qdq_version_number() -> u32 {
    QDQ_VERSION_MAJOR << 16 | QDQ_VERSION_MINOR << 8 | QDQ_VERSION_PATCH
}

/// The kernels in use: "scalar", "avx2", "avx512" or "neon". They are chosen once, at the first call that needs
/// them: the best that the processor has, or the one named by the environment variable QDQ_ISA.
#[unsafe(no_mangle)]
pub extern "C" fn qdq_isa() -> *const c_char {
    Isa::active().name().as_ptr()
}
