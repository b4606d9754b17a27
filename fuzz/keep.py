#!/usr/bin/env python3
"""Keeps the inputs that reach most, from those that runs have found: the smallest ones, at most so many.

    scripts/fuzz.sh 600 && fuzz/keep.py --programs build/fuzz/x86_64-unknown-linux-gnu/release --found build/fuzz-corpus

Each target's inputs, the kept ones among them, are merged by libFuzzer as `cargo fuzz cmin` does, counting which branches
are reached and not how often. Of what remains, those that reach the most new branches are taken first.
"""

import argparse
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
TARGETS = ("forward", "views", "gradient", "phases")
MOST_FILES = 200


def merge(program: Path, into: Path, sources: Iterable[Path], *flags: str) -> None:
    into.mkdir(parents=True)
    command = [program, "-merge=1", "-use_counters=0", *flags, into, *sources]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def branches_of(control_file: Path) -> dict[Path, set[int]]:
    """What each input reaches, by the control file of a set cover merge: the number of inputs and of those known, the
    inputs, and for each of them lines that begin with STARTED, FT and COV."""
    lines = control_file.read_text().splitlines()
    count = int(lines[0])
    inputs = [Path(line) for line in lines[2 : 2 + count]]
    reached = (line.split() for line in lines[2 + count :] if line.startswith("FT "))
    return {inputs[int(index)]: {int(branch) for branch in branches} for _, index, *branches in reached}


def select(reached: dict[Path, set[int]]) -> list[Path]:
    """Greedily: the input with the most branches that none before it reaches, the smallest of equals."""
    known: set[int] = set()
    left = dict(reached)
    selected: list[Path] = []
    while left and len(selected) < MOST_FILES:
        best = max(left, key=lambda path: (len(left[path] - known), -path.stat().st_size))
        if not left[best] - known:
            break
        known |= left.pop(best)
        selected.append(best)
    return selected


def keep(target: str, program: Path, found: Path) -> None:
    kept = CORPUS / target
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        merged, control_file = Path(scratch, "merged"), Path(scratch, "control")
        merge(program, merged, [kept, found])
        merge(program, Path(scratch, "cover"), [merged], "-set_cover_merge=1", f"-merge_control_file={control_file}")
        contents = [path.read_bytes() for path in select(branches_of(control_file))]
    shutil.rmtree(kept)
    kept.mkdir()
    for content in contents:
        (kept / hashlib.sha1(content).hexdigest()).write_bytes(content)
    print(f"{target}: {len(contents)} files, {sum(map(len, contents))} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="where the targets were built")
    parser.add_argument("--found", type=Path, required=True, help="what runs have found, a folder for each target")
    parser.add_argument("targets", nargs="*", default=TARGETS)
    arguments = parser.parse_args()
    for target in arguments.targets:
        keep(target, arguments.programs / target, arguments.found / target)


if __name__ == "__main__":
    main()
