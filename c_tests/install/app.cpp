// A program in C++ with the installed library.

#include <qdq.hpp>
#include <qdq.h>

#include <cstdint>
#include <cstdio>

int main() {
  // 8 bits, from -128 to 127: the scale is 1.
  const float input[3] = {-128.0f, 0.3f, 127.0f};
  const std::int64_t shape = 3;
  float output[3] = {};
  if (qdq_quantize_and_dequantize_v4_f32(input, &shape, 1, nullptr, nullptr, 0, nullptr, nullptr, output) != QDQ_STATUS_OK) {
    std::puts(qdq_last_error());
    return 1;
  }
  if (output[0] != -128.0f || output[1] != 0.0f || output[2] != 127.0f) {
    std::printf("%g %g %g, expected -128 0 127\n", output[0], output[1], output[2]);
    return 1;
  }
  std::printf("qdq %s works\n", qdq_version());
}
