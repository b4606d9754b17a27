# Puts cmake (3.21 or newer) and ctest on PATH. Source it, from anywhere, in bash:
#
#     . scripts/cmake.sh
#
# The system's own cmake is used where it is new enough. Otherwise cmake and
# ninja are installed once, by pip, into a virtual environment below build/:
# nothing outside the checkout changes and no root is needed.

# Whether the cmake that $1 names, and the ctest beside it, are there and new enough.
_qdq_cmake_is_usable() {
    local have
    have=$("$1/cmake" --version 2>/dev/null | sed -n '1s/^cmake version \([0-9]*\.[0-9]*\).*/\1/p')
    [ -n "$have" ] && [ -x "$1/ctest" ] || return 1
    [ "$(printf '%s\n' 3.21 "$have" | sort -V | head -n 1)" = 3.21 ]
}

_qdq_cmake_install() {
    printf 'no cmake 3.21 or newer on PATH: installing one into %s\n' "$1" >&2
    # --clear: what an interrupted installation left behind is worth nothing.
    python3 -m venv --clear "$1" &&
        "$1/bin/pip" install --quiet --disable-pip-version-check 'cmake>=3.21' ninja &&
        _qdq_cmake_is_usable "$1/bin" && return
    printf 'this needs cmake 3.21 or newer, or python3 with venv and pip to install it\n' >&2
    return 1
}

_qdq_cmake_find() {
    local found venv
    found=$(command -v cmake) && _qdq_cmake_is_usable "$(dirname "$found")" && return
    venv=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/cmake-venv || return
    _qdq_cmake_is_usable "$venv/bin" || _qdq_cmake_install "$venv" || return
    PATH="$venv/bin:$PATH"
    export PATH
    # A build directory keeps the generator it was made with; this is for new ones.
    export CMAKE_GENERATOR="${CMAKE_GENERATOR:-Ninja}"
}

_qdq_cmake_find || { return 1 2>/dev/null || exit 1; }
# Makefiles build one file at a time unless told.
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc 2>/dev/null || echo 1)}"
unset -f _qdq_cmake_is_usable _qdq_cmake_install _qdq_cmake_find
