#!/usr/bin/env bash
# The references, below build/reference/html (C and C++, by doxygen) and target/doc (Rust, by rustdoc); a warning is an error.
# Doxygen is installed by apt where there is none, which needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

install_doxygen() {
    command -v doxygen >/dev/null && return
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        printf 'this needs doxygen. On Debian and Ubuntu, as root:\n' >&2
        printf '    apt-get install -y --no-install-recommends doxygen\n' >&2
        return 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends doxygen >/dev/null
}

step 'doxygen' install_doxygen
mkdir -p build
step 'the C and C++ reference' doxygen docs/Doxyfile
step 'the Rust reference' env RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --lib --locked --quiet
