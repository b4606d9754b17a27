#!/usr/bin/env bash
# The bill of materials, docs/qdq.cdx.json: it is what cargo resolves now, and valid by the schema of CycloneDX. Needs
# cargo, and Python 3 with venv and pip, which install the validator below build/.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

make_venv() {
    python=$(tools/venv.sh tools/sbom/requirements.txt build/sbom-venv)
}

step 'the bill is that of Cargo.lock' python3 tools/sbom/sbom.py --check
step 'the validator' make_venv
step 'the bill is CycloneDX' "$python" tools/sbom/validate.py docs/qdq.cdx.json
