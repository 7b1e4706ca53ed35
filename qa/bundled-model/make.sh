#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the bundled model anew: see README.md beside this.
#   qa/bundled-model/make.sh [--smoke] [--steps "packages pictures names train export golden evaluate"] [--python PYTHON]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
steps="packages pictures names train export golden evaluate"
smoke=""
python=""
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) smoke="--smoke" ;;
    --steps) steps="$2"; shift ;;
    --python) python="$2"; shift ;;
    *) sed -n '3,4p' "$0" | cut -c3- >&2; exit 2 ;;
  esac
  shift
done

work="$root/target/bundled-model${smoke:+-smoke}"
build="$work/build"
out="$work/opensearch-clip-demo-v1"
mkdir -p "$build" "$out"

for step in $steps; do
  case "$step" in
    packages)
      cp "$here/package.json" "$here/package-lock.json" "$work/"
      (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund)
      if [ -z "$python" ]; then
        python3 -m venv "$work/venv"
        "$work/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
      fi
      ;;
    pictures | names | train | export | evaluate)
      script=$step
      [ "$step" = pictures ] && script=pictograms
      PYTHONDONTWRITEBYTECODE=1 "${python:-$work/venv/bin/python}" "$here/$script.py" --build "$build" --packages "$work/node_modules" --out "$out" $smoke
      ;;
    golden)
      PYTHONDONTWRITEBYTECODE=1 "${python:-$work/venv/bin/python}" "$here/golden.py" --model "$out" --fp32 "$build/fp32"
      ;;
    *) echo "unknown step [$step]" >&2; exit 2 ;;
  esac
done
echo "$out"
