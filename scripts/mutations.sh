#!/usr/bin/env bash
# Puts deliberate faults into a copy of the library, one at a time, and checks that the tests catch each: see
# docs/testing.md. It needs Rust, a C compiler with make, git and Python 3.10.
#
#     scripts/mutations.sh            every fault
#     scripts/mutations.sh FAULT...   these
#     scripts/mutations.sh --list     what they are called
#     scripts/mutations.sh --table    the table of docs/testing.md
#     scripts/mutations.sh --check    only whether each fault applies, and the table is that of docs/testing.md
set -euo pipefail
cd "$(dirname "$0")/.."

case "$*" in
    *--list* | *--table* | *--check*) ;;
    *) . scripts/cmake.sh ;;
esac
exec python3 tools/mutations/mutations.py "$@"
