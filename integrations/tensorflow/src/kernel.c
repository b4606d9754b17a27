/* What the kernels share. */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "qdq_tensorflow.h"
#include "tensor.h"

static _Atomic int32_t threads = 1;

qdq_status qdq_tensorflow_set_threads(int32_t num_threads) {
  if (num_threads < 0) return QDQ_STATUS_INVALID_ATTRIBUTE;
  atomic_store(&threads, num_threads);
  return QDQ_STATUS_OK;
}

qdq_executor executor_in_use(void) {
  qdq_executor executor = QDQ_EXECUTOR_INIT;
  executor.num_threads = atomic_load(&threads);
  return executor;
}

void read_bool(TF_OpKernelConstruction *construction, const char *name, int32_t *value, TF_Status *status) {
  TF_Bool read = 0;
  if (succeeded(status)) TF_OpKernelConstruction_GetAttrBool(construction, name, &read, status);
  *value = read != 0;
}

void read_int(TF_OpKernelConstruction *construction, const char *name, int32_t *value, TF_Status *status) {
  if (succeeded(status)) TF_OpKernelConstruction_GetAttrInt32(construction, name, value, status);
}

void *kernel_new(TF_OpKernelConstruction *construction, const void *kernel, size_t size, TF_Status *status) {
  void *copy = succeeded(status) ? malloc(size) : NULL;
  if (copy) {
    memcpy(copy, kernel, size);
  } else {
    if (succeeded(status)) TF_SetStatus(status, TF_RESOURCE_EXHAUSTED, "no memory for the kernel");
    TF_OpKernelConstruction_Failure(construction, status);
  }
  TF_DeleteStatus(status);
  return copy;
}

void kernel_delete(void *kernel) { free(kernel); }

void kernel_finish(TF_OpKernelContext *context, TF_Status *status) {
  if (!succeeded(status)) TF_OpKernelContext_Failure(context, status);
  TF_DeleteStatus(status);
}
