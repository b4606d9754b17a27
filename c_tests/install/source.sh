#!/usr/bin/env bash
# source.sh SOURCE CARGO_DIR WORK: the archive of the source and the crate hold what they should. After prefix.sh, in the
# same WORK.
set -euo pipefail
source_dir=$1 cargo_dir=$2 work=$3
. "$source_dir/c_tests/install/common.sh"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source_dir/Cargo.toml" | head -n 1)

# What git knows, or would if it were told, and nothing else.
archive() {
    configure source
    snippet source
    tar --extract --gzip --file "$work/source/libqdq-$version.tar.gz" --directory "$work"
    local unpacked=$work/libqdq-$version
    diff <(cd "$source_dir" && git ls-files --cached --others --exclude-standard | sort) \
        <(cd "$unpacked" && find . -type f -o -type l | sed 's|^\./||' | sort) ||
        fail 'the files of the project (<) are not those of the archive (>)'
    cmake -S "$unpacked" -B "$work/source/unpacked" >/dev/null
    cargo metadata --locked --offline --no-deps --format-version 1 --manifest-path "$unpacked/Cargo.toml" >/dev/null
}

# What a Rust program needs of the project, and nothing else: no tests, tools, bindings, documents or pictures.
crate_files() {
    git ls-files --cached --others --exclude-standard src include build.rs README.md CHANGELOG.md LICENSE
    # By cargo itself: the manifest is rewritten, and the lock file is that of the crate alone.
    printf '%s\n' .cargo_vcs_info.json Cargo.lock Cargo.toml Cargo.toml.orig
}

# The crate is checked as cargo checks what it has packed, but not compiled to the end, which takes minutes.
crate() {
    cd "$source_dir"
    diff <(crate_files | sort) <(cargo package --quiet --locked --allow-dirty --list --package qdq | sort) ||
        fail 'the files that the crate should have (<) are not those it has (>)'
    cargo package --quiet --locked --allow-dirty --no-verify --package qdq --target-dir "$work/crate"
    tar --extract --gzip --file "$work/crate/package/qdq-$version.crate" --directory "$work"
    cd "$work/qdq-$version"
    # Its own workspace, though it lies in the project's folder.
    printf '\n[workspace]\n' >>Cargo.toml
    cargo check --quiet --locked --lib --target-dir "$work/../install-crate"
}

archive
crate
