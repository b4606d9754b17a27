"""Types of arguments, for type checkers and readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from typing_extensions import Buffer


class SupportsDLPack(Protocol):
    """A tensor: numpy's, PyTorch's, TensorFlow's, JAX's."""

    def __dlpack__(self, *args: Any, **kwargs: Any) -> Any: ...


Tensor = TypeVar("Tensor", bound=SupportsDLPack)
"""A tensor that decides the type of the result. (numpy's scalars and buffers are tensors, too, but give arrays.)"""

AnyTensor: TypeAlias = "SupportsDLPack | np.generic | Buffer"
Array: TypeAlias = npt.NDArray[Any]
RangeEnd: TypeAlias = "float | Sequence[float] | AnyTensor"
"""An end of the range: one number, or one for each channel."""

RoundMode: TypeAlias = Literal["HALF_TO_EVEN", "HALF_UP"]
Arithmetic: TypeAlias = Literal["DEFAULT", "NATIVE"]
Degenerate: TypeAlias = Literal["TENSORFLOW", "ZERO", "ERROR"]
