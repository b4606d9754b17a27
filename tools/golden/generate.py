"""Generates tests/golden/: what TensorFlow answers, for every attribute, type, rank and axis.

The same seed and the same pins give the same bytes. Nothing is written unless
TensorFlow also agrees with the definition (reference.py) on every element, so a
golden can never be a mistake of one of them.

    python generate.py            writes the files
    python generate.py --check    compares the files with what would be written
"""

import argparse
import itertools
import pathlib
import sys
from dataclasses import replace

import numpy as np

import cases
import golden_file
import oracle
from reference import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Attributes

SEED = 2021
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"

TYPES = {"f32": FLOAT32, "f64": FLOAT64, "f16": FLOAT16, "bf16": BFLOAT16}
WIDTHS = [(True, bits) for bits in range(1, 62)] + [(False, bits) for bits in range(1, 63)]
RANKS_AND_AXES = [(rank, axis) for rank in range(7) for axis in range(-1, rank)]
SIZES = [3, 9, 17, 40, 70]  # around the vectors of every instruction set, and well beyond
EMPTY_SHAPES = [((0,), -1), ((0,), 0), ((3, 0), 0), ((0, 2), 1), ((2, 0, 3), 1)]
LARGE_SHAPES = [((1999,), -1), ((7, 271), 0), ((271, 7), 1), ((5, 9, 43), 1)]
ATTEMPTS = 200


class Writer:
    """Draws case after case, going through ranks, axes, kinds of data and sizes in turn."""

    def __init__(self, dtype, native, seed):
        self.dtype = dtype
        self.native = native
        self.rng = np.random.default_rng(seed)
        self.places = itertools.cycle(RANKS_AND_AXES)
        self.kinds = itertools.cycle(cases.KINDS)
        self.sizes = itertools.cycle(SIZES)
        self.entries = []

    def add_next(self, attributes, draw=cases.draw_forward):
        """A case at the next rank and axis."""
        rank, axis = next(self.places)
        shape = cases.draw_shape(self.rng, rank, next(self.sizes))
        self.add(shape, replace(attributes, axis=axis), draw)

    def add(self, shape, attributes, draw=cases.draw_forward):
        """A case of the next kind of data; of another kind where TensorFlow is no judge of it."""
        attributes = replace(attributes, native=self.native)
        kind = next(self.kinds)
        for attempt in range(ATTEMPTS):
            case = draw(self.rng, self.dtype, shape, attributes, kind if attempt < 5 else None)
            if case.given is not None and attempt > 10:
                case.given = cases.straddling(case.given)
            verdict = oracle.judge(case)
            if oracle.disagrees(verdict).any():
                raise AssertionError(f"TensorFlow and the definition disagree: {case}")
            if not verdict.exempt.any():
                self._keep(case, verdict)
                return
        raise AssertionError(f"no case without exemptions: {attributes} {shape}")

    def _keep(self, case, verdict):
        """Marks a zero's sign as open only where TensorFlow's is not the definition's."""
        open_zeros = oracle.differs(verdict.values, verdict.definition)
        self.entries.append((case, verdict.values, np.flatnonzero(open_zeros)))


def forward_entries(dtype, native, seed):
    writer = Writer(dtype, native, seed)
    switches = list(itertools.product((False, True), (False, True)))
    for (given, half_up), (signed, bits) in itertools.product(switches, WIDTHS):
        narrow = bits > 1 and bool(writer.rng.integers(2))
        writer.add_next(Attributes(signed, bits, given, half_up, narrow))
    for (given, half_up), (signed, narrow) in itertools.product(switches, switches):
        # XLA compiles each case anew: every kind of data rather than every rank and axis.
        for _ in cases.KINDS if native else RANKS_AND_AXES:
            writer.add_next(Attributes(signed, 8, given, half_up, narrow))
    for given, (shape, axis) in itertools.product((False, True), EMPTY_SHAPES + LARGE_SHAPES):
        writer.add(shape, Attributes(range_given=given, axis=axis))
    return writer.entries


def gradient_entries(dtype, seed):
    writer = Writer(dtype, False, seed)
    for _ in range(5 * len(RANKS_AND_AXES)):
        bits = int(writer.rng.integers(2, 17))
        signed, half_up, narrow = (bool(b) for b in writer.rng.integers(2, size=3))
        writer.add_next(Attributes(signed, bits, True, half_up, narrow), cases.draw_gradient)
    for shape, axis in EMPTY_SHAPES + LARGE_SHAPES:
        writer.add(shape, Attributes(range_given=True, axis=axis), cases.draw_gradient)
    return writer.entries


def files(seed):
    """Yields each file's name, its type, whether it is of gradients, and its cases."""
    streams = iter(np.random.SeedSequence(seed).spawn(2 * len(TYPES) + 1))
    for name, dtype in TYPES.items():
        yield f"forward_{name}", dtype, False, forward_entries(dtype, False, next(streams))
    for name, dtype in TYPES.items():
        yield f"gradient_{name}", dtype, True, gradient_entries(dtype, next(streams))
    yield "forward_native_bf16", BFLOAT16, False, forward_entries(BFLOAT16, True, next(streams))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER)
    arguments = parser.parse_args()

    changed = 0
    for name, dtype, is_gradient, entries in files(arguments.seed):
        data = golden_file.encode(entries, dtype, is_gradient, oracle.VERSION, arguments.seed)
        path = arguments.folder / f"{name}.golden"
        same = path.exists() and path.read_bytes() == data
        changed += not same
        if not arguments.check:
            path.write_bytes(data)
        open_zeros = sum(len(entry[2]) for entry in entries)
        elements = sum(entry[0].tensor.size for entry in entries)
        print(
            f"{name:20} {len(entries):4} cases {elements:6} elements {open_zeros:5} zeros"
            f" of open sign {len(data):7} bytes, {'same' if same else 'changed'}",
            flush=True,
        )
    return 1 if arguments.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
