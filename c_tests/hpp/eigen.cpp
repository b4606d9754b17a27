// Eigen's types of 16 bits as elements, and its matrices by their strides.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "check.h"
#include "halves.hpp"

#include <Eigen/Core>

template <>
struct qdq::element<Eigen::half> : qdq::element<qdq::f16> {};
template <>
struct qdq::element<Eigen::bfloat16> : qdq::element<qdq::bf16> {};

namespace {

// Eigen's own conversions from float are the reference of the bits.
template <class T>
void check_numbers(const char* name) {
  check_about("%s numbers", name);
  const float input[] = {-4, -2.5F, -1.5F, 0.5F, 1.5F, 2.5F}, expected[] = {-4, -2, -2, 0, 2, 2};
  std::vector<T> output;
  for (float number : input) output.push_back(T(number));
  qdq::quantize_and_dequantize(output, output, qdq::range(T(-4), T(2.5F)), three_bits());
  for (std::size_t i = 0; i < output.size(); i++) CHECK(static_cast<float>(output[i]) == expected[i]);
}

// Columns one after the other in memory; and a block of a larger matrix.
void check_matrices() {
  check_about("matrices");
  Eigen::MatrixXf input(2, 3), output(2, 3), large = Eigen::MatrixXf::Constant(4, 5, 7);
  input << -4, 0.75F, 1, -8, 0.75F, 1;
  Eigen::MatrixXf expected(2, 3);
  expected << -4, 1, 1, -8, 0, 0;
  auto attrs = three_bits();
  attrs.axis = 0;
  const auto view_of = [](auto&& m) {
    return qdq::view(m.data(), {m.rows(), m.cols()}, {m.rowStride(), m.colStride()});
  };
  qdq::quantize_and_dequantize(view_of(input), view_of(output), attrs);
  CHECK(output == expected);
  qdq::quantize_and_dequantize(view_of(input), view_of(large.block(1, 2, 2, 3)), attrs);
  CHECK((large.block(1, 2, 2, 3) == expected));
  CHECK(large.sum() == 7.0F * 14 + expected.sum());
}

}  // namespace

int main() {
  check_16_bit_type<Eigen::half>("Eigen::half", halves_input, halves_result);
  check_16_bit_type<Eigen::bfloat16>("Eigen::bfloat16", bfloats_input, bfloats_result);
  check_numbers<Eigen::half>("Eigen::half");
  check_numbers<Eigen::bfloat16>("Eigen::bfloat16");
  check_matrices();
  return check_finish();
}
