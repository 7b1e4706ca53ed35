#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The exactness suite: models of every family, made and embedded by the original Python libraries, against a real node.
#   qa/parity/run.sh [--http PORT] [--goldens] [family..]
# --goldens makes the committed values in src/test/resources/models/parity instead. Tables are in target/parity/parity.md; the exit code
# says whether everything is the same. Environment: PARITY_PYTHON (a Python with requirements.txt, else target/parity/venv is made),
# PARITY_REUSE=1 (models and references of the run before), NODE_HEAP (2g).
set -euo pipefail
cd "$(dirname "$0")/../.."
port=9200 goldens='' wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    --http) port=$2; shift ;;
    --goldens) goldens=1 ;;
    -*) sed -n '4,7s/^# //p' "$0" >&2; exit 2 ;;
    *) wanted+=("$1") ;;
  esac
  shift
done
out=target/parity
mkdir -p "$out"
python=${PARITY_PYTHON:-}
if [ -z "$python" ]; then
  python=$out/venv/bin/python
  if [ ! -e "$out/venv/complete" ]; then
    python3 -m venv --clear "$out/venv"
    "$python" -m pip install -q -r qa/parity/requirements.txt
    touch "$out/venv/complete"
  fi
fi
if [ -n "$goldens" ]; then
  exec "$python" -W ignore qa/parity/goldens.py src/test/resources/models/parity ${wanted[@]+"${wanted[@]}"}
fi
[ -n "${PARITY_REUSE:-}" ] || "$python" -W ignore qa/parity/generate.py "$out" ${wanted[@]+"${wanted[@]}"}
JAVA_HOME=$(qa/jdk.sh)
export JAVA_HOME NODE_HEAP=${NODE_HEAP:-2g}
trap 'qa/node.sh down' EXIT
trap 'exit 130' INT TERM
url=$(qa/node.sh up --http "$port")
"$python" qa/parity/compare.py "$out" "$url" "$(qa/node.sh home)" ${wanted[@]+"${wanted[@]}"}
