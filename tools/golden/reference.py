"""The operation in numpy, line by line, with no thought for speed.

Two things are asked of it. It says what the operation's definition gives, so
that TensorFlow and the library can be held against a third opinion. And it says
which elements TensorFlow is no judge of: those where a value on the way is
subnormal (TensorFlow flushes it to zero), zeros whose sign the definition
settles and TensorFlow leaves to chance, and ranges that end before they begin.

Every step is one numpy operation in the compute type: float64 for float64,
float32 for the others. NATIVE arithmetic rounds what each step leaves behind to
the 16-bit type and widens it again.
"""

from dataclasses import dataclass

import ml_dtypes
import numpy as np

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOAT16 = np.dtype(np.float16)
FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True)
class Attributes:
    """TensorFlow's attributes with TensorFlow's defaults, and `native`."""

    signed_input: bool = True
    num_bits: int = 8
    range_given: bool = False
    half_up: bool = False
    narrow_range: bool = False
    axis: int = -1
    native: bool = False

    def limits(self):
        """The least and the greatest code, as exact integers."""
        if not self.signed_input:
            return 0, 2**self.num_bits - 1
        least = -(2 ** (self.num_bits - 1)) + (1 if self.narrow_range else 0)
        return least, 2 ** (self.num_bits - 1) - 1


@dataclass
class Result:
    """What the definition gives, and for each element what may mislead TensorFlow."""

    values: np.ndarray
    subnormal: np.ndarray  # a subnormal takes part
    zero_end: np.ndarray  # a zero whose sign hangs on which zero ends the computed range
    zero_clamped: np.ndarray  # a zero clamped to a zero of the other sign
    crossed: np.ndarray  # the adjusted range ends before it begins


def compute_type(dtype):
    return FLOAT64 if dtype == FLOAT64 else FLOAT32


def by_channel(values, axis):
    """A view of shape [outer, channel, inner]; one channel when axis is -1."""
    if axis == -1:
        return values.reshape(1, 1, -1)
    outer = int(np.prod(values.shape[:axis], dtype=np.int64))
    inner = int(np.prod(values.shape[axis + 1 :], dtype=np.int64))
    return values.reshape(outer, values.shape[axis], inner)


def any_subnormal(*arrays):
    """Where one of them is subnormal, or so close above that it may have been before rounding."""
    tiny = [np.finfo(a.dtype).tiny for a in arrays]
    found = [(a != 0) & (np.abs(a) <= t) for a, t in zip(arrays, tiny)]
    return np.logical_or.reduce(np.broadcast_arrays(*found))


def forward(tensor, attributes, given=None):
    """quantize_and_dequantize of a tensor without NaN; `given` is (lo, hi) of each channel."""
    with np.errstate(all="ignore"):
        return _forward(tensor, attributes, given)


def _forward(tensor, attributes, given):
    compute = compute_type(tensor.dtype)
    step_type = tensor.dtype if attributes.native else compute
    greatest = compute.type(ml_dtypes.finfo(step_type).max)

    def rounded(value):
        return value.astype(step_type).astype(compute)

    x = by_channel(tensor, attributes.axis).astype(compute)
    lo, hi = _range(x, attributes, given)
    qmin, qmax = (rounded(compute.type(limit)) for limit in attributes.limits())

    s_lo = np.where(rounded(qmin * lo) > 0, rounded(qmin / lo), greatest)
    s_hi = np.where(rounded(qmax * hi) > 0, rounded(qmax / hi), greatest)
    from_lo = s_lo < s_hi
    scale = np.where(from_lo, s_lo, s_hi)
    inverse = np.where(from_lo, rounded(lo / qmin), rounded(hi / qmax))
    clamp_hi = np.where(from_lo, rounded(qmax * inverse), hi)
    clamp_lo = np.where(from_lo, lo, rounded(qmin * inverse))

    v = x
    if attributes.range_given:
        v = np.where(v > clamp_hi, clamp_hi, v)
        v = np.where(v < clamp_lo, clamp_lo, v)
    scaled = rounded(v * scale)
    if attributes.half_up:
        code = np.floor(rounded(scaled + compute.type(0.5)))
    else:
        code = np.rint(scaled)
    v = rounded(code * inverse)

    everywhere = any_subnormal(lo, hi, s_lo, s_hi, inverse, clamp_lo, clamp_hi)
    zero_end, zero_clamped = _open_zeros(x, v, attributes, hi, clamp_lo, clamp_hi)

    def shaped(values):
        return np.broadcast_to(values, x.shape).reshape(tensor.shape)

    return Result(
        values=shaped(v).astype(tensor.dtype),
        subnormal=shaped(everywhere | any_subnormal(x, scaled, v)),
        zero_end=shaped(zero_end),
        zero_clamped=shaped(zero_clamped),
        crossed=shaped(attributes.range_given & (clamp_lo > clamp_hi)),
    )


def _range(x, attributes, given):
    """The range of each channel, shaped [1, channel, 1]."""
    if attributes.range_given:
        return tuple(end.astype(x.dtype).reshape(1, -1, 1) for end in given)
    if x.size == 0:
        return (np.zeros((1, x.shape[1], 1), x.dtype),) * 2
    least = x.min(axis=(0, 2), keepdims=True)
    greatest = x.max(axis=(0, 2), keepdims=True)
    return least + x.dtype.type(0), greatest + x.dtype.type(0)  # -0 + 0 is +0


def _open_zeros(x, v, attributes, hi, clamp_lo, clamp_hi):
    """Zero results whose sign another implementation may rightly see otherwise."""
    nowhere = np.zeros(x.shape, bool)
    minus_zero = (x == 0) & np.signbit(x)
    if not attributes.range_given:
        # A -0 in a channel with nothing above zero: it may have become the upper end.
        candidates = minus_zero.any(axis=(0, 2), keepdims=True)
        return (v == 0) & (hi == 0) & candidates, nowhere
    clamped = nowhere
    for end in (clamp_lo, clamp_hi):
        clamped = clamped | ((x == 0) & (end == 0) & (np.signbit(end) != np.signbit(x)))
    return nowhere, (v == 0) & clamped


def gradient(gradients, tensor, attributes, given):
    """The gradient by the input; the range is given. Masks with the range as it is."""
    compute = compute_type(tensor.dtype)
    x = by_channel(tensor, attributes.axis).astype(compute)
    g = by_channel(gradients, attributes.axis).astype(compute)
    lo, hi = (end.astype(compute).reshape(1, -1, 1) for end in given)
    with np.errstate(invalid="ignore"):
        values = g * ((lo <= x) & (x <= hi)).astype(compute)
    nowhere = np.zeros(tensor.shape, bool)
    return Result(
        values=values.reshape(tensor.shape).astype(tensor.dtype),
        subnormal=any_subnormal(g, x, lo, hi).reshape(tensor.shape),
        zero_end=nowhere,
        zero_clamped=nowhere,
        crossed=nowhere,
    )
