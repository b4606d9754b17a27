"""The operation in numpy, formula by formula: what the tests expect.

Each step is one numpy operation in the compute type (float64 for float64, else float32), which rounds once. With
NATIVE arithmetic each step's result is rounded to the 16-bit type as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import ml_dtypes
import numpy as np

from libqdq._types import Arithmetic, Array, Degenerate, RoundMode

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
DTYPES = [np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16), BFLOAT16]


@dataclass(frozen=True)
class Attributes:
    """What quantize_and_dequantize takes beside tensors."""

    signed_input: bool = True
    num_bits: int = 8
    round_mode: RoundMode = "HALF_TO_EVEN"
    narrow_range: bool = False
    axis: int = -1
    arithmetic: Arithmetic = "DEFAULT"
    degenerate: Degenerate = "TENSORFLOW"

    def limits(self) -> tuple[int, int]:
        """The least and the greatest code."""
        if not self.signed_input:
            return 0, 2**self.num_bits - 1
        return -(2 ** (self.num_bits - 1)) + int(self.narrow_range), 2 ** (self.num_bits - 1) - 1


@dataclass
class Channels:
    """What the formulas make of the ranges; each array broadcasts against the tensor."""

    scale: Array
    inverse: Array
    lo: Array
    hi: Array
    degenerate: Array


def same(left: Any, right: Any) -> bool:
    """Whether shapes, types and bits are equal; one NaN is as good as another."""
    left, right = np.asarray(left), np.asarray(right)
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    unsigned = f"u{left.dtype.itemsize}"
    bits = np.ascontiguousarray(left).view(unsigned) == np.ascontiguousarray(right).view(unsigned)
    return bool(np.all(bits | (left != left) & (right != right)))


def compute_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def forward(x: Array, attributes: Attributes, given: tuple[Array, Array] | None = None) -> Array:
    """quantize_and_dequantize; given is the range, of rank 0 or with one number for each channel."""
    with np.errstate(all="ignore"):
        channels = _channels(x, attributes, given)
        code = _code(x, attributes, channels, given is not None)
        y = _rounded(code * channels.inverse, x.dtype, attributes).astype(x.dtype)
        if attributes.degenerate == "ZERO":
            y = np.where(channels.degenerate & ~np.isnan(x), np.zeros((), x.dtype), y)
        return y


def codes(x: Array, attributes: Attributes, given: tuple[Array, Array], dtype: str, *, clamp: bool = True) -> Array:
    """Quantizer.quantize: exact for the codes that the compute type holds exactly."""
    with np.errstate(all="ignore"):
        code = _code(x, attributes, _channels(x, attributes, given), clamp)
    least, greatest = attributes.limits()
    numbers = [0 if c != c else int(min(max(c, least), greatest)) for c in code.ravel().tolist()]
    return np.array(numbers, dtype).reshape(x.shape)


def gradient(gradients: Array, x: Array, axis: int, given: tuple[Array, Array] | None = None) -> Array:
    compute = compute_type(x.dtype)
    lo, hi = (_shaped(end.astype(compute), x, axis) for end in given or data_range(x, axis))
    values = x.astype(compute)
    mask = (values >= lo) & (values <= hi)
    with np.errstate(invalid="ignore"):
        backprop: Array = (gradients.astype(compute) * mask.astype(compute)).astype(x.dtype)
        return backprop


def data_range(x: Array, axis: int) -> tuple[Array, Array]:
    """The least and the greatest number of each channel, in the compute type; 0 where there is none."""
    least, greatest = gathered_range(x, axis)
    empty = least > greatest
    return np.where(empty, 0, least).astype(least.dtype), np.where(empty, 0, greatest).astype(least.dtype)


def gathered_range(x: Array, axis: int) -> tuple[Array, Array]:
    """The same, with +Inf and -Inf where there is no number."""
    values = x.astype(compute_type(x.dtype))
    others = tuple(d for d in range(x.ndim) if d != axis) if axis >= 0 else None
    zero = values.dtype.type(0)
    least = np.min(np.where(np.isnan(values), np.inf, values).astype(values.dtype), others, initial=np.inf)
    greatest = np.max(np.where(np.isnan(values), -np.inf, values).astype(values.dtype), others, initial=-np.inf)
    return np.asarray(least + zero), np.asarray(greatest + zero)  # -0 + 0 is +0


def _channels(x: Array, attributes: Attributes, given: tuple[Array, Array] | None) -> Channels:
    compute = compute_type(x.dtype)
    lo, hi = (_shaped(end.astype(compute), x, attributes.axis) for end in given or data_range(x, attributes.axis))

    def rounded(values: Any) -> Array:
        return _rounded(np.asarray(values), x.dtype, attributes)

    native = attributes.arithmetic == "NATIVE"
    finfo: Any = ml_dtypes.finfo  # untyped
    most = compute.type(float(finfo(x.dtype if native else compute).max))
    qmin, qmax = (rounded(compute.type(limit)) for limit in attributes.limits())
    s_lo = np.where(rounded(qmin * lo) > 0, rounded(qmin / lo), most)
    s_hi = np.where(rounded(qmax * hi) > 0, rounded(qmax / hi), most)
    by_lo = s_lo < s_hi
    scale = np.where(by_lo, s_lo, s_hi)
    inverse = np.where(by_lo, rounded(lo / qmin), rounded(hi / qmax))
    usable = np.isfinite(scale) & np.isfinite(inverse) & ((inverse > 0) | ((lo == 0) & (hi == 0)))
    if given is None:
        usable |= _shaped(gathered_range(x, attributes.axis)[0] == np.inf, x, attributes.axis)
    return Channels(
        scale=scale,
        inverse=inverse,
        lo=np.where(by_lo, lo, rounded(qmin * inverse)),
        hi=np.where(by_lo, rounded(qmax * inverse), hi),
        degenerate=~usable,
    )


def _code(x: Array, attributes: Attributes, channels: Channels, clamp: bool) -> Array:
    v = x.astype(channels.scale.dtype)
    if clamp:
        v = np.where(v > channels.hi, channels.hi, v)
        v = np.where(v < channels.lo, channels.lo, v)
    v = _rounded(v * channels.scale, x.dtype, attributes)
    if attributes.round_mode == "HALF_TO_EVEN":
        return cast(Array, np.rint(v))
    half = channels.scale.dtype.type(0.5)
    return np.floor(_rounded(v + half, x.dtype, attributes))


def _rounded(values: Array, dtype: np.dtype[Any], attributes: Attributes) -> Array:
    return values.astype(dtype).astype(values.dtype) if attributes.arithmetic == "NATIVE" else values


def _shaped(end: Array, x: Array, axis: int) -> Array:
    """A number of each channel, so that it broadcasts against the tensor."""
    return end.reshape([-1 if d == axis else 1 for d in range(x.ndim)]) if axis >= 0 else end.reshape(())
