"""The operation for PyTorch's autograd and ``torch.compile``.

``quantize_and_dequantize`` is an operator of PyTorch's dispatcher, ``torch.ops.libqdq.quantize_and_dequantize``, with
a gradient and a kernel for tensors without memory. ``FakeQuantize`` is a module that gathers its range in training.
"""

# The annotations of the operators below are read by PyTorch: no postponed ones here.
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, library

from . import _operation
from ._types import Arithmetic, Degenerate, RangeEnd, RoundMode

if TYPE_CHECKING:
    from ._quantizer import Quantizer

__all__ = ["FakeQuantize", "quantize_and_dequantize"]


def quantize_and_dequantize(
    x: Tensor,
    input_min: "RangeEnd | None" = None,
    input_max: "RangeEnd | None" = None,
    *,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool | None = None,
    round_mode: RoundMode = "HALF_TO_EVEN",
    narrow_range: bool = False,
    axis: int = -1,
    arithmetic: Arithmetic = "DEFAULT",
    degenerate: Degenerate = "TENSORFLOW",
    num_threads: int | None = None,
) -> Tensor:
    """libqdq.quantize_and_dequantize with a gradient by x; those by input_min and input_max are zeros.

    The arguments are the same, without out.
    """
    if range_given is None:
        range_given = input_min is not None or input_max is not None
    result: Tensor = _forward(
        x,
        _end(input_min, x),
        _end(input_max, x),
        signed_input,
        num_bits,
        range_given,
        round_mode,
        narrow_range,
        axis,
        arithmetic,
        degenerate,
        1 if num_threads is None else num_threads,
    )
    return result


def _end(end: Any, x: Tensor) -> Tensor | None:
    if end is None or isinstance(end, Tensor):
        return end
    return torch.as_tensor(end, dtype=torch.float64 if x.dtype == torch.float64 else torch.float32)


@library.custom_op("libqdq::quantize_and_dequantize", mutates_args=(), device_types="cpu")
def _forward(
    x: Tensor,
    input_min: Tensor | None,
    input_max: Tensor | None,
    signed_input: bool,
    num_bits: int,
    range_given: bool,
    round_mode: str,
    narrow_range: bool,
    axis: int,
    arithmetic: str,
    degenerate: str,
    num_threads: int,
) -> Tensor:
    return _operation.quantize_and_dequantize(
        x.detach(),
        input_min,
        input_max,
        signed_input=signed_input,
        num_bits=num_bits,
        range_given=range_given,
        round_mode=cast(RoundMode, round_mode),
        narrow_range=narrow_range,
        axis=axis,
        arithmetic=cast(Arithmetic, arithmetic),
        degenerate=cast(Degenerate, degenerate),
        num_threads=num_threads,
    )


@_forward.register_fake
def _forward_shape(x: Tensor, *_arguments: Any) -> Tensor:
    return torch.empty_like(x)


@library.custom_op("libqdq::quantize_and_dequantize_grad", mutates_args=(), device_types="cpu")
def _grad(
    gradients: Tensor,
    x: Tensor,
    input_min: Tensor | None,
    input_max: Tensor | None,
    range_given: bool,
    axis: int,
    num_threads: int,
) -> Tensor:
    backprop, _, _ = _operation.quantize_and_dequantize_grad(
        gradients.detach(),
        x.detach(),
        input_min,
        input_max,
        range_given=range_given,
        axis=axis,
        num_threads=num_threads,
    )
    return backprop


@_grad.register_fake
def _grad_shape(gradients: Tensor, x: Tensor, *_arguments: Any) -> Tensor:
    return torch.empty_like(x)


def _save_forward(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, input_min, input_max, _, _, range_given, _, _, axis, _, _, num_threads = inputs
    ctx.save_for_backward(x, input_min, input_max)
    ctx.attributes = range_given, axis, num_threads


def _backward(ctx: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
    x, input_min, input_max = ctx.saved_tensors
    by_x, by_min, by_max = ctx.needs_input_grad[:3]
    return (
        _grad(gradients, x, input_min, input_max, *ctx.attributes) if by_x else None,
        torch.zeros_like(input_min) if by_min else None,
        torch.zeros_like(input_max) if by_max else None,
        *[None] * 9,
    )


_forward.register_autograd(_backward, setup_context=_save_forward)


def _save_grad(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, x, input_min, input_max, *attributes = inputs
    ctx.save_for_backward(x, input_min, input_max)
    ctx.attributes = attributes


def _grad_backward(ctx: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
    """The gradient is linear in the gradients it is given: its own is the same mask."""
    x, input_min, input_max = ctx.saved_tensors
    by_gradients = ctx.needs_input_grad[0]
    return (
        _grad(gradients, x, input_min, input_max, *ctx.attributes) if by_gradients else None,
        *[None] * 6,
    )


_grad.register_autograd(_grad_backward, setup_context=_save_grad)


@library.custom_op("libqdq::range_update", mutates_args=("range_min", "range_max"), device_types="cpu")
def _range_update(x: Tensor, range_min: Tensor, range_max: Tensor, axis: int, num_threads: int) -> None:
    _operation.range_update(x.detach(), range_min, range_max, axis=axis, num_threads=num_threads)


class _Apply(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, quantizer: "Quantizer", num_threads: int | None) -> Tensor:
        ctx.save_for_backward(x)
        ctx.quantizer, ctx.num_threads = quantizer, num_threads
        return quantizer.apply(x.detach(), num_threads=num_threads)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:
        (x,) = ctx.saved_tensors
        return ctx.quantizer.grad(gradients[0], x.detach(), num_threads=ctx.num_threads), None, None


def apply_quantizer(quantizer: "Quantizer", x: Any, num_threads: int | None) -> Any:
    """Quantizer.apply with a gradient by x."""
    return _Apply.apply(x, quantizer, num_threads)


class FakeQuantize(torch.nn.Module):
    """Quantizes and dequantizes what passes, with the range of all that passed in training.

    In training mode each input first widens the range; in evaluation mode the range stays as it is. Elements beyond
    it are clamped. The range is in the buffers range_min and range_max, +Inf and -Inf before the first input, and
    moves and is saved with the module.

    Args:
        channels: None: one range for the tensor. Else x.shape[axis], with an axis: one range for each.
        axis, num_bits, signed_input, round_mode, narrow_range, num_threads: as in quantize_and_dequantize.
    """

    range_min: Tensor
    range_max: Tensor

    def __init__(
        self,
        num_bits: int = 8,
        *,
        axis: int = -1,
        channels: int | None = None,
        signed_input: bool = True,
        round_mode: RoundMode = "HALF_TO_EVEN",
        narrow_range: bool = False,
        num_threads: int | None = None,
    ) -> None:
        super().__init__()
        if (channels is None) != (axis == -1):
            raise ValueError(f"axis is {axis} and channels is {channels}; expected both or neither")
        shape = () if channels is None else (channels,)
        self.register_buffer("range_min", torch.full(shape, torch.inf))
        self.register_buffer("range_max", torch.full(shape, -torch.inf))
        self.num_bits = num_bits
        self.axis = axis
        self.signed_input = signed_input
        self.round_mode: RoundMode = round_mode
        self.narrow_range = narrow_range
        self.num_threads = 1 if num_threads is None else num_threads

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            _range_update(x.detach(), self.range_min, self.range_max, self.axis, self.num_threads)
        return quantize_and_dequantize(
            x,
            self.range_min.clone(),  # the next input widens the buffers, and this one's gradient needs them as they are
            self.range_max.clone(),
            signed_input=self.signed_input,
            num_bits=self.num_bits,
            round_mode=self.round_mode,
            narrow_range=self.narrow_range,
            axis=self.axis,
            num_threads=self.num_threads,
        )

    def extra_repr(self) -> str:
        return f"num_bits={self.num_bits}, axis={self.axis}, signed_input={self.signed_input}"
