"""Sessions whose model is one node of the operator, and the two that its results are compared with."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper

import qdq_onnxruntime
from qdq_onnxruntime.graph import DTYPES, make_tensor

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tools" / "golden"))

import reference  # noqa: E402
from cases import Case  # noqa: E402
from library import Library  # noqa: E402
from reference import BFLOAT16, Attributes  # noqa: E402

ELEMENTS = {dtype: element for element, dtype in DTYPES.items()}
VERSION = tuple(int(number) for number in onnxruntime.__version__.split(".")[:2])
# Older ones take no bfloat16 from Python: there the model converts, exactly, from float and to float.
TAKES_BFLOAT16 = hasattr(onnxruntime.OrtValue, "ortvalue_from_numpy_with_onnx_type")

LIBRARY = Library(os.environ["QDQ_LIBRARY"])


@dataclass(frozen=True)
class Settings:
    """How a case becomes a session."""

    threads: int = 1
    constant_range: bool = False
    shape: list | None = None  # as the model declares it; None: not at all
    attributes: dict = field(default_factory=dict)  # beside the case's


DEFAULT = Settings()


def run(case: Case, settings: Settings = DEFAULT) -> np.ndarray:
    """The operator's result."""
    session = open_session(build(case, settings), settings.threads)
    return run_session(session, case, settings)


def run_session(session: onnxruntime.InferenceSession, case: Case, settings: Settings = DEFAULT) -> np.ndarray:
    feeds = {"x": case.tensor}
    if case.given is not None and not settings.constant_range:
        feeds |= {name: shaped_end(case, end) for name, end in zip(("min", "max"), case.given)}
    if case.tensor.dtype != BFLOAT16:
        return session.run(["y"], feeds)[0]
    if not TAKES_BFLOAT16:
        feeds = {name: array.astype(np.float32) for name, array in feeds.items()}
        return session.run(["y"], feeds)[0].astype(BFLOAT16)
    return _run_bfloat16(session, feeds)


def _run_bfloat16(session: onnxruntime.InferenceSession, feeds: dict[str, np.ndarray]) -> np.ndarray:
    """By memory that stays: Python's arrays of bfloat16 are none to ONNX Runtime."""
    output = np.full_like(feeds["x"], 77)
    values = {name: _ort_value(array) for name, array in [*feeds.items(), ("y", output)]}
    binding = session.io_binding()
    for name in feeds:
        binding.bind_ortvalue_input(name, values[name])
    binding.bind_ortvalue_output("y", values["y"])
    session.run_with_iobinding(binding)
    return output


def _ort_value(array: np.ndarray) -> onnxruntime.OrtValue:
    from_bits = onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type
    return from_bits(array.view(np.uint16), onnx.TensorProto.BFLOAT16)


def shaped_end(case: Case, end: np.ndarray) -> np.ndarray:
    """With an axis as it is; without one, a scalar."""
    return end if case.attributes.axis >= 0 else end.reshape(())


def open_session(model: onnx.ModelProto, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    options.register_custom_ops_library(qdq_onnxruntime.library_path())
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def build(case: Case, settings: Settings) -> onnx.ModelProto:
    attributes = node_attributes(case.attributes) | settings.attributes
    ends = ("min", "max") if case.given is not None else ()
    node = qdq_onnxruntime.make_node("x", "y", **{end: end for end in ends}, **attributes)
    constants = []
    if settings.constant_range:
        constants = [make_tensor(name, shaped_end(case, end)) for name, end in zip(ends, case.given)]
        ends = ()
    return build_model(node, case.tensor.dtype, ["x", *ends], constants, settings.shape)


def node_attributes(attributes: Attributes) -> dict:
    return {
        "signed_input": attributes.signed_input,
        "num_bits": attributes.num_bits,
        "narrow_range": attributes.narrow_range,
        "axis": attributes.axis,
        "round_mode": "HALF_UP" if attributes.half_up else "HALF_TO_EVEN",
        "arithmetic": "NATIVE" if attributes.native else "DEFAULT",
    }


def build_model(
    node: onnx.NodeProto,
    dtype: np.dtype = reference.FLOAT32,
    inputs: Sequence[str] = ("x",),
    constants: Sequence[onnx.TensorProto] = (),
    shape: list | None = None,
) -> onnx.ModelProto:
    """A model of one node, of which the first input has the shape and the others none."""
    element, nodes = ELEMENTS[dtype], [node]
    if dtype == BFLOAT16 and not TAKES_BFLOAT16:
        nodes = _converted(node, inputs)
        element = onnx.TensorProto.FLOAT
    shapes = [shape] + [None] * (len(inputs) - 1)
    ends = [helper.make_tensor_value_info(name, element, shape) for name, shape in zip(inputs, shapes)]
    output = helper.make_tensor_value_info("y", element, None)
    graph = helper.make_graph(nodes, "one_node", ends, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    qdq_onnxruntime.import_domain(model)
    return model


def _converted(node: onnx.NodeProto, inputs: Sequence[str]) -> list[onnx.NodeProto]:
    def cast(name: str, result: str, element: int) -> onnx.NodeProto:
        return helper.make_node("Cast", [name], [result], to=element)

    before = [cast(name, f"{name}16", onnx.TensorProto.BFLOAT16) for name in inputs]
    node.input[:] = [f"{name}16" if name in inputs else name for name in node.input]
    node.output[:] = ["y16"]
    return [*before, node, cast("y16", "y", onnx.TensorProto.FLOAT)]


def differing(actual: np.ndarray, expected: np.ndarray) -> int:
    """How many elements have other bits; which NaN a NaN is does not count."""
    assert actual.dtype == expected.dtype and actual.shape == expected.shape
    unsigned = f"u{actual.dtype.itemsize}"
    both_nan = np.isnan(actual.astype(np.float64)) & np.isnan(expected.astype(np.float64))
    return int(np.count_nonzero((actual.view(unsigned) != expected.view(unsigned)) & ~both_nan))


def assert_right(case: Case, settings: Settings = DEFAULT) -> np.ndarray:
    """The result has the bits of the library and those of the definition."""
    actual = run(case, settings)
    assert differing(actual, LIBRARY.run(case, None)) == 0
    definition = reference.forward(case.tensor, case.attributes, case.given).values
    assert differing(actual, definition) == 0
    return actual
