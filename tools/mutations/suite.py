"""Builds the library and runs its tests, in a tree that faults are put into.

A test is named by what runs it:

    golden.avx2                     a C test, as CTest calls it
    src layout::tests               of the tests in src/ those whose names contain that
    tests/far.rs f32::threads       of the tests in that file likewise

Compiling takes most of the time, so nothing is optimised, and only the shared library is built for the C tests, which find
it where their own build has laid it.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

# All of it takes 27 s of processor time, with opt-level 1 it would be 83; after a change of a formula 14, of a check 1.
CHEAP = {
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_INCREMENTAL": "true",
}
CARGO = ("--release", "--locked", "--jobs", "2")
LIBRARY = "libqdq.so"
WHOLE = "scripts/test.sh"

# Unoptimised and on a busy machine: the longest of the named tests takes half a minute.
TEST_SECONDS = 120
WHOLE_SECONDS = 7200
BUILD_SECONDS = 1200

# A fault may ask for memory, or start threads, without end. Root is not bound by a number of threads, but by their stacks.
MOST_MEMORY = 16 << 30
MOST_THREADS = 4096


class DidNotBuild(Exception):
    """The compiler refused."""


@dataclass(frozen=True)
class Outcome:
    """Of a test: passed, failed, hung or skipped; `by` is the first that did not pass."""

    kind: str
    by: str

    @property
    def is_caught(self) -> bool:
        return self.kind in ("failed", "hung")


def limit() -> None:
    """Of what a test may take, in its own process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = MOST_THREADS if most == resource.RLIM_INFINITY else min(MOST_THREADS, most)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


class Suite:
    """The tests of `tree`, built below `scratch`."""

    def __init__(self, tree: Path, scratch: Path) -> None:
        self.tree = tree
        self.cmake = scratch / "cmake"
        self.cargo = scratch / "cargo"
        self.log = scratch / "log"

    def configure(self) -> None:
        """Builds what the faults do not change: the C tests."""
        options = ["-DQDQ_BUILD_EXAMPLES=OFF", "-DQDQ_INSTALL=OFF", f"-DQDQ_CARGO_DIR={self.cargo}"]
        self._build(["cmake", "-S", str(self.tree), "-B", str(self.cmake), *options])
        self._build(["cmake", "--build", str(self.cmake), "--parallel", "2"])

    def build_for(self, test: str) -> None:
        if is_rust(test):
            self._build([*self._cargo_test(test), "--no-run"])
        else:
            self.build_shared_library()

    def build_shared_library(self) -> None:
        self._build(["cargo", "rustc", *CARGO, "--target-dir", str(self.cargo), "--lib", "--crate-type", "cdylib"])
        shutil.copyfile(self.cargo / "release" / LIBRARY, (self.cmake / "lib" / LIBRARY).resolve())

    def run(self, test: str) -> Outcome:
        if is_rust(test):
            name = test.split(" ", 1)[1]
            return self._outcome([*self._cargo_test(test), "--", name], test, TEST_SECONDS)
        command = ["ctest", "--test-dir", str(self.cmake), "--output-on-failure", "--no-tests=error"]
        return self._outcome([*command, "--tests-regex", f"^{re.escape(test)}$"], test, TEST_SECONDS)

    def run_whole(self) -> Outcome:
        """Every test, of the library as it is released."""
        return self._outcome([WHOLE], WHOLE, WHOLE_SECONDS, {})

    def _cargo_test(self, test: str) -> list[str]:
        source = test.split(" ", 1)[0]
        which = ["--lib"] if source == "src" else ["--test", Path(source).stem]
        return ["cargo", "test", *CARGO, "--target-dir", str(self.cargo), *which]

    def _outcome(self, command: list[str], test: str, seconds: int, environment: Mapping[str, str] = CHEAP) -> Outcome:
        code = self._call(command, seconds, environment, limit)
        text = self.log.read_text(errors="replace")
        if code is None:
            return Outcome("hung", first_failure(text) or test)
        if code != 0:
            return Outcome("failed", first_failure(text) or test)
        if not re.search(r"\b[1-9]\d* passed|100% tests passed", text):
            raise LookupError(f"no test is called {test}")
        return Outcome("skipped" if "***Skipped" in text else "passed", test)

    def _build(self, command: list[str]) -> None:
        if self._call(command, BUILD_SECONDS, CHEAP) != 0:
            raise DidNotBuild(self.log.read_text(errors="replace"))

    def _call(
        self,
        command: list[str],
        seconds: int,
        environment: Mapping[str, str],
        before: Callable[[], None] | None = None,
    ) -> int | None:
        """The exit status; None where it had to be stopped, with all that it had started."""
        with self.log.open("w") as log:
            process = subprocess.Popen(
                command,
                cwd=self.tree,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=before,
            )
            try:
                return process.wait(seconds)
            except BaseException as stopped:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if isinstance(stopped, subprocess.TimeoutExpired):
                    return None
                raise


def is_rust(test: str) -> bool:
    return " " in test


def first_failure(text: str) -> str | None:
    """The name of the first test that failed, in the output of CTest or of Rust's tests."""
    found = re.search(r"^\s*\d+/\d+ Test\s+#\d+: (\S+) .*\*\*\*", text, re.MULTILINE)
    found = found or re.search(r"^test (\S+) \.\.\. FAILED", text, re.MULTILINE)
    return found[1] if found else None
