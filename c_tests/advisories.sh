#!/usr/bin/env bash
# advisories.sh DOCUMENT TEST: every advisory that the document tells has a replay in the test, and the other way round.
set -euo pipefail

told=$(grep -oE 'CVE-[0-9]+-[0-9]+' "$1" | sort -u)
replayed=$(sed -nE 's/^static void cve_([0-9]+)_([0-9]+)\(.*/CVE-\1-\2/p' "$2" | sort -u)
echo "$told"
[ -n "$told" ]
diff <(echo "$told") <(echo "$replayed")
