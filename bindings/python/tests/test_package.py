"""The package as it is installed."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import libqdq
from libqdq import _library

ROOT = Path(__file__).resolve().parents[3]


def test_version() -> None:
    assert libqdq.version() == importlib.metadata.version("libqdq")


def test_isa() -> None:
    assert libqdq.isa() in ("avx512", "avx2", "neon", "scalar")
    script = "import libqdq; print(libqdq.isa())"
    forced = subprocess.run(
        [sys.executable, "-c", script], env={"QDQ_ISA": "scalar"}, capture_output=True, text=True, check=True
    )
    assert forced.stdout == "scalar\n"


def test_constants_are_those_of_the_header() -> None:
    header = (ROOT / "include" / "qdq.h").read_text()

    def constants(prefix: str) -> dict[str, int]:
        found = re.findall(rf"#define QDQ_{prefix}_(\w+) (\d+)\n", header)
        return {name: int(number) for name, number in found}

    assert constants("STATUS") == {status.name: int(status) for status in libqdq.Status}
    assert constants("ROUND") == _library.ROUND_MODES
    assert constants("ARITHMETIC") == _library.ARITHMETICS
    assert constants("DEGENERATE") == _library.DEGENERATES


def test_needs_numpy_alone() -> None:
    assert importlib.metadata.requires("libqdq") == ["numpy>=1.24"]
    script = (
        "import sys\nfor name in ('ml_dtypes', 'torch', 'tensorflow', 'jax'): sys.modules[name] = None\n"
        "import numpy as np, libqdq\n"
        "print(libqdq.quantize_and_dequantize(np.array([0.5, -1.0, 0.26]), num_bits=3))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[ 0.5  -1.    0.25]\n"
