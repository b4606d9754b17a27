"""What the header's comments say, in the language of man pages."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

# A line "name    what it is", or a line with names alone, which are explained by the indented ones below.
ENTRY = re.compile(r"(?P<names>\w+(?:, \w+)*)(?:\s{2,}(?P<text>\S.*))?")
NAME = re.compile(r"\b(?:qdq|QDQ)_\w+")


def escape(text: str) -> str:
    """Text as roff prints it: no line of it is a command."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


def bold(text: str) -> str:
    return f"\\fB{text}\\fR"


def sentence(text: str) -> str:
    """Running text, the library's names in it in bold."""
    return NAME.sub(lambda match: bold(match[0]), escape(text))


def verbatim(lines: Iterable[str]) -> list[str]:
    """Lines as they are, indented."""
    return [".RS 4", ".nf", *(escape(line) or ".sp" for line in lines), ".fi", ".RE"]


def entry(names: str, text: Iterable[str]) -> list[str]:
    """Names, and beside them what they are."""
    return [".TP", bold(escape(names)), *map(sentence, text)]


def paragraphs(lines: Iterable[str]) -> Iterator[list[str]]:
    for blank, group in groupby(lines, key=lambda line: not line):
        if not blank:
            yield list(group)


def paragraph(lines: list[str]) -> list[str]:
    """One paragraph of a comment: verbatim where it is indented, a list of points or of arguments, or text."""
    if lines[0].startswith("    "):
        return verbatim(line.removeprefix("    ") for line in lines)
    out: list[str] = []
    for index, line in enumerate(lines):
        found = ENTRY.fullmatch(line)
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if line.startswith("- "):
            out += [".IP \\(bu 2", sentence(line.removeprefix("- "))]
        elif found and (found["text"] or below.startswith("    ")):
            out += entry(found["names"], [found["text"]] if found["text"] else [])
        else:
            out += [sentence(line.strip())]
    return out if out[0].startswith(".") else [".PP", *out]


def comment(lines: Iterable[str]) -> list[str]:
    """A comment, paragraph by paragraph."""
    return [line for block in paragraphs(lines) for line in paragraph(block)]
