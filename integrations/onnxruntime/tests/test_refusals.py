"""What is wrong is refused in the library's words: attributes when the session is made, tensors at the run."""

import numpy as np
import onnx
import pytest
from onnx import helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, NotImplemented, RuntimeException
from operator_session import Settings, build_model, open_session, run

from cases import Case
from reference import FLOAT32, FLOAT64, Attributes

X = np.linspace(-1, 1, 6).astype(np.float32).reshape(2, 3)

WRONG_ATTRIBUTES = [
    ({"num_bits": 0}, "num_bits is 0; expected 1 to 61 for signed input"),
    ({"num_bits": 62}, "num_bits is 62; expected 1 to 61 for signed input"),
    ({"num_bits": 63, "signed_input": 0}, "num_bits is 63; expected 1 to 62 for unsigned input"),
    ({"num_bits": 2**40}, "num_bits is 1099511627776; expected an integer of 32 bits"),
    ({"num_bits": 8.0}, "num_bits is a float; expected an integer of 32 bits"),
    ({"num_bits": "8"}, 'num_bits is "8"; expected an integer of 32 bits'),
    ({"num_bits": [8]}, "num_bits is of another type; expected an integer of 32 bits"),
    ({"num_bits": [8.0]}, "num_bits is of another type; expected an integer of 32 bits"),
    ({"num_bits": 1, "narrow_range": 1}, "num_bits is 1; expected 2 or more for signed input with narrow_range"),
    ({"axis": 2}, "axis is 2; expected -1 to 1 for a tensor of rank 2"),
    ({"axis": -2}, "axis is -2; expected -1 to 1 for a tensor of rank 2"),
    ({"signed_input": 2}, "signed_input is 2; expected 0 or 1"),
    ({"narrow_range": -1}, "narrow_range is -1; expected 0 or 1"),
    ({"round_mode": "HALF_DOWN"}, 'round_mode is "HALF_DOWN"; expected "HALF_TO_EVEN" or "HALF_UP"'),
    ({"round_mode": 1}, 'round_mode is 1; expected "HALF_TO_EVEN" or "HALF_UP"'),
    ({"arithmetic": "XLA"}, 'arithmetic is "XLA"; expected "DEFAULT" or "NATIVE"'),
    ({"degenerate": ""}, 'degenerate is ""; expected "TENSORFLOW" or "ZERO" or "ERROR"'),
    ({"range_given": 0}, "range_given is no attribute of this operator"),
]


def session(inputs=("x",), dtype=FLOAT32, shape=(2, 3), **attributes):
    node = helper.make_node("QuantizeAndDequantize", inputs, ["y"], name="here", domain="qdq", **attributes)
    names = [name for name in inputs if name]
    return open_session(build_model(node, dtype, names, shape=None if shape is None else list(shape)))


@pytest.mark.parametrize(("attributes", "words"), WRONG_ATTRIBUTES, ids=lambda value: str(value)[:40])
def test_wrong_attributes_are_refused_with_the_session(attributes, words):
    with pytest.raises(RuntimeException) as refusal:
        session(**attributes)
    assert f'QuantizeAndDequantize: node "here": {words}' in str(refusal.value)


def test_the_defaults_are_the_library_s():
    plain = session().run(None, {"x": X})[0]
    written = run(Case(Attributes(), X))
    assert plain.tobytes() == written.tobytes()


def test_an_axis_that_only_the_run_can_judge():
    made = session(shape=None, axis=2)
    with pytest.raises(InvalidArgument, match="axis is 2; expected -1 to 1 for a tensor of rank 2"):
        made.run(None, {"x": X})
    with pytest.raises(RuntimeException, match="axis is 64; expected -1 to 63"):
        session(shape=None, axis=64)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (("x", "min"), "min is given without max; expected both or neither"),
        (("x", "min", ""), "min is given without max; expected both or neither"),
        (("x", "", "max"), "max is given without min; expected both or neither"),
    ],
)
def test_half_a_range_is_refused_with_the_session(inputs, words):
    with pytest.raises(RuntimeException, match=words):
        session(inputs)


def test_inputs_with_empty_names_are_left_out():
    """On versions that crash where they infer shapes of such a node, no shapes are inferred."""
    left_out = session(("x", "", "")).run(None, {"x": X})[0]
    assert left_out.tobytes() == session().run(None, {"x": X})[0].tobytes()


WRONG_RANGES = [
    (-1, [2.0], [1.0], "input_min\\[0\\] is 2.0; expected at most input_max\\[0\\], which is 1.0"),
    (-1, [np.nan], [1.0], "input_min\\[0\\] is NaN; expected a finite number"),
    (-1, [0.0], [np.inf], "input_max\\[0\\] is inf; expected a finite number"),
    (0, [0.0, 1.0], [1.0, 0.0], "input_min\\[1\\] is 1.0; expected at most input_max\\[1\\]"),
]


@pytest.mark.parametrize(("axis", "least", "greatest", "words"), WRONG_RANGES)
def test_wrong_ranges_are_refused(axis, least, greatest, words):
    """At the run; where they are part of the model, with the session."""
    ends = np.array(least, np.float32), np.array(greatest, np.float32)
    case = Case(Attributes(range_given=True, axis=axis), X, ends)
    with pytest.raises(InvalidArgument, match=words):
        run(case)
    with pytest.raises(RuntimeException, match=words):
        run(case, Settings(constant_range=True))


@pytest.mark.parametrize("constant", [False, True])
def test_a_range_of_another_length_is_refused(constant):
    ends = np.zeros(3, np.float32), np.ones(3, np.float32)
    case = Case(Attributes(range_given=True, axis=0), X, ends)
    with pytest.raises(InvalidArgument, match="expected 3|\\[3\\]; expected|expected \\[2\\]"):
        run(case, Settings(constant_range=constant))


def test_degenerate_error():
    case = Case(Attributes(signed_input=False), -np.abs(X))
    with pytest.raises(InvalidArgument, match="channel 0 has the range .*; expected one that gives a finite scale"):
        run(case, Settings(attributes={"degenerate": "ERROR"}))


@pytest.mark.parametrize("index", [1, 2])
def test_a_range_of_another_type_is_refused_with_the_session(index):
    """By ONNX Runtime, which knows the operator of one type only."""
    node = helper.make_node("QuantizeAndDequantize", ["x", "min", "max"], ["y"], domain="qdq")
    model = build_model(node, FLOAT64, ["x", "min", "max"], shape=[2, 3])
    model.graph.input[index].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    with pytest.raises((Fail, NotImplemented)):
        open_session(model)
