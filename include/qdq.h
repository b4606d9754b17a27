/*
 * qdq.h - libqdq: TensorFlow's quantize_and_dequantize_v4 (fake quantization) and its gradient
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * THE OPERATION
 *
 * Every channel of a tensor (the whole tensor where axis is -1) has a range [lo, hi]: given, or the least
 * and the greatest of its elements. The range fixes a grid of codes qmin..qmax (integers of num_bits bits),
 * and every element is replaced by the nearest number of that grid. Computed in the type C, which is double
 * for double and float for the other types:
 *
 *     qmin = signed ? -(2^(bits-1)) + (narrow ? 1 : 0) : 0
 *     qmax = signed ?   2^(bits-1) - 1 : 2^bits - 1
 *     s_lo = qmin*lo > 0 ? qmin/lo : MAX                      MAX: the largest finite number of C
 *     s_hi = qmax*hi > 0 ? qmax/hi : MAX
 *     s_lo < s_hi:  scale = s_lo;  inverse = lo/qmin;  hi = qmax*inverse
 *     otherwise:    scale = s_hi;  inverse = hi/qmax;  lo = qmin*inverse
 *     v = x; range_given: v > hi becomes hi, v < lo becomes lo     (the adjusted lo and hi)
 *     output = round(v*scale) * inverse
 *
 * Source: TensorFlow 2.21, core/kernels/quantize_and_dequantize_op.h. The result is TensorFlow's bit for bit
 * for every finite input, whatever the instruction set and the number of threads. scale multiplies the input
 * (codes per unit): it is the reciprocal of what ONNX and PyTorch call scale. NaN stays NaN where it stands
 * and never enters a computed range.
 *
 * RULES FOR EVERY FUNCTION
 *
 * - Safe to call from any number of threads at once. No call changes another's result.
 * - All arguments are checked before the first write: on any status but QDQ_STATUS_OK the outputs are as they
 *   were (after QDQ_STATUS_INTERNAL and QDQ_STATUS_EXECUTOR they are unspecified).
 * - Nothing aborts, prints, or unwinds into the caller; no thread is started unless an executor asks for it.
 * - The caller's floating-point environment is set aside during the call and restored.
 * - A call takes less than 128 KB of stack, on the calling thread and on those of a host's executor.
 * - Tensors are dense and row-major unless a qdq_tensor says otherwise. Pointers to elements are aligned to the
 *   element's size. A tensor with a dimension of 0 may have NULL data, a scalar (rank 0) may have a NULL shape.
 * - Arguments that are only read may overlap each other.
 */

#ifndef QDQ_H
#define QDQ_H

/* Generated from src/capi by `cargo run -p qdq-header`: edit there. */

#include <stddef.h>
#include <stdint.h>

/* Defined by a program that links libqdq.a on Windows: its functions are then not imported from a DLL. */
#if defined(_WIN32) && !defined(QDQ_STATIC)
/** Of a function of the library. */
#define QDQ_API __declspec(dllimport)
#else
/** Of a function of the library. */
#define QDQ_API
#endif

/** TensorFlow's defaults: signed, 8 bits, computed range, half to even, one range for the whole tensor. */
#define QDQ_ATTRS_INIT {sizeof(qdq_attrs), 8, -1, 0, 0, 0, 1, 0, 0}

/** Every core, on the library's own pool. */
#define QDQ_EXECUTOR_INIT {sizeof(qdq_executor), 0, 0, NULL, NULL}

/** The library's version at compile time; qdq_version_number() tells that of the library in use. */
#define QDQ_VERSION_MAJOR 0

/** See QDQ_VERSION_MAJOR. */
#define QDQ_VERSION_MINOR 1

/** See QDQ_VERSION_MAJOR. */
#define QDQ_VERSION_PATCH 0

/** The largest rank of a tensor. */
#define QDQ_MAX_RANK 64

/** Success. */
#define QDQ_STATUS_OK 0

/** A required pointer is NULL. */
#define QDQ_STATUS_NULL_POINTER 1

/** An attribute, a struct_size or a reserved field has a value that it cannot have. */
#define QDQ_STATUS_INVALID_ATTRIBUTE 2

/** axis is neither -1 nor a dimension of the tensor. */
#define QDQ_STATUS_INVALID_AXIS 3

/** A rank, a dimension, a stride or the size that follows from them is impossible. */
#define QDQ_STATUS_INVALID_SHAPE 4

/** A given range holds NaN or an infinity, has min > max, or was passed without range_given. */
#define QDQ_STATUS_INVALID_RANGE 5

/** range_len, or the size of one tensor beside another, is not what it must be. */
#define QDQ_STATUS_SIZE_MISMATCH 6

/** A dtype is unknown, or not one that this argument can have. */
#define QDQ_STATUS_UNSUPPORTED_DTYPE 7

/** A pointer is not a multiple of its element's size. */
#define QDQ_STATUS_MISALIGNED 8

/** An output shares memory with another argument in a way that the function does not allow. */
#define QDQ_STATUS_OVERLAP 9

/** A channel's range gives no usable scale, and the attribute degenerate is QDQ_DEGENERATE_ERROR. */
#define QDQ_STATUS_DEGENERATE_RANGE 10

/** The scratch memory for the channels could not be allocated. */
#define QDQ_STATUS_OUT_OF_MEMORY 11

/** A defect of the library itself; the outputs are unspecified. Please report it. */
#define QDQ_STATUS_INTERNAL 12

/** The host's parallel_for failed or skipped a task; the outputs are unspecified. */
#define QDQ_STATUS_EXECUTOR 13

/** The attribute round_mode: a number halfway between two codes goes to the even one. */
#define QDQ_ROUND_HALF_TO_EVEN 0

/** The attribute round_mode: a number halfway between two codes goes to the larger one, floor(v + 0.5). */
#define QDQ_ROUND_HALF_UP 1

/** The attribute arithmetic: half and bfloat16 are computed in float and converted once, at the end. */
#define QDQ_ARITHMETIC_DEFAULT 0

/**
 * The attribute arithmetic: half and bfloat16 are rounded to their own type after every operation,
 * which is what XLA computes for bfloat16. It changes nothing for float and double.
 */
#define QDQ_ARITHMETIC_NATIVE 1

/** The attribute degenerate: compute the formulas as they stand, as TensorFlow does, Inf and NaN included. */
#define QDQ_DEGENERATE_TENSORFLOW 0

/** The attribute degenerate: write 0 for every element of a degenerate channel that is not NaN. */
#define QDQ_DEGENERATE_ZERO 1

/** The attribute degenerate: fail with QDQ_STATUS_DEGENERATE_RANGE before anything is written. */
#define QDQ_DEGENERATE_ERROR 2

/** float */
#define QDQ_DTYPE_F32 1

/** double */
#define QDQ_DTYPE_F64 2

/** qdq_f16 */
#define QDQ_DTYPE_F16 3

/** qdq_bf16 */
#define QDQ_DTYPE_BF16 4

/** int8_t; this and the following are types of codes. */
#define QDQ_DTYPE_I8 5

/** uint8_t */
#define QDQ_DTYPE_U8 6

/** int16_t */
#define QDQ_DTYPE_I16 7

/** uint16_t */
#define QDQ_DTYPE_U16 8

/** int32_t */
#define QDQ_DTYPE_I32 9

/** uint32_t */
#define QDQ_DTYPE_U32 10

/** int64_t */
#define QDQ_DTYPE_I64 11

/** uint64_t */
#define QDQ_DTYPE_U64 12

/** For qdq_quantizer_get: what elements are multiplied by (codes per unit). */
#define QDQ_PARAM_SCALE 1

/** For qdq_quantizer_get: what codes are multiplied by, the size of a step; what ONNX and PyTorch call scale. */
#define QDQ_PARAM_INVERSE_SCALE 2

/** For qdq_quantizer_get: the adjusted range's lower end. */
#define QDQ_PARAM_CLAMP_MIN 3

/** For qdq_quantizer_get: the adjusted range's upper end. */
#define QDQ_PARAM_CLAMP_MAX 4

/** For qdq_quantizer_get: the range's lower end as it was given or gathered; of no number at all, 0. */
#define QDQ_PARAM_RANGE_MIN 5

/** For qdq_quantizer_get: the range's upper end as it was given or gathered; of no number at all, 0. */
#define QDQ_PARAM_RANGE_MAX 6

/**
 * Attributes and ranges made ready, for use any number of times. Immutable: any number of threads may use one
 * at once. It holds copies, no pointer of the caller's.
 */
typedef struct qdq_quantizer qdq_quantizer;

/**
 * How a call ended: one of the QDQ_STATUS_ constants. The numbers never change their meaning.
 * On any status but QDQ_STATUS_OK, qdq_last_error() has the reason in words.
 */
typedef int32_t qdq_status;

/**
 * The operation's attributes, with TensorFlow's names and defaults. Plain values, no pointers, no
 * padding: it may be a shared constant. Start from QDQ_ATTRS_INIT or qdq_attrs_init(), so that fields
 * added by later versions keep their defaults. Where a function takes a qdq_attrs *, NULL means the
 * defaults.
 */
typedef struct qdq_attrs {
  /**
   * sizeof(qdq_attrs) of the caller. A larger struct is accepted when all that this version does
   * not know of it is 0.
   */
  size_t struct_size;
  /** Width of the codes: 1 to 61 signed, 1 to 62 unsigned. Default 8. */
  int32_t num_bits;
  /**
   * -1 (the default): one range for the whole tensor. 0 to rank - 1: one range for each index of that
   * dimension. -1 never means the last dimension.
   */
  int32_t axis;
  /** QDQ_ROUND_HALF_TO_EVEN (the default) or QDQ_ROUND_HALF_UP. */
  int32_t round_mode;
  /** QDQ_ARITHMETIC_DEFAULT (the default) or QDQ_ARITHMETIC_NATIVE. */
  int32_t arithmetic;
  /**
   * QDQ_DEGENERATE_TENSORFLOW (the default), QDQ_DEGENERATE_ZERO or QDQ_DEGENERATE_ERROR: what to do
   * with a channel whose scale or inverse is not finite, or whose inverse is <= 0 though its range is
   * not [0, 0].
   */
  int32_t degenerate;
  /**
   * Not 0 (the default, 1): codes from -(2^(num_bits-1)) to 2^(num_bits-1) - 1. 0: codes from 0 to
   * 2^num_bits - 1.
   */
  int32_t signed_input;
  /**
   * Not 0: the range is input_min and input_max, and elements are clamped to it. 0 (the default): the
   * range is the least and the greatest element, NaN left out.
   */
  int32_t range_given;
  /**
   * Not 0: signed codes start at -(2^(num_bits-1)) + 1, as many below zero as above. 0 is the default.
   * No effect on unsigned codes. Signed, narrow and num_bits 1 together are an error.
   */
  int32_t narrow_range;
} qdq_attrs;

/** One piece of work, which the library hands to qdq_parallel_for. */
typedef void (*qdq_task)(void *task_data, size_t task_index);

/**
 * A host's way to run work in parallel: calls task(task_data, i) once for each i in [0, task_count), in
 * any order, on any threads, at once or one by one, and returns 0 when all have returned. On any other
 * value, or when a task was skipped, the library's call gives QDQ_STATUS_EXECUTOR. Either way no task
 * runs after it returned. It must not unwind (no C++ exception may leave it). It is called from the calling
 * thread only, perhaps several times in a call; task_count may exceed the number of threads; tasks never
 * wait for each other and never call parallel_for.
 */
typedef int32_t (*qdq_parallel_for)(void *host_data, size_t task_count, qdq_task task, void *task_data);

/**
 * Where the work runs. Start from QDQ_EXECUTOR_INIT. Where a function takes a qdq_executor *, NULL means:
 * on the calling thread, nothing else.
 */
typedef struct qdq_executor {
  /**
   * sizeof(qdq_executor) of the caller. A larger struct is accepted when all that this version does
   * not know of it is 0.
   */
  size_t struct_size;
  /**
   * How many tasks run at once, at most. 0: one for every core that this process may use; 1: all on the
   * calling thread. With a host's pool: its width.
   */
  int32_t num_threads;
  /** 0. */
  int32_t reserved;
  /** The host's pool; NULL: the library's own. */
  qdq_parallel_for parallel_for;
  /** Passed to parallel_for as it is. */
  void *host_data;
} qdq_executor;

/** The bits of an IEEE 754 binary16 number ("half"). */
typedef uint16_t qdq_f16;

/** The bits of a bfloat16 number: the upper half of a float. */
typedef uint16_t qdq_bf16;

/** The type of a tensor's elements: one of the QDQ_DTYPE_ constants. 0 is none. */
typedef int32_t qdq_dtype;

/**
 * A view of a tensor: elements anywhere, at fixed distances. The struct and its arrays are only read during the
 * call, those of an output too.
 */
typedef struct qdq_tensor {
  /** The element with all indices 0. Not NULL unless a dimension is 0. */
  void *data;
  /** rank dimensions; NULL is fine for rank 0. */
  const int64_t *shape;
  /**
   * rank distances in elements, not in bytes. NULL: dense, row-major. What stands for a dimension of 0 or
   * 1 is ignored. An input's may be negative or 0; an output's too, but no two elements may share memory
   * (strides that make this too hard to decide count as if they did).
   */
  const int64_t *strides;
  /** 0 to QDQ_MAX_RANK. */
  int32_t rank;
  /** A QDQ_DTYPE_ constant. */
  qdq_dtype dtype;
  /** 0. */
  uint64_t flags;
} qdq_tensor;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Quantizes and dequantizes a dense float tensor.
 *
 * input        the elements, row-major
 * shape, rank  the tensor's dimensions; rank 0 (one element) to QDQ_MAX_RANK
 * input_min, input_max, range_len
 *              with range_given: the range of each channel, range_len values each: 1 when axis is -1, else
 *              shape[axis], exactly; every one finite, and input_min[i] <= input_max[i].
 *              Otherwise NULL, NULL, 0: the range is computed from the input.
 * attrs        NULL: the defaults
 * executor     NULL: the calling thread, nothing else
 * output       as many elements as input; may be input itself, any other overlap is an error
 *
 * Allocates nothing when axis is -1, else at most scratch of a few numbers for each channel.
 * Returns QDQ_STATUS_OK, or any status but UNSUPPORTED_DTYPE; DEGENERATE_RANGE only where attrs asks for it.
 */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_f32(const float *input,
                                              const int64_t *shape,
                                              int32_t rank,
                                              const float *input_min,
                                              const float *input_max,
                                              size_t range_len,
                                              const struct qdq_attrs *attrs,
                                              const struct qdq_executor *executor,
                                              float *output);

/** Quantizes and dequantizes a dense double tensor: as qdq_quantize_and_dequantize_v4_f32, computed in double. */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_f64(const double *input,
                                              const int64_t *shape,
                                              int32_t rank,
                                              const double *input_min,
                                              const double *input_max,
                                              size_t range_len,
                                              const struct qdq_attrs *attrs,
                                              const struct qdq_executor *executor,
                                              double *output);

/**
 * Quantizes and dequantizes a dense half tensor: as qdq_quantize_and_dequantize_v4_f32, computed in float
 * and rounded once at the end (see QDQ_ARITHMETIC_NATIVE for the other way).
 */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_f16(const qdq_f16 *input,
                                              const int64_t *shape,
                                              int32_t rank,
                                              const qdq_f16 *input_min,
                                              const qdq_f16 *input_max,
                                              size_t range_len,
                                              const struct qdq_attrs *attrs,
                                              const struct qdq_executor *executor,
                                              qdq_f16 *output);

/**
 * Quantizes and dequantizes a dense bfloat16 tensor: as qdq_quantize_and_dequantize_v4_f32, computed in float
 * and rounded once at the end (see QDQ_ARITHMETIC_NATIVE for the other way).
 */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_bf16(const qdq_bf16 *input,
                                               const int64_t *shape,
                                               int32_t rank,
                                               const qdq_bf16 *input_min,
                                               const qdq_bf16 *input_max,
                                               size_t range_len,
                                               const struct qdq_attrs *attrs,
                                               const struct qdq_executor *executor,
                                               qdq_bf16 *output);

/**
 * The gradient of qdq_quantize_and_dequantize_v4_f32 by its input (a straight-through estimator):
 * input_backprop = gradients * (lo <= x && x <= hi ? 1 : 0), with lo and hi as given.
 *
 * gradients    of the output; as many elements as input
 * input        the elements that the operation was given; the other arguments up to executor likewise
 * input_backprop
 *              as many elements as input; may be gradients or input itself, any other overlap is an error
 * input_min_backprop, input_max_backprop
 *              NULL, or 1 value when axis is -1, else shape[axis]: set to 0
 *
 * It is a multiplication: -g * 0 is -0 and Inf * 0 is NaN, as in TensorFlow. An element that is NaN is outside
 * every range. Without range_given the range is the data's own: every element that is not NaN is inside.
 * The attribute degenerate has no effect. Source: TensorFlow 2.21, core/kernels/quantize_and_dequantize_op.h.
 */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_grad_f32(const float *gradients,
                                                   const float *input,
                                                   const int64_t *shape,
                                                   int32_t rank,
                                                   const float *input_min,
                                                   const float *input_max,
                                                   size_t range_len,
                                                   const struct qdq_attrs *attrs,
                                                   const struct qdq_executor *executor,
                                                   float *input_backprop,
                                                   float *input_min_backprop,
                                                   float *input_max_backprop);

/** The gradient of qdq_quantize_and_dequantize_v4_f64: as qdq_quantize_and_dequantize_v4_grad_f32. */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_grad_f64(const double *gradients,
                                                   const double *input,
                                                   const int64_t *shape,
                                                   int32_t rank,
                                                   const double *input_min,
                                                   const double *input_max,
                                                   size_t range_len,
                                                   const struct qdq_attrs *attrs,
                                                   const struct qdq_executor *executor,
                                                   double *input_backprop,
                                                   double *input_min_backprop,
                                                   double *input_max_backprop);

/** The gradient of qdq_quantize_and_dequantize_v4_f16: as qdq_quantize_and_dequantize_v4_grad_f32. */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_grad_f16(const qdq_f16 *gradients,
                                                   const qdq_f16 *input,
                                                   const int64_t *shape,
                                                   int32_t rank,
                                                   const qdq_f16 *input_min,
                                                   const qdq_f16 *input_max,
                                                   size_t range_len,
                                                   const struct qdq_attrs *attrs,
                                                   const struct qdq_executor *executor,
                                                   qdq_f16 *input_backprop,
                                                   qdq_f16 *input_min_backprop,
                                                   qdq_f16 *input_max_backprop);

/** The gradient of qdq_quantize_and_dequantize_v4_bf16: as qdq_quantize_and_dequantize_v4_grad_f32. */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_grad_bf16(const qdq_bf16 *gradients,
                                                    const qdq_bf16 *input,
                                                    const int64_t *shape,
                                                    int32_t rank,
                                                    const qdq_bf16 *input_min,
                                                    const qdq_bf16 *input_max,
                                                    size_t range_len,
                                                    const struct qdq_attrs *attrs,
                                                    const struct qdq_executor *executor,
                                                    qdq_bf16 *input_backprop,
                                                    qdq_bf16 *input_min_backprop,
                                                    qdq_bf16 *input_max_backprop);

/**
 * Quantizes and dequantizes a view: any strides, element type at run time. Otherwise as
 * qdq_quantize_and_dequantize_v4_f32.
 *
 * input        dtype F32, F64, F16 or BF16
 * input_min, input_max
 *              with range_given: the range of each channel, of the input's dtype, or F32 for F16 and BF16: one
 *              element (rank 0 or 1) when axis is -1, else rank 1 with shape[axis]. Otherwise NULL, NULL.
 * output       of the input's shape and dtype; may be input itself (the same data and strides) or interleave with it
 *              without sharing a byte, any other overlap is an error
 *
 * Views whose dimensions merge to rows of neighbouring elements, in any order of the dimensions, run at the speed of
 * dense tensors; others are gathered and scattered in parts.
 */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4(const struct qdq_tensor *input,
                                          const struct qdq_tensor *input_min,
                                          const struct qdq_tensor *input_max,
                                          const struct qdq_attrs *attrs,
                                          const struct qdq_executor *executor,
                                          const struct qdq_tensor *output);

/**
 * The gradient of qdq_quantize_and_dequantize_v4 by its input, on views; see
 * qdq_quantize_and_dequantize_v4_grad_f32.
 *
 * gradients, input_backprop
 *              of the input's shape and dtype; input_backprop may be gradients or input itself
 * input_min_backprop, input_max_backprop
 *              NULL, or shaped like input_min: set to 0
 */
QDQ_API
qdq_status qdq_quantize_and_dequantize_v4_grad(const struct qdq_tensor *gradients,
                                               const struct qdq_tensor *input,
                                               const struct qdq_tensor *input_min,
                                               const struct qdq_tensor *input_max,
                                               const struct qdq_attrs *attrs,
                                               const struct qdq_executor *executor,
                                               const struct qdq_tensor *input_backprop,
                                               const struct qdq_tensor *input_min_backprop,
                                               const struct qdq_tensor *input_max_backprop);

/**
 * Widens ranges by a tensor's elements: the first phase of the operation, for data that comes in pieces or is spread
 * over machines. Start range_min at +Inf and range_max at -Inf. Two ranges merge by elementwise minimum and maximum,
 * as MPI_MIN and MPI_MAX do; gathered in any pieces and merged in any order they are the same.
 *
 * input        dtype F32, F64, F16 or BF16; NaN is left out, a zero counts as +0
 * attrs        only axis matters; NULL: -1
 * range_min, range_max
 *              read and written: shaped like input_min of qdq_quantize_and_dequantize_v4, and of its dtypes; a NaN there
 *              is QDQ_STATUS_INVALID_RANGE
 */
QDQ_API
qdq_status qdq_range_update(const struct qdq_tensor *input,
                            const struct qdq_attrs *attrs,
                            const struct qdq_executor *executor,
                            const struct qdq_tensor *range_min,
                            const struct qdq_tensor *range_max);

/**
 * Prepares a quantizer: the parameters of every channel, computed once.
 *
 * attrs        with range_given the range is given, and elements are clamped to it. Otherwise it is one gathered with
 *              qdq_range_update ((+Inf, -Inf), of no number at all, is [0, 0]; infinities are allowed), and results
 *              are those of a computed range.
 * dtype        of the tensors to come: F32, F64, F16 or BF16
 * input_min, input_max
 *              as in qdq_quantize_and_dequantize_v4; with an axis their length is the number of channels
 * quantizer    receives the quantizer, to be destroyed with qdq_quantizer_destroy; NULL on failure
 */
QDQ_API
qdq_status qdq_quantizer_create(const struct qdq_attrs *attrs,
                                qdq_dtype dtype,
                                const struct qdq_tensor *input_min,
                                const struct qdq_tensor *input_max,
                                struct qdq_quantizer **quantizer);

/** Destroys a quantizer, which no other thread may be using. NULL is fine. */
QDQ_API void qdq_quantizer_destroy(struct qdq_quantizer *quantizer);

/**
 * Quantizes and dequantizes with a prepared quantizer: the bits of qdq_quantize_and_dequantize_v4 with its range.
 * Allocates nothing.
 *
 * input, output
 *              of the quantizer's dtype and of one shape; the dimension of its axis is its number of channels. output may
 *              be input itself.
 */
QDQ_API
qdq_status qdq_quantizer_apply(const struct qdq_quantizer *quantizer,
                               const struct qdq_executor *executor,
                               const struct qdq_tensor *input,
                               const struct qdq_tensor *output);

/**
 * The gradient of qdq_quantizer_apply by its input: masks by the range as it was given or gathered. The tensors are as in
 * qdq_quantize_and_dequantize_v4_grad. Allocates nothing.
 */
QDQ_API
qdq_status qdq_quantizer_grad(const struct qdq_quantizer *quantizer,
                              const struct qdq_executor *executor,
                              const struct qdq_tensor *gradients,
                              const struct qdq_tensor *input,
                              const struct qdq_tensor *input_backprop);

/**
 * The codes of a tensor: round(x*scale) as in the operation (clamped first only where the range was given), saturated
 * to qmin..qmax; what is NaN there gives 0. Allocates nothing.
 *
 * input        of the quantizer's dtype
 * codes        of the input's shape and an integer dtype that holds qmin..qmax, else QDQ_STATUS_UNSUPPORTED_DTYPE; may
 *              not overlap input
 */
QDQ_API
qdq_status qdq_quantizer_quantize(const struct qdq_quantizer *quantizer,
                                  const struct qdq_executor *executor,
                                  const struct qdq_tensor *input,
                                  const struct qdq_tensor *codes);

/**
 * The numbers of codes: code*inverse. Of codes made by qdq_quantizer_quantize they are those of qdq_quantizer_apply bit for
 * bit, the sign of zero excepted, wherever nothing was saturated. Allocates nothing.
 *
 * codes        an integer dtype that holds qmin..qmax
 * output       of the codes' shape and the quantizer's dtype; may not overlap codes
 */
QDQ_API
qdq_status qdq_quantizer_dequantize(const struct qdq_quantizer *quantizer,
                                    const struct qdq_executor *executor,
                                    const struct qdq_tensor *codes,
                                    const struct qdq_tensor *output);

/**
 * A parameter of every channel, by the formulas.
 *
 * param        a QDQ_PARAM_ constant
 * values       len numbers: double for a quantizer of F64, float for the others
 * len          the number of channels, exactly
 */
QDQ_API
qdq_status qdq_quantizer_get(const struct qdq_quantizer *quantizer,
                             int32_t param,
                             void *values,
                             size_t len);

/**
 * Writes TensorFlow's defaults: what QDQ_ATTRS_INIT does, for callers that cannot use a macro.
 *
 * attrs        the struct to fill in
 * struct_size  its size in bytes as the caller knows it; exactly so many bytes are written
 *
 * Returns QDQ_STATUS_OK, NULL_POINTER, MISALIGNED, or INVALID_ATTRIBUTE where struct_size is smaller than
 * the first version's struct.
 */
QDQ_API qdq_status qdq_attrs_init(struct qdq_attrs *attrs, size_t struct_size);

/**
 * The name of a status, such as "QDQ_STATUS_INVALID_AXIS". Static text, for any number: one that is not a
 * status of this version gives "unknown status".
 */
QDQ_API const char *qdq_status_string(qdq_status status);

/**
 * The calling thread's last failure in one sentence, which names the argument, its value and what was
 * expected; "" before the first one. The text is in a fixed buffer of the thread, valid until its next
 * failure; success leaves it as it is.
 */
QDQ_API const char *qdq_last_error(void);

/** The version of the library in use: "0.1.0". */
QDQ_API const char *qdq_version(void);

/** The version of the library in use as a number: major << 16 | minor << 8 | patch. */
QDQ_API uint32_t qdq_version_number(void);

/**
 * The kernels in use: "scalar", "avx2", "avx512" or "neon". They are chosen once, at the first call that needs
 * them: the best that the processor has, or the one named by the environment variable QDQ_ISA.
 */
QDQ_API
const char *qdq_isa(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* QDQ_H */
