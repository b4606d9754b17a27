#!/bin/sh
# Makes build/tensorflow-venv, the pinned TensorFlow that the goldens come from, and prints its python.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/tools/venv.sh" "$root/tools/golden/requirements.txt" "$root/build/tensorflow-venv"
