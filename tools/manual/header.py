"""Reads include/qdq.h: its preamble, and each declaration with the comment before it."""

import re
from dataclasses import dataclass, field

COMMENT = re.compile(r"/\*\*(?P<text>.*?)\*/", re.DOTALL)
# A declaration and the comment before it. One that belongs to the declaration above has none.
ITEM = re.compile(
    r"(?:/\*\*?(?P<comment>(?:[^*]|\*(?!/))*)\*/\n)?"
    r"(?P<declaration>#define QDQ_\w+ [^\n]+$|typedef struct \w+ \{.*?^\} \w+;|(?:typedef|QDQ_API)\b[^{;]*;)",
    re.DOTALL | re.MULTILINE,
)
# A field of a struct, with its comment.
FIELD = re.compile(r"/\*\*(?P<comment>.*?)\*/\s*(?P<declaration>[^;]+;)", re.DOTALL)


@dataclass
class Item:
    """A declaration, as it stands in the header but for comments in it, and what is said of it."""

    declaration: str
    comment: list[str]
    fields: list["Item"] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.declaration.split(maxsplit=1)[0]

    @property
    def name(self) -> str:
        match self.kind:
            case "#define":
                return self.declaration.split()[1]
            case "QDQ_API":
                return re.search(r"(\w+)\s*\(", self.declaration)[1]
        return re.search(r"(\w+)(?:\)\(.*)?;$", self.declaration)[1]

    @property
    def value(self) -> str:
        """Of a #define."""
        return self.declaration.split(maxsplit=2)[2]


def lines(comment: str | None) -> list[str]:
    """The lines of a comment's text without its frame."""
    return [re.sub(r"^ *\* ?", "", line).rstrip() for line in (comment or "").strip().splitlines()]


def preamble(header: str) -> list[str]:
    """The lines of the comment that opens the header."""
    return lines(header[header.index("/*") + 2 : header.index("*/")])


def items(header: str) -> list[Item]:
    """The declarations of the header, in its order, without the macro that the functions are declared with."""
    return [
        Item(
            declaration=re.sub(r"\n\s*\n", "\n", COMMENT.sub("", match["declaration"])),
            comment=lines(match["comment"]),
            fields=[
                Item(" ".join(inner["declaration"].split()), lines(inner["comment"]))
                for inner in FIELD.finditer(match["declaration"])
            ],
        )
        for match in ITEM.finditer(header)
        if not match["declaration"].startswith("#define QDQ_API ")
    ]
