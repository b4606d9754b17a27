"""Threads, the GIL, and processes that were forked."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from reference import same

import libqdq


def test_the_gil_is_released() -> None:
    """While one thread is inside a call, another runs."""
    x = np.ones((1024, 8192))[:, ::2].T  # gathered and scattered in parts: takes its time
    out = np.empty_like(x)
    libqdq.quantize_and_dequantize(x, axis=0, out=out)
    span: list[float] = []

    def call() -> None:
        span.append(time.perf_counter())
        for _ in range(3):
            libqdq.quantize_and_dequantize(x, axis=0, out=out)
            span.append(time.perf_counter())

    ticks = []
    thread = threading.Thread(target=call)
    thread.start()
    while thread.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.0005)
    # Beside the ends of a call the interpreter may run anything.
    inside = [
        tick
        for start, end in itertools.pairwise(span)
        for tick in ticks
        if start + 0.25 * (end - start) < tick < end - 0.25 * (end - start)
    ]
    assert inside


@pytest.mark.parametrize("num_threads", [None, 0, 1, 2, 7])
def test_the_result_does_not_depend_on_threads(num_threads: int | None) -> None:
    x = np.random.default_rng(7).normal(size=(300, 1000)).astype(np.float32)
    for axis in (-1, 0, 1):
        alone = libqdq.quantize_and_dequantize(x, axis=axis)
        assert same(libqdq.quantize_and_dequantize(x, axis=axis, num_threads=num_threads), alone)
        ranges = libqdq.range_update(x, axis=axis, num_threads=num_threads)
        assert all(map(same, ranges, libqdq.range_update(x, axis=axis)))
        quantizer = libqdq.Quantizer(*ranges, axis=axis, range_given=False)
        assert same(quantizer.apply(x, num_threads=num_threads), alone)
        assert same(quantizer.grad(x, x, num_threads=num_threads), x)
        codes = quantizer.quantize(x, num_threads=num_threads)
        assert np.array_equal(quantizer.dequantize(codes, num_threads=num_threads), alone)


def test_many_threads_at_once() -> None:
    """Same shapes, other numbers: what is kept from call to call belongs to no thread."""
    tensors = [np.random.default_rng(seed).normal(size=(64, 33)).astype(np.float32) for seed in range(8)]
    quantizer = libqdq.Quantizer(-1, 1, num_bits=4)
    alone = [(libqdq.quantize_and_dequantize(x, axis=1), quantizer.apply(x)) for x in tensors]

    def check(number: int) -> bool:
        x, (computed, given) = tensors[number % 8], alone[number % 8]
        threads = number % 3
        return same(libqdq.quantize_and_dequantize(x, axis=1, num_threads=threads), computed) and same(
            quantizer.apply(x, num_threads=threads), given
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, range(800)))


FORKED = """
import os, numpy as np, libqdq
x = np.random.default_rng(1).normal(size=(1000, 1000)).astype(np.float32)
quantizer = libqdq.Quantizer(-1, 1)
def answer():
    return libqdq.quantize_and_dequantize(x, num_threads=2).tobytes() + quantizer.apply(x, num_threads=2).tobytes()
expected = answer()
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0 if answer() == expected else 1)
    assert answer() == expected
    assert os.waitpid(child, 0)[1] == 0
print("equal")
"""


def test_after_a_fork() -> None:
    """The pool's threads are not in the child; neither process may wait for them. A process of its own: forks of one
    with other libraries' threads prove nothing about this one."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "equal\n"), done.stderr


def test_exit_with_a_thread_inside() -> None:
    """A quantizer is not destroyed under a thread that still uses it when the interpreter ends."""
    script = (
        "import threading, numpy as np, libqdq\n"
        "x, q = np.ones(1 << 22, np.float32), libqdq.Quantizer(-1, 1)\n"
        "def work():\n    while True: q.apply(x, out=x)\n"
        "threading.Thread(target=work, daemon=True).start()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
