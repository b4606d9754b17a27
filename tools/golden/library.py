"""libqdq through ctypes: the dense functions of the four types."""

import ctypes

import numpy as np

from reference import BFLOAT16, FLOAT16, FLOAT32, FLOAT64

SUFFIXES = {FLOAT32: "f32", FLOAT64: "f64", FLOAT16: "f16", BFLOAT16: "bf16"}


class Attrs(ctypes.Structure):
    """qdq_attrs."""

    _fields_ = [("struct_size", ctypes.c_size_t)] + [
        (name, ctypes.c_int32)
        for name in (
            "num_bits",
            "axis",
            "round_mode",
            "arithmetic",
            "degenerate",
            "signed_input",
            "range_given",
            "narrow_range",
        )
    ]


class Executor(ctypes.Structure):
    """qdq_executor."""

    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("num_threads", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("parallel_for", ctypes.c_void_p),
        ("host_data", ctypes.c_void_p),
    ]


class Library:
    """The shared library; `run` computes a case."""

    def __init__(self, path):
        self._library = ctypes.CDLL(str(path))
        for name in ("qdq_isa", "qdq_version", "qdq_last_error"):
            getattr(self._library, name).restype = ctypes.c_char_p

    def isa(self):
        return self._library.qdq_isa().decode()

    def version(self):
        return self._library.qdq_version().decode()

    def run(self, case, threads):
        """The result; on the calling thread if `threads` is None, else on the library's pool."""
        output = np.full_like(case.tensor, 77)
        by_range = () if case.gradients is None else [np.full_like(end, 77) for end in case.given]
        self.prepare(case, threads, output, *by_range)()
        if any(end.tobytes().strip(b"\0") for end in by_range):
            raise AssertionError("a gradient by the range is not +0")
        return output

    def prepare(self, case, threads, *outputs):
        """The call that computes the case into `outputs`: by the input, and of a gradient by the range, too."""
        name = f"qdq_quantize_and_dequantize_v4_{SUFFIXES[case.tensor.dtype]}"
        inputs = [case.tensor]
        if case.gradients is not None:
            name = name.replace("v4", "v4_grad")
            inputs = [case.gradients, case.tensor]
        function = getattr(self._library, name)
        arguments = [
            *map(_pointer, inputs),
            *_shape(case),
            *_range(case),
            *_settings(case, threads),
            *map(_pointer, outputs),
        ]

        def call():
            status = function(*arguments)
            if status:
                reason = self._library.qdq_last_error().decode()
                raise AssertionError(f"{name}: status {status}: {reason}")

        return call


def _pointer(array):
    if not array.flags.c_contiguous:
        raise ValueError("the dense functions want row-major elements")
    return array.ctypes.data_as(ctypes.c_void_p)  # which keeps the array


def _shape(case):
    dimensions = case.tensor.shape
    return (ctypes.c_int64 * len(dimensions))(*dimensions), ctypes.c_int32(len(dimensions))


def _range(case):
    if case.given is None:
        return None, None, ctypes.c_size_t(0)
    lo, hi = case.given
    return _pointer(lo), _pointer(hi), ctypes.c_size_t(len(lo))


def _settings(case, threads):
    attributes = case.attributes
    attrs = Attrs(
        struct_size=ctypes.sizeof(Attrs),
        num_bits=attributes.num_bits,
        axis=attributes.axis,
        round_mode=attributes.half_up,
        arithmetic=attributes.native,
        signed_input=attributes.signed_input,
        range_given=attributes.range_given,
        narrow_range=attributes.narrow_range,
    )
    if threads is None:
        return ctypes.byref(attrs), None
    executor = Executor(struct_size=ctypes.sizeof(Executor), num_threads=threads)
    return ctypes.byref(attrs), ctypes.byref(executor)
