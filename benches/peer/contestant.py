"""What a peer's file says about it: `CONTESTANTS`, `REASONS`, `start`, `versions` and `values`."""

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Contestant:
    """A way to have the work done. `prepare` makes a call out of a case; the call returns its result."""

    name: str
    prepare: Callable
    equal: tuple = ()  # the element types for which it promises the bits that libqdq gives


class Lacks(Exception):
    """The peer has nothing for a case, for this reason."""


def reason(error, reasons, dtype):
    """Why a peer refused a case, in a few words; None if the error is none of those that say so."""
    if isinstance(error, Lacks):
        return str(error)
    known = [words for fragment, words in reasons.items() if fragment in str(error)]
    return known[0].format(dtype=dtype) if known else None
