"""Writes a golden file; README.md beside this has the format."""

import struct

import numpy as np

from reference import BFLOAT16, FLOAT16, FLOAT32, FLOAT64

MAGIC = b"QDQGOLD\0"
FORMAT = 1
TYPES = [FLOAT32, FLOAT64, FLOAT16, BFLOAT16]  # by their number in a file


def encode(entries, dtype, is_gradient, tensorflow, seed):
    """The bytes of a file of (case, expected, indices of zeros of either sign)."""
    elements = sum(case.tensor.size for case, _, _ in entries)
    numbers = (FORMAT, TYPES.index(dtype), is_gradient, len(entries), elements)
    header = struct.pack("<8s16sQ5I", MAGIC, tensorflow.encode(), seed, *numbers)
    return header + b"".join(_encode_case(*entry) for entry in entries)


def _encode_case(case, expected, any_zero):
    attributes = case.attributes
    range_len = 0 if case.given is None else len(case.given[0])
    fields = struct.pack(
        "<6BbBII",
        attributes.num_bits,
        attributes.signed_input,
        attributes.range_given,
        attributes.narrow_range,
        attributes.half_up,
        attributes.native,
        attributes.axis,
        case.tensor.ndim,
        range_len,
        len(any_zero),
    )
    arrays = [np.array(case.tensor.shape, "<u4"), *(case.given or ()), case.tensor]
    arrays += [] if case.gradients is None else [case.gradients]
    arrays += [expected, np.array(any_zero, "<u4")]
    return fields + b"".join(_little_endian(array) for array in arrays)


def _little_endian(array):
    unsigned = np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")
    return unsigned.astype(f"<u{array.dtype.itemsize}").tobytes()
