// Executors: results never depend on them, what a host throws arrives at the caller of the very call, and one quantizer
// serves 64 threads.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "check.h"

#include <qdq.hpp>

#include <atomic>
#include <cmath>
#include <string>
#include <thread>

namespace {

// Enough for several tasks.
constexpr std::size_t row_count = 64, column_count = 8192;
constexpr std::size_t count = row_count * column_count;
constexpr std::int32_t width = 4;

std::vector<float> some_numbers() {
  std::vector<float> numbers(count);
  std::uint32_t state = 1;
  for (float& number : numbers) {
    state = state * 1664525u + 1013904223u;
    number = static_cast<float>(static_cast<std::int32_t>(state)) * 1e-9F;
  }
  return numbers;
}

const std::vector<float> numbers = some_numbers();

qdq::view<const float> input() { return {numbers, {row_count, column_count}}; }
qdq::view<float> matrix(std::vector<float>& elements) { return {elements, {row_count, column_count}}; }

std::vector<float> result(const qdq::executor& where, std::int32_t axis = -1) {
  std::vector<float> output(count);
  qdq::attributes attrs;
  attrs.axis = axis;
  qdq::quantize_and_dequantize(input(), matrix(output), attrs, where);
  return output;
}

void check_equal(const std::vector<float>& actual, const std::vector<float>& expected) {
  CHECK_BYTES(actual.data(), expected.data(), count * sizeof(float));
}

void in_order(std::size_t task_count, qdq::task task) {
  for (std::size_t i = 0; i < task_count; i++) task(i);
}

void on_threads(std::size_t task_count, qdq::task task) {
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < width; first++) {
    threads.emplace_back([=] {
      for (std::size_t i = first; i < task_count; i += width) task(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Counts its calls; it cannot be copied, so the executor has to keep a reference.
struct counting_host {
  std::atomic<int> calls{0};
  counting_host() = default;
  counting_host(const counting_host&) = delete;
  void operator()(std::size_t task_count, qdq::task task) {
    calls++;
    in_order(task_count, task);
  }
};

void check_results() {
  for (std::int32_t axis = -1; axis < 2; axis++) {
    check_about("executors, axis %d", static_cast<int>(axis));
    const auto expected = result(qdq::executor::serial(), axis);
    check_equal(result(qdq::executor::threads(), axis), expected);
    check_equal(result(qdq::executor::threads(3), axis), expected);
    check_equal(result(qdq::executor::host(in_order, width), axis), expected);
    check_equal(result(qdq::executor::host(on_threads), axis), expected);

    std::size_t most_tasks = 0;
    const auto backwards = [&](std::size_t task_count, auto&& task) {
      most_tasks = task_count > most_tasks ? task_count : most_tasks;
      while (task_count-- > 0) task(task_count);
    };
    check_equal(result(qdq::executor::host(backwards, width), axis), expected);
    CHECK(most_tasks > 1);

    counting_host host;
    check_equal(result(qdq::executor::host(std::ref(host), width), axis), expected);
    CHECK(host.calls > 0);
  }
}

// With one thread there is nothing to share.
void check_width_of_one() {
  check_about("width 1");
  counting_host host;
  check_equal(result(qdq::executor::host(std::ref(host), 1)), result(qdq::executor::serial()));
  CHECK_INT(host.calls, 0);
}

struct refusal {
  int number;
};

// Every function that takes an executor.
template <class Check>
void for_each_function(const qdq::executor& where, Check&& check) {
  std::vector<float> output(count);
  std::vector<std::int16_t> codes(count);
  float min = std::numeric_limits<float>::infinity(), max = -min, min_backprop = 0, max_backprop = 0;
  const qdq::range range(-1.0F, 1.0F);
  const auto q = qdq::quantizer<float>::given(range);
  const qdq::view coded(codes, {row_count, column_count});
  check("quantize_and_dequantize", [&] { qdq::quantize_and_dequantize(input(), matrix(output), {}, where); });
  check("with a range", [&] { qdq::quantize_and_dequantize(input(), matrix(output), range, {}, where); });
  check("grad", [&] { qdq::quantize_and_dequantize_grad(input(), input(), matrix(output), {}, where); });
  check("grad with a range",
        [&] { qdq::quantize_and_dequantize_grad(input(), input(), matrix(output), range, {}, where); });
  check("grad of ranges", [&] {
    qdq::quantize_and_dequantize_grad(input(), input(), matrix(output), min_backprop, max_backprop, range, {}, where);
  });
  check("range_update", [&] { qdq::range_update(input(), min, max, {}, where); });
  check("apply", [&] { q.apply(input(), matrix(output), where); });
  check("quantizer's grad", [&] { q.grad(input(), input(), matrix(output), where); });
  check("quantize", [&] { q.quantize(input(), coded, where); });
  check("dequantize", [&] { q.dequantize(coded, matrix(output), where); });
}

// The very object arrives, of any type, whether no task, some or all have run.
void check_thrown() {
  for (std::size_t ran : {std::size_t{0}, std::size_t{1}, count}) {
    int calls = 0;
    const auto host = [&](std::size_t task_count, qdq::task task) {
      calls++;
      in_order(ran < task_count ? ran : task_count, task);
      throw refusal{7};
    };
    for_each_function(qdq::executor::host(host, width), [&](const char* name, auto&& call) {
      check_about("%s: thrown after %zu tasks", name, ran);
      calls = 0;
      int number = 0;
      try {
        call();
      } catch (const refusal& thrown) {
        number = thrown.number;
      }
      CHECK_INT(number, 7);
      CHECK_INT(calls, 1);
    });
  }
}

void check_kinds_of_exceptions() {
  check_about("kinds of exceptions");
  const auto throwing = [](auto thrown) {
    return qdq::executor::host([=](std::size_t, qdq::task) { throw thrown; }, width);
  };
  std::string caught;
  try {
    result(throwing(std::out_of_range("the pool is closed")));
  } catch (const std::out_of_range& thrown) {
    caught = thrown.what();
  }
  CHECK_STRING(caught.c_str(), "the pool is closed");
  try {
    result(throwing(qdq::error(QDQ_STATUS_OVERLAP, "an error of another call")));
  } catch (const qdq::error& thrown) {
    CHECK_INT(thrown.status(), QDQ_STATUS_OVERLAP);
    caught = thrown.what();
  }
  CHECK_STRING(caught.c_str(), "an error of another call");
}

void check_skipped() {
  const auto skip_the_last = [](std::size_t task_count, qdq::task task) { in_order(task_count - 1, task); };
  for_each_function(qdq::executor::host(skip_the_last, width), [](const char* name, auto&& call) {
    check_about("%s: a task skipped", name);
    qdq_status status = QDQ_STATUS_OK;
    try {
      call();
    } catch (const qdq::error& failure) {
      status = failure.status();
      CHECK_CONTAINS(failure.what(), "parallel_for");
    }
    CHECK_INT(status, QDQ_STATUS_EXECUTOR);
  });
}

// One executor, used by many threads at once: each gets what was thrown in its own call. After that it works as before.
void check_shared_executor() {
  const auto throw_its_thread = [](std::size_t, qdq::task) { throw std::this_thread::get_id(); };
  const auto where = qdq::executor::host(throw_its_thread, width);
  std::vector<std::thread> threads;
  std::atomic<int> own{0};
  for (int i = 0; i < 16; i++) {
    threads.emplace_back([&] {
      try {
        result(where);
      } catch (const std::thread::id& thrown) {
        own += thrown == std::this_thread::get_id();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  check_about("a shared executor");
  CHECK_INT(own, 16);
}

// For a function of qdq.h: run gives its status.
void check_run() {
  check_about("run");
  const auto call = [](const qdq_executor* executor) {
    CHECK(executor == nullptr);
    return QDQ_STATUS_OUT_OF_MEMORY;
  };
  CHECK_INT(qdq::executor::serial().run(call), QDQ_STATUS_OUT_OF_MEMORY);
  CHECK_INT(qdq::executor::threads(5).run([](const qdq_executor* executor) { return executor->num_threads; }), 5);
}

// [-1, 1] and 8 bits by the formulas, each step a float: scale = 127, inverse = 1/127, and the lower end becomes
// -128*inverse.
std::vector<float> quantized_by_hand() {
  const float inverse = 1.0F / 127.0F, lo = -128.0F * inverse;
  std::vector<float> expected(count);
  for (std::size_t i = 0; i < count; i++) {
    const float clamped = numbers[i] > 1.0F ? 1.0F : numbers[i] < lo ? lo : numbers[i];
    volatile const float scaled = clamped * 127.0F;
    expected[i] = std::nearbyint(scaled) * inverse;
  }
  return expected;
}

void check_64_threads() {
  const auto q = qdq::quantizer<float>::given(qdq::range(-1.0F, 1.0F));
  const auto expected = quantized_by_hand();
  const qdq::executor executors[] = {qdq::executor::serial(), qdq::executor::threads(),
                                     qdq::executor::host(on_threads, width)};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 64; i++) {
    threads.emplace_back([&, i] {
      check_about("thread %zu of 64", i);
      std::vector<float> output(count);
      q.apply(input(), matrix(output), executors[i % 3]);
      check_equal(output, expected);
      CHECK(q.get(qdq::parameter::scale)[0] == 127.0F);
      // The thread's own sentence.
      std::string sentence;
      output.resize(i + 1);
      try {
        q.apply(numbers, output);
      } catch (const qdq::error& failure) {
        sentence = failure.what();
      }
      CHECK_CONTAINS(sentence.c_str(), ("output.shape is [" + std::to_string(i + 1) + "]").c_str());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

int main() {
  check_results();
  check_width_of_one();
  check_thrown();
  check_kinds_of_exceptions();
  check_skipped();
  check_shared_executor();
  check_run();
  check_64_threads();
  return check_finish();
}
