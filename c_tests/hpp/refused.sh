#!/usr/bin/env bash
# refused.sh SOURCE COMPILER OPTION...: SOURCE compiles, and with CASE defined as each of its numbers does not, with
# what stands beside the number among the compiler's words ("a|b": either).
set -euo pipefail
source=$1
shift
words=$(mktemp)
trap 'rm -f "$words"' EXIT

compile() {
    LC_ALL=C "${@:2}" -fsyntax-only "-DCASE=$1" "$source" 2>"$words"
}

if ! compile 0 "$@"; then
    cat "$words" >&2
    echo "$source: without a case it has to compile" >&2
    exit 1
fi

count=0 wrong=0
while read -r number options expected; do
    count=$((count + 1))
    # shellcheck disable=SC2086 # the options are words
    if compile "$number" "$@" ${options//,/ }; then
        echo "$source: case $number compiles" >&2
    elif ! grep error "$words" | grep -Eq "$(sed 's/[][+().<>]/./g' <<<"$expected")"; then
        echo "$source: case $number fails without the words \"$expected\":" >&2
        head -n 20 "$words" >&2
    else
        continue
    fi
    wrong=$((wrong + 1))
done < <(sed -nE 's/.*CASE == ([1-9][0-9]*) +\/\/ (with ([^ ]+) )?expect: (.*)/\1 ,\3 \4/p' "$source")

echo "$count cases, $wrong of them wrong"
[ "$count" -gt 0 ] && [ "$wrong" = 0 ]
