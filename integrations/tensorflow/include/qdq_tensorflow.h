/*
 * qdq_tensorflow.h - the settings of libqdq's kernels for TensorFlow
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loading a library registers its kernels: nothing has to be called. libqdq_tensorflow_16bit has those for half and
 * bfloat16, libqdq_tensorflow those for float and double, and brings the former with it.
 */

#ifndef QDQ_TENSORFLOW_H
#define QDQ_TENSORFLOW_H

#include <qdq.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * How many threads a kernel may use, in this process, from the next call on. 1, until this is called: the thread on which
 * TensorFlow runs the kernel. Another number: the library's own pool for large tensors, as num_threads of
 * qdq_executor says; 0 is every core. TensorFlow's C API lends no threads of TensorFlow's own.
 *
 * Returns QDQ_STATUS_OK, or QDQ_STATUS_INVALID_ATTRIBUTE for a negative number, which changes nothing.
 */
qdq_status qdq_tensorflow_set_threads(int32_t num_threads);

#ifdef __cplusplus
}
#endif

#endif
