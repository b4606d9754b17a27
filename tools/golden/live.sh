#!/bin/sh
# Compares the library with TensorFlow on fresh random cases. Arguments go to live.py; without --library among them, the
# library is built first.
set -eu

cd "$(dirname "$0")/../.."
case " $*" in
    *" --library"*) ;;
    *) cargo build --release --locked ;;
esac
exec "$(tools/golden/venv.sh)" tools/golden/live.py "$@"
