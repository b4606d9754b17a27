/* libqdq_tensorflow: the types for which TensorFlow has kernels, of priority 0, in whose place these run. */

#include "register.h"

__attribute__((constructor)) static void register_on_load(void) {
  qdq_tensorflow_register(TF_FLOAT, 1);
  qdq_tensorflow_register(TF_DOUBLE, 1);
}
