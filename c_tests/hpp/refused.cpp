// What must not compile, and what the compiler has to say: refused.sh compiles this file once with the case 0, which
// must succeed, and once with each other case (and its options), which must fail with the words beside it.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include <qdq.hpp>

#include <string>

struct number {
  float value;
};

struct strided {
  float* data() const;
  std::size_t size() const;
  std::ptrdiff_t innerStride() const;
};

using floats = std::vector<float>;

void refused(floats& output, const floats& input, std::vector<std::uint16_t>& bits, std::vector<std::int8_t>& codes,
             std::vector<double>& doubles, std::vector<number>& numbers, strided matrix,
             const qdq::quantizer<float>& q) {
  const qdq::range range(-1.0F, 1.0F);
#if CASE == 0
  qdq::quantize_and_dequantize(input, output, range);
  qdq::quantize_and_dequantize(qdq::as<qdq::f16>(bits), qdq::as<qdq::f16>(bits), range);
  q.quantize(input, codes);
  q.quantize(input, bits);
  q.dequantize(bits, output);
  (void)doubles, (void)numbers, (void)matrix;
#elif CASE == 1  // with -std=c++14 expect: qdq.hpp needs C++17
#elif CASE == 2  // with -fno-exceptions expect: qdq.hpp reports failures by exceptions
#elif CASE == 3  // expect: uint16_t may be the bits of a half or of a bfloat16
  qdq::quantize_and_dequantize(bits, bits);
#elif CASE == 4  // expect: uint16_t may be the bits of a half or of a bfloat16
  qdq::quantize_and_dequantize_grad(bits, bits, bits);
#elif CASE == 5  // expect: uint16_t may be the bits of a half or of a bfloat16
  qdq::range_update(bits, output[0], output[1]);
#elif CASE == 6  // expect: uint16_t may be the bits of a half or of a bfloat16
  qdq::quantizer<std::uint16_t>::given(range);
#elif CASE == 7  // expect: uint16_t may be the bits of a half or of a bfloat16
  qdq::quantize_and_dequantize(qdq::as<qdq::f16>(bits), bits);
#elif CASE == 8  // expect: elements are float, double, half or bfloat16
  qdq::quantize_and_dequantize(codes, codes);
#elif CASE == 9  // expect: elements are float, double, half or bfloat16
  qdq::quantize_and_dequantize(numbers, numbers);
#elif CASE == 10  // expect: elements are float, double, half or bfloat16
  qdq::quantize_and_dequantize(numbers[0], numbers[0]);
#elif CASE == 11  // expect: have one element type
  qdq::quantize_and_dequantize(input, doubles);
#elif CASE == 12  // expect: have one element type
  qdq::quantize_and_dequantize(qdq::as<qdq::f16>(bits), qdq::as<qdq::bf16>(bits));
#elif CASE == 13  // expect: have one element type
  qdq::quantize_and_dequantize_grad(doubles, input, output);
#elif CASE == 14  // expect: have one element type
  q.apply(doubles, doubles);
#elif CASE == 15  // expect: an output's elements are not const
  qdq::quantize_and_dequantize(output, input);
#elif CASE == 16  // expect: an output is a variable
  qdq::range_update(input, 0.0F, output[0]);
#elif CASE == 17  // expect: an output's elements are not const
  q.apply(input, input);
#elif CASE == 18  // expect: a range has the elements' type
  qdq::quantize_and_dequantize(input, output, qdq::range(-1.0, 1.0));
#elif CASE == 19  // expect: a range has the elements' type
  qdq::quantize_and_dequantize(doubles, doubles, range);
#elif CASE == 20  // expect: a range has the elements' type
  qdq::quantizer<qdq::f16>::gathered(qdq::range(qdq::bf16{}, qdq::bf16{}));
#elif CASE == 21  // expect: a range has the elements' type
  qdq::range_update(input, doubles, doubles);
#elif CASE == 22  // expect: a pointer says no size
  qdq::quantize_and_dequantize(input.data(), output.data());
#elif CASE == 23  // expect: memory with strides of its own
  qdq::quantize_and_dequantize(matrix, matrix);
#elif CASE == 24  // expect: codes are integers
  q.quantize(input, output);
#elif CASE == 25  // expect: codes are integers
  q.dequantize(qdq::as<qdq::f16>(bits), output);
#elif CASE == 26  // expect: as<E>(bits) takes 16-bit elements
  qdq::as<qdq::f16>(input);
#elif CASE == 27  // expect: as<E>(bits) takes 16-bit elements
  qdq::as<std::int16_t>(bits);
#elif CASE == 28  // expect: parameters are double for double elements
  q.get(qdq::parameter::scale, doubles);
#elif CASE == 29  // expect: no matching function|no matching constructor
  qdq::view<float>{qdq::view<const float>(input)};
#elif CASE == 30  // expect: use of deleted function|call to implicitly-deleted copy constructor
  qdq::quantizer<float> copy(q);
#endif
}
