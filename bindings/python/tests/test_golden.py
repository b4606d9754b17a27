"""TensorFlow's own answers, bit for bit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import golden
import numpy as np
import pytest
from reference import same

import libqdq
from libqdq._types import Array

FILES = sorted(golden.FOLDER.glob("*.golden"))


def test_all_files_are_here() -> None:
    assert len(FILES) == 9


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_equals_tensorflow(path: Path) -> None:
    for number, case in enumerate(golden.read(path)):
        assert same(_settled(_answer(case), case), _settled(case.expected, case)), (number, case)


def _answer(case: golden.Golden) -> Array:
    ends = case.given or (None, None)
    if case.gradients is None:
        return libqdq.quantize_and_dequantize(case.x, *ends, **asdict(case.attributes))
    backprops: tuple[Array, ...] = libqdq.quantize_and_dequantize_grad(
        case.gradients, case.x, *ends, **asdict(case.attributes)
    )
    return backprops[0]


def _settled(values: Array, case: golden.Golden) -> Array:
    """The same with +0 for the zeros whose sign is open."""
    flat = np.array(values).reshape(-1)
    at = case.open_zeros[flat[case.open_zeros] == 0]
    flat[at] = 0
    return flat
