"""float and double: TensorFlow's own results keep their bits, whatever the attributes, shapes and values.

Not compared are the elements that docs/tensorflow.md lists as computed otherwise: those where a subnormal number takes
part, and the sign of a zero where the greatest element is a zero. test_differences.py shows each of them.
"""

import itertools

import drawn
import numpy as np
import pytest
import tensorflows
from bits import assert_same, differs
from conftest import Process

DTYPES = ("float32", "float64")
CALLS = 250  # of each op and type
LARGE = (1 << 21) + 3  # elements: what the library and TensorFlow do in pieces


def draw(op: str, dtype: str, rng: np.random.Generator) -> drawn.Drawn:
    size = int(2 ** rng.uniform(0, rng.choice([9, 14])))
    if op == "V4Grad":
        return drawn.gradient(rng, np.dtype(dtype), size)
    return drawn.forward(rng, np.dtype(dtype), size, int(op[1]), as_tensorflow=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["V2", "V3", "V4", "V4Grad"])
def test_drawn(op: str, dtype: str, plain: Process) -> None:
    rng = np.random.default_rng([DTYPES.index(dtype), ord(op[-1]), int(op[1])])
    draws = [draw(op, dtype, rng) for _ in range(CALLS)]
    calls = [d.call for d in draws]
    elements = exempt_elements = 0
    for d, theirs, ours in zip(
        draws, plain.submit(tensorflows.answers, calls).result(), tensorflows.answers(calls), strict=True
    ):
        assert (theirs.error, ours.error) == ("", ""), d.call
        definition = d.definition
        zeros = definition.zero_end & (theirs.outputs[0] == 0) & (ours.outputs[0] == 0)
        exempt = definition.subnormal | zeros
        wrong = differs(theirs.outputs[0], ours.outputs[0]) & ~exempt
        assert not wrong.any(), (d.call, np.argwhere(wrong)[0])
        for left, right in zip(theirs.outputs[1:], ours.outputs[1:], strict=True):
            assert_same(left, right)
        elements += wrong.size
        exempt_elements += np.count_nonzero(exempt)
    assert elements > 50_000
    assert exempt_elements < 0.15 * elements


@pytest.mark.parametrize("dtype", DTYPES)
def test_large(dtype: str, plain: Process) -> None:
    rng = np.random.default_rng(7)
    flat = rng.normal(size=LARGE).astype(dtype)
    square = flat[: 1024 * 2048].reshape(1024, 2048)
    calls = [
        tensorflows.forward(4, flat),
        tensorflows.forward(4, flat, -1.5, 2, range_given=True, round_mode="HALF_UP"),
        tensorflows.forward(2, square, axis=0, signed_input=False),
        tensorflows.forward(4, square, axis=1, num_bits=4),
        tensorflows.forward(3, square, -np.arange(1, 2049) / 1e3, np.arange(2048) / 1e3, axis=1, range_given=True),
        tensorflows.gradient(flat[::-1].copy(), flat, -1.5, 0.5),
    ]
    assert_same_answers(calls, plain)


# The range of a gradient may be what was written for unused arguments.
ENDS = (-np.inf, -1.0, -0.0, 0.0, 1.0, np.inf, np.nan)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_range_masks_a_gradient(dtype: str, plain: Process) -> None:
    """NaN, infinities and a wrong order too: as TensorFlow does, per tensor and for each channel by itself."""
    row = np.array([-np.inf, -2, -1, -0.0, 0, 0.3, 1, 2, np.inf, np.nan], dtype)
    gradients = np.array([1, -2, 3, -4, 5, -6, np.inf, -np.inf, np.nan, 0], dtype)
    pairs = list(itertools.product(ENDS, ENDS))
    calls = [tensorflows.gradient(g, row, lo, hi) for lo, hi in pairs for g in (gradients, gradients[::-1].copy())]
    los, his = np.array(pairs).T
    for shape in [(len(pairs), 1), (1, len(pairs), 1), (3, len(pairs), 2)]:
        tensor = np.broadcast_to(row, (*shape, len(row))).copy()
        broadcast = np.broadcast_to(gradients, tensor.shape).copy()
        calls.append(tensorflows.gradient(broadcast, tensor, los, his, len(shape) - 2))
    moved = np.broadcast_to(row[:, np.newaxis], (len(row), len(pairs))).copy()
    calls.append(tensorflows.gradient(np.ones_like(moved), moved, los, his, 1))
    assert_same_answers(calls, plain)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("ones_before", "ones_behind"), [(0, 64), (64, 0), (40, 40), (250, 0), (0, 250), (125, 125)])
def test_more_dimensions_than_the_library_has(ones_before: int, ones_behind: int, dtype: str, plain: Process) -> None:
    """TensorFlow reshapes to up to 253, the library has 64."""
    values = np.random.default_rng(8).normal(size=(3, 4, 5)).astype(dtype)
    shape = [1] * ones_before + [3, 4, 5] + [1] * ones_behind
    same = [plain.submit(many_dimensions, values, shape, axis).result() for axis in axes(ones_before, shape)]
    for axis, theirs in zip(axes(ones_before, shape), same, strict=True):
        for left, right in zip(theirs, many_dimensions(values, shape, axis), strict=True):
            assert_same(left, right)


def axes(ones_before: int, shape: list[int]) -> list[int]:
    return [-1, 0, ones_before, ones_before + 1, ones_before + 2, len(shape) - 1]


def many_dimensions(values: np.ndarray, shape: list[int], axis: int) -> list[np.ndarray]:
    """In a shape that numpy has not: flat outside of TensorFlow."""
    import tensorflow as tf

    tensor = tf.reshape(values, shape)
    ends = () if axis == -1 else (shape[axis],)
    lo, hi = tf.fill(ends, tf.constant(-0.5, tensor.dtype)), tf.fill(ends, tf.constant(0.75, tensor.dtype))
    forward = tf.raw_ops.QuantizeAndDequantizeV4(input=tensor, input_min=lo, input_max=hi, axis=axis, num_bits=5)
    given = tf.raw_ops.QuantizeAndDequantizeV3(input=tensor, input_min=lo, input_max=hi, axis=axis, num_bits=5)
    back = tf.raw_ops.QuantizeAndDequantizeV4Grad(gradients=tensor, input=tensor, input_min=lo, input_max=hi, axis=axis)
    assert forward.shape == given.shape == back[0].shape == tuple(shape)
    return [tf.reshape(each, [-1]).numpy() for each in (forward, given, *back)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_empty(dtype: str, plain: Process) -> None:
    calls = []
    for shape in [(0,), (0, 3), (3, 0), (2, 0, 3)]:
        empty = np.zeros(shape, dtype)
        for axis in range(-1, len(shape)):
            ends = np.zeros(() if axis == -1 else shape[axis])
            calls += [tensorflows.forward(version, empty, ends, ends, axis=axis) for version in (2, 3, 4)]
            calls.append(tensorflows.gradient(empty, empty, ends, ends, axis))
            calls.append(tensorflows.gradient(empty, empty, ends + 1, ends - 1, axis))
    assert_same_answers(calls, plain)


def assert_same_answers(calls: list[tensorflows.Call], plain: Process) -> None:
    for call, theirs in zip(calls, plain.submit(tensorflows.answers, calls).result(), strict=True):
        ours = tensorflows.answer(call)
        assert (theirs.error, ours.error) == ("", ""), call
        for left, right in zip(theirs.outputs, ours.outputs, strict=True):
            assert_same(left, right)
