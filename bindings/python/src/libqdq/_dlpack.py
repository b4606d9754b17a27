"""TensorFlow's and JAX's tensors, and any other that speaks DLPack.

A DLPack capsule holds a DLTensor, which says what a qdq_tensor says, with arrays of the same type. Its capsule is
never marked as used: it frees what it holds when it goes.
"""

from __future__ import annotations

import ctypes
import math
import struct
from typing import Any

import numpy as np

from ._family import Family
from ._numpy import array_view
from ._tensor import DTYPES, View, dtype_of, numpy_dtype, refuse_dtype

_CPU, _CPU_PINNED = 1, 3
_DEVICES = {2: "a CUDA device", 4: "an OpenCL device", 7: "a Vulkan device", 8: "a Metal device", 10: "a ROCm device"}
_CODES = {0: "int", 1: "uint", 2: "float", 4: "bfloat"}

_DLTENSOR = struct.Struct("@PiiiBBHPPQ")
_VERSIONED_HEADER = struct.calcsize("@IIPPQ")  # before the DLTensor: version, context, deleter, flags
_QDQ_TENSOR = struct.Struct("@PPPiiQ")

_is_capsule = ctypes.pythonapi.PyCapsule_IsValid
_is_capsule.argtypes = [ctypes.py_object, ctypes.c_char_p]
_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_capsule_pointer.restype = ctypes.c_void_p

# What XLA and Eigen want of memory that they take over as it is.
_ALIGNMENT = 64


class DlpackFamily(Family):
    """Tensors that are only read; results are made by the tensors' own array namespace, or are numpy arrays."""

    def view(self, tensor: Any, name: str) -> View:
        _check_device(tensor, name)
        return _capsule_view(_capsule(tensor), name)

    def target(self, tensor: Any, name: str) -> View:
        raise ValueError(f"{name} is read-only: tensors of {type(tensor).__module__} cannot be written in place")

    def empty_like(self, tensor: Any, dtype: int | None = None) -> Any:
        return _aligned(self.shape(tensor), numpy_dtype(dtype_of(tensor.dtype) if dtype is None else dtype))

    def full(self, tensor: Any, shape: tuple[int, ...], value: float, dtype: int) -> Any:
        array = _aligned(shape, numpy_dtype(dtype))
        array[...] = value
        return array

    def numpy(self, tensor: Any) -> np.ndarray[Any, Any]:
        return np.asarray(tensor) if hasattr(tensor, "__array__") else np.from_dlpack(tensor)

    def result_view(self, made: Any) -> View:
        return array_view(made, "the result")

    def result(self, made: Any, tensor: Any) -> Any:
        if hasattr(tensor, "__array_namespace__"):
            return tensor.__array_namespace__().from_dlpack(made)
        return made


class JaxFamily(DlpackFamily):
    """JAX arrays."""

    def result(self, made: Any, tensor: Any) -> Any:
        import jax

        array = jax.device_put(made, tensor.sharding, may_alias=True)
        if array.dtype != made.dtype:
            raise TypeError(f"JAX has no {made.dtype} unless jax_enable_x64 is set")
        return array


class TensorflowFamily(DlpackFamily):
    """TensorFlow's eager tensors."""

    def numpy(self, tensor: Any) -> np.ndarray[Any, Any]:
        return np.asarray(tensor.numpy())

    def result(self, made: Any, tensor: Any) -> Any:
        import tensorflow as tf

        from_dlpack = tf.experimental.dlpack.from_dlpack
        if made.dtype.name != "bfloat16":
            return from_dlpack(made.__dlpack__())
        return tf.bitcast(from_dlpack(made.view(np.uint16).__dlpack__()), tf.bfloat16)  # numpy exports no bfloat16


def _check_device(tensor: Any, name: str) -> None:
    kind, index = tensor.__dlpack_device__()
    if kind not in (_CPU, _CPU_PINNED):
        device = _DEVICES.get(int(kind), f"a device of DLPack's kind {int(kind)}")
        raise ValueError(f"{name} is on {device} (number {index}): libqdq computes on the CPU, move it there first")


def _capsule(tensor: Any) -> object:
    try:
        return tensor.__dlpack__()
    except BufferError:  # read-only memory is exported with a flag alone, which came with version 1
        return tensor.__dlpack__(max_version=(1, 0))


def _capsule_view(capsule: object, name: str) -> View:
    data, _, _, rank, code, bits, lanes, shape, strides, offset = _DLTENSOR.unpack(
        ctypes.string_at(_dltensor(capsule), _DLTENSOR.size)
    )
    type_name = f"{_CODES.get(code, f'type {code} ')}{bits}" + ("" if lanes == 1 else f"x{lanes}")
    if type_name not in DTYPES:
        raise refuse_dtype(name, type_name)
    dtype = DTYPES[type_name]
    address = data + offset if data else 0
    return _QDQ_TENSOR.pack(address, shape or 0, strides or 0, rank, dtype, 0), dtype, capsule


def _dltensor(capsule: object) -> int:
    if _is_capsule(capsule, b"dltensor"):
        return int(_capsule_pointer(capsule, b"dltensor"))
    return int(_capsule_pointer(capsule, b"dltensor_versioned")) + _VERSIONED_HEADER


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)
