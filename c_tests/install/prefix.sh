#!/usr/bin/env bash
# prefix.sh SOURCE CARGO_DIR WORK: installs into a folder, moves it, and builds and runs programs with what is there.
set -euo pipefail
source_dir=$1 cargo_dir=$2 work=$3
. "$source_dir/c_tests/install/common.sh"

install_and_move() {
    configure install -DCMAKE_INSTALL_LIBDIR=lib
    prefix=$work/first snippet install
    export prefix=$work/moved
    mv "$work/first" "$prefix"
}

# What is there: nothing missing, nothing else, and nothing that knows where it was.
installed_files() {
    local version function
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source_dir/Cargo.toml" | head -n 1)
    {
        printf 'lib/%s\n' libqdq.a libqdq.so libqdq.so.0 "libqdq.so.$version" pkgconfig/qdq.pc \
            cmake/qdq/qdqConfig.cmake cmake/qdq/qdqConfigVersion.cmake
        printf 'share/doc/qdq/LICENSE\nshare/doc/qdq/qdq.cdx.json\nshare/man/man3/qdq.3\n'
        (cd "$source_dir" && ls include/*.h include/*.hpp 2>/dev/null) || true
        for function in $(nm -D --defined-only --format=posix "$prefix/lib/libqdq.so" | cut -d ' ' -f 1); do
            printf 'share/man/man3/%s.3\n' "$function"
        done
    } | sort >"$work/expected"
    diff "$work/expected" <(cd "$prefix" && find . -type f -o -type l | sed 's|^\./||' | sort) ||
        fail 'expected files (<) are not the installed ones (>)'
    ! grep -rl -e "$work" -e "$source_dir" -e "${CARGO_HOME:-$HOME/.cargo}/" "$prefix" ||
        fail 'these files hold a path of this machine'
}

libraries() {
    "$source_dir/c_tests/symbols.sh" "$prefix/lib/libqdq.so" "$prefix/include/qdq.h" libqdq.so.0
    "$source_dir/c_tests/symbols.sh" "$prefix/lib/libqdq.a" "$prefix/include/qdq.h"
    [ "$(readlink "$prefix/lib/libqdq.so")" = libqdq.so.0 ] || fail 'libqdq.so does not lead to libqdq.so.0'
    ! readelf --sections --wide "$prefix/lib/libqdq.so" | grep -E ' \.(symtab|debug_info) ' ||
        fail 'the shared library was not stripped'
}

# project NAME: a CMake project of the page, with the shared library and then with the static one.
project() {
    snippet "$1"
    needs_libqdq "$work/$1/build/app"
    cp -r "$work/$1" "$work/$1.static"
    rm -rf "$work/$1.static/build"
    sed -i 's/PRIVATE qdq::qdq/PRIVATE qdq::static/' "$work/$1.static/CMakeLists.txt"
    run_in "$1.static"
    needs_no_libqdq "$work/$1.static/build/app"
}

# A request for another major version is refused, as one for a later version.
versions() {
    local version folder=$work/versions
    cp -r "$work/find_package" "$folder"
    for version in 0.1.99 0.2 1.0; do
        rm -rf "$folder/build"
        sed "s/qdq 0.1 REQUIRED/qdq $version REQUIRED/" "$work/find_package/CMakeLists.txt" >"$folder/CMakeLists.txt"
        ! cmake -S "$folder" -B "$folder/build" -DCMAKE_PREFIX_PATH="$prefix" >"$folder.log" 2>&1 ||
            fail "find_package(qdq $version) was satisfied"
        grep -q 'considered but not accepted' "$folder.log" || fail "$(cat "$folder.log")"
    done
}

# A parent gets the library and nothing that it did not ask for; with QDQ_INSTALL it installs it.
parent() {
    local tree=$work/add_subdirectory/build
    [ ! -e "$tree/libqdq/c_tests" ] && [ ! -e "$tree/libqdq/examples" ] || fail 'the parent project builds tests or examples'
    cmake --install "$tree" --prefix "$work/parent" >/dev/null
    [ ! -e "$work/parent" ] || fail 'the parent project installs what it did not ask for'
    cmake -S "$work/add_subdirectory" -B "$tree" -DQDQ_INSTALL=ON -DCMAKE_INSTALL_LIBDIR=lib >/dev/null
    cmake --install "$tree" --prefix "$work/parent" >/dev/null
    diff <(cd "$prefix" && find . | sort) <(cd "$work/parent" && find . | sort) ||
        fail 'what is there alone (<) is not what the parent project installs (>)'
}

pkg_config() {
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --validate qdq
    snippet pkg_config
    needs_libqdq "$work/pkg_config/app"
    snippet pkg_config_archive
    needs_no_libqdq "$work/pkg_config_archive/app"
    snippet pkg_config_static
    [ -z "$(needed "$work/pkg_config_static/app")" ] || fail 'a static program asks for shared libraries'
}

# The other library as an archive of cargo's would be: optimised with the standard library, or beside it.
two_archives() {
    local lto
    for lto in off fat; do
        rustc --edition 2024 -O -C lto="$lto" --crate-type staticlib "$tests/other.rs" -o "$work/two_archives/libother.a"
        snippet two_archives
    done
}

# What is hidden still works: a library treated like libqdq.a catches its own panics.
hidden_panics() {
    local folder=$work/two_archives
    cmake -DINPUT="$folder/libother.a" -DOUTPUT="$folder/hidden/libother.a" -DSYMBOLS=other_sum -DLINKER="$(command -v ld)" \
        -DOBJCOPY="$(command -v objcopy)" -DAR="$(command -v ar)" -P "$source_dir/cmake/isolate.cmake"
    (cd "$folder" && cc app.c "$prefix/lib/libqdq.a" hidden/libother.a -I"$prefix/include" -lm -lpthread -ldl -o app)
    "$folder/app" 2>/dev/null
}

# A page that says what is to be said, and the others that lead to it.
manual() {
    local pages=$prefix/share/man/man3 page problems
    problems=$(groff -man -ww -z -Tutf8 "$pages/qdq.3" 2>&1)
    [ -z "$problems" ] || fail "qdq.3: $problems"
    ! grep -LFx '.so man3/qdq.3' "$pages"/qdq_*.3 | grep . || fail 'these pages do not lead to qdq.3'
    for page in "$pages"/qdq_*.3; do
        grep -qFx ".SS $(basename "$page" .3)" "$pages/qdq.3" || fail "$page leads to a manual that knows no such function"
    done
}

lay_out
install_and_move
installed_files
names_every_crate "$prefix/share/doc/qdq/qdq.cdx.json"
libraries
project find_package
versions
project add_subdirectory
parent
project fetch_content
pkg_config
snippet by_hand
snippet cplusplus
mkdir -p "$work/two_archives/hidden"
two_archives
hidden_panics
manual
