"""The operator's nodes."""

import onnx
from onnx import helper

DOMAIN = "qdq"
OPERATOR = "QuantizeAndDequantize"
VERSION = 1


def make_node(
    x: str,
    y: str,
    *,
    min: str = "",
    max: str = "",
    name: str | None = None,
    signed_input: bool = True,
    num_bits: int = 8,
    round_mode: str = "HALF_TO_EVEN",
    narrow_range: bool = False,
    axis: int = -1,
    arithmetic: str = "DEFAULT",
    degenerate: str = "TENSORFLOW",
) -> onnx.NodeProto:
    """A node that computes `y` from `x`.

    `min` and `max` name the tensors of a given range: one number each, or with an axis as many as x has along it.
    Without them the range is the data's own, computed at each run.
    """
    if bool(min) != bool(max):
        raise ValueError(f"min is {min!r} and max is {max!r}; expected both or neither")
    return helper.make_node(
        OPERATOR,
        [x, min, max] if min else [x],
        [y],
        name=name,
        domain=DOMAIN,
        signed_input=int(signed_input),
        num_bits=num_bits,
        round_mode=round_mode,
        narrow_range=int(narrow_range),
        axis=axis,
        arithmetic=arithmetic,
        degenerate=degenerate,
    )


def import_domain(model: onnx.ModelProto) -> None:
    """Lets the model's nodes be of the operator's domain."""
    if all(opset.domain != DOMAIN for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(DOMAIN, VERSION))
