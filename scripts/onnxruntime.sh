#!/usr/bin/env bash
# The operator for ONNX Runtime, from a clean checkout: builds its Python package
# and the library, and tests it with the newest and the oldest ONNX Runtime that
# it runs on, and with one that is too old. It needs Rust 1.92, a C compiler, make
# and Python 3. QDQ_BUILD_DIR names another build directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

build=${QDQ_BUILD_DIR:-build}
here=integrations/onnxruntime
# Where the Python programs find what they are compared with.
QDQ_LIBRARY=$(realpath -m "$build/lib/libqdq.so")
export QDQ_LIBRARY

build_package() {
    rm -rf build/onnxruntime/wheel
    python3 -m venv build/onnxruntime/venv
    build/onnxruntime/venv/bin/pip wheel --quiet --disable-pip-version-check --no-deps \
        --wheel-dir build/onnxruntime/wheel "$here"
}

# The python of a virtual environment that has the packages of tests/$1.txt and the operator's.
python_of() {
    local python
    python=$(tools/venv.sh "$here/tests/$1.txt" "build/onnxruntime/$1-venv")
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall \
        build/onnxruntime/wheel/*.whl
    printf '%s\n' "$python"
}

run_tests() {
    local python
    python=$(python_of "$1")
    shift
    "$python" -m pytest --quiet -p no:cacheprovider "$@"
}

# In the environment of the oldest version, before which a too old one is put.
refuse_version() {
    local folder=build/onnxruntime/too_old
    [ -d "$folder" ] || build/onnxruntime/oldest-venv/bin/pip install --quiet --disable-pip-version-check --no-deps \
        --target "$folder" onnxruntime==1.16.3
    PYTHONPATH=$folder build/onnxruntime/oldest-venv/bin/python -m pytest --quiet -p no:cacheprovider \
        "$here/tests/test_version.py"
}

has_old_versions() {
    python3 -c 'import sys; sys.exit(not sys.version_info < (3, 13))'
}

step 'CMake' . scripts/cmake.sh
step 'configure' cmake -S . -B "$build"
step 'build' cmake --build "$build" --target qdq_cargo
step 'package' build_package
step 'the newest version' run_tests latest "$here/tests"
if has_old_versions; then
    step 'the oldest version' run_tests oldest "$here/tests"
    step 'a version that is too old' refuse_version
else
    printf '\nThere is no ONNX Runtime 1.17 for this Python: left out\n'
fi
step 'the digits' build/onnxruntime/latest-venv/bin/python "$here/examples/digits.py"
