// The header as C++17: alone, twice, its functions with C linkage.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include <qdq.h>
#include <qdq.h>

int main()
{
    constexpr qdq_attrs attrs = QDQ_ATTRS_INIT;
    constexpr qdq_executor executor = QDQ_EXECUTOR_INIT;
    static_assert(attrs.struct_size == sizeof attrs, "the initializer knows the struct's size");
    static_assert(executor.struct_size == sizeof executor, "the initializer knows the struct's size");

    const float input[] = {-1, 0.75F, 1};
    const int64_t shape[] = {3};
    float output[3] = {};
    return qdq_quantize_and_dequantize_v4_f32(input, shape, 1, nullptr, nullptr, 0, &attrs, nullptr, output);
}
