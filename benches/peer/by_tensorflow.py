"""TensorFlow: the operation itself, run eagerly and compiled by XLA."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from cases import channels  # noqa: E402
from contestant import Contestant  # noqa: E402

REASONS = {
    "Could not find device for node": "no {dtype} kernel",
    "Detected unsupported operations": "no kernel under XLA",
}


def start(threads):
    tf.get_logger().setLevel("ERROR")  # it warns of every program that XLA compiles
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def versions():
    return {"TensorFlow": tf.__version__}


def values(result):
    return result.numpy()


def eager(case, _threads):
    function, inputs = _function(case), _inputs(case)
    return lambda: function(*inputs)


def compiled(case, _threads):
    function, inputs = tf.function(_function(case), jit_compile=True, autograph=False), _inputs(case)
    concrete = function.get_concrete_function(*inputs)  # a call of it costs less
    return lambda: concrete(*inputs)


CONTESTANTS = [
    Contestant("TensorFlow", eager, equal=("float32", "float64")),
    Contestant("TensorFlow XLA", compiled),  # which divides where it likes
]


def _inputs(case):
    arrays = [case.tensor] if case.gradients is None else [case.gradients, case.tensor]
    return [tf.constant(array) for array in arrays]


def _function(case):
    axis, given = case.attributes.axis, case.attributes.range_given
    lo, hi = _range(case)
    ends = {"input_min": lo, "input_max": hi, "axis": axis}
    if case.gradients is not None:
        return lambda gradients, x: tf.raw_ops.QuantizeAndDequantizeV4Grad(gradients=gradients, input=x, **ends)[0]
    if given and axis >= 0:  # V4 refuses, V3 does the same
        return lambda x: tf.raw_ops.QuantizeAndDequantizeV3(input=x, num_bits=8, range_given=True, **ends)
    return lambda x: tf.raw_ops.QuantizeAndDequantizeV4(input=x, range_given=given, **ends)


def _range(case):
    """Of the channels, or a scalar; zeros stand for none."""
    axis = case.attributes.axis
    unused = np.zeros(channels(case.tensor.shape, axis), case.tensor.dtype)
    ends = case.given or (unused, unused)
    return [tf.constant(end if axis >= 0 else end[0]) for end in ends]
