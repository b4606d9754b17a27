"""What a call costs beside the work: times on 64 float32 elements, as multiples of np.rint(x, out=out).

    python bindings/python/overhead.py

Frameworks that are installed are measured as well, each beside an operation of its own. Each line is the fastest of
many short runs that are taken in turn: what else a machine does only adds to a call.
"""

from __future__ import annotations

import contextlib
import math
import os
import timeit
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

import libqdq
from libqdq import _library, _numpy, _operation

RUNS, CALLS = 300, 100

Cases = dict[str, Callable[[], Any]]


def numpy_cases(x: Any) -> Cases:
    out = np.empty_like(x)
    quantizer = libqdq.Quantizer(-1, 1)
    source, target = _numpy.array_view(x, "x")[0], _numpy.array_view(out, "out")[0]
    attributes = _library.attrs(True, 8, False, "HALF_TO_EVEN", False, -1, "DEFAULT", "TENSORFLOW")
    return {
        "np.rint(x, out=out)": lambda: np.rint(x, out=out),
        "np.clip(x, -1, 1, out=out)": lambda: np.clip(x, -1, 1, out=out),
        "the C function by ctypes, arguments ready": lambda: _operation._forward(
            source, None, None, attributes, None, target
        ),
        "quantize_and_dequantize(x)": lambda: libqdq.quantize_and_dequantize(x),
        "quantize_and_dequantize(x, out=out)": lambda: libqdq.quantize_and_dequantize(x, out=out),
        "quantize_and_dequantize(x, -1, 1, out=out)": lambda: libqdq.quantize_and_dequantize(x, -1, 1, out=out),
        "Quantizer.apply(x, out=out)": lambda: quantizer.apply(x, out=out),
    }


def torch_cases(x: Any) -> Cases:
    import torch

    tensor, range_min, range_max = torch.tensor(x), torch.tensor(-1.0), torch.tensor(1.0)
    from libqdq.torch import quantize_and_dequantize

    return {
        "torch.round(x)": lambda: torch.round(tensor),
        "torch.fake_quantize_per_tensor_affine(x, ...)": lambda: torch.fake_quantize_per_tensor_affine(
            tensor, 0.01, 0, -128, 127
        ),
        "quantize_and_dequantize(x), torch": lambda: libqdq.quantize_and_dequantize(tensor),
        "libqdq.torch.quantize_and_dequantize(x, lo, hi)": lambda: quantize_and_dequantize(
            tensor, range_min, range_max
        ),
    }


def tensorflow_cases(x: Any) -> Cases:
    import tensorflow as tf

    tensor = tf.constant(x)
    return {
        "tf.round(x)": lambda: tf.round(tensor),
        "tf.quantization.quantize_and_dequantize_v2(x, ...)": lambda: tf.quantization.quantize_and_dequantize_v2(
            tensor, 0.0, 0.0, range_given=False
        ),
        "quantize_and_dequantize(x), TensorFlow": lambda: libqdq.quantize_and_dequantize(tensor),
    }


def jax_cases(x: Any) -> Cases:
    import jax

    array = jax.numpy.asarray(x)
    return {
        "jnp.round(x)": lambda: jax.numpy.round(array),
        "quantize_and_dequantize(x), JAX": lambda: libqdq.quantize_and_dequantize(array),
    }


def measure(cases: Cases) -> dict[str, float]:
    """The least time of a call, in seconds."""
    times = dict.fromkeys(cases, math.inf)
    for _ in range(RUNS):
        for name, call in cases.items():
            times[name] = min(times[name], timeit.timeit(call, number=CALLS) / CALLS)
    return times


def main() -> None:
    x = np.linspace(-1, 1, 64, dtype=np.float32)
    cases = numpy_cases(x)
    for more in (torch_cases, tensorflow_cases, jax_cases):
        with contextlib.suppress(ImportError):
            cases.update(more(x))
    times = measure(cases)
    unit = times["np.rint(x, out=out)"]
    for name, time in times.items():
        print(f"| `{name}` | {time / unit:.1f} |")
    print(f"\n1 is {unit * 1e9:.0f} ns")


if __name__ == "__main__":
    main()
