#!/usr/bin/env bash
# The Python package, from a clean checkout: builds its wheel, installs it into a
# virtual environment below build/, checks the types and runs the tests, with
# numpy, TensorFlow and JAX. It needs Rust, a C compiler and Python 3.10 with venv
# and pip. What cargo compiled for QDQ_BUILD_DIR (build) is used again.
#
#     --torch    with PyTorch instead of TensorFlow and JAX: about 5 GB from PyPI
#     --sdist    also builds the source distribution, and a wheel from it
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

build=${QDQ_BUILD_DIR:-build}
mkdir -p "$build"
build=$(cd "$build" && pwd)
package=$PWD/bindings/python
pins=frameworks
frameworks='tensorflow jax'
sdist=
for argument in "$@"; do
    case $argument in
    --torch) pins=torch frameworks=torch ;;
    --sdist) sdist=1 ;;
    *) printf 'python.sh: unknown argument %s\n' "$argument" >&2 && exit 2 ;;
    esac
done

make_venv() {
    python=$(tools/venv.sh "$package/tests/$pins.txt" "$build/python-$pins-venv")
}

# Straight from cargo's folder: nothing of the library is compiled twice.
build_wheel() {
    rm -rf "$build/python-wheel"
    "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$build/python-wheel" \
        --config-settings="cmake.define.QDQ_CARGO_DIR=$build/cargo" "$package"
    ls "$build/python-wheel"
}

install_wheel() {
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$build"/python-wheel/*.whl
}

# A framework that is not there would have its tests skipped. TensorFlow's import is not silent.
name_versions() {
    local name
    for name in numpy ml_dtypes $frameworks; do
        "$python" -c "import $name; print('$name', $name.__version__)" 2>"$build/python-import.log" ||
            { cat "$build/python-import.log" >&2 && return 1; }
    done
    "$python" -c "import libqdq; print('libqdq', libqdq.version(), libqdq.isa())"
}

# What an sdist holds has to be enough for a wheel.
build_sdist() {
    rm -rf "$build/python-sdist"
    "$python" -m build --sdist --outdir "$build/python-sdist" "$package" >/dev/null
    "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$build/python-sdist" \
        "$build"/python-sdist/*.tar.gz
    ls -l "$build/python-sdist"
}

export TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=
step "Python packages ($pins)" make_venv
step 'wheel' build_wheel
step 'install' install_wheel
step 'versions' name_versions
# In the package's folder, where their settings are; the tests use what is installed.
cd "$package"
step 'types' "$python" -m mypy
step 'tests' "$python" -m pytest -q
cd - >/dev/null
[ -z "$sdist" ] || step 'source distribution' build_sdist
