"""The work that everyone is given: element types, shapes and ranges. Names alone, so that any Python can read it."""

import math
from dataclasses import dataclass

ITEM_SIZES = {"float32": 4, "float64": 8, "half": 2, "bfloat16": 2}


@dataclass(frozen=True)
class Layout:
    dtype: str
    shape: tuple
    axis: int = -1
    given: bool = True  # the range; else it is the data's own
    gradient: bool = False

    @property
    def name(self):
        kind = "gradient" if self.gradient else "given" if self.given else "computed"
        axis = "" if self.axis < 0 else f" axis {self.axis}"
        return f"{self.dtype} {self._size()}{axis} {kind}"

    def _size(self):
        elements = math.prod(self.shape)
        if len(self.shape) == 1 and elements >= 1024:
            return f"2^{elements.bit_length() - 1}"
        return "x".join(map(str, self.shape))

    @property
    def moved_bytes(self):
        """Read and written at the least."""
        tensors = 3 if self.gradient else 2
        return tensors * ITEM_SIZES[self.dtype] * math.prod(self.shape)


LARGE, CACHED, SMALL = (2**24,), (2**20,), (64,)
MATRIX, CHANNELS_LAST, CHANNELS_FIRST = (4096, 4096), (32, 56, 56, 64), (32, 64, 56, 56)

LAYOUTS = [
    Layout(dtype, shape, axis, given)
    for given in (True, False)
    for dtype, shape, axis in [
        ("float32", LARGE, -1),
        ("float32", CACHED, -1),
        ("float32", MATRIX, 0),
        ("float32", MATRIX, 1),
        ("float32", CHANNELS_LAST, 3),
        ("float32", CHANNELS_FIRST, 1),
        ("float64", LARGE, -1),
        ("half", LARGE, -1),
        ("bfloat16", LARGE, -1),
        ("float32", SMALL, -1),
    ]
] + [Layout("float32", LARGE, gradient=True)]
