"""Which family a tensor is of."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._dlpack import DlpackFamily, JaxFamily, TensorflowFamily
from ._family import Family
from ._numpy import BufferFamily, NumpyFamily
from ._tensor import F64, View, scalar_view

_NUMPY = NumpyFamily()
_families: dict[type, Family] = {np.ndarray: _NUMPY}


def family_of(tensor: Any, name: str) -> Family:
    """The family of the argument with that name. TypeError for what is no tensor."""
    family = _families.get(type(tensor))
    if family is None:
        family = _families[type(tensor)] = _find(tensor, name)
    return family


def _find(tensor: Any, name: str) -> Family:
    if isinstance(tensor, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; expected one without a mask, as .filled() gives")
    if isinstance(tensor, (np.ndarray, np.generic)):
        return _NUMPY
    if "torch" in sys.modules and isinstance(tensor, sys.modules["torch"].Tensor):
        from ._pytorch import TorchFamily

        return TorchFamily()
    kind = type(tensor)
    root = kind.__module__.partition(".")[0]
    if "Tracer" in kind.__name__ and root in ("jax", "jaxlib"):
        raise TypeError(f"{name} is traced by JAX and has no memory yet: call libqdq through jax.pure_callback")
    if kind.__name__ == "SymbolicTensor":
        raise TypeError(f"{name} is symbolic and has no memory yet: call libqdq through tf.numpy_function")
    if hasattr(kind, "__dlpack__"):
        return {"jaxlib": JaxFamily, "jax": JaxFamily, "tensorflow": TensorflowFamily}.get(root, DlpackFamily)()
    if _has_buffer(tensor):
        return BufferFamily()
    raise TypeError(
        f"{name} is of type {kind.__module__}.{kind.__qualname__}; expected a numpy array, a tensor of PyTorch, "
        "TensorFlow or JAX, or an object with DLPack or the buffer protocol"
    )


def _has_buffer(tensor: Any) -> bool:
    try:
        memoryview(tensor)
    except TypeError:
        return False
    return True


def tensor_view(tensor: Any, name: str) -> View:
    """Any tensor, to be read."""
    return family_of(tensor, name).view(tensor, name)


def range_view(end: Any, name: str, data_dtype: int) -> View:
    """An end of the range for such data: a tensor, a Python number or a sequence of them."""
    if isinstance(end, (float, int)):
        return scalar_view(end, data_dtype)
    return tensor_view(_as_array(end, data_dtype), name)


def range_array(end: Any, name: str, data_dtype: int) -> np.ndarray[Any, Any]:
    """The same as an array of its own."""
    end = _as_array(end, data_dtype)
    family = family_of(end, name)
    family.view(end, name)  # refuses what is not on the CPU
    return np.array(family.numpy(end))


def _as_array(end: Any, data_dtype: int) -> Any:
    is_number = isinstance(end, (float, int))
    if not is_number and (not isinstance(end, Sequence) or _has_buffer(end)):
        return end
    with np.errstate(over="ignore"):  # what is too large becomes an infinity, which the library refuses by name
        return np.array(end, np.float64 if data_dtype == F64 else np.float32)
