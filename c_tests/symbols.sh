#!/usr/bin/env bash
# symbols.sh LIBRARY HEADER [SONAME]: the library shows the functions of the header and no other symbol: a shared one
# exports them, has the SONAME and no constructors of its own; of a static one they are all the global names. CC names
# the compiler that reads the header.
set -euo pipefail
library=$1 header=$2 soname=${3:-}

declared() {
    # Comments and macros gone: what is left of the form qdq_name( is a function.
    "${CC:-cc}" -E -P "$header" | grep -oE '\bqdq_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u
}

shown() {
    local which=--dynamic
    [ -n "$soname" ] || which=--extern-only
    # An archive's members have lines too, without a type.
    nm "$which" --defined-only --format=posix "$library" | awk 'NF > 1 { print $1 }' | sort -u
}

if ! diff <(declared) <(shown); then
    echo "the functions of the header (<) are not the symbols of the library (>)" >&2
    exit 1
fi

actual=$(readelf -d "$library" 2>/dev/null | sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')
if [ "$actual" != "$soname" ]; then
    echo "the SONAME is '$actual', expected '$soname'" >&2
    exit 1
fi
# One is the C runtime's (frame_dummy), one the Rust library's, which notes the program's arguments.
constructors=$(readelf -d "$library" 2>/dev/null | sed -n 's/.*(INIT_ARRAYSZ) *\([0-9]*\).*/\1/p')
pointer=$(readelf -h "$library" 2>/dev/null | sed -n 's/.*Class: *ELF\([0-9]*\)/\1/p' | head -n 1)
if [ "${constructors:-0}" -gt $((2 * pointer / 8)) ]; then
    echo "the constructors take $constructors bytes of .init_array, expected 2 of them at the most" >&2
    exit 1
fi
echo "$(shown | wc -l) functions${soname:+, SONAME $soname}"
