"""What a fault is, and how it is put into a tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class DoesNotApply(Exception):
    """The text to replace is not there exactly once: the source has moved on and the fault has to follow."""


@dataclass(frozen=True)
class Fault:
    """A deliberate defect: in `file`, `old` becomes `new`. `test` is the one that has to catch it, named as in suite.py."""

    name: str
    what: str
    file: str
    old: str
    new: str
    test: str

    def apply(self, tree: Path) -> None:
        path = tree / self.file
        text = path.read_text()
        count = text.count(self.old)
        if count != 1:
            raise DoesNotApply(f"{self.name}: the text to replace is {count} times in {self.file}; expected once")
        path.write_text(text.replace(self.old, self.new))
