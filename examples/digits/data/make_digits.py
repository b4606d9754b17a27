#!/usr/bin/env python3
"""Makes digits.txt from the copy of the digits that a scikit-learn wheel carries.

    pip download --no-deps scikit-learn
    python3 make_digits.py scikit_learn-*.whl > digits.txt

The wheel is only read as a zip file: scikit-learn need not be installed. README.md says what
digits.txt looks like and where the digits come from.
"""

import csv
import gzip
import io
import sys
import zipfile

MEMBER = "sklearn/datasets/data/digits.csv.gz"
LEVELS = "0123456789abcdefg"  # a pixel is a count of 0 to 16 dots, so seventeen characters
PIXELS = 64


def rows(wheel):
    """The rows of the wheel's table: 64 pixels, then the digit they show."""
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(MEMBER)).decode("ascii")
    for fields in csv.reader(io.StringIO(text)):
        row = [int(float(field)) for field in fields]
        if len(row) != PIXELS + 1:
            sys.exit(f"{wheel}: a row of {len(row)} fields where {PIXELS + 1} were expected")
        yield row


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for *pixels, digit in rows(sys.argv[1]):
        print(digit, "".join(LEVELS[pixel] for pixel in pixels))


if __name__ == "__main__":
    main()
