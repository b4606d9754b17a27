//! The C functions, one short body each. Their comments become the header's text, so they are written for C
//! readers; the bodies only name the generic function that does the work.

use std::ffi::{CStr, c_char};

use half::{bf16, f16};

use super::dense::{self, Common, Gradient};
use super::error::{last_error_text, status_text};
use super::guard::guard;
use super::structs;
use super::types::*;
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
/// Allocates nothing when axis is -1, else scratch of a few numbers for each channel.
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
    let gradient = Gradient {
        gradients,
        input_backprop,
        input_min_backprop,
        input_max_backprop,
    };
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
    let gradient = Gradient {
        gradients,
        input_backprop,
        input_min_backprop,
        input_max_backprop,
    };
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
    let gradient = Gradient {
        gradients,
        input_backprop,
        input_min_backprop,
        input_max_backprop,
    }
    .cast();
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
    let common = Common {
        input,
        shape,
        rank,
        input_min,
        input_max,
        range_len,
        attrs,
        executor,
    };
    let gradient = Gradient {
        gradients,
        input_backprop,
        input_min_backprop,
        input_max_backprop,
    }
    .cast();
    // SAFETY: the caller's arguments are what this function's documentation asks for.
    guard(|| unsafe { dense::gradient(&common, &gradient) })
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
