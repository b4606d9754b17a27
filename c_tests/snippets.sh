#!/usr/bin/env bash
# snippets.sh DOCUMENT INCLUDE_DIR LIB_DIR [OPTION...]: compiles and runs the C programs of a document, each of which
# has to print what the document shows, indented by four spaces. CC names the compiler; with LANGUAGE=cpp it is the C++
# programs, and CXX. The options are the compiler's.
set -euo pipefail
document=$1 include_dir=$2 lib_dir=$3
shift 3
case ${LANGUAGE:=c} in
c) compile=("${CC:-cc}" -std=c11) ;;
cpp) compile=("${CXX:-c++}" -std=c++17) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The programs, as 1.c, 2.c and so on.
awk -v work="$work" -v language="$LANGUAGE" '
    /^```/ { inside = !inside && $0 == "```" language; count += inside; next }
    inside { print > (work "/" count "." language) }
' "$document"

count=0
while [ -e "$work/$((count + 1)).$LANGUAGE" ]; do
    count=$((count + 1))
    "${compile[@]}" -Wall -Wextra -Wpedantic -Werror -pthread -I "$include_dir" "$@" "$work/$count.$LANGUAGE" \
        -o "$work/$count" -L "$lib_dir" -lqdq -Wl,-rpath,"$lib_dir"
    printed=$("$work/$count" | sed 's/^/    /')
    echo "$printed"
    if [ -z "$printed" ] || [[ $(cat "$document") != *"$printed"* ]]; then
        echo "$document does not show what its program $count prints" >&2
        exit 1
    fi
done
if [ "$count" = 0 ]; then
    echo "$document has no \`\`\`$LANGUAGE block" >&2
    exit 1
fi
echo "$count programs of $document print what it shows"
