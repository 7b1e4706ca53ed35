#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints a Python that has qa/bench/requirements.txt: BENCH_PYTHON, or that of target/bench/venv, which it makes.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/bench/venv
if [ -n "${BENCH_PYTHON:-}" ]; then
  echo "$BENCH_PYTHON"
  exit
fi
if ! cmp -s qa/bench/requirements.txt "$venv/requirements.txt"; then
  mkdir -p target/bench
  python3 -m venv --clear "$venv" >&2
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -r qa/bench/requirements.txt >&2
  cp qa/bench/requirements.txt "$venv/"
fi
echo "$venv/bin/python"
