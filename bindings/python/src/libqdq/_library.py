"""The shared library through ctypes, and the structs it reads that are no tensors.

A struct is packed into ``bytes``: immutable, so that threads may share it, and several times as fast as a ctypes
Structure. ctypes hands a function the address of the bytes' own memory, which is aligned as malloc's.
"""

from __future__ import annotations

import ctypes
import operator
import struct
import sys
from functools import lru_cache
from pathlib import Path
from typing import SupportsIndex

from ._status import QdqError, Status

ROUND_MODES = {"HALF_TO_EVEN": 0, "HALF_UP": 1}
ARITHMETICS = {"DEFAULT": 0, "NATIVE": 1}
DEGENERATES = {"TENSORFLOW": 0, "ZERO": 1, "ERROR": 2}

_ATTRS = struct.Struct("@N8i")
_EXECUTOR = struct.Struct("@NiiPP")


def _load() -> ctypes.CDLL:
    # An editable install keeps the library in another folder of the package than the sources.
    for folder in sys.modules[__package__].__path__:
        path = Path(folder, "libqdq.so")
        if path.exists():
            return ctypes.CDLL(str(path))
    raise ImportError("libqdq.so is missing from the package libqdq: install it, as docs/python.md says")


# A CDLL's functions run without the GIL. They have no argtypes, whose checks cost more than small calls do: pass them
# bytes, None and ctypes numbers, and nothing else.
library = _load()
library.qdq_last_error.restype = ctypes.c_char_p
library.qdq_version.restype = ctypes.c_char_p
library.qdq_isa.restype = ctypes.c_char_p


def version() -> str:
    """The version of the library, such as ``"0.1.0"``."""
    return _text(library.qdq_version())


def isa() -> str:
    """The kernels in use: ``"avx512"``, ``"avx2"``, ``"neon"`` or ``"scalar"``.

    Chosen once, by the processor or the environment variable ``QDQ_ISA``; results do not depend on it.
    """
    return _text(library.qdq_isa())


def failure(status: int) -> QdqError:
    """The error of a call that returned status on this thread just now."""
    return QdqError(status, _text(library.qdq_last_error()))


@lru_cache(maxsize=1024, typed=True)
def attrs(
    signed_input: bool,
    num_bits: SupportsIndex,
    range_given: bool,
    round_mode: str,
    narrow_range: bool,
    axis: SupportsIndex,
    arithmetic: str,
    degenerate: str,
) -> bytes:
    """A qdq_attrs."""
    return _ATTRS.pack(
        _ATTRS.size,
        _int32("num_bits", num_bits, Status.INVALID_ATTRIBUTE),
        _int32("axis", axis, Status.INVALID_AXIS),
        _choice("round_mode", round_mode, ROUND_MODES),
        _choice("arithmetic", arithmetic, ARITHMETICS),
        _choice("degenerate", degenerate, DEGENERATES),
        bool(signed_input),
        bool(range_given),
        bool(narrow_range),
    )


@lru_cache(maxsize=64, typed=True)
def executor(num_threads: SupportsIndex | None) -> bytes | None:
    """A qdq_executor of the library's own pool; None, the calling thread, for None and 1."""
    if num_threads is None or num_threads == 1:
        return None
    count = _int32("num_threads", num_threads, Status.INVALID_ATTRIBUTE)
    return _EXECUTOR.pack(_EXECUTOR.size, count, 0, 0, 0)


def _text(value: bytes) -> str:
    return value.decode()


def _int32(name: str, value: SupportsIndex, status: Status) -> int:
    number = operator.index(value)
    if not -(2**31) <= number < 2**31:
        raise QdqError(status, f"{name} is {number}; expected a number of 32 bits")
    return number


def _choice(name: str, value: str, choices: dict[str, int]) -> int:
    if value not in choices:
        raise QdqError(Status.INVALID_ATTRIBUTE, f"{name} is {value!r}; expected one of {', '.join(choices)}")
    return choices[value]
