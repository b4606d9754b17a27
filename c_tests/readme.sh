#!/usr/bin/env bash
# readme.sh DOCUMENT INCLUDE_DIR LIB_DIR [OPTION...]: compiles and runs the first C program of the document, which has to
# print what the document shows, indented by four spaces. CC names the compiler; with LANGUAGE=cpp it is the first C++
# program, and CXX. The options are the compiler's.
set -euo pipefail
readme=$1 include_dir=$2 lib_dir=$3
shift 3
case ${LANGUAGE:=c} in
c) compile=("${CC:-cc}" -std=c11) ;;
cpp) compile=("${CXX:-c++}" -std=c++17) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk -v fence="\`\`\`$LANGUAGE" '/^```/ { if (inside) exit; inside = ($0 == fence); next } inside' "$readme" \
    >"$work/example.$LANGUAGE"
if [ ! -s "$work/example.$LANGUAGE" ]; then
    echo "$readme has no \`\`\`$LANGUAGE block" >&2
    exit 1
fi
"${compile[@]}" -Wall -Wextra -Wpedantic -Werror -I "$include_dir" "$@" "$work/example.$LANGUAGE" -o "$work/example" \
    -L "$lib_dir" -lqdq -Wl,-rpath,"$lib_dir"

printed=$("$work/example" | sed 's/^/    /')
echo "$printed"
if [ -z "$printed" ] || [[ $(cat "$readme") != *"$printed"* ]]; then
    echo "$readme does not show this" >&2
    exit 1
fi
