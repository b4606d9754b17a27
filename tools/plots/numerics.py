#!/usr/bin/env python3
"""Writes what docs/numerics.md owes to the library: its pictures, docs/images/*.svg, and its tables.

    cargo build --release
    python3 tools/plots/numerics.py            writes them
    python3 tools/plots/numerics.py --check    compares them with what would be written; exit status 1 if they differ

The document is written by hand, but for the blocks between `<!-- numerics.py: NAME -->` and `<!-- end -->`. The same
library gives the same bytes on every machine. Needs nothing but Python's standard library.
"""

import argparse
import re
import sys
from pathlib import Path

import examples
import pictures
from qdq import ROOT, Library

DOCUMENT = ROOT / "docs" / "numerics.md"
IMAGES = ROOT / "docs" / "images"
BLOCK = re.compile(r"(<!-- numerics\.py: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def document(text, blocks):
    """The text with its blocks filled in; each must be there once."""
    found = [match[2] for match in BLOCK.finditer(text)]
    if sorted(found) != sorted(blocks):
        raise SystemExit(f"{DOCUMENT} has the blocks {sorted(found)}; expected {sorted(blocks)}")
    return BLOCK.sub(lambda match: f"{match[1]}\n{blocks[match[2]]}\n\n{match[3]}", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    parser.add_argument(
        "--library", dest="libqdq", type=Path, help="the shared library; default: that of cargo build --release"
    )
    arguments = parser.parse_args()

    library = Library(arguments.libqdq)
    files = {IMAGES / name: text for name, text in pictures.draw(library).items()}
    files[DOCUMENT] = document(DOCUMENT.read_text(encoding="utf-8"), examples.write(library))

    if arguments.check:
        stale = [path for path, text in files.items() if not path.exists() or path.read_bytes() != text.encode()]
        for path in stale:
            print(f"{path.relative_to(ROOT)} differs: run tools/plots/numerics.py", file=sys.stderr)
        sys.exit(1 if stale else 0)
    IMAGES.mkdir(exist_ok=True)
    for path, text in files.items():
        path.write_bytes(text.encode())


if __name__ == "__main__":
    main()
