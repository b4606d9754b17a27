#!/usr/bin/env bash
# constants.sh HEADER TABLE: the public constants have the values of the table, for ever, and the table names them all.
# What a later version adds is added to the table; a line that is there is never changed. CC names the compiler that
# reads the header.
set -euo pipefail
header=$1 table=$2
compiler=${CC:-cc}

# The names with a number behind them. The version's change with each version.
names() {
    "$compiler" -E -dM "$header" | sed -nE 's/^#define (QDQ_[A-Z0-9_]+) [(-]*[0-9].*/\1/p' | grep -v '^QDQ_VERSION_'
}

# The preprocessor puts in the values: in quotes, a name stays a name.
values() {
    { printf '#include "%s"\n' "$(realpath "$header")"; names | sed 's/.*/"&" &/'; } |
        "$compiler" -E -P -x c - | sed -nE 's/^"(QDQ_[A-Z0-9_]+)" (.*)$/\1 \2/p' | LC_ALL=C sort
}

if ! diff <(LC_ALL=C sort "$table") <(values); then
    echo "the constants of $header (>) are not those that were promised (<)" >&2
    exit 1
fi
echo "$(wc -l <"$table") constants"
