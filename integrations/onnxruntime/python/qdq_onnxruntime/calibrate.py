"""The ranges that a model's tensors have on given data."""

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from onnx import helper

from .graph import float_tensors
from .library import open_session

Range = tuple[np.ndarray, np.ndarray]


def calibrate(model: onnx.ModelProto, axes: Mapping[str, int], inputs: Mapping[str, np.ndarray]) -> dict[str, Range]:
    """The range of each tensor that `axes` names: of the whole tensor where its axis is -1, else of each index."""
    values = _observe(model, axes, inputs)
    return {name: _range(values[name], axis) for name, axis in axes.items()}


def _observe(model: onnx.ModelProto, names: Iterable[str], inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Runs the model and looks at tensors within; those of 16 bits as float, which is exact and which numpy has."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    dtypes = float_tensors(model)
    results = {}
    for name in names:
        element = onnx.TensorProto.DOUBLE if dtypes[name] == np.float64 else onnx.TensorProto.FLOAT
        results[name] = f"{name}/observed"
        watched.graph.node.append(helper.make_node("Cast", [name], [results[name]], to=element))
        watched.graph.output.append(helper.make_tensor_value_info(results[name], element, None))
    observed = open_session(watched).run(list(results.values()), dict(inputs))
    return dict(zip(results, observed, strict=True))


def _range(values: np.ndarray, axis: int) -> Range:
    """As libqdq computes it: NaN is left out, a zero is +0, and of no number at all the range is [0, 0]."""
    others = tuple(dimension for dimension in range(values.ndim) if dimension != axis)
    least = np.fmin.reduce(values, axis=others, initial=np.inf)
    greatest = np.fmax.reduce(values, axis=others, initial=-np.inf)
    is_empty, zero = least > greatest, values.dtype.type(0)
    return np.where(is_empty, zero, least) + zero, np.where(is_empty, zero, greatest) + zero
