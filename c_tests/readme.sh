#!/usr/bin/env bash
# readme.sh README INCLUDE_DIR LIB_DIR: compiles and runs the first C program of the README, which has to print what
# the README shows, indented by four spaces. CC names the compiler.
set -euo pipefail
readme=$1 include_dir=$2 lib_dir=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk '/^```/ { if (inside) exit; inside = ($0 == "```c"); next } inside' "$readme" >"$work/example.c"
if [ ! -s "$work/example.c" ]; then
    echo "$readme has no \`\`\`c block" >&2
    exit 1
fi
"${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -I "$include_dir" "$work/example.c" -o "$work/example" \
    -L "$lib_dir" -lqdq -Wl,-rpath,"$lib_dir"

printed=$("$work/example" | sed 's/^/    /')
echo "$printed"
if [ -z "$printed" ] || [[ $(cat "$readme") != *"$printed"* ]]; then
    echo "$readme does not show this" >&2
    exit 1
fi
