#!/usr/bin/env bash
# What the library is made of, against the policy of deny.toml: licences, bans and
# sources, then the advisories, for every lock file of the repository. Needs Rust;
# cargo-deny is built once into build/ where there is none on PATH (some minutes).
# The advisories come from the net. Where they cannot be fetched the script ends
# with status 3 and says so; with --offline it does not ask for them, says that
# they were not checked, and what else it found decides.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

find_deny() {
    command -v cargo-deny >/dev/null && return
    PATH="$PWD/build/deny/bin:$PATH"
    command -v cargo-deny >/dev/null ||
        nice cargo install --quiet --locked --version '^0.20' --root build/deny cargo-deny
}

deny() {
    local manifest=$1
    shift
    cargo deny --manifest-path "$manifest" --workspace --locked --config "$PWD/deny.toml" check --hide-inclusion-graph "$@"
}

manifests=()
while IFS= read -r lock; do
    manifests+=("${lock%.lock}.toml")
done < <(git ls-files 'Cargo.lock' '*/Cargo.lock')
[ "${#manifests[@]}" != 0 ] || { printf 'no lock file found: nothing would be checked\n' >&2; exit 1; }

step 'cargo-deny' find_deny
for manifest in "${manifests[@]}"; do
    step "licences, bans, sources: $manifest" deny "$manifest" licenses bans sources
done
if [ "${1:-}" = --offline ]; then
    printf '\nNOT CHECKED: advisories (--offline)\n'
    exit
fi
# Of the fetch alone, so that an advisory that was found is never taken for a net that is down.
if ! cargo deny fetch db; then
    printf '\nNOT CHECKED: advisories, the database could not be fetched\n' >&2
    exit 3
fi
for manifest in "${manifests[@]}"; do
    step "advisories: $manifest" deny "$manifest" --disable-fetch advisories
done
