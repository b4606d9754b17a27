/*
 * QuantizeAndDequantizeV4Grad.
 *
 * TensorFlow's op has no range_given. It masks by whatever range it is passed, and where the forward op computed its own
 * range, that is what the user wrote for the unused arguments: NaN, infinities, min > max. The library's gradient refuses
 * such a range. So where it does, every channel is done by itself: inside (-Inf, 1) is what is at most 1, inside a range
 * with a NaN or of the wrong order is nothing.
 */

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels.h"
#include "tensor.h"

enum { GRADIENTS, INPUT, INPUT_MIN, INPUT_MAX };
enum { INPUT_BACKPROP, MIN_BACKPROP, MAX_BACKPROP };

typedef struct gradient_kernel {
  qdq_attrs attrs;
} gradient_kernel;

typedef struct gradient {
  const qdq_attrs *attrs;
  const qdq_executor *executor;
  tensor gradients, input, min, max, input_backprop, min_backprop, max_backprop;
} gradient;

void *gradient_create(TF_OpKernelConstruction *construction) {
  gradient_kernel kernel = {.attrs = QDQ_ATTRS_INIT};
  kernel.attrs.range_given = 1;
  TF_Status *status = TF_NewStatus();
  read_int(construction, "axis", &kernel.attrs.axis, status);
  return kernel_new(construction, &kernel, sizeof kernel, status);
}

/* What a channel may need beside its own numbers. */
typedef union number {
  double f64;
  float f32;
  uint16_t bits;
} number;

typedef struct element_type {
  size_t size;
  number infinity, minus_infinity, nan;
} element_type;

static element_type element_type_of(qdq_dtype dtype) {
  switch (dtype) {
    case QDQ_DTYPE_F64: return (element_type){8, {.f64 = INFINITY}, {.f64 = -INFINITY}, {.f64 = NAN}};
    case QDQ_DTYPE_F32: return (element_type){4, {.f32 = INFINITY}, {.f32 = -INFINITY}, {.f32 = NAN}};
    case QDQ_DTYPE_F16: return (element_type){2, {.bits = 0x7c00}, {.bits = 0xfc00}, {.bits = 0x7e00}};
    default: return (element_type){2, {.bits = 0x7f80}, {.bits = 0xff80}, {.bits = 0x7fc0}};
  }
}

/* A channel of a dense tensor: a view with one index of the axis; the whole tensor if there is no axis. */
typedef struct channel_view {
  qdq_tensor view;
  int64_t shape[QDQ_MAX_RANK], strides[QDQ_MAX_RANK];
} channel_view;

static void look_at_channel(channel_view *channel, const qdq_tensor *whole, int32_t axis, int64_t index) {
  channel->view = *whole;
  channel->view.shape = channel->shape, channel->view.strides = channel->strides;
  int64_t stride = 1;
  for (int32_t i = whole->rank - 1; i >= 0; i--) {
    channel->shape[i] = whole->shape[i];
    channel->strides[i] = stride;
    stride *= whole->shape[i];
  }
  if (axis < 0) return;
  channel->shape[axis] = 1;
  if (whole->data)
    channel->view.data =
        (char *)whole->data + (size_t)(index * channel->strides[axis]) * element_type_of(whole->dtype).size;
}

static qdq_tensor one_number(void *number, qdq_dtype dtype) {
  return (qdq_tensor){.data = number, .shape = NULL, .rank = 0, .dtype = dtype};
}

static qdq_tensor end_of_range(const tensor *end, int64_t index) {
  const size_t size = element_type_of(end->view.dtype).size;
  return one_number((char *)end->view.data + (size_t)index * size, end->view.dtype);
}

/* (+Inf, -Inf) is, to a quantizer, the range of a channel without any number; here it is a range of the wrong order. */
static bool is_of_no_number(const qdq_tensor *min, const qdq_tensor *max) {
  const element_type type = element_type_of(min->dtype);
  return memcmp(min->data, &type.infinity, type.size) == 0 && memcmp(max->data, &type.minus_infinity, type.size) == 0;
}

/* No element is inside: as if every one were NaN. */
static qdq_status mask_everything(const gradient *call, const qdq_tensor *gradients, const qdq_tensor *backprop) {
  static const int64_t nowhere[QDQ_MAX_RANK];
  element_type type = element_type_of(gradients->dtype);
  number zero = {.f64 = 0};
  qdq_attrs attrs = QDQ_ATTRS_INIT;
  attrs.range_given = 1;
  qdq_tensor nan = *gradients;
  nan.data = &type.nan, nan.strides = nowhere;
  const qdq_tensor end = one_number(&zero, gradients->dtype);
  return qdq_quantize_and_dequantize_v4_grad(gradients, &nan, &end, &end, &attrs, call->executor, backprop, NULL, NULL);
}

static qdq_status mask_channel(const gradient *call, int64_t index) {
  const int32_t axis = call->attrs->axis;
  channel_view gradients, input, backprop;
  look_at_channel(&gradients, &call->gradients.view, axis, index);
  look_at_channel(&input, &call->input.view, axis, index);
  look_at_channel(&backprop, &call->input_backprop.view, axis, index);
  const qdq_tensor min = end_of_range(&call->min, index), max = end_of_range(&call->max, index);
  if (is_of_no_number(&min, &max)) return mask_everything(call, &gradients.view, &backprop.view);

  /* Without range_given a quantizer allows infinities. */
  const qdq_attrs attrs = QDQ_ATTRS_INIT;
  qdq_quantizer *quantizer;
  qdq_status status = qdq_quantizer_create(&attrs, min.dtype, &min, &max, &quantizer);
  if (status == QDQ_STATUS_INVALID_RANGE) return mask_everything(call, &gradients.view, &backprop.view);
  if (status == QDQ_STATUS_OK)
    status = qdq_quantizer_grad(quantizer, call->executor, &gradients.view, &input.view, &backprop.view);
  qdq_quantizer_destroy(quantizer);
  return status;
}

static qdq_status mask_by_channel(gradient *call) {
  const int32_t axis = call->attrs->axis;
  const int64_t channels = axis < 0 ? 1 : call->input.shape[axis];
  qdq_status status = QDQ_STATUS_OK;
  for (int64_t i = 0; i < channels && status == QDQ_STATUS_OK; i++) status = mask_channel(call, i);
  const size_t size = element_type_of(call->min.view.dtype).size * (size_t)channels;
  memset(call->min_backprop.view.data, 0, size);
  memset(call->max_backprop.view.data, 0, size);
  return status;
}

static qdq_status mask(gradient *call) {
  const qdq_status status = qdq_quantize_and_dequantize_v4_grad(
      &call->gradients.view, &call->input.view, &call->min.view, &call->max.view, call->attrs, call->executor,
      &call->input_backprop.view, &call->min_backprop.view, &call->max_backprop.view);
  /* The values of a range are looked at last: all shapes are right. */
  return status == QDQ_STATUS_INVALID_RANGE ? mask_by_channel(call) : status;
}

static void get_tensors(gradient *call, TF_OpKernelContext *context, TF_Status *status) {
  tensor_output(&call->input_backprop, context, INPUT_BACKPROP, INPUT, (const int[]){GRADIENTS, INPUT}, 2, status);
  tensor_output(&call->min_backprop, context, MIN_BACKPROP, INPUT_MIN, NULL, 0, status);
  tensor_output(&call->max_backprop, context, MAX_BACKPROP, INPUT_MAX, NULL, 0, status);
  tensor_input(&call->gradients, context, GRADIENTS, status);
  tensor_input(&call->input, context, INPUT, status);
  tensor_input(&call->min, context, INPUT_MIN, status);
  tensor_input(&call->max, context, INPUT_MAX, status);
}

static void release_tensors(gradient *call) {
  tensor_release(&call->max), tensor_release(&call->min);
  tensor_release(&call->input), tensor_release(&call->gradients);
  tensor_release(&call->max_backprop), tensor_release(&call->min_backprop), tensor_release(&call->input_backprop);
}

void gradient_compute(void *kernel, TF_OpKernelContext *context) {
  qdq_attrs attrs = ((const gradient_kernel *)kernel)->attrs;
  const qdq_executor executor = executor_in_use();
  gradient call = {.attrs = &attrs, .executor = &executor};
  TF_Status *status = TF_NewStatus();
  get_tensors(&call, context, status);
  if (succeeded(status)) {
    tensor_merge_dimensions(&call.gradients, attrs.axis);
    tensor_merge_dimensions(&call.input_backprop, attrs.axis);
    attrs.axis = tensor_merge_dimensions(&call.input, attrs.axis);
    set_status(status, mask(&call));
  }
  release_tensors(&call);
  kernel_finish(context, status);
}
