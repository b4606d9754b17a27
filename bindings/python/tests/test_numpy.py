"""numpy arrays and buffers: read and written where they are, whatever they look like."""

from __future__ import annotations

import array
import ctypes
import pickle
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import reference
from reference import Attributes, same

import libqdq
from libqdq import _numpy
from libqdq._types import Array

X = np.linspace(-3, 5, 24, dtype=np.float32).reshape(4, 6)
Y = reference.forward(X, Attributes())


EXPORTS_READ_ONLY = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
"""Whether numpy's own DLPack can say that memory is read-only."""


class ReadOnlyMemory:
    """A DLPack producer of no known framework, of the newer protocol where its memory is read-only."""

    def __init__(self, values: Array) -> None:
        self._values = values
        self.shape, self.dtype = values.shape, values.dtype

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._values.__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._values.__dlpack_device__()


def test_the_address_is_read_the_fast_way() -> None:
    assert _numpy.address is _numpy._fast_address


def test_a_new_array_has_the_order_of_its_input() -> None:
    result = libqdq.quantize_and_dequantize(X.T)
    assert same(result, Y.T) and result.strides == X.T.strides


def test_broadcast_input() -> None:
    assert same(
        libqdq.quantize_and_dequantize(np.broadcast_to(X[:1], (3, 6))),
        np.tile(reference.forward(X[:1], Attributes()), (3, 1)),
    )


def test_a_scalar_gives_an_array_of_rank_0() -> None:
    result: Any = libqdq.quantize_and_dequantize(np.float32(3.3), -4, 4)  # type: ignore[type-var]
    assert isinstance(result, np.ndarray)
    assert same(result, reference.forward(np.array(3.3, np.float32), Attributes(), (np.array(-4), np.array(4))))


def test_subclasses_give_plain_arrays() -> None:
    assert type(libqdq.quantize_and_dequantize(X.view(np.recarray))) is np.ndarray


@pytest.mark.parametrize(
    "make",
    [lambda x: array.array("f", x.ravel()), lambda x: memoryview(x), lambda x: (ctypes.c_float * 24)(*x.ravel())],
)
def test_buffers(make: Any) -> None:
    buffer = make(X)
    result = libqdq.quantize_and_dequantize(buffer)
    assert isinstance(result, np.ndarray) and same(result, Y.reshape(np.asarray(memoryview(buffer)).shape))
    codes = libqdq.Quantizer(-3, 5).quantize(buffer)
    assert isinstance(codes, np.ndarray) and codes.dtype == np.int8
    grad, _, _ = libqdq.quantize_and_dequantize_grad(buffer, buffer, axis=0)
    assert same(grad, np.asarray(memoryview(buffer)))


def test_a_buffer_is_written_in_place() -> None:
    buffer = array.array("f", X.ravel())
    assert libqdq.quantize_and_dequantize(buffer, out=buffer) is buffer  # type: ignore[type-var]
    assert same(np.asarray(buffer), Y.ravel())


def test_dlpack_of_any_producer() -> None:
    for values in (X, X.T, X[::2, ::-1]):
        values = values.view()
        values.flags.writeable = not EXPORTS_READ_ONLY
        result: Any = libqdq.quantize_and_dequantize(ReadOnlyMemory(values))
        assert isinstance(result, np.ndarray) and same(result, reference.forward(values, Attributes()))
    ends = ReadOnlyMemory(np.array([-1, -2, -3, -4], np.float32)), ReadOnlyMemory(np.array([1, 2, 3, 4], np.float32))
    expected = libqdq.quantize_and_dequantize(X, [-1, -2, -3, -4], [1, 2, 3, 4], axis=0)
    assert same(libqdq.quantize_and_dequantize(X, *ends, axis=0), expected)
    assert same(libqdq.Quantizer(*ends, axis=0).apply(X), expected)


@pytest.mark.parametrize(
    "ends",
    [
        (-1, 1),
        (-1.0, np.float64(1)),
        (np.float32(-1), np.array([1], np.float32)),
        (np.array(-1, np.float32), array.array("f", [1])),
        ([-1], (1,)),
    ],
)
def test_ends_of_a_range(ends: Any) -> None:
    expected = reference.forward(X, Attributes(), (np.array(-1), np.array(1)))
    assert same(libqdq.quantize_and_dequantize(X, *ends), expected)
    assert same(libqdq.Quantizer(*ends).apply(X), expected)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_numbers_are_not_rounded_to_16_bits(dtype: Any) -> None:
    """As ends of a range of 16-bit data they count as float32."""
    x, ends = X.astype(dtype), (-1.2345678, 2.3456789)
    exact = tuple(np.array(end, np.float32) for end in ends)
    assert same(libqdq.quantize_and_dequantize(x, *ends), reference.forward(x, Attributes(), (exact[0], exact[1])))
    assert same(libqdq.Quantizer(*ends, dtype).range_min, exact[0])


def test_a_quantizer_keeps_copies() -> None:
    ends = np.array([-1, -1], np.float32), np.array([1, 1], np.float32)
    quantizer = libqdq.Quantizer(*ends, axis=1)
    ends[0][:] = -9
    again: libqdq.Quantizer = pickle.loads(pickle.dumps(quantizer))
    assert same(again.range_min, np.array([-1, -1], np.float32))
    assert repr(again) == repr(quantizer)
    assert same(again.apply(X[:, :2]), libqdq.quantize_and_dequantize(X[:, :2], [-1, -1], [1, 1], axis=1))


def test_a_pickled_quantizer_keeps_what_it_gathered() -> None:
    """Also that a channel has seen no number, of which range_min says 0."""
    ends = libqdq.range_update(np.full((2, 3), np.nan, np.float32), axis=0)
    quantizer = libqdq.Quantizer(*ends, axis=0, range_given=False, num_bits=1, degenerate="ERROR")
    again: libqdq.Quantizer = pickle.loads(pickle.dumps(quantizer))
    assert same(again.range_min, np.zeros(2, np.float32))


def test_more_shapes_than_are_remembered() -> None:
    for length in range(1500):
        x = np.full((length, 1), 3, np.float32)
        assert same(libqdq.quantize_and_dequantize(x), x)
