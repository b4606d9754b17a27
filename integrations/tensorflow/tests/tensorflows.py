"""What is asked of a TensorFlow, whichever kernels it has. Importing this loads none."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import kernels

OPS = ("QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4", "QuantizeAndDequantizeV4Grad")


def load_all() -> None:
    import qdq_tensorflow

    qdq_tensorflow.load()


def load_16bit() -> None:
    import qdq_tensorflow

    qdq_tensorflow.load(float_and_double=False)


@dataclass(frozen=True)
class Call:
    """One op, run eagerly or in a graph; `tensors` and `attributes` by their names in TensorFlow."""

    op: str
    tensors: dict[str, np.ndarray]
    attributes: dict[str, object] = field(default_factory=dict)
    in_graph: bool = False


@dataclass
class Answer:
    """The op's outputs, or the failure: its class and its text."""

    outputs: list[np.ndarray] = field(default_factory=list)
    error: str = ""
    message: str = ""


def _run(call: Call) -> list[np.ndarray]:
    def op(**tensors: tf.Tensor) -> list[tf.Tensor]:
        result = getattr(tf.raw_ops, call.op)(**tensors, **call.attributes)
        return list(result) if isinstance(result, tuple) else [result]

    function: Callable = tf.function(op, autograph=False) if call.in_graph else op
    return [output.numpy() for output in function(**{name: tf.constant(t) for name, t in call.tensors.items()})]


def answer(call: Call) -> Answer:
    try:
        return Answer(_run(call))
    except Exception as error:  # whatever it is, it is the answer
        return Answer(error=type(error).__name__, message=str(error))


def answers(calls: list[Call]) -> list[Answer]:
    return [answer(call) for call in calls]


def priorities(op: str) -> dict[str, int]:
    """Of the kernels on the CPU, by element type, the highest."""
    found: dict[str, int] = {}
    for kernel in kernels.get_registered_kernels_for_op(op).kernel:
        if kernel.device_type == "CPU":
            (constraint,) = (c for c in kernel.constraint if c.name == "T")
            for value in constraint.allowed_values.list.type:
                name = tf.dtypes.as_dtype(value).name
                found[name] = max(kernel.priority, found.get(name, kernel.priority))
    return found


def all_priorities() -> dict[str, dict[str, int]]:
    return {op: priorities(op) for op in OPS}


def forward(
    version: int,
    tensor: np.ndarray,
    lo: object = 0,
    hi: object = 0,
    *,
    in_graph: bool = False,
    num_bits: int = 8,
    **attributes: object,
) -> Call:
    """QuantizeAndDequantize of the version; the range is brought to the tensor's type."""
    tensors = {
        "input": tensor,
        "input_min": np.asarray(lo, tensor.dtype),
        "input_max": np.asarray(hi, tensor.dtype),
    }
    if version == 3:
        tensors["num_bits"] = np.int32(num_bits)
    else:
        attributes["num_bits"] = num_bits
    attributes.setdefault("range_given", False)
    return Call(f"QuantizeAndDequantizeV{version}", tensors, attributes, in_graph)


def gradient(
    gradients: np.ndarray, tensor: np.ndarray, lo: object, hi: object, axis: int = -1, *, in_graph: bool = False
) -> Call:
    tensors = {
        "gradients": gradients,
        "input": tensor,
        "input_min": np.asarray(lo, tensor.dtype),
        "input_max": np.asarray(hi, tensor.dtype),
    }
    return Call("QuantizeAndDequantizeV4Grad", tensors, {"axis": axis}, in_graph)
