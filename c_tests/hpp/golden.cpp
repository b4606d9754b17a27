// TensorFlow's own answers through qdq.hpp: golden FILE...
//
// Each case runs dense and strided, on the calling thread and on the pool, at once and with a quantizer, and every bit
// is compared, with the allowances of golden_file.h.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "check.h"
#include "golden_file.h"

#include <qdq.hpp>

#include <cstdio>
#include <cstring>
#include <limits>

namespace {

constexpr unsigned char guard = 0x5a;

// A tensor in memory of its own, its elements in row-major order, or scattered: the first dimension the densest, every
// second one backwards, and a gap after each element.
template <class T>
class tensor {
 public:
  tensor(const qdq::dimensions& shape, bool is_scattered) : shape_(shape), is_scattered_(is_scattered) {
    std::vector<std::int64_t> strides(shape.size());
    std::int64_t size = 1;
    for (std::size_t at = 0; at < shape.size(); at++) {
      const std::size_t i = is_scattered ? at : shape.size() - 1 - at;
      const std::int64_t step = at == 0 && is_scattered ? 2 : size;
      strides[i] = is_scattered && i % 2 == 1 ? -step : step;
      const std::int64_t reach = shape[i] > 0 ? (shape[i] - 1) * step : 0;
      if (strides[i] < 0) offset_ += static_cast<std::size_t>(reach);
      size = is_scattered ? size + reach : size * shape[i];
    }
    strides_ = strides;
    T between;
    std::memset(&between, guard, sizeof between);
    memory_.assign(static_cast<std::size_t>(size), between);
  }

  tensor(const qdq::dimensions& shape, bool is_scattered, const kind& kind, const void* elements)
      : tensor(shape, is_scattered) {
    for (std::size_t i = 0; i < count(); i++) put_bits(&kind, memory_.data(), place(i), get_bits(&kind, elements, i));
  }

  qdq::view<T> view() {
    if (is_scattered_) return qdq::view(memory_, shape_, strides_, offset_);
    return qdq::view(memory_, shape_);
  }

  std::size_t count() const {
    std::size_t count = 1;
    for (std::int64_t size : shape_) count *= static_cast<std::size_t>(size);
    return count;
  }

  // Checks the elements, and that what lies between them is as it was.
  void check(const kind& kind, const unsigned char* any_zero, const void* expected) const {
    std::vector<bool> is_element(memory_.size());
    for (std::size_t i = 0; i < count(); i++) {
      const std::uint64_t is = get_bits(&kind, memory_.data(), place(i));
      const std::uint64_t wanted = get_bits(&kind, expected, i);
      if (!allows(&kind, any_zero[i], wanted, is)) CHECK_BITS(is, wanted);
      is_element[place(i)] = true;
    }
    std::uint64_t between = 0;
    std::memset(&between, guard, sizeof(T));
    for (std::size_t i = 0; i < memory_.size(); i++) {
      if (!is_element[i]) CHECK_BITS(get_bits(&kind, memory_.data(), i), between);
    }
  }

 private:
  // Where a row-major element is.
  std::size_t place(std::size_t index) const {
    auto at = static_cast<std::int64_t>(offset_);
    for (std::size_t i = shape_.size(); i-- > 0;) {
      const auto size = static_cast<std::size_t>(shape_[i]);
      at += static_cast<std::int64_t>(index % size) * strides_[i];
      index /= size;
    }
    return static_cast<std::size_t>(at);
  }

  qdq::dimensions shape_, strides_;
  bool is_scattered_;
  std::size_t offset_ = 0;
  std::vector<T> memory_;
};

qdq::attributes attributes_of(const golden& g) {
  qdq::attributes attrs;
  attrs.num_bits = g.attrs.num_bits;
  attrs.axis = g.attrs.axis;
  attrs.signed_input = g.attrs.signed_input != 0;
  attrs.narrow_range = g.attrs.narrow_range != 0;
  if (g.attrs.round_mode == QDQ_ROUND_HALF_UP) attrs.round_mode = qdq::round_mode::half_up;
  if (g.attrs.arithmetic == QDQ_ARITHMETIC_NATIVE) attrs.arithmetic = qdq::arithmetic::native;
  return attrs;
}

template <class T>
std::vector<T> ends_of(const void* elements, std::size_t count) {
  std::vector<T> ends(count);
  if (count != 0) std::memcpy(static_cast<void*>(ends.data()), elements, count * sizeof(T));
  return ends;
}

// A case, to be run in one layout by one executor.
template <class T>
struct setting {
  const kind& type;
  const golden& g;
  bool is_scattered;
  const qdq::executor& where;
  qdq::dimensions shape = std::vector<std::int64_t>(g.shape, g.shape + g.rank);
  qdq::attributes attrs = attributes_of(g);

  tensor<T> input() const { return {shape, is_scattered, type, g.input}; }
  tensor<T> gradients() const { return {shape, is_scattered, type, g.gradients}; }
  tensor<T> output() const { return {shape, is_scattered}; }
  void check(const tensor<T>& output) const { output.check(type, g.any_zero, g.expected); }

  // run(range, min_backprop, max_backprop), with numbers where there is no axis, else with vectors.
  template <class Run>
  void with_range(Run&& run) const {
    const auto mins = ends_of<T>(g.input_min, g.range_len), maxs = ends_of<T>(g.input_max, g.range_len);
    std::vector<T> zeros(g.range_len), min_backprop(mins), max_backprop(maxs);
    if (attrs.axis < 0) run(qdq::range(mins[0], maxs[0]), min_backprop[0], max_backprop[0]);
    else run(qdq::range(mins, maxs), min_backprop, max_backprop);
    if (g.gradients == nullptr || zeros.empty()) return;
    CHECK_BYTES(min_backprop.data(), zeros.data(), zeros.size() * sizeof(T));
    CHECK_BYTES(max_backprop.data(), zeros.data(), zeros.size() * sizeof(T));
  }
};

template <class T>
void check_forward_given(const setting<T>& s) {
  s.with_range([&](const auto& range, auto&, auto&) {
    auto input = s.input(), output = s.output(), prepared = s.output();
    qdq::quantize_and_dequantize(input.view(), output.view(), range, s.attrs, s.where);
    s.check(output);
    qdq::quantizer<T>::given(range, s.attrs).apply(input.view(), prepared.view(), s.where);
    s.check(prepared);
    qdq::quantize_and_dequantize(input.view(), input.view(), range, s.attrs, s.where);
    s.check(input);
  });
}

// The range gathered in floats, which hold every number of the 16-bit types.
template <class T>
void check_forward_gathered(const setting<T>& s) {
  using real = typename qdq::quantizer<T>::real;
  constexpr real infinity = std::numeric_limits<real>::infinity();
  const std::int64_t channels = s.attrs.axis < 0 ? 1 : s.g.shape[s.attrs.axis];
  std::vector<real> mins(static_cast<std::size_t>(channels), infinity), maxs(mins.size(), -infinity);
  auto input = s.input(), output = s.output();
  qdq::range_update(input.view(), mins, maxs, s.attrs, s.where);
  qdq::quantizer<T>::gathered(qdq::range(mins, maxs), s.attrs).apply(input.view(), output.view(), s.where);
  s.check(output);
}

template <class T>
void check_forward_computed(const setting<T>& s) {
  auto input = s.input(), output = s.output();
  qdq::quantize_and_dequantize(input.view(), output.view(), s.attrs, s.where);
  s.check(output);
  check_forward_gathered(s);
  qdq::quantize_and_dequantize(input.view(), input.view(), s.attrs, s.where);
  s.check(input);
}

template <class T>
void check_gradient(const setting<T>& s) {
  s.with_range([&](const auto& range, auto& min_backprop, auto& max_backprop) {
    auto input = s.input(), gradients = s.gradients();
    auto output = s.output(), short_output = s.output(), prepared = s.output();
    qdq::quantize_and_dequantize_grad(gradients.view(), input.view(), output.view(), min_backprop, max_backprop, range,
                                      s.attrs, s.where);
    s.check(output);
    qdq::quantize_and_dequantize_grad(gradients.view(), input.view(), short_output.view(), range, s.attrs, s.where);
    s.check(short_output);
    qdq::quantizer<T>::given(range, s.attrs).grad(gradients.view(), input.view(), prepared.view(), s.where);
    s.check(prepared);
  });
}

template <class T>
void check_case(const header& h, const golden& g) {
  static const qdq::executor executors[] = {qdq::executor::serial(), qdq::executor::threads(2)};
  for (unsigned choice = 0; choice < 4; choice++) {
    const setting<T> s{*h.kind, g, choice % 2 == 1, executors[choice / 2]};
    if (h.direction == GRADIENT) check_gradient(s);
    else if (g.attrs.range_given != 0) check_forward_given(s);
    else check_forward_computed(s);
  }
}

void check_typed_case(const header& h, const golden& g) {
  if (h.kind == &kinds[0]) check_case<float>(h, g);
  else if (h.kind == &kinds[1]) check_case<double>(h, g);
  else if (h.kind == &kinds[2]) check_case<qdq::f16>(h, g);
  else check_case<qdq::bf16>(h, g);
}

void check_file(const char* file) {
  reader r = open_golden_file(file);
  const header h = read_header(&r);
  std::size_t compared = 0;
  for (std::uint32_t i = 0; i < h.cases; i++) {
    golden g = read_golden(&r, &h);
    check_about("%s: case %u, axis %d", file, static_cast<unsigned>(i), static_cast<int>(g.attrs.axis));
    try {
      check_typed_case(h, g);
    } catch (const qdq::error& failure) {
      CHECK_STRING(failure.what(), "no failure");
    }
    compared += g.count;
    free_golden(&g);
  }
  close_golden_file(&r, &h, compared);
  std::printf("%s: %u cases, %zu elements\n", file, static_cast<unsigned>(h.cases), compared);
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(argc > 1);
  for (int i = 1; i < argc; i++) check_file(argv[i]);
  return check_finish();
}
