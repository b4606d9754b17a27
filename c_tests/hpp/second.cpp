// The header once more in the program of api.cpp.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include <qdq.hpp>

std::vector<float> quantized_elsewhere(const std::vector<float>& input, const qdq::attributes& attrs);

std::vector<float> quantized_elsewhere(const std::vector<float>& input, const qdq::attributes& attrs) {
  std::vector<float> output(input.size());
  qdq::quantize_and_dequantize(input, output, attrs);
  return output;
}
