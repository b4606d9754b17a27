// Which types are elements, which are codes, and which are neither; those that the compiler has are computed with.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "check.h"
#include "halves.hpp"

#include <qdq.hpp>

#include <string>

namespace own {

// A program's own types of 16 bits.
class half {
 public:
  half() = default;
  bool is_negative() const { return bits_ >= 0x8000; }

 private:
  std::uint16_t bits_ = 0;
};

struct bfloat {
  std::uint16_t bits;
};

}  // namespace own

template <>
struct qdq::element<own::half> : qdq::element<qdq::f16> {};
template <>
struct qdq::element<own::bfloat> : qdq::element<qdq::bf16> {};

namespace {

template <class T>
constexpr qdq_dtype dtype = qdq::element<T>::dtype;

static_assert(dtype<float> == QDQ_DTYPE_F32 && dtype<double> == QDQ_DTYPE_F64, "elements");
static_assert(dtype<qdq::f16> == QDQ_DTYPE_F16 && dtype<qdq::bf16> == QDQ_DTYPE_BF16, "16-bit elements");
static_assert(dtype<own::half> == QDQ_DTYPE_F16 && dtype<own::bfloat> == QDQ_DTYPE_BF16, "own elements");
static_assert(dtype<std::int8_t> == QDQ_DTYPE_I8 && dtype<std::uint8_t> == QDQ_DTYPE_U8, "codes");
static_assert(dtype<std::int16_t> == QDQ_DTYPE_I16 && dtype<std::uint16_t> == QDQ_DTYPE_U16, "codes");
static_assert(dtype<std::int32_t> == QDQ_DTYPE_I32 && dtype<std::uint32_t> == QDQ_DTYPE_U32, "codes");
static_assert(dtype<std::int64_t> == QDQ_DTYPE_I64 && dtype<std::uint64_t> == QDQ_DTYPE_U64, "codes");
static_assert(dtype<long long> == QDQ_DTYPE_I64 && dtype<unsigned long long> == QDQ_DTYPE_U64, "codes by another name");
static_assert(dtype<bool> == 0 && dtype<char> == 0 && dtype<char16_t> == 0 && dtype<wchar_t> == 0, "no numbers");
static_assert(dtype<long double> == 0 && dtype<std::string> == 0 && dtype<float*> == 0, "no elements");
#ifdef __FLT16_MANT_DIG__
__extension__ using compiler_half = _Float16;
static_assert(dtype<compiler_half> == QDQ_DTYPE_F16, "the compiler's half");
#endif
#ifdef __BFLT16_MANT_DIG__
static_assert(dtype<decltype(0.0bf16)> == QDQ_DTYPE_BF16, "the compiler's bfloat16");
#endif
#ifdef __STDCPP_FLOAT16_T__
static_assert(dtype<std::float16_t> == QDQ_DTYPE_F16, "the standard's half");
#endif
#ifdef __STDCPP_BFLOAT16_T__
static_assert(dtype<std::bfloat16_t> == QDQ_DTYPE_BF16, "the standard's bfloat16");
#endif

// As bits, by wrappers and by as.
void check_bits() {
  check_about("bits");
  std::vector<std::uint16_t> output(halves_input.size());
  qdq::quantize_and_dequantize(qdq::as<qdq::f16>(halves_input), qdq::as<qdq::f16>(output), three_bits());
  CHECK(output == halves_result);
  qdq::quantize_and_dequantize(qdq::as<qdq::bf16>(bfloats_input), qdq::as<qdq::bf16>(output), three_bits());
  CHECK(output == bfloats_result);

  // As a view with strides, backwards.
  const auto last = static_cast<std::size_t>(output.size() - 1);
  const qdq::view backwards(output, {output.size()}, {-1}, last);
  qdq::quantize_and_dequantize(qdq::as<own::half>(halves_input), qdq::as<own::half>(backwards), three_bits());
  CHECK(output == std::vector<std::uint16_t>(halves_result.rbegin(), halves_result.rend()));
}

}  // namespace

int main() {
  check_bits();
  check_16_bit_type<qdq::f16>("qdq::f16", halves_input, halves_result);
  check_16_bit_type<qdq::bf16>("qdq::bf16", bfloats_input, bfloats_result);
  check_16_bit_type<own::half>("own::half", halves_input, halves_result);
  check_16_bit_type<own::bfloat>("own::bfloat", bfloats_input, bfloats_result);
#ifdef __FLT16_MANT_DIG__
  check_16_bit_type<compiler_half>("_Float16", halves_input, halves_result);
#endif
#ifdef __BFLT16_MANT_DIG__
  check_16_bit_type<decltype(0.0bf16)>("__bf16", bfloats_input, bfloats_result);
#elif defined(__clang__) && __clang_major__ >= 17 && defined(__SSE2__)
  check_16_bit_type<__bf16>("__bf16", bfloats_input, bfloats_result);
#endif
#ifdef __STDCPP_FLOAT16_T__
  check_16_bit_type<std::float16_t>("std::float16_t", halves_input, halves_result);
#endif
#ifdef __STDCPP_BFLOAT16_T__
  check_16_bit_type<std::bfloat16_t>("std::bfloat16_t", bfloats_input, bfloats_result);
#endif
  return check_finish();
}
