# What the tests of the installation share. Source it, in bash, with `source_dir` (the project), `cargo_dir` (where cargo
# has built it) and `work` (a folder of their own) set.

tests=$source_dir/c_tests/install
export cargo_dir

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Lays out a folder for each snippet of the page, with the source and a program beside it.
lay_out() {
    local path folder
    rm -rf "$work"
    mkdir -p "$work"
    python3 "$tests/snippets.py" "$source_dir/docs/install.md" "$work" >"$work/snippets"
    while read -r path; do
        folder=$work/$(dirname "$path")
        ln -sfn "$source_dir" "$folder/libqdq"
        cp "$tests/app.c" "$tests/app.cpp" "$folder"
    done <"$work/snippets"
    cp "$tests/two.c" "$work/two_archives/app.c"
}

# A build tree for a snippet to come: of the library alone, which is not compiled again.
configure() {
    cmake -S "$source_dir" -B "$work/$1/build" -DQDQ_CARGO_DIR="$cargo_dir" -DQDQ_BUILD_TESTS=OFF \
        -DQDQ_BUILD_EXAMPLES=OFF "${@:2}" >/dev/null
}

# Runs what a folder says, and shows what it printed if that fails.
run_in() {
    local start=$SECONDS
    (cd "$work/$1" && bash -euo pipefail run.sh) >"$work/$1.log" 2>&1 || fail "$1 failed: $(cat "$work/$1.log")"
    printf '%s: works (%d s)\n' "$1" $((SECONDS - start))
}

# snippet NAME: runs it as the page has it.
snippet() {
    run_in "$1"
    printf '%s/run.sh\n' "$1" >>"$work/ran"
}

# names_every_crate BILL: the bill of materials has what cargo builds the library of, in these versions.
names_every_crate() {
    local name version crates=0
    while read -r name version; do
        grep -qF "\"bom-ref\": \"pkg:cargo/$name@${version#v}\"" "$1" || fail "$1 does not name $name $version"
        crates=$((crates + 1))
    done < <(cargo tree --locked --manifest-path "$source_dir/Cargo.toml" --package qdq --edges normal --prefix none \
        --format '{p}' | cut -d ' ' -f 1,2 | sort -u)
    [ "$crates" -gt 1 ] || fail 'cargo names no crate that the library is made of'
}

# The shared libraries that a program asks for.
needed() {
    readelf --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

needs_libqdq() {
    needed "$1" | grep -qx 'libqdq\.so\.0' || fail "$1 was not linked to libqdq.so.0"
}

needs_no_libqdq() {
    ! needed "$1" | grep libqdq || fail "$1 was linked to the shared library"
}
