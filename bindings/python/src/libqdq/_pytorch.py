"""PyTorch's tensors. Imported when the first one is met."""

from __future__ import annotations

from typing import Any

import torch

from ._family import Family
from ._tensor import DTYPES, View, layout, pointer, refuse_dtype

_DTYPES = {getattr(torch, name): code for name, code in DTYPES.items() if hasattr(torch, name)}
_TORCH_DTYPES = {code: dtype for dtype, code in _DTYPES.items()}


class TorchFamily(Family):
    """torch.Tensor and its subclasses, strided and on the CPU."""

    def view(self, tensor: Any, name: str) -> View:
        if not tensor.is_cpu:
            raise ValueError(f"{name} is on {tensor.device}: libqdq computes on the CPU, move it there with .cpu()")
        if tensor.layout is not torch.strided:
            raise TypeError(f"{name} has the layout {tensor.layout}; expected a dense tensor, as .to_dense() gives")
        if tensor.dtype not in _DTYPES:
            raise refuse_dtype(name, tensor.dtype)
        if tensor.is_neg():  # its memory holds the negative numbers
            tensor = tensor.resolve_neg()
        kept = layout(tensor.shape, tensor.stride(), _DTYPES[tensor.dtype])
        return pointer(tensor.data_ptr()) + kept.tail, kept.dtype, (kept, tensor)

    def target(self, tensor: Any, name: str) -> View:
        if tensor.requires_grad:
            raise ValueError(f"{name} requires grad: what is written in place has no gradient")
        if tensor.is_neg():
            raise ValueError(f"{name} is a lazily negated view; expected a tensor that can be written")
        return self.view(tensor, name)

    def empty_like(self, tensor: Any, dtype: int | None = None) -> Any:
        return torch.empty_like(tensor, dtype=None if dtype is None else _TORCH_DTYPES[dtype])

    def full(self, tensor: Any, shape: tuple[int, ...], value: float, dtype: int) -> Any:
        return torch.full(shape, value, dtype=_TORCH_DTYPES[dtype])

    def numpy(self, tensor: Any) -> Any:
        tensor = tensor.detach().resolve_neg()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()

    def note_write(self, tensor: Any) -> None:
        if not tensor.is_inference():  # inference tensors count no versions
            torch.autograd.graph.increment_version(tensor)

    def recorder(self, tensor: Any) -> Any:
        if not tensor.requires_grad or not torch.is_grad_enabled():
            return None
        from . import torch as recorder

        return recorder
