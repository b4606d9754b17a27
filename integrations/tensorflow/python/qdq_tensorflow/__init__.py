"""libqdq's CPU kernels of TensorFlow's QuantizeAndDequantizeV2, V3, V4 and V4Grad: see load()."""

import ctypes
import pathlib

import tensorflow as tf
from tensorflow.python.eager import context

__all__ = ["load", "set_threads"]

_HERE = pathlib.Path(__file__).resolve().parent
_FLOAT_AND_DOUBLE = _HERE / "libqdq_tensorflow.so"
_16BIT = _HERE / "libqdq_tensorflow_16bit.so"


def load(*, float_and_double: bool = True) -> None:
    """Registers the kernels in this process, once and for all.

    For half and bfloat16 TensorFlow has none. For float and double they run in place of TensorFlow's own, unless
    float_and_double is False. Kernels that TensorFlow has already made of its own are dropped from its cache.
    """
    tf.load_op_library(str(_FLOAT_AND_DOUBLE if float_and_double else _16BIT))
    context.context().clear_kernel_cache()


def set_threads(count: int) -> None:
    """How many threads a kernel may use; 0: one for every core. It is 1, the thread of TensorFlow's, until called."""
    library = ctypes.CDLL(str(_16BIT))
    if library.qdq_tensorflow_set_threads(ctypes.c_int32(count)) != 0:
        raise ValueError(f"count is {count}; expected 0 or more")
