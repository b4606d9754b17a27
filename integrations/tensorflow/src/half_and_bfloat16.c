/* libqdq_tensorflow_16bit: the types for which TensorFlow has no kernel on a CPU. */

#include "register.h"

__attribute__((constructor)) static void register_on_load(void) {
  qdq_tensorflow_register(TF_HALF, 0);
  qdq_tensorflow_register(TF_BFLOAT16, 0);
}
