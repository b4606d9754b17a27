#!/usr/bin/env bash
# Everything that uses the library from elsewhere: installed, from C++, from Python, inside ONNX Runtime and TensorFlow.
# Each script installs what it needs; together they take some twenty minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

step 'installation and packages' scripts/install.sh
step 'C++ and DLPack' scripts/cpp.sh
step 'the Python package' scripts/python.sh
step 'ONNX Runtime' scripts/onnxruntime.sh
step 'the kernels for TensorFlow' scripts/tensorflow.sh
