"""Finding a model's tensors, and putting the operator after them."""

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from onnx import helper, shape_inference

from .node import import_domain, make_node

DTYPES = {
    onnx.TensorProto.FLOAT: np.dtype(np.float32),
    onnx.TensorProto.DOUBLE: np.dtype(np.float64),
    onnx.TensorProto.FLOAT16: np.dtype(np.float16),
    onnx.TensorProto.BFLOAT16: np.dtype(ml_dtypes.bfloat16),
}


@dataclass(frozen=True)
class Insertion:
    """What is to be done after a tensor: with which attributes, and the range of each channel if it is given."""

    tensor: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    range: tuple[np.ndarray, np.ndarray] | None = None


def float_tensors(model: onnx.ModelProto) -> dict[str, np.dtype]:
    """The inputs, weights and results of the graph that the operator can take, in the graph's order."""
    graph = shape_inference.infer_shapes(model).graph
    types = {info.name: info.type.tensor_type.elem_type for info in [*graph.input, *graph.value_info, *graph.output]}
    types |= {weight.name: weight.data_type for weight in graph.initializer}
    inputs = [tensor.name for tensor in [*graph.input, *graph.initializer]]
    names = dict.fromkeys([*inputs, *(name for node in graph.node for name in node.output)])
    return {name: DTYPES[types[name]] for name in names if types.get(name) in DTYPES}


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """The names that the pattern is or, with its *, ? and [], stands for."""
    names = list(names)
    found = [pattern] if pattern in names else fnmatch.filter(names, pattern)
    if not found:
        raise LookupError(f"no float tensor of the model is called {pattern}")
    return found


def insert(model: onnx.ModelProto, insertions: Iterable[Insertion]) -> onnx.ModelProto:
    """A copy of the model in which each of the tensors is quantized and dequantized before anything uses it."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    dtypes = float_tensors(model)
    for insertion in insertions:
        if insertion.tensor not in dtypes:
            raise LookupError(f"no float tensor of the model is called {insertion.tensor}")
        _insert(result.graph, insertion, dtypes[insertion.tensor])
    import_domain(result)
    return result


def _insert(graph: onnx.GraphProto, insertion: Insertion, dtype: np.dtype) -> None:
    name = insertion.tensor
    ends: dict[str, Any] = {}
    if insertion.range is not None:
        for end, values in zip(("min", "max"), insertion.range, strict=True):
            ends[end] = f"{name}/{end}"
            graph.initializer.append(make_tensor(ends[end], values.astype(dtype)))
    x, y, place = _open(graph, name)
    graph.node.insert(place, make_node(x, y, name=f"{name}/qdq", **ends, **insertion.attributes))


def _open(graph: onnx.GraphProto, name: str) -> tuple[str, str, int]:
    """Parts a tensor from its users: the two names, and the place of the node between them.

    An input keeps its name, and its users are told another. Everything else keeps its users, which may be the caller.
    """
    if any(tensor.name == name for tensor in graph.input):
        if any(tensor.name == name for tensor in graph.output):
            raise ValueError(f"{name} is an input and an output of the model: nothing can come between")
        _rename_uses(graph, name, f"{name}/quantized")
        return name, f"{name}/quantized", 0
    original = f"{name}/original"
    for weight in graph.initializer:
        if weight.name == name:
            weight.name = original
            return original, name, 0
    for place, node in enumerate(graph.node):
        if name in node.output:
            node.output[list(node.output).index(name)] = original
            return original, name, place + 1
    raise LookupError(f"the model has no tensor {name}")


def _rename_uses(graph: onnx.GraphProto, name: str, new_name: str) -> None:
    """In subgraphs, too: they see the tensors around them, and may not call others by the same name."""
    for node in graph.node:
        node.input[:] = [new_name if used == name else used for used in node.input]
        for attribute in node.attribute:
            for subgraph in [attribute.g, *attribute.graphs]:
                _rename_uses(subgraph, name, new_name)
    for result in graph.output:
        if result.name == name:
            result.name = new_name


def make_tensor(name: str, values: np.ndarray) -> onnx.TensorProto:
    """As onnx.numpy_helper.from_array, which has not always known bfloat16."""
    element = next(element for element, dtype in DTYPES.items() if dtype == values.dtype)
    return helper.make_tensor(name, element, values.shape, values.tobytes(), raw=True)
