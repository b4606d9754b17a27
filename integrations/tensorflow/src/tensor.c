#include "tensor.h"

static qdq_dtype dtype_of(const TF_Tensor *handle) {
  switch (TF_TensorType(handle)) {
    case TF_FLOAT: return QDQ_DTYPE_F32;
    case TF_DOUBLE: return QDQ_DTYPE_F64;
    case TF_HALF: return QDQ_DTYPE_F16;
    case TF_BFLOAT16: return QDQ_DTYPE_BF16;
    default: return 0;
  }
}

static void look(tensor *t) {
  const int rank = TF_NumDims(t->handle);
  for (int i = 0; i < rank; i++) t->shape[i] = TF_Dim(t->handle, i);
  t->view = (qdq_tensor){
      .data = TF_TensorData(t->handle), .shape = t->shape, .rank = rank, .dtype = dtype_of(t->handle)};
}

void tensor_input(tensor *input, TF_OpKernelContext *context, int index, TF_Status *status) {
  if (!succeeded(status)) return;
  TF_GetInput(context, index, &input->handle, status);
  if (succeeded(status)) look(input);
}

void tensor_output(tensor *output, TF_OpKernelContext *context, int index, int like, const int *candidates,
                   int candidate_count, TF_Status *status) {
  tensor input = NO_TENSOR;
  tensor_input(&input, context, like, status);
  if (!succeeded(status)) return;
  /* A handle counts as somebody who wants the memory. */
  tensor_release(&input);
  output->handle = TF_ForwardInputOrAllocateOutput(context, candidates, candidate_count, index, input.shape,
                                                   input.view.rank, NULL, status);
  if (succeeded(status)) look(output);
}

void tensor_release(tensor *t) {
  if (t->handle) TF_DeleteTensor(t->handle);
  t->handle = NULL;
}

/* Merges the dimension with the next one. */
static void merge_with_next(tensor *t, int32_t dimension) {
  /* Unsigned: the product of an empty tensor's dimensions may be beyond every number. */
  t->shape[dimension] = (int64_t)((uint64_t)t->shape[dimension] * (uint64_t)t->shape[dimension + 1]);
  t->view.rank--;
  for (int32_t i = dimension + 1; i < t->view.rank; i++) t->shape[i] = t->shape[i + 1];
}

int32_t tensor_merge_dimensions(tensor *t, int32_t axis) {
  while (t->view.rank > QDQ_MAX_RANK) {
    const int is_near_the_end = axis >= t->view.rank - 2;
    merge_with_next(t, is_near_the_end ? 0 : t->view.rank - 2);
    if (is_near_the_end) axis--;
  }
  return axis;
}

void set_status(TF_Status *status, qdq_status of_library) {
  switch (of_library) {
    case QDQ_STATUS_OK: return;
    case QDQ_STATUS_OUT_OF_MEMORY: TF_SetStatus(status, TF_RESOURCE_EXHAUSTED, qdq_last_error()); return;
    case QDQ_STATUS_INTERNAL:
    case QDQ_STATUS_EXECUTOR: TF_SetStatus(status, TF_INTERNAL, qdq_last_error()); return;
    default: TF_SetStatus(status, TF_INVALID_ARGUMENT, qdq_last_error());
  }
}
