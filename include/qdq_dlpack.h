/*
 * qdq_dlpack.h - a DLPack tensor as a qdq_tensor, for C99 and C++
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Static inline functions over the dlpack.h of your own, 0.6 or newer. Include yours first if it is not found as
 * <dlpack/dlpack.h>.
 *
 * A DLManagedTensor, versioned or not, is passed by its dl_tensor. Whether it may be written to is told by its flags
 * (DLPACK_FLAG_BITMASK_READ_ONLY), which a DLTensor does not have: look at them before passing it as an output.
 */
#ifndef QDQ_DLPACK_H
#define QDQ_DLPACK_H

#ifndef DLPACK_DLPACK_H_
#include <dlpack/dlpack.h>
#endif

#include "qdq.h"

/* The one of four types that has so many bits. */
static inline qdq_dtype qdq_dlpack_by_bits(uint8_t bits, qdq_dtype of_8, qdq_dtype of_16, qdq_dtype of_32,
                                           qdq_dtype of_64)
{
    switch (bits) {
    case 8: return of_8;
    case 16: return of_16;
    case 32: return of_32;
    case 64: return of_64;
    default: return 0;
    }
}

/** The QDQ_DTYPE_ constant of a DLPack type; 0: the library has none for it. */
static inline qdq_dtype qdq_dtype_from_dlpack(DLDataType type)
{
    if (type.lanes != 1) {
        return 0;
    }
    switch (type.code) {
    case kDLFloat: return qdq_dlpack_by_bits(type.bits, 0, QDQ_DTYPE_F16, QDQ_DTYPE_F32, QDQ_DTYPE_F64);
    case kDLBfloat: return qdq_dlpack_by_bits(type.bits, 0, QDQ_DTYPE_BF16, 0, 0);
    case kDLInt: return qdq_dlpack_by_bits(type.bits, QDQ_DTYPE_I8, QDQ_DTYPE_I16, QDQ_DTYPE_I32, QDQ_DTYPE_I64);
    case kDLUInt: return qdq_dlpack_by_bits(type.bits, QDQ_DTYPE_U8, QDQ_DTYPE_U16, QDQ_DTYPE_U32, QDQ_DTYPE_U64);
    default: return 0;
    }
}

/**
 * 1 where the processor reads and writes a device's memory as any other: the CPU's, and host memory pinned for CUDA or
 * ROCm. Managed memory is left out: on some systems it must not be touched while a GPU works.
 */
static inline int qdq_dlpack_device_is_host(DLDevice device)
{
    return device.device_type == kDLCPU || device.device_type == kDLCUDAHost || device.device_type == kDLROCMHost;
}

/* Tells why, to a caller who asks. */
static inline qdq_status qdq_dlpack_refuse(qdq_status status, const char *why, const char **sentence)
{
    if (sentence != NULL) {
        *sentence = why;
    }
    return status;
}

/**
 * The view of a DLPack tensor. Nothing is copied: `to` borrows the elements, the shape and the strides (NULL: dense) of
 * `from`, and is valid as long as they are. Work that a GPU still does on pinned memory has to be waited for first.
 *
 * to           set on success, else left as it is
 * sentence     NULL, or set on failure to static text that says what was expected. qdq_last_error() knows nothing of
 *              it: it is for the functions of the library itself.
 *
 * Returns QDQ_STATUS_OK; NULL_POINTER; INVALID_ATTRIBUTE where the memory is a device's; UNSUPPORTED_DTYPE where the
 * elements are neither float of 16 to 64 bits nor bfloat16 nor integers of 8 to 64 bits, or have several lanes;
 * INVALID_SHAPE where the rank is beyond QDQ_MAX_RANK. Sizes, strides and alignment are checked by the function that
 * the view is passed to.
 */
static inline qdq_status qdq_tensor_from_dlpack(const DLTensor *from, qdq_tensor *to, const char **sentence)
{
    if (from == NULL) {
        return qdq_dlpack_refuse(QDQ_STATUS_NULL_POINTER, "from is NULL; expected a DLTensor", sentence);
    }
    if (to == NULL) {
        return qdq_dlpack_refuse(QDQ_STATUS_NULL_POINTER, "to is NULL; expected a qdq_tensor", sentence);
    }
    if (!qdq_dlpack_device_is_host(from->device)) {
        return qdq_dlpack_refuse(QDQ_STATUS_INVALID_ATTRIBUTE,
                                 "the DLTensor's device is not the host; expected kDLCPU, kDLCUDAHost or kDLROCMHost",
                                 sentence);
    }
    if (from->dtype.lanes != 1) {
        return qdq_dlpack_refuse(QDQ_STATUS_UNSUPPORTED_DTYPE,
                                 "the DLTensor's elements are vectors; expected dtype.lanes to be 1", sentence);
    }
    if (qdq_dtype_from_dlpack(from->dtype) == 0) {
        return qdq_dlpack_refuse(QDQ_STATUS_UNSUPPORTED_DTYPE,
                                 "the DLTensor's dtype is none of the library's; expected float16, float32, float64, "
                                 "bfloat16, or an integer of 8, 16, 32 or 64 bits",
                                 sentence);
    }
    if (from->ndim < 0 || from->ndim > QDQ_MAX_RANK) {
        return qdq_dlpack_refuse(QDQ_STATUS_INVALID_SHAPE, "the DLTensor's ndim is out of range; expected 0 to 64",
                                 sentence);
    }
    if (from->ndim > 0 && from->shape == NULL) {
        return qdq_dlpack_refuse(QDQ_STATUS_NULL_POINTER, "the DLTensor's shape is NULL; expected ndim sizes",
                                 sentence);
    }
    /* A tensor without elements may have no memory, and NULL plus an offset is none. */
    to->data = from->data == NULL ? NULL : (unsigned char *)from->data + from->byte_offset;
    to->shape = from->shape;
    to->strides = from->strides;
    to->rank = from->ndim;
    to->dtype = qdq_dtype_from_dlpack(from->dtype);
    to->flags = 0;
    return QDQ_STATUS_OK;
}

#endif
