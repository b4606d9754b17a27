"""The operation, its gradient, and the gathering of ranges."""

from __future__ import annotations

import math
from typing import Any

from ._families import family_of, range_view, tensor_view
from ._family import Family
from ._library import attrs, executor, failure, library
from ._tensor import F32, F64, View
from ._types import AnyTensor, Arithmetic, Degenerate, RangeEnd, RoundMode, Tensor

_forward = library.qdq_quantize_and_dequantize_v4
_grad = library.qdq_quantize_and_dequantize_v4_grad
_range_update = library.qdq_range_update

_NO_VIEW: tuple[None, int, None] = None, 0, None


def quantize_and_dequantize(
    x: Tensor,
    input_min: RangeEnd | None = None,
    input_max: RangeEnd | None = None,
    *,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool | None = None,
    round_mode: RoundMode = "HALF_TO_EVEN",
    narrow_range: bool = False,
    axis: int = -1,
    arithmetic: Arithmetic = "DEFAULT",
    degenerate: Degenerate = "TENSORFLOW",
    out: Tensor | None = None,
    num_threads: int | None = None,
) -> Tensor:
    """Replaces each element by the nearest number of a grid of num_bits bits, as TensorFlow does.

    Args:
        x: a tensor of float32, float64, float16 or bfloat16, of any shape (rank 64 at most) and strides.
        input_min, input_max: the range of each channel, in the units of x; elements are clamped to it. At axis -1 one
            number, else shape[axis] of them: Python numbers, or a tensor of the dtype of x (of float32, too, for
            float16 and bfloat16). Without them the range is the least and the greatest element, NaN left out.
        signed_input: codes from -2**(num_bits-1) to 2**(num_bits-1) - 1, else from 0 to 2**num_bits - 1.
        num_bits: 1 to 61 signed, 1 to 62 unsigned.
        range_given: None: whether input_min or input_max is there. True or False, TensorFlow's attribute, is an error
            where it contradicts them.
        round_mode: "HALF_TO_EVEN" or "HALF_UP".
        narrow_range: leave out the least signed code.
        axis: -1: one range for the whole tensor. 0 to rank - 1: one for each index of that dimension. A negative axis
            never counts from the end: -1 is not the last dimension, and -2 is an error.
        arithmetic: "DEFAULT": float16 and bfloat16 are computed in float32, converted once. "NATIVE": rounded to
            their own type after each operation, as XLA does.
        degenerate: what to do with a channel whose range gives no usable scale: "TENSORFLOW" computes what follows
            (Inf, NaN), "ZERO" writes zeros, "ERROR" is an error.
        out: where the result goes: a numpy array, torch tensor or writable buffer of the shape and dtype of x, of any
            strides; x itself is fine, any other overlap is an error.
        num_threads: None or 1: the calling thread. 0: every core. The result is the same.

    Returns:
        out, or a new tensor of the type, shape and dtype of x (a numpy array for buffers). A torch tensor that
        requires grad gives one with a gradient.

    Raises:
        QdqError: what the library refuses; nothing is written then.
        TypeError: x is no tensor. ValueError: it is not on the CPU, or out is read-only.
    """
    if range_given is None:
        range_given = input_min is not None or input_max is not None
    family = family_of(x, "x")
    recorder = family.recorder(x)
    if recorder is not None:
        refuse_out(out)
        result: Tensor = recorder.quantize_and_dequantize(
            x,
            input_min,
            input_max,
            signed_input=signed_input,
            num_bits=num_bits,
            range_given=range_given,
            round_mode=round_mode,
            narrow_range=narrow_range,
            axis=axis,
            arithmetic=arithmetic,
            degenerate=degenerate,
            num_threads=num_threads,
        )
        return result
    attributes = attrs(signed_input, num_bits, range_given, round_mode, narrow_range, axis, arithmetic, degenerate)
    source = family.view(x, "x")
    least = _range_or_none(input_min, "input_min", source[1])
    greatest = _range_or_none(input_max, "input_max", source[1])
    made, target = target_of(family, x, out)
    status = _forward(source[0], least[0], greatest[0], attributes, executor(num_threads), target[0])
    if status:
        raise failure(status)
    return finish(family, made, x, out)


def _range_or_none(end: RangeEnd | None, name: str, dtype: int) -> View | tuple[None, int, None]:
    return _NO_VIEW if end is None else range_view(end, name, dtype)


def target_of(family: Family, like: Any, out: Any, dtype: int | None = None) -> tuple[Any, View]:
    """Where a result goes: out, or new memory like a tensor's, without another dtype of its dtype."""
    if out is not None:
        return out, family_of(out, "out").target(out, "out")
    made = family.empty_like(like, dtype)
    return made, family.result_view(made)


def refuse_out(out: Any) -> None:
    """What is written in place has no gradient."""
    if out is not None:
        raise ValueError("out cannot be given where x requires grad: what is written in place has no gradient")


def finish(family: Family, made: Any, like: Tensor, out: Tensor | None) -> Tensor:
    """What was written, as the caller gets it."""
    if out is None:
        result: Tensor = family.result(made, like)
        return result
    family_of(out, "out").note_write(out)
    return out


def quantize_and_dequantize_grad(
    gradients: AnyTensor,
    x: Tensor,
    input_min: RangeEnd | None = None,
    input_max: RangeEnd | None = None,
    *,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool | None = None,
    round_mode: RoundMode = "HALF_TO_EVEN",
    narrow_range: bool = False,
    axis: int = -1,
    arithmetic: Arithmetic = "DEFAULT",
    degenerate: Degenerate = "TENSORFLOW",
    out: Tensor | None = None,
    num_threads: int | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradient of quantize_and_dequantize: gradients * (1 where x is in its range, else 0).

    The attributes are those of quantize_and_dequantize, so that one dict serves both; range and axis decide, and the
    range counts as it was given, both ends inside. Without a range every element is inside that is not NaN.

    Args:
        gradients: those of the output; of the shape and dtype of x.
        out: where input_backprop goes; may be gradients or x.

    Returns:
        input_backprop, as out or a new tensor like x; input_min_backprop and input_max_backprop, zeros of the dtype
        of x: of rank 0 at axis -1, else of shape[axis] elements.

    Raises:
        As quantize_and_dequantize.
    """
    if range_given is None:
        range_given = input_min is not None or input_max is not None
    attributes = attrs(signed_input, num_bits, range_given, round_mode, narrow_range, axis, arithmetic, degenerate)
    family = family_of(x, "x")
    source = family.view(x, "x")
    upstream = tensor_view(gradients, "gradients")
    least = _range_or_none(input_min, "input_min", source[1])
    greatest = _range_or_none(input_max, "input_max", source[1])
    made, target = target_of(family, x, out)
    status = _grad(
        upstream[0],
        source[0],
        least[0],
        greatest[0],
        attributes,
        executor(num_threads),
        target[0],
        None,
        None,
    )
    if status:
        raise failure(status)
    shape = () if axis == -1 else (family.shape(x)[axis],)
    by_min, by_max = (family.result(family.full(x, shape, 0.0, source[1]), x) for _ in range(2))
    return finish(family, made, x, out), by_min, by_max


def range_update(
    x: AnyTensor,
    range_min: Any = None,
    range_max: Any = None,
    *,
    axis: int = -1,
    num_threads: int | None = None,
) -> tuple[Any, Any]:
    """Widens ranges by a tensor's elements, for data that comes in pieces.

    Args:
        x: a tensor of float32, float64, float16 or bfloat16; NaN is left out, a zero counts as +0.
        range_min, range_max: the ranges so far, widened in place: writable tensors of the dtype of x (of float32,
            too, for float16 and bfloat16), of one element at axis -1, else of shape[axis]. Without them new ones
            begin at +Inf and -Inf. Two ranges merge by elementwise minimum and maximum.
        axis: as in quantize_and_dequantize.
        num_threads: as in quantize_and_dequantize.

    Returns:
        range_min and range_max. New ones are torch tensors for a torch tensor and numpy arrays for all others, in
        float64 for float64 and float32 otherwise.

    Raises:
        As quantize_and_dequantize.
    """
    attributes = attrs(True, 8, False, "HALF_TO_EVEN", False, axis, "DEFAULT", "TENSORFLOW")
    family = family_of(x, "x")
    source = family.view(x, "x")
    if range_min is None and range_max is None:
        range_min, range_max = _empty_ranges(family, x, axis, source[1])
    least_family, greatest_family = family_of(range_min, "range_min"), family_of(range_max, "range_max")
    least = least_family.target(range_min, "range_min")
    greatest = greatest_family.target(range_max, "range_max")
    status = _range_update(source[0], attributes, executor(num_threads), least[0], greatest[0])
    if status:
        raise failure(status)
    least_family.note_write(range_min)
    greatest_family.note_write(range_max)
    return range_min, range_max


def _empty_ranges(family: Family, x: Any, axis: int, dtype: int) -> tuple[Any, Any]:
    """Ranges of no number at all. With an axis that x does not have they are of one element: the library refuses."""
    shape = family.shape(x)
    channels = (shape[axis],) if 0 <= axis < len(shape) else ()
    dtype = F64 if dtype == F64 else F32
    return family.full(x, channels, math.inf, dtype), family.full(x, channels, -math.inf, dtype)
