"""ONNX Runtime: QuantizeLinear and DequantizeLinear; for a computed range DynamicQuantizeLinear, whose codes are unsigned.

Input and output are bound to memory that stays, so that nothing is copied or allocated between runs.
"""

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from contestant import Contestant, Lacks
from ranges import step

OPSET, IR_VERSION = 21, 10

REASONS = {
    "NOT_IMPLEMENTED": "no {dtype} kernel",
    "Type Error: Type 'tensor(": "no {dtype} in the operator",
}


def start(_threads):
    onnxruntime.set_default_logger_severity(3)


def versions():
    return {"ONNX Runtime": onnxruntime.__version__}


def values(result):
    return result.numpy()


def quantize_and_dequantize(case, threads):
    if case.gradients is not None:
        raise Lacks("no gradient")
    session = onnxruntime.InferenceSession(_model(case), _options(threads), providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(case.tensor))
    output = onnxruntime.OrtValue.ortvalue_from_numpy(np.empty_like(case.tensor))
    binding.bind_ortvalue_output("y", output)

    def call():
        session.run_with_iobinding(binding)
        return output

    return call


CONTESTANTS = [Contestant("ONNX Runtime", quantize_and_dequantize)]


def _options(threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return options


def _model(case):
    dtype = helper.np_dtype_to_tensor_dtype(case.tensor.dtype)
    ends = [helper.make_tensor_value_info(name, dtype, case.tensor.shape) for name in "xy"]
    nodes, constants = _given(case, dtype) if case.given is not None else _computed(case)
    graph = helper.make_graph(nodes, "quantize_and_dequantize", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()


def _given(case, dtype):
    scales = step(*case.given)
    per_axis = case.attributes.axis >= 0
    dimensions = [len(scales)] if per_axis else []
    axis = {"axis": case.attributes.axis} if per_axis else {}
    constants = [
        helper.make_tensor("scale", dtype, dimensions, scales),
        helper.make_tensor("zero", onnx.TensorProto.INT8, dimensions, np.zeros(len(scales), np.int8)),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["codes"], **axis),
        helper.make_node("DequantizeLinear", ["codes", "scale", "zero"], ["y"], **axis),
    ]
    return nodes, constants


def _computed(case):
    if case.attributes.axis >= 0:
        raise Lacks("no computed range per axis")
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["codes", "scale", "zero"]),
        helper.make_node("DequantizeLinear", ["codes", "scale", "zero"], ["y"]),
    ]
    return nodes, []
