#!/usr/bin/env python3
"""snippets.py DOCUMENT FOLDER: writes each block of the document that follows `<!-- snippet: PATH -->` to FOLDER/PATH.

Prints the paths. A fenced block of shell, CMake or C code without such a line fails: it would be tested by nobody.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"(?:<!-- snippet: (?P<path>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def main(document: Path, folder: Path) -> None:
    for block in BLOCK.finditer(document.read_text(encoding="utf-8")):
        if not block["path"]:
            sys.exit(f"{document}: a {block['language']} block has no `<!-- snippet: PATH -->`:\n{block['text']}")
        path = folder / block["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block["text"], encoding="utf-8")
        print(block["path"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
