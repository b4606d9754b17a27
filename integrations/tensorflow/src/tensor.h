/* A kernel's inputs and outputs, as TensorFlow has them and as the library sees them. */

#ifndef QDQ_TENSORFLOW_TENSOR_H
#define QDQ_TENSORFLOW_TENSOR_H

#include <stdint.h>

#include <qdq.h>

#include "c_api.h"

enum { TENSORFLOW_MAX_RANK = 254 };

typedef struct tensor {
  TF_Tensor *handle; /* NULL: there is none */
  qdq_tensor view;   /* of the handle's elements; its shape is the array below */
  int64_t shape[TENSORFLOW_MAX_RANK];
} tensor;

#define NO_TENSOR {.handle = NULL}

/* All of them take a status that says whether what came before succeeded, and do nothing if not. */

void tensor_input(tensor *input, TF_OpKernelContext *context, int index, TF_Status *status);

/*
 * Makes the output with this index, shaped like the input like. Its memory is that of one of the candidate inputs, if
 * nobody else wants that; so no candidate may be held when this is called.
 */
void tensor_output(tensor *output, TF_OpKernelContext *context, int index, int like, const int *candidates,
                   int candidate_count, TF_Status *status);

void tensor_release(tensor *t);

/*
 * Merges neighbouring dimensions, the axis left alone, until the library takes the tensor: it has at most QDQ_MAX_RANK
 * dimensions, and no result depends on the others. Returns the axis in the new shape.
 */
int32_t tensor_merge_dimensions(tensor *t, int32_t axis);

/* What the library's status is in TensorFlow's words, and the library's sentence. */
void set_status(TF_Status *status, qdq_status of_library);

static inline int succeeded(const TF_Status *status) { return TF_GetCode(status) == TF_OK; }

#endif
