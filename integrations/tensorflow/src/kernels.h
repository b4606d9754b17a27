/* The kernels: what TensorFlow creates, runs and deletes. */

#ifndef QDQ_TENSORFLOW_KERNELS_H
#define QDQ_TENSORFLOW_KERNELS_H

#include <qdq.h>
#include <stddef.h>

#include "c_api.h"

/* QuantizeAndDequantizeV2 and V4: input, input_min, input_max. V3: num_bits is a fourth input. */
void *forward_create(TF_OpKernelConstruction *construction);
void *forward_v3_create(TF_OpKernelConstruction *construction);
void forward_compute(void *kernel, TF_OpKernelContext *context);

/* QuantizeAndDequantizeV4Grad: gradients, input, input_min, input_max. */
void *gradient_create(TF_OpKernelConstruction *construction);
void gradient_compute(void *kernel, TF_OpKernelContext *context);

/* Deletes what one of the functions above created. */
void kernel_delete(void *kernel);

/* An op's attributes, by their names in TensorFlow. */
void read_bool(TF_OpKernelConstruction *construction, const char *name, int32_t *value, TF_Status *status);
void read_int(TF_OpKernelConstruction *construction, const char *name, int32_t *value, TF_Status *status);

/* A copy of the kernel, in memory of its own; NULL, and the construction has failed, where the status says so. */
void *kernel_new(TF_OpKernelConstruction *construction, const void *kernel, size_t size, TF_Status *status);

/* Ends a computation: hands its failure to TensorFlow, and deletes the status. */
void kernel_finish(TF_OpKernelContext *context, TF_Status *status);

/* Where the library is to run. */
qdq_executor executor_in_use(void);

#endif
