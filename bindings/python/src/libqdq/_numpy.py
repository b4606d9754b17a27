"""numpy arrays, and what shows its memory by the buffer protocol."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any

import numpy as np

from ._family import Family
from ._status import QdqError, Status
from ._tensor import DTYPES, Layout, View, layout, numpy_dtype, pointer, refuse_dtype

_HEADER = object.__basicsize__
_read_pointer = ctypes.c_void_p.from_address


def _slow_address(array: np.ndarray[Any, Any]) -> int:
    return array.ctypes.data


def _fast_address(array: np.ndarray[Any, Any]) -> int:
    """The field `data`, the first of a PyArrayObject.

    Its place is part of numpy's binary interface: PyArray_DATA is compiled into every extension module. Read here, it
    takes a tenth of the time of `array.ctypes.data`.
    """
    return _read_pointer(id(array) + _HEADER).value or 0


def _fast_address_is_right() -> bool:
    if sys.implementation.name != "cpython":
        return False
    probes = np.zeros(4)[1:], np.zeros((2, 3)).T, np.zeros(())
    return all(_fast_address(probe) == _slow_address(probe) for probe in probes)


address = _fast_address if _fast_address_is_right() else _slow_address


@lru_cache(maxsize=1024)
def _layout(shape: tuple[int, ...], strides: tuple[int, ...], dtype: np.dtype[Any]) -> Layout | None:
    """None where elements cannot be counted in: another type, or distances that are no multiples of it."""
    size = dtype.itemsize
    if dtype.name not in DTYPES or not dtype.isnative:
        return None
    if any(length > 1 and stride % size for length, stride in zip(shape, strides, strict=True)):
        return None
    return layout(shape, tuple(stride // size for stride in strides), DTYPES[dtype.name])


def _refuse(array: np.ndarray[Any, Any], name: str) -> QdqError:
    if array.dtype.name not in DTYPES or not array.dtype.isnative:
        return refuse_dtype(name, array.dtype.str if array.dtype.kind in "iuf" else array.dtype)
    return QdqError(
        Status.MISALIGNED,
        f"{name} has strides of {array.strides} bytes; expected multiples of the {array.itemsize} of an element",
    )


def array_view(array: np.ndarray[Any, Any], name: str) -> View:
    kept = _layout(array.shape, array.strides, array.dtype)
    if kept is None:
        raise _refuse(array, name)
    return pointer(address(array)) + kept.tail, kept.dtype, (kept, array)


class NumpyFamily(Family):
    """numpy arrays; a numpy scalar counts as an array of rank 0."""

    def view(self, tensor: Any, name: str) -> View:
        return array_view(tensor if isinstance(tensor, np.ndarray) else np.asarray(tensor), name)

    def target(self, tensor: Any, name: str) -> View:
        if not isinstance(tensor, np.ndarray) or not tensor.flags.writeable:
            raise ValueError(f"{name} is read-only")
        return array_view(tensor, name)

    def empty_like(self, tensor: Any, dtype: int | None = None) -> Any:
        return np.empty_like(tensor, None if dtype is None else numpy_dtype(dtype), subok=False)

    def full(self, tensor: Any, shape: tuple[int, ...], value: float, dtype: int) -> Any:
        return np.full(shape, value, numpy_dtype(dtype))


class BufferFamily(NumpyFamily):
    """Whatever has the buffer protocol: read and written in place; new results are numpy arrays."""

    def view(self, tensor: Any, name: str) -> View:
        return array_view(_array(tensor), name)

    def target(self, tensor: Any, name: str) -> View:
        return super().target(_array(tensor), name)

    def result_view(self, made: Any) -> View:
        return array_view(made, "the result")

    def empty_like(self, tensor: Any, dtype: int | None = None) -> Any:
        return super().empty_like(_array(tensor), dtype)

    def shape(self, tensor: Any) -> tuple[int, ...]:
        return memoryview(tensor).shape or ()


def _array(tensor: Any) -> np.ndarray[Any, Any]:
    return np.asarray(memoryview(tensor))
