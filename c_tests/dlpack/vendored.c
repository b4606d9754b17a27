/*
 * A dlpack.h that is not found as <dlpack/dlpack.h>: this program sees its folder alone.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include <dlpack.h>

#include <qdq_dlpack.h>

int main(void)
{
    DLTensor from = {0};
    qdq_tensor to;
    from.device.device_type = kDLCPU;
    from.dtype.code = kDLFloat;
    from.dtype.bits = 32;
    from.dtype.lanes = 1;
    return qdq_tensor_from_dlpack(&from, &to, NULL);
}
