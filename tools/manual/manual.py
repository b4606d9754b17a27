#!/usr/bin/env python3
"""Writes docs/qdq.3, the manual page, from include/qdq.h.

    python3 tools/manual/manual.py            writes it
    python3 tools/manual/manual.py --check    compares it with what would be written; exit status 1 if they differ

Needs nothing but Python's standard library.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import header
import roff

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "include" / "qdq.h"
PAGE = ROOT / "docs" / "qdq.3"


def version(items: list[header.Item]) -> str:
    value = {item.name: item.value for item in items if item.kind == "#define"}
    return ".".join(value[f"QDQ_VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH"))


def description(preamble: list[str]) -> Iterator[str]:
    """What the header opens with, below its first lines; a line in capitals is a heading."""
    start = next(index for index, line in enumerate(preamble) if line and line.isupper())
    section: list[str] = []
    for line in preamble[start:]:
        if line and line.isupper():
            yield from roff.comment(section)
            yield f'.SS "{line.capitalize()}"'
            section = []
        else:
            section.append(line)
    yield from roff.comment(section)


def function(item: header.Item) -> Iterator[str]:
    yield f".SS {item.name}"
    yield from roff.verbatim(re.sub(r"^QDQ_API\s+", "", item.declaration).splitlines())
    yield from roff.comment(item.comment)


def type_(item: header.Item) -> Iterator[str]:
    yield f".SS {item.name}"
    yield from roff.verbatim(item.declaration.splitlines())
    yield from roff.comment(item.comment)
    for inner in item.fields:
        yield from roff.entry(inner.declaration.removesuffix(";"), inner.comment)


def constant(item: header.Item) -> Iterator[str]:
    """Without a comment it belongs to the one above."""
    tag = f"{item.name} {item.value}"
    if item.comment:
        yield from roff.entry(tag, item.comment)
    else:
        yield from (".TQ", roff.bold(roff.escape(tag)))


def page(text: str) -> str:
    items = header.items(text)
    preamble = header.preamble(text)
    purpose = preamble[0].split(" - libqdq: ")[1]
    lines = [
        '.\\" Generated from include/qdq.h by tools/manual/manual.py: edit there.',
        f'.TH QDQ 3 "" "libqdq {version(items)}" "Library Functions Manual"',
        # Names are read and searched whole: no hyphens in them, no spread lines.
        ".nh",
        ".ad l",
        ".SH NAME",
        f"qdq \\- {roff.escape(purpose)}",
        ".SH LIBRARY",
        "libqdq",
        "(\\fB\\-lqdq\\fR; \\fBpkg\\-config \\-\\-cflags \\-\\-libs qdq\\fR)",
        ".SH SYNOPSIS",
        ".nf",
        ".B #include <qdq.h>",
        ".fi",
        ".SH DESCRIPTION",
        *description(preamble),
    ]
    for title, kind, write in (
        ("FUNCTIONS", "QDQ_API", function),
        ("TYPES", "typedef", type_),
        ("CONSTANTS", "#define", constant),
    ):
        lines.append(f".SH {title}")
        for item in items:
            if item.kind == kind:
                lines += write(item)
    lines += [".SH SEE ALSO", ".BR pkg\\-config (1)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page would change")
    arguments = parser.parse_args()

    text = page(HEADER.read_text(encoding="utf-8"))
    if not arguments.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit(f"{PAGE.relative_to(ROOT)} differs: run tools/manual/manual.py")


if __name__ == "__main__":
    main()
