#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real node with a heap of 512 MB that gets more than it can do:
#   qa/overload.sh [--http PORT] --load [--seconds 120]       ten times the documents that it can index, with searches beside: every request is
#                  answered, refusals are 429 or 503 and say when to come back, 90 % of the peak is indexed, no OutOfMemoryError
#   qa/overload.sh [--http PORT] --order [--documents 100000]  documents whose vectors say what they were made of, in bulks of all sizes, with
#                  failures in between and callers that go away: exactly the bad ones fail, none is lost, none has another one's vector
# Without either: both. Exits 1 naming what was wrong. Needs Python packages (qa/bench/requirements.txt, in a virtual environment). Environment as for qa/node.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
port=9200 what=() seconds=() documents=()
while [ $# -gt 0 ]; do
  case $1 in
    --load | --order) what+=("${1#--}") ;;
    --http) port=$2; shift ;;
    --seconds) seconds=("$1" "$2"); shift ;;
    --documents) documents=("$1" "$2"); shift ;;
    *) sed -n '3,8s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done
[ ${#what[@]} -gt 0 ] || what=(order load)
export NODE_HEAP=${NODE_HEAP:-512m} NODE_DIR=target/bench/nodes PYTHONPATH=qa/bench
python=$(qa/bench/python.sh)
qa/node.sh build
at=$(qa/node.sh home)/config/opensearch-clip/models
trap 'qa/node.sh down' EXIT
trap 'exit 130' INT TERM
"$python" qa/overload/fingerprint.py "$at/fingerprint" >/dev/null
models=$(qa/bench/models.sh vit-b32)
[ "$at/vit-b32/made" -nt "$models/vit-b32/tokenizer.json" ] || { rm -rf "$at/vit-b32"; cp -R "$models/vit-b32" "$at/"; }
qa/node.sh up --fresh --http "$port" -E plugins.clip.load.at_start=false
url=http://127.0.0.1:$port
for part in "${what[@]}"; do
  case $part in
    order) "$python" qa/overload/order.py --url "$url" ${documents[@]+"${documents[@]}"} ;;
    load) "$python" qa/overload/overload.py --url "$url" --log "$NODE_DIR/node1.log" --models "$models" ${seconds[@]+"${seconds[@]}"} ;;
  esac
done
