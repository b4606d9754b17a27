"""libqdq by ctypes: lists of Python floats in, lists of Python floats out."""

import ctypes
import itertools
import math
import platform
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = {"Darwin": "libqdq.dylib", "Windows": "qdq.dll"}.get(platform.system(), "libqdq.so")

OK, DEGENERATE_RANGE = 0, 10
HALF_TO_EVEN, HALF_UP = 0, 1
DEFAULT, NATIVE = 0, 1
TENSORFLOW, ZERO, ERROR = 0, 1, 2


class Attrs(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("num_bits", ctypes.c_int32),
        ("axis", ctypes.c_int32),
        ("round_mode", ctypes.c_int32),
        ("arithmetic", ctypes.c_int32),
        ("degenerate", ctypes.c_int32),
        ("signed_input", ctypes.c_int32),
        ("range_given", ctypes.c_int32),
        ("narrow_range", ctypes.c_int32),
    ]


def to_f16(value):
    try:
        return struct.unpack("<H", struct.pack("<e", value))[0]
    except OverflowError:
        return 0x7C00 | (0x8000 if value < 0 else 0)


def from_f16(bits):
    return struct.unpack("<e", struct.pack("<H", bits))[0]


def to_bf16(value):
    """Rounds to nearest even; a float on the way does no harm, having more than twice the digits."""
    bits = struct.unpack("<I", bytes(ctypes.c_float(value)))[0]
    if math.isnan(value):
        return bits >> 16 | 0x40
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def from_bf16(bits):
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


# The element in C, and its way from a Python float and back.
TYPES = {
    "f32": (ctypes.c_float, float, float),
    "f64": (ctypes.c_double, float, float),
    "f16": (ctypes.c_uint16, to_f16, from_f16),
    "bf16": (ctypes.c_uint16, to_bf16, from_bf16),
}


def rounded(value, dtype):
    """The number of the type nearest to value."""
    c_type, encode, decode = TYPES[dtype]
    return decode(c_type(encode(value)).value)


class Failure(Exception):
    """The library's status, with its reason in words."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


class Library:
    def __init__(self, path=None):
        self._functions = ctypes.CDLL(str(path or ROOT / "target" / "release" / LIBRARY))
        self._functions.qdq_last_error.restype = ctypes.c_char_p

    def forward(self, dtype, values, given=None, shape=None, **attributes):
        """The operation. given: (min, max), or a list of them, one of each channel."""
        output = _array(dtype, itertools.repeat(0.0, len(values)))
        self._call("", dtype, [values], given, shape, attributes, [output])
        return _floats(dtype, output)

    def gradient(self, dtype, gradients, values, given=None, shape=None, **attributes):
        """The gradient by the input."""
        output = _array(dtype, itertools.repeat(0.0, len(values)))
        self._call("_grad", dtype, [gradients, values], given, shape, attributes, [output, None, None])
        return _floats(dtype, output)

    def _call(self, suffix, dtype, inputs, given, shape, attributes, outputs):
        shape = (len(inputs[0]),) if shape is None else shape
        attrs = Attrs()
        self._check(self._functions.qdq_attrs_init(ctypes.byref(attrs), ctypes.c_size_t(ctypes.sizeof(attrs))))
        attrs.range_given = given is not None
        for name, value in attributes.items():
            if not hasattr(attrs, name):
                raise TypeError(f"no attribute {name}")
            setattr(attrs, name, value)
        function = getattr(self._functions, f"qdq_quantize_and_dequantize_v4{suffix}_{dtype}")
        ranges = [None, None, ctypes.c_size_t(0)]
        if given is not None:
            given = [given] if isinstance(given, tuple) else given
            ends = [_array(dtype, end) for end in zip(*given)]
            ranges = [*ends, ctypes.c_size_t(len(given))]
        self._check(
            function(
                *(_array(dtype, values) for values in inputs),
                (ctypes.c_int64 * len(shape))(*shape),
                ctypes.c_int32(len(shape)),
                *ranges,
                ctypes.byref(attrs),
                None,
                *outputs,
            )
        )

    def _check(self, status):
        if status != OK:
            raise Failure(status, self._functions.qdq_last_error().decode())


def _array(dtype, values):
    c_type, encode, _ = TYPES[dtype]
    elements = [encode(value) for value in values]
    return (c_type * len(elements))(*elements)


def _floats(dtype, array):
    decode = TYPES[dtype][2]
    return [decode(element) for element in array]
