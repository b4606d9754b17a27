#!/usr/bin/env bash
# The kernels for TensorFlow, from a clean checkout: builds them against the pinned
# TensorFlow and tests them. TensorFlow and pytest are installed by pip into
# build/tensorflow-venv, which tools/golden/live.sh has, too. Arguments go to
# pytest. Beside it: what test.sh needs. QDQ_BUILD_DIR names another build directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

install_tensorflow() {
    local pins=integrations/tensorflow/tests/requirements.txt
    python=$(tools/golden/venv.sh)
    "$python" -m pip install --quiet --disable-pip-version-check --requirement "$pins"
}

build=${QDQ_BUILD_DIR:-build}
step 'TensorFlow' install_tensorflow
step 'CMake' . scripts/cmake.sh
step 'configure' cmake -S . -B "$build" -DQDQ_TENSORFLOW=ON -DPython3_EXECUTABLE="$python"
step 'build' cmake --build "$build" --target qdq_tensorflow_python
step 'tests' env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$build/integrations/tensorflow/python" \
    "$python" -m pytest -p no:cacheprovider integrations/tensorflow/tests --quiet "$@"
