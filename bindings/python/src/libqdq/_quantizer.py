"""Attributes and ranges made ready once, for use many times."""

from __future__ import annotations

import ctypes
import weakref
from typing import Any

import numpy as np

from ._families import family_of, range_array, tensor_view
from ._family import Family
from ._library import attrs, executor, failure, library
from ._numpy import array_view
from ._operation import finish, refuse_out, target_of
from ._tensor import DTYPE_NAMES, DTYPES, F64, dtype_of
from ._types import AnyTensor, Arithmetic, Array, Degenerate, RangeEnd, RoundMode, Tensor

_apply = library.qdq_quantizer_apply
_grad = library.qdq_quantizer_grad
_quantize = library.qdq_quantizer_quantize
_dequantize = library.qdq_quantizer_dequantize

_ATTRIBUTES = (
    "signed_input",
    "num_bits",
    "range_given",
    "round_mode",
    "narrow_range",
    "axis",
    "arithmetic",
    "degenerate",
)
_SCALE, _INVERSE_SCALE, _CLAMP_MIN, _CLAMP_MAX, _RANGE_MIN, _RANGE_MAX = range(1, 7)


class Quantizer:
    """The operation with a range that is known: the parameters of every channel are computed once.

    Immutable; any number of threads may use one at the same time. It can be pickled and copied.

    Args:
        input_min, input_max: the range of each channel, as in quantize_and_dequantize; copied. At axis -1 one
            number, else one for each channel.
        dtype: of the tensors to come: "float32", "float64", "float16", "bfloat16", or a dtype of any framework.
        range_given: True: elements are clamped to the range. False: the range is one gathered with range_update
            (+Inf and -Inf, of no number at all, is [0, 0]), and results are those of a computed range.
        signed_input, num_bits, round_mode, narrow_range, axis, arithmetic, degenerate: as in quantize_and_dequantize.

    Raises:
        QdqError: what the library refuses.
    """

    def __init__(
        self,
        input_min: RangeEnd,
        input_max: RangeEnd,
        dtype: Any = "float32",
        *,
        signed_input: bool = True,
        num_bits: int = 8,
        range_given: bool = True,
        round_mode: RoundMode = "HALF_TO_EVEN",
        narrow_range: bool = False,
        axis: int = -1,
        arithmetic: Arithmetic = "DEFAULT",
        degenerate: Degenerate = "TENSORFLOW",
    ) -> None:
        self._dtype = dtype_of(dtype)
        self._attributes = (
            signed_input,
            num_bits,
            range_given,
            round_mode,
            narrow_range,
            axis,
            arithmetic,
            degenerate,
        )
        self._range = (
            range_array(input_min, "input_min", self._dtype),
            range_array(input_max, "input_max", self._dtype),
        )
        self._handle = self._create()
        # Not at exit: other threads may still be using it then, and the memory goes anyway.
        weakref.finalize(self, library.qdq_quantizer_destroy, self._handle).atexit = False

    def _create(self) -> ctypes.c_void_p:
        least, greatest = (
            array_view(end, name) for end, name in zip(self._range, ("input_min", "input_max"), strict=True)
        )
        handle = ctypes.c_void_p()
        status = library.qdq_quantizer_create(
            attrs(*self._attributes), self._dtype, least[0], greatest[0], ctypes.byref(handle)
        )
        if status:
            raise failure(status)
        return handle

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._range, DTYPE_NAMES[self._dtype], self._attributes)

    def __repr__(self) -> str:
        attributes = zip(_ATTRIBUTES, self._attributes, strict=True)
        words = ", ".join(f"{name}={value!r}" for name, value in attributes)
        return f"Quantizer({self._range[0]!r}, {self._range[1]!r}, {DTYPE_NAMES[self._dtype]!r}, {words})"

    def apply(self, x: Tensor, *, out: Tensor | None = None, num_threads: int | None = None) -> Tensor:
        """quantize_and_dequantize with this range: the same bits.

        Args:
            x: a tensor of the quantizer's dtype; the dimension of its axis has one index for each channel.
            out, num_threads: as in quantize_and_dequantize.
        """
        family = family_of(x, "x")
        recorder = family.recorder(x)
        if recorder is not None:
            refuse_out(out)
            result: Tensor = recorder.apply_quantizer(self, x, num_threads)
            return result
        return self._run(_apply, family, x, None, out, num_threads)

    def grad(
        self, gradients: AnyTensor, x: Tensor, *, out: Tensor | None = None, num_threads: int | None = None
    ) -> Tensor:
        """The gradient of apply by x: gradients * (1 where x is in the range as given or gathered, else 0).

        Args:
            gradients: those of the output, of the shape and dtype of x.
            out: may be gradients or x.
        """
        upstream = tensor_view(gradients, "gradients")
        family = family_of(x, "x")
        source = family.view(x, "x")
        made, target = target_of(family, x, out)
        status = _grad(self._handle, executor(num_threads), upstream[0], source[0], target[0])
        if status:
            raise failure(status)
        return finish(family, made, x, out)

    def quantize(
        self, x: Tensor, dtype: Any = None, *, out: Tensor | None = None, num_threads: int | None = None
    ) -> Tensor:
        """The integer codes of a tensor: round(x*scale), kept within the least and the greatest code; NaN gives 0.

        Args:
            x: as in apply.
            dtype: of the codes, an integer type that holds them all. None: the smallest such.
            out: where the codes go; may not overlap x.
        """
        codes = self._code_dtype() if dtype is None else dtype_of(dtype)
        return self._run(_quantize, family_of(x, "x"), x, codes, out, num_threads)

    def dequantize(self, codes: Tensor, *, out: Tensor | None = None, num_threads: int | None = None) -> Tensor:
        """The numbers of codes: code * inverse_scale, in the quantizer's dtype.

        Of codes made by quantize they are those of apply, the sign of zero excepted, wherever nothing was saturated.

        Args:
            codes: a tensor of an integer dtype that holds all codes.
            out: where the numbers go; may not overlap codes.
        """
        return self._run(_dequantize, family_of(codes, "codes"), codes, self._dtype, out, num_threads)

    @property
    def dtype(self) -> str:
        """The dtype of the tensors it is for, such as ``"float32"``."""
        return DTYPE_NAMES[self._dtype]

    @property
    def axis(self) -> int:
        """-1, or the dimension with a range for each index."""
        return int(self._attributes[5])

    @property
    def scale(self) -> Array:
        """What elements are multiplied by, in codes per unit: the reciprocal of what ONNX and PyTorch call scale.

        As the five others: a new array of float64 for float64, else of float32; of rank 0 at axis -1, else with one
        number for each channel.
        """
        return self._parameter(_SCALE)

    @property
    def inverse_scale(self) -> Array:
        """What codes are multiplied by, in units per code: what ONNX and PyTorch call scale."""
        return self._parameter(_INVERSE_SCALE)

    @property
    def clamp_min(self) -> Array:
        """The lower end of the adjusted range, to which elements are clamped where range_given."""
        return self._parameter(_CLAMP_MIN)

    @property
    def clamp_max(self) -> Array:
        """The upper end of the adjusted range."""
        return self._parameter(_CLAMP_MAX)

    @property
    def range_min(self) -> Array:
        """The lower end of the range as given or gathered; 0 for a range of no number."""
        return self._parameter(_RANGE_MIN)

    @property
    def range_max(self) -> Array:
        """The upper end of the range as given or gathered; 0 for a range of no number."""
        return self._parameter(_RANGE_MAX)

    def _run(
        self,
        function: Any,
        family: Family,
        x: Tensor,
        dtype: int | None,
        out: Tensor | None,
        num_threads: int | None,
    ) -> Tensor:
        source = family.view(x, "x")
        made, target = target_of(family, x, out, dtype)
        status = function(self._handle, executor(num_threads), source[0], target[0])
        if status:
            raise failure(status)
        return finish(family, made, x, out)

    def _parameter(self, number: int) -> Array:
        shape = () if self.axis == -1 else self._range[0].shape
        values = np.empty(shape, np.float64 if self._dtype == F64 else np.float32)
        status = library.qdq_quantizer_get(
            self._handle, number, ctypes.c_void_p(values.ctypes.data), ctypes.c_size_t(values.size)
        )
        if status:
            raise failure(status)
        return values

    def _code_dtype(self) -> int:
        signed, num_bits = self._attributes[:2]
        width = next(width for width in (8, 16, 32, 64) if num_bits <= width)
        return DTYPES[f"int{width}" if signed else f"uint{width}"]


def _restored(ends: tuple[Array, Array], dtype: str, attributes: tuple[Any, ...]) -> Quantizer:
    return Quantizer(*ends, dtype, **dict(zip(_ATTRIBUTES, attributes, strict=True)))
