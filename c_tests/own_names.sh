#!/usr/bin/env bash
# own_names.sh HEADER GUARD EXTENSION COMPILER OPTION...: beside what it includes, HEADER defines no macro but its include
# guard GUARD; and a file (.c or .cpp, by EXTENSION) that includes it and nothing else defines no symbol.
set -euo pipefail
header=$1 guard=$2 extension=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

macros() {
    "$@" -dM -E "$source" | sed -E 's/^#define ([A-Za-z0-9_]+).*/\1/' | sort -u
}

source=$work/with.$extension
echo "#include \"$header\"" >"$source"
macros "$@" >"$work/with"
"$@" -O0 -c "$source" -o "$work/with.o"

source=$work/without.$extension
sed -nE 's/^#include ([<"])(.*)[>"]/\2/p' "$header" |
    while read -r included; do
        printf '#if __has_include(<%s>)\n#include <%s>\n#endif\n' "$included" "$included"
    done >"$source"
macros "$@" >"$work/without"

own=$(comm -13 "$work/without" "$work/with")
if [ "$own" != "$guard" ]; then
    printf '%s defines these macros, expected %s alone:\n%s\n' "$header" "$guard" "$own" >&2
    exit 1
fi
if nm --defined-only --extern-only "$work/with.o" | grep .; then
    echo "$header defines these symbols" >&2
    exit 1
fi
echo "$header: $guard, no symbol"
