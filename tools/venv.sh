#!/bin/sh
# venv.sh PINS VENV: makes a virtual environment with the packages that the file PINS lists, and prints its python.
# A finished one is used again; a half-finished one or one with other pins is made anew.
set -eu

pins=$1
venv=$2
stamp=$venv/installed-requirements.txt # written last: its presence says that the venv is whole

if ! cmp -s "$pins" "$stamp"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$pins" >&2
    cp "$pins" "$stamp"
fi
echo "$venv/bin/python"
