"""The library's statuses as an exception."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """How a call ended: the ``QDQ_STATUS_`` constants of ``qdq.h``, by the same numbers."""

    OK = 0
    NULL_POINTER = 1
    INVALID_ATTRIBUTE = 2
    INVALID_AXIS = 3
    INVALID_SHAPE = 4
    INVALID_RANGE = 5
    SIZE_MISMATCH = 6
    UNSUPPORTED_DTYPE = 7
    MISALIGNED = 8
    OVERLAP = 9
    DEGENERATE_RANGE = 10
    OUT_OF_MEMORY = 11
    INTERNAL = 12
    EXECUTOR = 13


class QdqError(ValueError):
    """A call that was refused. Nothing was written (after ``INTERNAL`` outputs are unspecified).

    Attributes:
        status: why, as a number that never changes its meaning.

    ``str(error)`` is one sentence that names the argument, its value and what was expected. The library calls the
    argument ``x`` of this package ``input``.
    """

    status: Status

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = Status(status)

    def __reduce__(self) -> tuple[type[QdqError], tuple[int, str]]:
        return type(self), (int(self.status), str(self))
