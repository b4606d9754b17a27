"""How long the ops take, beside TensorFlow's own kernels: both in turn, in one run.

    PYTHONPATH=build/integrations/tensorflow/python build/tensorflow-venv/bin/python integrations/tensorflow/speed.py

Each column is a process of its own, as a kernel once registered cannot be taken back. TensorFlow's kernels use all
cores; ours are measured on the calling thread and on all cores. A number is the median of the calls' times, eagerly
and with the output allocated by TensorFlow; the ratio is TensorFlow's time by ours.
"""

import argparse
import concurrent.futures
import functools
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

Process = concurrent.futures.ProcessPoolExecutor

# Shape, axis, whether the range is given, whether it is the gradient.
CASES: dict[str, tuple[tuple[int, ...], int, bool, bool]] = {
    "4096 x 4096, one range for each column (axis 1)": ((4096, 4096), 1, False, False),
    "32 x 56 x 56 x 64, one range for each channel (axis 3)": ((32, 56, 56, 64), 3, False, False),
    "4096 x 4096, one range for each row (axis 0)": ((4096, 4096), 0, False, False),
    "4096 x 4096, one range": ((4096, 4096), -1, False, False),
    "4096 x 4096, one given range": ((4096, 4096), -1, True, False),
    "4096 x 4096, gradient, a range for each column": ((4096, 4096), 1, True, True),
    "4096 x 4096, gradient, one range": ((4096, 4096), -1, True, True),
    "64 elements, one range": ((64,), -1, False, False),
}
ALL_CORES = 0


def prepare(threads: int | None) -> None:
    """None: TensorFlow's own kernels."""
    if threads is not None:
        import qdq_tensorflow

        qdq_tensorflow.load()
        qdq_tensorflow.set_threads(threads)


_calls: dict[str, Callable[[], object]] = {}


def call_of(name: str) -> Callable[[], object]:
    """The case, its tensors made once."""
    if name in _calls:
        return _calls[name]
    shape, axis, range_given, is_gradient = CASES[name]
    tensor = tf.constant(np.random.default_rng(1).normal(size=shape).astype(np.float32))
    ends = () if axis == -1 else (shape[axis],)
    tensors = {"input": tensor, "input_min": tf.fill(ends, -2.0), "input_max": tf.fill(ends, 2.0)}
    if is_gradient:
        call = functools.partial(tf.raw_ops.QuantizeAndDequantizeV4Grad, gradients=tensor, axis=axis, **tensors)
    else:
        call = functools.partial(tf.raw_ops.QuantizeAndDequantizeV4, axis=axis, range_given=range_given, **tensors)
    _calls.clear()  # one case's tensors at a time
    _calls[name] = call
    return call


def seconds(name: str, calls: int) -> float:
    call = call_of(name)
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def measure(processes: dict[str, Process], name: str, rounds: int) -> dict[str, float]:
    """The median of each process, which take turns."""
    calls = {who: calls_in_a_round(process, name) for who, process in processes.items()}
    times: dict[str, list[float]] = {who: [] for who in processes}
    for _ in range(rounds):
        for who, process in processes.items():
            times[who].append(process.submit(seconds, name, calls[who]).result())
    return {who: statistics.median(found) for who, found in times.items()}


def calls_in_a_round(process: Process, name: str) -> int:
    """About 50 ms of them, after one that warms up."""
    process.submit(seconds, name, 1).result()
    return max(1, round(0.05 / process.submit(seconds, name, 1).result()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    kinds = {"TensorFlow": None, "one thread": 1, "all cores": ALL_CORES}
    spawn = multiprocessing.get_context("spawn")
    processes = {who: Process(1, spawn, prepare, (threads,)) for who, threads in kinds.items()}
    print(f"TensorFlow {tf.__version__}, {len(os.sched_getaffinity(0))} cores, float32, medians of {rounds} rounds")
    print(f"{'':56}{'TensorFlow':>12}{'one thread':>12}{'ratio':>8}{'all cores':>12}{'ratio':>8}")
    for name in CASES:
        found = measure(processes, name, rounds)
        theirs, one, every = (found[who] * 1e3 for who in kinds)
        print(
            f"{name:56}{theirs:9.3f} ms{one:9.3f} ms{theirs / one:8.1f}{every:9.3f} ms{theirs / every:8.1f}", flush=True
        )
    for process in processes.values():
        process.shutdown()


if __name__ == "__main__":
    main()
