#!/usr/bin/env python3
"""Writes docs/qdq.cdx.json, the software bill of materials (CycloneDX 1.6) of the library, from what cargo resolves.

    python3 tools/sbom/sbom.py            writes it
    python3 tools/sbom/sbom.py --check    compares it with what would be written; exit status 1 if they differ

Needs cargo, and Python's standard library. The crates are the normal dependencies; the checksums are those of Cargo.lock.
Neither a time nor a random number is in it: the same lock file gives the same bytes.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOM = ROOT / "docs" / "qdq.cdx.json"

# For which the CMake files know the names; what one of them wants, the bill has.
TARGETS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-pc-windows-gnu",
)


@dataclass
class Crate:
    name: str
    version: str
    license: str
    is_linked: bool
    """Whether its code is in the library; else the compiler runs it, as it does procedural macros."""
    needs: set[str] = field(default_factory=set)

    @property
    def purl(self) -> str:
        return f"pkg:cargo/{self.name}@{self.version}"


def tree() -> Iterator[tuple[int, str, str, bool, str]]:
    """Depth, name, version, whether it is a procedural macro, and licence, line by line as cargo tells them."""
    command = ["cargo", "tree", "--locked", "--package", "qdq", "--edges", "normal", "--no-dedupe"]
    command += ["--prefix", "depth", "--format", "|{p}|{l}"]
    for target in TARGETS:
        command += ["--target", target]
    cargo = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
    if cargo.returncode != 0:
        sys.exit("cargo tree failed")
    # Between the targets is an empty line.
    for line in filter(None, cargo.stdout.splitlines()):
        depth, package, license_ = line.split("|")
        name, version, *notes = package.split()
        # The older way to write an expression, which SPDX does not know.
        yield int(depth), name, version.removeprefix("v"), "(proc-macro)" in notes, license_.replace("/", " OR ")


def crates() -> list[Crate]:
    """The library first, then what it is made of."""
    found: dict[str, Crate] = {}
    above: list[Crate] = []
    for depth, name, version, is_macro, license_ in tree():
        del above[depth:]
        is_linked = not is_macro and (not above or above[-1].is_linked)
        crate = Crate(name, version, license_, is_linked)
        crate = found.setdefault(crate.purl, crate)
        # Found below a macro first, and then below the library.
        crate.is_linked |= is_linked
        if above:
            above[-1].needs.add(crate.purl)
        above.append(crate)
    library, *others = found.values()
    return [library, *sorted(others, key=lambda crate: crate.purl)]


def checksums() -> dict[str, str]:
    """Of the crates' archives, by purl; crates of the repository itself have none."""
    blocks = (ROOT / "Cargo.lock").read_text(encoding="utf-8").split("[[package]]")[1:]
    packages = [dict(re.findall(r'^(\w+) = "(.*)"$', block, re.MULTILINE)) for block in blocks]
    return {f"pkg:cargo/{p['name']}@{p['version']}": p["checksum"] for p in packages if "checksum" in p}


def component(crate: Crate) -> dict[str, object]:
    return {
        "type": "library",
        "bom-ref": crate.purl,
        "name": crate.name,
        "version": crate.version,
        "licenses": [{"expression": crate.license}],
        "purl": crate.purl,
    }


def bill() -> str:
    library, *others = crates()
    sums = checksums()
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(library)},
        "components": [
            {
                **component(crate),
                "scope": "required" if crate.is_linked else "excluded",
                "hashes": [{"alg": "SHA-256", "content": sums[crate.purl]}],
            }
            for crate in others
        ],
        "dependencies": [{"ref": crate.purl, "dependsOn": sorted(crate.needs)} for crate in (library, *others)],
    }
    return json.dumps(document, indent=2) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the bill would change")
    arguments = parser.parse_args()

    text = bill()
    if not arguments.check:
        BOM.write_text(text, encoding="utf-8")
    elif not BOM.exists() or BOM.read_text(encoding="utf-8") != text:
        sys.exit(f"{BOM.relative_to(ROOT)} differs: run tools/sbom/sbom.py")


if __name__ == "__main__":
    main()
