"""Draws the cases: shapes, and tensors and ranges that look for trouble.

A case is one call of the operation. The kinds of data are named, so that the
goldens can go through all of them; each is a function that fills a tensor in
float64, which then becomes the nearest finite value of the case's type.
"""

from dataclasses import dataclass

import ml_dtypes
import numpy as np

from reference import FLOAT16, Attributes, by_channel, compute_type


@dataclass
class Case:
    """One call. `given` is (lo, hi) of the channels, or None; `gradients` makes it a gradient."""

    attributes: Attributes
    tensor: np.ndarray
    given: tuple | None = None
    gradients: np.ndarray | None = None


def channels(shape, axis):
    return 1 if axis == -1 else shape[axis]


def as_type(values, dtype):
    """The nearest values of the type; what is beyond its largest becomes its largest."""
    most = float(ml_dtypes.finfo(dtype).max)
    return np.clip(values, -most, most).astype(dtype)


def draw_shape(rng, rank, most):
    """A shape of at most about `most` elements, its dimensions alike but never equal by design."""
    shape = []
    left = most
    for dimensions in range(rank, 0, -1):
        typical = left ** (1 / dimensions)
        ceiling = max(1, min(left, round(1.5 * typical)))
        shape.append(int(rng.integers(max(1, ceiling // 3), ceiling + 1)))
        left = max(1, left // shape[-1])
    order = rng.permutation(rank)
    return tuple(shape[i] for i in order)


# Kinds of data. All take the same arguments, whatever they need of them.


def _uniform(rng, shape, dtype, attributes):
    return rng.uniform(-1, 1, shape) * rng.choice([0.1, 1, 6, 1000])


def _normal(rng, shape, dtype, attributes):
    return rng.normal(size=shape)


def _positive(rng, shape, dtype, attributes):
    return rng.uniform(0.5, 7, shape)


def _negative(rng, shape, dtype, attributes):
    return -rng.uniform(0.5, 7, shape)


def _constant(rng, shape, dtype, attributes):
    return np.full(shape, rng.choice([-3.0, -1.0, -0.3, 0.7, 1.0, 2.5]))


def _zeros(rng, shape, dtype, attributes):
    return rng.choice([0.0, -0.0], shape)


def _zeros_among(rng, shape, dtype, attributes):
    return np.where(
        rng.random(shape) < 0.5, rng.normal(size=shape), rng.choice([0.0, -0.0], shape)
    )


def _one_sided_with_zeros(rng, shape, dtype, attributes):
    kept = np.abs(rng.normal(size=shape)) * rng.choice([1, -1])
    return np.where(rng.random(shape) < 0.7, kept, rng.choice([0.0, -0.0], shape))


def _tiny(rng, shape, dtype, attributes):
    """Near the smallest numbers whose scale and codes stay normal; half's own subnormals too."""
    if dtype == FLOAT16:
        return np.ldexp(rng.uniform(-1, 1, shape), -16)
    least = np.finfo(compute_type(dtype)).minexp
    exponent = least + attributes.num_bits + int(rng.integers(2, 20))
    return np.ldexp(rng.uniform(-1, 1, shape), exponent)


def _huge(rng, shape, dtype, attributes):
    most = float(ml_dtypes.finfo(dtype).max)
    return rng.uniform(-1, 1, shape) * most * rng.choice([1, 1, 2.0**-3, 2.0**-10])


def _wide(rng, shape, dtype, attributes):
    span = 8 if dtype == FLOAT16 else 20
    return np.ldexp(rng.uniform(-1, 1, shape), rng.integers(-span, span + 1, shape))


def _infinite(rng, shape, dtype, attributes):
    infinities = rng.choice([np.inf, -np.inf], shape)
    return np.where(rng.random(shape) < 0.1, infinities, rng.normal(size=shape))


def _ties(rng, shape, dtype, attributes):
    """(k + 0.5) steps, where a step is a power of two; some moved to the next number.

    tie_ranges is the range that gives such steps; a computed one needs the end in the data.
    """
    least, greatest = attributes.limits()
    exact = 2 ** (ml_dtypes.finfo(dtype).nmant - 1)  # beyond it there is no half
    k = rng.integers(max(least, -exact), min(greatest, exact) + 1, shape)
    values = as_type(np.ldexp(k - 0.5, _tie_exponent(attributes)), dtype)
    beyond = np.where(rng.random(shape) < 0.5, values * 2, values / 2).astype(dtype)
    moved = rng.random(shape) < 0.3
    values = np.where(moved, np.nextafter(values, beyond), values).astype(np.float64)
    return _with_outer_end(values, attributes)


def _tie_exponent(attributes):
    """One for each set of attributes, so that the tensor and its range agree on the step."""
    return -(attributes.num_bits % 7)


def _with_outer_end(values, attributes):
    """Puts the code farthest from zero into each channel: computed ranges get exact steps too."""
    if values.size:
        far = float(attributes.limits()[0] or attributes.limits()[1])
        by_channel(values, attributes.axis)[0, :, 0] = np.ldexp(far, _tie_exponent(attributes))
    return values


KINDS = {
    "uniform": _uniform,
    "normal": _normal,
    "ties": _ties,
    "positive": _positive,
    "negative": _negative,
    "constant": _constant,
    "zeros": _zeros,
    "zeros among": _zeros_among,
    "one-sided": _one_sided_with_zeros,
    "tiny": _tiny,
    "huge": _huge,
    "wide": _wide,
    "infinite": _infinite,
}


# Ranges.


def draw_ranges(rng, tensor, attributes):
    """A range for each channel, each of its own kind: the data's, narrower, to a zero, a point."""
    count = channels(tensor.shape, attributes.axis)
    lo, hi = _data_range(tensor, attributes.axis, count)
    zero = rng.choice([0.0, -0.0], (2, count))
    point = rng.uniform(-1, 1, count)
    far = np.maximum(np.abs(lo), np.abs(hi))
    ends = np.sort(rng.uniform(-1, 1, (2, count)), axis=0) * far
    kinds = np.array(
        [
            (lo, hi),
            (lo / 2, hi / 2),
            ends,
            (-far, far),
            (zero[0], far),
            (-far, zero[1]),
            zero,
            (point, point),
            np.outer(_tie_ends(attributes), np.ones(count)),
        ]
    )
    chosen = rng.integers(len(kinds), size=count)
    drawn = kinds[chosen, :, np.arange(count)].T
    return tuple(as_type(end, tensor.dtype) for end in drawn)


def tie_ranges(tensor, attributes):
    """The range that makes a step of `ties` a power of two."""
    count = channels(tensor.shape, attributes.axis)
    return tuple(as_type(np.full(count, end), tensor.dtype) for end in _tie_ends(attributes))


def _tie_ends(attributes):
    """The end codes times the step."""
    return [np.ldexp(float(limit), _tie_exponent(attributes)) for limit in attributes.limits()]


def straddling(given):
    """The same ends with zero between them."""
    return -np.abs(given[0]), np.abs(given[1])


def _data_range(tensor, axis, count):
    """The finite data's least and greatest in float64; [-1, 1] where there is none."""
    values = by_channel(tensor, axis).astype(np.float64)
    values = np.where(np.isfinite(values), values, 0)
    if values.size == 0:
        return -np.ones(count), np.ones(count)
    return values.min(axis=(0, 2)), values.max(axis=(0, 2))


def _put_ends(rng, tensor, attributes, given):
    """Puts some elements exactly at the ends of their range."""
    view = by_channel(tensor, attributes.axis)
    for end in given:
        at_end = rng.random(view.shape) < 0.1
        np.copyto(view, end.reshape(1, -1, 1), where=at_end)


# Cases.


def draw_forward(rng, dtype, shape, attributes, kind=None):
    """A forward case of the kind named, or of any."""
    kind = kind or rng.choice(list(KINDS))
    tensor = as_type_or_infinite(KINDS[kind](rng, shape, dtype, attributes), dtype)
    if not attributes.range_given:
        return Case(attributes, tensor)
    if kind == "ties":
        return Case(attributes, tensor, tie_ranges(tensor, attributes))
    given = draw_ranges(rng, tensor, attributes)
    _put_ends(rng, tensor, attributes, given)
    return Case(attributes, tensor, given)


def draw_gradient(rng, dtype, shape, attributes, kind=None):
    """A gradient case; its range is always given."""
    case = draw_forward(rng, dtype, shape, attributes, kind)
    incoming = rng.choice(["normal", "zeros among", "huge", "infinite"])
    case.gradients = as_type_or_infinite(KINDS[incoming](rng, shape, dtype, attributes), dtype)
    return case


def as_type_or_infinite(values, dtype):
    """as_type that keeps infinities."""
    return np.where(np.isinf(values), values, as_type(values, dtype)).astype(dtype)
