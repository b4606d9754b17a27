/*
 * qdq_dlpack.h needs nothing before it where <dlpack/dlpack.h> is found.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include <qdq_dlpack.h>

int main(void)
{
    return 0;
}
