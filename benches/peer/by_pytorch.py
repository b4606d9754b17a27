"""PyTorch: fake_quantize; for a computed range the fused observer, told to forget what it saw before."""

import ml_dtypes
import numpy as np
import torch

from contestant import Contestant
from ranges import step

LEAST, GREATEST = -128, 127

REASONS = {
    "expected scalar type Float but found": "computes ranges of float32 only",
    "only supported on axis == 0": "computes ranges on axis 0 only",
}


def start(threads):
    torch.set_num_threads(threads)


def versions():
    return {"PyTorch": torch.__version__}


def values(result):
    result = result.detach()
    if result.dtype == torch.bfloat16:
        return result.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return result.numpy()


def fake_quantize(case, _threads):
    x = _tensor(case.tensor)
    if case.gradients is not None:
        return _gradient(case, x)
    function = _given(case) if case.given is not None else _computed(case)
    return lambda: function(x)


CONTESTANTS = [Contestant("PyTorch", fake_quantize)]


def _tensor(array):
    """On the array's own memory."""
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def _gradient(case, x):
    """The way back alone: the way there leaves its mask behind once."""
    gradients = _tensor(case.gradients)
    y = _given(case)(x.requires_grad_())
    return lambda: torch.autograd.grad(y, x, gradients, retain_graph=True)[0]


def _given(case):
    scales, axis = step(*case.given).astype(np.float32), case.attributes.axis
    if axis < 0:
        scale = float(scales[0])
        return lambda x: torch.fake_quantize_per_tensor_affine(x, scale, 0, LEAST, GREATEST)
    scales, zeros = torch.from_numpy(scales), torch.zeros(len(scales), dtype=torch.int32)
    return lambda x: torch.fake_quantize_per_channel_affine(x, scales, zeros, axis, LEAST, GREATEST)


def _computed(case):
    axis = case.attributes.axis
    channels = 1 if axis < 0 else case.tensor.shape[axis]
    on = torch.ones(1, dtype=torch.int64)
    lo, hi = torch.full((channels,), torch.inf), torch.full((channels,), -torch.inf)
    scales, zeros = torch.empty(channels), torch.empty(channels, dtype=torch.int32)
    all_of_the_new = 1.0  # the weight of this tensor's range in the running one
    return lambda x: torch.fused_moving_avg_obs_fake_quant(
        x, on, on, lo, hi, scales, zeros, all_of_the_new, LEAST, GREATEST, axis, axis >= 0, True
    )
