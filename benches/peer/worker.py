"""Measures one peer and libqdq in turn, in one process, with so many threads. Run by peers.py with the peer's Python.

For each layout and contestant a line of JSON goes to standard output.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path

# Memory of the same kind for everyone: numpy would ask for huge pages, which the peers' own allocators do not.
os.environ["NUMPY_MADVISE_HUGEPAGE"] = "0"

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools" / "golden"))

from cases import Case, channels  # noqa: E402
from contestant import reason  # noqa: E402
from layouts import LAYOUTS  # noqa: E402
from library import Library  # noqa: E402
from ranges import step  # noqa: E402
from reference import Attributes  # noqa: E402

DTYPES = {"float32": np.float32, "float64": np.float64, "half": np.float16, "bfloat16": ml_dtypes.bfloat16}
SAMPLE_SECONDS = 0.02
REST_SECONDS = 0.02  # after which no thread of whoever was measured before still spins
ALIGNMENT = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("threads", type=int)
    parser.add_argument("libqdq", type=Path)
    parser.add_argument("samples", type=int)
    parser.add_argument("rows")
    arguments = parser.parse_args()
    # Before the peer is loaded, which may size its pool by the cores that it finds.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    peer = import_module(f"by_{arguments.peer}")
    peer.start(arguments.threads)
    library = Library(arguments.libqdq)
    put({"versions": {"libqdq": f"{library.version()} ({library.isa()})"} | peer.versions()})
    for layout in LAYOUTS:
        if arguments.rows in layout.name:
            for row in rows(layout, peer, library, arguments.threads, arguments.samples):
                put(row)


def put(line):
    print(json.dumps(line), flush=True)


def rows(layout, peer, library, threads, samples):
    case = make_case(layout)
    output = aligned(np.zeros_like(case.tensor))
    outputs = [output] if case.gradients is None else [output, *map(np.empty_like, case.given)]
    ours = library.prepare(case, None if threads == 1 else threads, *outputs)
    for contestant in peer.CONTESTANTS:
        head = {"layout": layout.name, "peer": contestant.name, "threads": threads}
        try:
            theirs = contestant.prepare(case, threads)
            result = peer.values(theirs())
        except Exception as error:
            words = reason(error, peer.REASONS, layout.dtype)
            if words is None:
                raise
            yield head | {"lacks": words}
            continue
        ours()
        yield head | measure(theirs, ours, samples) | compare(contestant, layout, case, output, result)


# The work.


def make_case(layout):
    rng = np.random.default_rng(1)
    dtype = np.dtype(DTYPES[layout.dtype])
    attributes = Attributes(axis=layout.axis, range_given=layout.given)
    return Case(
        attributes,
        normal(rng, layout.shape, dtype),
        given_range(channels(layout.shape, layout.axis), dtype) if layout.given else None,
        normal(rng, layout.shape, dtype) if layout.gradient else None,
    )


def normal(rng, shape, dtype):
    return aligned(rng.standard_normal(shape, dtype=np.float32).astype(dtype))


def given_range(count, dtype):
    """Of each channel: 2.5 to both sides, a little less from channel to channel."""
    ends = 2.5 * (1 - np.arange(count) % 7 / 64)
    return (-ends).astype(dtype), ends.astype(dtype)


def aligned(array):
    """A copy that begins where a vector register would like it to."""
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


# Time.


def measure(theirs, ours, samples):
    """Medians: of both times, and of the ratio of neighbours."""
    repeats = [repeats_of(call) for call in (theirs, ours)]
    times = [[sample(call, n) for call, n in zip((theirs, ours), repeats)] for _ in range(samples)]
    seconds, libqdq_seconds = map(statistics.median, zip(*times))
    ratio = statistics.median(a / b for a, b in times)
    return {"seconds": seconds, "libqdq_seconds": libqdq_seconds, "ratio": ratio}


def repeats_of(call):
    """How many calls make a sample."""
    repeats, seconds = 1, time_calls(call, 1)
    while seconds < SAMPLE_SECONDS / 2:
        repeats *= 2
        seconds = time_calls(call, repeats)
    return math.ceil(repeats * SAMPLE_SECONDS / seconds)


def sample(call, repeats):
    """Seconds of one call. What is short is warmed up: its threads may be asleep and its data out of the caches."""
    time.sleep(REST_SECONDS)
    if repeats > 1:
        time_calls(call, math.ceil(repeats / 10))
    return time_calls(call, repeats) / repeats


def time_calls(call, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start


# Results.


def compare(contestant, layout, case, ours, theirs):
    """Equal bits where they are promised; elsewhere that it was the same work, more or less."""
    unsigned = np.dtype(f"u{ours.dtype.itemsize}")
    differing = int(np.count_nonzero(ours.view(unsigned) != theirs.view(unsigned)))
    promised = layout.dtype in contestant.equal
    if promised and differing:
        sys.exit(f"{layout.name}: {differing} elements of libqdq differ from {contestant.name}'s")
    if not promised and not similar(case, ours, theirs):
        sys.exit(f"{layout.name}: {contestant.name} did other work")
    return {"equal": differing == 0, "differing": differing}


def similar(case, ours, theirs):
    """Nearly all gradients pass or are masked in both; no value is more than two steps from the other."""
    if case.gradients is not None:
        return np.count_nonzero(ours != theirs) < ours.size / 100
    lo, hi = case.given or (case.tensor.min(keepdims=True), case.tensor.max(keepdims=True))
    wide = np.float32 if ours.dtype.itemsize == 2 else ours.dtype
    return np.abs(ours.astype(wide) - theirs.astype(wide)).max() <= 2 * step(lo, hi).max()


if __name__ == "__main__":
    main()
