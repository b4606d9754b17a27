/*
 * The layout of the structs on 64-bit targets, which programs are compiled against: it never changes but at the end.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include <qdq.h>

#define AT(type, member, offset)                                                                                   \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved")

_Static_assert(sizeof(void *) == 8, "the numbers below are those of 64-bit targets");
_Static_assert(sizeof(qdq_status) == 4, "qdq_status is an int32_t");
_Static_assert(sizeof(qdq_f16) == 2 && sizeof(qdq_bf16) == 2, "16-bit elements");

_Static_assert(sizeof(qdq_attrs) == 40, "qdq_attrs has grown");
AT(qdq_attrs, struct_size, 0);
AT(qdq_attrs, num_bits, 8);
AT(qdq_attrs, axis, 12);
AT(qdq_attrs, round_mode, 16);
AT(qdq_attrs, arithmetic, 20);
AT(qdq_attrs, degenerate, 24);
AT(qdq_attrs, signed_input, 28);
AT(qdq_attrs, range_given, 32);
AT(qdq_attrs, narrow_range, 36);

_Static_assert(sizeof(qdq_executor) == 32, "qdq_executor has grown");
AT(qdq_executor, struct_size, 0);
AT(qdq_executor, num_threads, 8);
AT(qdq_executor, reserved, 12);
AT(qdq_executor, parallel_for, 16);
AT(qdq_executor, host_data, 24);

_Static_assert(sizeof(qdq_tensor) == 40, "qdq_tensor has changed: it has no struct_size to grow by");
AT(qdq_tensor, data, 0);
AT(qdq_tensor, shape, 8);
AT(qdq_tensor, strides, 16);
AT(qdq_tensor, rank, 24);
AT(qdq_tensor, dtype, 28);
AT(qdq_tensor, flags, 32);

#define IS(value, type) _Static_assert(_Generic((value), type: 1, default: 0), #value " has changed its type")

IS((qdq_task)0, void (*)(void *, size_t));
IS((qdq_parallel_for)0, int32_t (*)(void *, size_t, void (*)(void *, size_t), void *));

int main(void)
{
    return 0;
}
