/* TensorFlow's C API of kernels, for more than one C file. */

#ifndef QDQ_TENSORFLOW_C_API_H
#define QDQ_TENSORFLOW_C_API_H

#include <stddef.h>

/* kernels.h defines this constant wherever it is included; the linker takes several definitions only if they are weak. */
extern const size_t TF_InputRange_Args_STRUCT_SIZE __attribute__((weak));

#include <tensorflow/c/kernels.h>
#include <tensorflow/c/tf_tensor.h>

#endif
