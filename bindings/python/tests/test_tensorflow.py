"""TensorFlow's tensors, and TensorFlow as the judge."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import reference
from reference import BFLOAT16, Attributes, same

import libqdq

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

X = np.random.default_rng(11).normal(size=(5, 7)).astype(np.float32)


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])
def test_results_are_tensors(name: str) -> None:
    x = tf.cast(tf.constant(X), name)
    array = x.numpy()
    attributes = Attributes(num_bits=5, axis=1)
    result = libqdq.quantize_and_dequantize(x, num_bits=5, axis=1)
    assert tf.is_tensor(result) and result.dtype == x.dtype
    assert same(result.numpy(), reference.forward(array, attributes))
    assert same((result + result).numpy(), (result.numpy() + result.numpy()))
    assert same(x.numpy(), array)
    lo, hi = tf.constant(-1.0, x.dtype), tf.constant(1.5, x.dtype)
    given = lo.numpy().reshape(()), hi.numpy().reshape(())
    found = libqdq.quantize_and_dequantize_grad(tf.ones_like(x), x, lo, hi)
    assert all(tf.is_tensor(end) and end.dtype == x.dtype and end.shape == () for end in found[1:])
    assert same(found[0].numpy(), reference.gradient(np.ones_like(array), array, -1, given))
    quantizer = libqdq.Quantizer(lo, hi, x.dtype)
    codes = quantizer.quantize(x)
    assert tf.is_tensor(codes) and codes.dtype == tf.int8
    assert np.array_equal(quantizer.dequantize(codes).numpy(), quantizer.apply(x).numpy())
    assert same(quantizer.apply(x).numpy(), reference.forward(array, Attributes(), given))


def test_nothing_is_copied() -> None:
    from libqdq import _dlpack

    x = tf.constant(X)
    view = _dlpack.TensorflowFamily().view(x, "x")
    assert int.from_bytes(view[0][:8], "little") == np.asarray(memoryview(x)).ctypes.data
    for dtype in (np.dtype(np.float32), BFLOAT16):
        made = _dlpack.TensorflowFamily().empty_like(x, libqdq._tensor.dtype_of(dtype))
        result = _dlpack.TensorflowFamily().result(made, x)
        assert int.from_bytes(_dlpack.TensorflowFamily().view(result, "x")[0][:8], "little") == made.ctypes.data


def test_ranges_that_are_gathered_are_arrays() -> None:
    least, greatest = libqdq.range_update(tf.constant(X), axis=1)
    assert same(least, X.min(0)) and same(greatest, X.max(0))


def test_what_has_no_memory_is_refused() -> None:
    @tf.function  # type: ignore[untyped-decorator, unused-ignore]
    def graph(x: Any) -> Any:
        return libqdq.quantize_and_dequantize(x)

    with pytest.raises(TypeError, match="x is symbolic"):
        graph(tf.constant(X))
    with pytest.raises(ValueError, match="out is read-only"):
        libqdq.quantize_and_dequantize(tf.constant(X), out=tf.constant(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("round_mode", ["HALF_TO_EVEN", "HALF_UP"])
def test_equals_the_kernel(dtype: Any, round_mode: Any) -> None:
    """QuantizeAndDequantizeV4 on fresh numbers; the sign of a zero excepted (docs/numerics.md)."""
    seed = np.random.SeedSequence().entropy
    rng = np.random.default_rng(seed)
    for _ in range(40):
        x = (rng.normal(size=rng.integers(1, 40, 3)) * rng.choice([0.01, 1, 50])).astype(dtype)
        range_given = bool(rng.integers(2))
        attributes = {
            "signed_input": bool(rng.integers(2)),
            "num_bits": int(rng.integers(2, 17)),
            "narrow_range": bool(rng.integers(2)),
            "axis": -1 if range_given else int(rng.integers(-1, 3)),  # V4 refuses both
            "round_mode": round_mode,
        }
        lo, hi = np.sort(rng.normal(size=2)).astype(dtype) if range_given else np.zeros(2, dtype)
        expected = tf.raw_ops.QuantizeAndDequantizeV4(
            input=x, input_min=lo.reshape(()), input_max=hi.reshape(()), range_given=range_given, **attributes
        ).numpy()
        ends = (lo, hi) if range_given else (None, None)
        found: Any = libqdq.quantize_and_dequantize(tf.constant(x), *ends, range_given=range_given, **attributes)
        assert same(found.numpy() + dtype(0), expected + dtype(0)), (seed, attributes, ends)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_gradient_of_the_kernel(dtype: Any) -> None:
    seed = np.random.SeedSequence().entropy
    rng = np.random.default_rng(seed)
    for axis in [-1, 0, 1, 2] * 10:
        x, gradients = (rng.normal(size=(2, *rng.integers(1, 40, 3)))).astype(dtype)
        lo, hi = np.sort(rng.normal(size=(2, 1 if axis == -1 else x.shape[axis])), axis=0).astype(dtype)
        lo, hi = (lo.reshape(()), hi.reshape(())) if axis == -1 else (lo, hi)
        expected = tf.raw_ops.QuantizeAndDequantizeV4Grad(
            gradients=gradients, input=x, input_min=lo, input_max=hi, axis=axis
        )
        found = libqdq.quantize_and_dequantize_grad(tf.constant(gradients), tf.constant(x), lo, hi, axis=axis)
        assert all(same(ours.numpy(), theirs.numpy()) for ours, theirs in zip(found, expected, strict=True)), seed
