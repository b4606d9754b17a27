#!/usr/bin/env python3
"""Puts deliberate faults into the library, one at a time, and checks that the tests catch each.

    for each fault:     the tree is the project's, but for the fault
        the test that has to catch it, fails            caught
        it passes, and another one of all tests fails   the list names the wrong test
        all tests pass                                  SURVIVED: the tests have a hole

Run it by scripts/mutations.sh, which brings cmake.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from fault import DoesNotApply, Fault
from faults import FAULTS
from suite import DidNotBuild, Outcome, Suite

PROJECT = Path(__file__).resolve().parents[2]
SCRATCH = PROJECT / "build" / "mutations"
TREE = SCRATCH / "tree"
BUILT = ("build", "target")  # by scripts/test.sh
DOCUMENT = PROJECT / "docs" / "testing.md"


def copy_project() -> None:
    """The tracked files, as they are now. What has not changed keeps its time, so that it is not compiled again."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True)
    tracked = {name for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file()}
    for path in [path for path in TREE.rglob("*") if path.is_file()]:
        relative = path.relative_to(TREE)
        if relative.parts[0] not in BUILT and str(relative) not in tracked:
            path.unlink()
    for name in tracked:
        source, copy = PROJECT / name, TREE / name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)


def restore(fault: Fault) -> None:
    """A new time: what was compiled of the fault is out of date."""
    shutil.copyfile(PROJECT / fault.file, TREE / fault.file)


def check_that_all_apply(faults: list[Fault]) -> None:
    for fault in faults:
        fault.apply(TREE)
        restore(fault)


def table() -> str:
    """For docs/testing.md."""
    rows = [f"| {fault.what} | `{fault.file}` | `{fault.test}` |" for fault in FAULTS]
    return "\n".join(["| fault | in | caught by |", "|---|---|---|", *rows])


class Run:
    """The faults that were tried, and what became of them."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self.suite = Suite(TREE, SCRATCH)
        self.skipped: set[str] = set()
        self.quiet: list[Fault] = []
        self.failures = 0
        self.caught = 0
        self.width = max(len(fault.name) for fault in faults)

    def prepare(self) -> None:
        """Unmutated, every test that the faults name has to pass: else to fail would mean nothing."""
        self.suite.configure()
        for test in sorted({fault.test for fault in self.faults}):
            start = time.monotonic()
            self.suite.build_for(test)
            outcome = self.suite.run(test)
            say(f"without a fault: {test} {outcome.kind} in {seconds_since(start)}")
            if outcome.is_caught:
                sys.exit(f"{test} fails without any fault: see {self.suite.log}")
            if outcome.kind == "skipped":
                self.skipped.add(test)

    def try_named(self, fault: Fault) -> None:
        """Whether the test that is named catches the fault."""
        if fault.test in self.skipped:
            self.report(fault, f"not tried: {fault.test} is skipped on this processor")
            return
        start = time.monotonic()
        try:
            fault.apply(TREE)
            self.suite.build_for(fault.test)
            built = time.monotonic()
            outcome = self.suite.run(fault.test)
        except DidNotBuild as refused:
            self.fail(fault, f"DID NOT BUILD\n{refused}")
            return
        finally:
            restore(fault)
        if outcome.is_caught:
            self.caught += 1
            took = f"{seconds_since(start)} ({built - start:.0f} s of it to build)"
            self.report(fault, f"caught by {caught_by(fault.test, outcome)} in {took}")
        else:
            self.report(fault, f"not caught by {fault.test}; all tests will be tried")
            self.quiet.append(fault)

    def try_whole(self) -> None:
        """All tests on the faults that those named have let pass."""
        if not self.quiet:
            return
        outcome = self.suite.run_whole()
        if outcome.is_caught:
            sys.exit(f"{outcome.by} fails without any fault: see {self.suite.log}")
        for fault in self.quiet:
            start = time.monotonic()
            try:
                fault.apply(TREE)
                outcome = self.suite.run_whole()
            finally:
                restore(fault)
            if outcome.is_caught:
                self.fail(fault, f"caught by {outcome.by} in {seconds_since(start)}, not by {fault.test}, which is named")
            else:
                self.fail(fault, f"SURVIVED all tests in {seconds_since(start)}")

    def report(self, fault: Fault, ending: str) -> None:
        say(f"{fault.name:{self.width}}  {ending}")

    def fail(self, fault: Fault, ending: str) -> None:
        self.failures += 1
        self.report(fault, ending)


def caught_by(test: str, outcome: Outcome) -> str:
    by = test if outcome.by == test else f"{test} ({outcome.by})"
    return f"{by}, which did not end," if outcome.kind == "hung" else by


def seconds_since(start: float) -> str:
    return f"{time.monotonic() - start:.0f} s"


def say(line: str) -> None:
    print(line, flush=True)


def chosen(names: list[str]) -> list[Fault]:
    known = {fault.name: fault for fault in FAULTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no fault is called {', '.join(unknown)}: see --list")
    return [known[name] for name in names] or list(FAULTS)


def main() -> int:
    parser = argparse.ArgumentParser(description="Puts faults into the library and checks that the tests catch each.")
    parser.add_argument("names", nargs="*", metavar="FAULT", help="the faults to try; all of them if none is named")
    parser.add_argument("--list", action="store_true", help="print the faults' names and what they are")
    parser.add_argument("--table", action="store_true", help="print the table of docs/testing.md")
    parser.add_argument("--check", action="store_true", help="only check that each fault applies, and the table")
    arguments = parser.parse_args()
    faults = chosen(arguments.names)
    if arguments.list:
        for fault in faults:
            print(f"{fault.name}: {fault.what} ({fault.file})")
        return 0
    if arguments.table:
        print(table())
        return 0

    # What was started is stopped with this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    start = time.monotonic()
    TREE.mkdir(parents=True, exist_ok=True)
    copy_project()
    run = Run(faults)
    try:
        check_that_all_apply(faults)
        if table() not in DOCUMENT.read_text():
            sys.exit(f"{DOCUMENT.name} has another table of faults: put there what scripts/mutations.sh --table prints")
        if arguments.check:
            print(f"{len(faults)} faults apply, and are those of {DOCUMENT.name}")
            return 0
        run.prepare()
        for fault in faults:
            run.try_named(fault)
        run.try_whole()
    except DoesNotApply as moved:
        sys.exit(str(moved))
    say(f"{run.caught} of {len(faults)} faults caught by the test named, in {seconds_since(start)}")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
