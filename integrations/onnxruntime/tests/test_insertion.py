"""Putting the operator into models, and measuring what it does."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from operator_session import LIBRARY

import qdq_onnxruntime
from cases import Case
from qdq_onnxruntime import insert_qdq
from qdq_onnxruntime.calibrate import calibrate
from qdq_onnxruntime.graph import Insertion, float_tensors, insert, make_tensor, matching
from qdq_onnxruntime.measure import measure
from reference import Attributes

sys.path.append(str(Path(__file__).parents[1] / "examples"))
import digits  # noqa: E402

FLOAT = onnx.TensorProto.FLOAT


def dense_model(**constants: np.ndarray) -> onnx.ModelProto:
    """y = relu(x w + b); what is left of it keeps its floats."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, FLOAT, ["n", size]) for name, size in [("x", 5), ("y", 4)]]
    weights = [make_tensor(name, values) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "dense", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


RNG = np.random.default_rng(6)
X, W, B = (RNG.normal(size=shape).astype(np.float32) for shape in [(9, 5), (5, 4), (4,)])
MODEL = dense_model(w=W, b=B)


def run(model: onnx.ModelProto, output: str | None = None, **feeds: np.ndarray) -> np.ndarray:
    """Without optimisations: models that compute the same are run by the same steps."""
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_prepacking", "1")
    options.register_custom_ops_library(qdq_onnxruntime.library_path())
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(output and [output], feeds)[0]


def quantized(tensor: np.ndarray, given: tuple | None = None, **attributes) -> np.ndarray:
    """By the library itself."""
    return LIBRARY.run(Case(Attributes(**attributes, range_given=given is not None), tensor, given), None)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def test_weights():
    model = insert(MODEL, [Insertion("w", {"num_bits": 3, "axis": 1}), Insertion("b", {"num_bits": 4})])
    expected = dense_model(w=quantized(W, num_bits=3, axis=1), b=quantized(B, num_bits=4))
    assert same(run(model, x=X), run(expected, x=X))
    assert not same(run(model, x=X), run(MODEL, x=X))


def test_an_input_keeps_its_name():
    model = insert(MODEL, [Insertion("x", {"num_bits": 3})])
    assert same(run(model, x=X), run(MODEL, x=quantized(X, num_bits=3)))


def test_an_output_keeps_its_name():
    model = insert(MODEL, [Insertion("y", {"num_bits": 3, "signed_input": 0})])
    assert same(run(model, "y", x=X), quantized(run(MODEL, x=X), num_bits=3, signed_input=False))


def test_a_result_in_the_middle_with_a_given_range():
    ends = np.float32(-0.5), np.float32(1.25)
    model = insert(MODEL, [Insertion("sum", {"num_bits": 4}, ends)])
    total = X @ W + B  # small enough for sums of one order
    before = run(insert_output(MODEL, "sum"), "sum", x=X)
    np.testing.assert_allclose(before, total, rtol=1e-5)
    given = tuple(end.reshape(1) for end in ends)
    assert same(run(model, x=X), np.maximum(quantized(before, given, num_bits=4), 0))


def insert_output(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.append(helper.make_tensor_value_info(name, FLOAT, ["n", 4]))
    return watched


def test_subgraphs_use_what_was_quantized():
    """If's branches see the tensors around them."""
    branches = {}
    for name, factor in [("then_branch", "x"), ("else_branch", "two")]:
        node = helper.make_node("Mul", ["x", factor], [f"{name}_y"])
        branches[name] = helper.make_graph(
            [node], name, [], [helper.make_tensor_value_info(f"{name}_y", FLOAT, [9, 5])]
        )
    inputs = [
        helper.make_tensor_value_info("x", FLOAT, [9, 5]),
        helper.make_tensor_value_info("is_then", onnx.TensorProto.BOOL, []),
    ]
    two = numpy_helper.from_array(np.float32(2).reshape(()), "two")
    node = helper.make_node("If", ["is_then"], ["y"], **branches)
    graph = helper.make_graph([node], "branches", inputs, [helper.make_tensor_value_info("y", FLOAT, [9, 5])], [two])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    changed = insert(model, [Insertion("x", {"num_bits": 3})])
    rounded = quantized(X, num_bits=3)
    assert same(run(changed, x=X, is_then=np.array(True)), rounded * rounded)
    assert same(run(changed, x=X, is_then=np.array(False)), rounded * 2)


def test_names():
    assert list(float_tensors(MODEL)) == ["x", "w", "b", "product", "sum", "y"]
    assert matching(float_tensors(MODEL), "?") == ["x", "w", "b", "y"]
    assert matching(["a[0]", "a0"], "a[0]") == ["a[0]"]
    with pytest.raises(LookupError, match="called z"):
        matching(float_tensors(MODEL), "z")
    with pytest.raises(LookupError, match="called z"):
        insert(MODEL, [Insertion("z")])


def test_calibrated_ranges():
    """The least and the greatest number, with NaN left out and a zero as +0."""
    x = np.array([[1, -0.0, 3, np.nan, -5], [2, -0.0, np.nan, np.nan, -4]], np.float32)
    expected = {
        -1: ([-5], [3]),
        0: ([-5, -4], [3, 2]),
        1: ([1, 0, 3, 0, -5], [2, 0, 3, 0, -4]),
    }
    for axis, ends in expected.items():
        for end, values in zip(calibrate(MODEL, {"x": axis}, {"x": x})["x"], ends):
            assert end.shape == (() if axis == -1 else (x.shape[axis],))
            assert same(end.reshape(-1), np.array(values, np.float32))


def test_a_calibrated_range_is_that_of_the_tensor_in_the_model():
    ends = calibrate(MODEL, {"sum": 1}, {"x": X})["sum"]
    total = run(insert_output(MODEL, "sum"), "sum", x=X)
    assert same(ends[0], total.min(axis=0)) and same(ends[1], total.max(axis=0))


def test_the_cost_is_the_difference():
    bias = B + np.float32(0.25)
    other = dense_model(w=W, b=bias)
    labels = run(MODEL, x=X).argmax(axis=1)
    labels[0] += 1
    cost = measure(MODEL, other, {"x": X}, labels)
    change = run(other, x=X).astype(np.float64) - run(MODEL, x=X)
    (difference,) = cost.differences
    assert difference.output == "y"
    assert difference.greatest == pytest.approx(np.abs(change).max())
    assert difference.rms == pytest.approx(np.sqrt((change**2).mean()))
    assert cost.accuracy_original == pytest.approx(8 / 9)
    assert cost.accuracy == pytest.approx(np.mean(run(other, x=X).argmax(axis=1) == labels))


def test_the_command_line(tmp_path, capsys):
    onnx.save(MODEL, tmp_path / "model.onnx")
    np.savez(tmp_path / "data.npz", x=X, labels=run(MODEL, x=X).argmax(axis=1))
    model, data, output = (str(tmp_path / name) for name in ("model.onnx", "data.npz", "output.onnx"))
    insert_qdq.main([model, "--list"])
    assert "product  float32" in capsys.readouterr().out

    choices = ["--tensor", "w", "axis=1", "--tensor", "sum", "range=calibrated", "signed_input=0", "num_bits=5"]
    insert_qdq.main([model, "--data", data, "--num-bits", "8", "2", *choices])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:7] for line in lines] == [" 8 bits"] * 2 + [" 2 bits"] * 2
    assert lines[1].endswith("was 100.00%")

    insert_qdq.main([model, "--output", output, "--num-bits", "4", "--tensor", "?", "--tensor", "x", "min=-1", "max=1"])
    ends = np.array([-1], np.float32), np.array([1], np.float32)
    by_hand = dense_model(w=quantized(W, num_bits=4), b=quantized(B, num_bits=4))
    y = quantized(run(by_hand, x=quantized(X, ends, num_bits=4)), num_bits=4)
    assert same(run(onnx.load(output), x=X), y)


def test_the_command_line_knows_words(tmp_path):
    onnx.save(MODEL, tmp_path / "model.onnx")
    output = str(tmp_path / "output.onnx")
    choice = ["--tensor", "w", "round_mode=HALF_UP", "arithmetic=NATIVE", "degenerate=ZERO", "narrow_range=1"]
    insert_qdq.main([str(tmp_path / "model.onnx"), "--output", output, "--num-bits", "5", *choice])
    (node,) = [node for node in onnx.load(output).graph.node if node.domain == "qdq"]
    written = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    assert written == {
        "num_bits": 5,
        "axis": -1,
        "signed_input": 1,
        "narrow_range": 1,
        "round_mode": b"HALF_UP",
        "arithmetic": b"NATIVE",
        "degenerate": b"ZERO",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tensor", "z"], "no float tensor of the model is called z"),
        (["--tensor", "x", "bits=3"], "bits is no setting"),
        (["--tensor", "x", "min=0"], "min and max of x go together"),
        (["--tensor", "x", "min=0", "max=1", "axis=0"], "min and max of x go together"),
        (["--tensor", "x", "range=given"], "range of x is given; expected computed or calibrated"),
        (["--tensor", "x", "range=calibrated"], "range=calibrated wants --data"),
        (["--tensor", "x", "num_bits=many"], "many"),
        ([], "no --tensor was named"),
        (["--tensor", "x", "--output", "y.onnx", "--num-bits", "2", "3"], "--output wants one --num-bits"),
        (["--tensor", "x", "axis=5", "DATA"], "axis is 5; expected -1 to 1 for a tensor of rank 2"),
    ],
)
def test_what_the_command_line_refuses(arguments, words, tmp_path, capsys):
    onnx.save(MODEL, tmp_path / "model.onnx")
    np.savez(tmp_path / "data.npz", x=X)
    data = ["--data", str(tmp_path / "data.npz")] if "DATA" in arguments else []
    with pytest.raises(SystemExit):
        insert_qdq.main([str(tmp_path / "model.onnx"), *(a for a in arguments if a != "DATA"), *data])
    assert words in capsys.readouterr().err


def test_the_digits():
    """A trained network: 8 bits cost nothing that shows, 2 bits much, and less with a range for each column."""
    data = digits.read_digits()
    training, test = data.part(slice(digits.TRAINING)), data.part(slice(digits.TRAINING, None))
    weights = digits.train(training)
    model = digits.build_model(weights)
    accuracy = {
        num_bits: {
            way: measure(model, insert(model, insertions), {"images": test.images}, test.labels).accuracy
            for way, insertions in digits.ways(model, training, num_bits).items()
        }
        for num_bits in (8, 2)
    }
    original = measure(model, model, {"images": test.images}, test.labels).accuracy
    assert original > 0.9
    assert all(abs(value - original) < 0.01 for value in accuracy[8].values())
    assert accuracy[2]["weights"] < accuracy[2]["weights, axis 1"] < original - 0.1

    per_axis = digits.ways(model, training, 2)["weights, axis 1"]
    rounded = {name: quantized(w, num_bits=2, axis=1) if w.ndim == 2 else w for name, w in weights.items()}
    by_hand = run(digits.build_model(rounded), images=test.images)
    assert same(run(insert(model, per_axis), images=test.images), by_hand)
