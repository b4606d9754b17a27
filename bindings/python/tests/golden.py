"""Reads the golden files: TensorFlow's own answers. tools/golden/README.md has the format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from reference import DTYPES, Attributes

from libqdq._types import Array

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "golden"


@dataclass
class Golden:
    """A call and TensorFlow's result; open_zeros are the indices of zeros that may have either sign."""

    attributes: Attributes
    given: tuple[Array, Array] | None
    x: Array
    gradients: Array | None
    expected: Array
    open_zeros: Array


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def fields(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
        count = int(np.prod(shape, dtype=np.int64))
        bits = np.frombuffer(self._data, f"<u{dtype.itemsize}", count, self._at)
        self._at += bits.nbytes
        return bits.astype(f"u{dtype.itemsize}").view(dtype).reshape(shape)

    def at_end(self) -> bool:
        return self._at == len(self._data)


def read(path: Path) -> Iterator[Golden]:
    reader = _Reader(path.read_bytes())
    magic, _, _, version, dtype, is_gradient, cases, elements = reader.fields("<8s16sQ5I")
    assert magic == b"QDQGOLD\0" and version == 1 and cases > 0 and elements > 0
    for _ in range(cases):
        golden = _case(reader, DTYPES[dtype], bool(is_gradient))
        elements -= golden.x.size
        yield golden
    assert reader.at_end() and elements == 0


def _case(reader: _Reader, dtype: np.dtype[Any], is_gradient: bool) -> Golden:
    bits, signed, range_given, narrow, half_up, native, axis, rank, range_len, zeros = reader.fields("<6BbBII")
    shape = reader.fields(f"<{rank}I")
    ends = tuple(reader.array(dtype, (range_len,)) for _ in range(2))
    x = reader.array(dtype, shape)
    gradients = reader.array(dtype, shape) if is_gradient else None
    expected = reader.array(dtype, shape)
    return Golden(
        attributes=Attributes(
            signed_input=bool(signed),
            num_bits=bits,
            round_mode="HALF_UP" if half_up else "HALF_TO_EVEN",
            narrow_range=bool(narrow),
            axis=axis,
            arithmetic="NATIVE" if native else "DEFAULT",
        ),
        given=(ends[0], ends[1]) if range_given else None,
        x=x,
        gradients=gradients,
        expected=expected,
        open_zeros=reader.array(np.dtype(np.uint32), (zeros,)),
    )
