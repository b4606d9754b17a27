"""Equality is of bits; which NaN a NaN is does not matter."""

import numpy as np


def differs(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Where the elements differ. Shapes and types may not."""
    assert left.shape == right.shape
    assert left.dtype == right.dtype
    left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
    unsigned = np.dtype(f"u{left.dtype.itemsize}")
    return (left.view(unsigned) != right.view(unsigned)) & ~(np.isnan(left) & np.isnan(right))


def assert_same(left: np.ndarray, right: np.ndarray) -> None:
    wrong = differs(left, right)
    first = np.argwhere(wrong)[:1]
    assert not wrong.any(), (
        f"{np.count_nonzero(wrong)} differ, the first at {first}: {left[wrong][:1]} {right[wrong][:1]}"
    )
