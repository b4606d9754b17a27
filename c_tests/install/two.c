/* A program with two libraries written in Rust: each works, before and after the other was called. */

#include <qdq.h>
#include <stdio.h>

int other_sum(int n);

static int other_works(void) {
  const int sum = other_sum(10);
  const int panicked = other_sum(2000);
  if (sum != 45 || panicked != -1) {
    printf("the other library gives %d and %d, expected 45 and -1\n", sum, panicked);
    return 0;
  }
  return 1;
}

static int qdq_works(void) {
  /* 8 bits, from -128 to 127: the scale is 1. */
  const float input[3] = {-128.0f, 0.3f, 127.0f};
  const int64_t shape = 3;
  qdq_executor every_core = QDQ_EXECUTOR_INIT;
  float output[3] = {0};
  if (qdq_quantize_and_dequantize_v4_f32(input, &shape, 1, NULL, NULL, 0, NULL, &every_core, output)) {
    printf("%s\n", qdq_last_error());
    return 0;
  }
  if (output[0] != -128.0f || output[1] != 0.0f || output[2] != 127.0f) {
    printf("%g %g %g, expected -128 0 127\n", output[0], output[1], output[2]);
    return 0;
  }
  return 1;
}

int main(void) {
  if (!other_works() || !qdq_works() || !other_works() || !qdq_works()) {
    return 1;
  }
  printf("qdq %s works beside another\n", qdq_version());
  return 0;
}
