"""Compares libqdq with TensorFlow on fresh random cases, bit for bit.

Every element is compared: with TensorFlow where it is the judge, and with the
definition (reference.py) without exception, the sign of each zero included. The
table says how many elements TensorFlow judged, how many it is no judge of and
how many of those it really computes differently. Any difference that is no
exemption, of the library or of TensorFlow from the definition, ends in exit
status 1; the seed in the first line draws the same cases again.
"""

import argparse
import pathlib
import secrets
import sys
import time
from dataclasses import dataclass, replace

import numpy as np

import cases
import oracle
from library import Library
from reference import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Attributes

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOWN = 5  # differences of a category
MOST_SLICES = 32  # calls of TensorFlow for one tensor
MOST_CHANNELS = 4096
DRAWS_PER_PROGRAM = 8  # tensors for each program that XLA compiles
THREADS = [None, 1, 2, 3]


@dataclass(frozen=True)
class Category:
    """A row of the table; `share` is its part of all elements."""

    name: str
    dtype: np.dtype
    share: float
    native: bool = False
    gradient: bool = False


CATEGORIES = [
    Category("forward f32", FLOAT32, 0.22),
    Category("forward f64", FLOAT64, 0.17),
    Category("forward f16", FLOAT16, 0.12),
    Category("forward bf16", BFLOAT16, 0.12),
    Category("forward f16, native", FLOAT16, 0.08, native=True),
    Category("forward bf16, native", BFLOAT16, 0.09, native=True),
    Category("gradient f32", FLOAT32, 0.05, gradient=True),
    Category("gradient f64", FLOAT64, 0.05, gradient=True),
    Category("gradient f16", FLOAT16, 0.05, gradient=True),
    Category("gradient bf16", BFLOAT16, 0.05, gradient=True),
]


class Tally:
    """Counts and differences of a category."""

    def __init__(self, category):
        self.category = category
        self.calls = self.elements = self.judged = self.exempt = self.exempt_differing = 0
        self.from_tensorflow = self.from_definition = self.tensorflow_wrong = 0
        self.shown = 0

    def add(self, case, threads, got):
        verdict = oracle.judge(case)
        self.calls += 1
        self.elements += got.size
        wrong = oracle.differs(got, verdict.definition)
        self.from_definition += np.count_nonzero(wrong)
        if verdict.values is not None:
            wrong = wrong | self._add_tensorflow(verdict, got)
        if wrong.any():
            self._show(case, threads, got, verdict, np.flatnonzero(wrong)[0])

    def _add_tensorflow(self, verdict, got):
        exempt = verdict.exempt | (verdict.any_zero & (verdict.values == 0) & (got == 0))
        differing = oracle.differs(got, verdict.values)
        contradicting = oracle.disagrees(verdict)
        self.judged += np.count_nonzero(~exempt)
        self.exempt += np.count_nonzero(exempt)
        self.exempt_differing += np.count_nonzero(exempt & differing)
        self.from_tensorflow += np.count_nonzero(~exempt & differing)
        self.tensorflow_wrong += np.count_nonzero(contradicting)
        return (~exempt & differing) | contradicting

    def _show(self, case, threads, got, verdict, at):
        self.shown += 1
        if self.shown > SHOWN:
            return
        channel = 0
        if case.attributes.axis >= 0:
            channel = np.unravel_index(at, case.tensor.shape)[case.attributes.axis]
        print(
            f"{self.category.name}: {case.attributes} shape {case.tensor.shape} threads {threads}"
        )
        if case.given is not None:
            print(f"    channel {channel}: range {[_bits(end[channel]) for end in case.given]}")
        rows = {"input": case.tensor, "gradient": case.gradients, "libqdq": got}
        rows |= {"TensorFlow": verdict.values, "definition": verdict.definition}
        for name, values in rows.items():
            if values is not None:
                print(f"    element {at}: {name:10} {_bits(values.ravel()[at])}")

    def failed(self):
        return bool(self.from_tensorflow or self.from_definition or self.tensorflow_wrong)

    def row(self):
        return [
            self.category.name,
            self.calls,
            self.elements,
            self.judged,
            self.from_tensorflow,
            self.exempt,
            self.exempt_differing,
            self.from_definition,
            self.tensorflow_wrong,
        ]


HEADINGS = [
    "",
    "calls",
    "elements",
    "judged by TF",
    "differ from TF",
    "exempt",
    "of those differ",
    "differ from definition",
    "TF from definition",
]


def _bits(value):
    unsigned = np.asarray(value).view(f"u{value.dtype.itemsize}")
    return f"{float(value)!r} (0x{int(unsigned):0{2 * value.dtype.itemsize}x})"


def draw_attributes(rng, shape, category):
    """Any attributes; half of them of the widths that people use."""
    signed = bool(rng.integers(2))
    bits = int(rng.integers(1, 62 if signed else 63))
    if rng.integers(2):
        bits = int(rng.choice([2, 4, 8, 8, 16]))
    attributes = Attributes(
        signed_input=signed,
        num_bits=bits,
        range_given=category.gradient or bool(rng.integers(2)),
        half_up=bool(rng.integers(2)),
        narrow_range=bits > 1 and bool(rng.integers(2)),
        axis=int(rng.integers(-1, len(shape))),
        native=category.native,
    )
    return _affordable(attributes, shape)


def _affordable(attributes, shape):
    """Without attributes that would have TensorFlow called for each of very many channels."""
    axis = attributes.axis
    if axis >= 0 and shape[axis] > MOST_CHANNELS:
        return replace(attributes, axis=-1)
    sliced = axis >= 0 and attributes.range_given and attributes.half_up and not attributes.native
    if sliced and shape[axis] > MOST_SLICES:
        return replace(attributes, half_up=False)
    return attributes


def draw_size(rng, left):
    """Mostly small, now and then larger than a cache, never much more than is left."""
    largest = rng.choice([9, 13, 19], p=[0.945, 0.05, 0.005])
    return int(min(max(left, 1), 2 ** rng.uniform(0, largest)))


def run(category, library, elements, seed):
    """Draws cases of a category until it has so many elements."""
    rng = np.random.default_rng(seed)
    tally = Tally(category)
    draw = cases.draw_gradient if category.gradient else cases.draw_forward
    compiled = category.native and category.dtype == BFLOAT16
    while tally.elements < elements:
        # Programs are dear: their tensors are larger, and several tensors share one.
        size = (
            int(rng.integers(200, 2000)) if compiled else draw_size(rng, elements - tally.elements)
        )
        shape = cases.draw_shape(rng, int(rng.integers(7)), size)
        attributes = draw_attributes(rng, shape, category)
        for _ in range(DRAWS_PER_PROGRAM if compiled else 1):
            case = draw(rng, category.dtype, shape, attributes)
            threads = THREADS[rng.integers(len(THREADS))]
            tally.add(case, threads, library.run(case, threads))
    return tally


def print_table(tallies):
    rows = [HEADINGS] + [[str(cell) for cell in tally.row()] for tally in tallies]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print(
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:])),
            sep="  ",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--library", dest="libqdq", type=pathlib.Path, default=ROOT / "target" / "release" / "libqdq.so"
    )
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--elements", type=int, default=10_000_000)
    arguments = parser.parse_args()

    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    library = Library(arguments.libqdq)
    versions = f"libqdq {library.version()} ({library.isa()}), TensorFlow {oracle.VERSION}"
    print(f"{versions}, --seed {seed}", flush=True)
    start = time.monotonic()
    tallies = []
    for number, category in enumerate(CATEGORIES):
        tallies.append(
            run(category, library, round(category.share * arguments.elements), [seed, number])
        )
    print_table(tallies)
    compared = sum(tally.elements for tally in tallies)
    failed = any(tally.failed() for tally in tallies)
    verdict = "DIFFERENCES" if failed else "no differing bit"
    print(f"{compared} elements in {time.monotonic() - start:.0f} s: {verdict}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
