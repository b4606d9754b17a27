// Each function of qdq.hpp with each kind of argument, on results worked by hand (values.c says how), and each way to
// fail.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "check.h"

#include <qdq.hpp>
#include <qdq.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>
#if __cplusplus >= 202002L
#include <span>
#endif

// In second.cpp: the header in two translation units of one program.
std::vector<float> quantized_elsewhere(const std::vector<float>& input, const qdq::attributes& attrs);

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

// 3 signed bits, codes from -4 to 3. Rows [-4, 0.75, 1] and [-8, 0.75, 1] have the scales 1 and 0.5.
const std::vector<float> rows{-4, 0.75F, 1, -8, 0.75F, 1};
const std::vector<float> rows_result{-4, 1, 1, -8, 0, 0};
// The same in columns.
const std::vector<float> columns{-4, -8, 0.75F, 0.75F, 1, 1};
const std::vector<float> columns_result{-4, -8, 1, 0, 1, 0};

qdq::attributes bits(std::int32_t num_bits, std::int32_t axis = -1) {
  qdq::attributes attrs;
  attrs.num_bits = num_bits;
  attrs.axis = axis;
  return attrs;
}

template <class A, class B>
void check_equal(const A& actual, const B& expected) {
  static_assert(sizeof *std::data(actual) == sizeof *std::data(expected), "elements of one type");
  CHECK_INT(static_cast<std::intmax_t>(std::size(actual)), static_cast<std::intmax_t>(std::size(expected)));
  CHECK_BYTES(std::data(actual), std::data(expected), std::size(expected) * sizeof *std::data(expected));
}

// The operation

void check_contiguous_arguments() {
  check_about("contiguous arguments");
  const auto attrs = bits(3);
  const std::vector<float> input{-4, -2.5F, -1.5F, 0.5F, 1.5F, 2.5F}, expected{-4, -2, -2, 0, 2, 2};

  std::vector<float> vector(6);
  qdq::quantize_and_dequantize(input, vector, attrs);
  check_equal(vector, expected);

  std::array<float, 6> array{};
  qdq::quantize_and_dequantize(input, array, attrs);
  check_equal(array, expected);

  float bare[6] = {};
  qdq::quantize_and_dequantize(array = {-4, -2.5F, -1.5F, 0.5F, 1.5F, 2.5F}, bare, attrs);
  check_equal(bare, expected);

  std::vector<float> in_place(input);
  qdq::quantize_and_dequantize(in_place, in_place, attrs);
  check_equal(in_place, expected);

#if __cplusplus >= 202002L
  std::vector<float> spanned(6);
  qdq::quantize_and_dequantize(std::span(input), std::span(spanned), {.num_bits = 3});
  check_equal(spanned, expected);
#endif
}

void check_views() {
  check_about("views");
  const auto attrs = bits(3, 0);
  std::vector<float> output(6);
  qdq::quantize_and_dequantize(qdq::view(rows, {2, 3}), qdq::view(output, {2, 3}), attrs);
  check_equal(output, rows_result);

  const int sizes[] = {2, 3};
  const std::vector<std::size_t> sizes_as_vector{2, 3};
  output.assign(6, 7);
  qdq::quantize_and_dequantize(qdq::view(rows.data(), sizes), qdq::view(output.data(), sizes_as_vector), attrs);
  check_equal(output, rows_result);

  // Columns as rows, by their strides, to rows.
  output.assign(6, 7);
  qdq::quantize_and_dequantize(qdq::view(columns, {2, 3}, {1, 2}), qdq::view(output, {2, 3}), attrs);
  check_equal(output, rows_result);

  // Backwards, with a gap, into the middle of something larger.
  std::vector<float> large(14, 7);
  qdq::quantize_and_dequantize(qdq::view(rows, {2, 3}), qdq::view(large, {2, 3}, {-6, -2}, 12), attrs);
  check_equal(large, std::vector<float>{7, 7, 0, 7, 0, 7, -8, 7, 1, 7, 1, 7, -4, 7});

  const qdq::view<float> kept(output, {2, 3});
  const qdq::view<const float> read_only = kept;
  const qdq::view copy = read_only;
  static_assert(std::is_same_v<decltype(copy), const qdq::view<const float>>, "a view of a view is a copy");
  CHECK(read_only.data() == output.data() && copy.data() == output.data());
  CHECK_INT(static_cast<std::intmax_t>(copy.shape().size()), 2);
  CHECK_INT(copy.shape()[0], 2);
  CHECK_INT(copy.shape()[1], 3);
  CHECK(copy.strides() == nullptr);
}

void check_scalars_and_nothing() {
  check_about("scalars and nothing");
  const float input = 3;
  float output = 7;
  qdq::quantize_and_dequantize(input, output, bits(3));
  CHECK(output == 3);

  std::vector<float> none;
  qdq::quantize_and_dequantize(none, none);
  qdq::quantize_and_dequantize(qdq::view(none, {0, 5}), qdq::view(static_cast<float*>(nullptr), {0, 5}), bits(3, 1));
}

void check_ranges() {
  check_about("ranges");
  const std::vector<float> input{-100, -4.5F, 2.75F, 3, 3.5F, 100}, expected{-4, -4, 3, 3, 3, 3};
  std::vector<float> output(6);
  qdq::quantize_and_dequantize(input, output, qdq::range(-4.0F, 2.5F), bits(3));
  check_equal(output, expected);

  const std::vector<float> mins{-4, -8};
  const std::array<float, 2> maxs{1, 1};
  const std::vector<float> given{-5, 0.75F, 3.5F, -9, 0.75F, 7}, given_result{-4, 1, 3, -8, 0, 6};
  qdq::quantize_and_dequantize(qdq::view(given, {2, 3}), qdq::view(output, {2, 3}), qdq::range(mins, maxs), bits(3, 0));
  check_equal(output, given_result);

  // Ranges with strides, the upper ends all at one place.
  const std::vector<float> ends{-8, 1, -4};
  const qdq::range strided(qdq::view(ends, {2}, {-2}, 2), qdq::view(ends, {2}, {0}, 1));
  output.assign(6, 7);
  qdq::quantize_and_dequantize(qdq::view(given, {2, 3}), qdq::view(output, {2, 3}), strided, bits(3, 0));
  check_equal(output, given_result);

  // Floats beside halves: [-4, 2.5] for -4.5, 2.75 and 100.
  const std::vector<std::uint16_t> halves{0xc480, 0x4180, 0x5640}, halves_result{0xc400, 0x4200, 0x4200};
  std::vector<std::uint16_t> output_halves(3);
  qdq::quantize_and_dequantize(qdq::as<qdq::f16>(halves), qdq::as<qdq::f16>(output_halves), qdq::range(-4.0F, 2.5F),
                               bits(3));
  check_equal(output_halves, halves_result);
}

// The other attributes are those of the golden files.
void check_degenerate() {
  check_about("degenerate");
  const std::vector<float> input{infinity, -4, 0.75F};
  std::vector<float> output(3);
  auto attrs = bits(3);
  qdq::quantize_and_dequantize(input, output, attrs);
  for (float element : output) CHECK(std::isnan(element));
  attrs.degenerate = qdq::degenerate::zero;
  qdq::quantize_and_dequantize(input, output, attrs);
  check_equal(output, std::vector<float>(3));
}

void check_gradient() {
  check_about("gradient");
  const std::vector<float> gradients{1, 2, 3, 4, 5, 6}, input{-2, -1, 0, 1, 2, 0.5F};
  std::vector<float> output(6);
  qdq::quantize_and_dequantize_grad(gradients, input, output);
  check_equal(output, gradients);

  const std::vector<float> expected{0, 2, 3, 4, 0, 6};
  qdq::quantize_and_dequantize_grad(gradients, input, output, qdq::range(-1.0F, 1.0F));
  check_equal(output, expected);

  float min_backprop = 7, max_backprop = 7;
  output.assign(6, 7);
  qdq::quantize_and_dequantize_grad(gradients, input, output, min_backprop, max_backprop, qdq::range(-1.0F, 1.0F));
  check_equal(output, expected);
  CHECK(min_backprop == 0 && max_backprop == 0);

  // Rows, the gradients in columns, the range of each row.
  const std::vector<float> in_columns{1, 4, 2, 5, 3, 6}, mins{-1, -1}, maxs{1, 0.5F}, row_result{0, 2, 3, 0, 0, 6};
  std::vector<float> mins_backprop(2, 7), maxs_backprop(2, 7);
  output.assign(6, 7);
  qdq::quantize_and_dequantize_grad(qdq::view(in_columns, {2, 3}, {1, 2}), qdq::view(input, {2, 3}),
                                    qdq::view(output, {2, 3}), mins_backprop, maxs_backprop, qdq::range(mins, maxs),
                                    bits(8, 0));
  check_equal(output, row_result);
  check_equal(mins_backprop, std::vector<float>(2));
  check_equal(maxs_backprop, std::vector<float>(2));
}

void check_range_update() {
  check_about("range_update");
  float min = infinity, max = -infinity;
  qdq::range_update(std::vector<float>{-1, not_a_number, 2}, min, max);
  CHECK(min == -1 && max == 2);
  qdq::range_update(std::vector<float>{-3, 1}, min, max);
  CHECK(min == -3 && max == 2);

  std::vector<float> mins(2, infinity), maxs(2, -infinity);
  qdq::range_update(qdq::view(columns, {3, 2}), mins, maxs, bits(8, 1));
  check_equal(mins, std::vector<float>{-4, -8});
  check_equal(maxs, std::vector<float>{1, 1});
}

// Quantizers

void check_parameters() {
  check_about("parameters");
  // [-4, 2.5] and 3 bits: scale and inverse are 1, the upper end becomes 3.
  const auto q = qdq::quantizer<float>::given(qdq::range(-4.0F, 2.5F), bits(3));
  CHECK_INT(static_cast<std::intmax_t>(q.channels()), 1);
  CHECK(q.get(qdq::parameter::scale) == std::vector<float>{1});
  CHECK(q.get(qdq::parameter::clamp_min) == std::vector<float>{-4});
  CHECK(q.get(qdq::parameter::clamp_max) == std::vector<float>{3});
  CHECK(q.get(qdq::parameter::range_min) == std::vector<float>{-4});
  CHECK(q.get(qdq::parameter::range_max) == std::vector<float>{2.5F});

  const std::vector<double> mins{-4, -8}, maxs{1, 1};
  const auto p = qdq::quantizer<double>::gathered(qdq::range(mins, maxs), bits(3, 1));
  static_assert(std::is_same_v<qdq::quantizer<double>::real, double>, "doubles are computed in double");
  CHECK_INT(static_cast<std::intmax_t>(p.channels()), 2);
  CHECK(p.get(qdq::parameter::scale) == (std::vector<double>{1, 0.5}));
  std::array<double, 2> inverse{};
  p.get(qdq::parameter::inverse_scale, inverse);
  CHECK(inverse == (std::array<double, 2>{1, 2}));
}

void check_given_and_gathered() {
  check_about("given and gathered");
  const std::vector<float> input{-100, 0.75F, 100};
  std::vector<float> output(3);
  qdq::quantizer<float>::given(qdq::range(-4.0F, 2.5F), bits(3)).apply(input, output);
  check_equal(output, std::vector<float>{-4, 1, 3});
  qdq::quantizer<float>::gathered(qdq::range(-4.0F, 2.5F), bits(3)).apply(input, output);
  check_equal(output, std::vector<float>{-100, 1, 100});

  const std::vector<float> gradients{1, 2, 3};
  qdq::quantizer<float>::given(qdq::range(-4.0F, 2.5F), bits(3)).grad(gradients, input, output);
  check_equal(output, std::vector<float>{0, 2, 0});
}

template <class Code>
void check_codes() {
  check_about("codes of %d bytes, signed %d", static_cast<int>(sizeof(Code)), std::is_signed_v<Code>);
  auto attrs = bits(3);
  attrs.signed_input = std::is_signed_v<Code>;
  const float min = attrs.signed_input ? -4.0F : 0.0F;
  const auto q = qdq::quantizer<float>::given(qdq::range(min, attrs.signed_input ? 2.5F : 7.0F), attrs);
  std::vector<Code> codes(3);
  std::vector<float> output(3);
  q.quantize(std::vector<float>{-100, 0.75F, 2.5F}, codes);
  check_equal(codes, std::vector<Code>{static_cast<Code>(min), 1, 2});
  q.dequantize(codes, output);
  check_equal(output, std::vector<float>{min, 1, 2});
}

// Failures

template <class Call>
void check_fails(qdq_status status, const char* words, Call&& call, const char* file, int line) {
  check_about("%s", qdq_status_string(status));
  try {
    call();
    check_that(0, file, line, "the call fails");
  } catch (const qdq::error& failure) {
    check_int(failure.status(), status, file, line, "failure.status()");
    check_contains(failure.what(), words, file, line, "failure.what()");
  }
}

#define FAILS(status, words, ...) check_fails(status, words, [&] { __VA_ARGS__; }, __FILE__, __LINE__)

void check_failures_of_the_library() {
  static_assert(std::is_base_of_v<std::runtime_error, qdq::error>, "an error is a std::runtime_error");
  const std::vector<float> input(6, 1);
  std::vector<float> output(6), few(2);
  auto error_if_degenerate = bits(3);
  error_if_degenerate.degenerate = qdq::degenerate::error;
  auto no_such_mode = bits(3);
  no_such_mode.round_mode = static_cast<qdq::round_mode>(9);
  alignas(float) char bytes[9] = {};
  float* const misaligned = static_cast<float*>(static_cast<void*>(bytes + 1));

  FAILS(QDQ_STATUS_NULL_POINTER, "input.data is NULL",
        qdq::quantize_and_dequantize(qdq::view(static_cast<float*>(nullptr), {2, 3}), qdq::view(output, {2, 3}),
                                     qdq::range(0.0F, 1.0F), bits(3, 0)));
  FAILS(QDQ_STATUS_INVALID_ATTRIBUTE, "num_bits", qdq::quantize_and_dequantize(input, output, bits(0)));
  FAILS(QDQ_STATUS_INVALID_ATTRIBUTE, "round_mode", qdq::quantize_and_dequantize(input, output, no_such_mode));
  FAILS(QDQ_STATUS_INVALID_AXIS, "axis", qdq::quantize_and_dequantize(input, output, bits(8, 1)));
  FAILS(QDQ_STATUS_INVALID_AXIS, "axis",
        qdq::quantize_and_dequantize(input, output, qdq::range(few, few), bits(8, -2)));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "-1",
        qdq::quantize_and_dequantize(qdq::view(input.data(), {-1}), qdq::view(output.data(), {-1})));
  FAILS(QDQ_STATUS_INVALID_RANGE, "input_min",
        qdq::quantize_and_dequantize(input, output, qdq::range(1.0F, -1.0F)));
  FAILS(QDQ_STATUS_INVALID_RANGE, "input_min",
        qdq::quantize_and_dequantize_grad(input, input, output, qdq::range(not_a_number, 1.0F)));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "output.shape is [2]; expected [6]", qdq::quantize_and_dequantize(input, few));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "gradients.shape is [2]; expected [6]",
        qdq::quantize_and_dequantize_grad(few, input, output));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "input_min.shape is [2]; expected [6]",
        qdq::quantize_and_dequantize(input, output, qdq::range(few, few), bits(8, 0)));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "input_min.shape is []",
        qdq::quantize_and_dequantize(input, output, qdq::range(0.0F, 1.0F), bits(8, 0)));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "input_min.shape is [2]",
        qdq::quantize_and_dequantize(input, output, qdq::range(few, few)));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "input_max.shape is [1]; expected [6]",
        qdq::quantize_and_dequantize(input, output, qdq::range(input, std::vector<float>(1)), bits(8, 0)));
  FAILS(QDQ_STATUS_MISALIGNED, "output", qdq::quantize_and_dequantize(1.0F, qdq::view(misaligned, {})));
  FAILS(QDQ_STATUS_OVERLAP, "output",
        qdq::quantize_and_dequantize(qdq::view(output.data(), {5}), qdq::view(output.data() + 1, {5})));
  FAILS(QDQ_STATUS_DEGENERATE_RANGE, "channel",
        qdq::quantize_and_dequantize(std::vector<float>{infinity, 1}, few, error_if_degenerate));
  FAILS(QDQ_STATUS_INVALID_ATTRIBUTE, "num_threads",
        qdq::quantize_and_dequantize(input, output, {}, qdq::executor::threads(-1)));

  float min = not_a_number, max = 0;
  FAILS(QDQ_STATUS_INVALID_RANGE, "range_min", qdq::range_update(input, min, max));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "range_max", qdq::range_update(input, max, few));
}

void check_failures_of_quantizers() {
  const std::vector<float> input(6, 1);
  std::vector<float> output(6), few(2);
  std::vector<std::int8_t> codes(6);
  const qdq::range range(-1.0F, 1.0F);
  FAILS(QDQ_STATUS_INVALID_RANGE, "input_min", qdq::quantizer<float>::given(qdq::range(1.0F, -1.0F)));
  FAILS(QDQ_STATUS_INVALID_RANGE, "input_max", qdq::quantizer<float>::given(qdq::range(1.0F, infinity)));
  FAILS(QDQ_STATUS_INVALID_AXIS, "axis", qdq::quantizer<float>::gathered(range, bits(8, -5)));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "input_min", qdq::quantizer<float>::gathered(range, bits(8, 0)));

  const auto q = qdq::quantizer<float>::given(range, bits(9));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "output", q.apply(input, few));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "input_backprop", q.grad(input, input, few));
  FAILS(QDQ_STATUS_UNSUPPORTED_DTYPE, "codes.dtype", q.quantize(input, codes));
  FAILS(QDQ_STATUS_UNSUPPORTED_DTYPE, "codes.dtype", q.dequantize(codes, output));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "len is 2; expected 1", q.get(qdq::parameter::scale, few));
  FAILS(QDQ_STATUS_INVALID_ATTRIBUTE, "param", q.get(static_cast<qdq::parameter>(9)));

  auto from = qdq::quantizer<float>::given(range);
  const auto to = std::move(from);
  to.apply(input, output);
  CHECK(from.c_quantizer() == nullptr);
  FAILS(QDQ_STATUS_NULL_POINTER, "quantizer is NULL", from.apply(input, output));
  FAILS(QDQ_STATUS_NULL_POINTER, "quantizer is NULL", from.grad(input, input, output));
  FAILS(QDQ_STATUS_NULL_POINTER, "quantizer is NULL", from.quantize(input, codes));
  FAILS(QDQ_STATUS_NULL_POINTER, "quantizer is NULL", from.dequantize(codes, output));
  FAILS(QDQ_STATUS_NULL_POINTER, "quantizer is NULL", from.get(qdq::parameter::scale));
}

void check_failures_of_views() {
  std::vector<float> six(6);
  const auto most = std::numeric_limits<std::int64_t>::max();
  const auto least = std::numeric_limits<std::int64_t>::min();
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the memory has 6 elements; expected those of the shape [2, 4]",
        qdq::view(six, {2, 4}));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the shape [5]", qdq::view(six, {5}));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the shape [0, 6]", qdq::view(six, {0, 6}));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the shape []", qdq::view(six, {}));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the shape", qdq::view(six, {most, most}));
  // A product that is 6 modulo 2^64.
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the shape", qdq::view(six, {9, std::int64_t{6148914691236517206}}));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "[-2, -3]", qdq::view(six, {-2, -3}));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "[-2]", qdq::view(six, {-2}, {1}));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the strides are [1]; expected one for each dimension of [2, 3]",
        qdq::view(six, {2, 3}, {1}));
  FAILS(QDQ_STATUS_SIZE_MISMATCH, "the strides are [1]", qdq::view(six.data(), {2, 3}, {1}));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "the rank is 65", qdq::view(six.data(), std::vector<int>(65, 1)));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "63 bits", qdq::view(six.data(), {std::numeric_limits<std::uint64_t>::max()}));

  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory; expected all within its 6 elements, from number 1",
        qdq::view(six, {2, 3}, {3, 1}, 1));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {2, 3}, {-3, 1}, 2));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {2, 3}, {-3, 1}, 4));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {}, {}, 6));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {0}, {1}, 7));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {2}, {most}));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {2}, {least}, 5));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {most, most}, {5, 5}));
  FAILS(QDQ_STATUS_INVALID_SHAPE, "leaves the memory", qdq::view(six, {3, 3, 3, 3}, {2, 2, 2, 2}));

  // As far as it goes.
  qdq::view(six, {2, 3}, {-3, 1}, 3);
  qdq::view(six, {2}, {5});
  qdq::view(six, {2}, {-5}, 5);
  qdq::view(six, {0, 9}, {most, most}, 6);
  qdq::view(six, {1, 9}, {most, 0}, 5);
}

// What stands at an output after a failure is what stood there.
void check_nothing_is_written() {
  check_about("nothing is written");
  std::vector<float> output(6, 7);
  FAILS(QDQ_STATUS_INVALID_RANGE, "",
        qdq::quantize_and_dequantize(rows, output, qdq::range(1.0F, -1.0F)));
  check_equal(output, std::vector<float>(6, 7));
}

}  // namespace

int main() {
  check_contiguous_arguments();
  check_views();
  check_scalars_and_nothing();
  check_ranges();
  check_degenerate();
  check_gradient();
  check_range_update();
  check_parameters();
  check_given_and_gathered();
  check_codes<std::int8_t>();
  check_codes<std::uint8_t>();
  check_codes<std::int16_t>();
  check_codes<std::uint16_t>();
  check_codes<std::int32_t>();
  check_codes<std::uint32_t>();
  check_codes<std::int64_t>();
  check_codes<std::uint64_t>();
  check_codes<long long>();
  check_codes<unsigned long long>();
  check_failures_of_the_library();
  check_failures_of_quantizers();
  check_failures_of_views();
  check_nothing_is_written();
  check_about("another translation unit");
  check_equal(quantized_elsewhere(rows, bits(3)), std::vector<float>{-4, 0, 0, -8, 0, 0});
  return check_finish();
}
