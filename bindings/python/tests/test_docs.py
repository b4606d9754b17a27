"""The examples of docs/python.md and README.md print what they show."""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
PAGES = [PACKAGE.parents[1] / "docs" / "python.md", PACKAGE / "README.md"]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("JAX_PLATFORMS", "cpu")


def sections() -> list[tuple[str, str]]:
    """Name and text of each section with examples; each begins anew."""
    found = []
    for page in PAGES:
        for section in re.split(r"^#+ ", page.read_text(), flags=re.MULTILINE):
            blocks = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
            if blocks:
                found.append((f"{page.name}: {section.splitlines()[0]}", "".join(blocks)))
    return found


SECTIONS = sections()


def test_every_example_is_found() -> None:
    shown = sum(len(re.findall(r"^```python$", page.read_text(), re.MULTILINE)) for page in PAGES)
    assert shown == 14 and len(SECTIONS) == 8


@pytest.mark.parametrize("name", dict(SECTIONS))
def test_examples(name: str) -> None:
    text = dict(SECTIONS)[name]
    for module in re.findall(r"^>>> (?:import|from) (\w+)", text, re.MULTILINE):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert test.examples
    failures: list[str] = []
    doctest.DocTestRunner().run(test, out=failures.append)
    assert not failures, "".join(failures)
