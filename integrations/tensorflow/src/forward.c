/* QuantizeAndDequantizeV2, V3 and V4. */

#include <stdbool.h>
#include <string.h>

#include "kernels.h"
#include "tensor.h"

enum { INPUT, INPUT_MIN, INPUT_MAX, NUM_BITS };

typedef struct forward_kernel {
  qdq_attrs attrs;
  bool num_bits_is_an_input;
} forward_kernel;

static void read_round_mode(TF_OpKernelConstruction *construction, qdq_attrs *attrs, TF_Status *status) {
  char mode[sizeof "HALF_TO_EVEN"] = ""; /* the longer of the two that the op allows */
  if (succeeded(status))
    TF_OpKernelConstruction_GetAttrString(construction, "round_mode", mode, sizeof mode - 1, status);
  attrs->round_mode = strcmp(mode, "HALF_UP") == 0 ? QDQ_ROUND_HALF_UP : QDQ_ROUND_HALF_TO_EVEN;
}

static void read_common(TF_OpKernelConstruction *construction, qdq_attrs *attrs, TF_Status *status) {
  read_bool(construction, "signed_input", &attrs->signed_input, status);
  read_bool(construction, "range_given", &attrs->range_given, status);
  read_bool(construction, "narrow_range", &attrs->narrow_range, status);
  read_int(construction, "axis", &attrs->axis, status);
}

void *forward_create(TF_OpKernelConstruction *construction) {
  forward_kernel kernel = {.attrs = QDQ_ATTRS_INIT, .num_bits_is_an_input = false};
  TF_Status *status = TF_NewStatus();
  read_common(construction, &kernel.attrs, status);
  read_int(construction, "num_bits", &kernel.attrs.num_bits, status);
  read_round_mode(construction, &kernel.attrs, status);
  return kernel_new(construction, &kernel, sizeof kernel, status);
}

void *forward_v3_create(TF_OpKernelConstruction *construction) {
  forward_kernel kernel = {.attrs = QDQ_ATTRS_INIT, .num_bits_is_an_input = true};
  TF_Status *status = TF_NewStatus();
  read_common(construction, &kernel.attrs, status);
  return kernel_new(construction, &kernel, sizeof kernel, status);
}

static void read_num_bits(TF_OpKernelContext *context, int32_t *num_bits, TF_Status *status) {
  TF_Tensor *handle = NULL;
  TF_GetInput(context, NUM_BITS, &handle, status);
  if (!succeeded(status)) return;
  if (TF_NumDims(handle) == 0)
    *num_bits = *(const int32_t *)TF_TensorData(handle);
  else
    TF_SetStatus(status, TF_INVALID_ARGUMENT, "num_bits is not a scalar; expected one number");
  TF_DeleteTensor(handle);
}

/* The tensors are all there, or the status says why not. */
static void quantize_and_dequantize(qdq_attrs *attrs, tensor *input, tensor *min, tensor *max, tensor *output,
                                    TF_Status *status) {
  if (!succeeded(status)) return;
  const qdq_executor executor = executor_in_use();
  tensor_merge_dimensions(output, attrs->axis);
  attrs->axis = tensor_merge_dimensions(input, attrs->axis);
  set_status(status, qdq_quantize_and_dequantize_v4(&input->view, attrs->range_given ? &min->view : NULL,
                                                    attrs->range_given ? &max->view : NULL, attrs, &executor,
                                                    &output->view));
}

void forward_compute(void *kernel, TF_OpKernelContext *context) {
  const forward_kernel *forward = kernel;
  qdq_attrs attrs = forward->attrs;
  tensor input = NO_TENSOR, min = NO_TENSOR, max = NO_TENSOR, output = NO_TENSOR;
  TF_Status *status = TF_NewStatus();
  if (forward->num_bits_is_an_input) read_num_bits(context, &attrs.num_bits, status);
  tensor_output(&output, context, 0, INPUT, (const int[]){INPUT}, 1, status);
  tensor_input(&input, context, INPUT, status);
  tensor_input(&min, context, INPUT_MIN, status);
  tensor_input(&max, context, INPUT_MAX, status);
  quantize_and_dequantize(&attrs, &input, &min, &max, &output, status);
  tensor_release(&output), tensor_release(&max), tensor_release(&min), tensor_release(&input);
  kernel_finish(context, status);
}
