// A quantizer's memory is freed once, whoever holds it last; calls and views hold none.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "check.h"
#include "memory.h"

#include <qdq.hpp>

#include <limits>
#include <new>
#include <type_traits>

namespace {

using quantizer = qdq::quantizer<float>;

static_assert(!std::is_copy_constructible_v<quantizer> && !std::is_copy_assignable_v<quantizer>, "moved, not copied");
static_assert(std::is_nothrow_move_constructible_v<quantizer> && std::is_nothrow_move_assignable_v<quantizer>,
              "fit for containers");
static_assert(!std::is_default_constructible_v<quantizer>, "there is always something to destroy");

quantizer make(float end) { return quantizer::given(qdq::range(-end, end)); }

float upper_end(const quantizer& q) {
  float end[1];
  q.get(qdq::parameter::range_max, end);
  return end[0];
}

// Runs `use` twice; the second time it must leave as many blocks as it found.
template <class Use>
void check_leaves_nothing(const char* what, Use&& use) {
  check_about("%s", what);
  use();
  const int before = blocks_held();
  use();
  CHECK_INT(blocks_held(), before);
}

void move_and_assign() {
  quantizer a = make(1), b = make(2), c = std::move(a);
  CHECK(a.c_quantizer() == nullptr && upper_end(c) == 1);
  b = std::move(c);
  CHECK(c.c_quantizer() == nullptr && upper_end(b) == 1);
  c = make(3);
  CHECK(upper_end(c) == 3);
  std::swap(b, c);
  CHECK(upper_end(b) == 3 && upper_end(c) == 1);
}

void move_to_itself() {
  quantizer q = make(4);
  quantizer& same = q;
  q = std::move(same);
  CHECK(upper_end(q) == 4);
  CHECK_INT(static_cast<std::intmax_t>(q.channels()), 1);
}

void keep_in_a_vector() {
  std::vector<quantizer> quantizers;
  for (int i = 1; i <= 20; i++) quantizers.push_back(make(static_cast<float>(i)));
  quantizers.erase(quantizers.begin());
  CHECK(upper_end(quantizers[0]) == 2 && upper_end(quantizers[18]) == 20);
}

void fail_to_make() {
  int failures = 0;
  for (float end : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    try {
      make(end);
    } catch (const qdq::error&) {
      failures++;
    }
  }
  CHECK_INT(failures, 2);
}

void throw_from_a_host() {
  std::vector<float> elements(1 << 18, 1);
  const auto q = make(1);
  int caught = 0;
  try {
    q.apply(elements, elements, qdq::executor::host([](std::size_t, qdq::task) { throw 5; }, 4));
  } catch (int thrown) {
    caught = thrown;
  }
  CHECK_INT(caught, 5);
}

// The quantizer keeps copies of the ranges.
void outlive_the_range() {
  std::vector<float> mins{-1, -2}, maxs{1, 2}, read(2);
  qdq::attributes attrs;
  attrs.axis = 0;
  const auto q = quantizer::given(qdq::range(mins, maxs), attrs);
  mins.assign(2, 7), maxs.assign(2, 7);
  q.get(qdq::parameter::range_max, read);
  CHECK(read == (std::vector<float>{1, 2}));
}

void check_calls_allocate_nothing() {
  check_about("calls");
  std::vector<float> elements(600, 1);
  std::vector<std::int8_t> codes(600);
  const auto q = make(1);
  qdq::quantize_and_dequantize(elements, elements);
  const int before = allocations_asked();
  qdq::quantize_and_dequantize(elements, elements);
  qdq::quantize_and_dequantize(qdq::view(elements, {20, 30}), qdq::view(elements, {20, 30}), qdq::range(-1.0F, 1.0F));
  qdq::quantize_and_dequantize(qdq::view(elements, {20, 30}, {1, 20}), qdq::view(elements, {20, 30}, {1, 20}));
  qdq::quantize_and_dequantize_grad(elements, elements, elements);
  q.apply(elements, elements);
  q.quantize(elements, codes);
  q.dequantize(codes, elements);
  CHECK(upper_end(q) == 1);
  CHECK_INT(allocations_asked(), before);
}

// As many channels as need scratch memory, and none to be had, neither for the sentence nor for the exception.
void check_no_memory() {
  check_about("no memory");
  std::vector<float> elements(1 << 16, 1);
  qdq::attributes attrs;
  attrs.axis = 1;
  const qdq::view matrix(elements, {2, 1 << 15});
  const int before = blocks_held();
  bool has_thrown = false;
  allow_allocations(0);
  try {
    qdq::quantize_and_dequantize(matrix, matrix, attrs);
  } catch (const std::bad_alloc&) {
    has_thrown = true;
  }
  allow_allocations(NEVER);
  CHECK(has_thrown);
  CHECK_CONTAINS(qdq_last_error(), "scratch memory");
  CHECK_INT(blocks_held(), before);
}

}  // namespace

int main() {
  check_leaves_nothing("move and assign", move_and_assign);
  check_leaves_nothing("move to itself", move_to_itself);
  check_leaves_nothing("keep in a vector", keep_in_a_vector);
  check_leaves_nothing("fail to make", fail_to_make);
  check_leaves_nothing("throw from a host", throw_from_a_host);
  check_leaves_nothing("outlive the range", outlive_the_range);
  check_calls_allocate_nothing();
  check_no_memory();
  return check_finish();
}
