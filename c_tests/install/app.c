/* What a user's program does with the installed library: the numbers are those of the formulas, which are exact here. */

#include <qdq.h>
#include <stdio.h>

int main(void) {
  /* 4 bits: scales 8 and 1, steps 1/8 and 1. */
  const float input[2][3] = {{-1.0f, 0.1f, 0.77f}, {-8.0f, 2.5f, 6.1f}};
  const float expected[2][3] = {{-1.0f, 0.125f, 0.75f}, {-8.0f, 2.0f, 6.0f}};
  const int64_t shape[2] = {2, 3};
  qdq_attrs attrs = QDQ_ATTRS_INIT;
  attrs.num_bits = 4;
  attrs.axis = 0;
  qdq_executor every_core = QDQ_EXECUTOR_INIT;
  float output[2][3] = {{0}};

  const uint32_t header = (uint32_t)QDQ_VERSION_MAJOR << 16 | QDQ_VERSION_MINOR << 8 | QDQ_VERSION_PATCH;
  if (qdq_version_number() != header) {
    printf("the library is %s, the header another version\n", qdq_version());
    return 1;
  }
  if (qdq_quantize_and_dequantize_v4_f32(input[0], shape, 2, NULL, NULL, 0, &attrs, &every_core, output[0])) {
    printf("%s\n", qdq_last_error());
    return 1;
  }
  for (int i = 0; i < 6; i++) {
    if (output[i / 3][i % 3] != expected[i / 3][i % 3]) {
      printf("element %d is %g, expected %g\n", i, output[i / 3][i % 3], expected[i / 3][i % 3]);
      return 1;
    }
  }
  printf("qdq %s works\n", qdq_version());
  return 0;
}
