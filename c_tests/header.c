/*
 * The header needs nothing before it, and can be included twice. It is compiled as C99, C11 and C17; whoever reads
 * the struct sizes is header_layout.c.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include <qdq.h>
#include <qdq.h>

static const qdq_attrs ATTRS = QDQ_ATTRS_INIT;
static const qdq_executor EXECUTOR = QDQ_EXECUTOR_INIT;

int main(void)
{
    return ATTRS.struct_size == sizeof ATTRS && EXECUTOR.struct_size == sizeof EXECUTOR ? 0 : 1;
}
