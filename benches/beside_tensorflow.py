"""How long TensorFlow and libqdq take for the same work, one beside the other, and whether their bits are equal.

    cargo build --release
    "$(tools/golden/venv.sh)" benches/beside_tensorflow.py [--library PATH] [--runs N]

One core. Each row is the median of the runs, taken in turn; quote the ratio, not the times. Without a given range, because
TensorFlow refuses one with an axis.
"""

import argparse
import ctypes
import os
import statistics
import time

# One core for both: TensorFlow sizes its pool by the cores that it may use.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

SHAPES = [((4096, 4096), 1), ((4096, 4096), 0), ((4096, 4096), -1), ((32, 56, 56, 64), 3)]


class Attrs(ctypes.Structure):
    """qdq_attrs."""

    _fields_ = [("struct_size", ctypes.c_size_t)] + [
        (name, ctypes.c_int32)
        for name in "num_bits axis round_mode arithmetic degenerate signed_input range_given narrow_range".split()
    ]


def by_libqdq(library, x, axis):
    attrs = Attrs(ctypes.sizeof(Attrs), num_bits=8, axis=axis, signed_input=1)
    shape = (ctypes.c_int64 * x.ndim)(*x.shape)
    output = np.empty_like(x)
    pointer = ctypes.c_void_p

    def run():
        status = library.qdq_quantize_and_dequantize_v4_f32(
            x.ctypes.data_as(pointer), shape, x.ndim, None, None, ctypes.c_size_t(0), ctypes.byref(attrs), None,
            output.ctypes.data_as(pointer))
        if status:
            raise RuntimeError(library.qdq_last_error().decode())
        return output

    return run


def by_tensorflow(x, axis):
    tensor, unused = tf.constant(x), tf.constant(0.0)
    return lambda: tf.raw_ops.QuantizeAndDequantizeV4(input=tensor, input_min=unused, input_max=unused, axis=axis).numpy()


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default="target/release/libqdq.so")
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    library = ctypes.CDLL(os.path.abspath(arguments.library))
    for name in ("qdq_isa", "qdq_version", "qdq_last_error"):
        getattr(library, name).restype = ctypes.c_char_p
    print(f"libqdq {library.qdq_version().decode()} ({library.qdq_isa().decode()}), TensorFlow {tf.__version__}")
    for shape, axis in SHAPES:
        x = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
        ours, theirs = by_libqdq(library, x, axis), by_tensorflow(x, axis)
        differing = np.count_nonzero(ours().view(np.uint32) != theirs().view(np.uint32))
        times = [(seconds(ours), seconds(theirs)) for _ in range(arguments.runs)]
        a, b = (statistics.median(column) for column in zip(*times))
        print(f"{shape} axis {axis:2}: libqdq {a * 1e3:7.1f} ms, TensorFlow {b * 1e3:7.1f} ms, ratio {b / a:5.1f}, "
              f"{differing} elements differ")


if __name__ == "__main__":
    main()
