"""half and bfloat16: what the definition gives, computed in numpy; TensorFlow's float kernel agrees with it."""

import dataclasses

import drawn
import numpy as np
import pytest
import tensorflow as tf
import tensorflows
from bits import assert_same, differs
from conftest import Process
from reference import BFLOAT16, FLOAT16

DTYPES = (FLOAT16, BFLOAT16)
CALLS = 150  # of each op and type


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("op", ["V2", "V3", "V4", "V4Grad"])
def test_drawn(op: str, dtype: np.dtype) -> None:
    """Eager and in graphs, per tensor and per axis, the range computed or given."""
    rng = np.random.default_rng([DTYPES.index(dtype), ord(op[-1]), int(op[1]), 16])
    for _ in range(CALLS):
        size = int(2 ** rng.uniform(0, 12))
        if op == "V4Grad":
            draw = drawn.gradient(rng, dtype, size)
        else:
            draw = drawn.forward(rng, dtype, size, int(op[1]), as_tensorflow=False)
        answer = tensorflows.answer(draw.call)
        assert answer.error == "", (draw.call, answer)
        assert_same(answer.outputs[0], draw.definition.values)
        for by_range, end in zip(answer.outputs[1:], ("input_min", "input_max"), strict=False):
            assert_same(by_range, np.zeros_like(draw.call.tensors[end]))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_float_rounded_once(dtype: np.dtype, plain: Process) -> None:
    """TensorFlow's own float kernel on the widened numbers, its result rounded to the type."""
    rng = np.random.default_rng(17)
    draws = [drawn.forward(rng, dtype, 2000, 3, as_tensorflow=True) for _ in range(60)]
    calls = [draw.call for draw in draws]
    for draw, theirs in zip(
        draws, plain.submit(tensorflows.answers, [widened(call) for call in calls]).result(), strict=True
    ):
        with np.errstate(over="ignore"):
            expected = theirs.outputs[0].astype(dtype)
        ours = tensorflows.answer(draw.call).outputs[0]
        zeros = draw.definition.zero_end & (expected == 0) & (ours == 0)
        assert not (differs(ours, expected) & ~draw.definition.subnormal & ~zeros).any()


def widened(call: tensorflows.Call) -> tensorflows.Call:
    tensors = {name: t if name == "num_bits" else t.astype(np.float32) for name, t in call.tensors.items()}
    return dataclasses.replace(call, tensors=tensors)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_any_range_masks_a_gradient(dtype: np.dtype, plain: Process) -> None:
    """As for float: the mask is TensorFlow's, which the widened numbers show."""
    ends = [-np.inf, -1, -0.0, 0, 1, np.inf, np.nan]
    row = np.array([-np.inf, -2, -1, -0.0, 0, 0.5, 1, 2, np.inf, np.nan], np.float32)
    los, his = (each.ravel() for each in np.meshgrid(ends, ends))
    tensor = np.broadcast_to(row, (3, len(los), len(row))).copy()
    gradients = np.linspace(-3, 3, tensor.size, dtype=np.float32).reshape(tensor.shape).astype(dtype)
    calls = [tensorflows.gradient(gradients, tensor.astype(dtype), los, his, 1)]
    calls += [tensorflows.gradient(gradients[0, 0], row.astype(dtype), lo, hi) for lo, hi in zip(los, his, strict=True)]
    theirs = plain.submit(tensorflows.answers, [widened(call) for call in calls]).result()
    for call, their in zip(calls, theirs, strict=True):
        for left, right in zip(tensorflows.answer(call).outputs, their.outputs, strict=True):
            assert_same(left, right.astype(dtype))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64], ids=lambda d: d.name)
def test_public_function(dtype: tf.DType) -> None:
    """tf.quantization.quantize_and_dequantize_v2: eager, in a tf.function, in one of unknown shape."""
    tensor = tf.constant([[-8, -0.3, 0.2], [1, 6, 20]], dtype)

    def quantize(x: tf.Tensor) -> tf.Tensor:
        return tf.quantization.quantize_and_dequantize_v2(x, -8, 7, num_bits=4, range_given=True)

    expected = np.array([[-8, -0.0, 0], [1, 6, 7]], dtype.as_numpy_dtype)
    assert_same(quantize(tensor).numpy(), expected)
    assert_same(tf.function(quantize)(tensor).numpy(), expected)
    of_any_shape = tf.function(quantize, input_signature=[tf.TensorSpec(None, dtype)])
    assert_same(of_any_shape(tensor).numpy(), expected)
    assert_same(of_any_shape(tensor[0]).numpy(), expected[0])


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda d: d.name)
@pytest.mark.parametrize("in_graph", [False, True])
def test_gradient_tape(in_graph: bool, dtype: tf.DType) -> None:
    variable = tf.Variable([[-2.0, 0.5], [1.0, 3.0]], dtype=dtype)
    lo, hi = tf.constant([-1, 0], dtype), tf.constant([1, 2], dtype)

    def gradients() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch([lo, hi])
            output = tf.quantization.quantize_and_dequantize_v2(variable, lo, hi, range_given=True, axis=0)
            loss = tf.reduce_sum(output * tf.constant([[2, 3], [5, 7]], dtype))
        return tape.gradient(loss, [variable, lo, hi])

    by_variable, by_lo, by_hi = (tf.function(gradients) if in_graph else gradients)()
    assert_same(by_variable.numpy(), np.array([[0, 3], [5, 0]], dtype.as_numpy_dtype))
    assert_same(by_lo.numpy(), np.zeros(2, dtype.as_numpy_dtype))
    assert_same(by_hi.numpy(), np.zeros(2, dtype.as_numpy_dtype))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda d: d.name)
@pytest.mark.parametrize("version", [2, 3])
def test_gradient_of_the_older_ops(version: int, dtype: tf.DType) -> None:
    """Theirs is that of the identity."""
    tensor = tf.constant([-2.0, 0.5, 3.0], dtype)
    op = getattr(tf.raw_ops, f"QuantizeAndDequantizeV{version}")
    words = {"num_bits": 8} if version == 3 else {}
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        output = op(input=tensor, input_min=tf.cast(-1, dtype), input_max=tf.cast(1, dtype), range_given=True, **words)
    assert_same(tape.gradient(output, tensor).numpy(), np.ones(3, dtype.as_numpy_dtype))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32], ids=lambda d: d.name)
def test_gradient_of_a_computed_range_by_widest_arguments(dtype: tf.DType) -> None:
    """docs/tensorflow.md's way: the unused range is what the gradient masks with, so let it be the widest."""
    tensor = tf.constant([-2.0, 0.5, 3.0], dtype)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensor)
        widest = tf.quantization.quantize_and_dequantize_v2(tensor, dtype.min, dtype.max, range_given=False)
        zeros = tf.quantization.quantize_and_dequantize_v2(tensor, 0, 0, range_given=False)
    assert_same(widest.numpy(), zeros.numpy())
    assert_same(tape.gradient(widest, tensor).numpy(), np.ones(3, dtype.as_numpy_dtype))
    assert_same(tape.gradient(zeros, tensor).numpy(), np.zeros(3, dtype.as_numpy_dtype))
