"""TensorFlow in several processes: kernels, once registered, cannot be taken back.

The tests' own process has all kernels of qdq_tensorflow. `plain` runs functions in a TensorFlow as it is installed,
`only_16bit` in one with the kernels for half and bfloat16 alone.
"""

import concurrent.futures
import multiprocessing
import os
import pathlib
import sys
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, str(ROOT / "tools" / "golden"))  # the reference in numpy, and what draws cases

import tensorflows

Process = concurrent.futures.ProcessPoolExecutor


def start(initializer=None, *arguments) -> Process:
    """A process with a TensorFlow of its own."""
    return Process(1, multiprocessing.get_context("spawn"), initializer, arguments)


def pytest_configure() -> None:
    tensorflows.load_all()


@pytest.fixture(scope="session")
def plain() -> Iterator[Process]:
    with start() as process:
        yield process


@pytest.fixture(scope="session")
def only_16bit() -> Iterator[Process]:
    with start(tensorflows.load_16bit) as process:
        yield process
