"""What is refused, how, and that nothing was written."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from reference import same

import libqdq
from libqdq import QdqError, Quantizer, Status

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def forward(*arguments: Any, **keywords: Any) -> Any:
    return libqdq.quantize_and_dequantize(*arguments, **keywords)


REFUSED: dict[str, tuple[Callable[[], Any], Status, str]] = {
    "bits": (lambda: forward(X, num_bits=63), Status.INVALID_ATTRIBUTE, "num_bits"),
    "bits beyond an int": (lambda: forward(X, num_bits=2**32 + 8), Status.INVALID_ATTRIBUTE, "4294967304"),
    "round_mode": (lambda: forward(X, round_mode="UP"), Status.INVALID_ATTRIBUTE, "round_mode is 'UP'"),
    "arithmetic": (lambda: forward(X, arithmetic="X"), Status.INVALID_ATTRIBUTE, "arithmetic is 'X'"),
    "degenerate": (lambda: forward(X, degenerate="X"), Status.INVALID_ATTRIBUTE, "degenerate is 'X'"),
    "narrow": (lambda: forward(X, num_bits=1, narrow_range=True), Status.INVALID_ATTRIBUTE, "narrow_range"),
    "threads": (lambda: forward(X, num_threads=-1), Status.INVALID_ATTRIBUTE, "num_threads"),
    "axis from the end": (lambda: forward(X, axis=-2), Status.INVALID_AXIS, "axis"),
    "axis beyond the rank": (lambda: forward(X, axis=2), Status.INVALID_AXIS, "axis"),
    "axis beyond an int": (lambda: forward(X, axis=2**40), Status.INVALID_AXIS, "axis is 1099511627776"),
    "axis of a gathered range": (lambda: libqdq.range_update(X, axis=7), Status.INVALID_AXIS, "axis"),
    "NaN in a range": (lambda: forward(X, np.nan, 1), Status.INVALID_RANGE, "input_min"),
    "order of a range": (lambda: forward(X, 2, 1), Status.INVALID_RANGE, "input_min"),
    "end too large": (lambda: forward(X, -1, 1e39), Status.INVALID_RANGE, "input_max"),
    "ends too large": (lambda: forward(X, [-1, -1], [1, 1e39], axis=0), Status.INVALID_RANGE, "input_max"),
    "half a range": (lambda: forward(X, input_max=1.0), Status.NULL_POINTER, "input_min"),
    "range_given without one": (lambda: forward(X, range_given=True), Status.NULL_POINTER, "input_min"),
    "a range without range_given": (lambda: forward(X, -1, 1, range_given=False), Status.INVALID_RANGE, "range_given"),
    "length of a range": (lambda: forward(X, [-1] * 3, [1] * 3, axis=0), Status.SIZE_MISMATCH, "input_min"),
    "dtype of a range": (lambda: forward(X, np.array(-1), np.array(1)), Status.UNSUPPORTED_DTYPE, "input_min"),
    "integers": (lambda: forward(X.astype(np.int32)), Status.UNSUPPORTED_DTYPE, "input"),
    "complex": (lambda: forward(X.astype(np.complex64)), Status.UNSUPPORTED_DTYPE, "x has elements of type complex64"),
    "byte order": (lambda: forward(X.astype(">f4")), Status.UNSUPPORTED_DTYPE, "x has elements of type >f4"),
    "strides": (lambda: forward(_unaligned_field()), Status.MISALIGNED, "x has strides of (6,) bytes"),
    "alignment": (lambda: forward(np.zeros(9, np.uint8)[1:].view(np.float32)), Status.MISALIGNED, "input"),
    "shape of out": (lambda: forward(X, out=np.zeros((3, 2), np.float32)), Status.SIZE_MISMATCH, "output"),
    "dtype of out": (lambda: forward(X, out=np.zeros((2, 3))), Status.UNSUPPORTED_DTYPE, "output"),
    "overlap": (lambda: _overlapping(), Status.OVERLAP, "output"),
    "degenerate range": (
        lambda: forward(X * 0 - 1, signed_input=False, degenerate="ERROR"),
        Status.DEGENERATE_RANGE,
        "0",
    ),
    "gradients": (lambda: libqdq.quantize_and_dequantize_grad(X.T, X), Status.SIZE_MISMATCH, "gradients"),
    "gathered NaN": (
        lambda: libqdq.range_update(X, *np.full((2, 1), np.nan, np.float32)),
        Status.INVALID_RANGE,
        "range_min",
    ),
    "quantizer": (lambda: Quantizer(1, -1), Status.INVALID_RANGE, "input_min"),
    "dtype of a quantizer": (lambda: Quantizer(-1, 1, "int8"), Status.UNSUPPORTED_DTYPE, "dtype"),
    "unknown dtype": (lambda: Quantizer(-1, 1, "float8"), Status.UNSUPPORTED_DTYPE, "dtype is float8"),
    "tensor of a quantizer": (lambda: Quantizer(-1, 1).apply(X.astype(np.float64)), Status.UNSUPPORTED_DTYPE, "input"),
    "channels": (lambda: Quantizer([-1] * 5, [1] * 5, axis=0).apply(X), Status.SIZE_MISMATCH, "input"),
    "codes too narrow": (lambda: Quantizer(-1, 1, num_bits=9).quantize(X, "int8"), Status.UNSUPPORTED_DTYPE, "codes"),
}


def _unaligned_field() -> Any:
    return np.zeros(4, np.dtype([("a", np.float32), ("b", np.int16)]))["a"]


def _overlapping() -> Any:
    memory = np.zeros(7, np.float32)
    return forward(memory[:6], out=memory[1:])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    call, status, words = REFUSED[name]
    with pytest.raises(QdqError) as caught:
        call()
    assert caught.value.status is status
    assert words in str(caught.value)


def test_nothing_is_written() -> None:
    out = np.full((2, 3), 7, np.float32)
    with pytest.raises(QdqError):
        forward(X, [-1, 3], [1, 2], axis=0, out=out)
    assert np.all(out == 7)


def test_an_error_is_a_value_error_and_can_be_pickled() -> None:
    with pytest.raises(ValueError) as caught:
        forward(X, num_bits=0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is QdqError and str(again) == str(caught.value) and again.status is Status.INVALID_ATTRIBUTE


def test_an_error_leaves_the_next_call_alone() -> None:
    with pytest.raises(QdqError):
        forward(X, num_bits=0)
    assert same(forward(X, -1, 1), forward(X, -1, 1))


@pytest.mark.parametrize("thing", [None, 1.5, [1.0, 2.0], "text", object(), {"a": 1}])
def test_no_tensor(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"x is of type .*expected a numpy array"):
        forward(thing)
    with pytest.raises(TypeError, match="gradients is of type"):
        libqdq.quantize_and_dequantize_grad(thing, X)
    if thing is not None:
        with pytest.raises(TypeError, match="out is of type"):
            forward(X, out=thing)


def test_a_mask_is_not_dropped() -> None:
    with pytest.raises(TypeError, match="x is a masked array"):
        forward(np.ma.masked_less(X, 0))


@pytest.mark.parametrize("num_bits", ["8", 8.0, None])
def test_no_number(num_bits: Any) -> None:
    forward(X, num_bits=8)  # an equal number that came before makes no difference
    with pytest.raises(TypeError):
        forward(X, num_bits=num_bits)


def _read_only(like: Any) -> Any:
    values = np.zeros_like(like)
    values.flags.writeable = False
    return values


def test_read_only() -> None:
    for out in (_read_only(X), bytes(24), np.float32(1)):
        with pytest.raises(ValueError, match="out is read-only"):
            forward(X, out=out)
    with pytest.raises(ValueError, match="range_min is read-only"):
        libqdq.range_update(X, _read_only(X[0, :1]), X[0, :1].copy())
    assert same(forward(_read_only(X)), np.zeros_like(X))


class OnAnotherDevice:
    shape = (2, 3)

    def __dlpack__(self, **_: Any) -> Any:
        raise AssertionError("the memory was asked for")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 1


def test_another_device() -> None:
    with pytest.raises(ValueError, match=r"x is on a CUDA device \(number 1\): libqdq computes on the CPU"):
        forward(OnAnotherDevice())
