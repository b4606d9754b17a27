"""The bits of every function against the reference in numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import pytest
import reference
from reference import DTYPES, Attributes, same

import libqdq
from libqdq._types import Array

Rng = np.random.Generator
by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)


def draw_attributes(rng: Rng, rank: int) -> Attributes:
    signed = bool(rng.integers(2))
    narrow = bool(rng.integers(2))
    return Attributes(
        signed_input=signed,
        num_bits=int(rng.choice([2 if signed and narrow else 1, 2, 3, 4, 8, 16, 31, 61 if signed else 62])),
        round_mode=cast(Any, rng.choice(["HALF_TO_EVEN", "HALF_UP"])),
        narrow_range=narrow,
        axis=int(rng.integers(-1, rank)),
        arithmetic=cast(Any, rng.choice(["DEFAULT", "NATIVE"])),
        degenerate=cast(Any, rng.choice(["TENSORFLOW", "ZERO"])),
    )


def draw_tensor(rng: Rng, dtype: np.dtype[Any]) -> Array:
    """Of any rank up to 4, with NaN, infinities, zeros of both signs and ties among its elements."""
    shape = rng.integers(0 if rng.random() < 0.1 else 1, 12, rng.integers(0, 5))
    values = rng.normal(size=shape) * rng.choice([1e-3, 1, 100])
    odd = rng.choice([np.nan, 0.0, -0.0, 0.5, 1.5, np.inf], values.shape, p=[0.3, 0.2, 0.2, 0.14, 0.14, 0.02])
    return np.asarray(np.where(rng.random(values.shape) < rng.choice([0, 0.2]), odd, values)).astype(dtype)


def draw_range(rng: Rng, x: Array, axis: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    shape = () if axis == -1 else (x.shape[axis],)
    ends = np.sort(rng.normal(size=(2, *shape)) * rng.choice([0.1, 1, 10]), axis=0)
    ends = np.where(rng.random(ends.shape) < 0.1, 0.0, ends)
    least, greatest = np.sort(ends, axis=0).astype(dtype)
    return np.asarray(least), np.asarray(greatest)


def draw_strides(rng: Rng, x: Array) -> Array:
    """The same numbers at other distances: transposed, with gaps, backwards."""
    order = rng.permutation(x.ndim)
    steps = [int(step) for step in rng.choice([1, -1, 2, -3], x.ndim)]
    big = np.zeros([x.shape[d] * abs(steps[d]) for d in order], x.dtype)
    index: Any = (..., *(slice(None, None, step) for step in steps))
    view: Array = big.transpose(np.argsort(order))[index]
    view[...] = x
    return view


@by_dtype
@pytest.mark.parametrize("strides", [lambda _, x: x, draw_strides], ids=["dense", "strided"])
@pytest.mark.parametrize("num_threads", [None, 2])
def test_forward(dtype: np.dtype[Any], strides: Callable[[Rng, Array], Array], num_threads: int | None) -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        x = draw_tensor(rng, dtype)
        attributes = draw_attributes(rng, x.ndim)
        given = draw_range(rng, x, attributes.axis, dtype) if rng.random() < 0.5 else None
        expected = reference.forward(x, attributes, given)
        x = strides(rng, x)
        before = x.copy()
        found = libqdq.quantize_and_dequantize(
            x, *(given or (None, None)), **asdict(attributes), num_threads=num_threads
        )
        assert same(found, expected), (attributes, given, before)
        assert same(x, before)


@by_dtype
def test_forward_into_out(dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        x = draw_tensor(rng, dtype)
        attributes = draw_attributes(rng, x.ndim)
        expected = reference.forward(x, attributes)
        out = draw_strides(rng, np.full_like(x, 7))
        assert libqdq.quantize_and_dequantize(x, **asdict(attributes), out=out) is out
        assert same(out, expected)
        assert libqdq.quantize_and_dequantize(x, **asdict(attributes), out=x) is x
        assert same(x, expected)


@pytest.mark.parametrize(
    ("dtype", "range_dtype"),
    [*((dtype, dtype) for dtype in DTYPES), *((dtype, np.dtype(np.float32)) for dtype in DTYPES[2:])],
    ids=str,
)
def test_gradient(dtype: np.dtype[Any], range_dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(150):
        x = draw_tensor(rng, dtype)
        gradients = draw_strides(rng, rng.normal(size=x.shape).astype(dtype))
        axis = int(rng.integers(-1, x.ndim))
        given = draw_range(rng, x, axis, range_dtype) if rng.random() < 0.7 else None
        expected = reference.gradient(gradients, x, axis, given)
        found = libqdq.quantize_and_dequantize_grad(
            gradients, draw_strides(rng, x), *(given or (None, None)), axis=axis
        )
        assert same(found[0], expected)
        zeros = np.zeros(() if axis == -1 else x.shape[axis], dtype)
        assert same(found[1], zeros) and same(found[2], zeros)
        out = libqdq.quantize_and_dequantize_grad(gradients, x, *(given or (None, None)), axis=axis, out=gradients)
        assert out[0] is gradients and same(gradients, expected)


@by_dtype
def test_range_update(dtype: np.dtype[Any]) -> None:
    rng = np.random.default_rng(4)
    for _ in range(100):
        x = draw_tensor(rng, dtype)
        axis = int(rng.integers(-1, x.ndim))
        least, greatest = libqdq.range_update(draw_strides(rng, x), axis=axis)
        expected = reference.gathered_range(x, axis)
        assert same(least, expected[0]) and same(greatest, expected[1])
        more = (x * dtype.type(2)).astype(dtype)
        kept = libqdq.range_update(more, least, greatest, axis=axis)
        assert kept[0] is least and kept[1] is greatest
        wider = reference.gathered_range(more, axis)
        assert same(least, np.minimum(expected[0], wider[0])) and same(greatest, np.maximum(expected[1], wider[1]))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("range_given", [True, False])
def test_quantizer(dtype: np.dtype[Any], range_given: bool) -> None:
    rng = np.random.default_rng(5)
    for _ in range(100):
        x = draw_tensor(rng, dtype)
        attributes = draw_attributes(rng, x.ndim)
        given = draw_range(rng, x, attributes.axis, dtype)
        ends = given if range_given else libqdq.range_update(x, axis=attributes.axis)
        quantizer = libqdq.Quantizer(ends[0], ends[1], dtype, range_given=range_given, **asdict(attributes))
        expected = reference.forward(x, attributes, given if range_given else None)
        assert same(quantizer.apply(draw_strides(rng, x)), expected), (attributes, ends, x)
        gradients = rng.normal(size=x.shape).astype(dtype)
        mask_range = given if range_given else reference.data_range(x, attributes.axis)
        assert same(quantizer.grad(gradients, x), reference.gradient(gradients, x, attributes.axis, mask_range))


@pytest.mark.parametrize("signed_input", [True, False])
@pytest.mark.parametrize("num_bits", [2, 8, 9, 16, 20])
def test_codes(signed_input: bool, num_bits: int) -> None:
    rng = np.random.default_rng(6)
    attributes = Attributes(signed_input=signed_input, num_bits=num_bits, axis=1)
    width = 8 if num_bits <= 8 else 16 if num_bits <= 16 else 32
    name = f"int{width}" if signed_input else f"uint{width}"
    x = np.where(rng.random((9, 7)) < 0.1, np.nan, rng.normal(size=(9, 7))).astype(np.float32)
    given = draw_range(rng, x, 1, x.dtype)
    quantizer = libqdq.Quantizer(*given, signed_input=signed_input, num_bits=num_bits, axis=1)
    codes: Array = quantizer.quantize(x)
    assert same(codes, reference.codes(x, attributes, given, name))
    wide: Array = quantizer.quantize(x, "int64")
    assert wide.dtype == np.int64 and np.array_equal(wide, codes)
    numbers: Array = quantizer.dequantize(codes)
    assert numbers.dtype == np.float32
    expected = np.where(np.isnan(x), 0, reference.forward(x, attributes, given))
    assert np.array_equal(numbers, expected)
    out = np.zeros((9, 7), np.int64)
    assert quantizer.quantize(x, out=out) is out and np.array_equal(out, codes)


def test_parameters() -> None:
    """-3..2 in 3 bits: s_lo = -4/-3, s_hi = 3/2, so the scale is s_lo and hi is moved."""
    quantizer = libqdq.Quantizer(-3, 2, num_bits=3)
    inverse = np.float32(-3) / np.float32(-4)
    assert same(quantizer.scale, np.float32(-4) / np.float32(-3))
    assert same(quantizer.inverse_scale, inverse)
    assert same(quantizer.clamp_min, np.float32(-3)) and same(quantizer.clamp_max, np.float32(3) * inverse)
    assert same(quantizer.range_min, np.float32(-3)) and same(quantizer.range_max, np.float32(2))
    channels = libqdq.Quantizer([-1, -2], [1, 2], "float64", axis=0, narrow_range=True)
    assert same(channels.scale, np.array([127 / 1, 127 / 2]))
    assert (channels.dtype, channels.axis) == ("float64", 0)
