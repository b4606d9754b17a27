"""What is computed otherwise than by TensorFlow's own kernels, row by row of the table in docs/tensorflow.md.

Each test shows both: what TensorFlow does, and what it does with these kernels.
"""

import concurrent.futures

import conftest
import numpy as np
import pytest
import reference
import tensorflows
from bits import assert_same, differs
from conftest import Process
from reference import BFLOAT16, FLOAT16, Attributes
from tensorflows import Answer, Call, forward

INVALID = "InvalidArgumentError"
ROW = np.linspace(-1, 1, 9, dtype=np.float32)


def both(call: Call, plain: Process) -> tuple[Answer, Answer]:
    """TensorFlow's own answer, and the one with these kernels."""
    return plain.submit(tensorflows.answer, call).result(), tensorflows.answer(call)


@pytest.mark.parametrize("dtype", [FLOAT16, BFLOAT16], ids=str)
@pytest.mark.parametrize("version", [2, 3, 4])
def test_half_and_bfloat16(version: int, dtype: np.dtype, plain: Process) -> None:
    tensor = ROW.astype(dtype)
    theirs, ours = both(forward(version, tensor, num_bits=4), plain)
    assert theirs.error == "NotFoundError"
    assert_same(ours.outputs[0], reference.forward(tensor, Attributes(num_bits=4)).values)


@pytest.mark.parametrize("dtype", [FLOAT16, BFLOAT16], ids=str)
def test_gradient_of_half_and_bfloat16(dtype: np.dtype, plain: Process) -> None:
    tensor = ROW.astype(dtype)
    theirs, ours = both(tensorflows.gradient(tensor[::-1].copy(), tensor, -0.5, 0.5), plain)
    assert theirs.error == "NotFoundError"
    inside = np.abs(ROW) <= 0.5
    assert_same(ours.outputs[0], tensor[::-1] * inside.astype(dtype))


@pytest.mark.parametrize("version", [2, 4])
def test_given_range_per_axis(version: int, plain: Process) -> None:
    tensor = np.random.default_rng(1).normal(size=(4, 3, 5)).astype(np.float32)
    lo, hi = [-1, -0.5, 0], [1, 2, 0.7]
    theirs, ours = both(forward(version, tensor, lo, hi, range_given=True, axis=1), plain)
    assert theirs.error == INVALID and "input_min must be a scalar" in theirs.message
    v3, _ = both(forward(3, tensor, lo, hi, range_given=True, axis=1), plain)
    assert_same(ours.outputs[0], v3.outputs[0])


def test_scalar_v3(plain: Process) -> None:
    theirs, ours = both(forward(3, np.asarray(np.float32(0.3)), -1, 1, range_given=True), plain)
    assert theirs.error == INVALID and "Axis requested is larger" in theirs.message
    v4, _ = both(forward(4, np.asarray(np.float32(0.3)), -1, 1, range_given=True), plain)
    assert_same(ours.outputs[0], v4.outputs[0])


def test_range_of_one_element_with_a_dimension(plain: Process) -> None:
    theirs, ours = both(forward(4, ROW, [-0.5], [0.5], range_given=True), plain)
    assert theirs.error == INVALID and "input_min must be a scalar" in theirs.message
    scalars, _ = both(forward(4, ROW, -0.5, 0.5, range_given=True), plain)
    assert_same(ours.outputs[0], scalars.outputs[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_nan(axis: int, dtype: str, plain: Process) -> None:
    """At many positions: here it never enters the range; whether it enters TensorFlow's depends on the position."""
    clean = np.random.default_rng(2).normal(size=(7, 29)).astype(dtype)
    calls, expected = [], []
    for position in [(i, j) for i in range(7) for j in range(0, 29, 4)]:
        tensor = clean.copy()
        tensor[position] = np.nan
        calls.append(forward(4, tensor, axis=axis))
        expected.append(with_nan(clean, position, axis))
    poisoned = 0
    for call, values, theirs in zip(calls, expected, plain.submit(tensorflows.answers, calls).result(), strict=True):
        assert_same(tensorflows.answer(call).outputs[0], values)
        poisoned += differs(theirs.outputs[0], values).any()
    assert poisoned > 0


def with_nan(clean: np.ndarray, position: tuple[int, int], axis: int) -> np.ndarray:
    """NaN where it stands, and the others as if a zero stood there, which has no influence on any scale."""
    tensor = clean.copy()
    tensor[position] = 0
    values = reference.forward(tensor, Attributes(axis=axis)).values.copy()
    values[position] = np.nan
    return values


@pytest.mark.parametrize(("lo", "hi"), [(np.nan, 1), (-1, np.nan), (1, -1)])
@pytest.mark.parametrize("version", [2, 3, 4])
def test_range_that_is_none(version: int, lo: float, hi: float, plain: Process) -> None:
    """Per tensor both say so."""
    theirs, ours = both(forward(version, ROW, lo, hi, range_given=True), plain)
    assert theirs.error == INVALID and "Invalid range" in theirs.message
    assert ours.error == INVALID and "expected" in ours.message


@pytest.mark.parametrize(("lo", "hi"), [(np.nan, 1), (-1, np.nan), (1, -1), (-np.inf, 1), (-1, np.inf)])
def test_range_that_is_none_per_axis(lo: float, hi: float, plain: Process) -> None:
    """Per axis TensorFlow computes something."""
    tensor = np.stack([ROW, ROW])
    theirs, ours = both(forward(3, tensor, [-1, lo], [1, hi], range_given=True, axis=0), plain)
    assert theirs.error == ""
    assert ours.error == INVALID and "[1] is" in ours.message


@pytest.mark.parametrize(("lo", "hi"), [(-np.inf, 1), (-1, np.inf)])
@pytest.mark.parametrize("version", [2, 3, 4])
def test_infinite_range(version: int, lo: float, hi: float, plain: Process) -> None:
    theirs, ours = both(forward(version, ROW, lo, hi, range_given=True), plain)
    assert np.isnan(theirs.outputs[0]).all()
    assert ours.error == INVALID and "expected a finite number" in ours.message


@pytest.mark.parametrize("version", [2, 3, 4])
def test_one_narrow_bit(version: int, plain: Process) -> None:
    theirs, ours = both(forward(version, ROW, num_bits=1, narrow_range=True), plain)
    assert not np.isfinite(theirs.outputs[0]).any()
    assert ours.error == INVALID and "num_bits is 1; expected 2 or more" in ours.message


def test_subnormal(plain: Process) -> None:
    tensor = np.array([-1.1e-38, 1.1e-38, 2e-38], np.float32)  # the last one is normal
    attributes = Attributes(num_bits=2, narrow_range=True, range_given=True)
    ends = np.float32([-2e-38]), np.float32([2e-38])
    theirs, ours = both(forward(4, tensor, -2e-38, 2e-38, range_given=True, num_bits=2, narrow_range=True), plain)
    assert_same(theirs.outputs[0], np.array([-0.0, 0, 2e-38], np.float32))
    assert_same(ours.outputs[0], reference.forward(tensor, attributes, ends).values)
    assert ours.outputs[0][1] == np.float32(2e-38)
    theirs, ours = both(tensorflows.gradient(tensor, np.zeros_like(tensor), -1, 1), plain)
    assert_same(theirs.outputs[0], np.array([-0.0, 0, 2e-38], np.float32))
    assert_same(ours.outputs[0], tensor)


def test_sign_of_zero(plain: Process) -> None:
    """Nothing above zero, and unsigned codes: inverse is that zero over qmax. Here a zero counts as +0."""
    calls = [
        forward(4, np.roll(np.array([-0.0, 0.0, -1.0, -2.0], np.float32), shift), signed_input=False, num_bits=2)
        for shift in range(4)
    ] + [forward(4, np.full(size, -0.0, np.float32)) for size in (1, 4, 16, 33)]
    other_signs = 0
    for call, theirs in zip(calls, plain.submit(tensorflows.answers, calls).result(), strict=True):
        signed, bits = call.attributes.get("signed_input", True), call.attributes["num_bits"]
        expected = reference.forward(call.tensors["input"], Attributes(signed_input=signed, num_bits=bits)).values
        assert_same(tensorflows.answer(call).outputs[0], expected)
        wrong = differs(theirs.outputs[0], expected)
        assert not (wrong & ((theirs.outputs[0] != 0) | (expected != 0))).any()
        other_signs += np.count_nonzero(wrong)
    assert other_signs > 0


def test_gradient_of_a_computed_range(plain: Process) -> None:
    """No difference: the op does not know range_given and masks with what it is passed."""
    theirs, ours = both(tensorflows.gradient(np.ones_like(ROW), ROW, 0, 0), plain)
    assert_same(theirs.outputs[0], (ROW == 0).astype(np.float32))
    assert_same(ours.outputs[0], theirs.outputs[0])


ABORTS = {
    "V3, ranges of two elements without an axis": forward(3, ROW, [-1, -1], [1, 1], range_given=True),
    "V3, a negative axis": forward(3, ROW.reshape(3, 3), [-1] * 3, [1] * 3, range_given=True, axis=-2),
}


@pytest.mark.parametrize("call", ABORTS.values(), ids=ABORTS)
def test_abort(call: Call) -> None:
    """TensorFlow ends the process."""
    with conftest.start() as doomed, pytest.raises(concurrent.futures.process.BrokenProcessPool):
        doomed.submit(tensorflows.answer, call).result()
    assert tensorflows.answer(call).error == INVALID


SAID = {
    "num_bits is 0; expected 1 to 61 for signed input": forward(4, ROW, num_bits=0),
    "num_bits is 63; expected 1 to 62 for unsigned input": forward(3, ROW, num_bits=63, signed_input=False),
    "axis is 1; expected -1 to 0 for a tensor of rank 1": forward(2, ROW, axis=1),
    "axis is -100; expected -1 to 0": forward(3, ROW, axis=-100),
    "input_min.shape is [2]; expected [9], one for each channel": forward(
        3, ROW, [0] * 2, [1] * 2, axis=0, range_given=True
    ),
    "input_max.shape is []": forward(3, ROW, [0] * 9, 1, axis=0, range_given=True),
    "num_bits is not a scalar": forward(3, ROW, num_bits=np.array([8])),
    "gradients.shape is [3, 3]; expected [9]": tensorflows.gradient(ROW.reshape(3, 3), ROW, 0, 1),
    "input_min.shape is [9]": tensorflows.gradient(ROW, ROW, [0] * 9, [1] * 9),
}


@pytest.mark.parametrize(("message", "call"), SAID.items(), ids=SAID)
def test_errors_name_the_argument(message: str, call: Call, plain: Process) -> None:
    """Both refuse; the words are the library's."""
    theirs, ours = both(call, plain)
    assert theirs.error == INVALID
    assert ours.error == INVALID and message in ours.message
