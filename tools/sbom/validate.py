"""Validates a CycloneDX 1.6 document in JSON against the official schema: validate.py FILE.

Needs cyclonedx-python-lib, which has the schema: see requirements.txt.
"""

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main() -> None:
    path = Path(sys.argv[1])
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text(encoding="utf-8"))
    if error is not None:
        sys.exit(f"{path} is not CycloneDX 1.6: {error.data.json_path}: {error.data.message}")


if __name__ == "__main__":
    main()
