// qdq.hpp - libqdq for C++17 and newer: header only, over qdq.h
//
// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What qdq.h says of the operation, the statuses and the threads holds here: the functions below are its functions,
// with sizes and types checked. docs/cpp.md is the introduction.
//
// TENSORS are passed as
//
// - anything contiguous that has a size (std::vector, std::array, std::span, an array): dense, of rank 1;
// - an element (float): of rank 0;
// - view(memory, shape) or view(memory, shape, strides), where memory is something contiguous, whose size is then
//   checked, or a pointer, which says no size.
//
// They are borrowed for the call. Input and output may be the same.
//
// ELEMENTS are float, double, f16, bf16, _Float16, __bf16, std::float16_t, std::bfloat16_t, or any type for which
// element<T> is specialised; codes are integers of 8 to 64 bits. A uint16_t is a code and never silently a half:
// as<f16>(bits) and as<bf16>(bits) say what the bits are.
//
// FAILURES are thrown as error. Nothing was written then, except as qdq.h says.
#ifndef QDQ_HPP
#define QDQ_HPP

#if !(defined(__cplusplus) && __cplusplus >= 201703L) && !(defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)
#error "qdq.hpp needs C++17: compile with -std=c++17 or newer, or use qdq.h"
#endif
#if !defined(__cpp_exceptions) && !defined(_CPPUNWIND)
#error "qdq.hpp reports failures by exceptions: compile with them, or use qdq.h, which needs none"
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__STDCPP_FLOAT16_T__) || defined(__STDCPP_BFLOAT16_T__)
#include <stdfloat>
#endif

#include "qdq.h"

namespace qdq {

// Failures

// A failed call: its status, and as what() one sentence that names the argument, its value and what was expected.
class error : public std::runtime_error {
 public:
  // Of a call that failed with a status, and with the words of qdq_last_error().
  error(qdq_status status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}

  // A QDQ_STATUS_ constant; qdq_status_string() has its name.
  qdq_status status() const noexcept { return status_; }

 private:
  qdq_status status_;
};

// Elements

// A half, for programs that have no such type.
struct f16 {
  std::uint16_t bits;  // sign, 5 bits of exponent, 10 of fraction
};

// A bfloat16, for programs that have no such type.
struct bf16 {
  std::uint16_t bits;  // the upper half of a float's
};

namespace detail {

template <class T, class... Types>
inline constexpr bool is_any = (std::is_same_v<T, Types> || ...);

template <class T>
inline constexpr bool is_code =
    is_any<T, signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long, long long,
           unsigned long long>;

template <class T>
constexpr qdq_dtype code_dtype() {
  constexpr bool is_signed = std::is_signed_v<T>;
  switch (sizeof(T)) {
    case 1: return is_signed ? QDQ_DTYPE_I8 : QDQ_DTYPE_U8;
    case 2: return is_signed ? QDQ_DTYPE_I16 : QDQ_DTYPE_U16;
    case 4: return is_signed ? QDQ_DTYPE_I32 : QDQ_DTYPE_U32;
    case 8: return is_signed ? QDQ_DTYPE_I64 : QDQ_DTYPE_U64;
    default: return 0;
  }
}

// A compiler may have a type under two names (GCC's std::float16_t is its _Float16), so types are compared: two
// specialisations would be one too many.
template <class T>
constexpr bool is_half() {
#ifdef __FLT16_MANT_DIG__
  __extension__ using compiler_half = _Float16;
  if (std::is_same_v<T, compiler_half>) return true;
#endif
#ifdef __STDCPP_FLOAT16_T__
  if (std::is_same_v<T, std::float16_t>) return true;
#endif
  return std::is_same_v<T, f16>;
}

template <class T>
constexpr bool is_bfloat16() {
#if defined(__BFLT16_MANT_DIG__) || defined(__ARM_FEATURE_BF16) || \
    (defined(__clang__) && __clang_major__ >= 17 && defined(__SSE2__))
  __extension__ using compiler_bfloat16 = __bf16;
  if (std::is_same_v<T, compiler_bfloat16>) return true;
#endif
#ifdef __STDCPP_BFLOAT16_T__
  if (std::is_same_v<T, std::bfloat16_t>) return true;
#endif
  return std::is_same_v<T, bf16>;
}

template <class T>
constexpr qdq_dtype known_dtype() {
  if constexpr (std::is_same_v<T, float>) return QDQ_DTYPE_F32;
  else if constexpr (std::is_same_v<T, double>) return QDQ_DTYPE_F64;
  else if constexpr (is_half<T>()) return QDQ_DTYPE_F16;
  else if constexpr (is_bfloat16<T>()) return QDQ_DTYPE_BF16;
  else if constexpr (is_code<T>) return code_dtype<T>();
  else return 0;
}

}  // namespace detail

// The QDQ_DTYPE_ constant of a type; 0: the library has none for it. Specialise it for a 16-bit type of your own that
// holds the bits and nothing else:
//
//     template <> struct qdq::element<Eigen::half> : qdq::element<qdq::f16> {};
//     template <> struct qdq::element<Eigen::bfloat16> : qdq::element<qdq::bf16> {};
template <class T>
struct element {
  // A QDQ_DTYPE_ constant, or 0.
  static constexpr qdq_dtype dtype = detail::known_dtype<T>();
};

namespace detail {

template <class T>
inline constexpr qdq_dtype dtype_of = element<std::remove_cv_t<T>>::dtype;

constexpr bool is_16_bit(qdq_dtype dtype) { return dtype == QDQ_DTYPE_F16 || dtype == QDQ_DTYPE_BF16; }
constexpr bool is_data(qdq_dtype dtype) { return QDQ_DTYPE_F32 <= dtype && dtype <= QDQ_DTYPE_BF16; }
constexpr bool is_integer(qdq_dtype dtype) { return QDQ_DTYPE_I8 <= dtype && dtype <= QDQ_DTYPE_U64; }

// What the library computes in.
template <class T>
using real = std::conditional_t<dtype_of<T> == QDQ_DTYPE_F64, double, float>;

template <class T>
constexpr void check_is_data() {
  static_assert(!std::is_same_v<std::remove_cv_t<T>, std::uint16_t>,
                "qdq: uint16_t may be the bits of a half or of a bfloat16: say which with qdq::as<qdq::f16>(...) or "
                "qdq::as<qdq::bf16>(...)");
  static_assert(is_data(dtype_of<T>) || std::is_same_v<std::remove_cv_t<T>, std::uint16_t>,
                "qdq: elements are float, double, half or bfloat16; for a 16-bit type of your own specialise "
                "qdq::element<T>");
  static_assert(!is_16_bit(dtype_of<T>) || sizeof(T) == 2, "qdq: a half or a bfloat16 has 2 bytes");
}

template <class T, class Like>
constexpr void check_is_like() {
  check_is_data<T>();
  static_assert(dtype_of<T> == dtype_of<Like>, "qdq: the tensors of a call, and its quantizer, have one element type");
}

template <class T>
constexpr void check_is_code() {
  static_assert(is_integer(dtype_of<T>), "qdq: codes are integers of 8 to 64 bits, signed or unsigned");
}

// Of an end of a range, beside data of type Data.
template <class T, class Data>
constexpr void check_is_end() {
  static_assert(dtype_of<T> == dtype_of<Data> || (dtype_of<T> == QDQ_DTYPE_F32 && is_16_bit(dtype_of<Data>)),
                "qdq: a range has the elements' type, or is float for half and bfloat16");
}

}  // namespace detail

// Shapes and views

// Up to QDQ_MAX_RANK sizes or strides, kept by value. From {2, 3}, or from anything contiguous that holds integers.
class dimensions {
 public:
  // None: a scalar's.
  dimensions() noexcept {}

  // {2, 3}
  dimensions(std::initializer_list<std::int64_t> values) { assign(values.begin(), values.size()); }

  // {2, 3} of another integer type.
  template <class I, class = std::enable_if_t<std::is_integral_v<I>>>
  dimensions(std::initializer_list<I> values) {
    assign(values.begin(), values.size());
  }

  // A vector's, an array's, a span's.
  template <class C, class I = std::remove_pointer_t<decltype(std::data(std::declval<const C&>()))>,
            class = decltype(std::size(std::declval<const C&>())), class = std::enable_if_t<std::is_integral_v<I>>,
            class = std::enable_if_t<!std::is_same_v<C, dimensions>>>
  dimensions(const C& values) {
    assign(std::data(values), std::size(values));
  }

  // Copies so many as there are, not QDQ_MAX_RANK.
  dimensions(const dimensions& other) noexcept { copy(other); }

  // As the copy.
  dimensions& operator=(const dimensions& other) noexcept {
    copy(other);
    return *this;
  }

  // How many there are: the rank.
  std::size_t size() const noexcept { return size_; }
  // The first of them.
  const std::int64_t* data() const noexcept { return values_.data(); }
  // The first of them, for loops.
  const std::int64_t* begin() const noexcept { return data(); }
  // Behind the last of them.
  const std::int64_t* end() const noexcept { return data() + size_; }
  // One of them; index is below size().
  std::int64_t operator[](std::size_t index) const noexcept { return values_[index]; }

 private:
  template <class I>
  void assign(const I* values, std::size_t size) {
    if (size > QDQ_MAX_RANK) {
      throw error(QDQ_STATUS_INVALID_SHAPE, "the rank is " + std::to_string(size) + "; expected " +
                                                std::to_string(QDQ_MAX_RANK) + " at the most");
    }
    for (; size_ < size; size_++) values_[size_] = checked(values[size_]);
  }

  template <class I>
  static std::int64_t checked(I value) {
    if constexpr (std::is_unsigned_v<I> && sizeof(I) >= sizeof(std::int64_t)) {
      if (value > static_cast<I>(std::numeric_limits<std::int64_t>::max())) {
        throw error(QDQ_STATUS_INVALID_SHAPE, "a dimension is " + std::to_string(value) + "; expected one of 63 bits");
      }
    }
    return static_cast<std::int64_t>(value);
  }

  void copy(const dimensions& other) noexcept {
    size_ = other.size_;
    for (std::size_t i = 0; i < size_; i++) values_[i] = other.values_[i];
  }

  std::array<std::int64_t, QDQ_MAX_RANK> values_;
  std::size_t size_ = 0;
};

template <class T>
class view;

namespace detail {

inline std::string text(const dimensions& numbers) {
  std::string text = "[";
  for (std::int64_t number : numbers) text += (text.size() > 1 ? ", " : "") + std::to_string(number);
  return text + "]";
}

inline void check_sizes(const dimensions& shape) {
  for (std::int64_t size : shape) {
    if (size < 0) {
      throw error(QDQ_STATUS_INVALID_SHAPE, "the shape is " + text(shape) + "; expected dimensions of 0 or more");
    }
  }
}

inline bool is_empty(const dimensions& shape) {
  for (std::int64_t size : shape) {
    if (size == 0) return true;
  }
  return false;
}

// Whether there are just so many elements; a product that does not fit in 64 bits is no size of any memory.
inline bool has_elements(const dimensions& shape, std::uint64_t count) {
  if (is_empty(shape)) return count == 0;
  std::uint64_t product = 1;
  for (std::int64_t signed_size : shape) {
    const auto size = static_cast<std::uint64_t>(signed_size);
    if (size > count / product) return false;
    product *= size;
  }
  return product == count;
}

inline void check_dense(const dimensions& shape, std::size_t count) {
  check_sizes(shape);
  if (has_elements(shape, count)) return;
  throw error(QDQ_STATUS_SIZE_MISMATCH,
              "the memory has " + std::to_string(count) + " elements; expected those of the shape " + text(shape));
}

inline void check_ranks(const dimensions& shape, const dimensions& strides) {
  if (shape.size() == strides.size()) return;
  throw error(QDQ_STATUS_SIZE_MISMATCH, "the strides are " + text(strides) + "; expected one for each dimension of " +
                                            text(shape));
}

// Whether all elements are within `count`, the first being number `offset`. Distances above `count` are told before
// they are summed up, so nothing overflows.
inline bool is_within(const dimensions& shape, const dimensions& strides, std::uint64_t offset, std::uint64_t count) {
  if (is_empty(shape)) return offset <= count;
  std::uint64_t below = 0, above = 0;
  for (std::size_t i = 0; i < shape.size(); i++) {
    const auto steps = static_cast<std::uint64_t>(shape[i]) - 1;
    const auto bits = static_cast<std::uint64_t>(strides[i]);
    const std::uint64_t step = strides[i] < 0 ? 0 - bits : bits;
    if (steps == 0 || step == 0) continue;
    if (step > count || steps > count / step) return false;
    std::uint64_t& reach = strides[i] < 0 ? below : above;
    reach += steps * step;
    if (reach > count) return false;
  }
  return below <= offset && offset < count && above < count - offset;
}

inline void check_strided(const dimensions& shape, const dimensions& strides, std::size_t offset, std::size_t count) {
  check_sizes(shape);
  if (is_within(shape, strides, offset, count)) return;
  throw error(QDQ_STATUS_INVALID_SHAPE, "the shape " + text(shape) + " with the strides " + text(strides) +
                                            " leaves the memory; expected all within its " + std::to_string(count) +
                                            " elements, from number " + std::to_string(offset));
}

template <class T>
inline constexpr bool is_view = false;
template <class T>
inline constexpr bool is_view<view<T>> = true;

template <class T>
using bare = std::remove_cv_t<std::remove_reference_t<T>>;

// Memory with strides of its own, as the matrices and blocks of Eigen and xtensor have it, has data() and size() too.
template <class M, class = void>
inline constexpr bool has_inner_stride = false;
template <class M>
inline constexpr bool has_inner_stride<M, std::void_t<decltype(std::declval<M&>().innerStride())>> = true;
template <class M, class = void>
inline constexpr bool has_strides = has_inner_stride<M>;
template <class M>
inline constexpr bool has_strides<M, std::void_t<decltype(std::declval<M&>().strides())>> = true;

template <class M, class = void>
inline constexpr bool is_contiguous = false;
template <class M>
inline constexpr bool is_contiguous<
    M, std::void_t<decltype(std::data(std::declval<M&>())), decltype(std::size(std::declval<M&>()))>> =
    !has_strides<M>;

template <class M>
std::size_t size_of(const M& memory) {
  return static_cast<std::size_t>(std::size(memory));
}

template <class M>
inline constexpr bool is_memory = is_contiguous<M> || std::is_pointer_v<bare<M>>;

template <class M>
auto first(M& memory) {
  if constexpr (is_contiguous<M>) return std::data(memory);
  else return memory;
}

template <class M>
using pointee = std::remove_pointer_t<decltype(first(std::declval<M&>()))>;

// Whether a T * may point to what a pointer to From points to: const may be added.
template <class From, class T>
using if_points = std::enable_if_t<std::is_convertible_v<From (*)[], T (*)[]>>;

}  // namespace detail

// A borrowed tensor: elements of type T (const T: only read), a shape, and perhaps strides, both counted in elements.
// The shape and the strides are its own; the elements have to live as long as it is used.
template <class T>
class view {
 public:
  // Dense, of rank 1.
  template <class M, class = std::enable_if_t<detail::is_contiguous<M>>,
            class = detail::if_points<detail::pointee<M>, T>>
  view(M&& memory)
      : data_(std::data(memory)), shape_({static_cast<std::int64_t>(std::size(memory))}) {}

  // Dense, row-major. Memory that knows its size has to have just as many elements as the shape.
  template <class M, class = std::enable_if_t<detail::is_memory<M>>, class = detail::if_points<detail::pointee<M>, T>>
  view(M&& memory, const dimensions& shape) : data_(detail::first(memory)), shape_(shape) {
    if constexpr (detail::is_contiguous<M>) detail::check_dense(shape, detail::size_of(memory));
  }

  // Any strides. The element with all indices 0 is number `offset` of the memory; memory that knows its size has to
  // hold them all.
  template <class M, class = std::enable_if_t<detail::is_memory<M>>, class = detail::if_points<detail::pointee<M>, T>>
  view(M&& memory, const dimensions& shape, const dimensions& strides, std::size_t offset = 0)
      : data_(detail::first(memory)), shape_(shape), strides_(strides), is_dense_(false) {
    detail::check_ranks(shape, strides);
    if constexpr (detail::is_contiguous<M>) detail::check_strided(shape, strides, offset, detail::size_of(memory));
    data_ += offset;
  }

  // The same elements, only read.
  template <class U, class = std::enable_if_t<!std::is_same_v<U, T>>, class = detail::if_points<U, T>>
  view(const view<U>& other)
      : data_(other.data_), shape_(other.shape_), strides_(other.strides_), is_dense_(other.is_dense_) {}

  // The element with all indices 0.
  T* data() const noexcept { return data_; }
  // How many elements each dimension has.
  const dimensions& shape() const noexcept { return shape_; }
  // How many elements further on the next one of each dimension is; nullptr: dense.
  const dimensions* strides() const noexcept { return is_dense_ ? nullptr : &strides_; }

  // For the functions of qdq.h; valid as long as this view.
  qdq_tensor c_tensor() const noexcept {
    static_assert(detail::dtype_of<T> != 0, "qdq: the library knows no such element type");
    qdq_tensor tensor{};
    tensor.data = const_cast<std::remove_cv_t<T>*>(data_);
    tensor.shape = shape_.data();
    tensor.strides = is_dense_ ? nullptr : strides_.data();
    tensor.rank = static_cast<std::int32_t>(shape_.size());
    tensor.dtype = detail::dtype_of<T>;
    return tensor;
  }

 private:
  template <class U>
  friend class view;

  T* data_;
  dimensions shape_, strides_;
  bool is_dense_ = true;
};

// A view's element type is that of its memory.
template <class M, class = std::enable_if_t<detail::is_contiguous<M>>>
view(M&&) -> view<detail::pointee<M>>;
// The same with a shape.
template <class M, class = std::enable_if_t<detail::is_memory<M>>>
view(M&&, dimensions) -> view<detail::pointee<M>>;
// The same with strides.
template <class M, class = std::enable_if_t<detail::is_memory<M>>>
view(M&&, dimensions, dimensions, std::size_t = 0) -> view<detail::pointee<M>>;

namespace detail {

template <class X>
auto view_of(X&& x) {
  using value = std::remove_reference_t<X>;
  static_assert(!std::is_pointer_v<bare<X>>, "qdq: a pointer says no size: pass qdq::view(pointer, {sizes})");
  static_assert(is_view<bare<X>> || !has_strides<X>,
                "qdq: memory with strides of its own: pass qdq::view(pointer, {sizes}, {strides})");
  if constexpr (is_view<bare<X>>) return bare<X>(x);
  else if constexpr (is_contiguous<X>) return view<pointee<X>>(x);
  else return view<value>(std::addressof(x), dimensions());
}

template <class X>
using element_of = typename std::remove_pointer_t<decltype(view_of(std::declval<X>()).data())>;

}  // namespace detail

// The same tensor, its elements being the bits of an E: as<f16>(bits), where bits are uint16_t.
template <class E, class X>
auto as(X&& bits) {
  using value = detail::element_of<X>;
  using bits_of = std::conditional_t<std::is_const_v<value>, const E, E>;
  static_assert(detail::is_16_bit(detail::dtype_of<E>) && sizeof(E) == 2 && sizeof(value) == 2,
                "qdq: as<E>(bits) takes 16-bit elements for those of a half or a bfloat16");
  const auto tensor = detail::view_of(bits);
  auto* const data = reinterpret_cast<bits_of*>(tensor.data());
  return tensor.strides() == nullptr ? view<bits_of>(data, tensor.shape())
                                     : view<bits_of>(data, tensor.shape(), *tensor.strides());
}

// Attributes and ranges

// Where an element between two codes goes.
enum class round_mode : std::int32_t {
  half_to_even = QDQ_ROUND_HALF_TO_EVEN,  // from the middle to the even one
  half_up = QDQ_ROUND_HALF_UP,            // from the middle to the larger one
};

// What half and bfloat16 are computed in.
enum class arithmetic : std::int32_t {
  standard = QDQ_ARITHMETIC_DEFAULT,  // float, rounded once at the end
  native = QDQ_ARITHMETIC_NATIVE,     // rounded to the element's type after each step
};

// What becomes of a channel whose range gives no usable scale.
enum class degenerate : std::int32_t {
  tensorflow = QDQ_DEGENERATE_TENSORFLOW,  // what the formulas make of it, Inf and NaN included
  zero = QDQ_DEGENERATE_ZERO,              // zeros, and NaN for NaN
  error = QDQ_DEGENERATE_ERROR,            // QDQ_STATUS_DEGENERATE_RANGE
};

// The attributes of qdq_attrs with TensorFlow's defaults; in C++20 {.num_bits = 4, .axis = 0} is one. There is no
// range_given: passing a range gives it.
struct attributes {
  std::int32_t num_bits = 8;                                   // of a code: 1 to 61, without a sign to 62
  std::int32_t axis = -1;                                      // of the channels; -1: one range for all elements
  qdq::round_mode round_mode = qdq::round_mode::half_to_even;  // where an element between two codes goes
  qdq::arithmetic arithmetic = qdq::arithmetic::standard;      // of half and bfloat16
  qdq::degenerate degenerate = qdq::degenerate::tensorflow;    // what becomes of a range without a scale
  bool signed_input = true;                                    // codes from -2^(num_bits-1); else from 0
  bool narrow_range = false;                                   // signed codes without the lowest one
};

namespace detail {

// What a range keeps of an argument: a number by value, a tensor as a view.
template <class X, class = void>
struct end {
  using type = bare<X>;
};
template <class X>
struct end<X, std::enable_if_t<is_view<bare<X>> || is_contiguous<X>>> {
  using type = view<const element_of<X>>;
};

}  // namespace detail

// The two ends of a range: range(-1.0F, 1.0F) without an axis, range(mins, maxs) with one number for each channel.
template <class End>
class range {
 public:
  // From min to max: numbers, or views of one number for each channel.
  range(const End& min, const End& max) : min_(min), max_(max) {}

  // The lower end.
  const End& min() const noexcept { return min_; }
  // The upper end.
  const End& max() const noexcept { return max_; }

 private:
  End min_, max_;
};

// Numbers are kept by value, anything contiguous as a view.
template <class Min, class Max>
range(Min&&, Max&&) -> range<typename detail::end<Min>::type>;

// Executors

// A task of the library's, which a host's parallel_for runs: task(i). It throws nothing.
class task {
 public:
  // What a qdq_parallel_for was given.
  task(qdq_task function, void* data) noexcept : function_(function), data_(data) {}
  // Runs number `index` of the tasks.
  void operator()(std::size_t index) const noexcept { function_(data_, index); }

 private:
  qdq_task function_;
  void* data_;
};

// Where the work runs. Results never depend on it.
class executor {
 public:
  // The calling thread, nothing else: what calls do that name no executor.
  static executor serial() { return executor(1, nullptr); }

  // The library's pool with so many threads; 0: one for every core.
  static executor threads(std::int32_t count = 0) { return executor(count, nullptr); }

  // The host's threads, `width` of them: parallel_for(count, task) calls task(i) once for each i below count, in any
  // order, on any threads, and returns or throws when no task runs any more. What it throws is caught, and thrown again
  // from the call it was made for, whose outputs are unspecified then; a task that it skips is QDQ_STATUS_EXECUTOR. It
  // is kept as a copy; std::ref keeps a reference.
  template <class ParallelFor>
  static executor host(ParallelFor&& parallel_for, std::int32_t width = 0) {
    return executor(width, std::forward<ParallelFor>(parallel_for));
  }

  // The status of call(const qdq_executor *), a function of qdq.h with this executor, once what the host threw is
  // thrown again. For functions that qdq.hpp does not have.
  template <class Call>
  qdq_status run(Call&& call) const {
    if (num_threads_ == 1) return call(static_cast<const qdq_executor*>(nullptr));
    qdq_executor c = QDQ_EXECUTOR_INIT;
    c.num_threads = num_threads_;
    if (!parallel_for_) return call(static_cast<const qdq_executor*>(&c));
    host_call host{&parallel_for_, nullptr};
    c.parallel_for = run_on_host;
    c.host_data = &host;
    const qdq_status status = call(static_cast<const qdq_executor*>(&c));
    if (host.thrown) std::rethrow_exception(host.thrown);
    return status;
  }

 private:
  using function = std::function<void(std::size_t, task)>;

  // A call's own: an executor may serve several threads at once.
  struct host_call {
    const function* parallel_for;
    std::exception_ptr thrown;
  };

  executor(std::int32_t num_threads, function parallel_for)
      : num_threads_(num_threads), parallel_for_(std::move(parallel_for)) {}

  // No exception may cross the library's frames.
  static std::int32_t run_on_host(void* host_data, std::size_t count, qdq_task function, void* data) noexcept {
    auto* host = static_cast<host_call*>(host_data);
    try {
      (*host->parallel_for)(count, task(function, data));
      return 0;
    } catch (...) {
      host->thrown = std::current_exception();
      return 1;
    }
  }

  std::int32_t num_threads_;
  function parallel_for_;
};

namespace detail {

inline void check(qdq_status status) {
  if (status != QDQ_STATUS_OK) throw error(status, qdq_last_error());
}

template <class Call>
void run(const executor& where, Call&& call) {
  check(where.run(std::forward<Call>(call)));
}

inline qdq_attrs c_attributes(const attributes& attrs, bool range_given) noexcept {
  qdq_attrs c = QDQ_ATTRS_INIT;
  c.num_bits = attrs.num_bits;
  c.axis = attrs.axis;
  c.round_mode = static_cast<std::int32_t>(attrs.round_mode);
  c.arithmetic = static_cast<std::int32_t>(attrs.arithmetic);
  c.degenerate = static_cast<std::int32_t>(attrs.degenerate);
  c.signed_input = attrs.signed_input;
  c.narrow_range = attrs.narrow_range;
  c.range_given = range_given;
  return c;
}

// A view's qdq_tensor as an argument, until the end of the call.
class argument {
 public:
  template <class T>
  explicit argument(const view<T>& tensor) noexcept : tensor_(tensor.c_tensor()) {}
  operator const qdq_tensor*() const noexcept { return &tensor_; }

 private:
  qdq_tensor tensor_;
};

template <class X>
auto output_of(X&& x) {
  static_assert(!std::is_const_v<element_of<X>>, "qdq: an output's elements are not const");
  static_assert(is_view<bare<X>> || is_contiguous<X> || std::is_lvalue_reference_v<X>,
                "qdq: an output is a variable, not a temporary number");
  return view_of(x);
}

inline bool are_equal(const dimensions& a, const dimensions& b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); i++) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// Dense views of one shape are for the typed functions, which take a third of the time on a small tensor. All others,
// those that do not fit together too, are for the functions on views, which tell what is wrong.
template <class A, class B>
bool are_dense(const view<A>& a, const view<B>& b) noexcept {
  return a.strides() == nullptr && b.strides() == nullptr && are_equal(a.shape(), b.shape());
}

template <class T>
using bits = std::conditional_t<is_16_bit(dtype_of<T>), std::uint16_t, real<T>>;

template <class T>
const bits<T>* input_bits(const view<T>& tensor) noexcept {
  return reinterpret_cast<const bits<T>*>(tensor.data());
}

template <class T>
bits<T>* output_bits(const view<T>& tensor) noexcept {
  return reinterpret_cast<bits<T>*>(tensor.data());
}

// The range is the input's own.
template <class Data>
class computed_range {
 public:
  static constexpr bool is_given = false;
  bool fits(const dimensions&, std::int32_t) const noexcept { return true; }
  const qdq_tensor* min() const noexcept { return nullptr; }
  const qdq_tensor* max() const noexcept { return nullptr; }
  const bits<Data>* min_bits() const noexcept { return nullptr; }
  const bits<Data>* max_bits() const noexcept { return nullptr; }
  std::size_t size() const noexcept { return 0; }
};

// A range<End> beside elements of type Data.
template <class Data, class End>
class given_range {
  using value = element_of<const End&>;

 public:
  static constexpr bool is_given = true;
  explicit given_range(const range<End>& range)
      : min_(view_of(range.min())), max_(view_of(range.max())), c_min_(min_), c_max_(max_) {
    check_is_end<value, Data>();
  }

  // Whether it is the dense range of such a tensor, in the tensor's type.
  bool fits(const dimensions& shape, std::int32_t axis) const noexcept {
    if (dtype_of<value> != dtype_of<Data> || !are_dense(min_, max_)) return false;
    if (axis == -1) return size() == 1 && min_.shape().size() <= 1;
    const auto dimension = static_cast<std::size_t>(axis);
    return axis >= 0 && dimension < shape.size() && min_.shape().size() == 1 && min_.shape()[0] == shape[dimension];
  }

  const qdq_tensor* min() const noexcept { return c_min_; }
  const qdq_tensor* max() const noexcept { return c_max_; }
  const bits<Data>* min_bits() const noexcept { return reinterpret_cast<const bits<Data>*>(min_.data()); }
  const bits<Data>* max_bits() const noexcept { return reinterpret_cast<const bits<Data>*>(max_.data()); }
  // Of rank 0 or 1.
  std::size_t size() const noexcept { return min_.shape().size() == 0 ? 1 : static_cast<std::size_t>(min_.shape()[0]); }

 private:
  view<value> min_, max_;
  argument c_min_, c_max_;
};

template <class T, class... Arguments>
qdq_status dense_forward(Arguments... arguments) {
  if constexpr (dtype_of<T> == QDQ_DTYPE_F32) return qdq_quantize_and_dequantize_v4_f32(arguments...);
  else if constexpr (dtype_of<T> == QDQ_DTYPE_F64) return qdq_quantize_and_dequantize_v4_f64(arguments...);
  else if constexpr (dtype_of<T> == QDQ_DTYPE_F16) return qdq_quantize_and_dequantize_v4_f16(arguments...);
  else return qdq_quantize_and_dequantize_v4_bf16(arguments...);
}

template <class T, class... Arguments>
qdq_status dense_grad(Arguments... arguments) {
  if constexpr (dtype_of<T> == QDQ_DTYPE_F32) return qdq_quantize_and_dequantize_v4_grad_f32(arguments...);
  else if constexpr (dtype_of<T> == QDQ_DTYPE_F64) return qdq_quantize_and_dequantize_v4_grad_f64(arguments...);
  else if constexpr (dtype_of<T> == QDQ_DTYPE_F16) return qdq_quantize_and_dequantize_v4_grad_f16(arguments...);
  else return qdq_quantize_and_dequantize_v4_grad_bf16(arguments...);
}

template <class T, class U, class Ends>
void forward(const view<T>& in, const view<U>& out, const Ends& ends, const attributes& attrs, const executor& where) {
  const qdq_attrs c = c_attributes(attrs, Ends::is_given);
  run(where, [&](const qdq_executor* executor) {
    if (!are_dense(in, out) || !ends.fits(in.shape(), c.axis)) {
      return qdq_quantize_and_dequantize_v4(argument(in), ends.min(), ends.max(), &c, executor, argument(out));
    }
    return dense_forward<T>(input_bits(in), in.shape().data(), static_cast<std::int32_t>(in.shape().size()),
                            ends.min_bits(), ends.max_bits(), ends.size(), &c, executor, output_bits(out));
  });
}

template <class G, class T, class U, class Ends>
void grad(const view<G>& gradients, const view<T>& in, const view<U>& out, const Ends& ends, const attributes& attrs,
          const executor& where) {
  const qdq_attrs c = c_attributes(attrs, Ends::is_given);
  run(where, [&](const qdq_executor* executor) {
    if (!are_dense(in, out) || !are_dense(in, gradients) || !ends.fits(in.shape(), c.axis)) {
      return qdq_quantize_and_dequantize_v4_grad(argument(gradients), argument(in), ends.min(), ends.max(), &c,
                                                 executor, argument(out), nullptr, nullptr);
    }
    bits<T>* const no_bits = nullptr;
    return dense_grad<T>(input_bits(gradients), input_bits(in), in.shape().data(),
                         static_cast<std::int32_t>(in.shape().size()), ends.min_bits(), ends.max_bits(), ends.size(),
                         &c, executor, output_bits(out), no_bits, no_bits);
  });
}

// Of the operation and its gradient: elements of one type, and only read ones may be const.
template <class Input, class... Others>
constexpr void check_types() {
  check_is_data<element_of<Input>>();
  (check_is_like<element_of<Others>, element_of<Input>>(), ...);
}

template <class X>
using if_tensor = std::enable_if_t<is_view<bare<X>> || is_contiguous<X> || dtype_of<bare<X>> != 0>;

}  // namespace detail

// The operation

// Quantizes and dequantizes with the range of the input itself: of the tensor, or of each channel where attrs has an
// axis. input and output have one shape and one element type, and may be the same.
template <class Input, class Output>
void quantize_and_dequantize(Input&& input, Output&& output, const attributes& attrs = {},
                             const executor& where = executor::serial()) {
  detail::check_types<Input, Output>();
  const detail::computed_range<detail::element_of<Input>> ends;
  detail::forward(detail::view_of(input), detail::output_of(std::forward<Output>(output)), ends, attrs, where);
}

// The same with a given range, to which the elements are clamped.
template <class Input, class Output, class End>
void quantize_and_dequantize(Input&& input, Output&& output, const range<End>& given, const attributes& attrs = {},
                             const executor& where = executor::serial()) {
  detail::check_types<Input, Output>();
  const detail::given_range<detail::element_of<Input>, End> ends(given);
  detail::forward(detail::view_of(input), detail::output_of(std::forward<Output>(output)), ends, attrs, where);
}

// The gradient by the input where the range is the input's own. input_backprop may be gradients or input itself.
template <class Gradients, class Input, class Output>
void quantize_and_dequantize_grad(Gradients&& gradients, Input&& input, Output&& input_backprop,
                                  const attributes& attrs = {}, const executor& where = executor::serial()) {
  detail::check_types<Input, Gradients, Output>();
  const detail::computed_range<detail::element_of<Input>> ends;
  detail::grad(detail::view_of(gradients), detail::view_of(input),
               detail::output_of(std::forward<Output>(input_backprop)), ends, attrs, where);
}

// The same with a given range: what lies outside gets 0.
template <class Gradients, class Input, class Output, class End>
void quantize_and_dequantize_grad(Gradients&& gradients, Input&& input, Output&& input_backprop,
                                  const range<End>& given, const attributes& attrs = {},
                                  const executor& where = executor::serial()) {
  detail::check_types<Input, Gradients, Output>();
  const detail::given_range<detail::element_of<Input>, End> ends(given);
  detail::grad(detail::view_of(gradients), detail::view_of(input),
               detail::output_of(std::forward<Output>(input_backprop)), ends, attrs, where);
}

// The same with the gradients by the two ends of the range, shaped like them: they are 0.
template <class Gradients, class Input, class Output, class MinOutput, class MaxOutput, class End,
          class = detail::if_tensor<MinOutput>, class = detail::if_tensor<MaxOutput>>
void quantize_and_dequantize_grad(Gradients&& gradients, Input&& input, Output&& input_backprop,
                                  MinOutput&& min_backprop, MaxOutput&& max_backprop, const range<End>& given,
                                  const attributes& attrs = {}, const executor& where = executor::serial()) {
  using value = detail::element_of<Input>;
  detail::check_types<Input, Gradients, Output>();
  detail::check_is_end<detail::element_of<MinOutput>, value>();
  detail::check_is_end<detail::element_of<MaxOutput>, value>();
  const detail::given_range<value, End> ends(given);
  const auto g = detail::view_of(gradients);
  const auto in = detail::view_of(input);
  const auto out = detail::output_of(std::forward<Output>(input_backprop));
  const auto min = detail::output_of(std::forward<MinOutput>(min_backprop));
  const auto max = detail::output_of(std::forward<MaxOutput>(max_backprop));
  const qdq_attrs c = detail::c_attributes(attrs, true);
  detail::run(where, [&](const qdq_executor* executor) {
    using detail::argument;
    return qdq_quantize_and_dequantize_v4_grad(argument(g), argument(in), ends.min(), ends.max(), &c, executor,
                                               argument(out), argument(min), argument(max));
  });
}

// Widens ranges by a tensor's elements: start min at +Inf and max at -Inf, a number each, or with an axis one for each
// channel. Of attrs only the axis matters.
template <class Input, class Min, class Max>
void range_update(Input&& input, Min&& min, Max&& max, const attributes& attrs = {},
                  const executor& where = executor::serial()) {
  using value = detail::element_of<Input>;
  detail::check_types<Input>();
  detail::check_is_end<detail::element_of<Min>, value>();
  detail::check_is_end<detail::element_of<Max>, value>();
  const auto in = detail::view_of(input);
  const auto lower = detail::output_of(std::forward<Min>(min));
  const auto upper = detail::output_of(std::forward<Max>(max));
  const qdq_attrs c = detail::c_attributes(attrs, false);
  detail::run(where, [&](const qdq_executor* executor) {
    using detail::argument;
    return qdq_range_update(argument(in), &c, executor, argument(lower), argument(upper));
  });
}

// Quantizers

// What quantizer::get gives of each channel.
enum class parameter : std::int32_t {
  scale = QDQ_PARAM_SCALE,                  // codes per unit: what elements are multiplied by
  inverse_scale = QDQ_PARAM_INVERSE_SCALE,  // what ONNX and PyTorch call scale
  clamp_min = QDQ_PARAM_CLAMP_MIN,
  clamp_max = QDQ_PARAM_CLAMP_MAX,
  range_min = QDQ_PARAM_RANGE_MIN,
  range_max = QDQ_PARAM_RANGE_MAX,
};

// Attributes and ranges made ready, for tensors of T. Its const functions may be called by any number of threads at
// once. One that was moved from may be destroyed or assigned to; its calls throw QDQ_STATUS_NULL_POINTER.
template <class T>
class quantizer {
 public:
  // What parameters are in.
  using real = detail::real<T>;

  // With a given range, to which elements are clamped.
  template <class End>
  static quantizer given(const range<End>& range, const attributes& attrs = {}) {
    return quantizer(range, detail::c_attributes(attrs, true));
  }

  // With a range gathered by range_update: results are those of a computed range.
  template <class End>
  static quantizer gathered(const range<End>& range, const attributes& attrs = {}) {
    return quantizer(range, detail::c_attributes(attrs, false));
  }

  // The bits of quantize_and_dequantize; output may be input itself.
  template <class Input, class Output>
  void apply(Input&& input, Output&& output, const executor& where = executor::serial()) const {
    check_is_mine<Input>();
    check_is_mine<Output>();
    const auto in = detail::view_of(input);
    const auto out = detail::output_of(std::forward<Output>(output));
    detail::run(where, [&](const qdq_executor* executor) {
      return qdq_quantizer_apply(c_quantizer(), executor, detail::argument(in), detail::argument(out));
    });
  }

  // The gradient of apply by its input; input_backprop may be gradients or input itself.
  template <class Gradients, class Input, class Output>
  void grad(Gradients&& gradients, Input&& input, Output&& input_backprop,
            const executor& where = executor::serial()) const {
    check_is_mine<Gradients>();
    check_is_mine<Input>();
    check_is_mine<Output>();
    const auto g = detail::view_of(gradients);
    const auto in = detail::view_of(input);
    const auto out = detail::output_of(std::forward<Output>(input_backprop));
    detail::run(where, [&](const qdq_executor* executor) {
      using detail::argument;
      return qdq_quantizer_grad(c_quantizer(), executor, argument(g), argument(in), argument(out));
    });
  }

  // To codes, in any integer type that holds all of them.
  template <class Input, class Codes>
  void quantize(Input&& input, Codes&& codes, const executor& where = executor::serial()) const {
    check_is_mine<Input>();
    detail::check_is_code<detail::element_of<Codes>>();
    const auto in = detail::view_of(input);
    const auto out = detail::output_of(std::forward<Codes>(codes));
    detail::run(where, [&](const qdq_executor* executor) {
      return qdq_quantizer_quantize(c_quantizer(), executor, detail::argument(in), detail::argument(out));
    });
  }

  // And back.
  template <class Codes, class Output>
  void dequantize(Codes&& codes, Output&& output, const executor& where = executor::serial()) const {
    detail::check_is_code<detail::element_of<Codes>>();
    check_is_mine<Output>();
    const auto in = detail::view_of(codes);
    const auto out = detail::output_of(std::forward<Output>(output));
    detail::run(where, [&](const qdq_executor* executor) {
      return qdq_quantizer_dequantize(c_quantizer(), executor, detail::argument(in), detail::argument(out));
    });
  }

  // 1 without an axis.
  std::size_t channels() const noexcept { return channels_; }

  // A parameter of each channel, into memory for just so many.
  template <class Values>
  void get(parameter which, Values&& values) const {
    static_assert(detail::is_contiguous<Values> && std::is_same_v<detail::pointee<Values>, real>,
                  "qdq: parameters are double for double elements, else float, in something contiguous");
    const auto param = static_cast<std::int32_t>(which);
    detail::check(qdq_quantizer_get(c_quantizer(), param, std::data(values), std::size(values)));
  }

  // A parameter of each channel.
  std::vector<real> get(parameter which) const {
    std::vector<real> values(channels_);
    get(which, values);
    return values;
  }

  // For the functions of qdq.h; NULL when moved from.
  const qdq_quantizer* c_quantizer() const noexcept { return quantizer_.get(); }

 private:
  struct destroyer {
    void operator()(qdq_quantizer* quantizer) const noexcept { qdq_quantizer_destroy(quantizer); }
  };

  template <class End>
  quantizer(const range<End>& range, const qdq_attrs& attrs) {
    detail::check_is_data<T>();
    const detail::given_range<T, End> ends(range);
    qdq_quantizer* created = nullptr;
    detail::check(qdq_quantizer_create(&attrs, detail::dtype_of<T>, ends.min(), ends.max(), &created));
    quantizer_.reset(created);
    // Of rank 1 where there is an axis.
    channels_ = attrs.axis < 0 ? 1 : static_cast<std::size_t>(ends.min()->shape[0]);
  }

  template <class X>
  static constexpr void check_is_mine() {
    detail::check_is_like<detail::element_of<X>, T>();
  }

  std::unique_ptr<qdq_quantizer, destroyer> quantizer_;
  std::size_t channels_ = 0;
};

}  // namespace qdq

#endif  // QDQ_HPP
