"""The faults, in the order of a call's way through the library from the formulas outwards."""

from __future__ import annotations

from fault import Fault

from .capi import CAPI
from .exec import EXEC
from .kernel import KERNEL
from .layout import LAYOUT
from .simd import SIMD
from .spec import SPEC

FAULTS: tuple[Fault, ...] = (*SPEC, *KERNEL, *SIMD, *LAYOUT, *EXEC, *CAPI)
