#include "register.h"

#include <stddef.h>
#include <stdio.h>

#include "kernels.h"
#include "tensor.h"

typedef struct op {
  const char *name, *kernel_name;
  void *(*create)(TF_OpKernelConstruction *);
  void (*compute)(void *, TF_OpKernelContext *);
} op;

static const op OPS[] = {
    {"QuantizeAndDequantizeV2", "QdqQuantizeAndDequantizeV2", forward_create, forward_compute},
    {"QuantizeAndDequantizeV3", "QdqQuantizeAndDequantizeV3", forward_v3_create, forward_compute},
    {"QuantizeAndDequantizeV4", "QdqQuantizeAndDequantizeV4", forward_create, forward_compute},
    {"QuantizeAndDequantizeV4Grad", "QdqQuantizeAndDequantizeV4Grad", gradient_create, gradient_compute},
};

static void register_op(const op *op, TF_DataType type, int32_t priority, TF_Status *status) {
  TF_KernelBuilder *builder = TF_NewKernelBuilder(op->name, "CPU", op->create, op->compute, kernel_delete);
  TF_KernelBuilder_TypeConstraint(builder, "T", type, status);
  if (!succeeded(status)) {
    TF_DeleteKernelBuilder(builder);
    return;
  }
  TF_KernelBuilder_Priority(builder, priority);
  TF_RegisterKernelBuilder(op->kernel_name, builder, status);
}

void qdq_tensorflow_register(TF_DataType type, int32_t priority) {
  TF_Status *status = TF_NewStatus();
  for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++) {
    register_op(&OPS[i], type, priority, status);
    /* While a library is being loaded there is nobody to return it to. */
    if (!succeeded(status)) fprintf(stderr, "qdq_tensorflow: %s: %s\n", OPS[i].name, TF_Message(status));
  }
  TF_DeleteStatus(status);
}
