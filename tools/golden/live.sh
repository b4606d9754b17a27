#!/bin/sh
# Builds the library and compares it with TensorFlow on fresh random cases. Arguments go to live.py.
set -eu

cd "$(dirname "$0")/../.."
cargo build --release --locked
exec "$(tools/golden/venv.sh)" tools/golden/live.py "$@"
