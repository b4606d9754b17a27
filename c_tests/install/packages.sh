#!/usr/bin/env bash
# packages.sh SOURCE CARGO_DIR WORK: makes the packages and looks into them; as root on Debian installs them, builds and
# runs a program, and removes them. After prefix.sh, in the same WORK.
set -euo pipefail
source_dir=$1 cargo_dir=$2 work=$3
. "$source_dir/c_tests/install/common.sh"
. "$source_dir/scripts/apt.sh"
packages=$work/packages/build

files_of() {
    dpkg-deb --fsys-tarfile "$1" | tar --list | sed -n 's|^\./\(.*[^/]\)$|\1|p' | sort
}

field_of() {
    dpkg-deb --field "$1" "$2"
}

# has PACKAGE FIELD PATTERN
has() {
    field_of "$1" "$2" | grep -qE "$3" || fail "$1: the field $2 is '$(field_of "$1" "$2")', expected $3"
}

# Older versions of CPack do not know the field.
is_multiarch() {
    [ "$(printf '%s\n' 3.31 "$(cmake --version | sed -n '1s/.* //p')" | sort -V | head -n 1)" != 3.31 ] ||
        has "$1" Multi-Arch '^same$'
}

runtime_package() {
    local package=$1 lib
    lib=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
    diff <(printf '%s\n' "$lib/libqdq.so.0" "$lib/libqdq.so.$version" usr/share/doc/libqdq0/{copyright,qdq.cdx.json}) \
        <(files_of "$package") || fail 'expected files (<) are not those of libqdq0 (>)'
    has "$package" Depends '^libc6 \(>= [0-9.]+\), libgcc-s1 \(>= [0-9.]+\)$'
    is_multiarch "$package"
    dpkg-deb --info "$package" triggers | grep -qx 'activate-noawait ldconfig' || fail 'libqdq0 does not call ldconfig'
    dpkg-deb --info "$package" shlibs | grep -qx "libqdq 0 libqdq0 (>= $version)" || fail 'libqdq0 has no shlibs'
}

development_package() {
    local package=$1
    # The same as in a prefix, in Debian's folders and with its licence; what libqdq0 has is not there.
    diff <(cd "$work/moved" && find . -type f -o -type l | sed -e 's|^\./|usr/|' -e 's|\.3$|.3.gz|' \
        -e "s|^usr/lib/|usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/|" \
        -e 's|share/doc/qdq/LICENSE|share/doc/libqdq-dev/copyright|' | grep -v -e 'libqdq\.so\.' -e cdx | sort) \
        <(files_of "$package") || fail 'expected files (<) are not those of libqdq-dev (>)'
    has "$package" Depends "^libqdq0 \(= $version\), libc6-dev$"
    is_multiarch "$package"
}

archive() {
    local pc_dir flags
    mkdir "$work/archive"
    tar --extract --gzip --file "$packages"/libqdq-"$version"-*.tar.gz --directory "$work/archive" --strip-components 1
    names_every_crate "$work/archive/share/doc/qdq/qdq.cdx.json"
    pc_dir=$(dirname "$(find "$work/archive" -name qdq.pc)")
    read -ra flags < <(PKG_CONFIG_PATH=$pc_dir pkg-config --cflags --libs qdq)
    cc "$tests/app.c" "${flags[@]}" -o "$work/archive/app"
    LD_LIBRARY_PATH=$(dirname "$pc_dir") "$work/archive/app"
}

in_the_system() {
    ! dpkg-query --show libqdq0 >/dev/null 2>&1 || fail 'libqdq0 is known to this machine: this would remove it'
    cp "$packages"/*.deb "$work/debian"
    trap 'alone dpkg --purge libqdq-dev libqdq0 >/dev/null 2>&1' EXIT
    alone snippet debian
    needs_libqdq "$work/debian/app"
    [ "$(env -u PKG_CONFIG_PATH pkg-config --modversion qdq)" = "$version" ] || fail 'pkg-config does not find qdq'
    # Small systems leave manuals and documents out.
    ! dpkg --verify libqdq0 libqdq-dev | grep -v ' /usr/share/' || fail 'the installed files are not those of the packages'
    rm -rf "$work/find_package/build"
    prefix=/nowhere run_in find_package
    alone snippet debian_remove
    trap - EXIT
    ! ldconfig -p | grep libqdq || fail 'the loader still knows libqdq'
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source_dir/Cargo.toml" | head -n 1)
configure packages
snippet packages
archive
runtime_package "$packages"/libqdq0_*.deb
development_package "$packages"/libqdq-dev_*.deb
if [ "$(id -u)" = 0 ]; then
    in_the_system
else
    echo 'not root: the packages were not installed' >&2
    printf '%s/run.sh\n' debian debian_remove >>"$work/ran"
fi
