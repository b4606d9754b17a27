"""Tensors as the library sees them: element types, layouts, and the struct qdq_tensor.

A qdq_tensor is the address of the elements and, behind it, what does not change from call to call. That tail is kept
for each shape, so that a call has only an address to put before it.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, TypeAlias

import numpy as np

from ._status import QdqError, Status

F32, F64, F16, BF16 = 1, 2, 3, 4

DTYPES = {
    "float32": F32,
    "float64": F64,
    "float16": F16,
    "bfloat16": BF16,
    "int8": 5,
    "uint8": 6,
    "int16": 7,
    "uint16": 8,
    "int32": 9,
    "uint32": 10,
    "int64": 11,
    "uint64": 12,
}
"""The QDQ_DTYPE_ constants by the name that numpy, PyTorch, TensorFlow and JAX agree on."""

DTYPE_NAMES = {code: name for name, code in DTYPES.items()}

View: TypeAlias = tuple[bytes, int, object]
"""A qdq_tensor, its dtype, and what must live as long as it is used."""

pointer = struct.Struct("@P").pack
_TAIL = struct.Struct("@PPiiQ")


class Layout:
    """What a qdq_tensor says after the address of its elements."""

    __slots__ = ("_shape", "_strides", "dtype", "tail")

    def __init__(self, shape: Sequence[int], strides: Sequence[int] | None, dtype: int) -> None:
        self.dtype = dtype
        self._shape = _numbers(shape)
        self._strides = None if strides is None else _numbers(strides)
        self.tail = _TAIL.pack(_address(self._shape), _address(self._strides), len(shape), dtype, 0)


def _numbers(values: Sequence[int]) -> ctypes.Array[ctypes.c_int64] | None:
    return (ctypes.c_int64 * len(values))(*values) if values else None


def _address(numbers: ctypes.Array[ctypes.c_int64] | None) -> int:
    return 0 if numbers is None else ctypes.addressof(numbers)


@lru_cache(maxsize=1024)
def layout(shape: Sequence[int], strides: Sequence[int], dtype: int) -> Layout:
    """The layout of elements at distances of strides, counted in elements."""
    return Layout(shape, None if _is_dense(shape, strides) else strides, dtype)


def _is_dense(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the elements lie row-major without gaps, for which the library has a shorter way."""
    expected = 1
    for length, stride in zip(reversed(shape), reversed(strides), strict=True):
        if length > 1 and stride != expected:
            return False
        expected *= length
    return True


_SCALARS = {F32: (ctypes.c_float, Layout((), None, F32)), F64: (ctypes.c_double, Layout((), None, F64))}


def scalar_view(value: float, data_dtype: int) -> View:
    """A Python number as the end of a range for such data: float64 for float64, else float32."""
    number, kept = _SCALARS[F64 if data_dtype == F64 else F32]
    element = number(value)
    return pointer(ctypes.addressof(element)) + kept.tail, kept.dtype, element


@lru_cache(maxsize=256)
def dtype_of(dtype: Any) -> int:
    """The QDQ_DTYPE_ of a dtype of any framework, or of its name."""
    name = _name_of(dtype)
    if name not in DTYPES:
        raise QdqError(Status.UNSUPPORTED_DTYPE, f"dtype is {name}; expected one of {', '.join(DTYPES)}")
    return DTYPES[name]


def _name_of(dtype: Any) -> str:
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    return str(name or dtype).removeprefix("torch.")


@cache
def numpy_dtype(dtype: int) -> np.dtype[Any]:
    """The numpy dtype of a QDQ_DTYPE_."""
    if dtype != BF16:
        return np.dtype(DTYPE_NAMES[dtype])
    try:
        import ml_dtypes
    except ImportError:
        raise ImportError("numpy has bfloat16 from the package ml_dtypes: pip install ml_dtypes") from None
    bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return bfloat16


def refuse_dtype(name: str, dtype: object) -> QdqError:
    """The error for elements of a type the library has no name for."""
    return QdqError(
        Status.UNSUPPORTED_DTYPE,
        f"{name} has elements of type {dtype}; expected one of {', '.join(DTYPES)}, in this machine's byte order",
    )
