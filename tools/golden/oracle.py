"""TensorFlow as the judge, with what it is no judge of.

- float32 and float64: the CPU kernels. V4 refuses a given range together with an
  axis, so there V3 answers (the same kernel, round half to even only) or, for
  HALF_UP, V4 on each channel's slice.
- half and bfloat16: TensorFlow has no CPU kernel; the float32 kernel on the
  widened values, its result rounded to the type, is the operation's definition.
- bfloat16, NATIVE arithmetic: XLA (`jit_compile=True`).
- half, NATIVE arithmetic: nobody but the definition (XLA multiplies by a rounded
  reciprocal there).
"""

import functools
import os
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf

import reference
from reference import BFLOAT16, compute_type

VERSION = tf.__version__
tf.get_logger().setLevel("ERROR")  # it warns of every program that XLA compiles


@dataclass
class Verdict:
    """TensorFlow's values (None without a judge), the definition's, and the exemptions."""

    values: np.ndarray | None
    definition: np.ndarray
    exempt: np.ndarray  # TensorFlow computes something else here
    any_zero: np.ndarray  # where the result is a zero of either sign


def judge(case):
    """The verdict on a case without NaN."""
    if case.gradients is not None:
        result = reference.gradient(case.gradients, case.tensor, case.attributes, case.given)
        return Verdict(_gradient(case), result.values, result.subnormal, result.zero_end)
    result = reference.forward(case.tensor, case.attributes, case.given)
    if not case.attributes.native:
        return Verdict(_forward(case), result.values, result.subnormal, result.zero_end)
    exempt = result.subnormal | result.crossed
    any_zero = result.zero_end | result.zero_clamped
    values = _xla(case) if case.tensor.dtype == BFLOAT16 else None
    return Verdict(values, result.values, exempt, any_zero)


def differs(left, right):
    """Elements with other bits; one NaN is as good as another."""
    unsigned = np.dtype(f"u{left.dtype.itemsize}")
    return (left.view(unsigned) != right.view(unsigned)) & ~(np.isnan(left) & np.isnan(right))


def disagrees(verdict):
    """Elements where TensorFlow contradicts the definition and is exempt from neither rule."""
    both_zero = (verdict.values == 0) & (verdict.definition == 0)
    found = differs(verdict.values, verdict.definition)
    return found & ~verdict.exempt & ~(verdict.any_zero & both_zero)


def _attributes(attributes):
    return {
        "signed_input": attributes.signed_input,
        "range_given": attributes.range_given,
        "narrow_range": attributes.narrow_range,
        "axis": attributes.axis,
    }


def _v4(tensor, lo, hi, attributes, **changes):
    words = {**_attributes(attributes), **changes}
    mode = "HALF_UP" if attributes.half_up else "HALF_TO_EVEN"
    return tf.raw_ops.QuantizeAndDequantizeV4(
        input=tensor,
        input_min=lo,
        input_max=hi,
        num_bits=attributes.num_bits,
        round_mode=mode,
        **words,
    )


def _v3(tensor, lo, hi, attributes):
    return tf.raw_ops.QuantizeAndDequantizeV3(
        input=tensor,
        input_min=lo,
        input_max=hi,
        num_bits=attributes.num_bits,
        **_attributes(attributes),
    )


def _ends(case, dtype):
    """The range as TensorFlow wants it: scalars or one of each channel; zeros where none is given.

    Always arrays, of rank 0 too: TensorFlow caches Python floats, np.float64 among
    them, by their value and gives back a +0 for a -0.
    """
    axis = case.attributes.axis
    shape = () if axis == -1 else (case.tensor.shape[axis],)
    given = case.given or (np.zeros(shape),) * 2
    return tuple(end.astype(dtype).reshape(shape) for end in given)


def _forward(case):
    attributes = case.attributes
    compute = compute_type(case.tensor.dtype)
    tensor = case.tensor.astype(compute)
    lo, hi = _ends(case, compute)
    if attributes.axis == -1 or not attributes.range_given:
        values = _v4(tensor, lo, hi, attributes).numpy()
    elif attributes.half_up:
        values = _by_slices(tensor, lo, hi, attributes)
    else:
        values = _v3(tensor, lo, hi, attributes).numpy()
    with np.errstate(over="ignore"):
        return values.astype(case.tensor.dtype)


def _by_slices(tensor, lo, hi, attributes):
    """V4 per tensor on each channel of its own."""
    values = np.empty_like(tensor)
    for channel in range(tensor.shape[attributes.axis]):
        at = (slice(None),) * attributes.axis + (channel,)
        values[at] = _v4(
            tensor[at], lo[channel, ...], hi[channel, ...], attributes, axis=-1
        ).numpy()
    return values


def _gradient(case):
    compute = compute_type(case.tensor.dtype)
    lo, hi = _ends(case, compute)
    answer = tf.raw_ops.QuantizeAndDequantizeV4Grad(
        gradients=case.gradients.astype(compute),
        input=case.tensor.astype(compute),
        input_min=lo,
        input_max=hi,
        axis=case.attributes.axis,
    )
    if any(np.any(end.numpy()) for end in answer[1:]):
        raise AssertionError("TensorFlow's gradient by the range is not zero")
    return answer[0].numpy().astype(case.tensor.dtype)


@functools.lru_cache(maxsize=4)
def _compiled(attributes, shape):
    """XLA compiles for each set of attributes and each shape, so a program serves both."""
    return tf.function(
        lambda x, lo, hi: _v4(x, lo, hi, attributes), jit_compile=True, autograph=False
    )


def _xla(case):
    lo, hi = _ends(case, case.tensor.dtype)
    return _compiled(case.attributes, case.tensor.shape)(case.tensor, lo, hi).numpy()
