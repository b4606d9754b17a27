"""What the operation asks of a framework's tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ._tensor import View


class Family(ABC):
    """Tensors of one framework: how they are read, written and made.

    New tensors come in two steps. `empty_like` and `full` give memory that can be written; `result` makes of it, once
    written, a tensor of the framework.
    """

    @abstractmethod
    def view(self, tensor: Any, name: str) -> View:
        """The tensor, to be read."""

    @abstractmethod
    def target(self, tensor: Any, name: str) -> View:
        """A caller's tensor, to be written. ValueError where it must not be."""

    @abstractmethod
    def empty_like(self, tensor: Any, dtype: int | None = None) -> Any:
        """Memory for a result of the tensor's shape and, without another dtype, of its dtype."""

    @abstractmethod
    def full(self, tensor: Any, shape: tuple[int, ...], value: float, dtype: int) -> Any:
        """Memory for a result that belongs to the tensor, filled with the value."""

    def shape(self, tensor: Any) -> tuple[int, ...]:
        """The tensor's dimensions."""
        return tuple(tensor.shape)

    def numpy(self, tensor: Any) -> np.ndarray[Any, Any]:
        """The tensor's numbers as an array, which may share its memory and be of a wider type."""
        return np.asarray(tensor)

    def result_view(self, made: Any) -> View:
        """Memory of `empty_like` or `full`, to be written."""
        return self.view(made, "the result")

    def result(self, made: Any, tensor: Any) -> Any:
        """Memory that is written, as a tensor of the kind and in the place of the given one."""
        return made

    def note_write(self, tensor: Any) -> None:  # noqa: B027  # most frameworks need not be told
        """Tells the framework that a caller's tensor was written."""

    def recorder(self, tensor: Any) -> Any:
        """The module to call instead, where the framework records what happens to the tensor for its gradient."""
        return None
