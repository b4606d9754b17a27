"""Random calls of the four ops, from the cases that the library's own comparison with TensorFlow draws."""

from dataclasses import dataclass, replace

import cases
import numpy as np
import reference
import tensorflows
from reference import Attributes
from tensorflows import Call


@dataclass
class Drawn:
    """A call, and what the operation's definition says of it."""

    call: Call
    definition: reference.Result


def _attributes(rng: np.random.Generator, shape: tuple[int, ...], version: int) -> Attributes:
    signed = bool(rng.integers(2))
    bits = int(rng.choice([2, 4, 8, 16])) if rng.integers(2) else int(rng.integers(1, 62 if signed else 63))
    return Attributes(
        signed_input=signed,
        num_bits=bits,
        range_given=bool(rng.integers(2)),
        half_up=version != 3 and bool(rng.integers(2)),
        narrow_range=bits > 1 and bool(rng.integers(2)),
        axis=int(rng.integers(-1, len(shape))),
    )


def _ends(case: cases.Case) -> tuple[np.ndarray, np.ndarray]:
    """Scalars, or one of each channel; zeros where the range is computed."""
    axis = case.attributes.axis
    shape = () if axis == -1 else (case.tensor.shape[axis],)
    lo, hi = case.given or (np.zeros(shape),) * 2
    return np.reshape(lo, shape), np.reshape(hi, shape)


def _forward_call(case: cases.Case, version: int, in_graph: bool) -> Call:
    attributes = case.attributes
    words: dict[str, object] = {
        "signed_input": attributes.signed_input,
        "range_given": attributes.range_given,
        "narrow_range": attributes.narrow_range,
        "axis": attributes.axis,
    }
    if version != 3:
        words["round_mode"] = "HALF_UP" if attributes.half_up else "HALF_TO_EVEN"
    return tensorflows.forward(
        version, case.tensor, *_ends(case), num_bits=attributes.num_bits, in_graph=in_graph, **words
    )


def forward(rng: np.random.Generator, dtype: np.dtype, size: int, version: int, *, as_tensorflow: bool) -> Drawn:
    """Of any shape and attributes; as_tensorflow leaves out what TensorFlow refuses.

    That is a range per axis, of V2 and V4, and a scalar, of V3.
    """
    least_rank = 1 if as_tensorflow and version == 3 else 0
    shape = cases.draw_shape(rng, int(rng.integers(least_rank, 7)), size)
    attributes = _attributes(rng, shape, version)
    if as_tensorflow and version != 3 and attributes.range_given:
        attributes = replace(attributes, axis=-1)
    case = cases.draw_forward(rng, dtype, shape, attributes)
    definition = reference.forward(case.tensor, attributes, case.given)
    return Drawn(_forward_call(case, version, bool(rng.random() < 0.1)), definition)


def gradient(rng: np.random.Generator, dtype: np.dtype, size: int) -> Drawn:
    shape = cases.draw_shape(rng, int(rng.integers(7)), size)
    attributes = replace(_attributes(rng, shape, 4), range_given=True)
    case = cases.draw_gradient(rng, dtype, shape, attributes)
    definition = reference.gradient(case.gradients, case.tensor, attributes, case.given)
    in_graph = bool(rng.random() < 0.1)
    return Drawn(
        tensorflows.gradient(case.gradients, case.tensor, *_ends(case), attributes.axis, in_graph=in_graph), definition
    )
