/* Between the two libraries: not for users. */

#ifndef QDQ_TENSORFLOW_REGISTER_H
#define QDQ_TENSORFLOW_REGISTER_H

#include "c_api.h"

/* Registers the kernels of every op for a type. TensorFlow runs those of the highest priority; its own have 0. */
void qdq_tensorflow_register(TF_DataType type, int32_t priority);

#endif
