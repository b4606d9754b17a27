//! The C types and constants. Their comments become the header's text, so they are written for C readers.

use std::ffi::c_void;

/// The library's version at compile time; qdq_version_number() tells that of the library in use.
pub const QDQ_VERSION_MAJOR: u32 = 0;
/// See QDQ_VERSION_MAJOR.
pub const QDQ_VERSION_MINOR: u32 = 1;
/// See QDQ_VERSION_MAJOR.
pub const QDQ_VERSION_PATCH: u32 = 0;

/// The largest rank of a tensor.
pub const QDQ_MAX_RANK: i32 = 64;

/// The bits of an IEEE 754 binary16 number ("half").
pub type qdq_f16 = u16;

/// The bits of a bfloat16 number: the upper half of a float.
pub type qdq_bf16 = u16;

/// How a call ended: one of the QDQ_STATUS_ constants. The numbers never change their meaning.
/// On any status but QDQ_STATUS_OK, qdq_last_error() has the reason in words.
pub type qdq_status = i32;

/// Success.
pub const QDQ_STATUS_OK: i32 = 0;
/// A required pointer is NULL.
pub const QDQ_STATUS_NULL_POINTER: i32 = 1;
/// An attribute, a struct_size or a reserved field has a value that it cannot have.
pub const QDQ_STATUS_INVALID_ATTRIBUTE: i32 = 2;
/// axis is neither -1 nor a dimension of the tensor.
pub const QDQ_STATUS_INVALID_AXIS: i32 = 3;
/// A rank, a dimension, a stride or the size that follows from them is impossible.
pub const QDQ_STATUS_INVALID_SHAPE: i32 = 4;
/// A given range holds NaN or an infinity, has min > max, or was passed without range_given.
pub const QDQ_STATUS_INVALID_RANGE: i32 = 5;
/// range_len, or the size of one tensor beside another, is not what it must be.
pub const QDQ_STATUS_SIZE_MISMATCH: i32 = 6;
/// A dtype is unknown, or not one that this argument can have.
pub const QDQ_STATUS_UNSUPPORTED_DTYPE: i32 = 7;
/// A pointer is not a multiple of its element's size.
pub const QDQ_STATUS_MISALIGNED: i32 = 8;
/// An output shares memory with another argument in a way that the function does not allow.
pub const QDQ_STATUS_OVERLAP: i32 = 9;
/// A channel's range gives no usable scale, and the attribute degenerate is QDQ_DEGENERATE_ERROR.
pub const QDQ_STATUS_DEGENERATE_RANGE: i32 = 10;
/// The scratch memory for the channels could not be allocated.
pub const QDQ_STATUS_OUT_OF_MEMORY: i32 = 11;
/// A defect of the library itself; the outputs are unspecified. Please report it.
pub const QDQ_STATUS_INTERNAL: i32 = 12;
/// The host's parallel_for failed or skipped a task; the outputs are unspecified.
pub const QDQ_STATUS_EXECUTOR: i32 = 13;

/// The attribute round_mode: a number halfway between two codes goes to the even one.
pub const QDQ_ROUND_HALF_TO_EVEN: i32 = 0;
/// The attribute round_mode: a number halfway between two codes goes to the larger one, floor(v + 0.5).
pub const QDQ_ROUND_HALF_UP: i32 = 1;

/// The attribute arithmetic: half and bfloat16 are computed in float and converted once, at the end.
pub const QDQ_ARITHMETIC_DEFAULT: i32 = 0;
/// The attribute arithmetic: half and bfloat16 are rounded to their own type after every operation,
/// which is what XLA computes for bfloat16. It changes nothing for float and double.
pub const QDQ_ARITHMETIC_NATIVE: i32 = 1;

/// The attribute degenerate: compute the formulas as they stand, as TensorFlow does, Inf and NaN included.
pub const QDQ_DEGENERATE_TENSORFLOW: i32 = 0;
/// The attribute degenerate: write 0 for every element of a degenerate channel that is not NaN.
pub const QDQ_DEGENERATE_ZERO: i32 = 1;
/// The attribute degenerate: fail with QDQ_STATUS_DEGENERATE_RANGE before anything is written.
pub const QDQ_DEGENERATE_ERROR: i32 = 2;

/// The operation's attributes, with TensorFlow's names and defaults. Plain values, no pointers, no
/// padding: it may be a shared constant. Start from QDQ_ATTRS_INIT or qdq_attrs_init(), so that fields
/// added by later versions keep their defaults. Where a function takes a qdq_attrs *, NULL means the
/// defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct qdq_attrs {
    /// sizeof(qdq_attrs) of the caller. A larger struct is accepted when all that this version does
    /// not know of it is 0.
    pub struct_size: usize,
    /// Width of the codes: 1 to 61 signed, 1 to 62 unsigned. Default 8.
    pub num_bits: i32,
    /// -1 (the default): one range for the whole tensor. 0 to rank - 1: one range for each index of that
    /// dimension. -1 never means the last dimension.
    pub axis: i32,
    /// QDQ_ROUND_HALF_TO_EVEN (the default) or QDQ_ROUND_HALF_UP.
    pub round_mode: i32,
    /// QDQ_ARITHMETIC_DEFAULT (the default) or QDQ_ARITHMETIC_NATIVE.
    pub arithmetic: i32,
    /// QDQ_DEGENERATE_TENSORFLOW (the default), QDQ_DEGENERATE_ZERO or QDQ_DEGENERATE_ERROR: what to do
    /// with a channel whose scale or inverse is not finite, or whose inverse is <= 0 though its range is
    /// not [0, 0].
    pub degenerate: i32,
    /// Not 0 (the default, 1): codes from -(2^(num_bits-1)) to 2^(num_bits-1) - 1. 0: codes from 0 to
    /// 2^num_bits - 1.
    pub signed_input: i32,
    /// Not 0: the range is input_min and input_max, and elements are clamped to it. 0 (the default): the
    /// range is the least and the greatest element, NaN left out.
    pub range_given: i32,
    /// Not 0: signed codes start at -(2^(num_bits-1)) + 1, as many below zero as above. 0 is the default.
    /// No effect on unsigned codes. Signed, narrow and num_bits 1 together are an error.
    pub narrow_range: i32,
}

/// One piece of work, which the library hands to qdq_parallel_for.
pub type qdq_task = Option<unsafe extern "C" fn(task_data: *mut c_void, task_index: usize)>;

/// A host's way to run work in parallel: calls task(task_data, i) once for each i in [0, task_count), in
/// any order, on any threads, at once or one by one, and returns 0 when all have returned. On any other
/// value, or when a task was skipped, the library's call gives QDQ_STATUS_EXECUTOR. Either way no task
/// runs after it returned. It must not unwind (no C++ exception may leave it). It is called from the calling
/// thread only, perhaps several times in a call; task_count may exceed the number of threads; tasks never
/// wait for each other and never call parallel_for.
pub type qdq_parallel_for = Option<
    unsafe extern "C" fn(host_data: *mut c_void, task_count: usize, task: qdq_task, task_data: *mut c_void) -> i32,
>;

/// Where the work runs. Start from QDQ_EXECUTOR_INIT. Where a function takes a qdq_executor *, NULL means:
/// on the calling thread, nothing else.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct qdq_executor {
    /// sizeof(qdq_executor) of the caller. A larger struct is accepted when all that this version does
    /// not know of it is 0.
    pub struct_size: usize,
    /// How many tasks run at once, at most. 0: one for every core that this process may use; 1: all on the
    /// calling thread. With a host's pool: its width.
    pub num_threads: i32,
    /// 0.
    pub reserved: i32,
    /// The host's pool; NULL: the library's own.
    pub parallel_for: qdq_parallel_for,
    /// Passed to parallel_for as it is.
    pub host_data: *mut c_void,
}

/// The type of a tensor's elements: one of the QDQ_DTYPE_ constants. 0 is none.
pub type qdq_dtype = i32;

/// float
pub const QDQ_DTYPE_F32: i32 = 1;
/// double
pub const QDQ_DTYPE_F64: i32 = 2;
/// qdq_f16
pub const QDQ_DTYPE_F16: i32 = 3;
/// qdq_bf16
pub const QDQ_DTYPE_BF16: i32 = 4;
/// int8_t; this and the following are types of codes.
pub const QDQ_DTYPE_I8: i32 = 5;
/// uint8_t
pub const QDQ_DTYPE_U8: i32 = 6;
/// int16_t
pub const QDQ_DTYPE_I16: i32 = 7;
/// uint16_t
pub const QDQ_DTYPE_U16: i32 = 8;
/// int32_t
pub const QDQ_DTYPE_I32: i32 = 9;
/// uint32_t
pub const QDQ_DTYPE_U32: i32 = 10;
/// int64_t
pub const QDQ_DTYPE_I64: i32 = 11;
/// uint64_t
pub const QDQ_DTYPE_U64: i32 = 12;

/// For qdq_quantizer_get: what elements are multiplied by (codes per unit).
pub const QDQ_PARAM_SCALE: i32 = 1;
/// For qdq_quantizer_get: what codes are multiplied by, the size of a step; what ONNX and PyTorch call scale.
pub const QDQ_PARAM_INVERSE_SCALE: i32 = 2;
/// For qdq_quantizer_get: the adjusted range's lower end.
pub const QDQ_PARAM_CLAMP_MIN: i32 = 3;
/// For qdq_quantizer_get: the adjusted range's upper end.
pub const QDQ_PARAM_CLAMP_MAX: i32 = 4;
/// For qdq_quantizer_get: the range's lower end as it was given or gathered; of no number at all, 0.
pub const QDQ_PARAM_RANGE_MIN: i32 = 5;
/// For qdq_quantizer_get: the range's upper end as it was given or gathered; of no number at all, 0.
pub const QDQ_PARAM_RANGE_MAX: i32 = 6;

/// A view of a tensor: elements anywhere, at fixed distances. The struct and its arrays are only read during the
/// call, those of an output too.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct qdq_tensor {
    /// The element with all indices 0. Not NULL unless a dimension is 0.
    pub data: *mut c_void,
    /// rank dimensions; NULL is fine for rank 0.
    pub shape: *const i64,
    /// rank distances in elements, not in bytes. NULL: dense, row-major. What stands for a dimension of 0 or
    /// 1 is ignored. An input's may be negative or 0; an output's too, but no two elements may share memory
    /// (strides that make this too hard to decide count as if they did).
    pub strides: *const i64,
    /// 0 to QDQ_MAX_RANK.
    pub rank: i32,
    /// A QDQ_DTYPE_ constant.
    pub dtype: qdq_dtype,
    /// 0.
    pub flags: u64,
}

/// Attributes and ranges made ready, for use any number of times. Immutable: any number of threads may use one
/// at once. It holds copies, no pointer of the caller's.
pub struct qdq_quantizer {
    pub(super) any: super::quantizer::AnyQuantizer,
}
