"""Answers known beforehand, in codes: the situations in which TensorFlow tests its own kernels of these ops.

Those are quantize_and_dequantize_op_test.cc and the QuantizeAndDequantize part of array_ops_test.py. Here every
answer is exact, not near.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
import tensorflow as tf
import tensorflows
from bits import assert_same
from tensorflows import Call, answer, forward

DTYPES = ("float32", "float64")
VALUES = (-1, -0.5, 0, 0.3, 0.8, 0.555, 0.50390625)  # the last one is halfway between codes of 1/128
SHAPE = (2, 3, 4, 5)


def along(axis: int, values: tuple[float, ...], dtype: str) -> np.ndarray:
    """The values over and over; those of index i of the axis are i + 1 times as large."""
    tensor = np.resize(np.array(values, dtype), SHAPE)
    if axis >= 0:
        factors = np.arange(1, SHAPE[axis] + 1, dtype=dtype)
        tensor *= factors.reshape([-1 if i == axis else 1 for i in range(len(SHAPE))])
    return tensor


@dataclass(frozen=True)
class Grid:
    """Attributes, the codes of VALUES, and how many steps there are to 1."""

    codes: tuple[int, ...]
    steps: int
    attributes: dict[str, object] = field(default_factory=dict)
    versions: tuple[int, ...] = (2, 3, 4)


GRIDS = {
    "8 bits": Grid((-128, -64, 0, 38, 102, 71, 64), 128),
    "8 bits, half up": Grid((-128, -64, 0, 38, 102, 71, 65), 128, {"round_mode": "HALF_UP"}, (2, 4)),
    "8 bits, narrow": Grid((-127, -64, 0, 38, 102, 70, 64), 127, {"narrow_range": True}),
    "8 bits, narrow, half up": Grid(
        (-127, -63, 0, 38, 102, 70, 64), 127, {"narrow_range": True, "round_mode": "HALF_UP"}, (2, 4)
    ),
    "4 bits": Grid((-8, -4, 0, 2, 6, 4, 4), 8, {"num_bits": 4}),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [-1, 0, 1, 2, 3])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_computed_range(grid: Grid, axis: int, dtype: str) -> None:
    unused = 0 if axis == -1 else [0] * SHAPE[axis]
    expected = along(axis, (1,), dtype) / np.dtype(dtype).type(grid.steps) * np.resize(grid.codes, SHAPE)
    for version in grid.versions:
        for in_graph in (False, True):
            call = forward(
                version, along(axis, VALUES, dtype), unused, unused, in_graph=in_graph, axis=axis, **grid.attributes
            )
            assert_same(answer(call).outputs[0], expected.astype(dtype))
            assert not np.any(call.tensors["input_min"]) and not np.any(call.tensors["input_max"])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [None, 0, 1, 2, 3, -1, -2, -3, -4])
def test_axis_of_the_public_function(axis: int | None, dtype: str) -> None:
    """None is the tensor; a negative axis counts from the end."""
    place = -1 if axis is None else axis % len(SHAPE)
    unused = 0 if axis is None else [0] * SHAPE[place]
    quantized = tf.quantization.quantize_and_dequantize_v2(
        tf.constant(along(place, VALUES, dtype)), unused, unused, range_given=False, axis=axis, round_mode="HALF_UP"
    )
    steps = np.dtype(dtype).type(128)
    expected = along(place, (1,), dtype) / steps * np.resize(GRIDS["8 bits, half up"].codes, SHAPE)
    assert_same(quantized.numpy(), expected.astype(dtype))


GIVEN = {
    "signed": ((-1, 1), {}, (-0.8, -0.5, 0, 0.3, 0.8, 0.555, -2, 33), (-102, -64, 0, 38, 102, 70, -128, 127), 127),
    "signed, half up": (
        (-1, 1),
        {"round_mode": "HALF_UP"},
        (-0.8, -0.5, 0, 0.3, 0.8, 0.555, -2, 33),
        (-102, -63, 0, 38, 102, 70, -128, 127),
        127,
    ),
    "unsigned": ((0, 1), {"signed_input": False}, (-0.5, 0, 0.3, 0.8), (0, 0, 76, 204), 255),
    "unsigned, half up": (
        (0, 1),
        {"signed_input": False, "round_mode": "HALF_UP"},
        (-0.5, 0, 0.3, 0.8),
        (0, 0, 77, 204),
        255,
    ),
}


@pytest.mark.parametrize("shape", [(-1,), (2, -1), (2, 2, -1, 1)], ids=str)
@pytest.mark.parametrize(
    ("name", "version"),
    [(name, version) for name in GIVEN for version in (2, 3, 4) if version != 3 or "up" not in name],
)
def test_given_range(name: str, version: int, shape: tuple[int, ...]) -> None:
    """0.3 of 255 steps is halfway, in float32 as in decimal; V3 has no round_mode."""
    (lo, hi), attributes, values, codes, steps = GIVEN[name]
    tensor = np.array(values, np.float32).reshape(shape)
    expected = np.array(codes, np.float32).reshape(shape) * (np.float32(1) / np.float32(steps))
    assert_same(answer(forward(version, tensor, lo, hi, range_given=True, **attributes)).outputs[0], expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("version", [2, 3, 4])
def test_one_number_stays(version: int, dtype: str) -> None:
    assert_same(answer(forward(version, np.array([-3.5], dtype))).outputs[0], np.array([-3.5], dtype))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("version", [2, 3, 4])
def test_zeros_stay(version: int, signed: bool) -> None:
    zeros = np.zeros((2, 2, 1, 1), np.float32)
    assert_same(answer(forward(version, zeros, signed_input=signed)).outputs[0], zeros)


@pytest.mark.parametrize("axis", [-1, 1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_is_that_of_what_is_inside(dtype: str, axis: int) -> None:
    gradients = along(axis, (1, -2, -3, 4, 5, 6, -7, -8, -9, -10, 11), dtype)
    tensor = along(axis, VALUES, dtype)
    hi = np.array(0.8 if axis == -1 else 0.8 + 0.4 * np.arange(SHAPE[axis]), dtype)
    ends = hi if axis == -1 else hi.reshape([-1 if i == axis else 1 for i in range(len(SHAPE))])
    inside = (-ends <= tensor) & (tensor <= ends)
    assert inside.any() and not inside.all()
    outputs = answer(tensorflows.gradient(gradients, tensor, -hi, hi, axis)).outputs
    assert_same(outputs[0], gradients * inside.astype(dtype))
    assert_same(outputs[1], np.zeros_like(hi))
    assert_same(outputs[2], np.zeros_like(hi))


def test_jacobian() -> None:
    """Through autodiff: 1 on the diagonal for what is inside, and nothing else."""
    tensor = tf.constant([[-19.0, -3.0], [-10.0, 4.0]], tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensor)
        output = tf.quantization.quantize_and_dequantize_v2(tensor, -10, 0, range_given=True)
    jacobian = tape.jacobian(output, tensor, experimental_use_pfor=False).numpy().reshape(4, 4)
    assert_same(jacobian, np.diag([0.0, 1, 1, 0]))


REFUSED: dict[str, Call] = {
    f"V{version}, {name}": forward(version, np.array([-0.5, 0, 0.3, 0.8], np.float32), lo, hi, **attributes)
    for version in (2, 3, 4)
    for name, lo, hi, attributes in [
        ("min > max", 1, 0, {"range_given": True}),
        ("axis 10", 0, 1, {"axis": 10}),
        ("axis -2", 0, 1, {"axis": -2}),
        ("axis -100", [0] * 4, [1] * 4, {"axis": -100, "range_given": True}),
        ("the largest axis", 0, 1, {"axis": 2**31 - 1}),
        ("a range of rank 2", [[0]], [[1]], {"range_given": True}),
        ("no range", [], [], {"range_given": True}),
        ("too long a range", [0] * 5, [1] * 5, {"axis": 0, "range_given": True}),
        ("no bits", 0, 1, {"num_bits": 0}),
        ("too many bits", 0, 1, {"num_bits": 62}),
    ]
} | {
    "V3, num_bits is empty": forward(3, np.ones(2, np.float32), num_bits=np.array([], np.int32)),
    "V4Grad, the largest axis": tensorflows.gradient(np.ones(1), np.ones(1), [0], [1], 2**31 - 1),
    "V4Grad, axis 3": tensorflows.gradient(np.ones(1), np.ones(1), [0], [1], 3),
    "V4Grad, a range of rank 2": tensorflows.gradient(np.ones(1), np.ones(1), [[0]], [[1]]),
    "V4Grad, no range": tensorflows.gradient(np.ones(1), np.ones(1), [], []),
    "V4Grad, other gradients": tensorflows.gradient(np.ones(2), np.ones(1), 0, 1),
}


@pytest.mark.parametrize("in_graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_refused(call: Call, in_graph: bool) -> None:
    """An error, from the kernel or already while a graph is made; never an abort."""
    result = answer(Call(call.op, call.tensors, call.attributes, in_graph))
    assert result.error in ("InvalidArgumentError", *(["ValueError"] if in_graph else [])), result
