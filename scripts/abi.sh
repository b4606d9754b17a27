#!/usr/bin/env bash
# Programs built against any released header must go on working: compares the
# functions and types of include/qdq.h with those of each header kept in
# c_tests/abi, by abidiff, and the constants with their table. Both headers are
# compiled here and by one compiler, so that nothing but the headers can differ.
# (That the header is the library's own is tested by qdq-header and symbols.sh.)
# libabigail is installed by apt where there is none, which needs root; beside it
# a C compiler is all it needs. abi.sh HEADER checks another header than the
# project's. For ELF systems.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

install_abigail() {
    command -v abidiff >/dev/null && return
    apt_install 'abidiff' abigail-tools
}

# skeleton HEADER LIBRARY: a library with the header's functions, empty, and debug information about their types.
skeleton() {
    "${CC:-cc}" -E -P -x c "$1" |
        awk '/(^|[ *])qdq_[a-z0-9_]+\(/ && !/^typedef/ { inside = 1 }
             inside && /\);/ { sub(/\);/, ") { __builtin_trap(); }"); inside = 0 }
             { print }' >"$2.c"
    "${CC:-cc}" -std=c11 -g -shared -fPIC -w "$2.c" -o "$2"
    # No function, or one that the skeleton missed, must not pass for a comparison.
    local declared defined
    declared=$("${CC:-cc}" -E -P -x c "$1" | grep -coE '\bqdq_[a-z0-9_]+\(')
    defined=$(nm --dynamic --defined-only "$2" | grep -c ' T qdq_')
    if [ "$declared" = 0 ] || [ "$declared" != "$defined" ]; then
        printf '%s: %d functions declared, %d understood\n' "$1" "$declared" "$defined" >&2
        return 1
    fi
}

# abidiff's exit status is a set of bits; changes of types that are found through pointers have the same one as
# additions, so whatever is reported is a failure, and what is compatible is not reported.
compare() {
    local kept=$1
    skeleton "$kept" "$scratch/kept.so"
    if ! abidiff --harmless --no-added-syms --suppressions c_tests/abi/growth.abignore "$scratch/kept.so" "$scratch/now.so"; then
        printf '\n%s is incompatible with %s.\n' "$header" "$kept" >&2
        printf 'Programs in use would break. Add a function instead; what may change when: docs/stability.md\n' >&2
        return 1
    fi
}

additions() {
    local names='\bqdq_[a-z0-9_]+\('
    LC_ALL=C comm -13 <(grep -ohE "$names" c_tests/abi/*/qdq.h | LC_ALL=C sort -u) \
        <(grep -ohE "$names" "$header" | LC_ALL=C sort -u) >"$scratch/added"
    [ -s "$scratch/added" ] || return 0
    printf 'new since the last kept header, and free to change until it is released:\n'
    tr -d '(' <"$scratch/added"
    printf 'With the release keep the header: c_tests/abi/VERSION/qdq.h\n'
}

# What abidiff holds to be harmless, or a renaming: fields that change places, and a callback's parameters.
layout() {
    cp "$header" "$scratch/qdq.h"
    "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$scratch" c_tests/header_layout.c && return
    printf 'A struct that begins with struct_size may grow at its end, where the sizes in c_tests/header_layout.c and\n' >&2
    printf 'src/capi/structs.rs grow with it; any other change is incompatible.\n' >&2
    return 1
}

constants() {
    c_tests/constants.sh "$header" c_tests/abi/constants && return
    printf 'A constant that is new (only >) is accepted by a line in c_tests/abi/constants; any other change is not.\n' >&2
    return 1
}

header=${1:-include/qdq.h}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
step 'libabigail' install_abigail
step 'constants' constants
step 'layout' layout
step 'the header' skeleton "$header" "$scratch/now.so"
for kept in c_tests/abi/*/qdq.h; do
    step "compared with $kept" compare "$kept"
done
step 'additions' additions
