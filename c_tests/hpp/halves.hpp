// A result worked by hand, in the bits of half and bfloat16, and a check that a type of 16 bits has it.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef HALVES_HPP
#define HALVES_HPP

#include "check.h"

#include <qdq.hpp>

#include <cstdint>
#include <cstring>
#include <vector>

// 3 signed bits on [-4, 2.5], so the scale is 1: -4, -2.5, -1.5, 0.5, 1.5, 2.5 become -4, -2, -2, 0, 2, 2.
const std::vector<std::uint16_t> halves_input{0xc400, 0xc100, 0xbe00, 0x3800, 0x3e00, 0x4100};
const std::vector<std::uint16_t> halves_result{0xc400, 0xc000, 0xc000, 0x0000, 0x4000, 0x4000};
const std::vector<std::uint16_t> bfloats_input{0xc080, 0xc020, 0xbfc0, 0x3f00, 0x3fc0, 0x4020};
const std::vector<std::uint16_t> bfloats_result{0xc080, 0xc000, 0xc000, 0x0000, 0x4000, 0x4000};

inline qdq::attributes three_bits() {
  qdq::attributes attrs;
  attrs.num_bits = 3;
  return attrs;
}

template <class T>
std::vector<T> elements_of(const std::vector<std::uint16_t>& bits) {
  static_assert(sizeof(T) == sizeof(std::uint16_t), "a type of 16 bits");
  std::vector<T> elements(bits.size());
  std::memcpy(static_cast<void*>(elements.data()), bits.data(), bits.size() * sizeof(T));
  return elements;
}

template <class T>
void check_result(const std::vector<T>& actual, const std::vector<std::uint16_t>& expected) {
  CHECK_BYTES(actual.data(), expected.data(), expected.size() * sizeof(T));
}

// The operation, its gradient, and a quantizer of T, with a range of T and with one of floats.
template <class T>
void check_16_bit_type(const char* name, const std::vector<std::uint16_t>& input_bits,
                       const std::vector<std::uint16_t>& result_bits) {
  check_about("%s", name);
  const auto input = elements_of<T>(input_bits);
  std::vector<T> output(input.size());
  qdq::quantize_and_dequantize(input, output, three_bits());
  check_result(output, result_bits);

  // -4 and 2.5 are the first and the last element.
  qdq::quantize_and_dequantize(input, output, qdq::range(input.front(), input.back()), three_bits());
  check_result(output, result_bits);
  qdq::quantize_and_dequantize_grad(input, input, output, qdq::range(-4.0F, 2.5F), three_bits());
  check_result(output, input_bits);

  const auto q = qdq::quantizer<T>::given(qdq::range(-4.0F, 2.5F), three_bits());
  std::vector<std::int16_t> codes(input.size());
  q.apply(input, output);
  check_result(output, result_bits);
  q.quantize(input, codes);
  CHECK(codes == (std::vector<std::int16_t>{-4, -2, -2, 0, 2, 2}));
  q.dequantize(codes, output);
  check_result(output, result_bits);
}

#endif  // HALVES_HPP
