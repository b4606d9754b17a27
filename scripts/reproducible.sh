#!/usr/bin/env bash
# Builds what is released twice from the commit at HEAD, and compares all that is installed and packed byte for byte: the
# shared and the static library, and the archive and Debian's packages of cpack. The builds differ in their folders,
# cargo's own included, in umask, time zone, language and number of jobs; they share the machine, its compilers, the user
# and SOURCE_DATE_EPOCH, the time of the commit. Needs what test.sh needs, git and binutils.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

# A folder with a space in its name, at another depth.
work=$PWD/build/reproducible
one=$work/one
two="$work/another one/and deeper"

lay_out() {
    local tree
    rm -rf "$work"
    for tree in "$one" "$two"; do
        mkdir -p "$tree"
        git clone --quiet --no-checkout . "$tree/source"
        git -C "$tree/source" checkout --quiet --detach "$(git rev-parse HEAD)"
    done
    # The same crates at another path: cargo hands the compiler the path as it was told.
    ln -s "${CARGO_HOME:-$HOME/.cargo}" "$two/cargo"
}

# build TREE: installs into TREE/prefix and packs into TREE/build/packages.
build() {
    local tree=$1
    unset QDQ_BUILD_DIR CARGO_TARGET_DIR
    SOURCE_DATE_EPOCH=$(git -C "$tree/source" log -1 --format=%ct)
    export SOURCE_DATE_EPOCH
    cmake -S "$tree/source" -B "$tree/build" -DCMAKE_INSTALL_PREFIX=/usr -DQDQ_BUILD_TESTS=OFF -DQDQ_BUILD_EXAMPLES=OFF
    cmake --build "$tree/build"
    cmake --install "$tree/build" --prefix "$tree/prefix" >/dev/null
    (cd "$tree/build" && cpack -B "$tree/packages")
    rm -rf "$tree/packages/_CPack_Packages"
}

build_one() (
    umask 022
    export TZ=UTC LC_ALL=C
    build "$one"
)

build_two() (
    umask 077
    export TZ=Asia/Kolkata LANG=C.UTF-8 CARGO_HOME=$two/cargo CARGO_BUILD_JOBS=1
    unset LC_ALL
    build "$two"
)

# section_at OBJECT OFFSET: the section of an ELF file that has the byte.
section_at() {
    local name start size
    while read -r name _ _ start size _; do
        if ((16#$start <= $2 && $2 < 16#$start + 16#$size)); then
            printf '%s\n' "$name"
            return
        fi
    done < <(readelf --sections --wide "$1" | sed -n 's/^ *\[ *[1-9][0-9]*\] *\(\..*\)/\1/p' | grep -v NOBITS)
    echo 'no section: the headers'
}

# sections OBJECT: their names and sizes.
sections() {
    readelf --sections --wide "$1" | sed -n 's/^ *\[ *[1-9][0-9]*\] *\(\..*\)/\1/p' | awk '{ print $1, $5 }'
}

# where A B: in which section two ELF files first differ, which have other sizes, and texts that only one of them has.
where() {
    local offset
    offset=$(cmp "$1" "$2" | sed -n 's/.* byte \([0-9]*\),.*/\1/p') || true
    [ -n "$offset" ] || { echo 'one is longer than the other'; return; }
    printf 'first at byte %d, in %s\n' "$((offset - 1))" "$(section_at "$1" "$((offset - 1))")"
    diff <(sections "$1") <(sections "$2") | grep '^[<>]' || true
    diff <(strings -n 16 "$1" | sort -u) <(strings -n 16 "$2" | sort -u) | grep '^[<>]' | head -n 10 || true
}

# explain A B: how two files differ, whatever they are.
explain() {
    case $1 in
        *.so*) where "$1" "$2" ;;
        *.a)
            ar p "$1" >"$work/one.o"
            ar p "$2" >"$work/two.o"
            if cmp -s "$work/one.o" "$work/two.o"; then
                echo 'the objects are equal, the headers of the archive are not'
            else
                where "$work/one.o" "$work/two.o"
            fi ;;
        *.tar.gz) diff <(tar -tvzf "$1" --full-time) <(tar -tvzf "$2" --full-time) | head -n 10 || true ;;
        *.deb) diff <(dpkg-deb --contents "$1") <(dpkg-deb --contents "$2") | head -n 10 || true ;;
        *) cmp "$1" "$2" || true ;;
    esac
}

# equal A B: byte for byte. Of Debian's packages what is in their members: beside each CPack writes the umask, which no
# program reads.
equal() {
    case $1 in
        *.deb) cmp -s <(ar t "$1"; ar p "$1") <(ar t "$2"; ar p "$2") ;;
        *) cmp -s "$1" "$2" ;;
    esac
}

# same FOLDER: the files of a folder of both builds.
same() {
    local file count=0
    diff <(cd "$one/$1" && find . ! -type d | sort) <(cd "$two/$1" && find . ! -type d | sort) ||
        { printf 'not the same files in %s\n' "$1" >&2; return 1; }
    while read -r file; do
        if ! equal "$one/$1/$file" "$two/$1/$file"; then
            printf '%s differs between two builds of one commit:\n' "$1/$file" >&2
            explain "$one/$1/$file" "$two/$1/$file" >&2
            return 1
        fi
        count=$((count + 1))
    done < <(cd "$one/$1" && find . -type f | sed 's|^\./||' | sort)
    ((count > 0)) || { printf 'nothing in %s\n' "$1" >&2; return 1; }
    printf '%d files of %s are equal\n' "$count" "$1"
}

# What makes the comparison worth anything: the libraries and an archive are among the files.
complete() {
    local name
    for name in 'libqdq.so.*' libqdq.a 'libqdq-*.tar.gz'; do
        find "$one/prefix" "$one/packages" -type f -name "$name" | grep -q . ||
            { printf 'no %s was made\n' "$name" >&2; return 1; }
    done
}

step 'CMake' . scripts/cmake.sh
step 'two clones of HEAD' lay_out
step 'the first build' build_one
step 'the second build' build_two
step 'nothing is missing' complete
step 'what is installed' same prefix
step 'what is packed' same packages
